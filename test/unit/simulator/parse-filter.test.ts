import { expect, it } from 'vitest';
import { BadFilter, parseFilter } from '../../../src/simulator/parse-filter.ts';

const row = {
  jobtype: 'AgentBackup',
  name: 'a;"b",c',
  result: 'Warning',
  creationtime: '2026-01-02T03:04:05.678901Z',
};

it.each([
  ['JobType==AgentBackup', true],
  ['(JobType==AgentBackup,JobType==AgentManagement);CreationTime>="2026-01-02T03:04:05.678901Z"', true],
  ['CreationTime<"2026-01-02T03:04:05.678901Z"', false],
  ['CreationTime > 2026-01-02T03:04:05', true],
  ['name=="a;""b"",c"', true],
  ['Result>Success;Result<Failed', true],
  ['Result!=Warning , JobType==Other ; JobType==AgentBackup', false],
])('%s', (filter, fits) => expect(parseFilter(filter)(row)).toBe(fits));

it.each([
  '',
  'JobType',
  'JobType==',
  '(JobType==a',
  'JobType==a)',
  'Nope==1',
  'name=="x',
  'CreationTime>=soon',
])('refuses %s', (filter) => {
  const read = () => parseFilter(filter)(row);
  if (filter === 'JobType==') expect(read()).toBe(false);
  else expect(read).toThrow(BadFilter);
});
