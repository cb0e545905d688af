import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { ErrorLink } from '@apollo/client/link/error';
import axios, { AxiosHeaders, type AxiosAdapter } from 'axios';
import { expect, test, vi } from 'vitest';
import { apolloErrors, watchAxios } from '../src/http/index.js';
import type { SessionMonitor } from '../src/index.js';
import { notice } from './world.js';

/** The helpers import no library; here the libraries themselves are asked whether they fit. */
const body = { code: 'session_terminated', termination: notice() };
const monitorOf = () => ({ getToken: async () => 'access-1', report: vi.fn() }) as unknown as SessionMonitor;

test('axios itself sends the token, rejects as ever, and reports the end', async () => {
  const monitor = monitorOf();
  const sent: unknown[] = [];
  let status = 200;
  const adapter: AxiosAdapter = async (config) => {
    sent.push(config.headers.get('Authorization'));
    const response = { data: status === 200 ? {} : body, status, statusText: '', headers: new AxiosHeaders(), config };
    if (status !== 200) throw new axios.AxiosError('refused', 'ERR_BAD_REQUEST', config, null, response);
    return response;
  };
  const client = axios.create({ adapter });
  watchAxios(client, monitor);
  await client.get('/orders');
  expect(monitor.report).not.toHaveBeenCalled();
  status = 401;
  await expect(client.get('/orders')).rejects.toMatchObject({ response: { status: 401 } });
  expect(sent).toEqual(['Bearer access-1', 'Bearer access-1']);
  expect(monitor.report).toHaveBeenCalledExactlyOnceWith(notice());
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
