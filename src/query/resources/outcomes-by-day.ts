import { columns } from '../columns.ts';
import { kinds } from '../filters.ts';
import type { Resource } from '../resource.ts';
import { dailyOutcomes } from './daily-outcomes.ts';

const counts = ['total', 'success', 'warning', 'failed', 'running', 'lost', 'retries'];

export const outcomesByDay: Resource = {
  name: 'outcomes-by-day',
  title: 'All runs of a kind that began on a day',
  // What report.outcomes_by_day shows; from the rows below it, so that every filter chooses what is added up.
  relation: 'report.daily_outcomes',
  grouped: {
    columns: [
      'day',
      'kind',
      ...counts.map((count) => `sum(${count}) as ${count}`),
      'sum(duration_seconds_sum) as duration_seconds_sum',
      'least(sum(processed_bytes_sum), 9223372036854775807)::bigint as processed_bytes_sum',
      'sum(unknown) as unknown',
    ].join(', '),
    by: 'day, kind',
  },
  columns: columns(`
    day date
    kind text: ${kinds.join(' ')}
    ${counts.map((count) => `${count} bigint`).join('\n')}
    duration_seconds_sum double
    processed_bytes_sum bigint
    unknown bigint
  `),
  key: [
    { name: 'day', type: 'date' },
    { name: 'kind', type: 'text' },
  ],
  orders: [{ field: 'day', isDescendingByDefault: true }],
  filters: dailyOutcomes.filters,
  isRelativeToNow: false,
};
