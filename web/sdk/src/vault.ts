import type { Platform, Store } from './platform.js';
import type { Credentials } from './protocol.js';

/** Where the session outlives a reload. One place per storage: with `browser` the last login of the
 *  profile is the one that a new tab finds. Storage that throws holds nothing: it may be forbidden, and
 *  then already throws when it is named, so it is named at each use. */
export type Vault = () => Store;

export const vaultOf =
  (io: Pick<Platform, 'sessionStorage' | 'localStorage'>, storage?: 'tab' | 'browser'): Vault =>
  () =>
    storage === 'browser' ? io.localStorage : io.sessionStorage;

const key = 'hotseat:session';

export function read(vault: Vault): Credentials | undefined {
  try {
    return JSON.parse(vault().getItem(key)!) ?? undefined;
  } catch {}
}

export function write(vault: Vault, credentials: Credentials) {
  try {
    vault().setItem(key, JSON.stringify(credentials));
  } catch {}
}

/** Whether it is this session that is kept, and not one that took its place. */
export const holds = (vault: Vault, session: string) => read(vault)?.session.session_id === session;

export const wipe = (vault: Vault) => vault().removeItem(key);
