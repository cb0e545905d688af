import { describe, expect, test } from 'vitest';
import { program } from './fixture.js';
import { until } from './server.js';
import { duplicate, Till } from './till.js';

describe.concurrent('tokens that live for two seconds', () => {
  const on = program('--access-token-lifetime', '2s');
  /** The refresh tokens that these pages show from now on. Counted by token: on a slow machine the successor
   *  may get old before the test is over. */
  const shownBy = (...pages) => {
    const shown = [];
    for (const page of pages) page.on('request', (r) => r.url().endsWith('/v1/token/refresh') && shown.push(r.postDataJSON().refresh_token));
    return shown;
  };
  const times = (shown, kept) => shown.filter((token) => token === kept.refresh_token).length;
  /** Until the token wants to be renewed. */
  const stale = (tab) => until(async () => (await tab.stored()).until < Date.now(), 'the token never gets old');
  /** Makes the page need a token: the way of the socket is lost. */
  const need = async (line, ...tabs) => {
    const sockets = tabs.map((tab) => tab.sockets.length);
    line.cut();
    await until(() => tabs.every((tab, i) => tab.sockets.length > sockets[i]), 'no new socket');
    for (const tab of tabs) await tab.status('Connected');
  };

  test('a token that expired is renewed, and the socket outlives it', on(async ({ till, line }) => {
    const one = await till();
    const shown = shownBy(one.page);
    const before = await one.stored();
    const sockets = one.sockets.length;
    await stale(one);
    await one.status('Connected');
    expect(one.sockets).toHaveLength(sockets);
    await need(line, one);
    const after = await one.stored();
    expect(after.refresh_token).not.toBe(before.refresh_token);
    expect(after.session).toEqual(before.session);
    expect(times(shown, before)).toBe(1);
  }));

  test('a token that expired unnoticed is refused, renewed, and the question asked again', on(async ({ browser, line, server, employee }) => {
    const page = await (await browser()).newPage();
    // By the clock of this machine no token ever gets old.
    await page.clock.setFixedTime(Date.now());
    const one = new Till(page, line.url);
    await page.goto(line.url);
    await one.logIn(employee);
    await one.status('Connected');
    const shown = shownBy(page);
    const before = await one.stored();
    const says = async () => (await fetch(`http://${server.listen}/v1/session`, { headers: { authorization: `Bearer ${before.access_token}` } })).json();
    await until(async () => (await says()).code === 'token_expired', 'the token never expires');
    expect(shown).toEqual([]);
    const refused = page.waitForResponse((response) => response.status() === 401);
    await need(line, one);
    expect(await (await refused).json()).toMatchObject({ code: 'token_expired' });
    expect(times(shown, before)).toBe(1);
    const after = await one.stored();
    expect(after.refresh_token).not.toBe(before.refresh_token);
    expect(after.session).toEqual(before.session);
    expect(await one.dialog.count()).toBe(0);
  }));

  test('a refresh whose reply is cut is asked for again, and ends nothing', on(async ({ till, line }) => {
    const one = await till();
    const before = await one.stored();
    await stale(one);
    let cuts = 0;
    line.rule = ({ path }) => (path === '/v1/token/refresh' && cuts++ < 1 ? 'cut' : undefined);
    await need(line, one);
    expect(cuts).toBeGreaterThan(1);
    expect((await one.stored()).session).toEqual(before.session);
    expect(await one.dialog.count()).toBe(0);
  }));

  test('two duplicated tabs that need a token at once show no refresh token twice', on(async ({ till, line }) => {
    const one = await till();
    const two = await duplicate(one);
    await two.status('Connected');
    const shown = shownBy(one.page, two.page);
    await stale(one);
    await stale(two);
    await need(line, one, two);
    await until(async () => (await one.stored()).refresh_token === (await two.stored()).refresh_token, 'the tabs do not share the successor');
    expect(shown.length).toBeGreaterThan(0);
    expect(new Set(shown).size).toBe(shown.length);
  }));

  test('the successor of a refresh works in both, again and again', on(async ({ till, line }) => {
    const one = await till();
    const two = await duplicate(one);
    await two.status('Connected');
    for (let round = 0; round < 2; round++) {
      await stale(one);
      await stale(two);
      await need(line, one, two);
    }
    expect(await one.dialog.count()).toBe(0);
    expect(await two.dialog.count()).toBe(0);
  }));
});
