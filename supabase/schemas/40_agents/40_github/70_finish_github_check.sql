-- What the sweep learned about a pull request.

-- After 15 and 30 minutes, an hour … a day, as long as the link exists.
create or replace function private.next_github_attempt_at(p_attempts_count integer) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- The first one before the next sweep, which is every 15 minutes.
  return now() + private.backoff(p_attempts_count + 1, interval '12 minutes', interval '1 day');
end;
$$;
comment on function private.next_github_attempt_at is
  'When to ask GitHub again after this many failed attempts before this one.';

create or replace function private.next_github_search_at(p_attempts_count integer) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return case when p_attempts_count < 12 then private.next_github_attempt_at(p_attempts_count) end;
end;
$$;
comment on function private.next_github_search_at is
  'The same for what may never be found: null after the thirteenth attempt, about a week after the first.';

create or replace function private.sync_answered_repository(
  p_pull_request jsonb, p_asked_id bigint, p_read_at timestamptz
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_repository constant jsonb := p_pull_request #> '{base,repo}';
  v_name constant text[] := string_to_array(v_repository ->> 'full_name', '/');
begin
  if v_name is null then
    return p_asked_id;
  end if;
  return private.sync_repository(
    (v_repository ->> 'id')::bigint, v_name[1], v_name[2], coalesce(p_read_at, clock_timestamp()), true,
    p_asked_id
  );
end;
$$;
comment on function private.sync_answered_repository is
  'The repository of a pull request in an answer to a question about this repository.';

create or replace function private.store_github_answer(
  p_pull public.pull_requests, p_pull_request text, p_etag text, p_read_at timestamptz
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_answer constant jsonb := private.repair_json_escapes(p_pull_request)::jsonb;
  v_number constant integer := (private.parse_pull_request(v_answer)).number;
begin
  if v_number <> p_pull.number then
    raise exception using
      errcode = 'PT422', message = 'agents_github_answer_invalid',
      detail = format('Number %s was requested, the answer is about %s.', p_pull.number, v_number),
      hint = 'Send the answer to the request for this pull request.';
  end if;
  return private.record_reported_pull_request(
    private.sync_answered_repository(v_answer, p_pull.repository_id, p_read_at), v_answer,
    coalesce(p_read_at, clock_timestamp()), left(p_etag, 300)
  );
end;
$$;
comment on function private.store_github_answer is
  'Merges an answer of GitHub''s API about a pull request and returns the id of its row, which is another '
  'one where the repository turns out to be a known one. Errors: agents_github_answer_invalid (422).';

-- Only what GitHub never reported of the old one: a link that showed something once goes on meaning it.
create or replace function private.move_links(p_from bigint, p_into bigint, p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_link public.task_pull_requests;
begin
  for v_link in
    delete from public.task_pull_requests as l
    using public.pull_requests as p
    where l.pull_request_id = p_from and p.id = p_from and p.provider_updated_at is null
      and (l.user_id = p_user_id or p_user_id is null)
    returning l.*
  loop
    update private.task_github_refs as r set repository_id = p.repository_id
    from public.pull_requests as p
    where r.task_id = v_link.task_id and p.id = p_into;
    perform private.link_pull_request(v_link.task_id, v_link.user_id, p_into, v_link.source, false);
  end loop;
end;
$$;
comment on function private.move_links is
  'What an address leads to is in another repository, which has taken the name: the links of this user, or '
  'for null of all, lead there.';

create or replace function private.finish_github_check(
  p_pull_request_id bigint, p_user_id uuid, p_outcome text, p_pull_request text, p_etag text,
  p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
  v_id bigint := p_pull_request_id;
begin
  select * into v_pull from public.pull_requests as p where p.id = p_pull_request_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_pull_request_unknown',
      detail = 'The pull request does not exist.',
      hint = 'Use an id that begin_github_sweep returned.';
  end if;
  case p_outcome
    when 'read' then
      v_id := private.store_github_answer(v_pull, p_pull_request, p_etag, p_read_at);
    when 'unchanged' then
      -- unless a delivery has changed the row since, which clears the ETag
      update private.pull_request_checks as c set
        read_at = case when c.etag is not null then greatest(c.read_at, p_read_at) else c.read_at end,
        next_attempt_at = case when c.etag is null then now()
          else private.next_pull_request_check(private.current_version(v_pull), p_read_at, false) end
      where c.pull_request_id = p_pull_request_id;
    when 'not_seen' then
      perform private.unverify_links_of_reader(p_pull_request_id, p_user_id);
      return;
    when 'unseen' then
      update private.pull_request_checks as c set
        checked_at = now(), attempts_count = c.attempts_count + 1,
        next_attempt_at = private.next_github_attempt_at(c.attempts_count)
      where c.pull_request_id = p_pull_request_id;
      return;
    else
      raise exception using
        errcode = 'PT422', message = 'agents_github_outcome_invalid',
        detail = format('%L is not an outcome.', p_outcome),
        hint = 'Use read, unchanged, not_seen or unseen.';
  end case;
  if v_id <> p_pull_request_id then
    perform private.move_links(p_pull_request_id, v_id, p_user_id);
  end if;
  update private.pull_request_checks as c set checked_at = now(), attempts_count = 0
  where c.pull_request_id = v_id;
  perform private.verify_links_of_reader(v_id, p_user_id);
end;
$$;
grant execute on function private.finish_github_check to service_role;

create or replace function public.finish_github_check(
  pull_request_id bigint, user_id uuid, outcome text, pull_request text default null,
  etag text default null, read_at timestamptz default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_github_check(
    finish_github_check.pull_request_id, finish_github_check.user_id, finish_github_check.outcome,
    finish_github_check.pull_request, finish_github_check.etag, finish_github_check.read_at
  );
end;
comment on function public.finish_github_check is
  'Records the outcome of asking GitHub about a pull request with this user''s token (null: without one). '
  'read: the answer''s body as text, its ETag, and when it was requested. unchanged: GitHub has nothing '
  'newer than the ETag. Both verify the user''s links. not_seen: the token does not find it. unseen: no '
  'token did. Service role only. Errors: agents_pull_request_unknown (404), agents_github_outcome_invalid, '
  'agents_github_answer_invalid, agents_pull_request_invalid (422).';
grant execute on function public.finish_github_check to service_role;
