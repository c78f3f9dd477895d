-- supabase/schemas/40_agents, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 40_agents/10_agent_settings.sql
-- What an admin sets for the agents as a whole: how much runs at once, how long a lease may be, where the
-- functions are.

create table public.agent_settings (
  id boolean not null default true,
  running_tasks_per_user integer default 8,
  running_tasks_per_project integer default 4,
  max_lease_seconds integer not null default 3600,
  retry_seconds integer not null default 30,
  delivery_retention_days integer not null default 30,
  functions_url text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint agent_settings_pkey primary key (id),
  constraint agent_settings_is_one_row check (id),
  constraint agent_settings_running_tasks_per_user_is_not_negative check (running_tasks_per_user >= 0),
  constraint agent_settings_running_tasks_per_project_is_not_negative check (running_tasks_per_project >= 0),
  constraint agent_settings_max_lease_seconds_is_bounded check (max_lease_seconds between 5 and 86400),
  constraint agent_settings_retry_seconds_is_bounded check (retry_seconds between 1 and 86400),
  constraint agent_settings_delivery_retention_days_is_bounded
    check (delivery_retention_days between 1 and 36500),
  constraint agent_settings_functions_url_is_one
    check (functions_url ~ '^https?://[^\s?#]+[^\s?#/]$' and char_length(functions_url) <= 2048)
);
comment on table public.agent_settings is
  'The one row of settings. Team members read it, admins change it; it is neither added nor deleted.';
comment on column public.agent_settings.id is 'True, in the one row that there is.';
comment on column public.agent_settings.running_tasks_per_user is
  'How many tasks of one user workers may hold at once; null for any number. users.max_running_tasks says '
  'otherwise for one of them.';
comment on column public.agent_settings.running_tasks_per_project is
  'How many tasks of one project workers may hold at once; null for any number. projects.max_running_tasks '
  'can only lower it.';
comment on column public.agent_settings.max_lease_seconds is 'The longest lease that a worker may ask for.';
comment on column public.agent_settings.retry_seconds is
  'How long a task waits after its first failed attempt; twice as long after each further one.';
comment on column public.agent_settings.delivery_retention_days is
  'For how many days a webhook delivery from GitHub is kept after it was worked on.';
comment on column public.agent_settings.functions_url is
  'Where the edge functions are, without a slash at the end: https://<project>.supabase.co/functions/v1. '
  'Null: the database calls none, so nothing is swept.';

create trigger _900_keep_timestamps before insert or update on public.agent_settings
  for each row execute function private.keep_timestamps();

alter table public.agent_settings enable row level security;
create policy agent_settings_select_viewer on public.agent_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy agent_settings_update_admin on public.agent_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.agent_settings to authenticated;
grant update (
  id, running_tasks_per_user, running_tasks_per_project, max_lease_seconds, retry_seconds,
  delivery_retention_days, functions_url, created_at, updated_at
) on public.agent_settings to authenticated;
grant select, update on public.agent_settings to service_role;

insert into public.agent_settings default values;

-- 40_agents/20_users.sql
-- The profiles of the people whose tasks the agents work on: one for each account, following it.

create table public.users (
  id uuid not null,
  email text,
  full_name text,
  avatar_url text,
  github_username text,
  github_token text,
  preferences jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  max_running_tasks integer,
  constraint users_pkey primary key (id),
  constraint users_id_fkey foreign key (id) references auth.users (id) on delete cascade,
  constraint users_full_name_is_not_too_long check (char_length(full_name) <= 200),
  constraint users_avatar_url_is_not_too_long check (char_length(avatar_url) <= 2048),
  constraint users_github_username_is_not_too_long check (char_length(github_username) <= 100),
  constraint users_preferences_are_not_too_large check (pg_column_size(preferences) <= 65536),
  constraint users_created_at_is_finite check (isfinite(created_at)),
  constraint users_max_running_tasks_is_not_negative check (max_running_tasks >= 0)
);
comment on table public.users is
  'One row an account, made with it and leaving with it. Each sees and edits their own. Errors on write: '
  'key_change_refused (422).';
comment on column public.users.id is 'The account in auth.users.';
comment on column public.users.email is 'The account''s address; the database''s.';
comment on column public.users.full_name is
  'As the sign-in provider has it, or as its owner wrote it; a later change at the provider is taken over.';
comment on column public.users.avatar_url is 'See full_name.';
comment on column public.users.github_username is 'See full_name.';
comment on column public.users.github_token is
  'The handle of the token, which tells nothing; null for none. The token itself is nowhere to be read.';
comment on column public.users.preferences is 'Whatever the app keeps about its user, up to 64 kB.';
comment on column public.users.max_running_tasks is
  'How many of their tasks workers may hold at once; null for what agent_settings says. Written by '
  'set_max_running_tasks and servers; what a client writes here is dropped.';

-- A provider may send anything: what is no text says nothing, and what is too long is cut.
create or replace function private.metadata_text(p_metadata jsonb, p_keys text[], p_length integer)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key text;
  v_text text;
