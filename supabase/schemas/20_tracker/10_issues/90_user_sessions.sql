-- The profile that a signed-in team member uses, and when the member was last active.

create table public.user_sessions (
  id uuid not null default gen_random_uuid(),
  user_id uuid default auth.uid(),
  profile_name text not null default private.actor_name(),
  profile_role text default private.team_role(),
  created_at timestamptz not null default now(),
  last_active timestamptz not null default now(),
  constraint user_sessions_pkey primary key (id),
  constraint user_sessions_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table public.user_sessions is
  'Sessions of team members. Members read and write their own; admins read all.';
comment on column public.user_sessions.user_id is
  'The account; null for sessions that a server inserted without one.';
comment on column public.user_sessions.profile_role is
  'The role shown with the profile. It grants nothing: rights come from team_members.';

create index user_sessions_user_id_idx on public.user_sessions (user_id);

create trigger _000_require_viewer before insert or update on public.user_sessions
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('viewer');
create trigger _000_require_admin before delete on public.user_sessions
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.user_sessions
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.user_sessions
  for each row execute function private.set_created_at();

alter table public.user_sessions enable row level security;
create policy user_sessions_select_own on public.user_sessions
  for select to authenticated using (
    (select private.has_team_role('viewer'))
    and (user_id = (select auth.uid()) or (select private.has_team_role('admin')))
  );
create policy user_sessions_insert_own on public.user_sessions
  for insert to authenticated
  with check ((select private.has_team_role('viewer')) and user_id = (select auth.uid()));
create policy user_sessions_update_own on public.user_sessions
  for update to authenticated
  using ((select private.has_team_role('viewer')) and user_id = (select auth.uid()))
  with check ((select private.has_team_role('viewer')) and user_id = (select auth.uid()));
create policy user_sessions_delete_admin on public.user_sessions
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.user_sessions to authenticated;
grant insert (id, user_id, profile_name, profile_role, created_at, last_active)
  on public.user_sessions to authenticated;
grant update (id, user_id, profile_name, profile_role, created_at, last_active)
  on public.user_sessions to authenticated;
grant select, insert, update, delete on public.user_sessions to service_role;
