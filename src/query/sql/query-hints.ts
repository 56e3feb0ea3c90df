import type pg from 'pg';
import type { Question } from '../question.ts';
import type { Hints } from './hints.ts';
import { searchNames } from './search-names.ts';

/** Looks up what makes the SQL of a question about sessions fast. Asks nothing of the database that the question does not need. */
export async function readHints(client: pg.ClientBase, question: Question): Promise<Hints> {
  const { conditions } = question;
  const source = conditions.find(({ filter }) => filter.column === 'source');
  const isAboutEnds = conditions.some(({ filter }) => filter.column === 'ended_at');
  const search = conditions.find(({ filter }) => filter.operator === 'search');
  const sourceIds = source && (await readSourceIds(client, source.values));
  return {
    sourceIds,
    durations: isAboutEnds ? await readDurations(client) : undefined,
    searched: search && (await searchNames(client, search, sourceIds, question)),
  };
}

async function readSourceIds(client: pg.ClientBase, names: readonly string[]): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>({
    name: 'source ids',
    text: 'select id from sources where name = any($1::text[])',
    values: [names],
  });
  return rows.map(({ id }) => id);
}

/** The bounds within which all durations lie; `sessions_odd_duration_idx` holds those outside 0 to one day. */
async function readDurations(client: pg.ClientBase): Promise<Hints['durations']> {
  const { rows } = await client.query<{ least: number; most: number }>({
    name: 'durations',
    text: `select
       extract(epoch from least(interval '0', min(ended_at - created_at)))::double precision as least,
       extract(epoch from greatest(interval '1 day', max(ended_at - created_at)))::double precision as most
     from sessions
     where ended_at < created_at or ended_at - created_at > interval '1 day'`,
  });
  // A second more on either side: these are doubles.
  return { leastSeconds: (rows[0]?.least ?? 0) - 1, mostSeconds: (rows[0]?.most ?? 86_400) + 1 };
}
