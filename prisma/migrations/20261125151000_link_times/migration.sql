-- Links of some days are found without a look at every session's row a second time.
create or replace view report.session_links as
select
  source.name as source,
  session.parent_session_id,
  session.session_id as child_session_id,
  exists (
    select from sessions as parent
    where parent.source_id = session.source_id and parent.session_id = session.parent_session_id
  ) as parent_known,
  session.created_at
from sessions as session
join sources as source on source.id = session.source_id
where session.parent_session_id is not null;

comment on column report.session_links.created_at is 'Start of the child (UTC).';
