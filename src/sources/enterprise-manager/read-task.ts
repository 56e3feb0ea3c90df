import type { BackupTask } from '../../domain/backup-task.ts';
import { guidIn, type Entity } from './entity.ts';
import { readFields } from './fields.ts';

const knownNames = new Set(
  'UID Name Href Type Links VmDisplayName JobSessionUid CreationTimeUTC EndTimeUTC State Result Reason TotalSize'.split(
    ' ',
  ),
);

/** The session a task says it belongs to. */
export const sessionOfTask = (entity: Entity) =>
  guidIn(entity.text('JobSessionUid')) ?? guidIn(entity.link('Up', 'BackupJobSessionReference')?.href);

/** Reads a task session. What fits no column is kept in `extra`. */
export function readTask(entity: Entity, id: string, sessionId: string, isGarbled: boolean): BackupTask {
  const fields = readFields(entity);
  return {
    id,
    sessionId,
    name: fields.name('@Name') ?? '',
    machine: fields.name('@VmDisplayName') ?? fields.name('VmDisplayName'),
    state: fields.word('State'),
    result: fields.word('Result'),
    reason: fields.longText('Reason'),
    totalBytes: fields.size('TotalSize'),
    createdAt: fields.time('CreationTimeUTC'),
    endedAt: fields.time('EndTimeUTC'),
    extra: fields.extra(knownNames, isGarbled),
  };
}
