-- Copies accounts to profiles: a profile is created with its account, and follows its address and metadata.

-- A provider may send anything: a value that is not text is ignored, and one that is too long is cut.
create or replace function private.parse_metadata_text(p_metadata jsonb, p_keys text[], p_length integer)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key text;
  v_text text;
begin
  foreach v_key in array p_keys loop
    if jsonb_typeof(p_metadata -> v_key) = 'string' then
      v_text := private.non_blank(left(p_metadata ->> v_key, p_length));
      if v_text is not null then
        return v_text;
      end if;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.parse_metadata_text is
  'The first of these keys whose value is a text that is not blank, cut to p_length characters; else null.';

create or replace function private.parse_metadata_profile(p_metadata jsonb)
returns table (full_name text, avatar_url text, github_username text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_avatar_url text := private.parse_metadata_text(p_metadata, array['avatar_url', 'picture'], 2048);
begin
  if v_avatar_url !~* '^https?://[^\s]+$' then
    v_avatar_url := null;
  end if;
  return query select
    private.parse_metadata_text(p_metadata, array['full_name', 'name'], 200),
    v_avatar_url,
    private.parse_metadata_text(p_metadata, array['user_name', 'preferred_username'], 100);
end;
$$;
comment on function private.parse_metadata_profile is
  'The profile in auth.users.raw_user_meta_data, which may contain anything.';

-- Nothing in here may fail because of the metadata: that would refuse the sign-up.
create or replace function private.sync_new_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.users (id, email, full_name, avatar_url, github_username)
  select new.id, new.email, p.full_name, p.avatar_url, p.github_username
  from private.parse_metadata_profile(new.raw_user_meta_data) as p
  on conflict on constraint users_pkey do nothing;
  return null;
end;
$$;
comment on function private.sync_new_account is
  'After-insert trigger of auth.users: creates the profile.';

-- A soft deletion leaves the account's row, and with it the profile: what is the person's is cleared, and
-- what was handed out ends.
create or replace function private.clear_deleted_account(p_user_id uuid, p_email text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.users as u
  set email = p_email, full_name = null, avatar_url = null, github_username = null, github_token = null,
    preferences = '{}'
  where u.id = p_user_id;
  delete from private.secrets as s where s.user_id = p_user_id;
  update public.worker_tokens as w set revoked_at = clock_timestamp()
  where w.user_id = p_user_id and w.revoked_at is null;
end;
$$;
comment on function private.clear_deleted_account is
  'Clears the profile of a softly deleted account, removes its secrets and revokes its worker tokens.';

create or replace function private.sync_changed_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if (old.email, old.raw_user_meta_data, old.deleted_at)
    is not distinct from (new.email, new.raw_user_meta_data, new.deleted_at)
  then
    return null;
  end if;
  if new.deleted_at is not null then
    perform private.clear_deleted_account(new.id, new.email);
    return null;
  end if;
  update public.users as u
  set email = new.email,
    full_name = case when n.full_name is distinct from o.full_name
      then coalesce(n.full_name, u.full_name) else u.full_name end,
    avatar_url = case when n.avatar_url is distinct from o.avatar_url
      then coalesce(n.avatar_url, u.avatar_url) else u.avatar_url end,
    github_username = case when n.github_username is distinct from o.github_username
      then coalesce(n.github_username, u.github_username) else u.github_username end
  from private.parse_metadata_profile(old.raw_user_meta_data) as o,
    private.parse_metadata_profile(new.raw_user_meta_data) as n
  where u.id = new.id;
  return null;
end;
$$;
comment on function private.sync_changed_account is
  'After-update trigger of auth.users: copies what the provider changed; what the user wrote stays. Clears '
  'what a softly deleted account leaves.';

create trigger _100_sync_new_account after insert on auth.users
  for each row execute function private.sync_new_account();
-- Names no column: upgrades of the auth server alter them, which a condition that names one would prevent.
create trigger _110_sync_changed_account after update on auth.users
  for each row when (old *<> new) execute function private.sync_changed_account();

-- The accounts that exist already.
insert into public.users (id, email, full_name, avatar_url, github_username, created_at)
select a.id, a.email, p.full_name, p.avatar_url, p.github_username, coalesce(a.created_at, now())
from auth.users as a cross join lateral private.parse_metadata_profile(a.raw_user_meta_data) as p
on conflict on constraint users_pkey do nothing;
