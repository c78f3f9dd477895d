-- Adds to the counts of what blocks what, and passes changes on to the children.

create or replace function private.lock_exai_counts(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from private.exai_issue_counts as c
  where c.issue_id in (
    with recursive affected (id) as (
      select u.id from unnest(p_issue_ids) as u (id)
      union
      select e.to_issue_id
      from affected as a
      join public.exai_issue_relations as e on e.from_issue_id = a.id
      where e.kind = 'parent'
    )
    select a.id from affected as a
  )
  order by c.issue_id
  for no key update;
end;
$$;
comment on function private.lock_exai_counts is
  'Locks the counts of these issues and of all their descendants, by id: a change of a parent reaches them.';

-- Level by level: each issue that becomes blocked, or stops being blocked, is one blocked parent more or less
-- for each of its children.
create or replace function private.add_exai_blocked_counts(
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
    updated as (
      update private.exai_issue_counts as c
      set active_blockers_count = c.active_blockers_count + d.blockers,
        blocked_parents_count = c.blocked_parents_count + d.parents,
        unblocks_count = c.unblocks_count + d.unblocks
      from delta as d
      where c.issue_id = d.id and (d.blockers, d.parents, d.unblocks) <> (0, 0, 0)
      returning c.issue_id,
        -- 1 if the issue became blocked, -1 if it stopped being blocked
        (c.active_blockers_count + c.blocked_parents_count > 0)::integer
          - (c.active_blockers_count - d.blockers + c.blocked_parents_count - d.parents > 0)::integer
          as change
    )
    select array_agg(e.to_issue_id), array_agg(0), array_agg(u.change), null::integer[]
    into v_issue_ids, v_blockers, v_parents, v_unblocks
    from updated as u
    join public.exai_issue_relations as e on e.from_issue_id = u.issue_id
    where u.change <> 0 and e.kind = 'parent';
  end loop;
end;
$$;
comment on function private.add_exai_blocked_counts is
  'Adds to active_blockers_count, blocked_parents_count and unblocks_count of these issues, and to '
  'blocked_parents_count of the descendants that this affects.';
