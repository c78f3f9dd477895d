-- Lists active engineering issues, the most severe first, also those of one component.
--
-- Under row security no caller can use the index on affected_components: the operator @> is not leakproof, so
-- a filter on the view reads all active issues until the page is full. As their owner, this function can.

-- A page of a component that one in 500 active issues affects is found soonest in the order of the list. The
-- planner overestimates components that it has no statistics of, and would read all active issues for them.
create or replace function private.load_exai_issues_of_rare_component(p_component text) returns uuid[]
language plpgsql stable security definer set search_path = '' set enable_seqscan = off as $$
begin
  if (
    select count(*) >= 4
    from (
      select i.affected_components from public.exai_issues as i
      where i.status in ('open', 'in_progress')
      order by
        case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end,
        i.issue_number
      limit 2000
    ) as n
    where n.affected_components @> array[p_component]
  ) then
    return null;
  end if;
  return array(select i.id from public.exai_issues as i where i.affected_components @> array[p_component]);
end;
$$;
comment on function private.load_exai_issues_of_rare_component is
  'The issues that affect this component, if few of the first 2,000 active ones do; else null.';

create or replace function private.list_active_exai_issues(
  p_component text, p_severity text[], p_category text[], p_after_severity text,
  p_after_issue_number integer, p_max_results integer
) returns setof public.exai_active_issues
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_after_rank constant smallint := private.rank_exai_severity(p_after_severity);
  v_ids uuid[];
begin
  perform private.require_team_role('viewer');
  if p_component is not null then
    v_ids := private.load_exai_issues_of_rare_component(p_component);
  end if;
  return query
  select i.*
  from public.exai_active_issues as i
  where (p_component is null or i.affected_components @> array[p_component])
    and (v_ids is null or i.id = any (v_ids))
    and (p_severity is null or i.severity = any (p_severity))
    and (p_category is null or i.category = any (p_category))
    and (
      v_after_rank is null or (
        case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end,
        i.issue_number
      ) > (v_after_rank, coalesce(p_after_issue_number, 0))
    )
  -- as exai_issues_active_idx has it, which is not to be read for a few ids
  order by
    case when v_ids is not null then private.rank_exai_severity(i.severity) else
      case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end
    end,
    i.issue_number
  limit least(greatest(coalesce(p_max_results, 20), 0), 1000);
end;
$$;
grant execute on function private.list_active_exai_issues to authenticated, service_role;

create or replace function public.list_active_exai_issues(
  component text default null, severity text[] default null, category text[] default null,
  after_severity text default null, after_issue_number integer default null,
  max_results integer default 20
) returns setof public.exai_active_issues
language sql stable security invoker set search_path = ''
begin atomic
  select i.*
  from private.list_active_exai_issues(
    list_active_exai_issues.component, list_active_exai_issues.severity, list_active_exai_issues.category,
    list_active_exai_issues.after_severity, list_active_exai_issues.after_issue_number,
    list_active_exai_issues.max_results
  ) as i;
end;
comment on function public.list_active_exai_issues is
  'Rows of exai_active_issues, the most severe first, then by number: those that affect this component, by '
  'its exact name, and have any of these severities and categories. Null does not filter. For the next page '
  'give severity and number of the last row; max_results is up to 1000. Viewers. Errors: sign_in_required '
  '(401), team_role_required (403).';
grant execute on function public.list_active_exai_issues to authenticated, service_role;
