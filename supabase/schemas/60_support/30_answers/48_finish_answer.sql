-- Says what was found, unless a person has taken over meanwhile: the second half of support-chat.

create type private.chat_answer as (
  outcome text,
  answered_by text,
  content text,
  source jsonb,
  confidence real,
  answer_id uuid
);
comment on type private.chat_answer is 'What the assistant is about to say.';

create or replace function private.source_lines(p_links jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(concat_ws(E'\n', l.link ->> 'title', l.link ->> 'url'), E'\n' order by l.position)
    from jsonb_array_elements(p_links) with ordinality as l (link, position)
  );
end;
$$;
comment on function private.source_lines is
  'The sources of an answer as text: the title of each, and its link.';

-- p_used: numbers of passages. Without a text of a model, the best passage itself.
create or replace function private.compose_chat_answer(
  p_request private.chat_requests, p_text text, p_used integer[], p_is_declined boolean
) returns private.chat_answer
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant real := (select s.answer_confidence from support.settings as s where s.id);
  v_answer private.chat_answer;
  v_best record;
  v_links jsonb;
begin
  select * into v_best from private.load_chat_passages(p_request.sources) as p
  where p.number = any (coalesce(p_used, array[1])) order by p.number limit 1;
  v_answer.answered_by := case when p_text is null and not p_is_declined then 'built_in' else 'model' end;
  v_answer.confidence := p_request.confidence;
  if v_answer.confidence is null then
    v_answer.outcome := 'courtesy';
  elsif p_is_declined or v_best.source_id is null or p_text is null and v_answer.confidence < v_threshold then
    v_answer.outcome := 'unknown';
    v_answer.confidence := least(v_answer.confidence, (v_threshold / 2)::real);
  else
    v_answer.outcome := 'answered';
    v_answer.confidence := greatest(v_answer.confidence, v_threshold);
  end if;
  v_answer.source := jsonb_build_object('by', v_answer.answered_by);
  if v_answer.outcome <> 'answered' then
    v_answer.content := private.support_phrase(p_request.language, case
      when v_answer.outcome = 'courtesy' and private.find_accepted_offer(p_request.message_id) is not null
        then 'requested' else v_answer.outcome end);
    return v_answer;
  end if;
  select jsonb_agg(jsonb_build_object(
    'kind', p.kind, 'id', p.source_id, 'title', p.title, 'url', p.url
  ) order by p.number) into v_links
  from private.load_chat_passages(p_request.sources) as p
  where p.number = any (coalesce(p_used, array[1]));
  v_answer.source := v_answer.source || jsonb_build_object('links', v_links);
  v_answer.answer_id := case v_best.kind when 'answer' then v_best.source_id end;
  v_answer.content := concat_ws(
    E'\n\n', coalesce(p_text, private.support_phrase(p_request.language, 'found')),
    case when p_text is null then v_best.text || case when v_best.is_all then '' else ' …' end end,
    private.source_lines(v_links)
  );
  return v_answer;
end;
$$;
comment on function private.compose_chat_answer is
  'What the assistant says to a leased message: the text of a model with its sources, the best passage with '
  'its source, that it does not know, or a courtesy. Sources that are not published any more are left out.';

