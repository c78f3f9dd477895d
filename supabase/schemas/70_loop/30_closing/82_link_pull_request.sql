-- Links a pull request to an engineering issue by a person's word.

create or replace function private.find_linkable_pull_request(p_url text) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url record;
  v_repository_id bigint;
  v_id bigint;
begin
  select * into v_url from private.parse_pull_request_url(p_url);
  if v_url.o_owner is null then
    raise exception using
      errcode = 'PT422', message = 'loop_pull_request_invalid',
      detail = 'This is not the URL of a pull request at GitHub.',
      hint = 'Give https://github.com/owner/name/pull/number.';
  end if;
  v_repository_id := private.find_repository(v_url.o_owner, v_url.o_name);
  if private.is_loop_repository(v_repository_id) then
    return private.ensure_pull_request(v_repository_id, v_url.o_number);
  end if;
  v_id := (
    select p.id from public.pull_requests as p
    where p.repository_id = v_repository_id and p.number = v_url.o_number and p.is_private is false
  );
  -- The same for what does not exist and for what is private: others' repositories are not told apart.
  if v_id is null then
    raise exception using
      errcode = 'PT404', message = 'loop_pull_request_unknown',
      detail = 'The pull request is not of a repository of the team, nor a public one of a task.',
      hint = 'Ask an admin to add its repository to loop_repositories.';
  end if;
  return v_id;
end;
$$;
comment on function private.find_linkable_pull_request is
  'The pull request at a URL, where the team may link it: of a repository of the loop, where it is created, '
  'or a public one that is stored. Errors: loop_pull_request_unknown (404), loop_pull_request_invalid (422).';

create or replace function private.lock_pull_request_and_issue(p_id bigint, p_exai_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
begin
  select * into v_pull from public.pull_requests as p where p.id = p_id for no key update;
  -- all that the link may change, in one order
  perform private.lock_exai_issues(private.list_issues_of_pull_request(v_pull) || p_exai_issue_id);
end;
$$;
comment on function private.lock_pull_request_and_issue is
  'Locks a pull request, and then an engineering issue and those that the pull request is linked to, as '
  'private.sync_closing_pull_request does.';

create or replace function private.link_exai_pull_request(p_issue_number integer, p_url text, p_intent text)
returns public.exai_issue_pull_requests
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
  v_id bigint;
  v_link public.exai_issue_pull_requests;
begin
  perform private.require_team_role('agent');
  if (p_intent in ('closes', 'mentions')) is not true then
    raise exception using
      errcode = 'PT422', message = 'loop_intent_invalid',
      detail = format('%L is not a valid intent.', p_intent), hint = 'Use closes or mentions.';
  end if;
  v_issue_id := (select i.id from public.exai_issues as i where i.issue_number = p_issue_number);
  if v_issue_id is null then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  v_id := private.find_linkable_pull_request(p_url);
  perform private.lock_pull_request_and_issue(v_id, v_issue_id);
  delete from private.unlinked_pull_requests as x
  where x.exai_issue_id = v_issue_id and x.pull_request_id = v_id;
  insert into public.exai_issue_pull_requests as l (
    exai_issue_id, pull_request_id, intent, source, repo_owner, repo_name, number, url, linked_by,
    linked_by_user_id, is_linked_by_server
  )
  select v_issue_id, p.id, p_intent, 'person', p.repo_owner, p.repo_name, p.number, btrim(p_url),
    private.actor_name(), (select u.id from auth.users as u where u.id = auth.uid()), auth.uid() is null
  from public.pull_requests as p where p.id = v_id
  on conflict on constraint exai_issue_pull_requests_pkey do update set
    intent = excluded.intent, source = 'person', task_id = null, linked_by = excluded.linked_by,
    linked_by_user_id = excluded.linked_by_user_id, is_linked_by_server = excluded.is_linked_by_server
  where l.source <> 'person' or l.intent <> excluded.intent or not private.has_closing_right(l);
  perform private.sync_closing_pull_request(v_id);
  perform private.apply_close_rule(v_issue_id);
  select * into v_link from public.exai_issue_pull_requests as l
  where l.exai_issue_id = v_issue_id and l.pull_request_id = v_id;
  return v_link;
end;
$$;
comment on function private.link_exai_pull_request is
  'The body of link_pull_request. Errors: loop_intent_invalid (422).';
grant execute on function private.link_exai_pull_request to authenticated, service_role;

create or replace function public.link_pull_request(
  issue_number integer, url text, intent text default 'closes'
) returns public.exai_issue_pull_requests
language sql volatile security invoker set search_path = ''
begin atomic
  select private.link_exai_pull_request(
    link_pull_request.issue_number, link_pull_request.url, link_pull_request.intent
  );
end;
comment on function public.link_pull_request is
  'Links a pull request to an engineering issue, or changes what a link means: closes or mentions. Words '
  'and tasks do not change it any more. Of a repository of loop_repositories, or public and stored because '
  'of a task. Returns the link. Agents and servers. Errors: sign_in_required (401), team_role_required '
  '(403), exai_issue_unknown, loop_pull_request_unknown (404), loop_pull_request_invalid, '
  'loop_intent_invalid (422).';
grant execute on function public.link_pull_request to authenticated, service_role;
