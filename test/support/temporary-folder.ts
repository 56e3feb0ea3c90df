import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';

export type TemporaryFolder = { readonly path: string; remove(): void };

/** An empty folder that the account PostgreSQL runs under may enter, too. What is forgotten goes with the test run. */
export function makeTemporaryFolder(name = 'test'): TemporaryFolder {
  const folder = mkdtempSync(path.join(inject('runFolder'), `${name}-`));
  chmodSync(folder, 0o755);
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
