-- Ready issues in another order than the view's.

create or replace function private.load_risky_exai_ids(p_limit integer) returns uuid[]
language plpgsql stable security definer set search_path = '' set plan_cache_mode = 'force_custom_plan' as $$
begin
  return array(
    select c.issue_id
    from private.exai_issue_counts as c
    left join (
      select k.exai_issue_id,
        max(private.used_share(p.clock, p.calendar_id, t.target_seconds, t.due_at)) as level_risk
      from public.service_targets as t
      join public.issue_links as k on k.issue_id = t.issue_id
      left join public.service_policies as p on p.id = t.policy_id
      where t.met_at is null and t.cancelled_at is null
      group by k.exai_issue_id
    ) as r on r.exai_issue_id = c.issue_id
    where c.is_ready
    order by r.level_risk desc nulls last, c.severity_rank, c.unblocks_count desc, c.created_at,
      c.issue_number
    limit p_limit
  );
end;
$$;
comment on function private.load_risky_exai_ids is
  'The first ready issues by how much is used up of their service levels.';

create or replace function private.load_ready_exai_ids(p_order_by text, p_limit integer) returns uuid[]
language plpgsql stable security definer set search_path = '' set plan_cache_mode = 'force_custom_plan' as $$
begin
  if p_order_by = 'reporters' then
    return array(
      select c.issue_id
      from private.exai_issue_counts as c
      -- issue by issue: to group all links takes twice as long, at 400,000 links of 40,000 ready issues
      cross join lateral (
        select count(distinct e.reporter_key) as reporters_count
        from public.issue_links as k
        join public.loop_events as e on e.issue_id = k.issue_id
        where k.exai_issue_id = c.issue_id and e.hop = 'reported'
          and (e.reference <> '' or not exists (
            select from public.loop_events as o
            where o.issue_id = e.issue_id and o.hop = 'reported' and o.reference <> ''
          ))
      ) as r
      where c.is_ready
      order by r.reporters_count desc, c.severity_rank, c.unblocks_count desc, c.created_at,
        c.issue_number
      limit p_limit
    );
  elsif p_order_by = 'unblocks' then
    return array(
      select n.issue_id
      from (
        select c.* from private.exai_issue_counts as c where c.is_ready
        order by c.unblocks_count desc, c.severity_rank, c.created_at, c.issue_number
        limit greatest(p_limit, 200)
      ) as n
      cross join lateral (
        select case when n.unblocks_count > 0 then private.count_unblocked_exai_issues(n.issue_id) else 0 end
          as total_unblocks_count
      ) as t
      order by t.total_unblocks_count desc, n.unblocks_count desc, n.severity_rank, n.created_at,
        n.issue_number
      limit p_limit
    );
  elsif p_order_by = 'risk' then
    return private.load_risky_exai_ids(p_limit);
  end if;
  return array(
    select c.issue_id from private.exai_issue_counts as c where c.is_ready
    order by c.severity_rank, c.unblocks_count desc, c.created_at, c.issue_number
    limit p_limit
  );
end;
$$;
comment on function private.load_ready_exai_ids is
  'The first ready issues in this order. Of unblocks, the 200 that block the most directly are compared.';

create or replace function private.list_ready_exai_issues(p_order_by text, p_max_results integer)
returns setof public.exai_ready_issues
language plpgsql stable security definer set search_path = '' as $$
declare
  v_orders constant text[] := array['severity', 'reporters', 'unblocks', 'risk'];
  v_order_by constant text := coalesce(p_order_by, 'severity');
  v_ids uuid[];
begin
  perform private.require_team_role('viewer');
  if v_order_by <> all (v_orders) then
    raise exception using
      errcode = 'PT422', message = 'loop_order_invalid',
      detail = format('%L is not an order of ready issues.', p_order_by),
      hint = 'Use one of: ' || array_to_string(v_orders, ', ') || '.';
  end if;
  v_ids := private.load_ready_exai_ids(v_order_by, least(greatest(coalesce(p_max_results, 20), 0), 200));
  return query
  select i.* from public.exai_ready_issues as i where i.id = any (v_ids)
  order by array_position(v_ids, i.id);
end;
$$;
grant execute on function private.list_ready_exai_issues to authenticated, service_role;

create or replace function public.list_ready_exai_issues(
  order_by text default 'severity', max_results integer default 20
) returns setof public.exai_ready_issues
language sql stable security invoker set search_path = ''
begin atomic
  select i.*
  from private.list_ready_exai_issues(
    list_ready_exai_issues.order_by, list_ready_exai_issues.max_results
  ) as i;
end;
comment on function public.list_ready_exai_issues is
  'Rows of exai_ready_issues in the order severity, as the view has them; reporters, those that affect the '
  'most people first; unblocks, those for which the most issues wait, directly or not; or risk, those whose '
  'service level is nearest to its end, or the longest over. max_results is up to 200. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403), loop_order_invalid (422).';
grant execute on function public.list_ready_exai_issues to authenticated, service_role;
