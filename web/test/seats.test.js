import { describe, expect, test } from 'vitest';
import { program } from './fixture.js';
import { duplicate, Till } from './till.js';
import { password } from './server.js';

describe.concurrent('who sits where', () => {
  const on = program();

  test('two windows of one browser: the first is told who, when and why, and keeps nothing', on(async ({ browser, till, employee, server }) => {
    const windows = await browser();
    const first = await till(windows);
    const second = await till(windows);
    await first.dialog.waitFor();
    const text = await first.dialog.innerText();
    expect(text).toMatch(/another device/);
    expect(text).toMatch(/Where\s+Chrome on Linux/);
    expect(text).toMatch(/When\s+\d+ \w+ \d{4}, \d\d:\d\d/);
    expect(text).toMatch(/Back to the login in (30|2\d) s/);
    expect(await first.stored()).toBeNull();
    expect(first.frames.map((f) => JSON.parse(f.text).type)).toEqual(['session_established', 'session_terminated', 'ack']);
    await second.status('Connected');
    expect(await server.sessions(employee)).toHaveLength(1);
    // Two windows are two terminals because nothing is kept where both would find it.
    expect((await second.stored()).access_token).toBeTruthy();
    expect(await second.page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, '']);
    await first.page.getByRole('button', { name: 'Log in again' }).click();
    await first.form.waitFor();
  }));

  test('two browsers: whoever logs in last has the seat, and it goes back and forth', on(async ({ till, employee }) => {
    const one = await till();
    const two = await till();
    await one.dialog.waitFor();
    await one.page.getByRole('button', { name: 'Log in again' }).click();
    await one.logIn(employee);
    await one.status('Connected');
    await two.dialog.waitFor();
    expect([...one.console, ...two.console]).toEqual([]);
  }));

  test('a reload is the same session', on(async ({ till, employee, server }) => {
    const one = await till();
    const before = await one.stored();
    await one.page.reload();
    await one.status('Connected');
    expect((await one.stored()).session).toEqual(before.session);
    expect((await server.sessions(employee)).map((s) => s.session_id)).toEqual([before.session.session_id]);
  }));

  test('a duplicated tab is the same session, and both hear of the end', on(async ({ till, server, employee }) => {
    const one = await till();
    const two = await duplicate(one);
    await two.status('Connected');
    expect((await two.stored()).session).toEqual((await one.stored()).session);
    await one.status('Connected');
    await server.login(employee, { device_name: 'Counter phone' });
    for (const tab of [one, two]) {
      await tab.dialog.getByText('Counter phone').waitFor();
      expect(await tab.stored()).toBeNull();
    }
  }));

  test('a logout in one tab takes its other tabs to the form, without a dialog', on(async ({ till, employee, server }) => {
    const one = await till();
    const two = await duplicate(one);
    await two.status('Connected');
    await one.page.getByRole('button', { name: 'Log out' }).click();
    for (const tab of [one, two]) {
      await tab.form.waitFor();
      expect(await tab.dialog.count()).toBe(0);
      expect(await tab.stored()).toBeNull();
    }
    expect(await server.sessions(employee)).toEqual([]);
  }));

  test('a logout that the server never hears forgets everything here, and says so', on(async ({ till, line, employee, server }) => {
    const one = await till();
    line.rule = ({ method, path }) => (method === 'DELETE' && path === '/v1/session' ? 'block' : undefined);
    await one.page.getByRole('button', { name: 'Log out' }).click();
    await one.form.waitFor();
    await one.page.getByText('could not be told that you left').waitFor();
    expect(await one.stored()).toBeNull();
    expect(await server.sessions(employee)).toHaveLength(1);
    line.rule = () => undefined;
    await one.logIn(employee);
    await one.page.getByRole('button', { name: 'Log out' }).click();
    await one.form.waitFor();
    expect(await one.page.getByRole('note').count()).toBe(0);
  }));

  test('where storage is forbidden the seat lasts as long as the page', on(async ({ browser, line, server, employee }) => {
    const window = await browser();
    await window.addInitScript(() => {
      const get = () => {
        throw new DOMException('denied', 'SecurityError');
      };
      for (const name of ['sessionStorage', 'localStorage']) Object.defineProperty(globalThis, name, { get });
    });
    const one = await Till.open(window, line);
    await one.logIn(employee);
    await one.status('Connected');
    await server.login(employee, { device_name: 'Till two' });
    await one.dialog.getByText('Till two').waitFor();
    await one.page.getByRole('button', { name: 'Log in again' }).click();
    await one.form.waitFor();
    expect(one.console).toEqual([]);
  }));

  test('markup in a device name is text', on(async ({ till, server, employee }) => {
    const one = await till();
    const name = '<img src=x onerror="document.title=1">';
    await server.login(employee, { device_name: name });
    await one.dialog.getByText(name).waitFor();
    expect(await one.page.locator('img').count()).toBe(0);
    expect(await one.page.title()).toBe('Hotseat till');
  }));

  test('the countdown leads back to the form', on(async ({ browser, line, server, employee }) => {
    const page = await (await browser()).newPage();
    await page.clock.install();
    const one = new Till(page, line.url);
    await page.goto(line.url);
    await one.logIn(employee);
    await one.status('Connected');
    await server.login(employee);
    await one.dialog.waitFor();
    await page.clock.fastForward(20_000);
    await one.dialog.waitFor();
    await page.clock.fastForward(11_000);
    await one.form.waitFor();
    expect(await one.dialog.count()).toBe(0);
  }));

  test('an operator’s test is shown, and nothing ends', on(async ({ till, server }) => {
    const one = await till();
    const { session } = await one.stored();
    await server.admin('POST', `/terminals/${session.terminal_id}/test-termination`);
    await one.dialog.getByText(/test by an operator/).waitFor();
    await one.page.getByRole('button', { name: 'Close' }).click();
    await one.status('Connected');
    expect((await one.stored()).session).toEqual(session);
  }));

  test('an operator’s ending says so, and what was typed', on(async ({ till, server, employee }) => {
    const one = await till();
    await server.admin('POST', `/employees/${employee}/end-sessions`, { message: 'Stocktaking at six' });
    await one.dialog.getByText('Stocktaking at six').waitFor();
    expect(await one.dialog.innerText()).toMatch(/operator ended/);
    expect(await one.page.getByRole('button', { name: "This wasn't me" }).count()).toBe(0);
  }));

  test('an order that was open is there again after the next login', on(async ({ till, server, employee }) => {
    const one = await till();
    await one.page.getByRole('button', { name: /Espresso/ }).click();
    await server.login(employee);
    await one.dialog.waitFor();
    await one.page.getByRole('button', { name: 'Log in again' }).click();
    await one.logIn(employee);
    await one.page.getByText('Kept for you').waitFor();
    await one.page.getByRole('listitem').filter({ hasText: 'Espresso' }).waitFor();
  }));

  test('the keyboard is enough: log in, sell, look at the devices, lose the seat, log in again, log out', on(async ({ browser, line, server, employee }) => {
    const one = await Till.open(await browser(), line);
    const { keyboard } = one.page;
    const focused = () => one.page.evaluate(() => document.activeElement.textContent);
    const logIn = async () => {
      await one.form.waitFor();
      await keyboard.type(employee);
      await keyboard.press('Tab');
      await keyboard.type(password);
      await keyboard.press('Enter');
      await one.status('Connected');
    };
    /** Goes on by Tab until it stands on what is called so, and presses it. */
    const press = async (name, key = 'Enter') => {
      for (let i = 0; i < 30 && !(await focused()).startsWith(name); i++) await keyboard.press('Tab');
      expect(await focused()).toMatch(new RegExp(`^${name}`));
      await keyboard.press(key);
    };
    await logIn();
    await press('Espresso');
    await press('Plum tart', 'Space');
    await one.page.getByRole('listitem').filter({ hasText: 'Plum tart' }).waitFor();
    await press('−');
    await press('Take payment');
    await one.page.getByText('€4.60 received').waitFor();
    await press('Devices');
    await press('End all others');
    await one.page.getByText('Every other session has ended.').waitFor();
    await server.login(employee);
    await one.dialog.waitFor();
    expect(await focused()).toBe('Log in again');
    for (const button of ["This wasn't me", 'Log in again', "This wasn't me"]) {
      await keyboard.press('Tab');
      expect(await focused()).toBe(button);
    }
    await keyboard.press('Shift+Tab');
    await keyboard.press('Escape');
    await one.dialog.waitFor();
    await keyboard.press('Enter');
    await logIn();
    await press('Log out');
    await one.form.waitFor();
    expect(await server.sessions(employee)).toEqual([]);
  }));
});
