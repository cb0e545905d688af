import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../examples/', import.meta.url);
const docs = readFileSync(new URL('../../../docs/browser.md', import.meta.url), 'utf8');
const pages = ['README.md', ...readdirSync(new URL('../../../docs/', import.meta.url)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
  .map((path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).join();
const examples = readdirSync(folder).filter((name) => !/tsconfig|\.d\.ts$/.test(name));

test.each(examples)('docs/browser.md shows %s as it compiles', (name) => {
  expect(docs).toContain(readFileSync(new URL(name, folder), 'utf8').trim());
});

test.each([['react.tsx', 10], ['plain.js', 15]])('%s takes no more than %i lines', (name, lines) => {
  expect(readFileSync(new URL(name, folder), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(lines);
});

const source = readFileSync(new URL('../src/monitor.ts', import.meta.url), 'utf8');
const membersOf = (name) => {
  const [, members] = source.match(new RegExp(`export interface ${name} \\{\n([^]*?)\n\\}`));
  return [...members.matchAll(/^  (?:readonly )?(\w+)[?<(:]/gm)].map(([, member]) => member);
};

test.each([
  ['MonitorOptions', (option) => `\`${option}\``],
  ['SessionMonitor', (method) => `\`${method}`],
  ['MonitorEvents', (event) => `\`on('${event}', run)\``],
])('docs/browser.md names every member of %s', (name, shown) => {
  const members = membersOf(name).filter((member) => member !== 'platform' && member !== 'on');
  expect(members.length).toBeGreaterThan(3);
  for (const member of members) expect(docs).toContain(shown(member));
});

test.each(readdirSync(new URL('../../../docs/images/', import.meta.url)))('the picture %s is shown on some page', (name) => {
  expect(pages.includes(`images/${name})`)).toBe(true);
});
