-- GitHub repositories that users let agents change.

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
  constraint projects_repo_url_is_not_blank check (btrim(repo_url) <> '' and char_length(repo_url) <= 2048),
  constraint projects_repo_name_is_not_blank
    check (btrim(repo_name) <> '' and char_length(repo_name) <= 200),
  constraint projects_repo_owner_is_not_blank
    check (btrim(repo_owner) <> '' and char_length(repo_owner) <= 200),
  constraint projects_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint projects_description_is_not_too_long check (char_length(description) <= 20000),
  constraint projects_settings_are_not_too_large check (pg_column_size(settings) <= 65536),
  constraint projects_created_at_is_finite check (isfinite(created_at)),
  constraint projects_max_running_tasks_is_not_negative check (max_running_tasks >= 0)
);
-- A trigger sets ids: a default would use one up for each upsert of an existing row.
create sequence public.projects_id_seq as bigint owned by public.projects.id;

comment on table public.projects is
  'One row per repository and user. Users see and edit their own; deleting one deletes its tasks. Null in a '
  'not-null column counts as left out. Errors on write: sign_in_required (401), '
  'agents_projects_limit_reached (409), agents_repo_url_invalid, key_change_forbidden (422).';
comment on column public.projects.id is
  'Set by the database from a sequence. Only servers may set a new one themselves.';
comment on column public.projects.user_id is 'The user it belongs to: the caller; can''t be changed.';
comment on column public.projects.is_active is 'Whether the app offers it; the queue ignores it.';
comment on column public.projects.settings is
  'Whatever the app stores about it, up to 64 kB; returned to workers.';
comment on column public.projects.max_running_tasks is
  'How many of its tasks workers may hold at the same time; null for the value in agent_settings, which '
  'this can only lower.';

create index idx_projects_user_id on public.projects (user_id);

-- An upsert of an existing row keeps the stored value where null was sent. A client can't set a new id: the
-- sequence would return the same one later.
create or replace function private.complete_project_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.projects;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.projects as p where p.id = new.id and p.user_id = new.user_id for update;
    if not found and private.is_trusted_caller() then
      perform private.advance_sequence('public.projects_id_seq', new.id);
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
comment on function private.complete_project_upsert is
  'Before-insert trigger, the first: sets the id of a new project; in an upsert, fills nulls with '
  'the stored values.';

create or replace function private.set_project_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.is_active := coalesce(new.is_active, old.is_active);
  new.settings := coalesce(new.settings, old.settings);
  return new;
end;
$$;
comment on function private.set_project_defaults is
  'Before-update trigger: null in a not-null column counts as left out.';

create trigger _000_require_active_account before insert or update on public.projects
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _005_reject_url_secret before insert or update of repo_url on public.projects
  for each row when (
    new.repo_url !~ '^https?://[a-z0-9.-]+(/[A-Za-z0-9.-]+)*/?$'
    or new.repo_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
  )
  execute function private.reject_url_secret();
create trigger _010_complete_project_upsert before insert on public.projects
  for each row execute function private.complete_project_upsert();
create trigger _050_reject_key_change before update on public.projects
  for each row when (old.id is distinct from new.id or old.user_id is distinct from new.user_id)
  execute function private.reject_key_change();
create trigger _100_set_project_defaults before update on public.projects
  for each row when (new.is_active is null or new.settings is null)
    execute function private.set_project_defaults();
create trigger _900_set_timestamps before insert or update on public.projects
  for each row execute function private.set_timestamps();

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
