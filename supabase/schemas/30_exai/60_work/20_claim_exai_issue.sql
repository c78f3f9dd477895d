-- Claims a given engineering issue.

create or replace function private.claim_exai_issue(
  p_issue_number integer, p_conversation_id text, p_minutes integer
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_claimed_by text;
  v_issue public.exai_issues;
begin
  perform private.require_team_role('agent');
  perform private.check_exai_claim_minutes(p_minutes);
  v_claimed_by := coalesce(private.non_blank(p_conversation_id), private.actor_name());
  perform private.lock_exai_graph_shared();
  select i.* into v_issue
  from public.exai_issues as i
  where i.issue_number = p_issue_number
  for no key update;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  if not private.is_active_exai_status(v_issue.status) then
    raise exception using
      errcode = 'PT409', message = 'exai_status_conflict',
      detail = format('Issue #%s is %s.', v_issue.issue_number, v_issue.status),
      hint = 'Reopen it first, or choose another issue.';
  end if;
  if exists (
    select from private.exai_issue_counts as c where c.issue_id = v_issue.id and c.active_originals_count > 0
  ) then
    raise exception using
      errcode = 'PT409', message = 'exai_duplicate_conflict',
      detail = format(
        'Issue #%s is a duplicate of #%s, which is not finished.', v_issue.issue_number,
        private.find_exai_original(v_issue.id)
      ),
      hint = 'Claim that issue instead.';
  end if;
  if v_issue.lease_expires_at > clock_timestamp()
    and (v_issue.claimed_by, v_issue.claimed_by_user_id) is distinct from (v_claimed_by, auth.uid())
  then
    raise exception using
      errcode = 'PT409', message = 'exai_claim_conflict',
      detail = format(
        'Issue #%s is claimed by %s until %s.', v_issue.issue_number, left(v_issue.claimed_by, 200),
        to_char(v_issue.lease_expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      ),
      hint = 'Choose another issue with next_exai_issue, or wait until then.';
  end if;
  return private.write_exai_claim(v_issue.id, private.non_blank(p_conversation_id), p_minutes);
end;
$$;
grant execute on function private.claim_exai_issue to authenticated, service_role;

create or replace function public.claim_exai_issue(
  issue_number integer, conversation_id text default null, minutes integer default 30
) returns public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_exai_issue(
    claim_exai_issue.issue_number, claim_exai_issue.conversation_id, claim_exai_issue.minutes
  );
end;
comment on function public.claim_exai_issue is
  'Claims an active issue for a conversation, or under the caller''s display name without one, for 1 to 1440 '
  'minutes. The holder claims again to extend the claim. The status does not change. Agents and servers. '
  'Errors: sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_claim_conflict, '
  'exai_duplicate_conflict, exai_status_conflict (409), exai_claim_minutes_invalid (422).';
grant execute on function public.claim_exai_issue to authenticated, service_role;
