import type { BackupJob, BackupServer, DiscoveredComputer } from '../../domain/inventory.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import { guidIn } from './entity.ts';
import { readFields } from './fields.ts';
import { entityOf, readElements } from './read-elements.ts';
import type { Answer } from './transport.ts';

const jobNames = new Set(
  'UID Name Href Type Links JobType Platform Description ScheduleEnabled NextRun'.split(' '),
);
const serverNames = new Set('UID Name Href Type Links Description Version'.split(' '));
const computerNames = new Set('UID Name Href Type Links'.split(' '));

/** Jobs from `/agents/jobs`; from a list of references, names alone. */
export function readJobList(answer: Answer): Promise<readonly BackupJob[]> {
  return readList(answer, 'The answer for jobs', ({ entity, id, isGarbled }) => {
    const fields = readFields(entity);
    return {
      id,
      name: fields.name('@Name') ?? '',
      jobType: fields.word('JobType'),
      platform: fields.word('Platform'),
      description: fields.longText('Description'),
      serverId: guidIn(entity.link('Up', 'BackupServerReference')?.href),
      scheduleEnabled: fields.flag('ScheduleEnabled'),
      nextRunAt: fields.time('NextRun'),
      extra: fields.extra(jobNames, isGarbled),
    };
  });
}

/** Servers from `/backupServers`. */
export function readServerList(answer: Answer): Promise<readonly BackupServer[]> {
  return readList(answer, 'The answer for backup servers', ({ entity, id, isGarbled }) => {
    const fields = readFields(entity);
    return {
      id,
      name: fields.name('@Name') ?? '',
      description: fields.longText('Description'),
      version: fields.word('Version'),
      extra: fields.extra(serverNames, isGarbled),
    };
  });
}

/** Computers from `/agents/discoveredComputers`. */
export async function readComputerList(answer: Answer): Promise<readonly DiscoveredComputer[]> {
  const all = await readList(answer, 'The answer for discovered computers', ({ entity, id, isGarbled }) => {
    const fields = readFields(entity);
    const name = (fields.name('@Name') ?? fields.name('Name') ?? '').trim();
    return { id, name, extra: fields.extra(computerNames, isGarbled) };
  });
  return all.filter(({ name }) => name !== '');
}

const collectionContainers = new Set(['Sessions', 'SystemSessions']);

/** End of the newest completed data collection in `/systemSessions`. */
export async function readNewestCollection(answer: Answer): Promise<Timestamp | undefined> {
  let newest: Timestamp | undefined;
  await readElements(answer, {
    what: 'The answer for system sessions',
    containers: collectionContainers,
    take: (cut) => {
      const entity = entityOf(cut)?.entity;
      if (entity?.text('SessionType')?.trim() !== 'CollectJob') return;
      if (entity.text('State')?.trim().startsWith('Completed') !== true) return;
      const end = readFields(entity).time('EndTimeUTC');
      if (end !== null && (newest === undefined || end > newest)) newest = end;
    },
  });
  return newest;
}

/** A job or server without an id has nothing to be known by; sessions still carry their names. No id comes twice. */
async function readList<T extends { readonly id: string }>(
  answer: Answer,
  what: string,
  read: (found: NonNullable<ReturnType<typeof entityOf>>) => T,
): Promise<readonly T[]> {
  const found = new Map<string, T>();
  await readElements(answer, {
    what,
    take: (cut) => {
      const entity = entityOf(cut);
      if (entity !== undefined) found.set(entity.id, read(entity));
    },
  });
  return [...found.values()];
}
