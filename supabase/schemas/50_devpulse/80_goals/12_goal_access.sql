-- Whose goals may be in which workspace, what their numbers may be, and how many a user may have.

-- The first of its table, see that of monitors.
create trigger _005_check_new_workspace before insert on public.goals
  for each row when (new.workspace_id is not null) execute function private.check_workspace_membership();
create trigger _130_check_workspace before update on public.goals
  for each row when (new.workspace_id is not null and old.workspace_id is distinct from new.workspace_id)
  execute function private.check_workspace_membership();

-- See private.check_own_monitors.
create or replace function private.check_own_goals() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit constant integer := (select s.goals_per_user from public.devpulse_settings as s where s.id);
begin
  if v_limit is null or not exists (select from inserted) then
    return null;
  end if;
  perform private.lock_user_limits(v_user_id);
  if (
    select count(*) from (
      select from public.goals as g where g.user_id = v_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_goals_limit_reached',
      detail = format('An account has up to %s goals.', v_limit),
      hint = 'Delete one, or ask an admin to raise devpulse_settings.goals_per_user.';
  end if;
  return null;
end;
$$;
comment on function private.check_own_goals is
  'After-statement trigger of a user''s insert. Errors: devpulse_goals_limit_reached (409).';

create trigger _700_check_own_goals after insert on public.goals
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_goals();

-- A job counts everybody's goals in one statement: a value with which arithmetic fails would stop it.
create or replace function private.check_goal_values() returns trigger
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if new.start_date not between '1900-01-01' and '2999-12-31'
    or new.end_date not between '1900-01-01' and '2999-12-31'
    or new.target_value not between -1e15 and 1e15 or scale(new.target_value) > 10
  then
    raise exception using
      errcode = 'PT422', message = 'devpulse_goal_invalid',
      detail = 'Days are of the years 1900 to 2999, and target_value is a number up to 1e15 with up to 10 '
        'decimals.',
      hint = 'Leave end_date out for no end.';
  end if;
  return new;
end;
$$;
comment on function private.check_goal_values is
  'Before trigger of goals. Errors: devpulse_goal_invalid (422).';

create trigger _100_check_goal_values before insert or update on public.goals
  for each row execute function private.check_goal_values();
