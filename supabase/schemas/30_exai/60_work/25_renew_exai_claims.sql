-- Says whose claim is on issues that the caller works on, and renews the caller's own.

create or replace function private.renew_exai_claims(p_issue_numbers integer[], p_conversation_id text)
returns table (
  issue_id uuid, issue_number integer, status text, claimed_by text, lease_expires_at timestamptz,
  lost_at timestamptz
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id text;
begin
  perform private.require_team_role('agent');
  v_conversation_id := private.non_blank(p_conversation_id);
  perform private.renew_exai_claim(i.id, v_conversation_id, true)
  from public.exai_issues as i
  where i.issue_number = any (p_issue_numbers) and i.claimed_by is not null
  order by i.id;
  return query
  select i.id, i.issue_number, case
      when c.is_live and private.is_exai_claim_holder(i, v_conversation_id) then 'held'
      when l.lost_at is not null then 'lost'
      when c.is_live then 'other'
      else 'none'
    end,
    case when c.is_live then left(i.claimed_by, 200) end, case when c.is_live then i.lease_expires_at end,
    l.lost_at
  from public.exai_issues as i
  cross join lateral (select coalesce(i.lease_expires_at > clock_timestamp(), false) as is_live) as c
  left join private.exai_lost_claims as l
    on l.issue_id = i.id and l.claimed_by = coalesce(v_conversation_id, private.actor_name())
    and l.claimed_by_user_id is not distinct from auth.uid()
  where i.issue_number = any (p_issue_numbers)
  order by i.issue_number;
end;
$$;
grant execute on function private.renew_exai_claims to authenticated, service_role;

create or replace function public.renew_exai_claims(
  issue_numbers integer[], conversation_id text default null
) returns table (
  issue_id uuid, issue_number integer, status text, claimed_by text, lease_expires_at timestamptz,
  lost_at timestamptz
)
language sql volatile security invoker set search_path = ''
begin atomic
  select r.issue_id, r.issue_number, r.status, r.claimed_by, r.lease_expires_at, r.lost_at
  from private.renew_exai_claims(renew_exai_claims.issue_numbers, renew_exai_claims.conversation_id) as r;
end;
comment on function public.renew_exai_claims is
  'Extends the claims that the caller, in this conversation, holds on these issues, and returns a row for '
  'each issue that exists. status is held; lost, if the caller had a claim that passed to somebody else or '
  'was ended by somebody else at lost_at; other, if somebody else holds a claim; or none. claimed_by and '
  'lease_expires_at are those of the claim, if it has not expired. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403).';
grant execute on function public.renew_exai_claims to authenticated, service_role;
