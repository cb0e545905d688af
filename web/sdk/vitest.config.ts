import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const react18 = (name: string) => fileURLToPath(new URL(`../react18/node_modules/${name}`, import.meta.url));

// What is for React runs twice: with the current one, and with the oldest that the SDK promises.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'sdk', include: ['test/*.test.*'], provide: { react: '19' } } },
      {
        // The tests' library is taken as a module, in line: else it would bring the React beside it.
        resolve: { alias: { react: react18('react'), 'react-dom': react18('react-dom') }, mainFields: ['module'] },
        test: {
          name: 'react 18',
          include: ['test/react.test.tsx'],
          provide: { react: '18.0' },
          server: { deps: { inline: ['@testing-library/react'] } },
        },
      },
    ],
  },
});
