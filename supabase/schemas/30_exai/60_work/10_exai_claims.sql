-- Claims: who works on an engineering issue, until lease_expires_at.
--
-- The holder of a claim is a conversation together with an account. The holder may claim again to extend it,
-- and extends it by working on the issue (12_renew_exai_claim.sql).

create or replace function private.check_exai_claim_minutes(p_minutes integer) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_minutes is null or p_minutes not between 1 and 1440 then
    raise exception using
      errcode = 'PT422', message = 'exai_claim_minutes_invalid',
      detail = 'A claim lasts for 1 to 1440 minutes.',
      hint = 'Leave minutes out for 30.';
  end if;
end;
$$;
comment on function private.check_exai_claim_minutes is
  'Checks the duration of a claim. Errors: exai_claim_minutes_invalid (422).';

create or replace function private.write_exai_claim(
  p_issue_id uuid, p_conversation_id text, p_minutes integer
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.exai_issues;
begin
  update public.exai_issues as i
  set claimed_by = coalesce(p_conversation_id, private.actor_name()),
    claimed_by_user_id = (select u.id from auth.users as u where u.id = auth.uid()),
    claimed_at = clock_timestamp(), claim_minutes = p_minutes,
    lease_expires_at = clock_timestamp() + make_interval(mins => p_minutes)
  where i.id = p_issue_id
  returning i.* into v_issue;
  delete from private.exai_lost_claims as l
  where l.issue_id = v_issue.id and l.claimed_by = v_issue.claimed_by
    and l.claimed_by_user_id is not distinct from v_issue.claimed_by_user_id;
  perform private.link_exai_conversation(v_issue.id, p_conversation_id, 'Claimed.');
  return v_issue;
end;
$$;
comment on function private.write_exai_claim is
  'Writes a claim to an issue, which the caller has locked, and records the conversation in its history.';

-- Clients send whole rows back, including the claim. The functions that claim run as another role than the
-- API's.
create or replace function private.guard_exai_claim() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.claimed_by := old.claimed_by;
    new.claimed_by_user_id := old.claimed_by_user_id;
    new.claimed_at := old.claimed_at;
    new.lease_expires_at := old.lease_expires_at;
    new.claim_minutes := old.claim_minutes;
  end if;
  return new;
end;
$$;
comment on function private.guard_exai_claim is
  'Before trigger of exai_issues: restores the columns of the claim when a person writes them. Only '
  'claim_exai_issue, next_exai_issue and release_exai_issue change them.';

create or replace function private.clear_exai_claim() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.claimed_by := null;
  new.claimed_by_user_id := null;
  new.claimed_at := null;
  new.lease_expires_at := null;
  new.claim_minutes := null;
  return new;
end;
$$;
comment on function private.clear_exai_claim is
  'Before trigger of exai_issues: clears the claim of an issue that is not active.';

create trigger _200_guard_exai_claim before insert on public.exai_issues
  for each row when (
    coalesce(new.claimed_by, new.claimed_by_user_id::text) is not null
    or coalesce(new.claimed_at, new.lease_expires_at) is not null or new.claim_minutes is not null
  )
  execute function private.guard_exai_claim();
create trigger _210_guard_exai_claim before update on public.exai_issues
  for each row when (
    (old.claimed_by, old.claimed_by_user_id, old.claimed_at, old.lease_expires_at, old.claim_minutes)
    is distinct from
    (new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.lease_expires_at, new.claim_minutes)
  )
  execute function private.guard_exai_claim();
create trigger _220_clear_exai_claim before insert or update on public.exai_issues
  for each row when (
    new.status not in ('open', 'in_progress')
    and num_nonnulls(
      new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.lease_expires_at, new.claim_minutes
    ) > 0
  )
  execute function private.clear_exai_claim();
