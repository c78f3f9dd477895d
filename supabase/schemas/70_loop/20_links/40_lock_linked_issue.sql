-- The locks of whoever links an issue.
--
-- In this order: the graph of engineering issues (shared), the engineering issue, the issue. The close rule
-- takes them in the same order, so an issue that is linked while the fix arrives is resolved by one of the
-- two.

create or replace function private.lock_exai_issue(p_issue_number integer) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform private.lock_exai_graph_shared();
  select e.id into v_id from public.exai_issues as e where e.issue_number = p_issue_number for no key update;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  return v_id;
end;
$$;
comment on function private.lock_exai_issue is
  'Locks an engineering issue and returns its id. Errors: exai_issue_unknown (404).';

create or replace function private.lock_linked_issue(p_issue_id uuid) returns public.issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.issues;
begin
  select * into v_issue from public.issues as i where i.id = p_issue_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_issue_unknown',
      detail = format('There is no issue with the id %s.', p_issue_id),
      hint = 'Use the id of a row in issues.';
  end if;
  return v_issue;
end;
$$;
comment on function private.lock_linked_issue is
  'Locks an issue and returns it. Errors: tracker_issue_unknown (404).';

-- A fix of the duplicate alone would tell nobody: its reporters are those of the older issue.
create or replace function private.check_linkable_issue(p_issue_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_into integer;
begin
  select i.seq_id into v_into
  from public.issue_merges as m join public.issues as i on i.id = m.into_issue_id
  where m.source_issue_id = p_issue_id;
  if found then
    raise exception using
      errcode = 'PT409', message = 'loop_link_conflict',
      detail = format('The issue is merged into issue %s, which its reporters belong to.', v_into),
      hint = 'Link that one, issue_merges.into_issue_id, or undo the merge first: unmerge_issues.';
  end if;
end;
$$;
comment on function private.check_linkable_issue is
  'Checks that an issue may get an engineering issue. Errors: loop_link_conflict (409), where it is merged.';
