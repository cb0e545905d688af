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

    await look('login');
    await till.enter(employee, 'wrong');
    await till.page.getByText('do not belong together').waitFor();
    await look('refused');
    await till.logIn(employee);
    await till.status('Connected');
    for (const goods of ['Flat white', 'Croissant', 'Croissant', 'Lemon cake']) await till.page.getByRole('button', { name: goods }).first().click();
    await look('connected');

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
    expect(problems).toEqual([]);
    expect(till.console.filter((text) => !/Failed to load resource|WebSocket connection|net::ERR/.test(text))).toEqual([]);
  }));
});
