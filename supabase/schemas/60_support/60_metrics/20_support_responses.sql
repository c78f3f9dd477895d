-- How long visitors waited for each answer, noted when it is written.

create table private.support_responses (
  message_id uuid not null,
  day date not null,
  responder text not null,
  is_first boolean not null,
  seconds real not null,
  constraint support_responses_pkey primary key (message_id),
  constraint support_responses_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade,
  constraint support_responses_responder_is_known check (responder in ('assistant', 'person')),
  constraint support_responses_seconds_is_not_negative check (seconds >= 0)
);
comment on table private.support_responses is
  'One row per message that answers a visitor: the first of the assistant, or of a person, after something '
  'that the visitor wrote. Written with the message, in its transaction.';
comment on column private.support_responses.day is 'Of the answer, in UTC.';
comment on column private.support_responses.is_first is
  'Whether it is the assistant''s first answer in the conversation, or a person''s first to an escalation.';
comment on column private.support_responses.seconds is
  'From the visitor''s first message that had no answer; for a person''s first, from the escalation.';
-- Percentiles of a day and of a range are read from the index alone.
create index support_responses_day_responder_is_first_seconds_idx
  on private.support_responses (day, responder, is_first, seconds);
alter table private.support_responses enable row level security;

create or replace function private.unanswered_since(p_message support.messages) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.created_at from support.messages as m
    where m.conversation_id = p_message.conversation_id and m.role = 'user'
      and m.position < p_message.position and m.position > coalesce((
        select a.position from support.messages as a
        where a.conversation_id = p_message.conversation_id and a.role in ('assistant', 'agent')
          and a.position < p_message.position
        order by a.position desc limit 1
      ), 0)
    order by m.position limit 1
  );
end;
$$;
comment on function private.unanswered_since is
  'When the visitor wrote the first message that had no answer before this one; null where all had.';

-- For a person's first answer to an escalation, the visitor has waited since a person was asked for, or since
-- an earlier message that the assistant did not answer. A message that takes a conversation over makes its
-- escalation itself, and nobody was asked for before.
create or replace function private.response_of(p_message support.messages)
returns table (responder text, is_first boolean, seconds real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_since timestamptz := private.unanswered_since(p_message);
  v_is_first boolean;
begin
  if p_message.role = 'assistant' then
    v_is_first := not exists (
      select from support.messages as a
      where a.conversation_id = p_message.conversation_id and a.role = 'assistant'
        and a.position < p_message.position
    );
  else
    select true, least(v_since, case when e.created_at < p_message.created_at then e.created_at end)
    into v_is_first, v_since
    from support.escalations as e
    where e.conversation_id = p_message.conversation_id and e.first_answered_at = p_message.created_at
    limit 1;
    if not found then
      v_is_first := false;
      v_since := private.unanswered_since(p_message);
    end if;
  end if;
  if v_since is not null then
    return query select case p_message.role when 'agent' then 'person' else 'assistant' end, v_is_first,
      greatest(extract(epoch from p_message.created_at - v_since), 0)::real;
  end if;
end;
$$;
comment on function private.response_of is
  'How long the visitor waited for this message of the assistant or a person; no row where '
  'it answers nothing.';

create or replace function private.note_support_response() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.support_responses (message_id, day, responder, is_first, seconds)
  select new.id, private.support_day(new.created_at), r.responder, r.is_first, r.seconds
  from private.response_of(new) as r;
  return null;
end;
$$;
comment on function private.note_support_response is
  'After-insert trigger of messages of the assistant and of persons: notes how long the visitor waited.';

create trigger _300_note_support_response after insert on support.messages
  for each row when (new.role in ('assistant', 'agent')) execute function private.note_support_response();
