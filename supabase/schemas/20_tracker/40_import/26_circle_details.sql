-- What the sender of a message says about it in Issue_Details.

create type private.circle_details as (
  title text,
  segment text,
  verdict double precision,
  is_verdict_unreadable boolean,
  unread jsonb
);
comment on type private.circle_details is
  'Title, segment and verdict: how likely the message is an issue, null without a verdict. Whether there is '
  'a verdict that cannot be read, and what else cannot.';

-- A confidence under a key in another spelling is not a missing one.
create or replace function private.spell_detail_keys(p_details jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_object_agg(coalesce(c.name, d.key), d.value
      order by not private.is_blank(d.value), d.key = c.name)
    from jsonb_each(p_details) as d
    cross join lateral (
      select case regexp_replace(lower(d.key), '[^a-z]', '', 'g')
        when 'isissue' then 'is_issue' when 'issuetitle' then 'issue_title' when 'type' then 'type'
        when 'confidence' then 'confidence' when 'confidencescore' then 'confidence'
        when 'confidencelevel' then 'confidence'
      end as name
    ) as c
  );
end;
$$;
comment on function private.spell_detail_keys is
  'Issue_Details with their keys as we spell them, of isIssue, Confidence or confidence_score for example; '
  'of several with a value, one in our spelling counts.';

create or replace function private.parse_circle_details(p_details jsonb) returns private.circle_details
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_keys constant text[] := array[
    'is_issue', 'issue_title', 'confidence', 'reasoning', 'isIssue', 'issueTitle', 'Is_Issue', 'Issue_Title',
    'Confidence', 'IsIssue', 'IssueTitle', 'IS_ISSUE', 'ISSUE_TITLE', 'CONFIDENCE', 'is-issue', 'issue-title',
    'Is Issue', 'Issue Title', 'is issue', 'issue title', 'Is issue', 'Issue title', 'confidence_score',
    'confidenceScore', 'confidence_level', 'confidenceLevel', 'Reasoning'
  ];
  v_details jsonb := p_details;
  v private.circle_details;
  v_is_issue boolean;
  v_confidence double precision;
begin
  v.is_verdict_unreadable := false;
  if p_details is null then
    return v;
  elsif jsonb_typeof(p_details) <> 'object' or not p_details ?| c_keys then
    v_details := private.unwrap_object(p_details, c_keys, 0);
    if v_details is null and jsonb_typeof(p_details -> 'type') = 'string' then
      v_details := p_details;
    elsif v_details is null then
      v.is_verdict_unreadable := not private.is_blank_list(p_details);
      v.unread := case when v.is_verdict_unreadable then jsonb_build_array(
        private.unread_value('Issue_Details', p_details, 'is not an object with is_issue')
      ) end;
      return v;
    end if;
  end if;
  if v_details - array['is_issue', 'issue_title', 'type', 'confidence', 'reasoning'] <> '{}' then
    v_details := private.spell_detail_keys(v_details);
  end if;
  v.title := private.non_blank(private.parse_text(v_details -> 'issue_title'));
  v.segment := private.segment_of_type(v_details ->> 'type');
  v_is_issue := private.parse_boolean(v_details ->> 'is_issue');
  v_confidence := private.parse_share(v_details -> 'confidence');
  if v_is_issue is null and v_details ? 'is_issue' or v_confidence is null and v_details ? 'confidence'
    or v.segment is null and v_details ? 'type' or v.title is null and v_details ? 'issue_title'
  then
    v.unread := private.unread_details(v_details, v, v_is_issue, v_confidence);
    v.is_verdict_unreadable := coalesce(v.unread @?
      '$[*] ? (@.field == "is_issue" || @.field == "confidence")', false);
  end if;
  if not v.is_verdict_unreadable then
    -- A yes or no with a low confidence is uncertain, not the opposite: a person decides.
    v_confidence := greatest(coalesce(v_confidence, 1), 0.5);
    v.verdict := case when v_is_issue then v_confidence when not v_is_issue then 1 - v_confidence end;
  end if;
  return v;
end;
$$;
comment on function private.parse_circle_details is
  'Reads Issue_Details, which may be JSON in a text or in a wrapper. Without a confidence a verdict is '
  'plain, with one below 0.5 it is uncertain; where either of the two is present and cannot be read, the '
  'verdict cannot be read.';

create or replace function private.unread_details(
  p_details jsonb, p_parsed private.circle_details, p_is_issue boolean, p_confidence double precision
) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_agg(private.unread_value(f.field, p_details -> f.field, f.reason) order by f.position)
    from (
      values
        (1, 'is_issue', p_is_issue is null, 'is not true or false'),
        (2, 'confidence', p_confidence is null, 'is not a number from 0 to 1 or a percentage'),
        (3, 'type', p_parsed.segment is null, 'is not a known type; the words of the message decide'),
        (4, 'issue_title', p_parsed.title is null, 'is not text')
    ) as f (position, field, is_missing, reason)
    where f.is_missing
      and not private.is_blank(p_details -> f.field)
  );
end;
$$;
comment on function private.unread_details is
  'Which values of Issue_Details are present and cannot be read; null for none.';
