-- Keeps the counts up to date when issues change their status or severity.

-- The statement has the graph lock in shared mode, so no edge is written meanwhile.
create or replace function private.count_changed_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_counts(array_agg(n.id), array_agg(u.name), array_agg(u.amount))
  from new_issues as n
  join old_issues as o on o.id = n.id
  cross join lateral (
    values
      (
        'active',
        private.is_active_exai_status(n.status)::integer - private.is_active_exai_status(o.status)::integer
      ),
      ('severity', private.rank_exai_severity(n.severity) - private.rank_exai_severity(o.severity))
  ) as u (name, amount)
  where (n.status, n.severity) <> (o.status, o.severity) and u.amount <> 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_issues is
  'After-update-statement trigger of exai_issues: updates the counts of the issues and of all that '
  'wait for them.';

create trigger _120_count_changed_exai_issues after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.count_changed_exai_issues();
