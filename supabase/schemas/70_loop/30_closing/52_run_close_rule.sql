-- Fixes that nothing holds up any more, though no news of a pull request has come.

-- What a ban, the end of an account or a deleted task takes from a link shows when the rule is asked again.
-- By a job, and not where the right ends: there the link is locked, and its engineering issue comes first.
create or replace function private.run_close_rule(p_limit integer default 500) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
  v_count integer := 0;
begin
  for v_id in
    select distinct l.exai_issue_id
    from public.exai_issue_pull_requests as l
    join public.exai_issues as x on x.id = l.exai_issue_id and x.status in ('open', 'in_progress')
    left join public.exai_issue_fixes as f on f.exai_issue_id = l.exai_issue_id
    where l.intent = 'closes' and l.merged_at > coalesce(f.reopened_at, '-infinity') and f.fixed_at is null
    order by l.exai_issue_id
  loop
    if private.find_fix_time(v_id) is not null then
      perform private.apply_close_rule(v_id);
      v_count := v_count + 1;
      exit when v_count >= p_limit;
    end if;
  end loop;
  return v_count;
end;
$$;
comment on function private.run_close_rule is
  'Fixes up to p_limit active engineering issues for which the close rule holds by now, and returns how '
  'many. For the scheduler.';
