-- Makes the links of a pull request what its words, its tasks and persons make of it.
--
-- Locks are taken in this order: the pull request, the graph of engineering issues, engineering issues by
-- id, their links, issues of the community by id. Whatever closes, ships or reopens holds the lock of the
-- engineering issue while it decides, so that two of them see each other's links: two merges at the same
-- time, and an issue that is promoted while a merge arrives, resolve each issue once.

-- From a fork, only issues that existed when it was written: nobody closes with a merged pull request what is
-- only found later. The clocks differ by less than five minutes. And before it is merged, a few.
create or replace function private.find_closing_links(p_pull public.pull_requests)
returns table (o_exai_issue_id uuid, o_intent text, o_source text, o_task_id bigint)
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_is_loop constant boolean := private.is_loop_repository(p_pull.repository_id);
  v_limit constant integer := case when p_pull.is_from_fork and p_pull.merged_at is null then (
    select s.fork_links_limit from public.loop_settings as s where s.id
  ) end;
begin
  return query
  select distinct on (f.exai_issue_id) f.exai_issue_id, f.intent, f.source, f.task_id
  from (
    select t.exai_issue_id, 'closes' as intent, 'task' as source, t.task_id, 1 as rank
    from public.task_pull_requests as l
    join public.exai_issue_tasks as t on t.task_id = l.task_id
    where l.pull_request_id = p_pull.id and (v_is_loop or l.verified_by = 'worker')
      and private.is_team_agent(l.user_id)
    union all
    select i.id, n.intent, 'words', null, 2
    from private.pull_request_words as w
    cross join lateral (
      select u.number, 'closes' as intent from unnest(w.closes_issues) as u (number)
      union all
      select u.number, 'mentions' from unnest(w.mentions_issues) as u (number)
      order by intent, number
      limit v_limit
    ) as n (number, intent)
    join public.exai_issues as i on i.issue_number = n.number
    where v_is_loop and w.pull_request_id = p_pull.id and (
      not p_pull.is_from_fork or n.intent = 'mentions'
      or i.created_at <= w.version_at + interval '5 minutes'
    )
  ) as f
  where not exists (
    select from private.unlinked_pull_requests as x
    where x.exai_issue_id = f.exai_issue_id and x.pull_request_id = p_pull.id
  )
  order by f.exai_issue_id, f.rank, f.intent, f.task_id;
end;
$$;
comment on function private.find_closing_links is
  'The links that the tasks and the words of a pull request make.';

