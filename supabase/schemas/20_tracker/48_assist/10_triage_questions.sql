-- What a model of the team's choice is asked about a message, and its opinion. Off by default.

-- The opinion belongs to the text that the model saw, so that an edit asks again, and an edit behind the part
-- that is sent doesn't.
create or replace function private.triage_question(p_title text, p_body text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_title constant text := private.non_blank(p_title);
  v_body constant text := left(coalesce(p_body, ''), 4000);
  v_start constant text := left(private.non_blank(left(v_body, 100)), 1);
begin
  if v_title is null then
    return v_body;
  end if;
  -- A made title begins as the body does, or with the text of a link; most others don't, which is quickly
  -- seen.
  if coalesce(v_start in (left(v_title, 1), '[', '!'), true)
    and v_title = private.circle_title(null, v_body)
  then
    return v_body;
  end if;
  return left(concat_ws(E'\n\n', left(v_title, 300), nullif(v_body, '')), 4000);
end;
$$;
comment on function private.triage_question is
  'The part of a message that the model sees: its title, where the import did not make it of the body''s '
  'first words, and its body, 4,000 characters together.';

create or replace function private.triage_question_version(p_question text) returns bytea
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return sha256(convert_to(p_question, 'UTF8'));
end;
$$;
comment on function private.triage_question_version is
  'The version of a message, for the model: its SHA-256.';

create table private.triage_questions (
  circle_issue_id uuid not null,
  version bytea not null,
  characters_count integer not null,
  asked_at timestamptz not null default now(),
  lease_expires_at timestamptz,
  fencing_token integer not null default 0,
  attempts_count integer not null default 0,
  failures_count integer not null default 0,
  next_attempt_at timestamptz default now(),
  is_issue boolean,
  confidence double precision,
  segment text,
  model text,
  answered_at timestamptz,
  constraint triage_questions_pkey primary key (circle_issue_id, version),
  constraint triage_questions_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint triage_questions_version_is_a_sha256 check (octet_length(version) = 32),
  constraint triage_questions_confidence_is_a_share check (confidence between 0 and 1),
  constraint triage_questions_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint triage_questions_segment_is_of_an_issue check (segment is null or is_issue),
  constraint triage_questions_model_is_bounded check (length(model) <= 200),
  constraint triage_questions_answered_at_matches_the_answer check (
    (answered_at is null) = (is_issue is null) and (answered_at is null) = (confidence is null)
  )
);
comment on table private.triage_questions is
  'One row per version of a message that the model was asked about, with its opinion once it answered. '
  'Deleted with the message.';
comment on column private.triage_questions.version is 'triage_question_version() of the text that was sent.';
comment on column private.triage_questions.characters_count is 'How many characters were sent.';
comment on column private.triage_questions.asked_at is 'When it was leased last.';
comment on column private.triage_questions.lease_expires_at is
  'Until when a run of triage-assist has it; null where none has.';
comment on column private.triage_questions.fencing_token is 'How often it was leased.';
comment on column private.triage_questions.attempts_count is
  'Answers that could not be read: after three it is not asked again.';
comment on column private.triage_questions.failures_count is
  'Requests without an answer, and runs that ended without a word, which don''t count as attempts: after 20 '
  'it is not asked again.';
comment on column private.triage_questions.next_attempt_at is 'When it may be asked; null: not again.';
comment on column private.triage_questions.model is 'The model, as the endpoint names it.';

-- An opinion is looked up by the text alone.
create index triage_questions_version_idx on private.triage_questions (version)
  where answered_at is not null;

alter table private.triage_questions enable row level security;

-- Below a confidence of a half the model has no opinion. Signs in parentheses are in no text, so that none
-- can claim an opinion.
create or replace function private.opinion_features(p_title text, p_body text) returns text[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_opinion private.triage_questions;
begin
  -- most installations ask no model
  perform from private.triage_questions as q where q.answered_at is not null limit 1;
  if not found then
    return '{}'::text[];
  end if;
  select * into v_opinion from private.triage_questions as q
  where q.version = private.triage_question_version(private.triage_question(p_title, p_body))
    and q.answered_at is not null
  order by q.answered_at desc
  limit 1;
  if not found or v_opinion.confidence < 0.5 then
    return '{}'::text[];
  end if;
  return array_remove(array[
    case when v_opinion.is_issue then '(assist issue)' else '(assist not)' end,
    format('(assist %s)', v_opinion.segment)
  ], '(assist )');
end;
$$;
comment on function private.opinion_features is
  'The model''s opinion of a text, as features: (assist issue) or (assist not), and (assist auth) and so on '
  'for the segment. Empty without one.';
