-- Changes fields and status of an issue and records the conversation, all of it or nothing.

create or replace function private.check_exai_changes(p_changes jsonb) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_names constant text[] := array[
    'title', 'description', 'severity', 'category', 'status', 'affected_components', 'file_path',
    'line_start', 'line_end', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
  ];
  v_unknown text;
begin
  if jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}' then
    raise exception using
      errcode = 'PT422', message = 'exai_change_required', detail = 'No field to change was given.',
      hint = 'Give an object with at least one of: ' || array_to_string(v_names, ', ') || '.';
  end if;
  v_unknown := (
    select string_agg(k.name, ', ' order by k.name collate "C")
    from jsonb_object_keys(p_changes) as k (name) where k.name <> all (v_names)
  );
  if v_unknown is not null then
    raise exception using
      errcode = 'PT422', message = 'exai_change_invalid',
      detail = format('These fields cannot be changed: %s.', left(v_unknown, 1000)),
      hint = 'Use these: ' || array_to_string(v_names, ', ') || '.';
  end if;
end;
$$;
comment on function private.check_exai_changes is
  'Checks which fields are to be changed. Errors: exai_change_required, exai_change_invalid (422).';

create or replace function private.list_exai_fields(p_changes jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(f.name, ', ' order by f.position)
    from unnest(array[
      'title', 'description', 'severity', 'category', 'affected_components', 'file_path', 'line_start',
      'line_end', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
    ]) with ordinality as f (name, position)
    where p_changes ? f.name
  );
end;
$$;
comment on function private.list_exai_fields is
  'The names of the fields that are to be changed, for the history; null if there is only a status.';

create type private.exai_issue_change as (
  issue public.exai_issues,
  ended_claim jsonb
);
comment on type private.exai_issue_change is
  'An issue that was changed, and whose claim on it that ended if it was somebody else''s.';

create or replace function private.change_exai_issue(
  p_issue_number integer, p_changes jsonb, p_conversation_id text
) returns private.exai_issue_change
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant text := coalesce(current_setting('app.conversation_id', true), '');
  v_conversation_id text;
  v_old public.exai_issues;
  v_fields text;
  v_issue public.exai_issues;
  v_ended_claim jsonb;
begin
  perform private.require_team_role('agent');
  v_conversation_id := private.non_blank(p_conversation_id);
  perform private.check_exai_changes(p_changes);
  perform private.lock_exai_graph_shared();
  select i.* into v_old from public.exai_issues as i where i.issue_number = p_issue_number for no key update;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  v_fields := private.list_exai_fields(p_changes);
  if v_fields is not null then
    perform private.link_exai_conversation(v_old.id, v_conversation_id, format('Changed %s.', v_fields));
  end if;
  perform set_config('app.conversation_id', coalesce(v_conversation_id, v_before), true);
  update public.exai_issues as i
  set title = coalesce(n.title, i.title), description = n.description, severity = n.severity,
    category = n.category, status = n.status, affected_components = n.affected_components,
    file_path = n.file_path, line_start = n.line_start, line_end = n.line_end, root_cause = n.root_cause,
    impact_description = n.impact_description, recommended_fix = n.recommended_fix,
    actual_fix = n.actual_fix, fix_conversation_id = case
      when p_changes ->> 'status' = 'fixed' then coalesce(v_conversation_id, i.fix_conversation_id)
      else i.fix_conversation_id
    end
  from jsonb_populate_record(v_old, p_changes) as n
  where i.id = v_old.id
  returning i.* into v_issue;
  if private.has_ended_exai_claim(v_old, v_issue) then
    v_ended_claim := jsonb_build_object(
      'claimed_by', left(v_old.claimed_by, 200), 'lease_expires_at', v_old.lease_expires_at
    );
  end if;
  perform set_config('app.conversation_id', v_before, true);
  return row(v_issue, v_ended_claim)::private.exai_issue_change;
exception
  when data_exception then
    raise exception using
      errcode = 'PT422', message = 'exai_change_invalid', detail = sqlerrm || '.',
      hint = 'Give texts as strings, lines as whole numbers, and affected_components as an array of strings.';
end;
$$;
comment on function private.change_exai_issue is
  'Changes the given fields of an issue. Returns it, and whose claim that ended if it was somebody else''s. '
  'Errors: exai_change_invalid (422).';

create or replace function private.update_exai_issue(
  p_issue_number integer, p_changes jsonb, p_conversation_id text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (
    select jsonb_build_object('issue', to_jsonb(c.issue), 'ended_claim', c.ended_claim)
    from private.change_exai_issue(p_issue_number, p_changes, p_conversation_id) as c
  );
end;
$$;
grant execute on function private.update_exai_issue to authenticated, service_role;

create or replace function public.update_exai_issue(
  issue_number integer, changes jsonb, conversation_id text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.update_exai_issue(
    update_exai_issue.issue_number, update_exai_issue.changes, update_exai_issue.conversation_id
  );
end;
comment on function public.update_exai_issue is
  'Changes the given fields of an issue, among them the status, all of them or none; null clears a nullable '
  'field. Returns {issue, ended_claim}: ended_claim is {claimed_by, lease_expires_at} if the new status '
  'ended the claim of somebody else, otherwise null. The conversation is recorded in the history, and '
  'becomes fix_conversation_id if the status is fixed. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_issue_unknown (404), exai_claim_conflict (409), exai_change_required, '
  'exai_change_invalid, exai_severity_invalid, exai_category_invalid, exai_status_invalid (422).';
grant execute on function public.update_exai_issue to authenticated, service_role;
