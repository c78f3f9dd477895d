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
