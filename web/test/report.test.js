import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inject, expect, test } from 'vitest';
import { adminKey } from './server.js';
import { own } from './fixture.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** `hotseat bench` against the server, until it has ended. */
function bench(server, ...args) {
  const child = spawn(inject('binary'), ['bench', ...args, '--target', `http://${server.listen}`], {
    cwd: server.folder,
    env: { PATH: process.env.PATH, HOME: server.folder, HOTSEAT_SERVICE_KEY: adminKey },
    stdio: 'ignore',
  });
  return new Promise((resolve, reject) => child.once('exit', (code) => (code === 0 ? resolve() : reject(Error(`bench exits with ${code}`)))));
}

test('the report of a benchmark is one file that anybody can read', own(async ({ browser, server }) => {
  await bench(server, 'takeover', '--employees', '20', '--time', '2s', '--warm-up', '100ms', '--html', 'report.html');
  const problems = [];
  for (const [width, colorScheme] of [[1280, 'light'], [360, 'light'], [1280, 'dark'], [360, 'dark']]) {
    const window = await browser({ viewport: { width, height: 900 }, colorScheme, offline: true });
    const page = await window.newPage();
    page.on('request', (request) => request.url().startsWith('file:') || problems.push(`asks for ${request.url()}`));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(`file://${join(server.folder, 'report.html')}`);
    await page.locator('canvas').first().waitFor();
    await page.getByText('The same as a table').first().click();
    await page.getByRole('region', { name: /table/ }).first().waitFor();
    if ((await page.evaluate(() => document.documentElement.scrollWidth)) > width) problems.push(`${width} ${colorScheme}: scrolls sideways`);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    problems.push(...violations.map((v) => `${width} ${colorScheme}: ${v.id} ${v.nodes[0].html}`));
  }
  expect(problems).toEqual([]);
}));
