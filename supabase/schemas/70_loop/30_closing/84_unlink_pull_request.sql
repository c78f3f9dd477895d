-- Removes the link between a pull request and an engineering issue.

create or replace function private.unlink_exai_pull_request(p_issue_number integer, p_url text)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url record;
  v_issue_id uuid;
  v_id bigint;
begin
  perform private.require_team_role('agent');
  v_issue_id := (select i.id from public.exai_issues as i where i.issue_number = p_issue_number);
  if v_issue_id is null then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  select * into v_url from private.parse_pull_request_url(p_url);
  v_id := (
    select l.pull_request_id from public.exai_issue_pull_requests as l
    where l.exai_issue_id = v_issue_id
      and (l.repo_owner, l.repo_name, l.number) = (v_url.o_owner, v_url.o_name, v_url.o_number)
  );
  if v_id is null then
    return false;
  end if;
  perform private.lock_pull_request_and_issue(v_id, v_issue_id);
  insert into private.unlinked_pull_requests (exai_issue_id, pull_request_id) values (v_issue_id, v_id)
  on conflict on constraint unlinked_pull_requests_pkey do nothing;
  delete from public.exai_issue_pull_requests as l
  where l.exai_issue_id = v_issue_id and l.pull_request_id = v_id;
  perform private.apply_close_rule(v_issue_id);
  return true;
end;
$$;
comment on function private.unlink_exai_pull_request is 'The body of unlink_pull_request.';
grant execute on function private.unlink_exai_pull_request to authenticated, service_role;

create or replace function public.unlink_pull_request(issue_number integer, url text) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unlink_exai_pull_request(unlink_pull_request.issue_number, unlink_pull_request.url);
end;
comment on function public.unlink_pull_request is
  'Removes the link between a pull request and an engineering issue, also one that words or a task made '
  'and would make again. A fix that has not shipped and has no other merged pull request is taken back. '
  'True where there was a link. Agents and servers. Errors: sign_in_required (401), team_role_required '
  '(403), exai_issue_unknown (404).';
grant execute on function public.unlink_pull_request to authenticated, service_role;
