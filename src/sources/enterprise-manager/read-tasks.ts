import type { BackupTask } from '../../domain/backup-task.ts';
import { SyncError } from '../../domain/sync-error.ts';
import { parseTimestamp } from '../../domain/timestamp.ts';
import { guidIn, type Entity } from './entity.ts';
import { readEntities } from './read-entities.ts';

const knownNames = new Set(
  'UID Name Href Type Links VmDisplayName JobSessionUid CreationTimeUTC EndTimeUTC State Result Reason TotalSize'.split(
    ' ',
  ),
);

/** Reads an answer of task sessions: entities, or (older EM) the ids of references. */
export function readTaskList(
  body: Uint8Array,
  askedSessionId: string,
): { readonly tasks: readonly BackupTask[]; readonly references: readonly string[] } {
  const { root, entities } = readEntities(body);
  if (root === 'EntityReferences') {
    return { tasks: [], references: entities.map(idOf) };
  }
  return { tasks: entities.map((entity) => readTask(entity, askedSessionId)), references: [] };
}

function idOf(entity: Entity): string {
  const id = guidIn(entity.text('@UID')) ?? guidIn(entity.text('@Href'));
  if (id === null) throw new SyncError('contract', 'Enterprise Manager listed a task session without an id.');
  return id;
}

function readTask(entity: Entity, askedSessionId: string): BackupTask {
  const time = (name: string) => {
    const text = entity.text(name);
    return text === undefined || text.startsWith('0001-01-01') ? null : (parseTimestamp(text) ?? null);
  };
  const bytes = entity.text('TotalSize')?.trim() ?? '';
  const nonEmpty = (name: string) => {
    const text = entity.text(name);
    return text === undefined || text === '' ? null : text;
  };
  return {
    id: idOf(entity),
    sessionId: guidIn(entity.text('JobSessionUid')) ?? askedSessionId,
    name: entity.text('@Name') ?? '',
    machine: nonEmpty('@VmDisplayName') ?? nonEmpty('VmDisplayName'),
    state: nonEmpty('State'),
    result: nonEmpty('Result'),
    reason: nonEmpty('Reason'),
    totalBytes: /^\d{1,18}$/.test(bytes) ? BigInt(bytes) : null,
    createdAt: time('CreationTimeUTC'),
    endedAt: time('EndTimeUTC'),
    extra: entity.rest(knownNames),
  };
}
