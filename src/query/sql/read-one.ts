import type pg from 'pg';
import { limitColumns, type Limits } from '../limits.ts';
import type { Resource } from '../resource.ts';
import type { Row } from '../row.ts';
import { rawTypes, valueReader, type RawRow } from './read-values.ts';

/** The rows with that value, of all sources or one: one, but for things that several sources know by the same name. */
export async function readOne(
  client: pg.ClientBase,
  resource: Resource,
  column: 'job_id' | 'computer' | 'run_id',
  wanted: string,
  source: string | undefined,
  limits: Limits,
): Promise<readonly Row[]> {
  const limited = limitColumns(resource, limits);
  const type = column === 'computer' ? 'text' : 'uuid';
  const { rows } = await client.query<RawRow[]>({
    text: `select ${resource.columns.map(({ name }) => name).join(', ')}
from ${resource.relation} as row
where ${column} = $1::${type} and ($2::text is null or source = $2::text)
  ${limited.map(({ column }, index) => `and ${column} = any($${index + 3}::text[])`).join(' ')}
order by source`,
    values: [wanted, source ?? null, ...limited.map(({ values }) => values)],
    rowMode: 'array',
    types: rawTypes,
  });
  return (rows as unknown as RawRow[]).map(valueReader(resource.columns));
}
