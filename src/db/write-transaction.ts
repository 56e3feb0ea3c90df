import { SyncError } from '../domain/sync-error.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** One transaction that changes what is stored of one source. */
export type Write = {
  readonly tx: Prisma.TransactionClient;
  readonly sourceId: number;
  /** The number of this commit: `change_number` of every row it changes. It rises in the order of commits. */
  readonly version: bigint;
  /** The one clock of the transaction, PostgreSQL's. */
  readonly now: Timestamp;
};

/**
 * Runs `work` in one transaction that first takes the source's row: writers of a source go one after the other, and the
 * version rises with each commit. With a `fence`, it proves that the run which took it still holds the source, and throws
 * SyncError `interrupted` when another has taken over.
 */
export async function writeTo<T>(
  prisma: PrismaClient,
  source: { readonly id: number; readonly name: string; readonly fence: bigint | null },
  work: (write: Write) => Promise<T>,
): Promise<T> {
  return prisma.$transaction(async (tx) => {
    // Statements work on batches of a table that may be empty or huge, and its statistics lag behind: their rows are
    // found through indexes, whatever the planner believes. Planned for its number, a source that statistics have not met
    // counts as one row. JIT would compile longer than they run.
    const [row] = await tx.$queryRaw<{ version: bigint; now: Timestamp }[]>`
      with raised as (
        update sources set version = version + 1
        where id = ${source.id}::integer and fence = coalesce(${source.fence}::bigint, fence)
        returning version
      )
      select
        version,
        to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now,
        set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true),
        set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
        set_config('enable_bitmapscan', 'off', true), set_config('enable_material', 'off', true),
        set_config('plan_cache_mode', 'force_generic_plan', true)
      from raised`;
    if (row === undefined) {
      throw new SyncError('interrupted', `Another run has taken over source ${source.name}; this one stops.`);
    }
    return work({ tx, sourceId: source.id, version: row.version, now: row.now });
  });
}
