import type { Access } from '../api/rows.ts';

type Limits = Pick<Access, 'sources' | 'customers'>;

/** What a limited key shows, in words; undefined: everything. */
export function describeLimits({ sources, customers }: Limits): string | undefined {
  const parts = [
    ...(customers.length > 0 ? [`of ${customers.join(', ')}`] : []),
    ...(sources.length > 0 ? [`at ${sources.join(', ')}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' ');
}

/** Says that there may be more than is shown. */
export function KeyLimits({ access }: { readonly access: Limits | undefined }) {
  const limits = access === undefined ? undefined : describeLimits(access);
  if (limits === undefined) return null;
  return <span class="tone plain">This key shows what is {limits}</span>;
}
