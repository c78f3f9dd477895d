-- Compares the stored counts with what the tables contain.

create or replace function private.verify_exai_issue_counts()
returns table (issue_number integer, name text, stored integer, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with recursive blocked (id) as (
    select e.to_issue_id
    from public.exai_issue_relations as e
    join public.exai_issues as f on f.id = e.from_issue_id
    where e.kind = 'blocks' and private.is_active_exai_status(f.status)
    union
    select e.to_issue_id
    from blocked as b
    join public.exai_issue_relations as e on e.from_issue_id = b.id
    where e.kind = 'parent'
  ),
  edge as (
    select e.*, private.is_active_exai_status(f.status) as is_from_active,
      private.is_active_exai_status(t.status) as is_to_active,
      e.from_issue_id in (select b.id from blocked as b) as is_from_blocked
    from public.exai_issue_relations as e
    join public.exai_issues as f on f.id = e.from_issue_id
    join public.exai_issues as t on t.id = e.to_issue_id
  ),
  step as (
    select s.issue_id, count(*) as steps, count(*) filter (where s.status = 'complete') as completed,
      count(*) filter (where s.status = 'skipped') as skipped
    from public.exai_issue_checklist as s
    group by s.issue_id
  )
  select i.issue_number, v.name, v.stored, v.counted
  from public.exai_issues as i
  left join private.exai_issue_counts as c on c.issue_id = i.id
  left join step as s on s.issue_id = i.id
  left join (
    select e.to_issue_id as id, count(*) filter (where e.kind = 'blocks' and e.is_from_active) as blockers,
      count(*) filter (where e.kind = 'parent' and e.is_from_blocked) as parents
    from edge as e group by 1
  ) as b on b.id = i.id
  left join (
    select e.from_issue_id as id, count(*) filter (where e.kind = 'blocks' and e.is_to_active) as unblocks
    from edge as e group by 1
  ) as u on u.id = i.id
  cross join lateral (
    values
      ('steps', c.step_count, coalesce(s.steps, 0)::integer),
      ('completed', c.completed_count, coalesce(s.completed, 0)::integer),
      ('skipped', c.skipped_count, coalesce(s.skipped, 0)::integer),
      ('active_blockers', c.active_blockers_count, coalesce(b.blockers, 0)::integer),
      ('blocked_parents', c.blocked_parents_count, coalesce(b.parents, 0)::integer),
      ('unblocks', c.unblocks_count, coalesce(u.unblocks, 0)::integer),
      ('is_active', c.is_active::integer, private.is_active_exai_status(i.status)::integer),
      ('severity_rank', c.severity_rank::integer, private.rank_exai_severity(i.severity)::integer)
  ) as v (name, stored, counted)
  where v.stored is distinct from v.counted
  order by i.issue_number, v.name;
end;
$$;
comment on function private.verify_exai_issue_counts is
  'Counts everything in exai_issue_counts again and returns the differences; no row means that all counts '
  'are correct. For operators.';
