import pg from 'pg';

const quote = (name: string) => pg.escapeIdentifier(name);

/** What a copy of a table has to take over from it, beside its columns. */
export type TableDescription = {
  /** The table and its partitions. */
  readonly tree: readonly number[];
  readonly owner: string;
  readonly comment: string | null;
  /** Columns that are not generated. */
  readonly columns: readonly string[];
  /** Storage parameters, as `name=value`; of the first partition, since a parent has none. */
  readonly options: readonly string[];
  readonly primaryKey: { readonly name: string; readonly definition: string };
  /** `definition` begins with the method: what follows the name of the table. */
  readonly indexes: readonly {
    readonly name: string;
    readonly isUnique: boolean;
    readonly definition: string;
  }[];
  /** `definition` is what stands between the name and `from`. */
  readonly statistics: readonly { readonly name: string; readonly definition: string }[];
  readonly targets: readonly { readonly column: string; readonly target: number }[];
  readonly grants: readonly {
    readonly privilege: string;
    readonly columns: readonly string[] | null;
    readonly grantee: string;
    readonly isGrantable: boolean;
  }[];
  /** All of it that a copy depends on, and the types of its columns: a copy of another one is of no use. */
  readonly fingerprint: string;
};

/** The table of that name on the search path. */
export async function describeTable(client: pg.ClientBase, name: string): Promise<TableDescription> {
  const { rows } = await client.query<Omit<TableDescription, 'fingerprint'> & { readonly shape: string }>(
    `with tree as (
       select class.* from pg_class as class
       where class.oid = $1::regclass or class.oid in (select relid from pg_partition_tree($1::regclass))
     )
     select
       (select json_agg(oid::bigint order by oid) from tree) as tree,
       class.relowner::regrole::text as owner,
       obj_description(class.oid, 'pg_class') as comment,
       (
         select json_agg(attname order by attnum) from pg_attribute
         where attrelid = class.oid and attnum > 0 and not attisdropped and attgenerated = ''
       ) as columns,
       coalesce((select to_json(reloptions) from tree where relkind = 'r' order by oid limit 1), '[]') as options,
       (
         select json_build_object('name', conname, 'definition', pg_get_constraintdef(oid))
         from pg_constraint where conrelid = class.oid and contype = 'p'
       ) as "primaryKey",
       (
         select coalesce(json_agg(json_build_object(
           'name', relname, 'isUnique', indisunique,
           'definition', substring(pg_get_indexdef(indexrelid) from ' USING .*$')
         ) order by relname), '[]')
         from pg_index join pg_class as index on index.oid = indexrelid
         where indrelid = class.oid and not indisprimary and indisvalid
       ) as indexes,
       (
         select coalesce(json_agg(json_build_object(
           'name', stxname,
           'definition', substring(pg_get_statisticsobjdef(oid) from '^CREATE STATISTICS \\S+ (.*) FROM')
         ) order by stxname), '[]')
         from pg_statistic_ext where stxrelid = class.oid
       ) as statistics,
       (
         select coalesce(json_agg(json_build_object('column', attname, 'target', attstattarget) order by attnum), '[]')
         from pg_attribute
         where attrelid = class.oid and attnum > 0 and not attisdropped and coalesce(attstattarget, -1) >= 0
       ) as targets,
       (
         select coalesce(json_agg(granted order by granted.privilege, granted.grantee), '[]')
         from (
           select privilege_type as privilege, null::text[] as columns, grantee, is_grantable as "isGrantable"
           from aclexplode(class.relacl) where grantee <> class.relowner
           union all
           select privilege_type, array_agg(attname::text order by attnum), grantee, is_grantable
           from pg_attribute cross join lateral aclexplode(attacl)
           where attrelid = class.oid and attnum > 0 and not attisdropped
           group by 1, 3, 4
         ) as given
         cross join lateral (
           select privilege, columns, case grantee when 0 then 'public' else grantee::regrole::text end as grantee, "isGrantable"
         ) as granted
       ) as grants,
       (
         select string_agg(format('%s %s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull,
           pg_get_expr(adbin, adrelid), attgenerated), ', ' order by attnum)
         from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
         where attrelid = class.oid and attnum > 0 and not attisdropped
       ) as shape
     from pg_class as class
     where class.oid = $1::regclass`,
    [quote(name)],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`There is no table ${name}.`);
  const { shape, ...described } = row;
  const { primaryKey, indexes, statistics } = described;
  return { ...described, fingerprint: JSON.stringify([shape, primaryKey, indexes, statistics]) };
}
