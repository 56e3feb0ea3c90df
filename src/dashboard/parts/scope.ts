import type { Filters } from './use-filters.ts';

/** What a page is about, as far as every list can be asked for it. Several values of one mean any of them. */
export type Scope = {
  readonly source: readonly string[] | undefined;
  readonly customer: readonly string[] | undefined;
  readonly site: readonly string[] | undefined;
};

export const scopeNames = ['source', 'customer', 'site'] as const;

export const scopeOf = ({ values }: Filters): Scope => ({
  source: values['source'],
  customer: values['customer'],
  site: values['site'],
});
