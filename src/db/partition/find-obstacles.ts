import type pg from 'pg';

/**
 * What stands on the tables and cannot be brought over to those that take their places: things other people made. Views of this account's can be. Each
 * as PostgreSQL describes it.
 */
export async function findObstacles(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ what: string }>(
    `with tree as (
       select class.oid, class.reltype from pg_class as class
       where class.oid = any($1::regclass[]::oid[])
         or class.oid in (select relid from unnest($1::regclass[]) as parent, pg_partition_tree(parent))
     )
     select distinct pg_describe_object(classid, objid, 0) as what
     from pg_depend
     where (
         refclassid = 'pg_class'::regclass and refobjid in (select oid from tree)
         or refclassid = 'pg_type'::regclass and refobjid in (
           select reltype from tree union all select typarray from pg_type where oid in (select reltype from tree)
         )
       )
       and (
         deptype = 'n'
         or classid in ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_publication_rel'::regclass, 'pg_rewrite'::regclass)
       )
       and not (classid = 'pg_class'::regclass and objid in (select oid from tree))
       -- Generated columns.
       and not exists (
         select 1 from pg_attrdef as own
         where classid = 'pg_attrdef'::regclass and own.oid = objid and own.adrelid in (select oid from tree)
       )
       and not exists (
         select 1 from pg_rewrite as rule
         join pg_class as view on view.oid = rule.ev_class and view.relkind = 'v' and pg_has_role(view.relowner, 'usage')
         where classid = 'pg_rewrite'::regclass and rule.oid = objid
       )
       and not exists (
         select 1 from pg_trigger as trigger
         where classid = 'pg_trigger'::regclass and trigger.oid = objid and trigger.tgisinternal
       )
     order by 1`,
    [tables],
  );
  return rows.map(({ what }) => what);
}
