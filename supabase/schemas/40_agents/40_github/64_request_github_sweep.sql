-- A lost delivery leaves a row out of date, so a sweep asks GitHub: a scheduled job calls an edge function
-- when something is due.

create extension if not exists pg_net with schema extensions;

create table private.github_sweep (
  id boolean not null default true,
  paused_until timestamptz,
  constraint github_sweep_pkey primary key (id),
  constraint github_sweep_is_one_row check (id)
);
comment on table private.github_sweep is 'The one row of the state of the sweep.';
comment on column private.github_sweep.paused_until is 'Until when GitHub''s rate limit pauses it.';
alter table private.github_sweep enable row level security;
insert into private.github_sweep default values;

create or replace function private.request_github_sweep() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or exists (select from private.github_sweep as g where g.paused_until > now())
    or not exists (select from private.due_pull_requests(1))
      and not exists (select from private.due_branches(1))
      and not exists (select from private.due_projects(1))
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
