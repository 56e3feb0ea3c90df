import type { Timestamp } from './timestamp.ts';

type Extra = Readonly<Record<string, unknown>> | null;

/** An agent backup job as `/agents/jobs` shows it. */
export type BackupJob = {
  readonly id: string;
  readonly name: string;
  readonly jobType: string | null;
  readonly platform: string | null;
  readonly description: string | null;
  readonly serverId: string | null;
  readonly scheduleEnabled: boolean | null;
  readonly nextRunAt: Timestamp | null;
  readonly extra: Extra;
};

/** A computer that Enterprise Manager has discovered, whether it was ever backed up or not. */
export type DiscoveredComputer = {
  readonly id: string;
  readonly name: string;
  readonly extra: Extra;
};

/** A Veeam backup server connected to Enterprise Manager, as `/backupServers` shows it. */
export type BackupServer = {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly version: string | null;
  readonly extra: Extra;
};
