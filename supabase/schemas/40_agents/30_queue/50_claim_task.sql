-- A worker takes the next task.
--
-- Locks: the turn of the task's user (advisory), the task, then its new attempt. No claim waits for another
-- one's task, and none waits for a turn while it has one itself, so claims never end in a deadlock.

create or replace function private.raise_worker_input_invalid(p_detail text) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_worker_input_invalid', detail = p_detail,
    hint = 'Mend the arguments; the page on the queue says what each of them is.';
end;
$$;
comment on function private.raise_worker_input_invalid is
  'Errors: agents_worker_input_invalid (422), always.';

create or replace function private.check_claim(
  p_worker text, p_agents text[], p_lease_seconds integer, p_allowed text[]
) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if private.non_blank(p_worker) is null or octet_length(p_worker) > 200 then
    perform private.raise_worker_input_invalid('worker is the worker''s name, of 1 to 200 bytes.');
  end if;
  if coalesce(cardinality(p_agents), 0) not between 1 and 50 or array_position(p_agents, null) is not null
  then
    perform private.raise_worker_input_invalid('agents names 1 to 50 agents that the worker runs.');
  end if;
  if not p_agents <@ p_allowed then
    raise exception using
      errcode = 'PT403', message = 'agents_worker_agents_forbidden',
      detail = format('The worker token is for: %s.', array_to_string(p_allowed, ', ')),
      hint = 'Ask for those only, or make another token.';
  end if;
  return private.lease_interval(p_lease_seconds);
end;
$$;
comment on function private.check_claim is
  'What is asked for, if it may be, and for how long. Errors: agents_worker_agents_forbidden '
  '(403), agents_worker_input_invalid (422).';

create or replace function private.lease_interval(p_lease_seconds integer) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_most constant integer := (select s.max_lease_seconds from public.agent_settings as s where s.id);
begin
  if (p_lease_seconds between 5 and v_most) is not true then
    perform private.raise_worker_input_invalid(format('lease_seconds is from 5 to %s.', v_most));
  end if;
  return make_interval(secs => p_lease_seconds);
end;
$$;
comment on function private.lease_interval is
  'A lease of so many seconds, if so long a one is allowed. Errors: agents_worker_input_invalid (422).';

-- A locked task is handed on by its place: no plan finds it faster, whatever the table was like when the plan
-- was made, and nobody moves it while it is locked.
create or replace function private.lock_ready_task(
  p_agent text, p_user_id uuid, p_project_id bigint, p_priority smallint
) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_place tid;
begin
  select t.ctid into v_place
  from public.tasks as t
  where t.status = 'pending' and t.agent = p_agent and t.user_id = p_user_id
    and coalesce(t.project_id, 0) = coalesce(p_project_id, 0) and -t.priority = -p_priority
    and t.run_after <= clock_timestamp()
  order by t.run_after, t.id
  limit 1
  for no key update skip locked;
  return v_place;
end;
$$;
comment on function private.lock_ready_task is
  'Locks the first ready task of these that nobody else is just taking and says where it is; null for none.';

-- Among the candidates, the first whose user and project have room, and whom nobody else has just taken.
-- What is full is looked at before the turn is taken, so that waiting users' turns stay free.
create or replace function private.claim_first_with_capacity(
  p_agents text[], p_user_id uuid, inout p_has_turn boolean, out p_place tid, out p_busy_user_id uuid
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_users uuid[] := '{}'::uuid[];
  v_projects bigint[] := '{}'::bigint[];
  v_task record;
  v_room record;
begin
  for v_reach in case when p_user_id is null then 1 else 3 end..3 loop
    for v_task in select c.* from private.ready_candidates(p_agents, p_user_id, v_reach) as c loop
      continue when v_task.user_id = any (v_users) or v_task.project_id = any (v_projects);
      for v_look in 1..2 loop
        v_room := private.task_capacity(v_task.user_id, v_task.project_id);
        exit when v_room.is_user_full or v_room.is_project_full or v_look = 2
          or coalesce(v_room.user_limit, v_room.project_limit) is null;
        if not private.try_lock_user_claims(v_task.user_id) then
          p_busy_user_id := coalesce(p_busy_user_id, v_task.user_id);
          v_room.is_user_full := true;
          exit;
        end if;
        p_has_turn := true;
      end loop;
      if v_room.is_user_full then
        v_users := v_users || v_task.user_id;
      elsif v_room.is_project_full then
        v_projects := v_projects || v_task.project_id;
      else
        p_place := private.lock_ready_task(
          v_task.agent, v_task.user_id, v_task.project_id, v_task.priority
        );
        if p_place is not null then
          return;
        end if;
      end if;
    end loop;
  end loop;
end;
$$;
comment on function private.claim_first_with_capacity is
  'Locks the first ready task that may run and says where it is; null for none, then also whose turn was '
  'taken by somebody else. p_has_turn: whether the transaction has taken somebody''s turn.';

create or replace function private.pick_task(p_agents text[], p_user_id uuid, p_has_turn boolean)
returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_taken record := private.claim_first_with_capacity(p_agents, p_user_id, p_has_turn);
begin
  if v_taken.p_place is null and v_taken.p_busy_user_id is not null and not v_taken.p_has_turn then
    -- nothing but what others were claiming at that moment
    perform private.lock_user_claims(v_taken.p_busy_user_id);
    v_taken := private.claim_first_with_capacity(p_agents, p_user_id, true);
  end if;
  return v_taken.p_place;
end;
$$;
comment on function private.pick_task is
  'Locks a ready task that may run and says where it is; null for none.';

create or replace function private.repeated_claim(p_claim_key uuid, p_worker_token_id uuid)
returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_claim_key::text, 20261122));
  select a.* into v_attempt from public.task_attempts as a
  where a.claim_key = p_claim_key and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and a.worker_token_id is not distinct from p_worker_token_id
  limit 1;
  return v_attempt;
end;
$$;
comment on function private.repeated_claim is
  'The lease that a claim of this key was answered with, while it holds; claims of the same key take turns.';
