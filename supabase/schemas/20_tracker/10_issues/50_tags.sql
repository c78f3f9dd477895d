-- Tags, in two shapes that show one truth: the array in issues.tags and the rows of issue_tags.
--
-- Each shape's trigger writes only the difference to the other, so that the second one finds nothing left to
-- do. Statements that write one issue's tags, and deletes of rows, tags or an issue, don't deadlock with each
-- other: whoever inserts a row locks the issue first, as whoever writes the array does. A delete can't:
-- PostgreSQL locks its row before any trigger. So deletes of issue_tags, tags and issues take turns, and
-- whoever holds the issue never waits for a row or a tag of its own that is being deleted, but leaves it to
-- the one who deletes it. What can still meet in a deadlock is a statement, or transaction, that writes the
-- tags of several issues: with one that writes them in another order, or with a delete that reaches several
-- of them. PostgreSQL ends one of the two with 40P01, and it can be sent again.

create table public.tags (
  name text not null,
  created_at timestamptz not null default now(),
  constraint tags_pkey primary key (name),
  constraint tags_name_is_trimmed check (name = btrim(name)),
  constraint tags_name_is_not_blank
    check (name ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint tags_name_is_short check (length(name) <= 200)
);
comment on table public.tags is 'The tags there are. A new one makes its row by being put on an issue.';

create table public.issue_tags (
  issue_id uuid not null,
  tag_name text not null,
  constraint issue_tags_pkey primary key (issue_id, tag_name),
  constraint issue_tags_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint issue_tags_tag_name_fkey foreign key (tag_name) references public.tags (name) on delete cascade
);
comment on table public.issue_tags is
  'Which issue has which tag: the same truth as issues.tags, write either.';

create index issue_tags_tag_name_idx on public.issue_tags (tag_name);

-- Between `on conflict do nothing` and the row that refers to the tag, somebody may delete it.
create or replace function private.ensure_tags(p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_held_count integer;
begin
  loop
    perform from public.tags as t where t.name = any (p_names)
    order by t.name collate "C"
    for key share;
    get diagnostics v_held_count = row_count;
    exit when v_held_count = cardinality(p_names);
    insert into public.tags (name)
    select u.name from unnest(p_names) as u (name) order by u.name collate "C"
    on conflict on constraint tags_pkey do nothing;
  end loop;
end;
$$;
comment on function private.ensure_tags is
  'Makes those of the tags that are new and keeps all of them, given once each, from being deleted.';

-- issue_tags → issues.tags
create or replace function private.lock_tagged_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    perform from public.issues as i where i.id = old.issue_id for no key update;
    return old;
  end if;
  perform from public.issues as i where i.id = new.issue_id for no key update;
  new.tag_name := coalesce(private.non_blank(new.tag_name), '');
  perform private.ensure_tags(array[new.tag_name]);
  return new;
end;
$$;
comment on function private.lock_tagged_issue is
  'Before trigger: locks the issue, then makes the tag if it is new.';

create or replace function private.sync_tag_row_to_array() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    update public.issues as i set tags = private.sorted_tags(i.tags || new.tag_name)
    where i.id = new.issue_id and new.tag_name <> all (i.tags);
  elsif tg_op = 'DELETE' then
    update public.issues as i set tags = array_remove(i.tags, old.tag_name)
    where i.id = old.issue_id and old.tag_name = any (i.tags);
  else
    update public.issues as i set tags = '{}' where i.tags <> '{}';
  end if;
  return null;
end;
$$;
comment on function private.sync_tag_row_to_array is
  'After trigger of issue_tags, truncate too: keeps issues.tags.';

create or replace function private.lock_issue_deletes() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.lock_issue_deletes is
  'Before-statement trigger: deletes of issue_tags, tags and issues take turns.';

-- issues.tags → issue_tags. The row is read again: a statement that writes both shapes has moved on by now.
-- A tag whose row somebody is deleting stays in the array until they have, or for good if they give up.
create or replace function private.sync_tag_array_to_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_tags text[];
  v_new text[];
  v_left text[];
  v_row_count integer;
begin
  if tg_op = 'INSERT' then
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
  end if;
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
  select array_agg(t.tag_name) into v_left
  from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name <> all (v_tags);
  if v_left is not null then
    update public.issues as i set tags = private.sorted_tags(i.tags || v_left) where i.id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_tag_array_to_rows is 'After trigger of issues: keeps issue_tags and tags.';

create trigger _100_reject_key_change before update on public.tags
  for each row when (old.name is distinct from new.name) execute function private.reject_key_change();
create trigger _150_lock_issue_deletes before delete on public.tags
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
create trigger _900_set_created_at before insert or update on public.tags
  for each row execute function private.set_created_at();

create trigger _100_reject_key_change before update on public.issue_tags
  for each row when ((old.issue_id, old.tag_name) is distinct from (new.issue_id, new.tag_name))
  execute function private.reject_key_change();
create trigger _150_lock_issue_deletes before delete on public.issue_tags
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
create trigger _150_lock_issue_deletes before delete on public.issues
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
-- A row that a trigger inserts comes from the array, whose issue and tags are held by then.
create trigger _200_lock_tagged_issue before insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.lock_tagged_issue();
create trigger _210_lock_tagged_issue before delete on public.issue_tags
  for each row execute function private.lock_tagged_issue();
create trigger _300_sync_tag_row_to_array after insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.sync_tag_row_to_array();
create trigger _305_sync_tag_row_to_array after delete on public.issue_tags
  for each row execute function private.sync_tag_row_to_array();
create trigger _310_sync_tag_row_to_array after truncate on public.issue_tags
  for each statement execute function private.sync_tag_row_to_array();
create trigger _200_sync_tag_array_to_rows after insert on public.issues
  for each row when (new.tags <> '{}') execute function private.sync_tag_array_to_rows();
create trigger _210_sync_tag_array_to_rows after update on public.issues
  for each row when (old.tags is distinct from new.tags) execute function private.sync_tag_array_to_rows();

alter table public.tags enable row level security;
create policy tags_select_viewer on public.tags
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tags_insert_agent on public.tags
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy tags_update_agent on public.tags
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy tags_delete_admin on public.tags
  for delete to authenticated using ((select private.has_team_role('admin')));

alter table public.issue_tags enable row level security;
create policy issue_tags_select_viewer on public.issue_tags
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy issue_tags_insert_agent on public.issue_tags
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy issue_tags_update_agent on public.issue_tags
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy issue_tags_delete_agent on public.issue_tags
  for delete to authenticated using ((select private.has_team_role('agent')));

grant select, delete on public.tags to authenticated;
grant insert (name, created_at), update (name, created_at) on public.tags to authenticated;
grant select, delete on public.issue_tags to authenticated;
grant insert (issue_id, tag_name), update (issue_id, tag_name) on public.issue_tags to authenticated;
grant select, insert, update, delete on public.tags, public.issue_tags to service_role;
