import type { Resource } from '../resource.ts';
import { computers } from './computers.ts';

export const overdue: Resource = {
  ...computers,
  name: 'overdue',
  title: 'A computer without a success for twice its usual interval',
  relation: 'report.overdue',
  filters: computers.filters.filter(({ name }) => name !== 'isOverdue'),
};
