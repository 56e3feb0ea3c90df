-- What a question of two filters needs to be fast: knowledge of which values go together.

-- Without it the planner takes the words of a session for independent, expects a page of failed successes within a moment,
-- and walks the whole history in search of it.
create statistics sessions_words_stats (mcv) on kind, job_type, result, state, is_retry, outcome from sessions;

-- A backup server belongs to one source. Statistics on expressions came with PostgreSQL 14.
do $$
begin
  if current_setting('server_version_num')::integer >= 140000 then
    execute 'create statistics sessions_place_stats (mcv) on source_id, (left(server_name, 100)) from sessions';
  end if;
end;
$$;

-- Runs of jobs are one session in fifty or a hundred: too few to be met along created_at soon.
drop index sessions_rare_job_type_idx;
create index sessions_rare_job_type_idx on sessions(left(job_type, 100), created_at) where job_type <> 'AgentManagement';

analyze sessions;
