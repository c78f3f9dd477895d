-- The way of each issue from the message to the answer: when each hop happened and how long it took.

-- Since the hop before, whichever of those there was: an issue may skip some, and a pull request may be older
-- than the issue that is linked to it.
create or replace function private.measure_journey(
  p_times timestamptz[], out o_seconds double precision[], out o_business_seconds double precision[],
  out o_total_seconds double precision, out o_total_business_seconds double precision
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_calendar_id constant uuid := private.default_calendar_id();
  v_count constant integer := cardinality(p_times);
  v_last integer;
  v_worked double precision[];
begin
  -- One query: working_seconds() for each time takes longer.
  select array_agg(w.seconds order by u.number) into v_worked
  from unnest(p_times) with ordinality as u (at, number)
  left join lateral (
    select case when s.ends_at is not null
      then s.seconds_before + extract(epoch from least(u.at, s.ends_at) - s.starts_at)::double precision
    end as seconds
    from private.working_spans as s
    where s.calendar_id = v_calendar_id and s.starts_at <= u.at
    order by s.starts_at desc limit 1
  ) as w on true;
  o_seconds := array_fill(null::double precision, array[v_count]);
  o_business_seconds := o_seconds;
  for v_number in 1 .. v_count loop
    continue when p_times[v_number] is null;
    if v_last is not null then
      o_seconds[v_number] :=
        greatest(extract(epoch from p_times[v_number] - p_times[v_last]), 0)::double precision;
      o_business_seconds[v_number] :=
        case when v_worked[v_number] < v_worked[v_last] then 0 else v_worked[v_number] - v_worked[v_last] end;
    end if;
    if v_last is null or p_times[v_last] < p_times[v_number] then
      v_last := v_number;
    end if;
  end loop;
  if p_times[v_count] >= p_times[1] then
    o_total_seconds := extract(epoch from p_times[v_count] - p_times[1])::double precision;
    o_total_business_seconds := v_worked[v_count] - v_worked[1];
  end if;
end;
$$;
comment on function private.measure_journey is
  'For each of some times the seconds since the latest of those before it in the array, of all time and of '
  'the default calendar''s working time; null for the first and for what is null, 0 for an earlier one. And '
  'those from the first to the last of them, null if either is.';
grant execute on function private.measure_journey to authenticated, service_role;

create view public.loop_journeys with (security_invoker = true) as
select
  i.id as issue_id, i.seq_id, i.title, i.status, i.segment, i.created_at as issue_created_at, s.space_id,
  s.space_name, t.generation,
  t.reported_at, t.triaged_at, t.promoted_at, t.dispatched_at, t.started_at, t.opened_at, t.merged_at,
  t.fixed_at, t.shipped_at, t.resolved_at, t.answered_at,
  m.o_seconds[2] as triaged_seconds, m.o_seconds[3] as promoted_seconds, m.o_seconds[4] as dispatched_seconds,
  m.o_seconds[5] as started_seconds, m.o_seconds[6] as opened_seconds, m.o_seconds[7] as merged_seconds,
  m.o_seconds[8] as fixed_seconds, m.o_seconds[9] as shipped_seconds, m.o_seconds[10] as resolved_seconds,
  m.o_seconds[11] as answered_seconds,
  m.o_business_seconds[2] as triaged_business_seconds, m.o_business_seconds[3] as promoted_business_seconds,
  m.o_business_seconds[4] as dispatched_business_seconds, m.o_business_seconds[5] as started_business_seconds,
  m.o_business_seconds[6] as opened_business_seconds, m.o_business_seconds[7] as merged_business_seconds,
  m.o_business_seconds[8] as fixed_business_seconds, m.o_business_seconds[9] as shipped_business_seconds,
  m.o_business_seconds[10] as resolved_business_seconds,
  m.o_business_seconds[11] as answered_business_seconds,
  m.o_total_seconds as total_seconds, m.o_total_business_seconds as total_business_seconds
from public.issues as i
cross join lateral (
  select
    e.generation,
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
  from public.loop_events as e where e.issue_id = i.id
  group by e.generation
) as t
cross join lateral private.measure_journey(array[
  t.reported_at, t.triaged_at, t.promoted_at, t.dispatched_at, t.started_at, t.opened_at, t.merged_at,
  t.fixed_at, t.shipped_at, t.resolved_at, t.answered_at
]) as m
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