create or replace function private.store_chat_answer(
  p_request private.chat_requests, p_answer private.chat_answer, p_model text, p_tokens integer,
  p_failure text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_failure constant text := coalesce(substring(p_failure from '^[a-z_]{1,50}$'), p_request.failure);
  v_message support.messages;
  v_outcome text := p_answer.outcome;
  v_accepted_id uuid;
  v_escalation_id uuid;
begin
  v_message := private.insert_assistant_message(
    p_request.conversation_id, private.left_bytes(p_answer.content, 65536),
    p_answer.source || case when v_failure is null then '{}'::jsonb
      else jsonb_build_object('failure', v_failure) end,
    p_answer.confidence, p_answer.answer_id
  );
  if v_message.id is null then
    v_outcome := 'silent';
  end if;
  update private.chat_requests as r set
    outcome = v_outcome, answered_by = p_answer.answered_by, model = left(p_model, 200), failure = v_failure,
    tokens_count = private.spend_chat_tokens(p_request, p_tokens), answer_message_id = v_message.id,
    lease_expires_at = null, finished_at = now()
  where r.message_id = p_request.message_id;
  if v_outcome = 'unknown' then
    perform private.record_unanswered_question(p_request.message_id);
    v_escalation_id := private.escalate_low_confidence(p_request.conversation_id);
  elsif v_outcome = 'courtesy' then
    v_accepted_id := private.find_accepted_offer(p_request.message_id);
    if v_accepted_id is not null then
      v_escalation_id := (private.create_escalation(p_request.conversation_id, 'request', null, (
        select m.content from support.messages as m where m.id = v_accepted_id
      ))).id;
    end if;
  end if;
  return jsonb_build_object(
    'state', case v_outcome when 'silent' then 'with_human' else v_outcome end,
    'answer', private.chat_message(v_message), 'is_escalated', v_escalation_id is not null
  );
end;
$$;
comment on function private.store_chat_answer is
  'Inserts an answer unless a person has taken over, ends the lease, and escalates where the assistant was '
  'unsure too often, or the visitor has said yes to a person.';

create or replace function private.finish_answer(
  p_message_id uuid, p_fencing_token integer, p_text text, p_used integer[], p_model text, p_tokens integer,
  p_failure text, p_paused_until timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_text constant text := private.non_blank(left(p_text, 8000));
  v_is_declined constant boolean := v_text is null and p_model is not null and p_failure is null;
  v_request private.chat_requests;
begin
  if p_paused_until is not null then
    update private.chat_model_state as m set
      paused_until = greatest(m.paused_until, least(p_paused_until, now() + interval '1 day'))
    where m.id;
  end if;
  -- the conversation first, as whoever writes in it
  perform from support.conversations as c
  where c.id = (select r.conversation_id from private.chat_requests as r where r.message_id = p_message_id)
  for no key update;
  select * into v_request from private.chat_requests as r where r.message_id = p_message_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_message_unknown',
      detail = 'Nobody has begun to answer this message.',
      hint = 'Use what begin_answer returned.';
  elsif v_request.outcome is not null then
    return jsonb_build_object(
      'state', case v_request.outcome when 'silent' then 'with_human' else v_request.outcome end,
      'answer', private.load_chat_message(v_request.answer_message_id), 'is_escalated', false
    );
  elsif v_request.fencing_token is distinct from p_fencing_token then
    return jsonb_build_object('state', 'pending', 'answer', null, 'is_escalated', false);
  end if;
  return private.store_chat_answer(
    v_request, private.compose_chat_answer(v_request, v_text, p_used, v_is_declined), p_model, p_tokens,
    p_failure
  );
end;
$$;
grant execute on function private.finish_answer to service_role;

create or replace function support.finish_answer(
  message_id uuid, fencing_token integer, text text default null, used integer[] default null,
  model text default null, tokens integer default null, failure text default null,
  paused_until timestamptz default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_answer(
    finish_answer.message_id, finish_answer.fencing_token, finish_answer.text, finish_answer.used,
    finish_answer.model, finish_answer.tokens, finish_answer.failure, finish_answer.paused_until
  );
end;
comment on function support.finish_answer is
  'Stores the answer to a message that begin_answer() leased, and returns {state, answer, is_escalated}: a '
  'model''s text with the numbers of the passages that it used; without text and with a model, that it has '
  'no answer; else the best passage, or that the assistant doesn''t know. Nothing is stored where a person '
  'has taken over (state with_human). failure: why the model did not answer; paused_until: until when it is '
  'not to be asked. Called again, it returns what was stored. Service role only. Errors: '
  'support_message_unknown (404).';
grant execute on function support.finish_answer to service_role;
