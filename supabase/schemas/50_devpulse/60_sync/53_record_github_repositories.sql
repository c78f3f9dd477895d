-- Records a run's answers about repositories, and the day's readings.

create or replace function private.store_github_readings(
  p_connection_id uuid, p_repositories jsonb, p_unchanged bigint[], p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_metrics text[];
  v_ids text[];
  v_values numeric[];
begin
  -- of what did not change the stored numbers are the present ones; they were all valid, or there was no ETag
  select array_agg(v.metric), array_agg(r.id::text), array_agg(v.value::numeric)
  into v_metrics, v_ids, v_values
  from (
    select n.github_repo_id as id, n.stars_count, n.forks_count, n.open_issues_count
    from jsonb_populate_recordset(null::public.github_repositories, p_repositories) as n
    union all
    select o.github_repo_id, o.stars_count, o.forks_count, o.open_issues_count
    from public.github_repositories as o
    where o.platform_connection_id = p_connection_id and o.github_repo_id = any (p_unchanged)
  ) as r
  cross join lateral (
    values ('stars', r.stars_count), ('forks', r.forks_count), ('open_issues', r.open_issues_count)
  ) as v (metric, value);
  perform private.store_readings(p_connection_id, p_observed_at, v_metrics, v_ids, v_values);
end;
$$;
comment on function private.store_github_readings is
  'Stores the day''s readings of repositories that were read, and of those that did not change.';

-- GitHub answers 304 for what it has sent before, which is stored, unless it was deleted since.
create or replace function private.sync_unchanged_repositories(p_connection_id uuid, p_unchanged bigint[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_unknown constant bigint[] := array(
    select u.id from unnest(p_unchanged) as u (id)
    where not exists (
      select from public.github_repositories as r
      where r.platform_connection_id = p_connection_id and r.github_repo_id = u.id
    )
  );
begin
  delete from private.sync_etags as e
  where e.connection_id = p_connection_id and e.resource_ids && v_unknown;
  update public.github_repositories as r set removed_at = null
  where r.platform_connection_id = p_connection_id and r.github_repo_id = any (p_unchanged)
    and r.removed_at is not null;
end;
$$;
comment on function private.sync_unchanged_repositories is
  'Repositories in an answer that did not change are listed. ETags of answers of which a repository is not '
  'stored are deleted, so that they are read in full the next time.';

create or replace function private.record_github_repositories(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_id constant uuid := v_schedule.connection_id;
  v_observed_at constant timestamptz := private.observed_at(p_payload);
  v_sent constant jsonb := coalesce(p_payload -> 'repositories', '[]'::jsonb);
  v_repositories jsonb;
  v_day constant date := private.local_sync_day(v_id, v_observed_at);
  v_unchanged constant bigint[] := private.parse_ids(p_payload -> 'unchanged_ids');
  v_removed integer;
begin
  v_repositories := private.limit_github_repositories(v_id, v_sent);
  perform private.upsert_github_repositories(v_id, v_repositories, v_observed_at);
  perform private.sync_unchanged_repositories(v_id, v_unchanged);
  v_removed := private.remove_github_repositories(v_schedule, p_payload, v_observed_at);
  perform private.store_sync_etags(v_id, p_payload);
  perform private.resolve_monitor_repositories(v_id, coalesce(p_payload -> 'resolved', '[]'::jsonb));
  if v_schedule.readings_on is distinct from v_day or v_repositories <> '[]'::jsonb or v_removed <> 0 then
    perform private.store_github_readings(v_id, v_repositories, v_unchanged, v_observed_at);
    if p_payload ? 'listed_ids' and v_removed is not null then
      perform private.store_readings(v_id, v_observed_at, array['repositories'], array[''], array[(
        select count(*)::numeric from public.github_repositories as r
        where r.platform_connection_id = v_id and r.removed_at is null
      )]);
    end if;
    update private.sync_schedule as s
    set readings_on = case
      when (p_payload ->> 'is_complete')::boolean and v_removed is not null then v_day end
    where s.connection_id = v_id;
  end if;
  return jsonb_build_object(
    'removed', coalesce(v_removed, 0), 'is_suspect', v_removed is null,
    'left_out', jsonb_array_length(v_sent) - jsonb_array_length(v_repositories)
  );
end;
$$;
grant execute on function private.record_github_repositories to service_role;

create or replace function public.record_github_repositories(
  run_id bigint, fencing_token bigint, payload jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_repositories(
    record_github_repositories.run_id, record_github_repositories.fencing_token,
    record_github_repositories.payload
  );
end;
comment on function public.record_github_repositories is
  'Stores what a run read about repositories: {observed_at, repositories (rows of github_repositories; null '
  'for a number that is not valid), unchanged_ids (GitHub answered 304), listed_ids (the whole list, else '
  'left out), seen_ids and gone_ids (asked for by themselves), etags, dropped_paths, resolved: [{monitor_id, '
  'resource_id}], is_complete}. Returns {removed, is_suspect, left_out}. Service role only. Errors: '
  'devpulse_sync_lease_expired (410).';
grant execute on function public.record_github_repositories to service_role;
