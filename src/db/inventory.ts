import type { BackupJob, BackupServer, DiscoveredComputer } from '../domain/inventory.ts';
import type { Write } from './write-transaction.ts';

/** Stores servers and jobs as the source shows them; rows that say the same are not touched, but for when servers were seen. */
export async function writeInventory(
  write: Write,
  servers: readonly BackupServer[],
  jobs: readonly BackupJob[],
): Promise<void> {
  if (servers.length > 0) await upsertServers(write, servers);
  if (jobs.length > 0) await upsertJobs(write, jobs);
}

async function upsertServers(
  { tx, sourceId, version, now }: Write,
  servers: readonly BackupServer[],
): Promise<void> {
  const rows = servers.map(({ id, name, description, version: release, extra }) => ({
    server_id: id,
    server_name: name,
    description,
    version: release,
    extra,
  }));
  await tx.$executeRaw`
    insert into servers as known
      (source_id, server_id, server_name, description, version, extra, first_seen_at, last_seen_at, last_changed_at, change_number)
    select distinct on (server_id)
      ${sourceId}::integer, incoming.*, ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz, ${version}::bigint
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as incoming(server_id uuid, server_name text, description text, version text, extra jsonb)
    on conflict (source_id, server_id) do update set
      server_name = excluded.server_name,
      description = excluded.description,
      version = excluded.version,
      extra = excluded.extra,
      last_seen_at = excluded.last_seen_at,
      last_changed_at = case
        when (known.server_name, known.description, known.version, known.extra)
          is distinct from (excluded.server_name, excluded.description, excluded.version, excluded.extra)
          then excluded.last_changed_at else known.last_changed_at end,
      change_number = case
        when (known.server_name, known.description, known.version, known.extra)
          is distinct from (excluded.server_name, excluded.description, excluded.version, excluded.extra)
          then excluded.change_number else known.change_number end`;
}

async function upsertJobs({ tx, sourceId, version, now }: Write, jobs: readonly BackupJob[]): Promise<void> {
  const rows = jobs.map((job) => ({
    job_id: job.id,
    job_name: job.name,
    server_id: job.serverId,
    job_type: job.jobType,
    platform: job.platform,
    description: job.description,
    schedule_enabled: job.scheduleEnabled,
    next_run_at: job.nextRunAt,
    extra: job.extra,
  }));
  await tx.$executeRaw`
    insert into jobs as known
      (source_id, job_id, job_name, kind, server_id, server_name, job_type, platform, description, schedule_enabled,
       next_run_at, extra, policy_id, first_seen_at, last_changed_at, change_number)
    select distinct on (job_id)
      ${sourceId}::integer, job_id, job_name, case job_type when 'AgentManagement' then 'computer' else 'job' end,
      incoming.server_id, server.server_name, job_type, platform, incoming.description, schedule_enabled,
      next_run_at, incoming.extra, case when job_type is distinct from 'AgentManagement' then job_id end,
      ${now}::timestamptz, ${now}::timestamptz, ${version}::bigint
    from json_to_recordset(${JSON.stringify(rows)}::json) as incoming(
      job_id uuid, job_name text, server_id uuid, job_type text, platform text, description text,
      schedule_enabled boolean, next_run_at timestamptz, extra jsonb
    )
    left join servers as server
      on server.source_id = ${sourceId}::integer and server.server_id = incoming.server_id
    on conflict (source_id, job_id) do update set
      job_name = excluded.job_name,
      kind = excluded.kind,
      server_id = coalesce(excluded.server_id, known.server_id),
      server_name = coalesce(excluded.server_name, known.server_name),
      job_type = excluded.job_type,
      platform = excluded.platform,
      description = excluded.description,
      schedule_enabled = excluded.schedule_enabled,
      next_run_at = excluded.next_run_at,
      extra = excluded.extra,
      policy_id = coalesce(excluded.policy_id, known.policy_id),
      last_changed_at = excluded.last_changed_at,
      change_number = excluded.change_number
    where
      (known.job_name, known.kind, known.job_type, known.platform, known.description, known.schedule_enabled,
       known.next_run_at, known.extra, known.server_id, known.server_name, known.policy_id)
      is distinct from
      (excluded.job_name, excluded.kind, excluded.job_type, excluded.platform, excluded.description,
       excluded.schedule_enabled, excluded.next_run_at, excluded.extra, coalesce(excluded.server_id, known.server_id),
       coalesce(excluded.server_name, known.server_name), coalesce(excluded.policy_id, known.policy_id))`;
}