begin
  foreach v_key in array p_keys loop
    if jsonb_typeof(p_metadata -> v_key) = 'string' then
      v_text := private.presence(left(p_metadata ->> v_key, p_length));
      if v_text is not null then
        return v_text;
      end if;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.metadata_text(jsonb, text[], integer) is
  'The first of these keys whose value is a text that says something, cut to so many characters; else null.';

create or replace function private.metadata_profile(p_metadata jsonb)
returns table (full_name text, avatar_url text, github_username text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_avatar_url text := private.metadata_text(p_metadata, array['avatar_url', 'picture'], 2048);
begin
  if v_avatar_url !~* '^https?://[^\s]+$' then
    v_avatar_url := null;
  end if;
  return query select
    private.metadata_text(p_metadata, array['full_name', 'name'], 200),
    v_avatar_url,
    private.metadata_text(p_metadata, array['user_name', 'preferred_username'], 100);
end;
$$;
comment on function private.metadata_profile(jsonb) is
  'What auth.users.raw_user_meta_data says about somebody, whatever it is.';

-- Nothing in here can fail for what is in the metadata: a sign-up that is refused is a user who leaves.
create or replace function private.follow_new_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.users (id, email, full_name, avatar_url, github_username)
  select new.id, new.email, p.full_name, p.avatar_url, p.github_username
  from private.metadata_profile(new.raw_user_meta_data) as p
  on conflict on constraint users_pkey do nothing;
  return null;
end;
$$;
comment on function private.follow_new_account() is
  'After-insert trigger of auth.users: makes the profile.';

create or replace function private.follow_changed_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.users as u
  set email = new.email,
    full_name = case when n.full_name is distinct from o.full_name
      then coalesce(n.full_name, u.full_name) else u.full_name end,
    avatar_url = case when n.avatar_url is distinct from o.avatar_url
      then coalesce(n.avatar_url, u.avatar_url) else u.avatar_url end,
    github_username = case when n.github_username is distinct from o.github_username
      then coalesce(n.github_username, u.github_username) else u.github_username end
  from private.metadata_profile(old.raw_user_meta_data) as o,
    private.metadata_profile(new.raw_user_meta_data) as n
  where u.id = new.id;
  return null;
end;
$$;
comment on function private.follow_changed_account() is
  'After-update trigger of auth.users: takes over what the provider changed; what its owner wrote stays.';

create or replace function private.fill_user() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.preferences := coalesce(new.preferences, old.preferences, '{}');
  return new;
end;
$$;
comment on function private.fill_user() is 'Before trigger: null preferences are as if left out.';

-- As the account has it, whoever writes: nobody takes the address of somebody else.
create or replace function private.keep_user_email() returns trigger
language plpgsql stable security definer set search_path = '' as $$
begin
  new.email := (select a.email from auth.users as a where a.id = new.id);
  return new;
end;
$$;
comment on function private.keep_user_email() is 'Before trigger: the address is the account''s.';

-- set_max_running_tasks writes with another role than the API's.
create or replace function private.guard_user_limit() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.max_running_tasks := case when tg_op = 'UPDATE' then old.max_running_tasks end;
  end if;
  return new;
end;
$$;
comment on function private.guard_user_limit() is
  'Before trigger: nobody raises their own limit; what a client writes there is dropped.';

create trigger _050_refuse_key_change before update on public.users
  for each row when (old.id is distinct from new.id) execute function private.refuse_key_change();
create trigger _100_fill_user before insert or update on public.users
  for each row when (new.preferences is null) execute function private.fill_user();
create trigger _200_keep_user_email before insert on public.users
  for each row execute function private.keep_user_email();
create trigger _210_keep_user_email before update on public.users
  for each row when (old.email is distinct from new.email) execute function private.keep_user_email();
create trigger _300_guard_user_limit before insert on public.users
  for each row when (new.max_running_tasks is not null) execute function private.guard_user_limit();
create trigger _310_guard_user_limit before update on public.users
  for each row when (old.max_running_tasks is distinct from new.max_running_tasks)
  execute function private.guard_user_limit();
create trigger _900_keep_timestamps before insert or update on public.users
  for each row execute function private.keep_timestamps();

create trigger _100_follow_new_account after insert on auth.users
  for each row execute function private.follow_new_account();
create trigger _110_follow_changed_account after update on auth.users
  for each row when (
    (old.email, old.raw_user_meta_data) is distinct from (new.email, new.raw_user_meta_data)
  )
  execute function private.follow_changed_account();

alter table public.users enable row level security;
create policy users_select_own on public.users
  for select to authenticated using (id = (select auth.uid()));
create policy users_insert_own on public.users
  for insert to authenticated with check (id = (select auth.uid()));
create policy users_update_own on public.users
  for update to authenticated using (id = (select auth.uid())) with check (id = (select auth.uid()));

grant select on public.users to authenticated;
grant insert (
  id, email, full_name, avatar_url, github_username, github_token, preferences, created_at, updated_at,
  max_running_tasks
) on public.users to authenticated;
grant update (
  id, email, full_name, avatar_url, github_username, github_token, preferences, created_at, updated_at,
  max_running_tasks
) on public.users to authenticated;
grant select, insert, update, delete on public.users to service_role;

-- The accounts that were there before.
insert into public.users (id, email, full_name, avatar_url, github_username, created_at)
select a.id, a.email, p.full_name, p.avatar_url, p.github_username, coalesce(a.created_at, now())
from auth.users as a cross join lateral private.metadata_profile(a.raw_user_meta_data) as p
on conflict on constraint users_pkey do nothing;

create or replace function private.set_max_running_tasks(p_user_id uuid, p_max_running_tasks integer)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  if p_max_running_tasks < 0 then
    raise exception using
      errcode = 'PT422', message = 'task_limit_invalid', detail = 'A limit is a number from 0, or null.',
      hint = 'Use null for what agent_settings says.';
  end if;
  update public.users as u set max_running_tasks = p_max_running_tasks where u.id = p_user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'user_not_found', detail = 'There is no account with this id.',
      hint = 'Use the id of an account.';
  end if;
end;
$$;
comment on function private.set_max_running_tasks(uuid, integer) is 'Body of public.set_max_running_tasks.';
grant execute on function private.set_max_running_tasks(uuid, integer) to authenticated, service_role;

create or replace function public.set_max_running_tasks(p_user_id uuid, p_max_running_tasks integer)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_max_running_tasks(
    p_user_id => set_max_running_tasks.p_user_id,
    p_max_running_tasks => set_max_running_tasks.p_max_running_tasks
  );
end;
comment on function public.set_max_running_tasks(uuid, integer) is
  'How many tasks of this user workers may hold at once; null for what agent_settings says, 0 for none. '
  'Admins and servers. Errors: not_signed_in (401), team_role_required (403), user_not_found (404), '
  'task_limit_invalid (422).';
grant execute on function public.set_max_running_tasks(uuid, integer) to authenticated, service_role;

-- 40_agents/30_projects.sql
-- GitHub repositories that somebody lets agents work on.

create table public.projects (
  id bigint not null default 0,
  user_id uuid not null default auth.uid(),
  repo_url text not null,
  repo_name text not null,
  repo_owner text not null,
  name text not null,
  description text,
  is_active boolean not null default true,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  max_running_tasks integer,
  constraint projects_pkey primary key (id),
  constraint projects_user_id_repo_url_key unique (user_id, repo_url),
  constraint projects_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint projects_id_is_positive check (id > 0),
  constraint projects_repo_url_says_something check (btrim(repo_url) <> '' and char_length(repo_url) <= 2048),
  constraint projects_repo_name_says_something
    check (btrim(repo_name) <> '' and char_length(repo_name) <= 200),
  constraint projects_repo_owner_says_something
    check (btrim(repo_owner) <> '' and char_length(repo_owner) <= 200),
  constraint projects_name_says_something check (btrim(name) <> '' and char_length(name) <= 200),
  constraint projects_description_is_not_too_long check (char_length(description) <= 20000),
  constraint projects_settings_are_not_too_large check (pg_column_size(settings) <= 65536),
  constraint projects_created_at_is_finite check (isfinite(created_at)),
  constraint projects_max_running_tasks_is_not_negative check (max_running_tasks >= 0)
);
-- Ids are given by a trigger: a default would use one up for each upsert of a row that is there.
create sequence public.projects_id_seq as bigint owned by public.projects.id;

comment on table public.projects is
  'One row a repository and user. Each sees and edits their own; deleting one deletes its tasks. Null for a '
  'column that may not be null is as if it were left out. Errors on write: key_change_refused (422).';
comment on column public.projects.id is
  'Counted up by the database. Only servers may bring a new one along.';
comment on column public.projects.user_id is 'Whose it is: the caller, for good.';
comment on column public.projects.is_active is 'Whether the app offers it; the queue does not ask.';
comment on column public.projects.settings is 'Whatever the app keeps about it, up to 64 kB; workers get it.';
comment on column public.projects.max_running_tasks is
  'How many of its tasks workers may hold at once; null for what agent_settings says, which this can only '
  'lower.';

create index idx_projects_user_id on public.projects (user_id);

-- The sequence moves by nextval, as long as that is quick: setval could take it back below a number that
-- was given out in between.
create or replace function private.pass_id(p_sequence regclass, p_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last bigint := coalesce(pg_sequence_last_value(p_sequence), 0);
begin
  if p_id <= v_last then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_sequence::oid::text, 0));
  v_last := coalesce(pg_sequence_last_value(p_sequence), 0);
  if p_id - v_last > 1000 then
    v_last := setval(p_sequence, p_id);
  end if;
  while v_last < p_id loop
    v_last := nextval(p_sequence);
  end loop;
