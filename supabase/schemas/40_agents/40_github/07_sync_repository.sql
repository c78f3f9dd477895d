-- What GitHub reports about a repository: its id and its name at that time.

-- Two rows turn out to be one: what a task had named, and what GitHub has reported under another name.
create or replace function private.merge_repositories(p_from bigint, p_into bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_pull_request(
    l.task_id, l.user_id, i.id, l.source, l.verified_by is not distinct from 'worker'
  )
  from public.pull_requests as f
  join public.pull_requests as i on i.repository_id = p_into and i.number = f.number
  join public.task_pull_requests as l on l.pull_request_id = f.id
  where f.repository_id = p_from;
  perform private.move_closing_links(p_from, p_into);
  delete from public.pull_requests as f
  using public.pull_requests as i
  where f.repository_id = p_from and i.repository_id = p_into and i.number = f.number;
  update public.pull_requests as p set
    repository_id = r.id, repo_owner = r.repo_owner, repo_name = r.repo_name
  from private.github_repositories as r
  where p.repository_id = p_from and r.id = p_into;
  update private.task_github_refs as t set repository_id = p_into where t.repository_id = p_from;
  update private.project_repositories as l set repository_id = p_into where l.repository_id = p_from;
  perform private.move_loop_repository(p_from, p_into);
  delete from private.github_repositories as r where r.id = p_from;
end;
$$;
comment on function private.merge_repositories is
  'Moves what belongs to one row of a repository to the other, and deletes the one. A pull request of both '
  'keeps one row.';

-- A pending task clones where its project is: the old address leads to whoever takes the name next.
create or replace function private.move_projects(p_repository_id bigint, p_owner text, p_name text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform set_config('app.moving_repository', 'on', true);
  -- as the queue does: nobody's word for a pull request becomes a server's because of this
  perform private.set_queue_writes(true);
  with moved as (
    select p.id, p.user_id, p.repo_url as old_url,
      private.rename_repository_url(p.repo_url, p_owner, p_name) as new_url
    from private.project_repositories as l join public.projects as p on p.id = l.project_id
    where l.repository_id = p_repository_id
  ), renamed as (
    update public.projects as p set
      repo_url = case when exists (
        select from public.projects as o
        where o.user_id = m.user_id and o.repo_url = m.new_url and o.id <> m.id
      ) then p.repo_url else m.new_url end,
      repo_owner = p_owner, repo_name = p_name
    from moved as m
    where p.id = m.id and not private.has_url_credentials(m.new_url)
    returning p.id, m.old_url, m.new_url
  )
  update public.tasks as t set repo_url = r.new_url, updated_at = clock_timestamp()
  from renamed as r
  where t.project_id = r.id and t.status = 'pending' and t.repo_url = r.old_url;
  perform private.set_queue_writes(false);
  perform set_config('app.moving_repository', 'off', true);
end;
$$;
comment on function private.move_projects is
  'Gives the projects of a repository, and their pending tasks, its new owner and name.';

-- Pending tasks that name the repository themselves, in whatever spelling.
create or replace function private.move_waiting_tasks(
  p_old_owner text, p_old_name text, p_owner text, p_name text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.set_queue_writes(true);
  update public.tasks as t set
    repo_url = private.rename_repository_url(t.repo_url, p_owner, p_name), updated_at = clock_timestamp()
  where t.status = 'pending' and t.repo_url ilike '%' || p_old_owner || '/' || p_old_name || '%'
    and exists (
      select from private.parse_repository_url(t.repo_url) as r
      where r.o_owner = p_old_owner and r.o_name = p_old_name
    );
  perform private.set_queue_writes(false);
end;
$$;
comment on function private.move_waiting_tasks is
  'Gives the pending tasks of a repository, whose name led to it until now, its new owner and name.';

-- An answer of the API wins over whatever was delivered, as with pull requests.
create or replace function private.rename_repository(
  p_id bigint, p_owner text, p_name text, p_at timestamptz, p_is_answer boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old private.github_repositories;
  v_other private.github_repositories;
  v_is_current boolean;
begin
  select * into v_old from private.github_repositories as r where r.id = p_id;
  if p_at < v_old.named_at and not p_is_answer then
    return;
  end if;
  select * into v_other from private.github_repositories as r
  where r.repo_owner = lower(p_owner) and r.repo_name = lower(p_name) and r.is_current and r.id <> p_id;
  if v_other.id is not null and v_other.github_id is null then
    perform private.merge_repositories(v_other.id, p_id);
  end if;
  v_is_current := p_is_answer or v_other.github_id is null or v_other.named_at <= p_at;
  if v_is_current then
    update private.github_repositories as r set is_current = false where r.id = v_other.id;
    -- what is left behind is asked for by its id, and tells its new name
    update private.pull_request_checks as c set next_attempt_at = now()
    where c.pull_request_id = (
      select p.id from public.pull_requests as p where p.repository_id = v_other.id
      order by p.number desc limit 1
    );
    update private.project_repositories as l set next_attempt_at = now() where l.repository_id = v_other.id;
  end if;
  update private.github_repositories as r set
    repo_owner = lower(p_owner), repo_name = lower(p_name), is_current = v_is_current, named_at = p_at
  where r.id = p_id;
  if (v_old.repo_owner, v_old.repo_name) is distinct from (lower(p_owner), lower(p_name)) then
    update public.pull_requests as p set repo_owner = lower(p_owner), repo_name = lower(p_name)
    where p.repository_id = p_id;
    perform private.move_projects(p_id, p_owner, p_name);
    if v_old.is_current and v_old.repo_owner is not null then
      perform private.move_waiting_tasks(v_old.repo_owner, v_old.repo_name, p_owner, p_name);
    end if;
  end if;
end;
$$;
comment on function private.rename_repository is
  'Sets the name that a repository had at p_at, unless it got another one later: its projects and pull '
  'requests move along, and whoever had the name before has it no more.';

create or replace function private.sync_repository(
  p_github_id bigint, p_owner text, p_name text, p_at timestamptz, p_is_answer boolean, p_asked_id bigint
) returns bigint
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_id bigint;
  v_named_id bigint;
begin
  if not private.is_repository_name(p_owner, p_name) then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The repository has no valid name.',
      hint = 'Send the payload as GitHub does.';
  end if;
  v_named_id := private.find_repository(lower(p_owner), lower(p_name));
  if p_github_id is null then
    return coalesce(p_asked_id, v_named_id, private.ensure_repository(lower(p_owner), lower(p_name)));
  end if;
  v_id := (select r.id from private.github_repositories as r where r.github_id = p_github_id);
  if v_id = v_named_id and (p_asked_id is null or p_asked_id = v_id) then
    return v_id;
  end if;
  -- What follows is rare, and done one after the other.
  perform pg_advisory_xact_lock(hashtextextended('private.sync_repository', 0));
  v_id := (select r.id from private.github_repositories as r where r.github_id = p_github_id);
  if v_id is null then
    update private.github_repositories as r set github_id = p_github_id
    where r.id = coalesce(p_asked_id, private.find_repository(lower(p_owner), lower(p_name)))
      and r.github_id is null
    returning r.id into v_id;
  end if;
  if v_id is null then
    insert into private.github_repositories (github_id, repo_owner, repo_name, is_current)
    values (p_github_id, lower(p_owner), lower(p_name), false)
    returning id into v_id;
  end if;
  -- It was asked for by a name that leads here: what had this name is the same repository.
  if p_asked_id <> v_id and exists (
    select from private.github_repositories as r where r.id = p_asked_id and r.github_id is null
  ) then
    perform private.merge_repositories(p_asked_id, v_id);
  end if;
  perform private.rename_repository(v_id, p_owner, p_name, p_at, p_is_answer);
  return v_id;
end;
$$;
comment on function private.sync_repository is
  'The row of a repository as GitHub reported it at p_at, in an answer of its API or a delivery; p_asked_id: '
  'the one that was asked for, or had the name before. Errors: agents_github_payload_invalid (422).';
