// @vitest-environment happy-dom
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { ErrorLink } from '@apollo/client/link/error';
import axios, { AxiosHeaders, type AxiosAdapter } from 'axios';
import { describe, expect, test, vi } from 'vitest';
import { apolloErrors, watchAxios } from '../src/http/index.js';
import type { SessionMonitor } from '../src/index.js';
import { notice } from './world.js';

/** The helpers import no library; here the libraries themselves are asked whether they fit. */
const body = { code: 'session_terminated', termination: notice() };
const monitorOf = () => ({ getToken: async () => 'access-1', report: vi.fn() }) as unknown as SessionMonitor;

describe('axios itself', () => {
  /** An instance whose server answers so, and what was sent to it. */
  const clientOf = (answer: { status: number; data?: unknown; headers?: object }, baseURL?: string) => {
    const sent: unknown[] = [];
    const adapter: AxiosAdapter = async (config) => {
      sent.push(config.headers.get('Authorization') ?? null);
      const response = { data: {}, statusText: '', ...answer, headers: new AxiosHeaders(answer.headers as never), config };
      if (answer.status > 399) throw new axios.AxiosError('refused', 'ERR_BAD_REQUEST', config, null, response);
      return response;
    };
    const monitor = monitorOf();
    const client = axios.create({ adapter, baseURL });
    watchAxios(client, monitor, ['https://api.test']);
    return { client, monitor, sent };
  };
  const ended = { status: 401, data: body };

  test.each([
    ['a path below its base', '/orders', 'https://api.test/v2'],
    ['an absolute address', 'https://api.test/orders', undefined],
  ])('sends the token to %s, rejects as ever, and reports the end', async (_, path, baseURL) => {
    const { client, monitor, sent } = clientOf(ended, baseURL);
    await expect(client.get(path)).rejects.toMatchObject({ response: { status: 401 } });
    expect(sent).toEqual(['Bearer access-1']);
    expect(monitor.report).toHaveBeenCalledExactlyOnceWith(notice());
  });

  test.each([
    ['https://evil.example/', undefined],
    ['https://api.test.evil.example/', 'https://api.test'],
    ['//evil.example/orders', 'https://api.test'],
    ['/orders', 'https://evil.example'],
    ['/orders', undefined],
  ])('sends %s below %s no token, and does not believe it', async (path, baseURL) => {
    const { client, monitor, sent } = clientOf(ended, baseURL);
    await expect(client.get(path)).rejects.toBeTruthy();
    expect(sent).toEqual([null]);
    expect(monitor.report).not.toHaveBeenCalled();
  });

  test('reports the end by the header alone, and nothing for other refusals', async () => {
    const header = { 'www-authenticate': 'Bearer error="invalid_token", error_description="session_terminated"' };
    for (const [answer, calls] of [[{ status: 401, data: '', headers: header }, 1], [{ status: 401, data: '<html>' }, 0], [{ status: 500, data: body }, 0], [{ status: 200 }, 0]] as const) {
      const { client, monitor } = clientOf(answer, 'https://api.test');
      await client.get('/orders').catch(() => {});
      expect(monitor.report).toHaveBeenCalledTimes(calls);
    }
  });

  test('an error without a reply passes', async () => {
    const client = axios.create({ adapter: () => Promise.reject(new axios.AxiosError('Network Error', 'ERR_NETWORK')) });
    const monitor = monitorOf();
    watchAxios(client, monitor, ['https://api.test']);
    await expect(client.get('https://api.test/')).rejects.toThrow('Network Error');
    expect(monitor.report).not.toHaveBeenCalled();
  });
});

const ask = (monitor: SessionMonitor, status: number, reply: unknown) => {
  const fetch = async () => new Response(JSON.stringify(reply), { status, headers: { 'content-type': `application/${status === 200 ? '' : 'problem+'}json` } });
  const link = ApolloLink.from([new ErrorLink(apolloErrors(monitor)), new HttpLink({ uri: 'http://hub.test/graphql', fetch })]);
  return new ApolloClient({ link, cache: new InMemoryCache() }).query({ query: gql`{ me { employeeId } }`, fetchPolicy: 'no-cache' });
};

test.each([
  ['a 401 of HTTP', 401, body, notice()],
  ['an error with a code', 200, { errors: [{ message: 'ended', extensions: { code: 'session_terminated', termination: notice() } }] }, notice()],
])('Apollo’s own link hands over %s, and it is reported', async (_, status, reply, how) => {
  const monitor = monitorOf();
  await expect(ask(monitor, status, reply)).rejects.toBeTruthy();
  expect(monitor.report).toHaveBeenCalledExactlyOnceWith(how);
});

test('Apollo’s other errors end nothing', async () => {
  const monitor = monitorOf();
  await expect(ask(monitor, 502, { message: 'bad gateway' })).rejects.toBeTruthy();
  await expect(ask(monitor, 200, { errors: [{ message: 'no such order' }] })).rejects.toBeTruthy();
  expect(monitor.report).not.toHaveBeenCalled();
});
