-- Records what GitHub answered about contributions.

create or replace function private.record_github_contributions(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_count integer;
begin
  insert into public.github_contributions as g (
    platform_connection_id, date, commits_count, pull_requests_count, issues_count,
    repositories_contributed_to
  )
  select v_schedule.connection_id, n.date, n.commits_count, n.pull_requests_count, n.issues_count,
    n.repositories_contributed_to
  from jsonb_populate_recordset(null::public.github_contributions, p_payload -> 'days') as n
  on conflict on constraint github_contributions_connection_date_idx do update set
    commits_count = excluded.commits_count, pull_requests_count = excluded.pull_requests_count,
    issues_count = excluded.issues_count, repositories_contributed_to = excluded.repositories_contributed_to
  where (g.commits_count, g.pull_requests_count, g.issues_count, g.repositories_contributed_to) <> (
    excluded.commits_count, excluded.pull_requests_count, excluded.issues_count,
    excluded.repositories_contributed_to
  );
  get diagnostics v_count = row_count;
  if (p_payload ->> 'is_recent_complete')::boolean then
    update private.sync_schedule as s set contributions_read_at = private.observed_at(p_payload)
    where s.connection_id = v_schedule.connection_id;
  end if;
  perform private.store_sync_cursor(v_schedule.connection_id, p_payload -> 'cursor');
  return v_count;
end;
$$;
grant execute on function private.record_github_contributions to service_role;

create or replace function public.record_github_contributions(
  run_id bigint, fencing_token bigint, payload jsonb
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_contributions(
    record_github_contributions.run_id, record_github_contributions.fencing_token,
    record_github_contributions.payload
  );
end;
comment on function public.record_github_contributions is
  'Stores days of contributions: {observed_at, days: rows of github_contributions, is_recent_complete '
  '(whether the last seven days, and those to be read again, were read), cursor}. Returns how '
  'many changed. Service role only. Errors: devpulse_sync_lease_expired (410).';
grant execute on function public.record_github_contributions to service_role;
