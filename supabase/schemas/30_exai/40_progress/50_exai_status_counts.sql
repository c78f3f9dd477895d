-- Keeps the counts up to date when issues change their status or severity.

-- The statement has the graph lock in shared mode, so no edge is written meanwhile.
create or replace function private.count_changed_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_changed_ids uuid[];
  v_toggled_ids uuid[];
  -- 1 for an issue that became active, -1 for one that is active no longer
  v_changes integer[];
begin
  select array_agg(n.id),
    array_agg(n.id) filter (where t.change <> 0), array_agg(t.change) filter (where t.change <> 0)
  into v_changed_ids, v_toggled_ids, v_changes
  from new_issues as n
  join old_issues as o on o.id = n.id
  cross join lateral (
    select private.is_active_exai_status(n.status)::integer - private.is_active_exai_status(o.status)::integer
      as change
  ) as t
  where t.change <> 0 or n.severity <> o.severity;
  if v_changed_ids is null then
    return null;
  end if;
  perform private.lock_exai_counts(v_changed_ids || array(
    select e.to_issue_id from public.exai_issue_relations as e
    where e.from_issue_id = any (v_toggled_ids) and e.kind = 'blocks'
    union
    select e.from_issue_id from public.exai_issue_relations as e
    where e.to_issue_id = any (v_toggled_ids) and e.kind = 'blocks'
  ));
  update private.exai_issue_counts as c
  set severity_rank = private.rank_exai_severity(n.severity),
    is_active = private.is_active_exai_status(n.status)
  from new_issues as n
  where c.issue_id = n.id and n.id = any (v_changed_ids);
  perform private.add_exai_blocked_counts(
    array_agg(d.id), array_agg(d.blockers), array_agg(0), array_agg(d.unblocks)
  )
  from (
    select e.to_issue_id as id, u.change as blockers, 0 as unblocks
    from unnest(v_toggled_ids, v_changes) as u (id, change)
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'blocks'
    union all
    select e.from_issue_id, 0, u.change
    from unnest(v_toggled_ids, v_changes) as u (id, change)
    join public.exai_issue_relations as e on e.to_issue_id = u.id and e.kind = 'blocks'
  ) as d
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_issues is
  'After-update-statement trigger of exai_issues: updates the counts of the issues and of both ends '
  'of their edges.';

create trigger _120_count_changed_exai_issues after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.count_changed_exai_issues();
