-- How much of a user and of a project runs at once.
--
-- What runs is what workers hold: open attempts. Claims of a user who has a limit take turns, since none of
-- them sees what another one has not committed; who would have to wait takes another user's task instead.

create or replace function private.task_room(
  p_user_id uuid, p_project_id bigint, out user_limit integer, out project_limit integer,
  out is_user_full boolean, out is_project_full boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_user_count bigint;
  v_project_count bigint;
begin
  select coalesce(u.max_running_tasks, s.running_tasks_per_user),
    case when p_project_id is not null then least(p.max_running_tasks, s.running_tasks_per_project) end
  into task_room.user_limit, task_room.project_limit
  from public.agent_settings as s
  left join public.users as u on u.id = p_user_id
  left join public.projects as p on p.id = p_project_id
  where s.id;
  if coalesce(user_limit, project_limit) is not null then
    select count(*), count(*) filter (where a.project_id = p_project_id)
    into v_user_count, v_project_count
    from public.task_attempts as a where a.user_id = p_user_id and a.outcome is null;
  end if;
  is_user_full := coalesce(v_user_count >= user_limit, false);
  is_project_full := coalesce(v_project_count >= project_limit, false);
end;
$$;
comment on function private.task_room(uuid, bigint) is
  'How much of a user and of a project may run at once, null for any number, and whether that much runs '
  'already, as far as it is committed.';

create or replace function private.take_turn(p_user_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return pg_try_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.take_turn(uuid) is
  'Takes the turn of a user''s claims until the transaction ends; false where somebody else has it.';

create or replace function private.await_turn(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.await_turn(uuid) is
  'As private.take_turn, but waits. Only for a transaction that has no turn: two that waited for each '
  'other''s would never end.';
