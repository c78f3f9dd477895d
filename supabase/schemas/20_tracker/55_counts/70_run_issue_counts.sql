-- The job that brings the counts up to date.

-- Changes are taken before the issues are read: what changes in between is appended again, and read as it is
-- then. All counts change by the same snapshot of these issues, in the transaction that takes the changes.
create or replace function private.run_issue_counts(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_changes private.issue_count_changes;
begin
  -- Two runs at the same time would add to the same counts.
  if not pg_try_advisory_xact_lock(hashtextextended('private.issue_changes', 0)) then
    return 0;
  end if;
  with taken as (
    delete from private.issue_changes as c
    where c.ctid = any (array(select o.ctid from private.issue_changes as o order by o.id limit p_batch))
    returning c.issue_id
  )
  select array_agg(distinct t.issue_id) into v_ids from taken as t;
  if v_ids is null then
    return 0;
  end if;
  v_changes := private.load_issue_count_changes(v_ids);
  perform private.add_to_issue_ages(v_changes);
  perform private.add_to_issue_weeks(v_changes);
  perform private.add_to_issue_spaces(v_changes);
  perform private.add_to_issue_questions(v_changes);
  delete from private.counted_issues as c where c.issue_id = any (v_ids);
  insert into private.counted_issues select u.* from unnest(v_changes.parts) as u;
  return cardinality(v_ids);
end;
$$;
comment on function private.run_issue_counts is
  'Adds up to p_batch changes, the oldest first, to the counts of the views and returns the number of issues '
  'that had changed. Blocks no writer. For the scheduler.';
