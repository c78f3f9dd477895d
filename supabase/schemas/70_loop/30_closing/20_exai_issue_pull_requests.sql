-- Which pull requests close or mention which engineering issues, with what the team may see of them.

create table public.exai_issue_pull_requests (
  exai_issue_id uuid not null,
  pull_request_id bigint not null,
  intent text not null,
  source text not null,
  task_id bigint,
  repo_owner text not null,
  repo_name text not null,
  number integer not null,
  url text not null,
  state text not null default 'open',
  is_from_fork boolean not null default false,
  opened_at timestamptz,
  closed_at timestamptz,
  merged_at timestamptz,
  linked_by text,
  linked_by_user_id uuid,
  is_linked_by_server boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default now(),
  constraint exai_issue_pull_requests_pkey primary key (exai_issue_id, pull_request_id),
  constraint exai_issue_pull_requests_exai_issue_id_fkey foreign key (exai_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_pull_requests_pull_request_id_fkey foreign key (pull_request_id)
    references public.pull_requests (id) on delete cascade,
  constraint exai_issue_pull_requests_task_id_fkey foreign key (task_id)
    references public.tasks (id) on delete set null,
  constraint exai_issue_pull_requests_linked_by_user_id_fkey foreign key (linked_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issue_pull_requests_intent_is_known check (intent in ('closes', 'mentions')),
  constraint exai_issue_pull_requests_source_is_known check (source in ('words', 'task', 'person')),
  constraint exai_issue_pull_requests_state_is_known check (state in ('open', 'closed')),
  constraint exai_issue_pull_requests_linked_by_is_of_a_person
    check ((linked_by is not null) = (source = 'person')),
  constraint exai_issue_pull_requests_server_has_no_account
    check (not is_linked_by_server or source = 'person' and linked_by_user_id is null)
);
comment on table public.exai_issue_pull_requests is
  'The pull requests of engineering issues. Written by the database from the words of pull requests, from '
  'the tasks that were dispatched for an issue, and by link_pull_request and unlink_pull_request. Titles '
  'and texts are not here: a repository may be private to others of the team.';
comment on column public.exai_issue_pull_requests.intent is
  'closes: merging it fixes the issue. mentions: it has to do with it.';
comment on column public.exai_issue_pull_requests.source is
  'Where the link comes from. words: its title, body or branch names the issue, in a repository of '
  'loop_repositories. task: it is the pull request of a task that was dispatched for the issue, and closes '
  'it. person: somebody linked it, which the other two don''t change.';
comment on column public.exai_issue_pull_requests.task_id is
  'Of the source task: which one; null once that task is deleted, and the link stays.';
comment on column public.exai_issue_pull_requests.state is
  'open, also as a draft, or closed; closed with merged_at is merged.';
comment on column public.exai_issue_pull_requests.is_from_fork is
  'Whether its branch is in another repository. While it is open and linked by its words alone, it holds up '
  'nothing: anybody may have opened it.';
comment on column public.exai_issue_pull_requests.opened_at is
  'As closed_at and merged_at, by GitHub''s clock; null while GitHub has not reported it.';
comment on column public.exai_issue_pull_requests.linked_by is
  'Display name of the person who linked it; null of the other sources.';
comment on column public.exai_issue_pull_requests.is_linked_by_server is
  'Whether a server linked it, and no account: linked_by_user_id is null of an account that is deleted, too.';

create index exai_issue_pull_requests_pull_request_id_idx
  on public.exai_issue_pull_requests (pull_request_id);
create index exai_issue_pull_requests_task_id_idx on public.exai_issue_pull_requests (task_id);
create index exai_issue_pull_requests_linked_by_user_id_idx
  on public.exai_issue_pull_requests (linked_by_user_id);

create trigger _900_set_timestamps before insert or update on public.exai_issue_pull_requests
  for each row execute function private.set_timestamps();

alter table public.exai_issue_pull_requests enable row level security;
create policy exai_issue_pull_requests_select_viewer on public.exai_issue_pull_requests
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on public.exai_issue_pull_requests to authenticated, service_role;

-- A person has said that the two have nothing to do with each other: neither words nor tasks link them again.
create table private.unlinked_pull_requests (
  exai_issue_id uuid not null,
  pull_request_id bigint not null,
  unlinked_at timestamptz not null default clock_timestamp(),
  constraint unlinked_pull_requests_pkey primary key (exai_issue_id, pull_request_id),
  constraint unlinked_pull_requests_exai_issue_id_fkey foreign key (exai_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint unlinked_pull_requests_pull_request_id_fkey foreign key (pull_request_id)
    references public.pull_requests (id) on delete cascade
);
comment on table private.unlinked_pull_requests is
  'Which links were removed by unlink_pull_request, and are not made again.';
create index unlinked_pull_requests_pull_request_id_idx on private.unlinked_pull_requests (pull_request_id);
alter table private.unlinked_pull_requests enable row level security;
