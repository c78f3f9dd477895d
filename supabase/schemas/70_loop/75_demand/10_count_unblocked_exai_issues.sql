-- How much work an engineering issue holds up.

-- Up to 100: of a long chain it is enough to know that it is long, and the cost of a read stays bounded.
create or replace function private.count_unblocked_exai_issues(p_issue_id uuid) returns integer
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return (
    with recursive waiting (id, is_work) as (
      select p_issue_id, false
      union
      select n.id, c.is_work
      from waiting as w
      cross join lateral (
        select r.to_issue_id as id, true as is_waiting
        from public.exai_issue_relations as r where r.from_issue_id = w.id and r.kind = 'blocks'
        union all
        -- a duplicate holds up what waits for it as long as its original does
        select r.from_issue_id, false
        from public.exai_issue_relations as r where r.to_issue_id = w.id and r.kind = 'duplicates'
      ) as n
      join private.exai_issue_counts as c on c.issue_id = n.id and (c.is_unfinished or not n.is_waiting)
      where n.id <> p_issue_id
    )
    select count(*)::integer from (select from waiting as w where w.is_work limit 100) as n
  );
end;
$$;
comment on function private.count_unblocked_exai_issues is
  'How many active issues wait for an issue or a duplicate of it, directly or for one that waits, at most '
  '100. What waits for a parent is not counted.';
grant execute on function private.count_unblocked_exai_issues to authenticated, service_role;
