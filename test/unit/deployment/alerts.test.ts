import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createMetrics } from '../../../src/metrics/create-metrics.ts';

const folder = new URL('../../../docs/prometheus/', import.meta.url);
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

it.runIf(hasPromtool)('the alert rules do what their tests say', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yaml'], {
    cwd: folder.pathname,
    encoding: 'utf8',
  });
  expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
});

it('the alert rules name gauges that there are', async () => {
  const { text } = await createMetrics('1').render({ progress: [], queues: {} });
  const rules = readFileSync(new URL('alerts.yaml', folder), 'utf8');
  const named = new Set(rules.match(/session_history_\w+/g));
  expect(named.size).toBeGreaterThan(3);
  for (const name of named) expect(text).toContain(`# TYPE ${name} gauge`);
});
