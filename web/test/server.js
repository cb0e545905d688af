import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

export const adminKey = 'admin-key-of-the-browser-tests';
export const serviceKey = 'service-key-of-the-browser-tests';
export const password = 'a-password-of-the-tests';

/** The real program on a store of its own. stop() and start() keep port and store. */
export class Server {
  constructor(...args) {
    this.args = args;
    this.folder = mkdtempSync(join(tmpdir(), 'hotseat-server-'));
    /** Its address; none until it starts. */
    this.listen = undefined;
    /** A command that the program is run by. */
    this.wrap = [];
  }

  async start() {
    const addresses = join(this.folder, 'addresses');
    rmSync(addresses, { force: true });
    this.said = '';
    this.listen ??= `127.0.0.1:${await freePort()}`;
    const [program, ...args] = [...this.wrap, inject('binary')];
    this.process = spawn(
      program,
      [...args, 'serve', '--listen', this.listen, '--ops-listen', '127.0.0.1:0', '--store', `embedded:${join(this.folder, 'store')}`, '--drain-delay', '0s', ...this.args],
      { cwd: this.folder, env: { PATH: process.env.PATH, HOME: this.folder, HOTSEAT_ADMIN_KEY: `ops=${adminKey}`, HOTSEAT_SERVICE_KEY: `pos=${serviceKey}`, HOTSEAT_TEST_ADDR_FILE: addresses } },
    );
    this.gone = new Promise((resolve) => this.process.once('exit', resolve));
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.said += text));
    await until(() => {
      if (this.process.exitCode != null) throw Error(`the program ended:\n${this.said}`);
      return existsSync(addresses) && readFileSync(addresses, 'utf8').endsWith('}');
    }, `no addresses; the program said:\n${this.said}`);
    await until(async () => (await fetch(`http://${this.listen}/readyz`).catch(() => ({}))).ok, 'not ready');
    return this;
  }

  async kill(signal = 'SIGKILL') {
    this.process.kill(signal);
    await this.gone;
  }

  async end() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An operator's request. */
  admin(method, path, body) {
    return this.ask(method, `/admin${path}`, body);
  }

  /** What a backend asks that has authenticated the employee itself. An operator's key may do that too. */
  trusted(path, body = {}) {
    return this.ask('POST', path, body);
  }

  async ask(method, path, body) {
    const response = await fetch(`http://${this.listen}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  /** A new employee that no other test knows. */
  async employee(first_name = 'Ada', last_name = 'Lovelace') {
    const employee_id = `e${Math.random().toString(36).slice(2, 10)}`;
    await this.admin('POST', '/employees', { employee_id, username: employee_id, password, first_name, last_name });
    return employee_id;
  }

  /** A login from somewhere that is no browser. */
  async login(employee_id, more = {}) {
    const response = await fetch(`http://${this.listen}/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ employee_id, password, ...more }),
    });
    if (!response.ok) throw Error(`login: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async sessions(employee_id) {
    return (await this.admin('GET', `/employees/${employee_id}/sessions`)).sessions;
  }
}

/** A port that nobody has, below those that the system gives to whoever asks for any: it is still free when the program comes back. */
export async function freePort() {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const listener = createServer();
    const free = await new Promise((resolve) => listener.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
    if (!free) continue;
    await new Promise((closed) => listener.close(closed));
    return port;
  }
}

/** Asks again until it is so. For what happens outside this process and gives no sign. */
export async function until(holds, otherwise, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((next) => setTimeout(next, 10)))
    if (await holds()) return;
  throw Error(otherwise);
}
