import { setImmediate as turn } from 'node:timers/promises';
import { SyncError } from '../../domain/sync-error.ts';
import type { ListForm } from '../../domain/sync-run.ts';
import type { ListGroup, ListRecord, SessionList } from '../source.ts';
import { maxStrangeChildren } from './bounds.ts';
import { dateOf } from './date-of.ts';
import { fingerprint } from './fingerprint.ts';
import { explainBreak, whereToLook, wrongRoot } from './judge-answer.ts';
import { readRecord } from './read-record.ts';
import { splitElements } from './split-elements.ts';
import type { Answer } from './transport.ts';

/** What the records of a list are called, by its root. Others are taken as well. */
const usualRecords = new Map([
  ['BackupJobSessions', 'BackupJobSession'],
  ['EntityReferences', 'Ref'],
]);
/** Roots of lists whose names are not known yet. */
const maybeList = /(Sessions|References|SessionList|ReferenceList)$/;
/** Tells an entity by its bytes, without parsing it. */
const inEntitiesOnly = ['CreationTimeUTC', 'JobType>', 'JobUid>', 'State>', 'Result>'];

const nothing = new Uint8Array();

/**
 * Reads a session list while it arrives. Resolves with its first record, or at its end; throws SyncError `contract` when it
 * is no list. `isKnown`: of fingerprints; a record that is known is counted and not parsed.
 */
export async function readSessionList(
  answer: Answer,
  isKnown: (fingerprint: string) => boolean,
): Promise<SessionList> {
  const what = 'The session list';
  let form: ListForm | undefined;
  let count = 0;
  let strange = 0;
  let records: ListRecord[] = [];
  const splitter = splitElements({
    usual: usualRecords,
    checkRoot: (root) => {
      if (!usualRecords.has(root) && !maybeList.test(root)) throw wrongRoot(what, root);
    },
    recognise: (bytes) => {
      form ??= formOf(bytes);
      const print = fingerprint(bytes, form);
      if (!isKnown(print)) return print;
      count += 1;
      return undefined;
    },
    take: (cut) => {
      const record = readRecord(cut);
      if (record === undefined) return;
      count += 1;
      records.push(record);
      if (record.as !== 'unreadable') return;
      strange += 1;
      if (strange > maxStrangeChildren)
        throw new SyncError(
          'contract',
          `${what} has more than ${maxStrangeChildren} elements that are no sessions. ${whereToLook}`,
        );
    },
  });
  const chunks = answer.body[Symbol.asyncIterator]();
  /** Whether more of what came waits to be cut. */
  let hasMore = false;
  let isEnding = false;

  /** What the next chunk, or the rest of the one before, completes. */
  async function next(): Promise<ListGroup & { readonly broken?: unknown; readonly isLast?: boolean }> {
    let broken: { readonly broken: unknown } | undefined;
    try {
      let chunk: Uint8Array = nothing;
      if (hasMore) await turn();
      else {
        const came = await chunks.next();
        isEnding = came.done === true;
        if (came.done !== true) chunk = came.value;
      }
      hasMore = isEnding ? splitter.end() : splitter.push(chunk);
    } catch (error) {
      broken = { broken: explainBreak(what, error) };
    }
    const group = { count, records, isLast: isEnding && !hasMore, ...broken };
    count = 0;
    records = [];
    return group;
  }

  let first = await next();
  while (first.count === 0 && first.isLast !== true && first.broken === undefined) first = await next();
  const root = splitter.root();
  if (root === undefined || (first.broken !== undefined && first.count === 0 && form === undefined)) {
    await chunks.return?.();
    throw first.broken as Error;
  }

  async function* groups(): AsyncGenerator<ListGroup> {
    try {
      for (let here = first; ; here = await next()) {
        yield { count: here.count, records: here.records };
        if (here.broken !== undefined) throw here.broken as Error;
        if (here.isLast === true) return;
      }
    } finally {
      await chunks.return?.();
    }
  }
  return {
    form: form ?? (root === 'EntityReferences' ? 'reference' : 'entity'),
    readAt: dateOf(answer.header('date')),
    groups: groups(),
  };
}

function formOf(bytes: Buffer): ListForm {
  return inEntitiesOnly.some((name) => bytes.includes(name, 0, 'latin1')) ? 'entity' : 'reference';
}
