/** How /query answers. Honest in everything, if not told otherwise; may be changed at any time. */
export type QueryManners = {
  /** `ignored`: every row fits. `first-alternative`: of `a,b` only `a` counts. */
  filter: 'honest' | 'ignored' | 'first-alternative';
  /** `fixed`: always 100, whatever is asked for. `capped`: at most 10. Both are said in PagingInfo. */
  pageSize: 'honest' | 'fixed' | 'capped';
  /** Missing, or with fewer or more pages than there are. */
  paging: 'honest' | 'missing' | 'too-few' | 'too-many';
  /** `unstable`: rows with equal keys stand in another order at every request. */
  order: 'honest' | 'unstable';
  /**
   * `removed-between-pages`: whenever a later page is asked for, the first three rows have been removed. `short-batches`: a row
   * fewer than there are, where rows are asked for by ids. `twice`: the last row of a page again. `spoiled`: the first row of
   * a page cannot be read.
   */
  rows: 'honest' | 'removed-between-pages' | 'short-batches' | 'twice' | 'spoiled';
  /** Whether a child names its parent. */
  parentLinks: boolean;
  /** Whether task sessions can be queried. */
  tasks: boolean;
  /** Answers with a status alone. */
  status: number | undefined;
  /** How far back it reaches; the whole retention if not said. */
  reachDays: number | undefined;
};

export const honestQuery: Readonly<QueryManners> = {
  filter: 'honest',
  pageSize: 'honest',
  paging: 'honest',
  order: 'honest',
  rows: 'honest',
  parentLinks: true,
  tasks: true,
  status: undefined,
  reachDays: undefined,
};
