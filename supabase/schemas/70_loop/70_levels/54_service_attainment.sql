-- How well service levels are kept, by week and stage.

create view public.service_attainment with (security_invoker = true) as
select
  date_trunc('week', t.started_at at time zone 'UTC')::date as week,
  t.stage,
  count(*) as targets_count,
  count(*) filter (where t.met_at is not null and t.breached_at is null) as kept_count,
  count(*) filter (where t.breached_at is not null) as breached_count,
  count(*) filter (where t.met_at is null and t.breached_at is null) as open_count,
  round(
    count(*) filter (where t.met_at is not null and t.breached_at is null)::numeric
      / nullif(count(*) filter (where t.met_at is not null or t.breached_at is not null), 0), 4
  ) as kept_share,
  round(
    percentile_cont(0.9) within group (order by extract(epoch from t.met_at - t.started_at)::double precision)
      ::numeric, 1
  ) as p90_seconds
from public.service_targets as t
join public.issues as i on i.id = t.issue_id and not i.is_test
where t.cancelled_at is null
group by 1, 2;
comment on view public.service_attainment is
  'One row per week and stage with a target that began in it. No cancelled targets, no test issues.';
comment on column public.service_attainment.week is 'The Monday of the week, in UTC.';
comment on column public.service_attainment.kept_count is 'Met before they were due.';
comment on column public.service_attainment.breached_count is
  'Not met when they were due, whether or not they have been met since.';
comment on column public.service_attainment.open_count is 'Neither, so far.';
comment on column public.service_attainment.kept_share is
  'kept_count in kept_count and breached_count, 0 to 1; null without any.';
comment on column public.service_attainment.p90_seconds is
  'Nine of ten of those that were met took no longer, pauses and nights included.';
grant select on public.service_attainment to authenticated, service_role;
