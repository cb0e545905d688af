import type { Platform } from '../src/platform.js';
import type { Credentials } from '../src/protocol.js';

/** Lets everything that waits for promises alone go on. */
export const settle = async () => {
  for (let i = 0; i < 3; i++) await new Promise((next) => setTimeout(next, 0));
};

interface Answer {
  status?: number;
  body?: unknown;
  text?: string;
  headers?: Record<string, string>;
}

export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readyState = 1;
  sent: any[] = [];
  closed: number | undefined;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {}
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close(code: number) {
    this.closed = code;
    this.readyState = 2;
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  establish() {
    this.say({ type: 'session_established', session_id: 's1', seq: 0, heartbeat_ms: 25_000 });
  }
  drop(code = 1006) {
    this.onclose?.({ code });
  }
}

/** A server and a clock that several tabs share. */
export class World {
  now = 1_700_000_000_000;
  seed = 7;
  timers: { at: number; run: () => void }[] = [];
  requests: { method: string; path: string; body: any; token: string | null; signal: AbortSignal }[] = [];
  /** What the server answers; a promise keeps the page waiting, a throw is a network that fails. */
  answer: (path: string, method: string, body: any) => Answer | Promise<Answer> = (path) =>
    path === '/v1/ws-ticket' ? { body: { ticket: 't' } } : { body: {} };
  channels: { name: string; onmessage: ((e: { data: any }) => void) | null; open: boolean }[] = [];
  held = new Map<string, (() => void)[]>();

  /** Time goes by, timer by timer. */
  async pass(ms: number) {
    const end = this.now + ms;
    for (;;) {
      await settle();
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      if (!next || next.at > end) break;
      this.timers.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
    await settle();
  }

  /** The machine sleeps: time goes by and no timer fires. */
  sleep(ms: number) {
    this.now += ms;
  }

  tab({ locks = true, storage = new Map<string, string>(), profile = new Map<string, string>() } = {}): Tab {
    const sockets: FakeSocket[] = [];
    const listeners: { type: string; run: (event: any) => void; signal: AbortSignal }[] = [];
    const world = this;
    const storeOf = (map: Map<string, string>) => ({
      getItem: (key: string) => map.get(key) ?? null,
      setItem: (key: string, value: string) => void map.set(key, value),
      removeItem: (key: string) => void map.delete(key),
    });
    class Clock extends Date {
      constructor() {
        super(world.now);
      }
      static override now = () => world.now;
    }
    const io: Platform = {
      Date: Clock as unknown as Platform['Date'],
      Math: { random: () => (world.seed = (world.seed * 16_807) % 2_147_483_647) / 2_147_483_647 },
      setTimeout(run, ms) {
        const timer = { at: world.now + ms, run };
        world.timers.push(timer);
        return timer;
      },
      clearTimeout(timer) {
        const at = world.timers.indexOf(timer);
        if (at >= 0) world.timers.splice(at, 1);
      },
      fetch: (url, init) => world.fetch(url, init),
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocol: string) {
          super(url, protocol);
          sockets.push(this);
        }
      } as unknown as Platform['WebSocket'],
      sessionStorage: storeOf(storage),
      localStorage: storeOf(profile),
      navigator: locks ? { locks: { request: world.lock.bind(world) as LockManager['request'] } } : {},
      BroadcastChannel: class {
        mine: World['channels'][number];
        constructor(name: string) {
          this.mine = { name, onmessage: null, open: true };
          world.channels.push(this.mine);
        }
        set onmessage(run: any) {
          this.mine.onmessage = run;
        }
        postMessage(data: any) {
          if (!this.mine.open) throw Error('InvalidStateError');
          for (const other of world.channels)
            if (other !== this.mine && other.name === this.mine.name)
              setTimeout(() => other.open && other.onmessage?.({ data: structuredClone(data) }), 0);
        }
        close() {
          this.mine.open = false;
        }
      },
      addEventListener: (type, run, { signal }) => void listeners.push({ type, run, signal: signal! }),
      document: { visibilityState: 'visible' },
    };
    return {
      io,
      sockets,
      storage,
      profile,
      get socket() {
        return sockets.at(-1)!;
      },
      fire: (type, event = {}) => listeners.filter((l) => l.type === type && !l.signal.aborted).forEach((l) => l.run(event)),
    };
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const { pathname, search } = new URL(url);
    const path = pathname + search;
    const headers = new Headers(init.headers);
    const body = init.body ? JSON.parse(init.body as string) : undefined;
    const method = init.method ?? 'GET';
    const signal = init.signal!;
    this.requests.push({ method, path, body, token: headers.get('authorization'), signal });
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(Error('aborted'))));
    const { status = 200, body: reply, text, headers: more } = await Promise.race([this.answer(path, method, body), aborted]);
    return new Response(status === 204 ? null : (text ?? JSON.stringify(reply)), { status, headers: more });
  }

  asked(path: string) {
    return this.requests.filter((r) => r.path === path);
  }

  private async lock(name: string, { signal }: { signal: AbortSignal }, job: () => Promise<void>) {
    signal.throwIfAborted();
    const queue = this.held.get(name);
    if (queue) {
      await new Promise<void>((turn, leave) => {
        queue.push(turn);
        signal.addEventListener('abort', () => {
          if (queue.includes(turn)) leave(Error('aborted'));
          queue.splice(queue.indexOf(turn), 1);
        });
      });
    } else this.held.set(name, []);
    try {
      return await job();
    } finally {
      const next = this.held.get(name)!.shift();
      if (next) next();
      else this.held.delete(name);
    }
  }
}

export interface Tab {
  io: Platform;
  sockets: FakeSocket[];
  readonly socket: FakeSocket;
  storage: Map<string, string>;
  profile: Map<string, string>;
  fire(type: string, event?: object): void;
}

export const credentials = (more: Partial<Credentials> = {}): Credentials => ({
  access_token: 'access-1',
  refresh_token: 'refresh-1',
  expires_in: 900,
  session: { session_id: 's1', employee_id: 'ada', terminal_id: 'till-1' },
  ...more,
});

export const notice = (more: object = {}) => ({
  type: 'session_terminated',
  message: 'Your session has been terminated due to login from another location',
  reason: 'new_login',
  timestamp: '2026-01-01T12:00:00.000Z',
  session_id: 's1',
  seq: 1,
  by: { terminal_id: 'till-2', device_name: 'Firefox on macOS' },
  test: false,
  ...more,
});
