-- Fixes of which nobody was told who had asked for them.

create index loop_events_fixed_at_idx on public.loop_events (at) include (issue_id, generation)
  where hop in ('merged', 'fixed', 'shipped');

create view public.loop_silent_fixes with (security_invoker = true) as
select
  i.id as issue_id, i.seq_id, i.title, i.status, i.segment, f.generation, f.fixed_at,
  now() - f.fixed_at as age, r.reporters_count
from (
  select e.issue_id, e.generation, min(e.at) as fixed_at
  from public.loop_events as e
  where e.hop in ('merged', 'fixed', 'shipped')
  group by e.issue_id, e.generation
) as f
join public.loop_issues as l on l.issue_id = f.issue_id and l.generation = f.generation
join public.issues as i on i.id = f.issue_id and not i.is_test
cross join lateral (
  select count(distinct e.reference) as reporters_count from public.loop_events as e
  where e.issue_id = i.id and e.hop = 'reported' and e.reference <> ''
) as r
where r.reporters_count > 0 and not exists (
  select from public.loop_events as a
  where a.issue_id = f.issue_id and a.generation = f.generation and a.hop = 'answered'
);
comment on view public.loop_silent_fixes is
  'Issues of which a pull request was merged, or that are fixed or shipped, and none of whose reporters was '
  'told in the current generation. Only issues that a message or an escalation reported. No test issues.';
comment on column public.loop_silent_fixes.fixed_at is
  'When the first pull request was merged, or it was fixed.';
comment on column public.loop_silent_fixes.age is 'Time since then.';
comment on column public.loop_silent_fixes.reporters_count is
  'How many messages and escalations reported it.';
grant select on public.loop_silent_fixes to authenticated, service_role;
