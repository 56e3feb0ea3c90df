import { SyncError } from '../../domain/sync-error.ts';

/** What Citus says of a table that it cannot distribute, for people; other errors as they are. */
export function refuseOrExplain(error: unknown, table: string): unknown {
  const { code, message, detail, hint } = error as {
    readonly code?: string;
    readonly message?: string;
    readonly detail?: string;
    readonly hint?: string;
  };
  // Feature not supported, object not in prerequisite state, undefined object, insufficient privilege.
  if (!['0A000', '55000', '42704', '42501'].includes(code ?? '')) return error;
  return new SyncError(
    'permanent',
    `Citus cannot distribute table ${table}: ${[message, detail, hint].filter((part) => part !== undefined).join('. ')}. Nothing was changed.`,
    { cause: error },
  );
}
