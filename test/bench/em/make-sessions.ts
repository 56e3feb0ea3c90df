import { createHash } from 'node:crypto';

/** A session as the measurements' Enterprise Manager knows it. */
export type MadeSession = {
  readonly id: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly serverId: string;
  readonly serverName: string;
  /** undefined for a job's own session. */
  readonly parent: { readonly id: string; readonly name: string } | undefined;
  readonly name: string;
  /** With microseconds, as version 13 writes them; UTC. */
  readonly created: string;
  readonly ended: string;
  readonly result: 'Success' | 'Warning' | 'Failed';
  readonly isRetry: boolean;
};

const computersPerJob = 40;
const servers = 8;
const dayMs = 86_400_000;

/** The same words, the same GUID. */
function guid(...words: readonly (string | number)[]): string {
  const hex = createHash('md5').update(words.join('/')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * A list of that many sessions of the last 28 days: policies of 40 computers that run once or several times a day, all
 * finished. `seed` tells one Enterprise Manager from another. In no order of time, as the vendor's list is.
 */
export function makeSessions(count: number, seed: string, now = Date.now()): readonly MadeSession[] {
  const jobs = Math.max(1, Math.ceil(count / (28 * (computersPerJob + 1))));
  const runs = Math.ceil(count / (jobs * (computersPerJob + 1)));
  const made: MadeSession[] = [];
  for (let run = 0; run < runs; run += 1) {
    for (let job = 0; job < jobs; job += 1) {
      const parent = makeRun(seed, job, Math.floor(now - 28 * dayMs + (run / runs) * 28 * dayMs));
      made.push(parent);
      for (let computer = 0; computer < computersPerJob; computer += 1)
        made.push(makeChild(seed, parent, computer, job));
    }
  }
  return shuffle(made.slice(0, count));
}

function makeRun(seed: string, job: number, startMs: number): MadeSession {
  const server = job % servers;
  const jobName = `Agent Backup Policy ${job} (Berlin & Wien)`;
  const times = timesOf(startMs, 123_457 + job, 4 * 3_600_000);
  return {
    id: guid(seed, 'run', job, startMs),
    jobId: guid(seed, 'job', job),
    jobName,
    serverId: guid(seed, 'server', server),
    serverName: `vbr${String(server).padStart(2, '0')}.corp.example`,
    parent: undefined,
    name: `${jobName}@${times.created.replace('T', ' ').slice(0, -1)}`,
    ...times,
    result: 'Success',
    isRetry: false,
  };
}

function makeChild(seed: string, parent: MadeSession, computer: number, job: number): MadeSession {
  const jobName = `${parent.jobName} - WS-BER-${String(job * computersPerJob + computer).padStart(6, '0')}`;
  const id = guid(parent.id, computer);
  const draw = Number.parseInt(id.slice(0, 4), 16);
  const times = timesOf(Date.parse(parent.created) + 15_000 + draw * 100, draw * 13, 600_000 + draw * 20);
  return {
    ...parent,
    id,
    jobId: guid(seed, 'child', job, computer),
    jobName,
    parent: { id: parent.id, name: parent.name },
    name: `${jobName}@${times.created.replace('T', ' ').slice(0, -1)}`,
    ...times,
    result: draw % 25 === 0 ? 'Failed' : draw % 17 === 0 ? 'Warning' : 'Success',
    isRetry: draw % 40 === 0,
  };
}

function timesOf(startMs: number, micros: number, durationMs: number) {
  const utc = (ms: number) =>
    `${new Date(ms).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
  return { created: utc(startMs), ended: utc(startMs + durationMs) };
}

/** The same order every time. */
function shuffle<T>(all: T[]): T[] {
  let state = 20;
  for (let at = all.length - 1; at > 0; at -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (at + 1);
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}
