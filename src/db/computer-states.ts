import type { ComputerStanding } from '../domain/computer-state.ts';
import type { Database } from './open-database.ts';

/** Every computer of report.computers, with its state. Bytes only with `withBytes`, which costs a look at each newest session. */
export async function readComputerStates(
  { pool }: Pick<Database, 'pool'>,
  withBytes = false,
): Promise<readonly ComputerStanding[]> {
  const { rows } = await pool.query<ComputerStanding>(
    `select
       computer.source,
       computer.computer,
       coalesce(computer.customer, '') as customer,
       case
         when computer.is_muted then 'muted'
         when computer.last_session_at is null then 'never'
         when computer.is_overdue then 'overdue'
         when computer.last_outcome = 'failed' then 'failed'
         when computer.missed_last_expected then 'missed'
         else 'ok'
       end as state,
       extract(epoch from computer.last_success_at)::double precision as "lastSuccess",
       computer.last_outcome as "lastOutcome",
       computer.consecutive_failures as "consecutiveFailures",
       ${
         withBytes
           ? `(
         select session.processed_bytes::double precision
         from sessions as session
         where session.source_id = computer.source_key::integer
           and left(session.computer, 100) = left(computer.computer, 100)
           and session.computer = computer.computer
           and session.processed_bytes is not null
         order by session.created_at desc
         limit 1
       )`
           : 'null::double precision'
       } as "lastBytes"
     from report.computers as computer`,
  );
  return rows;
}
