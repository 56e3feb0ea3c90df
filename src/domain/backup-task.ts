import type { Timestamp } from './timestamp.ts';

/** One processed machine within a session, as Enterprise Manager showed it. Ids are lower-case GUIDs. */
export type BackupTask = {
  readonly id: string;
  readonly sessionId: string;
  readonly name: string;
  /** `VmDisplayName`: the machine, or null where EM left it out. */
  readonly machine: string | null;
  readonly state: string | null;
  readonly result: string | null;
  readonly reason: string | null;
  readonly totalBytes: bigint | null;
  readonly createdAt: Timestamp | null;
  readonly endedAt: Timestamp | null;
  readonly extra: Readonly<Record<string, unknown>> | null;
};
