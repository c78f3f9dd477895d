-- The functions through which events get into the ledger.

-- No lock on the generation: a transaction that records an event and then changes the issue would wait for
-- one that has changed the issue and is about to begin the next generation, and that one for it. No
-- sequential scans, here and in what else writes the ledger: a plan that was made while the tables were small
-- would read them whole later.
create or replace function private.record_loop_events(
  p_issue_ids uuid[], p_hop text, p_at timestamptz, p_actor text, p_reference text
) returns integer
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_count integer;
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference)
  select l.issue_id, l.generation, p_hop, coalesce(p_at, clock_timestamp()), private.non_blank(p_actor),
    coalesce(p_reference, '')
  from public.loop_issues as l
  join public.issues as i on i.id = l.issue_id
  where l.issue_id = any (p_issue_ids) and not i.is_test
  -- One order, so that two that record the same events wait and don't deadlock.
  order by l.issue_id
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.record_loop_events is
  'Records one hop for several issues, each in its current generation, and returns how many rows that is: '
  'those that exist already, issues that are tests and ids of no issue are left out. Without a time it is '
  'the current one.';

create or replace function private.record_loop_event(
  p_issue_id uuid, p_hop text, p_at timestamptz, p_actor text, p_reference text,
  p_generation integer default null
) returns boolean
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  if p_generation is null then
    return private.record_loop_events(array[p_issue_id], p_hop, p_at, p_actor, p_reference) = 1;
  end if;
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference)
  select i.id, p_generation, p_hop, coalesce(p_at, clock_timestamp()), private.non_blank(p_actor),
    coalesce(p_reference, '')
  from public.issues as i
  where i.id = p_issue_id and not i.is_test
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
  return found;
end;
$$;
comment on function private.record_loop_event is
  'Records one hop of one issue, in its current generation or in the one given, which an answer belongs to '
  'that was sent before the issue was reopened. True when the row was inserted, false when it existed.';
