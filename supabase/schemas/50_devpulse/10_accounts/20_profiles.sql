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
