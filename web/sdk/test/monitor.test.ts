import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionMonitor, storedSession } from '../src/index.js';
import { ended, kept, noHotseat, state, watching } from './watching.js';
import { credentials, notice, settle, World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
const { watch, connected } = watching(() => world);

describe('the socket', () => {
  test('opens with a single-use ticket, so that no token is in an address', async () => {
    const { tab, monitor } = await connected();
    expect(world.asked('/v1/ws-ticket')).toMatchObject([{ method: 'POST', token: 'Bearer access-1' }]);
    expect(tab.socket.url).toBe('ws://hub.test/ws/session/till-1/?ticket=t');
    expect(tab.socket.protocol).toBe('hotseat.v1');
    expect(monitor.snapshot).toMatchObject({ state: 'connected', transport: 'websocket', event: null });
  });

  test('is pinged at each beat, and replaced when it does not answer', async () => {
    const { tab, monitor } = await connected();
    await world.pass(25_000);
    expect(tab.socket.sent).toEqual([{ type: 'ping' }]);
    tab.socket.say({ type: 'pong' });
    await world.pass(5_000);
    expect(tab.socket.closed).toBeUndefined();
    await world.pass(25_000);
    expect(state(monitor)).not.toBe('connected');
    expect(tab.sockets[0]!.closed).toBe(1000);
    await world.pass(1_000);
    expect(tab.sockets).toHaveLength(2);
  });

  test('is never opened beside another', async () => {
    const { tab } = await connected();
    for (let i = 0; i < 4; i++) {
      tab.socket.drop();
      tab.fire('focus');
      tab.fire('online');
      await world.pass(20_000);
      tab.socket.establish();
      expect(tab.sockets.slice(0, -1).every((s) => s.closed)).toBe(true);
    }
  });

  test('comes back after a drain when the server wished, not before', async () => {
    const { tab } = await connected();
    tab.socket.say({ type: 'server_draining', reconnect_after_ms: 1830 });
    await world.pass(30);
    tab.socket.drop(1012);
    await world.pass(1_790);
    expect(tab.sockets).toHaveLength(1);
    await world.pass(520);
    expect(tab.sockets).toHaveLength(2);
  });

  test('text that is no JSON ends nothing', async () => {
    const { tab, monitor } = await connected();
    tab.socket.onmessage!({ data: '<html>' });
    expect(state(monitor)).toBe('connected');
  });
});

describe('the end', () => {
  test('is acknowledged, then the storage is wiped, then the person is told', async () => {
    const { tab, monitor, told } = await watch();
    let keptWhenTold: unknown = 'not told';
    monitor.on('change', ({ state }) => state === 'terminated' && (keptWhenTold = kept(tab)));
    tab.socket.establish();
    expect(kept(tab)).toBeDefined();
    tab.socket.say(notice());
    expect(tab.socket.sent).toEqual([{ type: 'ack', seq: 1 }]);
    expect(tab.socket.closed).toBe(1000);
    expect(keptWhenTold).toBeUndefined();
    expect(told).toEqual([notice()]);
    expect(monitor.snapshot).toMatchObject({ state: 'terminated', event: notice() });
    await expect(monitor.getToken()).rejects.toThrow('no session');
  });

  test('is heard of once, however many ways it comes', async () => {
    const { tab, monitor, told } = await connected();
    tab.socket.say(notice());
    tab.socket.drop(4510);
    monitor.report();
    await world.pass(60_000);
    expect(told).toHaveLength(1);
    expect(tab.sockets).toHaveLength(1);
  });

  test('leaves the session that took its place in the storage', async () => {
    const profile = new Map<string, string>();
    const old = await connected(world.tab({ profile }), { session: credentials(), storage: 'browser' });
    const newer = credentials({ session: { session_id: 's2', employee_id: 'ada', terminal_id: 'till-1' } });
    await watch(world.tab({ profile }), { session: newer, storage: 'browser' });
    old.tab.socket.say(notice());
    expect(JSON.parse(profile.get('hotseat:session')!).session.session_id).toBe('s2');
  });

  test('waits for unsaved work, but not for ever', async () => {
    const { tab, monitor, told } = await connected();
    const save = vi.fn(() => new Promise(() => {}));
    monitor.onBeforeTerminate(save);
    tab.socket.say(notice());
    expect(kept(tab)).toBeUndefined();
    expect(save).toHaveBeenCalledWith(notice());
    await world.pass(2_900);
    expect([told.length, state(monitor)]).toEqual([0, 'connected']);
    await world.pass(200);
    expect([told.length, state(monitor)]).toEqual([1, 'terminated']);
  });

  test('comes at once when the work is saved, and when saving it fails', async () => {
    const { tab, monitor, told } = await connected();
    monitor.onBeforeTerminate(async () => {
      throw Error('disk full');
    });
    tab.socket.say(notice());
    await settle();
    expect(told).toHaveLength(1);
  });

  test('that is a test is shown and wipes nothing', async () => {
    const { tab, monitor, told } = await connected();
    const tests: unknown[] = [];
    monitor.on('test', (n) => tests.push(n));
    tab.socket.say(notice({ test: true, seq: undefined }));
    expect([tests.length, told.length, state(monitor)]).toEqual([1, 0, 'connected']);
    expect(tab.socket.sent).toEqual([]);
    expect(kept(tab)).toBeDefined();
  });

  test('is found by asking after a cut line, before anything is retried', async () => {
    const { tab, told } = await connected();
    world.answer = () => ended();
    tab.socket.drop();
    await settle();
    expect(told).toEqual([notice()]);
    await world.pass(60_000);
    expect(tab.sockets).toHaveLength(1);
    expect(world.asked('/v1/session/ack')).toMatchObject([{ body: { seq: 1 } }]);
  });

  test.each([
    ['an HTML page with status 500', noHotseat],
    ['a problem with status 503', { status: 503, body: { code: 'store_unavailable' } }],
    ['a 503 that says session_terminated', { status: 503, body: { code: 'session_terminated', termination: notice() } }],
    ['an HTML page with status 401', { status: 401, text: '<html>Proxy login</html>' }],
    ['a 403', { status: 403, body: { code: 'origin_not_allowed' } }],
    ['a captive portal', { status: 200, text: '<html>Welcome to the airport</html>' }],
  ])('is never seen in %s', async (_, answer) => {
    const { tab, monitor, told } = await connected();
    world.answer = () => answer;
    tab.socket.drop();
    await world.pass(120_000);
    expect(told).toEqual([]);
    expect(kept(tab)).toBeDefined();
    expect(['reconnecting', 'offline']).toContain(state(monitor));
  });

  test('a token that the server does not know is one', async () => {
    const { tab, told } = await connected();
    world.answer = () => ({ status: 401, body: { code: 'invalid_token' } });
    tab.socket.drop();
    await settle();
    expect(told).toMatchObject([{ reason: 'invalid_token' }]);
  });
});

describe('waking up', () => {
  test('a clock that jumped is a sleep: hide, ask, and replace a socket that does not answer', async () => {
    const { tab, monitor } = await connected();
    world.sleep(3_600_000);
    await world.pass(0);
    expect(monitor.snapshot.verified).toBe(false);
    expect(tab.socket.sent).toContainEqual({ type: 'ping' });
    await world.pass(6_000);
    expect(tab.sockets).toHaveLength(2);
    tab.socket.establish();
    expect(monitor.snapshot).toMatchObject({ state: 'connected', verified: true });
  });

  test.each(['online', 'focus', 'resume', 'visibilitychange'])('%s asks the socket', async (type) => {
    const { tab } = await connected();
    tab.fire(type);
    expect(tab.socket.sent).toEqual([{ type: 'ping' }]);
  });

  test('a page that goes into the back/forward cache closes all, and asks when it comes back', async () => {
    const { tab, monitor } = await connected();
    tab.fire('pagehide', { persisted: true });
    expect(tab.socket.closed).toBe(1000);
    expect(world.channels.every((c) => !c.open)).toBe(true);
    world.sleep(100_000);
    tab.fire('pageshow', { persisted: true });
    expect(monitor.snapshot.verified).toBe(false);
    await settle();
    tab.socket.establish();
    expect(monitor.snapshot).toMatchObject({ state: 'connected', verified: true });
  });

  test('a page that came back after the end of its session hears of it', async () => {
    const { tab, told } = await connected();
    tab.fire('pagehide', { persisted: true });
    world.answer = () => ended();
    tab.fire('pageshow', { persisted: true });
    await settle();
    expect(told).toHaveLength(1);
  });
});

describe('without tokens in the page', () => {
  test('getTicket gives each socket a ticket of its own', async () => {
    let n = 0;
    const { tab, monitor } = await connected(undefined, { getTicket: async () => `ticket-${++n}`, terminalId: 'till-9' });
    tab.socket.drop();
    await world.pass(1_000);
    tab.socket.establish();
    expect(tab.sockets.map((s) => s.url)).toEqual(['ws://hub.test/ws/session/till-9/?ticket=ticket-1', 'ws://hub.test/ws/session/till-9/?ticket=ticket-2']);
    expect(state(monitor)).toBe('connected');
    expect(world.requests).toEqual([]);
    expect(tab.storage.size).toBe(0);
  });

  test('a logout tells no server, and says so', async () => {
    const { monitor, told } = await connected(undefined, { getTicket: async () => 'ticket', terminalId: 'till-9' });
    await expect(monitor.logout()).resolves.toBe(false);
    expect(told).toMatchObject([{ reason: 'logout' }]);
    expect(world.requests).toEqual([]);
  });

  test('null from getTicket is the end', async () => {
    const { told } = await watch(undefined, { getTicket: async () => null, terminalId: 'till-9' });
    expect(told).toMatchObject([{ reason: 'ended' }]);
  });

  test('a backend that cannot be reached is not', async () => {
    const { told, monitor } = await watch(undefined, { getTicket: () => Promise.reject(Error('502')), terminalId: 'till-9' });
    await world.pass(30_000);
    expect(told).toEqual([]);
    expect(state(monitor)).toBe('offline');
  });

  test('a bare terminal id watches a server in POS compatibility mode', async () => {
    const { tab, monitor, told } = await watch(undefined, { terminalId: 'till-9' });
    expect(tab.socket.url).toBe('ws://hub.test/ws/session/till-9/');
    tab.socket.onopen!();
    expect(state(monitor)).toBe('connected');
    tab.socket.say({ type: 'session_terminated', message: 'gone', reason: 'auto_logout', timestamp: '2026-01-01T00:00:00.000Z' });
    expect(told).toMatchObject([{ reason: 'auto_logout' }]);
  });
});

test('without a session there is nothing to watch', () => {
  expect(() => createSessionMonitor({ baseUrl: 'http://hub.test', platform: world.tab().io })).toThrow('no session');
});

test('storage that is forbidden holds nothing, and the page goes on with what it has in memory', async () => {
  const forbidden = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  const tab = world.tab();
  Object.defineProperty(tab.io, 'sessionStorage', { get: forbidden });
  const { monitor, told } = await connected(tab);
  await expect(monitor.getToken()).resolves.toBe('access-1');
  tab.socket.say(notice());
  expect(told).toEqual([notice()]);

  Object.defineProperty(globalThis, 'sessionStorage', { get: forbidden, configurable: true });
  expect(storedSession()).toBeUndefined();
});
