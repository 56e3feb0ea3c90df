import type { TableColumn } from './data-table.tsx';

type Labelled = { readonly customer: string | null; readonly site: string | null };

/** Columns for customer and site, each only where one of the rows has it. */
export function labelColumns<Row extends Labelled>(rows: readonly Row[]): readonly TableColumn<Row>[] {
  return [
    ...(rows.some(({ customer }) => customer !== null)
      ? [{ title: 'Customer', cell: (row: Row) => row.customer ?? '–', isShort: true }]
      : []),
    ...(rows.some(({ site }) => site !== null)
      ? [{ title: 'Site', cell: (row: Row) => row.site ?? '–', isShort: true, isMinor: true }]
      : []),
  ];
}

/** The same of one thing, for its page. */
export const labelFacts = ({ customer, site }: Labelled): readonly (readonly [string, string])[] => [
  ...(customer === null ? [] : [['Customer', customer] as const]),
  ...(site === null ? [] : [['Site', site] as const]),
];
