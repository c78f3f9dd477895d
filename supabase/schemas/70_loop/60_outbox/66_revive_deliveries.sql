-- What was given up goes out after all: where its thread is known by now, or where an admin wants it.

create or replace function private.refresh_reply_targets(p_ids bigint[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.deliveries as d set payload = d.payload || t.target
  from (
    select o.id, private.circle_message_target(c) as target
    from public.deliveries as o
    join public.circle_issues as c on c.message_id = o.payload #>> '{reporters,0}' and c.removed_at is null
    where o.id = any (p_ids) and o.channel = 'circle'
  ) as t
  where d.id = t.id and t.target is not null and not d.payload @> t.target;
end;
$$;
comment on function private.refresh_reply_targets is
  'Sets where these replies go to what is known of their messages now; what was known of them stays.';

create or replace function private.can_reach_reporters(p_delivery public.deliveries) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return case p_delivery.channel
    when 'circle' then p_delivery.payload ? 'kind' or coalesce((
      select private.circle_message_target(c) is not null from public.circle_issues as c
      where c.message_id = p_delivery.payload #>> '{reporters,0}' and c.removed_at is null
    ), false)
    when 'support' then p_delivery.payload ? 'conversation_id'
    else true
  end;
end;
$$;
comment on function private.can_reach_reporters is
  'Whether a reply has a thread or conversation to go to; true of what goes to an endpoint.';

-- Of one that was never sent nobody has decided yet.
create or replace function private.revived_status(p_delivery public.deliveries) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_delivery.endpoint_id is not null or p_delivery.approved_by is not null
    or p_delivery.attempts_count > 0
  then
    return 'pending';
  elsif p_delivery.kind = 'reopened'
    or private.quotes_another_visitor(p_delivery.issue_id, coalesce(
      p_delivery.payload ->> 'conversation_id', p_delivery.payload #>> '{reporters,0}'
    ))
  then
    return 'draft';
  end if;
  return coalesce((
    select case when exists (
      select from public.loop_events as n
      where n.issue_id = e.issue_id and n.hop = 'reported' and n.at > e.at
        and p_delivery.payload -> 'reporters' ? n.reference
    ) then 'draft' else private.reply_status(e) end
    from public.loop_events as e where e.id = p_delivery.event_id
  ), 'draft');
end;
$$;
comment on function private.revived_status is
  'The status of a dead letter that is sent after all: pending, or draft where it was never sent and '
  'a person decides.';

create or replace function private.revive_deliveries(p_ids bigint[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.refresh_reply_targets(p_ids);
  update public.deliveries as d set
    status = private.revived_status(d), deliver_after = clock_timestamp(), last_error = case
      when d.attempts_count > 0 then d.last_error end
  where d.id = any (p_ids) and d.status = 'dead';
  perform private.queue_deliveries(p_ids);
end;
$$;
comment on function private.revive_deliveries is
  'Has these dead letters, which can be sent, sent again with all attempts.';

-- Those that an endpoint or Circle has refused wait for an admin: nothing has changed for them.
create or replace function private.revive_replies_to_messages(p_message_ids text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(
    select d.id
    from public.circle_issues as c
    join public.deliveries as d on d.issue_id in (
      select c.mapped_to_issue_id
      union
      select m.source_issue_id from public.issue_merges as m where m.into_issue_id = c.mapped_to_issue_id
    )
    where c.message_id = any (p_message_ids)
      and d.channel = 'circle' and d.status = 'dead' and not d.payload ? 'kind'
      and d.payload #>> '{reporters,0}' = c.message_id
      and private.is_reply_current(d.id) and private.can_reach_reporters(d)
    order by d.id
    for no key update of d
  );
begin
  if v_ids <> '{}' then
    perform private.revive_deliveries(v_ids);
  end if;
end;
$$;
comment on function private.revive_replies_to_messages is
  'Has the replies to these messages sent that had no thread and have one now.';

create or replace function private.revive_replies_of_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.revive_replies_to_messages(array[new.message_id]);
  return null;
end;
$$;
comment on function private.revive_replies_of_message is
  'After trigger of messages whose room or space becomes known: what could not be answered is.';
create trigger _390_revive_replies_of_message after update on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and (
      old.chat_room_uuid is distinct from new.chat_room_uuid or old.space_id is distinct from new.space_id
    )
  )
  execute function private.revive_replies_of_message();

-- By the replies that wait: there are fewer of them than messages in a space.
create or replace function private.revive_replies_of_space() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.revive_replies_to_messages(array(
    select c.message_id
    from public.deliveries as d
    join public.circle_issues as c on c.message_id = d.payload #>> '{reporters,0}'
    where d.channel = 'circle' and d.status = 'dead' and not d.payload ? 'kind'
      and c.space_id = new.space_id::text
  ));
  return null;
end;
$$;
comment on function private.revive_replies_of_space is
  'After trigger of spaces that get a room: what could not be answered in them is.';
create trigger _390_revive_replies_of_space after insert or update on public.circle_spaces
  for each row when (new.space_id is not null) execute function private.revive_replies_of_space();
