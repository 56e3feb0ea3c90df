import type { ErrorKind } from './sync-error.ts';

/** How the polling of one scheduled source goes. Times are milliseconds since 1970. */
export type SourceProgress = {
  readonly source: string;
  readonly intervalMs: number;
  /** Of the newest run that ended, whatever its outcome; backfills do not count. */
  readonly lastFinishedAt: number | null;
  readonly lastStatus: 'succeeded' | 'failed' | null;
  readonly lastErrorKind: ErrorKind | null;
  /** Sessions that the last run saw, so that a run which failed over a single record is told from one that saw nothing. */
  readonly lastListed: number;
  readonly lastMissing: number;
  /** Failed runs since the last success, at most 20; those that were cut short are not counted. */
  readonly failuresInARow: number;
  /** Or the end of the last whole list, if polls since have only asked for changes. */
  readonly lastSuccessStartedAt: number | null;
  readonly lastSuccessAt: number | null;
  /** When EM last finished collecting from its backup servers, where the account may know. */
  readonly lastCollectedAt: number | null;
  readonly refusedCredentials: string | null;
  /** Whether tasks are due, and whether there are gaps to read, or days that somebody asked for. */
  readonly hasDueTasks: boolean;
  readonly hasBackfill: boolean;
  /** What is known not to be stored as it should be, by kind. */
  readonly unreadableHoles: number;
  readonly unfetchedHoles: number;
  readonly tasksHoles: number;
  readonly gapHoles: number;
  readonly uncoveredSeconds: number;
};
