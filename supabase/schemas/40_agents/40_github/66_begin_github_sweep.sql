-- Leases to the sweep what is due: for ten minutes, by moving next_attempt_at ahead.

create or replace function private.sweep_lease_expires_at() returns timestamptz
language sql stable security invoker set search_path = ''
begin atomic
  select now() + interval '10 minutes';
end;
comment on function private.sweep_lease_expires_at is
  'When what is leased to a sweep now is due again, if the sweep ends early.';

-- A sweep that ends early leaves the rest to the next one, and two concurrent ones don't ask for the same.
create or replace function private.lease_due_pull_requests(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_pull_requests(p_limit) as d (id));
  v_pulls jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'pull_request_id', p.id, 'github_id', case
        -- what the id does not lead to is asked for by name every other time: it may be another's by now
        when p.provider_updated_at is not null or c.attempts_count % 2 = 0 then r.github_id end,
      'repo_owner', p.repo_owner,
      'repo_name', p.repo_name, 'number', p.number,
      'is_private', p.is_private, 'etag', c.etag, 'readers', private.load_pull_request_readers(p.id)
    ) order by d.position
  ), '[]'::jsonb) into v_pulls
  from unnest(v_ids) with ordinality as d (id, position)
  join public.pull_requests as p on p.id = d.id
  join private.pull_request_checks as c on c.pull_request_id = d.id
  join private.github_repositories as r on r.id = p.repository_id;
  update private.pull_request_checks as c set next_attempt_at = private.sweep_lease_expires_at()
  where c.pull_request_id = any (v_ids) and c.next_attempt_at <= now();
  update public.task_pull_requests as l set verify_after = private.sweep_lease_expires_at()
  where l.pull_request_id = any (v_ids) and l.verify_after <= now();
  return v_pulls;
end;
$$;
comment on function private.lease_due_pull_requests is
  'Leases up to p_limit pull requests that are due, with the users whose tokens to use.';

create or replace function private.lease_due_branches(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_branches(p_limit) as d (id));
  v_branches jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'task_id', r.task_id, 'github_id', g.github_id, 'repo_owner', g.repo_owner,
      'repo_name', g.repo_name, 'head_ref', r.head_ref,
      'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.position
  ), '[]'::jsonb) into v_branches
  from unnest(v_ids) with ordinality as d (id, position)
  join private.task_github_refs as r on r.task_id = d.id
  join private.github_repositories as g on g.id = r.repository_id
  join private.usable_github_tokens as s on s.user_id = r.user_id;
  update private.task_github_refs as r set next_attempt_at = private.sweep_lease_expires_at()
  where r.task_id = any (v_ids);
  return v_branches;
end;
$$;
comment on function private.lease_due_branches is
  'Leases up to p_limit branches without a pull request, with the users whose tokens to use.';

create or replace function private.lease_due_projects(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_projects(p_limit) as d (id));
  v_projects jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'project_id', p.id, 'github_id', g.github_id, 'repo_owner', g.repo_owner, 'repo_name', g.repo_name,
      'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.position
  ), '[]'::jsonb) into v_projects
  from unnest(v_ids) with ordinality as d (id, position)
  join public.projects as p on p.id = d.id
  join private.project_repositories as l on l.project_id = p.id
  join private.github_repositories as g on g.id = l.repository_id
  join private.usable_github_tokens as s on s.user_id = p.user_id;
  update private.project_repositories as l set next_attempt_at = private.sweep_lease_expires_at()
  where l.project_id = any (v_ids);
  return v_projects;
end;
$$;
comment on function private.lease_due_projects is
  'Leases up to p_limit projects whose repository is to be asked for, with the token of their user.';

create or replace function private.begin_github_sweep(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_batch_size, 100), 1), 500);
  v_paused_until constant timestamptz := private.provider_paused_until('github_sweep');
begin
  if p_ticket is not null then
    perform private.use_function_ticket('github-sweep', p_ticket);
  end if;
  if v_paused_until is not null then
    return jsonb_build_object(
      'paused_until', v_paused_until, 'projects', '[]'::jsonb, 'repositories', '[]'::jsonb,
      'pull_requests', '[]'::jsonb, 'branches', '[]'::jsonb
    );
  end if;
  -- serializes sweeps, so that each sees what the one before it has leased
  perform pg_advisory_xact_lock(hashtextextended('private.begin_github_sweep', 0));
  return jsonb_build_object(
    'paused_until', null::timestamptz,
    'projects', private.lease_due_projects(greatest(v_limit / 4, 1)),
    'repositories', private.lease_due_loop_repositories(greatest(v_limit / 4, 1)),
    'pull_requests', private.lease_due_pull_requests(v_limit),
    'branches', private.lease_due_branches(greatest(v_limit / 4, 1))
  );
end;
$$;
grant execute on function private.begin_github_sweep to service_role;

create or replace function public.begin_github_sweep(ticket text default null, batch_size integer default 100)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_github_sweep(begin_github_sweep.ticket, begin_github_sweep.batch_size);
end;
comment on function public.begin_github_sweep is
  'Leases to the sweep what to ask GitHub about, for ten minutes: {paused_until, projects: [{project_id, '
  'github_id, repo_owner, repo_name, user_id, secret_id, sealed}], repositories: [{repository_id, github_id, '
  'repo_owner, repo_name, etag, user_id, secret_id, sealed}], pull_requests: [{pull_request_id, '
  'github_id, repo_owner, repo_name, number, is_private, etag, readers: [{user_id, secret_id, sealed, '
  'is_unverified}]}], branches: [{task_id, github_id, repo_owner, repo_name, head_ref, user_id, secret_id, '
  'sealed}]}. is_unverified: a link is to be verified, for the first time or again. A ticket can be used '
  'once; without one the caller has checked who asks. Service role only. Errors: '
  'function_ticket_invalid (401).';
grant execute on function public.begin_github_sweep to service_role;
