-- Deployments of the loop's repositories, which the gate `deployment` waits for.
--
-- The latest successful one of each environment: what was merged before it was created is deployed with it.

create table private.repository_deployments (
  repository_id bigint not null,
  environment text not null,
  deployed_at timestamptz not null,
  succeeded_at timestamptz not null,
  version text,
  constraint repository_deployments_pkey primary key (repository_id),
  constraint repository_deployments_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete cascade
);
comment on table private.repository_deployments is
  'The latest successful deployment to ship_environment of each repository of the loop, or of a '
  'linked pull request.';
comment on column private.repository_deployments.environment is
  'Its environment: one to another than ship_environment, in any case, does not count.';
comment on column private.repository_deployments.deployed_at is
  'When the deployment was created, by GitHub''s clock.';
comment on column private.repository_deployments.succeeded_at is 'When it was reported as successful.';
comment on column private.repository_deployments.version is
  'The tag that it deployed, if it is a version such as v2.14.1; null for a branch or a commit.';
alter table private.repository_deployments enable row level security;

-- Names of environments are not case-sensitive at GitHub.
-- What a person has set to fixed without a merge waits for the next deployment of a repository of the loop.
create or replace function private.find_deployment_time(p_fix public.exai_issue_fixes, p_environment text)
returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_shipped_at timestamptz;
  v_is_deployed boolean;
begin
  select bool_and(d.succeeded_at is not null), max(d.succeeded_at) into v_is_deployed, v_shipped_at
  from public.exai_issue_pull_requests as l
  join public.pull_requests as p on p.id = l.pull_request_id
  left join private.repository_deployments as d on d.repository_id = p.repository_id
    and lower(d.environment) = lower(p_environment) and d.deployed_at >= l.merged_at
  where l.exai_issue_id = p_fix.exai_issue_id and l.intent = 'closes'
    and l.merged_at > coalesce(p_fix.reopened_at, '-infinity') and l.merged_at <= p_fix.fixed_at;
  if v_is_deployed is null then
    v_shipped_at := (
      select min(d.succeeded_at) from private.repository_deployments as d
      where lower(d.environment) = lower(p_environment) and d.deployed_at >= p_fix.fixed_at
        and private.is_loop_repository(d.repository_id)
    );
  end if;
  return case when v_is_deployed is not false then v_shipped_at end;
end;
$$;
comment on function private.find_deployment_time is
  'When all that was merged for a fix was deployed to this environment; null while it is not.';

create or replace function private.find_deployed_version(p_exai_issue_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select d.version
    from public.exai_issue_pull_requests as l
    join public.pull_requests as p on p.id = l.pull_request_id
    join private.repository_deployments as d on d.repository_id = p.repository_id
    where l.exai_issue_id = p_exai_issue_id and l.intent = 'closes' and l.merged_at <= d.deployed_at
    order by d.deployed_at desc
    limit 1
  );
end;
$$;
comment on function private.find_deployed_version is
  'The version that was deployed last of what was merged for an engineering issue; null where it has none.';

create or replace function private.apply_github_deployment(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_repository constant jsonb := p_payload -> 'repository';
  v_environment constant text := coalesce(
    p_payload #>> '{deployment_status,environment}', p_payload #>> '{deployment,environment}'
  );
  v_deployed_at constant timestamptz := private.parse_github_time(p_payload #>> '{deployment,created_at}');
  v_succeeded_at constant timestamptz :=
    private.parse_github_time(p_payload #>> '{deployment_status,created_at}');
  v_id bigint;
begin
  if jsonb_typeof(v_repository -> 'id') is distinct from 'number' or v_deployed_at is null
    or v_succeeded_at is null
  then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The deployment has no time, or its repository has no id.',
      hint = 'Send the payload as GitHub does.';
  end if;
  if p_payload #>> '{deployment_status,state}' is distinct from 'success'
    or lower(v_environment) is distinct from (
      select lower(s.ship_environment) from public.loop_settings as s where s.id
    )
  then
    return;
  end if;
  v_id := private.sync_repository(
    (v_repository ->> 'id')::bigint, v_repository #>> '{owner,login}', v_repository ->> 'name',
    v_succeeded_at, false, null::bigint
  );
  insert into private.repository_deployments as d (
    repository_id, environment, deployed_at, succeeded_at, version
  )
  select v_id, v_environment, v_deployed_at, v_succeeded_at,
    substring(p_payload #>> '{deployment,ref}' from '^(?:refs/tags/)?(v?[0-9]+\.[0-9A-Za-z.+-]{1,90})$')
  where private.is_loop_repository(v_id) or exists (
    select from public.pull_requests as p
    join public.exai_issue_pull_requests as l on l.pull_request_id = p.id
    where p.repository_id = v_id
  )
  on conflict on constraint repository_deployments_pkey do update set
    environment = excluded.environment, deployed_at = excluded.deployed_at,
    succeeded_at = excluded.succeeded_at, version = excluded.version
  where lower(d.environment) <> lower(excluded.environment)
    or (d.deployed_at, excluded.succeeded_at) < (excluded.deployed_at, d.succeeded_at);
  if found then
    perform private.run_ship_gate();
  end if;
end;
$$;
comment on function private.apply_github_deployment is
  'Processes the payload of a deployment_status event: a success in ship_environment of a repository that '
  'engineering issues have to do with. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';
