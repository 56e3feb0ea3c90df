/**
 * The figures of a month, from the views of schema `report` as an analyst may select them, step by step: a distributed PostgreSQL joins views by
 * their keys on the coordinator only. $1: first day of the month, $2: first
 * day of the next, $3: a customer, or null for everybody's. The report speaks of the end of the month, or of now while it lasts.
 */
const asOf = `least($2::date::timestamp at time zone 'UTC', now())`;
const good = `('success', 'warning')`;

const outcomes = `
  sum(total)::bigint as runs,
  sum(success)::bigint as success,
  sum(warning)::bigint as warning,
  sum(failed)::bigint as failed,
  sum(running + lost + unknown)::bigint as undecided,
  sum(retries)::bigint as retries
`;
const ofMonth = `kind = 'computer' and day >= $1::date and day < $2::date and ($3::text is null or customer = $3)`;

export const dayStatement = `
select day, ${outcomes}
from report.daily_totals
where ${ofMonth}
group by day
order by day`;

export const policyStatement = `
select source, coalesce(policy_name, '') as policy_name, ${outcomes}
from report.daily_totals
where ${ofMonth}
group by source, coalesce(policy_name, '')
order by source, coalesce(policy_name, '')`;

// Without a label the agreed age is that of is_overdue: twice the usual interval, or two days while that is not known.
export const computerStatement = `
with month as materialized (
  select
    computer_key,
    count(*) as runs,
    count(*) filter (where outcome in ${good}) as succeeded,
    count(*) filter (where outcome = 'failed') as failed,
    max(ended_at) filter (where outcome in ${good} and ended_at <= ${asOf}) as success_at
  from report.runs
  where ${ofMonth}
  group by computer_key
),
computer as materialized (
  select * from report.computers where $3::text is null or customer = $3
),
-- Had no success in the month, and has had one or more sessions since.
doubtful as materialized (
  select computer.computer, computer.computer_key
  from computer
  left join month on month.computer_key = computer.computer_key
  where month.success_at is null and computer.last_session_at >= ${asOf}
),
older as materialized (
  select
    session.computer_key,
    max(session.ended_at) filter (where session.outcome in ${good} and session.ended_at <= ${asOf}) as success_at
  from report.sessions as session
  where session.computer in (select computer from doubtful) and session.kind = 'computer' and session.created_at < ${asOf}
  group by session.computer_key
),
known as (
  select
    computer.*,
    coalesce(month.runs, 0) as month_runs,
    coalesce(month.succeeded, 0) as month_succeeded,
    coalesce(month.failed, 0) as month_failed,
    case
      when month.success_at is not null then month.success_at
      when computer.last_success_at <= ${asOf} then computer.last_success_at
      else older.success_at
    end as success_at,
    coalesce(computer.max_age_hours, 2 * computer.usual_interval_seconds / 3600, 48) as agreed_hours
  from computer
  left join month on month.computer_key = computer.computer_key
  left join doubtful on doubtful.computer_key = computer.computer_key
  left join older on older.computer_key = doubtful.computer_key
  where (month.runs is not null or older.computer_key is not null or computer.last_session_at is null or computer.last_session_at < ${asOf})
)
select
  source,
  computer,
  customer,
  site,
  policy_name,
  month_runs as runs,
  month_succeeded as succeeded,
  month_failed as failed,
  success_at as last_success_at,
  extract(epoch from ${asOf} - success_at)::double precision / 3600 as age_hours,
  agreed_hours,
  max_age_hours is not null as is_agreed,
  is_muted,
  case
    when success_at is null then 'never'
    when extract(epoch from ${asOf} - success_at) / 3600 > agreed_hours then 'late'
    else 'within'
  end as state
from known
order by
  is_muted,
  case when success_at is null then 0 when extract(epoch from ${asOf} - success_at) / 3600 > agreed_hours then 1 else 2 end,
  success_at,
  source,
  computer`;

export const reasonStatement = `
select
  coalesce(failure_reason, '') as reason,
  count(*) as runs,
  count(distinct computer_key) as computers,
  min(started_at) as first_at,
  max(started_at) as last_at,
  (array_agg(distinct computer))[1:3]::text as examples
from report.runs
where outcome = 'failed' and ${ofMonth}
group by coalesce(failure_reason, '')
order by count(*) desc, coalesce(failure_reason, '')
limit 200`;

export const failureStatement = `
select source, computer, customer, site, policy_name, started_at, ended_at, attempts, failure_reason, last_session_id
from report.runs
where outcome = 'failed' and ${ofMonth}
order by started_at, source, computer`;

/** Sources that the report stands on. */
const concerned = `
  select source, source_key, covered_from, last_success_at
  from report.source_health
  where $3::text is null
    or source_key in (select source_key from report.computers where customer = $3)
    or source_key in (select source_key from report.daily_totals where customer = $3)
`;

export const stretchStatement = `
with concerned as materialized (${concerned})
select
  coverage.source,
  greatest(coverage.from_at, $1::date::timestamp at time zone 'UTC') as from_at,
  least(coverage.to_at, ${asOf}) as to_at,
  coverage.is_covered
from report.coverage as coverage
join concerned on concerned.source_key = coverage.source_key
where coverage.from_at < ${asOf} and coverage.to_at > $1::date::timestamp at time zone 'UTC'
order by coverage.source, coverage.from_at`;

// A hole of a session belongs to the month its session was created in; one whose session is not known belongs to every month.
export const sourceStatement = `
with concerned as materialized (${concerned}),
run as materialized (
  select source_key, count(*) as runs, count(*) filter (where status = 'failed') as failed
  from report.sync_runs
  where trigger <> 'backfill' and started_at >= $1::date::timestamp at time zone 'UTC' and started_at < ${asOf}
  group by source_key
),
hole as materialized (
  select source_key, kind, session_id from report.holes where kind <> 'gap'
),
session as materialized (
  select source_key, session_id, created_at, customer
  from report.sessions
  where session_id in (select session_id from hole)
)
select
  concerned.source,
  concerned.covered_from,
  concerned.last_success_at as last_read_at,
  coalesce(run.runs, 0) as sync_runs,
  coalesce(run.failed, 0) as failed_sync_runs,
  coalesce(held.unreadable, 0) as unreadable,
  coalesce(held.unfetched, 0) as unfetched,
  coalesce(held.tasks, 0) as tasks
from concerned
left join run on run.source_key = concerned.source_key
left join (
  select
    hole.source_key,
    count(*) filter (where hole.kind = 'unreadable') as unreadable,
    count(*) filter (where hole.kind = 'unfetched') as unfetched,
    count(*) filter (where hole.kind = 'tasks') as tasks
  from hole
  left join session on session.source_key = hole.source_key and session.session_id = hole.session_id
  where session.session_id is null
    or session.created_at >= $1::date::timestamp at time zone 'UTC'
      and session.created_at < ${asOf}
      and ($3::text is null or session.customer is null or session.customer = $3)
  group by hole.source_key
) as held on held.source_key = concerned.source_key
order by concerned.source`;

/** Customers there are, for those who misspell one. */
export const customerStatement = `
select distinct customer
from report.computers
where customer is not null
order by customer`;

export const momentStatement = `select now() as made_at, ${asOf} as as_of from (select $1::date, $3::text) as asked`;
