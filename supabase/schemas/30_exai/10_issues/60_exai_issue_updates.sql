-- The history of an engineering issue: comments, fixes, verifications, and each change of its status.

create table public.exai_issue_updates (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  update_type text not null default 'comment',
  content text not null,
  conversation_id text,
  created_by text not null default private.actor_name(),
  created_by_user_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default now(),
  constraint exai_issue_updates_pkey primary key (id),
  constraint exai_issue_updates_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_updates_created_by_user_id_fkey foreign key (created_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issue_updates_update_type_is_known check (
    update_type in ('comment', 'status_change', 'fix_applied', 'verification', 'conversation_link')
  ),
  constraint exai_issue_updates_content_is_not_blank
    check (content ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint exai_issue_updates_created_at_is_finite check (isfinite(created_at))
);
comment on table public.exai_issue_updates is
  'The history of engineering issues. Agents add entries; the author or an admin may change or delete one, '
  'only an admin if it is a status_change. Errors on write: exai_update_type_invalid, '
  'key_change_forbidden (422).';
comment on column public.exai_issue_updates.update_type is
  'comment, status_change, fix_applied, verification or conversation_link. The database writes an entry of '
  'type status_change for each change of an issue''s status.';
comment on column public.exai_issue_updates.content is
  'The text of the entry; for a change of status the old and the new one (open → fixed), and whose claim it '
  'ended, if that was somebody else''s (open → fixed, ends the claim of conversation-1).';
comment on column public.exai_issue_updates.conversation_id is
  'Id of the conversation in which it was written. For a change of status: the issue''s fix_conversation_id '
  'if the same statement set it, else the setting app.conversation_id, else the issue''s conversation_id.';
comment on column public.exai_issue_updates.created_by is 'Display name of the person who wrote it.';
comment on column public.exai_issue_updates.created_by_user_id is
  'The account that wrote it, set by the database; null if a server or an import wrote it.';

create index exai_issue_updates_issue_id_created_at_id_idx
  on public.exai_issue_updates (issue_id, created_at desc, id desc);
create index exai_issue_updates_created_at_idx on public.exai_issue_updates (created_at);
create index exai_issue_updates_created_by_user_id_idx on public.exai_issue_updates (created_by_user_id);

create or replace function private.check_exai_issue_update() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_types constant text[] := array[
    'comment', 'status_change', 'fix_applied', 'verification', 'conversation_link'
  ];
  v_old public.exai_issue_updates;
begin
  if tg_op = 'INSERT' and (new.update_type is null or private.non_blank(new.created_by) is null) then
    select * into v_old from public.exai_issue_updates as u where u.id = new.id for update;
    new.created_by := coalesce(private.non_blank(new.created_by), v_old.created_by);
  end if;
  new.update_type := coalesce(new.update_type, old.update_type, v_old.update_type, 'comment');
  if new.update_type <> all (v_types) then
    raise exception using
      errcode = 'PT422', message = 'exai_update_type_invalid',
      detail = format('%L is not a valid type of update.', new.update_type),
      hint = 'Use one of: ' || array_to_string(v_types, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_exai_issue_update is
  'Before trigger of exai_issue_updates: checks the type, and replaces null with the stored value or the '
  'default. Errors: exai_update_type_invalid (422).';

create or replace function private.log_exai_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id constant text := private.non_blank(current_setting('app.conversation_id', true));
begin
  insert into public.exai_issue_updates (issue_id, update_type, content, conversation_id)
  select n.id, 'status_change', format('%s → %s', o.status, n.status) || private.describe_ended_exai_claim(
    row(o.*)::public.exai_issues, row(n.*)::public.exai_issues
  ), coalesce(
    case when n.fix_conversation_id is distinct from o.fix_conversation_id then n.fix_conversation_id end,
    v_conversation_id, n.conversation_id
  )
  from old_issues as o
  join new_issues as n on n.id = o.id
  where n.status <> o.status
  order by n.issue_number;
  return null;
end;
$$;
comment on function private.log_exai_status is
  'After-update-statement trigger of exai_issues: writes an entry for each change of status.';

create trigger _000_require_agent before insert or update or delete on public.exai_issue_updates
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _050_reject_key_change before update on public.exai_issue_updates
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.reject_key_change();
create trigger _100_check_exai_issue_update before insert on public.exai_issue_updates
  for each row execute function private.check_exai_issue_update();
create trigger _110_check_exai_issue_update before update on public.exai_issue_updates
  for each row when (old.update_type is distinct from new.update_type)
  execute function private.check_exai_issue_update();
create trigger _400_set_exai_author before insert on public.exai_issue_updates
  for each row execute function private.set_exai_author();
create trigger _410_set_exai_author before update on public.exai_issue_updates
  for each row when (
    (old.created_by, old.created_by_user_id) is distinct from (new.created_by, new.created_by_user_id)
  )
  execute function private.set_exai_author();
create trigger _900_set_timestamps before insert or update on public.exai_issue_updates
  for each row execute function private.set_timestamps();
create trigger _100_log_exai_status after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.log_exai_status();

alter table public.exai_issue_updates enable row level security;
create policy exai_issue_updates_select_viewer on public.exai_issue_updates
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issue_updates_insert_agent on public.exai_issue_updates
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issue_updates_update_author on public.exai_issue_updates
  for update to authenticated
  using (
    (select private.has_team_role('agent'))
    and (
      created_by_user_id = (select auth.uid()) and update_type <> 'status_change'
      or (select private.has_team_role('admin'))
    )
  )
  with check ((select private.has_team_role('agent')));
create policy exai_issue_updates_delete_author on public.exai_issue_updates
  for delete to authenticated
  using (
    (select private.has_team_role('agent'))
    and (
      created_by_user_id = (select auth.uid()) and update_type <> 'status_change'
      or (select private.has_team_role('admin'))
    )
  );

grant select, delete on public.exai_issue_updates to authenticated;
grant insert (
  id, issue_id, update_type, content, conversation_id, created_by, created_by_user_id, created_at, updated_at
) on public.exai_issue_updates to authenticated;
grant update (
  id, issue_id, update_type, content, conversation_id, created_by, created_by_user_id, created_at, updated_at
) on public.exai_issue_updates to authenticated;
grant select, insert, update, delete on public.exai_issue_updates to service_role;
