import type { ComponentChildren } from 'preact';

export type TableColumn<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What the API's `sort` calls it, where it can be sorted by. */
  readonly sort?: string;
  readonly isNumber?: boolean;
  /** Left out where there is no room. */
  readonly isMinor?: boolean;
  /** A word or a name, never broken; one that is too long is cut off. */
  readonly isShort?: boolean;
  /** Sentences: as wide as they need to be read. */
  readonly isText?: boolean;
};

/** Rows under headings, some of which sort. Scrolls sideways where it is narrow, also by keyboard. */
export function DataTable<Row>(props: {
  readonly caption: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly sort?: string | undefined;
  readonly onSort?: (sort: string) => void;
  readonly empty?: ComponentChildren;
}) {
  const { columns, rows, sort } = props;
  if (rows.length === 0) return <p class="empty">{props.empty ?? 'Nothing matches.'}</p>;
  return (
    <div class="scroller" role="region" aria-label={props.caption} tabIndex={0}>
      <table>
        <caption class="hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.title}
                scope="col"
                class={classOf(column)}
                aria-sort={sortOf(column.sort, sort)}
              >
                {column.sort === undefined || props.onSort === undefined ? (
                  column.title
                ) : (
                  <button
                    type="button"
                    class="sorter"
                    onClick={() => props.onSort?.(nextSort(column.sort ?? '', sort))}
                  >
                    {column.title}
                    <span aria-hidden="true">{arrowOf(column.sort, sort)}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={props.rowKey(row)}>
              {columns.map((column) => (
                <td key={column.title} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Manner = Pick<TableColumn<never>, 'isNumber' | 'isMinor' | 'isShort' | 'isText'>;

const classOf = ({ isNumber, isMinor, isShort, isText }: Manner) =>
  Object.entries({ number: isNumber, minor: isMinor, short: isShort, text: isText })
    .flatMap(([name, isSo]) => (isSo === true ? [name] : []))
    .join(' ');

/** The largest or newest first, then the other way round. */
const nextSort = (field: string, sort: string | undefined) => (sort === `-${field}` ? field : `-${field}`);
const sortOf = (field: string | undefined, sort: string | undefined) =>
  field === undefined || sort === undefined
    ? undefined
    : sort === field
      ? 'ascending'
      : sort === `-${field}`
        ? 'descending'
        : 'none';
const arrowOf = (field: string, sort: string | undefined) =>
  sort === field ? ' ↑' : sort === `-${field}` ? ' ↓' : ' ↕';
