-- Fixes of which nobody was told who had asked for them.

create or replace function private.load_silent_fixes()
returns table (
  issue_id uuid, seq_id integer, title text, status text, segment text, generation integer,
  fixed_at timestamptz, age interval, reporters_count bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  with fixed as materialized (
    select m.issue_id, m.generation, min(m.at) as fixed_at
    from private.silent_fix_marks as m
    where not exists (
      select from public.loop_events as a
      where a.hop = 'answered' and a.issue_id = m.issue_id and a.generation = m.generation
    )
    group by m.issue_id, m.generation
    union all
    -- others were told
    select d.issue_id, d.generation, min(e.at)
    from public.deliveries as d
    join public.loop_events as e
      on e.issue_id = d.issue_id and e.generation = d.generation and e.hop in ('merged', 'fixed', 'shipped')
    where d.channel in ('circle', 'support') and d.kind = 'fixed' and d.status in ('draft', 'dead')
      and exists (
        select from public.loop_events as a
        where a.hop = 'answered' and a.issue_id = d.issue_id and a.generation = d.generation
      )
    group by d.issue_id, d.generation
  )
  select i.id, i.seq_id, i.title, i.status, i.segment, f.generation, f.fixed_at, now() - f.fixed_at,
    r.reporters_count
  from fixed as f
  join public.loop_issues as l on l.issue_id = f.issue_id and l.generation = f.generation
  join public.issues as i on i.id = f.issue_id and not i.is_test
  cross join lateral (
    select count(distinct e.reference) as reporters_count from public.loop_events as e
    where e.issue_id = f.issue_id and e.hop = 'reported' and e.reference <> ''
  ) as r
  where r.reporters_count > 0
    -- whose reporters are those of the older issue
    and not exists (select from public.issue_merges as m where m.source_issue_id = f.issue_id);
end;
$$;
comment on function private.load_silent_fixes is
  'What loop_silent_fixes contains; nothing for callers who may not read issues.';
grant execute on function private.load_silent_fixes to authenticated, service_role;

create view public.loop_silent_fixes with (security_invoker = true) as
select * from private.load_silent_fixes();
comment on view public.loop_silent_fixes is
  'Issues of which a pull request was merged, or that are fixed or shipped, and none of whose reporters was '
  'told in the current generation, or one of whom has a draft or a dead letter. Only issues that a message '
  'or an escalation reported. No test issues and no duplicates that are merged.';
comment on column public.loop_silent_fixes.fixed_at is
  'When the first pull request was merged, or it was fixed.';
comment on column public.loop_silent_fixes.age is 'Time since then.';
comment on column public.loop_silent_fixes.reporters_count is
  'How many messages and escalations reported it.';
grant select on public.loop_silent_fixes to authenticated, service_role;

create or replace function private.verify_silent_fixes()
returns table (issue_id uuid, generation integer, fixed_at timestamptz, is_marked boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with fixed as (
    select e.issue_id, e.generation, min(e.at) as fixed_at
    from public.loop_events as e
    join public.loop_issues as l on l.issue_id = e.issue_id and l.generation = e.generation
    where e.hop in ('merged', 'fixed', 'shipped')
    group by e.issue_id, e.generation
  ),
  silent as (
    select f.* from fixed as f
    join public.issues as i on i.id = f.issue_id and not i.is_test
    where not exists (select from public.issue_merges as m where m.source_issue_id = f.issue_id)
      and exists (
        select from public.loop_events as r
        where r.issue_id = f.issue_id and r.hop = 'reported' and r.reference <> ''
      )
      and (
        not exists (
          select from public.loop_events as a
          where a.issue_id = f.issue_id and a.generation = f.generation and a.hop = 'answered'
        )
        or exists (
          select from public.deliveries as d
          where d.issue_id = f.issue_id and d.generation = f.generation and d.kind = 'fixed'
            and d.status in ('draft', 'dead')
        )
      )
  ),
  marked as (
    select s.issue_id, s.generation, s.fixed_at from private.load_silent_fixes() as s
  )
  (select s.*, false from (table silent except table marked) as s)
  union all
  (select m.*, true from (table marked except table silent) as m);
end;
$$;
comment on function private.verify_silent_fixes is
  'Looks for silent fixes in the whole ledger and returns what loop_silent_fixes has differently: is_marked '
  'for what only the view contains; no row means that it is correct. For operators.';
