-- Work renews a claim: each write of the holder to an issue, its steps, updates or relations extends it.
--
-- The row is written only when the claim gains at least a tenth of its duration: ten times per duration at
-- most, and after each write at least nine tenths are left. It is locked before the write locks anything else
-- of the issue, and after the graph, as in every other update of an issue.

create or replace function private.is_exai_claim_holder(p_issue public.exai_issues, p_conversation_id text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return p_issue.claimed_by is not null and p_issue.claimed_by_user_id is not distinct from auth.uid() and (
    p_issue.claimed_by = p_conversation_id
    or p_conversation_id is null and auth.uid() is not null
    or p_issue.claimed_by = private.actor_name()
  ) is true;
end;
$$;
comment on function private.is_exai_claim_holder is
  'Whether the caller holds the claim: the same account, and the conversation that claimed the issue, no '
  'conversation at all, or any if the person claimed it without one.';

create or replace function private.exai_conversation_of(p_old public.exai_issues, p_new public.exai_issues)
returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    case when p_new.fix_conversation_id is distinct from p_old.fix_conversation_id
      then private.non_blank(p_new.fix_conversation_id)
    end,
    private.non_blank(current_setting('app.conversation_id', true))
  );
end;
$$;
comment on function private.exai_conversation_of is
  'The conversation that updates an issue: its fix_conversation_id if the update sets it, else the setting '
  'app.conversation_id, else null.';

create or replace function private.next_exai_lease(p_lease_expires_at timestamptz, p_claim_minutes integer)
returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_duration constant interval := make_interval(mins => coalesce(p_claim_minutes, 30));
begin
  if p_lease_expires_at < clock_timestamp() + 0.9 * v_duration then
    return clock_timestamp() + v_duration;
  end if;
  return p_lease_expires_at;
end;
$$;
comment on function private.next_exai_lease is
  'When a claim ends after a write of its holder: unchanged if it would gain less than a tenth '
  'of its duration.';

create or replace function private.reject_lost_exai_claim(p_issue public.exai_issues, p_conversation_id text)
returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_issue.lease_expires_at > clock_timestamp()
    and private.has_lost_exai_claim(p_issue.id, p_conversation_id)
  then
    raise exception using
      errcode = 'PT409', message = 'exai_claim_conflict',
      detail = format(
        'You lost the claim on issue #%s, which %s has claimed until %s.', p_issue.issue_number,
        left(p_issue.claimed_by, 200),
        to_char(p_issue.lease_expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      ),
      hint = 'Leave the issue to them. What you found can still be added as an update.';
  end if;
end;
$$;
comment on function private.reject_lost_exai_claim is
  'Rejects a write by somebody who lost the claim, while another one holds it. Errors: '
  'exai_claim_conflict (409).';

create or replace function private.renew_exai_claim(
  p_issue_id uuid, p_conversation_id text, p_is_accepted boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.exai_issues;
begin
  select * into v_issue from public.exai_issues as i where i.id = p_issue_id and i.claimed_by is not null;
  if not found then
    return;
  end if;
  if not private.is_exai_claim_holder(v_issue, p_conversation_id) then
    if not p_is_accepted then
      perform private.reject_lost_exai_claim(v_issue, p_conversation_id);
    end if;
  elsif private.next_exai_lease(v_issue.lease_expires_at, v_issue.claim_minutes) > v_issue.lease_expires_at
  then
    update public.exai_issues as i
    set lease_expires_at = private.next_exai_lease(i.lease_expires_at, i.claim_minutes)
    where i.id = p_issue_id and i.claimed_by = v_issue.claimed_by
      and i.claimed_by_user_id is not distinct from v_issue.claimed_by_user_id;
  end if;
end;
$$;
comment on function private.renew_exai_claim is
  'Extends the claim on an issue if the caller holds it. Rejects those who lost it, unless p_is_accepted. '
  'Errors: exai_claim_conflict (409).';
