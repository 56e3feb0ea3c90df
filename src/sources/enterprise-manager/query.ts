import type { Timestamp } from '../../domain/timestamp.ts';
import { SyncError } from '../../domain/sync-error.ts';
import { splitRecords } from './record-splitter.ts';
import { readEntity } from './entity.ts';
import { parseXml } from './parse-xml.ts';
import type { XmlNode } from './xml-node.ts';
import { readSessionRecord, type ReadRecord } from './read-session-record.ts';

/** Rows a page. EM's own default too; larger pages are undocumented. */
const pageSize = 100;

/** Path of one page of the agent sessions created in [from, to), in the order of their creation. */
export function queryPath(
  window: { readonly from: Timestamp; readonly to: Timestamp },
  page: number,
): string {
  const filter = `(JobType==AgentBackup,JobType==AgentManagement);CreationTime>="${window.from}";CreationTime<"${window.to}"`;
  return (
    `/query?type=BackupJobSession&format=Entities&filter=${encodeURIComponent(filter)}` +
    `&sortAsc=CreationTime&pageSize=${pageSize}&page=${page}`
  );
}

/**
 * Reads a page. The filter is applied once more, because EM has been seen to answer with rows outside of it. Throws
 * SyncError `contract` for a document that is broken or no query result.
 */
export function readQueryPage(
  body: Uint8Array,
  window: { readonly from: Timestamp; readonly to: Timestamp },
): { readonly records: readonly ReadRecord[]; readonly pages: number } {
  const splitter = splitRecords(new Set(['BackupJobSession', 'PagingInfo']));
  const { records, broken } = splitter.push(body);
  if (broken !== undefined)
    throw new SyncError('contract', `A page of /query ${broken.message}.`, { cause: broken });
  splitter.end();
  if (splitter.root() !== 'QueryResult') {
    throw new SyncError('contract', `Enterprise Manager answered /query with <${splitter.root() ?? ''}>.`);
  }
  const paging = records.find((record) => record.name === 'PagingInfo');
  return {
    records: records
      .filter((record) => record.name === 'BackupJobSession')
      .map((record) => readSessionRecord(record.bytes, 'entity'))
      .filter((record) => record.as === 'unreadable' || isWanted(record.session, window)),
    pages: paging === undefined ? 1 : pagesCount(paging.bytes),
  };
}

function isWanted(
  session: { readonly jobType: string | null; readonly createdAt: Timestamp },
  window: { readonly from: Timestamp; readonly to: Timestamp },
): boolean {
  const isAgents = session.jobType === 'AgentBackup' || session.jobType === 'AgentManagement';
  return isAgents && session.createdAt >= window.from && session.createdAt < window.to;
}

/** An attribute in what has been seen; an element would do. */
function pagesText(node: XmlNode): string | undefined {
  const paging = readEntity(node);
  return paging.text('@PagesCount') ?? paging.text('PagesCount');
}

function pagesCount(paging: Uint8Array): number {
  const [node] = Object.values(parseXml(paging));
  const pages = Number(pagesText(node as XmlNode) ?? '1');
  return Number.isSafeInteger(pages) && pages >= 0 ? pages : 1;
}
