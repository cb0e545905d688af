import { drawer } from './drawer.js';

/** This tab's terminal, kept over reloads and logins; the server makes it at the first login. */
const key = 'hotseat:terminal';

export const terminal = {
  get: () => drawer.get(key),
  set: (id: string) => drawer.put(key, id),
};
