import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../examples/', import.meta.url);
const docs = readFileSync(new URL('../../../docs/browser.md', import.meta.url), 'utf8');
const examples = readdirSync(folder).filter((name) => !/tsconfig|\.d\.ts$/.test(name));

test.each(examples)('docs/browser.md shows %s as it compiles', (name) => {
  expect(docs).toContain(readFileSync(new URL(name, folder), 'utf8').trim());
});

test.each([['react.tsx', 10], ['plain.js', 15]])('%s takes no more than %i lines', (name, lines) => {
  expect(readFileSync(new URL(name, folder), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(lines);
});
