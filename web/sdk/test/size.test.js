import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as core from '../src/index.js';

const limits = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))['size-limit'];

test('the limits weigh everything that the core exports', () => {
  const imports = limits.map((limit) => limit.import['dist/index.js'] ?? limit.import);
  for (const names of imports) expect(names.match(/\w+/g).sort()).toEqual(Object.keys(core).sort());
});
