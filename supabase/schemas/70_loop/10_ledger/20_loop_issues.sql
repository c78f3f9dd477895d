-- The issues that are in the loop, and in which generation: how often each was taken up again.

create table public.loop_issues (
  issue_id uuid not null,
  generation integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint loop_issues_pkey primary key (issue_id),
  constraint loop_issues_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint loop_issues_generation_is_positive check (generation > 0)
);
comment on table public.loop_issues is
  'One row per issue that is not a test, written only by triggers. An issue that becomes a test keeps its '
  'row and gets no more events.';
comment on column public.loop_issues.generation is
  '1, and 1 more each time that the issue is reopened after it was resolved. What happens belongs to the '
  'current generation: a reporter is answered once in each.';

create trigger _900_set_timestamps before insert or update on public.loop_issues
  for each row execute function private.set_timestamps();

alter table public.loop_issues enable row level security;
create policy loop_issues_select_viewer on public.loop_issues
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.loop_issues to authenticated, service_role;
