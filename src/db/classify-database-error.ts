import { SyncError } from '../domain/sync-error.ts';
import { adviseOnRefusal } from './advise-on-refusal.ts';

// SQLSTATE classes that pass by themselves: connection, resources, operator intervention, serialization and deadlock.
const transientStates = /^(08|53|57|40)/;
const transientCodes =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|EPIPE|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|P1001|P1002|P1008|P1017|P2024|P2028/;
const transientWords =
  /connection terminated|timeout exceeded|query read timeout|connection error and is not queryable|server closed|can't reach database|starting up|shutting down/i;

/** Any error of the database as a SyncError; one that is a SyncError already stays as it is. */
export function classifyDatabaseError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  const texts = [...describe(error)];
  const isTransient = texts.some(
    (text) => transientStates.test(text) || transientCodes.test(text) || transientWords.test(text),
  );
  const message = texts.find((text) => text.includes(' ')) ?? String(error);
  // A pooler gives a refusal the code of a lost connection: waiting would not mend it.
  const refusal = adviseOnRefusal(texts);
  if (refusal === undefined) {
    return isTransient
      ? new SyncError('transient', `The database did not answer: ${message}`, { cause: error })
      : new SyncError('permanent', `The database refused: ${message}`, { cause: error });
  }
  return new SyncError(
    refusal.mayPass === true ? 'transient' : 'permanent',
    `The database refused: ${endSentence(message)} ${refusal.advice}`,
    { cause: error },
  );
}

const endSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Codes and messages along the chain of causes; Prisma hides PostgreSQL's own under several layers. */
function* describe(error: unknown, depth = 0): Generator<string> {
  if (typeof error !== 'object' || error === null || depth > 5) return;
  const { code, message, originalCode, originalMessage, cause, meta, driverAdapterError } = error as Record<
    string,
    unknown
  >;
  for (const inner of [cause, driverAdapterError, meta]) yield* describe(inner, depth + 1);
  for (const text of [originalMessage, message, originalCode, code]) if (typeof text === 'string') yield text;
}
