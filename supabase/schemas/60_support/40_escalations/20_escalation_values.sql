-- What a new escalation contains: the conversation as it was, and how to reach the visitor.

create or replace function private.load_support_contact(p_conversation_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select nullif(jsonb_strip_nulls(jsonb_build_object(
      'name', coalesce(private.non_blank(c.visitor_name), u.name),
      'email', coalesce(private.non_blank(c.visitor_email), u.email),
      'phone', coalesce(private.non_blank(c.visitor_phone), u.phone)
    )), '{}'::jsonb)
    from support.conversations as c
    left join support.users as u on u.id = c.user_id
    where c.id = p_conversation_id
  );
end;
$$;
comment on function private.load_support_contact is
  'How the visitor of a conversation can be reached, as {name, email, phone} without what is unknown: what '
  'was given in the conversation, else what is known of the account. Null where nothing is.';

create or replace function private.find_open_escalation(p_conversation_id uuid) returns support.escalations
language plpgsql stable security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  select * into v_escalation from support.escalations as e
  where e.conversation_id = p_conversation_id and e.status <> 'resolved';
  return v_escalation;
end;
$$;
comment on function private.find_open_escalation is
  'The escalation of a conversation that is not resolved, of which there is at most one; nulls without one.';

create or replace function private.complete_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open support.escalations;
begin
  new.status := coalesce(new.status, 'pending');
  if new.conversation_id is not null then
    -- Whoever escalates the conversation concurrently waits here, and then finds this one.
    perform from support.conversations as c where c.id = new.conversation_id for no key update;
    v_open := private.find_open_escalation(new.conversation_id);
    if v_open.id <> new.id and new.status <> 'resolved' then
      raise exception using
        errcode = 'PT409', message = 'support_escalation_conflict',
        detail = format('The conversation has the open escalation %s.', v_open.id),
        hint = 'Use that one, or resolve it first.';
    end if;
    new.conversation_context := coalesce(
      new.conversation_context, private.format_support_transcript(new.conversation_id)
    );
    new.contact_info := coalesce(new.contact_info, private.load_support_contact(new.conversation_id));
  end if;
  return new;
end;
$$;
comment on function private.complete_escalation is
  'Before-insert trigger of escalations: adds the transcript and the contact, and refuses a second open one. '
  'Errors: support_escalation_conflict (409).';

-- What a client sends for the columns that the database writes is not used, on insert and on update.
create or replace function private.reset_escalation_columns() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old support.escalations := old;
begin
  if tg_op = 'INSERT' then
    v_old.reason := 'agent';
    v_old.notified_count := 0;
    v_old.raised_count := 0;
    v_old.is_issue_created := false;
  end if;
  new.reason := v_old.reason;
  new.assigned_to_user_id := v_old.assigned_to_user_id;
  new.taken_at := v_old.taken_at;
  new.first_answered_at := v_old.first_answered_at;
  new.resolved_at := v_old.resolved_at;
  new.resolved_by_user_id := v_old.resolved_by_user_id;
  new.notified_at := v_old.notified_at;
  new.notified_count := v_old.notified_count;
  new.raised_at := v_old.raised_at;
  new.raised_count := v_old.raised_count;
  new.issue_id := v_old.issue_id;
  new.is_issue_created := v_old.is_issue_created;
  return new;
end;
$$;
comment on function private.reset_escalation_columns is
  'Before trigger of escalations that a client writes: the columns that the database sets keep their values.';

create trigger _060_reset_escalation_columns before insert or update on support.escalations
  for each row when (current_user in ('anon', 'authenticated'))
  execute function private.reset_escalation_columns();
create trigger _100_complete_escalation before insert on support.escalations
  for each row execute function private.complete_escalation();
