import { useLocation } from 'preact-iso';
import { useMemo } from 'preact/hooks';
import { toSearch, type Query } from '../api/ask.ts';

export type Filters = {
  /** What the address says, of the names that the page knows. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly first: (name: string) => string;
  /** Changes the address, which is the only place where filters are kept; a page of the list is given up for its first. */
  readonly set: (change: Query, options?: { readonly replace?: boolean }) => void;
};

/** The filters of a page, kept in its address, so that it can be shared and gone back to. */
export function useFilters(names: readonly string[]): Filters {
  const { url, path, route } = useLocation();
  const search = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  return useMemo(() => {
    const given = new URLSearchParams(search);
    const values = Object.fromEntries(
      names.flatMap((name) => {
        const all = given.getAll(name).filter((value) => value !== '');
        return all.length === 0 ? [] : [[name, all]];
      }),
    );
    return {
      values,
      first: (name) => values[name]?.[0] ?? '',
      set: (change, { replace = false } = {}) => {
        route(`${path}${toSearch({ ...values, cursor: undefined, ...change })}`, replace);
      },
    };
  }, [search, path, route, names]);
}