end;
$$;
comment on function private.pass_id(regclass, bigint) is
  'Moves a sequence of ids to at least this one, so that it is not given out again.';

-- For an upsert of a row that is there, what was sent as null is as stored. An id that nobody has yet would
-- be in the way of whoever is given it next.
create or replace function private.meet_stored_project() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.projects;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.projects as p where p.id = new.id and p.user_id = new.user_id for update;
    if not found and private.is_trusted_caller() then
      perform private.pass_id('public.projects_id_seq', new.id);
    elsif not found and not exists (select from public.projects as p where p.id = new.id) then
      new.id := 0;
    end if;
  end if;
  if coalesce(new.id, 0) = 0 then
    new.id := nextval('public.projects_id_seq');
  end if;
  if v_old.id is null then
    select * into v_old from public.projects as p
    where p.user_id = new.user_id and p.repo_url = new.repo_url for update;
  end if;
  new.is_active := coalesce(new.is_active, v_old.is_active, true);
  new.settings := coalesce(new.settings, v_old.settings, '{}');
  return new;
end;
$$;
comment on function private.meet_stored_project() is
  'Before-insert trigger, the first: an id for a new project; for an upsert, nulls as they are stored.';

create or replace function private.fill_project() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.is_active := coalesce(new.is_active, old.is_active);
  new.settings := coalesce(new.settings, old.settings);
  return new;
