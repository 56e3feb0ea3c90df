import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { daysUntilLoss, isLate } from '../domain/next-run.ts';
import type { ComputerStanding } from '../domain/computer-state.ts';
import { computerStates } from '../domain/computer-state.ts';
import type { SourceProgress } from '../domain/source-progress.ts';
import type { SyncReport } from '../domain/sync-run.ts';

/** What `/metrics` shows. Counters are this process's own; gauges about sources and queues are the same in every process. */
export type Metrics = {
  recordRun(report: SyncReport, trigger: string): void;
  /** The text for Prometheus, the gauges drawn from what is given; undefined: not known now, and so not shown. */
  render(now: {
    readonly progress: readonly SourceProgress[] | undefined;
    readonly queues: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
    /** Of the replica that the API reads, if it reads one. */
    readonly replicaLagSeconds?: number | undefined;
    /** With gauges for each, where `eachComputer`. */
    readonly computers?: readonly ComputerStanding[] | undefined;
  }): Promise<{ readonly contentType: string; readonly text: string }>;
};

export function createMetrics(version: string, options: { readonly eachComputer?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const startedAt = Date.now();
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `session_history_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `session_history_${name}`, help, labelNames, registers });

  collectDefaultMetrics({ register: registry });
  gauge('build_info', 'Always 1; the label says which version runs.', ['version']).set({ version }, 1);

  const runs = counter('runs_total', 'Runs that ended in this process.', [
    'source',
    'trigger',
    'status',
    'error_kind',
  ]);
  const durations = new Histogram({
    name: 'session_history_run_duration_seconds',
    help: 'How long runs took, from lock to logoff.',
    labelNames: ['status'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200],
    registers,
  });
  const sessions = counter('sessions_total', 'Sessions written by runs of this process.', [
    'source',
    'change',
  ]);
  const requests = counter('em_requests_total', 'Requests sent to Enterprise Manager.', ['source']);
  const received = counter('em_received_bytes_total', 'Bytes received from Enterprise Manager.', ['source']);

  const lastSuccess = gauge('last_success_timestamp_seconds', 'End of the last successful run.', ['source']);
  const sinceSuccess = gauge('seconds_since_success', 'Age of the last successful run.', ['source']);
  const collected = gauge(
    'collected_timestamp_seconds',
    'End of the last data collection of Enterprise Manager, where the account may see it.',
    ['source'],
  );
  const untilLoss = gauge(
    'days_until_loss',
    'Days until sessions that were never read begin to leave the 30 days Enterprise Manager lists.',
    ['source'],
  );
  const failures = gauge('failures_in_a_row', 'Failed runs since the last success, 20 at most.', ['source']);
  const missing = gauge('missing_sessions', 'Listed sessions that the last run did not store: holes.', [
    'source',
  ]);
  const holes = gauge(
    'holes',
    'What is known not to be stored as it should be; view report.holes lists it.',
    ['source', 'kind'],
  );
  const uncovered = gauge(
    'uncovered_seconds',
    'Length of the gaps between the first and the last moment that was read.',
    ['source'],
  );
  const computers = gauge(
    'computers',
    'Computers, by how their backups stand: muted, never, overdue, failed, missed or ok; the first that holds.',
    ['source', 'customer', 'state'],
  );
  const ofComputer = ['source', 'customer', 'computer'] as const;
  const computerSuccess = gauge(
    'computer_last_success_timestamp_seconds',
    'End of its last good run.',
    ofComputer,
  );
  const computerOutcome = gauge(
    'computer_last_outcome',
    'Always 1; the label is the outcome of its newest run.',
    [...ofComputer, 'outcome'],
  );
  const computerBytes = gauge(
    'computer_last_processed_bytes',
    'Size of its newest backup of known size.',
    ofComputer,
  );
  const computerStreak = gauge(
    'computer_consecutive_failures',
    'Failed runs since its last success.',
    ofComputer,
  );
  const late = gauge('late', '1 when no run has ended for three intervals.', ['source']);
  const interval = gauge('interval_seconds', 'The poll interval.', ['source']);
  const jobs = gauge('queue_jobs', 'Jobs in the queue.', ['queue', 'state']);
  const databaseUp = gauge('database_up', '1 when the database answers.', []);
  // With a label, for a gauge without one shows 0 where it was never set.
  const replicaLag = gauge(
    'replica_lag_seconds',
    'How old what a reader of a replica shows is; 0: as new as the primary.',
    ['reader'],
  );
  const queueUp = gauge('queue_up', '1 when the queue answers.', []);

  const perSource = [
    lastSuccess,
    sinceSuccess,
    collected,
    untilLoss,
    failures,
    missing,
    holes,
    uncovered,
    late,
    interval,
    computers,
    computerSuccess,
    computerOutcome,
    computerBytes,
    computerStreak,
  ];

  return {
    recordRun: (report, trigger) => {
      const { source, status } = report;
      runs.inc({ source, trigger, status, error_kind: report.error?.kind ?? '' });
      if (status === 'skipped') return;
      durations.observe({ status }, report.durationMs / 1_000);
      sessions.inc({ source, change: 'new' }, report.new);
      sessions.inc({ source, change: 'changed' }, report.changed);
      requests.inc({ source }, report.requests);
      received.inc({ source }, report.bytesReceived);
    },
    render: async ({ progress, queues, replicaLagSeconds, computers: standings }) => {
      const now = Date.now();
      // Of sources that left the configuration nothing must linger.
      for (const each of [...perSource, jobs, replicaLag]) each.reset();
      if (replicaLagSeconds !== undefined) replicaLag.set({ reader: 'api' }, replicaLagSeconds);
      for (const one of progress ?? []) {
        const { source } = one;
        interval.set({ source }, one.intervalMs / 1_000);
        failures.set({ source }, one.failuresInARow);
        missing.set({ source }, one.lastMissing);
        holes.set({ source, kind: 'unreadable' }, one.unreadableHoles);
        holes.set({ source, kind: 'unfetched' }, one.unfetchedHoles);
        holes.set({ source, kind: 'tasks' }, one.tasksHoles);
        holes.set({ source, kind: 'gap' }, one.gapHoles);
        uncovered.set({ source }, one.uncoveredSeconds);
        late.set({ source }, isLate(one, startedAt, now) ? 1 : 0);
        if (one.lastCollectedAt !== null) collected.set({ source }, one.lastCollectedAt / 1_000);
        const days = daysUntilLoss(one, now);
        if (one.lastSuccessAt === null || days === null) continue;
        lastSuccess.set({ source }, one.lastSuccessAt / 1_000);
        sinceSuccess.set({ source }, (now - one.lastSuccessAt) / 1_000);
        untilLoss.set({ source }, days);
      }
      // The history keeps computers of sources that no service reads any more: nobody is to be woken for them.
      const polled =
        progress === undefined || progress.length === 0
          ? undefined
          : new Set(progress.map(({ source }) => source));
      const watched = standings?.filter(({ source }) => polled?.has(source) !== false) ?? [];
      const places = new Map(watched.map((one) => [JSON.stringify([one.source, one.customer]), one]));
      // Zeros too: an alert must see a number fall, not a series go.
      for (const { source, customer } of places.values())
        for (const state of computerStates) computers.set({ source, customer, state }, 0);
      for (const { source, customer, state, computer, ...one } of watched) {
        computers.inc({ source, customer, state });
        if (options.eachComputer !== true) continue;
        const labels = { source, customer, computer };
        if (one.lastSuccess !== null) computerSuccess.set(labels, one.lastSuccess);
        if (one.lastOutcome !== null) computerOutcome.set({ ...labels, outcome: one.lastOutcome }, 1);
        if (one.lastBytes !== null) computerBytes.set(labels, one.lastBytes);
        computerStreak.set(labels, one.consecutiveFailures);
      }
      for (const [queue, states] of Object.entries(queues ?? {})) {
        for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count);
      }
      databaseUp.set(progress === undefined ? 0 : 1);
      queueUp.set(queues === undefined ? 0 : 1);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
