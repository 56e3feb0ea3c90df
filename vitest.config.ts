import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Two database-heavy files at once are enough for small machines; no test waits on a clock.
    maxWorkers: 2,
    // `npm run test:coverage`: a report, no gate. Of what tests start as processes of their own it sees nothing.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/db/generated/**', 'src/dashboard/**', 'src/bin/**'],
      reporter: ['text-summary', 'html', 'lcovonly'],
    },
    projects: [
      {
        // No database, no network, no build: seconds.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        test: {
          name: 'parts',
          include: ['test/{integration,scenarios,browser}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // A machine that is busy answers late, and right.
          expect: { poll: { timeout: 30_000, interval: 20 } },
        },
      },
    ],
  },
});
