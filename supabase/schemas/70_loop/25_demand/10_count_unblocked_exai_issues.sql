-- How much work an engineering issue holds up.

-- Up to 100: of a long chain it is enough to know that it is long, and the cost of a read stays bounded.
create or replace function private.count_unblocked_exai_issues(p_issue_id uuid) returns integer
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return (
    with recursive waiting (id) as (
      select p_issue_id
      union
      -- a duplicate holds up what waits for it as long as its original does
      select case r.kind when 'blocks' then r.to_issue_id else r.from_issue_id end
      from waiting as w
      join public.exai_issue_relations as r
        on r.from_issue_id = w.id and r.kind = 'blocks' or r.to_issue_id = w.id and r.kind = 'duplicates'
      join private.exai_issue_counts as c
        on c.issue_id = case r.kind when 'blocks' then r.to_issue_id else r.from_issue_id end
      where r.kind = 'duplicates' or c.is_unfinished
    )
    select count(*)::integer
    from (
      select from waiting as w
      join private.exai_issue_counts as c on c.issue_id = w.id
      where w.id <> p_issue_id and c.is_work
      limit 100
    ) as n
  );
end;
$$;
comment on function private.count_unblocked_exai_issues is
  'How many active issues wait for an issue or a duplicate of it, directly or for one that waits, at most '
  '100. What waits for a parent is not counted.';
grant execute on function private.count_unblocked_exai_issues to authenticated, service_role;
