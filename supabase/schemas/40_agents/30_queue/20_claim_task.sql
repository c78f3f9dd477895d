-- A worker claims the next task: one call that finds a task, locks it and returns it with its lease.
--
-- The way of a claim, file by file: who may and for whom (22_authorize_worker), what is asked for
-- (24_claim_input), the task (26_lock_next_task), whether its user and project have a free slot
-- (28_task_limits), what comes next where the first task may not start (30_ready_tasks, 32_ready_lanes), and
-- the lease (34_open_attempt).
--
-- Locks, in this order: the claims of the task's user (advisory), the task, its new attempt. A claim never
-- waits for a task that another claim has locked, and waits for a user's claims only while it has locked no
-- user's itself, so claims never end in a deadlock.

create type public.claimed_task as (
  task_id bigint, fencing_token bigint, attempt smallint, lease_expires_at timestamptz, agent text,
  priority smallint, user_id uuid, project_id bigint, repo_url text, repo_owner text, repo_name text,
  target_branch text, pr_branch text, chat_messages jsonb, execution_metadata jsonb, project_settings jsonb,
  github_token text
);
comment on type public.claimed_task is 'What a worker is given: the lease, and what the task needs.';

create or replace function private.load_claimed_task(p_ctid tid, p_has_token boolean)
returns public.claimed_task
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_claimed public.claimed_task;
begin
  select t.agent, t.priority, t.user_id, t.project_id, t.repo_url,
    coalesce(p.repo_owner, substring(t.repo_url from '[/:]([^/:]+)/[^/]+?(?:\.git)?/*$')),
    coalesce(p.repo_name, substring(t.repo_url from '[^/]+?/([^/]+?)(?:\.git)?/*$')),
    t.target_branch, t.pr_branch, t.chat_messages, t.execution_metadata, p.settings,
    case when p_has_token then u.github_token end
  into v_claimed.agent, v_claimed.priority, v_claimed.user_id, v_claimed.project_id, v_claimed.repo_url,
    v_claimed.repo_owner, v_claimed.repo_name, v_claimed.target_branch, v_claimed.pr_branch,
    v_claimed.chat_messages, v_claimed.execution_metadata, v_claimed.project_settings, v_claimed.github_token
  from public.tasks as t
  left join public.projects as p on p.id = t.project_id
  left join public.users as u on u.id = t.user_id
  where t.ctid = p_ctid;
  return v_claimed;
end;
$$;
comment on function private.load_claimed_task is
  'What the locked task at this ctid needs, without its lease; with the handle of its user''s GitHub '
  'token if p_has_token.';

-- No plan in here, or in what this calls, reads all pending tasks and sorts them: the indexes have the order,
-- and a plan that was made while the queue was short is still used when it is long.
create or replace function private.claim_task(
  p_worker text, p_agents text[], p_lease_seconds integer, p_worker_token text, p_claim_key uuid,
  p_except_users uuid[], p_except_projects bigint[]
) returns setof public.claimed_task
language plpgsql volatile security definer
set search_path = '' set enable_seqscan = 'off' set enable_sort = 'off'
set enable_incremental_sort = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_lease constant interval := private.check_claim(p_worker, p_agents, p_lease_seconds, v_scope.agents);
  v_ctid tid;
  v_attempt public.task_attempts;
  v_claimed public.claimed_task;
begin
  perform private.check_claim_exceptions(p_except_users, p_except_projects);
  if p_claim_key is not null then
    v_attempt := private.load_claim(p_claim_key, v_scope.token_id);
  end if;
  if v_attempt.task_id is not null then
    select t.ctid into v_ctid from public.tasks as t where t.id = v_attempt.task_id for no key update;
  else
    v_ctid := private.lock_next_task(p_agents, v_scope.user_id, p_except_users, p_except_projects);
  end if;
  if v_ctid is null then
    return;
  end if;
  v_claimed := private.load_claimed_task(v_ctid, v_scope.token_id is null);
  if v_attempt.task_id is null then
    v_attempt := private.open_attempt(v_ctid, p_worker, v_lease, v_scope.token_id, p_claim_key);
  end if;
  v_claimed.task_id := v_attempt.task_id;
  v_claimed.fencing_token := v_attempt.fencing_token;
  v_claimed.attempt := v_attempt.attempt;
  v_claimed.lease_expires_at := v_attempt.lease_expires_at;
  return next v_claimed;
end;
$$;
grant execute on function private.claim_task to anon, authenticated, service_role;

create or replace function public.claim_task(
  worker text, agents text[], lease_seconds integer default 300, worker_token text default null,
  claim_key uuid default null, except_users uuid[] default null, except_projects bigint[] default null
) returns setof public.claimed_task
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_task(
    claim_task.worker, claim_task.agents, claim_task.lease_seconds, claim_task.worker_token,
    claim_task.claim_key, claim_task.except_users, claim_task.except_projects
  );
end;
comment on function public.claim_task is
  'Claims the first task that is ready for one of these agents: greater priority first, then the one that '
  'has waited longest. Returns it with its fencing_token, to be sent with each later call, and with what the '
  'task needs; no row when no task may start. Nobody else gets it until lease_expires_at, which '
  'heartbeat_task moves forward. The same claim_key again returns the same lease while it holds. Tasks of '
  'except_users and except_projects, up to 100 each, are left to other workers. Servers claim any task and '
  'get the handle of its user''s GitHub token; others send a worker_token. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_worker_agents_forbidden (403), '
  'agents_worker_input_invalid (422).';
grant execute on function public.claim_task to anon, authenticated, service_role;
