-- An escalation becomes an issue of the tracker, or is linked to one.

create or replace function private.link_escalation_to_issue(p_id uuid, p_issue_id uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- whoever resolves it meanwhile answers this one too
  perform from public.issues as i where i.id = p_issue_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_issue_unknown',
      detail = 'An issue with the id issue_id does not exist.',
      hint = 'Leave it out to create an issue.';
  end if;
  update support.escalations as e set issue_id = p_issue_id where e.id = p_id;
  return p_issue_id;
end;
$$;
comment on function private.link_escalation_to_issue is
  'Links a locked escalation to an issue and returns the issue''s id. Errors: tracker_issue_unknown (404).';

-- The tracker is read by the whole team and searched: the issue has what was asked, not who asked and how to
-- reach them. Its segment, number and search are made by the tracker's own triggers.
create or replace function private.create_escalated_issue(
  p_escalation support.escalations, p_title text, p_segment text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_request constant text := private.non_blank(p_escalation.original_request);
  v_issue_id uuid;
begin
  -- One statement: the triggers of the issue find the escalation linked.
  with created as (
    insert into public.issues (title, description, segment, submitted_by, submitted_by_user_id)
    values (
      coalesce(
        private.non_blank(left(p_title, 500)), private.non_blank(left(split_part(v_request, E'\n', 1), 120)),
        format('Support: %s', p_escalation.issue_type)
      ),
      coalesce(v_request, ''), p_segment, 'Support visitor', auth.uid()
    )
    returning issues.id
  )
  update support.escalations as e set issue_id = c.id, is_issue_created = true
  from created as c
  where e.id = p_escalation.id
  returning e.issue_id into v_issue_id;
  return v_issue_id;
end;
$$;
comment on function private.create_escalated_issue is
  'Creates an issue from a locked escalation, links the two, and returns the issue''s id. Errors: '
  'tracker_segment_invalid (422).';

create or replace function private.escalation_to_issue(
  p_id uuid, p_issue_id uuid, p_title text, p_segment text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation constant support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.issue_id is not null then
    if p_issue_id is null or p_issue_id = v_escalation.issue_id then
      return v_escalation.issue_id;
    end if;
    raise exception using
      errcode = 'PT409', message = 'support_escalation_issue_conflict',
      detail = 'The escalation is linked to another issue already.',
      hint = 'Unlink it first: unlink_escalation_issue.';
  end if;
  if p_issue_id is not null then
    return private.link_escalation_to_issue(p_id, p_issue_id);
  end if;
  return private.create_escalated_issue(v_escalation, p_title, p_segment);
end;
$$;
grant execute on function private.escalation_to_issue to authenticated, service_role;

create or replace function support.escalation_to_issue(
  id uuid, issue_id uuid default null, title text default null, segment text default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.escalation_to_issue(
    escalation_to_issue.id, escalation_to_issue.issue_id, escalation_to_issue.title,
    escalation_to_issue.segment
  );
end;
comment on function support.escalation_to_issue is
  'Links an escalation to the tracker''s issue issue_id, or creates an issue from what was asked, with title '
  'and segment where given, and returns the issue''s id. The issue has no name and contact of the visitor. '
  'Called again it returns the same. Agents and servers. Errors: sign_in_required (401), team_role_required '
  '(403), support_escalation_unknown, tracker_issue_unknown (404), support_escalation_issue_conflict (409), '
  'tracker_segment_invalid (422).';
grant execute on function support.escalation_to_issue to authenticated, service_role;
