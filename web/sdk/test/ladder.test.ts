import { beforeEach, describe, expect, test } from 'vitest';
import { state, stream, watching } from './watching.js';
import { notice, settle, World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
const { watch } = watching(() => world);

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