end;
$$;
comment on function private.fill_project() is
  'Before-update trigger: null in a column that may not be null is as if left out.';

create trigger _010_meet_stored_project before insert on public.projects
  for each row execute function private.meet_stored_project();
create trigger _050_refuse_key_change before update on public.projects
  for each row when (old.id is distinct from new.id or old.user_id is distinct from new.user_id)
  execute function private.refuse_key_change();
create trigger _100_fill_project before update on public.projects
  for each row when (new.is_active is null or new.settings is null) execute function private.fill_project();
create trigger _900_keep_timestamps before insert or update on public.projects
  for each row execute function private.keep_timestamps();

alter table public.projects enable row level security;
create policy projects_select_own on public.projects
  for select to authenticated using (user_id = (select auth.uid()));
create policy projects_insert_own on public.projects
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy projects_update_own on public.projects
  for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy projects_delete_own on public.projects
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.projects to authenticated;
grant insert (
  id, user_id, repo_url, repo_name, repo_owner, name, description, is_active, settings, created_at,
  updated_at, max_running_tasks
) on public.projects to authenticated;
grant update (
  id, user_id, repo_url, repo_name, repo_owner, name, description, is_active, settings, created_at,
  updated_at, max_running_tasks
) on public.projects to authenticated;
grant select, insert, update, delete on public.projects to service_role;

-- 40_agents/40_tasks.sql
-- What agents are asked to do, with the conversation, the result and how it got there.

create type public.task_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');
comment on type public.task_status is
  'pending: waits for a worker. running: somebody works on it. completed, failed, cancelled: it is over.';

create table public.tasks (
  id bigint not null default 0,
  user_id uuid not null default auth.uid(),
  project_id bigint,
  status public.task_status not null default 'pending',
  agent text not null default 'claude',
  repo_url text,
  target_branch text not null default 'main',
  pr_branch text,
  container_id text,
  commit_hash text,
  pr_number integer,
  pr_url text,
  git_diff text,
  git_patch text,
  changed_files jsonb not null default '[]',
  error text,
  chat_messages jsonb not null default '[]',
  execution_metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  priority smallint not null default 0,
  run_after timestamptz not null default now(),
  max_attempts smallint not null default 3,
  attempts_count smallint not null default 0,
  error_kind text,
  constraint tasks_pkey primary key (id),
  constraint tasks_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint tasks_project_id_fkey foreign key (project_id) references public.projects (id) on delete cascade
);
-- No check constraints: each one costs a statement that writes a single row 20 µs, a fifth of what the
-- statement takes. Triggers hold the rules, those about columns only where these are written.

-- Ids are given by a trigger: a default would use one up for each upsert of a row that is there.
create sequence public.tasks_id_seq as bigint owned by public.tasks.id;

comment on table public.tasks is
  'One row a task. Each user sees and edits their own; workers have them through the functions of the queue. '
  'For lists use task_list, which leaves the large columns out. Null for a column that may not be null is as '
  'if it were left out. Errors on write: project_not_found (404), task_status_way_illegal, '
  'task_held_by_worker (409), task_result_too_large (413), task_value_invalid, key_change_refused (422).';
comment on column public.tasks.id is 'Counted up by the database. Only servers may bring a new one along.';
comment on column public.tasks.user_id is 'Whose it is: the caller, for good.';
comment on column public.tasks.project_id is 'The project, which is the same user''s; null for none.';
comment on column public.tasks.status is
  'pending may become running, cancelled, failed; running completed, failed, cancelled, pending; what is '
  'over pending, which runs it again. While a worker holds it, the functions of the queue alone change it.';
comment on column public.tasks.agent is 'The name of the agent that is to do it; workers serve names.';
comment on column public.tasks.repo_url is 'What to clone; left out, the project''s.';
comment on column public.tasks.target_branch is 'The branch that the work starts from and is merged into.';
comment on column public.tasks.pr_branch is 'The branch that was made for the pull request.';
comment on column public.tasks.container_id is 'Where it runs or ran, as the worker names it.';
comment on column public.tasks.commit_hash is 'The final commit.';
comment on column public.tasks.git_diff is 'Up to 50 MB.';
comment on column public.tasks.git_patch is 'Up to 50 MB.';
comment on column public.tasks.changed_files is 'An array of paths, or of whatever the app keeps of each.';
comment on column public.tasks.error is 'In words, what went wrong the last time.';
comment on column public.tasks.chat_messages is
  'An array of {role, content, timestamp}, the timestamp in epoch seconds. append_task_message adds one '
  'without a race; an update replaces all of them.';
