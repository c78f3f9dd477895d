-- Syncs the id arrays of exai_issues with the edges of kinds blocks and relates: one set of data in two
-- shapes.
--
-- The trigger of each shape writes only differences to the other one, whose trigger then finds none: so the
-- recursion ends.

-- exai_issue_relations → exai_issues
create or replace function private.sync_exai_arrays_of_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.exai_issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  update public.exai_issues as i
  set related_issues = s.related, blocks_issues = s.blocks, blocked_by_issues = s.blocked_by
  from (
    select u.id,
      array(
        select e.to_issue_id from public.exai_issue_relations as e
        where e.from_issue_id = u.id and e.kind = 'relates'
        union all
        select e.from_issue_id from public.exai_issue_relations as e
        where e.to_issue_id = u.id and e.kind = 'relates'
        order by 1
      ) as related,
      array(
        select e.to_issue_id from public.exai_issue_relations as e
        where e.from_issue_id = u.id and e.kind = 'blocks' order by 1
      ) as blocks,
      array(
        select e.from_issue_id from public.exai_issue_relations as e
        where e.to_issue_id = u.id and e.kind = 'blocks' order by 1
      ) as blocked_by
    from unnest(p_issue_ids) as u (id)
  ) as s
  where i.id = s.id
    and (i.related_issues, i.blocks_issues, i.blocked_by_issues)
      is distinct from (s.related, s.blocks, s.blocked_by);
end;
$$;
comment on function private.sync_exai_arrays_of_issues is
  'Sets the id arrays of these issues, which must be distinct, to what the edges contain.';

create or replace function private.sync_exai_edges_to_arrays() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(
    select c.from_issue_id from changed_edges as c where c.kind in ('blocks', 'relates')
    union
    select c.to_issue_id from changed_edges as c where c.kind in ('blocks', 'relates')
  );
  if v_issue_ids <> '{}' then
    perform private.sync_exai_arrays_of_issues(v_issue_ids);
  end if;
  return null;
end;
$$;
comment on function private.sync_exai_edges_to_arrays is
  'After-statement trigger of exai_issue_relations: updates the id arrays at both ends.';

-- exai_issues → exai_issue_relations
create or replace function private.expand_exai_arrays(
  p_issue_id uuid, p_related uuid[], p_blocks uuid[], p_blocked_by uuid[]
) returns table (from_issue_id uuid, to_issue_id uuid, kind text)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return query
  select least(p_issue_id, u.id), greatest(p_issue_id, u.id), 'relates' from unnest(p_related) as u (id)
  union all
  select p_issue_id, u.id, 'blocks' from unnest(p_blocks) as u (id)
  union all
  select u.id, p_issue_id, 'blocks' from unnest(p_blocked_by) as u (id);
end;
$$;
comment on function private.expand_exai_arrays is 'The edges that the id arrays of an issue stand for.';

