import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const sdk = (file: string) => fileURLToPath(new URL(`../sdk/src/${file}`, import.meta.url));

// The demo is built from the SDK's source. Nothing is inlined: the page runs under a policy that
// allows only files of its own origin.
export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^@hotseat-hub\/sdk$/, replacement: sdk('index.ts') },
      { find: /^@hotseat-hub\/sdk\/http$/, replacement: sdk('http/index.ts') },
      { find: /^@hotseat-hub\/sdk\/react$/, replacement: sdk('react/index.ts') },
      { find: /^@hotseat-hub\/sdk\/dialog\.css$/, replacement: sdk('react/dialog.css') },
    ],
  },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080', '/ws': { target: 'ws://127.0.0.1:8080', ws: true } } },
});
