-- What a visitor wrote is erased from the engineering issues that were made from it, too.

create or replace function private.erase_promotions(p_issue_ids uuid[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update public.exai_issues as x set
    title = case x.title when i.title then 'Erased support request' else x.title end,
    description = format('Reported as issue #%s.', i.seq_id)
  from public.issue_links as k
  join public.issues as i on i.id = k.issue_id
  where k.exai_issue_id = x.id and i.id = any (p_issue_ids) and x.description = concat_ws(
    E'\n\n', private.non_blank(i.description), format('Reported as issue #%s.', i.seq_id)
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.erase_promotions is
  'Erases what promote_issue() copied of these issues, where nobody has changed it since, before the issues '
  'themselves are erased. Returns how many engineering issues that is.';
