import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*.test.js'],
    globalSetup: './setup.js',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Two cores: more pages at once only slow each other down.
    maxWorkers: 2,
    maxConcurrency: 3,
  },
});
