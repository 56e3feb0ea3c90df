import type { Column } from '../query/resource.ts';
import type { Row } from '../query/row.ts';
import { jsonRowWriter } from './json-row.ts';

/** One JSON object a line, with the fields of the API. */
export async function* writeNdjson(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string, void, void> {
  const write = jsonRowWriter(columns);
  for await (const rows of batches) {
    let text = '';
    for (const row of rows) text += `${write(row)}\n`;
    yield text;
  }
}
