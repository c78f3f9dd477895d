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
