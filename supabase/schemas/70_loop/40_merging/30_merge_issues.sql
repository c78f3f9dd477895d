-- Merges an issue into an older one that it is a duplicate of.

create or replace function private.raise_merge_conflict(p_seq_id integer, p_fact text, p_hint text)
returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'loop_merge_conflict', detail = format('Issue %s %s.', p_seq_id, p_fact),
    hint = p_hint;
end;
$$;
comment on function private.raise_merge_conflict is 'Errors: loop_merge_conflict (409), always.';

-- Into the older one only, and never into one that is merged itself: so there are neither chains nor cycles.
create or replace function private.check_merge(p_source public.issues, p_into public.issues) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_source.id is null or p_into.id is null then
    raise exception using
      errcode = 'PT404', message = 'tracker_issue_unknown',
      detail = 'One of the two issues does not exist.', hint = 'Use the ids of rows in issues.';
  end if;
  if (p_source.created_at, p_source.seq_id) <= (p_into.created_at, p_into.seq_id) then
    raise exception using
      errcode = 'PT422', message = 'loop_merge_invalid',
      detail = format('Issue %s is not older than issue %s.', p_into.seq_id, p_source.seq_id),
      hint = 'Merge the younger one into the older one.';
  end if;
  if p_source.is_test <> p_into.is_test then
    perform private.raise_merge_conflict(
      case when p_source.is_test then p_source.seq_id else p_into.seq_id end,
      'is a test, and the other one is not',
      'Merge tests with tests: they are deleted after some days.'
    );
  elsif exists (select from public.issue_merges as m where m.source_issue_id = p_source.id) then
    perform private.raise_merge_conflict(
      p_source.seq_id, 'is merged into another one', 'Undo that first: unmerge_issues.'
    );
  elsif exists (select from public.issue_merges as m where m.into_issue_id = p_source.id) then
    perform private.raise_merge_conflict(
      p_source.seq_id, 'has others merged into it', 'Undo that first, and merge each into the older one.'
    );
  elsif exists (select from public.issue_merges as m where m.source_issue_id = p_into.id) then
    perform private.raise_merge_conflict(
      p_into.seq_id, 'is merged into another one', 'Merge into that one: issue_merges.into_issue_id.'
    );
  elsif p_into.status = 'archived' then
    perform private.raise_merge_conflict(p_into.seq_id, 'is archived', 'Reopen it first.');
  end if;
end;
$$;
comment on function private.check_merge is
  'Checks that one locked issue can be merged into another. Errors: tracker_issue_unknown (404), '
  'loop_merge_conflict (409), loop_merge_invalid (422).';

create or replace function private.merge_issues(p_source_issue_id uuid, p_into_issue_id uuid)
returns public.issue_merges
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source public.issues;
  v_into public.issues;
  v_merge public.issue_merges;
begin
  perform private.require_team_role('agent');
  perform private.lock_issues_to_merge(array[p_source_issue_id, p_into_issue_id]);
  select * into v_merge from public.issue_merges as m
  where m.source_issue_id = p_source_issue_id and m.into_issue_id = p_into_issue_id;
  if found then
    return v_merge;
  end if;
  select * into v_source from public.issues as i where i.id = p_source_issue_id;
  select * into v_into from public.issues as i where i.id = p_into_issue_id;
  perform private.check_merge(v_source, v_into);
  perform private.copy_reports(v_source.id, v_into.id);
  insert into public.issue_merges (
    source_issue_id, into_issue_id, source_status, message_ids, escalation_ids, exai_issue_id,
    merged_by_user_id
  )
  values (
    v_source.id, v_into.id, v_source.status, private.move_messages(null, v_source.id, v_into.id),
    private.move_escalations(null, v_source.id, v_into.id), private.move_issue_link(v_source.id, v_into.id),
    (select u.id from auth.users as u where u.id = auth.uid())
  )
  returning * into v_merge;
  -- They are told when the older issue is resolved.
  if v_into.resolved_at is null then
    perform private.withdraw_replies(v_source.id);
  end if;
  update public.issues as i set status = 'archived' where i.id = v_source.id and i.status <> 'archived';
  -- They have not been told of a fix that the older issue has already.
  if v_source.resolved_at is null then
    perform private.answer_late_reporters(v_into.id);
  end if;
  return v_merge;
end;
$$;
grant execute on function private.merge_issues to authenticated, service_role;

-- The names are the API's JSON keys; into is a reserved word, which has no other form in SQL than quoted.
create or replace function public.merge_issues(source uuid, "into" uuid)
returns public.issue_merges
language sql volatile security invoker set search_path = ''
begin atomic
  select private.merge_issues(merge_issues.source, merge_issues."into");
end;
comment on function public.merge_issues is
  'Merges an issue into an older one: its messages with their replies, escalations and engineering issue '
  'move there, and later replies follow; it is archived, with its comments. The older issue keeps its own '
  'engineering issue. Called again it returns the same. unmerge_issues() undoes it. Agents and servers. '
  'Errors: sign_in_required (401), team_role_required (403), tracker_issue_unknown (404), '
  'loop_merge_conflict (409), loop_merge_invalid (422).';
grant execute on function public.merge_issues to authenticated, service_role;
