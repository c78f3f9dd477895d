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
