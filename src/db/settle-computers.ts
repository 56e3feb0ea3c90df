import { setTimeout as wait } from 'node:timers/promises';
import type { Statements } from './statements.ts';
import type { SourceLock } from './source-locks.ts';

/** Computers a statement: other writers of the source wait for it. */
const batchSize = 500;

/** Whoever waits for the end waits no longer for this: what is left is settled next time. */
const longestMs = 4_000;

/** Gives a source back, its computers settled as far as time and database allow. Never throws for the settling. */
export async function settleAndRelease(
  statement: Statements,
  sourceId: number,
  lock: SourceLock,
): Promise<void> {
  if (!lock.lost.aborted) {
    const enough = new AbortController();
    await Promise.race([
      settleComputers(statement, sourceId, enough.signal).catch(() => undefined),
      wait(longestMs, undefined, { signal: enough.signal, ref: false }).catch(() => undefined),
    ]);
    enough.abort();
  }
  await lock.release();
}

/**
 * Works out for good what the past of each computer says whose sessions were written. Until then the views work it out whenever
 * they are asked, so that nothing is wrong if this fails: only slower, and made good by the next run.
 */
async function settleComputers(statement: Statements, sourceId: number, enough: AbortSignal): Promise<void> {
  let settled = batchSize;
  while (settled === batchSize && !enough.aborted) {
    const [row] = await statement.$queryRawUnsafe<{ settled: number }[]>(
      'select settle_computers($1::integer, $2::integer) as settled',
      sourceId,
      batchSize,
    );
    settled = row?.settled ?? 0;
  }
}
