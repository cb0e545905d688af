/** What the SDK needs of the world, by the names of `window`, so that tests can be the world. */
export interface Platform {
  /** The wall clock: it must move on while the machine sleeps, which performance.now() need not do. */
  Date: { now(): number; new (): Date };
  /** Spreads attempts; nothing secret depends on it. */
  Math: { random(): number };
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: any): void;
  fetch(url: string, init: RequestInit): Promise<Response>;
  WebSocket: new (url: string, protocol: string) => WebSocket;
  sessionStorage: Store;
  localStorage: Store;
  /** Browsers offer no Web Locks on plain http outside loopback. */
  navigator: { locks?: Pick<LockManager, 'request'> };
  BroadcastChannel?: new (name: string) => Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
  addEventListener(type: string, run: (event: Event) => void, options: AddEventListenerOptions): void;
  document: { visibilityState: DocumentVisibilityState };
}

export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export const pause = (io: Platform, ms: number) => new Promise<void>((resolve) => void io.setTimeout(resolve, ms));
