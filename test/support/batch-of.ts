import type { PartialSession } from '../../src/domain/backup-session.ts';
import { packRows, packSession } from '../../src/db/pack-session.ts';
import type { Telling } from '../../src/db/upsert-sessions.ts';
import type { Batch } from '../../src/db/write-batch.ts';

export type BatchRow = {
  readonly session: PartialSession;
  readonly fingerprint: string | null;
  readonly computer: string | null;
};

/** A batch of these sessions, and of the servers and jobs they name, as the writer of the sync gathers it. */
export function batchOf(told: Partial<Record<Telling, readonly BatchRow[]>>): Batch {
  const packed = (telling: Telling) =>
    packRows(
      (told[telling] ?? []).map(({ session, fingerprint, computer }) => ({
        packed: packSession(session, fingerprint),
        computer,
      })),
    );
  const all = [...(told.whole ?? []), ...(told.part ?? []), ...(told.reference ?? [])];
  const servers = all.flatMap(({ session: { serverId, serverName } }) =>
    serverId === null ? [] : { server_id: serverId, server_name: serverName ?? '' },
  );
  const jobs = all.flatMap(({ session: { jobId, jobName, kind, serverId, serverName }, computer }) =>
    jobId === null
      ? []
      : {
          job_id: jobId,
          job_name: jobName ?? '',
          kind,
          server_id: serverId,
          server_name: serverName,
          computer: computer === jobName ? null : computer,
        },
  );
  return {
    whole: packed('whole'),
    part: packed('part'),
    reference: packed('reference'),
    named: { servers, jobs },
    relisted: [],
    holes: [],
    healed: [],
  };
}
