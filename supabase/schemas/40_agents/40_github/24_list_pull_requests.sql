-- Lists the newest pull requests of the caller's tasks.
--
-- Row security compares each pull request with all those that the caller may see, so a query of the table
-- reads as many as there are. This function reads the links in the order of their index, and the pull
-- requests of one page.

create or replace function private.list_pull_requests(
  p_before timestamptz, p_before_id bigint, p_max_results integer
) returns setof public.pull_requests
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select p.*
  from (
    -- several tasks may have the same one
    select distinct l.opened_at, l.pull_request_id
    from public.task_pull_requests as l
    where l.user_id = auth.uid() and l.verified_at is not null
      and (l.verified_until is null or l.verified_until > now())
      and (
        p_before is null
        or l.opened_at <= p_before and (l.opened_at < p_before or l.pull_request_id < p_before_id)
      )
    order by l.opened_at desc, l.pull_request_id desc
    limit least(greatest(coalesce(p_max_results, 50), 0), 1000)
  ) as n
  join public.pull_requests as p on p.id = n.pull_request_id
  order by n.opened_at desc, n.pull_request_id desc;
end;
$$;
grant execute on function private.list_pull_requests to authenticated, service_role;

create or replace function public.list_pull_requests(
  before timestamptz default null, before_id bigint default null, max_results integer default 50
) returns setof public.pull_requests
language sql stable security invoker set search_path = ''
begin atomic
  select p.*
  from private.list_pull_requests(
    list_pull_requests.before, list_pull_requests.before_id, list_pull_requests.max_results
  ) as p;
end;
comment on function public.list_pull_requests is
  'The pull requests that the caller may see, the newest first, up to max_results (1000 at most). For the '
  'next page, pass opened_at and id of the last one as before and before_id: several may have been opened in '
  'the same second.';
grant execute on function public.list_pull_requests to authenticated, service_role;
