import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** All of these tests together, on two idle cores. Who adds one makes it short, or another shorter. */
const atMost = 240;

/** Builds the program once, unless HOTSEAT_TEST_BINARY names one, and starts one Chromium, which every test opens contexts in. */
export default async function setup({ provide }) {
  const folder = mkdtempSync(join(tmpdir(), 'hotseat-browser-'));
  const binary = process.env.HOTSEAT_TEST_BINARY ?? join(folder, 'hotseat');
  if (!process.env.HOTSEAT_TEST_BINARY) execFileSync('go', ['build', '-o', binary, './cmd/hotseat'], { cwd: new URL('../..', import.meta.url), stdio: 'inherit' });
  const browser = await chromium.launchServer({
    executablePath: process.env.HOTSEAT_TEST_CHROMIUM ?? '/usr/bin/chromium',
    // Playwright's own default keeps pages out of the cache that history.test.js is about.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
  provide('binary', binary);
  provide('browser', browser.wsEndpoint());
  const started = performance.now();
  return async () => {
    const seconds = Math.ceil((performance.now() - started) / 1000);
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
    if (seconds <= atMost) return;
    // What is thrown here is printed, and fails nothing.
    process.exitCode = 1;
    console.error(`the browser tests took ${seconds} s; they may take ${atMost} s`);
  };
}
