import {
  normalizeLabel,
  placeOf,
  type LabelChange,
  type LabelPlace,
  type LabelProblem,
} from '../domain/label.ts';
import { settleDays } from './daily-totals.ts';
import type { PrismaClient } from './generated/client.ts';
import { writeTo, type Write } from './write-transaction.ts';

type Source = { readonly id: number; readonly name: string };
/** A thing that labels are on; several, where a server or a job of that name exists more than once. */
type Target = {
  readonly source: Source;
  readonly place: LabelPlace;
  readonly key: string;
  readonly computer: string | null;
};

const itself = '00000000-0000-0000-0000-000000000000';

/**
 * Changes labels, all of them or, when one names what is not there, none. Each source's are one commit, which ETags and totals of
 * days follow. Until `deadline` (performance.now()) it also settles the totals; reports are right in any case.
 */
export async function changeLabels(
  prisma: PrismaClient,
  changes: readonly LabelChange[],
  deadline: number,
): Promise<{ readonly changed: number; readonly problems: readonly LabelProblem[] }> {
  const { targets, problems } = await findTargets(prisma, changes);
  if (problems.length > 0) return { changed: 0, problems };
  const bySource = groupBy(targets, ({ target }) => target.source.name);
  let changed = 0;
  for (const ofSource of bySource.values()) {
    const source = ofSource[0]?.target.source;
    if (source === undefined) continue;
    changed += await writeTo(prisma, { ...source, fence: null }, (write) => writeLabels(write, ofSource));
    await settleDays(prisma, { ...source, fence: null }, deadline);
  }
  return { changed, problems };
}

type Targeted = { readonly target: Target; readonly change: LabelChange };

async function findTargets(
  prisma: PrismaClient,
  changes: readonly LabelChange[],
): Promise<{ readonly targets: readonly Targeted[]; readonly problems: readonly LabelProblem[] }> {
  const sources = await prisma.source.findMany({ select: { id: true, name: true } });
  const servers = await prisma.backupServer.findMany({
    select: { sourceId: true, serverId: true, serverName: true },
  });
  const jobs = await prisma.backupJob.findMany({
    where: { kind: { not: 'computer' } },
    select: { sourceId: true, jobId: true, jobName: true, serverName: true },
  });
  const unplaced = changes.filter((change) => change.source === '' && change.computer !== '');
  const computers =
    unplaced.length === 0
      ? []
      : await prisma.computer.findMany({
          where: { computer: { in: [...new Set(unplaced.map(({ computer }) => computer))] } },
          select: { sourceId: true, computer: true },
        });
  const serversByName = groupBy(servers, ({ serverName }) => serverName);
  const jobsByName = groupBy(jobs, ({ jobName }) => jobName);
  const sourcesOf = groupBy(computers, ({ computer }) => computer);

  const find = (change: LabelChange, source: Source): readonly Target[] => {
    const place = placeOf(change);
    const target = (key: string): Target => ({ source, place, key, computer: null });
    switch (place) {
      case 'source':
        return [target(itself)];
      case 'server':
        return (serversByName.get(change.server) ?? []).flatMap(({ sourceId, serverId }) =>
          sourceId === source.id ? target(serverId) : [],
        );
      case 'job':
        return (jobsByName.get(change.job) ?? []).flatMap(({ sourceId, jobId, serverName }) =>
          sourceId === source.id && (change.server === '' || change.server === serverName)
            ? target(jobId)
            : [],
        );
      case 'computer':
        return [{ ...target(itself), computer: change.computer }];
    }
  };

  const targets: Targeted[] = [];
  const problems: LabelProblem[] = [];
  for (const [index, change] of changes.entries()) {
    const place = placeOf(change);
    const named = sources.filter(({ name }) => change.source === '' || name === change.source);
    const having = (source: Source) =>
      place === 'computer' && change.source === '' && sources.length > 1
        ? (sourcesOf.get(change.computer) ?? []).some(({ sourceId }) => sourceId === source.id)
        : true;
    const found = named
      .filter(having)
      .map((source) => find(change, source))
      .filter((one) => one.length > 0);
    const what = place === 'source' ? `source ${change.source}` : `${place} ${change[place]}`;
    if (found.length === 0)
      problems.push({
        index,
        message: `There is no ${what}${place !== 'source' && change.source !== '' ? ` in ${change.source}` : ''}.`,
      });
    else if (found.length > 1)
      problems.push({ index, message: `Several sources have a ${what}: name the source.` });
    else targets.push(...(found[0] ?? []).map((target) => ({ target, change })));
  }
  return { targets, problems };
}

async function writeLabels({ tx, sourceId }: Write, targeted: readonly Targeted[]): Promise<number> {
  const sets = new Map<
    string,
    {
      scope: string;
      key: string;
      computer: string | null;
      clear: boolean;
      labels: Record<string, string | null>;
    }
  >();
  for (const { target, change } of targeted) {
    const id = `${target.place} ${target.computer ?? target.key}`;
    const set = sets.get(id) ?? {
      scope: target.place,
      key: target.key,
      computer: target.computer,
      clear: false,
      labels: {},
    };
    sets.set(id, set);
    if (change.name === null) Object.assign(set, { clear: true, labels: {} });
    else
      set.labels[change.name] =
        change.value === null
          ? null
          : normalizeLabel({ ...change, name: change.name, value: change.value }).value;
  }
  const rows = JSON.stringify([...sets.values()]);
  const before = await tx.$queryRaw<{ computer: string; customer: string | null }[]>`
    select computer, customer from labels where source_id = ${sourceId}::integer and scope = 'computer' and customer is not null`;
  const changed = await tx.$executeRaw`
    insert into labels as known (source_id, scope, target_key, computer, labels)
    select ${sourceId}::integer, scope, case scope when 'computer' then computer_key(computer) else key end, computer, labels
    from json_to_recordset(${rows}::json) as given(scope text, key uuid, computer text, labels jsonb)
    on conflict (source_id, scope, target_key) do update set labels = known.labels || excluded.labels`;
  await tx.$executeRaw`
    update labels
    set labels = given.labels
    from json_to_recordset(${rows}::json) as given(scope text, key uuid, computer text, clear boolean, labels jsonb)
    where labels.source_id = ${sourceId}::integer
      and labels.scope = given.scope
      and (given.scope = 'computer' and labels.computer = given.computer or given.scope <> 'computer' and labels.target_key = given.key)
      and given.clear`;
  await tx.$executeRaw`
    update labels set labels = jsonb_strip_nulls(labels)
    where source_id = ${sourceId}::integer and labels <> jsonb_strip_nulls(labels)`;
  await tx.$executeRaw`delete from labels where source_id = ${sourceId}::integer and labels = '{}'::jsonb`;
  // Totals are kept by the customers of computers; all other labels are looked up when asked for.
  await tx.$executeRaw`
    insert into stale_days (source_id, day)
    select distinct session.source_id, (coalesce(session.run_started_at, session.created_at) at time zone 'UTC')::date
    from (
      select coalesce(former.computer, label.computer) as computer
      from json_to_recordset(${JSON.stringify(before)}::json) as former(computer text, customer text)
      full join (
        select computer, customer
        from labels
        where source_id = ${sourceId}::integer and scope = 'computer' and customer is not null
      ) as label on label.computer = former.computer
      where label.customer is distinct from former.customer
    ) as moved
    join sessions as session
      on left(session.computer, 100) = left(moved.computer, 100)
      and session.computer = moved.computer
      and session.source_id = ${sourceId}::integer
    on conflict (source_id, day) do nothing`;
  return changed;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
