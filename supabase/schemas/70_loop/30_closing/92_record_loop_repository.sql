-- What the sweep learned about the pull requests of a repository of the loop.

-- Only those that name an engineering issue, or are stored already.
create or replace function private.record_listed_pull_requests(
  p_repository_id bigint, p_pull_requests text, p_read_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull jsonb;
  v_named private.named_issues;
  v_count integer := 0;
begin
  for v_pull in
    select e.value from jsonb_array_elements(private.repair_json_escapes(p_pull_requests)::jsonb) as e (value)
    order by (e.value ->> 'number')::integer
    limit 100
  loop
    v_named := private.parse_named_issues(v_pull);
    if v_named.closes_issues || v_named.mentions_issues <> '{}' or exists (
      select from public.pull_requests as p
      where p.repository_id = p_repository_id and p.number = (v_pull ->> 'number')::integer
    ) then
      perform private.record_reported_pull_request(
        private.sync_answered_repository(v_pull, p_repository_id, p_read_at), v_pull, p_read_at, null::text
      );
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end;
$$;
comment on function private.record_listed_pull_requests is
  'Merges those of a list of pull requests, a page of GitHub''s API, that matter, and returns how many. '
  'Errors: agents_pull_request_invalid (422).';

create or replace function private.record_loop_repository(
  p_repository_id bigint, p_outcome text, p_pull_requests text, p_etag text, p_read_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer := 0;
begin
  if (p_outcome in ('read', 'unchanged', 'not_seen')) is not true then
    raise exception using
      errcode = 'PT422', message = 'agents_github_outcome_invalid',
      detail = format('%L is not an outcome.', p_outcome), hint = 'Use read, unchanged or not_seen.';
  end if;
  if p_outcome = 'read' then
    v_count := private.record_listed_pull_requests(
      p_repository_id, p_pull_requests, coalesce(p_read_at, clock_timestamp())
    );
  end if;
  update private.loop_repository_checks as c set
    etag = case p_outcome when 'read' then left(p_etag, 300) else c.etag end,
    attempts_count = case p_outcome when 'not_seen' then c.attempts_count + 1 else 0 end,
    next_attempt_at = case p_outcome
      when 'not_seen' then private.next_github_attempt_at(c.attempts_count)
      else now() + interval '14 minutes' end
  where c.repository_id = p_repository_id;
  return v_count;
end;
$$;
grant execute on function private.record_loop_repository to service_role;

create or replace function public.record_loop_repository(
  repository_id bigint, outcome text, pull_requests text default null, etag text default null,
  read_at timestamptz default null
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_loop_repository(
    record_loop_repository.repository_id, record_loop_repository.outcome,
    record_loop_repository.pull_requests, record_loop_repository.etag, record_loop_repository.read_at
  );
end;
comment on function public.record_loop_repository is
  'Records the outcome of listing the pull requests of a repository of the loop. read: the page, an array '
  'as text, its ETag, and when it was requested. unchanged: GitHub has nothing newer than the ETag. '
  'not_seen: the token does not see the repository. Returns how many pull requests it recorded. Service '
  'role only. Errors: agents_github_outcome_invalid, agents_pull_request_invalid (422).';
grant execute on function public.record_loop_repository to service_role;
