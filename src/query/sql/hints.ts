/** What the SQL has to know beside the question. */
export type Hints = {
  /** Ids of the sources of the filter `source`, where the relation has them; the index on them gives the order as well. */
  readonly sourceIds: readonly number[] | undefined;
  /** How far the end of a session may lie from its start, for a filter on its end. Seconds; negative before it. */
  readonly durations: { readonly leastSeconds: number; readonly mostSeconds: number } | undefined;
  /** What the word of the filter `search` is part of; undefined where names alone do not tell. */
  readonly searched: Searched | undefined;
};

/** All jobs with sessions that have the word in a name, as far as those are named as sessions are. `many`: more than can be asked for one by one. */
export type Searched =
  { readonly jobNames: readonly string[] } | { readonly many: 'along the time' | 'anywhere' };

export const noHints: Hints = { sourceIds: undefined, durations: undefined, searched: undefined };
