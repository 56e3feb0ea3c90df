import { draw, guid, pick } from './random.ts';
import type { SimulatedComputer, SimulatedJob, World } from './world.ts';

/** A session as it will have been; what of it shows depends on the time. All times are microseconds since 1970. */
export type SimulatedSession = {
  readonly id: string;
  readonly type: 'AgentBackup' | 'AgentManagement';
  readonly job: SimulatedJob;
  /** For AgentManagement. */
  readonly computer: SimulatedComputer | undefined;
  readonly parentId: string | undefined;
  readonly createdAt: number;
  readonly endsAt: number;
  readonly result: 'Success' | 'Warning' | 'Failed';
  readonly reason: string;
  readonly bytes: number;
  readonly isRetry: boolean;
  /** When its backup server learns of it; EM collects it after that. Infinity: never. */
  readonly knownAt: number;
};

const second = 1_000_000;
const minute = 60 * second;
export const hourMicros = 60 * minute;
export const dayMicros = 24 * hourMicros;

const failures = [
  'Failed to create VSS snapshot. VSS_E_SNAPSHOT_SET_IN_PROGRESS (0x80042316)',
  'Error: The network path was not found. Failed to open storage file [\\\\nas01\\agents\\$RECYCLE].',
  'There is not enough space on the disk. Free 12.4 GB, required 58.1 GB on "Scale-out <Repo 2>".',
  'Agent is offline: no connection to the computer within 24 hours & 0 minutes.',
  'Authentication failed for user CORP\\svc-veeam: the password has expired.',
  'Error: Failed to load module [veeamsnap] with parameters [zerosnapdata=1]: operation not permitted.',
];
const warnings = [
  'Unable to truncate Microsoft SQL Server transaction logs. Details: database "HR \'archive\'" is offline.',
  'Backup files are stored on the system volume; that is not recommended.',
];

/** Every session that begins on a day (UTC, counted from 1970), the same at every call. */
export function sessionsOfDay(world: World, seed: number, day: number): readonly SimulatedSession[] {
  return world.jobs.flatMap((job) => job.runsAt.flatMap((at, run) => sessionsOfRun(seed, job, day, run, at)));
}

function sessionsOfRun(
  seed: number,
  job: SimulatedJob,
  day: number,
  run: number,
  at: number,
): readonly SimulatedSession[] {
  const key = `${job.id}/${day}/${run}`;
  const createdAt = day * dayMicros + at * minute + Math.floor(draw(seed, key, 'jitter') * 40 * second);
  const present = job.computers.filter((computer) => day <= computer.retiredAfter);
  if (present.length === 0) return [];
  const first = attempt(seed, job, present, `${key}/0`, createdAt, day, false);
  const failed = present.filter((_, index) => first.children[index]?.result === 'Failed');
  if (failed.length === 0 || draw(seed, key, 'gives up') > 0.7) return first.all;
  const again = first.endsAt + 10 * minute + Math.floor(draw(seed, key, 'pause') * 5 * second);
  return [...first.all, ...attempt(seed, job, failed, `${key}/1`, again, day, true).all];
}

function attempt(
  seed: number,
  job: SimulatedJob,
  computers: readonly SimulatedComputer[],
  key: string,
  createdAt: number,
  day: number,
  isRetry: boolean,
): {
  readonly all: readonly SimulatedSession[];
  readonly children: readonly SimulatedSession[];
  readonly endsAt: number;
} {
  const parentId = guid(seed, 'session', key);
  const children = computers.map((computer) => {
    const name = `${key}/${computer.name}`;
    const begins =
      createdAt +
      Math.floor((3 + draw(seed, name, 'queue') * 90) * second) +
      Math.floor(draw(seed, name, 'micros') * second);
    const age = 1 + computer.growth * (day % 400);
    const lasts = (4 + 40 * draw(seed, name, 'duration') * Math.min(4, computer.bytes / 200e9 + 0.3)) * age;
    const result = outcome(seed, computer, name, day, isRetry);
    const lag = job.isLate ? draw(seed, name, 'lag') ** 3 * 40 * hourMicros : 0;
    return {
      id: guid(seed, 'session', name),
      type: 'AgentManagement' as const,
      job,
      computer,
      parentId,
      createdAt: begins,
      endsAt: begins + Math.floor(lasts * minute),
      result,
      reason:
        result === 'Failed'
          ? pick(failures, draw(seed, name, 'why'))
          : result === 'Warning'
            ? pick(warnings, draw(seed, name, 'why'))
            : '',
      bytes: result === 'Failed' ? 0 : Math.round(computer.bytes * age),
      isRetry,
      knownAt: begins + Math.floor(lag),
    };
  });
  const endsAt = Math.max(...children.map((child) => child.endsAt)) + 5 * second;
  const worst =
    (['Failed', 'Warning'] as const).find((result) => children.some((child) => child.result === result)) ??
    'Success';
  const parent: SimulatedSession = {
    id: parentId,
    type: 'AgentBackup',
    job,
    computer: undefined,
    parentId: undefined,
    createdAt,
    endsAt,
    result: worst,
    reason: '',
    bytes: 0,
    isRetry,
    // Some parents never get as far as EM; their children's links lead nowhere.
    knownAt: draw(seed, key, 'orphans') > 0.99 ? Number.POSITIVE_INFINITY : createdAt,
  };
  return { all: [parent, ...children], children, endsAt };
}

function outcome(
  seed: number,
  computer: SimulatedComputer,
  name: string,
  day: number,
  isRetry: boolean,
): SimulatedSession['result'] {
  // Trouble comes in weeks: a full disk or an expired password fails every night until somebody looks.
  const isBadWeek =
    draw(seed, computer.name, Math.floor((day + computer.name.length) / 7), 'week') < computer.failureRate;
  const luck = draw(seed, name, 'result');
  if (luck < (isBadWeek ? (isRetry ? 0.6 : 0.9) : isRetry ? 0.1 : computer.failureRate / 3)) return 'Failed';
  return luck > 0.965 ? 'Warning' : 'Success';
}
