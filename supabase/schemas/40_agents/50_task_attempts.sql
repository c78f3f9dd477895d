-- Who worked on a task and when: the lease while it is open, the history after that.

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
  constraint task_attempts_task_id_fkey foreign key (task_id) references public.tasks (id) on delete cascade,
  constraint task_attempts_outcome_is_known
    check (outcome in ('completed', 'failed', 'expired', 'released', 'cancelled')),
  constraint task_attempts_ended_has_outcome check ((ended_at is null) = (outcome is null))
) with (fillfactor = 70);
comment on table public.task_attempts is
  'One row an attempt. Each user sees those of their own tasks; the functions of the queue write them.';

create unique index task_attempts_open_key on public.task_attempts (task_id) where ended_at is null;

alter table public.task_attempts enable row level security;
create policy task_attempts_select_own on public.task_attempts
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.task_attempts to authenticated, service_role;
