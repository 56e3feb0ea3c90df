-- Sessions without a task of known size were given the largest number there is: what is not known is null.
update sessions as session
set processed_bytes = null
where session.processed_bytes = 9223372036854775807
  and not exists (
    select from tasks as task
    where task.source_id = session.source_id and task.session_id = session.session_id and task.total_bytes is not null
  );
