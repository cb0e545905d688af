/** This tab's terminal, kept over reloads and logins; the server makes it at the first login. */
const key = 'hotseat:terminal';

export const terminal = {
  get: () => sessionStorage.getItem(key) ?? undefined,
  set: (id: string) => sessionStorage.setItem(key, id),
};
