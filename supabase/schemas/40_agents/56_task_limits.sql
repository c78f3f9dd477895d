-- How much of a user and of a project runs at once.
--
-- What runs is what workers hold: open attempts. Claims of a user who has a limit take turns, since none of
-- them sees what another one has not committed; who would have to wait takes another user's task instead.

create or replace function private.task_room(
  p_user_id uuid, p_project_id bigint, out is_limited boolean, out is_user_full boolean,
  out is_project_full boolean
)
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_limit integer;
  v_project_limit integer;
begin
  select coalesce(u.max_running_tasks, s.running_tasks_per_user),
    case when p_project_id is not null
      then least(p.max_running_tasks, s.running_tasks_per_project) end
  into v_user_limit, v_project_limit
  from public.agent_settings as s
  left join public.users as u on u.id = p_user_id
  left join public.projects as p on p.id = p_project_id;
  is_limited := v_user_limit is not null or v_project_limit is not null;
  is_user_full := v_user_limit <= (
    select count(*) from public.task_attempts as a where a.user_id = p_user_id and a.ended_at is null
  );
  is_project_full := v_project_limit <= (
    select count(*) from public.task_attempts as a
    where a.user_id = p_user_id and a.project_id = p_project_id and a.ended_at is null
  );
end;
$$;
comment on function private.task_room(uuid, bigint) is
  'Whether one more task of this user and project may run, as far as it is committed.';

create or replace function private.task_turn_key(p_user_id uuid) returns bigint
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return hashtextextended(p_user_id::text, 20261121);
end;
$$;
comment on function private.task_turn_key(uuid) is
  'The advisory lock under which claims of a user with a limit take turns.';
