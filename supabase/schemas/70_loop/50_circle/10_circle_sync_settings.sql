-- What circle-sync reads of the community, changed by admins.

create table public.circle_sync_settings (
  id boolean not null default true,
  bot_email text,
  bot_member_id bigint,
  community_url text,
  window_hours integer not null default 72,
  first_read_hours integer not null default 168,
  window_minutes integer not null default 5,
  page_size integer not null default 50,
  ignored_room_uuids text[] not null default '{}',
  post_space_ids bigint[] not null default '{}',
  post_minutes integer not null default 60,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint circle_sync_settings_pkey primary key (id),
  constraint circle_sync_settings_is_one_row check (id),
  constraint circle_sync_settings_bot_email_is_an_address check (bot_email ~ '^[^\s@]{1,64}@[^\s@]{1,255}$'),
  constraint circle_sync_settings_bot_member_id_is_positive check (bot_member_id > 0),
  constraint circle_sync_settings_community_url_is_an_origin
    check (community_url ~ '^https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$'),
  constraint circle_sync_settings_window_hours_is_bounded check (window_hours between 1 and 720),
  constraint circle_sync_settings_first_read_hours_is_bounded check (first_read_hours between 1 and 8784),
  constraint circle_sync_settings_window_minutes_is_bounded check (window_minutes between 1 and 1440),
  constraint circle_sync_settings_page_size_is_bounded check (page_size between 2 and 100),
  constraint circle_sync_settings_ignored_room_uuids_is_bounded
    check (cardinality(ignored_room_uuids) <= 1000),
  constraint circle_sync_settings_post_space_ids_is_bounded check (cardinality(post_space_ids) <= 50),
  constraint circle_sync_settings_post_minutes_is_bounded check (post_minutes between 5 and 44640)
);
comment on table public.circle_sync_settings is
  'The settings of circle-sync: exactly one row, never inserted or deleted by clients. Team members read it, '
  'admins change it. Nothing is read of Circle before bot_email or bot_member_id is set.';
comment on column public.circle_sync_settings.id is 'Always true.';
comment on column public.circle_sync_settings.bot_email is
  'The e-mail address of the member that reads and replies. Its own messages are not imported.';
comment on column public.circle_sync_settings.bot_member_id is
  'The community_member_id of that member; it comes before bot_email.';
comment on column public.circle_sync_settings.community_url is
  'Where the community is, https://club.example.org, for links to messages; null takes what Circle reports.';
comment on column public.circle_sync_settings.window_hours is
  'For how many hours after the last message of a thread its messages are read again, for edits, '
  'replies and removals.';
comment on column public.circle_sync_settings.first_read_hours is
  'How many hours back the first read of a room or a space goes.';
comment on column public.circle_sync_settings.window_minutes is
  'How often the window of a room is read again, in minutes. What is new is read every minute.';
comment on column public.circle_sync_settings.page_size is 'How many messages are asked for at a time.';
comment on column public.circle_sync_settings.ignored_room_uuids is
  'Chat rooms of circle_spaces that are not read.';
comment on column public.circle_sync_settings.post_space_ids is
  'The spaces whose posts and comments are read, by the Admin API.';
comment on column public.circle_sync_settings.post_minutes is
  'How often each of them is read at most, in minutes; less often where the month''s quota would not last.';

create trigger _000_require_admin before update on public.circle_sync_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on public.circle_sync_settings
  for each row execute function private.set_timestamps();

alter table public.circle_sync_settings enable row level security;
create policy circle_sync_settings_select_viewer on public.circle_sync_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy circle_sync_settings_update_admin on public.circle_sync_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.circle_sync_settings to authenticated;
grant update (
  id, bot_email, bot_member_id, community_url, window_hours, first_read_hours, window_minutes, page_size,
  ignored_room_uuids, post_space_ids, post_minutes, created_at, updated_at
) on public.circle_sync_settings to authenticated;
grant select, update on public.circle_sync_settings to service_role;

insert into public.circle_sync_settings default values;

create or replace function private.load_circle_sync_settings() returns public.circle_sync_settings
language plpgsql stable security definer set search_path = '' as $$
declare
  v_settings public.circle_sync_settings;
begin
  select * into v_settings from public.circle_sync_settings as s;
  return v_settings;
end;
$$;
comment on function private.load_circle_sync_settings is 'The settings of circle-sync.';
