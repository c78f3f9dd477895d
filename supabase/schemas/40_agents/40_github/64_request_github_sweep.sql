-- A lost delivery leaves a row out of date, so a sweep asks GitHub: a scheduled job calls an edge function
-- when something is due.

create extension if not exists pg_net with schema extensions;

create or replace function private.request_github_sweep() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or private.provider_paused_until('github_sweep') is not null
    or not exists (select from private.due_pull_requests(1))
      and not exists (select from private.due_branches(1))
      and not exists (select from private.due_projects(1))
      and not exists (select from private.due_loop_repositories(1))
  then
    return false;
  end if;
  perform net.http_post(
    url => v_url || '/github-sweep', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text,
      'x-fixloop-ticket', private.issue_function_ticket('github-sweep')
    ),
    timeout_milliseconds => 120000
  );
  return true;
end;
$$;
comment on function private.request_github_sweep is
  'Calls the edge function github-sweep if something is due, and returns whether it did. Needs '
  'agent_settings.functions_url. For the scheduler.';
