-- The ledger: when each hop of the way from a message to its answer happened, once per generation.

create table public.loop_events (
  id bigint not null generated always as identity,
  issue_id uuid not null,
  generation integer not null,
  hop text not null,
  at timestamptz not null,
  actor text,
  reference text not null default '',
  created_at timestamptz not null default clock_timestamp(),
  constraint loop_events_pkey primary key (id),
  constraint loop_events_issue_id_generation_hop_reference_key
    unique (issue_id, generation, hop, reference),
  constraint loop_events_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint loop_events_generation_is_positive check (generation > 0),
  constraint loop_events_hop_is_known check (hop in (
    'reported', 'triaged', 'promoted', 'dispatched', 'started', 'opened', 'merged', 'fixed', 'shipped',
    'resolved', 'answered', 'reopened', 'warned', 'breached'
  )),
  constraint loop_events_at_is_finite check (isfinite(at)),
  -- An index entry holds 2,704 bytes.
  constraint loop_events_reference_is_not_too_long check (octet_length(reference) <= 2200)
);
comment on table public.loop_events is
  'The ledger of the loop: one row per issue, generation, hop and reference, whichever way it became known, '
  'and however often. Written only by the database; a row stays as it is until its issue is deleted. What is '
  'delivered to people is made from the rows inserted here, in their transaction.';
comment on column public.loop_events.hop is
  'reported: a member wrote. triaged: it became an issue. promoted: it was linked to an engineering issue. '
  'dispatched: a task was created for an agent. started: a worker began. opened: a pull request was opened. '
  'merged: it was merged. fixed: the close rule holds. shipped: the gate is passed. resolved: the issue was '
  'resolved. answered: a reporter was told. reopened: a generation began. warned, breached: a service level.';
comment on column public.loop_events.at is
  'When it happened, by the time of where it happened: for reported when the member wrote, not when it was '
  'imported. created_at is when it was recorded.';
comment on column public.loop_events.actor is 'Display name of who did it; null if nobody is known.';
comment on column public.loop_events.reference is
  'What tells events of one hop apart: the id of a message or escalation for reported and answered, EXAI-12 '
  'for promoted and fixed, the id of a task for dispatched and started, the URL of a pull request for opened '
  'and merged; else empty.';

alter table public.loop_events enable row level security;
create policy loop_events_select_viewer on public.loop_events
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.loop_events to authenticated, service_role;
