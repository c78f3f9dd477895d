-- What the model answered about a message: evidence, which can only add up to an issue, never dismiss one.

create or replace function private.end_triage_question(
  p_question private.triage_questions, p_outcome text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_attempts constant integer := p_question.attempts_count + (p_outcome = 'unreadable')::integer;
  v_failures constant integer := p_question.failures_count + (p_outcome = 'failed')::integer;
begin
  update private.triage_questions as q set
    lease_expires_at = null, attempts_count = v_attempts, failures_count = v_failures,
    next_attempt_at = case
      when p_outcome = 'not_asked' then now()
      when v_attempts < 3 then
        now() + private.backoff(v_attempts + v_failures, interval '15 minutes', interval '1 day')
    end
  where q.circle_issue_id = p_question.circle_issue_id and q.version = p_question.version;
  if p_outcome = 'not_asked' then
    perform private.spend_triage_assist(
      (p_question.asked_at at time zone 'UTC')::date, -1, -p_question.characters_count
    );
  end if;
end;
$$;
comment on function private.end_triage_question is
  'Ends the lease of a question without an answer: when it is asked again, and that it was not asked at all.';

create or replace function private.apply_triage_opinion(p_message public.circle_issues) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_triage constant private.circle_triage := private.triage_circle_message(
    p_message.sender_verdict, p_message.is_verdict_unreadable, p_message.title, p_message.body
  );
  v_issue_id constant uuid := gen_random_uuid();
  v_message public.circle_issues;
begin
  perform set_config('app.import', 'on', true);
  if v_triage.is_sure then
    set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
  end if;
  update public.circle_issues as c set
    triage_confidence = v_triage.likelihood, is_triaged = v_triage.is_sure,
    mapped_to_issue_id = case when v_triage.is_sure then v_issue_id end
  where c.id = p_message.id and (v_triage.is_sure or c.triage_confidence <> v_triage.likelihood)
  returning * into v_message;
  if v_triage.is_sure then
    perform private.create_imported_issue(
      v_message, v_issue_id, private.segment_of_message(v_message), 'triage_assist', 'system', true
    );
  end if;
  perform set_config('app.import', 'off', true);
  return case when v_triage.is_sure then 'imported' else 'stored' end;
end;
$$;
comment on function private.apply_triage_opinion is
  'Judges a locked message that waits again, now that there is an opinion: its likelihood changes, and an '
  'issue is created where that reaches the threshold.';

create or replace function private.record_triage_answer(
  p_circle_issue_id uuid, p_version bytea, p_fencing_token integer, p_outcome text, p_is_issue boolean,
  p_confidence double precision, p_segment text, p_model text
) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
  v_question constant text := private.triage_question(v_message.title, v_message.body);
  v_stored private.triage_questions;
begin
  select * into v_stored from private.triage_questions as q
  where q.circle_issue_id = p_circle_issue_id and q.version = p_version for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_triage_question_unknown',
      detail = 'Nothing was asked about this version of the message.',
      hint = 'Use what claim_triage_questions returned.';
  end if;
  if v_stored.answered_at is not null then
    return 'known';
  end if;
  if p_outcome in ('unreadable', 'failed', 'not_asked') then
    if v_stored.lease_expires_at is null or v_stored.fencing_token is distinct from p_fencing_token then
      return 'expired';
    end if;
    perform private.end_triage_question(v_stored, p_outcome);
    return p_outcome;
  end if;
  if p_outcome is distinct from 'answered' or p_is_issue is null or p_confidence is null then
    raise exception using
      errcode = 'PT422', message = 'tracker_triage_answer_invalid',
      detail = format('%L is not an outcome, or is_issue or confidence is missing.', p_outcome),
      hint = 'Use answered with is_issue and confidence, or unreadable, failed or not_asked.';
  end if;
  update private.triage_questions as q set
    is_issue = p_is_issue, confidence = p_confidence, segment = case when p_is_issue then p_segment end,
    model = left(p_model, 200), answered_at = now(), lease_expires_at = null, next_attempt_at = null
  where q.circle_issue_id = p_circle_issue_id and q.version = p_version;
  update private.triage_assist as a set pauses_count = 0 where a.pauses_count > 0;
  if not private.is_open_to_opinions(v_message) then
    return 'decided';
  elsif private.triage_question_version(v_question) <> p_version then
    return 'stale';
  end if;
  return private.apply_triage_opinion(v_message);
end;
$$;
grant execute on function private.record_triage_answer to service_role;

create or replace function public.record_triage_answer(
  circle_issue_id uuid, version text, fencing_token integer, outcome text, is_issue boolean default null,
  confidence double precision default null, segment text default null, model text default null
) returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_triage_answer(
    record_triage_answer.circle_issue_id, decode(record_triage_answer.version, 'hex'),
    record_triage_answer.fencing_token, record_triage_answer.outcome, record_triage_answer.is_issue,
    record_triage_answer.confidence, record_triage_answer.segment, record_triage_answer.model
  );
end;
comment on function public.record_triage_answer is
  'Records what became of a question of claim_triage_questions(). answered: the opinion of this version, '
  'once; a message that waits because of its words alone is judged again. unreadable: an answer that is not '
  'one, three times at most. failed: no answer, which does not count as an attempt. not_asked: nothing was '
  'sent, so nothing is counted. Returns imported, stored, decided (somebody decided meanwhile), stale (the '
  'text has changed), known (there is an opinion already), expired (another run has the lease), or the '
  'outcome. Service role only. Errors: tracker_circle_issue_unknown, tracker_triage_question_unknown (404), '
  'tracker_triage_answer_invalid (422).';
grant execute on function public.record_triage_answer to service_role;
