-- Keeps the counts of what blocks what up to date with each edge that is written.

-- What an end is, is read from the counts and not from exai_issues: an update of the status that is not
-- counted yet will add its edges itself.
create or replace function private.count_new_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_counts(array_agg(u.id), array_agg(u.name), array_agg(u.amount))
  from new_edges as n
  join private.exai_issue_counts as f on f.issue_id = n.from_issue_id
  join private.exai_issue_counts as t on t.issue_id = n.to_issue_id
  cross join lateral (
    values
      ('blocks', n.to_issue_id, 'active_blockers', f.is_unfinished::integer),
      ('blocks', n.from_issue_id, 'unblocks', t.is_work::integer),
      ('parent', n.to_issue_id, 'blocked_parents', f.is_blocked::integer),
      ('parent', n.from_issue_id, 'active_children', t.is_unfinished::integer),
      ('duplicates', n.from_issue_id, 'originals', 1),
      ('duplicates', n.from_issue_id, 'active_originals', t.is_unfinished::integer),
      ('duplicates', n.to_issue_id, 'unblocks', f.unblocks_count)
  ) as u (kind, id, name, amount)
  where u.kind = n.kind and u.amount <> 0;
  return null;
end;
$$;
comment on function private.count_new_exai_edges is
  'After-insert-statement trigger of exai_issue_relations: adds to the counts.';

create or replace function private.count_exai_edges(p_issue_ids uuid[])
returns table (issue_id uuid, name text, counted integer, stored integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select c.issue_id, v.name, v.counted::integer, v.stored
  from private.exai_issue_counts as c
  cross join lateral (
    select count(*) filter (where e.kind = 'blocks' and f.is_unfinished) as blockers,
      count(*) filter (where e.kind = 'parent' and f.is_blocked) as parents,
      coalesce(sum(f.unblocks_count) filter (where e.kind = 'duplicates'), 0) as unblocks
    from public.exai_issue_relations as e
    join private.exai_issue_counts as f on f.issue_id = e.from_issue_id
    where e.to_issue_id = c.issue_id
  ) as i
  cross join lateral (
    select count(*) filter (where e.kind = 'blocks' and t.is_work) as unblocks,
      count(*) filter (where e.kind = 'parent' and t.is_unfinished) as children,
      count(*) filter (where e.kind = 'duplicates') as originals,
      count(*) filter (where e.kind = 'duplicates' and t.is_unfinished) as active_originals
    from public.exai_issue_relations as e
    join private.exai_issue_counts as t on t.issue_id = e.to_issue_id
    where e.from_issue_id = c.issue_id
  ) as o
  cross join lateral (
    values
      ('active_blockers', i.blockers, c.active_blockers_count),
      ('blocked_parents', i.parents, c.blocked_parents_count),
      ('active_children', o.children, c.active_children_count),
      ('originals', o.originals, c.originals_count),
      ('active_originals', o.active_originals, c.active_originals_count),
      ('unblocks', o.unblocks + i.unblocks, c.unblocks_count)
  ) as v (name, counted, stored)
  where c.issue_id = any (p_issue_ids);
end;
$$;
comment on function private.count_exai_edges is
  'Counts the edges of these issues, with the stored counts of the other ends, next to what is stored.';

-- The ends are counted again: a deleted edge cannot be subtracted, since one of its ends may be deleted as
-- well.
create or replace function private.count_deleted_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_counts(
    array_agg(n.issue_id), array_agg(n.name), array_agg(n.counted - n.stored)
  )
  from private.count_exai_edges(array(
    select u.id
    from old_edges as o
    cross join lateral (values (o.from_issue_id), (o.to_issue_id)) as u (id)
    where o.kind in ('blocks', 'parent', 'duplicates')
  )) as n
  where n.counted <> n.stored;
  return null;
end;
$$;
comment on function private.count_deleted_exai_edges is
  'After-delete-statement trigger of exai_issue_relations: counts the edges of both ends again.';

create or replace function private.clear_exai_edge_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_counts as c
  set active_blockers_count = 0, blocked_parents_count = 0, unblocks_count = 0, active_children_count = 0,
    originals_count = 0, active_originals_count = 0
  where c.active_blockers_count + c.blocked_parents_count + c.unblocks_count + c.active_children_count
    + c.originals_count > 0;
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
