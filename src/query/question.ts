import type { Filter } from './resource.ts';

export type Condition = {
  readonly filter: Filter;
  /** As PostgreSQL reads them; one, but for `equal`. */
  readonly values: readonly string[];
};

/** Where a page begins: the key of the last row before it. */
export type Position = readonly string[];

export const countModes = ['none', 'estimated', 'exact'] as const;
export type CountMode = (typeof countModes)[number];

/** A checked question about a resource. */
export type Question = {
  readonly conditions: readonly Condition[];
  readonly isDescending: boolean;
  readonly after: Position | undefined;
  readonly limit: number | undefined;
  readonly count: CountMode;
};

/** What is wrong with one parameter, to go on after its name. */
export type Problem = { readonly parameter: string; readonly message: string };
