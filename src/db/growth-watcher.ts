import type { Statements } from './statements.ts';

const firstLook = 2_000;

/**
 * A function that is told how many sessions were just added and has the tables analysed when a run multiplied them: until then
 * the planner takes a first sync's tables for nearly empty, and autovacuum looks once a minute.
 */
export function growthWatcher(statement: Statements): (inserted: number) => Promise<void> {
  let added = 0;
  let nextLook = firstLook;
  return async (inserted) => {
    added += inserted;
    if (added < nextLook) return;
    nextLook = added * 4;
    const [table] = await statement.$queryRawUnsafe<{ rows: number }[]>(
      `select reltuples::double precision as rows from pg_class where oid = 'sessions'::regclass`,
    );
    if ((table?.rows ?? 0) >= added * 2) return;
    await statement.$executeRawUnsafe('analyze sessions, jobs');
  };
}
