-- Which tasks of agents were created for an engineering issue.

create table public.exai_issue_tasks (
  task_id bigint not null,
  exai_issue_id uuid not null,
  dispatched_by text not null default private.actor_name(),
  created_at timestamptz not null default clock_timestamp(),
  constraint exai_issue_tasks_pkey primary key (task_id),
  constraint exai_issue_tasks_task_id_fkey foreign key (task_id)
    references public.tasks (id) on delete cascade,
  constraint exai_issue_tasks_exai_issue_id_fkey foreign key (exai_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_tasks_dispatched_by_is_not_blank check (btrim(dispatched_by) <> '')
);
comment on table public.exai_issue_tasks is
  'One row per task that dispatch_issue created. The team sees which tasks there are; the task itself is its '
  'user''s alone. Read-only for clients.';
comment on column public.exai_issue_tasks.task_id is 'In tasks, which only its user reads.';
comment on column public.exai_issue_tasks.dispatched_by is 'Display name of who dispatched it.';

create index exai_issue_tasks_exai_issue_id_idx on public.exai_issue_tasks (exai_issue_id);

alter table public.exai_issue_tasks enable row level security;
create policy exai_issue_tasks_select_viewer on public.exai_issue_tasks
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.exai_issue_tasks to authenticated, service_role;
