import { defineConfig } from 'vitest/config';

/** The tests that judge mutants: of pure parts alone, in one process, so that thousands of runs take minutes. */
export default defineConfig({
  test: {
    include: ['test/unit/{domain,query,sync,sources}/**/*.test.ts'],
    exclude: ['test/unit/sources/{parse-xml,read-record,split-elements,give-up}.test.ts'],
    testTimeout: 20_000,
  },
});
