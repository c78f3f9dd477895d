-- The states of an escalation: pending, notified, in_progress, resolved, and who holds it.

create or replace function private.is_escalation_step(p_from text, p_to text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_from
    when 'pending' then p_to in ('notified', 'in_progress', 'resolved')
    when 'notified' then p_to in ('pending', 'in_progress', 'resolved')
    when 'in_progress' then p_to in ('pending', 'resolved')
    else false
  end;
end;
$$;
comment on function private.is_escalation_step is
  'Whether an escalation may change from one status to another. From resolved there is no way back: whoever '
  'needs a person again gets another escalation.';

-- An agent whose role or account has ended holds nothing.
create or replace function private.is_support_agent(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.team_members as m
    where m.user_id = p_user_id and private.team_role_rank(m.role) >= private.team_role_rank('agent')
      and private.is_active_account(m.user_id)
  );
end;
$$;
comment on function private.is_support_agent is
  'Whether an account may answer: at least an agent of the team, and neither banned nor deleted.';

create or replace function private.require_escalation_holder(p_escalation support.escalations) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_escalation.status <> 'in_progress' or private.is_trusted_caller() or private.has_team_role('admin')
    or p_escalation.assigned_to_user_id is not distinct from auth.uid()
    or not private.is_support_agent(p_escalation.assigned_to_user_id)
  then
    return;
  end if;
  raise exception using
    errcode = 'PT409', message = 'support_escalation_conflict',
    detail = format('%s has taken this escalation.', private.member_name(p_escalation.assigned_to_user_id)),
    hint = 'Ask them, or an admin, to release it.';
end;
$$;
comment on function private.require_escalation_holder is
  'Returns for whoever may change an escalation: who has taken it, admins and servers; anybody of the team '
  'where nobody has, or who did is an agent no longer. Errors: support_escalation_conflict (409).';

create or replace function private.check_escalation_step() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['pending', 'notified', 'in_progress', 'resolved'];
begin
  new.status := coalesce(new.status, old.status);
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'support_escalation_status_invalid',
      detail = format('%L is not a valid status.', left(new.status, 100)),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  if tg_op = 'INSERT' or new.status = old.status then
    return new;
  end if;
  if not private.is_escalation_step(old.status, new.status) then
    raise exception using
      errcode = 'PT409', message = 'support_escalation_status_conflict',
      detail = format('An escalation that is %s does not become %s.', old.status, new.status),
      hint = 'Read it again: somebody may have changed it. A resolved one stays so; create another.';
  end if;
  perform private.require_escalation_holder(old);
  return new;
end;
$$;
comment on function private.check_escalation_step is
  'Before trigger of escalations: only known statuses, only the steps between them, and who has taken it '
  'decides. Errors: support_escalation_conflict, support_escalation_status_conflict (409), '
  'support_escalation_status_invalid (422).';

-- The times follow from the status. Who takes it is the caller, unless a server or a function of ours named
-- somebody; where the account of who had it is deleted, the foreign key clears the column and it waits again.
create or replace function private.set_escalation_times() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_new constant boolean := tg_op = 'INSERT' or new.status is distinct from old.status;
begin
  if tg_op = 'UPDATE' and not v_is_new and new.status = 'in_progress' and new.assigned_to_user_id is null
    and old.assigned_to_user_id is not null
  then
    new.status := 'pending';
  end if;
  if new.status = 'notified' and v_is_new then
    new.notified_at := clock_timestamp();
    new.notified_count := new.notified_count + 1;
  elsif new.status = 'in_progress' and v_is_new then
    new.assigned_to_user_id := coalesce(
      new.assigned_to_user_id, case when private.is_support_agent(auth.uid()) then auth.uid() end
    );
    new.taken_at := clock_timestamp();
  end if;
  if new.status in ('pending', 'notified') then
    new.assigned_to_user_id := null;
    new.taken_at := null;
  end if;
  if new.status <> 'resolved' then
    new.resolved_at := null;
    new.resolved_by_user_id := null;
  elsif v_is_new then
    new.resolved_at := case when tg_op = 'INSERT' then coalesce(new.resolved_at, clock_timestamp())
      else clock_timestamp() end;
    new.resolved_by_user_id := coalesce(auth.uid(), new.resolved_by_user_id);
  end if;
  return new;
end;
$$;
comment on function private.set_escalation_times is
  'Before trigger of escalations: who has taken it, and when it was taken, notified and resolved, follow '
  'from the status.';

create trigger _110_check_escalation_step before insert or update on support.escalations
  for each row execute function private.check_escalation_step();
create trigger _200_set_escalation_times before insert or update on support.escalations
  for each row execute function private.set_escalation_times();
