-- The locks of a decision about a message, in the order of an import's.

create or replace function private.lock_circle_issue(p_circle_issue_id uuid, p_issue_id uuid default null)
returns public.circle_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  perform private.require_team_role('agent');
  -- The keys and then all issues that the call may write, by id: the order of all locks. The keys of the
  -- replies too: an import that moves one of them away writes the message's issue, whichever it has.
  perform private.lock_message_keys(array(
    select c.message_id from public.circle_issues as c where c.id = p_circle_issue_id
    union all
    select r.message_id from public.circle_replies as r where r.circle_issue_id = p_circle_issue_id
  ));
  perform from public.issues as i
  where i.id in (
    select c.mapped_to_issue_id from public.circle_issues as c where c.id = p_circle_issue_id
    union all
    select m.issue_id from private.circle_imports as m where m.circle_issue_id = p_circle_issue_id
    union all
    select p_issue_id
  )
  order by i.id
  for no key update;
  select * into v_message from public.circle_issues as c where c.id = p_circle_issue_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_circle_issue_unknown',
      detail = 'A message with this id does not exist.',
      hint = 'Use the id of a row in circle_issues.';
  end if;
  return v_message;
end;
$$;
comment on function private.lock_circle_issue is
  'Locks a message for a decision, with the issue that it has, the one that it had and the one that it is '
  'to get, and returns it. Errors: sign_in_required (401), team_role_required (403), '
  'tracker_circle_issue_unknown (404).';
