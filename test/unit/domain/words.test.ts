import { expect, it } from 'vitest';
import { isFinal, kindOfJobType } from '../../../src/domain/backup-session.ts';
import { computerStates, countComputers } from '../../../src/domain/computer-state.ts';
import { isLoopback } from '../../../src/domain/is-loopback.ts';
import { SyncError } from '../../../src/domain/sync-error.ts';
import { timestampFromDate } from '../../../src/domain/timestamp.ts';

it.each([
  ['AgentBackup', 'job'],
  ['AgentManagement', 'computer'],
  ['Backup', 'other'],
  ['agentbackup', 'other'],
  ['', 'other'],
  [null, 'other'],
])('a session of type %j is about a %s', (jobType, kind) => {
  expect(kindOfJobType(jobType)).toBe(kind);
});

it('a session is final when it stopped, with a result and an end', () => {
  const final = { state: 'Stopped', result: 'Success', endedAt: timestampFromDate(new Date()) };
  expect(isFinal(final)).toBe(true);
  expect(isFinal({ ...final, result: 'SomethingNew' })).toBe(true);
  for (const result of [null, '', 'None']) expect(isFinal({ ...final, result })).toBe(false);
  for (const state of ['Working', null]) expect(isFinal({ ...final, state })).toBe(false);
  expect(isFinal({ ...final, endedAt: null })).toBe(false);
});

it('computers are counted by their state, those without any too', () => {
  const standings = computerStates.flatMap((state, index) =>
    Array.from({ length: index }, () => ({ state })),
  );
  expect(countComputers(standings)).toEqual(
    Object.fromEntries(computerStates.map((state, index) => [state, index])),
  );
  expect(countComputers([])).toEqual({ muted: 0, never: 0, overdue: 0, failed: 0, missed: 0, ok: 0 });
});

it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.255.1.200', '::1', '[::1]'])(
  '%s is this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

it.each([
  '',
  '0.0.0.0',
  '127.0.0.1.example.com',
  'x127.0.0.1',
  '127.0.0',
  '127.0.0.1234',
  '128.0.0.1',
  'localhost.example.com',
  '[::1]:80',
  'x[::1]',
  '[localhost',
])('%j may be another machine', (host) => {
  expect(isLoopback(host)).toBe(false);
});

it('an error has a kind, a name and what caused it', () => {
  const cause = new Error('reset');
  const error = new SyncError('transient', 'It was reset.', { cause });
  expect([error.kind, error.name, error.message, error.cause]).toEqual([
    'transient',
    'SyncError',
    'It was reset.',
    cause,
  ]);
});
