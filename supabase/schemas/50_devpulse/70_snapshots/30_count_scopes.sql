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
