import { SyncError } from '../../domain/sync-error.ts';
import type { Ability, Learned } from './learned.ts';
import { findPagingFault, readQueryPage, type Ask, type Paging, type Query } from './query-page.ts';
import type { Cut } from './read-record.ts';

/** More pages than this are no answer about a hundred ids. */
const maxPages = 50;
const pageSize = 1_000;

export type Batch<Row> = {
  readonly what: Ability;
  readonly type: Query['type'];
  /** The field of /query that is compared with ids. */
  readonly field: string;
  /** The row and the id it answers; undefined for one that cannot be read. */
  readonly read: (cut: Cut) => { readonly id: string; readonly row: Row } | undefined;
};

/**
 * Asks for many ids at once. Rows by id, or undefined when the answer contradicts itself or what was asked: then nothing of
 * it is believed, and that is learned. A row that was not asked for is such a contradiction; an id without rows is none.
 */
export async function askInBatch<Row>(
  ask: Ask,
  learned: Learned,
  batch: Batch<Row>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Row[]> | undefined> {
  const query = { type: batch.type, filter: ids.map((id) => `${batch.field}==${id}`).join(','), pageSize };
  const found = new Map<string, Row[]>(ids.map((id) => [id, []]));
  let fault: string | undefined;
  let first: Paging | undefined;
  const take = (cut: Cut) => {
    const read = batch.read(cut);
    const rows = read === undefined ? undefined : found.get(read.id);
    if (read === undefined) fault ??= 'has a row that cannot be read';
    else if (rows === undefined) fault ??= 'has rows that were not asked for';
    else rows.push(read.row);
  };
  try {
    for (let page = 1; ; page += 1) {
      const here = await readQueryPage(ask, query, page, take);
      if (here.as === 'refused') {
        const { as, kind, reason } = here.judgement;
        if (as === 'expired') throw new SyncError('unauthorized', reason);
        // It may be busy; or a filter it does not know makes it stumble, each time.
        if (kind === 'transient') learned.stumbled(batch.what, reason);
        else learned.failed(batch.what, reason);
        return undefined;
      }
      fault ??= findPagingFault(here, page, first);
      first ??= here.paging;
      if (fault !== undefined || first === undefined || page >= first.pages) break;
      if (page >= maxPages) fault = 'has too many pages';
    }
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind !== 'contract') throw error;
    fault = error.message;
  }
  if (fault !== undefined) {
    learned.failed(batch.what, `/query for ${batch.what} ${fault}`);
    return undefined;
  }
  return found;
}

/** Ids in groups, each once, drawn when a group is. */
export async function* inGroups(
  ids: Iterable<string> | AsyncIterable<string>,
  size: number,
): AsyncGenerator<readonly string[]> {
  let group: string[] = [];
  for await (const id of ids) {
    group.push(id);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Each id once, in the order in which they come. */
export async function* distinct(ids: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  const seen = new Set<string>();
  for await (const id of ids) {
    if (seen.has(id)) continue;
    seen.add(id);
    yield id;
  }
}
