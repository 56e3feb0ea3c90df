import pg from 'pg';
import { rawTypes, type RawRow } from './read-values.ts';

/**
 * Hands over the rows of a statement as they come, as the texts PostgreSQL sends, until they are more than so many characters: the
 * row that goes past that is the last. Returns whether it was so; the connection is still busy with the rest then, and has to be closed.
 */
export function readRows(
  client: pg.ClientBase,
  {
    text,
    values,
    name,
  }: { readonly text: string; readonly values: readonly unknown[]; readonly name?: string | undefined },
  mostCharacters: number,
  onRow: (raw: RawRow) => void,
): Promise<{ readonly isCut: boolean }> {
  return new Promise((resolve, reject) => {
    let characters = 0;
    const config: pg.QueryArrayConfig = {
      text,
      values: [...values],
      ...(name !== undefined && { name }),
      rowMode: 'array',
      types: rawTypes,
    };
    const query = new pg.Query<RawRow[]>(config);
    query.on('row', (row) => {
      const raw = row as unknown as RawRow;
      if (characters > mostCharacters) return;
      onRow(raw);
      for (const value of raw) characters += value?.length ?? 0;
      if (characters > mostCharacters) resolve({ isCut: true });
    });
    // The driver may put a callback of its own in place of the events.
    const ended = (error: Error | null | undefined): void => {
      if (error) reject(error);
      else resolve({ isCut: false });
    };
    (client.query as (query: pg.Query, callback: (error: Error | null) => void) => unknown).call(
      client,
      query,
      ended,
    );
  });
}
