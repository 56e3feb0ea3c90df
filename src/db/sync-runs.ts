import { randomUUID } from 'node:crypto';
import type { RunCounts, RunOutcome, RunTrigger } from '../domain/sync-run.ts';
import type { PrismaClient } from './generated/client.ts';
import type { Database } from './open-database.ts';

/** How often those who watch a run hear of its progress, at most. Milliseconds. */
const watchedEveryMs = 1_000;

/**
 * Begins a run: raises the fence, so that whoever held the source before can write no more, and closes the records of runs
 * that died. Call it under the source's lock.
 */
export async function beginRun(
  prisma: PrismaClient,
  sourceId: number,
  trigger: RunTrigger,
): Promise<{ readonly runId: string; readonly fence: bigint }> {
  const runId = randomUUID();
  return prisma.$transaction(async (tx) => {
    const { fence } = await tx.source.update({
      where: { id: sourceId },
      data: { fence: { increment: 1 }, version: { increment: 1 } },
      select: { fence: true },
    });
    await tx.$executeRaw`
      update sync_runs
      set status = 'failed', finished_at = now(), error_kind = 'interrupted', unchanged = null, missing = null,
        error_message = 'The run was cut short: its process was killed or lost the database. The next run reads what it did not.'
      where source_id = ${sourceId}::integer and status = 'running'`;
    await tx.syncRun.create({ data: { runId, sourceId, trigger, status: 'running' } });
    return { runId, fence };
  });
}

/** A function that writes down how far a run has come, once a second at most; shorter runs never do. It never fails. */
export function progressRecorder(
  { prisma }: Pick<Database, 'prisma'>,
  { sourceId, runId }: { readonly sourceId: number; readonly runId: string },
): (progress: Pick<RunCounts, 'listed' | 'new' | 'changed'>) => void {
  let next = performance.now() + watchedEveryMs;
  return ({ listed, new: newSessions, changed }) => {
    if (performance.now() < next) return;
    next = Number.POSITIVE_INFINITY;
    prisma
      .$transaction([
        prisma.syncRun.updateMany({
          where: { sourceId, runId, status: 'running' },
          data: { listed, newSessions, changed },
        }),
        raiseVersion(prisma, sourceId),
      ])
      // The run itself will say what is wrong with the database.
      .catch(() => undefined)
      .finally(() => {
        next = performance.now() + watchedEveryMs;
      });
  };
}

/** Closes a run's record. A run that another has replaced was closed by that one, and stays so. */
export async function finishRun(
  { prisma }: Pick<Database, 'prisma'>,
  { sourceId, runId }: { readonly sourceId: number; readonly runId: string },
  { status, form, counts, requests, bytesReceived, error }: RunOutcome,
): Promise<void> {
  const { listed, new: newSessions, changed, unchanged, unreadable, unfetched, missing } = counts;
  await prisma.$transaction([
    // PostgreSQL's clock, as for the start.
    prisma.$executeRaw`
      update sync_runs set finished_at = now()
      where source_id = ${sourceId}::integer and run_id = ${runId}::uuid and status = 'running'`,
    prisma.syncRun.updateMany({
      where: { sourceId, runId, status: 'running' },
      data: {
        status,
        form,
        listed,
        newSessions,
        changed,
        unchanged,
        unreadable,
        unfetched,
        missing,
        requests,
        bytesReceived: BigInt(bytesReceived),
        errorKind: error?.kind ?? null,
        errorMessage: error?.message ?? null,
      },
    }),
    raiseVersion(prisma, sourceId),
  ]);
}

const raiseVersion = (prisma: PrismaClient, id: number) =>
  prisma.source.update({ where: { id }, data: { version: { increment: 1 } }, select: { id: true } });
