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

create or replace function private.claim_exai_issue(
  p_issue_number integer, p_conversation_id text, p_minutes integer
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_claimed_by constant text := coalesce(private.non_blank(p_conversation_id), private.actor_name());
  v_issue public.exai_issues;
begin
  perform private.require_claim(p_minutes);
  perform private.share_exai_graph();
  select i.* into v_issue
  from public.exai_issues as i
  where i.issue_number = p_issue_number
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'exai_issue_unknown',
      detail = format('There is no engineering issue #%s.', p_issue_number), hint = 'Use its issue_number.';
  end if;
  if v_issue.status not in ('open', 'in_progress') then
    raise exception using
      errcode = 'PT409', message = 'exai_status_conflict',
      detail = format('Issue #%s is %s.', v_issue.issue_number, v_issue.status),
      hint = 'Open it again first, or choose another one.';
  end if;
  if v_issue.claim_expires_at > clock_timestamp()
    and (v_issue.claimed_by, v_issue.claimed_by_user_id) is distinct from (v_claimed_by, auth.uid())
  then
    raise exception using
      errcode = 'PT409', message = 'exai_claim_conflict',
      detail = format(
        'Issue #%s is claimed by %s until %s.', v_issue.issue_number, v_issue.claimed_by,
        to_char(v_issue.claim_expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      ),
      hint = 'Choose another one with next_exai_issue, or wait until then.';
  end if;
  return private.write_exai_claim(v_issue.id, v_claimed_by, p_minutes);
end;
$$;
grant execute on function private.claim_exai_issue to authenticated, service_role;

create or replace function public.claim_exai_issue(
  p_issue_number integer, p_conversation_id text default null, p_minutes integer default 30
) returns public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_exai_issue(
    p_issue_number => claim_exai_issue.p_issue_number,
    p_conversation_id => claim_exai_issue.p_conversation_id, p_minutes => claim_exai_issue.p_minutes
  );
end;
comment on function public.claim_exai_issue is
  'Claims an active issue for a conversation, or under the caller''s name without one, for so many minutes '
  '(1 to 1440); the holder''s own claim is renewed. The status stays what it is. Agents and servers. '
  'Errors: sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_claim_conflict, '
  'exai_status_conflict (409), exai_claim_minutes_invalid (422).';
grant execute on function public.claim_exai_issue to authenticated, service_role;

create or replace function private.release_exai_issue(p_issue_number integer, p_conversation_id text)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  update public.exai_issues as i
  set claimed_by = null, claimed_by_user_id = null, claimed_at = null, claim_expires_at = null
  where i.issue_number = p_issue_number and i.claimed_by is not null
    and (
      i.claimed_by = coalesce(private.non_blank(p_conversation_id), private.actor_name())
        and i.claimed_by_user_id is not distinct from auth.uid()
      or private.is_trusted_caller() or private.has_team_role('admin')
    );
  return found;
end;
$$;
grant execute on function private.release_exai_issue to authenticated, service_role;

create or replace function public.release_exai_issue(
  p_issue_number integer, p_conversation_id text default null
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_exai_issue(
    p_issue_number => release_exai_issue.p_issue_number,
    p_conversation_id => release_exai_issue.p_conversation_id
  );
end;
comment on function public.release_exai_issue is
  'Gives a claim up, and says whether there was one of this conversation and account; admins and servers '
  'release anybody''s. Agents and servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.release_exai_issue to authenticated, service_role;

create or replace function private.next_exai_issue(p_conversation_id text, p_minutes integer)
returns setof public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.require_claim(p_minutes);
  perform private.share_exai_graph();
  select i.id into v_issue_id
  from private.exai_issue_counts as c
  join public.exai_issues as i on i.id = c.issue_id
  where c.is_open and c.open_blockers_count = 0 and c.blocked_parents_count = 0
    and i.status in ('open', 'in_progress')
    and (i.claim_expires_at is null or i.claim_expires_at <= clock_timestamp())
  order by c.severity_rank, c.unblocks_count desc, c.created_at, c.issue_number
  limit 1
  for no key update of i skip locked;
  if found then
    return next private.write_exai_claim(
      v_issue_id, coalesce(private.non_blank(p_conversation_id), private.actor_name()), p_minutes
    );
  end if;
end;
$$;
grant execute on function private.next_exai_issue to authenticated, service_role;

create or replace function public.next_exai_issue(
  p_conversation_id text default null, p_minutes integer default 30
) returns setof public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select n.*
  from private.next_exai_issue(
    p_conversation_id => next_exai_issue.p_conversation_id, p_minutes => next_exai_issue.p_minutes
  ) as n;
end;
comment on function public.next_exai_issue is
  'Claims the first issue of exai_ready_issues that nobody holds, and returns it; no row when there is '
  'none. Callers at the same moment get different ones. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_claim_minutes_invalid (422).';
grant execute on function public.next_exai_issue to authenticated, service_role;
