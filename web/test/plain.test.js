import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Server, until } from './server.js';
import { context, duplicate, Till } from './till.js';

/** On a LAN without TLS browsers have no Web Locks, no crypto.randomUUID, and no loopback to be trusted. */
test('plain http from another machine: two tabs, one refresh, and the end in both', async () => {
  const space = `hotseat-${process.pid}`;
  const link = `hs${process.pid}`;
  const ip = (...args) => execFileSync('ip', args);
  const [here, there] = [1, 2].map((n) => `10.${process.pid % 200}.77.${n}`);
  ip('netns', 'add', space);
  const open = [];
  try {
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'hub', 'netns', space);
    ip('addr', 'add', `${here}/24`, 'dev', link);
    ip('link', 'set', link, 'up');
    ip('-n', space, 'addr', 'add', `${there}/24`, 'dev', 'hub');
    ip('-n', space, 'link', 'set', 'hub', 'up');
    ip('-n', space, 'link', 'set', 'lo', 'up');

    const server = new Server('--public-url', `http://${there}:8080`, '--access-token-lifetime', '2s');
    server.listen = `${there}:8080`;
    server.wrap = ['ip', 'netns', 'exec', space];
    open.push(server);
    await server.start();
    const employee = await server.employee();
    const browser = await context();
    open.push({ end: () => browser.close() });

    const one = await Till.open(browser, { url: `http://${there}:8080/` });
    expect(await one.page.evaluate(() => [isSecureContext, 'locks' in navigator, 'randomUUID' in crypto])).toEqual([false, false, false]);
    const shown = [];
    browser.on('request', (r) => r.url().endsWith('/v1/token/refresh') && shown.push(r.postDataJSON().refresh_token));
    await one.logIn(employee);
    await one.status('Connected');
    const two = await duplicate(one);
    await two.status('Connected');

    const before = await one.stored();
    await until(async () => (await one.stored()).until < Date.now(), 'the token never gets old');
    const devices = (tab) => tab.page.getByRole('button', { name: 'Devices' }).click();
    await Promise.all([devices(one), devices(two)]);
    const renewed = async () => (await Promise.all([one.stored(), two.stored()])).every((kept) => kept.refresh_token !== before.refresh_token);
    await until(renewed, 'no refresh');
    expect((await one.stored()).refresh_token).toBe((await two.stored()).refresh_token);
    expect(shown.filter((token) => token === before.refresh_token)).toHaveLength(1);

    await server.login(employee, { device_name: 'Back office' });
    for (const tab of [one, two]) await tab.dialog.getByText('Back office').waitFor();
  } finally {
    for (const one of open.reverse()) await one.end();
    ip('netns', 'del', space);
  }
});
