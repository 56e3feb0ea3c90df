import type { Timestamp } from '../../domain/timestamp.ts';
import { dateOf } from './date-of.ts';
import { readEntity } from './entity.ts';
import { wrongRoot, type Judgement } from './judge-answer.ts';
import { MalformedXml, parseXml } from './parse-xml.ts';
import { readElements } from './read-elements.ts';
import type { Cut } from './read-record.ts';
import type { Answer } from './transport.ts';

/** Sends a request within the logon and says what the answer means; only a `document` has a body left to read. */
export type Ask = (
  path: string,
  options?: { readonly attempts?: number; readonly isList?: boolean },
) => Promise<{ readonly answer: Answer; readonly judgement: Judgement }>;

export type Query = {
  readonly type: 'BackupJobSession' | 'BackupTaskSession';
  readonly filter: string;
  /** Rows a page: a wish. Without it EM's pages hold 100. */
  readonly pageSize: number;
};

export type Paging = { readonly page: number; readonly size: number; readonly pages: number };
export type QueryPage =
  | {
      readonly as: 'page';
      readonly rows: number;
      readonly paging: Paging | undefined;
      /** EM's clock when it answered. */
      readonly readAt: Timestamp;
    }
  | { readonly as: 'refused'; readonly judgement: Exclude<Judgement, { readonly as: 'document' }> };

/** Around the rows of an answer. */
const containers = new Set(['Entities', 'Refs', 'BackupJobSessions', 'BackupTaskSessions']);
const usual = new Map([
  ['BackupJobSessions', 'BackupJobSession'],
  ['BackupTaskSessions', 'BackupTaskSession'],
  ['Refs', 'Ref'],
]);

/** Reads a page, each row given to `take`. Throws SyncError `contract` for what is no answer of /query. */
export async function readQueryPage(
  ask: Ask,
  query: Query,
  page: number,
  take: (cut: Cut) => void,
): Promise<QueryPage> {
  const what = 'The answer to /query';
  const path =
    `/query?type=${query.type}&format=Entities&filter=${encodeURIComponent(query.filter)}` +
    `&sortAsc=CreationTime&pageSize=${query.pageSize}&page=${page}`;
  const { answer, judgement } = await ask(path, { attempts: 2 });
  if (judgement.as !== 'document') return { as: 'refused', judgement };
  let paging: Paging | undefined;
  let rows = 0;
  await readElements(answer, {
    what,
    containers,
    usual,
    checkRoot: (root) => {
      if (root !== 'QueryResult') throw wrongRoot(what, root);
    },
    take: (cut) => {
      if (cut.name === 'PagingInfo') paging = readPaging(cut.bytes.toString('utf8'));
      else if (cut.name !== 'Links' && cut.name !== 'Link') {
        rows += 1;
        take(cut);
      }
    },
  });
  return { as: 'page', rows, paging, readAt: dateOf(answer.header('date')) };
}

/** Attributes in what has been seen; elements would do. */
function readPaging(text: string): Paging | undefined {
  try {
    const entity = readEntity(parseXml(text));
    const number = (name: string) => {
      const value = (entity.text(`@${name}`) ?? entity.text(name) ?? '').trim();
      return /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    };
    const paging = { page: number('PageNum'), size: number('PageSize'), pages: number('PagesCount') };
    return Object.values(paging).some(Number.isNaN) ? undefined : paging;
  } catch (error) {
    if (error instanceof MalformedXml) return undefined;
    throw error;
  }
}

/** What is wrong with a page among those of one answer; undefined when they fit together. */
export function findPagingFault(
  { rows, paging }: { readonly rows: number; readonly paging: Paging | undefined },
  page: number,
  first: Paging | undefined,
): string | undefined {
  if (paging === undefined) return 'says nothing of its pages';
  const { size, pages } = paging;
  if (paging.page !== page) return `shows page ${paging.page} when asked for page ${page}`;
  if (first !== undefined && (first.pages !== pages || first.size !== size))
    return 'changes the number or size of its pages';
  if (rows > size) return `has ${rows} rows on a page of ${size}`;
  if (page < pages && rows < size) return `has ${rows} rows on a full page of ${size}`;
  if (pages === 0 && rows > 0) return 'has rows on none of its pages';
  if (pages > 1 && rows === 0) return 'has an empty page';
  return page > Math.max(1, pages) ? 'has fewer pages than it said' : undefined;
}
