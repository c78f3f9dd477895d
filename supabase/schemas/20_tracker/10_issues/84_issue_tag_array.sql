-- The tags of an issue as the array issues.tags. A change of the array updates the rows of issue_tags.

create or replace function private.sync_new_tag_array_to_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row_count integer;
begin
  insert into public.issue_tags (issue_id, tag_name)
  select new.id, t.name from public.tags as t where t.name = any (new.tags)
  order by t.name collate "C"
  for key share
  on conflict on constraint issue_tags_pkey do nothing;
  get diagnostics v_row_count = row_count;
  if v_row_count < cardinality(new.tags) then
    perform private.ensure_tags(new.tags);
    insert into public.issue_tags (issue_id, tag_name)
    select new.id, u.name from unnest(new.tags) as u (name)
    on conflict on constraint issue_tags_pkey do nothing;
  end if;
  return null;
end;
$$;
comment on function private.sync_new_tag_array_to_rows is
  'After-insert trigger of issues with tags: inserts their rows into issue_tags, and new tags.';

-- The row is read again, because a statement that writes both the array and the rows may have changed it
-- since this trigger was queued. A tag whose row another transaction is deleting stays in the array: that
-- transaction removes it, or rolls back and the tag stays.
create or replace function private.sync_changed_tag_array_to_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_tags text[];
  v_new text[];
  v_deleting text[];
begin
  select i.tags into v_tags from public.issues as i where i.id = new.id;
  if not found then
    return null;
  end if;
  delete from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name in (
    select l.tag_name from public.issue_tags as l
    where l.issue_id = new.id and l.tag_name = any (old.tags) and l.tag_name <> all (v_tags)
    for update skip locked
  );
  v_new := array(
    select u.name from unnest(v_tags) as u (name)
    where not exists (
      select from public.issue_tags as t where t.issue_id = new.id and t.tag_name = u.name
    )
    order by u.name collate "C"
  );
  perform private.ensure_tags(v_new);
  insert into public.issue_tags (issue_id, tag_name) select new.id, u.name from unnest(v_new) as u (name)
  on conflict on constraint issue_tags_pkey do nothing;
  select array_agg(t.tag_name) into v_deleting
  from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name <> all (v_tags);
  if v_deleting is not null then
    update public.issues as i set tags = private.sorted_tags(i.tags || v_deleting) where i.id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_changed_tag_array_to_rows is
  'After-update trigger of issues whose tags changed: deletes and inserts rows of issue_tags, and '
  'inserts new tags.';

create trigger _200_sync_new_tag_array_to_rows after insert on public.issues
  for each row when (new.tags <> '{}') execute function private.sync_new_tag_array_to_rows();
create trigger _210_sync_changed_tag_array_to_rows after update on public.issues
  for each row when (old.tags is distinct from new.tags)
  execute function private.sync_changed_tag_array_to_rows();
