-- What the team was told about targets: warnings and breaches, each once.

create table public.service_breaches (
  issue_id uuid not null,
  generation integer not null,
  stage text not null,
  kind text not null,
  at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint service_breaches_pkey primary key (issue_id, generation, stage, kind),
  constraint service_breaches_target_fkey foreign key (issue_id, generation, stage)
    references public.service_targets (issue_id, generation, stage) on delete cascade,
  constraint service_breaches_kind_is_known check (kind in ('warning', 'breach'))
);
comment on table public.service_breaches is
  'One row per warning and breach of a target: each is recorded once, and is the hop warned or breached in '
  'loop_events, with the stage as its reference. A row stays when the target turns out to be met, for '
  'example by a merge that became known late; breached_at of service_targets tells what holds. '
  'Viewers read it.';
comment on column public.service_breaches.kind is 'warning or breach.';
comment on column public.service_breaches.at is
  'For a warning, when four fifths of the time were over; for a breach, when it was due.';

create index service_breaches_at_idx on public.service_breaches (at);

alter table public.service_breaches enable row level security;
create policy service_breaches_select_viewer on public.service_breaches
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.service_breaches to authenticated, service_role;
