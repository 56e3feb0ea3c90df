import { kindOfJobType, type PartialSession, type SessionKind } from '../../domain/backup-session.ts';
import type { ListForm } from '../../domain/sync-run.ts';
import { parseTimestamp, type Timestamp } from '../../domain/timestamp.ts';
import { cutText } from './decode-text.ts';
import { guidIn, type Entity } from './entity.ts';
import { isUnset, readFields } from './fields.ts';

const knownNames = new Set(
  (
    'UID Name Href Type Links JobUid JobName JobType CreationTimeUTC EndTimeUTC State Result Progress FailureMessage ' +
    'IsRetry'
  ).split(' '),
);

/** What only an entity says. */
const entityNames = [
  'State',
  'Result',
  'CreationTimeUTC',
  'JobType',
  'JobUid',
  'EndTimeUTC',
  'Progress',
  'IsRetry',
];

/**
 * Reads a session out of a well-formed record. What has no column is kept in `extra`. `reason` says what stands in it that
 * cannot be; without one, an entity is whole.
 */
export function readSession(
  entity: Entity,
  id: string,
  isGarbled: boolean,
): { readonly form: ListForm; readonly session: PartialSession; readonly reason: string | undefined } {
  const fields = readFields(entity);
  const server = entity.link('Up', 'BackupServerReference');
  const job = entity.link('Up', 'JobReference');
  const parentId = guidIn(entity.link('Up', 'BackupJobSessionReference')?.href);
  const name = fields.name('@Name') ?? '';
  const isEntity = entityNames.some((key) => entity.text(key) !== undefined);
  if (!isEntity) {
    const session: PartialSession = {
      ...nothingKnown(id),
      name,
      kind: kindOfLinks(parentId, entity),
      jobId: guidIn(job?.href),
      jobName: fields.linkName(job?.name) ?? jobInName(name),
      parentId,
      serverId: guidIn(server?.href),
      serverName: fields.linkName(server?.name),
      createdAt: timeInName(name),
      extra: fields.extra(knownNames, isGarbled),
    };
    return { form: 'reference', session, reason: undefined };
  }
  const reasons: string[] = [];
  const jobType = fields.word('JobType');
  const jobName = fields.name('JobName') ?? fields.linkName(job?.name);
  const createdAt = creationTime(entity, fields, name, reasons);
  // Field by field: spreading a base takes as long as all the rest of the reading.
  const session: PartialSession = {
    id,
    name,
    kind: jobType === null ? kindOfLinks(parentId, entity) : kindOfJobType(jobType),
    jobType,
    jobId: guidIn(entity.text('JobUid')) ?? guidIn(job?.href),
    jobName,
    parentId,
    serverId: guidIn(server?.href),
    serverName: fields.linkName(server?.name),
    state: fields.word('State'),
    result: fields.word('Result'),
    isRetry: fields.flag('IsRetry') ?? false,
    createdAt,
    endedAt: fields.time('EndTimeUTC', (text) => reasons.push(`EndTimeUTC "${text}" is no date`)),
    progress: fields.percent('Progress'),
    failureMessage: fields.longText('FailureMessage'),
    extra: fields.extra(knownNames, isGarbled),
  };
  const reason = reasons.length === 0 ? undefined : `The session's ${reasons.join('; its ')}.`;
  return { form: 'entity', session, reason };
}

/** EM writes the creation time into the name, too: that stands in where the element is missing or was never set. */
function creationTime(
  entity: Entity,
  fields: ReturnType<typeof readFields>,
  name: string,
  reasons: string[],
): Timestamp | null {
  const text = entity.text('CreationTimeUTC');
  const fallback = timeInName(name);
  if (text === undefined || text.trim() === '') {
    if (fallback === null) reasons.push('CreationTimeUTC is missing');
    return fallback;
  }
  if (isUnset(text)) {
    if (fallback === null) return parseTimestamp(text) ?? firstMoment;
    fields.keep('CreationTimeUTC', cutText(text, 100));
    return fallback;
  }
  return (
    fields.time('CreationTimeUTC', (wrong) => reasons.push(`CreationTimeUTC "${wrong}" is no date`)) ??
    fallback
  );
}

const firstMoment = '0001-01-01T00:00:00.000000Z' as Timestamp;

/** A session of which nothing but its id is known. */
export function nothingKnown(id: string): PartialSession {
  return {
    id,
    name: null,
    kind: 'other',
    jobType: null,
    jobId: null,
    jobName: null,
    parentId: null,
    serverId: null,
    serverName: null,
    state: null,
    result: null,
    isRetry: null,
    createdAt: null,
    endedAt: null,
    progress: null,
    failureMessage: null,
    extra: null,
  };
}

/** References do not name the job type, but only a job's session has a list of the computers' sessions in it. */
function kindOfLinks(parentId: string | null, entity: Entity): SessionKind {
  if (parentId !== null) return 'computer';
  return entity.link('Alternate', 'BackupJobSessionReferenceList') === undefined ? 'other' : 'job';
}

/** A name is `<job>@<UTC time>`, and a job's name may hold an @ itself. */
function timeInName(name: string): Timestamp | null {
  const at = name.lastIndexOf('@');
  return at === -1 ? null : (parseTimestamp(name.slice(at + 1)) ?? null);
}

function jobInName(name: string): string | null {
  const at = name.lastIndexOf('@');
  return at > 0 ? name.slice(0, at) : null;
}
