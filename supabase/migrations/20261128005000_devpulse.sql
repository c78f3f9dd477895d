-- supabase/schemas/50_devpulse, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 50_devpulse/10_accounts/10_devpulse_settings.sql
-- What is set for devpulse: what one account may have, and what a provider may be asked.

create table public.devpulse_settings (
  id boolean not null default true,
  monitors_per_user integer default 500,
  goals_per_user integer default 200,
  workspaces_per_user integer default 20,
  members_per_workspace integer default 200,
  invitations_per_workspace integer default 50,
  resources_per_connection integer not null default 1000,
  reading_retention_days integer not null default 800,
  snapshot_retention_days integer not null default 3650,
  run_retention_days integer not null default 30,
  runs_per_connection integer not null default 200,
  backfill_days integer not null default 365,
  sync_now_per_hour integer not null default 6,
  return_urls text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint devpulse_settings_pkey primary key (id),
  constraint devpulse_settings_is_one_row check (id),
  constraint devpulse_settings_monitors_per_user_is_not_negative check (monitors_per_user >= 0),
  constraint devpulse_settings_goals_per_user_is_not_negative check (goals_per_user >= 0),
  constraint devpulse_settings_workspaces_per_user_is_not_negative check (workspaces_per_user >= 0),
  constraint devpulse_settings_members_per_workspace_is_positive check (members_per_workspace >= 1),
  constraint devpulse_settings_invitations_per_workspace_is_not_negative
    check (invitations_per_workspace >= 0),
  constraint devpulse_settings_resources_per_connection_is_bounded
    check (resources_per_connection between 1 and 100000),
  constraint devpulse_settings_reading_retention_days_is_bounded
    check (reading_retention_days between 8 and 36500),
  constraint devpulse_settings_snapshot_retention_days_is_bounded
    check (snapshot_retention_days between 32 and 36500),
  constraint devpulse_settings_run_retention_days_is_bounded check (run_retention_days between 1 and 3650),
  constraint devpulse_settings_runs_per_connection_is_bounded check (runs_per_connection between 1 and 10000),
  constraint devpulse_settings_backfill_days_is_bounded check (backfill_days between 7 and 3650),
  constraint devpulse_settings_sync_now_per_hour_is_bounded check (sync_now_per_hour between 0 and 60),
  constraint devpulse_settings_return_urls_are_few check (cardinality(return_urls) <= 100)
);
comment on table public.devpulse_settings is
  'The one row of settings. Team members read it, admins change it but for return_urls; rows are neither '
  'added nor deleted. Errors on write: team_role_required, devpulse_return_urls_forbidden (403).';
comment on column public.devpulse_settings.id is 'True in the only row.';
comment on column public.devpulse_settings.monitors_per_user is
  'How many monitors a user may have; null for any number.';
comment on column public.devpulse_settings.goals_per_user is
  'How many goals a user may have; null for any number.';
comment on column public.devpulse_settings.workspaces_per_user is
  'How many workspaces a user may own; null for any number.';
comment on column public.devpulse_settings.members_per_workspace is
  'How many members a workspace may have; null for any number.';
comment on column public.devpulse_settings.invitations_per_workspace is
  'How many invitations of a workspace may be open; null for any number.';
comment on column public.devpulse_settings.resources_per_connection is
  'How many repositories, videos or articles of a connection are read, the newest first.';
comment on column public.devpulse_settings.reading_retention_days is
  'How many days the daily values of single repositories, videos and articles are kept.';
comment on column public.devpulse_settings.snapshot_retention_days is
  'How many days daily snapshots are kept; weekly and monthly ones are kept.';
comment on column public.devpulse_settings.run_retention_days is
  'How many days sync_runs are kept after they ended.';
comment on column public.devpulse_settings.runs_per_connection is
  'How many sync_runs of a connection are kept, the newest.';
comment on column public.devpulse_settings.backfill_days is
  'How many days of contributions a new GitHub connection is filled with.';
comment on column public.devpulse_settings.sync_now_per_hour is
  'How many times an hour a user may call sync_now.';
comment on column public.devpulse_settings.return_urls is
  'The addresses of the app to which a browser may return after OAuth, compared exactly. Set by operators '
  'and servers: the result of a connection is sent there.';

create or replace function private.reject_return_urls_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT403', message = 'devpulse_return_urls_forbidden',
    detail = 'return_urls is set by operators of the project, not by admins of the team.',
    hint = 'Set it in the SQL editor or from a server, or send the current value.';
end;
$$;
comment on function private.reject_return_urls_change is
  'Before trigger of return_urls that a person changes. Errors: '
  'devpulse_return_urls_forbidden (403), always.';

create trigger _000_require_admin before update on public.devpulse_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _100_reject_return_urls_change before update on public.devpulse_settings
  for each row when (
    current_user in ('anon', 'authenticated') and old.return_urls is distinct from new.return_urls
  )
  execute function private.reject_return_urls_change();
create trigger _900_set_timestamps before insert or update on public.devpulse_settings
  for each row execute function private.set_timestamps();

alter table public.devpulse_settings enable row level security;
create policy devpulse_settings_select_viewer on public.devpulse_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy devpulse_settings_update_admin on public.devpulse_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.devpulse_settings to authenticated;
grant update (
  id, monitors_per_user, goals_per_user, workspaces_per_user, members_per_workspace,
  invitations_per_workspace, resources_per_connection, reading_retention_days, snapshot_retention_days,
  run_retention_days, runs_per_connection, backfill_days, sync_now_per_hour, return_urls, created_at,
  updated_at
) on public.devpulse_settings to authenticated;
grant select, update on public.devpulse_settings to service_role;

insert into public.devpulse_settings default values;

-- 50_devpulse/10_accounts/20_profiles.sql
-- The profiles of the people whose numbers devpulse collects: one for each account, kept in sync with it.

create or replace function private.is_time_zone(p_name text) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- names only: an abbreviation or an offset such as +05 has no daylight saving time
  return exists (select from pg_catalog.pg_timezone_names as z where z.name = p_name);
end;
$$;
comment on function private.is_time_zone is
  'Whether it is the name of a time zone, such as Europe/Berlin or UTC, in its exact spelling.';

create table public.profiles (
  id uuid not null,
  display_name text,
  avatar_url text,
  bio text,
  timezone text default 'UTC',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint profiles_pkey primary key (id),
  constraint profiles_id_fkey foreign key (id) references auth.users (id) on delete cascade,
  constraint profiles_display_name_is_not_too_long check (char_length(display_name) <= 200),
  constraint profiles_avatar_url_is_not_too_long check (char_length(avatar_url) <= 2048),
  constraint profiles_bio_is_not_too_long check (char_length(bio) <= 4000),
  constraint profiles_timezone_is_not_too_long check (char_length(timezone) <= 64),
  constraint profiles_created_at_is_finite check (isfinite(created_at))
);
comment on table public.profiles is
  'One row per account, created and deleted with it. Users see and edit their own, and see those of the '
  'members of their workspaces. Errors on write: sign_in_required (401), devpulse_avatar_url_invalid, '
  'devpulse_timezone_invalid, key_change_forbidden (422).';
comment on column public.profiles.id is 'The account in auth.users.';
comment on column public.profiles.display_name is
  'From the sign-in provider, or as the user wrote it; a later change at the provider replaces it.';
comment on column public.profiles.avatar_url is 'See display_name.';
comment on column public.profiles.timezone is
  'The name of the time zone in which the user''s days begin, such as Europe/Berlin; null counts as UTC.';

create or replace function private.check_timezone() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.timezone := coalesce(private.non_blank(new.timezone), 'UTC');
  if not private.is_time_zone(new.timezone) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_timezone_invalid',
      detail = format('%s is not the name of a time zone.', left(new.timezone, 100)),
      hint = 'Use a name of the IANA time zone database, such as Europe/Berlin or UTC.';
  end if;
  return new;
end;
$$;
comment on function private.check_timezone is
  'Before trigger: null and blank become UTC. Errors: devpulse_timezone_invalid (422).';

-- Other members of a workspace see the picture, and an app may make a link of its address.
create or replace function private.check_avatar_url() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.avatar_url := private.non_blank(new.avatar_url);
  if new.avatar_url !~* '^https?://[^[:space:]]+$' then
    raise exception using
      errcode = 'PT422', message = 'devpulse_avatar_url_invalid',
      detail = 'avatar_url is not an address that begins with https:// or http://.',
      hint = 'Send the address of a picture, or null.';
  end if;
  return new;
end;
$$;
comment on function private.check_avatar_url is
  'Before trigger: blank becomes null. Errors: devpulse_avatar_url_invalid (422).';

create trigger _000_require_active_account before insert or update on public.profiles
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.profiles
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_check_timezone before insert on public.profiles
  for each row when (new.timezone is distinct from 'UTC') execute function private.check_timezone();
create trigger _110_check_timezone before update on public.profiles
  for each row when (old.timezone is distinct from new.timezone) execute function private.check_timezone();
create trigger _120_check_avatar_url before insert on public.profiles
  for each row when (new.avatar_url is not null) execute function private.check_avatar_url();
create trigger _130_check_avatar_url before update on public.profiles
  for each row when (new.avatar_url is not null and old.avatar_url is distinct from new.avatar_url)
  execute function private.check_avatar_url();
create trigger _900_set_timestamps before insert or update on public.profiles
  for each row execute function private.set_timestamps();

alter table public.profiles enable row level security;

grant select on public.profiles to authenticated;
grant insert (id, display_name, avatar_url, bio, timezone, created_at, updated_at)
  on public.profiles to authenticated;
grant update (id, display_name, avatar_url, bio, timezone, created_at, updated_at)
  on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;

-- 50_devpulse/10_accounts/22_sync_profiles.sql
-- Copies accounts to profiles of devpulse: a profile is created with its account, and follows its metadata.

-- Nothing in here may fail because of the metadata: that would refuse the sign-up.
create or replace function private.sync_new_profile() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.profiles (id, display_name, avatar_url)
  select new.id, p.full_name, p.avatar_url
  from private.parse_metadata_profile(new.raw_user_meta_data) as p
  on conflict on constraint profiles_pkey do nothing;
  return null;
end;
$$;
comment on function private.sync_new_profile is 'After-insert trigger of auth.users: creates the profile.';

