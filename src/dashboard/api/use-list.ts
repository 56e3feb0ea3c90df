import { keepPreviousData, useQuery } from '@tanstack/preact-query';
import { readList, type Query } from './ask.ts';
import type { ListPath } from './rows.ts';

/** Every list is asked again so often; while nothing was synced the answer is an empty 304. */
export const freshMs = 30_000;

/** A page of a list, asked again while it is looked at; while another page is on its way, the last one stays. */
export function useList<P extends ListPath>(
  path: P,
  query: Query,
  options: { readonly everyMs?: number } = {},
) {
  return useQuery({
    queryKey: [path, query],
    queryFn: ({ signal }) => readList(path, query, signal),
    refetchInterval: options.everyMs ?? freshMs,
    placeholderData: keepPreviousData,
  });
}

/** How many rows a question has. */
export function useCount(path: ListPath, query: Query): number | undefined {
  const { data } = useList(path, { ...query, limit: 1, count: 'exact' });
  return data?.page.count;
}
