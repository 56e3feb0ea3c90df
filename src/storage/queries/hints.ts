/** What the SQL has to know beside the question. */
export type Hints = {
  /** Ids of the sources of the filter `source`, where the relation has them; the index on them gives the order as well. */
  readonly sourceIds: readonly number[] | undefined;
  /** How far the end of a session may lie from its start, for a filter on its end. Seconds; negative before it. */
  readonly durations: { readonly leastSeconds: number; readonly mostSeconds: number } | undefined;
};

export const noHints: Hints = { sourceIds: undefined, durations: undefined };
