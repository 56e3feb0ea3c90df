-- What the running service keeps: the schedule as configured at the last start, and what it was asked to do.

alter table sources
  add column interval_seconds double precision,
  add column refused_credentials text;

alter table backfills
  alter column read_down_to drop not null,
  add column wanted_since timestamptz(6);

create table api_keys (
  id uuid not null default gen_random_uuid(),
  name text not null,
  scope text not null,
  key_hash bytea not null,
  created_at timestamptz(6) not null default current_timestamp,
  last_used_at timestamptz(6),
  revoked_at timestamptz(6),
  constraint api_keys_pkey primary key (id)
);
create unique index api_keys_key_hash_key on api_keys (key_hash);

-- One row. Tells this history's queue from those of other histories in the same Redis.
create table installation (
  id uuid not null default gen_random_uuid(),
  constraint installation_pkey primary key (id)
);
insert into installation default values;
