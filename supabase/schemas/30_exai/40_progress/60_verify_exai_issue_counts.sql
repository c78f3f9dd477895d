-- Compares the stored counts with what the tables contain.

create or replace function private.count_exai_waiting()
returns table (issue_id uuid, name text, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with recursive work (id) as (
    select i.id from public.exai_issues as i
    where i.status in ('open', 'in_progress') and not exists (
      select from public.exai_issue_relations as e where e.from_issue_id = i.id and e.kind = 'duplicates'
    )
  ),
  unfinished (id) as (
    select w.id from work as w
    union
    select e.from_issue_id
    from unfinished as u
    join public.exai_issue_relations as e on e.to_issue_id = u.id and e.kind = 'duplicates'
  ),
  blocked (id) as (
    select e.to_issue_id
    from unfinished as u
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'blocks'
    union
    select e.to_issue_id
    from blocked as b
    join public.exai_issue_relations as e on e.from_issue_id = b.id and e.kind = 'parent'
  ),
  unblocking (id, amount) as (
    select e.from_issue_id, count(*)
    from work as w
    join public.exai_issue_relations as e on e.to_issue_id = w.id and e.kind = 'blocks'
    group by 1
    union all
    select e.to_issue_id, u.amount
    from unblocking as u
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'duplicates'
  )
  select p.id, p.name, sum(p.amount)::integer
  from (
    select u.id, 'unblocks' as name, u.amount from unblocking as u
    union all
    select v.id, v.name, 1
    from public.exai_issue_relations as e
    left join unfinished as f on f.id = e.from_issue_id
    left join unfinished as t on t.id = e.to_issue_id
    left join blocked as b on b.id = e.from_issue_id
    cross join lateral (
      values
        ('blocks', e.to_issue_id, 'active_blockers', f.id is not null),
        ('parent', e.to_issue_id, 'blocked_parents', b.id is not null),
        ('parent', e.from_issue_id, 'active_children', t.id is not null),
        ('duplicates', e.from_issue_id, 'originals', true),
        ('duplicates', e.from_issue_id, 'active_originals', t.id is not null)
    ) as v (kind, id, name, is_counted)
    where v.kind = e.kind and v.is_counted
  ) as p
  group by p.id, p.name;
end;
$$;
comment on function private.count_exai_waiting is
  'Counts from the statuses and relations of all issues what waits for what, without the counts that are 0.';

create or replace function private.count_exai_issues()
returns table (issue_id uuid, name text, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select w.issue_id, w.name, w.counted from private.count_exai_waiting() as w
  union all
  select s.issue_id, v.name, v.counted::integer
  from (
    select c.issue_id, count(*) as steps, count(*) filter (where c.status = 'complete') as completed,
      count(*) filter (where c.status = 'skipped') as skipped
    from public.exai_issue_checklist as c
    group by c.issue_id
  ) as s
  cross join lateral (
    values ('steps', s.steps), ('completed', s.completed), ('skipped', s.skipped)
  ) as v (name, counted)
  union all
  select i.id, v.name, v.counted
  from public.exai_issues as i
  cross join lateral (
    values
      ('is_active', private.is_active_exai_status(i.status)::integer),
      ('severity_rank', private.rank_exai_severity(i.severity)::integer)
  ) as v (name, counted);
end;
$$;
comment on function private.count_exai_issues is
  'Counts everything in exai_issue_counts again; counts of steps and relations that are 0 may be left out.';

create or replace function private.verify_exai_issue_counts()
returns table (issue_number integer, name text, stored integer, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select i.issue_number, d.name, d.stored, d.counted
  from (
    select coalesce(s.issue_id, n.issue_id) as issue_id, coalesce(s.name, n.name) as name,
      coalesce(s.stored, 0) as stored, coalesce(n.counted, 0) as counted
    from (
      select c.issue_id, v.name, v.stored
      from private.exai_issue_counts as c
      cross join lateral (
        values
          ('steps', c.step_count), ('completed', c.completed_count), ('skipped', c.skipped_count),
          ('active_blockers', c.active_blockers_count), ('blocked_parents', c.blocked_parents_count),
          ('active_children', c.active_children_count), ('originals', c.originals_count),
          ('active_originals', c.active_originals_count), ('unblocks', c.unblocks_count),
          ('is_active', c.is_active::integer), ('severity_rank', c.severity_rank::integer)
      ) as v (name, stored)
    ) as s
    full join private.count_exai_issues() as n on n.issue_id = s.issue_id and n.name = s.name
  ) as d
  join public.exai_issues as i on i.id = d.issue_id
  where d.stored <> d.counted
  order by i.issue_number, d.name;
end;
$$;
comment on function private.verify_exai_issue_counts is
  'Counts everything in exai_issue_counts again and returns the differences; no row means that all counts '
  'are correct. For operators.';
