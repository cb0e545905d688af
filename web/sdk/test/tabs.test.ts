import { beforeEach, describe, expect, test } from 'vitest';
import { kept, noHotseat, state, stream, watching } from './watching.js';
import { credentials, notice, settle, World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
const { watch, connected } = watching(() => world);

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

    test('when the tab with the poll finds the WebSocket, the others do not take its socket for theirs', async () => {
      let sockets = false;
      world.answer = (path) => {
        if (path === '/v1/ws-ticket' && sockets) return { body: { ticket: 't' } };
        if (path.startsWith('/v1/session/poll')) return new Promise(() => {});
        return path === '/v1/session' ? { body: {} } : { status: 404, body: { code: 'not_found' } };
      };
      const storage = new Map<string, string>();
      const one = await watch(world.tab({ storage, locks }));
      const two = await watch(world.tab({ storage: new Map(storage), locks }), {});
      await world.pass(25_000);
      expect(two.monitor.snapshot.transport).toBe('poll');
      sockets = true;
      one.tab.fire('online');
      await settle();
      one.tab.socket.establish();
      await settle();
      expect([one, two].map(({ monitor }) => monitor.snapshot.transport)).toEqual(['websocket', 'poll']);
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
