import { kindOfJobType, type BackupSession, type SessionKind } from '../../domain/backup-session.ts';
import type { ListForm } from '../../domain/sync-run.ts';
import { SyncError } from '../../domain/sync-error.ts';
import { parseTimestamp, type Timestamp } from '../../domain/timestamp.ts';
import { guidIn, readEntity, Unreadable, type Entity } from './entity.ts';
import { MalformedXml, parseXml } from './parse-xml.ts';
import type { XmlNode } from './xml-node.ts';

export type ReadRecord =
  | { readonly as: 'entity' | 'reference'; readonly session: BackupSession }
  | { readonly as: 'unreadable'; readonly id: string | null; readonly reason: string };

const knownNames = new Set(
  (
    'UID Name Href Type Links JobUid JobName JobType CreationTimeUTC EndTimeUTC State Result Progress FailureMessage ' +
    'IsRetry'
  ).split(' '),
);

/**
 * Reads one record of a session list. What is unknown is kept in `extra`; a record without id or creation time, or with a
 * value that cannot be, is `unreadable`. XML that is not well-formed throws SyncError `contract`: the document is broken.
 */
export function readSessionRecord(record: Uint8Array, form: ListForm): ReadRecord {
  let entity: Entity | undefined;
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (bytes.includes(0)) return { as: 'unreadable', id: null, reason: 'a record holds a NUL character' };
  try {
    const [node] = Object.values(parseXml(record)).filter(
      (value): value is XmlNode => typeof value === 'object',
    );
    entity = readEntity(node ?? {});
    const session = form === 'entity' ? readEntityForm(entity) : readReferenceForm(entity);
    return { as: form, session };
  } catch (error) {
    if (error instanceof Unreadable) {
      return { as: 'unreadable', id: entity === undefined ? null : sessionId(entity), reason: error.message };
    }
    // A reference that stands for nothing spoils its own record only; everything else breaks the document.
    if (error instanceof MalformedXml && entity !== undefined) {
      return { as: 'unreadable', id: null, reason: error.message };
    }
    if (error instanceof MalformedXml) {
      throw new SyncError('contract', `The session list is not well-formed XML: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

// Field by field: spreading `base` and overriding some of it takes as long as all the rest of the reading (9 of 26 us).
function readEntityForm(entity: Entity): BackupSession {
  const base = readBase(entity);
  const jobType = word(entity.text('JobType'));
  const createdText = entity.text('CreationTimeUTC');
  const createdAt = timestamp('CreationTimeUTC', createdText);
  if (createdAt === null) throw new Unreadable(`session ${base.id} has no CreationTimeUTC`);
  return {
    id: base.id,
    name: base.name,
    kind: jobType === null ? base.kind : kindOfJobType(jobType),
    jobType,
    jobId: guidIn(entity.text('JobUid')) ?? base.jobId,
    jobName: nonEmpty(entity.text('JobName')) ?? base.jobName,
    parentId: base.parentId,
    serverId: base.serverId,
    serverName: base.serverName,
    state: word(entity.text('State')),
    result: word(entity.text('Result')),
    isRetry: /^\s*(true|1)\s*$/i.test(entity.text('IsRetry') ?? ''),
    createdAt,
    endedAt: timestamp('EndTimeUTC', entity.text('EndTimeUTC')),
    progress: progress(entity.text('Progress')),
    failureMessage: nonEmpty(entity.text('FailureMessage')),
    extra: entity.rest(knownNames),
  };
}

function readReferenceForm(entity: Entity): BackupSession {
  const base = readBase(entity);
  const at = base.name.lastIndexOf('@');
  const createdAt = at === -1 ? undefined : parseTimestamp(base.name.slice(at + 1));
  if (createdAt === undefined) throw new Unreadable(`session ${base.id} has no creation time in its name`);
  return {
    ...base,
    jobType: null,
    jobName: base.jobName ?? base.name.slice(0, at),
    state: null,
    result: null,
    isRetry: false,
    createdAt,
    endedAt: null,
    progress: null,
    failureMessage: null,
    extra: null,
  };
}

/** What both forms tell: identity, and the neighbours its links name. */
function readBase(entity: Entity) {
  const id = sessionId(entity);
  if (id === null)
    throw new Unreadable(`a record has no UID ("${(entity.text('@Name') ?? '').slice(0, 100)}")`);
  const server = entity.link('Up', 'BackupServerReference');
  const job = entity.link('Up', 'JobReference');
  const parent = entity.link('Up', 'BackupJobSessionReference');
  const parentId = guidIn(parent?.href);
  return {
    id,
    name: entity.text('@Name') ?? '',
    kind: kindOfLinks(parentId, entity),
    jobId: guidIn(job?.href),
    jobName: nonEmpty(job?.name),
    parentId,
    serverId: guidIn(server?.href),
    serverName: nonEmpty(server?.name),
  };
}

function sessionId(entity: Entity): string | null {
  return guidIn(entity.text('@UID')) ?? guidIn(entity.text('@Href'));
}

/** References do not name the job type, but only a job's session has a list of the computers' sessions in it. */
function kindOfLinks(parentId: string | null, entity: Entity): SessionKind {
  if (parentId !== null) return 'computer';
  return entity.link('Alternate', 'BackupJobSessionReferenceList') === undefined ? 'other' : 'job';
}

function timestamp(name: string, text: string | undefined): Timestamp | null {
  // .NET writes a time that was never set as the first moment of year 1.
  if (text === undefined || text.trim() === '' || text.trim().startsWith('0001-01-01')) return null;
  const read = parseTimestamp(text);
  if (read === undefined) throw new Unreadable(`${name} "${text.slice(0, 50)}" is not a date`);
  return read;
}

const word = (text: string | undefined) => nonEmpty(text?.trim());
const nonEmpty = (text: string | undefined) => (text === undefined || text === '' ? null : text);

function progress(text: string | undefined): number | null {
  const digits = /^\s*(\d{1,9})(?:[.,]\d+)?\s*$/.exec(text ?? '');
  return digits === null ? null : Number(digits[1]);
}
