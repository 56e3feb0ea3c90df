import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Two database-heavy files at once are enough for small machines; no test waits on a clock.
    maxWorkers: 2,
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
