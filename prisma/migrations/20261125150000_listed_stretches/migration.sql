-- Working state of the poll: records that stood in a row in the last list are compared as one.

create table listed_stretches (
  source_id integer not null,
  head uuid not null,
  body bytea not null,
  constraint listed_stretches_pkey primary key (source_id,head)
);

-- Hashes do not compress.
alter table listed_stretches alter column body set storage external;
