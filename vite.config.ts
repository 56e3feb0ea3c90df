import { defineConfig } from 'vite';

// Every poll is a start. With the program itself and the libraries that are its alone in a few files, Node finds, reads and
// compiles less: a quarter of a short poll's CPU time. Libraries that others share stay where they are installed: Prisma and
// BullMQ would not take the pool of another copy of pg for one. So do those that bring files of their own.
export default defineConfig({
  root: 'src/bin',
  publicDir: false,
  ssr: { noExternal: ['commander', 'undici', 'zod'] },
  build: {
    ssr: 'session-history.ts',
    outDir: '../../dist/bin',
    emptyOutDir: true,
    sourcemap: true,
    target: 'node20',
    // Flat, so that every file is as deep as the sources are, below which they look for theirs.
    rolldownOptions: { output: { chunkFileNames: '[name]-[hash].js' } },
  },
});
