import { expect, it } from 'vitest';
import type { SourceProgress } from '../../../src/domain/source-progress.ts';
import type { SyncReport } from '../../../src/domain/sync-run.ts';
import { createMetrics } from '../../../src/metrics/create-metrics.ts';

const now = Date.now();
const progress: SourceProgress = {
  source: 'em',
  intervalMs: 900_000,
  lastFinishedAt: now - 60_000,
  lastStatus: 'failed',
  lastErrorKind: 'transient',
  lastListed: 10,
  lastMissing: 3,
  failuresInARow: 2,
  lastSuccessStartedAt: now - 5 * 86_400_000,
  lastSuccessAt: now - 5 * 86_400_000 + 1_000,
  lastCollectedAt: 1_700_000_000_000,
  refusedCredentials: null,
  hasDueTasks: false,
  hasBackfill: false,
  unreadableHoles: 0,
  unfetchedHoles: 2,
  tasksHoles: 0,
  gapHoles: 0,
  uncoveredSeconds: 86_400,
};
const report: SyncReport = {
  source: 'em',
  runId: '8ba90554-4cb0-4979-b4cc-00887fcd1caa',
  status: 'succeeded',
  form: 'entity',
  listed: 10,
  new: 4,
  changed: 2,
  unchanged: 4,
  unreadable: 0,
  unfetched: 0,
  missing: 0,
  holes: 0,
  requests: 5,
  bytesReceived: 6_000,
  durationMs: 700,
  error: null,
};
/** The value of the series that begins like this. */
const valueOf = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`session_history_${series} `))
      ?.split(' ')
      .at(-1),
  );

it('shows runs, what they wrote and asked for, and how fresh each source is', async () => {
  const metrics = createMetrics('1.2.3');
  metrics.recordRun(report, 'schedule');
  metrics.recordRun(
    { ...report, status: 'failed', new: 1, error: { kind: 'transient', message: 'gone' } },
    'api',
  );
  metrics.recordRun({ ...report, runId: null, status: 'skipped' }, 'schedule');
  const { text } = await metrics.render({
    progress: [progress],
    queues: { sync: { waiting: 7, active: 1 }, upkeep: { waiting: 0 } },
  });
  const expected: Readonly<Record<string, number>> = {
    'runs_total{source="em",trigger="schedule",status="succeeded",error_kind=""}': 1,
    'runs_total{source="em",trigger="api",status="failed",error_kind="transient"}': 1,
    'runs_total{source="em",trigger="schedule",status="skipped",error_kind=""}': 1,
    'run_duration_seconds_count{status="succeeded"}': 1,
    'run_duration_seconds_sum{status="failed"}': 0.7,
    'sessions_total{source="em",change="new"}': 5,
    'sessions_total{source="em",change="changed"}': 4,
    'em_requests_total{source="em"}': 10,
    'em_received_bytes_total{source="em"}': 12_000,
    'last_success_timestamp_seconds{source="em"}': (now - 5 * 86_400_000 + 1_000) / 1_000,
    'collected_timestamp_seconds{source="em"}': 1_700_000_000,
    'failures_in_a_row{source="em"}': 2,
    'missing_sessions{source="em"}': 3,
    'late{source="em"}': 0,
    'interval_seconds{source="em"}': 900,
    'queue_jobs{queue="sync",state="waiting"}': 7,
    'queue_jobs{queue="sync",state="active"}': 1,
    database_up: 1,
    queue_up: 1,
    'build_info{version="1.2.3"}': 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((series) => [series, valueOf(text, series)]))).toEqual(
    expected,
  );
  expect(valueOf(text, 'days_until_loss{source="em"}')).toBeCloseTo(25, 2);
  expect(valueOf(text, 'seconds_since_success{source="em"}')).toBeCloseTo(5 * 86_400 - 1, -1);
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});

it('shows nothing of what cannot be asked for now, or has left', async () => {
  const metrics = createMetrics('1.2.3');
  const known = await metrics.render({
    progress: [progress],
    queues: { sync: { waiting: 7 } },
    replicaLagSeconds: 5,
  });
  expect(valueOf(known.text, 'replica_lag_seconds{reader="api"}')).toBe(5);
  const { text } = await metrics.render({ progress: undefined, queues: undefined });
  expect(text).not.toMatch(/^session_history_replica_lag_seconds/m);
  expect([valueOf(text, 'database_up'), valueOf(text, 'queue_up')]).toEqual([0, 0]);
  expect(text).not.toContain('{source=');
  expect(text).not.toContain('queue="sync"');
});
