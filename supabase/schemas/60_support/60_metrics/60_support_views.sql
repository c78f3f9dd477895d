-- The figures of support, for the team.

-- Few conversations are open. Without last_message_at, which every message writes.
create index conversations_open_status_idx on support.conversations (status) where status <> 'closed';

create view support.conversation_counts with (security_invoker = true) as
select c.status::text as status, count(*) as conversations_count
from support.conversations as c
where c.status <> 'closed'
group by c.status;
comment on view support.conversation_counts is
  'The conversations that are not closed, by status, counted when it is read. Their sum is the number of '
  'active conversations.';
grant select on support.conversation_counts to authenticated, service_role;

create or replace function private.load_support_days()
returns table (
  day date, conversations_count bigint, escalated_conversations_count bigint, escalation_rate numeric,
  escalations_count bigint, visitor_messages_count bigint, assistant_messages_count bigint,
  person_messages_count bigint, unsure_answers_count bigint, helpful_count bigint, unhelpful_count bigint,
  helpful_rate numeric, counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select d.day, d.conversations_count, d.escalated_conversations_count,
    round(d.escalated_conversations_count::numeric / nullif(d.conversations_count, 0), 4),
    d.escalations_count, d.visitor_messages_count, d.assistant_messages_count, d.person_messages_count,
    d.unsure_answers_count, d.helpful_count, d.unhelpful_count,
    round(d.helpful_count::numeric / nullif(d.helpful_count + d.unhelpful_count, 0), 4), d.counted_at
  from private.support_days as d;
end;
$$;
comment on function private.load_support_days is
  'What support.daily_metrics contains; nothing for callers who may not read it.';
grant execute on function private.load_support_days to authenticated, service_role;

create view support.daily_metrics with (security_invoker = true) as
select * from private.load_support_days();
comment on view support.daily_metrics is
  'One row per day (UTC) on which something happened. Counted by a job every ten minutes; counted_at tells '
  'what a row does not contain yet. The team.';
comment on column support.daily_metrics.escalated_conversations_count is
  'Of the conversations that were started on this day, those that needed a person, whenever that was.';
comment on column support.daily_metrics.escalation_rate is
  'escalated_conversations_count in conversations_count, 0 to 1; null without conversations.';
comment on column support.daily_metrics.unsure_answers_count is
  'Answers of the assistant below answer_confidence, as it was when the day was counted.';
comment on column support.daily_metrics.helpful_rate is
  'The share of helpful in all ratings of that day, 0 to 1; null without ratings.';
comment on column support.daily_metrics.counted_at is 'When the row was counted.';
grant select on support.daily_metrics to authenticated, service_role;

create or replace function private.load_support_response_times()
returns table (
  day date, responder text, kind text, responses_count bigint, median_seconds real, p90_seconds real,
  counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select r.day, r.responder, case when r.is_first then 'first' else 'later' end, r.responses_count,
    r.median_seconds, r.p90_seconds, d.counted_at
  from private.support_day_responses as r join private.support_days as d on d.day = r.day;
end;
$$;
comment on function private.load_support_response_times is
  'What support.response_times contains; nothing for callers who may not read it.';
grant execute on function private.load_support_response_times to authenticated, service_role;

create view support.response_times with (security_invoker = true) as
select * from private.load_support_response_times();
comment on view support.response_times is
  'How long visitors waited for an answer, by the day (UTC) of the answer. Counted by a job every ten '
  'minutes. The team.';
comment on column support.response_times.responder is 'assistant or person.';
comment on column support.response_times.kind is
  'first: the assistant''s first answer in a conversation, or a person''s first to an escalation. later: any '
  'other answer to something that the visitor wrote.';
comment on column support.response_times.median_seconds is
  'Half of the answers took no longer, from the visitor''s first message without an answer; for a person''s '
  'first, from the escalation.';
comment on column support.response_times.p90_seconds is 'Nine of ten answers took no longer.';
comment on column support.response_times.counted_at is 'When the row was counted.';
grant select on support.response_times to authenticated, service_role;
