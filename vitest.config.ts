import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // One more than a small machine has cores: some tests wait, for pauses of the program or for a browser. None waits on a clock.
    maxWorkers: 3,
    // `npm run test:coverage`: a report, no gate. Of what tests start as processes of their own it sees nothing.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/db/generated/**', 'src/dashboard/**', 'src/bin/**'],
      reporter: ['text-summary', 'html', 'lcovonly'],
    },
    projects: [
      {
        // No database, no network, no build, nothing that one file leaves to the next: seconds.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000, isolate: false },
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
