import type { Store } from './platform.js';
import type { Credentials } from './protocol.js';

/** Where the session outlives a reload. One place per storage: with `browser` the last login of the
 *  profile is the one that a new tab finds. Storage that throws (it may be forbidden) holds nothing. */

const key = 'hotseat:session';

export function read(store: Store): Credentials | undefined {
  try {
    return JSON.parse(store.getItem(key)!) ?? undefined;
  } catch {}
}

/** Keeps a login, or newer tokens of the session that is kept; never the tokens of an older login. */
export function keep(store: Store, credentials: Credentials, login?: boolean) {
  const kept = read(store);
  if (login || kept?.session.session_id === credentials.session.session_id) {
    try {
      store.setItem(key, JSON.stringify(credentials));
    } catch {}
  }
}

/** Forgets this session, and leaves the one that took its place. */
export function wipe(store: Store, session: string) {
  if (read(store)?.session.session_id === session) store.removeItem(key);
}
