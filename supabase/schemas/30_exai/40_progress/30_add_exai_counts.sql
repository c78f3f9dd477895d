-- Adds to the counts of what waits for what, and passes changes on to the issues that they affect.
--
-- A change is a count of an issue, by its name without _count, and an amount. Status and severity count as
-- such: active is 1 or 0, severity the rank.

-- All locks at once and by id, before anything is written: two updates of statuses can reach the same issues
-- from different sides. `offset 0` keeps the planner from hashing all relations.
create or replace function private.lock_exai_counts(p_issue_ids uuid[], p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(
    with recursive affected (id, change) as (
      select u.id, case
        when u.name in ('active', 'originals', 'active_originals') then 'unfinished'
        when u.name in ('active_blockers', 'blocked_parents') then 'blocked'
        else u.name
      end
      from unnest(p_issue_ids, p_names) as u (id, name)
      union
      select n.id, n.change
      from affected as a
      cross join lateral (
        select e.to_issue_id, case e.kind when 'duplicates' then 'unblocks' else 'blocked' end
        from public.exai_issue_relations as e
        where e.from_issue_id = a.id and (
          a.change = 'unfinished' and e.kind = 'blocks' or a.change = 'blocked' and e.kind = 'parent'
          or a.change = 'unblocks' and e.kind = 'duplicates'
        )
        union all
        select e.from_issue_id, case e.kind
          when 'duplicates' then 'unfinished' when 'blocks' then 'unblocks' else 'active_children'
        end
        from public.exai_issue_relations as e
        where e.to_issue_id = a.id and a.change = 'unfinished'
          and (e.kind = 'blocks' or e.kind = 'parent' or e.kind = 'duplicates')
        offset 0
      ) as n (id, change)
      where a.change <> 'active_children'
    )
    select distinct a.id from affected as a
  );
  perform from private.exai_issue_counts as c where c.issue_id = any (v_issue_ids)
  order by c.issue_id
  for no key update;
end;
$$;
comment on function private.lock_exai_counts is
  'Locks, by id, the counts of these issues and of all that a change of the named counts can reach.';

create or replace function private.write_exai_counts(
  p_issue_ids uuid[], p_names text[], p_amounts integer[]
) returns table (issue_id uuid, unfinished integer, blocked integer, work integer, unblocks integer)
language plpgsql volatile security definer set search_path = '' as $$
begin
  return query
  with delta as (
    select u.id,
      coalesce(sum(u.amount) filter (where u.name = 'active'), 0)::integer as active,
      coalesce(sum(u.amount) filter (where u.name = 'severity'), 0)::integer as severity,
      coalesce(sum(u.amount) filter (where u.name = 'originals'), 0)::integer as originals,
      coalesce(sum(u.amount) filter (where u.name = 'active_originals'), 0)::integer as active_originals,
      coalesce(sum(u.amount) filter (where u.name = 'active_blockers'), 0)::integer as active_blockers,
      coalesce(sum(u.amount) filter (where u.name = 'blocked_parents'), 0)::integer as blocked_parents,
      coalesce(sum(u.amount) filter (where u.name = 'active_children'), 0)::integer as active_children,
      coalesce(sum(u.amount) filter (where u.name = 'unblocks'), 0)::integer as unblocks
    from unnest(p_issue_ids, p_names, p_amounts) as u (id, name, amount)
    group by u.id
  )
  update private.exai_issue_counts as c
  set is_active = (o.is_active::integer + d.active)::boolean,
    severity_rank = (o.severity_rank + d.severity)::smallint,
    originals_count = o.originals_count + d.originals,
    active_originals_count = o.active_originals_count + d.active_originals,
    active_blockers_count = o.active_blockers_count + d.active_blockers,
    blocked_parents_count = o.blocked_parents_count + d.blocked_parents,
    active_children_count = o.active_children_count + d.active_children,
    unblocks_count = o.unblocks_count + d.unblocks
  from delta as d
  join private.exai_issue_counts as o on o.issue_id = d.id
  where c.issue_id = d.id
  returning c.issue_id, c.is_unfinished::integer - o.is_unfinished::integer,
    c.is_blocked::integer - o.is_blocked::integer, c.is_work::integer - o.is_work::integer, d.unblocks;
end;
$$;
comment on function private.write_exai_counts is
  'Adds the amounts to the counts of these issues, which are locked. Returns for each issue whether it '
  'became unfinished, blocked, or work (1), or stopped being so (-1), and what was added to unblocks.';

-- Level by level. Relations have no cycles, so this ends.
create or replace function private.add_exai_counts(p_issue_ids uuid[], p_names text[], p_amounts integer[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[] := p_issue_ids;
  v_names text[] := p_names;
  v_amounts integer[] := p_amounts;
begin
  if p_issue_ids is null then
    return;
  end if;
  perform private.lock_exai_counts(p_issue_ids, p_names);
  while v_issue_ids is not null loop
    select array_agg(n.id), array_agg(n.name), array_agg(n.amount)
    into v_issue_ids, v_names, v_amounts
    from private.write_exai_counts(v_issue_ids, v_names, v_amounts) as w
    cross join lateral (
      select e.to_issue_id,
        case e.kind
          when 'blocks' then 'active_blockers' when 'parent' then 'blocked_parents' else 'unblocks'
        end,
        case e.kind when 'blocks' then w.unfinished when 'parent' then w.blocked else w.unblocks end
      from public.exai_issue_relations as e
      where e.from_issue_id = w.issue_id
        and (e.kind = 'blocks' or e.kind = 'parent' or e.kind = 'duplicates')
      union all
      select e.from_issue_id,
        case e.kind
          when 'blocks' then 'unblocks' when 'parent' then 'active_children' else 'active_originals'
        end,
        case e.kind when 'blocks' then w.work else w.unfinished end
      from public.exai_issue_relations as e
      where e.to_issue_id = w.issue_id
        and (e.kind = 'blocks' or e.kind = 'parent' or e.kind = 'duplicates')
      offset 0
    ) as n (id, name, amount)
    where (w.unfinished, w.blocked, w.work, w.unblocks) <> (0, 0, 0, 0) and n.amount <> 0;
  end loop;
end;
$$;
comment on function private.add_exai_counts is
  'Adds amounts to counts, one per element of the arrays, and to the counts of all issues that this affects.';
