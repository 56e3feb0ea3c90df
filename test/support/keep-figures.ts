import type { TestDatabase } from './test-database.ts';

/** Puts right what is kept beside the sessions, from the stated rule alone: for tests that write sessions by hand. */
export async function keepFigures({ query }: TestDatabase): Promise<void> {
  await query(`
    update sessions as session
    set run_started_at = attempt.run_started_at, is_last_attempt = attempt.is_last_attempt
    from session_attempts as attempt
    where session.source_id = attempt.source_id and session.session_id = attempt.session_id`);
  await query(`
    insert into computers (source_id, computer_key, computer)
    select distinct source_id, computer_key(computer), computer from sessions where kind = 'computer' and computer is not null
    on conflict (source_id, computer_key) do update set is_stale = true`);
}
