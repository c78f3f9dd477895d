-- How much of a user and of a project runs at once.
--
-- What runs is what workers hold: open attempts. Claims of a user who has a limit take turns, since none of
-- them sees what another one has not committed; who would have to wait takes another user's task instead.

create view private.user_capacity with (security_invoker = true) as
select
  u.id as user_id, coalesce(u.max_running_tasks, s.running_tasks_per_user) as most,
  (select count(*) from public.task_attempts as a where a.user_id = u.id and a.outcome is null) as running
from public.users as u
cross join public.agent_settings as s
where s.id;
comment on view private.user_capacity is
  'How many tasks of each user may run at once, null for any number, and how many do.';

create view private.project_capacity with (security_invoker = true) as
select
  p.id as project_id, least(p.max_running_tasks, s.running_tasks_per_project) as most,
  (
    select count(*) from public.task_attempts as a
    where a.user_id = p.user_id and a.project_id = p.id and a.outcome is null
  ) as running
from public.projects as p
cross join public.agent_settings as s
where s.id;
comment on view private.project_capacity is
  'How many tasks of each project may run at once, null for any number, and how many do.';

create or replace function private.task_capacity(
  p_user_id uuid, p_project_id bigint, out user_limit integer, out project_limit integer,
  out is_user_full boolean, out is_project_full boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  select u.most, p.most, coalesce(u.running >= u.most, false), coalesce(p.running >= p.most, false)
  into user_limit, project_limit, is_user_full, is_project_full
  from private.user_capacity as u
  left join private.project_capacity as p on p.project_id = p_project_id
  where u.user_id = p_user_id;
end;
$$;
comment on function private.task_capacity is
  'How much of a user and of a project may run at once, null for any number, and whether that much runs '
  'already, as far as it is committed.';

create or replace function private.try_lock_user_claims(p_user_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return pg_try_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.try_lock_user_claims is
  'Takes the turn of a user''s claims until the transaction ends; false where somebody else has it.';

create or replace function private.lock_user_claims(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.lock_user_claims is
  'As private.try_lock_user_claims, but waits. Only for a transaction that has no turn: two that waited for '
  'each other''s would never end.';
