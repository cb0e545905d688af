import { cut, endings, isInvitation, type Notice, type Reason } from './protocol.js';

/**
 * The rules of staying connected: no clock, socket, storage or promise. monitor.ts feeds inputs in
 * and carries the effects out, in their order; test/machine.test.ts reads as the list of rules.
 */

export type State = 'connecting' | 'connected' | 'reconnecting' | 'polling' | 'offline' | 'terminated';

/** From the best to the last resort. A step down is taken only when HTTP works and the rung does not. */
export const rungs = ['websocket', 'sse', 'poll', 'status'] as const;
export type Transport = (typeof rungs)[number];

export interface Model {
  /** idle: parked, or refused until a person changes something; asking: has the session ended? */
  phase: 'idle' | 'opening' | 'open' | 'asking' | 'waiting' | 'ended';
  state: State;
  rung: number;
  /** The last rung that this kind of credential can use. */
  lowest: number;
  /** Losses since the last quiet minute: the exponent of the back-off. */
  tries: number;
  /** Failures of this rung in a row while plain HTTP worked. */
  misses: number;
  /** Questions in a row that reached no server. */
  silent: number;
  upAt: number;
  /** Asked, and not heard since. */
  unanswered: boolean;
  beat: number;
  /** The server's wish: no new attempt before this moment. */
  notBefore: number;
  /** False from a long sleep until the server has been heard again: hide what is protected. */
  verified: boolean;
}

export type Timer = 'retry' | 'deadline' | 'beat';

export type Input =
  | ['start' | 'stop' | 'heard' | 'offline']
  /** The rung that carries, and how often to look after it (and for a better one), ms. Said again it is as good as heard. */
  | ['up', number, number]
  /** A close code. */
  | ['down', number]
  /** No attempt for so many ms. */
  | ['hold', number]
  /** Whether the server was reached; undefined: there is no asking without a token. */
  | ['checked', boolean?]
  /** By how many ms the timer fired after its time. */
  | ['timer', Timer, number]
  /** True when the page may have slept. */
  | ['wake', boolean]
  | ['ended', Notice | Reason];

export type Effect =
  /** Close the link and the probe, and stop every timer. */
  | ['rest']
  | ['open', number]
  /** Try the WebSocket beside the rung in use. */
  | ['probe']
  | ['ping']
  /** Ask the server how the session stands, by plain HTTP. */
  | ['check']
  /** Start a timer anew. */
  | ['timer', Timer, number]
  | ['end', Notice | Reason];

export const base = 500;
export const longest = 30_000;
export const quiet = 60_000;
export const openWithin = 6_000;
export const pongWithin = 5_000;
export const wakeWithin = 2_500;
const tooLate = 2_000;
/** A rung that carried for less has failed: a proxy may let something begin and then end it. */
export const shortLived = 10_000;

export const fresh = (lowest: number): Model => ({
  phase: 'idle',
  state: 'connecting',
  rung: 0,
  lowest,
  tries: 0,
  misses: 0,
  silent: 0,
  upAt: 0,
  unanswered: false,
  beat: 0,
  notBefore: 0,
  verified: true,
});

export function step(before: Model, [type, a, b]: Input, now: number, random: () => number): [Model, Effect[]] {
  const m = { ...before };
  const out: Effect[] = [];
  const { phase } = m;
  const isOpen = phase === 'open';

  const act = (...effect: Effect) => out.push(effect);
  const timer = (name: Timer, ms: number) => act('timer', name, ms);
  const open = () => {
    m.phase = 'opening';
    act('open', m.rung);
    timer('deadline', openWithin);
  };
  const ping = (within?: number) => {
    m.unanswered = true;
    act('ping');
    if (within) timer('deadline', within);
  };
  const heard = () => {
    m.unanswered = false;
    m.silent = 0;
    m.verified = true;
    m.state = m.rung > 1 ? 'polling' : 'connected';
  };
  const rest = () => {
    act('rest');
    if (m.state !== 'offline') m.state = m.upAt ? 'reconnecting' : 'connecting';
  };
  const end = (how: Notice | Reason) => {
    m.phase = 'ended';
    m.state = 'terminated';
    // Before the link is closed: the acknowledgement goes by it.
    act('end', how);
    act('rest');
  };
  const wait = (most: number, least = 0) => {
    m.phase = 'waiting';
    // The server spreads its wishes itself; the jitter on top keeps clients of one wish apart.
    timer('retry', Math.max(0, m.notBefore - now) + least + random() * (most - least));
  };
  const backOff = () => wait(Math.min(longest, base * 2 ** m.tries++));
  const down = (code: number) => {
    const how = endings[code];
    if (how) return end(how);
    if (isOpen && now - m.upAt >= quiet) m.tries = 0;
    if (isOpen && now - m.upAt >= shortLived) m.misses = 0;
    rest();
    if (code === cut) {
      m.phase = 'asking';
      act('check');
    } else if (how === '') {
      // The server has said why in an error before. Only a person can change it.
      m.phase = 'idle';
      m.state = 'offline';
    } else if (isInvitation(code)) backOff();
    else wait(longest, longest / 2);
  };

  switch (type) {
    case 'start':
      if (phase === 'idle') open();
      break;

    case 'stop':
      if (phase !== 'ended') {
        m.phase = 'idle';
        rest();
      }
      break;

    case 'up':
      if (isOpen) heard();
      if (isOpen ? m.rung === a : phase !== 'opening') break;
      m.rung = a;
      // A socket that was established works. What polls begins before it is known to.
      if (!a) m.misses = 0;
      m.phase = 'open';
      m.upAt = now;
      heard();
      timer('beat', (m.beat = b));
      break;

    case 'heard':
      if (isOpen) heard();
      break;

    case 'down':
      if (phase === 'opening' || isOpen) down(a);
      break;

    case 'hold':
      m.notBefore = now + a;
      break;

    case 'checked':
      if (a) m.verified = true;
      if (isOpen && a === false) down(cut);
      if (phase === 'asking') {
        if (a) m.silent = 0;
        else if (++m.silent > 2) m.state = 'offline';
        if (a === false) m.rung = m.misses = 0;
        else if (++m.misses > 1) {
          m.rung = m.rung < m.lowest ? m.rung + 1 : 0;
          m.misses = 0;
          // The server is well and HTTP works: the next rung need not wait for long.
          if (a) m.tries = 0;
        }
        backOff();
      }
      break;

    case 'timer':
      if (a === 'retry') {
        if (phase === 'waiting') open();
      } else if (a === 'deadline') {
        if (phase === 'opening') down(cut);
        else if (isOpen && m.unanswered) {
          // A timer that fires late says that this page slept, and nothing about the peer.
          if (b > tooLate) ping(wakeWithin);
          else down(cut);
        }
      } else if (isOpen) {
        if (m.rung && m.unanswered) down(cut);
        else {
          timer('beat', m.beat);
          ping(m.rung ? 0 : pongWithin);
          if (m.rung) act('probe');
        }
      }
      break;

    case 'offline':
    case 'wake':
      // `offline` is the browser's word alone: a link that still answers takes it back.
      if (type === 'offline' && phase !== 'ended') m.state = type;
      if (a) m.verified = false;
      if (isOpen && m.rung) {
        act('check');
        act('probe');
      } else if (isOpen) ping(wakeWithin);
      else if (phase === 'waiting') wait(base);
      break;

    case 'ended':
      if (phase !== 'ended') end(a);
  }
  return [m, out];
}
