-- Keeps the counts of what blocks what, with each edge written and each issue that is opened or closed.

-- Everything below it is locked as well, since being blocked is handed down from parents.
create or replace function private.lock_exai_counts(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from private.exai_issue_counts as c
  where c.issue_id in (
    with recursive touched (id) as (
      select u.id from unnest(p_issue_ids) as u (id)
      union
      select e.to_issue_id
      from touched as t
      join public.exai_issue_relations as e on e.from_issue_id = t.id
      where e.kind = 'parent'
    )
    select t.id from touched as t
  )
  order by c.issue_id
  for no key update;
end;
$$;
comment on function private.lock_exai_counts is
  'Locks the counts of these issues and of all that descend from them, by id.';

-- Level by level: who starts or stops being blocked is one blocked parent more or less for each of its
-- children.
create or replace function private.shift_exai_counts(
  p_issue_ids uuid[], p_blockers integer[], p_parents integer[], p_unblocks integer[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[] := p_issue_ids;
  v_blockers integer[] := p_blockers;
  v_parents integer[] := p_parents;
  v_unblocks integer[] := p_unblocks;
begin
  perform private.lock_exai_counts(p_issue_ids);
  while v_issue_ids is not null loop
    with delta as (
      select u.id, sum(u.blockers)::integer as blockers, sum(u.parents)::integer as parents,
        coalesce(sum(u.unblocks), 0)::integer as unblocks
      from unnest(v_issue_ids, v_blockers, v_parents, v_unblocks) as u (id, blockers, parents, unblocks)
      group by u.id
    ),
    shifted as (
      update private.exai_issue_counts as c
      set open_blockers_count = c.open_blockers_count + d.blockers,
        blocked_parents_count = c.blocked_parents_count + d.parents,
        unblocks_count = c.unblocks_count + d.unblocks
      from delta as d
      where c.issue_id = d.id and (d.blockers, d.parents, d.unblocks) <> (0, 0, 0)
      returning c.issue_id,
        (c.open_blockers_count + c.blocked_parents_count > 0)::integer
          - (c.open_blockers_count - d.blockers + c.blocked_parents_count - d.parents > 0)::integer as turn
    )
    select array_agg(e.to_issue_id), array_agg(0), array_agg(s.turn), null::integer[]
    into v_issue_ids, v_blockers, v_parents, v_unblocks
    from shifted as s
    join public.exai_issue_relations as e on e.from_issue_id = s.issue_id
    where s.turn <> 0 and e.kind = 'parent';
  end loop;
end;
$$;
comment on function private.shift_exai_counts is
  'Adds to open blockers, blocked parents and unblocked issues, and hands on to the children what changes.';

-- Edges. What they add is told by the counts themselves, since those are what an opening or closing issue has
-- reached. What a deleted one took along is counted anew: one of its ends may be gone.
create or replace function private.count_new_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.shift_exai_counts(
    array_agg(u.id), array_agg(u.blockers), array_agg(u.parents), array_agg(u.unblocks)
  )
  from new_edges as n
  join private.exai_issue_counts as f on f.issue_id = n.from_issue_id
  join private.exai_issue_counts as t on t.issue_id = n.to_issue_id
  cross join lateral (
    values
      (n.to_issue_id, (n.kind = 'blocks' and f.is_open)::integer,
        (n.kind = 'parent' and f.open_blockers_count + f.blocked_parents_count > 0)::integer, 0),
      (n.from_issue_id, 0, 0, (n.kind = 'blocks' and t.is_open)::integer)
  ) as u (id, blockers, parents, unblocks)
  where n.kind in ('blocks', 'parent')
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_new_exai_edges is
  'After-insert-statement trigger of exai_issue_relations: keeps the counts.';

create or replace function private.counted_exai_edges(p_issue_ids uuid[])
returns table (
  issue_id uuid, open_blockers_count integer, blocked_parents_count integer, unblocks_count integer
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select u.id,
    (
      select count(*)::integer
      from public.exai_issue_relations as e
      join private.exai_issue_counts as f on f.issue_id = e.from_issue_id
      where e.to_issue_id = u.id and e.kind = 'blocks' and f.is_open
    ),
    (
      select count(*)::integer
      from public.exai_issue_relations as e
      join private.exai_issue_counts as f on f.issue_id = e.from_issue_id
      where e.to_issue_id = u.id and e.kind = 'parent' and f.open_blockers_count + f.blocked_parents_count > 0
    ),
    (
      select count(*)::integer
      from public.exai_issue_relations as e
      join private.exai_issue_counts as t on t.issue_id = e.to_issue_id
      where e.from_issue_id = u.id and e.kind = 'blocks' and t.is_open
    )
  from unnest(p_issue_ids) as u (id);
end;
$$;
comment on function private.counted_exai_edges is
  'The counts that these issues have by their edges and by what is kept of the other ends.';

create or replace function private.count_deleted_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(
    select o.from_issue_id from old_edges as o where o.kind in ('blocks', 'parent')
    union
    select o.to_issue_id from old_edges as o where o.kind in ('blocks', 'parent')
  );
  if v_issue_ids = '{}' then
    return null;
  end if;
  perform private.lock_exai_counts(v_issue_ids);
  perform private.shift_exai_counts(
    array_agg(c.issue_id), array_agg(n.open_blockers_count - c.open_blockers_count),
    array_agg(n.blocked_parents_count - c.blocked_parents_count),
    array_agg(n.unblocks_count - c.unblocks_count)
  )
  from private.counted_exai_edges(v_issue_ids) as n
  join private.exai_issue_counts as c on c.issue_id = n.issue_id;
  return null;
end;
$$;
comment on function private.count_deleted_exai_edges is
  'After-delete-statement trigger of exai_issue_relations: keeps the counts.';

create or replace function private.clear_exai_edges_search() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_counts as c
  set open_blockers_count = 0, blocked_parents_count = 0, unblocks_count = 0
  where c.open_blockers_count + c.blocked_parents_count + c.unblocks_count > 0;
  update public.exai_issues as i
  set related_issues = '{}', blocks_issues = '{}', blocked_by_issues = '{}'
  where i.related_issues <> '{}' or i.blocks_issues <> '{}' or i.blocked_by_issues <> '{}';
  return null;
end;
$$;
comment on function private.clear_exai_edges_search is 'After-truncate trigger of exai_issue_relations.';

create trigger _200_count_exai_edges after insert on public.exai_issue_relations
  referencing new table as new_edges
  for each statement execute function private.count_new_exai_edges();
create trigger _210_count_exai_edges after delete on public.exai_issue_relations
  referencing old table as old_edges
  for each statement execute function private.count_deleted_exai_edges();
create trigger _220_clear_exai_edges_search after truncate on public.exai_issue_relations
  for each statement execute function private.clear_exai_edges_search();

-- Issues that open, close, or change their severity. The graph is shared by now, so no edge comes or goes.
create or replace function private.count_changed_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_changed_ids uuid[];
  v_turned_ids uuid[];
  v_turns integer[];
begin
  select array_agg(n.id),
    array_agg(n.id) filter (where t.turn <> 0), array_agg(t.turn) filter (where t.turn <> 0)
  into v_changed_ids, v_turned_ids, v_turns
  from new_issues as n
  join old_issues as o on o.id = n.id
  cross join lateral (
    select (n.status in ('open', 'in_progress'))::integer - (o.status in ('open', 'in_progress'))::integer
      as turn
  ) as t
  where t.turn <> 0 or n.severity <> o.severity;
  if v_changed_ids is null then
    return null;
  end if;
  perform private.lock_exai_counts(v_changed_ids || array(
    select e.to_issue_id from public.exai_issue_relations as e
    where e.from_issue_id = any (v_turned_ids) and e.kind = 'blocks'
    union
    select e.from_issue_id from public.exai_issue_relations as e
    where e.to_issue_id = any (v_turned_ids) and e.kind = 'blocks'
  ));
  update private.exai_issue_counts as c
  set severity_rank = private.exai_severity_rank(n.severity), is_open = n.status in ('open', 'in_progress')
  from new_issues as n
  where c.issue_id = n.id and n.id = any (v_changed_ids);
  perform private.shift_exai_counts(
    array_agg(d.id), array_agg(d.blockers), array_agg(0), array_agg(d.unblocks)
  )
  from (
    select e.to_issue_id as id, u.turn as blockers, 0 as unblocks
    from unnest(v_turned_ids, v_turns) as u (id, turn)
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'blocks'
    union all
    select e.from_issue_id, 0, u.turn
    from unnest(v_turned_ids, v_turns) as u (id, turn)
    join public.exai_issue_relations as e on e.to_issue_id = u.id and e.kind = 'blocks'
  ) as d
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_issues is
  'After-update-statement trigger of exai_issues: keeps the counts.';

create trigger _120_count_exai_issues after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.count_changed_exai_issues();

create or replace function private.exai_issue_counts_check()
returns table (issue_number integer, name text, kept integer, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with recursive blocked (id) as (
    select e.to_issue_id
    from public.exai_issue_relations as e
    join public.exai_issues as f on f.id = e.from_issue_id
    where e.kind = 'blocks' and f.status in ('open', 'in_progress')
    union
    select e.to_issue_id
    from blocked as b
    join public.exai_issue_relations as e on e.from_issue_id = b.id
    where e.kind = 'parent'
  ),
  edge as (
    select e.*, f.status in ('open', 'in_progress') as is_from_open,
      t.status in ('open', 'in_progress') as is_to_open,
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
  select i.issue_number, v.name, v.kept, v.counted
  from public.exai_issues as i
  left join private.exai_issue_counts as c on c.issue_id = i.id
  left join step as s on s.issue_id = i.id
  left join (
    select e.to_issue_id as id, count(*) filter (where e.kind = 'blocks' and e.is_from_open) as blockers,
      count(*) filter (where e.kind = 'parent' and e.is_from_blocked) as parents
    from edge as e group by 1
  ) as b on b.id = i.id
  left join (
    select e.from_issue_id as id, count(*) filter (where e.kind = 'blocks' and e.is_to_open) as unblocks
    from edge as e group by 1
  ) as u on u.id = i.id
  cross join lateral (
    values
      ('steps', c.step_count, coalesce(s.steps, 0)::integer),
      ('completed', c.completed_count, coalesce(s.completed, 0)::integer),
      ('skipped', c.skipped_count, coalesce(s.skipped, 0)::integer),
      ('open_blockers', c.open_blockers_count, coalesce(b.blockers, 0)::integer),
      ('blocked_parents', c.blocked_parents_count, coalesce(b.parents, 0)::integer),
      ('unblocks', c.unblocks_count, coalesce(u.unblocks, 0)::integer),
      ('is_open', c.is_open::integer, (i.status in ('open', 'in_progress'))::integer),
      ('severity_rank', c.severity_rank::integer, private.exai_severity_rank(i.severity)::integer)
  ) as v (name, kept, counted)
  where v.kept is distinct from v.counted
  order by i.issue_number, v.name;
end;
$$;
comment on function private.exai_issue_counts_check is
  'Counts everything in exai_issue_counts anew and returns what differs: nothing when all is '
  'right. For operators.';
