/** A table that grows with the history, and the column along which its rows are copied within a source, through an index. */
export type SplitTable = {
  readonly name: string;
  /** Together with source_id its primary key. */
  readonly key: string;
  readonly along: string;
  readonly alongType: 'timestamptz' | 'uuid';
};

/**
 * What is split by source: all that grows with every poll. The other tables grow with computers, names and days; a provider's
 * would stay under a few million rows for years.
 */
export const splitTables: readonly SplitTable[] = [
  { name: 'sessions', key: 'session_id', along: 'created_at', alongType: 'timestamptz' },
  { name: 'tasks', key: 'task_id', along: 'task_id', alongType: 'uuid' },
  { name: 'sync_runs', key: 'run_id', along: 'started_at', alongType: 'timestamptz' },
];

/** Where copies are made: they have the names of the tables they will replace, and so have their indexes. */
export const copySchema = 'session_history_copies';
/** Where the replaced tables are for the moment between leaving and being dropped. */
export const formerSchema = 'session_history_former';

/** More would cost every question over all sources a look into each, and gain nothing. */
export const mostPartitions = 128;
