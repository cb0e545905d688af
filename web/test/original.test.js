import { afterAll, beforeAll, expect, test } from 'vitest';
import { Server, password, until } from './server.js';
import { Site } from './site.js';
import { context } from './till.js';

/** The front end of the original, on a port of its own as ever, against the hub under --compat-pos. */
let site;
let server;
const open = [];
beforeAll(async () => {
  site = await new Site().start('original');
  server = await new Server('--compat-pos', '--allowed-origins', site.origin).start();
});
afterAll(async () => {
  for (const one of [...open, server, site]) await one?.end();
});

/** Such a page, and the sockets that it opened. */
async function visit() {
  const browser = await context();
  open.push({ end: () => browser.close() });
  const page = await browser.newPage();
  await page.clock.install();
  const sockets = [];
  page.on('websocket', (ws) => sockets.push(ws));
  await page.goto(`${site.origin}/?hub=http://${server.listen}`);
  const status = (text) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const enter = async (employee, secret = password) => {
    await page.getByLabel('Employee').fill(employee);
    await page.getByLabel('Password').fill(secret);
    await page.getByRole('button', { name: 'Log in' }).click();
  };
  return { page, sockets, status, enter, dialog: page.getByRole('dialog', { name: 'Session terminated' }) };
}

test('the dialog flow: two logins, the first is told, and does not come back', async () => {
  const employee = await server.employee();
  const [first, second] = [await visit(), await visit()];
  await first.enter(employee, 'wrong');
  await first.status('Invalid credentials');
  for (const one of [first, second]) {
    await one.enter(employee);
    await one.status('open');
  }
  await first.dialog.getByText('Your session has been terminated due to login from another location (auto_logout)').waitFor();
  await first.status('closed 1000');
  await first.page.clock.fastForward(30_000);
  expect(first.sockets).toHaveLength(1);
  expect(await first.page.evaluate(() => localStorage.length)).toBe(0);
  await second.status('open');
  expect(await server.sessions(employee)).toHaveLength(1);

  await second.page.getByRole('button', { name: 'Log out' }).click();
  await second.status('closed 1000');
  expect(await second.dialog.isVisible()).toBe(false);
  await until(async () => (await server.sessions(employee)).length === 0, 'still logged in');
});

test('the server dies: three seconds later the page is back, and is told what it missed', async () => {
  const employee = await server.employee();
  const one = await visit();
  await one.enter(employee);
  await one.status('open');
  // Its three seconds pass when they are told to, and not while the server starts.
  await one.page.clock.pauseAt(await one.page.evaluate(() => Date.now() + 10_000));
  await server.kill();
  await one.status('closed 1006');
  await server.start();
  await one.page.clock.fastForward(3_000);
  await one.status('open');
  expect(one.sockets).toHaveLength(2);

  await server.kill();
  await one.status('closed 1006');
  await server.start();
  await server.login(employee);
  await one.page.clock.fastForward(3_000);
  await one.dialog.getByText('auto_logout').waitFor();
  await one.status('closed 1000');
  await one.page.clock.fastForward(30_000);
  expect(one.sockets).toHaveLength(3);
});

test('our own hook with a bare terminal id hears of the end, too', async () => {
  const ours = await new Site().start('foreign');
  open.push(ours);
  const hub = await new Server('--compat-pos', '--allowed-origins', ours.origin).start();
  open.push(hub);
  const employee = await hub.employee();
  const { session } = await hub.login(employee);
  const browser = await context();
  open.push({ end: () => browser.close() });
  const page = await browser.newPage();
  await page.clock.install();
  const sockets = [];
  const frames = [];
  page.on('websocket', (ws) => {
    sockets.push(ws);
    ws.on('framereceived', ({ payload }) => frames.push(`${payload}`));
  });
  await page.goto(`${ours.origin}/`);
  await page.evaluate(([baseUrl, terminalId]) => {
    window.told = [];
    window.seat = createSessionMonitor({ baseUrl, terminalId });
    seat.on('terminated', (notice) => told.push(notice));
  }, [`http://${hub.listen}`, session.terminal_id]);
  await page.waitForFunction(() => seat.snapshot.state === 'connected');
  // Past one beat, and past the time that an answer to its ping may take.
  await page.clock.runFor(25_000);
  await until(() => frames.length > 0, 'the ping is not answered');
  expect(frames).toEqual(['{"type":"pong"}']);
  await page.clock.runFor(6_000);
  expect(await page.evaluate(() => seat.snapshot.state)).toBe('connected');
  expect(sockets).toHaveLength(1);
  await hub.login(employee, { device_name: 'Till two' });
  await page.waitForFunction(() => told.length === 1);
  expect(await page.evaluate(() => told[0])).toMatchObject({ reason: 'new_login', by: { device_name: 'Till two' } });
});
