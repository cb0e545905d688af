import { expect, test } from 'vitest';
import { program } from './fixture.js';
import { until } from './server.js';

const on = program();

test('a page comes back from the back/forward cache with a new socket and the same session', on(async ({ till, server, employee }) => {
  const one = await till();
  const { session } = await one.stored();
  await one.page.evaluate(() => addEventListener('pageshow', (e) => (window.cameBack = e.persisted)));
  await one.page.goto(`${one.url}healthz`);
  await one.page.goBack({ waitUntil: 'commit' });
  await one.status('Connected');
  expect(await one.page.evaluate(() => window.cameBack)).toBe(true);
  expect((await one.stored()).session).toEqual(session);
  expect(await server.sessions(employee)).toHaveLength(1);
}));

test('a page that comes back after its session ended shows why, and not the till', on(async ({ till, server, employee }) => {
  const one = await till();
  await one.page.goto(`${one.url}healthz`);
  await server.login(employee, { device_name: 'Till two' });
  await one.page.goBack({ waitUntil: 'commit' });
  await one.dialog.getByText('Till two').waitFor();
  expect(await one.stored()).toBeNull();
}));

test('a page that comes back hides the till, and takes nothing, until the server was heard', on(async ({ till, line }) => {
  const one = await till();
  await one.page.evaluate(() => addEventListener('pageshow', (e) => (window.cameBack = e.persisted)));
  await one.page.goto(`${one.url}healthz`);
  line.rule = ({ path }) => (/^\/(v1|ws)/.test(path) ? 'hold' : undefined);
  await one.page.goBack({ waitUntil: 'commit' });
  const main = one.page.getByRole('main', { includeHidden: true });
  const isHidden = async () => [await main.getAttribute('data-veiled'), await main.evaluate((e) => [e.inert, getComputedStyle(e).filter])];
  await until(async () => (await isHidden())[0] === 'true', 'the till is shown unasked');
  expect(await isHidden()).toEqual(['true', [true, 'blur(14px)']]);
  expect(await one.page.evaluate(() => window.cameBack)).toBe(true);
  line.rule = () => undefined;
  line.cut();
  await one.status('Connected');
  await until(async () => `${await isHidden()}` === 'false,false,none', 'the till stays hidden');
}));
