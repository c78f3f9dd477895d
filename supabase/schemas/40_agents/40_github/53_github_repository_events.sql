-- `repository` events: a repository that is renamed, transferred, made private or deleted.

create or replace function private.old_repository_of(p_payload jsonb) returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_changes constant jsonb :=
    case when p_payload ->> 'action' in ('renamed', 'transferred') then p_payload -> 'changes' end;
begin
  return private.find_repository(
    lower(coalesce(
      v_changes #>> '{owner,from,organization,login}', v_changes #>> '{owner,from,user,login}',
      p_payload #>> '{repository,owner,login}'
    )),
    lower(coalesce(v_changes #>> '{repository,name,from}', p_payload #>> '{repository,name}'))
  );
end;
$$;
comment on function private.old_repository_of is
  'What the repository''s name before a change leads to; without a change, its name.';

create or replace function private.is_known_delivery(p_payload jsonb) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant jsonb := p_payload #> '{repository,id}';
begin
  return private.old_repository_of(p_payload) is not null or private.is_known_repository(
    case when jsonb_typeof(v_id) = 'number' then (v_id #>> '{}')::numeric::bigint end,
    lower(p_payload #>> '{repository,owner,login}'), lower(p_payload #>> '{repository,name}')
  );
end;
$$;
comment on function private.is_known_delivery is
  'Whether a project or task here has named the repository that a delivery is about, also by its old name.';

-- Nobody merges what is gone, and it holds up no fix. GitHub is asked once more, as after each delivery of
-- what is closed: who has the webhook's secret could close all for good, and repositories are restored.
create or replace function private.close_pull_requests_of_repository(p_repository_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- in one order, as everybody locks them
  v_ids constant bigint[] := array(
    select p.id from public.pull_requests as p
    where p.repository_id = p_repository_id and p.state = 'open' order by p.id for no key update
  );
begin
  update public.pull_requests as p set state = 'closed', closed_at = coalesce(p.closed_at, now())
  where p.id = any (v_ids);
  update private.pull_request_checks as c set
    etag = null, read_at = null, next_attempt_at = now() + interval '14 minutes'
  where c.pull_request_id = any (v_ids);
  perform private.sync_closing_pull_requests(v_ids);
end;
$$;
comment on function private.close_pull_requests_of_repository is
  'Closes the open pull requests of a repository that was deleted, for GitHub reports nothing more of them.';

-- Never makes one public: an event that arrives late would show what is private by now. The next answer or
-- pull_request event does.
create or replace function private.apply_github_repository(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_repository constant jsonb := p_payload -> 'repository';
  v_old_id bigint := private.old_repository_of(p_payload);
  v_id bigint;
begin
  if jsonb_typeof(v_repository -> 'id') is distinct from 'number' then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid', detail = 'The repository has no id.',
      hint = 'Send the payload as GitHub does.';
  end if;
  v_id := private.sync_repository(
    (v_repository ->> 'id')::bigint, v_repository #>> '{owner,login}', v_repository ->> 'name',
    private.parse_github_time(v_repository ->> 'updated_at'), false, v_old_id
  );
  if p_payload ->> 'action' = 'deleted' then
    perform private.close_pull_requests_of_repository(v_id);
  end if;
  if (v_repository ->> 'private')::boolean is not false or p_payload ->> 'action' = 'deleted' then
    update public.pull_requests as p set is_private = true
    where p.repository_id = v_id and p.is_private is false;
  end if;
end;
$$;
comment on function private.apply_github_repository is
  'Processes the payload of a repository event. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

-- A secret of one repository is good for this one alone: not for what its holder claims with another id, and
-- an id that GitHub has not reported to us may be that of any repository.
create or replace function private.is_github_repository(p_owner text, p_name text, p_github_id bigint)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select bool_and(
      r.is_current and r.github_id = p_github_id
      and (r.repo_owner, r.repo_name) = (lower(p_owner), lower(p_name))
    )
    from private.github_repositories as r
    where r.github_id = p_github_id
      or r.github_id is not null and r.is_current
      and r.repo_owner = lower(p_owner) and r.repo_name = lower(p_name)
  );
end;
$$;
grant execute on function private.is_github_repository to service_role;

create or replace function public.is_github_repository(owner text, name text, github_id bigint)
returns boolean
language sql stable security invoker set search_path = ''
begin atomic
  select private.is_github_repository(
    is_github_repository.owner, is_github_repository.name, is_github_repository.github_id
  );
end;
comment on function public.is_github_repository is
  'Whether this is the id that GitHub has reported for this name: false where it has reported another id for '
  'the name, or another name for the id, null where it has reported neither. Service role only.';
grant execute on function public.is_github_repository to service_role;
