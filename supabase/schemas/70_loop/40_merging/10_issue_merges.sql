-- Which issues are duplicates of which, and what was moved because of it.

create table public.issue_merges (
  source_issue_id uuid not null,
  into_issue_id uuid not null,
  source_status text not null,
  message_ids uuid[] not null default '{}',
  escalation_ids uuid[] not null default '{}',
  exai_issue_id uuid,
  merged_by text not null default private.actor_name(),
  merged_by_user_id uuid,
  merged_at timestamptz not null default clock_timestamp(),
  constraint issue_merges_pkey primary key (source_issue_id),
  constraint issue_merges_source_issue_id_fkey foreign key (source_issue_id)
    references public.issues (id) on delete cascade,
  constraint issue_merges_into_issue_id_fkey foreign key (into_issue_id)
    references public.issues (id) on delete cascade,
  constraint issue_merges_exai_issue_id_fkey foreign key (exai_issue_id)
    references public.exai_issues (id) on delete set null,
  constraint issue_merges_merged_by_user_id_fkey foreign key (merged_by_user_id)
    references auth.users (id) on delete set null,
  constraint issue_merges_is_into_another check (source_issue_id <> into_issue_id),
  constraint issue_merges_merged_by_is_not_blank check (btrim(merged_by) <> '')
);
comment on table public.issue_merges is
  'One row per issue that is merged into an older one, which it is a duplicate of. Team members read it; '
  'merge_issues and unmerge_issues write it.';
comment on column public.issue_merges.source_issue_id is 'The duplicate, which is archived.';
comment on column public.issue_merges.into_issue_id is
  'The older issue, to which its messages, escalations and engineering issue have moved.';
comment on column public.issue_merges.source_status is 'The duplicate''s status before, for unmerge_issues.';
comment on column public.issue_merges.message_ids is
  'The messages of circle_issues that were moved; their replies are with them.';
comment on column public.issue_merges.escalation_ids is 'The escalations that were moved.';
comment on column public.issue_merges.exai_issue_id is
  'The engineering issue whose link was moved; null where the older issue kept its own, or there was none.';
comment on column public.issue_merges.merged_by is 'Display name of who merged them.';

create index issue_merges_into_issue_id_idx on public.issue_merges (into_issue_id);
create index issue_merges_exai_issue_id_idx on public.issue_merges (exai_issue_id);
create index issue_merges_merged_by_user_id_idx on public.issue_merges (merged_by_user_id);

alter table public.issue_merges enable row level security;
create policy issue_merges_select_viewer on public.issue_merges
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on public.issue_merges to authenticated, service_role;