/** Servers and jobs that sessions name. */
export type NamedInventory = { readonly servers: readonly NamedServer[]; readonly jobs: readonly NamedJob[] };

export type NamedServer = { readonly server_id: string; readonly server_name: string };

export type NamedJob = {
  readonly job_id: string;
  readonly job_name: string;
  readonly kind: string;
  readonly server_id: string | null;
  readonly server_name: string | null;
  /** As far as names tell; null where they tell no more than the job's own, which must not be passed on to other sessions. */
  readonly computer: string | null;
};

/** Adds servers and jobs that sessions name, for accounts that may not read them and for the child jobs nobody lists. */
export async function addNamedInventory(
  { tx, sourceId, version, now }: Write,
  { servers, jobs }: NamedInventory,
): Promise<void> {
  if (servers.length > 0) {
    await tx.$executeRaw`
      insert into servers (source_id, server_id, server_name, first_seen_at, last_seen_at, last_changed_at, change_number)
      select ${sourceId}::integer, server_id, server_name, ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz, ${version}::bigint
      from json_to_recordset(${JSON.stringify(servers)}::json) as incoming(server_id uuid, server_name text)
      on conflict (source_id, server_id) do nothing`;
  }
  if (jobs.length > 0) {
    await tx.$executeRaw`
      insert into jobs
        (source_id, job_id, job_name, kind, server_id, server_name, computer, policy_id, first_seen_at, last_changed_at, change_number)
      select
        ${sourceId}::integer, incoming.*, case when kind <> 'computer' then job_id end,
        ${now}::timestamptz, ${now}::timestamptz, ${version}::bigint
      from json_to_recordset(${JSON.stringify(jobs)}::json)
        as incoming(job_id uuid, job_name text, kind text, server_id uuid, server_name text, computer text)
      on conflict (source_id, job_id) do nothing`;
  }
}

/**
 * Stores the computers a source has discovered, and forgets those it no longer shows; an empty answer says nothing. null: it
 * did not say, and is asked again later.
 */
export async function writeDiscoveredComputers(
  { tx, sourceId, now }: Write,
  computers: readonly DiscoveredComputer[] | null,
): Promise<void> {
  await tx.$executeRaw`
    update sources set computers_read_at = ${now}::timestamptz where id = ${sourceId}::integer`;
  if (computers === null || computers.length === 0) return;
  const rows = JSON.stringify(
    computers.map(({ id, name, extra }) => ({ computer_id: id, computer: name, extra })),
  );
  await tx.$executeRaw`
    delete from discovered_computers as known
    where known.source_id = ${sourceId}::integer
      and known.computer_id not in (
        select computer_id from json_to_recordset(${rows}::json) as incoming(computer_id uuid) where computer_id is not null
      )`;
  await tx.$executeRaw`
    insert into discovered_computers as known (source_id, computer_id, computer, extra, first_seen_at, last_seen_at)
    select distinct on (computer_id) ${sourceId}::integer, incoming.*, ${now}::timestamptz, ${now}::timestamptz
    from json_to_recordset(${rows}::json) as incoming(computer_id uuid, computer text, extra jsonb)
    on conflict (source_id, computer_id) do update set
      computer = excluded.computer,
      extra = excluded.extra,
      last_seen_at = excluded.last_seen_at`;
}
