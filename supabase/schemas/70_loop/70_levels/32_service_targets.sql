-- The targets of the issues: when a stage began, when it is due, and whether it was met.

create table public.service_targets (
  issue_id uuid not null,
  generation integer not null,
  stage text not null,
  policy_id uuid,
  target_seconds integer not null,
  started_at timestamptz not null,
  warn_at timestamptz,
  due_at timestamptz,
  met_at timestamptz,
  warned_at timestamptz,
  breached_at timestamptz,
  cancelled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_targets_pkey primary key (issue_id, generation, stage),
  constraint service_targets_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint service_targets_policy_id_fkey foreign key (policy_id)
    references public.service_policies (id) on delete set null,
  constraint service_targets_stage_is_known
    check (stage in ('triage', 'engineering', 'agent', 'review', 'answer')),
  constraint service_targets_met_at_follows_started_at check (met_at >= started_at),
  constraint service_targets_met_is_not_cancelled check (met_at is null or cancelled_at is null)
);
comment on table public.service_targets is
  'One row per issue, generation and stage with a target, derived from the ledger, the policies and the '
  'pauses, at most a minute later. Written by run_service_levels() alone. Viewers read it.';
comment on column public.service_targets.stage is
  'triage, engineering, agent, review or answer: see service_policies.';
comment on column public.service_targets.policy_id is 'Null when the policy was deleted.';
comment on column public.service_targets.target_seconds is
  'How long it may take, in working time or wall time, by its policy.';
comment on column public.service_targets.warn_at is
  'When four fifths of that are over; null while it is paused.';
comment on column public.service_targets.due_at is 'When all of it is; null while it is paused.';
comment on column public.service_targets.met_at is
  'When the stage ended, also if that was too late. A later hop ends it too.';
comment on column public.service_targets.warned_at is 'When the team was warned, before it was due.';
comment on column public.service_targets.breached_at is
  'due_at, if the stage has taken longer; null again if it turns out that it has not.';
comment on column public.service_targets.cancelled_at is
  'When it stopped being a target: the issue was reopened, or no policy applies.';

create index service_targets_policy_id_idx on public.service_targets (policy_id);
-- What the scheduler looks for each minute, and what people watch.
create index service_targets_open_due_at_idx on public.service_targets (due_at)
  where met_at is null and cancelled_at is null;
create index service_targets_unrecorded_due_at_idx on public.service_targets (due_at)
  where cancelled_at is null and breached_at is null and (met_at is null or due_at < met_at);
create index service_targets_open_warn_at_idx on public.service_targets (warn_at)
  where met_at is null and cancelled_at is null and warned_at is null and breached_at is null;

create trigger _900_set_timestamps before insert or update on public.service_targets
  for each row execute function private.set_timestamps();

alter table public.service_targets enable row level security;
create policy service_targets_select_viewer on public.service_targets
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.service_targets to authenticated, service_role;
