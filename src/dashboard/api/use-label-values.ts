import { useQuery } from '@tanstack/preact-query';
import { useMemo } from 'preact/hooks';
import { readLabels } from './ask.ts';

/** Labels are given by hand, now and then. */
const staleMs = 300_000;

/** The values of a label, in order: what there is to choose from. */
export function useLabelValues(name: 'customer' | 'site'): readonly string[] {
  const { data } = useQuery({
    queryKey: ['labels', name],
    queryFn: ({ signal }) => readLabels(name, signal),
    staleTime: staleMs,
  });
  return useMemo(
    () => [...new Set(data?.map(({ value }) => value))].toSorted((a, b) => a.localeCompare(b)),
    [data],
  );
}
