-- Workspaces: what several people watch together.

create table public.workspaces (
  id uuid not null default gen_random_uuid(),
  name text not null,
  slug text not null,
  description text,
  owner_id uuid not null default auth.uid(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint workspaces_pkey primary key (id),
  constraint workspaces_slug_idx unique (slug),
  -- not cascade: ownership passes before a profile is deleted, and the workspace is not one person's
  constraint workspaces_owner_id_fkey
    foreign key (owner_id) references public.profiles (id) on delete restrict,
  constraint workspaces_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint workspaces_slug_is_valid check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint workspaces_description_is_not_too_long check (char_length(description) <= 4000),
  constraint workspaces_created_at_is_finite check (isfinite(created_at))
);
create index workspaces_owner_id_idx on public.workspaces (owner_id);

create table public.workspace_members (
  workspace_id uuid not null,
  user_id uuid not null,
  role text not null default 'member',
  joined_at timestamptz not null default now(),
  constraint workspace_members_pkey primary key (workspace_id, user_id),
  constraint workspace_members_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint workspace_members_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint workspace_members_role_is_known check (role in ('owner', 'admin', 'member')),
  constraint workspace_members_joined_at_is_finite check (isfinite(joined_at))
);
create index workspace_members_user_id_idx on public.workspace_members (user_id);

-- Membership for policies, evaluated once per statement:
-- `workspace_id = any (array(select private.my_workspace_ids()))`.
create or replace function private.my_workspace_ids(p_minimum text default 'member') returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select m.workspace_id from public.workspace_members as m
  where m.user_id = auth.uid() and private.is_active_account(m.user_id)
    and (p_minimum = 'member' or m.role = 'owner' or m.role = p_minimum);
end;
$$;
comment on function private.my_workspace_ids is
  'The workspaces in which the caller has at least this role (member, admin or owner); none for '
  'a banned account.';
grant execute on function private.my_workspace_ids to authenticated, service_role;

create or replace function private.my_fellow_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select distinct m.user_id from public.workspace_members as m
  where m.workspace_id in (select private.my_workspace_ids());
end;
$$;
comment on function private.my_fellow_ids is 'The members of the caller''s workspaces, the caller included.';
grant execute on function private.my_fellow_ids to authenticated, service_role;

create policy profiles_select_own_and_fellows on public.profiles
  for select to authenticated
  using (id = (select auth.uid()) or id = any (array(select private.my_fellow_ids())));
create policy profiles_insert_own on public.profiles
  for insert to authenticated with check (id = (select auth.uid()));
create policy profiles_update_own on public.profiles
  for update to authenticated using (id = (select auth.uid())) with check (id = (select auth.uid()));

comment on table public.workspaces is
  'A workspace and its owner. Members see it, owners and admins change it, owners delete it. Errors on '
  'write: sign_in_required (401), devpulse_workspace_role_forbidden (403), devpulse_workspace_slug_conflict, '
  'devpulse_workspaces_limit_reached (409), devpulse_workspace_invalid, devpulse_workspace_owner_invalid, '
  'devpulse_workspace_slug_invalid, key_change_forbidden (422).';
comment on column public.workspaces.slug is
  'Its name in URLs: 1 to 63 lower-case letters, digits and hyphens, unique; made of the name where it '
  'is left out.';
comment on column public.workspaces.owner_id is
  'One of its members with the role owner: who creates it, until owners name another of them. It passes when '
  'that person leaves, and when their account is banned or ends.';
comment on table public.workspace_members is
  'Who is in a workspace. Members see each other; owners change roles and remove anybody, admins remove '
  'members, and everybody may leave, but not the last owner who can sign in. People join by invitation. '
  'Errors on write: sign_in_required (401), devpulse_workspace_role_forbidden (403), '
  'devpulse_user_unknown (404), devpulse_workspace_owner_required (409), devpulse_workspace_role_invalid, '
  'key_change_forbidden (422).';
comment on column public.workspace_members.role is 'owner, admin or member.';
comment on column public.workspace_members.joined_at is
  'Settable on insert only. Ownership passes to the oldest admin, then the oldest member.';

create trigger _000_require_active_account before insert or update on public.workspaces
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.workspaces
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.workspaces
  for each row execute function private.set_timestamps();
create trigger _000_require_active_account before update on public.workspace_members
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.workspace_members
  for each row when ((old.workspace_id, old.user_id) is distinct from (new.workspace_id, new.user_id))
  execute function private.reject_key_change();

alter table public.workspaces enable row level security;
create policy workspaces_select_member on public.workspaces
  for select to authenticated using (
    owner_id = (select auth.uid()) or id = any (array(select private.my_workspace_ids()))
  );
create policy workspaces_insert_own on public.workspaces
  for insert to authenticated with check (owner_id = (select auth.uid()));
create policy workspaces_update_admin on public.workspaces
  for update to authenticated
  using (id = any (array(select private.my_workspace_ids('admin'))))
  with check (id = any (array(select private.my_workspace_ids('admin'))));
create policy workspaces_delete_owner on public.workspaces
  for delete to authenticated using (id = any (array(select private.my_workspace_ids('owner'))));
grant select, delete on public.workspaces to authenticated;
grant insert (id, name, slug, description, owner_id, created_at, updated_at)
  on public.workspaces to authenticated;
grant update (id, name, slug, description, owner_id, created_at, updated_at)
  on public.workspaces to authenticated;
grant select, insert, update, delete on public.workspaces to service_role;

alter table public.workspace_members enable row level security;
create policy workspace_members_select_member on public.workspace_members
  for select to authenticated using (workspace_id = any (array(select private.my_workspace_ids())));
create policy workspace_members_update_admin on public.workspace_members
  for update to authenticated
  using (workspace_id = any (array(select private.my_workspace_ids('admin'))))
  with check (workspace_id = any (array(select private.my_workspace_ids('admin'))));
create policy workspace_members_delete_self_or_admin on public.workspace_members
  for delete to authenticated using (
    user_id = (select auth.uid()) or workspace_id = any (array(select private.my_workspace_ids('admin')))
  );
grant select, delete on public.workspace_members to authenticated;
grant update (workspace_id, user_id, role, joined_at) on public.workspace_members to authenticated;
grant select, insert, update, delete on public.workspace_members to service_role;
