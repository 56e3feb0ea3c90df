import { guid } from '../../src/simulator/random.ts';
import type { Simulator } from '../../src/simulator/start-simulator.ts';
import type { SimulatedSession } from '../../src/simulator/history.ts';
import type { SimulatedComputer, SimulatedJob, World } from '../../src/simulator/world.ts';

export const minuteMicros = 60_000_000;
export const hourMicros = 60 * minuteMicros;
export const dayMicros = 24 * hourMicros;
export const dayMs = 86_400_000;

/** A few servers, each with jobs of a few computers that run once a day; failures and retries are frequent. */
export function smallWorld(
  size: {
    readonly servers?: number;
    readonly jobs?: number;
    readonly computers?: number;
  } = {},
): World {
  const servers = Array.from({ length: size.servers ?? 1 }, (_, index) => ({
    id: guid('small server', index),
    name: `vbr${index + 1}.corp.local`,
    version: '12.3.2.4465',
    description: `Server ${index + 1}`,
  }));
  const jobs = servers.flatMap((server, s) =>
    Array.from({ length: size.jobs ?? 2 }, (_, j): SimulatedJob => {
      const name = `Nightly ${s + 1}.${j + 1}`;
      return {
        id: guid('small job', name),
        name,
        platform: j % 2 === 0 ? 'AgentForWindows' : 'AgentForLinux',
        description: `Job ${name}`,
        server,
        runsAt: [60 + 150 * j],
        isLate: false,
        computers: Array.from({ length: size.computers ?? 2 }, (_, c) =>
          computerOf(name, `PC-${s + 1}${j + 1}${c + 1}`),
        ),
      };
    }),
  );
  return { servers, jobs, unprotected: [{ name: 'NEVER-1', address: '10.0.0.1' }] };
}

function computerOf(job: string, name: string): SimulatedComputer {
  return {
    name,
    address: '10.0.0.9',
    jobId: guid('small child job', job, name),
    failureRate: 0.15,
    retiredAfter: Number.POSITIVE_INFINITY,
    bytes: 5e9,
    growth: 0,
  };
}

/** A world in which nothing runs by itself: its sessions are all added by the test. */
export function quietWorld(): World {
  const world = smallWorld();
  return { ...world, jobs: world.jobs.map((job) => ({ ...job, runsAt: [] })) };
}

/** A session of the world's first computer that took ten minutes, unless said otherwise. */
export function sessionAt(
  em: Simulator,
  createdAt: number,
  more: Partial<SimulatedSession> = {},
): SimulatedSession {
  const job = more.job ?? em.world.jobs[0];
  const computer = job?.computers[0];
  if (job === undefined || computer === undefined) throw new Error('The world is empty.');
  return {
    id: guid('session at', createdAt, JSON.stringify(more)),
    type: 'AgentManagement',
    job,
    computer,
    parentId: undefined,
    createdAt,
    endsAt: createdAt + 10 * minuteMicros,
    result: 'Success',
    reason: '',
    bytes: 1_000,
    isRetry: false,
    knownAt: createdAt,
    ...more,
  };
}

/** Adds `count` sessions, the first at `from`, one each `step` (microseconds). */
export function addSessions(
  em: Simulator,
  count: number,
  from: number,
  step: number,
  more: Partial<SimulatedSession> = {},
): readonly SimulatedSession[] {
  const sessions = Array.from({ length: count }, (_, index) =>
    sessionAt(em, from + index * step, { ...more, id: guid('added', from, index, step) }),
  );
  em.upheavals.add(...sessions);
  return sessions;
}

export const microsNow = (em: Simulator) => em.now().getTime() * 1_000;
