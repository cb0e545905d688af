// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { apolloErrors, login, sessionFetch, terminationOf } from '../src/http/index.js';
import type { SessionMonitor } from '../src/index.js';
import { credentials, notice } from './world.js';

const body = { code: 'session_terminated', termination: notice() };
let monitor: SessionMonitor;
beforeEach(() => {
  monitor = { getToken: async () => 'access-1', report: vi.fn() } as unknown as SessionMonitor;
});
afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, reply: unknown, headers = {}) => {
  const asked = vi.fn(async (_: Request | string, __?: RequestInit) =>
    new Response(typeof reply === 'string' ? reply : JSON.stringify(reply), { status, headers }));
  vi.stubGlobal('fetch', asked);
  return asked;
};

test.each([
  [body, undefined, notice()],
  [{ code: 'session_terminated' }, undefined, true],
  [{ code: 'invalid_token' }, 'Bearer error="invalid_token", error_description="session_terminated"', true],
  [{ code: 'token_expired' }, 'Bearer error="invalid_token"', undefined],
  [JSON.stringify(body), undefined, notice()],
  ['<html>', null, undefined],
  ['null', null, undefined],
  [null, null, undefined],
])('a 401 with %j and %j says %j', (reply, header, says) => {
  expect(terminationOf(reply, header)).toEqual(says);
});

describe('sessionFetch', () => {
  test('sends the token to its own origin alone', async () => {
    const asked = answer(200, {});
    await sessionFetch(monitor, ['https://api.test'])('https://api.test/orders');
    await sessionFetch(monitor, ['https://api.test'])('https://api.test.evil.example/orders');
    const sent = asked.mock.calls.map(([request]) => (request as Request).headers.get('authorization'));
    expect(sent).toEqual(['Bearer access-1', null]);
  });

  test('reports the end, and leaves the reply readable', async () => {
    answer(401, body);
    const response = await sessionFetch(monitor, ['https://api.test'])('https://api.test/orders');
    expect(monitor.report).toHaveBeenCalledWith(notice());
    await expect(response.json()).resolves.toEqual(body);
  });

  test.each([[401, '<html>'], [403, body], [500, body]])('does not take a %i for it', async (status, reply) => {
    answer(status, reply);
    await sessionFetch(monitor, ['https://api.test'])('https://api.test/orders');
    expect(monitor.report).not.toHaveBeenCalled();
  });

  test('does not believe a foreign origin', async () => {
    answer(401, body);
    await sessionFetch(monitor, ['https://api.test'])('https://evil.example/');
    expect(monitor.report).not.toHaveBeenCalled();
  });
});

test.each([
  ['the network’s 401', { networkError: { statusCode: 401, result: body } }, notice()],
  ['Apollo 4’s', { error: { statusCode: 401, result: body } }, notice()],
  ['an error’s code', { graphQLErrors: [{ extensions: { code: 'session_terminated' } }] }, undefined],
])('apolloErrors reports %s', (_, failure, how) => {
  apolloErrors(monitor)(failure);
  expect(monitor.report).toHaveBeenCalledExactlyOnceWith(how);
});

test('login gives the credentials, or the problem by its code', async () => {
  answer(200, credentials());
  await expect(login({ baseUrl: 'http://hub.test/', employee_id: 'ada', password: 'p' })).resolves.toEqual(credentials());
  answer(401, { code: 'invalid_credentials', status: 401 });
  await expect(login({ baseUrl: 'http://hub.test', employee_id: 'ada', password: 'p' })).rejects.toMatchObject({ code: 'invalid_credentials' });
  answer(502, '<html>');
  await expect(login({ baseUrl: 'http://hub.test', employee_id: 'ada', password: 'p' })).rejects.toMatchObject({ code: 'unreachable' });
});
