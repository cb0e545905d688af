import { expect, test } from 'vitest';
import { program } from './fixture.js';

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
