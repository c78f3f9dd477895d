-- The stages of issues, by the ledger: when each began and ended.

create or replace function private.has_fixed_link(p_issue_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.issue_links as l
    join public.exai_issue_fixes as f on f.exai_issue_id = l.exai_issue_id and f.fixed_at is not null
    where l.issue_id = p_issue_id
  );
end;
$$;
comment on function private.has_fixed_link is
  'Whether the engineering issue that an issue is linked to is fixed.';

-- A hop that comes later in the way ends a stage too: an issue that is resolved by hand waits for no pull
-- request. Its time may lie before the beginning: a pull request may be older than the link to it.
create or replace function private.load_service_stages(p_issue_ids uuid[])
returns table (issue_id uuid, generation integer, stage text, started_at timestamptz, met_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with event as (
    select e.issue_id, e.generation, e.hop, min(e.at) as at
    from public.loop_issues as l
    join public.loop_events as e on e.issue_id = l.issue_id and e.generation = l.generation
    where l.issue_id = any (p_issue_ids)
      -- whose reporters are those of the older issue
      and not exists (select from public.issue_merges as m where m.source_issue_id = l.issue_id)
    group by e.issue_id, e.generation, e.hop
  ),
  bound (stage, hop, is_start, is_end) as (
    values ('triage', 'reported', true, false),
      ('engineering', 'triaged', true, false), ('engineering', 'reopened', true, false),
      ('agent', 'promoted', true, false), ('agent', 'dispatched', true, false),
      ('review', 'opened', true, false),
      ('answer', 'fixed', true, false), ('answer', 'shipped', true, false),
      ('answer', 'resolved', true, false), ('answer', 'answered', false, true)
    union all
    select s.stage, h.hop, false, true
    from unnest(array['triage', 'engineering', 'agent', 'review']) with ordinality as s (stage, number)
    join (
      values ('triaged', 1), ('promoted', 2), ('dispatched', 2), ('started', 2), ('opened', 3), ('merged', 4),
        ('fixed', 5), ('shipped', 5), ('resolved', 5), ('answered', 5)
    ) as h (hop, number) on h.number >= s.number
  ),
  span as (
    select e.issue_id, e.generation, b.stage,
      -- the ledger keeps a fix that was taken back before it shipped
      min(e.at) filter (
        where b.is_start and (e.hop <> 'fixed' or private.has_fixed_link(e.issue_id))
      ) as started_at,
      min(e.at) filter (where b.is_end) as met_at
    from event as e join bound as b on b.hop = e.hop
    group by e.issue_id, e.generation, b.stage
  )
  select s.issue_id, s.generation, s.stage, s.started_at,
    case when s.met_at is not null then greatest(s.met_at, s.started_at) end
  from span as s
  where s.started_at is not null
    -- a message that is added to an issue is triaged by that
    and (s.stage <> 'triage' or s.generation = 1)
    and (s.stage <> 'answer' or exists (
      select from public.loop_events as r
      where r.issue_id = s.issue_id and r.hop = 'reported' and r.reference <> ''
    ));
end;
$$;
comment on function private.load_service_stages is
  'The stages that the current generation of each issue has begun, with their ends. An answer is owed only '
  'where a message or an escalation reported the issue, and because of a fix while that is one. A duplicate '
  'that is merged has none.';
