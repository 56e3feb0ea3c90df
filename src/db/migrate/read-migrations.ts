import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The nearest folder `prisma` upwards: sources, compiled files and bundles lie at different depths. */
function findPrismaFolder(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  for (let folder = here; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'prisma');
    if (existsSync(path.join(found, 'migrations')) || folder === path.dirname(folder)) return found;
  }
}

const prismaFolder = findPrismaFolder();

export type Migration = {
  readonly name: string;
  readonly script: string;
  /** SHA-256 in hexadecimal digits, as Prisma writes it. */
  readonly checksum: string;
};

/** The migrations of this version, in the order of their names as text, which is Prisma's. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const folder = path.join(prismaFolder, 'migrations');
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const script = await readFile(path.join(folder, name, 'migration.sql'), 'utf8');
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    }),
  );
}

/** What runs before and after the migrations to bring a database of version 0.1 over. */
export async function readUpgradeScripts(): Promise<{
  readonly setAside: string;
  readonly carryOver: string;
}> {
  const read = (name: string) => readFile(path.join(prismaFolder, 'upgrade-from-0.1', name), 'utf8');
  return { setAside: await read('1_set_aside.sql'), carryOver: await read('2_carry_over.sql') };
}
