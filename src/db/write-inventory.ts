import type { BackupJob, BackupServer } from '../domain/inventory.ts';
import type { SessionRow } from '../domain/session-row.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Prepared, Statements } from './statements.ts';

const json = (extra: BackupJob['extra']) => (extra === null ? null : JSON.stringify(extra));

const incomingServers = `
  select distinct on (server_id) $1::integer as source_id, incoming.*
  from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
    as incoming(server_id, server_name, description, version, extra)`;

const serverArrays = (servers: readonly BackupServer[]) => [
  arrayLiteral(servers.map((server) => server.id)),
  arrayLiteral(servers.map((server) => server.name)),
  arrayLiteral(servers.map((server) => server.description)),
  arrayLiteral(servers.map((server) => server.version)),
  arrayLiteral(servers.map((server) => json(server.extra))),
];

/** Servers as `/backupServers` shows them. */
export async function upsertServers(
  statement: Statements,
  sourceId: number,
  servers: readonly BackupServer[],
): Promise<void> {
  await statement.$executeRawUnsafe(
    `insert into servers as known (source_id, server_id, server_name, description, version, extra)
     ${incomingServers}
     on conflict (source_id, server_id) do update set
       server_name = excluded.server_name,
       description = excluded.description,
       version = excluded.version,
       extra = excluded.extra,
       last_seen_at = now()`,
    sourceId,
    ...serverArrays(servers),
  );
}

/** Notes that these servers were shown; false when one of them is not stored as it is now. */
export async function touchServers(
  statement: Statements,
  sourceId: number,
  servers: readonly BackupServer[],
): Promise<boolean> {
  const [row] = await statement.$queryRawUnsafe<{ same: boolean }[]>(
    `with incoming as (${incomingServers}),
     touched as (
       update servers as known set last_seen_at = now()
       from incoming
       where known.source_id = incoming.source_id
         and known.server_id = incoming.server_id
         and (known.server_name, known.description, known.version, known.extra)
           is not distinct from (incoming.server_name, incoming.description, incoming.version, incoming.extra)
       returning known.server_id
     )
     select (select count(*) from touched) = (select count(*) from incoming) as same`,
    sourceId,
    ...serverArrays(servers),
  );
  return row?.same === true;
}

const incomingJobs = `
  select distinct on (job_id) $1::integer as source_id, job_id, job_name,
    case job_type when 'AgentManagement' then 'computer' else 'job' end as kind,
    incoming.server_id, server.server_name, job_type, platform, incoming.description, schedule_enabled, next_run_at, incoming.extra
  from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::timestamptz[], $10::jsonb[])
    as incoming(job_id, job_name, server_id, job_type, platform, description, schedule_enabled, next_run_at, extra)
  left join servers as server on server.source_id = $1::integer and server.server_id = incoming.server_id`;

const jobArrays = (jobs: readonly BackupJob[]) => [
  arrayLiteral(jobs.map((job) => job.id)),
  arrayLiteral(jobs.map((job) => job.name)),
  arrayLiteral(jobs.map((job) => job.serverId)),
  arrayLiteral(jobs.map((job) => job.jobType)),
  arrayLiteral(jobs.map((job) => job.platform)),
  arrayLiteral(jobs.map((job) => job.description)),
  arrayLiteral(jobs.map((job) => job.scheduleEnabled)),
  arrayLiteral(jobs.map((job) => job.nextRunAt)),
  arrayLiteral(jobs.map((job) => json(job.extra))),
];

const isJobDistinct = `
  (known.job_name, known.job_type, known.platform, known.description, known.schedule_enabled, known.next_run_at, known.extra)
    is distinct from (excluded.job_name, excluded.job_type, excluded.platform, excluded.description,
      excluded.schedule_enabled, excluded.next_run_at, excluded.extra)
  or known.server_id is distinct from coalesce(excluded.server_id, known.server_id)
  or known.server_name is distinct from coalesce(excluded.server_name, known.server_name)`;

