-- How many monitors a user may have, active or not.

-- As users are the owners of what they insert, the caller is the user. An upsert of a monitor that exists
-- inserts none, and is let through at the limit.
create or replace function private.check_own_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit constant integer := (select s.monitors_per_user from public.devpulse_settings as s where s.id);
begin
  if v_limit is null or not exists (select from inserted) then
    return null;
  end if;
  perform private.lock_user_limits(v_user_id);
  if (
    select count(*) from (
      select from public.monitors as m where m.user_id = v_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_monitors_limit_reached',
      detail = format('An account has up to %s monitors.', v_limit),
      hint = 'Delete one, or ask an admin to raise devpulse_settings.monitors_per_user.';
  end if;
  return null;
end;
$$;
comment on function private.check_own_monitors is
  'After-statement trigger of a user''s insert. Errors: devpulse_monitors_limit_reached (409).';

create trigger _700_check_own_monitors after insert on public.monitors
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_monitors();
