import type { Filter, KeyPart, Order, Resource } from './resource.ts';

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
  /** undefined: that of the resource's key. */
  readonly order: Order | undefined;
  readonly isDescending: boolean;
  readonly after: Position | undefined;
  readonly limit: number | undefined;
  readonly count: CountMode;
};

/** What the rows of an answer are ordered by, and told apart. */
export function orderKey({ key }: Resource, order: Order | undefined): readonly KeyPart[] {
  return order?.by === undefined ? key : [order.by, ...key];
}

/** What is wrong with one parameter, to go on after its name. */
export type Problem = { readonly parameter: string; readonly message: string };
