-- The targets that issues should have: their stages with the policy that applies.

create or replace function private.find_service_policy(
  p_segment text, p_severity text, p_started_at timestamptz
) returns public.service_policies
language plpgsql stable security definer set search_path = '' as $$
declare
  v_policy public.service_policies;
begin
  select p.* into v_policy from public.service_policies as p
  where p.is_active and p.applies_from <= p_started_at
    and (p.segment is null or p.segment = p_segment) and (p.severity is null or p.severity = p_severity)
  order by (p.severity is not null) desc, (p.segment is not null) desc
  limit 1;
  return v_policy;
end;
$$;
comment on function private.find_service_policy is
  'The most specific policy that applies to a stage which began at a time; null for none.';

create or replace function private.load_service_targets(p_issue_ids uuid[])
returns table (
  issue_id uuid, generation integer, stage text, policy_id uuid, target_seconds integer,
  started_at timestamptz, warn_at timestamptz, due_at timestamptz, met_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_default_calendar_id constant uuid := private.default_calendar_id();
begin
  return query
  select s.issue_id, s.generation, s.stage, p.id, t.seconds, s.started_at,
    private.find_due_at(c.calendar_id, s.started_at, w.seconds + t.seconds * 0.8, c.pauses),
    private.find_due_at(c.calendar_id, s.started_at, w.seconds + t.seconds, c.pauses), s.met_at
  from private.load_service_stages(p_issue_ids) as s
  join public.issues as i on i.id = s.issue_id and not i.is_test
  left join public.issue_links as l on l.issue_id = i.id
  left join public.exai_issues as x on x.id = l.exai_issue_id
  cross join lateral private.find_service_policy(i.segment, x.severity, s.started_at) as p
  cross join lateral (
    select 60 * case s.stage
      when 'triage' then p.triage_minutes
      when 'engineering' then p.engineering_minutes
      when 'agent' then p.agent_minutes
      when 'review' then p.review_minutes
      else p.answer_minutes
    end as seconds
  ) as t
  cross join lateral (
    select
      case p.clock when 'business' then coalesce(p.calendar_id, v_default_calendar_id) end as calendar_id,
      private.load_service_pauses(s.issue_id, p.pauses_when_blocked, s.stage) as pauses
    where t.seconds is not null
  ) as c
  cross join lateral private.working_seconds(c.calendar_id, s.started_at) as w (seconds)
  -- what was met keeps its promise
  where not exists (
    select from public.service_targets as k
    where k.issue_id = s.issue_id and k.generation = s.generation and k.stage = s.stage
      and k.started_at = s.started_at and k.met_at = s.met_at
  );
end;
$$;
comment on function private.load_service_targets is
  'What service_targets is to contain of the current generation of each issue, without the targets that it '
  'has as met at that time.';
