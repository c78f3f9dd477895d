-- How many tasks of a user and of a project may run at the same time.
--
-- What counts is what workers hold: open attempts. Where a user or project has a limit, the user's claims are
-- serialized, since none of them sees what another one has not committed; a claim that would have to wait
-- takes another user's task instead. Of an account that is banned or deleted no task starts.

create view private.user_capacity with (security_invoker = true) as
select
  u.id as user_id, coalesce(u.max_running_tasks, s.running_tasks_per_user) as max_running_tasks,
  coalesce(
    (select count(*) from public.task_attempts as a where a.user_id = u.id and a.outcome is null)
      >= coalesce(u.max_running_tasks, s.running_tasks_per_user), false
  ) or not private.is_active_account(u.id) as is_full
from public.users as u
cross join public.agent_settings as s
where s.id;
comment on view private.user_capacity is
  'How many tasks of each user may run at the same time, null for any number, and whether no more may start: '
  'that many run, or the account is banned or deleted.';

create view private.project_capacity with (security_invoker = true) as
select
  p.id as project_id, least(p.max_running_tasks, s.running_tasks_per_project) as max_running_tasks,
  coalesce(
    (
      select count(*) from public.task_attempts as a
      where a.user_id = p.user_id and a.project_id = p.id and a.outcome is null
    ) >= least(p.max_running_tasks, s.running_tasks_per_project), false
  ) as is_full
from public.projects as p
cross join public.agent_settings as s
where s.id;
comment on view private.project_capacity is
  'How many tasks of each project may run at the same time, null for any number, and whether that many do.';

create or replace function private.task_capacity(
  p_user_id uuid, p_project_id bigint, out is_limited boolean, out is_user_full boolean,
  out is_project_full boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  select coalesce(u.max_running_tasks, p.max_running_tasks) is not null, u.is_full, coalesce(p.is_full, false)
  into is_limited, is_user_full, is_project_full
  from private.user_capacity as u
  left join private.project_capacity as p on p.project_id = p_project_id
  where u.user_id = p_user_id;
end;
$$;
comment on function private.task_capacity is
  'Whether a user or a project has a limit, and which of the two has reached it, as far as it is committed.';

create or replace function private.try_lock_user_claims(p_user_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return pg_try_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.try_lock_user_claims is
  'Locks a user''s claims until the transaction ends; false where another transaction has locked them.';

create or replace function private.lock_user_claims(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.lock_user_claims is
  'As private.try_lock_user_claims, but waits. Only for a transaction that has locked no user''s claims: two '
  'that wait for each other are a deadlock.';

-- Looks before it locks, so that the claims of users who are full stay unlocked, and again under the lock,
-- since only then does it see what the claim before it has committed.
create or replace function private.reserve_slot(
  p_user_id uuid, p_project_id bigint, out is_free boolean, out is_user_full boolean,
  out is_project_full boolean, out is_user_busy boolean, out has_user_lock boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_capacity record := private.task_capacity(p_user_id, p_project_id);
begin
  is_user_busy := false;
  has_user_lock := false;
  if v_capacity.is_limited and not v_capacity.is_user_full and not v_capacity.is_project_full then
    has_user_lock := private.try_lock_user_claims(p_user_id);
    is_user_busy := not has_user_lock;
    if has_user_lock then
      v_capacity := private.task_capacity(p_user_id, p_project_id);
    end if;
  end if;
  is_user_full := v_capacity.is_user_full;
  is_project_full := v_capacity.is_project_full and not is_user_full;
  is_free := not (is_user_full or is_project_full or is_user_busy);
end;
$$;
comment on function private.reserve_slot is
  'Whether one more task of a user and a project may start, and if not, why: the user or the project is '
  'full, or another transaction has locked the user''s claims. A free slot of a user or project with a limit '
  'stays free until the transaction ends: has_user_lock.';
