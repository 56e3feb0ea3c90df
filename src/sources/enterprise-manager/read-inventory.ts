import type { BackupJob, BackupServer, DiscoveredComputer } from '../../domain/inventory.ts';
import { parseTimestamp, type Timestamp } from '../../domain/timestamp.ts';
import { guidIn, readEntity, type Entity } from './entity.ts';
import type { XmlNode, XmlValue } from './xml-node.ts';
import { readDocument, readEntities } from './read-entities.ts';

const jobNames = new Set(
  'UID Name Href Type Links JobType Platform Description ScheduleEnabled NextRun'.split(' '),
);
const serverNames = new Set('UID Name Href Type Links Description Version'.split(' '));

const computerNames = new Set('UID Name Href Type Links'.split(' '));

const nonEmpty = (text: string | undefined) => (text === undefined || text === '' ? null : text);

/** Jobs from `/agents/jobs`; from a list of references, names alone. */
export function readJobList(body: Uint8Array): readonly BackupJob[] {
  return withIds(readEntities(body).entities, (entity, id) => {
    const server = entity.link('Up', 'BackupServerReference');
    const enabled = entity.text('ScheduleEnabled')?.trim().toLowerCase();
    return {
      id,
      name: entity.text('@Name') ?? '',
      jobType: nonEmpty(entity.text('JobType')?.trim()),
      platform: nonEmpty(entity.text('Platform')?.trim()),
      description: nonEmpty(entity.text('Description')),
      serverId: guidIn(server?.href),
      scheduleEnabled:
        enabled === 'true' || enabled === '1' ? true : enabled === undefined || enabled === '' ? null : false,
      nextRunAt: time(entity, 'NextRun'),
      extra: entity.rest(jobNames),
    };
  });
}

/** Servers from `/backupServers`. */
export function readServerList(body: Uint8Array): readonly BackupServer[] {
  return withIds(readEntities(body).entities, (entity, id) => ({
    id,
    name: entity.text('@Name') ?? '',
    description: nonEmpty(entity.text('Description')),
    version: nonEmpty(entity.text('Version')?.trim()),
    extra: entity.rest(serverNames),
  }));
}

/** Computers from `/agents/discoveredComputers`. */
export function readComputerList(body: Uint8Array): readonly DiscoveredComputer[] {
  return withIds(readEntities(body).entities, (entity, id) => ({
    id,
    name: (entity.text('@Name') ?? entity.text('Name') ?? '').trim(),
    extra: entity.rest(computerNames),
  })).filter(({ name }) => name !== '');
}

/** End of the newest completed data collection in `/systemSessions`, however deep its entries stand. */
export function readNewestCollection(body: Uint8Array): Timestamp | undefined {
  const ends: Timestamp[] = [];
  const visit = (value: XmlValue): void => {
    if (typeof value === 'string') return;
    if (Array.isArray(value)) {
      (value as readonly XmlValue[]).forEach(visit);
      return;
    }
    const entity = readEntity(value as XmlNode);
    const end = time(entity, 'EndTimeUTC');
    const isDone = entity.text('State')?.trim().startsWith('Completed') === true;
    if (entity.text('SessionType')?.trim() === 'CollectJob' && isDone && end !== null) ends.push(end);
    Object.values(value as XmlNode).forEach(visit);
  };
  visit(readDocument(body));
  return ends.sort().at(-1);
}

function withIds<T>(entities: readonly Entity[], read: (entity: Entity, id: string) => T): readonly T[] {
  const found: T[] = [];
  for (const entity of entities) {
    const id = guidIn(entity.text('@UID')) ?? guidIn(entity.text('@Href'));
    // A job or server without an id has nothing to be known by; sessions still carry their names.
    if (id !== null) found.push(read(entity, id));
  }
  return found;
}

function time(entity: Entity, name: string): Timestamp | null {
  const text = entity.text(name);
  return text === undefined ? null : (parseTimestamp(text) ?? null);
}