comment on column public.tasks.execution_metadata is
  'An object: model, timings, whatever else is known of how it ran. Metrics read model.';
comment on column public.tasks.started_at is
  'When the last attempt began; the database''s. Null while it waits.';
comment on column public.tasks.completed_at is 'When it was over, however it ended; the database''s.';
comment on column public.tasks.priority is 'From -100 to 100; greater goes first.';
comment on column public.tasks.run_after is 'Not to be claimed before. Moved on after a failed attempt.';
comment on column public.tasks.max_attempts is 'After so many failed attempts it has failed; 1 to 20.';
comment on column public.tasks.attempts_count is
  'Attempts so far that count; the database''s. Begins anew when the task is run again.';
comment on column public.tasks.error_kind is
  'Why it failed, as a short name such as lease_expired; written by the queue and servers.';

create index idx_tasks_user_id on public.tasks (user_id);
create index idx_tasks_project_id on public.tasks (project_id);
create index idx_tasks_status on public.tasks (status);

-- See private.meet_stored_project.
create or replace function private.meet_stored_task() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.tasks;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.tasks as t where t.id = new.id and t.user_id = new.user_id for update;
    if not found and private.is_trusted_caller() then
      perform private.pass_id('public.tasks_id_seq', new.id);
    elsif not found and not exists (select from public.tasks as t where t.id = new.id) then
      new.id := 0;
    end if;
  end if;
  if coalesce(new.id, 0) = 0 then
    new.id := nextval('public.tasks_id_seq');
  end if;
  new.status := coalesce(new.status, v_old.status, 'pending');
  new.agent := coalesce(new.agent, v_old.agent, 'claude');
  new.target_branch := coalesce(new.target_branch, v_old.target_branch, 'main');
  new.changed_files := coalesce(new.changed_files, v_old.changed_files, '[]');
  new.chat_messages := coalesce(new.chat_messages, v_old.chat_messages, '[]');
  new.execution_metadata := coalesce(new.execution_metadata, v_old.execution_metadata, '{}');
  new.priority := coalesce(new.priority, v_old.priority, 0::smallint);
  new.run_after := coalesce(new.run_after, v_old.run_after, now());
  new.max_attempts := coalesce(new.max_attempts, v_old.max_attempts, 3::smallint);
  new.attempts_count := coalesce(new.attempts_count, v_old.attempts_count, 0::smallint);
  return new;
end;
$$;
comment on function private.meet_stored_task() is
  'Before-insert trigger, the first: an id for a new task; for an upsert, nulls as they are stored.';

-- With the rights of whoever writes: a project that they can't see is none.
create or replace function private.check_task_project() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_repo_url text;
begin
  if new.project_id is null then
    return new;
  end if;
  select p.repo_url into v_repo_url from public.projects as p
  where p.id = new.project_id and p.user_id = new.user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'project_not_found', detail = 'The task''s user has no such project.',
      hint = 'Use the id of one of the user''s projects, or null.';
  end if;
  new.repo_url := coalesce(new.repo_url, v_repo_url);
  return new;
end;
$$;
comment on function private.check_task_project() is
  'Before trigger: a task''s project is its user''s own, and lends its repository. Errors: project_not_found '
  '(404).';

-- Its message, unlike a check's, does not print the row.
create or replace function private.check_task_values() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_wrong text;
begin
  new.agent := coalesce(new.agent, old.agent);
  new.target_branch := coalesce(new.target_branch, old.target_branch);
  new.priority := coalesce(new.priority, old.priority);
  new.run_after := coalesce(new.run_after, old.run_after);
  new.max_attempts := coalesce(new.max_attempts, old.max_attempts);
  v_wrong := case
    when new.agent !~ '\S' or octet_length(new.agent) > 100 then 'agent: 1 to 100 bytes'
    when octet_length(new.repo_url) > 2048 then 'repo_url: up to 2048 bytes'
    when new.target_branch !~ '\S' or octet_length(new.target_branch) > 1000
      then 'target_branch: 1 to 1000 bytes'
    when new.priority not between -100 and 100 then 'priority: -100 to 100'
    when not isfinite(new.run_after) then 'run_after: a time'
    when not isfinite(new.created_at) then 'created_at: a time'
    when new.max_attempts not between 1 and 20 then 'max_attempts: 1 to 20'
  end;
  if v_wrong is not null then
    raise exception using
      errcode = 'PT422', message = 'task_value_invalid',
      detail = format('A task can''t have this in %s.', split_part(v_wrong, ':', 1)),
      hint = format('What fits is %s.', v_wrong);
  end if;
  return new;
end;
$$;
comment on function private.check_task_values() is
  'Before trigger of what a task is asked: ranges and lengths; null in a column that may not be null is as if '
  'left out. Errors: task_value_invalid (422).';