/** Jobs as `/agents/jobs` shows them. */
export async function upsertJobs(
  statement: Statements,
  sourceId: number,
  jobs: readonly BackupJob[],
): Promise<void> {
  await statement.$executeRawUnsafe(
    `insert into jobs as known
       (source_id, job_id, job_name, kind, server_id, server_name, job_type, platform, description, schedule_enabled, next_run_at, extra)
     ${incomingJobs}
     on conflict (source_id, job_id) do update set
       job_name = excluded.job_name,
       server_id = coalesce(excluded.server_id, known.server_id),
       server_name = coalesce(excluded.server_name, known.server_name),
       job_type = excluded.job_type,
       platform = excluded.platform,
       description = excluded.description,
       schedule_enabled = excluded.schedule_enabled,
       next_run_at = excluded.next_run_at,
       extra = excluded.extra
     where ${isJobDistinct}`,
    sourceId,
    ...jobArrays(jobs),
  );
}

/** Whether these jobs are stored as they are now, so that nothing is to be written. */
export async function areJobsStored(
  statement: Statements,
  sourceId: number,
  jobs: readonly BackupJob[],
): Promise<boolean> {
  const [row] = await statement.$queryRawUnsafe<{ same: boolean }[]>(
    `select not exists (
       select
       from (${incomingJobs}) as excluded
       left join jobs as known on known.source_id = excluded.source_id and known.job_id = excluded.job_id
       where known.job_id is null or ${isJobDistinct}
     ) as same`,
    sourceId,
    ...jobArrays(jobs),
  );
  return row?.same === true;
}

/**
 * Servers and jobs that sessions name, for accounts that may not read them and for the child jobs nobody lists. `stored` holds
 * the ids of those that are there already; `ids` are the others'.
 */
export function prepareNamedInventory(
  sourceId: number,
  rows: readonly SessionRow[],
  stored: ReadonlySet<string>,
): { readonly ids: readonly string[]; readonly insert: Prepared<void> } {
  const servers = new Map<string, SessionRow>();
  const jobs = new Map<string, SessionRow>();
  for (const row of rows) {
    const { serverId, jobId } = row.session;
    if (serverId !== null && !stored.has(serverId)) servers.set(serverId, row);
    if (jobId !== null && !stored.has(jobId)) jobs.set(jobId, row);
  }
  return {
    ids: [...servers.keys(), ...jobs.keys()],
    insert: async (statement) => {
      if (servers.size > 0) await insertNamedServers(statement, sourceId, servers);
      if (jobs.size > 0) await insertNamedJobs(statement, sourceId, jobs);
    },
  };
}

async function insertNamedServers(
  statement: Statements,
  sourceId: number,
  servers: ReadonlyMap<string, SessionRow>,
): Promise<void> {
  await statement.$executeRawUnsafe(
    `insert into servers (source_id, server_id, server_name)
     select $1::integer, incoming.*
     from unnest($2::uuid[], $3::text[]) as incoming(server_id, server_name)
     on conflict do nothing`,
    sourceId,
    arrayLiteral([...servers.keys()]),
    arrayLiteral([...servers.values()].map((row) => row.session.serverName ?? '')),
  );
}

async function insertNamedJobs(
  statement: Statements,
  sourceId: number,
  jobs: ReadonlyMap<string, SessionRow>,
): Promise<void> {
  await statement.$executeRawUnsafe(
    `insert into jobs (source_id, job_id, job_name, kind, server_id, server_name, computer)
     select $1::integer, incoming.*
     from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
       as incoming(job_id, job_name, kind, server_id, server_name, computer)
     on conflict do nothing`,
    sourceId,
    arrayLiteral([...jobs.keys()]),
    arrayLiteral([...jobs.values()].map((row) => row.session.jobName ?? '')),
    arrayLiteral([...jobs.values()].map((row) => row.session.kind)),
    arrayLiteral([...jobs.values()].map((row) => row.session.serverId)),
    arrayLiteral([...jobs.values()].map((row) => row.session.serverName)),
    // The whole name is no more than a guess while no parent's name is known: it must not be passed on to other sessions.
    arrayLiteral(
      [...jobs.values()].map(({ computer, session }) => (computer === session.jobName ? null : computer)),
    ),
  );
}
