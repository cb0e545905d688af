import { describe, expect, test } from 'vitest';
import { program } from './fixture.js';
import { until } from './server.js';
import { duplicate, Till } from './till.js';

describe.concurrent('the rungs that wait at the server', () => {
  const on = program();
  const block = (pattern) => ({ path }) => (pattern.test(path) ? 'block' : undefined);

  test.each([
    ['server-sent events', /^\/ws/, 'Connected', '/v1/session/events'],
    ['the long poll', /^\/ws|events$/, 'Polling', '/v1/session/poll'],
  ])('%s carries the end when the better rungs are blocked', async (_, pattern, word, path) => {
    await on(async ({ browser, line, server, employee }) => {
      line.rule = block(pattern);
      const one = await Till.open(await browser(), line);
      await one.logIn(employee);
      await one.status(word);
      expect(line.count('GET', path)).toBeGreaterThan(0);
      await server.login(employee, { device_name: 'Other till' });
      await one.dialog.getByText('Other till').waitFor();
      expect(await one.stored()).toBeNull();
    })();
  });

  test('when the WebSocket works again the page climbs, without a gap', on(async ({ browser, line, server, employee }) => {
    line.rule = block(/^\/ws/);
    const one = await Till.open(await browser(), line);
    await one.logIn(employee);
    await one.status('Connected');
    line.rule = () => undefined;
    await one.page.evaluate(() => window.dispatchEvent(new Event('online')));
    await until(() => one.frames.some((f) => f.text.includes('session_established')), 'no socket');
    await server.login(employee);
    await one.dialog.waitFor();
    expect(one.frames.at(-1)).toMatchObject({ dir: 'out', text: '{"type":"ack","seq":1}' });
  }));

  // A browser gives six connections of HTTP/1.1 to all tabs of an origin.
  test('one stream serves eight tabs of a session, and another tab takes it over', on(async ({ browser, line, server, employee }) => {
    line.rule = block(/^\/ws/);
    const tabs = [await Till.open(await browser(), line)];
    await tabs[0].logIn(employee);
    await tabs[0].status('Connected');
    for (let i = 1; i < 8; i++) tabs.push(await duplicate(tabs[0]));
    for (const tab of tabs) await tab.status('Connected');
    const streams = () => line.open('/v1/session/events');
    expect(streams()).toBe(1);
    await tabs.shift().page.close();
    await until(() => line.count('GET', '/v1/session/events') > 1 && streams() === 1, 'no tab took over');
    await server.login(employee, { device_name: 'Other till' });
    for (const tab of tabs) await tab.dialog.getByText('Other till').waitFor();
  }));
});
