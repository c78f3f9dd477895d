-- The issue that a duplicate stands for.

create or replace function private.find_exai_original(p_issue_id uuid) returns integer
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    with recursive original (id) as (
      select e.to_issue_id from public.exai_issue_relations as e
      where e.from_issue_id = p_issue_id and e.kind = 'duplicates'
      union
      select e.to_issue_id
      from original as o
      join public.exai_issue_relations as e on e.from_issue_id = o.id and e.kind = 'duplicates'
    )
    select c.issue_number
    from original as o
    join private.exai_issue_counts as c on c.issue_id = o.id
    where c.originals_count = 0
    order by c.is_active desc, c.issue_number
    limit 1
  );
end;
$$;
comment on function private.find_exai_original is
  'The number of the issue at the end of a chain of duplicates, an active one if there are several; null for '
  'an issue that duplicates none.';
grant execute on function private.find_exai_original to authenticated, service_role;
