import type { DiscoveredComputer } from '../domain/inventory.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Statements } from './statements.ts';

/** Whether it is six hours since EM was asked for the computers it has discovered: the list may be long and changes slowly. */
export async function areComputersDueNow(statement: Statements, sourceId: number): Promise<boolean> {
  const [row] = await statement.$queryRawUnsafe<{ due: boolean }[]>(
    `select computers_read_at is null or computers_read_at < now() - interval '6 hours' as due
     from sources where id = $1::integer`,
    sourceId,
  );
  return row?.due ?? true;
}

/** Stores the computers EM has discovered; undefined: it did not say. Those it no longer shows are forgotten. */
export async function noteComputers(
  statement: Statements,
  sourceId: number,
  computers: readonly DiscoveredComputer[] | undefined,
): Promise<void> {
  await statement.$executeRawUnsafe(
    'update sources set computers_read_at = now() where id = $1::integer',
    sourceId,
  );
  if (computers === undefined) return;
  await statement.$executeRawUnsafe(
    `with incoming as (
       select distinct on (computer_id) *
       from unnest($2::uuid[], $3::text[], $4::jsonb[]) as incoming(computer_id, computer, extra)
     ),
     gone as (
       delete from discovered_computers as known
       where known.source_id = $1::integer and not exists (select from incoming where incoming.computer_id = known.computer_id)
     )
     insert into discovered_computers as known (source_id, computer_id, computer, extra)
     select $1::integer, incoming.* from incoming
     on conflict (source_id, computer_id) do update set
       computer = excluded.computer,
       extra = excluded.extra,
       last_seen_at = now()`,
    sourceId,
    arrayLiteral(computers.map((computer) => computer.id)),
    arrayLiteral(computers.map((computer) => computer.name)),
    arrayLiteral(
      computers.map((computer) => (computer.extra === null ? null : JSON.stringify(computer.extra))),
    ),
  );
}
