import { readFileSync } from 'node:fs';

/** A column as a line of text: table, name, type, whether it may be null, and whether the database gives it a value. */
type PrismaTables = {
  readonly columns: readonly string[];
  /** Name and columns of every key and index, as Prisma would name it. */
  readonly indexes: readonly string[];
};

const types: Readonly<Record<string, string>> = {
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Boolean: 'boolean',
  String: 'text',
  Json: 'jsonb',
  Bytes: 'bytea',
  Decimal: 'numeric',
};
const nativeTypes: Readonly<Record<string, string>> = {
  Date: 'date',
  Uuid: 'uuid',
  'Timestamptz(6)': 'timestamp(6) with time zone',
};

/** The tables that prisma/schema.prisma describes. Understands what that file uses of Prisma's language. */
export function readPrismaSchema(): PrismaTables {
  const text = readFileSync(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8');
  const columns: string[] = [];
  const indexes: string[] = [];
  for (const [, , body = ''] of text.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? '';
    const columnOf = new Map<string, string>();
    const index = (name: string, of: readonly string[]) =>
      indexes.push(`${table}_${name} (${of.join(', ')})`);
    for (const line of body.split('\n').map((one) => one.trim())) {
      const [, field, type = '', mark, rest = ''] = /^([a-z]\w*)\s+(\w+)(\?|\[\])?(.*)$/.exec(line) ?? [];
      if (field !== undefined) {
        const column = /@map\("(\w+)"\)/.exec(rest)?.[1] ?? field;
        columnOf.set(field, column);
        const native = /@db\.(\S+)/.exec(rest)?.[1];
        const sqlType = native === undefined ? types[type] : nativeTypes[native];
        if (sqlType === undefined) throw new Error(`no SQL type is known for ${line}`);
        columns.push(
          `${table}.${column} ${sqlType}${mark === '[]' ? '[]' : ''}${mark === '?' ? '' : ' not null'}${rest.includes('@default') ? ' default' : ''}`,
        );
        if (/@id\b/.test(rest)) index('pkey', [column]);
        if (/@unique\b/.test(rest)) index(`${column}_key`, [column]);
      }
      const [, kind, list = ''] = /^@@(id|index|unique)\(\[(.*)\]\)$/.exec(line) ?? [];
      if (kind === undefined) continue;
      const parts = list.split(', ').map((part) => {
        const column = columnOf.get(part.replace(/\(.*/, '')) ?? part;
        return { column, shown: part.includes('(sort: Desc)') ? `${column} DESC` : column };
      });
      index(
        kind === 'id'
          ? 'pkey'
          : `${parts.map(({ column }) => column).join('_')}_${kind === 'unique' ? 'key' : 'idx'}`,
        parts.map(({ shown }) => shown),
      );
    }
  }
  return { columns: columns.sort(), indexes: indexes.sort() };
}
