-- The repositories of the loop whose pull requests the sweep lists: it finds those of which no delivery came.

create table private.loop_repository_checks (
  repository_id bigint not null,
  etag text,
  next_attempt_at timestamptz not null default now(),
  attempts_count integer not null default 0,
  constraint loop_repository_checks_pkey primary key (repository_id),
  constraint loop_repository_checks_repository_id_fkey foreign key (repository_id)
    references public.loop_repositories (repository_id) on update cascade on delete cascade,
  constraint loop_repository_checks_attempts_count_is_not_negative check (attempts_count >= 0)
);
comment on table private.loop_repository_checks is
  'When the sweep lists the pull requests of each repository of the loop; one row per repository.';
comment on column private.loop_repository_checks.etag is 'The ETag of the last list.';
comment on column private.loop_repository_checks.next_attempt_at is
  'When it lists them again. Moved ten minutes ahead while a sweep has it.';
comment on column private.loop_repository_checks.attempts_count is
  'How many times in a row the token did not see the repository.';
alter table private.loop_repository_checks enable row level security;

create or replace function private.begin_loop_repository_checks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.loop_repository_checks (repository_id) values (new.repository_id);
  return null;
end;
$$;
comment on function private.begin_loop_repository_checks is
  'After-insert trigger of loop_repositories: the sweep lists its pull requests.';
create trigger _320_begin_checks after insert on public.loop_repositories
  for each row execute function private.begin_loop_repository_checks();

create or replace function private.due_loop_repositories(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select c.repository_id from private.loop_repository_checks as c
    join public.loop_repositories as r on r.repository_id = c.repository_id
    join private.usable_github_tokens as s on s.user_id = r.added_by_user_id
    where c.next_attempt_at <= now() and private.is_team_agent(r.added_by_user_id)
    order by c.next_attempt_at, c.repository_id
    limit p_limit;
end;
$$;
comment on function private.due_loop_repositories is
  'The repositories of the loop whose pull requests the sweep lists now, with the token of who added them.';

create or replace function private.lease_due_loop_repositories(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_loop_repositories(p_limit) as d (id));
  v_repositories jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'repository_id', r.repository_id, 'github_id', g.github_id, 'repo_owner', g.repo_owner,
      'repo_name', g.repo_name, 'etag', c.etag, 'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.position
  ), '[]'::jsonb) into v_repositories
  from unnest(v_ids) with ordinality as d (id, position)
  join public.loop_repositories as r on r.repository_id = d.id
  join private.loop_repository_checks as c on c.repository_id = d.id
  join private.github_repositories as g on g.id = d.id
  join private.usable_github_tokens as s on s.user_id = r.added_by_user_id;
  update private.loop_repository_checks as c set next_attempt_at = private.sweep_lease_expires_at()
  where c.repository_id = any (v_ids);
  return v_repositories;
end;
$$;
comment on function private.lease_due_loop_repositories is
  'Leases up to p_limit repositories of the loop that are due, with the token of who added them.';
