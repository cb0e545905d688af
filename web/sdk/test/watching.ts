import { createSessionMonitor, type MonitorOptions, type SessionMonitor } from '../src/index.js';
import { credentials, notice, settle, type Tab, type World } from './world.js';

/** Monitors in the world of the test that runs. */
export function watching(world: () => World) {
  /** A monitor of one tab, with what it has told so far. */
  async function watch(tab: Tab = world().tab(), options: MonitorOptions = { session: credentials() }) {
    const monitor = createSessionMonitor({ baseUrl: 'http://hub.test', platform: tab.io, ...options });
    const told: any[] = [];
    monitor.on('terminated', (n) => told.push(n));
    await settle();
    return { tab, monitor, told };
  }

  async function connected(tab?: Tab, options?: MonitorOptions) {
    const all = await watch(tab, options);
    all.tab.socket.establish();
    return all;
  }

  return { watch, connected };
}

/** A body that the test writes to. */
export const stream = () => {
  let control!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (c) => void (control = c) });
  return { body, write: (text: string) => control.enqueue(new TextEncoder().encode(text)) };
};

export const kept = (tab: Tab) => tab.storage.get('hotseat:session');
export const state = (monitor: SessionMonitor) => monitor.snapshot.state;
export const ended = (more?: object) => ({ status: 401, body: { code: 'session_terminated', termination: notice(more) } });
export const noHotseat = { status: 502, text: '<html>Bad gateway</html>' };
