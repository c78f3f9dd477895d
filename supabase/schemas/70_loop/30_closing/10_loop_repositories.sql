-- The repositories whose pull requests close engineering issues by their words.
--
-- Anybody can open a pull request in a repository of their own, and write anything into it.

create table public.loop_repositories (
  -- Null, which a trigger replaces. As a default it makes the column optional in generated types.
  repository_id bigint not null default nullif(0, 0),
  repo_owner text not null,
  repo_name text not null,
  added_by text not null default private.actor_name(),
  added_by_user_id uuid,
  created_at timestamptz not null default now(),
  constraint loop_repositories_pkey primary key (repository_id),
  constraint loop_repositories_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete restrict,
  constraint loop_repositories_added_by_user_id_fkey
    foreign key (added_by_user_id) references auth.users (id) on delete set null,
  constraint loop_repositories_name_is_lower_case
    check (repo_owner = lower(repo_owner) and repo_name = lower(repo_name)),
  constraint loop_repositories_added_by_is_not_blank check (btrim(added_by) <> '')
);
comment on table public.loop_repositories is
  'The team''s repositories at GitHub: what the words of their pull requests close is closed. Team members '
  'read them, admins add and remove them. Adding one applies to the pull requests that are stored already; '
  'removing one removes the links that are from words. Errors on write: team_role_required (403), '
  'loop_repository_invalid (422).';
comment on column public.loop_repositories.repository_id is
  'The repository, which stays the same when it is renamed or transferred; set by the database. '
  'Not GitHub''s id.';
comment on column public.loop_repositories.repo_owner is
  'The owner, in lower case; follows a change at GitHub.';
comment on column public.loop_repositories.repo_name is
  'The name, in lower case; follows a change at GitHub.';
comment on column public.loop_repositories.added_by is 'Display name of who added it.';
comment on column public.loop_repositories.added_by_user_id is
  'Their account, whose GitHub token the sweep asks with; null for a server.';

create index loop_repositories_added_by_user_id_idx on public.loop_repositories (added_by_user_id);

create or replace function private.set_loop_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.repo_owner := lower(btrim(new.repo_owner));
  new.repo_name := lower(btrim(new.repo_name));
  if not private.is_repository_name(new.repo_owner, new.repo_name) then
    raise exception using
      errcode = 'PT422', message = 'loop_repository_invalid',
      detail = 'repo_owner and repo_name are not those of a repository at GitHub.',
      hint = 'Give both as in its URL, https://github.com/owner/name.';
  end if;
  new.repository_id := private.ensure_repository(new.repo_owner, new.repo_name);
  new.added_by := private.actor_name();
  new.added_by_user_id := (select u.id from auth.users as u where u.id = auth.uid());
  return new;
end;
$$;
comment on function private.set_loop_repository is
  'Before-insert trigger: the repository that the name leads to, and who adds it. Errors: '
  'loop_repository_invalid (422).';

create or replace function private.is_loop_repository(p_repository_id bigint) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from public.loop_repositories as r where r.repository_id = p_repository_id);
end;
$$;
comment on function private.is_loop_repository is
  'Whether the words of this repository''s pull requests close engineering issues.';

create or replace function private.sync_loop_repository_name() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.loop_repositories as r set repo_owner = new.repo_owner, repo_name = new.repo_name
  where r.repository_id = new.id;
  return null;
end;
$$;
comment on function private.sync_loop_repository_name is
  'After-row trigger of repositories: their name at GitHub.';

create or replace function private.sync_words_of_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant bigint := coalesce(new.repository_id, old.repository_id);
begin
  perform private.sync_closing_pull_requests(array(
    select p.id from public.pull_requests as p
    where p.repository_id = v_id and (
      exists (
        select from private.pull_request_words as w
        where w.pull_request_id = p.id and w.closes_issues || w.mentions_issues <> '{}'
      )
      or exists (select from public.exai_issue_pull_requests as l where l.pull_request_id = p.id)
    )
  ));
  return null;
end;
$$;
comment on function private.sync_words_of_repository is
  'After-row trigger: the links of the pull requests of a repository that was added or removed.';

create trigger _000_require_admin before insert or delete on public.loop_repositories
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _200_set_loop_repository before insert on public.loop_repositories
  for each row execute function private.set_loop_repository();
create trigger _300_sync_words after insert or delete on public.loop_repositories
  for each row execute function private.sync_words_of_repository();
create trigger _310_sync_words after update on public.loop_repositories
  for each row when (old.repository_id <> new.repository_id)
  execute function private.sync_words_of_repository();
create trigger _300_sync_loop_repository_name after update on private.github_repositories
  for each row when ((old.repo_owner, old.repo_name) is distinct from (new.repo_owner, new.repo_name))
  execute function private.sync_loop_repository_name();

alter table public.loop_repositories enable row level security;
create policy loop_repositories_select_viewer on public.loop_repositories
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy loop_repositories_insert_admin on public.loop_repositories
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy loop_repositories_delete_admin on public.loop_repositories
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.loop_repositories to authenticated, service_role;
grant insert (repo_owner, repo_name) on public.loop_repositories to authenticated, service_role;
