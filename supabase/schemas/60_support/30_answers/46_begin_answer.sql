-- Stores what a visitor asks, and finds what to answer: the first half of support-chat.

create or replace function private.find_chat_conversation(
  p_session_id text, p_user_id uuid, p_conversation_id uuid
) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  if p_session_id is not null then
    return private.find_session(p_session_id);
  end if;
  select c.id into v_id from support.conversations as c
  where c.id = p_conversation_id and c.user_id = p_user_id and private.is_active_account(p_user_id);
  if v_id is null then
    perform private.raise_conversation_unknown();
  end if;
  return v_id;
end;
$$;
comment on function private.find_chat_conversation is
  'The conversation of a session, or of an account. Errors: support_conversation_unknown (404).';

create or replace function private.chat_message(p_message support.messages) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return case when p_message.id is not null then to_jsonb(p_message) - 'author_user_id' end;
end;
$$;
comment on function private.chat_message is 'A message as its visitor sees it.';

create or replace function private.load_chat_message(p_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select private.chat_message(m) from support.messages as m where m.id = p_id);
end;
$$;
comment on function private.load_chat_message is
  'A stored message as its visitor sees it; null where it is gone.';

create or replace function private.load_chat_passages(p_sources jsonb)
returns table (
  number integer, kind text, source_id uuid, title text, text text, url text, confidence real, is_all boolean
)
language plpgsql stable security definer set search_path = '' as $$
begin
  -- what was deleted or taken back meanwhile is not quoted any more
  return query
  select s.position::integer, case when p.article_id is null then 'answer' else 'article' end, p.source_id,
    coalesce(t.title, a.question), p.text, coalesce(t.url, a.url), (s.source ->> 'confidence')::real,
    not exists (
      select from private.answer_passages as o where o.source_id = p.source_id and o.number > p.number
    )
  from jsonb_array_elements(p_sources) with ordinality as s (source, position)
  join private.answer_passages as p
    on p.source_id = (s.source ->> 'source_id')::uuid and p.number = (s.source ->> 'number')::integer
  left join support.articles as t on t.id = p.article_id
  left join support.answers as a on a.id = p.answer_id
  order by s.position;
end;
$$;
comment on function private.load_chat_passages is 'The passages of a request that are still published.';

-- The last messages before it, so that a model knows what is talked about.
create or replace function private.chat_prompt(p_message support.messages, p_sources jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_build_object(
    'question', left(p_message.content, 4000),
    'conversation', (
      select coalesce(jsonb_agg(
        jsonb_build_object('role', m.role, 'text', left(m.content, 500)) order by m.position
      ), '[]'::jsonb)
      from (
        select o.role, o.content, o.position from support.messages as o
        where o.conversation_id = p_message.conversation_id and o.position < p_message.position
          and o.role <> 'system'
        order by o.position desc limit 8
      ) as m
    ),
    'passages', (
      select coalesce(jsonb_agg(
        jsonb_build_object('number', p.number, 'title', p.title, 'text', p.text, 'url', p.url)
        order by p.number
      ), '[]'::jsonb)
      from private.load_chat_passages(p_sources) as p
    )
  );
end;
$$;
comment on function private.chat_prompt is
  'What a model is given: the question, up to eight messages before it, and the passages.';

create or replace function private.visitor_language(p_message support.messages) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(private.detect_language(p_message.content), private.detect_language((
    select string_agg(m.content, ' ')
    from (
      select o.content from support.messages as o
      where o.conversation_id = p_message.conversation_id and o.position < p_message.position
        and o.role = 'user'
      order by o.position desc limit 3
    ) as m
  )), 'en');
end;
$$;
comment on function private.visitor_language is
  'The language of a message; where it shows none, that of the three before it, else en.';

-- The last thing that was said before, notes aside, is that the assistant has no answer.
create or replace function private.find_offer(p_message support.messages) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select r.message_id
    from (
      select m.id from support.messages as m
      where m.conversation_id = p_message.conversation_id and m.position < p_message.position
        and m.role <> 'system'
      order by m.position desc limit 1
    ) as l
    join private.chat_requests as r on r.answer_message_id = l.id and r.outcome = 'unknown'
  );
end;
$$;
comment on function private.find_offer is
  'The visitor''s message to which the assistant had no answer, where it has just offered a '
  'person; else null.';

create or replace function private.find_accepted_offer(p_message_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select private.find_offer(m) from support.messages as m
    where m.id = p_message_id and private.parse_reply(m.content) = 'yes'
  );
end;
$$;
comment on function private.find_accepted_offer is
  'Of a message that says yes to the offer of a person: what the visitor had asked; else null.';

create or replace function private.lease_chat_request(p_message support.messages)
returns private.chat_requests
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_request private.chat_requests;
  v_sources jsonb := '[]'::jsonb;
  v_confidence real;