-- What nearly every write is: one expression, since each costs every finished task its part. The sizes are
-- known without unpacking anything.
create or replace function private.check_task_result() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (
    octet_length(new.git_diff) <= 52428800 and octet_length(new.git_patch) <= 52428800
    and octet_length(new.error) <= 1048576 and octet_length(new.pr_branch) <= 1000
    and octet_length(new.container_id) <= 1000 and octet_length(new.commit_hash) <= 200
    and octet_length(new.pr_url) <= 2048 and new.pr_number > 0
    and new.error_kind ~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
  ) is false or (
    pg_column_size(new.changed_files) <= 16777216 and pg_column_size(new.chat_messages) <= 16777216
    and pg_column_size(new.execution_metadata) <= 16777216 and jsonb_typeof(new.changed_files) = 'array'
    and jsonb_typeof(new.chat_messages) = 'array' and jsonb_typeof(new.execution_metadata) = 'object'
  ) is not true then
    new.changed_files := coalesce(new.changed_files, old.changed_files);
    new.chat_messages := coalesce(new.chat_messages, old.chat_messages);
    new.execution_metadata := coalesce(new.execution_metadata, old.execution_metadata);
    perform private.refuse_task_result(new);
  end if;
  -- private.keep_task can't tell, without unpacking them, whether the large columns change.
  if tg_op = 'UPDATE' and current_setting('app.task_queue', true) is distinct from 'on' and (
    old.git_diff, old.git_patch, old.changed_files, old.chat_messages, old.execution_metadata
  ) is distinct from (
    new.git_diff, new.git_patch, new.changed_files, new.chat_messages, new.execution_metadata
  ) then
    new.updated_at := null;
  end if;
  return new;
end;
$$;
comment on function private.check_task_result() is
  'Before trigger of what comes out of a task: sizes, shapes and lengths; null in a column that may not be '
  'null is as if left out. Errors: task_result_too_large (413), task_value_invalid (422).';

create or replace function private.refuse_task_result(p_task public.tasks) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_wrong constant text := case
    when jsonb_typeof(p_task.changed_files) <> 'array' then 'changed_files: an array'
    when jsonb_typeof(p_task.chat_messages) <> 'array' then 'chat_messages: an array'
    when jsonb_typeof(p_task.execution_metadata) <> 'object' then 'execution_metadata: an object'
    when octet_length(p_task.pr_branch) > 1000 then 'pr_branch: up to 1000 bytes'
    when octet_length(p_task.container_id) > 1000 then 'container_id: up to 1000 bytes'
    when octet_length(p_task.commit_hash) > 200 then 'commit_hash: up to 200 bytes'
    when octet_length(p_task.pr_url) > 2048 then 'pr_url: up to 2048 bytes'
    when p_task.pr_number <= 0 then 'pr_number: above 0'
    when p_task.error_kind !~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
      then 'error_kind: up to 100 lower-case letters, digits, dots, lines'
  end;
begin
  if octet_length(p_task.git_diff) > 52428800 or octet_length(p_task.git_patch) > 52428800
    or pg_column_size(p_task.chat_messages) > 16777216 or pg_column_size(p_task.changed_files) > 16777216
    or pg_column_size(p_task.execution_metadata) > 16777216 or octet_length(p_task.error) > 1048576
  then
    raise exception using
      errcode = 'PT413', message = 'task_result_too_large',
      detail = 'git_diff and git_patch hold up to 50 MB each, chat_messages, changed_files and '
        'execution_metadata 16 MB, error 1 MB.',
      hint = 'Keep what is larger in a file and put its address into execution_metadata.';
  end if;
  if v_wrong is not null then
    raise exception using
      errcode = 'PT422', message = 'task_value_invalid',
      detail = format('A task can''t have this in %s.', split_part(v_wrong, ':', 1)),
      hint = format('What fits is %s.', v_wrong);
  end if;
end;
$$;
comment on function private.refuse_task_result(public.tasks) is
  'Says what is wrong with what came out of a task, if anything is. Errors: task_result_too_large (413), '
  'task_value_invalid (422).';

create trigger _010_meet_stored_task before insert on public.tasks
  for each row execute function private.meet_stored_task();
create trigger _050_refuse_key_change before update of id, user_id on public.tasks
  for each row when (old.id is distinct from new.id or old.user_id is distinct from new.user_id)
  execute function private.refuse_key_change();
create trigger _100_check_task_project before insert on public.tasks
  for each row execute function private.check_task_project();
create trigger _110_check_task_project before update of project_id on public.tasks
  for each row when (old.project_id is distinct from new.project_id)
  execute function private.check_task_project();
create trigger _120_check_task_values before insert or update of agent, repo_url, target_branch, priority,
  run_after, created_at, max_attempts on public.tasks
  for each row execute function private.check_task_values();
create trigger _130_check_task_result before insert or update of git_diff, git_patch, changed_files, error,
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind
  on public.tasks
  for each row execute function private.check_task_result();

alter table public.tasks enable row level security;
create policy tasks_select_own on public.tasks
  for select to authenticated using (user_id = (select auth.uid()));
create policy tasks_insert_own on public.tasks
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy tasks_update_own on public.tasks
  for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy tasks_delete_own on public.tasks
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.tasks to authenticated;
grant insert (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind
) on public.tasks to authenticated;
grant update (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind
) on public.tasks to authenticated;
grant select, insert, update, delete on public.tasks to service_role;

