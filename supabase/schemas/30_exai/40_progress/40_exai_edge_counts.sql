-- Keeps the counts of what blocks what up to date with each edge that is written.

-- Whether an end is open or blocked is read from the counts and not from exai_issues: an update of the status
-- that is not counted yet will add its edges itself.
create or replace function private.count_new_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_blocked_counts(
    array_agg(u.id), array_agg(u.blockers), array_agg(u.parents), array_agg(u.unblocks)
  )
  from new_edges as n
  join private.exai_issue_counts as f on f.issue_id = n.from_issue_id
  join private.exai_issue_counts as t on t.issue_id = n.to_issue_id
  cross join lateral (
    values
      (n.to_issue_id, (n.kind = 'blocks' and f.is_active)::integer,
        (n.kind = 'parent' and f.active_blockers_count + f.blocked_parents_count > 0)::integer, 0),
      (n.from_issue_id, 0, 0, (n.kind = 'blocks' and t.is_active)::integer)
  ) as u (id, blockers, parents, unblocks)
  where n.kind in ('blocks', 'parent')
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_new_exai_edges is
  'After-insert-statement trigger of exai_issue_relations: adds to the counts.';

create or replace function private.count_exai_edges(p_issue_ids uuid[])
returns table (
  issue_id uuid, active_blockers_count integer, blocked_parents_count integer, unblocks_count integer
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select u.id,
    (
      select count(*)::integer
      from public.exai_issue_relations as e
      join private.exai_issue_counts as f on f.issue_id = e.from_issue_id
      where e.to_issue_id = u.id and e.kind = 'blocks' and f.is_active
    ),
    (
      select count(*)::integer
      from public.exai_issue_relations as e
      join private.exai_issue_counts as f on f.issue_id = e.from_issue_id
      where e.to_issue_id = u.id and e.kind = 'parent'
        and f.active_blockers_count + f.blocked_parents_count > 0
    ),
    (
      select count(*)::integer
      from public.exai_issue_relations as e
      join private.exai_issue_counts as t on t.issue_id = e.to_issue_id
      where e.from_issue_id = u.id and e.kind = 'blocks' and t.is_active
    )
  from unnest(p_issue_ids) as u (id);
end;
$$;
comment on function private.count_exai_edges is
  'Counts the edges of these issues, with the stored counts of the other ends.';

-- The ends are counted again: a deleted edge cannot be subtracted, since one of its ends may be deleted as
-- well.
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
  perform private.add_exai_blocked_counts(
    array_agg(c.issue_id), array_agg(n.active_blockers_count - c.active_blockers_count),
    array_agg(n.blocked_parents_count - c.blocked_parents_count),
    array_agg(n.unblocks_count - c.unblocks_count)
  )
  from private.count_exai_edges(v_issue_ids) as n
  join private.exai_issue_counts as c on c.issue_id = n.issue_id;
  return null;
end;
$$;
comment on function private.count_deleted_exai_edges is
  'After-delete-statement trigger of exai_issue_relations: counts the edges of both ends again.';

create or replace function private.clear_exai_edge_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_counts as c
  set active_blockers_count = 0, blocked_parents_count = 0, unblocks_count = 0
  where c.active_blockers_count + c.blocked_parents_count + c.unblocks_count > 0;
  return null;
end;
$$;
comment on function private.clear_exai_edge_counts is
  'After-truncate trigger of exai_issue_relations: sets the counts to 0.';

create trigger _110_count_new_exai_edges after insert on public.exai_issue_relations
  referencing new table as new_edges
  for each statement execute function private.count_new_exai_edges();
create trigger _120_count_deleted_exai_edges after delete on public.exai_issue_relations
  referencing old table as old_edges
  for each statement execute function private.count_deleted_exai_edges();
create trigger _130_clear_exai_edge_counts after truncate on public.exai_issue_relations
  for each statement execute function private.clear_exai_edge_counts();
