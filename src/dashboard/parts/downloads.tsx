import { useMutation } from '@tanstack/preact-query';
import { send, toSearch, type Query } from '../api/ask.ts';
import type { ListPath } from '../api/rows.ts';

const formats = [
  ['csv', 'CSV'],
  ['xlsx', 'Excel'],
  ['parquet', 'Parquet'],
] as const;
type Format = (typeof formats)[number][0];

/** All rows of what is shown, page or not, as a file. Fetched, because the key must not stand in an address. */
export function Downloads({ path, query }: { readonly path: ListPath; readonly query: Query }) {
  const download = useMutation({
    mutationFn: async (format: Format) => {
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
      {formats.map(([format, name]) => (
        <button
          key={format}
          type="button"
          class="quiet"
          disabled={download.isPending}
          aria-label={`Download as ${name}`}
          onClick={() => download.mutate(format)}
        >
          {name}
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
