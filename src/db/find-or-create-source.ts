import type { PrismaClient } from './generated/client.ts';

export type NamedSource = {
  readonly name: string;
  readonly url: string;
  /** All names of the configuration, this one included: a row of none of them with the same address was renamed. */
  readonly configured?: readonly string[];
};

/**
 * The source's row, made at first sight. A source that was renamed in the configuration keeps its history: the one row with
 * its address whose name is configured no longer takes the new name.
 */
export async function findOrCreateSource(prisma: PrismaClient, source: NamedSource): Promise<number> {
  const { name, url, configured = [] } = source;
  const known = await prisma.source.findUnique({ where: { name }, select: { id: true, url: true } });
  if (known !== null) {
    if (known.url !== url) await prisma.source.update({ where: { id: known.id }, data: { url } });
    return known.id;
  }
  if (configured.length > 0) {
    const former = await prisma.source.findMany({
      where: { url, name: { notIn: [...configured] } },
      select: { id: true },
      take: 2,
    });
    const [only, other] = former;
    if (only !== undefined && other === undefined) {
      await prisma.source.update({ where: { id: only.id }, data: { name, version: { increment: 1 } } });
      return only.id;
    }
  }
  const { id } = await prisma.source.upsert({
    where: { name },
    create: { name, url },
    update: { url },
    select: { id: true },
  });
  return id;
}
