-- Tags: the list of all tags, and the locks that keep issues.tags and the rows of issue_tags in step.
--
-- issues.tags (an array) and issue_tags (rows) hold the same tags. The trigger of each writes only the
-- difference to the other, so that the other's trigger finds nothing left to do.
--
-- Lock order: first the issue, then tags and rows of issue_tags. An insert into issue_tags locks the issue
-- first, as an update of the array does. A delete can't do that: PostgreSQL locks the deleted row before any
-- trigger runs. So deletes of issue_tags, tags and issues are serialized by one advisory lock, and a
-- statement that holds the lock of an issue never waits for a row or tag of it that another transaction is
-- deleting: it skips them, and that transaction completes the change. Statements that write the tags of one
-- issue, and such deletes, therefore don't deadlock. A transaction that writes the tags of several issues
-- still can, with one that writes them in another order or with a delete that affects several of them:
-- PostgreSQL aborts one with 40P01, and it can be retried.

create table public.tags (
  name text not null,
  created_at timestamptz not null default now(),
  constraint tags_pkey primary key (name),
  constraint tags_name_is_trimmed check (name = btrim(name)),
  constraint tags_name_is_not_blank
    check (name ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint tags_name_is_short check (length(name) <= 200)
);
comment on table public.tags is 'All tags. Adding a new tag to an issue creates its row.';

-- Between `on conflict do nothing` and the insert of the referencing row, another session may delete the tag.
create or replace function private.ensure_tags(p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_locked_count integer;
begin
  loop
    perform from public.tags as t where t.name = any (p_names)
    order by t.name collate "C"
    for key share;
    get diagnostics v_locked_count = row_count;
    exit when v_locked_count = cardinality(p_names);
    insert into public.tags (name)
    select u.name from unnest(p_names) as u (name) order by u.name collate "C"
    on conflict on constraint tags_pkey do nothing;
  end loop;
end;
$$;
comment on function private.ensure_tags is
  'Creates the tags that don''t exist and locks all of them, given once each, against deletion.';

create or replace function private.lock_issue_deletes() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.lock_issue_deletes is
  'Before-statement trigger: serializes deletes of issue_tags, tags and issues.';

create trigger _000_require_agent before insert or update on public.tags
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.tags
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _010_lock_issue_deletes before delete on public.tags
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
create trigger _050_reject_key_change before update on public.tags
  for each row when (old.name is distinct from new.name) execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.tags
  for each row execute function private.set_created_at();
create trigger _010_lock_issue_deletes before delete on public.issues
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();

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

grant select, delete on public.tags to authenticated;
grant insert (name, created_at), update (name, created_at) on public.tags to authenticated;
grant select, insert, update, delete on public.tags to service_role;
