-- Imports, retries and triage lock all the issues that they may write before the first message, in one order.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

create or replace function private.reply_ids_of_item(p_item private.circle_item) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_item.shape = 'envelope' and p_item.item #> '{Replies,0}' is null then
    return '{}'::text[];
  end if;
  return array(
    select coalesce(e.value ->> 'message_id', e.value ->> 'reply_id', e.value ->> 'id')
    from jsonb_array_elements(private.circle_replies_of(p_item.item, p_item.shape)) as e (value)
  );
end;
$$;
comment on function private.reply_ids_of_item(private.circle_item) is
  'The ids of the replies that an element of a payload brings; null for one without.';

create or replace function private.turns_of_messages(p_items private.circle_item[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_item private.circle_item;
  v_message_ids text[] := '{}'::text[];
begin
  foreach v_item in array p_items loop
    v_message_ids := v_message_ids || v_item.message_id || private.reply_ids_of_item(v_item);
  end loop;
  return private.turns_of_ids(v_message_ids);
end;
$$;
comment on function private.turns_of_messages(private.circle_item[]) is
  'The turns of the messages and replies in a payload.';

create or replace function private.turns_of_ids(p_message_ids text[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- 1024 turns for all messages there are, so that no payload runs out of locks.
  return array(select hashtext(u.message_id) & 1023 from unnest(p_message_ids) as u (message_id));
end;
$$;
comment on function private.turns_of_ids(text[]) is
  'The turns of messages and replies, in no order, some of them several times.';

-- A message that has one of the replies until now loses it, and its issue is written then.
create or replace function private.issues_of_messages(p_items private.circle_item[]) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_item private.circle_item;
  v_reply_ids text[];
  v_issue_id uuid;
  v_issue_ids uuid[] := '{}'::uuid[];
begin
  foreach v_item in array p_items loop
    select c.mapped_to_issue_id into v_issue_id
    from public.circle_issues as c where c.message_id = v_item.message_id;
    if v_issue_id is not null then
      v_issue_ids := v_issue_ids || v_issue_id;
    end if;
    v_reply_ids := private.reply_ids_of_item(v_item);
    continue when v_reply_ids = '{}';
    v_issue_ids := v_issue_ids || array(
      select c.mapped_to_issue_id
      from public.circle_replies as r
      join public.circle_issues as c on c.id = r.circle_issue_id
      where r.message_id = any (v_reply_ids) and c.mapped_to_issue_id is not null
    );
  end loop;
  return v_issue_ids;
end;
$$;
comment on function private.issues_of_messages(private.circle_item[]) is
  'The issues of the messages in a payload and of those that have their replies, in no order.';

create or replace function private.lock_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  end if;
end;
$$;
comment on function private.lock_issues(uuid[]) is
  'Locks issues, in the order of their ids, before any message is locked.';

create or replace function private.process_circle_webhook(
  p_payload jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant text := coalesce(nullif(btrim(p_import_source), ''), 'n8n_webhook');
  v_by constant text := private.importer_name(p_imported_by);
  v_items constant private.circle_item[] := private.circle_items(p_payload);
  v_item private.circle_item;
  v_imported jsonb[] := array[]::jsonb[];
begin
  perform private.require_team_role('agent');
  if exists (select from unnest(v_items) as i where i.shape in ('hint', 'unrecognised')) then
    raise exception using
      errcode = 'PT422', message = 'circle_payload_unrecognised',
      detail = 'This is no envelope with an object Parent_Message, and no record of Circle''s API.',
      hint = 'Send {Type, Parent_Message, Replies, Issue_Details}, or call handle_circle_webhook.';
  end if;
  perform private.take_turns(private.turns_of_messages(v_items));
  perform private.lock_issues(private.issues_of_messages(v_items));
  foreach v_item in array v_items loop
    v_imported := v_imported || (
      jsonb_build_object('index', v_item.index)
      || private.import_circle_item(v_item.item, v_item.shape, v_source, v_by, v_item.is_last)
    );
  end loop;
  if jsonb_typeof(p_payload) = 'object' and not p_payload ? 'records' then
    return v_imported[1] - 'index';
  end if;
  return private.sorted_by_index(v_imported);
end;
$$;
comment on function private.process_circle_webhook(jsonb, text, text) is
  'Body of public.process_circle_webhook.';

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_by constant text := private.importer_name(null);
  v_items constant private.circle_item[] := private.circle_items(request);
  v_item private.circle_item;
  v_imported jsonb[] := array[]::jsonb[];
  v_errors jsonb[] := array[]::jsonb[];
  v_hint_count integer := 0;
  v_unrecognised_count integer := 0;
  v_state text;
  v_message text;
  v_detail text;
begin
  perform private.require_team_role('agent');
  perform private.take_turns(private.turns_of_messages(v_items));
  perform private.lock_issues(private.issues_of_messages(v_items));
  foreach v_item in array v_items loop
    v_hint_count := v_hint_count + (v_item.shape = 'hint')::integer;
    v_unrecognised_count := v_unrecognised_count + (v_item.shape = 'unrecognised')::integer;
    continue when v_item.shape in ('hint', 'unrecognised');
    begin
      v_imported := v_imported || (
        jsonb_build_object('index', v_item.index)
        || private.import_circle_item(
          v_item.item, v_item.shape, private.source_of_shape(v_item.shape), v_by, v_item.is_last
        )
      );
    exception
      when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded
        or statement_too_complex then
        get stacked diagnostics
          v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
        v_errors := v_errors || jsonb_build_object(
          'index', v_item.index, 'message_id', left(v_item.message_id, 255),
          'code', case v_state when 'PT422' then v_message else 'circle_message_refused' end,
          'message', case v_state when 'PT422' then v_detail else v_message end
        );
        if v_item.is_last and v_item.message_id is not null then
          perform private.refresh_after_refusal(v_item.message_id);
        end if;
    end;
  end loop;
  return jsonb_build_object(
    'processed', cardinality(v_imported), 'hints', v_hint_count, 'unrecognised', v_unrecognised_count,
    'imported', private.sorted_by_index(v_imported), 'errors', private.sorted_by_index(v_errors)
  );
end;
$$;
comment on function private.handle_circle_webhook(jsonb) is 'Body of public.handle_circle_webhook.';

-- Nothing raises here; what can't be taken apart is reported when it is worked on.
create or replace function private.locks_of_event(
  p_body bytea, out o_turns integer[], out o_issue_ids uuid[]
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
begin
  v_items := private.circle_items((private.read_circle_event(p_body)).o_payload);
  o_turns := private.turns_of_messages(v_items);
  o_issue_ids := private.issues_of_messages(v_items);
exception
  when data_exception or program_limit_exceeded or syntax_error_or_access_rule_violation or plpgsql_error then
    o_turns := '{}';
    o_issue_ids := '{}';
end;
$$;
comment on function private.locks_of_event(bytea) is
  'The turns of the messages in a raw body, and the issues that they have.';

-- Several events in one transaction: the turns of all of them first, then the issues, as one payload takes
-- its own. Which issues there are is certain with the turns only.
create or replace function private.lock_events_messages(p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.take_turns(array(
    select t.turn
    from private.circle_events as e
    cross join lateral private.locks_of_event(e.body) as l
    cross join lateral unnest(l.o_turns) as t (turn)
    where e.id = any (p_event_ids)
  ));
  perform private.lock_issues(array(
    select u.issue_id
    from private.circle_events as e
    cross join lateral private.locks_of_event(e.body) as l
    cross join lateral unnest(l.o_issue_ids) as u (issue_id)
    where e.id = any (p_event_ids)
  ));
end;
$$;
comment on function private.lock_events_messages(uuid[]) is
  'Takes turns with all imports of the messages in these events, which are locked already, and locks the '
  'issues of these messages.';

create or replace function private.process_waiting_circle_events(batch integer default 20) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event_ids constant uuid[] := array(
    select e.id
    from private.circle_events as e
    where e.next_attempt_at <= clock_timestamp()
    order by e.next_attempt_at
    limit process_waiting_circle_events.batch
    for update skip locked
  );
  v_event_id uuid;
  v_processed_count integer := 0;
begin
  perform private.lock_events_messages(v_event_ids);
  foreach v_event_id in array v_event_ids loop
    v_processed_count := v_processed_count + (private.retry_circle_event(v_event_id) <> 'failed')::integer;
  end loop;
  return v_processed_count;
end;
$$;
comment on function private.process_waiting_circle_events(integer) is
  'Works on up to so many events whose time has come, and returns how many succeeded. One that fails is '
  'tried '
  'again later, ten times in all: after 1, 2, 4 … minutes. For the scheduler.';

create or replace function private.replay_circle_events(
  p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_event_ids uuid[];
  v_event_id uuid;
  v_last_at timestamptz;
  v_counts jsonb := '{}'::jsonb;
  v_status text;
begin
  perform private.require_team_role('admin');
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT422', message = 'replay_range_invalid', detail = 'p_from has to come before p_to.',
      hint = 'Give the times between which the events were received.';
  end if;
  -- All events before the first turn of a message, as the order of locks has it. Those of one moment stay
  -- together, so that next_from is always later than the last.
  select array_agg(o.id order by o.received_at, o.id), max(o.received_at) into v_event_ids, v_last_at
  from (
    select e.id, e.received_at from private.circle_events as e
    where e.received_at >= p_from and e.received_at < p_to
    order by e.received_at
    fetch first v_limit rows with ties
    for update
  ) as o;
  perform private.lock_events_messages(v_event_ids);
  foreach v_event_id in array coalesce(v_event_ids, '{}') loop
    v_status := private.retry_circle_event(v_event_id);
    v_counts := v_counts || jsonb_build_object(v_status, coalesce((v_counts ->> v_status)::integer, 0) + 1);
  end loop;
  return jsonb_build_object(
    'replayed', coalesce(cardinality(v_event_ids), 0),
    'next_from', (
      select min(e.received_at) from private.circle_events as e
      where e.received_at > v_last_at and e.received_at < p_to
    )
  ) || v_counts;
end;
$$;
comment on function private.replay_circle_events(timestamptz, timestamptz, integer) is
  'Body of public.replay_circle_events.';

create or replace function private.lock_circle_issue(p_circle_issue_id uuid, p_issue_id uuid default null)
returns public.circle_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  perform private.require_team_role('agent');
  -- The turns and then all issues that the call may write, by id: the order of all locks. Those of the
  -- replies too: an import that takes one of them away writes the message's issue, whichever it has.
  perform private.take_turns(private.turns_of_ids(array(
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
      errcode = 'PT404', message = 'circle_issue_not_found', detail = 'There is no message with this id.',
      hint = 'Use the id of a row in circle_issues.';
  end if;
  return v_message;
end;
$$;
comment on function private.lock_circle_issue(uuid, uuid) is
  'A message for its triage, locked with the issue that it has, the one that it had and the one that it is '
  'to get. Errors: not_signed_in (401), team_role_required (403), circle_issue_not_found (404).';

create or replace function private.former_issue(p_circle_issue_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select i.id from private.circle_imports as m join public.issues as i on i.id = m.issue_id
    where m.circle_issue_id = p_circle_issue_id
      and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id)
  );
end;
$$;
comment on function private.former_issue(uuid) is
  'The issue that was made of a locked message before it was put back; null where it is gone or is that of '
  'another message by now.';

create or replace function private.import_circle_issue(
  p_circle_issue_id uuid, p_issue_id uuid, p_title text, p_segment text, p_notes text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues := private.lock_circle_issue(p_circle_issue_id, p_issue_id);
  v_former_id constant uuid := private.former_issue(p_circle_issue_id);
  v_issue_id constant uuid := coalesce(p_issue_id, v_former_id, gen_random_uuid());
begin
  if v_message.mapped_to_issue_id is not null then
    if p_issue_id is null or p_issue_id = v_message.mapped_to_issue_id then
      return v_message.mapped_to_issue_id;
    end if;
    raise exception using
      errcode = 'PT409', message = 'circle_issue_has_issue',
      detail = 'The message has another issue already.',
      hint = 'Put it back with return_circle_issue first.';
  end if;
  if p_issue_id is not null then
    perform from public.issues as i where i.id = p_issue_id;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'issue_not_found', detail = 'There is no issue with the id p_issue_id.',
        hint = 'Leave it out to make a new issue.';
    end if;
  end if;
  set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
  update public.circle_issues as c set
    mapped_to_issue_id = v_issue_id, is_triaged = true, triage_confidence = 1,
    triaged_by = private.actor_name(), triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.presence(p_notes), c.triage_notes)
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
    title = coalesce(private.presence(p_title), i.title), segment = coalesce(p_segment, i.segment),
    tags = case when p_segment is null then i.tags else array_replace(i.tags, i.segment, p_segment) end,
    status = case when i.id = v_former_id and i.status = 'archived' then 'waiting_for_help' else i.status end
  where i.id = v_issue_id
    and (p_title is not null or p_segment is not null or i.id = v_former_id);
  return v_issue_id;
end;
$$;
comment on function private.import_circle_issue(uuid, uuid, text, text, text) is
  'Body of public.import_circle_issue.';

create or replace function private.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  if v_message.mapped_to_issue_id is not null then
    raise exception using
      errcode = 'PT409', message = 'circle_issue_has_issue', detail = 'The message has an issue already.',
      hint = 'Put it back with return_circle_issue first, or archive the issue.';
  end if;
  if v_message.is_triaged and v_message.triaged_by is not null then
    update public.circle_issues as c set triage_notes = p_notes
    where c.id = p_circle_issue_id and private.presence(p_notes) is not null;
    return;
  end if;
  update public.circle_issues as c set
    is_triaged = true, triage_confidence = 1, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.presence(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
end;
$$;
comment on function private.dismiss_circle_issue(uuid, text) is 'Body of public.dismiss_circle_issue.';

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
    triage_confidence = (private.judge_circle_message(c.sender_verdict, c.title, c.body)).likelihood,
    triage_notes = coalesce(private.presence(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
  update public.issues as i set status = 'archived'
  where i.status <> 'archived' and i.id = v_message.mapped_to_issue_id
    and i.id = (select m.issue_id from private.circle_imports as m where m.circle_issue_id = v_message.id)
    and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id);
end;
$$;
comment on function private.return_circle_issue(uuid, text) is 'Body of public.return_circle_issue.';

drop function private.take_turns_of_events(uuid[]);
drop function private.turns_of_event(bytea);
drop function private.lock_issues_of_messages(private.circle_item[]);
drop function private.lock_circle_issue(uuid);