create or replace function private.write_exai_edges(
  p_removed public.exai_issue_relations[], p_added public.exai_issue_relations[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_unknown_id uuid;
begin
  if exists (
    select from unnest(p_removed) as r
    join public.exai_issue_relations as e using (from_issue_id, to_issue_id, kind)
  ) then
    delete from public.exai_issue_relations as e using unnest(p_removed) as r
    where (e.from_issue_id, e.to_issue_id, e.kind) = (r.from_issue_id, r.to_issue_id, r.kind);
  end if;
  if not exists (
    select from unnest(p_added) as a
    where not exists (
      select from public.exai_issue_relations as e
      where (e.from_issue_id, e.to_issue_id, e.kind) = (a.from_issue_id, a.to_issue_id, a.kind)
    )
  ) then
    return;
  end if;
  select u.id into v_unknown_id
  from unnest(p_added) as a
  cross join lateral (values (a.from_issue_id), (a.to_issue_id)) as u (id)
  where not exists (select from public.exai_issues as i where i.id = u.id)
  order by u.id
  limit 1;
  if found then
    raise exception using
      errcode = 'PT422', message = 'exai_related_issue_unknown',
      detail = format('There is no engineering issue %s.', v_unknown_id),
      hint = 'Use the ids of rows in exai_issues.';
  end if;
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
  select a.from_issue_id, a.to_issue_id, a.kind from unnest(p_added) as a
  on conflict on constraint exai_issue_relations_pkey do nothing;
end;
$$;
comment on function private.write_exai_edges is
  'Removes and adds edges; skips those that are already removed or present. Errors: '
  'exai_related_issue_unknown (422).';

create or replace function private.sync_new_exai_arrays_to_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_added public.exai_issue_relations[];
begin
  select array_agg(distinct row(e.from_issue_id, e.to_issue_id, e.kind, null)::public.exai_issue_relations)
  into v_added
  from new_issues as n
  cross join lateral private.expand_exai_arrays(n.id, n.related_issues, n.blocks_issues, n.blocked_by_issues)
    as e
  where n.related_issues <> '{}' or n.blocks_issues <> '{}' or n.blocked_by_issues <> '{}';
  if v_added is not null then
    perform private.write_exai_edges('{}', v_added);
  end if;
  return null;
end;
$$;
comment on function private.sync_new_exai_arrays_to_edges is
  'After-insert-statement trigger of exai_issues: adds the edges that the id arrays contain. Errors: '
  'exai_related_issue_unknown (422).';

create or replace function private.sync_changed_exai_arrays_to_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_removed public.exai_issue_relations[];
  v_added public.exai_issue_relations[];
begin
  with changed as (
    select n.id, o.related_issues as old_related, o.blocks_issues as old_blocks,
      o.blocked_by_issues as old_blocked_by, n.related_issues, n.blocks_issues, n.blocked_by_issues
    from old_issues as o
    join new_issues as n on n.id = o.id
    where (o.related_issues, o.blocks_issues, o.blocked_by_issues)
      is distinct from (n.related_issues, n.blocks_issues, n.blocked_by_issues)
  ),
  edge as (
    select e.from_issue_id, e.to_issue_id, e.kind, bool_or(e.is_old) as is_old,
      bool_or(not e.is_old) as is_new
    from (
      select c.id, a.*, true as is_old from changed as c
      cross join lateral private.expand_exai_arrays(c.id, c.old_related, c.old_blocks, c.old_blocked_by) as a
      union all
      select c.id, a.*, false from changed as c
      cross join lateral private.expand_exai_arrays(
        c.id, c.related_issues, c.blocks_issues, c.blocked_by_issues
      ) as a
    ) as e
    group by e.id, e.from_issue_id, e.to_issue_id, e.kind
  )
  select
    array_agg(distinct row(e.from_issue_id, e.to_issue_id, e.kind, null)::public.exai_issue_relations)
      filter (where not e.is_new),
    array_agg(distinct row(e.from_issue_id, e.to_issue_id, e.kind, null)::public.exai_issue_relations)
      filter (where not e.is_old)
  into v_removed, v_added
  from edge as e;
  if coalesce(v_removed, v_added) is not null then
    perform private.write_exai_edges(v_removed, v_added);
  end if;
  return null;
end;
$$;
comment on function private.sync_changed_exai_arrays_to_edges is
  'After-update-statement trigger of exai_issues: writes the difference between the old and the new arrays '
  'as edges. Errors: exai_related_issue_unknown (422).';

-- A truncate has no transition table.
create or replace function private.clear_exai_arrays() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.exai_issues as i
  set related_issues = '{}', blocks_issues = '{}', blocked_by_issues = '{}'
  where i.related_issues <> '{}' or i.blocks_issues <> '{}' or i.blocked_by_issues <> '{}';
  return null;
end;
$$;
comment on function private.clear_exai_arrays is
  'After-truncate trigger of exai_issue_relations: empties all id arrays.';

create trigger _200_sync_exai_edges_to_arrays after insert on public.exai_issue_relations
  referencing new table as changed_edges
  for each statement execute function private.sync_exai_edges_to_arrays();
create trigger _210_sync_exai_edges_to_arrays after delete on public.exai_issue_relations
  referencing old table as changed_edges
  for each statement execute function private.sync_exai_edges_to_arrays();
create trigger _220_clear_exai_arrays after truncate on public.exai_issue_relations
  for each statement execute function private.clear_exai_arrays();
create trigger _200_sync_exai_arrays_to_edges after insert on public.exai_issues
  referencing new table as new_issues
  for each statement execute function private.sync_new_exai_arrays_to_edges();
create trigger _210_sync_exai_arrays_to_edges after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.sync_changed_exai_arrays_to_edges();