-- 40_agents/42_task_lifecycle.sql
-- The ways that a task's status may go, who may take them, and the times that go with it.

create or replace function private.begin_task() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.attempts_count := 0;
    new.error_kind := null;
  end if;
  if new.status = 'pending' then
    new.started_at := null;
    new.completed_at := null;
  elsif new.status = 'running' then
    new.started_at := coalesce(new.started_at, now());
    new.completed_at := null;
  else
    new.completed_at := greatest(coalesce(new.completed_at, now()), new.started_at);
  end if;
  return new;
end;
$$;
comment on function private.begin_task() is
  'Before-insert trigger: a task may begin in any status, and has the times that go with it.';

-- The functions of the queue write many tasks and nothing else writes what they do, so they go by other rules:
-- they run with `app.task_queue` on, look at the status themselves, under the task's lock, and write its
-- times. No client of the API can set it.

create or replace function private.keep_task_status() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_next constant public.task_status[] := case old.status
    when 'pending' then '{running,cancelled,failed}'
    when 'running' then '{completed,failed,cancelled,pending}'
    else '{pending}'
  end;
  v_now constant timestamptz := clock_timestamp();
begin
  if coalesce(new.status, old.status) = old.status then
    new.status := old.status;
    return new;
  end if;
  -- Whoever it is: what a worker holds changes through the functions of the queue.
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'task_held_by_worker',
      detail = 'A worker holds this task, so its status stays what it is.',
      hint = 'Call cancel_task to take it from the worker.';
  end if;
  if new.status <> all (v_next) then
    raise exception using
      errcode = 'PT409', message = 'task_status_way_illegal',
      detail = format('A task that is %s can''t become %s.', old.status, new.status),
      hint = format('From here it may become: %s.', array_to_string(v_next, ', '));
  end if;
  new.started_at := case new.status when 'running' then v_now when 'pending' then null else old.started_at end;
  new.completed_at := case when new.status not in ('running', 'pending')
    then greatest(v_now, old.started_at) end;
  if new.status = 'completed' or new.status = 'pending' and old.status <> 'running' then
    new.error := nullif(new.error, old.error);
    new.error_kind := null;
  end if;
  if new.status = 'pending' and old.status <> 'running' then
    new.attempts_count := 0;
    new.run_after := case when new.run_after = old.run_after then v_now else new.run_after end;
  elsif current_user = 'authenticated' then
    new.attempts_count := old.attempts_count;
  end if;
  return new;
end;
$$;
comment on function private.keep_task_status() is
  'Before-update trigger of the status: only along the legal ways, by whoever may, with the times that go '
  'with it. Errors: task_status_way_illegal, task_held_by_worker (409).';

create or replace function private.keep_task_project() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'task_held_by_worker',
      detail = 'A worker holds this task, so its project stays what it is.',
      hint = 'Call cancel_task to take it from the worker.';
  end if;
  return new;
end;
$$;
comment on function private.keep_task_project() is
  'Before-update trigger of a changed project, since what runs is counted by project. Errors: '
  'task_held_by_worker (409).';

-- Times as private.keep_timestamps keeps them, but without comparing the large columns, which would read and
-- unpack them for each update of the row: where they are written, private.check_task_result has.
create or replace function private.keep_task() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.created_at := old.created_at;
  if new.status = old.status then
    new.started_at := old.started_at;
    new.completed_at := old.completed_at;
    if current_user = 'authenticated' then
      new.attempts_count := old.attempts_count;
      new.error_kind := old.error_kind;
    end if;
  end if;
  if current_user = 'authenticated' and new.error_kind is not null then
    new.error_kind := old.error_kind;
  end if;
  if new.updated_at is null or (
    old.status, old.project_id, old.agent, old.repo_url, old.target_branch, old.pr_branch, old.container_id,
    old.commit_hash, old.pr_number, old.pr_url, old.error, old.started_at, old.completed_at, old.priority,
    old.run_after, old.max_attempts, old.attempts_count, old.error_kind
  ) is distinct from (
    new.status, new.project_id, new.agent, new.repo_url, new.target_branch, new.pr_branch, new.container_id,
    new.commit_hash, new.pr_number, new.pr_url, new.error, new.started_at, new.completed_at, new.priority,
    new.run_after, new.max_attempts, new.attempts_count, new.error_kind
  ) then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  else
    new.updated_at := old.updated_at;
  end if;
  return new;
end;
$$;
comment on function private.keep_task() is
  'Before-update trigger, the last: what a client writes into the database''s own columns is dropped, and '
  'updated_at moves forward whenever something else changed.';

create trigger _200_begin_task before insert on public.tasks
  for each row execute function private.begin_task();
create trigger _210_keep_task_status before update of status on public.tasks
  for each row when (current_setting('app.task_queue', true) is distinct from 'on')
  execute function private.keep_task_status();
create trigger _220_keep_task_project before update of project_id on public.tasks
  for each row when (old.project_id is distinct from new.project_id)
  execute function private.keep_task_project();
