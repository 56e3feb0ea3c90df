import type { Timestamp } from './timestamp.ts';

/** What a session is about: `job` is one run of a job, `computer` one computer's part in it. */
export type SessionKind = 'job' | 'computer' | 'other';

/**
 * One session as Enterprise Manager last showed it. Ids are lower-case GUIDs without their URN prefix. Words (`state`,
 * `result`, `jobType`) are the vendor's, kept as they came: every vendor enum is an open set.
 */
export type BackupSession = {
  readonly id: string;
  readonly name: string;
  readonly kind: SessionKind;
  readonly jobType: string | null;
  readonly jobId: string | null;
  readonly jobName: string | null;
  /** From the `Up` link to a BackupJobSessionReference; the parent need not exist. */
  readonly parentId: string | null;
  readonly serverId: string | null;
  readonly serverName: string | null;
  readonly state: string | null;
  readonly result: string | null;
  readonly isRetry: boolean;
  readonly createdAt: Timestamp;
  readonly endedAt: Timestamp | null;
  /** 0 to 100; says nothing about being done. */
  readonly progress: number | null;
  readonly failureMessage: string | null;
  /** Elements this program does not know, name to value, or null when there are none. */
  readonly extra: Readonly<Record<string, unknown>> | null;
};

/** The kind a vendor job type stands for. */
export function kindOfJobType(jobType: string | null): SessionKind {
  switch (jobType) {
    case 'AgentBackup':
      return 'job';
    case 'AgentManagement':
      return 'computer';
    case null:
    default:
      return 'other';
  }
}

/** Whether EM has said its last word on a session's end (results can still be corrected). */
export function isFinal(session: Pick<BackupSession, 'state' | 'result' | 'endedAt'>): boolean {
  const { state, result, endedAt } = session;
  return state === 'Stopped' && result !== null && result !== '' && result !== 'None' && endedAt !== null;
}
