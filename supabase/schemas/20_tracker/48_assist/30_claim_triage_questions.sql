-- What the model is asked next: leased to a run of triage-assist, and counted, before it is sent.

-- Only where the words decide: a message with its sender's verdict, or of which an issue existed, waits for
-- a person. Of those that wait, the 2,000 newest are looked at, the newest first; a message that is edited
-- again and again is asked about five times a day.
create or replace function private.due_triage_questions(p_limit integer)
returns table (circle_issue_id uuid, question text, version bytea)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    with newest as (
      select c as message from public.circle_issues as c
      where not c.is_triaged order by c.created_at desc limit 2000
    ), asked as materialized (
      select
        n.message, private.triage_question((n.message).title, (n.message).body) as question
      from newest as n
      where private.is_open_to_opinions(n.message) and (n.message).removed_at is null
    ), versions as (
      select a.message, a.question, private.triage_question_version(a.question) as version from asked as a
    )
    select (v.message).id, v.question, v.version from versions as v
    left join private.triage_questions as q
      on q.circle_issue_id = (v.message).id and q.version = v.version
    where v.question ~ '\S' and (
      q.version is not null and q.answered_at is null and q.next_attempt_at <= now()
        and q.failures_count < 20
        and (q.lease_expires_at is null or q.lease_expires_at <= now())
      or q.version is null and (
        select count(*) from private.triage_questions as o
        where o.circle_issue_id = (v.message).id and o.asked_at > now() - interval '1 day'
      ) < 5
    )
    order by (v.message).created_at desc, (v.message).id
    limit p_limit;
end;
$$;
comment on function private.due_triage_questions is 'The messages that the model is to be asked about now.';

create or replace function private.is_open_to_opinions(p_message public.circle_issues) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return not p_message.is_triaged and p_message.mapped_to_issue_id is null and p_message.triaged_by is null
    and p_message.sender_verdict is null and not p_message.is_verdict_unreadable
    and not private.has_been_imported(p_message.id);
end;
$$;
comment on function private.is_open_to_opinions is
  'Whether a message waits because of its words alone: nobody decided about it, its sender has no verdict, '
  'and no issue was created of it before.';

create or replace function private.lease_triage_questions(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_today constant date := (now() at time zone 'UTC')::date;
  v_left record;
  v_due record;
  v_token integer;
  v_questions jsonb := '[]'::jsonb;
begin
  v_left := private.triage_assist_budget();
  for v_due in
    select d.* from private.due_triage_questions(least(p_limit, v_left.o_calls)) as d
  loop
    exit when length(v_due.question) > v_left.o_characters;
    -- one that is being deleted or decided about is left to the next run
    perform from public.circle_issues as c where c.id = v_due.circle_issue_id for key share skip locked;
    continue when not found;
    insert into private.triage_questions as q (
      circle_issue_id, version, characters_count, fencing_token, lease_expires_at
    )
    values (
      v_due.circle_issue_id, v_due.version, length(v_due.question), 1, now() + interval '10 minutes'
    )
    on conflict on constraint triage_questions_pkey do update set
      fencing_token = q.fencing_token + 1, lease_expires_at = excluded.lease_expires_at, asked_at = now(),
      failures_count = q.failures_count + (q.lease_expires_at is not null)::integer
    returning q.fencing_token into v_token;
    v_left.o_characters := v_left.o_characters - length(v_due.question);
    perform private.spend_triage_assist(v_today, 1, length(v_due.question));
    v_questions := v_questions || jsonb_build_object(
      'circle_issue_id', v_due.circle_issue_id, 'version', encode(v_due.version, 'hex'),
      'fencing_token', v_token, 'question', v_due.question
    );
  end loop;
  return v_questions;
end;
$$;
comment on function private.lease_triage_questions is
  'Leases up to p_limit messages for ten minutes, as many as are left of today''s budget, and counts them.';

create or replace function private.claim_triage_questions(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_paused_until constant timestamptz :=
    (select a.paused_until from private.triage_assist as a where a.paused_until > now());
begin
  if p_ticket is not null then
    perform private.use_function_ticket('triage-assist', p_ticket);
  end if;
  if v_paused_until is not null then
    return jsonb_build_object('paused_until', v_paused_until, 'questions', '[]'::jsonb);
  end if;
  -- serializes runs, so that each sees what the one before it has leased and spent
  perform pg_advisory_xact_lock(hashtextextended('private.claim_triage_questions', 0));
  return jsonb_build_object(
    'paused_until', null::timestamptz,
    'questions', private.lease_triage_questions(least(greatest(coalesce(p_batch_size, 20), 1), 100))
  );
end;
$$;
grant execute on function private.claim_triage_questions to service_role;

create or replace function public.claim_triage_questions(
  ticket text default null, batch_size integer default 20
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_triage_questions(claim_triage_questions.ticket, claim_triage_questions.batch_size);
end;
comment on function public.claim_triage_questions is
  'Leases to triage-assist what to ask the model, for ten minutes, within '
  'tracker_settings.assist_daily_calls and assist_daily_characters: {paused_until, questions: '
  '[{circle_issue_id, version, fencing_token, question}]}. record_triage_answer() ends each lease. A ticket '
  'can be used once; without one the caller has checked who asks. Service role only. Errors: '
  'function_ticket_invalid (401).';
grant execute on function public.claim_triage_questions to service_role;

create or replace function private.request_triage_assist() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or (select b.o_calls = 0 or b.o_characters = 0 from private.triage_assist_budget() as b)
    or exists (select from private.triage_assist as a where a.paused_until > now())
    or not exists (select from private.due_triage_questions(1))
  then
    return false;
  end if;
  perform net.http_post(
    url => v_url || '/triage-assist', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text,
      'x-fixloop-ticket', private.issue_function_ticket('triage-assist')
    ),
    timeout_milliseconds => 120000
  );
  return true;
end;
$$;
comment on function private.request_triage_assist is
  'Calls the edge function triage-assist if a message is due and today''s budget is not used up, and returns '
  'whether it did. Needs agent_settings.functions_url. For the scheduler.';
