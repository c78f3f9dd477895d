-- Whether a message is an issue, and which segment it belongs to.

create type private.circle_triage as (
  likelihood double precision,
  is_sure boolean,
  is_triaged boolean,
  confidence double precision
);
comment on type private.circle_triage is
  'A message''s verdict: how likely it is an issue, whether that is sure enough to create one, and the two '
  'columns of circle_issues.';

-- A snapshot is judged by its own words alone, so that it doesn't matter what came before it. Once any of
-- them was sure, the message has an issue.
create or replace function private.triage_circle_message(
  p_verdict double precision, p_is_verdict_unreadable boolean, p_title text, p_body text
) returns private.circle_triage
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant double precision := (select s.triage_threshold from public.tracker_settings as s);
  v private.circle_triage;
begin
  v.likelihood := coalesce(p_verdict, private.issue_likelihood(p_title, p_body));
  if p_is_verdict_unreadable then
    v.is_sure := false;
    v.is_triaged := false;
    v.confidence := v.likelihood;
    return v;
  end if;
  v.is_sure := v.likelihood >= v_threshold;
  v.is_triaged := v.is_sure or coalesce(p_verdict + v_threshold <= 1, false);
  v.confidence := case when v.is_triaged and not v.is_sure then 1 - v.likelihood else v.likelihood end;
  return v;
end;
$$;
comment on function private.triage_circle_message is
  'Whether a message is an issue: by its sender''s verdict, else by its words. A verdict that cannot be read '
  'leaves it to a person. The threshold is tracker_settings.triage_threshold.';

create or replace function private.segment_of_message(p_message public.circle_issues) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(p_message.segment, private.determine_segment(p_message.title, p_message.body));
end;
$$;
comment on function private.segment_of_message is
  'The segment that the message''s sender named, else the one of its words.';
