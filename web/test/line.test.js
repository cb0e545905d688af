import { describe, expect, test } from 'vitest';
import { own, program } from './fixture.js';
import { until } from './server.js';

describe.concurrent('a line that fails', () => {
  const on = program();

  test('the program is killed and comes back: the same session, and no dialog', own(async ({ till, server }) => {
    const one = await till();
    const { session } = await one.stored();
    await server.kill();
    await one.status('Reconnecting', 'Offline');
    await one.status('Offline');
    await server.start();
    await one.status('Connected');
    expect((await one.stored()).session).toEqual(session);
    expect(await one.dialog.count()).toBe(0);
  }));

  test('a login while the program was away is told on its return', own(async ({ till, line, server, employee }) => {
    const one = await till();
    await server.kill();
    await one.status('Reconnecting', 'Offline');
    line.rule = ({ path }) => (path === '/v1/login' ? undefined : 'block');
    await server.start();
    await server.login(employee);
    line.rule = () => undefined;
    await one.dialog.waitFor();
  }));

  test('a program that drains is come back to', own(async ({ till, server }) => {
    const one = await till();
    await server.kill('SIGTERM');
    await one.status('Reconnecting', 'Offline');
    expect(one.frames.map((f) => JSON.parse(f.text).type)).toContain('server_draining');
    await server.start();
    await one.status('Connected');
  }));

  test('a socket that is cut is replaced, one at a time, and takes nothing over', on(async ({ till, line, server, employee }) => {
    const one = await till();
    const [before] = await server.sessions(employee);
    for (let sockets = 2; sockets < 5; sockets++) {
      line.cut();
      await until(() => one.sockets.length === sockets, 'no new socket');
      await one.status('Connected');
      expect(one.sockets.filter((s) => !s.isClosed())).toHaveLength(1);
    }
    expect(await server.sessions(employee)).toMatchObject([{ session_id: before.session_id }]);
  }));

  test('another address in mid-socket is the same session', on(async ({ till, line, server, employee }) => {
    const one = await till();
    line.from = '127.0.0.9';
    line.cut();
    await until(() => one.sockets.length === 2, 'no new socket');
    await one.status('Connected');
    expect(await server.sessions(employee)).toHaveLength(1);
    expect(await one.dialog.count()).toBe(0);
  }));

  test('offline, and online again', on(async ({ till }) => {
    const one = await till();
    await one.page.context().setOffline(true);
    await one.status('Offline');
    await one.page.context().setOffline(false);
    await one.status('Connected');
    expect(await one.dialog.count()).toBe(0);
  }));

  test('errors and HTML pages of a proxy never end a session', on(async ({ till, line }) => {
    const one = await till();
    const before = await one.stored();
    line.rule = ({ path }) => (path.startsWith('/v1') || path.startsWith('/ws') ? 'html500' : undefined);
    line.cut();
    await one.status('Offline');
    expect(await one.dialog.count()).toBe(0);
    expect(await one.stored()).toEqual(before);
    line.rule = () => undefined;
    await one.status('Connected');
  }));

  test('a machine that slept hides the till, trusts no socket, and hears of the end', on(async ({ till, browser, line, server, employee }) => {
    const laptop = await browser();
    await laptop.clock.install();
    const one = await till(laptop);
    // The socket stays open, and nothing comes through it any more.
    line.mute();
    await server.login(employee, { device_name: 'Night shift' });
    await one.page.clock.fastForward(3_600_000);
    await one.page.locator('main[data-veiled="true"]').waitFor();
    await one.dialog.getByText('Night shift').waitFor();
  }));

  test('a machine that slept shows the till again when the seat is still its own', on(async ({ till, browser, line }) => {
    const laptop = await browser();
    await laptop.clock.install();
    const one = await till(laptop);
    line.mute();
    await one.page.clock.fastForward(3_600_000);
    await one.page.locator('main[data-veiled="true"]').waitFor();
    await one.page.locator('main[data-veiled="false"]').waitFor();
    await one.status('Connected');
    expect(one.sockets).toHaveLength(2);
  }));

  test('a socket that fell silent is thrown away when the window is looked at', on(async ({ till, line }) => {
    const one = await till();
    line.mute();
    await one.page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await until(() => one.sockets.length === 2, 'the dead socket is still trusted');
    await one.status('Connected');
  }));
});
