import { draw, guid, pick } from './random.ts';

export type SimulatedServer = {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
};

export type DiscoverableComputer = { readonly name: string; readonly address: string };

export type SimulatedComputer = DiscoverableComputer & {
  /** The child job's id: Veeam keeps one for each computer in a job. */
  readonly jobId: string;
  /** Share of runs that fail on good days. */
  readonly failureRate: number;
  /** The day (since 1970) after which it is no longer backed up. */
  readonly retiredAfter: number;
  readonly bytes: number;
  /** Growth of size and duration a day. */
  readonly growth: number;
};

export type SimulatedJob = {
  readonly id: string;
  readonly name: string;
  readonly platform: 'AgentForWindows' | 'AgentForLinux';
  readonly description: string;
  readonly server: SimulatedServer;
  /** Minutes after midnight (UTC) of each day's runs. */
  readonly runsAt: readonly number[];
  /** Laptops come by when they come by. */
  readonly isLate: boolean;
  readonly computers: readonly SimulatedComputer[];
};

export type World = {
  readonly servers: readonly SimulatedServer[];
  readonly jobs: readonly SimulatedJob[];
  /** Discovered, and in no job. */
  readonly unprotected: readonly DiscoverableComputer[];
};

const places = [
  'Berlin',
  'Hamburg',
  'Wien',
  'Praha',
  'Lyon',
  'København',
  'Zürich',
  'Leeds',
  'Porto',
  'Gdańsk',
];

const templates = [
  {
    name: 'Workstations',
    prefix: 'WS',
    platform: 'AgentForWindows',
    weight: 5,
    perDay: 1,
    isLate: false,
    bytes: 90e9,
  },
  {
    name: 'Laptops Sales',
    prefix: 'NB',
    platform: 'AgentForWindows',
    weight: 4,
    perDay: 1,
    isLate: true,
    bytes: 120e9,
  },
  {
    name: 'File & Print - Servers',
    prefix: 'FS',
    platform: 'AgentForWindows',
    weight: 1.5,
    perDay: 1,
    isLate: false,
    bytes: 900e9,
  },
  {
    name: 'SQL Servers Hourly',
    prefix: 'SQL',
    platform: 'AgentForWindows',
    weight: 0.4,
    perDay: 6,
    isLate: false,
    bytes: 400e9,
  },
  {
    name: 'Linux Web',
    prefix: 'web',
    platform: 'AgentForLinux',
    weight: 2,
    perDay: 1,
    isLate: false,
    bytes: 40e9,
  },
  {
    name: 'Linux DB "gold"',
    prefix: 'db',
    platform: 'AgentForLinux',
    weight: 0.3,
    perDay: 6,
    isLate: false,
    bytes: 250e9,
  },
  {
    name: 'R&D @ Lab',
    prefix: 'lab',
    platform: 'AgentForLinux',
    weight: 1,
    perDay: 1,
    isLate: false,
    bytes: 60e9,
  },
] as const;

/** Sessions a month that a computer of average kind brings, its share of the job sessions included. */
const sessionsPerComputer = 47;
const computersPerJob = 24;

/** Servers, jobs and computers of about the size that shows `sessions` sessions in 30 days. */
export function buildWorld(seed: number, sessions: number, today: number): World {
  const wanted = Math.max(3, Math.round(sessions / sessionsPerComputer));
  const versions = ['12.3.2.4465', '13.0.1.2067', '13.0.1.2067'];
  const servers = ['vbr01.corp.local', 'vbr02.corp.local', '10.20.0.15'].map((name, index) => ({
    id: guid(seed, 'server', index),
    name,
    version: versions[index] ?? '13.0.1.2067',
    description:
      index === 2 ? '' : `Backup server ${index + 1} <${pick(places, draw(seed, 'place', index))}>`,
  }));
  const total = templates.reduce((sum, template) => sum + template.weight, 0);
  let jobCount = 0;
  const jobs = templates.flatMap((template, kind) => {
    const computers = Math.max(1, Math.round((wanted * template.weight) / total));
    const count = Math.ceil(computers / computersPerJob);
    return Array.from({ length: count }, (_, index) => {
      const place = places[index % places.length] ?? '';
      const round = Math.floor(index / places.length);
      const name = `${template.name}${count > 1 ? ` - ${place}${round > 0 ? ` ${round + 1}` : ''}` : ''}`;
      const size = Math.min(computersPerJob, computers - index * computersPerJob);
      const start = template.perDay > 1 ? 20 : 18 * 60 + Math.floor(draw(seed, 'start', name) * 10 * 60);
      jobCount += 1;
      return {
        id: guid(seed, 'job', name),
        name,
        platform: template.platform,
        description: `Created by CORP\\backup-admin; ${template.perDay > 1 ? 'every four hours' : 'nightly'}`,
        server: pick(servers, ((jobCount - 1) % servers.length) / servers.length),
        runsAt: Array.from(
          { length: template.perDay },
          (_, run) => (start + run * (1_440 / template.perDay)) % 1_440,
        ),
        isLate: template.isLate,
        computers: Array.from({ length: size }, (_, number) =>
          buildComputer(
            seed,
            name,
            `${template.prefix}-${place.slice(0, 3).toUpperCase()}-${String(kind)}${String(index * computersPerJob + number + 1).padStart(4, '0')}`,
            template.bytes,
            today,
          ),
        ),
      };
    });
  });
  const unprotected = ['NB-NEW-90001', 'SRV-TEST-90002'].map((name) => ({
    name,
    address: '10.20.0.200',
  }));
  return { servers, jobs, unprotected };
}

function buildComputer(
  seed: number,
  job: string,
  name: string,
  bytes: number,
  today: number,
): SimulatedComputer {
  const luck = draw(seed, 'luck', name);
  return {
    name,
    address: `10.${Math.floor(draw(seed, 'a', name) * 200)}.${Math.floor(draw(seed, 'b', name) * 250)}.${Math.floor(draw(seed, 'c', name) * 250)}`,
    jobId: guid(seed, 'child job', job, name),
    failureRate: luck > 0.97 ? 0.5 : luck > 0.85 ? 0.06 : 0.01,
    retiredAfter:
      draw(seed, 'retired', name) > 0.975
        ? today - 3 - Math.floor(draw(seed, 'since', name) * 20)
        : Number.POSITIVE_INFINITY,
    bytes: Math.round(bytes * (0.3 + 1.4 * draw(seed, 'bytes', name))),
    growth: draw(seed, 'growth', name) > 0.9 ? 0.02 : 0.001,
  };
}
