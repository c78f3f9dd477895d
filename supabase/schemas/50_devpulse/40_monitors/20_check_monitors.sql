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
