import type { TestDatabase } from './test-database.ts';

/** What belongs to an extension is none of ours. */
const isOwn = (catalog: string, object: string) => `not exists (
  select 1 from pg_depend as membership
  where membership.classid = '${catalog}'::regclass and membership.objid = ${object}.oid and membership.deptype = 'e'
)`;
const inOurs = (column: string) => `${column} in ('public'::regnamespace, 'report'::regnamespace)`;

/** Everything that the catalog knows of the schemas `public` and `report`, a line a thing, but for whose it is. */
export async function readCatalog(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(`
    select format('relation %s %s %s', class.relkind, class.oid::regclass, class.reloptions) as line
    from pg_class as class where ${inOurs('class.relnamespace')} and ${isOwn('pg_class', 'class')}
    union all
    select format('column %s.%s %s %s not null %s default %s generated %s storage %s statistics %s', class.oid::regclass, attname, attnum,
      format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attgenerated, attstorage, attstattarget)
    from pg_attribute
    join pg_class as class on class.oid = attrelid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where ${inOurs('class.relnamespace')} and class.relkind in ('r', 'v', 'S') and attnum > 0 and ${isOwn('pg_class', 'class')}
    union all
    select pg_get_indexdef(indexrelid) from pg_index join pg_class as class on class.oid = indrelid where ${inOurs('class.relnamespace')}
    union all
    select format('constraint %s on %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
    from pg_constraint where ${inOurs('connamespace')}
    union all
    select format('view %s as %s', class.oid::regclass, pg_get_viewdef(class.oid))
    from pg_class as class where ${inOurs('class.relnamespace')} and class.relkind = 'v' and ${isOwn('pg_class', 'class')}
    union all
    select pg_get_functiondef(function.oid) from pg_proc as function
    where ${inOurs('function.pronamespace')} and ${isOwn('pg_proc', 'function')}
    union all
    select pg_get_statisticsobjdef(oid) from pg_statistic_ext where ${inOurs('stxnamespace')}
    union all
    select format('trigger %s on %s', tgname, tgrelid::regclass) from pg_trigger where not tgisinternal
    union all
    select format('type %s %s', type.oid::regtype, typtype) from pg_type as type
    where ${inOurs('type.typnamespace')} and ${isOwn('pg_type', 'type')}
    union all
    select format('comment on %s %s %s: %s', classoid::regclass, pg_describe_object(classoid, objoid, objsubid), objsubid, description)
    from pg_description
    where classoid = 'pg_class'::regclass and objoid in (select oid from pg_class where ${inOurs('relnamespace')})
      or classoid = 'pg_namespace'::regclass and objoid in ('report'::regnamespace)
    union all
    select format('schema %s', nspname) from pg_namespace where nspname !~ '^pg_'
    order by 1`);
  return rows.map(({ line }) => line);
}
