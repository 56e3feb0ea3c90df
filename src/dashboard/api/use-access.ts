import { useQuery } from '@tanstack/preact-query';
import { readAccess } from './ask.ts';
import { freshMs } from './use-list.ts';

/** What the key of this tab may do and see; asked again as everything is: a key may be revoked. */
export const useAccess = () =>
  useQuery({
    queryKey: ['access'],
    queryFn: ({ signal }) => readAccess(signal),
    refetchInterval: freshMs,
  });
