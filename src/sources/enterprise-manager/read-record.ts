import type { BackupSession, PartialSession } from '../../domain/backup-session.ts';
import { printable } from '../../domain/printable.ts';
import type { ListRecord } from '../source.ts';
import { maxKeptText } from './bounds.ts';
import { cutText } from './decode-text.ts';
import { guidIn, readEntity, type Entity } from './entity.ts';
import { textOf } from './fields.ts';
import { MalformedXml, parseXml, type XmlElement } from './parse-xml.ts';
import { nothingKnown, readSession } from './read-session.ts';
import { salvage } from './salvage.ts';

/** Of an element as the splitter cut it. */
export type Cut = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly fingerprint: string;
  readonly fault: string;
};

/** Elements beside the records, in lists and answers of /query. */
const besides = new Set(['PagingInfo', 'Links', 'Link']);

/**
 * Reads one record of a list; undefined for an element that is none. Entity or reference is told by what it holds. What is
 * wrong in a record never throws: it comes with the record.
 */
export function readRecord(cut: Cut): ListRecord | undefined {
  if (cut.fault === '' && besides.has(cut.name)) return undefined;
  const { fingerprint } = cut;
  const { text, isGarbled } = textOf(cut.bytes);
  // PostgreSQL stores no NUL.
  const kept = () => cutText(text, maxKeptText).replaceAll('\0', '\ufffd');
  let element: XmlElement;
  try {
    if (cut.fault !== '') throw new MalformedXml(cut.fault);
    element = parseXml(text);
  } catch (error) {
    if (!(error instanceof MalformedXml)) throw error;
    const reason = printable(`The record ${error.message}.`);
    const id = idInText(text);
    return id === undefined
      ? { fingerprint, as: 'unreadable', reason, text: kept() }
      : { fingerprint, as: 'part', session: readRest(text, id, isGarbled), reason, text: kept() };
  }
  const entity = readEntity(element);
  const id = sessionId(entity);
  if (id === null) {
    const reason = printable(`The record <${cutText(element.name, 50)}> has no id of a backup session.`);
    return { fingerprint, as: 'unreadable', reason, text: kept() };
  }
  const { form, session, reason } = readSession(entity, id, isGarbled);
  if (reason !== undefined)
    return { fingerprint, as: 'part', session, reason: printable(reason), text: kept() };
  return form === 'reference'
    ? { fingerprint, as: 'reference', session }
    : { fingerprint, as: 'session', session: session as BackupSession };
}

/** What can still be told of a record that is no XML. */
function readRest(text: string, id: string, isGarbled: boolean): PartialSession {
  try {
    return readSession(readEntity(parseXml(salvage(cutText(text, maxKeptText), 'Record'))), id, isGarbled)
      .session;
  } catch (error) {
    if (!(error instanceof MalformedXml)) throw error;
    return nothingKnown(id);
  }
}

/** Of what kind an id is, where the URN says so. */
const kindOfUrn = /^\s*urn:[^:]*:([^:]*):/i;

function sessionId(entity: Entity): string | null {
  const uid = entity.text('@UID');
  const kind = uid === undefined ? undefined : kindOfUrn.exec(uid)?.[1];
  if (kind !== undefined && !/session/i.test(kind)) return null;
  const id = guidIn(uid);
  if (id !== null) return id;
  const href = entity.text('@Href');
  return href !== undefined && /sessions\//i.test(href) ? guidIn(href) : null;
}

const guid = '([\\da-f]{8}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{4}-[\\da-f]{12})';
const ownUrn = new RegExp(`\\bUID\\s{0,9}=\\s{0,9}["']?\\s{0,9}urn:veeam:\\w{0,50}Session:${guid}`, 'i');
const anyUid = new RegExp(`\\bUID\\s{0,9}=\\s{0,9}["'][^"'<]{0,100}?${guid}`, 'i');
const ownHref = new RegExp(`\\bHref\\s{0,9}=\\s{0,9}["'][^"'<]{0,1000}?/backupSessions/${guid}`, 'i');

/** The id of a record that cannot be parsed. Links hold ids of others, so only what stands before them counts. */
function idInText(text: string): string | undefined {
  const links = text.search(/<(?:\w+:)?Links?\b/);
  const own = links === -1 ? text.slice(0, 8_192) : text.slice(0, Math.min(links, 8_192));
  const found = ownUrn.exec(own) ?? ownUrn.exec(text) ?? anyUid.exec(own) ?? ownHref.exec(own);
  return found?.[1]?.toLowerCase();
}

/** What an answer leaves out, and the reference of the session named. */
export function fillFrom<T extends PartialSession>(session: T, named: PartialSession | undefined): T {
  if (named === undefined) return session;
  return {
    ...session,
    name: session.name === null || session.name === '' ? named.name : session.name,
    parentId: session.parentId ?? named.parentId,
    jobId: session.jobId ?? named.jobId,
    jobName: session.jobName ?? named.jobName,
    serverId: session.serverId ?? named.serverId,
    serverName: session.serverName ?? named.serverName,
  };
}
