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
