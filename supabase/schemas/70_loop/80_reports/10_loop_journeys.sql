-- The way of each issue from the message to the answer: when each hop happened and how long it took.

-- Since the hop before, whichever of those there was: an issue may skip some, and a pull request may be older
-- than the issue that is linked to it.
create or replace function private.measure_journey(p_times timestamptz[])
returns table (seconds double precision[], business_seconds double precision[])
language plpgsql stable security definer set search_path = '' as $$
declare
  v_calendar_id constant uuid := private.default_calendar_id();
  v_last_at timestamptz;
  v_last double precision;
  v_worked double precision;
begin
  seconds := array_fill(null::double precision, array[cardinality(p_times)]);
  business_seconds := seconds;
  for v_number in 1 .. cardinality(p_times) loop
    continue when p_times[v_number] is null;
    v_worked := private.working_seconds(v_calendar_id, p_times[v_number]);
    if v_last_at is not null then
      seconds[v_number] := greatest(extract(epoch from p_times[v_number] - v_last_at), 0)::double precision;
      business_seconds[v_number] := case when v_worked < v_last then 0 else v_worked - v_last end;
    end if;
    if v_last_at is null or v_last_at < p_times[v_number] then
      v_last_at := p_times[v_number];
      v_last := v_worked;
    end if;
  end loop;
  return next;
end;
$$;
comment on function private.measure_journey is
  'For each of some times the seconds since the latest of those before it in the array, of all time and of '
  'the default calendar''s working time; null for the first and for what is null. 0 for an earlier one.';
grant execute on function private.measure_journey to authenticated, service_role;

create view public.loop_journeys with (security_invoker = true) as
select
  i.id as issue_id, i.seq_id, i.title, i.status, i.segment, i.created_at as issue_created_at, s.space_id,
  s.space_name, g.generation,
  t.reported_at, t.triaged_at, t.promoted_at, t.dispatched_at, t.started_at, t.opened_at, t.merged_at,
  t.fixed_at, t.shipped_at, t.resolved_at, t.answered_at,
  m.seconds[2] as triaged_seconds, m.seconds[3] as promoted_seconds, m.seconds[4] as dispatched_seconds,
  m.seconds[5] as started_seconds, m.seconds[6] as opened_seconds, m.seconds[7] as merged_seconds,
  m.seconds[8] as fixed_seconds, m.seconds[9] as shipped_seconds, m.seconds[10] as resolved_seconds,
  m.seconds[11] as answered_seconds,
  m.business_seconds[2] as triaged_business_seconds, m.business_seconds[3] as promoted_business_seconds,
  m.business_seconds[4] as dispatched_business_seconds, m.business_seconds[5] as started_business_seconds,
  m.business_seconds[6] as opened_business_seconds, m.business_seconds[7] as merged_business_seconds,
  m.business_seconds[8] as fixed_business_seconds, m.business_seconds[9] as shipped_business_seconds,
  m.business_seconds[10] as resolved_business_seconds, m.business_seconds[11] as answered_business_seconds,
  a.seconds[2] as total_seconds,
  a.business_seconds[2] as total_business_seconds
from public.issues as i
join public.loop_issues as l on l.issue_id = i.id
cross join lateral generate_series(1, l.generation) as g (generation)
cross join lateral (
  select
    coalesce(
      min(e.at) filter (where e.hop = 'reopened'), min(e.at) filter (where e.hop = 'reported')
    ) as reported_at,
    min(e.at) filter (where e.hop = 'triaged') as triaged_at,
    min(e.at) filter (where e.hop = 'promoted') as promoted_at,
    min(e.at) filter (where e.hop = 'dispatched') as dispatched_at,
    min(e.at) filter (where e.hop = 'started') as started_at,
    min(e.at) filter (where e.hop = 'opened') as opened_at,
    min(e.at) filter (where e.hop = 'merged') as merged_at,
    min(e.at) filter (where e.hop = 'fixed') as fixed_at,
    min(e.at) filter (where e.hop = 'shipped') as shipped_at,
    min(e.at) filter (where e.hop = 'resolved') as resolved_at,
    min(e.at) filter (where e.hop = 'answered') as answered_at
  from public.loop_events as e where e.issue_id = i.id and e.generation = g.generation
) as t
cross join lateral private.measure_journey(array[
  t.reported_at, t.triaged_at, t.promoted_at, t.dispatched_at, t.started_at, t.opened_at, t.merged_at,
  t.fixed_at, t.shipped_at, t.resolved_at, t.answered_at
]) as m
cross join lateral private.measure_journey(array[t.reported_at, t.answered_at]) as a
left join lateral (
  select c.space_id, c.space_name from public.circle_issues as c where c.mapped_to_issue_id = i.id
  order by coalesce(c.posted_at, c.created_at), c.id limit 1
) as s on true
where not i.is_test;
comment on view public.loop_journeys is
  'One row per issue and generation: when it first reached each hop, and how long that took since the latest '
  'hop before it, in seconds of all time and of the default calendar''s working time. A hop that did not '
  'happen is null. No test issues. Order by issue_created_at for pages.';
comment on column public.loop_journeys.space_id is 'The space of the message that reported it first.';
comment on column public.loop_journeys.reported_at is
  'When the first member wrote; in later generations, when it was reopened.';
comment on column public.loop_journeys.answered_at is 'When the first reporter was told.';
comment on column public.loop_journeys.total_seconds is 'From reported_at to answered_at.';
comment on column public.loop_journeys.total_business_seconds is 'The same in working time.';
grant select on public.loop_journeys to authenticated, service_role;
