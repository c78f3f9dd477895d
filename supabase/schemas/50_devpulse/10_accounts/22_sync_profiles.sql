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

create trigger _200_sync_new_profile after insert on auth.users
  for each row execute function private.sync_new_profile();

-- The accounts that exist already.
insert into public.profiles (id, display_name, avatar_url, created_at)
select a.id, p.full_name, p.avatar_url, coalesce(a.created_at, now())
from auth.users as a cross join lateral private.parse_metadata_profile(a.raw_user_meta_data) as p
on conflict on constraint profiles_pkey do nothing;
