-- A person decides that a message is an issue.

create or replace function private.load_former_issue(p_circle_issue_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select i.id from private.circle_imports as m join public.issues as i on i.id = m.issue_id
    where m.circle_issue_id = p_circle_issue_id
      and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id)
  );
end;
$$;
comment on function private.load_former_issue is
  'The issue that a locked message had before it was returned to triage; null where it was deleted or is '
  'that of another message by now.';

create or replace function private.import_circle_issue(
  p_circle_issue_id uuid, p_issue_id uuid, p_title text, p_segment text, p_notes text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues := private.lock_circle_issue(p_circle_issue_id, p_issue_id);
  v_former_id constant uuid := private.load_former_issue(p_circle_issue_id);
  v_issue_id constant uuid := coalesce(p_issue_id, v_former_id, gen_random_uuid());
begin
  if v_message.mapped_to_issue_id is not null then
    if p_issue_id is null or p_issue_id = v_message.mapped_to_issue_id then
      return v_message.mapped_to_issue_id;
    end if;
    raise exception using
      errcode = 'PT409', message = 'tracker_circle_issue_conflict',
      detail = 'The message has another issue already.',
      hint = 'Return it to triage with return_circle_issue first.';
  end if;
  if p_issue_id is not null then
    perform from public.issues as i where i.id = p_issue_id;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'tracker_issue_unknown',
        detail = 'An issue with the id issue_id does not exist.',
        hint = 'Leave it out to create an issue.';
    end if;
  end if;
  set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
  update public.circle_issues as c set
    mapped_to_issue_id = v_issue_id, is_triaged = true, triage_confidence = 1,
    triaged_by = private.actor_name(), triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id
  returning * into v_message;
  if p_issue_id is not null or v_former_id is not null then
    insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, import_notes)
    values (p_circle_issue_id, v_issue_id, private.actor_name(), 'triage', p_notes);
    -- The message may have changed since it was returned to triage.
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  else
    perform private.create_imported_issue(
      v_message, v_issue_id, private.segment_of_message(v_message), 'triage', private.actor_name(), false
    );
  end if;
  update public.issues as i set
    title = coalesce(private.non_blank(p_title), i.title), segment = coalesce(p_segment, i.segment),
    tags = case when p_segment is null then i.tags else array_replace(i.tags, i.segment, p_segment) end,
    status = case when i.id = v_former_id and i.status = 'archived' then 'waiting_for_help' else i.status end
  where i.id = v_issue_id
    and (p_title is not null or p_segment is not null or i.id = v_former_id);
  return v_issue_id;
end;
$$;
grant execute on function private.import_circle_issue
  to authenticated, service_role;

create or replace function public.import_circle_issue(
  circle_issue_id uuid, issue_id uuid default null, title text default null, segment text default null,
  notes text default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.import_circle_issue(
    import_circle_issue.circle_issue_id, import_circle_issue.issue_id, import_circle_issue.title,
    import_circle_issue.segment, import_circle_issue.notes
  );
end;
comment on function public.import_circle_issue is
  'Decides that a message is an issue and returns the issue''s id: a new one, with title and segment where '
  'given; the one it had before it was returned to triage; or issue_id, of which it is a duplicate. Called '
  'again it returns the same. return_circle_issue() undoes it. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_circle_issue_unknown, tracker_issue_unknown (404), '
  'tracker_circle_issue_conflict (409), tracker_segment_invalid (422).';
grant execute on function public.import_circle_issue
  to authenticated, service_role;
