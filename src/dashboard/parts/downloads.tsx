import { useMutation } from '@tanstack/preact-query';
import { send, toSearch, type Query } from '../api/ask.ts';
import type { ListPath } from '../api/rows.ts';

/** All rows of what is shown, page or not, as a file. Fetched, because the key must not stand in an address. */
export function Downloads({ path, query }: { readonly path: ListPath; readonly query: Query }) {
  const download = useMutation({
    mutationFn: async (format: 'csv' | 'parquet') => {
      const answer = await send(
        `${path}${toSearch({ ...query, cursor: undefined, limit: undefined, count: undefined, format })}`,
      );
      const address = URL.createObjectURL(await answer.blob());
      const link = document.createElement('a');
      link.href = address;
      link.download = `${path.split('/').at(-1) ?? 'rows'}.${format}`;
      link.click();
      URL.revokeObjectURL(address);
    },
  });
  return (
    <span class="downloads">
      <span class="dim">{download.isPending ? 'Downloading…' : 'Download'}</span>
      {(['csv', 'parquet'] as const).map((format) => (
        <button
          key={format}
          type="button"
          class="quiet"
          disabled={download.isPending}
          aria-label={`Download as ${format === 'csv' ? 'CSV' : 'Parquet'}`}
          onClick={() => download.mutate(format)}
        >
          {format === 'csv' ? 'CSV' : 'Parquet'}
        </button>
      ))}
      {download.error !== null && (
        <span class="trouble" role="alert">
          {download.error.message}
        </span>
      )}
    </span>
  );
}
