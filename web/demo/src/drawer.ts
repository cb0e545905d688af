const memory = new Map<string, string>();

/** What this tab keeps over reloads. Where the browser forbids storage, it lasts as long as the page. */
export const drawer = {
  get(key: string): string | undefined {
    try {
      return memory.get(key) ?? sessionStorage.getItem(key) ?? undefined;
    } catch {}
  },
  put(key: string, value: string) {
    memory.set(key, value);
    try {
      sessionStorage.setItem(key, value);
    } catch {}
  },
  empty(key: string) {
    memory.delete(key);
    try {
      sessionStorage.removeItem(key);
    } catch {}
  },
};
