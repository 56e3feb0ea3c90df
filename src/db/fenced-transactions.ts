import { SyncError } from '../domain/sync-error.ts';
import { classifyDatabaseError } from './classify-database-error.ts';
import type { Database } from './database.ts';
import type { Statements, Transaction } from './statements.ts';
import { isHolder } from './sync-runs.ts';
import type { TakenSource } from './take-source.ts';

/** Transactions each of which proves first that the run still holds the source. They throw SyncErrors. */
export function fencedTransactions(
  database: Pick<Database, 'transaction' | 'store'>,
  run: Pick<TakenSource, 'sourceId' | 'whileHeld'> & { readonly fence: bigint; readonly name: string },
) {
  const fenced =
    (transaction: Transaction): Transaction =>
    async (statements) => {
      const work = async (statement: Statements) => {
        if (await isHolder(statement, run.sourceId, run.fence)) return statements(statement);
        throw new SyncError('interrupted', `Another run has taken over source ${run.name}; this one stops.`);
      };
      try {
        return await run.whileHeld(transaction(work));
      } catch (error) {
        throw classifyDatabaseError(error);
      }
    };
  return {
    /** The books. */
    note: fenced(database.transaction),
    /** What Enterprise Manager showed. */
    store: fenced(database.store),
  };
}