-- Of a private repository that is not the loop's only a task shows anything.
create or replace function private.is_visible_to_team(p_pull public.pull_requests, p_source text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return p_source = 'task' or p_pull.is_private is false or private.is_loop_repository(p_pull.repository_id);
end;
$$;
comment on function private.is_visible_to_team is
  'Whether the team may see the state of a pull request that is linked to an engineering issue.';

-- The right to it may have ended, or the task itself, but not what it was about.
create or replace function private.is_task_link_kept(
  p_link public.exai_issue_pull_requests, p_pull public.pull_requests
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return (p_link.merged_at is not null or private.is_loop_repository(p_pull.repository_id)) and (
    p_link.task_id is null or exists (
      select from public.task_pull_requests as t
      join public.exai_issue_tasks as x on x.task_id = t.task_id and x.exai_issue_id = p_link.exai_issue_id
      where t.task_id = p_link.task_id and t.pull_request_id = p_link.pull_request_id
    )
  );
end;
$$;
comment on function private.is_task_link_kept is
  'Whether the link of a task that makes none any more stays: of what was merged, and in a repository of the '
  'loop, while the task names the pull request or is deleted.';

-- A task that is being deleted makes no link: its deleter waits for what the caller holds.
create or replace function private.lock_tasks_of_pull_request(p_pull_request_id bigint)
returns setof bigint
language plpgsql volatile security definer set search_path = '' as $$
begin
  return query
  select t.id from public.tasks as t
  where t.id in (
    select l.task_id from public.task_pull_requests as l where l.pull_request_id = p_pull_request_id
  )
  order by t.id for key share skip locked;
end;
$$;
comment on function private.lock_tasks_of_pull_request is
  'Keeps the tasks of a pull request from being deleted, and returns their ids without those that '
  'are being deleted.';

create or replace function private.store_closing_links(p_pull public.pull_requests) returns uuid[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := coalesce(
    p_pull.html_url, format('https://%s/%s/%s/pull/%s', (
      select s.github_host from public.agent_settings as s where s.id
    ), p_pull.repo_owner, p_pull.repo_name, p_pull.number)
  );
  v_task_ids constant bigint[] := array(select private.lock_tasks_of_pull_request(p_pull.id));
  v_removed uuid[];
  v_linked uuid[];
  v_changed uuid[];
begin
  with removed as (
    delete from public.exai_issue_pull_requests as l
    where l.pull_request_id = p_pull.id
      and (l.source = 'words' or l.source = 'task' and not private.is_task_link_kept(l, p_pull))
      and not exists (
        select from private.find_closing_links(p_pull) as f where f.o_exai_issue_id = l.exai_issue_id
      )
    returning l.exai_issue_id
  )
  select array_agg(r.exai_issue_id) into v_removed from removed as r;
  with linked as (
    insert into public.exai_issue_pull_requests as l (
      exai_issue_id, pull_request_id, intent, source, task_id, repo_owner, repo_name, number, url
    )
    select f.o_exai_issue_id, p_pull.id, f.o_intent, f.o_source, f.o_task_id, p_pull.repo_owner,
      p_pull.repo_name, p_pull.number, v_url
    from private.find_closing_links(p_pull) as f
    where f.o_task_id is null or f.o_task_id = any (v_task_ids)
    order by f.o_exai_issue_id
    on conflict on constraint exai_issue_pull_requests_pkey do update set
      intent = excluded.intent, source = excluded.source, task_id = excluded.task_id
    where l.source <> 'person' and (l.intent, l.source, l.task_id)
      is distinct from (excluded.intent, excluded.source, excluded.task_id)
    returning l.exai_issue_id
  )
  select array_agg(r.exai_issue_id) into v_linked from linked as r;
  perform private.end_closing_rights(p_pull);
  with changed as (
    update public.exai_issue_pull_requests as l set
      repo_owner = p_pull.repo_owner, repo_name = p_pull.repo_name, url = v_url, state = p_pull.state,
      is_from_fork = p_pull.is_from_fork, opened_at = p_pull.opened_at, closed_at = p_pull.closed_at,
      merged_at = p_pull.merged_at
    where l.pull_request_id = p_pull.id and private.is_visible_to_team(p_pull, l.source) and (
        l.repo_owner, l.repo_name, l.url, l.state, l.is_from_fork, l.opened_at, l.closed_at, l.merged_at
      ) is distinct from (
        p_pull.repo_owner, p_pull.repo_name, v_url, p_pull.state, p_pull.is_from_fork, p_pull.opened_at,
        p_pull.closed_at, p_pull.merged_at
      )
    returning l.exai_issue_id
  )
  select array_agg(r.exai_issue_id) into v_changed from changed as r;
  return array(
    select distinct u.id from unnest(v_removed || v_linked || v_changed) as u (id) order by u.id
  );
end;
$$;
comment on function private.store_closing_links is
  'Writes the links of a pull request, whose engineering issues the caller has locked, and returns the '
  'engineering issues of those that changed.';

create or replace function private.lock_exai_issues(p_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph_shared();
  perform from public.exai_issues as i where i.id = any (p_ids) order by i.id for no key update;
end;
$$;
comment on function private.lock_exai_issues is
  'Locks engineering issues by id, after the graph in shared mode.';

create or replace function private.list_issues_of_pull_request(p_pull public.pull_requests) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select l.exai_issue_id from public.exai_issue_pull_requests as l where l.pull_request_id = p_pull.id
    union
    select f.o_exai_issue_id from private.find_closing_links(p_pull) as f
  );
end;
$$;
comment on function private.list_issues_of_pull_request is
  'The engineering issues that a pull request is linked to, or is about to be.';

create or replace function private.sync_closing_pull_request(p_pull_request_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
  v_merged uuid[];
  v_ids uuid[];
  v_id uuid;
begin
  select * into v_pull from public.pull_requests as p where p.id = p_pull_request_id for share;
  v_ids := private.list_issues_of_pull_request(v_pull);
  if v_ids = '{}' then
    return;
  end if;
  perform private.lock_exai_issues(v_ids);
  v_merged := array(
    select l.exai_issue_id from public.exai_issue_pull_requests as l
    where l.pull_request_id = p_pull_request_id and l.merged_at is not null
  );
  v_ids := private.store_closing_links(v_pull);
  foreach v_id in array v_ids loop
    perform private.apply_close_rule(v_id, v_pull.merged_at is null and v_id = any (v_merged));
  end loop;
end;
$$;
comment on function private.sync_closing_pull_request is
  'Makes the links of a pull request what its words and tasks make of it, and applies the close rule to the '
  'engineering issues whose links that changed.';

-- All locks before the first pull request is processed, so that they are taken in one order.
create or replace function private.sync_closing_pull_requests(p_ids bigint[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  perform from public.pull_requests as p where p.id = any (p_ids) order by p.id for share;
  v_issue_ids := array(
    select i.id from public.pull_requests as p
    cross join lateral unnest(private.list_issues_of_pull_request(p)) as i (id)
    where p.id = any (p_ids)
  );
  if v_issue_ids <> '{}' then
    perform private.lock_exai_issues(v_issue_ids);
    perform private.sync_closing_pull_request(u.id) from unnest(p_ids) as u (id) order by u.id;
  end if;
end;
$$;
comment on function private.sync_closing_pull_requests is
  'sync_closing_pull_request() for several.';
