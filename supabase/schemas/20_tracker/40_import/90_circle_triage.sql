-- Where a person decides: the messages that nobody was sure about, the ways to make an issue of one or not,
-- and the way back.

create view public.circle_triage_queue with (security_invoker = true) as
select
  c.id, c.message_id, c.title, c.body, c.author_name, c.author_email, c.space_id, c.space_name, c.link,
  c.is_thread, c.triage_confidence, c.sender_verdict, c.segment, c.triage_notes, c.posted_at, c.created_at
from public.circle_issues as c
-- Without those of which only a reply has come.
where not c.is_triaged
  and (c.body <> '' or c.attachments <> '[]' or c.field_versions -> 'raw_data' is distinct from 'null');
comment on view public.circle_triage_queue is
  'Messages of which nobody was sure enough whether they are issues, for a person to decide: '
  'import_circle_issue() or dismiss_circle_issue(). The most likely ones first is `order by '
  'triage_confidence desc`, the oldest first `order by created_at`.';
comment on column public.circle_triage_queue.triage_confidence is 'How likely it is an issue, 0 to 1.';
comment on column public.circle_triage_queue.segment is
  'The segment that its sender named; where null, determine_segment(title, body) says one.';
grant select on public.circle_triage_queue to authenticated, service_role;

create or replace function private.lock_circle_issue(p_circle_issue_id uuid, p_issue_id uuid default null)
returns public.circle_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  perform private.require_team_role('agent');
  -- The turns and then all issues that the call may write, by id: the order of all locks. Those of the
  -- replies too: an import that takes one of them away writes the message's issue, whichever it has.
  perform private.lock_message_keys(private.message_lock_keys(array(
    select c.message_id from public.circle_issues as c where c.id = p_circle_issue_id
    union all
    select r.message_id from public.circle_replies as r where r.circle_issue_id = p_circle_issue_id
  )));
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
      detail = 'There is no message with this id.',
      hint = 'Use the id of a row in circle_issues.';
  end if;
  return v_message;
end;
$$;
comment on function private.lock_circle_issue is
  'A message for its triage, locked with the issue that it has, the one that it had and the one that it is '
  'to get. Errors: sign_in_required (401), team_role_required (403), tracker_circle_issue_unknown (404).';

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
  'The issue that was made of a locked message before it was put back; null where it is gone or is that of '
  'another message by now.';

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
      hint = 'Put it back with return_circle_issue first.';
  end if;
  if p_issue_id is not null then
    perform from public.issues as i where i.id = p_issue_id;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'tracker_issue_unknown',
        detail = 'There is no issue with the id p_issue_id.',
        hint = 'Leave it out to make a new issue.';
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
    -- The message may have changed since it was put back.
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
  p_circle_issue_id uuid, p_issue_id uuid default null, p_title text default null,
  p_segment text default null, p_notes text default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.import_circle_issue(
    p_circle_issue_id => import_circle_issue.p_circle_issue_id, p_issue_id => import_circle_issue.p_issue_id,
    p_title => import_circle_issue.p_title, p_segment => import_circle_issue.p_segment,
    p_notes => import_circle_issue.p_notes
  );
end;
comment on function public.import_circle_issue is
  'Decides that a message is an issue and returns the issue''s id: a new one, with p_title and p_segment '
  'where given; the one it had before it was put back; or p_issue_id, of which it is a duplicate. Called '
  'again it returns the same. return_circle_issue() undoes it. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_circle_issue_unknown, tracker_issue_unknown (404), '
  'tracker_circle_issue_conflict (409), tracker_segment_invalid (422).';
grant execute on function public.import_circle_issue
  to authenticated, service_role;

create or replace function private.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  if v_message.mapped_to_issue_id is not null then
    raise exception using
      errcode = 'PT409', message = 'tracker_circle_issue_conflict',
      detail = 'The message has an issue already.',
      hint = 'Put it back with return_circle_issue first, or archive the issue.';
  end if;
  if v_message.is_triaged and v_message.triaged_by is not null then
    update public.circle_issues as c set triage_notes = p_notes
    where c.id = p_circle_issue_id and private.non_blank(p_notes) is not null;
    return;
  end if;
  update public.circle_issues as c set
    is_triaged = true, triage_confidence = 1, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
end;
$$;
grant execute on function private.dismiss_circle_issue to authenticated, service_role;

create or replace function public.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.dismiss_circle_issue(
    p_circle_issue_id => dismiss_circle_issue.p_circle_issue_id, p_notes => dismiss_circle_issue.p_notes
  );
end;
comment on function public.dismiss_circle_issue is
  'Decides that a message is no issue, whatever is imported later; it stays stored. Called again it changes '
  'nothing but the notes. return_circle_issue() undoes it. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_circle_issue_unknown '
  '(404), tracker_circle_issue_conflict (409).';
grant execute on function public.dismiss_circle_issue to authenticated, service_role;

-- The issue is archived, not deleted: what was said in it stays, and importing the message again brings it
-- back.
create or replace function private.return_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  update public.circle_issues as c set
    mapped_to_issue_id = null, is_triaged = false, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_confidence = (private.triage_circle_message(c.sender_verdict, c.title, c.body)).likelihood,
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
  update public.issues as i set status = 'archived'
  where i.status <> 'archived' and i.id = v_message.mapped_to_issue_id
    and i.id = (select m.issue_id from private.circle_imports as m where m.circle_issue_id = v_message.id)
    and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id);
end;
$$;
grant execute on function private.return_circle_issue to authenticated, service_role;

create or replace function public.return_circle_issue(p_circle_issue_id uuid, p_notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.return_circle_issue(
    p_circle_issue_id => return_circle_issue.p_circle_issue_id, p_notes => return_circle_issue.p_notes
  );
end;
comment on function public.return_circle_issue is
  'Puts a message back into circle_triage_queue, whether it was imported or dismissed. The issue that an '
  'import made of it, and of no other message, is archived. From then on only a person decides. Agents and '
  'servers. Errors: sign_in_required (401), team_role_required (403), tracker_circle_issue_unknown (404).';
grant execute on function public.return_circle_issue to authenticated, service_role;

create view public.issue_import_differences with (security_invoker = true) as
select
  i.id as issue_id, c.id as circle_issue_id, d.field, d.current_value, d.imported_value, m.imported_at
from private.circle_imports as m
join public.circle_issues as c on c.id = m.circle_issue_id
join public.issues as i on i.id = c.mapped_to_issue_id and i.id = m.issue_id
cross join lateral (
  values
    ('title', i.title, m.title), ('description', i.description, m.description),
    ('segment', i.segment, m.segment), ('submitted_by', i.submitted_by, m.submitted_by)
) as d (field, current_value, imported_value)
where d.current_value <> d.imported_value;
comment on view public.issue_import_differences is
  'Where an issue says something else than its message, because a team member changed it: what stands '
  'there, and beside it what the last import would have made of it. Writing the imported value into the '
  'issue takes it over, and later imports follow again.';
comment on column public.issue_import_differences.field is 'title, description, segment or submitted_by.';
grant select on public.issue_import_differences to authenticated, service_role;