-- A soft deletion leaves the account's row, and with it the profile: what is the person's is cleared, and
-- what was handed out ends.
create or replace function private.clear_deleted_profile(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_account_ends();
  update public.profiles as p set display_name = null, avatar_url = null, bio = null, timezone = 'UTC'
  where p.id = p_user_id;
  perform private.leave_workspaces(p_user_id);
  update public.monitors as m set is_active = false where m.user_id = p_user_id and m.is_active;
  perform private.end_account_connections(p_user_id);
end;
$$;
comment on function private.clear_deleted_profile is
  'Clears the profile of a softly deleted account, takes it out of its workspaces, and ends its '
  'monitors and connections.';

create or replace function private.sync_changed_profile() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if (old.raw_user_meta_data, old.deleted_at, old.banned_until)
    is not distinct from (new.raw_user_meta_data, new.deleted_at, new.banned_until)
  then
    return null;
  end if;
  if new.deleted_at is not null then
    perform private.clear_deleted_profile(new.id);
    return null;
  end if;
  if (old.deleted_at, old.banned_until) is distinct from (new.deleted_at, new.banned_until) then
    perform private.sync_owners_of_account(new.id);
  end if;
  update public.profiles as p
  set display_name = case when n.full_name is distinct from o.full_name
      then coalesce(n.full_name, p.display_name) else p.display_name end,
    avatar_url = case when n.avatar_url is distinct from o.avatar_url
      then coalesce(n.avatar_url, p.avatar_url) else p.avatar_url end
  from private.parse_metadata_profile(old.raw_user_meta_data) as o,
    private.parse_metadata_profile(new.raw_user_meta_data) as n
  where p.id = new.id and (o.full_name, o.avatar_url) is distinct from (n.full_name, n.avatar_url);
  return null;
end;
$$;
comment on function private.sync_changed_profile is
  'After-update trigger of auth.users: copies what the provider changed; what the user wrote stays. Passes '
  'on the workspaces of a banned owner. Clears what a softly deleted account leaves.';

create trigger _200_sync_new_profile after insert on auth.users
  for each row execute function private.sync_new_profile();
-- Names no column, see _110_sync_changed_account.
create trigger _210_sync_changed_profile after update on auth.users
  for each row when (old *<> new) execute function private.sync_changed_profile();

-- The accounts that exist already.
insert into public.profiles (id, display_name, avatar_url, created_at)
select a.id, p.full_name, p.avatar_url, coalesce(a.created_at, now())
from auth.users as a cross join lateral private.parse_metadata_profile(a.raw_user_meta_data) as p
on conflict on constraint profiles_pkey do nothing;

-- 50_devpulse/20_workspaces/10_workspaces.sql
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

-- 50_devpulse/20_workspaces/12_sync_workspace_owner.sql
-- Succession: workspaces.owner_id is always a member with the role owner, and one who can sign in where there
-- is one.

-- Locks are taken in the order: account ends, profiles, workspaces by id, members. Who changes members locks
-- the workspace first, and decides after that. A profile that is locked is that of an account which is being
-- deleted and waits for this workspace: it is skipped, and no successor. Account ends are serialized, and
-- meet none.
create or replace function private.sync_workspace_owner(p_workspace_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner_id uuid;
  v_member public.workspace_members;
begin
  select w.owner_id into v_owner_id from public.workspaces as w
  where w.id = p_workspace_id for no key update;
  if not found then
    return;
  end if;
  select m.* into v_member
  from public.workspace_members as m
  join public.profiles as p on p.id = m.user_id
  where m.workspace_id = p_workspace_id
  order by private.is_person_account(m.user_id) desc, private.workspace_role_rank(m.role) desc,
    m.user_id = v_owner_id desc, m.joined_at, m.user_id
  limit 1
  for key share of p skip locked;
  if not found then
    delete from public.workspaces as w
    where w.id = p_workspace_id
      and not exists (select from public.workspace_members as m where m.workspace_id = p_workspace_id);
    if not found then
      raise exception using
        errcode = 'PT409', message = 'devpulse_workspace_owner_required',
        detail = 'The accounts of all other members are being deleted.', hint = 'Try again.';
    end if;
    return;
  end if;
  update public.workspace_members as m set role = 'owner'
  where m.workspace_id = p_workspace_id and m.user_id = v_member.user_id and m.role <> 'owner';
  update public.workspaces as w set owner_id = v_member.user_id
  where w.id = p_workspace_id and w.owner_id <> v_member.user_id;
end;
$$;
comment on function private.sync_workspace_owner is
  'Leaves the owner where they are a member with that role and can sign in. Else ownership passes to another '
  'owner, the oldest admin or the oldest member, in this order, who can sign in; where nobody can, to the '
  'same without that. A workspace without members is deleted. Errors: '
  'devpulse_workspace_owner_required (409).';

create or replace function private.sync_removed_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.sync_workspace_owner(old.workspace_id);
  return null;
end;
$$;
comment on function private.sync_removed_owner is
  'After trigger of workspace_members, of who is an owner no longer: ownership passes.';

create or replace function private.sync_added_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner_id uuid;
begin
  -- a ban of the owner, which does not see the new member yet, is over when the lock is there
  select w.owner_id into v_owner_id from public.workspaces as w
  where w.id = new.workspace_id for no key update;
  if not private.is_person_account(v_owner_id) then
    perform private.sync_workspace_owner(new.workspace_id);
  end if;
  return null;
end;
$$;
comment on function private.sync_added_member is
  'After-insert trigger of workspace_members: where the owner can''t sign in, the new member may be who can.';

create trigger _190_sync_added_member after insert on public.workspace_members
  for each row execute function private.sync_added_member();
create trigger _200_sync_demoted_owner after update on public.workspace_members
  for each row when (old.role = 'owner' and new.role <> 'owner')
  execute function private.sync_removed_owner();
create trigger _210_sync_removed_owner after delete on public.workspace_members
  for each row when (old.role = 'owner') execute function private.sync_removed_owner();

create or replace function private.sync_owners_of_account(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_workspace_id uuid;
begin
  perform private.lock_account_ends();
  for v_workspace_id in
    select m.workspace_id from public.workspace_members as m
    where m.user_id = p_user_id order by m.workspace_id
  loop
    perform private.sync_workspace_owner(v_workspace_id);
  end loop;
end;
$$;
comment on function private.sync_owners_of_account is
  'Syncs the owners of the workspaces of an account that was banned, or is not any more.';

create or replace function private.leave_workspaces(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- for update, since the workspace of the last member is deleted: raising a lock later could deadlock
  perform from public.workspaces as w
  where w.id in (select m.workspace_id from public.workspace_members as m where m.user_id = p_user_id)
  order by w.id for update;
  delete from public.workspace_members as m where m.user_id = p_user_id;
end;
$$;
comment on function private.leave_workspaces is 'Takes an account that ends out of all of its workspaces.';

-- Two accounts of one workspace that end concurrently would wait for each other: each has its own profile
-- locked, and one needs the other as the successor.
create or replace function private.lock_account_ends() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.profiles', 0));
end;
$$;
comment on function private.lock_account_ends is
  'Serializes what bans and deletions of accounts do to workspaces.';

create or replace function private.lock_profile_deletion() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_account_ends();
  return null;
end;
$$;
comment on function private.lock_profile_deletion is
  'Before-statement trigger of profiles: see private.lock_account_ends.';

-- Before the row is gone: workspaces.owner_id refers to it.
create or replace function private.leave_deleted_workspaces() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.leave_workspaces(old.id);
  return old;
end;
$$;
comment on function private.leave_deleted_workspaces is
  'Before-delete trigger of profiles: takes the person out of their workspaces, so that ownership passes.';

create trigger _010_lock_profile_deletion before delete on public.profiles
  for each statement execute function private.lock_profile_deletion();
create trigger _100_leave_deleted_workspaces before delete on public.profiles
  for each row execute function private.leave_deleted_workspaces();

-- 50_devpulse/20_workspaces/14_check_workspace.sql
-- The name, slug and owner of a workspace.

create or replace function private.build_slug(p_name text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    nullif(
      btrim(
        left(
          btrim(
            regexp_replace(lower(private.fold_letters(left(p_name, 200))), '[^a-z0-9]+', '-', 'g'), '-'
          ), 50
        ), '-'
      ), ''
    ),
    'workspace'
  );
end;
$$;
comment on function private.build_slug is
  'A valid slug made of a name: its letters and digits as ASCII, up to 50; workspace where it has none.';

create or replace function private.choose_slug(p_name text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_slug text := private.build_slug(p_name);
begin
  if exists (select from public.workspaces as w where w.slug = v_slug) then
    v_slug := v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 10);
  end if;
  return v_slug;
end;
$$;
comment on function private.choose_slug is
  'The slug of a new workspace: made of its name, with ten random characters where that one is taken.';

-- An upsert by slug of a workspace that the caller administers goes on: it updates that row.
create or replace function private.is_slug_taken(p_slug text, p_id uuid, p_is_upsert boolean) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.workspaces as w
    where w.slug = p_slug and w.id <> p_id
      and not (
        p_is_upsert
        and (private.is_trusted_caller() or w.id = any (array(select private.my_workspace_ids('admin'))))
      )
  );
end;
$$;
comment on function private.is_slug_taken is
  'Whether another workspace has the slug, not counting one that an upsert may update.';

create or replace function private.raise_slug_conflict(p_slug text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'devpulse_workspace_slug_conflict',
    detail = format('Another workspace has the slug %s.', p_slug), hint = 'Choose another one.';
end;
$$;
comment on function private.raise_slug_conflict is 'Errors: devpulse_workspace_slug_conflict (409), always.';

create or replace function private.check_workspace() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.id := coalesce(new.id, gen_random_uuid());
  new.name := private.non_blank(new.name);
  if new.name is null or char_length(new.name) > 200 or char_length(new.description) > 4000 then
    raise exception using
      errcode = 'PT422', message = 'devpulse_workspace_invalid',
      detail = 'A workspace has a name of 1 to 200 characters, and a description of up to 4000.',
      hint = 'Send a name that is not blank.';
  end if;
  new.slug := coalesce(
    private.non_blank(new.slug),
    (
      select w.slug from public.workspaces as w
      where w.id = new.id
        and (private.is_trusted_caller() or w.id = any (array(select private.my_workspace_ids('admin'))))
    )
  );
  if new.slug is null then
    -- the constraint decides where somebody else takes it at the same moment
    new.slug := private.choose_slug(new.name);
    return new;
  end if;
  if new.slug !~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$' then
    raise exception using
      errcode = 'PT422', message = 'devpulse_workspace_slug_invalid',
      detail = 'A slug has 1 to 63 lower-case letters, digits and hyphens, and no hyphen at its ends.',
      hint = format('Use %s, or leave it out.', private.build_slug(new.slug));
  end if;
  if private.is_slug_taken(new.slug, new.id, tg_op = 'INSERT') then
    perform private.raise_slug_conflict(new.slug);
  end if;
  return new;
end;
$$;
comment on function private.check_workspace is
  'Before trigger: trims the name, and makes a slug where it is left out. Errors: '
  'devpulse_workspace_slug_conflict (409), devpulse_workspace_invalid, '
  'devpulse_workspace_slug_invalid (422).';

create or replace function private.check_workspace_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.owner_id := coalesce(new.owner_id, old.owner_id);
  -- a locked profile is one that is being deleted, see private.sync_workspace_owner
  perform from public.workspace_members as m
  join public.profiles as p on p.id = m.user_id
  where m.workspace_id = new.id and m.user_id = new.owner_id and m.role = 'owner'
  for key share of p skip locked;
  if not found then
    raise exception using
      errcode = 'PT422', message = 'devpulse_workspace_owner_invalid',
      detail = 'owner_id is one of the members with the role owner.',
      hint = 'Give the member the role owner first.';
  end if;
  return new;
end;
$$;
comment on function private.check_workspace_owner is
  'Before-update trigger of an owner_id that changes. Errors: devpulse_workspace_owner_invalid (422).';

create or replace function private.require_workspace_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.workspace_role(new.id, auth.uid()) is distinct from 'owner'
    or not private.is_person_account(new.owner_id)
  then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Only owners hand a workspace over, to an owner who can sign in.',
      hint = 'Ask an owner, or send the current owner_id.';
  end if;
  return new;
end;
$$;
comment on function private.require_workspace_owner is
  'Before-update trigger of an owner_id that a person changes. Errors: '
  'devpulse_workspace_role_forbidden (403).';

create trigger _100_check_new_workspace before insert on public.workspaces
  for each row execute function private.check_workspace();
create trigger _110_check_workspace before update on public.workspaces
  for each row when (
    (old.name, old.slug, old.description) is distinct from (new.name, new.slug, new.description)
  )
  execute function private.check_workspace();
create trigger _120_check_owner before update on public.workspaces
  for each row when (old.owner_id is distinct from new.owner_id)
  execute function private.check_workspace_owner();
create trigger _130_require_owner before update on public.workspaces
  for each row when (old.owner_id is distinct from new.owner_id and current_user = 'authenticated')
  execute function private.require_workspace_owner();

-- 50_devpulse/20_workspaces/16_check_member_change.sql
-- Who may change and remove members: owners anybody, admins remove members, everybody may leave. The last
-- owner who can sign in stays.

create or replace function private.workspace_role(p_workspace_id uuid, p_user_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.role from public.workspace_members as m
    where m.workspace_id = p_workspace_id and m.user_id = p_user_id and private.is_person_account(m.user_id)
  );
end;
$$;
comment on function private.workspace_role is
  'The role of an account in a workspace; null for who is not in it, and for an account that is anonymous, '
  'banned or deleted.';

create or replace function private.workspace_role_rank(p_role text) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['member', 'admin', 'owner'], p_role);
end;
$$;
comment on function private.workspace_role_rank is '1 member, 2 admin, 3 owner; null for anything else.';

-- Before the first member row is locked: everything else locks the workspace first, too.
create or replace function private.lock_own_workspaces() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.workspaces as w
  where w.id in (select m.workspace_id from public.workspace_members as m where m.user_id = auth.uid())
  order by w.id for no key update;
  return null;
end;
$$;
comment on function private.lock_own_workspaces is
  'Before-statement trigger of a person''s write to workspace_members: serializes changes of members of the '
  'workspaces that the person is in.';

create or replace function private.may_change_member(
  p_member public.workspace_members, p_new_role text
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_caller_id constant uuid := auth.uid();
  v_role constant text := private.workspace_role(p_member.workspace_id, v_caller_id);
begin
  return coalesce(v_role = 'owner', false)
    or coalesce(v_role = 'admin' and p_member.role = 'member' and p_new_role is null, false)
    or coalesce(
      p_member.user_id = v_caller_id and (
        p_new_role is null
        or private.workspace_role_rank(p_new_role) < private.workspace_role_rank(p_member.role)
      ), false
    );
end;
$$;
comment on function private.may_change_member is
  'Whether the caller may give a member this role, or, for null, remove them.';

create or replace function private.require_other_owner(p_member public.workspace_members) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_member.role <> 'owner' or not private.is_person_account(p_member.user_id) then
    return;
  end if;
  -- a locked profile is one that is being deleted, see private.sync_workspace_owner
  perform from public.workspace_members as m
  join public.profiles as p on p.id = m.user_id
  where m.workspace_id = p_member.workspace_id and m.role = 'owner' and m.user_id <> p_member.user_id
    and private.is_person_account(m.user_id)
  limit 1 for key share of p skip locked;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'devpulse_workspace_owner_required',
      detail = 'The workspace would have no owner left who can sign in.',
      hint = 'Make another member owner first, or delete the workspace.';
  end if;
end;
$$;
comment on function private.require_other_owner is
  'Returns unless this is the last owner who can sign in. Errors: devpulse_workspace_owner_required (409).';

-- Security definer, and so it does not see who wrote: the conditions of its triggers do. Servers are held to
-- the last owner only; account ends and operators to nothing, after whose writes ownership passes.
create or replace function private.check_member_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_new_role text;
begin
  if tg_op = 'UPDATE' then
    new.role := coalesce(new.role, old.role);
    v_new_role := new.role;
    if new.role = old.role then
      return new;
    end if;
    if private.workspace_role_rank(v_new_role) is null then
      raise exception using
        errcode = 'PT422', message = 'devpulse_workspace_role_invalid',
        detail = format('%s is not a valid role.', left(v_new_role, 100)),
        hint = 'Use owner, admin or member.';
    end if;
  end if;
  perform from public.workspaces as w where w.id = old.workspace_id for no key update;
  if not private.is_trusted_caller() and not private.may_change_member(old, v_new_role) then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Owners change roles and remove anybody; admins remove members; everybody may leave.',
      hint = 'Ask an owner of the workspace.';
  end if;
  if v_new_role is distinct from 'owner' then
    perform private.require_other_owner(old);
  end if;
  if tg_op = 'UPDATE' then
    return new;
  end if;
  return old;
end;
$$;
comment on function private.check_member_change is
  'Before trigger of workspace_members, for another role and for a removal over the API. Errors: '
  'devpulse_workspace_role_forbidden (403), devpulse_workspace_owner_required (409), '
  'devpulse_workspace_role_invalid (422).';

-- Locked first, so that a deletion of the account that comes later finds the membership.
create or replace function private.check_new_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.profiles as p where p.id = new.user_id for no key update;
  -- an upsert fires the trigger of INSERT for members too
  if not private.is_person_account(new.user_id) and not exists (
    select from public.workspace_members as m
    where m.workspace_id = new.workspace_id and m.user_id = new.user_id
  ) then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  return new;
end;
$$;
comment on function private.check_new_member is
  'Before-insert trigger of workspace_members, whoever writes. Errors: devpulse_user_unknown (404).';

create or replace function private.set_joined_at() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.joined_at := case when tg_op = 'INSERT' then coalesce(new.joined_at, now()) else old.joined_at end;
  return new;
end;
$$;
comment on function private.set_joined_at is
  'Before trigger: joined_at, which decides about succession, is settable on insert only.';

create trigger _010_lock_own_workspaces before update or delete on public.workspace_members
  for each statement when (current_user = 'authenticated')
  execute function private.lock_own_workspaces();
create trigger _090_check_new_member before insert on public.workspace_members
  for each row execute function private.check_new_member();
create trigger _100_check_role_change before update on public.workspace_members
  for each row when (
    old.role is distinct from new.role and current_user in ('authenticated', 'service_role')
  )
  execute function private.check_member_change();
create trigger _110_check_removal before delete on public.workspace_members
  for each row when (current_user in ('authenticated', 'service_role'))
  execute function private.check_member_change();
create trigger _900_set_joined_at before insert or update on public.workspace_members
  for each row execute function private.set_joined_at();

-- 50_devpulse/20_workspaces/18_end_membership.sql
-- What ends with a membership: what the person watched for the workspace is theirs alone again, and the
-- invitations that they made are not valid any more.

create or replace function private.revoke_invitations_of(p_workspace_id uuid, p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.workspace_invitations as i set revoked_at = clock_timestamp()
  where i.workspace_id = p_workspace_id and i.created_by = p_user_id
    and i.accepted_at is null and i.revoked_at is null
    and not private.may_invite(p_workspace_id, p_user_id, i.role);
end;
$$;
comment on function private.revoke_invitations_of is
  'Revokes the open invitations that this member may not make any more.';

create or replace function private.end_membership() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.monitors as m set workspace_id = null
  where m.user_id = old.user_id and m.workspace_id = old.workspace_id;
  update public.goals as g set workspace_id = null
  where g.user_id = old.user_id and g.workspace_id = old.workspace_id;
  perform private.revoke_invitations_of(old.workspace_id, old.user_id);
  return null;
end;
$$;
comment on function private.end_membership is
  'After-delete trigger of workspace_members: the monitors and goals of the person leave the workspace, and '
  'their open invitations are revoked.';

create or replace function private.end_lost_rights() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.revoke_invitations_of(old.workspace_id, old.user_id);
  return null;
end;
$$;
comment on function private.end_lost_rights is
  'After-update trigger of workspace_members, of another role: revokes invitations that it does not allow.';

create trigger _300_end_membership after delete on public.workspace_members
  for each row execute function private.end_membership();
create trigger _310_end_lost_rights after update on public.workspace_members
  for each row when (old.role is distinct from new.role) execute function private.end_lost_rights();

-- 50_devpulse/20_workspaces/20_create_workspace.sql
-- Creates a workspace: by this function, or by an insert.

-- The profile's lock orders what somebody does with a ban and a deletion of their account: the later of the
-- two sees what the earlier one committed.
create or replace function private.lock_person_profile() returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  perform from public.profiles as p where p.id = v_user_id for no key update;
  if not found or not private.is_person_account(v_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'This needs an account with a profile that is not anonymous, banned or deleted.',
      hint = 'Sign in with an e-mail address, or confirm one for this account.';
  end if;
  return v_user_id;
end;
$$;
comment on function private.lock_person_profile is
  'Locks the caller''s profile and returns the caller''s id. Errors: sign_in_required (401).';

create or replace function private.check_owned_workspaces(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.workspaces_per_user from public.devpulse_settings as s where s.id);
begin
  if (
    select count(*) from (
      select from public.workspaces as w where w.owner_id = p_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_workspaces_limit_reached',
      detail = format('An account owns up to %s workspaces.', v_limit),
      hint = 'Delete one, or ask an admin to raise devpulse_settings.workspaces_per_user.';
  end if;
end;
$$;
comment on function private.check_owned_workspaces is
  'Returns where a user owns no more workspaces than they may. Errors: '
  'devpulse_workspaces_limit_reached (409).';

create or replace function private.check_inserted_workspaces() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from inserted) then
    perform private.check_owned_workspaces(private.lock_person_profile());
  end if;
  return null;
end;
$$;
comment on function private.check_inserted_workspaces is
  'After-statement trigger of a user''s insert. Errors: sign_in_required (401), '
  'devpulse_workspaces_limit_reached (409).';

create or replace function private.add_workspace_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.workspace_members (workspace_id, user_id, role)
  values (new.id, new.owner_id, 'owner')
  on conflict on constraint workspace_members_pkey do update set role = 'owner';
  return null;
end;
$$;
comment on function private.add_workspace_owner is
  'After-insert trigger of workspaces: its owner is its first member.';

create trigger _200_add_workspace_owner after insert on public.workspaces
  for each row execute function private.add_workspace_owner();
create trigger _700_check_inserted_workspaces after insert on public.workspaces
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_inserted_workspaces();

-- A client that lost the answer sends the call again: within ten minutes it gets the same workspace.
create or replace function private.create_workspace(p_name text, p_slug text, p_description text)
returns public.workspaces
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.lock_person_profile();
  v_slug constant text := private.non_blank(p_slug);
  v_workspace public.workspaces;
begin
  select w.* into v_workspace from public.workspaces as w
  where w.owner_id = v_user_id and w.name = private.non_blank(p_name)
    and w.description is not distinct from p_description and (v_slug is null or w.slug = v_slug)
    and w.created_at > clock_timestamp() - interval '10 minutes'
  order by w.created_at desc limit 1;
  if found then
    return v_workspace;
  end if;
  if exists (select from public.workspaces as w where w.slug = v_slug) then
    perform private.raise_slug_conflict(v_slug);
  end if;
  -- somebody else may take the slug at the same moment: one that is made of the name is made again
  for i in 1..2 loop
    insert into public.workspaces (name, slug, description, owner_id)
    values (p_name, v_slug, p_description, v_user_id)
    on conflict on constraint workspaces_slug_idx do nothing
    returning * into v_workspace;
    exit when found or v_slug is not null;
  end loop;
  if v_workspace.id is null then
    perform private.raise_slug_conflict(coalesce(v_slug, private.build_slug(p_name)));
  end if;
  perform private.check_owned_workspaces(v_user_id);
  return v_workspace;
end;
$$;
grant execute on function private.create_workspace to authenticated;

create or replace function public.create_workspace(
  name text, slug text default null, description text default null
) returns public.workspaces
language sql volatile security invoker set search_path = ''
begin atomic
  select private.create_workspace(
    create_workspace.name, create_workspace.slug, create_workspace.description
  );
end;
comment on function public.create_workspace is
  'Creates a workspace that the caller owns, with a slug made of its name where it is left out. A call that '
  'is repeated within ten minutes returns the same workspace. Errors: sign_in_required (401), '
  'devpulse_workspace_slug_conflict, devpulse_workspaces_limit_reached (409), devpulse_workspace_invalid, '
  'devpulse_workspace_slug_invalid (422).';
grant execute on function public.create_workspace to authenticated;

-- 50_devpulse/20_workspaces/30_workspace_invitations.sql
-- Invitations to workspaces, as links with a token of which only the hash is stored.

create table public.workspace_invitations (
  id uuid not null default gen_random_uuid(),
  workspace_id uuid not null,
  role text not null,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid,
  constraint workspace_invitations_pkey primary key (id),
  constraint workspace_invitations_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint workspace_invitations_created_by_fkey
    foreign key (created_by) references public.profiles (id) on delete cascade,
  constraint workspace_invitations_accepted_by_fkey
    foreign key (accepted_by) references public.profiles (id) on delete set null,
  constraint workspace_invitations_role_is_known check (role in ('owner', 'admin', 'member')),
  constraint workspace_invitations_accepted_by_has_a_time
    check (accepted_by is null or accepted_at is not null)
);
create index workspace_invitations_workspace_id_idx on public.workspace_invitations (workspace_id);
create index workspace_invitations_created_by_idx on public.workspace_invitations (created_by);
create index workspace_invitations_accepted_by_idx on public.workspace_invitations (accepted_by);
comment on table public.workspace_invitations is
  'One row per invitation, without its token. Created by create_workspace_invitation, used by '
  'accept_workspace_invitation, ended by revoke_workspace_invitation. Owners and admins of the '
  'workspace see it.';
comment on column public.workspace_invitations.role is 'The role of who accepts it: owner, admin or member.';
comment on column public.workspace_invitations.created_by is
  'Who made it. It is valid only as long as they may invite somebody with this role.';
comment on column public.workspace_invitations.expires_at is 'From then on it is rejected.';
comment on column public.workspace_invitations.revoked_at is 'Since when it is rejected, or null.';
comment on column public.workspace_invitations.accepted_at is 'When it was used; it is valid once.';

create trigger _900_set_created_at before insert or update on public.workspace_invitations
  for each row execute function private.set_created_at();

alter table public.workspace_invitations enable row level security;
create policy workspace_invitations_select_admin on public.workspace_invitations
  for select to authenticated using (workspace_id = any (array(select private.my_workspace_ids('admin'))));
grant select on public.workspace_invitations to authenticated, service_role;

create table private.workspace_invitation_hashes (
  hash bytea not null,
  invitation_id uuid not null,
  constraint workspace_invitation_hashes_pkey primary key (hash),
  constraint workspace_invitation_hashes_invitation_id_key unique (invitation_id),
  constraint workspace_invitation_hashes_invitation_id_fkey foreign key (invitation_id)
    references public.workspace_invitations (id) on delete cascade,
  constraint workspace_invitation_hashes_hash_is_sha256 check (octet_length(hash) = 32)
);
comment on table private.workspace_invitation_hashes is
  'The SHA-256 of each invitation''s token: of 32 random bytes, so that it needs no salt and nobody '
  'can guess it.';
alter table private.workspace_invitation_hashes enable row level security;

create or replace function private.may_invite(p_workspace_id uuid, p_user_id uuid, p_role text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_role constant text := private.workspace_role(p_workspace_id, p_user_id);
begin
  return coalesce(v_role = 'owner' or v_role = 'admin' and p_role = 'member', false);
end;
$$;
comment on function private.may_invite is
  'Whether this account may invite somebody with this role: owners with any, admins as members.';

-- 50_devpulse/20_workspaces/32_create_workspace_invitation.sql
-- Creates an invitation; its token is returned this once.

-- Who creates and revokes in turns leaves no more ended ones than the limit either.
create or replace function private.limit_invitations(p_workspace_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (
    select s.invitations_per_workspace from public.devpulse_settings as s where s.id
  );
begin
  if v_limit is null then
    return;
  end if;
  delete from public.workspace_invitations as i
  where i.id in (
    select e.id from public.workspace_invitations as e
    where e.workspace_id = p_workspace_id
      and (least(e.revoked_at, e.expires_at) <= clock_timestamp() or e.accepted_at is not null)
    order by e.created_at desc offset v_limit
  );
  if (
    select count(*) from public.workspace_invitations as i
    where i.workspace_id = p_workspace_id and i.accepted_at is null
      and least(i.revoked_at, i.expires_at) > clock_timestamp()
  ) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_invitations_limit_reached',
      detail = format('A workspace has up to %s open invitations.', v_limit),
      hint = 'Revoke one with revoke_workspace_invitation, or ask an admin to raise '
        'devpulse_settings.invitations_per_workspace.';
  end if;
end;
$$;
comment on function private.limit_invitations is
  'Returns where a workspace may have one more open invitation, and deletes the oldest that ended. Errors: '
  'devpulse_invitations_limit_reached (409).';

create or replace function private.require_inviter(p_workspace_id uuid, p_user_id uuid, p_role text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.workspaces as w where w.id = p_workspace_id for no key update;
  if private.workspace_role(p_workspace_id, p_user_id) is null then
    raise exception using
      errcode = 'PT404', message = 'devpulse_workspace_unknown',
      detail = 'The workspace does not exist, or you are not a member of it.',
      hint = 'Use the id of one of your workspaces.';
  end if;
  if not private.may_invite(p_workspace_id, p_user_id, p_role) then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Owners invite with any role; admins invite members.',
      hint = 'Ask an owner of the workspace.';
  end if;
end;
$$;
comment on function private.require_inviter is
  'Locks the workspace, and returns where the user may invite somebody with this role. Errors: '
  'devpulse_workspace_role_forbidden (403), devpulse_workspace_unknown (404).';

create or replace function private.create_workspace_invitation(
  p_workspace_id uuid, p_role text, p_expires_in_hours integer
) returns table (id uuid, token text, expires_at timestamptz)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.lock_person_profile();
  v_role constant text := coalesce(private.non_blank(p_role), 'member');
begin
  if private.workspace_role_rank(v_role) is null or p_expires_in_hours not between 1 and 720 then
    raise exception using
      errcode = 'PT422', message = 'devpulse_invitation_invalid',
      detail = 'An invitation has the role owner, admin or member, and is valid for 1 to 720 hours.',
      hint = 'Leave expires_in_hours out for one that is valid for a week.';
  end if;
  perform private.require_inviter(p_workspace_id, v_user_id, v_role);
  perform private.limit_invitations(p_workspace_id);
  token := 'fli_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.workspace_invitations as i (workspace_id, role, created_by, expires_at)
  values (
    p_workspace_id, v_role, v_user_id,
    clock_timestamp() + make_interval(hours => coalesce(p_expires_in_hours, 168))
  )
  returning i.id, i.expires_at
  into create_workspace_invitation.id, create_workspace_invitation.expires_at;
  insert into private.workspace_invitation_hashes (hash, invitation_id)
  values (sha256(convert_to(token, 'UTF8')), create_workspace_invitation.id);
  return next;
end;
$$;
grant execute on function private.create_workspace_invitation to authenticated;

create or replace function public.create_workspace_invitation(
  workspace_id uuid, role text default 'member', expires_in_hours integer default 168
) returns table (id uuid, token text, expires_at timestamptz)
language sql volatile security invoker set search_path = ''
begin atomic
  select c.id, c.token, c.expires_at
  from private.create_workspace_invitation(
    create_workspace_invitation.workspace_id, create_workspace_invitation.role,
    create_workspace_invitation.expires_in_hours
  ) as c;
end;
comment on function public.create_workspace_invitation is
  'Creates an invitation with which one person joins the workspace in this role: owners invite with any, '
  'admins as member. The token is returned this once, is valid once, for expires_in_hours (1 to 720), and as '
  'long as the caller may invite with this role. Errors: sign_in_required (401), '
  'devpulse_workspace_role_forbidden (403), devpulse_workspace_unknown (404), '
  'devpulse_invitations_limit_reached (409), devpulse_invitation_invalid (422).';
grant execute on function public.create_workspace_invitation to authenticated;

-- 50_devpulse/20_workspaces/34_accept_workspace_invitation.sql
-- Joins a workspace with the token of an invitation.

create or replace function private.check_workspace_members(p_workspace_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.members_per_workspace from public.devpulse_settings as s where s.id);
begin
  if (
    select count(*) from public.workspace_members as m where m.workspace_id = p_workspace_id
  ) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_members_limit_reached',
      detail = format('A workspace has up to %s members.', v_limit),
      hint = 'Ask an owner to remove one, or an admin to raise devpulse_settings.members_per_workspace.';
  end if;
end;
$$;
comment on function private.check_workspace_members is
  'Returns where a workspace may have one more member. Errors: devpulse_members_limit_reached (409).';

create or replace function private.check_invitation(p_invitation public.workspace_invitations) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_invitation.accepted_at is not null then
    raise exception using
      errcode = 'PT409', message = 'devpulse_invitation_conflict',
      detail = 'The invitation has been used.', hint = 'Ask for another one.';
  end if;
  if least(p_invitation.revoked_at, p_invitation.expires_at) <= clock_timestamp()
    or not private.may_invite(p_invitation.workspace_id, p_invitation.created_by, p_invitation.role)
  then
    raise exception using
      errcode = 'PT410', message = 'devpulse_invitation_expired',
      detail = 'The invitation expired or was revoked, or who made it may not invite any more.',
      hint = 'Ask for another one.';
  end if;
end;
$$;
comment on function private.check_invitation is
  'Returns where an invitation is valid. Errors: devpulse_invitation_conflict (409), '
  'devpulse_invitation_expired (410).';

-- Repeated by the same person it changes nothing, and neither does it for a member: an invitation never
-- changes a role.
create or replace function private.accept_workspace_invitation(p_token text) returns public.workspaces
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.lock_person_profile();
  v_id uuid;
  v_invitation public.workspace_invitations;
  v_workspace public.workspaces;
begin
  select i.id, i.workspace_id into v_id, v_workspace.id
  from private.workspace_invitation_hashes as h
  join public.workspace_invitations as i on i.id = h.invitation_id
  where h.hash = sha256(convert_to(private.non_blank(p_token), 'UTF8'));
  select w.* into v_workspace from public.workspaces as w where w.id = v_workspace.id for no key update;
  select i.* into v_invitation from public.workspace_invitations as i where i.id = v_id for no key update;
  if v_workspace.id is null or v_invitation.id is null then
    raise exception using
      errcode = 'PT404', message = 'devpulse_invitation_unknown',
      detail = 'There is no invitation with this token.', hint = 'Use the token as it was sent to you.';
  end if;
  if private.workspace_role(v_workspace.id, v_user_id) is not null then
    return v_workspace;
  end if;
  perform private.check_invitation(v_invitation);
  perform private.check_workspace_members(v_workspace.id);
  insert into public.workspace_members (workspace_id, user_id, role)
  values (v_workspace.id, v_user_id, v_invitation.role);
  update public.workspace_invitations as i set accepted_at = clock_timestamp(), accepted_by = v_user_id
  where i.id = v_id;
  return v_workspace;
end;
$$;
grant execute on function private.accept_workspace_invitation to authenticated;

create or replace function public.accept_workspace_invitation(token text) returns public.workspaces
language sql volatile security invoker set search_path = ''
begin atomic
  select private.accept_workspace_invitation(accept_workspace_invitation.token);
end;
comment on function public.accept_workspace_invitation is
  'Makes the caller a member of the workspace, in the role of the invitation, and returns the workspace. For '
  'who is a member already it changes nothing. Errors: sign_in_required (401), devpulse_invitation_unknown '
  '(404), devpulse_invitation_conflict (used), devpulse_members_limit_reached (409), '
  'devpulse_invitation_expired (410).';
grant execute on function public.accept_workspace_invitation to authenticated;

-- 50_devpulse/20_workspaces/36_revoke_workspace_invitation.sql
-- Ends an invitation.

create or replace function private.revoke_workspace_invitation(p_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_invitation public.workspace_invitations;
begin
  select i.* into v_invitation from public.workspace_invitations as i
  where i.id = p_id and i.workspace_id in (select private.my_workspace_ids('admin'))
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_invitation_unknown',
      detail = 'There is no such invitation to a workspace that you administer.',
      hint = 'Use the id of a row in workspace_invitations.';
  end if;
  if not private.may_invite(v_invitation.workspace_id, auth.uid(), v_invitation.role) then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Admins revoke invitations of members; owners revoke any.',
      hint = 'Ask an owner of the workspace.';
  end if;
  if v_invitation.accepted_at is not null then
    raise exception using
      errcode = 'PT409', message = 'devpulse_invitation_conflict',
      detail = 'The invitation has been used.', hint = 'Remove the member instead.';
  end if;
  update public.workspace_invitations as i set revoked_at = coalesce(i.revoked_at, clock_timestamp())
  where i.id = p_id
  returning i.revoked_at into v_invitation.revoked_at;
  return v_invitation.revoked_at;
end;
$$;
grant execute on function private.revoke_workspace_invitation to authenticated;

create or replace function public.revoke_workspace_invitation(id uuid) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.revoke_workspace_invitation(revoke_workspace_invitation.id);
end;
comment on function public.revoke_workspace_invitation is
  'Revokes an invitation immediately, and returns since when it is revoked. Owners revoke any, admins those '
  'of members. Errors: devpulse_workspace_role_forbidden (403), devpulse_invitation_unknown (404), '
  'devpulse_invitation_conflict (used, 409).';
grant execute on function public.revoke_workspace_invitation to authenticated;

-- 50_devpulse/20_workspaces/40_check_workspace_membership.sql
-- What belongs to a workspace is its members': monitors and goals.

-- Locked in this order, as everywhere: the profile, the workspace, the membership. It then can't end before
-- the row is committed that its end has to change.
create or replace function private.check_workspace_membership() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- row security refuses somebody else's row, and it alone: this would reveal who is in which workspace
  if new.user_id is distinct from auth.uid() and not private.is_trusted_caller() then
    return new;
  end if;
  perform from public.profiles as p where p.id = new.user_id for key share;
  perform from public.workspaces as w where w.id = new.workspace_id for key share;
  perform from public.workspace_members as m
  where m.workspace_id = new.workspace_id and m.user_id = new.user_id for key share;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_workspace_unknown',
      detail = 'The workspace does not exist, or the user is not a member of it.',
      hint = 'Use the id of one of your workspaces, or null.';
  end if;
  return new;
end;
$$;
comment on function private.check_workspace_membership is
  'Before trigger of a workspace_id: the user is a member of that workspace. Errors: '
  'devpulse_workspace_unknown (404).';

-- 50_devpulse/30_connections/10_platform_connections.sql
-- Connections of users to GitHub, YouTube and Dev.to. The tokens are in private.secrets, sealed.

create table public.platform_connections (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  platform text not null,
  platform_user_id text not null,
  platform_username text not null,
  access_token text not null,
  refresh_token text,
  token_expires_at timestamptz,
  is_active boolean not null default true,
  last_synced_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  status text not null default 'connected',
  status_reason text,
  constraint platform_connections_pkey primary key (id),
  constraint platform_connections_user_platform_idx unique (user_id, platform),
  constraint platform_connections_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint platform_connections_platform_is_known check (platform in ('github', 'youtube', 'devto')),
  constraint platform_connections_status_is_known
    check (status in ('connected', 'reauth_required', 'disconnected')),
  constraint platform_connections_status_reason_is_not_too_long check (char_length(status_reason) <= 200),
  constraint platform_connections_platform_user_id_is_not_too_long
    check (char_length(platform_user_id) between 1 and 200),
  constraint platform_connections_platform_username_is_not_too_long
    check (char_length(platform_username) between 1 and 200)
);
create index platform_connections_user_id_idx on public.platform_connections (user_id);
create index platform_connections_platform_idx on public.platform_connections (platform);
comment on table public.platform_connections is
  'One connection per user and platform. Users see their own; the edge functions oauth-callback and '
  'connect-devto create them. Users may set is_active.';
comment on column public.platform_connections.platform is 'github, youtube or devto.';
comment on column public.platform_connections.platform_user_id is
  'The account''s id at the platform: GitHub''s and Dev.to''s number, YouTube''s channel id.';
comment on column public.platform_connections.platform_username is 'The account''s name there, as last read.';
comment on column public.platform_connections.access_token is
  'An opaque handle, secret:<id>; `disconnected` after the connection has ended. No column or view contains '
  'the token itself.';
comment on column public.platform_connections.refresh_token is
  'The same handle, where the secret contains a refresh token too.';
comment on column public.platform_connections.token_expires_at is
  'When the access token expires; null where it does not.';
comment on column public.platform_connections.is_active is
  'Whether it is synced. Set it to false to pause it, and to true to bring it back.';
comment on column public.platform_connections.last_synced_at is 'The end of the last successful sync.';
comment on column public.platform_connections.status is
  'connected, reauth_required (the provider rejects the token; connect again), or disconnected.';
comment on column public.platform_connections.status_reason is 'Why it is not connected, as a short code.';

create trigger _000_require_active_account before insert or update on public.platform_connections
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.platform_connections
  for each row when ((old.id, old.user_id, old.platform) is distinct from (new.id, new.user_id, new.platform))
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.platform_connections
  for each row execute function private.set_timestamps();

alter table public.platform_connections enable row level security;
create policy platform_connections_select_own on public.platform_connections
  for select to authenticated using (user_id = (select auth.uid()));
create policy platform_connections_update_own on public.platform_connections
  for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

grant select on public.platform_connections to authenticated;
grant update (is_active, updated_at) on public.platform_connections to authenticated;
grant select, insert, update, delete on public.platform_connections to service_role;

create or replace function private.my_connection_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select c.id from public.platform_connections as c where c.user_id = auth.uid();
end;
$$;
comment on function private.my_connection_ids is 'The caller''s own connections.';
grant execute on function private.my_connection_ids to authenticated, service_role;

-- 50_devpulse/30_connections/20_oauth_flows.sql
-- Connections by OAuth that are under way, from a page's request to the connection that its user completes.

-- What proves something (the ticket, the state, the code) is stored as its SHA-256, the PKCE verifier as the
-- challenge, and the tokens sealed: nobody who reads this table can continue a flow.
create table private.oauth_flows (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  platform text not null,
  scope text not null,
  return_to text not null,
  ticket_hash bytea not null,
  state_hash bytea,
  challenge bytea,
  claimed_by uuid,
  code_hash bytea,
  secret_id uuid,
  sealed text,
  account jsonb,
  completed_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint oauth_flows_pkey primary key (id),
  constraint oauth_flows_ticket_hash_key unique (ticket_hash),
  constraint oauth_flows_state_hash_key unique (state_hash),
  constraint oauth_flows_code_hash_key unique (code_hash),
  constraint oauth_flows_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint oauth_flows_platform_is_known check (platform in ('github', 'youtube')),
  constraint oauth_flows_scope_is_known check (scope in ('public', 'private')),
  constraint oauth_flows_hashes_are_sha256 check (
    octet_length(ticket_hash) = 32 and octet_length(state_hash) = 32 and octet_length(challenge) = 32
    and octet_length(code_hash) = 32
  ),
  constraint oauth_flows_state_has_a_challenge check ((state_hash is null) = (challenge is null))
);
create index oauth_flows_user_id_idx on private.oauth_flows (user_id, created_at);
create index oauth_flows_expires_at_idx on private.oauth_flows (expires_at);
comment on table private.oauth_flows is
  'One row per flow: oauth-start creates it, oauth-callback adds what the provider granted, its user '
  'completes it. Each step has ten minutes.';
comment on column private.oauth_flows.scope is
  'What the user agrees to share: public, or private for private repositories too.';
comment on column private.oauth_flows.ticket_hash is 'Of the ticket in the URL that opens the flow, once.';
comment on column private.oauth_flows.state_hash is 'Of the state that the provider returns, once.';
comment on column private.oauth_flows.challenge is
  'The PKCE challenge: the SHA-256 of the verifier, which is in a cookie of the browser that '
  'opened the flow.';
comment on column private.oauth_flows.claimed_by is
  'The attempt that has used the state, whatever its result: a repeated call of the same attempt gets '
  'the same result.';
comment on column private.oauth_flows.code_hash is
  'Of the connection code with which the user who started the flow completes it.';
comment on column private.oauth_flows.sealed is
  'The tokens, sealed for secret_id, the kind of the platform and user_id; null until the provider granted '
  'them and after the flow is completed.';
comment on column private.oauth_flows.account is
  'platform_user_id, platform_username, token_expires_at, has_refresh_token and metadata, of whoever agreed '
  'at the provider.';

create trigger _010_reject_unsealed_secret before insert or update on private.oauth_flows
  for each row when (new.sealed is not null) execute function private.reject_unsealed_secret();

-- No policy, no grant: for operators and for functions, which run as the owner.
alter table private.oauth_flows enable row level security;

create or replace function private.prune_oauth_flows() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from private.oauth_flows as f where f.expires_at < now();
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_oauth_flows is
  'Deletes flows that have expired, with the tokens that nobody asked for. Returns how many.';

-- 50_devpulse/30_connections/22_start_oauth.sql
-- Starts a flow: who wants to connect what, and where the browser returns to.

create or replace function private.check_oauth_request(p_platform text, p_return_to text, p_scope text)
returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_platform is null or p_platform not in ('github', 'youtube') then
    raise exception using
      errcode = 'PT422', message = 'devpulse_platform_unsupported',
      detail = format('%s is not a platform that is connected by OAuth.', left(p_platform, 40)),
      hint = 'Use github or youtube; for devto, POST {"api_key": "…"} to the edge function connect-devto.';
  end if;
  if p_scope is null or p_scope <> 'public' and (p_scope <> 'private' or p_platform <> 'github') then
    raise exception using
      errcode = 'PT422', message = 'devpulse_oauth_scope_invalid',
      detail = format('%s is not a scope of %s.', left(p_scope, 40), p_platform),
      hint = 'Use public, or private for GitHub''s private repositories; leave it out for public.';
  end if;
  -- exactly: what begins like an address of ours may be anybody's
  if not exists (
    select from public.devpulse_settings as s where p_return_to = any (s.return_urls)
  ) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_return_url_invalid',
      detail = 'return_to is not one of the addresses to which a browser may return.',
      hint = 'Send one of devpulse_settings.return_urls as it stands there; operators add to them.';
  end if;
end;
$$;
comment on function private.check_oauth_request is
  'Errors: devpulse_platform_unsupported, devpulse_oauth_scope_invalid, devpulse_return_url_invalid (422).';

create or replace function private.start_oauth(
  p_platform text, p_return_to text, p_ticket_hash bytea, p_scope text
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_expires_at constant timestamptz := now() + interval '10 minutes';
begin
  if not private.is_person_account(v_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A connection belongs to an account.',
      hint = 'Sign in with an e-mail address, or confirm one for this account.';
  end if;
  perform private.check_oauth_request(p_platform, p_return_to, p_scope);
  -- serializes the flows of a user, of which the last ten count
  perform from public.users as u where u.id = v_user_id for no key update;
  insert into private.oauth_flows as f (user_id, platform, scope, return_to, ticket_hash, expires_at)
  values (v_user_id, p_platform, p_scope, p_return_to, p_ticket_hash, v_expires_at)
  on conflict on constraint oauth_flows_ticket_hash_key do nothing;
  delete from private.oauth_flows as f
  where f.user_id = v_user_id and f.id not in (
    select o.id from private.oauth_flows as o where o.user_id = v_user_id
    order by o.created_at desc, o.id limit 10
  );
  return v_expires_at;
end;
$$;
grant execute on function private.start_oauth to authenticated;

create or replace function public.start_oauth(
  platform text, return_to text, ticket_hash bytea, scope text default 'public'
) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.start_oauth(
    start_oauth.platform, start_oauth.return_to, start_oauth.ticket_hash, start_oauth.scope
  );
end;
comment on function public.start_oauth is
  'Starts a connection by OAuth for the caller, and returns until when its ticket is valid. Called by the '
  'edge function oauth-start, which makes the ticket. A user has the last ten flows. Errors: '
  'sign_in_required (401), devpulse_platform_unsupported, devpulse_oauth_scope_invalid, '
  'devpulse_return_url_invalid (422).';
grant execute on function public.start_oauth to authenticated;

-- 50_devpulse/30_connections/24_open_oauth_flow.sql
-- Opens a flow in a browser: its ticket is used, and the state and the challenge are set.

create or replace function private.open_oauth_flow(
  p_ticket_hash bytea, p_state_hash bytea, p_challenge bytea
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_flow private.oauth_flows;
begin
  -- a call whose answer was lost is repeated with the same state
  update private.oauth_flows as f
  set state_hash = p_state_hash, challenge = p_challenge,
    expires_at = case when f.state_hash is null then now() + interval '10 minutes' else f.expires_at end
  where f.ticket_hash = p_ticket_hash and (f.state_hash is null or f.state_hash = p_state_hash)
    and f.claimed_by is null and f.expires_at > clock_timestamp()
  returning * into v_flow;
  if not found or not private.is_person_account(v_flow.user_id) then
    raise exception using
      errcode = 'PT401', message = 'devpulse_oauth_ticket_invalid',
      detail = 'The ticket is unknown, used, or more than ten minutes old, or its account has ended.',
      hint = 'Start again: POST {"platform", "return_to"} to the edge function oauth-start.';
  end if;
  return jsonb_build_object('platform', v_flow.platform, 'scope', v_flow.scope);
end;
$$;
grant execute on function private.open_oauth_flow to service_role;

create or replace function public.open_oauth_flow(ticket_hash bytea, state_hash bytea, challenge bytea)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.open_oauth_flow(
    open_oauth_flow.ticket_hash, open_oauth_flow.state_hash, open_oauth_flow.challenge
  );
end;
comment on function public.open_oauth_flow is
  'Uses a ticket, binds the flow to a state and to a browser, and returns {platform, scope}. The browser has '
  'ten minutes to come back from the provider. Service role only. Errors: '
  'devpulse_oauth_ticket_invalid (401).';
grant execute on function public.open_oauth_flow to service_role;

-- 50_devpulse/30_connections/26_claim_oauth_state.sql
-- Uses a state, once: the browser is back from the provider.

create or replace function private.claim_oauth_state(
  p_state_hash bytea, p_challenge bytea, p_platform text, p_attempt uuid
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_flow private.oauth_flows;
  v_outcome text;
begin
  select * into v_flow from private.oauth_flows as f where f.state_hash = p_state_hash for update;
  if not found then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  v_outcome := case
    when v_flow.claimed_by is distinct from p_attempt and v_flow.claimed_by is not null then 'used'
    when v_flow.platform <> p_platform then 'other_platform'
    when v_flow.expires_at <= clock_timestamp() then 'expired'
    when v_flow.challenge is distinct from p_challenge then 'other_browser'
    when not private.is_person_account(v_flow.user_id) then 'ended_account'
    else 'claimed'
  end;
  -- whatever the result: a state that arrives at the wrong place is not used again at the right one
  update private.oauth_flows as f set claimed_by = p_attempt where f.id = v_flow.id and f.claimed_by is null;
  return jsonb_build_object(
    'outcome', v_outcome, 'flow_id', v_flow.id, 'user_id', v_flow.user_id, 'platform', v_flow.platform,
    'scope', v_flow.scope,
    'return_to', (
      select v_flow.return_to from public.devpulse_settings as s
      where v_flow.return_to = any (s.return_urls)
    )
  );
end;
$$;
grant execute on function private.claim_oauth_state to service_role;

create or replace function public.claim_oauth_state(
  state_hash bytea, challenge bytea, platform text, attempt uuid
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_oauth_state(
    claim_oauth_state.state_hash, claim_oauth_state.challenge, claim_oauth_state.platform,
    claim_oauth_state.attempt
  );
end;
comment on function public.claim_oauth_state is
  'Uses a state and returns {outcome, flow_id, user_id, platform, scope, return_to}. outcome is claimed, or '
  'why not: unknown (the other keys are missing), used, other_platform, expired, other_browser (the '
  'challenge is not that of the flow), ended_account. return_to is null where it may no longer be returned '
  'to. Repeated with the same attempt, it returns the same. Service role only.';
grant execute on function public.claim_oauth_state to service_role;

-- 50_devpulse/30_connections/28_store_oauth_grant.sql
-- Stores what a provider granted until the user who asked for it completes the connection.

create or replace function private.store_oauth_grant(
  p_flow_id uuid, p_attempt uuid, p_code_hash bytea, p_secret_id uuid, p_sealed text, p_account jsonb
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.oauth_flows as f
  set code_hash = p_code_hash, secret_id = p_secret_id, sealed = p_sealed, account = p_account,
    expires_at = now() + interval '10 minutes'
  where f.id = p_flow_id and f.claimed_by = p_attempt and f.completed_at is null
    and (f.code_hash is null or f.code_hash = p_code_hash) and private.is_person_account(f.user_id);
  return found;
end;
$$;
grant execute on function private.store_oauth_grant to service_role;

create or replace function public.store_oauth_grant(
  flow_id uuid, attempt uuid, code_hash bytea, secret_id uuid, sealed text, account jsonb
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.store_oauth_grant(
    store_oauth_grant.flow_id, store_oauth_grant.attempt, store_oauth_grant.code_hash,
    store_oauth_grant.secret_id, store_oauth_grant.sealed, store_oauth_grant.account
  );
end;
comment on function public.store_oauth_grant is
  'Stores sealed tokens for ten minutes, for the attempt that took the state; complete_connection makes the '
  'connection of them. account: platform_user_id, platform_username, token_expires_at, has_refresh_token, '
  'metadata. False when the flow or its account has ended meanwhile. Service role only. Errors: '
  'agents_secret_invalid (422).';
grant execute on function public.store_oauth_grant to service_role;

-- 50_devpulse/30_connections/30_store_connection.sql
-- Stores a connection: its secret, and the row of the user's platform, which is used again.

create or replace function private.describe_connection(p_user_id uuid, p_platform text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'id', c.id, 'platform', c.platform, 'platform_user_id', c.platform_user_id,
      'platform_username', c.platform_username, 'status', c.status, 'status_reason', c.status_reason,
      'is_active', c.is_active, 'token_expires_at', c.token_expires_at, 'scopes', s.metadata -> 'scopes',
      'last_synced_at', c.last_synced_at
    )
    from public.platform_connections as c
    left join private.secrets as s on s.user_id = c.user_id and s.kind = c.platform || '_connection'
    where c.user_id = p_user_id and c.platform = p_platform
  );
end;
$$;
comment on function private.describe_connection is
  'What the edge functions answer about a connection; null for none. It contains no handle and no token.';

create or replace function private.has_connection_history(p_connection_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from public.monitors as m where m.platform_connection_id = p_connection_id)
    or exists (select from private.metric_readings as r where r.connection_id = p_connection_id)
    or exists (select from public.github_repositories as r where r.platform_connection_id = p_connection_id)
    or exists (select from public.github_contributions as g where g.platform_connection_id = p_connection_id)
    or exists (select from public.youtube_videos as v where v.platform_connection_id = p_connection_id)
    or exists (select from public.youtube_channel_stats as y where y.platform_connection_id = p_connection_id)
    or exists (select from public.devto_articles as a where a.platform_connection_id = p_connection_id);
end;
$$;
comment on function private.has_connection_history is
  'Whether a connection has monitors or numbers, which are those of its account at the platform.';

-- The numbers of two accounts never become one series: with the other account, everything begins again.
create or replace function private.remove_connection(p_user_id uuid, p_platform text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from public.platform_connections as c where c.user_id = p_user_id and c.platform = p_platform;
  delete from public.analytics_snapshots as s where s.user_id = p_user_id and s.platform = p_platform;
  update public.analytics_snapshots as s
  set metrics = s.metrics - p_platform,
    gaps = array(select g from unnest(s.gaps) as g where split_part(g, '.', 1) <> p_platform)
  where s.user_id = p_user_id and s.platform = 'all' and s.metrics ? p_platform;
end;
$$;
comment on function private.remove_connection is
  'Deletes a user''s connection to a platform with its monitors, its history and its part of the snapshots.';

create or replace function private.replace_account(
  p_user_id uuid, p_platform text, p_platform_user_id text, p_replace boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
begin
  select * into v_connection from public.platform_connections as c
  where c.user_id = p_user_id and c.platform = p_platform for no key update;
  if not found or v_connection.platform_user_id = p_platform_user_id then
    return;
  end if;
  if p_replace is not true and private.has_connection_history(v_connection.id) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_connection_account_conflict',
      detail = 'The connection has monitors or history of another account at the platform.',
      hint = 'Connect with that account, or send "replace": true, which deletes its monitors and history.';
  end if;
  perform private.remove_connection(p_user_id, p_platform);
end;
$$;
comment on function private.replace_account is
  'Makes way for another account at the platform. Errors: devpulse_connection_account_conflict (422).';

create or replace function private.store_connection(
  p_user_id uuid, p_platform text, p_secret_id uuid, p_sealed text, p_account jsonb, p_replace boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_handle constant text := 'secret:' || p_secret_id;
begin
  perform private.replace_account(p_user_id, p_platform, p_account ->> 'platform_user_id', p_replace);
  insert into private.secrets as s (id, user_id, kind, sealed, metadata, checked_at)
  values (
    p_secret_id, p_user_id, p_platform || '_connection', p_sealed,
    coalesce(p_account -> 'metadata', '{}'::jsonb), clock_timestamp()
  )
  on conflict on constraint secrets_user_id_kind_key do update set
    id = excluded.id, sealed = excluded.sealed, metadata = excluded.metadata,
    checked_at = excluded.checked_at, invalid_at = null, rests_until = null;
  insert into public.platform_connections as c (
    user_id, platform, platform_user_id, platform_username, access_token, refresh_token, token_expires_at
  )
  values (
    p_user_id, p_platform, p_account ->> 'platform_user_id', p_account ->> 'platform_username', v_handle,
    case when (p_account ->> 'has_refresh_token')::boolean then v_handle end,
    (p_account ->> 'token_expires_at')::timestamptz
  )
  on conflict on constraint platform_connections_user_platform_idx do update set
    platform_username = excluded.platform_username, access_token = excluded.access_token,
    refresh_token = excluded.refresh_token, token_expires_at = excluded.token_expires_at,
    status = 'connected', status_reason = null;
end;
$$;
comment on function private.store_connection is
  'Stores a secret that is sealed for this id, user and platform, and connects the user''s row. The caller '
  'has locked the user''s row of public.users. Errors: devpulse_connection_account_conflict, '
  'agents_secret_invalid (422).';

-- 50_devpulse/30_connections/32_complete_connection.sql
-- Completes a connection: only the user who started the flow can, and the browser that came back knows how.

create or replace function private.complete_connection(
  p_platform text, p_code_hash bytea, p_replace boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_flow private.oauth_flows;
begin
  if not private.is_person_account(v_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A connection belongs to an account.',
      hint = 'Sign in with the account that started the connection.';
  end if;
  perform from public.users as u where u.id = v_user_id for no key update;
  select * into v_flow from private.oauth_flows as f
  where f.code_hash = p_code_hash and f.platform = p_platform and f.expires_at > clock_timestamp()
  for update;
  if not found then
    return null;
  end if;
  if v_flow.user_id <> v_user_id then
    -- somebody was led into another person's flow: what they granted there is nobody's
    update private.oauth_flows as f set code_hash = null, sealed = null, account = null
    where f.id = v_flow.id;
    return null;
  end if;
  if v_flow.completed_at is null then
    perform private.store_connection(
      v_user_id, p_platform, v_flow.secret_id, v_flow.sealed, v_flow.account, p_replace
    );
    update private.oauth_flows as f set completed_at = now(), sealed = null where f.id = v_flow.id;
  end if;
  return private.describe_connection(v_user_id, p_platform);
end;
$$;
grant execute on function private.complete_connection to authenticated;

create or replace function public.complete_connection(
  platform text, code_hash bytea, replace boolean default false
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.complete_connection(
    complete_connection.platform, complete_connection.code_hash, complete_connection.replace
  );
end;
comment on function public.complete_connection is
  'Makes a connection of what the provider granted in a flow that the caller started, and returns it: {id, '
  'platform, platform_user_id, platform_username, status, status_reason, is_active, token_expires_at, '
  'scopes, last_synced_at}. Null when the code is unknown, expired or of another user''s flow, which then '
  'ends. Repeated by the same user, it returns the connection as it is. Called by the edge function '
  'oauth-callback. Errors: sign_in_required (401), devpulse_connection_account_conflict (422).';
grant execute on function public.complete_connection to authenticated;

-- 50_devpulse/30_connections/34_connect_by_key.sql
-- Connects a user to a platform that has API keys and no OAuth.

create or replace function private.connect_by_key(
  p_user_id uuid, p_platform text, p_secret_id uuid, p_sealed text, p_account jsonb, p_replace boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  perform private.store_connection(p_user_id, p_platform, p_secret_id, p_sealed, p_account, p_replace);
  return private.describe_connection(p_user_id, p_platform);
end;
$$;
grant execute on function private.connect_by_key to service_role;

create or replace function public.connect_by_key(
  user_id uuid, platform text, secret_id uuid, sealed text, account jsonb, replace boolean default false
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.connect_by_key(
    connect_by_key.user_id, connect_by_key.platform, connect_by_key.secret_id, connect_by_key.sealed,
    connect_by_key.account, connect_by_key.replace
  );
end;
comment on function public.connect_by_key is
  'Stores an API key that is sealed for this id, user and platform, and returns the connection as '
  'complete_connection does. account: platform_user_id, platform_username, metadata. Service role only. '
  'Errors: devpulse_user_unknown (404), devpulse_connection_account_conflict, agents_secret_invalid (422).';
grant execute on function public.connect_by_key to service_role;

-- 50_devpulse/30_connections/40_end_connections.sql
-- A connection ends with its secret, however that is deleted; its row stays, to be connected again.

create or replace function private.end_connection() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.platform_connections as c
  set access_token = 'disconnected', refresh_token = null, token_expires_at = null, status = 'disconnected',
    status_reason = 'secret_removed'
  where c.user_id = old.user_id and c.platform = replace(old.kind, '_connection', '')
    and c.access_token = 'secret:' || old.id;
  return null;
end;
$$;
comment on function private.end_connection is
  'After-delete trigger of secrets: the connection that a deleted secret belonged to is disconnected.';

create trigger _510_end_connection after delete on private.secrets
  for each row when (old.kind in ('github_connection', 'youtube_connection', 'devto_connection'))
  execute function private.end_connection();

create or replace function private.end_account_connections(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant uuid[] := array(
    select c.id from public.platform_connections as c where c.user_id = p_user_id
  );
begin
  delete from private.oauth_flows as f where f.user_id = p_user_id;
  delete from private.secrets as s
  where s.user_id = p_user_id
    and s.kind in ('github_connection', 'youtube_connection', 'devto_connection');
  -- whose account it was is the person's own
  update public.platform_connections as c
  set platform_user_id = 'deleted', platform_username = 'deleted', access_token = 'disconnected',
    refresh_token = null, token_expires_at = null, status = 'disconnected', status_reason = 'account_ended'
  where c.user_id = p_user_id;
  -- and so is what it made: titles and addresses name it; a run has lost its lease by now
  delete from public.github_repositories as r where r.platform_connection_id = any (v_ids);
  delete from public.youtube_videos as v where v.platform_connection_id = any (v_ids);
  delete from public.devto_articles as a where a.platform_connection_id = any (v_ids);
  delete from private.sync_etags as e where e.connection_id = any (v_ids);
end;
$$;
comment on function private.end_account_connections is
  'Ends all connections of an account that is softly deleted: erases their secrets, who the user is at the '
  'platforms, and the repositories, videos and articles. The tokens are not revoked there.';

-- 50_devpulse/30_connections/42_disconnect_platform.sql
-- Disconnects a platform: erases the secret. What was at the provider, the edge function has revoked before.

create or replace function private.disconnect_platform(p_user_id uuid, p_platform text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_erased private.secrets;
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  delete from private.oauth_flows as f where f.user_id = p_user_id and f.platform = p_platform;
  delete from private.secrets as s where s.user_id = p_user_id and s.kind = p_platform || '_connection'
  returning * into v_erased;
  if found then
    update public.platform_connections as c set status_reason = 'disconnected_by_user'
    where c.user_id = p_user_id and c.platform = p_platform and c.status = 'disconnected';
  end if;
  return jsonb_build_object(
    'connection', private.describe_connection(p_user_id, p_platform),
    'erased', case when v_erased.id is not null then jsonb_build_object(
      'id', v_erased.id, 'user_id', v_erased.user_id, 'kind', v_erased.kind, 'sealed', v_erased.sealed
    ) end
  );
end;
$$;
grant execute on function private.disconnect_platform to service_role;

create or replace function public.disconnect_platform(user_id uuid, platform text) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.disconnect_platform(disconnect_platform.user_id, disconnect_platform.platform);
end;
comment on function public.disconnect_platform is
  'Erases the secret of a user''s connection and ends its flows. Returns {connection, erased}: the '
  'connection as complete_connection returns it, null for none, and the sealed secret that was erased, null '
  'for none. Service role only. Errors: devpulse_user_unknown (404).';
grant execute on function public.disconnect_platform to service_role;

-- 50_devpulse/30_connections/50_token_refreshes.sql
-- Who refreshes the token of a connection: one at a time, with a lease.

-- A refresh token may be valid once. Whoever exchanges it and is killed before the new one is stored has lost
-- both; the row remembers that, so that the connection can say so.
create table private.token_refreshes (
  connection_id uuid not null,
  secret_id uuid not null,
  fencing_token bigint not null,
  lease_expires_at timestamptz,
  is_uncertain boolean not null default false,
  attempts_count integer not null default 0,
  next_attempt_at timestamptz,
  constraint token_refreshes_pkey primary key (connection_id),
  constraint token_refreshes_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade
);
comment on table private.token_refreshes is
  'The refresh of a connection''s token that runs, or the last one. Without a row for its present secret, a '
  'connection has had none.';
comment on column private.token_refreshes.secret_id is
  'The secret whose refresh token is exchanged; a row about another secret than the connection''s is over.';
comment on column private.token_refreshes.fencing_token is 'Higher with each lease of the connection.';
comment on column private.token_refreshes.lease_expires_at is 'Null when nobody refreshes it.';
comment on column private.token_refreshes.is_uncertain is
  'Whether an earlier exchange of this secret may have succeeded without its result being stored.';
comment on column private.token_refreshes.attempts_count is 'Failed attempts with this secret.';
comment on column private.token_refreshes.next_attempt_at is 'Before this time, nobody tries again.';
alter table private.token_refreshes enable row level security;

create or replace function private.describe_refresh(
  p_outcome text, p_connection public.platform_connections, p_secret private.secrets
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_build_object(
    'outcome', p_outcome, 'token_expires_at', p_connection.token_expires_at,
    'secret_id', p_secret.id, 'user_id', p_secret.user_id, 'platform', p_connection.platform,
    'sealed', p_secret.sealed
  );
end;
$$;
comment on function private.describe_refresh is
  'A connection''s sealed secret, with what the caller of begin_token_refresh is to do with it.';

create or replace function private.require_connection_again(p_connection_id uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.platform_connections as c set status = 'reauth_required', status_reason = p_reason
  where c.id = p_connection_id and c.status = 'connected';
  update private.secrets as s set invalid_at = coalesce(s.invalid_at, clock_timestamp())
  from public.platform_connections as c
  where c.id = p_connection_id and s.user_id = c.user_id and s.kind = c.platform || '_connection';
end;
$$;
comment on function private.require_connection_again is
  'Marks a connection that its user has to connect again, with the reason.';

-- The lease is longer than an exchange (10 s) and the call that stores its result (10 s) take together.
create or replace function private.lease_refresh(
  p_connection public.platform_connections, p_secret private.secrets
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last private.token_refreshes;
  v_answer jsonb;
begin
  select * into v_last from private.token_refreshes as r
  where r.connection_id = p_connection.id and r.secret_id = p_secret.id;
  v_answer := private.describe_refresh('refresh', p_connection, p_secret);
  if v_last.lease_expires_at > clock_timestamp() then
    return v_answer || jsonb_build_object('outcome', 'wait', 'until', v_last.lease_expires_at);
  end if;
  if v_last.next_attempt_at > clock_timestamp() then
    return v_answer || jsonb_build_object('outcome', 'later', 'until', v_last.next_attempt_at);
  end if;
  -- a lease that ran out without a result may have had one at the provider
  insert into private.token_refreshes as r (connection_id, secret_id, fencing_token, lease_expires_at)
  values (p_connection.id, p_secret.id, 1, clock_timestamp() + interval '30 seconds')
  on conflict on constraint token_refreshes_pkey do update set
    secret_id = excluded.secret_id, fencing_token = r.fencing_token + 1,
    lease_expires_at = excluded.lease_expires_at,
    is_uncertain = coalesce(v_last.is_uncertain or v_last.lease_expires_at is not null, false),
    attempts_count = coalesce(v_last.attempts_count, 0), next_attempt_at = null
  returning * into v_last;
  return v_answer || jsonb_build_object(
    'fencing_token', v_last.fencing_token, 'until', v_last.lease_expires_at
  );
end;
$$;
comment on function private.lease_refresh is
  'Leases the refresh of a connection whose row is locked, or says who waits: wait while somebody else '
  'refreshes, later after a failure.';

-- 50_devpulse/30_connections/52_begin_token_refresh.sql
-- Begins the refresh of a connection's token, or returns what came of another's.

create or replace function private.begin_token_refresh(p_connection_id uuid, p_secret_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
  v_secret private.secrets;
begin
  select * into v_connection from public.platform_connections as c where c.id = p_connection_id
  for no key update;
  if not found or v_connection.status = 'disconnected'
    or not private.is_person_account(v_connection.user_id) then
    return jsonb_build_object('outcome', 'ended', 'reason', coalesce(v_connection.status_reason, 'ended'));
  end if;
  select * into v_secret from private.secrets as s
  where s.user_id = v_connection.user_id and s.kind = v_connection.platform || '_connection';
  if v_connection.status = 'reauth_required' or v_secret.id is null then
    return jsonb_build_object('outcome', 'ended', 'reason', coalesce(v_connection.status_reason, 'ended'));
  end if;
  if v_secret.id is distinct from p_secret_id or v_connection.token_expires_at is null
    or v_connection.token_expires_at > clock_timestamp() + interval '5 minutes' then
    return private.describe_refresh('current', v_connection, v_secret);
  end if;
  if v_connection.refresh_token is not null then
    return private.lease_refresh(v_connection, v_secret);
  end if;
  if v_connection.token_expires_at > clock_timestamp() then
    return private.describe_refresh('current', v_connection, v_secret);
  end if;
  perform private.require_connection_again(p_connection_id, 'token_expired');
  return jsonb_build_object('outcome', 'ended', 'reason', 'token_expired');
end;
$$;
grant execute on function private.begin_token_refresh to service_role;

create or replace function public.begin_token_refresh(connection_id uuid, secret_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_token_refresh(begin_token_refresh.connection_id, begin_token_refresh.secret_id);
end;
comment on function public.begin_token_refresh is
  'Asks to refresh the token of a connection whose secret was this one. outcome: refresh (the caller has the '
  'lease: fencing_token, until), wait (somebody else has it, until), later (an attempt failed, until), '
  'current (nothing is to be refreshed), each with secret_id, user_id, platform, sealed and token_expires_at '
  'of the present secret; ended (reason). Service role only.';
grant execute on function public.begin_token_refresh to service_role;

-- 50_devpulse/30_connections/54_finish_token_refresh.sql
-- Stores refreshed tokens, in one version of one row: both of them or none.

create or replace function private.finish_token_refresh(
  p_connection_id uuid, p_secret_id uuid, p_fencing_token bigint, p_new_secret_id uuid, p_sealed text,
  p_token_expires_at timestamptz
) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
begin
  select * into v_connection from public.platform_connections as c where c.id = p_connection_id
  for no key update;
  -- The secret is the fence: whoever exchanged the stored refresh token has the tokens that follow it, also
  -- when the lease has run out meanwhile, and the next holder of the lease can only be told that it is used.
  update private.secrets as s
  set id = p_new_secret_id, sealed = p_sealed, checked_at = clock_timestamp(), invalid_at = null
  where s.id = p_secret_id and s.user_id = v_connection.user_id
    and s.kind = v_connection.platform || '_connection';
  if not found then
    return case
      when v_connection.access_token = 'secret:' || p_new_secret_id then 'stored'
      when v_connection.access_token like 'secret:%' then 'superseded'
      else 'ended'
    end;
  end if;
  update public.platform_connections as c
  set access_token = 'secret:' || p_new_secret_id,
    refresh_token = case when c.refresh_token is not null then 'secret:' || p_new_secret_id end,
    token_expires_at = p_token_expires_at, status = 'connected', status_reason = null
  where c.id = p_connection_id;
  update private.token_refreshes as r
  set lease_expires_at = null, is_uncertain = false, attempts_count = 0, next_attempt_at = null
  where r.connection_id = p_connection_id and r.fencing_token = p_fencing_token;
  return 'stored';
end;
$$;
grant execute on function private.finish_token_refresh to service_role;

create or replace function public.finish_token_refresh(
  connection_id uuid, secret_id uuid, fencing_token bigint, new_secret_id uuid, sealed text,
  token_expires_at timestamptz
) returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_token_refresh(
    finish_token_refresh.connection_id, finish_token_refresh.secret_id, finish_token_refresh.fencing_token,
    finish_token_refresh.new_secret_id, finish_token_refresh.sealed, finish_token_refresh.token_expires_at
  );
end;
comment on function public.finish_token_refresh is
  'Replaces the secret whose refresh token was exchanged by what the provider returned, sealed for '
  'new_secret_id, and ends the lease. Returns stored, also when repeated; superseded when another secret is '
  'stored meanwhile; ended when there is none any more. Service role only. Errors: '
  'agents_secret_invalid (422).';
grant execute on function public.finish_token_refresh to service_role;

-- 50_devpulse/30_connections/56_fail_token_refresh.sql
-- Ends a refresh that has failed: for now, or for good.

create or replace function private.fail_token_refresh(
  p_connection_id uuid, p_secret_id uuid, p_fencing_token bigint, p_rejection text,
  p_is_uncertain boolean, p_retry_after integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_refresh private.token_refreshes;
  v_reason text;
begin
  perform from public.platform_connections as c
  where c.id = p_connection_id and c.access_token = 'secret:' || p_secret_id for no key update;
  if not found then
    return jsonb_build_object('outcome', 'superseded');
  end if;
  update private.token_refreshes as r
  set lease_expires_at = null, is_uncertain = r.is_uncertain or p_is_uncertain,
    attempts_count = r.attempts_count + 1,
    next_attempt_at = clock_timestamp() + greatest(
      private.backoff(r.attempts_count + 1, interval '5 seconds', interval '15 minutes'),
      make_interval(secs => least(greatest(p_retry_after, 0), 3600)::double precision)
    )
  where r.connection_id = p_connection_id and r.secret_id = p_secret_id
    and r.fencing_token = p_fencing_token and r.lease_expires_at is not null
  returning * into v_refresh;
  if not found then
    return jsonb_build_object('outcome', 'superseded');
  end if;
  if p_rejection is null then
    return jsonb_build_object('outcome', 'later', 'until', v_refresh.next_attempt_at);
  end if;
  v_reason := case
    when p_rejection = 'refresh_rejected' and v_refresh.is_uncertain then 'refresh_interrupted'
    else p_rejection
  end;
  perform private.require_connection_again(p_connection_id, v_reason);
  return jsonb_build_object('outcome', 'ended', 'reason', v_reason);
end;
$$;
grant execute on function private.fail_token_refresh to service_role;

create or replace function public.fail_token_refresh(
  connection_id uuid, secret_id uuid, fencing_token bigint, rejection text default null,
  is_uncertain boolean default false, retry_after integer default 0
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_token_refresh(
    fail_token_refresh.connection_id, fail_token_refresh.secret_id, fail_token_refresh.fencing_token,
    fail_token_refresh.rejection, fail_token_refresh.is_uncertain, fail_token_refresh.retry_after
  );
end;
comment on function public.fail_token_refresh is
  'Ends a lease without tokens. rejection: why the refresh token is of no use, refresh_rejected or '
  'secret_unreadable: the connection is reauth_required with this reason, or refresh_interrupted where an '
  'earlier exchange may have succeeded unseen. Without one, it is tried again, after retry_after seconds at '
  'the earliest; is_uncertain: the provider may have done it. Returns {outcome, until, reason}: later, '
  'ended, or superseded when the lease or the secret is no longer the caller''s. Service role only.';
grant execute on function public.fail_token_refresh to service_role;

-- 50_devpulse/30_connections/58_mark_connection_rejected.sql
-- Marks a connection whose token the provider rejects.

create or replace function private.mark_connection_rejected(
  p_connection_id uuid, p_secret_id uuid, p_reason text
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.platform_connections as c
  where c.id = p_connection_id and c.access_token = 'secret:' || p_secret_id for no key update;
  if not found then
    return false;
  end if;
  perform private.require_connection_again(
    p_connection_id,
    case when exists (
      select from private.token_refreshes as r
      where r.connection_id = p_connection_id and r.secret_id = p_secret_id
        and (r.is_uncertain or r.lease_expires_at is not null)
    ) then 'refresh_interrupted' else left(coalesce(p_reason, 'token_rejected'), 200) end
  );
  return true;
end;
$$;
grant execute on function private.mark_connection_rejected to service_role;

create or replace function public.mark_connection_rejected(
  connection_id uuid, secret_id uuid, reason text default 'token_rejected'
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.mark_connection_rejected(
    mark_connection_rejected.connection_id, mark_connection_rejected.secret_id,
    mark_connection_rejected.reason
  );
end;
comment on function public.mark_connection_rejected is
  'The provider rejects the token of this secret: the connection is reauth_required with the reason, a short '
  'code. False, and nothing is changed, when the connection has another secret meanwhile: read it again and '
  'repeat the request with the new token. Service role only.';
grant execute on function public.mark_connection_rejected to service_role;

-- 50_devpulse/30_connections/60_usable_connections.sql
-- The connections that may be synced.

create view private.usable_connections with (security_invoker = true) as
select c.id, c.user_id, c.platform, c.platform_user_id, c.platform_username, s.id as secret_id, s.sealed,
  c.token_expires_at
from public.platform_connections as c
join private.secrets as s on s.user_id = c.user_id and s.kind = c.platform || '_connection'
where c.is_active and c.status = 'connected' and c.access_token = 'secret:' || s.id
  and private.is_person_account(c.user_id);
comment on view private.usable_connections is
  'Active connections with a token that the provider accepts, of accounts that are not anonymous, banned or '
  'deleted, with the sealed token.';

-- 50_devpulse/40_monitors/10_monitors.sql
-- Monitors: what a user wants to track, and how often.

create table public.monitors (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null default auth.uid(),
  workspace_id uuid,
  platform text not null,
  platform_connection_id uuid not null,
  monitor_type text not null,
  platform_resource_id text,
  is_active boolean not null default true,
  sync_frequency integer not null default 15,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint monitors_pkey primary key (id),
  constraint monitors_user_id_fkey foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint monitors_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete set null,
  constraint monitors_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade,
  constraint monitors_platform_is_known check (platform in ('github', 'youtube', 'devto')),
  constraint monitors_type_is_known check (monitor_type in ('repository', 'channel', 'user', 'all')),
  constraint monitors_type_fits_platform check (
    case monitor_type when 'repository' then platform = 'github' when 'channel' then platform = 'youtube'
      else true end
  ),
  constraint monitors_repository_has_a_resource
    check (monitor_type <> 'repository' or platform_resource_id is not null),
  constraint monitors_resource_id_is_not_too_long check (char_length(platform_resource_id) between 1 and 200),
  constraint monitors_sync_frequency_is_bounded check (sync_frequency between 1 and 1440)
);
create index monitors_user_id_idx on public.monitors (user_id);
create index monitors_workspace_id_idx on public.monitors (workspace_id);
create index monitors_platform_idx on public.monitors (platform);
create index monitors_platform_connection_id_idx on public.monitors (platform_connection_id);
create index monitors_active_idx on public.monitors (is_active) where is_active = true;
comment on table public.monitors is
  'What is tracked: a repository, the user''s contributions, a channel, or all of a connection. Users write '
  'their own; members of the workspace that it is in see it. Errors on write: sign_in_required (401), '
  'devpulse_connection_unknown, devpulse_workspace_unknown (404), devpulse_monitors_limit_reached (409), '
  'devpulse_monitor_invalid, key_change_forbidden (422).';
comment on column public.monitors.platform_connection_id is 'The user''s own connection to that platform.';
comment on column public.monitors.monitor_type is
  'repository (GitHub; platform_resource_id is its numeric id or owner/name), channel (YouTube; the user''s '
  'own), user (GitHub: the daily contributions; else as all), all (everything of the connection).';
comment on column public.monitors.platform_resource_id is
  'The resource''s id at the platform. The name of a repository is replaced by its id when it is first read.';
comment on column public.monitors.sync_frequency is 'Minutes between two syncs, 1 to 1440.';
comment on column public.monitors.workspace_id is
  'The workspace whose members see these numbers; null for the user alone. Null again when the user leaves.';

create trigger _000_require_active_account before insert or update on public.monitors
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.monitors
  for each row when ((old.id, old.user_id) is distinct from (new.id, new.user_id))
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.monitors
  for each row execute function private.set_timestamps();

alter table public.monitors enable row level security;
create policy monitors_select_own_and_workspace on public.monitors
  for select to authenticated using (
    user_id = (select auth.uid()) or workspace_id = any (array(select private.my_workspace_ids()))
  );
create policy monitors_insert_own on public.monitors
  for insert to authenticated with check (
    user_id = (select auth.uid())
    and (workspace_id is null or workspace_id = any (array(select private.my_workspace_ids())))
  );
create policy monitors_update_own on public.monitors
  for update to authenticated using (user_id = (select auth.uid())) with check (
    user_id = (select auth.uid())
    and (workspace_id is null or workspace_id = any (array(select private.my_workspace_ids())))
  );
create policy monitors_delete_own on public.monitors
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.monitors to authenticated;
grant insert (
  id, user_id, workspace_id, platform, platform_connection_id, monitor_type, platform_resource_id, is_active,
  sync_frequency, created_at, updated_at
) on public.monitors to authenticated;
grant update (
  id, user_id, workspace_id, platform, platform_connection_id, monitor_type, platform_resource_id, is_active,
  sync_frequency, created_at, updated_at
) on public.monitors to authenticated;
grant select, insert, update, delete on public.monitors to service_role;

-- What the members of a workspace may read because of its monitors.
create or replace function private.my_shared_connection_ids(p_monitor_type text default null)
returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select distinct m.platform_connection_id from public.monitors as m
  where m.workspace_id in (select private.my_workspace_ids())
    and m.is_active and m.monitor_type <> 'repository'
    and (p_monitor_type is null or m.monitor_type = p_monitor_type);
end;
$$;
comment on function private.my_shared_connection_ids is
  'The connections of which an active monitor of this type, by default of any but repository, is in one of '
  'the caller''s workspaces.';
grant execute on function private.my_shared_connection_ids to authenticated, service_role;

create or replace function private.my_shared_repository_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query select r.id
  from public.monitors as m
  join public.github_repositories as r on r.platform_connection_id = m.platform_connection_id
    and r.github_repo_id = case when m.platform_resource_id ~ '^[0-9]{1,18}$'
      then m.platform_resource_id::bigint end
  where m.workspace_id in (select private.my_workspace_ids())
    and m.is_active and m.monitor_type = 'repository';
end;
$$;
comment on function private.my_shared_repository_ids is
  'The repositories that active monitors in the caller''s workspaces name by GitHub''s id.';
grant execute on function private.my_shared_repository_ids to authenticated, service_role;

-- 50_devpulse/40_monitors/20_check_monitors.sql
-- What a monitor may be: of the user's own connection, to its platform, and of a resource that it can have.

create or replace function private.parse_monitor_repository(p_resource_id text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_owner text;
  v_name text;
begin
  if p_resource_id ~ '^[1-9][0-9]{0,17}$' or p_resource_id ~ '^[^/]+/[^/]+$'
    and private.is_repository_name(split_part(p_resource_id, '/', 1), split_part(p_resource_id, '/', 2))
  then
    return p_resource_id;
  end if;
  select u.o_owner, u.o_name into v_owner, v_name
  from private.parse_repository_url(left(p_resource_id, 2048)) as u;
  if private.is_repository_name(v_owner, v_name) then
    return v_owner || '/' || v_name;
  end if;
  return null;
end;
$$;
comment on function private.parse_monitor_repository is
  'GitHub''s id of a repository, or owner/name, also out of its URL; null for anything else.';

create or replace function private.monitor_problem(
  p_monitor public.monitors, p_connection public.platform_connections
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_monitor.platform <> p_connection.platform
      then format('The connection is one to %s.', p_connection.platform)
    when (
      p_monitor.monitor_type in ('user', 'all')
      or p_monitor.monitor_type = 'repository' and p_monitor.platform = 'github'
      or p_monitor.monitor_type = 'channel' and p_monitor.platform = 'youtube'
    ) is not true
      then 'monitor_type is repository (github), channel (youtube), user or all.'
    when p_monitor.sync_frequency not between 1 and 1440
      then 'sync_frequency is a number of minutes from 1 to 1440.'
    when p_monitor.monitor_type = 'repository' and p_monitor.platform_resource_id is null
      then 'platform_resource_id of a repository is GitHub''s numeric id, or owner/name.'
    when p_monitor.monitor_type <> 'repository'
      and p_monitor.platform_resource_id <> p_connection.platform_user_id
      and (
        p_monitor.monitor_type = 'channel'
        or lower(p_monitor.platform_resource_id) <> lower(p_connection.platform_username)
      )
      then 'platform_resource_id of a channel or user is null, or the connection''s own.'
  end;
end;
$$;
comment on function private.monitor_problem is
  'What is wrong with a monitor of this connection; null where nothing is.';

create or replace function private.check_monitor() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
  v_problem text;
begin
  -- row security refuses somebody else's row, and it alone: this would reveal whose connection it is
  if new.user_id is distinct from auth.uid() and not private.is_trusted_caller() then
    return new;
  end if;
  select c.* into v_connection from public.platform_connections as c
  where c.id = new.platform_connection_id and c.user_id = new.user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_connection_unknown',
      detail = 'The connection does not exist, or is not the user''s own.',
      hint = 'Use the id of one of your connections.';
  end if;
  new.platform := coalesce(private.non_blank(new.platform), v_connection.platform);
  new.platform_resource_id := private.non_blank(new.platform_resource_id);
  if new.monitor_type = 'repository' then
    new.platform_resource_id := private.parse_monitor_repository(new.platform_resource_id);
  end if;
  v_problem := private.monitor_problem(new, v_connection);
  if v_problem is not null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_monitor_invalid', detail = v_problem,
      hint = 'Correct the value; leave platform out for that of the connection.';
  end if;
  return new;
end;
$$;
comment on function private.check_monitor is
  'Before trigger: blank resources become null, URLs of repositories owner/name. Errors: '
  'devpulse_connection_unknown (404), devpulse_monitor_invalid (422).';

-- An upsert of an existing row keeps the stored value where null was sent.
create or replace function private.complete_monitor_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.monitors;
begin
  new.id := coalesce(new.id, gen_random_uuid());
  select m.* into v_old from public.monitors as m where m.id = new.id and m.user_id = new.user_id for update;
  new.is_active := coalesce(new.is_active, v_old.is_active, true);
  new.sync_frequency := coalesce(new.sync_frequency, v_old.sync_frequency, 15);
  return new;
end;
$$;
comment on function private.complete_monitor_upsert is
  'Before-insert trigger, the first: null counts as left out; in an upsert the stored value stays.';

create or replace function private.set_monitor_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.is_active := coalesce(new.is_active, old.is_active);
  new.sync_frequency := coalesce(new.sync_frequency, old.sync_frequency);
  return new;
end;
$$;
comment on function private.set_monitor_defaults is
  'Before-update trigger: null in a not-null column counts as left out.';

create trigger _010_complete_monitor_upsert before insert on public.monitors
  for each row execute function private.complete_monitor_upsert();
create trigger _090_set_monitor_defaults before update on public.monitors
  for each row when (new.is_active is null or new.sync_frequency is null)
  execute function private.set_monitor_defaults();
create trigger _100_check_new_monitor before insert on public.monitors
  for each row execute function private.check_monitor();
create trigger _110_check_monitor before update on public.monitors
  for each row when (
    (old.platform, old.platform_connection_id, old.monitor_type, old.platform_resource_id, old.sync_frequency)
      is distinct from
    (new.platform, new.platform_connection_id, new.monitor_type, new.platform_resource_id, new.sync_frequency)
  )
  execute function private.check_monitor();
-- Before the row of an upsert is locked: who leaves the workspace locks the membership before the monitors.
create trigger _005_check_new_workspace before insert on public.monitors
  for each row when (new.workspace_id is not null) execute function private.check_workspace_membership();
create trigger _130_check_workspace before update on public.monitors
  for each row when (new.workspace_id is not null and old.workspace_id is distinct from new.workspace_id)
  execute function private.check_workspace_membership();

-- 50_devpulse/40_monitors/22_limit_monitors.sql
-- How many monitors a user may have, active or not.

-- As users are the owners of what they insert, the caller is the user. An upsert of a monitor that exists
-- inserts none, and is let through at the limit.
create or replace function private.check_own_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit constant integer := (select s.monitors_per_user from public.devpulse_settings as s where s.id);
begin
  if v_limit is null or not exists (select from inserted) then
    return null;
  end if;
  perform private.lock_user_limits(v_user_id);
  if (
    select count(*) from (
      select from public.monitors as m where m.user_id = v_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_monitors_limit_reached',
      detail = format('An account has up to %s monitors.', v_limit),
      hint = 'Delete one, or ask an admin to raise devpulse_settings.monitors_per_user.';
  end if;
  return null;
end;
$$;
comment on function private.check_own_monitors is
  'After-statement trigger of a user''s insert. Errors: devpulse_monitors_limit_reached (409).';

create trigger _700_check_own_monitors after insert on public.monitors
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_monitors();

-- 50_devpulse/50_platforms/10_github_repositories.sql
-- The repositories that GitHub connections watch, with their current numbers.

create table public.github_repositories (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  github_repo_id bigint not null,
  name text not null,
  full_name text not null,
  description text,
  language text,
  stars_count integer not null default 0,
  forks_count integer not null default 0,
  watchers_count integer not null default 0,
  open_issues_count integer not null default 0,
  is_private boolean not null default false,
  is_fork boolean not null default false,
  default_branch text not null default 'main',
  html_url text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  synced_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint github_repositories_pkey primary key (id),
  -- not over github_repo_id alone, as in the seed: two users may watch the same repository
  constraint github_repositories_github_repo_id_idx unique (platform_connection_id, github_repo_id),
  constraint github_repositories_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index github_repositories_platform_connection_id_idx
  on public.github_repositories (platform_connection_id);
create index github_repositories_full_name_idx on public.github_repositories (full_name);
comment on table public.github_repositories is
  'One row per connection and repository, written by platform-sync. Users see their own, and those that '
  'monitors of their workspaces cover.';
comment on column public.github_repositories.github_repo_id is
  'GitHub''s numeric id, which stays the same when the repository is renamed.';
comment on column public.github_repositories.watchers_count is
  'GitHub''s field of that name, which repeats the stars.';
comment on column public.github_repositories.created_at is 'When it was created at GitHub.';
comment on column public.github_repositories.updated_at is 'When it was last changed at GitHub.';
comment on column public.github_repositories.removed_at is
  'Since when GitHub no longer lists it for the connection: deleted, transferred or not readable. It does '
  'not count from then on.';

-- A monitor of the type user shares the contributions, and no repository. Each condition has its index.
alter table public.github_repositories enable row level security;
create policy github_repositories_select_own_and_workspace on public.github_repositories
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids('all')))
    or id = any (array(select private.my_shared_repository_ids()))
  );

grant select on public.github_repositories to authenticated;
grant select, insert, update, delete on public.github_repositories to service_role;

-- 50_devpulse/50_platforms/20_github_contributions.sql
-- What a GitHub account contributed per day.

create table public.github_contributions (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  date date not null,
  commits_count integer not null default 0,
  pull_requests_count integer not null default 0,
  issues_count integer not null default 0,
  repositories_contributed_to integer not null default 0,
  created_at timestamptz not null default now(),
  constraint github_contributions_pkey primary key (id),
  constraint github_contributions_connection_date_idx unique (platform_connection_id, date),
  constraint github_contributions_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index github_contributions_platform_connection_id_idx
  on public.github_contributions (platform_connection_id);
create index github_contributions_date_idx on public.github_contributions (date);
comment on table public.github_contributions is
  'One row per connection and day that was read; a day without a row was not read. Users see their own, and '
  'those that monitors of their workspaces cover.';
comment on column public.github_contributions.date is
  'The day in the time zone that the user had when it was read. The last seven days are read again.';
comment on column public.github_contributions.repositories_contributed_to is
  'Repositories with commits of the day.';

alter table public.github_contributions enable row level security;
create policy github_contributions_select_own_and_workspace on public.github_contributions
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.github_contributions to authenticated;
grant select, insert, update, delete on public.github_contributions to service_role;

-- 50_devpulse/50_platforms/30_youtube_videos.sql
-- The videos of YouTube connections, with their current numbers.

create table public.youtube_videos (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  youtube_video_id text not null,
  title text not null,
  description text,
  thumbnail_url text,
  duration_seconds integer,
  view_count bigint not null default 0,
  like_count integer not null default 0,
  comment_count integer not null default 0,
  published_at timestamptz not null,
  synced_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint youtube_videos_pkey primary key (id),
  -- not over youtube_video_id alone, as in the seed: two users may watch the same video
  constraint youtube_videos_youtube_video_id_idx unique (platform_connection_id, youtube_video_id),
  constraint youtube_videos_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index youtube_videos_platform_connection_id_idx on public.youtube_videos (platform_connection_id);
create index youtube_videos_published_at_idx on public.youtube_videos (published_at);
comment on table public.youtube_videos is
  'One row per connection and video, written by platform-sync. Users see their own, and those that monitors '
  'of their workspaces cover.';
comment on column public.youtube_videos.like_count is '0 where the owner hides it.';
comment on column public.youtube_videos.removed_at is
  'Since when YouTube no longer lists it: deleted or private. It does not count from then on.';

alter table public.youtube_videos enable row level security;
create policy youtube_videos_select_own_and_workspace on public.youtube_videos
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.youtube_videos to authenticated;
grant select, insert, update, delete on public.youtube_videos to service_role;

-- 50_devpulse/50_platforms/40_youtube_channel_stats.sql
-- The numbers of a YouTube channel per day.

create table public.youtube_channel_stats (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  date date not null,
  subscriber_count bigint not null default 0,
  total_views bigint not null default 0,
  video_count integer not null default 0,
  created_at timestamptz not null default now(),
  constraint youtube_channel_stats_pkey primary key (id),
  constraint youtube_channel_stats_connection_date_idx unique (platform_connection_id, date),
  constraint youtube_channel_stats_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index youtube_channel_stats_platform_connection_id_idx
  on public.youtube_channel_stats (platform_connection_id);
create index youtube_channel_stats_date_idx on public.youtube_channel_stats (date);
comment on table public.youtube_channel_stats is
  'One row per connection and day that was read, with the last numbers of that day. Users see their own, and '
  'those that monitors of their workspaces cover.';
comment on column public.youtube_channel_stats.date is 'The day in the user''s time zone.';
comment on column public.youtube_channel_stats.subscriber_count is
  'Rounded by YouTube to three significant figures; 0 where the owner hides it.';

alter table public.youtube_channel_stats enable row level security;
create policy youtube_channel_stats_select_own_and_workspace on public.youtube_channel_stats
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.youtube_channel_stats to authenticated;
grant select, insert, update, delete on public.youtube_channel_stats to service_role;

-- 50_devpulse/50_platforms/50_devto_articles.sql
-- The articles of Dev.to connections, with their current numbers.

create table public.devto_articles (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  devto_article_id integer not null,
  title text not null,
  description text,
  published_at timestamptz,
  reading_time_minutes integer,
  view_count integer not null default 0,
  reaction_count integer not null default 0,
  comment_count integer not null default 0,
  url text not null,
  tags text[],
  synced_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint devto_articles_pkey primary key (id),
  -- not over devto_article_id alone, as in the seed: two users may watch the same article
  constraint devto_articles_devto_article_id_idx unique (platform_connection_id, devto_article_id),
  constraint devto_articles_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index devto_articles_platform_connection_id_idx on public.devto_articles (platform_connection_id);
create index devto_articles_published_at_idx on public.devto_articles (published_at);
create index devto_articles_tags_idx on public.devto_articles using gin (tags);
comment on table public.devto_articles is
  'One row per connection and article, written by platform-sync. Users see their own, and those that '
  'monitors of their workspaces cover.';
comment on column public.devto_articles.removed_at is
  'Since when Dev.to no longer lists it as published. It does not count from then on.';

alter table public.devto_articles enable row level security;
create policy devto_articles_select_own_and_workspace on public.devto_articles
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.devto_articles to authenticated;
grant select, insert, update, delete on public.devto_articles to service_role;

-- 50_devpulse/60_sync/10_metric_readings.sql
-- The raw history: what each resource's numbers were on each day that they were read.

create table private.metric_readings (
  connection_id uuid not null,
  day date not null,
  metric text not null,
  resource_id text not null default '',
  value numeric not null,
  observed_at timestamptz not null,
  constraint metric_readings_pkey primary key (connection_id, day, metric, resource_id),
  constraint metric_readings_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade,
  constraint metric_readings_metric_is_known check (
    metric in (
      'stars', 'forks', 'open_issues', 'views', 'likes', 'comments', 'reactions',
      'channel_subscribers', 'channel_views', 'channel_videos', 'repositories', 'articles'
    )
  )
);
comment on table private.metric_readings is
  'The last value of a resource''s metric on a day, in the user''s time zone. A day without a row was not '
  'read: that is a gap, never zero.';
comment on column private.metric_readings.resource_id is
  'The resource''s id at the platform (a repository''s, video''s or article''s), or an empty text for the '
  'account or channel itself.';
comment on column private.metric_readings.metric is
  'A level. repositories and articles: how many the account''s list had, without a resource_id, so that an '
  'empty one is known. What happened per day is in github_contributions.';
comment on column private.metric_readings.observed_at is
  'When the provider was asked; an older observation does not replace a newer one.';
alter table private.metric_readings enable row level security;

-- 50_devpulse/60_sync/20_sync_schedule.sql
-- When each connection is synced next. One call of a provider serves all monitors of a connection.

create table private.sync_schedule (
  connection_id uuid not null,
  sync_minutes integer,
  next_sync_at timestamptz,
  not_before timestamptz,
  lease_expires_at timestamptz,
  fencing_token bigint not null default 0,
  run_id bigint,
  started_at timestamptz,
  requested_at timestamptz,
  attempts_count integer not null default 0,
  delays_count integer not null default 0,
  readings_on date,
  suspect_at timestamptz,
  contributions_read_at timestamptz,
  cursor jsonb not null default '{}',
  constraint sync_schedule_pkey primary key (connection_id),
  constraint sync_schedule_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade,
  constraint sync_schedule_lease_has_a_run check ((lease_expires_at is null) = (run_id is null)),
  constraint sync_schedule_counts_are_not_negative check (attempts_count >= 0 and delays_count >= 0),
  constraint sync_schedule_cursor_is_a_small_object
    check (jsonb_typeof(cursor) = 'object' and pg_column_size(cursor) <= 8192)
);
-- The claim's one search, whatever the number of connections. It changes twice per run.
create index sync_schedule_next_sync_at_idx on private.sync_schedule (next_sync_at)
  where next_sync_at is not null;
comment on table private.sync_schedule is
  'One row per connection. It is synced when next_sync_at has come; null means not at all: paused, not '
  'connected, or without an active monitor.';
comment on column private.sync_schedule.sync_minutes is
  'The smallest sync_frequency of its active monitors; null for none.';
comment on column private.sync_schedule.next_sync_at is
  'During a lease, when somebody else may claim it.';
comment on column private.sync_schedule.not_before is
  'The provider''s limit, or our wait after a failure: until then nothing makes it due.';
comment on column private.sync_schedule.fencing_token is
  'Grows with each lease, and when the connection is paused or ends: a run that lost its '
  'lease writes nothing.';
comment on column private.sync_schedule.requested_at is
  'When it was asked for since the last run began: by sync_now, or because monitors changed.';
comment on column private.sync_schedule.attempts_count is
  'Failures in a row that the connection itself caused, and runs that never ended.';
comment on column private.sync_schedule.delays_count is
  'Failures in a row that it did not cause: its provider''s, or ours.';
comment on column private.sync_schedule.readings_on is
  'The day of which all readings are written: as long as nothing changes, they are not written again.';
comment on column private.sync_schedule.suspect_at is
  'When the provider''s list was last so much shorter than before that it was not believed.';
comment on column private.sync_schedule.contributions_read_at is
  'When the contributions of the last seven days were read.';
comment on column private.sync_schedule.cursor is 'What platform-sync stores for its next run.';
alter table private.sync_schedule enable row level security;

-- What is brought back or new is due immediately; a lower frequency counts from the last run on.
-- A connection that is being deleted is skipped: its deleter has it and waits for its monitors, whose writers
-- are here. A second update in one transaction would wait for it by its foreign key.
create or replace function private.schedule_connections(p_connection_ids uuid[], p_is_requested boolean)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.sync_schedule (connection_id)
  select c.id from public.platform_connections as c where c.id = any (p_connection_ids)
  order by c.id for key share skip locked
  on conflict on constraint sync_schedule_pkey do nothing;
  update private.sync_schedule as s set
    sync_minutes = d.sync_minutes,
    requested_at = case when d.is_syncable and p_is_requested then now() else s.requested_at end,
    next_sync_at = case
      when not d.is_syncable then null
      when s.lease_expires_at > now() then s.next_sync_at
      when p_is_requested or s.next_sync_at is null
        then greatest(now(), s.started_at + interval '1 minute', s.not_before)
      else greatest(
        least(s.next_sync_at, s.started_at + make_interval(mins => d.sync_minutes)), s.not_before
      ) end
  from (
    select c.id, m.sync_minutes,
      c.is_active and c.status = 'connected' and m.sync_minutes is not null as is_syncable
    from (
      select o.id, o.is_active, o.status from public.platform_connections as o
      where o.id = any (p_connection_ids) order by o.id for key share skip locked
    ) as c
    cross join lateral (
      select min(o.sync_frequency) as sync_minutes from public.monitors as o
      where o.platform_connection_id = c.id and o.is_active
    ) as m
  ) as d
  where s.connection_id = d.id;
end;
$$;
comment on function private.schedule_connections is
  'Brings the schedule of these connections in line with their state and monitors. p_is_requested: there is '
  'something new to read.';

-- 50_devpulse/60_sync/22_schedule_triggers.sql
-- The schedule follows connections and monitors.

create or replace function private.schedule_connection() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and old.status <> 'connected' and new.status = 'connected' then
    -- what the old token caused does not delay the new one
    update private.sync_schedule as s set not_before = null, attempts_count = 0, delays_count = 0
    where s.connection_id = new.id;
  end if;
  perform private.schedule_connections(array[new.id], false);
  if not new.is_active or new.status <> 'connected' then
    -- what still runs has lost its lease
    update public.sync_runs as r
    set state = 'failed', error_code = 'devpulse_connection_conflict', ended_at = clock_timestamp()
    from private.sync_schedule as s
    where s.connection_id = new.id and r.id = s.run_id and r.state = 'running';
    update private.sync_schedule as s
    set fencing_token = s.fencing_token + 1, lease_expires_at = null, run_id = null
    where s.connection_id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.schedule_connection is
  'After-row trigger of connections: a new one gets its row of the schedule, one that is paused or ends '
  'loses its lease, and one that is brought back is due.';

create trigger _200_schedule_connection after insert on public.platform_connections
  for each row execute function private.schedule_connection();
create trigger _210_schedule_connection after update on public.platform_connections
  for each row when ((old.is_active, old.status) is distinct from (new.is_active, new.status))
  execute function private.schedule_connection();

create or replace function private.schedule_new_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.schedule_connections(array(
    select distinct n.platform_connection_id from new_rows as n where n.is_active order by 1
  ), true);
  return null;
end;
$$;
comment on function private.schedule_new_monitors is
  'After-insert-statement trigger of monitors: there is something new to read.';

create or replace function private.schedule_changed_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- the id that a sync puts in place of a name is nothing new
  perform private.schedule_connections(array(
    select distinct n.platform_connection_id
    from new_rows as n join old_rows as o on o.id = n.id
    where n.is_active and (
      not o.is_active or o.platform_connection_id <> n.platform_connection_id
      or o.monitor_type <> n.monitor_type
      or o.platform_resource_id is distinct from n.platform_resource_id
        and not (o.platform_resource_id ~ '/' and n.platform_resource_id ~ '^[0-9]+$')
    )
    order by 1
  ), true);
  perform private.schedule_connections(array(
    select distinct c.id
    from new_rows as n join old_rows as o on o.id = n.id
    cross join lateral unnest(array[o.platform_connection_id, n.platform_connection_id]) as c (id)
    where (o.is_active, o.sync_frequency, o.platform_connection_id)
      is distinct from (n.is_active, n.sync_frequency, n.platform_connection_id)
    order by 1
  ), false);
  return null;
end;
$$;
comment on function private.schedule_changed_monitors is
  'After-update-statement trigger of monitors: what they cover, and how often.';

create or replace function private.schedule_deleted_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.schedule_connections(array(
    select distinct o.platform_connection_id from old_rows as o where o.is_active order by 1
  ), false);
  return null;
end;
$$;
comment on function private.schedule_deleted_monitors is
  'After-delete-statement trigger of monitors: the others may be less frequent.';

create trigger _200_schedule_new_monitors after insert on public.monitors
  referencing new table as new_rows
  for each statement execute function private.schedule_new_monitors();
create trigger _210_schedule_changed_monitors after update on public.monitors
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.schedule_changed_monitors();
create trigger _220_schedule_deleted_monitors after delete on public.monitors
  referencing old table as old_rows
  for each statement execute function private.schedule_deleted_monitors();

-- 50_devpulse/60_sync/30_sync_runs.sql
-- What each run of the sync came to.

create table public.sync_runs (
  id bigint not null generated by default as identity,
  platform_connection_id uuid not null,
  platform text not null,
  state text not null default 'running',
  is_requested boolean not null default false,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  counts jsonb not null default '{}',
  cost integer not null default 0,
  error_code text,
  next_attempt_at timestamptz,
  constraint sync_runs_pkey primary key (id),
  constraint sync_runs_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade,
  constraint sync_runs_state_is_known
    check (state in ('running', 'succeeded', 'partial', 'failed', 'deferred')),
  constraint sync_runs_ended_at_matches_state check ((state = 'running') = (ended_at is null)),
  constraint sync_runs_cost_is_not_negative check (cost >= 0),
  constraint sync_runs_counts_are_a_small_object
    check (jsonb_typeof(counts) = 'object' and pg_column_size(counts) <= 8192)
);
create index sync_runs_platform_connection_id_id_idx on public.sync_runs (platform_connection_id, id);
create index sync_runs_running_idx on public.sync_runs (started_at) where state = 'running';
comment on table public.sync_runs is
  'One row per run of the sync of a connection, written by platform-sync. Users see those of their own '
  'connections. The newest devpulse_settings.runs_per_connection are kept, for run_retention_days.';
comment on column public.sync_runs.state is
  'running; succeeded: everything was read; partial: some of it; failed: nothing was; deferred: a limit of '
  'the provider, or of our budget, stopped it before its end.';
comment on column public.sync_runs.is_requested is 'Whether sync_now or a change of monitors asked for it.';
comment on column public.sync_runs.counts is
  'What was read, stored and left out, by name: {"repositories": 25, "unchanged": 25, "left_out": 3, …}.';
comment on column public.sync_runs.cost is
  'What the provider counts: GitHub''s requests and points, YouTube''s units, Dev.to''s requests.';
comment on column public.sync_runs.error_code is 'Why it did not succeed, see docs/error-codes.md.';
comment on column public.sync_runs.next_attempt_at is 'When the connection is synced next.';

alter table public.sync_runs enable row level security;
create policy sync_runs_select_own on public.sync_runs
  for select to authenticated
  using (platform_connection_id = any (array(select private.my_connection_ids())));

grant select on public.sync_runs to authenticated;
grant select, delete on public.sync_runs to service_role;

-- 50_devpulse/60_sync/32_sync_etags.sql
-- What GitHub answered to a request, so that it can be asked whether that has changed.

create table private.sync_etags (
  connection_id uuid not null,
  path text not null,
  etag text not null,
  resource_ids bigint[] not null,
  has_next boolean not null default false,
  constraint sync_etags_pkey primary key (connection_id, path),
  constraint sync_etags_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade,
  constraint sync_etags_path_is_not_too_long check (char_length(path) <= 500),
  constraint sync_etags_etag_is_not_too_long check (char_length(etag) <= 200),
  constraint sync_etags_resource_ids_are_few check (cardinality(resource_ids) <= 1000)
);
comment on table private.sync_etags is
  'One row per connection and path. An answer whose numbers were not all valid leaves none, so that it is '
  'read in full the next time.';
comment on column private.sync_etags.resource_ids is 'GitHub''s ids of the repositories in that answer.';
comment on column private.sync_etags.has_next is 'Whether another page followed.';
alter table private.sync_etags enable row level security;

-- 50_devpulse/60_sync/40_claim_due_monitors.sql
-- Leases to platform-sync the connections that are due.

create or replace function private.start_sync_runs(p_connection_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- a function that was killed has left its run behind
  update public.sync_runs as r
  set state = 'failed', error_code = 'devpulse_run_expired', ended_at = clock_timestamp(),
    next_attempt_at = now()
  from private.sync_schedule as s
  where s.connection_id = any (p_connection_ids) and r.id = s.run_id and r.state = 'running';
  with run as (
    insert into public.sync_runs (platform_connection_id, platform, is_requested, started_at)
    select c.id, c.platform, s.requested_at is not null, clock_timestamp()
    from private.sync_schedule as s join public.platform_connections as c on c.id = s.connection_id
    where s.connection_id = any (p_connection_ids)
    returning id, platform_connection_id, started_at
  )
  update private.sync_schedule as s set
    run_id = r.id, fencing_token = s.fencing_token + 1, started_at = r.started_at, requested_at = null,
    attempts_count = s.attempts_count + 1,
    lease_expires_at = now() + interval '3 minutes',
    -- one that kills its function again and again is tried less and less often
    next_sync_at = now() + interval '3 minutes' + case when s.attempts_count < 3 then interval '0'
      else private.backoff(s.attempts_count - 2, interval '5 minutes', interval '6 hours') end
  from run as r where s.connection_id = r.platform_connection_id;
end;
$$;
comment on function private.start_sync_runs is
  'Leases these connections for three minutes, each with a run of its own.';

create or replace function private.lease_due_connections(p_limit integer) returns uuid[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_due uuid[];
  v_usable uuid[];
begin
  -- the connection too, so that it is not deleted meanwhile; in one statement, without waiting for either
  select array_agg(d.connection_id order by d.next_sync_at, d.connection_id) into v_due
  from (
    select s.connection_id, s.next_sync_at
    from private.sync_schedule as s
    join public.platform_connections as c on c.id = s.connection_id
    where s.next_sync_at <= now()
    order by s.next_sync_at
    limit p_limit
    for update of s skip locked for key share of c skip locked
  ) as d;
  select array_agg(u.id) into v_usable from private.usable_connections as u where u.id = any (v_due);
  -- the account is banned, or the token about to be replaced: it is due when that has ended
  update private.sync_schedule as s set next_sync_at = now() + interval '1 hour'
  where s.connection_id = any (v_due) and s.connection_id <> all (coalesce(v_usable, '{}'::uuid[]));
  perform private.start_sync_runs(v_usable);
  return v_usable;
end;
$$;
comment on function private.lease_due_connections is
  'Leases up to p_limit connections that are due, the longest due first.';

create or replace function private.describe_sync_claims(p_connection_ids uuid[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'run_id', s.run_id, 'fencing_token', s.fencing_token, 'id', u.id, 'user_id', u.user_id,
      'platform', u.platform, 'platform_user_id', u.platform_user_id,
      'platform_username', u.platform_username, 'secret_id', u.secret_id, 'sealed', u.sealed,
      'token_expires_at', u.token_expires_at, 'cursor', s.cursor,
      'resources_limit', (select d.resources_per_connection from public.devpulse_settings as d),
      'monitors', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'id', m.id, 'monitor_type', m.monitor_type, 'platform_resource_id', m.platform_resource_id
        ) order by m.created_at, m.id), '[]'::jsonb)
        from public.monitors as m where m.platform_connection_id = u.id and m.is_active
      ),
      'etags', (
        select coalesce(jsonb_object_agg(e.path, jsonb_build_object(
          'etag', e.etag, 'resource_ids', e.resource_ids, 'has_next', e.has_next
        )), '{}'::jsonb)
        from private.sync_etags as e where e.connection_id = u.id
      ),
      'video_ids', case when u.platform = 'youtube' then (
        select coalesce(jsonb_agg(v.youtube_video_id order by v.published_at desc), '[]'::jsonb)
        from public.youtube_videos as v where v.platform_connection_id = u.id and v.removed_at is null
      ) end
    ) order by s.started_at, s.run_id)
    from private.usable_connections as u join private.sync_schedule as s on s.connection_id = u.id
    where u.id = any (p_connection_ids)
  ), '[]'::jsonb);
end;
$$;
comment on function private.describe_sync_claims is 'What platform-sync needs for these connections.';

create or replace function private.claim_due_monitors(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids uuid[];
begin
  if p_ticket is not null then
    perform private.use_function_ticket('platform-sync', p_ticket);
  end if;
  -- two statements: the second has to see what the first has changed
  v_ids := private.lease_due_connections(least(greatest(coalesce(p_batch_size, 20), 1), 200));
  return private.describe_sync_claims(v_ids);
end;
$$;
grant execute on function private.claim_due_monitors to service_role;

create or replace function public.claim_due_monitors(ticket text default null, batch_size integer default 20)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_due_monitors(claim_due_monitors.ticket, claim_due_monitors.batch_size);
end;
comment on function public.claim_due_monitors is
  'Leases to platform-sync the connections whose monitors are due, for three minutes, and starts a run for '
  'each: an array of {run_id, fencing_token, id, user_id, platform, platform_user_id, platform_username, '
  'secret_id, sealed, token_expires_at, cursor, resources_limit, monitors: [{id, monitor_type, '
  'platform_resource_id}], etags: {path: {etag, resource_ids, has_next}}, video_ids}. A ticket can be used '
  'once; without one the caller has checked who asks. Service role only. Errors: '
  'function_ticket_invalid (401).';
grant execute on function public.claim_due_monitors to service_role;

-- 50_devpulse/60_sync/42_lock_sync_lease.sql
-- Whether a run still has its lease, before anything that it read is stored.

create or replace function private.raise_sync_lease_expired(p_run_id bigint) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT410', message = 'devpulse_sync_lease_expired',
    detail = format('Run %s does not have the lease of its connection any more.', p_run_id),
    hint = 'Stop: the connection was paused or has ended, or another run has it.';
end;
$$;
comment on function private.raise_sync_lease_expired is
  'Errors: devpulse_sync_lease_expired (410), always.';

-- The connection first, as whoever deletes it does.
create or replace function private.lock_sync_lease(p_run_id bigint, p_fencing_token bigint)
returns private.sync_schedule
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule;
begin
  perform from public.platform_connections as c
  join public.sync_runs as r on r.platform_connection_id = c.id
  where r.id = p_run_id for key share of c;
  select s.* into v_schedule from private.sync_schedule as s
  join public.sync_runs as r on r.platform_connection_id = s.connection_id
  where r.id = p_run_id and s.run_id = p_run_id and s.fencing_token = p_fencing_token
    and s.lease_expires_at > clock_timestamp()
  for update of s;
  if not found or not exists (
    select from private.usable_connections as u where u.id = v_schedule.connection_id
  ) then
    perform private.raise_sync_lease_expired(p_run_id);
  end if;
  if v_schedule.lease_expires_at < clock_timestamp() + interval '2 minutes' then
    update private.sync_schedule as s
    set lease_expires_at = clock_timestamp() + interval '3 minutes',
      next_sync_at = clock_timestamp() + interval '3 minutes'
    where s.connection_id = v_schedule.connection_id
    returning s.* into v_schedule;
  end if;
  return v_schedule;
end;
$$;
comment on function private.lock_sync_lease is
  'Locks the schedule of a run''s connection and renews its lease. Errors: '
  'devpulse_sync_lease_expired (410).';

create or replace function private.local_sync_day(p_connection_id uuid, p_at timestamptz) returns date
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select (p_at at time zone coalesce(p.timezone, 'UTC'))::date
    from public.platform_connections as c join public.profiles as p on p.id = c.user_id
    where c.id = p_connection_id
  );
end;
$$;
comment on function private.local_sync_day is 'The day of a time where the owner of the connection lives.';

create or replace function private.store_sync_cursor(p_connection_id uuid, p_cursor jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.sync_schedule as s set cursor = p_cursor
  where s.connection_id = p_connection_id and jsonb_typeof(p_cursor) = 'object' and s.cursor <> p_cursor;
end;
$$;
comment on function private.store_sync_cursor is
  'Stores what the next run needs; null keeps the present one.';

-- 50_devpulse/60_sync/50_store_readings.sql
-- Readings of a day, and which resources a provider's list no longer has.

-- The last observation of a day wins. The same value again writes nothing: with a sync every 15 minutes that
-- would be a hundred versions of each row.
create or replace function private.store_readings(
  p_connection_id uuid, p_observed_at timestamptz, p_metrics text[], p_resource_ids text[], p_values numeric[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_day constant date := private.local_sync_day(p_connection_id, p_observed_at);
begin
  insert into private.metric_readings as m (connection_id, day, metric, resource_id, value, observed_at)
  select p_connection_id, v_day, r.metric, r.resource_id, r.value, p_observed_at
  from unnest(p_metrics, p_resource_ids, p_values) as r (metric, resource_id, value)
  where r.value is not null
  on conflict on constraint metric_readings_pkey
  do update set value = excluded.value, observed_at = excluded.observed_at
  where m.observed_at <= excluded.observed_at and m.value <> excluded.value;
end;
$$;
comment on function private.store_readings is
  'Stores p_values[n], unless null, as the reading of p_metrics[n] of p_resource_ids[n] on the day of the '
  'observation, where the owner lives.';

-- A list that is empty, or has less than half of at least ten, is believed when it is read so twice in a row.
create or replace function private.is_list_suspect(
  p_schedule private.sync_schedule, p_current_count bigint, p_missing_count bigint
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_short constant boolean := p_missing_count > 0 and (
    p_missing_count = p_current_count or p_current_count >= 10 and p_missing_count * 2 > p_current_count
  );
begin
  update private.sync_schedule as s
  set suspect_at = case when v_is_short and s.suspect_at is null then clock_timestamp() end
  where s.connection_id = p_schedule.connection_id and (v_is_short or s.suspect_at is not null);
  return v_is_short and p_schedule.suspect_at is null;
end;
$$;
comment on function private.is_list_suspect is
  'Whether a complete list lacks so much of what there is that it is not believed yet.';

create or replace function private.observed_at(p_payload jsonb) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- a clock that is ahead of ours would shadow what is read later
  return least((p_payload ->> 'observed_at')::timestamptz, clock_timestamp());
end;
$$;
comment on function private.observed_at is 'When the provider was asked, at the latest now.';

create or replace function private.parse_ids(p_ids jsonb) returns bigint[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_ids) is distinct from 'array' then
    return null;
  end if;
  return array(select i.id::bigint from jsonb_array_elements_text(p_ids) as i (id));
end;
$$;
comment on function private.parse_ids is 'An array of numbers; null for anything else.';

-- 50_devpulse/60_sync/51_store_sync_etags.sql
-- The ETags of a run's answers.

create or replace function private.store_sync_etags(p_connection_id uuid, p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.sync_etags as e
  where e.connection_id = p_connection_id
    and e.path = any (array(select jsonb_array_elements_text(p_payload -> 'dropped_paths')));
  insert into private.sync_etags as e (connection_id, path, etag, resource_ids, has_next)
  select p_connection_id, n.path, n.etag, n.resource_ids, n.has_next
  from jsonb_to_recordset(p_payload -> 'etags')
    as n (path text, etag text, resource_ids bigint[], has_next boolean)
  -- of a repository by itself, only if it was stored
  where n.path not like '/repositories/%' or exists (
    select from public.github_repositories as r
    where r.platform_connection_id = p_connection_id and r.github_repo_id = any (n.resource_ids)
  )
  on conflict on constraint sync_etags_pkey do update
  set etag = excluded.etag, resource_ids = excluded.resource_ids, has_next = excluded.has_next;
end;
$$;
comment on function private.store_sync_etags is
  'Stores a run''s etags, an array of {path, etag, resource_ids, has_next}, and deletes '
  'those of dropped_paths.';

-- 50_devpulse/60_sync/52_store_github_repositories.sql
-- Stores what GitHub answered about repositories.

-- Whoever names other repositories in their monitors again and again leaves no more than that behind.
create or replace function private.limit_github_repositories(p_connection_id uuid, p_repositories jsonb)
returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_free constant bigint := 2 * (select s.resources_per_connection from public.devpulse_settings as s) - (
    select count(*) from public.github_repositories as r where r.platform_connection_id = p_connection_id
  );
begin
  return (
    select coalesce(jsonb_agg(e.repository order by e.number), '[]')
    from (
      select n.repository, n.number, r.id is not null as is_stored,
        count(*) filter (where r.id is null) over (order by n.number) as new_count
      from jsonb_array_elements(p_repositories) with ordinality as n (repository, number)
      left join public.github_repositories as r on r.platform_connection_id = p_connection_id
        and r.github_repo_id = (n.repository ->> 'github_repo_id')::bigint
    ) as e
    where e.is_stored or e.new_count <= v_free
  );
end;
$$;
comment on function private.limit_github_repositories is
  'Of these repositories, those that are stored, and as many others as the connection may have: twice '
  'devpulse_settings.resources_per_connection, the former ones included.';

-- A number that could not be read is null: the stored one stays.
create or replace function private.upsert_github_repositories(
  p_connection_id uuid, p_repositories jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.github_repositories as r (
    platform_connection_id, github_repo_id, name, full_name, description, language, stars_count, forks_count,
    watchers_count, open_issues_count, is_private, is_fork, default_branch, html_url, created_at, updated_at,
    synced_at
  )
  select p_connection_id, n.github_repo_id, n.name, n.full_name, n.description, n.language,
    coalesce(n.stars_count, o.stars_count, 0), coalesce(n.forks_count, o.forks_count, 0),
    coalesce(n.watchers_count, o.watchers_count, 0), coalesce(n.open_issues_count, o.open_issues_count, 0),
    n.is_private, n.is_fork, n.default_branch, n.html_url, n.created_at, n.updated_at, p_observed_at
  from jsonb_populate_recordset(null::public.github_repositories, p_repositories) as n
  left join public.github_repositories as o
    on o.platform_connection_id = p_connection_id and o.github_repo_id = n.github_repo_id
  on conflict on constraint github_repositories_github_repo_id_idx do update set
    name = excluded.name, full_name = excluded.full_name, description = excluded.description,
    language = excluded.language, stars_count = excluded.stars_count, forks_count = excluded.forks_count,
    watchers_count = excluded.watchers_count, open_issues_count = excluded.open_issues_count,
    is_private = excluded.is_private, is_fork = excluded.is_fork, default_branch = excluded.default_branch,
    html_url = excluded.html_url, created_at = excluded.created_at, updated_at = excluded.updated_at,
    synced_at = excluded.synced_at, removed_at = null
  where r.removed_at is not null or r.synced_at <= excluded.synced_at - interval '1 hour' or (
    r.name, r.full_name, r.description, r.language, r.stars_count, r.forks_count, r.watchers_count,
    r.open_issues_count, r.is_private, r.is_fork, r.default_branch, r.html_url, r.created_at, r.updated_at
  ) is distinct from (
    excluded.name, excluded.full_name, excluded.description, excluded.language, excluded.stars_count,
    excluded.forks_count, excluded.watchers_count, excluded.open_issues_count, excluded.is_private,
    excluded.is_fork, excluded.default_branch, excluded.html_url, excluded.created_at, excluded.updated_at
  );
end;
$$;
comment on function private.upsert_github_repositories is
  'Stores repositories as GitHub sent them; null numbers keep the stored ones.';

create or replace function private.remove_github_repositories(
  p_schedule private.sync_schedule, p_payload jsonb, p_observed_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_listed constant bigint[] := private.parse_ids(p_payload -> 'listed_ids');
  v_seen constant bigint[] := v_listed || private.parse_ids(p_payload -> 'seen_ids');
  v_current bigint;
  v_missing bigint;
  v_count integer;
begin
  -- null: the list was not read to its end, or not at all
  if v_listed is not null then
    select count(*), count(*) filter (where not (r.github_repo_id = any (v_seen)))
    into v_current, v_missing
    from public.github_repositories as r
    where r.platform_connection_id = p_schedule.connection_id and r.removed_at is null;
    if private.is_list_suspect(p_schedule, v_current, v_missing) then
      return null;
    end if;
  end if;
  update public.github_repositories as r set removed_at = p_observed_at
  where r.platform_connection_id = p_schedule.connection_id and r.removed_at is null and (
    r.github_repo_id = any (private.parse_ids(p_payload -> 'gone_ids'))
    or v_listed is not null and not (r.github_repo_id = any (v_seen))
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.remove_github_repositories is
  'Marks repositories that GitHub no longer lists, or whose own address answered that they are gone, and '
  'returns how many; null when the list is not believed yet.';

-- The name of a repository that a monitor has may lead to another one tomorrow.
create or replace function private.resolve_monitor_repositories(p_connection_id uuid, p_resolved jsonb)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- without waiting for whoever changes a monitor, and then waits for the schedule
  update public.monitors as m set platform_resource_id = n.resource_id
  from jsonb_to_recordset(p_resolved) as n (monitor_id uuid, resource_id text)
  where m.id = n.monitor_id and m.id in (
    select o.id from public.monitors as o
    where o.platform_connection_id = p_connection_id and o.platform_resource_id ~ '/'
    for no key update skip locked
  );
end;
$$;
comment on function private.resolve_monitor_repositories is
  'Puts GitHub''s ids in place of the names in monitors: an array of {monitor_id, resource_id}.';

-- 50_devpulse/60_sync/53_record_github_repositories.sql
-- Records a run's answers about repositories, and the day's readings.

create or replace function private.store_github_readings(
  p_connection_id uuid, p_repositories jsonb, p_unchanged bigint[], p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_metrics text[];
  v_ids text[];
  v_values numeric[];
begin
  -- of what did not change the stored numbers are the present ones; they were all valid, or there was no ETag
  select array_agg(v.metric), array_agg(r.id::text), array_agg(v.value::numeric)
  into v_metrics, v_ids, v_values
  from (
    select n.github_repo_id as id, n.stars_count, n.forks_count, n.open_issues_count
    from jsonb_populate_recordset(null::public.github_repositories, p_repositories) as n
    union all
    select o.github_repo_id, o.stars_count, o.forks_count, o.open_issues_count
    from public.github_repositories as o
    where o.platform_connection_id = p_connection_id and o.github_repo_id = any (p_unchanged)
  ) as r
  cross join lateral (
    values ('stars', r.stars_count), ('forks', r.forks_count), ('open_issues', r.open_issues_count)
  ) as v (metric, value);
  perform private.store_readings(p_connection_id, p_observed_at, v_metrics, v_ids, v_values);
end;
$$;
comment on function private.store_github_readings is
  'Stores the day''s readings of repositories that were read, and of those that did not change.';

-- GitHub answers 304 for what it has sent before, which is stored, unless it was deleted since.
create or replace function private.sync_unchanged_repositories(p_connection_id uuid, p_unchanged bigint[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_unknown constant bigint[] := array(
    select u.id from unnest(p_unchanged) as u (id)
    where not exists (
      select from public.github_repositories as r
      where r.platform_connection_id = p_connection_id and r.github_repo_id = u.id
    )
  );
begin
  delete from private.sync_etags as e
  where e.connection_id = p_connection_id and e.resource_ids && v_unknown;
  update public.github_repositories as r set removed_at = null
  where r.platform_connection_id = p_connection_id and r.github_repo_id = any (p_unchanged)
    and r.removed_at is not null;
end;
$$;
comment on function private.sync_unchanged_repositories is
  'Repositories in an answer that did not change are listed. ETags of answers of which a repository is not '
  'stored are deleted, so that they are read in full the next time.';

create or replace function private.record_github_repositories(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_id constant uuid := v_schedule.connection_id;
  v_observed_at constant timestamptz := private.observed_at(p_payload);
  v_sent constant jsonb := coalesce(p_payload -> 'repositories', '[]'::jsonb);
  v_repositories jsonb;
  v_day constant date := private.local_sync_day(v_id, v_observed_at);
  v_unchanged constant bigint[] := private.parse_ids(p_payload -> 'unchanged_ids');
  v_removed integer;
begin
  v_repositories := private.limit_github_repositories(v_id, v_sent);
  perform private.upsert_github_repositories(v_id, v_repositories, v_observed_at);
  perform private.sync_unchanged_repositories(v_id, v_unchanged);
  v_removed := private.remove_github_repositories(v_schedule, p_payload, v_observed_at);
  perform private.store_sync_etags(v_id, p_payload);
  perform private.resolve_monitor_repositories(v_id, coalesce(p_payload -> 'resolved', '[]'::jsonb));
  if v_schedule.readings_on is distinct from v_day or v_repositories <> '[]'::jsonb or v_removed <> 0 then
    perform private.store_github_readings(v_id, v_repositories, v_unchanged, v_observed_at);
    if p_payload ? 'listed_ids' and v_removed is not null then
      perform private.store_readings(v_id, v_observed_at, array['repositories'], array[''], array[(
        select count(*)::numeric from public.github_repositories as r
        where r.platform_connection_id = v_id and r.removed_at is null
      )]);
    end if;
    update private.sync_schedule as s
    set readings_on = case
      when (p_payload ->> 'is_complete')::boolean and v_removed is not null then v_day end
    where s.connection_id = v_id;
  end if;
  return jsonb_build_object(
    'removed', coalesce(v_removed, 0), 'is_suspect', v_removed is null,
    'left_out', jsonb_array_length(v_sent) - jsonb_array_length(v_repositories)
  );
end;
$$;
grant execute on function private.record_github_repositories to service_role;

create or replace function public.record_github_repositories(
  run_id bigint, fencing_token bigint, payload jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_repositories(
    record_github_repositories.run_id, record_github_repositories.fencing_token,
    record_github_repositories.payload
  );
end;
comment on function public.record_github_repositories is
  'Stores what a run read about repositories: {observed_at, repositories (rows of github_repositories; null '
  'for a number that is not valid), unchanged_ids (GitHub answered 304), listed_ids (the whole list, else '
  'left out), seen_ids and gone_ids (asked for by themselves), etags, dropped_paths, resolved: [{monitor_id, '
  'resource_id}], is_complete}. Returns {removed, is_suspect, left_out}. Service role only. Errors: '
  'devpulse_sync_lease_expired (410).';
grant execute on function public.record_github_repositories to service_role;

-- 50_devpulse/60_sync/54_plan_github_contributions.sql
-- Which days of contributions a run reads.

-- After a pause, the last days that were read before it may have been read before they were over.
create or replace function private.list_contribution_days(
  p_connection_id uuid, p_at timestamptz, p_read_at timestamptz, p_skipped date[]
) returns table (
  day date, is_recent boolean, is_stale boolean, starts_at timestamptz, ends_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_days constant integer := (select s.backfill_days from public.devpulse_settings as s);
begin
  return query
  select d.day, d.is_recent, d.is_stale, d.day::timestamp at time zone t.zone,
    (d.day + 1)::timestamp at time zone t.zone
  from (
    select coalesce(p.timezone, 'UTC') as zone, private.local_day(p.timezone, p_at) as today,
      private.local_day(p.timezone, p_read_at) as read_on
    from public.platform_connections as c join public.profiles as p on p.id = c.user_id
    where c.id = p_connection_id
  ) as t
  cross join lateral (
    select t.today - n as day, n < 7 as is_recent,
      n >= 7 and coalesce(t.today - n between t.read_on - 5 and t.read_on, false) as is_stale
    from generate_series(0, v_days - 1) as n
  ) as d
  where d.is_recent or not (d.day = any (coalesce(p_skipped, '{}'::date[]))) and (
    d.is_stale or not exists (
      select from public.github_contributions as g
      where g.platform_connection_id = p_connection_id and g.date = d.day
    )
  )
  order by d.day desc;
end;
$$;
comment on function private.list_contribution_days is
  'The last seven days, the six up to that of p_read_at, and the others that are not stored, the newest '
  'first, each from midnight to midnight where the owner lives: a day may have 23 or 25 hours.';

create or replace function private.plan_github_contributions(
  p_run_id bigint, p_fencing_token bigint, p_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_at constant timestamptz := least(p_at, clock_timestamp());
  v_read_at constant timestamptz := v_schedule.contributions_read_at;
  v_is_due constant boolean := v_read_at is null or v_read_at <= v_at - interval '1 hour'
    or private.local_sync_day(v_schedule.connection_id, v_read_at)
      <> private.local_sync_day(v_schedule.connection_id, v_at);
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'day', d.day, 'is_recent', d.is_recent, 'is_stale', d.is_stale,
      'from', to_char(d.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      -- GitHub's interval contains its end
      'to', to_char((d.ends_at - interval '1 second') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ) order by d.day desc)
    from private.list_contribution_days(v_schedule.connection_id, v_at, v_read_at, array(
      select f.key::date from jsonb_each_text(v_schedule.cursor -> 'failed_days') as f
      where f.value::integer >= 3
    )) as d
    where v_is_due or not d.is_recent
  ), '[]'::jsonb);
end;
$$;
grant execute on function private.plan_github_contributions to service_role;

create or replace function public.plan_github_contributions(
  run_id bigint, fencing_token bigint, at timestamptz default now()
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.plan_github_contributions(
    plan_github_contributions.run_id, plan_github_contributions.fencing_token, plan_github_contributions.at
  );
end;
comment on function public.plan_github_contributions is
  'The days whose contributions a run reads, the newest first: an array of {day, is_recent, is_stale, from, '
  'to}. The last seven once an hour, and when a day has begun; after a pause once more the last six that '
  'were read before it; others until they are stored. Service role only. Errors: '
  'devpulse_sync_lease_expired (410).';
grant execute on function public.plan_github_contributions to service_role;

-- 50_devpulse/60_sync/55_record_github_contributions.sql
-- Records what GitHub answered about contributions.

create or replace function private.record_github_contributions(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_count integer;
begin
  insert into public.github_contributions as g (
    platform_connection_id, date, commits_count, pull_requests_count, issues_count,
    repositories_contributed_to
  )
  select v_schedule.connection_id, n.date, n.commits_count, n.pull_requests_count, n.issues_count,
    n.repositories_contributed_to
  from jsonb_populate_recordset(null::public.github_contributions, p_payload -> 'days') as n
  on conflict on constraint github_contributions_connection_date_idx do update set
    commits_count = excluded.commits_count, pull_requests_count = excluded.pull_requests_count,
    issues_count = excluded.issues_count, repositories_contributed_to = excluded.repositories_contributed_to
  where (g.commits_count, g.pull_requests_count, g.issues_count, g.repositories_contributed_to) <> (
    excluded.commits_count, excluded.pull_requests_count, excluded.issues_count,
    excluded.repositories_contributed_to
  );
  get diagnostics v_count = row_count;
  if (p_payload ->> 'is_recent_complete')::boolean then
    update private.sync_schedule as s set contributions_read_at = private.observed_at(p_payload)
    where s.connection_id = v_schedule.connection_id;
  end if;
  perform private.store_sync_cursor(v_schedule.connection_id, p_payload -> 'cursor');
  return v_count;
end;
$$;
grant execute on function private.record_github_contributions to service_role;

create or replace function public.record_github_contributions(
  run_id bigint, fencing_token bigint, payload jsonb
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_contributions(
    record_github_contributions.run_id, record_github_contributions.fencing_token,
    record_github_contributions.payload
  );
end;
comment on function public.record_github_contributions is
  'Stores days of contributions: {observed_at, days: rows of github_contributions, is_recent_complete '
  '(whether the last seven days, and those to be read again, were read), cursor}. Returns how '
  'many changed. Service role only. Errors: devpulse_sync_lease_expired (410).';
grant execute on function public.record_github_contributions to service_role;

-- 50_devpulse/60_sync/56_store_youtube_channel.sql
-- Stores what YouTube answered about a channel and its videos.

-- A number that YouTube hides is null: the stored one stays, and there is no reading of it.
create or replace function private.store_channel_stats(
  p_connection_id uuid, p_channel jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_subscribers constant bigint := (p_channel ->> 'subscribers')::bigint;
  v_views constant bigint := (p_channel ->> 'views')::bigint;
  v_videos constant integer := (p_channel ->> 'videos')::integer;
  v_last public.youtube_channel_stats;
begin
  select * into v_last from public.youtube_channel_stats as y
  where y.platform_connection_id = p_connection_id order by y.date desc limit 1;
  insert into public.youtube_channel_stats as y (
    platform_connection_id, date, subscriber_count, total_views, video_count
  )
  values (
    p_connection_id, private.local_sync_day(p_connection_id, p_observed_at),
    coalesce(v_subscribers, v_last.subscriber_count, 0::bigint),
    coalesce(v_views, v_last.total_views, 0::bigint), coalesce(v_videos, v_last.video_count, 0)
  )
  on conflict on constraint youtube_channel_stats_connection_date_idx do update set
    subscriber_count = excluded.subscriber_count, total_views = excluded.total_views,
    video_count = excluded.video_count
  where (y.subscriber_count, y.total_views, y.video_count)
    <> (excluded.subscriber_count, excluded.total_views, excluded.video_count);
  perform private.store_readings(
    p_connection_id, p_observed_at, array['channel_subscribers', 'channel_views', 'channel_videos'],
    array['', '', ''], array[v_subscribers::numeric, v_views::numeric, v_videos::numeric]
  );
end;
$$;
comment on function private.store_channel_stats is
  'Stores a channel''s numbers of the day: {subscribers, views, videos}.';

create or replace function private.upsert_youtube_videos(
  p_connection_id uuid, p_videos jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.youtube_videos as v (
    platform_connection_id, youtube_video_id, title, description, thumbnail_url, duration_seconds, view_count,
    like_count, comment_count, published_at, synced_at
  )
  select p_connection_id, n.youtube_video_id, n.title, n.description, n.thumbnail_url, n.duration_seconds,
    coalesce(n.view_count, o.view_count, 0::bigint), coalesce(n.like_count, o.like_count, 0),
    coalesce(n.comment_count, o.comment_count, 0), n.published_at, p_observed_at
  from jsonb_populate_recordset(null::public.youtube_videos, p_videos) as n
  left join public.youtube_videos as o
    on o.platform_connection_id = p_connection_id and o.youtube_video_id = n.youtube_video_id
  on conflict on constraint youtube_videos_youtube_video_id_idx do update set
    title = excluded.title, description = excluded.description, thumbnail_url = excluded.thumbnail_url,
    duration_seconds = excluded.duration_seconds, view_count = excluded.view_count,
    like_count = excluded.like_count, comment_count = excluded.comment_count,
    published_at = excluded.published_at, synced_at = excluded.synced_at, removed_at = null
  where v.removed_at is not null or v.synced_at <= excluded.synced_at - interval '1 hour' or (
    v.title, v.description, v.thumbnail_url, v.duration_seconds, v.view_count, v.like_count, v.comment_count,
    v.published_at
  ) is distinct from (
    excluded.title, excluded.description, excluded.thumbnail_url, excluded.duration_seconds,
    excluded.view_count, excluded.like_count, excluded.comment_count, excluded.published_at
  );
end;
$$;
comment on function private.upsert_youtube_videos is
  'Stores videos as YouTube sent them; null numbers keep the stored ones.';

create or replace function private.remove_youtube_videos(
  p_schedule private.sync_schedule, p_listed text[], p_observed_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_current bigint;
  v_missing bigint;
  v_count integer;
begin
  if p_listed is null then
    return 0;
  end if;
  select count(*), count(*) filter (where not (v.youtube_video_id = any (p_listed))) into v_current, v_missing
  from public.youtube_videos as v
  where v.platform_connection_id = p_schedule.connection_id and v.removed_at is null;
  if private.is_list_suspect(p_schedule, v_current, v_missing) then
    return null;
  end if;
  update public.youtube_videos as v set removed_at = p_observed_at
  where v.platform_connection_id = p_schedule.connection_id and v.removed_at is null
    and not (v.youtube_video_id = any (p_listed));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.remove_youtube_videos is
  'Marks videos that a complete list does not have, and returns how many; null when it is not believed yet.';

-- 50_devpulse/60_sync/57_record_youtube_channel.sql
-- Records a run's answers about a channel and its videos.

create or replace function private.record_youtube_channel(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_id constant uuid := v_schedule.connection_id;
  v_observed_at constant timestamptz := private.observed_at(p_payload);
  v_videos constant jsonb := coalesce(p_payload -> 'videos', '[]'::jsonb);
  v_listed text[];
  v_removed integer;
  v_metrics text[];
  v_ids text[];
  v_values numeric[];
begin
  if p_payload ? 'channel' then
    perform private.store_channel_stats(v_id, p_payload -> 'channel', v_observed_at);
  end if;
  perform private.upsert_youtube_videos(v_id, v_videos, v_observed_at);
  if p_payload ? 'listed_ids' then
    v_listed := array(select jsonb_array_elements_text(p_payload -> 'listed_ids'));
  end if;
  v_removed := private.remove_youtube_videos(v_schedule, v_listed, v_observed_at);
  select array_agg(v.metric), array_agg(n.youtube_video_id), array_agg(v.value::numeric)
  into v_metrics, v_ids, v_values
  from jsonb_populate_recordset(null::public.youtube_videos, v_videos) as n
  cross join lateral (
    values ('views', n.view_count), ('likes', n.like_count::bigint), ('comments', n.comment_count::bigint)
  ) as v (metric, value);
  perform private.store_readings(v_id, v_observed_at, v_metrics, v_ids, v_values);
  if v_removed is not null then
    perform private.store_sync_cursor(v_id, p_payload -> 'cursor');
  end if;
  return jsonb_build_object('removed', coalesce(v_removed, 0), 'is_suspect', v_removed is null);
end;
$$;
grant execute on function private.record_youtube_channel to service_role;

create or replace function public.record_youtube_channel(
  run_id bigint, fencing_token bigint, payload jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_youtube_channel(
    record_youtube_channel.run_id, record_youtube_channel.fencing_token, record_youtube_channel.payload
  );
end;
comment on function public.record_youtube_channel is
  'Stores what a run read about a channel: {observed_at, channel: {subscribers, views, videos}, videos (rows '
  'of youtube_videos; null for a number that is hidden or not valid), listed_ids (the whole list, else left '
  'out), cursor}. Returns {removed, is_suspect}. Service role only. Errors: '
  'devpulse_sync_lease_expired (410).';
grant execute on function public.record_youtube_channel to service_role;

-- 50_devpulse/60_sync/58_store_devto_articles.sql
-- Stores what Dev.to answered about articles.

create or replace function private.upsert_devto_articles(
  p_connection_id uuid, p_articles jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.devto_articles as a (
    platform_connection_id, devto_article_id, title, description, published_at, reading_time_minutes,
    view_count, reaction_count, comment_count, url, tags, synced_at
  )
  select p_connection_id, n.devto_article_id, n.title, n.description, n.published_at, n.reading_time_minutes,
    coalesce(n.view_count, o.view_count, 0), coalesce(n.reaction_count, o.reaction_count, 0),
    coalesce(n.comment_count, o.comment_count, 0), n.url, n.tags, p_observed_at
  from jsonb_populate_recordset(null::public.devto_articles, p_articles) as n
  left join public.devto_articles as o
    on o.platform_connection_id = p_connection_id and o.devto_article_id = n.devto_article_id
  on conflict on constraint devto_articles_devto_article_id_idx do update set
    title = excluded.title, description = excluded.description, published_at = excluded.published_at,
    reading_time_minutes = excluded.reading_time_minutes, view_count = excluded.view_count,
    reaction_count = excluded.reaction_count, comment_count = excluded.comment_count, url = excluded.url,
    tags = excluded.tags, synced_at = excluded.synced_at, removed_at = null
  where a.removed_at is not null or a.synced_at <= excluded.synced_at - interval '1 hour' or (
    a.title, a.description, a.published_at, a.reading_time_minutes, a.view_count, a.reaction_count,
    a.comment_count, a.url, a.tags
  ) is distinct from (
    excluded.title, excluded.description, excluded.published_at, excluded.reading_time_minutes,
    excluded.view_count, excluded.reaction_count, excluded.comment_count, excluded.url, excluded.tags
  );
end;
$$;
comment on function private.upsert_devto_articles is
  'Stores articles as Dev.to sent them; null numbers keep the stored ones.';

create or replace function private.remove_devto_articles(
  p_schedule private.sync_schedule, p_listed bigint[], p_observed_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_current bigint;
  v_missing bigint;
  v_count integer;
begin
  if p_listed is null then
    return 0;
  end if;
  select count(*), count(*) filter (where not (a.devto_article_id = any (p_listed))) into v_current, v_missing
  from public.devto_articles as a
  where a.platform_connection_id = p_schedule.connection_id and a.removed_at is null;
  if private.is_list_suspect(p_schedule, v_current, v_missing) then
    return null;
  end if;
  update public.devto_articles as a set removed_at = p_observed_at
  where a.platform_connection_id = p_schedule.connection_id and a.removed_at is null
    and not (a.devto_article_id = any (p_listed));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.remove_devto_articles is
  'Marks articles that a complete list does not have, and returns how many; null when it is '
  'not believed yet.';

-- 50_devpulse/60_sync/59_record_devto_articles.sql
-- Records a run's answers about articles.

create or replace function private.record_devto_articles(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_id constant uuid := v_schedule.connection_id;
  v_observed_at constant timestamptz := private.observed_at(p_payload);
  v_articles constant jsonb := coalesce(p_payload -> 'articles', '[]'::jsonb);
  v_listed constant bigint[] := private.parse_ids(p_payload -> 'listed_ids');
  v_removed integer;
  v_metrics text[];
  v_ids text[];
  v_values numeric[];
begin
  perform private.upsert_devto_articles(v_id, v_articles, v_observed_at);
  v_removed := private.remove_devto_articles(v_schedule, v_listed, v_observed_at);
  select array_agg(v.metric), array_agg(n.devto_article_id::text), array_agg(v.value::numeric)
  into v_metrics, v_ids, v_values
  from jsonb_populate_recordset(null::public.devto_articles, v_articles) as n
  cross join lateral (
    values ('views', n.view_count), ('reactions', n.reaction_count), ('comments', n.comment_count)
  ) as v (metric, value);
  perform private.store_readings(v_id, v_observed_at, v_metrics, v_ids, v_values);
  if v_listed is not null and v_removed is not null then
    perform private.store_readings(v_id, v_observed_at, array['articles'], array[''], array[(
      select count(*)::numeric from public.devto_articles as a
      where a.platform_connection_id = v_id and a.removed_at is null
    )]);
  end if;
  perform private.store_sync_cursor(v_id, p_payload -> 'cursor');
  return jsonb_build_object('removed', coalesce(v_removed, 0), 'is_suspect', v_removed is null);
end;
$$;
grant execute on function private.record_devto_articles to service_role;

create or replace function public.record_devto_articles(
  run_id bigint, fencing_token bigint, payload jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_devto_articles(
    record_devto_articles.run_id, record_devto_articles.fencing_token, record_devto_articles.payload
  );
end;
comment on function public.record_devto_articles is
  'Stores what a run read about articles: {observed_at, articles (rows of devto_articles; null for a number '
  'that is not valid), listed_ids (the whole list, else left out), cursor}. Returns {removed, is_suspect}. '
  'Service role only. Errors: devpulse_sync_lease_expired (410).';
grant execute on function public.record_devto_articles to service_role;

-- 50_devpulse/60_sync/60_finish_sync_run.sql
-- Ends a run: its result, and when the connection is synced next.

-- What the connection did not cause is not counted against it: it is tried again soon, and at the latest
-- after half an hour, unless the provider named a time. What it caused is tried less and less often.
create or replace function private.next_sync_at(
  p_schedule private.sync_schedule, p_state text, p_is_counted boolean, p_retry_at timestamptz
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_every constant interval := make_interval(mins => coalesce(p_schedule.sync_minutes, 15));
begin
  if p_retry_at > v_now then
    -- up to two minutes later: what waits for the same time is not asked for at once
    return least(p_retry_at, v_now + interval '2 days') + random() * interval '2 minutes';
  elsif p_state in ('succeeded', 'partial') then
    -- whoever changes monitors all the time is synced once a minute
    return greatest(v_now, p_schedule.started_at + case
      when p_schedule.requested_at is not null then interval '1 minute' else v_every end);
  elsif p_is_counted then
    return v_now + private.backoff(p_schedule.attempts_count, v_every, interval '6 hours');
  end if;
  return v_now + private.backoff(p_schedule.delays_count + 1, interval '1 minute', interval '30 minutes');
end;
$$;
comment on function private.next_sync_at is 'When a connection is synced after a run with this result.';

create or replace function private.release_sync_lease(
  p_schedule private.sync_schedule, p_state text, p_is_counted boolean, p_retry_at timestamptz
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_done constant boolean := p_state in ('succeeded', 'partial');
  v_next_at constant timestamptz := private.next_sync_at(p_schedule, p_state, p_is_counted, p_retry_at);
begin
  update private.sync_schedule as s set
    lease_expires_at = null, run_id = null,
    next_sync_at = case when s.sync_minutes is null then null else v_next_at end,
    not_before = case when v_is_done and p_retry_at is null then null else v_next_at end,
    attempts_count = case when v_is_done then 0
      when p_is_counted then s.attempts_count else greatest(s.attempts_count - 1, 0) end,
    delays_count = case when v_is_done or p_is_counted then 0 else s.delays_count + 1 end
  where s.connection_id = p_schedule.connection_id;
  return v_next_at;
end;
$$;
comment on function private.release_sync_lease is
  'Ends the lease of a run with this result, and returns when the connection is synced next.';

create or replace function private.finish_sync_run(p_run_id bigint, p_fencing_token bigint, p_result jsonb)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_state constant text := p_result ->> 'state';
  v_name constant text := left(private.non_blank(p_result ->> 'platform_username'), 200);
  v_schedule private.sync_schedule;
  v_next_at timestamptz;
begin
  perform from public.platform_connections as c
  join public.sync_runs as r on r.platform_connection_id = c.id
  where r.id = p_run_id for no key update of c;
  select * into v_schedule from private.sync_schedule as s
  where s.run_id = p_run_id and s.fencing_token = p_fencing_token and s.connection_id = (
    select r.platform_connection_id from public.sync_runs as r where r.id = p_run_id
  )
  for update;
  if not found then
    return false;
  end if;
  perform private.store_sync_cursor(v_schedule.connection_id, p_result -> 'cursor');
  v_next_at := private.release_sync_lease(
    v_schedule, v_state, coalesce((p_result ->> 'is_counted')::boolean, false),
    (p_result ->> 'retry_at')::timestamptz
  );
  update public.sync_runs as r set
    state = v_state, ended_at = clock_timestamp(), error_code = left(p_result ->> 'error_code', 100),
    counts = coalesce(p_result -> 'counts', '{}'::jsonb), cost = coalesce((p_result ->> 'cost')::integer, 0),
    next_attempt_at = v_next_at
  where r.id = p_run_id;
  update public.platform_connections as c set
    last_synced_at = case when v_state = 'succeeded' then clock_timestamp() else c.last_synced_at end,
    platform_username = coalesce(v_name, c.platform_username)
  where c.id = v_schedule.connection_id and (v_state = 'succeeded' or v_name <> c.platform_username);
  delete from public.sync_runs as r
  where r.platform_connection_id = v_schedule.connection_id and r.id <= (
    select o.id from public.sync_runs as o where o.platform_connection_id = v_schedule.connection_id
    order by o.id desc limit 1 offset (select s.runs_per_connection from public.devpulse_settings as s)
  );
  return true;
end;
$$;
grant execute on function private.finish_sync_run to service_role;

create or replace function public.finish_sync_run(run_id bigint, fencing_token bigint, result jsonb)
returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_sync_run(
    finish_sync_run.run_id, finish_sync_run.fencing_token, finish_sync_run.result
  );
end;
comment on function public.finish_sync_run is
  'Ends a run with {state: succeeded, partial, failed or deferred, counts, cost, error_code, is_counted '
  '(whether the connection caused the failure), retry_at (when the provider may be asked again), '
  'platform_username (what the account is called now), cursor}, and schedules the next. False when '
  'the run has lost its lease, or has ended already. Service role only.';
grant execute on function public.finish_sync_run to service_role;

-- 50_devpulse/60_sync/70_sync_now.sql
-- Syncs a monitor's connection now, for its impatient owner.

create table private.sync_requests (
  user_id uuid not null,
  counted_since timestamptz not null,
  requests_count integer not null,
  constraint sync_requests_pkey primary key (user_id),
  constraint sync_requests_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint sync_requests_requests_count_is_positive check (requests_count >= 1)
);
comment on table private.sync_requests is
  'How many times a user has called sync_now in the hour that began with the first.';
alter table private.sync_requests enable row level security;

create or replace function private.count_sync_request(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.sync_now_per_hour from public.devpulse_settings as s);
  v_hour constant interval := interval '1 hour';
begin
  insert into private.sync_requests as q (user_id, counted_since, requests_count)
  select p_user_id, now(), 1 where v_limit > 0
  on conflict on constraint sync_requests_pkey do update set
    counted_since = case when q.counted_since <= now() - v_hour then now() else q.counted_since end,
    requests_count = case when q.counted_since <= now() - v_hour then 1 else q.requests_count + 1 end
  where q.requests_count < v_limit or q.counted_since <= now() - v_hour;
  if not found then
    raise exception using
      errcode = 'PT429', message = 'devpulse_sync_rate_limited',
      detail = format('sync_now may be called %s times an hour.', v_limit),
      hint = 'Wait: the connection is synced by itself.';
  end if;
end;
$$;
comment on function private.count_sync_request is
  'Counts a call of sync_now. Errors: devpulse_sync_rate_limited (429).';

create or replace function private.describe_sync(p_state text, p_schedule private.sync_schedule) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return jsonb_build_object(
    'state', p_state, 'platform_connection_id', p_schedule.connection_id, 'run_id', p_schedule.run_id,
    'next_attempt_at', case when p_state = 'running' then null else p_schedule.next_sync_at end
  );
end;
$$;
comment on function private.describe_sync is 'The answer of sync_now.';

create or replace function private.sync_now(p_monitor_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_monitor public.monitors;
  v_schedule private.sync_schedule;
begin
  if auth.uid() is not null and not private.is_person_account(auth.uid()) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'The account is anonymous, banned or deleted.', hint = 'Sign in with an e-mail address.';
  end if;
  select * into v_monitor from public.monitors as m
  where m.id = p_monitor_id and (m.user_id = auth.uid() or private.is_trusted_caller());
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_monitor_unknown',
      detail = 'The monitor does not exist, or is not yours.', hint = 'Use the id of one of your monitors.';
  end if;
  select * into v_schedule from private.sync_schedule as s
  where s.connection_id = v_monitor.platform_connection_id for update;
  if not v_monitor.is_active or v_schedule.next_sync_at is null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_sync_conflict',
      detail = 'The monitor or its connection is paused, or not connected.',
      hint = 'Set is_active to true, or connect again.';
  elsif v_schedule.lease_expires_at > clock_timestamp() then
    return private.describe_sync('running', v_schedule);
  elsif v_schedule.next_sync_at <= clock_timestamp() then
    return private.describe_sync('due', v_schedule);
  elsif v_schedule.not_before > clock_timestamp() then
    return private.describe_sync('waiting', v_schedule);
  end if;
  perform private.count_sync_request(v_monitor.user_id);
  update private.sync_schedule as s set next_sync_at = now(), requested_at = now()
  where s.connection_id = v_schedule.connection_id returning * into v_schedule;
  perform private.request_platform_sync();
  return private.describe_sync('due', v_schedule);
end;
$$;
grant execute on function private.sync_now to authenticated, service_role;

create or replace function public.sync_now(monitor_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.sync_now(sync_now.monitor_id);
end;
comment on function public.sync_now is
  'Syncs the connection of a monitor of the caller''s: {state, platform_connection_id, run_id, '
  'next_attempt_at}. due: it begins within seconds, or within a minute. running: a run is on its way. '
  'waiting: the provider''s limit, or our wait after a failure, lasts until next_attempt_at. The last two, '
  'and one that is due already, are not counted; of the others a user has '
  'devpulse_settings.sync_now_per_hour. Errors: sign_in_required (401), devpulse_monitor_unknown (404), '
  'devpulse_sync_conflict (422), devpulse_sync_rate_limited (429).';
grant execute on function public.sync_now to authenticated, service_role;

-- 50_devpulse/60_sync/80_request_platform_sync.sql
-- Calls platform-sync when something is due: from a job, and from sync_now.

create or replace function private.request_platform_sync() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
  v_due integer;
  v_calls integer;
begin
  if v_url is null then
    return 0;
  end if;
  select count(*)::integer into v_due
  from (select from private.sync_schedule as s where s.next_sync_at <= now() limit 1000) as d;
  -- one run of the function does 250 and more; a backlog gets four
  v_calls := case when v_due = 0 then 0 else least(1 + v_due / 250, 4) end;
  for i in 1..v_calls loop
    perform net.http_post(
      url => v_url || '/platform-sync', body => '{}'::jsonb, params => '{}'::jsonb,
      headers => jsonb_build_object(
        'content-type', 'application/json'::text,
        'x-fixloop-ticket', private.issue_function_ticket('platform-sync')
      ),
      timeout_milliseconds => 145000
    );
  end loop;
  return v_calls;
end;
$$;
comment on function private.request_platform_sync is
  'Calls the edge function platform-sync, one to four times, if a connection is due, and returns how many '
  'times. Needs agent_settings.functions_url.';

-- Counted now and then: the share of a project''s budget is the limit over their number.
create or replace function private.count_provider_users() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.provider_budgets as b set users_counted_at = now(), users_count = (
    select count(*)::integer from public.platform_connections as c
    where c.platform = b.provider and c.is_active and c.status = 'connected'
  )
  where b.scope = 'project' and b.period is not null
    and coalesce(b.users_counted_at <= now() - interval '10 minutes', true);
end;
$$;
comment on function private.count_provider_users is
  'Counts the users of budgets that are shared, every ten minutes.';

create or replace function private.run_platform_sync() returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.count_provider_users();
  return private.request_platform_sync();
end;
$$;
comment on function private.run_platform_sync is
  'Counts who shares budgets, and calls platform-sync if something is due. For the scheduler.';

-- 50_devpulse/60_sync/90_prune_sync.sql
-- What is deleted when its time has come: readings, and runs of the sync.

create index metric_readings_day_idx on private.metric_readings using brin (day);

create or replace function private.prune_metric_readings(p_batch_size integer default 100000)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant date := current_date - (
    select s.reading_retention_days from public.devpulse_settings as s
  );
  v_count integer;
begin
  delete from private.metric_readings as m
  where m.ctid = any (array(
    select o.ctid from private.metric_readings as o where o.day < v_before limit p_batch_size
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_metric_readings is
  'Deletes up to p_batch_size readings of days before devpulse_settings.reading_retention_days, and returns '
  'how many. For the scheduler.';

create or replace function private.prune_watched_repositories(p_batch_size integer default 10000)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.resources_per_connection from public.devpulse_settings as s);
  v_count integer;
begin
  delete from public.github_repositories as d
  where d.id in (
    select g.id from (
      select r.*, row_number() over (
        partition by r.platform_connection_id order by r.removed_at is null desc, r.synced_at desc
      ) as number
      from public.github_repositories as r
      where r.platform_connection_id in (
        select o.platform_connection_id from public.github_repositories as o
        group by o.platform_connection_id having count(*) > v_limit
      )
    ) as g
    where g.number > v_limit and g.synced_at < now() - interval '30 days' and (
      g.removed_at is not null or not exists (
        select from public.monitors as m
        where m.platform_connection_id = g.platform_connection_id and m.is_active
          and (m.monitor_type = 'all' or m.platform_resource_id = g.github_repo_id::text)
      )
    )
    limit p_batch_size
  );
  get diagnostics v_count = row_count;
  delete from private.sync_etags as e
  where e.path like '/repositories/%' and not exists (
    select from public.github_repositories as r
    where r.platform_connection_id = e.connection_id and r.github_repo_id = any (e.resource_ids)
  );
  return v_count;
end;
$$;
comment on function private.prune_watched_repositories is
  'Deletes repositories that no monitor covers, of connections that have more than '
  'devpulse_settings.resources_per_connection, a month after they were last read, and returns how many. '
  'For the scheduler.';

create or replace function private.prune_sync_runs(p_batch_size integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update public.sync_runs as r
  set state = 'failed', error_code = 'devpulse_run_expired', ended_at = clock_timestamp()
  where r.state = 'running' and r.started_at < now() - interval '1 day';
  -- ids are in the order of time
  delete from public.sync_runs as r
  where r.id in (
    select o.id from (
      select i.id, i.started_at from public.sync_runs as i order by i.id limit p_batch_size
    ) as o
    where o.started_at < now() - make_interval(
      days => (select s.run_retention_days from public.devpulse_settings as s)
    )
  );
  get diagnostics v_count = row_count;
  delete from private.sync_requests as q where q.counted_since < now() - interval '1 day';
  return v_count;
end;
$$;
comment on function private.prune_sync_runs is
  'Deletes up to p_batch_size runs that began before devpulse_settings.run_retention_days, the oldest first, '
  'and returns how many. For the scheduler.';

create or replace function private.prune_removed_resources() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.reading_retention_days from public.devpulse_settings as s)
  );
  v_repositories integer;
  v_videos integer;
  v_articles integer;
begin
  delete from public.github_repositories as r where r.removed_at < v_before;
  get diagnostics v_repositories = row_count;
  delete from public.youtube_videos as v where v.removed_at < v_before;
  get diagnostics v_videos = row_count;
  delete from public.devto_articles as a where a.removed_at < v_before;
  get diagnostics v_articles = row_count;
  return v_repositories + v_videos + v_articles;
end;
$$;
comment on function private.prune_removed_resources is
  'Deletes repositories, videos and articles that were removed before '
  'devpulse_settings.reading_retention_days, and returns how many. For the scheduler.';

-- 50_devpulse/70_snapshots/10_analytics_snapshots.sql
-- Snapshots: the numbers of a user's day, week or month, on a platform or on all.

create table public.analytics_snapshots (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  workspace_id uuid,
  platform text not null,
  snapshot_type text not null,
  snapshot_date date not null,
  metrics jsonb not null,
  created_at timestamptz not null default now(),
  gaps text[] not null default '{}',
  constraint analytics_snapshots_pkey primary key (id),
  constraint analytics_snapshots_user_platform_date_idx
    unique nulls not distinct (user_id, workspace_id, platform, snapshot_date, snapshot_type),
  constraint analytics_snapshots_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint analytics_snapshots_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint analytics_snapshots_platform_is_known check (platform in ('github', 'youtube', 'devto', 'all')),
  constraint analytics_snapshots_type_is_known check (snapshot_type in ('daily', 'weekly', 'monthly')),
  constraint analytics_snapshots_metrics_are_an_object check (jsonb_typeof(metrics) = 'object')
);
create index analytics_snapshots_user_id_idx on public.analytics_snapshots (user_id);
create index analytics_snapshots_workspace_id_idx on public.analytics_snapshots (workspace_id);
create index analytics_snapshots_platform_idx on public.analytics_snapshots (platform);
create index analytics_snapshots_date_idx on public.analytics_snapshots (snapshot_date);
-- A workspace's series: the sum over its users.
create index analytics_snapshots_workspace_platform_date_idx
  on public.analytics_snapshots (workspace_id, platform, snapshot_type, snapshot_date)
  where workspace_id is not null;
comment on table public.analytics_snapshots is
  'Numbers per user, workspace, platform and period, made by a job. Users see their own without a '
  'workspace; members see those of their workspaces.';
comment on column public.analytics_snapshots.workspace_id is
  'Null: everything that the user watches. Else what they watch in this workspace; the workspace''s number '
  'is the sum over its users.';
comment on column public.analytics_snapshots.platform is
  'github, youtube, devto, or all of them in one row.';
comment on column public.analytics_snapshots.snapshot_date is
  'The day in the user''s time zone; of a week its Monday, of a month its first day.';
comment on column public.analytics_snapshots.metrics is
  '{"github": {"total_stars": 1500, …}, …} with a key per platform; null for a number that is not known.';
comment on column public.analytics_snapshots.gaps is
  'The metrics that were not read in the period, as <platform>.<metric>; they are null in metrics.';

create trigger _900_set_created_at before insert or update on public.analytics_snapshots
  for each row execute function private.set_created_at();

alter table public.analytics_snapshots enable row level security;
create policy analytics_snapshots_select_own_and_workspace on public.analytics_snapshots
  for select to authenticated using (
    workspace_id is null and user_id = (select auth.uid())
    or workspace_id = any (array(select private.my_workspace_ids()))
  );

grant select on public.analytics_snapshots to authenticated;
grant select, insert, update, delete on public.analytics_snapshots to service_role;

-- 50_devpulse/70_snapshots/12_snapshot_metrics.sql
-- The metrics of snapshots, listed once: what each is made of, and the names that goals may use for it.

create table private.snapshot_metrics (
  platform text not null,
  metric text not null,
  coverage text not null,
  fold text not null,
  reading text not null,
  constraint snapshot_metrics_pkey primary key (platform, metric),
  constraint snapshot_metrics_platform_is_known check (platform in ('github', 'youtube', 'devto')),
  constraint snapshot_metrics_coverage_is_known check (coverage in ('resources', 'contributions')),
  constraint snapshot_metrics_fold_fits_coverage check (
    case coverage when 'resources' then fold in ('sum', 'count') else fold in ('flow', 'total') end
  )
);
comment on table private.snapshot_metrics is
  'One row per platform and metric of analytics_snapshots. Written by the schema alone.';
comment on column private.snapshot_metrics.coverage is
  'What a monitor has to cover for the metric: resources (repositories, a channel, articles), '
  'or the contributions.';
comment on column private.snapshot_metrics.fold is
  'sum: of the resources'' readings. count: how many resources were read. flow: of the day in '
  'github_contributions. total: all stored days up to the day. All but flow are levels.';
comment on column private.snapshot_metrics.reading is
  'The metric in metric_readings, or the column of github_contributions without its ending _count.';
alter table private.snapshot_metrics enable row level security;

insert into private.snapshot_metrics (platform, metric, coverage, fold, reading) values
  ('github', 'total_stars', 'resources', 'sum', 'stars'),
  ('github', 'total_forks', 'resources', 'sum', 'forks'),
  ('github', 'total_open_issues', 'resources', 'sum', 'open_issues'),
  ('github', 'repositories_count', 'resources', 'count', 'stars'),
  ('github', 'commits', 'contributions', 'flow', 'commits'),
  ('github', 'pull_requests', 'contributions', 'flow', 'pull_requests'),
  ('github', 'issues', 'contributions', 'flow', 'issues'),
  ('github', 'total_commits', 'contributions', 'total', 'commits'),
  ('github', 'total_pull_requests', 'contributions', 'total', 'pull_requests'),
  ('github', 'total_issues', 'contributions', 'total', 'issues'),
  ('youtube', 'total_subscribers', 'resources', 'sum', 'channel_subscribers'),
  ('youtube', 'total_views', 'resources', 'sum', 'channel_views'),
  ('youtube', 'total_videos', 'resources', 'sum', 'channel_videos'),
  ('youtube', 'total_likes', 'resources', 'sum', 'likes'),
  ('youtube', 'total_comments', 'resources', 'sum', 'comments'),
  ('devto', 'total_views', 'resources', 'sum', 'views'),
  ('devto', 'total_reactions', 'resources', 'sum', 'reactions'),
  ('devto', 'total_comments', 'resources', 'sum', 'comments'),
  ('devto', 'total_articles', 'resources', 'count', 'reactions');

-- The words that people use, such as the seed's goal types, and the metrics that they stand for.
create table private.metric_aliases (
  alias text not null,
  metric text not null,
  constraint metric_aliases_pkey primary key (alias)
);
comment on table private.metric_aliases is 'Other names of metrics. Written by the schema alone.';
alter table private.metric_aliases enable row level security;

insert into private.metric_aliases (alias, metric) values
  ('stars', 'total_stars'), ('forks', 'total_forks'), ('open_issues', 'total_open_issues'),
  ('repositories', 'repositories_count'), ('repos', 'repositories_count'), ('prs', 'pull_requests'),
  ('subscribers', 'total_subscribers'), ('followers', 'total_subscribers'), ('views', 'total_views'),
  ('videos', 'total_videos'), ('likes', 'total_likes'), ('comments', 'total_comments'),
  ('reactions', 'total_reactions'), ('articles', 'total_articles'), ('posts', 'total_articles');

-- What the tracker counts, for members of the team, under the platform `all`.
create or replace function private.is_tracker_metric(p_metric text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_metric in ('tracker_open_issues', 'tracker_median_hours_to_resolve');
end;
$$;
comment on function private.is_tracker_metric is
  'Whether it is the name of a metric of the tracker: tracker_, and its name in the snapshot.';

create or replace function private.parse_metric(p_platform text, p_name text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_name text := regexp_replace(lower(private.non_blank(p_name)), '[[:space:]-]+', '_', 'g');
begin
  v_name := coalesce((select a.metric from private.metric_aliases as a where a.alias = v_name), v_name);
  if p_platform = 'all' and private.is_tracker_metric(v_name) or exists (
    select from private.snapshot_metrics as m
    where m.metric = v_name and (m.platform = p_platform or p_platform = 'all')
  )
  then
    return v_name;
  end if;
  return null;
end;
$$;
comment on function private.parse_metric is
  'The metric of a platform, or of all, by its name or another name for it, in any case; null for others.';

create or replace function private.known_metrics(p_platform text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select string_agg(distinct k.name, ', ' order by k.name)
    from (
      select m.metric collate "C" as name
      from private.snapshot_metrics as m where m.platform = p_platform or p_platform = 'all'
      union all
      select t.name from unnest(array['tracker_open_issues', 'tracker_median_hours_to_resolve']) as t (name)
      where p_platform = 'all'
    ) as k
  );
end;
$$;
comment on function private.known_metrics is 'The metrics of a platform, or of all, for hints.';

create or replace function private.is_flow_metric(p_metric text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from private.snapshot_metrics as m where m.metric = p_metric and m.fold = 'flow');
end;
$$;
comment on function private.is_flow_metric is
  'Whether the metric counts what happened in a period, such as commits; other metrics are levels.';

-- NaN is what makes a sum unknown: it stays NaN whatever is added, and null is left out.
create or replace function private.metric_value(p_metrics jsonb, p_platforms text[], p_metric text)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_platform text;
  v_cell jsonb;
  v_sum numeric;
begin
  foreach v_platform in array p_platforms loop
    v_cell := p_metrics -> v_platform -> p_metric;
    if v_cell = 'null' then
      return 'NaN'::numeric;
    elsif v_cell is not null then
      v_sum := coalesce(v_sum, 0) + v_cell::numeric;
    end if;
  end loop;
  return v_sum;
end;
$$;
comment on function private.metric_value is
  'A metric of a snapshot, summed over the platforms that have it: NaN for a gap, null where none has it.';

-- 50_devpulse/70_snapshots/20_snapshot_marks.sql
-- Which days of which users have to be built again. Writers append marks, and the job removes them.

-- Without a foreign key and without a unique key: writers of readings wait neither for each other nor for the
-- job.
create table private.snapshot_marks (
  id bigint not null generated always as identity,
  user_id uuid not null,
  day date not null,
  is_cumulative boolean not null default false,
  constraint snapshot_marks_pkey primary key (id)
);
create index snapshot_marks_user_id_day_idx on private.snapshot_marks (user_id, day);
comment on table private.snapshot_marks is
  'Days whose readings, contributions or coverage changed since their snapshots were built. '
  'Removed by run_snapshots().';
comment on column private.snapshot_marks.is_cumulative is
  'Whether the totals of the days after it, up to the last one that has a snapshot, changed too.';
alter table private.snapshot_marks enable row level security;

-- What is read late for a past day is missing on the days after it that did not have it.
create or replace function private.mark_new_readings() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day)
  select distinct r.user_id, r.day + d.n
  from (
    select distinct c.user_id, n.day
    from new_rows as n join public.platform_connections as c on c.id = n.connection_id
  ) as r
  join public.profiles as p on p.id = r.user_id
  cross join lateral generate_series(
    0, least(greatest(private.local_day(p.timezone, now()) - r.day, 0), 30)
  ) as d (n);
  return null;
end;
$$;
comment on function private.mark_new_readings is
  'After-insert-statement trigger of metric_readings: marks their days, each once, and for a day that is '
  'over the 30 days after it.';

create or replace function private.mark_changed_readings() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day)
  select distinct c.user_id, n.day
  from new_rows as n
  join old_rows as o on o.connection_id = n.connection_id and o.day = n.day and o.metric = n.metric
    and o.resource_id = n.resource_id
  join public.platform_connections as c on c.id = n.connection_id
  where n.value <> o.value;
  return null;
end;
$$;
comment on function private.mark_changed_readings is
  'After-update-statement trigger of metric_readings: marks the days on which a value changed. The same '
  'value read again marks nothing.';

create or replace function private.mark_new_contributions() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day, is_cumulative)
  select c.user_id, n.date, (n.commits_count, n.pull_requests_count, n.issues_count) <> (0, 0, 0)
  from new_rows as n join public.platform_connections as c on c.id = n.platform_connection_id;
  return null;
end;
$$;
comment on function private.mark_new_contributions is
  'After-insert-statement trigger of github_contributions: marks their days, and those after them.';

create or replace function private.mark_changed_contributions() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day, is_cumulative)
  select c.user_id, n.date, true
  from new_rows as n
  join old_rows as o on o.id = n.id
  join public.platform_connections as c on c.id = n.platform_connection_id
  where (n.commits_count, n.pull_requests_count, n.issues_count)
    <> (o.commits_count, o.pull_requests_count, o.issues_count);
  return null;
end;
$$;
comment on function private.mark_changed_contributions is
  'After-update-statement trigger of github_contributions: marks the days whose numbers changed, and '
  'those after them.';

create trigger _100_mark_new_readings after insert on private.metric_readings
  referencing new table as new_rows
  for each statement execute function private.mark_new_readings();
create trigger _110_mark_changed_readings after update on private.metric_readings
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_changed_readings();
create trigger _100_mark_new_contributions after insert on public.github_contributions
  referencing new table as new_rows
  for each statement execute function private.mark_new_contributions();
create trigger _110_mark_changed_contributions after update on public.github_contributions
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_changed_contributions();

-- 50_devpulse/70_snapshots/22_snapshot_state.sql
-- Up to which day the days of a user are closed: a day that ends without a reading gets a snapshot with gaps.

create table private.snapshot_state (
  user_id uuid not null,
  closed_through date not null,
  closes_at timestamptz not null,
  constraint snapshot_state_pkey primary key (user_id),
  constraint snapshot_state_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);
-- The job asks every minute whose day has ended; a row changes once a day.
create index snapshot_state_closes_at_idx on private.snapshot_state (closes_at);
comment on table private.snapshot_state is
  'One row per user who has an active monitor or is in the team.';
comment on column private.snapshot_state.closed_through is
  'The last day, in the user''s time zone, that has ended and has its snapshots.';
comment on column private.snapshot_state.closes_at is 'When the day after it ends there.';
alter table private.snapshot_state enable row level security;

-- Midnight that a change to summer time skips is the first moment after it.
create or replace function private.day_start(p_timezone text, p_day date) returns timestamptz
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_day::timestamp at time zone coalesce(p_timezone, 'UTC');
end;
$$;
comment on function private.day_start is 'When a day begins in a time zone; null counts as UTC.';

create or replace function private.local_day(p_timezone text, p_at timestamptz) returns date
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (p_at at time zone coalesce(p_timezone, 'UTC'))::date;
end;
$$;
comment on function private.local_day is 'The day in a time zone; null counts as UTC.';

create or replace function private.sync_snapshot_state(p_user_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_state (user_id, closed_through, closes_at)
  select p.id, d.today - 1, private.day_start(p.timezone, d.today + 1)
  from public.profiles as p
  cross join lateral (select private.local_day(p.timezone, now()) as today) as d
  where p.id = any (p_user_ids) and (
    exists (select from public.monitors as m where m.user_id = p.id and m.is_active)
    or exists (select from public.team_members as t where t.user_id = p.id)
  )
  order by p.id
  -- who deletes the account waits for the monitors that are being deleted here
  for key share of p skip locked
  on conflict on constraint snapshot_state_pkey do nothing;
  delete from private.snapshot_state as s
  where s.user_id = any (p_user_ids)
    and not exists (select from public.monitors as m where m.user_id = s.user_id and m.is_active)
    and not exists (select from public.team_members as t where t.user_id = s.user_id);
end;
$$;
comment on function private.sync_snapshot_state is
  'Begins to close the days of these users, from today on, or ends it, by what they have.';

-- A mark that waits is enough, and is locked, so that no run removes it before this transaction is committed.
create or replace function private.mark_today(p_user_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v record;
begin
  for v in
    select p.id, private.local_day(p.timezone, now()) as day
    from public.profiles as p where p.id = any (p_user_ids) order by p.id
  loop
    perform from private.snapshot_marks as m
    where m.user_id = v.id and m.day = v.day and not m.is_cumulative
    limit 1 for key share skip locked;
    if not found then
      insert into private.snapshot_marks (user_id, day) values (v.id, v.day);
    end if;
  end loop;
end;
$$;
comment on function private.mark_today is 'Marks the day that these users have now, unless it is marked.';

create or replace function private.sync_day_end() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.snapshot_state as s set closes_at = private.day_start(new.timezone, s.closed_through + 2)
  where s.user_id = new.id;
  return null;
end;
$$;
comment on function private.sync_day_end is
  'After-update trigger of profiles whose time zone changes: the current day ends at another time. Days '
  'that have readings stay what they are.';

create trigger _200_sync_day_end after update on public.profiles
  for each row when (old.timezone is distinct from new.timezone) execute function private.sync_day_end();

create or replace function private.close_days(p_now timestamptz, p_limit integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with due as (
    select s.user_id, s.closed_through, p.timezone, private.local_day(p.timezone, p_now) as today
    from private.snapshot_state as s join public.profiles as p on p.id = s.user_id
    where s.closes_at <= p_now
    order by s.closes_at
    limit p_limit
    for update of s skip locked
  ),
  moved as (
    update private.snapshot_state as s
    set closed_through = greatest(d.today - 1, d.closed_through),
      closes_at = private.day_start(d.timezone, greatest(d.today, d.closed_through + 1) + 1)
    from due as d where d.user_id = s.user_id
  )
  -- where the job did not run for long, the last year is enough
  insert into private.snapshot_marks (user_id, day)
  select d.user_id, n.day::date
  from due as d
  cross join lateral generate_series(
    greatest(d.closed_through + 1, d.today - 366)::timestamp, (d.today - 1)::timestamp, interval '1 day'
  ) as n (day);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.close_days is
  'Marks the days that have ended since, of up to p_limit users. Returns the number of marks.';

-- 50_devpulse/70_snapshots/24_monitor_ends.sql
-- What monitors covered on the days before they ended: such a day counts it also when it is built again.
--
-- An active monitor covers every day, as far as there are readings: what is watched from today on may have
-- contributions of the past. One that ends stops to count on that day, in the user's time zone.

create table private.monitor_ends (
  id bigint not null generated always as identity,
  platform_connection_id uuid not null,
  workspace_id uuid,
  monitor_type text not null,
  platform_resource_id text,
  started_on date not null,
  ended_on date not null,
  constraint monitor_ends_pkey primary key (id),
  constraint monitor_ends_coverage_idx unique nulls not distinct (
    platform_connection_id, workspace_id, monitor_type, platform_resource_id
  ),
  constraint monitor_ends_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade,
  constraint monitor_ends_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade
);
create index monitor_ends_workspace_id_idx on private.monitor_ends (workspace_id);
comment on table private.monitor_ends is
  'What monitors covered that were deleted, deactivated or changed, and until when.';
comment on column private.monitor_ends.started_on is
  'When it was created: earlier days without a reading have no snapshot.';
comment on column private.monitor_ends.ended_on is 'The first day that it no longer covers.';
alter table private.monitor_ends enable row level security;

-- A monitor that ends on the day on which it was created has covered no whole day. What is deleted with its
-- connection or workspace has no days left: those are gone by now, and the joins find nothing. What is being
-- deleted is skipped, since whoever deletes it waits for these monitors.
create or replace function private.record_monitor_ends(p_monitors public.monitors[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.monitor_ends as e (
    platform_connection_id, workspace_id, monitor_type, platform_resource_id, started_on, ended_on
  )
  select m.platform_connection_id, m.workspace_id, m.monitor_type, m.platform_resource_id,
    min(private.local_day(p.timezone, m.created_at)), d.today
  from unnest(p_monitors) as m
  join (
    select c.id, c.user_id from public.platform_connections as c
    where c.id in (select o.platform_connection_id from unnest(p_monitors) as o)
    order by c.id for key share skip locked
  ) as c on c.id = m.platform_connection_id
  join public.profiles as p on p.id = c.user_id
  cross join lateral (select private.local_day(p.timezone, now()) as today) as d
  where m.is_active and private.local_day(p.timezone, m.created_at) < d.today and (
    m.workspace_id is null or m.workspace_id in (
      select w.id from public.workspaces as w
      where w.id in (select o.workspace_id from unnest(p_monitors) as o)
      order by w.id for key share skip locked
    )
  )
  group by m.platform_connection_id, m.workspace_id, m.monitor_type, m.platform_resource_id, d.today
  on conflict on constraint monitor_ends_coverage_idx do update
  set started_on = least(e.started_on, excluded.started_on),
    ended_on = greatest(e.ended_on, excluded.ended_on);
end;
$$;
comment on function private.record_monitor_ends is 'Stores that what these monitors covered ends today.';

create or replace function private.sync_new_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_ids constant uuid[] := array(select distinct n.user_id from new_rows as n where n.is_active);
begin
  perform private.sync_snapshot_state(v_user_ids), private.mark_today(v_user_ids);
  return null;
end;
$$;
comment on function private.sync_new_monitors is
  'After-insert-statement trigger of monitors: begins to close days, and marks today.';

create or replace function private.sync_changed_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_changed public.monitors[];
  v_user_ids uuid[];
begin
  select array_agg(o::public.monitors), array_agg(distinct o.user_id) into v_changed, v_user_ids
  from old_rows as o join new_rows as n on n.id = o.id
  where (o.is_active or n.is_active)
    and (o.is_active, o.workspace_id, o.platform_connection_id, o.monitor_type, o.platform_resource_id)
      is distinct from
      (n.is_active, n.workspace_id, n.platform_connection_id, n.monitor_type, n.platform_resource_id);
  if v_user_ids is not null then
    perform private.record_monitor_ends(v_changed), private.sync_snapshot_state(v_user_ids),
      private.mark_today(v_user_ids);
  end if;
  return null;
end;
$$;
comment on function private.sync_changed_monitors is
  'After-update-statement trigger of monitors: records what ends, and marks today, where coverage changes.';

create or replace function private.sync_deleted_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_ids constant uuid[] := array(select distinct o.user_id from old_rows as o where o.is_active);
begin
  perform private.record_monitor_ends(array(select o::public.monitors from old_rows as o)),
    private.sync_snapshot_state(v_user_ids), private.mark_today(v_user_ids);
  return null;
end;
$$;
comment on function private.sync_deleted_monitors is
  'After-delete-statement trigger of monitors: records what ends, and marks today.';

create trigger _600_sync_new_monitors after insert on public.monitors
  referencing new table as new_rows
  for each statement execute function private.sync_new_monitors();
create trigger _610_sync_changed_monitors after update on public.monitors
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.sync_changed_monitors();
create trigger _620_sync_deleted_monitors after delete on public.monitors
  referencing old table as old_rows
  for each statement execute function private.sync_deleted_monitors();

-- 50_devpulse/70_snapshots/26_removed_resources.sql
-- Resources that a provider no longer lists: since when they don't count.

create or replace function private.mark_removed_resources() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day)
  select distinct r.user_id, d.day::date
  from (
    select c.user_id, p.timezone, min(least(o.removed_at, n.removed_at)) as removed_at
    from old_rows as o
    join new_rows as n on n.id = o.id
    join public.platform_connections as c on c.id = n.platform_connection_id
    join public.profiles as p on p.id = c.user_id
    where o.removed_at is distinct from n.removed_at
    group by c.user_id, p.timezone
  ) as r
  cross join lateral (select private.local_day(r.timezone, now()) as today) as t
  cross join lateral generate_series(
    greatest(private.local_day(r.timezone, r.removed_at), t.today - 366)::timestamp,
    greatest(t.today, private.local_day(r.timezone, r.removed_at))::timestamp, interval '1 day'
  ) as d (day);
  return null;
end;
$$;
comment on function private.mark_removed_resources is
  'After-update-statement trigger of repositories, videos and articles: marks the days from which one was '
  'removed, or is listed again.';

create trigger _600_mark_removed_resources after update on public.github_repositories
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_removed_resources();
create trigger _600_mark_removed_resources after update on public.youtube_videos
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_removed_resources();
create trigger _600_mark_removed_resources after update on public.devto_articles
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_removed_resources();

-- 50_devpulse/70_snapshots/28_tracker_readings.sql
-- The tracker's numbers, for members of the team: read into their day, until their role ends.

create table private.tracker_readings (
  user_id uuid not null,
  day date not null,
  open_issues bigint not null,
  median_hours_to_resolve numeric,
  constraint tracker_readings_pkey primary key (user_id, day),
  constraint tracker_readings_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);
comment on table private.tracker_readings is
  'One row per member of the team and day, with the last numbers of that day in the member''s time zone.';
comment on column private.tracker_readings.median_hours_to_resolve is
  'Of the issues that were resolved in the 30 days before; null where none was.';
alter table private.tracker_readings enable row level security;

create or replace function private.median_hours_to_resolve(p_now timestamptz) returns numeric
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select trim_scale(round(percentile_cont(0.5) within group (order by c.hours)::numeric, 2))
    from private.counted_issues as c
    where c.space_number = 1 and c.hours is not null
      and c.resolved_week >= date_trunc('week', (p_now - interval '30 days') at time zone 'UTC')::date
      and c.created_at + c.hours * interval '1 hour' > p_now - interval '30 days'
  );
end;
$$;
comment on function private.median_hours_to_resolve is
  'The median time from creation to resolution of the issues that were resolved in the last 30 days, in '
  'hours. No test issues.';

create or replace function private.run_tracker_readings(p_now timestamptz default now()) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open bigint;
  v_median numeric;
  v_count integer;
begin
  select coalesce(sum(a.issue_count), 0)::bigint into v_open from private.load_issue_status_ages() as a;
  v_median := private.median_hours_to_resolve(p_now);
  with stored as (
    insert into private.tracker_readings as r (user_id, day, open_issues, median_hours_to_resolve)
    select t.user_id, private.local_day(p.timezone, p_now), v_open, v_median
    from public.team_members as t join public.profiles as p on p.id = t.user_id
    where private.is_active_account(t.user_id) and not exists (
      select from private.tracker_readings as o
      where o.user_id = t.user_id and o.day = private.local_day(p.timezone, p_now)
        and o.open_issues = v_open and o.median_hours_to_resolve is not distinct from v_median
    )
    on conflict on constraint tracker_readings_pkey do update
    set open_issues = excluded.open_issues, median_hours_to_resolve = excluded.median_hours_to_resolve
    returning r.user_id, r.day
  )
  insert into private.snapshot_marks (user_id, day) select s.user_id, s.day from stored as s;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.run_tracker_readings is
  'Reads the tracker''s numbers into the current day of each member of the team. Returns how many changed. '
  'For the scheduler.';

create or replace function private.count_tracker(p_user_id uuid, p_from date, p_to date) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select case when count(*) > 0 then jsonb_build_object(
      'open_issues', (array_agg(r.open_issues order by r.day desc))[1],
      'median_hours_to_resolve', (
        array_agg(r.median_hours_to_resolve order by r.day desc)
          filter (where r.median_hours_to_resolve is not null)
      )[1]
    ) end
    from private.tracker_readings as r
    where r.user_id = p_user_id and r.day between p_from and p_to
  );
end;
$$;
comment on function private.count_tracker is
  'The last known numbers of the tracker in a period of a member of the team; null for anybody else.';

create or replace function private.sync_member_readings() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.sync_snapshot_state(array[coalesce(new.user_id, old.user_id)]);
  if tg_op = 'DELETE' then
    delete from private.tracker_readings as r using public.profiles as p
    where r.user_id = old.user_id and p.id = r.user_id and r.day >= private.local_day(p.timezone, now());
    perform private.mark_today(array[old.user_id]);
  end if;
  return null;
end;
$$;
comment on function private.sync_member_readings is
  'After-insert and after-delete row trigger of team_members: who leaves keeps the days before today.';

create trigger _300_sync_member_readings after insert or delete on public.team_members
  for each row execute function private.sync_member_readings();

-- 50_devpulse/70_snapshots/30_count_scopes.sql
-- What is counted: for each user and day, alone and in each workspace, what the monitors cover.

create or replace function private.list_workspaces(p_user_ids uuid[])
returns table (user_id uuid, workspace_id uuid)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select u.user_id, null::uuid from unnest(p_user_ids) as u (user_id)
  union
  select m.user_id, m.workspace_id from public.monitors as m
  where m.user_id = any (p_user_ids) and m.workspace_id is not null
  union
  select c.user_id, e.workspace_id
  from private.monitor_ends as e
  join public.platform_connections as c on c.id = e.platform_connection_id
  where c.user_id = any (p_user_ids) and e.workspace_id is not null;
end;
$$;
comment on function private.list_workspaces is
  'For each of these users a row without a workspace, and the workspaces in which they have or had monitors.';

create type private.count_scope as (
  user_id uuid,
  workspace_id uuid,
  connection_id uuid,
  platform text,
  timezone text,
  day date,
  resource_ids text[],
  has_contributions boolean,
  is_watched boolean,
  unit_id bigint
);
comment on type private.count_scope is
  'A day of a connection, for its user alone (workspace_id null) or in a workspace. resource_ids: null for '
  'all repositories, the channel, or all articles; else the repositories that count, which may be none. '
  'is_watched: there was a monitor on the day. unit_id: the same for scopes with the same numbers.';

create or replace function private.count_scopes(p_user_ids uuid[], p_days date[])
returns setof private.count_scope
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with cover as (
    select c.user_id, c.id, c.platform, coalesce(p.timezone, 'UTC') as timezone, m.workspace_id,
      m.monitor_type, m.platform_resource_id,
      (m.created_at at time zone coalesce(p.timezone, 'UTC'))::date as started_on,
      'infinity'::date as ended_on
    from public.platform_connections as c
    join public.profiles as p on p.id = c.user_id
    join public.monitors as m on m.platform_connection_id = c.id and m.is_active
    where c.user_id = any (p_user_ids)
    union all
    select c.user_id, c.id, c.platform, coalesce(p.timezone, 'UTC'), e.workspace_id, e.monitor_type,
      e.platform_resource_id, e.started_on, e.ended_on
    from public.platform_connections as c
    join public.profiles as p on p.id = c.user_id
    join private.monitor_ends as e on e.platform_connection_id = c.id
    where c.user_id = any (p_user_ids)
  ),
  scope as (
    select v.user_id, s.workspace_id, v.id, v.platform, v.timezone, a.day, case
        when not bool_or(v.monitor_type in ('channel', 'all') or v.platform in ('youtube', 'devto'))
        then coalesce(
          array_agg(distinct v.platform_resource_id) filter (where v.monitor_type = 'repository'), '{}'
        )
      end as resource_ids,
      bool_or(v.monitor_type in ('user', 'all') and v.platform = 'github') as has_contributions,
      min(v.started_on) <= a.day as is_watched
    from unnest(p_user_ids, p_days) as a (user_id, day)
    join cover as v on v.user_id = a.user_id and v.ended_on > a.day
    cross join lateral (select null::uuid union select v.workspace_id) as s (workspace_id)
    group by v.user_id, s.workspace_id, v.id, v.platform, v.timezone, a.day
  )
  select s.*, dense_rank() over (order by s.id, s.day, s.resource_ids, s.has_contributions) from scope as s;
end;
$$;
comment on function private.count_scopes is
  'What monitors cover on these days of these users: p_days[n] of p_user_ids[n].';

-- 50_devpulse/70_snapshots/31_store_snapshots.sql
-- Writes what was counted: what changed, and nothing else.

create type private.counted_snapshot as (
  user_id uuid,
  workspace_id uuid,
  platform text,
  day date,
  metrics jsonb,
  gaps text[],
  is_known boolean,
  is_watched boolean
);
comment on type private.counted_snapshot is
  'A snapshot as it is to be stored. is_known: whether any of its metrics is known. is_watched: whether '
  'there was a monitor in it.';

-- What is stored is looked up before anything is inserted. Two branches, for a row of the user alone and one
-- in a workspace: `is not distinct from` uses no index.
create or replace function private.store_snapshots(p_type text, p_rows private.counted_snapshot[])
returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_changed constant private.counted_snapshot[] := array(
    select r
    from unnest(p_rows) as r
    left join lateral (
      select s.metrics, s.gaps from public.analytics_snapshots as s
      where r.workspace_id is null and s.workspace_id is null and s.user_id = r.user_id
        and s.platform = r.platform and s.snapshot_date = r.day and s.snapshot_type = p_type
      union all
      select s.metrics, s.gaps from public.analytics_snapshots as s
      where s.workspace_id = r.workspace_id and s.user_id = r.user_id
        and s.platform = r.platform and s.snapshot_date = r.day and s.snapshot_type = p_type
    ) as e on true
    where (e.metrics, e.gaps) is distinct from (r.metrics, r.gaps)
  );
begin
  insert into public.analytics_snapshots as o (
    user_id, workspace_id, platform, snapshot_type, snapshot_date, metrics, gaps
  )
  select r.user_id, r.workspace_id, r.platform, p_type, r.day, r.metrics, r.gaps from unnest(v_changed) as r
  on conflict on constraint analytics_snapshots_user_platform_date_idx do update
  set metrics = excluded.metrics, gaps = excluded.gaps;
end;
$$;
comment on function private.store_snapshots is
  'Inserts these snapshots, or updates those that are different. A row that is the same is not written.';

create or replace function private.clear_snapshots(
  p_type text, p_platforms text[], p_user_ids uuid[], p_days date[], p_rows private.counted_snapshot[]
) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  delete from public.analytics_snapshots as d
  where d.id in (
    select s.id
    from (select distinct a.user_id, a.day from unnest(p_user_ids, p_days) as a (user_id, day)) as a
    join private.list_workspaces(p_user_ids) as w on w.user_id = a.user_id
    cross join unnest(p_platforms) as p (platform)
    cross join lateral (
      select s.id from public.analytics_snapshots as s
      where w.workspace_id is null and s.workspace_id is null and s.user_id = a.user_id
        and s.platform = p.platform and s.snapshot_date = a.day and s.snapshot_type = p_type
      union all
      select s.id from public.analytics_snapshots as s
      where s.workspace_id = w.workspace_id and s.user_id = a.user_id
        and s.platform = p.platform and s.snapshot_date = a.day and s.snapshot_type = p_type
    ) as s
    left join unnest(p_rows) as r on r.user_id = a.user_id and r.platform = p.platform and r.day = a.day
      and coalesce(r.workspace_id, r.user_id) = coalesce(w.workspace_id, a.user_id)
    where r.user_id is null
  );
end;
$$;
comment on function private.clear_snapshots is
  'Deletes the snapshots of these days, p_days[n] of p_user_ids[n], that are not among p_rows: what the '
  'monitors no longer cover.';

-- 50_devpulse/70_snapshots/32_known_sum.sql
-- When a sum over resources is known: each of them was read, or its number has been hidden for long.

-- A number that was read in the 30 days before and not on the day is missing. After 30 days it is taken for
-- hidden, such as the comments of a video that allows none any more.
create or replace function private.is_reading_missing(
  p_scope private.count_scope, p_metric text, p_resource_ids text[]
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from unnest(p_resource_ids) as l (resource_id)
    where not exists (
      select from private.metric_readings as r
      where r.connection_id = p_scope.connection_id and r.day = p_scope.day and r.metric = p_metric
        and r.resource_id = l.resource_id
    )
    and exists (
      select from private.metric_readings as r
      where r.connection_id = p_scope.connection_id and r.metric = p_metric and r.resource_id = l.resource_id
        and r.day = any (array(select p_scope.day - n from generate_series(1, 30) as n))
    )
  );
end;
$$;
comment on function private.is_reading_missing is
  'Whether one of these resources, which count on the day, was not read on it, but in the 30 days before.';

create or replace function private.known_sum(
  p_scope private.count_scope, p_metric text, p_sum numeric, p_count bigint, p_resource_ids text[],
  p_list_length numeric
) returns numeric
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_count = 0 then
    -- an account that has nothing to read
    return case
      when p_list_length = 0 and p_resource_ids is null and p_scope.resource_ids is null then 0::numeric
    end;
  elsif p_count < cardinality(p_resource_ids)
    and private.is_reading_missing(p_scope, p_metric, p_resource_ids)
  then
    return null;
  end if;
  return p_sum;
end;
$$;
comment on function private.known_sum is
  'The sum of p_count readings of a day, or null where it is not known. p_resource_ids: what counts on the '
  'day; p_list_length: how many the account''s list had, if that was read.';

-- 50_devpulse/70_snapshots/34_count_platforms.sql
-- The numbers of a day on each platform, by what monitors cover.

-- One statement per platform for all days together. A lateral subquery reads the few rows of each day by
-- index: a join would hash all readings.
create type private.counted_unit as (
  unit_id bigint,
  metrics jsonb
);
comment on type private.counted_unit is 'The metrics of the scopes with this unit_id; null for a gap.';

-- The totals are those of the day, so a day that is not stored has none.
create or replace function private.count_contributions(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'commits', t.day_commits, 'pull_requests', t.day_pull_requests, 'issues', t.day_issues,
    'total_commits', case when t.day_commits is not null then t.commits end,
    'total_pull_requests', case when t.day_commits is not null then t.pull_requests end,
    'total_issues', case when t.day_commits is not null then t.issues end
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select
      sum(g.commits_count) as commits, sum(g.commits_count) filter (where g.date = s.day) as day_commits,
      sum(g.pull_requests_count) as pull_requests,
      sum(g.pull_requests_count) filter (where g.date = s.day) as day_pull_requests,
      sum(g.issues_count) as issues, sum(g.issues_count) filter (where g.date = s.day) as day_issues
    from public.github_contributions as g
    where g.platform_connection_id = s.connection_id and g.date <= s.day
  ) as t
  where s.has_contributions;
end;
$$;
comment on function private.count_contributions is
  'Counts the contributions of the day, and those of all stored days up to it.';

create or replace function private.count_repositories(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'total_stars', private.known_sum(s, 'stars', r.stars, r.stars_count, l.resource_ids, r.list_length),
    'total_forks', private.known_sum(s, 'forks', r.forks, r.forks_count, l.resource_ids, r.list_length),
    'total_open_issues', private.known_sum(
      s, 'open_issues', r.open_issues, r.open_issues_count, l.resource_ids, r.list_length
    ),
    'repositories_count', private.known_sum(
      s, 'stars', r.stars_count, r.stars_count, l.resource_ids, r.list_length
    )
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select array_agg(g.github_repo_id::text)
        filter (where g.removed_at is null or g.removed_at at time zone s.timezone >= s.day + 1)
        as resource_ids,
      array_agg(g.github_repo_id::text) filter (where g.removed_at at time zone s.timezone < s.day + 1)
        as removed_ids
    from public.github_repositories as g
    where g.platform_connection_id = s.connection_id
      and (s.resource_ids is null or g.github_repo_id::text = any (s.resource_ids))
  ) as l
  cross join lateral (
    select
      sum(o.value) filter (where o.metric = 'stars') as stars,
      count(*) filter (where o.metric = 'stars') as stars_count,
      sum(o.value) filter (where o.metric = 'forks') as forks,
      count(*) filter (where o.metric = 'forks') as forks_count,
      sum(o.value) filter (where o.metric = 'open_issues') as open_issues,
      count(*) filter (where o.metric = 'open_issues') as open_issues_count,
      max(o.value) filter (where o.metric = 'repositories') as list_length
    from private.metric_readings as o
    where o.connection_id = s.connection_id and o.day = s.day
      and (s.resource_ids is null or o.resource_id = any (s.resource_ids))
      and (l.removed_ids is null or o.resource_id <> all (l.removed_ids))
  ) as r
  where s.resource_ids is distinct from '{}';
end;
$$;
comment on function private.count_repositories is
  'Counts repositories. repositories_count is known where the stars are.';

create or replace function private.count_youtube(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'total_subscribers', r.subscribers, 'total_views', r.views, 'total_videos', r.videos,
    'total_likes', private.known_sum(s, 'likes', r.likes, r.likes_count, l.resource_ids, r.videos),
    'total_comments', private.known_sum(s, 'comments', r.comments, r.comments_count, l.resource_ids, r.videos)
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select array_agg(y.youtube_video_id)
        filter (where y.removed_at is null or y.removed_at at time zone s.timezone >= s.day + 1)
        as resource_ids,
      array_agg(y.youtube_video_id) filter (where y.removed_at at time zone s.timezone < s.day + 1)
        as removed_ids
    from public.youtube_videos as y
    where y.platform_connection_id = s.connection_id
  ) as l
  cross join lateral (
    select
      max(o.value) filter (where o.metric = 'channel_subscribers') as subscribers,
      max(o.value) filter (where o.metric = 'channel_views') as views,
      max(o.value) filter (where o.metric = 'channel_videos') as videos,
      sum(o.value) filter (where o.metric = 'likes') as likes,
      count(*) filter (where o.metric = 'likes') as likes_count,
      sum(o.value) filter (where o.metric = 'comments') as comments,
      count(*) filter (where o.metric = 'comments') as comments_count
    from private.metric_readings as o
    where o.connection_id = s.connection_id and o.day = s.day
      and (l.removed_ids is null or o.resource_id <> all (l.removed_ids))
  ) as r;
end;
$$;
comment on function private.count_youtube is 'Counts the channel, and likes and comments of its videos.';

create or replace function private.count_devto(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'total_views', private.known_sum(s, 'views', r.views, r.views_count, l.resource_ids, r.list_length),
    'total_reactions', private.known_sum(
      s, 'reactions', r.reactions, r.reactions_count, l.resource_ids, r.list_length
    ),
    'total_comments', private.known_sum(
      s, 'comments', r.comments, r.comments_count, l.resource_ids, r.list_length
    ),
    'total_articles', private.known_sum(
      s, 'reactions', r.reactions_count, r.reactions_count, l.resource_ids, r.list_length
    )
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select array_agg(a.devto_article_id::text)
        filter (where a.removed_at is null or a.removed_at at time zone s.timezone >= s.day + 1)
        as resource_ids,
      array_agg(a.devto_article_id::text) filter (where a.removed_at at time zone s.timezone < s.day + 1)
        as removed_ids
    from public.devto_articles as a
    where a.platform_connection_id = s.connection_id
  ) as l
  cross join lateral (
    select
      sum(o.value) filter (where o.metric = 'views') as views,
      count(*) filter (where o.metric = 'views') as views_count,
      sum(o.value) filter (where o.metric = 'reactions') as reactions,
      count(*) filter (where o.metric = 'reactions') as reactions_count,
      sum(o.value) filter (where o.metric = 'comments') as comments,
      count(*) filter (where o.metric = 'comments') as comments_count,
      max(o.value) filter (where o.metric = 'articles') as list_length
    from private.metric_readings as o
    where o.connection_id = s.connection_id and o.day = s.day
      and (l.removed_ids is null or o.resource_id <> all (l.removed_ids))
  ) as r;
end;
$$;
comment on function private.count_devto is
  'Counts articles. total_articles is known where the reactions are, which every article has.';

-- 50_devpulse/70_snapshots/35_count_daily.sql
-- The numbers of days, as snapshots have them.

create or replace function private.null_metrics(p_metrics jsonb) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select (p.key || '.' || m.key) collate "C"
    from jsonb_each(p_metrics) as p cross join lateral jsonb_each(p.value) as m
    where m.value = 'null'
    order by 1
  );
end;
$$;
comment on function private.null_metrics is 'The gaps of a snapshot: the metrics that are null, sorted.';

create or replace function private.count_daily(p_user_ids uuid[], p_days date[])
returns setof private.counted_snapshot
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_scopes constant private.count_scope[] := array(
    select s from private.count_scopes(p_user_ids, p_days) as s
  );
  v_github constant private.count_scope[] := array(
    select distinct on (s.unit_id) s from unnest(v_scopes) as s where s.platform = 'github'
    order by s.unit_id
  );
  v_youtube constant private.count_scope[] := array(
    select distinct on (s.unit_id) s from unnest(v_scopes) as s where s.platform = 'youtube'
    order by s.unit_id
  );
  v_devto constant private.count_scope[] := array(
    select distinct on (s.unit_id) s from unnest(v_scopes) as s where s.platform = 'devto'
    order by s.unit_id
  );
begin
  return query
  with counted as materialized (
    select unit_id, coalesce(r.metrics, '{}') || coalesce(c.metrics, '{}') as metrics
    from private.count_repositories(v_github) as r
    full join private.count_contributions(v_github) as c using (unit_id)
    union all
    select * from private.count_youtube(v_youtube)
    union all
    select * from private.count_devto(v_devto)
  )
  select s.user_id, s.workspace_id, s.platform, s.day, m.metrics,
    case when c.metrics @? '$.* ? (@ == null)' then private.null_metrics(m.metrics) else '{}' end,
    c.metrics @? '$.* ? (@ != null)', s.is_watched
  from counted as c
  join unnest(v_scopes) as s on s.unit_id = c.unit_id
  cross join lateral (select jsonb_build_object(s.platform, c.metrics) as metrics) as m;
end;
$$;
comment on function private.count_daily is
  'Counts these days of these users, p_days[n] of p_user_ids[n], alone and in each workspace, per platform.';

-- 50_devpulse/70_snapshots/36_store_daily.sql
-- Stores the snapshots of days, per platform.

create or replace function private.complete_old_snapshot(p_row private.counted_snapshot)
returns private.counted_snapshot
language plpgsql stable security definer set search_path = '' as $$
declare
  v_row private.counted_snapshot := p_row;
  v_old jsonb;
  v_new constant jsonb := p_row.metrics -> p_row.platform;
begin
  select s.metrics -> p_row.platform into v_old
  from public.analytics_snapshots as s
  where s.user_id = p_row.user_id and s.workspace_id is not distinct from p_row.workspace_id
    and s.platform = p_row.platform and s.snapshot_date = p_row.day and s.snapshot_type = 'daily';
  if found then
    v_row.metrics := jsonb_build_object(p_row.platform, v_new || v_old || jsonb_strip_nulls(v_new));
    v_row.gaps := private.null_metrics(v_row.metrics);
  end if;
  return v_row;
end;
$$;
comment on function private.complete_old_snapshot is
  'A day whose readings have been deleted, with the numbers that its snapshot has of them.';

-- Whoever travels west may be in a day again that has been closed. It stays closed: nothing closes it again.
create or replace function private.current_days(p_user_ids uuid[], p_now timestamptz)
returns table (user_id uuid, current_day date)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select p.id, greatest(private.local_day(p.timezone, p_now), s.closed_through + 1)
  from public.profiles as p left join private.snapshot_state as s on s.user_id = p.id
  where p.id = any (p_user_ids);
end;
$$;
comment on function private.current_days is
  'The day of each of these users that is not over: the first one that is not closed, at least today.';

create or replace function private.store_daily(p_user_ids uuid[], p_days date[], p_now timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_readings_days constant integer := (select s.reading_retention_days from public.devpulse_settings as s);
  v_rows private.counted_snapshot[];
  v_current_ids uuid[];
  v_current_days date[];
begin
  -- of a day that is not over, or before there was a monitor, nothing is stored while no number is known
  v_rows := array(
    select case when c.day < d.current_day - v_readings_days then private.complete_old_snapshot(c) else c end
    from private.count_daily(p_user_ids, p_days) as c
    join private.current_days(p_user_ids, p_now) as d on d.user_id = c.user_id
    where c.is_known or c.is_watched and c.day < d.current_day
  );
  select array_agg(a.user_id), array_agg(a.day) into v_current_ids, v_current_days
  from unnest(p_user_ids, p_days) as a (user_id, day)
  join private.current_days(p_user_ids, p_now) as d on d.user_id = a.user_id
  where a.day >= d.current_day;
  if v_current_ids is not null then
    perform private.clear_snapshots(
      'daily', array['github', 'youtube', 'devto'], v_current_ids, v_current_days, v_rows
    );
  end if;
  perform private.store_snapshots('daily', v_rows);
end;
$$;
comment on function private.store_daily is
  'Counts these days of these users and stores what changed. What was covered on a day that is over stays.';

-- 50_devpulse/70_snapshots/38_store_periods.sql
-- Stores the snapshots of weeks and months, made of those of their days.

create or replace function private.period_start(p_type text, p_day date) returns date
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_type when 'weekly' then date_trunc('week', p_day::timestamp)::date
    when 'monthly' then date_trunc('month', p_day::timestamp)::date else p_day end;
end;
$$;
comment on function private.period_start is
  'The first day of the period of a type of snapshot: a Monday, the first of a month, or the day itself.';

create or replace function private.period_end(p_type text, p_start date) returns date
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_type when 'weekly' then p_start + 6
    when 'monthly' then (p_start::timestamp + interval '1 month')::date - 1 else p_start end;
end;
$$;
comment on function private.period_end is 'The last day of the period that begins with this one.';

create or replace function private.last_known_metrics(
  p_user_id uuid, p_workspace_id uuid, p_platform text, p_from date, p_to date
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  -- of equal keys jsonb_object_agg keeps the last one: a known number, the latest
  return (
    select jsonb_object_agg(m.key, m.value order by m.value <> 'null', s.snapshot_date)
    from public.analytics_snapshots as s cross join lateral jsonb_each(s.metrics -> s.platform) as m
    where s.user_id = p_user_id and s.workspace_id is not distinct from p_workspace_id
      and s.platform = p_platform and s.snapshot_type = 'daily' and s.snapshot_date between p_from and p_to
  );
end;
$$;
comment on function private.last_known_metrics is
  'Each metric of the days of a period, by its last known number; null where it is not known on any.';

create type private.counted_days as (
  user_id uuid,
  workspace_id uuid,
  platform text,
  starts_on date,
  ends_on date,
  last_metrics jsonb,
  is_incomplete boolean,
  flows jsonb
);
comment on type private.counted_days is
  'The daily snapshots of a period. last_metrics: of the last of them. is_incomplete: these have gaps, or '
  'not all days have the same metrics. flows: the sums of the contributions, null for one that is not known.';

-- A flow is known once it is known of each day that is over.
create or replace function private.count_days(
  p_type text, p_user_ids uuid[], p_starts date[], p_now timestamptz
) returns setof private.counted_days
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select p.user_id, p.workspace_id, p.platform, p.starts_on, p.ends_on, d.last_metrics,
    d.gaps_count > 0 or d.is_varied, case
      when not d.has_flows then '{}'
      when d.known_count <= least(p.ends_on, p.today - 1) - p.starts_on
        then '{"commits": null, "pull_requests": null, "issues": null}'
      else d.flows
    end
  from (
    select w.user_id, w.workspace_id, f.platform, a.starts_on,
      private.period_end(p_type, a.starts_on) as ends_on,
      (p_now at time zone coalesce(p.timezone, 'UTC'))::date as today
    from unnest(p_user_ids, p_starts) as a (user_id, starts_on)
    join public.profiles as p on p.id = a.user_id
    join private.list_workspaces(p_user_ids) as w on w.user_id = a.user_id
    cross join unnest(array['github', 'youtube', 'devto']) as f (platform)
  ) as p
  cross join lateral (
    select (array_agg(s.numbers order by s.snapshot_date desc))[1] as last_metrics,
      (array_agg(cardinality(s.gaps) order by s.snapshot_date desc))[1] as gaps_count,
      count(distinct (s.numbers ? 'total_stars', s.numbers ? 'commits')) > 1 as is_varied,
      bool_or(s.numbers ? 'commits') as has_flows,
      count(s.numbers ->> 'commits') filter (where s.snapshot_date < p.today) as known_count,
      jsonb_build_object(
        'commits', sum((s.numbers ->> 'commits')::numeric),
        'pull_requests', sum((s.numbers ->> 'pull_requests')::numeric),
        'issues', sum((s.numbers ->> 'issues')::numeric)
      ) as flows
    from (
      select o.metrics -> p.platform as numbers, o.gaps, o.snapshot_date from public.analytics_snapshots as o
      where p.workspace_id is null and o.workspace_id is null and o.user_id = p.user_id
        and o.platform = p.platform and o.snapshot_type = 'daily'
        and o.snapshot_date between p.starts_on and p.ends_on
      union all
      select o.metrics -> p.platform, o.gaps, o.snapshot_date from public.analytics_snapshots as o
      where o.workspace_id = p.workspace_id and o.user_id = p.user_id
        and o.platform = p.platform and o.snapshot_type = 'daily'
        and o.snapshot_date between p.starts_on and p.ends_on
    ) as s
  ) as d
  where d.last_metrics is not null;
end;
$$;
comment on function private.count_days is
  'Counts the daily snapshots of periods, p_starts[n] of p_user_ids[n], alone and in each workspace.';

create or replace function private.count_periods(
  p_type text, p_user_ids uuid[], p_starts date[], p_now timestamptz
) returns setof private.counted_snapshot
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with counted as (
    select c.user_id, c.workspace_id, c.platform, c.starts_on,
      c.is_incomplete or c.flows -> 'commits' = 'null' as has_gaps,
      jsonb_build_object(c.platform, c.flows || case when c.is_incomplete
        then private.last_known_metrics(c.user_id, c.workspace_id, c.platform, c.starts_on, c.ends_on)
        else c.last_metrics end || c.flows) as metrics
    from private.count_days(p_type, p_user_ids, p_starts, p_now) as c
  )
  select c.user_id, c.workspace_id, c.platform, c.starts_on, c.metrics,
    case when c.has_gaps then private.null_metrics(c.metrics) else '{}' end, true, true
  from counted as c;
end;
$$;
comment on function private.count_periods is
  'Counts weeks or months of these users: levels of the last day on which each was read, and sums of flows.';

create or replace function private.count_all(p_type text, p_user_ids uuid[], p_starts date[])
returns setof private.counted_snapshot
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with key as (
    select w.user_id, w.workspace_id, a.starts_on
    from unnest(p_user_ids, p_starts) as a (user_id, starts_on)
    join private.list_workspaces(p_user_ids) as w on w.user_id = a.user_id
  ),
  part as (
    select k.user_id, k.workspace_id, k.starts_on, f.platform, s.metrics -> f.platform as numbers, s.gaps
    from key as k
    cross join unnest(array['github', 'youtube', 'devto']) as f (platform)
    cross join lateral (
      select o.metrics, o.gaps from public.analytics_snapshots as o
      where k.workspace_id is null and o.workspace_id is null and o.user_id = k.user_id
        and o.platform = f.platform and o.snapshot_date = k.starts_on and o.snapshot_type = p_type
      union all
      select o.metrics, o.gaps from public.analytics_snapshots as o
      where o.workspace_id = k.workspace_id and o.user_id = k.user_id
        and o.platform = f.platform and o.snapshot_date = k.starts_on and o.snapshot_type = p_type
    ) as s
    union all
    select k.user_id, k.workspace_id, k.starts_on, 'tracker', t.numbers,
      private.null_metrics(jsonb_build_object('tracker', t.numbers))
    from key as k
    cross join lateral private.count_tracker(
      k.user_id, k.starts_on, private.period_end(p_type, k.starts_on)
    ) as t (numbers)
    where k.workspace_id is null and t.numbers is not null
      and k.user_id in (select r.user_id from private.tracker_readings as r)
  )
  select p.user_id, p.workspace_id, 'all', p.starts_on, jsonb_object_agg(p.platform, p.numbers),
    coalesce(string_to_array(
      string_agg(array_to_string(p.gaps, ','), ',' order by p.platform) filter (where p.gaps <> '{}'), ','
    ), '{}'), true, true
  from part as p
  group by p.user_id, p.workspace_id, p.starts_on;
end;
$$;
comment on function private.count_all is
  'The snapshots over all platforms of these periods, made of the stored ones of each, with the tracker''s '
  'numbers for members of the team.';

create or replace function private.store_periods(
  p_type text, p_user_ids uuid[], p_starts date[], p_now timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_current_ids uuid[];
  v_current_starts date[];
  v_rows private.counted_snapshot[];
begin
  select array_agg(a.user_id), array_agg(a.starts_on) into v_current_ids, v_current_starts
  from unnest(p_user_ids, p_starts) as a (user_id, starts_on)
  join public.profiles as p on p.id = a.user_id
  where private.period_end(p_type, a.starts_on) >= (p_now at time zone coalesce(p.timezone, 'UTC'))::date;
  if p_type <> 'daily' then
    v_rows := array(select c from private.count_periods(p_type, p_user_ids, p_starts, p_now) as c);
    perform private.clear_snapshots(
      p_type, array['github', 'youtube', 'devto'], v_current_ids, v_current_starts, v_rows
    );
    perform private.store_snapshots(p_type, v_rows);
  end if;
  v_rows := array(select c from private.count_all(p_type, p_user_ids, p_starts) as c);
  perform private.clear_snapshots(p_type, array['all'], v_current_ids, v_current_starts, v_rows);
  perform private.store_snapshots(p_type, v_rows);
end;
$$;
comment on function private.store_periods is
  'Counts weeks or months of these users, and for any type the snapshots over all platforms, and '
  'stores what changed.';

-- 50_devpulse/70_snapshots/40_run_snapshots.sql
-- Builds the snapshots of the marked days: for everyone together, by a handful of statements.

create or replace function private.claim_snapshot_marks(p_limit integer)
returns table (user_id uuid, day date)
language plpgsql volatile security definer set search_path = '' as $$
begin
  return query
  with claimed as (
    delete from private.snapshot_marks as m
    where m.id in (
      select o.id from private.snapshot_marks as o order by o.id limit p_limit for update skip locked
    )
    returning m.user_id, m.day, m.is_cumulative
  ),
  asked as (
    select c.user_id, c.day from claimed as c
    union
    select c.user_id, s.snapshot_date
    from (
      select o.user_id, min(o.day) as day from claimed as o where o.is_cumulative group by o.user_id
    ) as c
    join public.analytics_snapshots as s
      on s.user_id = c.user_id and s.platform = 'github' and s.snapshot_type = 'daily'
        and s.snapshot_date > c.day
  )
  select a.user_id, a.day
  from asked as a
  join public.profiles as p on p.id = a.user_id
  cross join public.devpulse_settings as t
  where a.day > private.local_day(p.timezone, now()) - t.snapshot_retention_days
  order by a.user_id, a.day;
end;
$$;
comment on function private.claim_snapshot_marks is
  'Removes the oldest marks and returns their days, each once; of days older than daily snapshots '
  'are kept, none.';

create or replace function private.build_snapshots(p_user_ids uuid[], p_days date[], p_now timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_type text;
  v_user_ids uuid[];
  v_starts date[];
  v_retention_days constant integer := (select s.snapshot_retention_days from public.devpulse_settings as s);
begin
  perform private.store_daily(p_user_ids, p_days, p_now);
  foreach v_type in array array['daily', 'weekly', 'monthly'] loop
    -- of the oldest week and month not all days may be left
    select array_agg(k.user_id), array_agg(k.starts_on) into v_user_ids, v_starts
    from (
      select distinct a.user_id, private.period_start(v_type, a.day) as starts_on
      from unnest(p_user_ids, p_days) as a (user_id, day)
    ) as k
    where k.starts_on > (p_now at time zone 'UTC')::date - v_retention_days;
    if v_user_ids is not null then
      perform private.store_periods(v_type, v_user_ids, v_starts, p_now);
    end if;
  end loop;
  perform private.store_goals(p_user_ids, p_days, p_now);
end;
$$;
comment on function private.build_snapshots is
  'Builds these days of these users, the weeks and months that contain them, and their goals.';

-- The marks go first: each statement sees what is committed when it begins, so what is counted contains all
-- that the removed marks stand for, and a mark that is committed later stays for the next run. One run at a
-- time: an older count must not replace a newer one.
create or replace function private.run_snapshots(
  p_batch integer default 5000, p_now timestamptz default now()
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_ids uuid[];
  v_days date[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.run_snapshots', 0)) then
    return 0;
  end if;
  perform private.close_days(p_now, p_batch);
  select array_agg(c.user_id), array_agg(c.day) into v_user_ids, v_days
  from private.claim_snapshot_marks(p_batch) as c;
  if v_user_ids is null then
    return 0;
  end if;
  perform private.build_snapshots(v_user_ids, v_days, p_now);
  return cardinality(v_days);
end;
$$;
comment on function private.run_snapshots is
  'Closes the days that have ended, and builds the snapshots of up to p_batch marks. Returns how many days '
  'of users it built. For the scheduler.';

-- 50_devpulse/70_snapshots/45_incomplete_periods.sql
-- When the sum over a workspace is not complete yet.

-- A day ends on the islands at UTC-12 last. Until then, a workspace's number of it may lack a user's.
create or replace function private.incomplete_periods(p_workspace_id uuid, p_platform text, p_type text)
returns date[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_first constant date := (now() at time zone interval '-12:00')::date;
begin
  return array(
    select distinct private.period_start(p_type, v_first + n)
    from generate_series(0, 2) as n
    where exists (
      select from public.monitors as m
      where m.workspace_id = p_workspace_id and m.is_active and p_platform in (m.platform, 'all')
        and not exists (
          select from public.analytics_snapshots as s
          where s.user_id = m.user_id and s.workspace_id = p_workspace_id and s.platform = p_platform
            and s.snapshot_date = private.period_start(p_type, v_first + n) and s.snapshot_type = p_type
        )
        and exists (
          select from public.analytics_snapshots as s
          where s.user_id = m.user_id and s.workspace_id = p_workspace_id and s.platform = p_platform
            and s.snapshot_date < private.period_start(p_type, v_first + n) and s.snapshot_type = p_type
        )
    )
  );
end;
$$;
comment on function private.incomplete_periods is
  'Of the days, weeks or months that contain a day that has not ended everywhere, those of which a user of '
  'the workspace has no number yet.';

-- 50_devpulse/70_snapshots/50_backfill_snapshots.sql
-- Builds the snapshots of past days again, when somebody asks for it.

create or replace function private.raise_range_error(p_from date, p_to date, p_max_days integer) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- days of other years do not fit the types that ranges are computed with
  if p_from is null or p_to is null or p_from > p_to or p_from < '0001-01-01' or p_to > '9999-12-31' then
    raise exception using
      errcode = 'PT422', message = 'devpulse_range_invalid',
      detail = format('%s to %s is not a range of days.', coalesce(p_from::text, 'null'),
        coalesce(p_to::text, 'null')),
      hint = 'Send from and to as dates of the years 1 to 9999, from not after to.';
  elsif p_to - p_from >= p_max_days then
    raise exception using
      errcode = 'PT422', message = 'devpulse_range_too_large',
      detail = format('%s to %s are more than %s days.', p_from, p_to, p_max_days),
      hint = 'Send several shorter ranges.';
  end if;
end;
$$;
comment on function private.raise_range_error is
  'Returns for a range of up to p_max_days days. Errors: devpulse_range_invalid, '
  'devpulse_range_too_large (422).';

-- The queue is everybody's, in the order of arrival.
create or replace function private.check_waiting_marks(p_user_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and (
    select count(*) from (
      select from private.snapshot_marks as m where m.user_id = p_user_id limit 366
    ) as w
  ) >= 366 then
    raise exception using
      errcode = 'PT429', message = 'devpulse_backfill_rate_limited',
      detail = '366 days of the caller are waiting to be built.', hint = 'Wait a minute.';
  end if;
end;
$$;
comment on function private.check_waiting_marks is
  'Returns where fewer than 366 days of the user wait. Errors: devpulse_backfill_rate_limited (429).';

create or replace function private.backfill_snapshots(p_from date, p_to date, p_user_id uuid)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_trusted constant boolean := private.is_trusted_caller();
  v_user_id constant uuid := coalesce(p_user_id, auth.uid());
  v_today date;
  v_count integer;
begin
  if v_user_id is null or not v_is_trusted and not private.is_person_account(auth.uid()) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'Whose snapshots to build is not known.',
      hint = 'Sign in, or send user_id from a server.';
  elsif not v_is_trusted and v_user_id <> auth.uid() then
    raise exception using
      errcode = 'PT403', message = 'devpulse_backfill_forbidden',
      detail = 'Users build their own snapshots only.', hint = 'Leave user_id out.';
  end if;
  perform private.raise_range_error(p_from, p_to, case when v_is_trusted then 3700 else 366 end);
  select private.local_day(p.timezone, now()) into v_today from public.profiles as p where p.id = v_user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = format('No account has the id %s.', v_user_id), hint = 'Send the id of an account.';
  end if;
  perform private.check_waiting_marks(v_user_id);
  insert into private.snapshot_marks (user_id, day)
  select v_user_id, d.day::date
  from public.devpulse_settings as t
  cross join lateral generate_series(
    greatest(p_from, v_today - t.snapshot_retention_days)::timestamp, least(p_to, v_today)::timestamp,
    interval '1 day'
  ) as d (day)
  where not exists (
    select from private.snapshot_marks as m where m.user_id = v_user_id and m.day = d.day::date
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
grant execute on function private.backfill_snapshots to authenticated, service_role;

-- The names are the API's JSON keys. Both are reserved words, which have no other form in SQL than quoted.
create or replace function public.backfill_snapshots("from" date, "to" date, user_id uuid default null)
returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.backfill_snapshots(
    backfill_snapshots."from", backfill_snapshots."to", backfill_snapshots.user_id
  );
end;
comment on function public.backfill_snapshots is
  'Has the snapshots of these days, up to 366 and up to today, built again from what was read, within a '
  'minute or two; returns how many days were added to the queue. Of the caller; servers name a user, and up '
  'to 3,700 days. Errors: sign_in_required (401), devpulse_backfill_forbidden (403), devpulse_user_unknown '
  '(404), devpulse_range_invalid, devpulse_range_too_large (422), devpulse_backfill_rate_limited (429).';
grant execute on function public.backfill_snapshots to authenticated, service_role;

-- 50_devpulse/70_snapshots/60_prune_snapshots.sql
-- Keeps what snapshots leave behind small.

create or replace function private.prune_snapshots() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings public.devpulse_settings;
  v_count integer;
begin
  select s.* into v_settings from public.devpulse_settings as s;
  -- in the order of the table's index over dates, so that a run does what it can before it is canceled
  delete from public.analytics_snapshots as d
  where d.id in (
    select s.id from public.analytics_snapshots as s
    where s.snapshot_date < (now() at time zone 'UTC')::date - v_settings.snapshot_retention_days
      and s.snapshot_type = 'daily'
    order by s.snapshot_date
    limit 100000
  );
  get diagnostics v_count = row_count;
  delete from private.tracker_readings as r
  where r.day < (now() at time zone 'UTC')::date - v_settings.reading_retention_days;
  delete from private.monitor_ends as e
  where e.id in (
    select o.id
    from (
      select n.id, n.ended_on,
        row_number() over (
          partition by n.platform_connection_id order by n.ended_on desc, n.id desc
        ) as number
      from private.monitor_ends as n
    ) as o
    where o.number > 1000
      or o.ended_on < (now() at time zone 'UTC')::date - v_settings.reading_retention_days
  );
  return v_count;
end;
$$;
comment on function private.prune_snapshots is
  'Deletes daily snapshots that are older than snapshot_retention_days, up to 100,000 per run; and what '
  'monitors covered, and the tracker''s readings, from before reading_retention_days, or more than 1,000 '
  'former monitors of a connection. Returns the number of snapshots. For the scheduler.';

-- 50_devpulse/80_goals/10_goals.sql
-- Goals: a number to reach, or to keep below, by a day.

create table public.goals (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null default auth.uid(),
  workspace_id uuid,
  platform text not null,
  goal_type text not null,
  target_value numeric not null,
  current_value numeric not null default 0,
  unit text not null,
  start_date date not null,
  end_date date,
  is_achieved boolean not null default false,
  achieved_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  direction text not null default 'reach',
  baseline_value numeric,
  metric text not null default nullif('', ''),
  constraint goals_pkey primary key (id),
  constraint goals_user_id_fkey foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint goals_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete set null,
  constraint goals_platform_is_known check (platform in ('github', 'youtube', 'devto', 'all')),
  constraint goals_goal_type_is_not_too_long check (char_length(goal_type) between 1 and 100),
  constraint goals_unit_is_not_too_long check (char_length(unit) between 1 and 50),
  constraint goals_direction_is_known check (direction in ('reach', 'keep_below')),
  constraint goals_end_is_not_before_start check (end_date >= start_date),
  constraint goals_keep_below_has_an_end check (direction <> 'keep_below' or end_date is not null),
  constraint goals_achieved_at_matches_is_achieved check (is_achieved = (achieved_at is not null))
);
create index goals_user_id_idx on public.goals (user_id);
create index goals_workspace_id_idx on public.goals (workspace_id);
create index goals_platform_idx on public.goals (platform);
create index goals_is_achieved_idx on public.goals (is_achieved);
create index goals_user_active_idx on public.goals (user_id, is_achieved) where is_achieved = false;
comment on table public.goals is
  'A number to reach or to keep below. Users write their own; members see those of their workspaces. '
  'current_value, is_achieved, achieved_at and baseline_value follow the snapshots: what clients write '
  'there is ignored. Errors on write: sign_in_required (401), devpulse_workspace_unknown (404), '
  'devpulse_goals_limit_reached (409), devpulse_goal_invalid, devpulse_goal_type_invalid, '
  'devpulse_goal_unit_invalid, key_change_forbidden (422).';
comment on column public.goals.platform is 'github, youtube, devto, or all for the sum over the platforms.';
comment on column public.goals.goal_type is
  'The metric: stars, subscribers, views, commits, …, or a metric''s name in analytics_snapshots.';
comment on column public.goals.target_value is 'In unit.';
comment on column public.goals.current_value is
  'In unit, set by the database: of a level, such as stars, the last known value up to end_date; of what '
  'happens per day, such as commits, the sum from start_date to end_date. 0 while nothing is known.';
comment on column public.goals.unit is
  'percentage: the change since the start in percent of baseline_value. Any other unit is a count.';
comment on column public.goals.end_date is 'The last day that counts; null for no end.';
comment on column public.goals.is_achieved is
  'Set by the database, once; a later fall does not undo it. A goal that is edited is counted again.';
comment on column public.goals.achieved_at is
  'When it was first seen to be achieved; for a day that was over by then, the last moment of that day in '
  'the user''s time zone.';
comment on column public.goals.direction is
  'reach, or keep_below: achieved when end_date has passed and no day, or of what happens per day no sum, '
  'was above the target. A gap on end_date is decided by the next day that was read, and a sum '
  'needs every day.';
comment on column public.goals.baseline_value is
  'Set by the database. Of a level: the last known value on or before start_date, else the first one after '
  'it. Of what happens per day: 0, and for a percentage the sum of as many days before start_date as the '
  'goal has. Null while nothing is known.';
comment on column public.goals.metric is 'The metric that goal_type names; set by the database.';

create trigger _000_require_active_account before insert or update on public.goals
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.goals
  for each row when ((old.id, old.user_id) is distinct from (new.id, new.user_id))
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.goals
  for each row execute function private.set_timestamps();

alter table public.goals enable row level security;
create policy goals_select_own_and_workspace on public.goals
  for select to authenticated using (
    user_id = (select auth.uid()) or workspace_id = any (array(select private.my_workspace_ids()))
  );
create policy goals_insert_own on public.goals
  for insert to authenticated with check (
    user_id = (select auth.uid())
    and (workspace_id is null or workspace_id = any (array(select private.my_workspace_ids())))
  );
create policy goals_update_own on public.goals
  for update to authenticated using (user_id = (select auth.uid())) with check (
    user_id = (select auth.uid())
    and (workspace_id is null or workspace_id = any (array(select private.my_workspace_ids())))
  );
create policy goals_delete_own on public.goals
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.goals to authenticated;
grant insert (
  id, user_id, workspace_id, platform, goal_type, target_value, current_value, unit, start_date, end_date,
  is_achieved, achieved_at, created_at, updated_at, direction, baseline_value, metric
) on public.goals to authenticated;
grant update (
  id, user_id, workspace_id, platform, goal_type, target_value, current_value, unit, start_date, end_date,
  is_achieved, achieved_at, created_at, updated_at, direction, baseline_value, metric
) on public.goals to authenticated;
grant select, insert, update, delete on public.goals to service_role;

-- 50_devpulse/80_goals/12_goal_access.sql
-- Whose goals may be in which workspace, what their numbers may be, and how many a user may have.

-- The first of its table, see that of monitors.
create trigger _005_check_new_workspace before insert on public.goals
  for each row when (new.workspace_id is not null) execute function private.check_workspace_membership();
create trigger _130_check_workspace before update on public.goals
  for each row when (new.workspace_id is not null and old.workspace_id is distinct from new.workspace_id)
  execute function private.check_workspace_membership();

-- See private.check_own_monitors.
create or replace function private.check_own_goals() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit constant integer := (select s.goals_per_user from public.devpulse_settings as s where s.id);
begin
  if v_limit is null or not exists (select from inserted) then
    return null;
  end if;
  perform private.lock_user_limits(v_user_id);
  if (
    select count(*) from (
      select from public.goals as g where g.user_id = v_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_goals_limit_reached',
      detail = format('An account has up to %s goals.', v_limit),
      hint = 'Delete one, or ask an admin to raise devpulse_settings.goals_per_user.';
  end if;
  return null;
end;
$$;
comment on function private.check_own_goals is
  'After-statement trigger of a user''s insert. Errors: devpulse_goals_limit_reached (409).';

create trigger _700_check_own_goals after insert on public.goals
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_goals();

-- A job counts everybody's goals in one statement: a value with which arithmetic fails would stop it.
create or replace function private.check_goal_values() returns trigger
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if new.start_date not between '1900-01-01' and '2999-12-31'
    or new.end_date not between '1900-01-01' and '2999-12-31'
    or new.target_value not between -1e15 and 1e15 or scale(new.target_value) > 10
  then
    raise exception using
      errcode = 'PT422', message = 'devpulse_goal_invalid',
      detail = 'Days are of the years 1900 to 2999, and target_value is a number up to 1e15 with up to 10 '
        'decimals.',
      hint = 'Leave end_date out for no end.';
  end if;
  return new;
end;
$$;
comment on function private.check_goal_values is
  'Before trigger of goals. Errors: devpulse_goal_invalid (422).';

create trigger _100_check_goal_values before insert or update on public.goals
  for each row execute function private.check_goal_values();

-- 50_devpulse/80_goals/20_goal_days.sql
-- The numbers of a goal, day by day.

create or replace function private.goal_days(p_goal public.goals, p_from date, p_to date)
returns table (day date, value numeric)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_is_tracker constant boolean := private.is_tracker_metric(p_goal.metric);
  v_platforms constant text[] := case when v_is_tracker then array['tracker']
    when p_goal.platform = 'all' then array['github', 'youtube', 'devto'] else array[p_goal.platform] end;
  v_metric constant text := case when v_is_tracker then substr(p_goal.metric, 9) else p_goal.metric end;
  v_incomplete date[];
begin
  if p_goal.workspace_id is null then
    return query
    select s.snapshot_date, nullif(private.metric_value(s.metrics, v_platforms, v_metric), 'NaN')
    from public.analytics_snapshots as s
    where s.user_id = p_goal.user_id and s.workspace_id is null and s.platform = p_goal.platform
      and s.snapshot_type = 'daily' and s.snapshot_date between p_from and p_to;
    return;
  end if;
  -- the numbers of a workspace are for its members
  if not exists (
    select from public.workspace_members as m
    where m.workspace_id = p_goal.workspace_id and m.user_id = p_goal.user_id
  )
  then
    return;
  end if;
  v_incomplete := private.incomplete_periods(p_goal.workspace_id, p_goal.platform, 'daily');
  return query
  select s.snapshot_date, nullif(sum(private.metric_value(s.metrics, v_platforms, v_metric)), 'NaN')
  from public.analytics_snapshots as s
  where s.workspace_id = p_goal.workspace_id and s.platform = p_goal.platform
    and s.snapshot_type = 'daily' and s.snapshot_date between p_from and p_to
    and s.snapshot_date <> all (v_incomplete)
  group by s.snapshot_date;
end;
$$;
comment on function private.goal_days is
  'The metric of a goal on each day that has a snapshot, of its user or summed over its workspace; null '
  'for a gap.';

create or replace function private.last_goal_value(p_goal public.goals, p_to date) returns numeric
language plpgsql stable security definer set search_path = '' as $$
declare
  v_days integer;
  v_value numeric;
begin
  -- nearly always within the last month
  foreach v_days in array array[31, 366, 3700] loop
    select d.value into v_value
    from private.goal_days(p_goal, p_to - v_days, p_to) as d
    where d.value is not null
    order by d.day desc
    limit 1;
    exit when found;
  end loop;
  return v_value;
end;
$$;
comment on function private.last_goal_value is 'The last known value of a goal''s metric up to a day.';

create or replace function private.goal_amount(p_goal public.goals, p_baseline numeric, p_value numeric)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_goal.unit <> 'percentage' then
    return p_value;
  end if;
  return 100 * (p_value - p_baseline) / case p_baseline when 0 then 1 else p_baseline end;
end;
$$;
comment on function private.goal_amount is
  'A value in the unit of the goal. A baseline of 0 counts as 1: from 0 to 4 is 400 percent.';

-- 50_devpulse/80_goals/30_goal_state.sql
-- What a goal has come to: its value, and the day on which it was achieved.

create type private.goal_state as (
  baseline_value numeric,
  current_value numeric,
  achieved_on date
);
comment on type private.goal_state is
  'baseline_value is null while nothing is known. achieved_on: the first day on which the goal was achieved.';

create or replace function private.count_level_goal(p_goal public.goals, p_since date, p_today date)
returns private.goal_state
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.goal_state;
  v_until constant date := least(p_goal.end_date, p_today + 2);
begin
  v.baseline_value := private.last_goal_value(p_goal, least(p_goal.start_date, v_until));
  if v.baseline_value is null then
    select d.value into v.baseline_value
    from private.goal_days(p_goal, p_goal.start_date, v_until) as d
    where d.value is not null
    order by d.day
    limit 1;
  end if;
  v.current_value := private.goal_amount(
    p_goal, v.baseline_value, private.last_goal_value(p_goal, v_until)
  );
  if p_goal.direction = 'reach' then
    select min(d.day) into v.achieved_on
    from private.goal_days(p_goal, greatest(p_goal.start_date, p_since), v_until) as d
    where private.goal_amount(p_goal, v.baseline_value, d.value) >= p_goal.target_value;
  elsif p_today > p_goal.end_date then
    -- up to the first known day from end_date on
    select case when bool_and(a.amount <= p_goal.target_value) and max(a.day) >= p_goal.end_date
        and min(a.day) <= p_goal.end_date then p_goal.end_date end
    into v.achieved_on
    from (
      select d.day, private.goal_amount(p_goal, v.baseline_value, d.value) as amount,
        count(*) filter (where d.day >= p_goal.end_date) over (order by d.day) as number
      from private.goal_days(p_goal, p_goal.start_date, p_goal.end_date + 31) as d
      where d.value is not null
    ) as a
    where a.number <= 1;
  end if;
  return v;
end;
$$;
comment on function private.count_level_goal is
  'The state of a goal for a level, such as stars. Of reaching it, days before p_since are left out.';

create or replace function private.count_flow_goal(p_goal public.goals, p_today date)
returns private.goal_state
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.goal_state;
  v_days constant integer := p_goal.end_date - p_goal.start_date + 1;
  v_known_count bigint;
begin
  if p_goal.unit = 'percentage' then
    select sum(d.value) into v.baseline_value
    from private.goal_days(p_goal, p_goal.start_date - v_days, p_goal.start_date - 1) as d;
  end if;
  select count(a.value), private.goal_amount(p_goal, v.baseline_value, coalesce(sum(a.value), 0)),
    min(a.day) filter (
      where private.goal_amount(p_goal, v.baseline_value, a.running) >= p_goal.target_value
    )
  into v_known_count, v.current_value, v.achieved_on
  from (
    select d.day, d.value, sum(d.value) over (order by d.day) as running
    from private.goal_days(p_goal, p_goal.start_date, least(p_goal.end_date, p_today + 2)) as d
  ) as a;
  if p_goal.unit <> 'percentage' and v_known_count > 0 then
    v.baseline_value := 0;
  end if;
  if p_goal.direction = 'keep_below' then
    v.achieved_on := case
      when p_today > p_goal.end_date and v_known_count = v_days and v.current_value <= p_goal.target_value
        then p_goal.end_date
    end;
  end if;
  return v;
end;
$$;
comment on function private.count_flow_goal is
  'The state of a goal for what happens per day, such as commits: sums of the known days.';

create or replace function private.count_goal(p_goal public.goals, p_since date, p_now timestamptz)
returns public.goals
language plpgsql stable security definer set search_path = '' as $$
declare
  v_goal public.goals := p_goal;
  v_timezone constant text := (select p.timezone from public.profiles as p where p.id = p_goal.user_id);
  v_today constant date := private.local_day(v_timezone, p_now);
  v private.goal_state;
begin
  if private.is_flow_metric(p_goal.metric) then
    v := private.count_flow_goal(p_goal, v_today);
  else
    v := private.count_level_goal(p_goal, p_since, v_today);
  end if;
  v_goal.baseline_value := v.baseline_value;
  v_goal.current_value := coalesce(trim_scale(round(v.current_value, 4)), 0);
  if not p_goal.is_achieved and v.achieved_on is not null then
    v_goal.is_achieved := true;
    v_goal.achieved_at := least(
      p_now, private.day_start(v_timezone, v.achieved_on + 1) - interval '1 microsecond'
    );
  end if;
  return v_goal;
end;
$$;
comment on function private.count_goal is
  'The goal with its present value; achieved, if it is for the first time. Of reaching a level, days before '
  'p_since, null for none, are left out.';

-- 50_devpulse/80_goals/40_store_goals.sql
-- Goals follow the numbers: when their user writes them, and when snapshots are built.

create or replace function private.check_goal_metric() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- what is null or not valid here fails at the constraints; row security refuses somebody else's row, and it
  -- alone: this would reveal who is in the team
  if new.platform not in ('github', 'youtube', 'devto', 'all') or new.platform is null
    or new.unit is null or new.goal_type is null
    or new.user_id is distinct from auth.uid() and not private.is_trusted_caller()
  then
    return new;
  end if;
  new.metric := private.parse_metric(new.platform, new.goal_type);
  if new.metric is null or private.is_tracker_metric(new.metric) and not exists (
    select from public.team_members as m where m.user_id = new.user_id
  )
  then
    raise exception using
      errcode = 'PT422', message = 'devpulse_goal_type_invalid',
      detail = format('%L is not a metric of %s.', left(new.goal_type, 100), new.platform),
      hint = format(
        'Use one of: %s. Those of the tracker are for members of the team.',
        private.known_metrics(new.platform)
      );
  end if;
  if lower(btrim(new.unit)) in ('percentage', 'percent', '%') then
    new.unit := 'percentage';
  end if;
  if new.unit = 'percentage' and new.end_date is null and private.is_flow_metric(new.metric) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_goal_unit_invalid',
      detail = 'A percentage of what happens per day is compared with as many days before start_date.',
      hint = 'Set end_date, or count in another unit.';
  end if;
  return new;
end;
$$;
comment on function private.check_goal_metric is
  'Before trigger of goals that are inserted, or of which another number is asked: what it counts. Errors: '
  'devpulse_goal_type_invalid, devpulse_goal_unit_invalid (422).';

-- Of a goal that leaves its workspace nothing is checked: its user may not be in the team any more, and that
-- keeps nobody in a workspace.
create or replace function private.count_written_goal() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.metric is null or new.target_value is null or new.start_date is null then
    return new;
  end if;
  new.is_achieved := false;
  new.achieved_at := null;
  new := private.count_goal(new, null, now());
  -- for snapshots that are being built right now
  if not exists (select from private.snapshot_marks as m where m.user_id = new.user_id) then
    perform private.mark_today(array[new.user_id]);
  end if;
  return new;
end;
$$;
comment on function private.count_written_goal is
  'Before trigger of goals that are inserted, or of which another thing is asked: counts it.';

create or replace function private.ignore_counted_values() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.current_value := old.current_value;
  new.is_achieved := old.is_achieved;
  new.achieved_at := old.achieved_at;
  new.baseline_value := old.baseline_value;
  new.metric := old.metric;
  return new;
end;
$$;
comment on function private.ignore_counted_values is
  'Before trigger of goals that a client updates: what the database counts stays as it is.';

create trigger _205_check_goal_metric before insert on public.goals
  for each row execute function private.check_goal_metric();
create trigger _210_count_written_goal before insert on public.goals
  for each row execute function private.count_written_goal();
create trigger _200_ignore_counted_values before update on public.goals
  for each row when (current_user in ('anon', 'authenticated', 'service_role'))
  execute function private.ignore_counted_values();
create trigger _206_check_goal_metric before update on public.goals
  for each row when (
    (old.platform, old.goal_type, old.unit, old.end_date)
      is distinct from (new.platform, new.goal_type, new.unit, new.end_date)
  )
  execute function private.check_goal_metric();
create trigger _211_count_written_goal before update on public.goals
  for each row when (
    (
      old.workspace_id, old.platform, old.goal_type, old.target_value, old.unit, old.start_date, old.end_date,
      old.direction
    ) is distinct from (
      new.workspace_id, new.platform, new.goal_type, new.target_value, new.unit, new.start_date, new.end_date,
      new.direction
    )
  )
  execute function private.count_written_goal();

create or replace function private.lock_goals(p_user_ids uuid[], p_days date[])
returns table (goal_id uuid, since date)
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with day as (
    select a.user_id, min(a.day) as since
    from unnest(p_user_ids, p_days) as a (user_id, day)
    group by a.user_id
  ),
  workspace as (
    select w.workspace_id, min(d.since) as since
    from day as d join private.list_workspaces(p_user_ids) as w on w.user_id = d.user_id
    where w.workspace_id is not null
    group by w.workspace_id
  ),
  goal as (
    select g.id, d.since
    from day as d join public.goals as g on g.user_id = d.user_id and g.workspace_id is null
    union all
    select g.id, w.since from workspace as w join public.goals as g on g.workspace_id = w.workspace_id
  )
  select g.id, o.since
  from goal as o join public.goals as g on g.id = o.id
  -- a goal that is over can only change with the days that it counts, or with the first one after them
  where g.end_date is null or o.since <= g.end_date
    or g.direction = 'keep_below' and not g.is_achieved and o.since <= g.end_date + 31
  order by g.id
  for no key update of g;
end;
$$;
comment on function private.lock_goals is
  'Locks the goals of these users and of their workspaces that these days can change, and returns the first '
  'day that did.';

create or replace function private.store_goals(p_user_ids uuid[], p_days date[], p_now timestamptz)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_goal_ids uuid[];
  v_since date[];
  v_count integer;
begin
  select array_agg(l.goal_id), array_agg(l.since) into v_goal_ids, v_since
  from private.lock_goals(p_user_ids, p_days) as l;
  update public.goals as g
  set current_value = c.current_value, baseline_value = c.baseline_value, is_achieved = c.is_achieved,
    achieved_at = c.achieved_at
  from unnest(v_goal_ids, v_since) as a (goal_id, since)
  join public.goals as o on o.id = a.goal_id
  cross join lateral private.count_goal(o, a.since, p_now) as c
  where g.id = o.id
    and (g.current_value, g.baseline_value, g.is_achieved, g.achieved_at)
      is distinct from (c.current_value, c.baseline_value, c.is_achieved, c.achieved_at);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.store_goals is
  'Counts the goals of these users and of their workspaces again. Returns how many changed.';

-- 50_devpulse/80_goals/50_goal_progress.sql
-- Goals with their pace: what it has to be, what it is, and where it leads.

create type private.goal_pace as (
  today date,
  pace numeric,
  is_lost boolean
);
comment on type private.goal_pace is
  'today: in the time zone of the goal''s user. pace: per day, in the unit of the goal. is_lost: of a goal '
  'to keep below, whether it was above.';

-- Of a goal that the caller sees: row security of goals decides, so this reads without it.
create or replace function private.count_goal_pace(p_goal public.goals) returns private.goal_pace
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.goal_pace;
  v_is_flow constant boolean := private.is_flow_metric(p_goal.metric);
  v_until date;
begin
  v.today := private.local_day(
    (select p.timezone from public.profiles as p where p.id = p_goal.user_id), now()
  );
  v_until := least(p_goal.end_date, v.today + 2);
  select round(regr_slope(
    private.goal_amount(p_goal, p_goal.baseline_value, case when v_is_flow then a.running else a.value end),
    a.day - date '2000-01-01'
  )::numeric, 4)
  into v.pace
  from (
    select d.day, d.value, sum(d.value) over (order by d.day) as running
    from (
      select n.day, n.value from private.goal_days(p_goal, v_until - 90, v_until) as n
      where n.value is not null order by n.day desc limit 28
    ) as d
  ) as a;
  if p_goal.direction = 'keep_below' then
    v.is_lost := p_goal.current_value > p_goal.target_value or not v_is_flow and exists (
      select from private.goal_days(p_goal, p_goal.start_date, v_until) as d
      where private.goal_amount(p_goal, p_goal.baseline_value, d.value) > p_goal.target_value
    );
  end if;
  return v;
end;
$$;
comment on function private.count_goal_pace is
  'The slope over the last 28 days with a known value, within the last 90, up to the end of the goal.';
grant execute on function private.count_goal_pace to authenticated, service_role;

-- Dates only as far as people plan.
create or replace function private.project_goal(p_goal public.goals, p_pace private.goal_pace) returns date
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_remaining constant numeric := p_goal.target_value - p_goal.current_value;
begin
  if p_goal.is_achieved or p_goal.baseline_value is null or p_pace.today > p_goal.end_date then
    return null;
  elsif p_goal.direction = 'reach' and v_remaining <= 0 then
    return p_pace.today;
  elsif p_pace.pace <= 0 or p_pace.pace is null or v_remaining / p_pace.pace > 36500 or v_remaining < 0 then
    return null;
  elsif p_goal.direction = 'reach' then
    return p_pace.today + ceil(v_remaining / p_pace.pace)::integer;
  end if;
  return p_pace.today + floor(v_remaining / p_pace.pace)::integer + 1;
end;
$$;
comment on function private.project_goal is
  'The day on which the goal reaches its target at its present pace, or is above it; null if it does not.';
grant execute on function private.project_goal to authenticated, service_role;

create or replace function private.goal_status(
  p_goal public.goals, p_pace private.goal_pace, p_projected_on date
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_goal.is_achieved then 'achieved'
    when p_goal.end_date < p_pace.today or p_pace.is_lost then 'ended'
    when p_goal.baseline_value is null then 'no_data'
    when p_goal.direction = 'reach' and p_goal.current_value >= p_goal.target_value then 'on_track'
    when p_pace.pace is null then 'no_data'
    when p_goal.direction = 'keep_below'
      then case when p_projected_on <= p_goal.end_date then 'behind' else 'on_track' end
    when p_projected_on is null then 'not_at_this_pace'
    when p_projected_on > p_goal.end_date then 'behind'
    else 'on_track'
  end;
end;
$$;
comment on function private.goal_status is 'The status of a goal, as goal_progress has it.';
grant execute on function private.goal_status to authenticated, service_role;

create view public.goal_progress with (security_invoker = true) as
select
  g.id, g.user_id, g.workspace_id, g.platform, g.goal_type, g.metric, g.direction, g.unit, g.start_date,
  g.end_date, g.baseline_value, g.current_value, g.target_value, g.is_achieved, g.achieved_at,
  case
    when g.baseline_value is null then null
    when g.target_value > 0 then round(greatest(100 * g.current_value / g.target_value, 0), 1)
    when g.current_value >= g.target_value then 100
    else 0
  end as percentage,
  case when g.baseline_value is null then null
    when g.direction = 'reach' then greatest(g.target_value - g.current_value, 0)
    else g.target_value - g.current_value end as remaining,
  case when g.end_date is not null then greatest(g.end_date - p.today + 1, 0) end as days_left,
  case when g.baseline_value is not null and not g.is_achieved and g.end_date >= p.today
    then round(greatest(g.target_value - g.current_value, 0) / (g.end_date - p.today + 1), 4)
  end as pace_needed,
  p.pace as pace_present,
  j.projected_on,
  private.goal_status(g, p, j.projected_on) as status
from public.goals as g
cross join lateral private.count_goal_pace(g) as p
cross join lateral (select private.project_goal(g, p) as projected_on) as j;
comment on view public.goal_progress is
  'One row per goal, for everyone who may read it, with what its numbers lead to. Days are those of '
  'the goal''s user.';
comment on column public.goal_progress.percentage is
  'current_value in percent of target_value; may be above 100. Null while nothing is known.';
comment on column public.goal_progress.remaining is
  'What is left to target_value: not below 0, but for a goal to keep below that is above it.';
comment on column public.goal_progress.days_left is
  'Days up to end_date, today included; null without an end.';
comment on column public.goal_progress.pace_needed is
  'How much it has to grow per day from today on to reach the target on end_date; of a goal to keep below '
  'how much it may. Null without an end, and once it is over or achieved.';
comment on column public.goal_progress.pace_present is
  'How much it grows per day: the slope of a line through the last 28 days with a known value. Of what '
  'happens per day, such as commits, the slope of its sum. Null with fewer than two days.';
comment on column public.goal_progress.projected_on is
  'The day on which it reaches the target at the present pace; of a goal to keep below the first day above '
  'it. Null where it does not.';
comment on column public.goal_progress.status is
  'achieved; ended: end_date has passed, or of a goal to keep below a day was above; no_data: fewer than '
  'two days are known; on_track: it reaches the target by end_date; behind: after it, or of a goal to keep '
  'below it will be above; not_at_this_pace: it does not grow.';
grant select on public.goal_progress to authenticated, service_role;

-- 50_devpulse/90_reading/10_metric_series.sql
-- A metric over time, from the snapshots.

create or replace function private.require_metric(p_platform text, p_metric text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_metric constant text := private.parse_metric(p_platform, p_metric);
begin
  if v_metric is null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_metric_invalid',
      detail = format('%s is not a metric of %s.', coalesce(quote_literal(left(p_metric, 100)), 'Null'),
        coalesce(quote_literal(left(p_platform, 100)), 'null')),
      hint = coalesce(
        'Use one of: ' || private.known_metrics(p_platform) || '.', 'Use github, youtube, devto or all.'
      );
  end if;
  return v_metric;
end;
$$;
comment on function private.require_metric is
  'The metric by its name or another name for it. Errors: devpulse_metric_invalid (422).';

create or replace function private.parse_granularity(p_granularity text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_type constant text := case lower(private.non_blank(p_granularity)) when 'day' then 'daily'
    when 'daily' then 'daily' when 'week' then 'weekly' when 'weekly' then 'weekly'
    when 'month' then 'monthly' when 'monthly' then 'monthly' end;
begin
  if v_type is null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_granularity_invalid',
      detail = format('%s is not a granularity.', coalesce(quote_literal(left(p_granularity, 100)), 'Null')),
      hint = 'Use day, week or month.';
  end if;
  return v_type;
end;
$$;
comment on function private.parse_granularity is
  'The type of the snapshots: daily, weekly or monthly. Errors: devpulse_granularity_invalid (422).';

create or replace function private.require_workspace(p_workspace_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_workspace_id is not null and not exists (
    select from public.workspaces as w
    where w.id = p_workspace_id
      and (private.is_trusted_caller() or w.id in (select private.my_workspace_ids()))
  )
  then
    raise exception using
      errcode = 'PT404', message = 'devpulse_workspace_unknown',
      detail = format('The caller is not in a workspace with the id %s.', p_workspace_id),
      hint = 'Use the id of one of your workspaces.';
  end if;
end;
$$;
comment on function private.require_workspace is
  'Returns for a member of the workspace, for servers, and for null. Errors: '
  'devpulse_workspace_unknown (404).';

create type private.series_request as (
  workspace_id uuid,
  platform text,
  parts text[],
  metric text,
  snapshot_type text,
  starts_on date,
  ends_on date,
  incomplete date[]
);
comment on type private.series_request is
  'The arguments of metric_series, checked. parts and metric: where the metric is in a snapshot. starts_on, '
  'ends_on: the first days of the first and the last period. incomplete: periods that are left out.';

create or replace function private.parse_series(
  p_platform text, p_metric text, p_from date, p_to date, p_granularity text, p_workspace_id uuid
) returns private.series_request
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.series_request;
  v_today constant date := private.local_day(
    (select p.timezone from public.profiles as p where p.id = auth.uid()), now()
  );
begin
  perform private.require_workspace(p_workspace_id);
  v.workspace_id := p_workspace_id;
  v.platform := lower(private.non_blank(p_platform));
  v.metric := private.require_metric(v.platform, p_metric);
  v.parts := case v.platform when 'all' then array['github', 'youtube', 'devto'] else array[v.platform] end;
  if private.is_tracker_metric(v.metric) then
    v.parts := array['tracker'];
    v.metric := substr(v.metric, 9);
  end if;
  v.snapshot_type := private.parse_granularity(p_granularity);
  v.ends_on := coalesce(p_to, v_today);
  v.starts_on := coalesce(
    p_from, v.ends_on - case v.snapshot_type when 'daily' then 29 when 'weekly' then 83 else 364 end
  );
  perform private.raise_range_error(v.starts_on, v.ends_on, 3700);
  v.starts_on := private.period_start(v.snapshot_type, v.starts_on);
  v.ends_on := private.period_start(v.snapshot_type, v.ends_on);
  v.incomplete := case when p_workspace_id is null then '{}'
    else private.incomplete_periods(p_workspace_id, v.platform, v.snapshot_type) end;
  return v;
end;
$$;
comment on function private.parse_series is
  'Checks the arguments of metric_series. Errors: see there.';

-- Without row security: what it reads is the caller's, or of the workspace that parse_series has checked. NaN
-- makes a sum unknown.
create or replace function private.metric_series(
  p_platform text, p_metric text, p_from date, p_to date, p_granularity text, p_workspace_id uuid
) returns table (period date, value numeric, delta numeric, is_gap boolean)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_request constant private.series_request :=
    private.parse_series(p_platform, p_metric, p_from, p_to, p_granularity, p_workspace_id);
begin
  return query
  with cell as (
    select s.snapshot_date, s.metrics -> a.part -> v_request.metric as value
    from public.analytics_snapshots as s cross join unnest(v_request.parts) as a (part)
    where v_request.workspace_id is null and s.workspace_id is null and s.user_id = (select auth.uid())
      and s.platform = v_request.platform and s.snapshot_type = v_request.snapshot_type
      and s.snapshot_date between v_request.starts_on and v_request.ends_on
    union all
    select s.snapshot_date, s.metrics -> a.part -> v_request.metric
    from public.analytics_snapshots as s cross join unnest(v_request.parts) as a (part)
    where s.workspace_id = v_request.workspace_id
      and s.platform = v_request.platform and s.snapshot_type = v_request.snapshot_type
      and s.snapshot_date between v_request.starts_on and v_request.ends_on
      and s.snapshot_date <> all (v_request.incomplete)
  ),
  summed as (
    select c.snapshot_date,
      sum(case when c.value = 'null' then 'NaN'::numeric else c.value::numeric end) as value
    from cell as c where c.value is not null group by c.snapshot_date
  ),
  known as (
    select s.snapshot_date, s.value, s.value - lag(s.value) over (order by s.snapshot_date) as delta
    from summed as s where s.value <> 'NaN'
  )
  select g.starts_at::date, k.value, k.delta, k.value is null
  from generate_series(
    v_request.starts_on::timestamp, v_request.ends_on::timestamp,
    case v_request.snapshot_type when 'daily' then interval '1 day' when 'weekly' then interval '7 days'
      else interval '1 month' end
  ) as g (starts_at)
  left join known as k on k.snapshot_date = g.starts_at::date
  order by g.starts_at;
end;
$$;
grant execute on function private.metric_series to authenticated, service_role;

-- from and to are the API's JSON keys. Both are reserved words, which have no other form in SQL than quoted.
create or replace function public.metric_series(
  platform text, metric text, "from" date default null, "to" date default null,
  granularity text default 'day', workspace uuid default null
) returns table (period date, value numeric, delta numeric, is_gap boolean)
language sql stable security invoker set search_path = ''
begin atomic
  select s.period, s.value, s.delta, s.is_gap
  from private.metric_series(
    metric_series.platform, metric_series.metric, metric_series."from", metric_series."to",
    metric_series.granularity, metric_series.workspace
  ) as s;
end;
comment on function public.metric_series is
  'A metric of github, youtube, devto or all, one row per day, week (its Monday) or month (its first day) '
  'from from to to; by default the last 30 days, 12 weeks or 12 months. delta: the change since the last '
  'known value before it in the range. is_gap: the value is not known. Of the caller, or summed over a '
  'workspace. Errors: devpulse_workspace_unknown (404), devpulse_metric_invalid, '
  'devpulse_granularity_invalid, devpulse_range_invalid, devpulse_range_too_large (422).';
grant execute on function public.metric_series to authenticated, service_role;

-- 50_devpulse/90_reading/20_dashboard_parts.sql
-- The parts of the dashboard: of the caller, or of a workspace that private.dashboard() has checked.
--
-- Without row security, which costs each of their statements more than what they read: their own conditions
-- name the caller or the workspace.

create or replace function private.dashboard_connections() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'id', c.id, 'platform', c.platform, 'platform_username', c.platform_username, 'status', c.status,
        'status_reason', c.status_reason, 'is_active', c.is_active, 'last_synced_at', c.last_synced_at
      ) order by c.platform
    ), '[]')
    from public.platform_connections as c where c.user_id = (select auth.uid())
  );
end;
$$;
comment on function private.dashboard_connections is 'The caller''s connections with their state.';

create or replace function private.list_flow_metrics() returns text[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(select m.metric from private.snapshot_metrics as m where m.fold = 'flow');
end;
$$;
comment on function private.list_flow_metrics is
  'The metrics that count what happened in a period; the others are levels.';

create or replace function private.last_snapshot_day(
  p_workspace_id uuid, p_platform text, p_incomplete date[]
) returns date
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_workspace_id is null then
    return (
      select s.snapshot_date from public.analytics_snapshots as s
      where s.user_id = (select auth.uid()) and s.workspace_id is null and s.platform = p_platform
        and s.snapshot_type = 'daily'
      order by s.snapshot_date desc limit 1
    );
  end if;
  return (
    select s.snapshot_date from public.analytics_snapshots as s
    where s.workspace_id = p_workspace_id and s.platform = p_platform and s.snapshot_type = 'daily'
      and s.snapshot_date <> all (p_incomplete)
    order by s.snapshot_date desc limit 1
  );
end;
$$;
comment on function private.last_snapshot_day is
  'The last day of a platform of which the caller, or a workspace, has numbers.';

-- NaN makes a sum and a delta unknown.
create or replace function private.dashboard_snapshot(
  p_workspace_id uuid, p_platform text, p_day date, p_flows text[]
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    with cell as (
      select p.key as part, m.key as metric, m.key = any (p_flows) as is_flow,
        sum(c.value) filter (where s.snapshot_date = p_day) as value,
        sum(c.value) filter (where s.snapshot_date = p_day - 7) as week_ago,
        sum(c.value) filter (where s.snapshot_date = p_day - 30) as month_ago
      from (
        select o.snapshot_date, o.metrics from public.analytics_snapshots as o
        where p_workspace_id is null and o.user_id = (select auth.uid()) and o.workspace_id is null
          and o.platform = p_platform and o.snapshot_type = 'daily'
          and o.snapshot_date = any (array[p_day, p_day - 7, p_day - 30])
        union all
        select o.snapshot_date, o.metrics from public.analytics_snapshots as o
        where o.workspace_id = p_workspace_id and o.platform = p_platform and o.snapshot_type = 'daily'
          and o.snapshot_date = any (array[p_day, p_day - 7, p_day - 30])
      ) as s
      cross join lateral jsonb_each(s.metrics) as p
      cross join lateral jsonb_each(p.value) as m
      cross join lateral (
        select case when m.value = 'null' then 'NaN'::numeric else m.value::numeric end as value
      ) as c
      group by p.key, m.key
    ),
    part as (
      select c.part, jsonb_object_agg(c.metric, nullif(c.value, 'NaN')) as metrics,
        jsonb_object_agg(c.metric, nullif(c.value - c.week_ago, 'NaN')) filter (where not c.is_flow) as week,
        jsonb_object_agg(c.metric, nullif(c.value - c.month_ago, 'NaN')) filter (where not c.is_flow)
          as month,
        array_agg((c.part || '.' || c.metric) collate "C") filter (where c.value = 'NaN') as gaps
      from cell as c where c.value is not null group by c.part
    )
    select jsonb_build_object(
      'snapshot_date', p_day, 'metrics', jsonb_object_agg(p.part, p.metrics),
      'gaps', (
        select coalesce(jsonb_agg(g.name order by g.name), '[]')
        from part as o cross join lateral unnest(o.gaps) as g (name)
      ),
      'deltas', jsonb_build_object(
        '7_days', jsonb_object_agg(p.part, p.week), '30_days', jsonb_object_agg(p.part, p.month)
      )
    )
    from part as p having count(*) > 0
  );
end;
$$;
comment on function private.dashboard_snapshot is
  'A day of a platform, of the caller or of a workspace, and how its levels changed within 7 and 30 days; '
  'null without numbers.';

create or replace function private.dashboard_goals(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(o) order by o.end_date, o.start_date, o.id), '[]')
    from (
      select g.* from public.goal_progress as g
      where case when p_workspace_id is null then g.user_id = (select auth.uid())
          else g.workspace_id = p_workspace_id end
        and not g.is_achieved and (g.end_date is null or g.end_date >= (now() at time zone 'UTC')::date - 1)
      order by g.end_date, g.start_date, g.id
      limit 50
    ) as o
    where o.status <> 'ended'
  );
end;
$$;
comment on function private.dashboard_goals is
  'The open goals of the caller or of a workspace with their pace: 50 at most, those that end first.';

-- 50_devpulse/90_reading/22_dashboard_top.sql
-- The top five of the dashboard: see its parts.

create or replace function private.top_repositories(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.stars_count desc, t.full_name collate "C"), '[]')
    from (
      select o.* from (
        -- two members of a workspace may watch the same repository: it is listed once, as it was last read
        select distinct on (g.github_repo_id) g.github_repo_id, g.full_name, g.html_url, g.stars_count,
          g.forks_count, g.open_issues_count
        from (
          select c.id as connection_id, null::text[] as resource_ids from public.platform_connections as c
          where p_workspace_id is null and c.user_id = (select auth.uid()) and c.platform = 'github'
          union all
          select m.platform_connection_id, case when bool_and(m.monitor_type = 'repository')
              then array_agg(m.platform_resource_id) end
          from public.monitors as m
          where m.workspace_id = p_workspace_id and m.is_active and m.platform = 'github'
            and m.monitor_type <> 'user'
          group by m.platform_connection_id
        ) as s
        join public.github_repositories as g on g.platform_connection_id = s.connection_id
        where g.removed_at is null
          and (s.resource_ids is null or g.github_repo_id::text = any (s.resource_ids))
        order by g.github_repo_id, g.synced_at desc
      ) as o
      order by o.stars_count desc, o.full_name collate "C"
      limit 5
    ) as t
  );
end;
$$;
comment on function private.top_repositories is
  'The five repositories with the most stars: of the caller''s connection, or that monitors of '
  'a workspace cover.';

create or replace function private.top_videos(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.view_count desc, t.youtube_video_id), '[]')
    from (
      select y.youtube_video_id, y.title, y.thumbnail_url, y.published_at, y.view_count, y.like_count,
        y.comment_count
      from (
        select c.id as connection_id from public.platform_connections as c
        where p_workspace_id is null and c.user_id = (select auth.uid()) and c.platform = 'youtube'
        union
        select m.platform_connection_id from public.monitors as m
        where m.workspace_id = p_workspace_id and m.is_active and m.platform = 'youtube'
      ) as s
      join public.youtube_videos as y on y.platform_connection_id = s.connection_id
      where y.removed_at is null
      order by y.view_count desc, y.youtube_video_id
      limit 5
    ) as t
  );
end;
$$;
comment on function private.top_videos is
  'The five videos with the most views: of the caller''s connection, or that monitors of a workspace cover.';

create or replace function private.top_articles(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.view_count desc, t.devto_article_id), '[]')
    from (
      select d.devto_article_id, d.title, d.url, d.published_at, d.view_count, d.reaction_count,
        d.comment_count
      from (
        select c.id as connection_id from public.platform_connections as c
        where p_workspace_id is null and c.user_id = (select auth.uid()) and c.platform = 'devto'
        union
        select m.platform_connection_id from public.monitors as m
        where m.workspace_id = p_workspace_id and m.is_active and m.platform = 'devto'
      ) as s
      join public.devto_articles as d on d.platform_connection_id = s.connection_id
      where d.removed_at is null
      order by d.view_count desc, d.devto_article_id
      limit 5
    ) as t
  );
end;
$$;
comment on function private.top_articles is
  'The five articles with the most views: of the caller''s connection, or those that monitors of '
  'a workspace cover.';

-- 50_devpulse/90_reading/30_dashboard.sql
-- Everything that a start page shows, in one call.

create or replace function private.dashboard(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_flows constant text[] := private.list_flow_metrics();
begin
  perform private.require_workspace(p_workspace_id);
  return jsonb_build_object(
    'connections', private.dashboard_connections(),
    'snapshots', (
      select jsonb_object_agg(p.platform, private.dashboard_snapshot(
        p_workspace_id, p.platform,
        private.last_snapshot_day(
          p_workspace_id, p.platform, case when p_workspace_id is null then '{}'
            else private.incomplete_periods(p_workspace_id, p.platform, 'daily') end
        ),
        v_flows
      ))
      from unnest(array['github', 'youtube', 'devto', 'all']) as p (platform)
    ),
    'top', jsonb_build_object(
      'repositories', private.top_repositories(p_workspace_id),
      'videos', private.top_videos(p_workspace_id),
      'articles', private.top_articles(p_workspace_id)
    ),
    'goals', private.dashboard_goals(p_workspace_id)
  );
end;
$$;
grant execute on function private.dashboard to authenticated, service_role;

create or replace function public.dashboard(workspace uuid default null) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.dashboard(dashboard.workspace);
end;
comment on function public.dashboard is
  'connections: the caller''s, with their state and without tokens. snapshots: per platform and all, the '
  'last day with its metrics and gaps, and how levels changed within 7 and 30 days; null without one. top: '
  'the five repositories with the most stars, and videos and articles with the most views. goals: up to 50 '
  'open goals with their pace, as goal_progress has them. Of the caller, or of a workspace. Errors: '
  'devpulse_workspace_unknown (404).';
grant execute on function public.dashboard to authenticated, service_role;
