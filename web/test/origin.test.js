import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Line } from './line.js';
import { Server, password, until } from './server.js';
import { Site } from './site.js';
import { context } from './till.js';

/** A page of another port is of another origin: nothing works for it but what the server allows. */
describe('a page of another origin', () => {
  let site;
  let browser;
  const open = [];
  beforeAll(async () => {
    site = await new Site().start('foreign');
    browser = await context();
  });
  afterAll(async () => {
    await browser?.close();
    for (const one of [...open.reverse(), site]) await one?.end();
  });

  async function visit(...flags) {
    const server = await new Server('--access-token-lifetime', '2s', ...flags).start();
    open.push(server);
    const employee = await server.employee();
    const page = await browser.newPage();
    const sent = [];
    page.on('request', (r) => sent.push(`${r.method()} ${new URL(r.url()).pathname}`));
    await page.goto(`${site.origin}/`);
    const hub = { baseUrl: `http://${server.listen}`, employee, password };
    return { server, page, hub, sent };
  }

  /** Logs in, and keeps the monitor where later evaluations find it. */
  const sitDown = (page, hub) => page.evaluate(async ({ baseUrl, employee, password }) => {
    window.told = [];
    window.credentials = await login({ baseUrl, employee_id: employee, password });
    window.seat = createSessionMonitor({ baseUrl, session: window.credentials });
    seat.on('terminated', (notice) => told.push(notice));
    seat.on('change', ({ state }) => (document.querySelector('[role=status]').textContent = state));
  }, hub);
  const status = (page, word) => page.getByRole('status').filter({ hasText: word }).waitFor();

  test('that is allowed logs in, refreshes, takes tickets, and is told by the socket', async () => {
    const { server, page, hub, sent } = await visit('--allowed-origins', site.origin);
    await sitDown(page, hub);
    await status(page, 'connected');
    expect(await page.evaluate(() => seat.snapshot.transport)).toBe('websocket');
    expect(sent).toContain('POST /v1/ws-ticket');

    const first = await page.evaluate(() => seat.getToken());
    await until(async () => (await page.evaluate(() => seat.getToken())) !== first, 'the token is never renewed');
    expect(sent).toContain('POST /v1/token/refresh');
    const own = await page.evaluate(async (baseUrl) => (await sessionFetch(seat, [baseUrl])(`${baseUrl}/v1/employees/me/sessions`)).json(), hub.baseUrl);
    expect(own.sessions).toHaveLength(1);

    await server.login(hub.employee, { device_name: 'Back office' });
    await page.waitForFunction(() => told.length === 1);
    expect(await page.evaluate(() => told[0])).toMatchObject({ reason: 'new_login', by: { device_name: 'Back office' } });
  });

  test('that is allowed is told by server-sent events where sockets are blocked', async () => {
    const { server, page, hub, sent } = await visit('--allowed-origins', site.origin);
    const line = await new Line(server).start();
    open.push(line);
    line.rule = ({ path }) => (path.startsWith('/ws') ? 'block' : undefined);
    await sitDown(page, { ...hub, baseUrl: line.url });
    await page.waitForFunction(() => seat.snapshot.transport === 'sse');
    expect(sent).toContain('GET /v1/session/events');
    await server.login(hub.employee);
    await page.waitForFunction(() => told.length === 1);
  });

  test('that is allowed reads the errors, with what the headers say of them', async () => {
    const { page, hub } = await visit('--allowed-origins', site.origin);
    const read = (path, init) => page.evaluate(async ([url, init]) => {
      const response = await fetch(url, init);
      const { code, request_id } = await response.json();
      return { status: response.status, code, request_id, header: response.headers.get('x-request-id'), www: response.headers.get('www-authenticate') };
    }, [hub.baseUrl + path, init]);
    const json = { 'content-type': 'application/json', 'x-request-id': 'of-the-page' };
    const wrong = { method: 'POST', headers: json, body: JSON.stringify({ employee_id: hub.employee, password: 'wrong' }) };
    expect(await read('/v1/login', wrong)).toMatchObject({ status: 401, code: 'invalid_credentials', request_id: 'of-the-page', header: 'of-the-page' });
    expect(await read('/v1/session', { headers: { authorization: 'Bearer nonsense' } })).toMatchObject({ status: 401, code: 'invalid_token', www: expect.stringContaining('invalid_token') });
    expect(await read('/v1/login', { method: 'DELETE' })).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  test('that is not allowed gets nothing, and the answer names the setting', async () => {
    const { server, page, hub } = await visit();
    const refused = page.waitForEvent('console', (m) => /CORS/.test(m.text()));
    const problem = await page.evaluate((hub) => login({ baseUrl: hub.baseUrl, employee_id: hub.employee, password: hub.password }).catch((e) => e), hub);
    expect(problem).toEqual({ status: 0, code: 'unreachable' });
    expect((await refused).text()).toContain(site.origin);
    // Even a request that needs no preflight does nothing.
    const body = JSON.stringify({ employee_id: hub.employee, password: hub.password });
    await page.evaluate(([url, body]) => fetch(`${url}/v1/login`, { method: 'POST', mode: 'no-cors', body }), [hub.baseUrl, body]);
    const answer = await fetch(`${hub.baseUrl}/v1/login`, { method: 'POST', headers: { origin: site.origin, 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'origin_not_allowed', detail: expect.stringContaining('--allowed-origins') });
    expect(await server.sessions(hub.employee)).toEqual([]);

    // The socket's Origin is refused by a code that the page can read.
    const { session, access_token } = await server.login(hub.employee);
    const closed = await page.evaluate(([url, token]) => new Promise((resolve) => {
      const ws = new WebSocket(url, ['hotseat.v1', `hotseat.bearer.${token}`]);
      const heard = [];
      ws.onmessage = ({ data }) => heard.push(JSON.parse(data));
      ws.onclose = ({ code }) => resolve({ code, heard });
    }), [`ws://${server.listen}/ws/session/${session.terminal_id}/`, access_token]);
    expect(closed).toMatchObject({ code: 4522, heard: [{ type: 'error', code: 'origin_not_allowed', message: expect.stringContaining('--allowed-origins') }] });
  });
});
