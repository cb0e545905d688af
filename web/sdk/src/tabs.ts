import { pause, type Platform } from './platform.js';
import type { Credentials, Notice, ServerMessage } from './protocol.js';

/** What the tabs of one session tell each other. */
export type Word =
  | ['ended', Notice]
  /** Newer tokens, after a refresh or because a tab asked. */
  | ['tokens', Credentials]
  /** A tab would like to know what the others have: tokens, and a stream. */
  | ['ask']
  /** The tab that holds the stream for all has heard the server, on this rung. */
  | ['live', number]
  /** What it heard. */
  | ['message', ServerMessage]
  /** The stand-in for Web Locks, of the lock of that name. */
  | ['want' | 'busy', string];

/** How a lock stands with one tab; lost, when another wants or holds it. */
type Lock = 'wanted' | 'lost' | 'held' | undefined;

export interface Tabs {
  post(...word: Word): void;
  /** Runs the job while no other tab of the session runs one of that name; rejects when the signal
   *  ended the wait. */
  exclusively(lock: string, signal: AbortSignal, job: () => Promise<void>): Promise<void>;
  close(): void;
}

/** How long a tab without Web Locks waits for an objection, and before it asks again, ms. */
export const objection = 120;
export const again = 2_000;

export function joinTabs(io: Platform, session: string | undefined, heard: (...word: any) => void): Tabs {
  const name = `hotseat:${session}`;
  // This tab's own name, in memory alone: a duplicated tab copies sessionStorage, and not this.
  const me = io.Math.random();
  let channel = session && io.BroadcastChannel ? new io.BroadcastChannel(name) : undefined;
  const locks: Record<string, Lock> = {};

  const post = (...[say, what]: Word) => channel?.postMessage([me, say, what]);

  if (channel) {
    channel.onmessage = ({ data: [from, say, what] }) => {
      const asks = say === 'want';
      // Of two that want it at once the lower name goes first.
      if (asks && (locks[what] === 'held' || (locks[what] === 'wanted' && me < from))) post('busy', what);
      else if (asks || say === 'busy') locks[what] = 'lost';
      else heard(say, what);
    };
  }

  // Without Web Locks: ask around, hold it when nobody objects. A holder that is frozen cannot
  // object; the server forgives what two holders may do (the same refresh twice, two streams).
  const byAsking = async (lock: string, signal: AbortSignal, job: () => Promise<void>) => {
    do {
      if (locks[lock]) await pause(io, again);
      signal.throwIfAborted();
      locks[lock] = 'wanted';
      post('want', lock);
      await pause(io, objection);
    } while ((locks[lock] as Lock) === 'lost');
    locks[lock] = 'held';
    await job().finally(() => (locks[lock] = undefined));
  };

  return {
    post,
    exclusively: (lock, signal, job) =>
      (io.navigator.locks?.request(`${name}:${lock}`, { signal }, job) as Promise<never>) ?? byAsking(lock, signal, job),
    close() {
      channel?.close();
      // What is posted to a closed channel throws.
      channel = undefined;
    },
  };
}