begin
  if not private.is_courtesy(p_message.content) and (
    private.parse_reply(p_message.content) is null or private.find_offer(p_message) is null
  ) then
    select coalesce(jsonb_agg(
      jsonb_build_object('source_id', r.source_id, 'number', r.number, 'confidence', c.confidence)
      order by r.position
    ), '[]'::jsonb), coalesce(max(c.confidence) filter (where r.position = 1), 0)
    into v_sources, v_confidence
    from private.rank_sources(p_message.content, 4) with ordinality as r (
      source_id, number, score, features, position
    )
    cross join lateral private.answer_confidence(r.features) as c (confidence);
  end if;
  insert into private.chat_requests as q (
    message_id, conversation_id, lease_expires_at, language, sources, confidence
  )
  values (
    p_message.id, p_message.conversation_id, now() + interval '2 minutes',
    private.visitor_language(p_message), v_sources, v_confidence
  )
  on conflict on constraint chat_requests_pkey do update set
    lease_expires_at = excluded.lease_expires_at, fencing_token = q.fencing_token + 1,
    sources = excluded.sources, confidence = excluded.confidence
  returning * into v_request;
  return v_request;
end;
$$;
comment on function private.lease_chat_request is
  'Finds sources for a message and leases it for two minutes. The caller has locked the conversation.';

-- The tokens of a text are at most a third of its bytes, and an answer has up to 700.
create or replace function private.prepare_chat_model(
  p_message support.messages, p_request private.chat_requests
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings support.settings;
  v_prompt jsonb;
  v_tokens integer := 0;
  v_failure text;
begin
  select * into v_settings from support.settings as s where s.id;
  if p_request.confidence is null then
    return null;
  elsif p_request.confidence < v_settings.model_confidence then
    v_failure := 'no_passages';
  else
    v_prompt := private.chat_prompt(p_message, p_request.sources);
    v_tokens := octet_length(v_prompt::text) / 3 + 1000;
    v_failure := private.reserve_chat_tokens(p_request.conversation_id, v_tokens);
  end if;
  update private.chat_requests as r set
    failure = v_failure, reserved_tokens_count = case when v_failure is null then v_tokens else 0 end
  where r.message_id = p_request.message_id;
  return case when v_failure is null then v_prompt end;
end;
$$;
comment on function private.prepare_chat_model is
  'What the model is asked about a leased message, within the budgets; null where it is not asked, and '
  'why in failure.';

create or replace function private.begin_answer(
  p_content text, p_client_key text, p_session_id text, p_user_id uuid, p_conversation_id uuid,
  p_headers jsonb, p_has_model boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id constant uuid :=
    private.find_chat_conversation(p_session_id, p_user_id, p_conversation_id);
  v_message support.messages;
  v_request private.chat_requests;
  v_prompt jsonb;
  v_state text := 'answering';
begin
  v_message := private.insert_visitor_message(v_conversation_id, p_content, p_client_key, p_headers);
  select * into v_request from private.chat_requests as r where r.message_id = v_message.id;
  if v_request.outcome is not null then
    v_state := case v_request.outcome when 'silent' then 'with_human' else v_request.outcome end;
  elsif v_request.lease_expires_at > now() then
    v_state := 'pending';
  elsif (select c.status from support.conversations as c where c.id = v_conversation_id) = 'with_human' then
    v_state := 'with_human';
  else
    v_request := private.lease_chat_request(v_message);
    if p_has_model then
      v_prompt := private.prepare_chat_model(v_message, v_request);
    end if;
  end if;
  return jsonb_build_object(
    'state', v_state, 'message', private.chat_message(v_message),
    'answer', private.load_chat_message(v_request.answer_message_id),
    'fencing_token', v_request.fencing_token, 'language', v_request.language, 'prompt', v_prompt,
    'timeout_seconds', (select s.model_timeout_seconds from support.settings as s where s.id)
  );
end;
$$;
grant execute on function private.begin_answer to service_role;

create or replace function support.begin_answer(
  content text, client_key text default null, session_id text default null, user_id uuid default null,
  conversation_id uuid default null, headers jsonb default null, has_model boolean default false
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_answer(
    begin_answer.content, begin_answer.client_key, begin_answer.session_id, begin_answer.user_id,
    begin_answer.conversation_id, begin_answer.headers, begin_answer.has_model
  );
end;
comment on function support.begin_answer is
  'Stores a visitor''s message, as send_message does, and looks for its answer: {state, message, answer, '
  'fencing_token, language, prompt, timeout_seconds}. state is answering: finish_answer() is to be called; '
  'pending: another call does; with_human: nobody answers but a person; answered, unknown or courtesy: the '
  'answer of the first call. prompt is what to ask a model; null without one. headers are those of the '
  'visitor''s request. Service role only. Errors: support_conversation_unknown (404), '
  'support_message_conflict, support_messages_limit_reached (409), support_message_too_large (413), '
  'support_message_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';
grant execute on function support.begin_answer to service_role;
