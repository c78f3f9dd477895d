-- Who works on an engineering issue right now: a claim that ends by itself.
--
-- A claim is a conversation's, under one account: the same conversation under the same account holds it, and
-- may claim again to hold it longer.

create or replace function private.require_claim(p_minutes integer) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  if p_minutes is null or p_minutes not between 1 and 1440 then
    raise exception using
      errcode = 'PT422', message = 'exai_claim_minutes_invalid',
      detail = 'A claim holds for 1 to 1440 minutes.',
      hint = 'Leave p_minutes out for 30.';
  end if;
end;
$$;
comment on function private.require_claim is
  'Passes whoever may claim, for a time that is allowed. Errors: team_role_required '
  '(403), exai_claim_minutes_invalid (422).';

create or replace function private.write_exai_claim(p_issue_id uuid, p_claimed_by text, p_minutes integer)
returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.exai_issues;
begin
  update public.exai_issues as i
  set claimed_by = p_claimed_by,
    claimed_by_user_id = (select u.id from auth.users as u where u.id = auth.uid()),
    claimed_at = clock_timestamp(), claim_expires_at = clock_timestamp() + make_interval(mins => p_minutes)
  where i.id = p_issue_id
  returning i.* into v_issue;
  return v_issue;
end;
$$;
comment on function private.write_exai_claim is 'Writes a claim on an issue that is locked.';

-- Clients send whole rows back, claims too. Only the functions that claim run with another role than the
-- API's.
create or replace function private.guard_exai_claim() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.claimed_by := old.claimed_by;
    new.claimed_by_user_id := old.claimed_by_user_id;
    new.claimed_at := old.claimed_at;
    new.claim_expires_at := old.claim_expires_at;
  end if;
  return new;
end;
$$;
comment on function private.guard_exai_claim is
  'Before trigger: people claim by claim_exai_issue and next_exai_issue only; what else they write '
  'there is dropped.';

create trigger _150_guard_exai_claim before insert on public.exai_issues
  for each row when (
    coalesce(new.claimed_by, new.claimed_by_user_id::text) is not null
    or coalesce(new.claimed_at, new.claim_expires_at) is not null
  )
  execute function private.guard_exai_claim();
create trigger _160_guard_exai_claim before update on public.exai_issues
  for each row when (
    (old.claimed_by, old.claimed_by_user_id, old.claimed_at, old.claim_expires_at)
    is distinct from (new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.claim_expires_at)
  )
  execute function private.guard_exai_claim();
