import { defineConfig } from 'vite';

// Declarations are written by tsc after this build: emptyOutDir would delete them.
export default defineConfig({
  build: {
    target: 'es2022',
    lib: {
      entry: { index: 'src/index.ts', http: 'src/http/index.ts', react: 'src/react/index.ts' },
      formats: ['es'],
      fileName: (_format, name) => `${name}.js`,
    },
    rollupOptions: { external: ['react', 'react/jsx-runtime'] },
    minify: false,
  },
});
