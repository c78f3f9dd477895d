-- Whose goals may be in which workspace, and how many a user may have.

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
