-- Pull requests as GitHub has them: what its webhook and its API say, and what tasks name.

create table public.pull_requests (
  id bigint not null generated always as identity,
  repo_owner text not null,
  repo_name text not null,
  number integer not null,
  state text not null default 'open',
  is_draft boolean not null default false,
  merged_at timestamptz,
  closed_at timestamptz,
  merge_commit_sha text,
  head_ref text,
  head_sha text,
  is_from_fork boolean not null default false,
  base_ref text,
  title text,
  html_url text,
  author_login text,
  is_private boolean,
  opened_at timestamptz,
  provider_updated_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pull_requests_pkey primary key (id),
  constraint pull_requests_repo_owner_repo_name_number_key unique (repo_owner, repo_name, number),
  constraint pull_requests_repository_is_lower_case
    check (repo_owner = lower(repo_owner) and repo_name = lower(repo_name)),
  constraint pull_requests_number_is_positive check (number > 0),
  constraint pull_requests_state_is_known check (state in ('open', 'closed')),
  constraint pull_requests_merged_is_closed check (merged_at is null or state = 'closed'),
  constraint pull_requests_merge_commit_is_of_a_merge
    check (merge_commit_sha is null or merged_at is not null)
);
comment on table public.pull_requests is
  'Pull requests of the repositories that projects and tasks name, kept by GitHub''s webhook and by the '
  'sweep. A user sees those that a verified link leads to from a task of theirs. Nobody writes here over the '
  'API.';
comment on column public.pull_requests.repo_owner is 'The owner of the repository, in lower case.';
comment on column public.pull_requests.repo_name is 'The name of the repository, in lower case.';
comment on column public.pull_requests.state is
  'open or closed; closed with merged_at is merged. open too where only a task has named it so far.';
comment on column public.pull_requests.merge_commit_sha is 'The commit that merged it; null while it isn''t.';
comment on column public.pull_requests.is_from_fork is
  'Whether its branch is in another repository, or in one that is gone.';
comment on column public.pull_requests.is_private is
  'Whether its repository is hidden from the public; null while GitHub hasn''t said.';
comment on column public.pull_requests.opened_at is 'When it was made, by GitHub''s clock.';
comment on column public.pull_requests.provider_updated_at is
  'The version that the row holds, in whole seconds of GitHub''s clock; null while only a task has named it.';

-- Where a branch's pull requests are looked for when a task comes to name it.
create index pull_requests_head_ref_idx on public.pull_requests (repo_owner, repo_name, head_ref);

create trigger _900_keep_timestamps before insert or update on public.pull_requests
  for each row execute function private.keep_timestamps();

-- Beside the table, so that what the sweep notes every quarter of an hour is no change of a pull request.
create table private.pull_request_checks (
  pull_request_id bigint not null,
  etag text,
  read_at timestamptz,
  checked_at timestamptz,
  next_check_at timestamptz,
  failures_count integer not null default 0,
  constraint pull_request_checks_pkey primary key (pull_request_id),
  constraint pull_request_checks_pull_request_id_fkey
    foreign key (pull_request_id) references public.pull_requests (id) on delete cascade,
  constraint pull_request_checks_failures_count_is_a_count check (failures_count >= 0)
);
comment on table private.pull_request_checks is
  'What the sweep knows of its asking GitHub, a row a pull request.';
comment on column private.pull_request_checks.etag is
  'The ETag of the reading that the row of the pull request holds; null once a delivery has changed it.';
comment on column private.pull_request_checks.read_at is
  'When the version that the row holds was asked for; null where a delivery told it.';
comment on column private.pull_request_checks.next_check_at is
  'When the sweep is to ask again; null when there is nothing more to ask.';
comment on column private.pull_request_checks.failures_count is
  'How many times in a row nobody''s token found it.';

create index pull_request_checks_next_check_at_idx on private.pull_request_checks (next_check_at)
  where next_check_at is not null;

alter table public.pull_requests enable row level security;
alter table private.pull_request_checks enable row level security;
grant select on public.pull_requests to authenticated, service_role;
