-- Who held a task and when: the lease while the attempt is open, the history after that.

-- One sequence for all tasks, so that of two tokens the greater one is always the later one.
create sequence private.task_fencing_seq as bigint;

create table public.task_attempts (
  task_id bigint not null,
  fencing_token bigint not null default nextval('private.task_fencing_seq'),
  user_id uuid not null,
  project_id bigint,
  attempt smallint not null,
  worker text not null,
  agent text not null,
  worker_token_id uuid,
  claim_key uuid,
  claimed_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  lease_expires_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  error text,
  error_kind text,
  is_retryable boolean,
  constraint task_attempts_pkey primary key (task_id, fencing_token),
  constraint task_attempts_task_id_fkey foreign key (task_id) references public.tasks (id) on delete cascade
) with (
  -- Free space on each page for the new row versions of heartbeats, also while an old snapshot needs the
  -- earlier ones; and dead rows are removed before the index of the open attempts grows.
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);
-- No check constraints, as for tasks: each costs every claim and every end of one. outcome is one of
-- completed, failed, expired, released and cancelled, and null exactly where ended_at is; the functions of
-- the queue alone write here.
--
-- user_id, project_id and worker_token_id are copies without a foreign key: an attempt is deleted with its
-- task, which is deleted with its user and its project, and each key would be looked up for each claim.
comment on table public.task_attempts is
  'One row per attempt: the worker''s lease while ended_at is null, the history after that. A task has at '
  'most one open attempt. Users see those of their own tasks; the functions of the queue write them.';
comment on column public.task_attempts.fencing_token is
  'Sent by the worker with each call. One sequence for all tasks: of two, the greater one is the later.';
comment on column public.task_attempts.user_id is 'The task''s user, for row security and limits.';
comment on column public.task_attempts.project_id is 'The task''s project when it was claimed.';
comment on column public.task_attempts.attempt is
  'Its number among the task''s counted attempts, from 1; after a release the number is used again.';
comment on column public.task_attempts.worker is 'The name that the worker gave itself.';
comment on column public.task_attempts.worker_token_id is
  'The worker token that it was claimed with, the only one that may continue it; null for a server.';
comment on column public.task_attempts.claim_key is
  'The key that the worker sent with its claim, so that a repeated request returns the same lease.';
comment on column public.task_attempts.heartbeat_at is 'When the worker last sent a heartbeat.';
comment on column public.task_attempts.lease_expires_at is
  'From then on the worker can write nothing, and the task goes back to the queue.';
comment on column public.task_attempts.ended_at is 'Null while the worker holds the task.';
comment on column public.task_attempts.outcome is
  'completed, failed: as the worker reported. expired: its lease ran out. released: the worker gave the task '
  'back. cancelled: the user cancelled it.';
comment on column public.task_attempts.error is
  'What went wrong, the first 10,000 characters of it; of failed and expired ones, and of released ones what '
  'has to pass first.';
comment on column public.task_attempts.error_kind is 'The same as a short name, such as lease_expired.';
comment on column public.task_attempts.is_retryable is
  'Whether the worker reported that another attempt might succeed; of failed ones.';

-- All of them hold open attempts only, and no column that a heartbeat writes. The second one has the other
-- condition, which is true of the same rows: the count of a user's open attempts can't be planned over the
-- first, nor the other way round, however few rows there were when the plan was made.
create unique index task_attempts_open_key on public.task_attempts (task_id) where ended_at is null;
create index task_attempts_open_user_id_project_id_idx on public.task_attempts (user_id, project_id)
  where outcome is null;
create index task_attempts_claim_key_idx on public.task_attempts (claim_key)
  where ended_at is null and claim_key is not null;

alter table public.task_attempts enable row level security;
create policy task_attempts_select_own on public.task_attempts
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.task_attempts to authenticated, service_role;
