import { SyncError } from '../../domain/sync-error.ts';
import { timestampFromDate, type Timestamp } from '../../domain/timestamp.ts';
import type { Finding, Source } from '../source.ts';
import { fingerprint } from './fingerprint.ts';
import type { Connection } from './open-enterprise-manager.ts';
import { readQueryPage } from './query-page.ts';
import { readRecord } from './read-record.ts';

const dayMs = 86_400_000;
const sampleMs = 3_600_000;
/** EM keeps 13 weeks unless told otherwise. Twice that lasts through most things that stop a poll. */
const shortHistoryDays = 182;

/** What `/query` can do here: whether a window of it can be proved whole, and how far back it reaches. */
export async function* examineReach(connection: Connection, source: Source): AsyncGenerator<Finding> {
  try {
    const oldest = await readOldest(connection);
    const to = oldest.readAt;
    const from = timestampFromDate(new Date(Date.parse(to) - sampleMs));
    const answer = await source.readWindow({ from, to });
    const doubt = answer.as === 'doubtful' || answer.as === 'refused' ? answer.reason : undefined;
    yield doubt === undefined
      ? {
          verdict: 'good',
          what: 'windows: /query can be read by time: gaps can be filled, polls may be small',
        }
      : { verdict: 'warning', what: `windows: ${doubt} Gaps cannot be filled; every poll reads the list` };
    if (doubt === undefined) yield* describeReach(oldest);
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'interrupted') throw error;
    yield { verdict: 'warning', what: `windows: ${error.message} Gaps cannot be filled` };
  }
}

type Oldest = { readonly createdAt: Timestamp | undefined; readonly readAt: Timestamp };

function* describeReach({ createdAt, readAt }: Oldest): Generator<Finding> {
  const days = createdAt === undefined ? 0 : Math.floor((Date.parse(readAt) - Date.parse(createdAt)) / dayMs);
  if (createdAt !== undefined) {
    const day = createdAt.slice(0, 10);
    yield {
      verdict: 'good',
      what:
        days > 30
          ? `reach: /query goes back to ${day} (${days} days): \`backfill --since ${day}\` reads it`
          : `reach: /query goes back to ${day}, no further than the list`,
    };
  }
  if (days < shortHistoryDays) {
    yield {
      verdict: 'warning',
      what:
        'event history: Enterprise Manager keeps 13 weeks unless told otherwise. Lengthen it there under Configuration, ' +
        'Settings, Event history: what was not read in time can still be read for as long as it is kept',
    };
  }
}

/** The oldest agent session of `/query`, by what it says of their order. Throws SyncError. */
async function readOldest({ ask }: Connection): Promise<Oldest> {
  let oldest: Timestamp | undefined;
  let readAt = timestampFromDate(new Date());
  for (const jobType of ['AgentBackup', 'AgentManagement'] as const) {
    const query = { type: 'BackupJobSession', filter: `JobType==${jobType}`, pageSize: 1 } as const;
    const page = await readQueryPage(ask, query, 1, (cut) => {
      const record = readRecord({ ...cut, fingerprint: fingerprint(cut.bytes, 'entity') });
      if (record === undefined || record.as === 'unreadable') return;
      const { createdAt } = record.session;
      if (createdAt !== null && (oldest === undefined || createdAt < oldest)) oldest = createdAt;
    });
    if (page.as === 'refused') throw new SyncError(page.judgement.kind, page.judgement.reason);
    ({ readAt } = page);
  }
  return { createdAt: oldest, readAt };
}
