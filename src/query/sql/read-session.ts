import type pg from 'pg';
import { limitColumns, type Limits } from '../limits.ts';
import { sessions } from '../resources/sessions.ts';
import { taskColumns } from '../resources/task-columns.ts';
import type { Row } from '../row.ts';
import { rawTypes, valueReader, type RawRow } from './read-values.ts';

/** A session with what belongs to it, as rows of `sessions` and of the task columns. */
export type SessionDetails = {
  readonly session: Row;
  readonly parent: Row | undefined;
  readonly children: readonly Row[];
  readonly tasks: readonly Row[];
};

const sessionColumns = sessions.columns.map(({ name }) => name).join(', ');

/** The session of that id, of each source that has it: one, but for an Enterprise Manager that is read under two names. */
export async function readSession(
  client: pg.ClientBase,
  id: string,
  source: string | undefined,
  limits: Limits,
): Promise<readonly SessionDetails[]> {
  const ask = async (text: string, values: readonly unknown[]) =>
    (await client.query<RawRow[]>({ text, values: [...values], rowMode: 'array', types: rawTypes }))
      .rows as unknown as RawRow[];
  const limited = limitColumns(sessions, limits);
  /** SQL that goes on after a where, and its values, which begin at that number. */
  const within = (first: number) =>
    limited.map(({ column }, index) => ` and ${column} = any($${index + first}::text[])`).join('');
  const allowed = limited.map(({ values }) => values);
  const toSession = valueReader(sessions.columns);
  const toTask = valueReader(taskColumns);
  const found = await ask(
    `select ${sessionColumns}, source_id
     from session_rows
     where session_id = $1::uuid and source_id = any(array(select id from sources where $2::text is null or name = $2::text))${within(3)}
     order by source`,
    [id, source ?? null, ...allowed],
  );
  const details: SessionDetails[] = [];
  for (const raw of found) {
    const sourceId = raw[sessions.columns.length];
    const session = toSession(raw);
    const parentId = session[sessions.columns.findIndex(({ name }) => name === 'parent_session_id')];
    const parents =
      parentId === null || parentId === undefined
        ? []
        : await ask(
            `select ${sessionColumns} from session_rows where source_id = $1::integer and session_id = $2::uuid${within(3)}`,
            [sourceId, parentId, ...allowed],
          );
    const children = await ask(
      `select ${sessionColumns} from session_rows
       where source_id = $1::integer and parent_session_id = $2::uuid${within(3)}
       order by computer, created_at, session_id`,
      [sourceId, id, ...allowed],
    );
    const tasks = await ask(
      `select ${taskColumns.map(({ name }) => name).join(', ')} from report.tasks
       where source = $1::text and session_id = $2::uuid
       order by task_name, task_id`,
      [session[0], id],
    );
    details.push({
      session,
      parent: parents.map(toSession)[0],
      children: children.map(toSession),
      tasks: tasks.map(toTask),
    });
  }
  return details;
}
