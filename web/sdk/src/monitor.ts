import { events, poll, socket, type Line, type Send } from './links.js';
import { fresh, rungs, step, type Input, type State, type Timer, type Transport } from './machine.js';
import { pause, type Platform } from './platform.js';
import { cut, endings, type Credentials, type Notice, type Reason, type ServerMessage, type Session } from './protocol.js';
import { request, type Failure } from './request.js';
import { joinTabs, type Tabs } from './tabs.js';
import { holds, read, vaultOf, wipe, write } from './vault.js';

export interface MonitorOptions {
  /** Where Hotseat is; the page's own origin by default. */
  baseUrl?: string;
  /** The reply of the login. Left out: the session that the storage holds, as after a reload. */
  session?: Credentials;
  /** For backends that log in on the employee's behalf: a fresh ticket, or null when there is no
   *  session any more. The page then holds no token, and has the rungs WebSocket and SSE. */
  getTicket?: () => Promise<string | null>;
  /** With getTicket, or alone against a server in POS compatibility mode. */
  terminalId?: string;
  /** `tab` (default): each tab is a terminal of its own. `browser`: the profile is one terminal. */
  storage?: 'tab' | 'browser';
  /** How long onBeforeTerminate may take, ms; 3000 by default. */
  saveWithin?: number;
  /** Stands in for the browser, in tests. */
  platform?: Platform;
}

/** What is known now. A new object whenever something changed, never modified. */
export interface Snapshot {
  state: State;
  /** The rung in use; null while there is none. */
  transport: Transport | null;
  /** How the session ended. */
  event: Notice | null;
  session: Session | null;
  /** False after a sleep, until the server has been heard again: hide what is protected. */
  verified: boolean;
}

export interface MonitorEvents {
  change: Snapshot;
  terminated: Notice;
  /** An operator's test: show it, nothing has ended. */
  test: Notice;
  error: { code: string; message: string };
}

/** One page's watch over one session. Hints for the person; the server enforces. */
export interface SessionMonitor {
  readonly snapshot: Snapshot;
  on<K extends keyof MonitorEvents>(type: K, run: (event: MonitorEvents[K]) => void): () => void;
  /** Called when the session has ended, before anybody is told: rescue unsaved work. */
  onBeforeTerminate(save: (notice: Notice) => unknown): () => void;
  /** A valid access token, refreshed when need be; one refresh at a time over all tabs. */
  getToken(): Promise<string>;
  /** Looks at once whether the session still stands. */
  check(): void;
  /** A 401 of a backend told how the session ended. */
  report(how?: Notice | Reason): void;
  /** Ends the session for all its tabs. False when the server was not told: it could not be reached, or
   *  the page holds no token, and then it is the application's backend that has to end the session. */
  logout(): Promise<boolean>;
  /** Lets go of the server without ending anything. */
  stop(): void;
}

const refusals: Record<string, Reason> = { session_terminated: 'ended', invalid_token: 'invalid_token' };

const nobody = 'hotseat: no session';
const tick = 10_000;
const jump = 40_000;
const pollWithin = 40_000;
/** What is not a socket counts as dead when this long passes without a byte. */
const streamBeat = 45_000;
/** How long the other tabs have to offer newer tokens before this one refreshes. */
const offers = 100;

