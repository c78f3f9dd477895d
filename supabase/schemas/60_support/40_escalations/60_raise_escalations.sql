-- Escalations that wait too long, and those whose person has left.

-- A server that tells the team, by mail or chat, sets notified itself; this is the same for agents and
-- servers that call functions.
create or replace function private.notify_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.status = 'pending' then
    update support.escalations as e set status = 'notified' where e.id = p_id returning * into v_escalation;
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.notify_escalation to authenticated, service_role;

create or replace function support.notify_escalation(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.notify_escalation(notify_escalation.id);
end;
comment on function support.notify_escalation is
  'Records that the team was told of a pending escalation, and returns it; any other stays as it is. Agents '
  'and servers. Errors: sign_in_required (401), team_role_required (403), support_escalation_unknown (404).';
grant execute on function support.notify_escalation to authenticated, service_role;

create or replace function private.raise_waiting_escalations(p_batch integer default 1000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    mins => (select s.escalation_due_minutes from support.settings as s)
  );
  v_count integer;
begin
  update support.escalations as e set
    status = 'pending', raised_at = clock_timestamp(), raised_count = e.raised_count + 1
  where e.id = any (array(
    select o.id from support.escalations as o
    where o.status in ('pending', 'notified')
      and greatest(o.created_at, o.notified_at, o.raised_at) < v_before
    order by o.id
    limit p_batch
    for no key update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.raise_waiting_escalations is
  'Raises up to p_batch escalations again that nobody has taken for escalation_due_minutes: they become '
  'pending, raised_count grows, and open_escalations lists them first. Returns how many. For the scheduler.';

create or replace function private.release_lost_escalations(p_user_id uuid default null) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with lost as (
    select e.id from support.escalations as e
    where e.status = 'in_progress' and e.assigned_to_user_id is not null
      and (p_user_id is null or e.assigned_to_user_id = p_user_id)
      and not private.is_support_agent(e.assigned_to_user_id)
    order by e.id
    for no key update
  )
  update support.escalations as e set status = 'pending' from lost as l where e.id = l.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.release_lost_escalations is
  'Returns escalations to pending whose person is an agent no longer, or is banned or deleted: those of one '
  'account, or for null of everybody. Returns how many. For triggers and the scheduler.';

create or replace function private.release_escalations_of_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.release_lost_escalations(old.user_id);
  return null;
end;
$$;
comment on function private.release_escalations_of_member is
  'After trigger of team_members: what somebody had taken who lost the role waits again.';

create or replace function private.release_escalations_of_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if (old.banned_until, old.deleted_at) is distinct from (new.banned_until, new.deleted_at) then
    perform private.release_lost_escalations(new.id);
  end if;
  return null;
end;
$$;
comment on function private.release_escalations_of_account is
  'After-update trigger of auth.users: what somebody had taken who is banned or deleted waits again.';

create trigger _200_release_escalations after delete on public.team_members
  for each row execute function private.release_escalations_of_member();
create trigger _210_release_escalations after update on public.team_members
  for each row when (old.role is distinct from new.role)
  execute function private.release_escalations_of_member();
-- Names no column, see _110_sync_changed_account.
create trigger _140_release_escalations after update on auth.users
  for each row when (old *<> new) execute function private.release_escalations_of_account();