create trigger _900_keep_timestamps before insert on public.tasks
  for each row execute function private.keep_timestamps();
create trigger _910_keep_task before update on public.tasks
  for each row when (current_setting('app.task_queue', true) is distinct from 'on')
  execute function private.keep_task();

-- 40_agents/44_append_task_message.sql
-- Adds a message to a task's conversation, however many do so at once.

-- Whoever calls this has asked before whether the caller may.
create or replace function private.append_task_message(
  task_id bigint, role text, content text, idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_messages jsonb;
  v_message jsonb;
  v_timestamp numeric;
begin
  if coalesce(append_task_message.role not in ('user', 'assistant', 'system'), true)
    or private.presence(content) is null or octet_length(content) > 1048576
    or char_length(idempotency_key) not between 1 and 200
  then
    raise exception using
      errcode = 'PT422', message = 'task_message_invalid', detail = 'This is no message that can be stored.',
      hint = 'Use the role user, assistant or system, a content of up to 1 MB that is not blank, and a key of '
        '1 to 200 characters or none.';
  end if;
  -- The time is taken with the lock held: messages stand in the order in which they came to be.
  select t.chat_messages into v_messages from public.tasks as t
  where t.id = append_task_message.task_id
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'task_not_found', detail = 'There is no such task.',
      hint = 'Use the id of a task.';
  end if;
  if idempotency_key is not null then
    select m.value into v_message from jsonb_array_elements(v_messages) as m (value)
    where m.value ->> 'idempotency_key' = append_task_message.idempotency_key
    limit 1;
    if found then
      return v_message;
    end if;
  end if;
  v_timestamp := round(extract(epoch from clock_timestamp()), 6);
  if jsonb_typeof(v_messages -> -1 -> 'timestamp') = 'number' then
    v_timestamp := greatest(v_timestamp, (v_messages -> -1 ->> 'timestamp')::numeric);
  end if;
  v_message := jsonb_strip_nulls(jsonb_build_object(
    'role', append_task_message.role, 'content', content, 'timestamp', v_timestamp,
    'idempotency_key', idempotency_key
  ));
  update public.tasks as t set chat_messages = v_messages || jsonb_build_array(v_message)
  where t.id = append_task_message.task_id;
  return v_message;
end;
$$;
comment on function private.append_task_message(bigint, text, text, text) is
  'Appends a message to any task. Errors: task_not_found (404), task_message_invalid (422).';

create or replace function private.append_own_task_message(
  task_id bigint, role text, content text, idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and not exists (
    select from public.tasks as t
    where t.id = append_own_task_message.task_id and t.user_id = auth.uid()
  ) then
    raise exception using
      errcode = 'PT404', message = 'task_not_found', detail = 'There is no such task of yours.',
      hint = 'Use the id of one of your tasks.';
  end if;
  return private.append_task_message(task_id, role, content, idempotency_key);
end;
$$;
comment on function private.append_own_task_message(bigint, text, text, text) is
  'Body of public.append_task_message. Errors: task_not_found (404).';
grant execute on function private.append_own_task_message(bigint, text, text, text)
  to authenticated, service_role;

create or replace function public.append_task_message(
  task_id bigint, role text, content text, idempotency_key text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.append_own_task_message(
    task_id => append_task_message.task_id, role => append_task_message.role,
    content => append_task_message.content, idempotency_key => append_task_message.idempotency_key
  );
end;
comment on function public.append_task_message(bigint, text, text, text) is
  'Appends {role, content, timestamp} to the task''s chat_messages and returns it; the timestamp is the '
  'database''s, in epoch seconds, and never smaller than the last message''s. With an idempotency_key that '
  'the conversation has already, it appends nothing and returns the message of that key. The task''s user '
  'and servers. Errors: task_not_found (404), task_result_too_large (413), task_message_invalid (422).';
grant execute on function public.append_task_message(bigint, text, text, text)
  to authenticated, service_role;

-- 40_agents/46_task_list.sql
-- Tasks for lists: everything but the columns that may be large.

create view public.task_list with (security_invoker = true) as
select
  t.id, t.user_id, t.project_id, t.status, t.agent, t.repo_url, t.target_branch, t.pr_branch, t.container_id,
  t.commit_hash, t.pr_number, t.pr_url, t.changed_files, t.error, t.execution_metadata, t.created_at,
  t.updated_at, t.started_at, t.completed_at, t.priority, t.run_after, t.max_attempts, t.attempts_count,
  t.error_kind,
  -- the length is stored beside the text, which stays where it is
  octet_length(t.git_diff) as diff_bytes,
  octet_length(t.git_patch) as patch_bytes
from public.tasks as t;
comment on view public.task_list is
  'The tasks without git_diff, git_patch and chat_messages. Reads nothing of what it leaves out.';
comment on column public.task_list.diff_bytes is 'How large git_diff is; null for none.';
comment on column public.task_list.patch_bytes is 'How large git_patch is; null for none.';
grant select on public.task_list to authenticated, service_role;

-- 40_agents/50_task_attempts.sql
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

-- 40_agents/90_realtime.sql
-- What clients may follow live; row security decides who sees which row.

alter publication supabase_realtime add table public.tasks;
