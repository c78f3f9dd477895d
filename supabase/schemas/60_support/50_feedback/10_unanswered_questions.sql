-- What visitors asked and the assistant could not answer, the same question together: what to write an
-- article about. Kept apart from the index that answers are found in.

create table private.unanswered_questions (
  message_id uuid not null,
  group_id uuid not null,
  question_key text,
  vector tsvector not null,
  asked_at timestamptz not null,
  constraint unanswered_questions_pkey primary key (message_id),
  constraint unanswered_questions_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade
);
comment on table private.unanswered_questions is
  'One row per message of a visitor that the assistant had no answer to. Deleted with the message.';
comment on column private.unanswered_questions.group_id is
  'The first message of those that ask the same; it may be deleted meanwhile.';
comment on column private.unanswered_questions.question_key is
  'Its distinct words, sorted; equal for the same question.';
create index unanswered_questions_group_id_idx on private.unanswered_questions (group_id);
create index unanswered_questions_question_key_idx on private.unanswered_questions (question_key, asked_at);
create index unanswered_questions_vector_idx on private.unanswered_questions using gin (vector)
  with (gin_pending_list_limit = 256);
create index unanswered_questions_asked_at_idx on private.unanswered_questions (asked_at);
alter table private.unanswered_questions enable row level security;

-- Alike: at least half of the different words of both are in both. Each is compared with the newest 200 that
-- have one of its three longest words.
create or replace function private.find_question_group(p_vector tsvector, p_key text) returns uuid
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set enable_seqscan = off as $$
declare
  v_words constant text[] := tsvector_to_array(p_vector);
  v_query constant tsquery := (
    select string_agg(quote_literal(l.word), ' | ')::tsquery
    from (
      select u.word from unnest(v_words) as u (word) order by length(u.word) desc, u.word limit 3
    ) as l
  );
  v_group_id uuid;
begin
  select q.group_id into v_group_id from private.unanswered_questions as q
  where q.question_key = p_key order by q.asked_at desc limit 1;
  if v_group_id is not null or cardinality(v_words) < 2 then
    return v_group_id;
  end if;
  select c.group_id into v_group_id
  from (
    select q.group_id, q.vector, q.asked_at from private.unanswered_questions as q
    where q.vector @@ v_query
    order by q.asked_at + interval '0' desc
    limit 200
  ) as c
  cross join lateral (
    select count(*) as count from unnest(c.vector) as l where l.lexeme = any (v_words)
  ) as s
  where s.count * 2 >= cardinality(v_words) + length(c.vector) - s.count and s.count >= 2
  order by s.count::real / (cardinality(v_words) + length(c.vector) - s.count) desc, c.asked_at desc
  limit 1;
  return v_group_id;
end;
$$;
comment on function private.find_question_group is
  'The group of questions that has the same words, or at least half of them; null without one.';

create or replace function private.record_unanswered_question(p_message_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message support.messages;
  v_vector tsvector;
  v_key text;
begin
  select * into v_message from support.messages as m where m.id = p_message_id;
  v_vector := private.search_vector(left(v_message.content, 4000), 8000);
  v_key := private.question_key(v_vector);
  insert into private.unanswered_questions (message_id, group_id, question_key, vector, asked_at)
  values (
    p_message_id, coalesce(private.find_question_group(v_vector, v_key), p_message_id), v_key, v_vector,
    v_message.created_at
  )
  on conflict on constraint unanswered_questions_pkey do nothing;
end;
$$;
comment on function private.record_unanswered_question is
  'Adds a message to the questions without an answer, next to those that ask the same.';

create or replace function private.load_unanswered_questions()
returns table (
  id uuid, question text, questions_count bigint, conversations_count bigint, first_asked_at timestamptz,
  last_asked_at timestamptz, last_message_id uuid
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and private.has_team_role('viewer') is not true then
    return;
  end if;
  return query
  select g.group_id, m.content, g.questions_count, g.conversations_count, g.first_asked_at, g.last_asked_at,
    m.id
  from (
    select q.group_id, count(*) as questions_count, count(distinct o.conversation_id) as conversations_count,
      min(q.asked_at) as first_asked_at, max(q.asked_at) as last_asked_at,
      (array_agg(q.message_id order by q.asked_at desc, q.message_id))[1] as last_message_id
    from private.unanswered_questions as q
    join support.messages as o on o.id = q.message_id
    group by q.group_id
  ) as g
  join support.messages as m on m.id = g.last_message_id
  order by g.questions_count desc, g.last_asked_at desc, g.group_id;
end;
$$;
comment on function private.load_unanswered_questions is
  'What support.unanswered_questions contains; nothing for callers who may not read it.';
grant execute on function private.load_unanswered_questions to authenticated, service_role;

create view support.unanswered_questions with (security_invoker = true) as
select * from private.load_unanswered_questions();
comment on view support.unanswered_questions is
  'Questions of visitors that the assistant had no answer to, those that are alike as one row, the most '
  'frequent first. The team.';
comment on column support.unanswered_questions.id is 'Of the group.';
comment on column support.unanswered_questions.question is 'The newest of them, as the visitor wrote it.';
comment on column support.unanswered_questions.conversations_count is
  'In how many conversations it was asked.';
grant select on support.unanswered_questions to authenticated, service_role;
