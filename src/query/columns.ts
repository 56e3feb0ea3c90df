import type { Column, ColumnType } from './resource.ts';

/** `name type` a line, with `?` where it may be null; words after a colon. */
export function columns(description: string): readonly Column[] {
  return description
    .trim()
    .split('\n')
    .map((line) => {
      const [head = '', words] = line.trim().split(': ');
      const [name = '', type = ''] = head.split(' ');
      return {
        name,
        type: type.replace('?', '') as ColumnType,
        isNullable: type.endsWith('?'),
        ...(words !== undefined && { words: words.split(' ') }),
      };
    });
}
