import { settleDays } from './daily-totals.ts';
import type { PrismaClient } from './generated/client.ts';
import { writeTo } from './write-transaction.ts';

/** Computers a transaction: other writers of the source wait for it. */
const batchSize = 500;

/** Whoever waits for the end waits no longer for this; what is left is settled after the next run. Milliseconds. */
const longestMs = 4_000;

/**
 * Works out for good what the past of each stale computer says, and what the runs of each stale day come to. Until then the views work it out whenever they are asked,
 * so nothing is wrong if this fails or takes too long: only slower. Never throws.
 */
export async function settleComputers(
  prisma: PrismaClient,
  source: { readonly id: number; readonly name: string; readonly fence: bigint | null },
): Promise<void> {
  const end = performance.now() + longestMs;
  try {
    for (let settled = batchSize; settled === batchSize && performance.now() < end;) {
      const waiting = await prisma.computer.count({ where: { sourceId: source.id, isStale: true }, take: 1 });
      if (waiting === 0) break;
      settled = await writeTo(prisma, source, async ({ tx, sourceId, version, now }) => {
        const [row] = await tx.$queryRaw<{ settled: number }[]>`
          with stale as materialized (
            select computer_key, computer
            from computers
            where source_id = ${sourceId}::integer and is_stale
            limit ${batchSize}::integer
          ),
          fresh as materialized (
            select
              stale.computer_key, past.first_run_at, past.last_session_at, past.last_outcome, past.last_success_at,
              past.consecutive_failures, past.usual_interval_seconds, past.expected_by, past.last_job_id, past.last_server_id
            from stale
            left join computer_pasts as past
              on past.source_id = ${sourceId}::integer and past.computer_key = stale.computer_key
          ),
          gone as (
            delete from computers
            using fresh
            where computers.source_id = ${sourceId}::integer
              and computers.computer_key = fresh.computer_key
              and fresh.last_session_at is null
          ),
          kept as (
            update computers
            set is_stale = false,
              first_run_at = fresh.first_run_at,
              last_session_at = fresh.last_session_at,
              last_outcome = fresh.last_outcome,
              last_success_at = fresh.last_success_at,
              consecutive_failures = fresh.consecutive_failures,
              usual_interval_seconds = fresh.usual_interval_seconds,
              expected_by = fresh.expected_by,
              last_job_id = fresh.last_job_id,
              last_server_id = fresh.last_server_id,
              last_changed_at = ${now}::timestamptz,
              change_number = ${version}::bigint
            from fresh
            where computers.source_id = ${sourceId}::integer
              and computers.computer_key = fresh.computer_key
              and fresh.last_session_at is not null
          )
          select count(*)::integer as settled from fresh`;
        return row?.settled ?? 0;
      });
    }
    await settleDays(prisma, source, end);
  } catch {
    // The next run settles them.
  }
}
