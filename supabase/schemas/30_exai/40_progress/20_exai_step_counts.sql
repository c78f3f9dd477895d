-- Keeps the counts of steps up to date with each write of a step.

create or replace function private.add_exai_step_counts(
  p_issue_ids uuid[], p_signs integer[], p_statuses text[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from private.exai_issue_counts as c where c.issue_id = any (p_issue_ids)
  order by c.issue_id
  for no key update;
  update private.exai_issue_counts as c
  set step_count = c.step_count + d.steps, completed_count = c.completed_count + d.completed,
    skipped_count = c.skipped_count + d.skipped
  from (
    select u.issue_id, sum(u.sign)::integer as steps,
      coalesce(sum(u.sign) filter (where u.status = 'complete'), 0)::integer as completed,
      coalesce(sum(u.sign) filter (where u.status = 'skipped'), 0)::integer as skipped
    from unnest(p_issue_ids, p_signs, p_statuses) as u (issue_id, sign, status)
    group by u.issue_id
  ) as d
  where c.issue_id = d.issue_id and (d.steps, d.completed, d.skipped) <> (0, 0, 0);
end;
$$;
comment on function private.add_exai_step_counts is
  'Adds steps to the counts, or subtracts them: one step per element of the arrays, with its sign.';

create or replace function private.count_new_exai_steps() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_step_counts(array_agg(n.issue_id), array_agg(1), array_agg(n.status))
  from new_steps as n;
  return null;
end;
$$;
comment on function private.count_new_exai_steps is
  'After-insert-statement trigger of exai_issue_checklist: adds to the counts.';

create or replace function private.count_changed_exai_steps() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_step_counts(array_agg(u.issue_id), array_agg(u.sign), array_agg(u.status))
  from (
    select o.issue_id, s.sign, s.status
    from old_steps as o
    join new_steps as n on n.id = o.id
    cross join lateral (values (-1, o.status), (1, n.status)) as s (sign, status)
    where n.status <> o.status
  ) as u
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_steps is
  'After-update-statement trigger of exai_issue_checklist: moves steps between the counts.';

create or replace function private.count_deleted_exai_steps() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_step_counts(array_agg(o.issue_id), array_agg(-1), array_agg(o.status))
  from old_steps as o;
  return null;
end;
$$;
comment on function private.count_deleted_exai_steps is
  'After-delete-statement trigger of exai_issue_checklist: subtracts from the counts.';

create or replace function private.clear_exai_step_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_counts as c set step_count = 0, completed_count = 0, skipped_count = 0
  where c.step_count > 0;
  return null;
end;
$$;
comment on function private.clear_exai_step_counts is
  'After-truncate trigger of exai_issue_checklist: sets the counts to 0.';

create trigger _100_count_new_exai_steps after insert on public.exai_issue_checklist
  referencing new table as new_steps
  for each statement execute function private.count_new_exai_steps();
create trigger _110_count_changed_exai_steps after update on public.exai_issue_checklist
  referencing old table as old_steps new table as new_steps
  for each statement execute function private.count_changed_exai_steps();
create trigger _120_count_deleted_exai_steps after delete on public.exai_issue_checklist
  referencing old table as old_steps
  for each statement execute function private.count_deleted_exai_steps();
create trigger _130_clear_exai_step_counts after truncate on public.exai_issue_checklist
  for each statement execute function private.clear_exai_step_counts();
