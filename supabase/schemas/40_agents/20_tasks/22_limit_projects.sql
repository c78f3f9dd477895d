-- How many projects a user may have.

-- As users are the owners of what they insert, the caller is the user. An upsert of a project that exists
-- inserts none, and is let through at the limit.
create or replace function private.check_own_projects() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit constant integer := (select s.projects_per_user from public.agent_settings as s where s.id);
begin
  if v_limit is null or not exists (select from inserted) then
    return null;
  end if;
  perform private.lock_user_limits(v_user_id);
  if (
    select count(*) from (
      select from public.projects as p where p.user_id = v_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_projects_limit_reached',
      detail = format('An account has up to %s projects.', v_limit),
      hint = 'Delete one, or ask an admin to raise agent_settings.projects_per_user.';
  end if;
  return null;
end;
$$;
comment on function private.check_own_projects is
  'After-statement trigger of a user''s insert. Errors: agents_projects_limit_reached (409).';

create trigger _700_check_own_projects after insert on public.projects
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_projects();
