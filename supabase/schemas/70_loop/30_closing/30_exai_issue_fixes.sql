-- The fix of each engineering issue: when the close rule held, and when the gate let it pass.

create table public.exai_issue_fixes (
  exai_issue_id uuid not null,
  fixed_at timestamptz,
  fixed_by text,
  status_before text,
  shipped_at timestamptz,
  shipped_by text,
  shipped_by_user_id uuid,
  version text,
  reopened_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint exai_issue_fixes_pkey primary key (exai_issue_id),
  constraint exai_issue_fixes_exai_issue_id_fkey foreign key (exai_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_fixes_shipped_by_user_id_fkey foreign key (shipped_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issue_fixes_fixed_by_is_known check (fixed_by in ('pull_requests', 'person')),
  constraint exai_issue_fixes_fixed_by_matches_fixed_at check ((fixed_by is null) = (fixed_at is null)),
  constraint exai_issue_fixes_shipped_by_matches_shipped_at
    check ((shipped_by is null) = (shipped_at is null)),
  constraint exai_issue_fixes_shipped_is_fixed check (shipped_at is null or fixed_at is not null)
);
comment on table public.exai_issue_fixes is
  'One row per engineering issue that was fixed or reopened. With fixed_at and without shipped_at it waits '
  'for the gate of loop_settings. Written by the database; ship_issue lets one pass.';
comment on column public.exai_issue_fixes.fixed_at is
  'Since when it is fixed; null while it is not: the merge that completed the close rule, by GitHub''s '
  'clock, or when a person set its status to fixed or verified.';
comment on column public.exai_issue_fixes.fixed_by is
  'pull_requests: the close rule holds. person: somebody set the status.';
comment on column public.exai_issue_fixes.status_before is
  'open or in_progress: the status that the engineering issue gets back where the close rule ceases to hold.';
comment on column public.exai_issue_fixes.shipped_at is
  'When the gate let it pass, and the linked issues were resolved.';
comment on column public.exai_issue_fixes.shipped_by is
  'merge, delay or deployment, by the gate that let it pass; else the display name of who shipped it.';
comment on column public.exai_issue_fixes.version is
  'The version that it shipped in: the tag that was deployed, if it is one such as v2.14.1; else null.';
comment on column public.exai_issue_fixes.reopened_at is
  'When it was last reopened by a person: what was merged until then does not count any more.';

create index exai_issue_fixes_waiting_fixed_at_idx on public.exai_issue_fixes (fixed_at)
  where shipped_at is null and fixed_at is not null;
create index exai_issue_fixes_shipped_by_user_id_idx on public.exai_issue_fixes (shipped_by_user_id);

create trigger _900_set_timestamps before insert or update on public.exai_issue_fixes
  for each row execute function private.set_timestamps();

alter table public.exai_issue_fixes enable row level security;
create policy exai_issue_fixes_select_viewer on public.exai_issue_fixes
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on public.exai_issue_fixes to authenticated, service_role;
