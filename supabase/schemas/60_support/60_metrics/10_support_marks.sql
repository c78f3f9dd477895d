-- Which days of support's figures are stored, and which of them are to be counted again.
--
-- Days are UTC's. A day that is over is counted once and stored; a job counts the current day every few
-- minutes, and again those of which something changed since. The views read stored days only, and state when
-- each was counted.

-- Appended by writers, so that none waits for another; removed by the job.
create table private.support_marks (
  id bigint not null generated always as identity,
  day date not null,
  constraint support_marks_pkey primary key (id)
);
comment on table private.support_marks is 'Days that are over and of which something changed.';
alter table private.support_marks enable row level security;

create or replace function private.support_day(p_at timestamptz) returns date
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return (p_at at time zone 'UTC')::date;
end;
$$;
comment on function private.support_day is 'The day of support''s figures, in UTC.';

-- The job counts a day again until two hours after its end, when what was written without a mark is
-- committed. Retention, which deletes whole conversations, changes no figure.
create or replace function private.mark_support_days(p_days date[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.support_marks (day)
  select distinct u.day from unnest(p_days) as u (day)
  where u.day < private.support_day(now() - interval '1 hour')
    and current_setting('app.support_retention', true) is distinct from 'on';
end;
$$;
comment on function private.mark_support_days is
  'Notes that something of these days changed; the current one needs no mark.';

create or replace function private.mark_support_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[private.support_day(coalesce(new.created_at, old.created_at))]);
  return null;
end;
$$;
comment on function private.mark_support_conversation is
  'After trigger of conversations that are inserted with a past time, or deleted: marks their day.';

create or replace function private.mark_support_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[
    private.support_day(coalesce(new.created_at, old.created_at)), (
      select private.support_day(c.created_at) from support.conversations as c
      where c.id = coalesce(new.conversation_id, old.conversation_id)
    )
  ]);
  return null;
end;
$$;
comment on function private.mark_support_escalation is
  'After trigger of escalations that are inserted or deleted: marks their day, and that of the conversation.';

create or replace function private.mark_support_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[private.support_day(new.created_at)]);
  return null;
end;
$$;
comment on function private.mark_support_message is
  'After-insert trigger of messages with a past time: marks their day.';

create or replace function private.mark_deleted_messages() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(
    array(select distinct private.support_day(d.created_at) from deleted_messages as d)
  );
  return null;
end;
$$;
comment on function private.mark_deleted_messages is
  'After-statement trigger of messages: marks the days of those that were deleted.';

create trigger _300_mark_conversation after insert on support.conversations
  for each row when (new.created_at < now() - interval '1 hour')
  execute function private.mark_support_conversation();
create trigger _310_mark_conversation after delete on support.conversations
  for each row execute function private.mark_support_conversation();
create trigger _300_mark_escalation after insert or delete on support.escalations
  for each row execute function private.mark_support_escalation();
create trigger _310_mark_message after insert on support.messages
  for each row when (new.created_at < now() - interval '1 hour')
  execute function private.mark_support_message();
create trigger _320_mark_deleted_messages after delete on support.messages
  referencing old table as deleted_messages
  for each statement execute function private.mark_deleted_messages();

create or replace function private.mark_support_rating() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[private.support_day(coalesce(old.created_at, new.created_at))]);
  return null;
end;
$$;
comment on function private.mark_support_rating is
  'After trigger of ratings that are changed or deleted, or inserted with a past time: marks their day.';

create trigger _300_mark_rating after insert or update or delete on support.answer_ratings
  for each row execute function private.mark_support_rating();
