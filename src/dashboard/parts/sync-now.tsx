import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import { useEffect } from 'preact/hooks';
import { readList, requestSync } from '../api/ask.ts';
import type { SyncRun } from '../api/rows.ts';
import { useAccess } from '../api/use-access.ts';
import { formatCount } from '../format/numbers.ts';

const everyMs = 700;
const isOver = (run: SyncRun | undefined): boolean => run !== undefined && run.status !== 'running';

/** Asks for a sync and follows it; only for keys that may. */
export function SyncNow({ source }: { readonly source: string }) {
  const client = useQueryClient();
  const access = useAccess();
  const asking = useMutation({ mutationFn: () => requestSync(source) });
  const since = asking.data;
  const { data: run } = useQuery({
    queryKey: ['follow', source, since],
    enabled: since !== undefined,
    queryFn: async ({ signal }) =>
      (
        await readList(
          '/api/v1/sync-runs',
          { source, startedFrom: since, sort: 'startedAt', limit: 1 },
          signal,
        )
      ).data[0] ?? null,
    refetchInterval: ({ state }) => (isOver(state.data ?? undefined) ? false : everyMs),
    gcTime: 0,
  });
  const isDone = isOver(run ?? undefined);
  useEffect(() => {
    if (isDone) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'follow' });
  }, [isDone, client]);
  if (access.data?.scope !== 'operate')
    return (
      <span class="dim" title="Your key may only read.">
        –
      </span>
    );
  const isBusy = asking.isPending || (since !== undefined && !isDone);
  return (
    <span class="sync-now">
      <button
        type="button"
        disabled={isBusy}
        aria-label={`Sync now: ${source}`}
        onClick={() => asking.mutate()}
      >
        Sync now
      </button>{' '}
      <span role="status" class={asking.error !== null || run?.status === 'failed' ? 'trouble' : 'dim'}>
        {asking.error !== null ? asking.error.message : since === undefined ? '' : describe(run ?? undefined)}
      </span>
    </span>
  );
}

function describe(run: SyncRun | undefined): string {
  if (run === undefined) return 'waiting for a worker…';
  const counts = `${formatCount(run.listed)} listed, ${formatCount(run.newSessions)} new, ${formatCount(run.changed)} changed`;
  switch (run.status) {
    case 'running':
      return `reading: ${counts}…`;
    case 'succeeded':
      return `done: ${counts}`;
    case 'failed':
      return run.errorMessage ?? 'failed';
  }
}
