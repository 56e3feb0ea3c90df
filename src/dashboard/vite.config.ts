import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    // The content security policy allows files of this server only, no data: scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
    target: 'es2022',
  },
  // For work on the dashboard beside a running service: npx vite src/dashboard
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
});
