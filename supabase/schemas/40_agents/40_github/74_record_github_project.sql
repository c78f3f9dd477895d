-- What the sweep learned about the repository of a project: the id that its name leads to, or its new name.

create or replace function private.record_github_project(
  p_project_id bigint, p_repository text, p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_answer constant jsonb := private.repair_json_escapes(p_repository)::jsonb;
  v_name constant text[] := string_to_array(v_answer ->> 'full_name', '/');
  v_id bigint;
begin
  if v_answer is null then
    update private.project_repositories as l set
      attempts_count = l.attempts_count + 1,
      next_attempt_at = private.next_github_search_at(l.attempts_count)
    where l.project_id = p_project_id;
    return;
  end if;
  if jsonb_typeof(v_answer -> 'id') is distinct from 'number' then
    raise exception using
      errcode = 'PT422', message = 'agents_github_answer_invalid', detail = 'The repository has no id.',
      hint = 'Send the answer to the request for this repository.';
  end if;
  select l.repository_id into v_id from private.project_repositories as l where l.project_id = p_project_id;
  if found then
    v_id := private.sync_repository(
      (v_answer ->> 'id')::bigint, v_name[1], v_name[2], coalesce(p_read_at, clock_timestamp()), true,
      v_id
    );
    update private.project_repositories as l set next_attempt_at = null, attempts_count = 0
    where l.repository_id = v_id;
  end if;
end;
$$;
grant execute on function private.record_github_project to service_role;

create or replace function public.record_github_project(
  project_id bigint, repository text default null, read_at timestamptz default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_project(
    record_github_project.project_id, record_github_project.repository, record_github_project.read_at
  );
end;
comment on function public.record_github_project is
  'Records the answer of GitHub''s API about the repository of a project, as text, requested at read_at; '
  'null where the token of its user does not see it, which is asked again later. Service role only. Errors: '
  'agents_github_answer_invalid, agents_github_payload_invalid (422).';
grant execute on function public.record_github_project to service_role;
