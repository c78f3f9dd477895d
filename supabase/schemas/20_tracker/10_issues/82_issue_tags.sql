-- The tags of an issue as rows. A change of the rows updates the array issues.tags.

create table public.issue_tags (
  issue_id uuid not null,
  tag_name text not null,
  constraint issue_tags_pkey primary key (issue_id, tag_name),
  constraint issue_tags_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint issue_tags_tag_name_fkey foreign key (tag_name) references public.tags (name) on delete cascade
);
comment on table public.issue_tags is 'The tags of each issue, as in issues.tags: write either one.';

create index issue_tags_tag_name_idx on public.issue_tags (tag_name);

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
  'Before trigger of issue_tags: locks the issue, then creates the tag if it is new.';

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
  'After trigger of issue_tags, for truncate too: updates issues.tags.';

create trigger _000_require_agent before insert or update or delete on public.issue_tags
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _010_lock_issue_deletes before delete on public.issue_tags
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
-- Rows that a trigger inserts come from the array; their issue and tags are locked already.
create trigger _020_lock_tagged_issue before insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.lock_tagged_issue();
create trigger _030_lock_tagged_issue before delete on public.issue_tags
  for each row execute function private.lock_tagged_issue();
create trigger _050_reject_key_change before update on public.issue_tags
  for each row when ((old.issue_id, old.tag_name) is distinct from (new.issue_id, new.tag_name))
  execute function private.reject_key_change();
create trigger _200_sync_tag_row_to_array after insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.sync_tag_row_to_array();
create trigger _210_sync_tag_row_to_array after delete on public.issue_tags
  for each row execute function private.sync_tag_row_to_array();
create trigger _220_sync_tag_row_to_array after truncate on public.issue_tags
  for each statement execute function private.sync_tag_row_to_array();

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

grant select, delete on public.issue_tags to authenticated;
grant insert (issue_id, tag_name), update (issue_id, tag_name) on public.issue_tags to authenticated;
grant select, insert, update, delete on public.issue_tags to service_role;
