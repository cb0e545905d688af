import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { own } from './fixture.js';
import { Till } from './till.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
mkdirSync(images, { recursive: true });

/** Every state of the till, narrow and wide, light and dark: nothing that axe finds, nothing to scroll
 *  sideways, nothing that the policy refused. HOTSEAT_TEST_PICTURES=1 keeps the pictures. */
describe.concurrent.each([
  [1280, 800, 'light'],
  [360, 740, 'light'],
  [1280, 800, 'dark'],
  [360, 740, 'dark'],
])('at %i × %i, %s', (width, height, colorScheme) => {
  test('every state is whole', own(async ({ browser, line, server, employee }) => {
    const window = await browser({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    const problems = [];
    const till = await Till.open(window, line);
    const look = async (name) => {
      const wide = await till.page.evaluate(() => [...document.querySelectorAll('*')]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
        .map((e) => `${e.tagName}.${e.className}`));
      problems.push(...wide.map((e) => `${name}: ${e} is wider than the window`));
      if ((await till.page.evaluate(() => document.documentElement.scrollWidth)) > width) problems.push(`${name} scrolls sideways`);
      await till.page.evaluate(axe);
      const { violations } = await till.page.evaluate(() => globalThis.axe.run());
      problems.push(...violations.map((v) => `${name}: ${v.id} ${v.nodes[0].html}`));
      if (process.env.HOTSEAT_TEST_PICTURES && (colorScheme === 'light' || /^(connected|terminated)$/.test(name)))
        await till.page.screenshot({ path: `${images}${name}-${width}${colorScheme === 'dark' ? '-dark' : ''}.png`, animations: 'disabled' });
    };

    await till.page.evaluate(() => document.fonts.ready);
    await look('login');
    await till.enter(employee, 'wrong');
    await till.page.getByText('do not belong together').waitFor();
    await look('refused');
    line.rule = ({ path }) => (path === '/v1/ws-ticket' ? 'hold' : undefined);
    await till.logIn(employee);
    await look('connecting');
    line.rule = () => undefined;
    line.cut();
    await till.status('Connected');
    for (const goods of ['Flat white', 'Croissant', 'Croissant', 'Lemon cake']) await till.page.getByRole('button', { name: goods }).first().click();
    await look('connected');

    const devices = till.page.getByRole('button', { name: 'Devices' });
    await server.admin('PATCH', `/employees/${employee}`, { policy: { max_sessions: 2, on_limit: 'takeover' } });
    await server.login(employee, { device_name: 'Firefox on the laptop in the office' });
    await devices.click();
    await till.page.getByText('in the office').waitFor();
    await look('devices');
    await till.page.getByRole('button', { name: 'End all others' }).click();
    await till.page.getByText('Every other session').waitFor();
    await server.admin('PATCH', `/employees/${employee}`, { policy: null });
    await devices.click();
    await server.admin('POST', `/terminals/${(await till.stored()).session.terminal_id}/test-termination`);
    await till.dialog.waitFor();
    await look('test');
    await till.page.getByRole('button', { name: 'Close' }).click();

    line.rule = ({ path }) => (/events|poll/.test(path) ? 'block' : /^\/ws/.test(path) ? 'block' : undefined);
    line.cut();
    await till.status('Reconnecting');
    await look('reconnecting');
    await till.status('Polling');
    await look('polling');
    line.rule = ({ path }) => (/^\/(v1|ws)/.test(path) ? 'block' : undefined);
    line.cut();
    await till.page.evaluate(() => window.dispatchEvent(new Event('offline')));
    await till.status('Offline');
    await look('offline');
    line.rule = () => undefined;
    await till.page.evaluate(() => window.dispatchEvent(new Event('online')));
    await till.status('Connected', 'Polling');

    await server.login(employee, { device_name: 'Safari on the iPad at the door' });
    await till.dialog.waitFor();
    await look('terminated');
    await till.page.getByRole('button', { name: "This wasn't me" }).click();
    await till.page.getByRole('note').waitFor();
    await look('suspicious');
    await till.logIn(employee);
    await till.page.getByText('Kept for you').waitFor();
    await till.page.getByText('This till').waitFor();
    await look('rescued');
    await server.admin('POST', `/employees/${employee}/end-sessions`, { message: 'Stocktaking at six' });
    await till.dialog.waitFor();
    await look('ended');
    await till.page.getByRole('button', { name: 'Log in again' }).click();
    await till.logIn(employee);
    line.rule = ({ method }) => (method === 'DELETE' ? 'block' : undefined);
    await till.page.getByRole('button', { name: 'Log out' }).click();
    await till.page.getByText('could not be told').waitFor();
    await look('unheard');
    expect(problems).toEqual([]);
    expect(till.console.filter((text) => !/Failed to load resource|WebSocket connection|net::ERR/.test(text))).toEqual([]);
  }));
});

/** The first picture of the README: two windows, after the login in the second. */
const draw = () => test('two windows side by side', own(async ({ browser, line, employee }) => {
  const windows = await browser({ viewport: { width: 720, height: 620 }, deviceScaleFactor: 2, reducedMotion: 'reduce' });
  const [first, second] = [await Till.open(windows, line), await Till.open(windows, line)];
  for (const one of [first, second]) {
    await one.logIn(employee);
    await one.status('Connected');
    for (const goods of ['Flat white', 'Croissant']) await one.page.getByRole('button', { name: goods }).first().click();
  }
  await first.dialog.waitFor();
  const shots = [];
  for (const one of [first, second]) shots.push((await one.page.screenshot({ animations: 'disabled' })).toString('base64'));
  const sheet = await windows.newPage();
  await sheet.setViewportSize({ width: 1280, height: 620 });
  await sheet.setContent(`<style>
    body { display: grid; grid-template-columns: 1fr 1fr; align-items: start; gap: 28px; margin: 0; padding: 34px; background: #ded6c8; }
    figure { margin: 0; overflow: hidden; border-radius: 12px; background: #fffdf9; box-shadow: 0 14px 40px rgb(60 40 20 / 22%); }
    figure::before { display: block; height: 28px; background: radial-gradient(circle at 18px 14px, #c9bfae 5px, #0000 5.5px), radial-gradient(circle at 36px 14px, #c9bfae 5px, #0000 5.5px), radial-gradient(circle at 54px 14px, #c9bfae 5px, #0000 5.5px), #f2ece1; content: ''; }
    img { display: block; width: 100%; }
  </style>${shots.map((png) => `<figure><img src="data:image/png;base64,${png}"></figure>`).join('')}`);
  const height = await sheet.evaluate(() => document.querySelector('figure').getBoundingClientRect().bottom + 34);
  await sheet.setViewportSize({ width: 1280, height: Math.ceil(height) });
  await sheet.screenshot({ path: `${images}two-windows.png` });
}));
if (process.env.HOTSEAT_TEST_PICTURES) draw();
