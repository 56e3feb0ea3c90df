import { useLocation } from 'preact-iso';
import { toSearch } from '../api/ask.ts';
import { formatCount } from '../format/numbers.ts';
import type { Filters } from './use-filters.ts';

/** On to the next page, or back to the first; the browser's own Back goes to the one before. */
export function Pager(props: {
  readonly filters: Filters;
  readonly page: { readonly nextCursor: string | null; readonly count?: number };
  readonly what: string;
}) {
  const { path } = useLocation();
  const { filters, page } = props;
  const { cursor, ...values } = filters.values;
  return (
    <nav class="pager" aria-label={`Pages of ${props.what}`}>
      <span class="dim" role="status">
        {page.count !== undefined && `${formatCount(page.count)} ${props.what}`}
      </span>
      {cursor !== undefined && <a href={`${path}${toSearch(values)}`}>First page</a>}
      {page.nextCursor !== null && (
        <a href={`${path}${toSearch({ ...values, cursor: page.nextCursor })}`} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}
