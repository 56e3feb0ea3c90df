import type { Stretch, StretchChanges } from '../domain/stretch.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';

/** Stretches a statement: some hundred bytes each. */
const batchSize = 500;

/** The stretches of the last list as one value: of each its head (16 bytes), the size of its body (4 bytes, big-endian), its body. */
export async function readStretches(statement: Statements, sourceId: number): Promise<Uint8Array> {
  const [row] = await statement.$queryRawUnsafe<{ packed: string | null }[]>(
    `select encode(string_agg(uuid_send(head) || int4send(length(body)) || body, ''::bytea), 'base64') as packed
     from listed_stretches
     where source_id = $1::integer`,
    sourceId,
  );
  return Buffer.from(row?.packed ?? '', 'base64');
}

/** After a complete list: forgets the stretches it did not show again, and keeps those it formed. */
export async function replaceStretches(
  statement: Statements,
  sourceId: number,
  { formed, gone }: StretchChanges,
): Promise<void> {
  if (gone.length > 0) {
    await statement.$executeRawUnsafe(
      `delete from listed_stretches where source_id = $1::integer and head = any($2::uuid[])`,
      sourceId,
      arrayLiteral(gone),
    );
  }
  for (let at = 0; at < formed.length; at += batchSize)
    await insertStretches(statement, sourceId, formed.slice(at, at + batchSize));
}

async function insertStretches(
  statement: Statements,
  sourceId: number,
  stretches: readonly Stretch[],
): Promise<void> {
  await statement.$executeRawUnsafe(
    `insert into listed_stretches (source_id, head, body)
     select $1::integer, head, decode(body, 'hex')
     from unnest($2::uuid[], $3::text[]) as formed(head, body)
     -- The same record twice in one list: the first stretch it begins is kept.
     on conflict do nothing`,
    sourceId,
    arrayLiteral(stretches.map(({ head }) => head)),
    arrayLiteral(
      stretches.map(({ body }) => Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('hex')),
    ),
  );
}
