/**
 * The login, and helpers by which an application's own requests notice the end of the session: a 401
 * with code `session_terminated`, and nothing else, counts as one. No helper imports the library that
 * it is for.
 */
import type { Credentials, Notice, SessionMonitor } from '../index.js';

export interface Login {
  baseUrl?: string;
  employee_id: string;
  password: string;
  /** Left out: the server makes one, and this tab is a terminal of its own. */
  terminal_id?: string;
  device_name?: string;
}

/** The body of an error (RFC 9457). */
export interface Problem {
  status: number;
  code: string;
  title?: string;
  detail?: string;
  request_id?: string;
  /** With `session_terminated`: how it ended. */
  termination?: Notice;
}

/** `POST /v1/login`. Rejects with a Problem; its code is `unreachable` when no Hotseat answered. */
export async function login({ baseUrl = location.origin, ...body }: Login): Promise<Credentials> {
  let problem: Problem = { status: 0, code: 'unreachable' };
  try {
    const response = await fetch(`${baseUrl.replace(/\/$/, '')}/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const reply = await response.json();
    if (response.ok) return reply;
    if (reply.code) problem = reply;
  } catch {}
  throw problem;
}

/** What a 401 says of the session: its notice, `true` when it ended for a reason nobody told, or
 *  undefined when the 401 means something else. Takes the body, or the header WWW-Authenticate. */
export function terminationOf(body: unknown, wwwAuthenticate?: string | null): Notice | true | undefined {
  const problem = objectOf(body) as Partial<Problem> | undefined | null;
  if (problem?.code === 'session_terminated') return problem.termination ?? true;
  if (wwwAuthenticate?.includes('session_terminated')) return true;
}

/** Some libraries hand the body of an error on as text. */
function objectOf(body: unknown) {
  if (typeof body === 'object') return body;
  try {
    return JSON.parse(body as string);
  } catch {}
}

const report = (monitor: SessionMonitor, how: Notice | true) => monitor.report(how === true ? undefined : how);

const isOf = (origins: string[], url: string) => origins.includes(new URL(url, location.href).origin);

/** A fetch that sends the session's token, renewed when need be, to the given origins only, and believes
 *  no other what it says of the session. */
export function sessionFetch(monitor: SessionMonitor, origins: string[] = [location.origin]): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const ours = isOf(origins, request.url);
    if (ours) request.headers.set('authorization', `Bearer ${await monitor.getToken()}`);
    const response = await fetch(request);
    if (ours && response.status === 401) {
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => undefined);
      const how = terminationOf(body, response.headers.get('www-authenticate'));
      if (how) report(monitor, how);
    }
    return response;
  };
}

interface AxiosLike {
  getUri(config: any): string;
  interceptors: {
    request: { use(run: (config: any) => any): unknown };
    response: { use(ok: undefined, failed: (error: any) => any): unknown };
  };
}

/** Gives the session's token to the requests of an axios instance, and watches their 401s: those to the
 *  given origins, as sessionFetch. */
export function watchAxios(axios: AxiosLike, monitor: SessionMonitor, origins: string[] = [location.origin]) {
  axios.interceptors.request.use(async (config) => {
    if (isOf(origins, axios.getUri(config))) (config.headers ??= {}).Authorization = `Bearer ${await monitor.getToken()}`;
    return config;
  });
  axios.interceptors.response.use(undefined, (error) => {
    const { response, config } = error;
    const ours = response?.status === 401 && isOf(origins, axios.getUri(config));
    const how = ours && terminationOf(response.data, response.headers?.['www-authenticate']);
    if (how) report(monitor, how);
    return Promise.reject(error);
  });
}

/** For Apollo's `onError` link: `onError(apolloErrors(monitor))`. Knows the 401 of the network, and
 *  errors whose `extensions.code` is `session_terminated`. */
export function apolloErrors(monitor: SessionMonitor) {
  return ({ networkError, graphQLErrors, error }: { networkError?: any; graphQLErrors?: readonly any[]; error?: any }) => {
    const network = networkError ?? error;
    const how = network?.statusCode === 401 && terminationOf(network.result ?? network.bodyText);
    const told = (graphQLErrors ?? error?.errors ?? []).find((e: any) => e.extensions?.code === 'session_terminated');
    if (how) report(monitor, how);
    else if (told) report(monitor, told.extensions.termination ?? true);
  };
}
