import { pause, type Platform } from './platform.js';
import type { ServerMessage } from './protocol.js';

/** What a link tells its monitor. After its signal is aborted a link says nothing more. */
export interface Line {
  signal: AbortSignal;
  message(message: ServerMessage): void;
  /** It carries. To be said again whenever something came that is no message. */
  up(): void;
  down(code: number): void;
}

/** One JSON request with the session's credential; throws when the answer is no 2xx with JSON. */
export type Call = (path: string) => Promise<any>;

export type Send = (message: object) => void;

/** The WebSocket rung. A text that is no JSON comes from no Hotseat, and is not heard. */
export function socket(io: Platform, url: string, line: Line, bare: boolean): Send {
  const ws = new io.WebSocket(url, 'hotseat.v1');
  // Without a credential the server says nothing until the end; open is all there is to wait for.
  if (bare) ws.onopen = line.up;
  ws.onmessage = ({ data }) => {
    try {
      line.message(JSON.parse(data));
    } catch {}
  };
  ws.onclose = ({ code }) => line.down(code);
  line.signal.addEventListener('abort', () => ws.close(1000));
  return (message) => ws.readyState === 1 && ws.send(JSON.stringify(message));
}

/** Server-sent events by fetch, because EventSource cannot send an Authorization header. Up from the
 *  first byte: a proxy that buffers sends the headers and then nothing. */
export async function events(response: Response, line: Line) {
  if (!response.ok || !/event-stream/.test(response.headers.get('content-type')!)) return;
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    line.up();
    const lines = (text + value).split('\n');
    text = lines.pop()!;
    // Each message of the server is one line of data.
    for (const data of lines) if (data.startsWith('data:')) line.message(JSON.parse(data.slice(5)));
  }
}

const breath = 1_000;
const everyStatus = 10_000;

/** The two rungs of plain requests: one that waits at the server, and one that asks now and then. Both
 *  begin by asking for the state, because a long poll says nothing for long. */
export async function poll(io: Platform, call: Call, waits: boolean, line: Line) {
  for (let path = '/v1/session', next: unknown; !line.signal.aborted; ) {
    const { messages, seq = 0 } = await call(path);
    line.up();
    messages?.forEach(line.message);
    await next;
    // A server or proxy that does not wait must not be asked in a tight circle.
    next = pause(io, waits ? breath : everyStatus);
    if (waits) path = `/v1/session/poll?after=${seq}`;
  }
}
