import { Prisma } from './generated/client.ts';
import type { Database } from './open-database.ts';

/** What was learned of a source in earlier runs, as it was remembered; null when nothing. */
export async function readLearned({ prisma }: Database, name: string): Promise<unknown> {
  const row = await prisma.source.findUnique({ where: { name }, select: { learned: true } });
  return row?.learned ?? null;
}

/** Remembers what was learned of a source. Never fails: it is learned again. */
export async function rememberLearned(
  { prisma }: Database,
  name: string,
  learned: object | null,
): Promise<void> {
  await prisma.source
    .updateMany({ where: { name }, data: { learned: learned ?? Prisma.DbNull } })
    .catch(() => undefined);
}
