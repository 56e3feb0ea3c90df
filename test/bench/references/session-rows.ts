import { createHash } from 'node:crypto';
import type { BatchRow } from '../../support/batch-of.ts';
import { timestampFromDate, parseTimestamp } from '../../../src/domain/timestamp.ts';
import { makeSessions } from '../em/make-sessions.ts';

const timestamp = (text: string) => parseTimestamp(text) ?? timestampFromDate(new Date(text));

/** Rows as the engine hands them to the storage, ready before the clock starts. */
export function makeRows(count: number): readonly BatchRow[] {
  return makeSessions(count, 'write').map((made) => ({
    fingerprint: createHash('md5')
      .update(made.name)
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    session: {
      id: made.id,
      name: made.name,
      kind: made.parent === undefined ? 'job' : 'computer',
      jobType: made.parent === undefined ? 'AgentBackup' : 'AgentManagement',
      jobId: made.jobId,
      jobName: made.jobName,
      parentId: made.parent?.id ?? null,
      serverId: made.serverId,
      serverName: made.serverName,
      state: 'Stopped',
      result: made.result,
      isRetry: made.isRetry,
      createdAt: timestamp(made.created),
      endedAt: timestamp(made.ended),
      progress: 100,
      failureMessage: null,
      extra: null,
    },
    computer: made.parent === undefined ? null : made.jobName.slice(made.jobName.lastIndexOf(' - ') + 3),
  }));
}
