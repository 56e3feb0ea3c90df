import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { expect, it } from 'vitest';

// The check of import directions passes when it finds nothing to check, as with a compiler it does not know.
it('looks at the modules it is to check', async () => {
  const { output } = await cruise(['src/compose'], {
    doNotFollow: { path: 'node_modules' },
    maxDepth: 1,
    tsConfig: { fileName: 'tsconfig.json' },
  });
  const { modules, summary } = output as ICruiseResult;
  expect(
    modules.some((module) => module.source === 'src/compose/compose.ts' && module.dependencies.length > 5),
  ).toBe(true);
  expect(summary.totalCruised).toBeGreaterThan(20);
});
