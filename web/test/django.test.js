import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { freePort, password, Server, serviceKey, until } from './server.js';
import { context } from './till.js';

const folder = fileURLToPath(new URL('../../examples/django', import.meta.url));
const python = '/usr/bin/python3'; // Debian's, which has Debian's Django

/** The example, on a database of its own. */
class Django {
  async start(hub, port) {
    this.url = `http://127.0.0.1:${port}/`;
    const env = {
      PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', POS_DATABASE: join(hub.folder, 'pos.sqlite3'),
      SEAT_URL: `http://${hub.listen}`, SEAT_KEY: serviceKey,
    };
    const manage = (...args) => [python, ['manage.py', ...args], { cwd: folder, env }];
    execFileSync(...manage('migrate', '--verbosity', '0'));
    execFileSync(...manage('shell', '-c', `from django.contrib.auth.models import User; User.objects.create_user("ada", password="${password}")`));
    this.process = spawn(...manage('runserver', '--noreload', `127.0.0.1:${port}`));
    this.said = '';
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.said += text));
    await until(async () => (await fetch(`${this.url}login/`).catch(() => ({}))).ok, `Django is not there:\n${this.said}`);
    return this;
  }

  async end() {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await gone;
  }
}

/** A browser at the application's login. */
async function logIn(browser, django) {
  const page = await browser.newPage();
  const open = new Promise((resolve) => page.on('websocket', (ws) => ws.on('framereceived', ({ payload }) => `${payload}`.includes('session_established') && resolve())));
  await page.goto(django.url);
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  return { page, open };
}

test('a Django application: the window of the first login is told, and its next request is nobody’s', async () => {
  const ends = [];
  try {
    if (!existsSync(join(folder, '../../web/sdk/dist/index.js'))) execFileSync('npm', ['run', 'build', '-w', 'sdk'], { cwd: join(folder, '../../web'), env: { ...process.env, NODE_ENV: 'production' } });
    const port = await freePort();
    const hub = new Server('--allowed-origins', `http://127.0.0.1:${port}`, '--access-token-lifetime', '12h');
    ends.push(hub);
    await hub.start();
    const django = new Django();
    ends.push({ end: () => django.process && django.end() });
    await django.start(hub, port);
    const browsers = [await context(), await context()];
    for (const one of browsers) ends.push({ end: () => one.close() });

    const first = await logIn(browsers[0], django);
    await first.page.getByRole('heading', { name: 'ada' }).waitFor();
    await first.open;
    expect((await hub.sessions('ada')).length).toBe(1);

    const second = await logIn(browsers[1], django);
    await first.page.getByText('terminated due to login from another location').waitFor();
    await second.open;
    expect(await first.page.getByText('orders').count()).toBe(0);
    await first.page.goto(django.url);
    await first.page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect((await first.page.goto(`${django.url}logout/`)).status()).toBe(200); // without a seat there is none to leave
    await second.page.reload();
    await second.page.getByRole('heading', { name: 'ada' }).waitFor();

    await second.page.getByRole('button', { name: 'Log out' }).click();
    await second.page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await hub.sessions('ada')).toEqual([]);

    const third = await logIn(browsers[1], django);
    await third.open;
    await hub.kill();
    expect((await third.page.goto(django.url)).status()).toBe(503);
    await hub.start();
    expect((await third.page.goto(django.url)).status()).toBe(200);
    await third.page.getByRole('heading', { name: 'ada' }).waitFor();
  } finally {
    for (const one of ends.reverse()) await one.end();
  }
});

/** What is not blank and not only a comment, in seat.py and in the lines marked elsewhere. */
test('it added no more than thirty lines', () => {
  const lines = (name) => readFileSync(join(folder, 'pos', name), 'utf8').split('\n');
  const own = lines('seat.py').filter((line) => line.trim() && !/^\s*(#|""")/.test(line));
  const html = lines('templates/base.html');
  const script = html.slice(html.indexOf('{# hotseat: from here #}') + 1, html.indexOf('{# hotseat: to here #}'));
  const marked = ['settings.py', 'urls.py', 'views.py'].flatMap(lines).filter((line) => line.includes('# hotseat'));
  expect(script.length).toBeGreaterThan(0);
  expect(marked.length).toBeGreaterThan(0);
  expect(own.length + script.length + marked.length).toBeLessThanOrEqual(30);
});
