-- What the sweep learned about a task's branch.

create or replace function private.record_github_branch(
  p_task_id bigint, p_user_id uuid, p_pull_requests text, p_read_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ref private.task_github_refs;
  v_pull jsonb;
  v_id bigint;
  v_count integer := 0;
begin
  select * into v_ref from private.task_github_refs as r
  where r.task_id = p_task_id and r.user_id = p_user_id and r.head_ref is not null;
  if not found then
    return 0;
  end if;
  for v_pull in
    select e.value from jsonb_array_elements(private.repair_json_escapes(p_pull_requests)::jsonb) as e (value)
    where e.value #>> '{head,ref}' = v_ref.head_ref
    order by e.value ->> 'number'
    limit 10
  loop
    v_id := private.record_reported_pull_request(
      private.sync_answered_repository(v_pull, v_ref.repository_id, p_read_at), v_pull,
      coalesce(p_read_at, clock_timestamp()), null::text
    );
    perform private.verify_links_of_reader(v_id, p_user_id);
    v_count := v_count + 1;
  end loop;
  update private.task_github_refs as r set
    attempts_count = r.attempts_count + 1,
    next_attempt_at = case
      when not exists (
        select from public.task_pull_requests as l where l.task_id = p_task_id
      ) then private.next_github_search_at(r.attempts_count) end
  where r.task_id = p_task_id;
  return v_count;
end;
$$;
grant execute on function private.record_github_branch to service_role;

create or replace function public.record_github_branch(
  task_id bigint, user_id uuid, pull_requests text, read_at timestamptz default null
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_branch(
    record_github_branch.task_id, record_github_branch.user_id, record_github_branch.pull_requests,
    record_github_branch.read_at
  );
end;
comment on function public.record_github_branch is
  'Records the pull requests that GitHub lists for a task''s branch, an array as text, read with this '
  'user''s token; an empty one where the token does not see the repository. Returns how many it recorded. '
  'Service role only. Errors: agents_pull_request_invalid (422).';
grant execute on function public.record_github_branch to service_role;
