import type pg from 'pg';
import { classifyDatabaseError } from './classify-database-error.ts';
import { connectClient } from './connect-client.ts';

/**
 * Works out again, from sessions and tasks alone, everything that is kept beside them: places in runs, computers, totals of days, names for
 * searches. One transaction, in a connection without a limit of time: millions of sessions take minutes.
 */
export async function rebuildDerived(databaseUrl: string): Promise<void> {
  let client: pg.Client | undefined;
  try {
    client = await connectClient(databaseUrl, 'session-history rebuild', { settings: { work_mem: '256MB' } });
    await client.query('begin');
    // Writers take their source first: they wait here, and nowhere else.
    await client.query('update sources set version = version + 1');
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
    await client.query('analyze sessions, computers, daily_totals, session_names');
  } catch (error) {
    throw classifyDatabaseError(error);
  } finally {
    await client?.end();
  }
}

const statements = [
  `update sessions as session
   set run_started_at = attempt.run_started_at, is_last_attempt = attempt.is_last_attempt,
     last_changed_at = now(), change_number = source.version
   from session_attempts as attempt
   join sources as source on source.id = attempt.source_id
   where session.source_id = attempt.source_id
     and session.session_id = attempt.session_id
     and (session.run_started_at, session.is_last_attempt)
       is distinct from (attempt.run_started_at, attempt.is_last_attempt)`,
  // Sessions may have been deleted by hand.
  `delete from computers
   where not exists (
     select 1 from sessions
     where sessions.source_id = computers.source_id
       and left(sessions.computer, 100) = left(computers.computer, 100)
       and sessions.computer = computers.computer
       and sessions.kind = 'computer'
   )`,
  `insert into computers (source_id, computer_key, computer)
   select source_id, computer_key(computer), computer
   from (
     select source_id, computer from sessions
     where kind = 'computer' and computer is not null
     group by source_id, computer
   ) as known
   on conflict (source_id, computer_key) do update set is_stale = true`,
  `with fresh as materialized (
     select * from computer_pasts
   )
   update computers as known
   set is_stale = false,
     first_run_at = fresh.first_run_at,
     last_session_at = fresh.last_session_at,
     last_outcome = fresh.last_outcome,
     last_success_at = fresh.last_success_at,
     consecutive_failures = fresh.consecutive_failures,
     usual_interval_seconds = fresh.usual_interval_seconds,
     expected_by = fresh.expected_by,
     last_job_id = fresh.last_job_id,
     last_server_id = fresh.last_server_id,
     last_changed_at = now(),
     change_number = source.version
   from fresh
   join sources as source on source.id = fresh.source_id
   where known.source_id = fresh.source_id and known.computer_key = fresh.computer_key`,
  'delete from daily_totals',
  'delete from stale_days',
  'insert into daily_totals select * from daily_totals_rule',
  `delete from session_names`,
  `insert into session_names (source_id, name_key, job_name, names)
   select source_id, computer_key(names), job_name, names
   from (
     select distinct
       source_id, job_name, job_name || coalesce(e'\\x01' || computer, '') || coalesce(e'\\x01' || server_name, '') as names
     from sessions
     where job_name is not null
   ) as written
   on conflict (source_id, name_key) do nothing`,
] as const;
