import type { PrismaClient } from './generated/client.ts';

/** Any number that nothing else in the database locks: "name" in ASCII. */
const namesLock = 0x6e616d65;

export type NamedSource = {
  readonly name: string;
  readonly url: string;
  /** All names of the configuration, this one included: a row of none of them with the same address was renamed. */
  readonly configured?: readonly string[];
};

/**
 * The source's row, made at first sight. A source that was renamed in the configuration keeps its history: the one row with
 * its address whose name is configured no longer takes the new name. Names are given under a lock: a distributed table has no
 * unique index on them.
 */
export async function findOrCreateSource(prisma: PrismaClient, source: NamedSource): Promise<number> {
  const { name, url, configured = [] } = source;
  const known = await prisma.source.findUnique({ where: { name }, select: { id: true, url: true } });
  if (known !== null) {
    if (known.url !== url) await prisma.source.update({ where: { id: known.id }, data: { url } });
    return known.id;
  }
  return prisma.$transaction(async (tx) => {
    // A statement of its own: the next one has to see what was committed while this one waited.
    await tx.$executeRaw`select pg_advisory_xact_lock(${namesLock}::bigint)`;
    const made = await tx.source.findUnique({ where: { name }, select: { id: true } });
    if (made !== null) return made.id;
    if (configured.length > 0) {
      const former = await tx.source.findMany({
        where: { url, name: { notIn: [...configured] } },
        select: { id: true },
        take: 2,
      });
      const [only, other] = former;
      if (only !== undefined && other === undefined) {
        await tx.source.update({ where: { id: only.id }, data: { name, version: { increment: 1 } } });
        return only.id;
      }
    }
    return (await tx.source.create({ data: { name, url }, select: { id: true } })).id;
  });
}
