import type pg from 'pg';
import type { Condition, Question } from '../question.ts';
import { contains, endsIn } from './patterns.ts';
import type { Searched } from './hints.ts';

/** So many jobs are asked for one by one, whatever else. */
const fewJobs = 20;
/** And so many at most. */
const mostJobs = 100;
/** Of all jobs: when more have the word, a walk along the time finds a page of them sooner. */
const largeShare = 0.01;

/** What may follow the last @ in a session's name, as in the migration. */
const isTime = (word: string): boolean => /^[\d\-:. +tz]*$/i.test(word);

/** Which jobs' sessions a search is about, from the names that sessions have. */
export async function searchNames(
  client: pg.ClientBase,
  { values: [word = ''] }: Condition,
  sourceIds: readonly number[] | undefined,
  question: Question,
): Promise<Searched | undefined> {
  const at = word.lastIndexOf('@');
  const [before, after] = at < 0 ? [undefined, word] : [word.slice(0, at), word.slice(at + 1)];
  const mayGoAcross = at >= 0 && isTime(after);
  if (mayGoAcross ? before === '' : isTime(word)) return undefined;
  // A job has several rows at times: one a source, one for each name it or its server ever had. A few more than are wanted do.
  const most = 3 * mostJobs;
  const { rows } = await client.query<{ name: string }>(
    `select job_name as name from session_names
     where (names ilike $1::text or job_name ilike $2::text) and ($3::integer[] is null or source_id = any($3::integer[]))
     limit ${most + 1}`,
    [contains(word), mayGoAcross ? endsIn(before ?? '') : null, sourceIds ?? null],
  );
  const jobNames = [...new Set(rows.map(({ name }) => name))];
  if (jobNames.length <= fewJobs && rows.length <= most) return { jobNames };
  const { areMet, all } = await meet(client, jobNames.slice(0, fewJobs), question);
  if (areMet && jobNames.length > all * largeShare) return { many: 'along the time' };
  if (jobNames.length <= mostJobs && rows.length <= most) return { jobNames };
  return { many: areMet ? 'along the time' : 'anywhere' };
}

/** Whether a walk from where the page begins meets sessions of such jobs soon; and how many names there are, about. */
async function meet(
  client: pg.ClientBase,
  jobNames: readonly string[],
  { after, isDescending }: Question,
): Promise<{ readonly areMet: boolean; readonly all: number }> {
  const { rows: starts } = await client.query<{ at: string | null; all: number }>(
    `select
       coalesce($1::timestamptz, (select created_at from sessions order by created_at ${isDescending ? 'desc' : 'asc'} limit 1))::text as at,
       (select reltuples::double precision from pg_class where oid = 'session_names'::regclass) as all`,
    [after?.[0] ?? null],
  );
  const { at = null, all = 0 } = starts[0] ?? {};
  // Along the index on names and times: a fortnight of a few jobs.
  const { rows } = await client.query<{ met: number }>(
    `select count(distinct left(job_name, 100))::integer as met
     from sessions
     where left(job_name, 100) = any($1::text[])
       and created_at between $2::timestamptz - interval '7 days' and $2::timestamptz + interval '7 days'`,
    [[...new Set(jobNames.map((name) => Array.from(name).slice(0, 100).join('')))], at],
  );
  return { areMet: (rows[0]?.met ?? 0) > jobNames.length / 3, all };
}
