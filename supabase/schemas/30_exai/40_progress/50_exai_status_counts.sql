-- Updates the counts when issues open, close, or change their severity.

-- Issues that open, close, or change their severity. The graph is shared by now, so no edge comes or goes.
create or replace function private.count_changed_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_changed_ids uuid[];
  v_turned_ids uuid[];
  v_turns integer[];
begin
  select array_agg(n.id),
    array_agg(n.id) filter (where t.turn <> 0), array_agg(t.turn) filter (where t.turn <> 0)
  into v_changed_ids, v_turned_ids, v_turns
  from new_issues as n
  join old_issues as o on o.id = n.id
  cross join lateral (
    select (n.status in ('open', 'in_progress'))::integer - (o.status in ('open', 'in_progress'))::integer
      as turn
  ) as t
  where t.turn <> 0 or n.severity <> o.severity;
  if v_changed_ids is null then
    return null;
  end if;
  perform private.lock_exai_counts(v_changed_ids || array(
    select e.to_issue_id from public.exai_issue_relations as e
    where e.from_issue_id = any (v_turned_ids) and e.kind = 'blocks'
    union
    select e.from_issue_id from public.exai_issue_relations as e
    where e.to_issue_id = any (v_turned_ids) and e.kind = 'blocks'
  ));
  update private.exai_issue_counts as c
  set severity_rank = private.exai_severity_rank(n.severity), is_open = n.status in ('open', 'in_progress')
  from new_issues as n
  where c.issue_id = n.id and n.id = any (v_changed_ids);
  perform private.shift_exai_counts(
    array_agg(d.id), array_agg(d.blockers), array_agg(0), array_agg(d.unblocks)
  )
  from (
    select e.to_issue_id as id, u.turn as blockers, 0 as unblocks
    from unnest(v_turned_ids, v_turns) as u (id, turn)
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'blocks'
    union all
    select e.from_issue_id, 0, u.turn
    from unnest(v_turned_ids, v_turns) as u (id, turn)
    join public.exai_issue_relations as e on e.to_issue_id = u.id and e.kind = 'blocks'
  ) as d
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_issues is
  'After-update-statement trigger of exai_issues: keeps the counts.';

create trigger _120_count_exai_issues after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.count_changed_exai_issues();
