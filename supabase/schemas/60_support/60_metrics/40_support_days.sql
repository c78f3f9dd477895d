-- The figures of each day, stored.

create table private.support_days (
  day date not null,
  conversations_count bigint not null,
  escalated_conversations_count bigint not null,
  escalations_count bigint not null,
  visitor_messages_count bigint not null,
  assistant_messages_count bigint not null,
  person_messages_count bigint not null,
  unsure_answers_count bigint not null,
  helpful_count bigint not null,
  unhelpful_count bigint not null,
  counted_at timestamptz not null,
  constraint support_days_pkey primary key (day)
);
comment on table private.support_days is
  'One row per day with its figures, as of counted_at. Written by run_support_metrics() alone.';
comment on column private.support_days.escalated_conversations_count is
  'Of the conversations that were started on this day, those that were escalated, whenever that was.';
alter table private.support_days enable row level security;

create table private.support_day_responses (
  day date not null,
  responder text not null,
  is_first boolean not null,
  responses_count bigint not null,
  median_seconds real not null,
  p90_seconds real not null,
  constraint support_day_responses_pkey primary key (day, responder, is_first)
);
comment on table private.support_day_responses is
  'One row per day, responder and kind of answer: how long visitors waited. Counted with support_days.';
alter table private.support_day_responses enable row level security;

-- The messages of a day, of which only the pages of that day are read.
create index messages_created_at_idx on support.messages using brin (created_at);

create or replace function private.sum_support_responses(p_from date, p_to date)
returns table (responder text, is_first boolean, count bigint, seconds double precision[])
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select o.responder, o.is_first, count(*),
    percentile_cont(array[0.5, 0.9]) within group (order by o.seconds)
  from private.support_responses as o
  where o.day between p_from and p_to
  group by o.responder, o.is_first;
end;
$$;
comment on function private.sum_support_responses is
  'The number of answers from one day to another, and the median and the 90th percentile of the wait.';

create or replace function private.count_support_day(p_day date) returns private.support_days
language plpgsql stable security definer set search_path = '' as $$
declare
  v_from constant timestamptz := p_day::timestamp at time zone 'UTC';
  v_to constant timestamptz := (p_day + 1)::timestamp at time zone 'UTC';
  v private.support_days;
begin
  v.day := p_day;
  v.counted_at := clock_timestamp();
  select count(*), count(*) filter (where exists (
    select from support.escalations as e where e.conversation_id = c.id
  ))
  into v.conversations_count, v.escalated_conversations_count
  from support.conversations as c where c.created_at >= v_from and c.created_at < v_to;
  select count(*) into v.escalations_count
  from support.escalations as e where e.created_at >= v_from and e.created_at < v_to;
  select count(*) filter (where m.role = 'user'), count(*) filter (where m.role = 'assistant'),
    count(*) filter (where m.role = 'agent'), count(*) filter (where m.confidence < s.answer_confidence)
  into v.visitor_messages_count, v.assistant_messages_count, v.person_messages_count, v.unsure_answers_count
  from support.messages as m cross join support.settings as s
  where m.created_at >= v_from and m.created_at < v_to;
  select count(*) filter (where r.is_helpful), count(*) filter (where not r.is_helpful)
  into v.helpful_count, v.unhelpful_count
  from support.answer_ratings as r where r.created_at >= v_from and r.created_at < v_to;
  return v;
end;
$$;
comment on function private.count_support_day is 'The row of support_days for a day, counted.';

create or replace function private.count_support_responses(p_day date)
returns setof private.support_day_responses
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select p_day, r.responder, r.is_first, r.count, r.seconds[1]::real, r.seconds[2]::real
  from private.sum_support_responses(p_day, p_day) as r;
end;
$$;
comment on function private.count_support_responses is
  'The rows of support_day_responses for a day, counted.';
