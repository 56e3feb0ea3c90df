import type { ColumnType, Filter, Operator } from './resource.ts';

export const kinds = ['job', 'computer', 'other'];
export const outcomes = ['success', 'warning', 'failed', 'running', 'lost', 'unknown'];

export const filter = (
  name: string,
  column: string,
  type: ColumnType,
  description: string,
  example: string,
  more: { readonly operator?: Operator; readonly words?: readonly string[] } = {},
): Filter => ({ name, operator: 'equal', column, type, description, example, ...more });

export const bySource = filter('source', 'source', 'text', 'Name of the Enterprise Manager.', 'headquarters');
export const byServer = filter(
  'server',
  'server_name',
  'text',
  'Name of the Veeam backup server.',
  'vbr01.corp.local',
);
export const byJob = filter('job', 'job_name', 'text', 'Name of the job.', 'Daily servers');
export const byJobId = filter(
  'jobId',
  'job_id',
  'uuid',
  'Id of the job.',
  '0c5e4d9b-0f8a-4a5c-9d35-6a2c1f0e7a11',
);
export const byKind = filter('kind', 'kind', 'text', 'What it is a session of.', 'computer', {
  words: kinds,
});
export const byCustomer = filter(
  'customer',
  'customer',
  'text',
  'Label `customer`: the nearest of those of computer, policy, server and source.',
  'Acme',
);
export const bySite = filter('site', 'site', 'text', 'Label `site`, likewise.', 'Berlin');
export const search = (column: string, description: string): Filter =>
  filter('search', column, 'text', description, 'sql', { operator: 'search' });
export const from = (
  name: string,
  column: string,
  type: ColumnType,
  description: string,
  example: string,
): Filter => filter(name, column, type, description, example, { operator: 'from' });
export const to = (
  name: string,
  column: string,
  type: ColumnType,
  description: string,
  example: string,
): Filter => filter(name, column, type, description, example, { operator: 'to' });