export function createSessionMonitor(options: MonitorOptions = {}): SessionMonitor {
  const { getTicket, terminalId, session: login } = options;
  const io: Platform = options.platform ?? (globalThis as unknown as Platform);
  const url = (options.baseUrl ?? location.origin).replace(/\/$/, '');
  const vault = vaultOf(io, options.storage);

  /** Tokens are renewed after four fifths of their life, so that none dies on its way. */
  const dated = (reply: Credentials): Credentials => ({ until: io.Date.now() + reply.expires_in * 800, ...reply });
  let held = getTicket || (terminalId && !login) ? undefined : read(vault);
  // When a component comes back with its login, the storage has the newer tokens of it.
  if (login && held?.session.session_id !== login.session.session_id) write(vault, (held = dated(login)));
  const session = held?.session ?? null;
  /** Whether the storage has this session: another login may have taken its place there. */
  const kept = () => session && holds(vault, session.session_id);
  const terminal = session?.terminal_id ?? terminalId;
  if (!terminal) throw Error(nobody);

  let model = fresh(session ? 3 : getTicket ? 1 : 0);
  let snapshot: Snapshot;
  let event: Notice | null = null;
  let beat = 25_000;

  const listeners: Record<string, Set<(event: any) => unknown>> = {};
  const on = (type: string, run: (event: any) => unknown) => {
    const set = (listeners[type] ??= new Set());
    set.add(run);
    return () => void set.delete(run);
  };
  // Async, so that a listener that throws stops neither the others nor what follows; the console shows it.
  const emit = (type: string, event: unknown) => [...(listeners[type] ?? [])].map(async (run) => run(event));

  // What happens while an effect is carried out is fed in after it.
  const inbox: Input[] = [];
  let busy = false;
  const feed = (...input: Input) => {
    inbox.push(input);
    if (busy) return;
    busy = true;
    for (let next; (next = inbox.shift()); ) {
      const [after, effects] = step(model, next, io.Date.now(), io.Math.random);
      model = after;
      for (const [what, a, b] of effects) carry[what](a as never, b as never);
    }
    busy = false;
    publish();
  };

  const publish = () => {
    const { phase, rung, verified, state } = model;
    const next: Snapshot = {
      // Whoever may still save work is not told yet.
      state: phase === 'ended' && !event ? snapshot.state : state,
      transport: phase === 'open' ? rungs[rung]! : null,
      event,
      session,
      verified,
    };
    if (JSON.stringify(next) !== JSON.stringify(snapshot)) emit('change', (snapshot = next));
  };

  type Link = AbortController & { send?: Send };
  let link: Link | undefined;
  let probe: Link | undefined;
  const timers: Partial<Record<Timer, unknown>> = {};

  const carry = {
    rest() {
      link?.abort();
      probe?.abort();
      link = probe = undefined;
      Object.values(timers).forEach(io.clearTimeout);
    },
    open: (rung: number) => void connect(rung, (link = new AbortController())),
    probe() {
      if (!probe) void connect(0, (probe = new AbortController()));
    },
    ping: () => link?.send?.({ type: 'ping' }),
    async check() {
      feed('checked', held && (await reaches(call('/v1/session'))));
    },
    timer(name: Timer, ms: number) {
      io.clearTimeout(timers[name]);
      const due = io.Date.now() + ms;
      timers[name] = io.setTimeout(() => feed('timer', name, io.Date.now() - due), ms);
    },
    async end(how: Notice | Reason) {
      const notice: Notice =
        typeof how === 'string'
          ? { type: 'session_terminated', message: '', reason: how, timestamp: new io.Date().toISOString() }
          : how;
      const { seq } = notice;
      if (seq && link?.send) link.send({ type: 'ack', seq });
      else if (seq && held) request(io, `${url}/v1/session/ack`, held.access_token, { body: { seq } }).catch(() => {});
      held = undefined;
      if (kept()) wipe(vault);
      tabs.post('ended', notice);
      const saves = emit('save', notice);
      if (saves[0]) await Promise.race([Promise.allSettled(saves), pause(io, options.saveWithin ?? 3000)]);
      event = notice;
      publish();
      leave();
      emit('terminated', notice);
    },
  };

  /** Whether a Hotseat answered, and be it with a refusal. */
  const reaches = (reply: Promise<unknown>) =>
    reply.then(
      () => true,
      ({ status }: Partial<Failure>) => status! > 0 && status! < 500,
    );

  /** A request whose refusal may say that the session has ended. */
  const ask = (path: string, token: string, how: Parameters<typeof request>[3]) =>
    request(io, url + path, token, how).catch((e: Failure) => {
      const how = e.termination ?? refusals[e.code!];
      if (e.status === 401 && how) feed('ended', how);
      if (e.after) feed('hold', e.after);
      throw e;
    });

  const adopt = (tokens: Credentials) => {
    held = tokens;
    if (kept()) write(vault, tokens);
  };

  const renew = async (refresh_token: string) => {
    // Another tab may have refreshed while this one waited, or while it was frozen.
    tabs.post('ask');
    await pause(io, offers);
    if (held?.refresh_token !== refresh_token) return;
    const reply = await ask('/v1/token/refresh', '', { body: { refresh_token } });
    if (!held) return;
    adopt({ ...held, ...dated(reply) });
    tabs.post('tokens', held);
  };

  let refreshing: Promise<void> | undefined;
  const refresh = (refresh_token: string) => {
    // After stop() the other tabs are joined for as long as this takes.
    const apart = listening.signal.aborted;
    if (apart) join();
    return tabs
      .exclusively('refresh', life.signal, () => renew(refresh_token))
      .finally(() => {
        if (apart) part();
        refreshing = undefined;
      });
  };

  const getToken = async (stale?: string): Promise<string> => {
    if (held && (held.until! < io.Date.now() || held.access_token === stale))
      await (refreshing ??= refresh(held.refresh_token));
    if (!held) throw Error(nobody);
    return held.access_token;
  };

  const call = async (path: string, how: Parameters<typeof request>[3] = {}, stale?: string): Promise<any> => {
    const token = await getToken(stale);
    return ask(path, token, how).catch((e: Failure) => {
      if (e.code === 'token_expired' && !stale) return call(path, how, token);
      throw e;
    });
  };

  const hear = (message: ServerMessage) => {
    if (message.type === 'session_terminated') {
      if (message.test) emit('test', message);
      else feed('ended', message);
    } else if (message.type === 'server_draining') feed('hold', message.reconnect_after_ms);
    else if (message.type === 'error') emit('error', message);
  };

  let leading = false;
  const connect = async (rung: number, mine: Link) => {
    const { signal } = mine;
    const line: Line = {
      signal,
      message(message) {
        if (signal.aborted) return;
        if (mine === link) feed('heard');
        if (message.type === 'session_established') {
          beat = message.heartbeat_ms ?? beat;
          line.up();
        } else {
          if (leading && rung) tabs.post('message', message);
          hear(message);
        }
      },
      up() {
        if (mine === probe) {
          link?.abort();
          link = mine;
          probe = undefined;
        }
        if (mine === link) feed('up', rung, rung ? streamBeat : beat);
        if (leading && rung) tabs.post('live', rung);
      },
      down(code) {
        if (signal.aborted) return;
        mine.abort();
        // That the probe failed changes nothing, unless it heard of the end.
        if (mine === probe) probe = undefined;
        if (mine === link || endings[code]) feed('down', code);
      },
    };
    const stream = (token: string, query = '') =>
      io
        .fetch(`${url}/v1/session/events${query}`, { ...(token && { headers: { authorization: `Bearer ${token}` } }), signal })
        .then((response) => events(response, line));
    const asking = (path: string) => call(path, { signal, within: pollWithin });
    try {
      if (rung && session) {
        // One tab holds the stream for all. This one is up when it does so, or hears from the other.
        tabs.post('ask');
        await tabs.exclusively('stream', signal, async () => {
          leading = true;
          try {
            await (rung > 1 ? poll(io, asking, rung < 3, line) : stream(await getToken()));
          } finally {
            leading = false;
          }
        });
      } else {
        const ticket = getTicket ? await getTicket() : session && (await call('/v1/ws-ticket', { method: 'POST', signal })).ticket;
        const query = ticket ? `?ticket=${ticket}` : '';
        if (getTicket && !ticket) feed('ended', 'ended');
        if (signal.aborted) return;
        if (rung) await stream('', query);
        else {
          mine.send = socket(io, `${url.replace(/^http/, 'ws')}/ws/session/${terminal}/${query}`, line, !ticket);
          return;
        }
      }
    } catch {}
    line.down(cut);
  };

  let tabs: Tabs;
  let life: AbortController;
  const join = () => {
    life = new AbortController();
    tabs = joinTabs(io, session?.session_id, (say, what) => {
      const follows = !leading && model.rung;
      if (say === 'ended') feed(say, { ...what, seq: 0 });
      else if (say === 'tokens' && what.until > held?.until!) adopt(what);
      else if (say === 'ask') {
        if (held) tabs.post('tokens', held);
        if (leading && model.phase === 'open') tabs.post('live', model.rung);
      } else if (say === 'live' && follows) rungs[what] === snapshot.transport ? feed('heard') : feed('up', what, streamBeat);
      else if (say === 'message' && follows) hear(what);
    });
  };
  const part = () => {
    life.abort();
    tabs.close();
  };

  const listening = new AbortController();
  const leave = () => {
    part();
    listening.abort();
  };

  // It is called with events, too.
  const wake = (deep?: unknown) => feed('wake', deep === true);

  const moments = {
    online: wake,
    focus: wake,
    resume: () => wake(true),
    visibilitychange: () => io.document.visibilityState === 'visible' && wake(),
    offline: () => feed('offline'),
    pagehide() {
      // An open socket or channel keeps a page out of the back/forward cache, or dies in it.
      feed('stop');
      part();
    },
    pageshow(event: Event) {
      if (!(event as PageTransitionEvent).persisted) return;
      join();
      wake(true);
      feed('start');
    },
  };
  // Capture, because `resume` happens at the document and does not bubble. But not for `focus`, which
  // would then be heard of every field.
  for (const [type, run] of Object.entries(moments))
    io.addEventListener(type, run, { capture: type !== 'focus', signal: listening.signal });

  const watch = (last: number) => {
    const now = io.Date.now();
    if (now - last > jump) wake(true);
    if (!listening.signal.aborted) io.setTimeout(() => watch(now), tick);
  };
  watch(io.Date.now());
  join();
  feed('start');
  return {
    get snapshot() {
      return snapshot;
    },
    on,
    onBeforeTerminate: (save) => on('save', save),
    getToken: () => getToken(),
    check: wake,
    report: (how = 'ended') => feed('ended', how),
    async logout() {
      const told = !!held && (await reaches(call('/v1/session', { method: 'DELETE' })));
      feed('ended', 'logout');
      return told;
    },
    stop() {
      feed('stop');
      leave();
    },
  };
}

/** The session that a reload would find, if there is one. */
export const storedSession = (storage?: 'tab' | 'browser'): Credentials | undefined => read(vaultOf(globalThis, storage));
