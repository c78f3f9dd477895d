-- Claims the first ready issue that has no claim.

create or replace function private.next_exai_issue(p_conversation_id text, p_minutes integer)
returns setof public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.require_team_role('agent');
  perform private.check_exai_claim_minutes(p_minutes);
  perform private.lock_exai_graph_shared();
  select i.id into v_issue_id
  from private.exai_issue_counts as c
  join public.exai_issues as i on i.id = c.issue_id
  where c.is_ready and i.status in ('open', 'in_progress')
    and (i.lease_expires_at is null or i.lease_expires_at <= clock_timestamp())
  order by c.severity_rank, c.unblocks_count desc, c.created_at, c.issue_number
  limit 1
  for no key update of i skip locked;
  if found then
    return next private.write_exai_claim(v_issue_id, private.non_blank(p_conversation_id), p_minutes);
  end if;
end;
$$;
grant execute on function private.next_exai_issue to authenticated, service_role;

create or replace function public.next_exai_issue(
  conversation_id text default null, minutes integer default 30
) returns setof public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select n.* from private.next_exai_issue(next_exai_issue.conversation_id, next_exai_issue.minutes) as n;
end;
comment on function public.next_exai_issue is
  'Claims the first issue of exai_ready_issues that has no claim, and returns it; without such an issue no '
  'row. Concurrent callers get different issues. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_claim_minutes_invalid (422).';
grant execute on function public.next_exai_issue to authenticated, service_role;
