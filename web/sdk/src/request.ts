import type { Platform } from './platform.js';
import type { Notice } from './protocol.js';

/** Why a request brought nothing. A status of 0 or from 500 on means that no Hotseat answered. */
export interface Failure {
  status: number;
  code?: string;
  /** ms, when the server said when to come back. */
  after?: number;
  termination?: Notice;
}

/** One request, its reply as JSON. Rejects with a Failure, also when the reply is not JSON. */
export async function request(
  io: Platform,
  url: string,
  token: string | undefined,
  { signal, body, method = body ? 'POST' : 'GET', within = 10_000 }: { signal?: AbortSignal; body?: object; method?: string; within?: number },
): Promise<any> {
  const cut = new AbortController();
  const abort = () => cut.abort();
  const timer = io.setTimeout(abort, within);
  // Heard of until this request is over, because the signal may outlive many.
  signal?.addEventListener('abort', abort, cut);
  let failure: Failure = { status: 0 };
  try {
    const response = await io.fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      signal: cut.signal,
      cache: 'no-store',
    });
    const { status, headers } = response;
    const reply = status === 204 || (await response.json());
    if (response.ok) return reply;
    failure = { ...reply, status, after: 1000 * +headers.get('retry-after')! };
  } catch {
  } finally {
    io.clearTimeout(timer);
    abort();
  }
  throw failure;
}
