-- The error for an engineering issue that does not exist, by id and by number.

create or replace function private.require_exai_issue(p_issue_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from public.exai_issues as i where i.id = p_issue_id) then
    raise exception using
      errcode = 'PT404', message = 'exai_issue_unknown',
      detail = format('There is no engineering issue %s.', coalesce(p_issue_id::text, 'without an id')),
      hint = 'Use the id of a row in exai_issues.';
  end if;
end;
$$;
comment on function private.require_exai_issue is
  'Does nothing if the issue exists. Errors: exai_issue_unknown (404).';

create or replace function private.raise_exai_issue_unknown(p_issue_number integer) returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT404', message = 'exai_issue_unknown',
    detail = format('There is no engineering issue #%s.', p_issue_number), hint = 'Use its issue_number.';
end;
$$;
comment on function private.raise_exai_issue_unknown is 'Errors: exai_issue_unknown (404), always.';
