-- Undoes a merge: what was moved goes back, what came later stays.

create or replace function private.unmerge_issues(p_source_issue_id uuid) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_merge public.issue_merges;
begin
  perform private.require_team_role('agent');
  perform from public.issues as i where i.id = p_source_issue_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_issue_unknown', detail = 'The issue does not exist.',
      hint = 'Use the source_issue_id of a row in issue_merges.';
  end if;
  perform private.lock_issues_to_merge(array(
    select u.id
    from public.issue_merges as m cross join lateral (values (m.source_issue_id), (m.into_issue_id)) as u (id)
    where m.source_issue_id = p_source_issue_id
  ));
  delete from public.issue_merges as m where m.source_issue_id = p_source_issue_id returning * into v_merge;
  if not found then
    return false;
  end if;
  update public.issues as i set status = v_merge.source_status
  where i.id = v_merge.source_issue_id and i.status = 'archived' and v_merge.source_status <> 'archived';
  perform private.move_messages(v_merge.message_ids, v_merge.into_issue_id, v_merge.source_issue_id);
  perform private.move_escalations(v_merge.escalation_ids, v_merge.into_issue_id, v_merge.source_issue_id);
  perform private.withdraw_replies(v_merge.into_issue_id);
  if exists (
    select from public.issue_links as l
    where l.issue_id = v_merge.into_issue_id and l.exai_issue_id = v_merge.exai_issue_id
  ) then
    perform private.move_issue_link(v_merge.into_issue_id, v_merge.source_issue_id);
  else
    perform private.apply_linked_fix(l.issue_id, l.exai_issue_id) from public.issue_links as l
    where l.issue_id = v_merge.source_issue_id;
  end if;
  perform private.answer_late_reporters(v_merge.source_issue_id);
  return true;
end;
$$;
grant execute on function private.unmerge_issues to authenticated, service_role;

create or replace function public.unmerge_issues(source uuid) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unmerge_issues(unmerge_issues.source);
end;
comment on function public.unmerge_issues is
  'Undoes merge_issues: the messages, escalations and the engineering issue that were moved go back where '
  'they are still where they were moved to, and the issue gets the status that it had. What came to the '
  'older issue later stays there, and so does the ledger. True where there was a merge. Agents and '
  'servers. Errors: sign_in_required (401), team_role_required (403), tracker_issue_unknown (404).';
grant execute on function public.unmerge_issues to authenticated, service_role;
