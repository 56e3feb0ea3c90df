import type { PrismaClient } from '../generated/client.ts';

/** What the views show of sources; the rest is nobody else's business. */
const sourceColumns = '(id, name, last_listed_at, last_collected_at)';

/**
 * Lets a role that may read the views read the shards they stand on: a worker does not know that it is a view that asks. The tables
 * themselves stay closed to it. Shards that were moved forget it: `migrate` grants it anew. Does nothing where nothing is distributed.
 */
export async function grantShards(prisma: PrismaClient, role: string): Promise<void> {
  const extension = await prisma.$queryRawUnsafe<unknown[]>(
    `select 1 from pg_extension where extname = 'citus'`,
  );
  if (extension.length === 0) return;
  const refused = await prisma.$queryRawUnsafe<{ result: string }[]>(
    `select granted.result
     from pg_dist_partition
     cross join lateral run_command_on_shards(
       logicalrelid,
       format('grant select %s on %%s to %I', case logicalrelid when 'sources'::regclass then '${sourceColumns}' else '' end, $1::text)
     ) as granted
     where partmethod = 'h' and not granted.success
     limit 1`,
    role,
  );
  const [first] = refused;
  if (first !== undefined) throw new Error(`The workers do not let ${role} read: ${first.result}`);
}
