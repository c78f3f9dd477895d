-- Pull requests that no task and no engineering issue is linked to any more, and repositories that nothing is
-- about.

-- Those that only a task has named, and few stay so.
create index pull_requests_unreported_updated_at_idx on public.pull_requests (updated_at)
  where provider_updated_at is null;

create or replace function private.prune_pull_requests(p_batch_size integer default 10000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  -- By ctid: a list of ids is planned as a join with the whole table.
  delete from public.pull_requests as p
  where p.ctid = any (array(
    select o.ctid from public.pull_requests as o
    where o.updated_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s)
      )
      and not exists (select from public.task_pull_requests as l where l.pull_request_id = o.id)
      and not exists (select from public.exai_issue_pull_requests as l where l.pull_request_id = o.id)
    order by o.updated_at
    limit p_batch_size
    for update skip locked
  ) || array(
    select o.ctid from public.pull_requests as o
    where o.provider_updated_at is null and o.updated_at < now() - interval '1 day'
      and not exists (select from public.task_pull_requests as l where l.pull_request_id = o.id)
      and not exists (select from public.exai_issue_pull_requests as l where l.pull_request_id = o.id)
    order by o.updated_at
    limit p_batch_size
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_pull_requests is
  'Deletes up to p_batch_size pull requests without a link that were not updated for '
  'delivery_retention_days, or for a day where GitHub has not reported them, and returns how many. '
  'For the scheduler.';

create or replace function private.prune_github_repositories() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from private.github_repositories as r
  where r.id in (
    select o.id from private.github_repositories as o
    where o.created_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s)
      )
      and not exists (select from private.project_repositories as l where l.repository_id = o.id)
      and not exists (select from private.task_github_refs as t where t.repository_id = o.id)
      and not exists (select from public.loop_repositories as l where l.repository_id = o.id)
      and not exists (select from public.pull_requests as p where p.repository_id = o.id)
    for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_github_repositories is
  'Deletes repositories that were named more than delivery_retention_days ago and that no project, pull '
  'request or task with one is about, and returns how many. For the scheduler.';
