-- Which way a conversation's status may go, and what goes with it.

create or replace function private.check_conversation_status(p_status text) returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_status not in ('active', 'waiting_for_human', 'with_human', 'closed') then
    raise exception using
      errcode = 'PT422', message = 'support_conversation_status_invalid',
      detail = format('%s is not a valid status.', left(p_status, 50)),
      hint = 'Use active, waiting_for_human, with_human or closed.';
  end if;
end;
$$;
comment on function private.check_conversation_status is
  'Returns for a valid status. Errors: support_conversation_status_invalid (422).';

-- A visitor starts a conversation; where it goes from there is decided by others.
create or replace function private.start_own_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.session_id := private.new_session_id();
  if private.has_team_role('agent') then
    return new;
  end if;
  if coalesce(new.status, 'active') <> 'active' or new.assigned_to_user_id is not null
    or new.taken_over_at is not null or new.closed_at is not null or new.archived_at is not null
    or new.user_id <> auth.uid()
  then
    raise exception using
      errcode = 'PT403', message = 'support_routing_forbidden',
      detail = 'A visitor starts an active conversation of their own; the team decides who answers in it.',
      hint = 'Leave out user_id, status, assigned_to_user_id and the times.';
  end if;
  new.user_id := private.visitor_id();
  new.created_at := now();
  new.last_message_at := null;
  if new.user_id is not null then
    perform private.ensure_visitor(new.user_id);
  end if;
  return new;
end;
$$;
comment on function private.start_own_conversation is
  'Before-insert trigger of what a client writes: a visitor''s conversation is the visitor''s own, and '
  'active. Errors: support_routing_forbidden (403).';

create or replace function private.set_new_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.status := coalesce(new.status, 'active');
  new.session_id := coalesce(new.session_id, private.new_session_id());
  perform private.check_conversation_status(new.status);
  new.closed_at := case when new.status = 'closed' then coalesce(new.closed_at, now()) end;
  if new.status = 'with_human' then
    new.taken_over_at := coalesce(new.taken_over_at, now());
  elsif new.status <> 'closed' then
    new.assigned_to_user_id := null;
    new.taken_over_at := null;
  end if;
  return new;
end;
$$;
comment on function private.set_new_conversation is
  'Before-insert trigger: the times that the status has. Errors: support_conversation_status_invalid (422).';

create or replace function private.set_conversation_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.status := coalesce(new.status, old.status);
  new.session_id := coalesce(new.session_id, old.session_id);
  perform private.check_conversation_status(new.status);
  if old.status = 'closed' and new.status = 'waiting_for_human' then
    raise exception using
      errcode = 'PT409', message = 'support_conversation_status_conflict',
      detail = 'A closed conversation is opened by a message, or taken over by a person.',
      hint = 'Set it to active or with_human first.';
  end if;
  new.closed_at := case
    when new.status <> 'closed' then null when old.status = 'closed' then old.closed_at
    else clock_timestamp() end;
  if new.status = 'with_human' then
    new.taken_over_at := coalesce(old.taken_over_at, clock_timestamp());
    if old.status <> 'with_human' then
      new.taken_over_at := clock_timestamp();
      if new.assigned_to_user_id is not distinct from old.assigned_to_user_id
        and private.has_team_role('agent')
      then
        new.assigned_to_user_id := auth.uid();
      end if;
    end if;
  elsif new.status = 'closed' then
    new.taken_over_at := old.taken_over_at;
  else
    new.assigned_to_user_id := null;
    new.taken_over_at := null;
  end if;
  if new.status <> 'closed' then
    new.archived_at := null;
  end if;
  return new;
end;
$$;
comment on function private.set_conversation_status is
  'Before-update trigger: the legal ways, and the person and the times that the status has. Errors: '
  'support_conversation_status_conflict (409), support_conversation_status_invalid (422).';

-- An upsert sends the row as it was read, and start_own_conversation has replaced the session id in it.
create or replace function private.restore_session_id() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.session_id := old.session_id;
  return new;
end;
$$;
comment on function private.restore_session_id is
  'Before-update trigger of what a client writes: the session stays.';

create trigger _000_require_agent before update on support.conversations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.conversations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.conversations
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _060_restore_session_id before update on support.conversations
  for each row when (current_user = 'authenticated' and old.session_id is distinct from new.session_id)
  execute function private.restore_session_id();
create trigger _100_start_own_conversation before insert on support.conversations
  for each row when (current_user = 'authenticated') execute function private.start_own_conversation();
create trigger _110_set_new_conversation before insert on support.conversations
  for each row execute function private.set_new_conversation();
create trigger _120_set_conversation_status before update on support.conversations
  for each row when (
    (old.status, old.session_id, old.assigned_to_user_id, old.taken_over_at, old.closed_at, old.archived_at)
      is distinct from
      (new.status, new.session_id, new.assigned_to_user_id, new.taken_over_at, new.closed_at, new.archived_at)
  )
  execute function private.set_conversation_status();
create trigger _900_set_timestamps before insert or update on support.conversations
  for each row execute function private.set_timestamps();
