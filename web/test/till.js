import { chromium } from 'playwright-core';
import { inject } from 'vitest';
import { password } from './server.js';

let connected;
/** The one Chromium of this run. */
export const browser = () => (connected ??= chromium.connect(inject('browser')));

/** A browser of its own: its own cookies, storage and channels. */
export async function context(options = {}) {
  return (await browser()).newContext({ locale: 'en-GB', ...options });
}

/** One tab at the till. */
export class Till {
  constructor(page, url) {
    Object.assign(this, { page, url });
    /** Every frame of every socket of this page, as {dir, text}; and what the console said. */
    this.frames = [];
    this.sockets = [];
    this.console = [];
    page.on('websocket', (ws) => {
      this.sockets.push(ws);
      ws.on('framereceived', ({ payload }) => this.frames.push({ dir: 'in', text: `${payload}` }));
      ws.on('framesent', ({ payload }) => this.frames.push({ dir: 'out', text: `${payload}` }));
    });
    page.on('console', (m) => m.type() === 'error' && this.console.push(m.text()));
    page.on('pageerror', (e) => this.console.push(`${e}`));
  }

  static async open(context, line) {
    const till = new Till(await context.newPage(), line.url);
    await till.page.goto(line.url);
    return till;
  }

  async enter(employee, secret) {
    await this.page.getByLabel('Employee').fill(employee);
    await this.page.getByLabel('Password').fill(secret);
    await this.form.click();
  }

  async logIn(employee) {
    await this.enter(employee, password);
    await this.page.getByRole('heading', { level: 1, name: /Ada|Grace/ }).waitFor();
    return this;
  }

  /** Waits until the status element says so. */
  status(...words) {
    return this.page.getByRole('status').filter({ hasText: new RegExp(`^(${words.join('|')})$`) }).waitFor();
  }

  /** The button of the form. */
  get form() {
    return this.page.getByRole('button', { name: 'Log in', exact: true });
  }

  get dialog() {
    return this.page.getByRole('alertdialog', { name: 'Session terminated' });
  }

  stored() {
    return this.page.evaluate(() => JSON.parse(sessionStorage.getItem('hotseat:session')));
  }
}

/** What the browser's “Duplicate” does: a new tab with a copy of sessionStorage. */
export async function duplicate(till) {
  const [page] = await Promise.all([till.page.context().waitForEvent('page'), till.page.evaluate(() => void window.open(location.href))]);
  await page.waitForLoadState();
  return new Till(page, till.url);
}
