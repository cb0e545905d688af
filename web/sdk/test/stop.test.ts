import { beforeEach, describe, expect, test } from 'vitest';
import { kept, watching } from './watching.js';
import { credentials, World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
const { connected } = watching(() => world);

describe('stop', () => {
  test('lets go of everything and ends nothing', async () => {
    const { tab, monitor, told } = await connected();
    monitor.stop();
    await world.pass(120_000);
    expect(tab.socket.closed).toBe(1000);
    expect([told.length, tab.sockets.length, world.timers.length]).toEqual([0, 1, 0]);
    expect(kept(tab)).toBeDefined();
  });

  test.each([
    ['a report', 'ended'],
    ['a logout', 'logout'],
  ])('and then %s: the tokens are wiped and the person is told', async (what, reason) => {
    const { tab, monitor, told } = await connected();
    monitor.stop();
    if (what === 'a report') monitor.report();
    else await expect(monitor.logout()).resolves.toBe(true);
    expect(told).toMatchObject([{ reason }]);
    expect(kept(tab)).toBeUndefined();
  });

  test.each([true, false])('and then a token that got old: it is renewed, and the other tabs share it (Web Locks: %s)', async (locks) => {
    const one = await connected(world.tab({ locks }));
    const two = await connected(world.tab({ locks, storage: new Map(one.tab.storage) }), {});
    world.answer = (path) =>
      path === '/v1/token/refresh' ? { body: { ...credentials(), access_token: 'access-2', refresh_token: 'refresh-2' } } : { body: {} };
    one.monitor.stop();
    world.sleep(800_000);
    const token = one.monitor.getToken();
    await world.pass(1_000);
    await expect(token).resolves.toBe('access-2');
    await expect(two.monitor.getToken()).resolves.toBe('access-2');
    expect(world.asked('/v1/token/refresh')).toHaveLength(1);
    two.monitor.stop();
    expect(world.channels.filter((c) => c.open)).toEqual([]);
  });

  test('and then a token that another tab renewed meanwhile: it is asked for, not renewed again', async () => {
    const one = await connected();
    const two = await connected(world.tab({ storage: new Map(one.tab.storage) }), {});
    world.answer = (path) =>
      path === '/v1/token/refresh' ? { body: { ...credentials(), access_token: 'access-2', refresh_token: 'refresh-2' } } : { body: {} };
    one.monitor.stop();
    world.sleep(800_000);
    for (const { monitor } of [two, one]) {
      const token = monitor.getToken();
      await world.pass(1_000);
      await expect(token).resolves.toBe('access-2');
    }
    expect(world.asked('/v1/token/refresh')).toHaveLength(1);
  });
});
