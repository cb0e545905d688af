import { describe, expect, test } from 'vitest';
import { program } from './fixture.js';
import { password, until } from './server.js';
import { pages } from './site.js';
import { Till } from './till.js';

describe.concurrent('pages that took the documentation’s examples as they stand', () => {
  const on = program();

  /** Somebody logged in at such a page. */
  const open = async ({ browser, line, employee }, name, options) => {
    line.files = await pages(name);
    const one = await Till.open(await browser(options), line);
    await one.enter(employee, password);
    return one;
  };

  test('ten lines of React tell, in the browser’s language and the page’s colours', on(async (scene) => {
    const one = await open(scene, 'react', { locale: 'de-DE' });
    await one.status('connected');
    const before = one.sockets.length;
    await one.page.reload();
    await one.status('connected');
    expect(await scene.server.sessions(scene.employee)).toHaveLength(1);
    expect(one.sockets).toHaveLength(before + 1);
    await one.page.addStyleTag({ content: ':root { --hotseat-accent: rgb(0, 90, 60); --hotseat-surface: rgb(250, 255, 250); --hotseat-radius: 3px }' });

    await scene.server.login(scene.employee, { device_name: 'Kasse 2' });
    const dialog = one.page.getByRole('alertdialog', { name: 'Sitzung beendet' });
    await dialog.getByText('Kasse 2').waitFor();
    expect(await dialog.innerText()).toMatch(/Wo\s+Kasse 2\s+Wann\s+\d\d\.\d\d\.\d{4}, \d\d:\d\d/);
    expect(await one.stored()).toBeNull();
    const style = (element) => element.evaluate((e) => { const { backgroundColor, borderTopLeftRadius } = getComputedStyle(e); return [backgroundColor, borderTopLeftRadius]; });
    expect(await style(dialog)).toEqual(['rgb(250, 255, 250)', '3px']);
    const again = one.page.getByRole('button', { name: 'Neu anmelden' });
    expect((await style(again))[0]).toBe('rgb(0, 90, 60)');
    await again.click();
    await one.form.waitFor();
    await until(() => one.sockets.slice(before).every((s) => s.isClosed()), 'a socket was left open');
  }));

  test.each(['light', 'dark'])('the dialog without any variable is %s as the browser is', async (colorScheme) => {
    await on(async (scene) => {
      const one = await open(scene, 'react', { colorScheme });
      await one.status('connected');
      await scene.server.login(scene.employee);
      const colours = await one.dialog.evaluate((e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]);
      expect(colours).toEqual({ light: ['rgb(255, 255, 255)', 'rgb(27, 29, 34)'], dark: ['rgb(29, 31, 36)', 'rgb(241, 241, 238)'] }[colorScheme]);
    })();
  });

  test('fifteen lines of JavaScript tell, after a reload too', on(async (scene) => {
    const one = await open(scene, 'plain');
    await one.status('connected');
    await one.page.reload();
    await one.status('connected');
    expect(await scene.server.sessions(scene.employee)).toHaveLength(1);
    const said = one.page.waitForEvent('dialog');
    await scene.server.login(scene.employee, { device_name: 'Till two' });
    const dialog = await said;
    expect(dialog.message()).toBe('Your session has ended: you signed in on Till two.');
    await dialog.accept();
    await one.page.getByRole('status').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
    expect(await one.stored()).toBeNull();
  }));

  test('fifteen lines of JavaScript tell of an end that only a close code says', on(async (scene) => {
    const window = await scene.browser();
    let closed;
    await window.routeWebSocket('**/ws/session/**', (ws) => {
      ws.connectToServer();
      closed = () => ws.close({ code: 4510 });
    });
    const one = await open({ ...scene, browser: () => window }, 'plain');
    await one.status('connected');
    const said = one.page.waitForEvent('dialog');
    closed();
    const dialog = await said;
    expect(dialog.message()).toBe('Your session has ended.');
    await dialog.accept();
  }));

  test('a page whose backend logs in never holds a token, and is told', on(async ({ browser, line, server, employee }) => {
    line.files = await pages('ticket');
    const { session } = await server.trusted('/sessions', { employee_id: employee, terminal_id: 'till-7' });
    const window = await browser();
    await window.route('**/my/hotseat-ticket', async (route) =>
      route.fulfill({ json: await server.trusted(`/employees/${employee}/sessions/${session.session_id}/ws-ticket`) }));
    const one = await Till.open(window, line);
    await one.status('connected');
    expect(await one.page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie])).toEqual([0, 0, '']);
    await server.login(employee, { device_name: 'Till two' });
    await one.status('terminated Till two');
  }));
});
