import { setImmediate as turn } from 'node:timers/promises';
import { fetchSessions, type FetchContext } from './fetch-sessions.ts';
import { fingerprint } from './fingerprint.ts';
import { guidFromBytes } from './guid.ts';
import type { EnterpriseManager, SessionList } from './ports.ts';

type Context = FetchContext & {
  readonly em: Pick<EnterpriseManager, 'parseRecord'>;
  /** Known sessions without a final result; those asked for by id are struck off. */
  readonly unfinished: Set<string>;
  readonly onRecords: (records: number) => void;
};

/**
 * Reads a list to its end and writes what is new in it. A record whose bytes were known is counted and passed over. Of a
 * broken list, everything before the break is written before the error is thrown.
 */
export async function readList(list: SessionList, context: Context): Promise<void> {
  const take = list.form === 'entity' ? takeEntity(context) : takeReference(context);
  try {
    for await (const records of list.records) {
      for (const record of records) {
        const print = fingerprint(record);
        if (context.index.see(print) === undefined) await take.record(record, print);
      }
      context.onRecords(records.length);
      await context.batches.writeIfFull();
      // A list that is here already would be read in one go, with everybody's answers waiting outside.
      await turn();
    }
    await take.finish();
  } finally {
    await take.settle();
    await context.batches.writeAll();
  }
}

type Taker = {
  record(record: Uint8Array, print: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  settle(): Promise<void>;
};

function takeEntity({ em, index, batches }: Context): Taker {
  return {
    record: (raw, print) => {
      const read = em.parseRecord(raw, 'entity');
      if (read.as === 'unreadable') {
        if (read.id !== null) index.seeSession(read.id);
        batches.addUnreadable(unreadable(raw, print, read));
      } else {
        const added = index.add(print, read.session.id);
        const record = { fingerprint: guidFromBytes(print), sessionId: read.session.id };
        batches.add(added.isDuplicate ? 'duplicate' : 'listed', read.session, {
          record,
          superseded: added.superseded,
        });
      }
      return Promise.resolve();
    },
    finish: () => Promise.resolve(),
    settle: () => Promise.resolve(),
  };
}

function takeReference(context: Context): Taker {
  const { em, index, batches, unfinished } = context;
  const fetching = fetchSessions(context);
  return {
    record: async (raw, print) => {
      const read = em.parseRecord(raw, 'reference');
      if (read.as === 'unreadable') {
        if (read.id !== null) index.seeSession(read.id);
        batches.addUnreadable(unreadable(raw, print, read));
        return;
      }
      const { id } = read.session;
      unfinished.delete(id);
      const { isDuplicate, superseded } = index.add(print, id);
      await fetching.start(id, {
        fingerprint: guidFromBytes(print),
        // Thousands may wait: as text they take a quarter of the memory, and hardly any is looked at again.
        reference: JSON.stringify(read.session),
        isDuplicate,
        superseded,
      });
    },
    finish: fetching.drain,
    settle: fetching.settle,
  };
}

function unreadable(
  raw: Uint8Array,
  print: Uint8Array,
  read: { readonly id: string | null; readonly reason: string },
) {
  return {
    fingerprint: guidFromBytes(print),
    sessionId: read.id,
    reason: read.reason,
    record: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'),
  };
}
