import { columns } from '../columns.ts';
import type { Resource } from '../resource.ts';
import { computers } from './computers.ts';

/** A computer's last days, a letter a day: the worst outcome of the runs that began on it. */
export const computerCalendar: Resource = {
  ...computers,
  name: 'computer-calendar',
  title: 'A computer, and the outcome of each of its last 90 days',
  relation: 'report.computer_calendar',
  columns: [
    ...computers.columns,
    ...columns(`
      last_day date
      outcomes_90d text
    `),
  ],
};
