import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionMonitor, type MonitorOptions, type SessionMonitor } from '../src/index.js';
import { credentials, notice, settle, World, type Tab } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});

/** A monitor of one tab, with what it has told so far. */
async function watch(tab: Tab = world.tab(), options: MonitorOptions = { session: credentials() }) {
  const monitor = createSessionMonitor({ baseUrl: 'http://hub.test', platform: tab.io, ...options });
  const told: any[] = [];
  monitor.on('terminated', (n) => told.push(n));
  await settle();
  return { tab, monitor, told };
}

async function connected(tab?: Tab, options?: MonitorOptions) {
  const all = await watch(tab, options);
  all.tab.socket.establish();
  return all;
}

/** A body that the test writes to. */
const stream = () => {
  let control!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (c) => void (control = c) });
  return { body, write: (text: string) => control.enqueue(new TextEncoder().encode(text)) };
};

const kept = (tab: Tab) => tab.storage.get('hotseat:session');
const state = (monitor: SessionMonitor) => monitor.snapshot.state;
const ended = (more?: object) => ({ status: 401, body: { code: 'session_terminated', termination: notice(more) } });
const noHotseat = { status: 502, text: '<html>Bad gateway</html>' };

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

describe('several tabs of one session', () => {
  test('a reload finds the session, and logs nobody in', async () => {
    const { tab } = await connected();
    const again = await connected(world.tab({ storage: tab.storage }), {});
    expect(again.monitor.snapshot.session?.session_id).toBe('s1');
    expect(world.requests.some((r) => r.path.includes('login'))).toBe(false);
  });

  test('all hear of the end from the first that does', async () => {
    const one = await connected();
    const two = await connected(world.tab({ storage: new Map(one.tab.storage) }), {});
    one.tab.socket.say(notice());
    await settle();
    expect(two.told).toMatchObject([{ reason: 'new_login' }]);
    expect(kept(two.tab)).toBeUndefined();
  });

  test('a logout in one is a logout in all, without a word of another place', async () => {
    const one = await connected();
    const two = await connected(world.tab({ storage: new Map(one.tab.storage) }), {});
    await expect(one.monitor.logout()).resolves.toBe(true);
    await settle();
    expect(world.requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/session' });
    expect([one.told, two.told]).toMatchObject([[{ reason: 'logout' }], [{ reason: 'logout' }]]);
  });

  test('a logout that the server never heard says so', async () => {
    const { monitor, tab } = await connected();
    world.answer = () => noHotseat;
    await expect(monitor.logout()).resolves.toBe(false);
    expect(kept(tab)).toBeUndefined();
  });

  describe.each([['with', true], ['without', false]])('%s Web Locks', (_, locks) => {
    test('one refresh serves all tabs, duplicated ones too', async () => {
      const storage = new Map<string, string>();
      const one = await connected(world.tab({ storage, locks }));
      const two = await connected(world.tab({ storage: new Map(storage), locks }), {});
      let refreshes = 0;
      world.answer = (path) => {
        if (path !== '/v1/token/refresh') return { body: {} };
        refreshes++;
        return { body: { ...credentials(), access_token: 'access-2', refresh_token: 'refresh-2' } };
      };
      world.sleep(800_000);
      const tokens = Promise.all([one.monitor.getToken(), two.monitor.getToken(), two.monitor.getToken()]);
      await world.pass(5_000);
      await expect(tokens).resolves.toEqual(['access-2', 'access-2', 'access-2']);
      expect(refreshes).toBe(1);
      expect([kept(one.tab), kept(two.tab)].map((k) => JSON.parse(k!).refresh_token)).toEqual(['refresh-2', 'refresh-2']);
    });

    test('a tab that finds a stream is up by it at once, hears by it, and opens none', async () => {
      const { body, write } = stream();
      let streams = 0;
      world.answer = (path) => (path === '/v1/ws-ticket' ? { status: 404, body: { code: 'not_found' } } : { body: {} });
      const tab = (storage: Map<string, string>) => {
        const made = world.tab({ storage, locks });
        const plain = made.io.fetch;
        made.io.fetch = async (url, init) => {
          if (!url.endsWith('/v1/session/events')) return plain(url, init);
          streams++;
          return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
        };
        return made;
      };
      const one = await watch(tab(new Map()));
      await world.pass(3_000);
      write(': hello\n\n');
      const two = await watch(tab(new Map(one.tab.storage)), {});
      await world.pass(3_000);
      expect([one, two].map(({ monitor }) => monitor.snapshot.transport)).toEqual(['sse', 'sse']);
      expect(streams).toBe(1);
      write(`data: ${JSON.stringify(notice())}\n\n`);
      await settle();
      expect([one.told, two.told]).toMatchObject([[{ reason: 'new_login' }], [{ reason: 'new_login' }]]);
    });

    test('when the tab with the stream goes, another takes over', async () => {
      world.answer = (path) => {
        if (path === '/v1/ws-ticket') return { status: 404, body: { code: 'not_found' } };
        if (path === '/v1/session/events') return { status: 404, body: { code: 'not_found' } };
        if (path.startsWith('/v1/session/poll')) return new Promise(() => {});
        return { body: {} };
      };
      const storage = new Map<string, string>();
      const one = await watch(world.tab({ storage, locks }));
      const two = await watch(world.tab({ storage: new Map(storage), locks }), {});
      await world.pass(25_000);
      expect([one, two].map(({ monitor }) => monitor.snapshot.transport)).toEqual(['poll', 'poll']);
      const polls = () => world.requests.filter((r) => r.path.startsWith('/v1/session/poll') && !r.signal.aborted).length;
      expect(polls()).toBe(1);
      one.monitor.stop();
      await world.pass(30_000);
      expect(polls()).toBe(1);
      expect(state(two.monitor)).toBe('polling');
    });
  });

  test('a refresh whose reply is lost is asked for again with the same token', async () => {
    const { monitor } = await connected();
    world.sleep(800_000);
    world.answer = () => Promise.reject(Error('cut'));
    const lost = expect(monitor.getToken()).rejects.toMatchObject({ status: 0 });
    await world.pass(1_000);
    await lost;
    world.answer = () => ({ body: { ...credentials(), access_token: 'access-2' } });
    const token = monitor.getToken();
    await world.pass(1_000);
    await expect(token).resolves.toBe('access-2');
    expect(world.asked('/v1/token/refresh').map((r) => r.body.refresh_token)).toEqual(['refresh-1', 'refresh-1']);
  });

  test('a login that is watched anew goes on with the tokens that were renewed meanwhile', async () => {
    const session = credentials();
    const { tab, monitor } = await connected(undefined, { session });
    world.sleep(800_000);
    world.answer = () => ({ body: { ...credentials(), access_token: 'access-2', refresh_token: 'refresh-2' } });
    const renewed = monitor.getToken();
    await world.pass(1_000);
    await renewed;
    monitor.stop();
    const { monitor: again } = await watch(tab, { session });
    await expect(again.getToken()).resolves.toBe('access-2');
    expect(JSON.parse(kept(tab)!).refresh_token).toBe('refresh-2');
  });

  test('a token that expired before its time is renewed, and the question asked again', async () => {
    const { tab, monitor } = await connected();
    world.answer = (path) => {
      if (path === '/v1/token/refresh') return { body: { ...credentials(), access_token: 'access-2' } };
      if (path === '/v1/session' && world.requests.at(-1)!.token === 'Bearer access-1') return { status: 401, body: { code: 'token_expired' } };
      return { body: { ticket: 't' } };
    };
    tab.socket.drop();
    await world.pass(2_000);
    tab.socket.establish();
    expect(state(monitor)).toBe('connected');
    expect(tab.sockets).toHaveLength(2);
  });
});

describe('the ladder', () => {
  test('server-sent events carry the end in pieces, and it is acknowledged by HTTP', async () => {
    const { body, write } = stream();
    const tab = world.tab();
    const plain = tab.io.fetch;
    tab.io.fetch = async (url, init) =>
      url.endsWith('/v1/session/events') ? new Response(body, { headers: { 'content-type': 'text/event-stream' } }) : plain(url, init);
    world.answer = (path) => (path === '/v1/ws-ticket' ? { status: 404, body: { code: 'not_found' } } : { body: {} });
    const { monitor, told } = await watch(tab);
    await world.pass(3_000);
    expect(state(monitor)).not.toBe('connected'); // headers alone may come from a proxy that buffers
    write(': hello\n\n');
    await settle();
    expect(monitor.snapshot).toMatchObject({ state: 'connected', transport: 'sse' });
    const text = `event: session_terminated\nid: 1\ndata: ${JSON.stringify(notice())}\n\n`;
    write(text.slice(0, 50));
    await settle();
    write(text.slice(50));
    await settle();
    expect(told).toEqual([notice()]);
    expect(world.asked('/v1/session/ack')).toMatchObject([{ method: 'POST', body: { seq: 1 }, token: 'Bearer access-1' }]);
  });

  test('the long poll hands on what it gets and asks for what follows', async () => {
    let reply!: (a: object) => void;
    world.answer = (path) => {
      if (path.startsWith('/v1/session/poll')) return new Promise((r) => (reply = (body) => r({ body })));
      return path === '/v1/session' ? { body: {} } : { status: 404, body: { code: 'not_found' } };
    };
    const { monitor, told } = await watch();
    await world.pass(10_000);
    expect(monitor.snapshot).toMatchObject({ state: 'polling', transport: 'poll' });
    reply({ messages: [], seq: 0 });
    await world.pass(1_000);
    reply({ messages: [notice()], seq: 1 });
    await settle();
    expect(told).toHaveLength(1);
  });

  test('the last rung asks for the state alone, and climbs when the WebSocket works again', async () => {
    let open = false;
    world.answer = (path) => {
      if (path === '/v1/session') return { body: {} };
      return open ? { body: { ticket: 't' } } : { status: 404, body: { code: 'not_found' } };
    };
    const { tab, monitor } = await watch();
    await world.pass(30_000);
    expect(monitor.snapshot).toMatchObject({ state: 'polling', transport: 'status' });
    open = true;
    await world.pass(95_000);
    tab.socket.establish();
    expect(monitor.snapshot).toMatchObject({ state: 'connected', transport: 'websocket' });
    const before = world.requests.length;
    await world.pass(20_000);
    expect(world.requests).toHaveLength(before);
  });

  test('a probe that fails disturbs nothing', async () => {
    world.answer = (path) => {
      if (path === '/v1/ws-ticket') return { body: { ticket: 't' } };
      if (path.startsWith('/v1/session/poll')) return new Promise(() => {});
      return path === '/v1/session' ? { body: {} } : { status: 404, body: { code: 'not_found' } };
    };
    const { tab, monitor } = await watch();
    for (let i = 0; i < 8 && state(monitor) !== 'polling'; i++) {
      tab.socket?.drop();
      await world.pass(1_500);
    }
    expect(monitor.snapshot.transport).toBe('poll');
    const before = tab.sockets.length;
    tab.fire('online');
    await settle();
    expect(tab.sockets).toHaveLength(before + 1);
    tab.socket.drop();
    await settle();
    expect(monitor.snapshot.transport).toBe('poll');
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

test('stop lets go of everything and ends nothing', async () => {
  const { tab, monitor, told } = await connected();
  monitor.stop();
  await world.pass(120_000);
  expect(tab.socket.closed).toBe(1000);
  expect([told.length, tab.sockets.length, world.timers.length]).toEqual([0, 1, 0]);
  expect(kept(tab)).toBeDefined();
});
