import { afterAll, beforeAll, expect, test } from 'vitest';
import { Server } from './server.js';
import { Site } from './site.js';
import { context } from './till.js';

let site;
let server;
let browser;
beforeAll(async () => {
  site = await new Site().start('graphql');
  server = await new Server('--allowed-origins', site.origin).start();
  browser = await context();
});
afterAll(async () => {
  await browser?.close();
  for (const one of [server, site]) await one?.end();
});

async function follow(token) {
  const page = await browser.newPage();
  await page.goto(`${site.origin}/`);
  await page.evaluate(([hub, token]) => follow(hub, token), [`http://${server.listen}`, token]);
  const heard = async (count) => {
    await page.waitForFunction((count) => window.heard.length >= count, count);
    return page.evaluate(() => window.heard);
  };
  return heard;
}

test('graphql-ws of npm hears the session’s end, and that it is complete', async () => {
  const employee = await server.employee();
  const heard = await follow((await server.login(employee)).access_token);
  expect(await heard(1)).toEqual([{ sessionEvents: { type: 'session_established', reason: null, by: null } }]);
  await server.login(employee, { device_name: 'Till two' });
  expect((await heard(3)).slice(1, 3)).toEqual([
    { sessionEvents: { type: 'session_terminated', reason: 'new_login', by: { deviceName: 'Till two' } } },
    'complete',
  ]);
});

test('a bad token is 4403 for it, which it does not retry', async () => {
  const heard = await follow('nonsense');
  expect(await heard(2)).toContainEqual({ closed: 4403 });
});
