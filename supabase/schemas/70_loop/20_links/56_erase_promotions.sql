-- What a visitor wrote is erased from the engineering issues that were made from it, too.

-- Also where the link was removed, or has moved to the issue that this one is a duplicate of: the ledger has
-- it.
create or replace function private.list_promotions(p_issue_ids uuid[])
returns table (o_issue_id uuid, o_exai_issue_id uuid)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select k.issue_id, k.exai_issue_id from public.issue_links as k where k.issue_id = any (p_issue_ids)
  union
  select e.issue_id, x.id
  from public.loop_events as e
  join public.exai_issues as x on x.issue_number
    = case when e.reference ~ '^EXAI-[0-9]{1,9}$' then substr(e.reference, 6)::integer end
  where e.issue_id = any (p_issue_ids) and e.hop = 'promoted';
end;
$$;
comment on function private.list_promotions is
  'The engineering issues that these issues are or were linked to.';

create or replace function private.erase_promotions(p_issue_ids uuid[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update public.exai_issues as x set
    title = case x.title when i.title then 'Erased support request' else x.title end,
    description = format('Reported as issue #%s.', i.seq_id)
  from private.list_promotions(p_issue_ids) as p
  join public.issues as i on i.id = p.o_issue_id
  where p.o_exai_issue_id = x.id and x.description = concat_ws(
    E'\n\n', private.non_blank(i.description), format('Reported as issue #%s.', i.seq_id)
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.erase_promotions is
  'Erases what promote_issue() copied of these issues, where nobody has changed it since, before the issues '
  'themselves are erased. Returns how many engineering issues that is.';
