-- How an issue gets into the ledger: who reported it, and when it became an issue.

-- Driven by the ids, through indexes: a plan that was made while the tables were small would read them whole
-- later, and one that is made for each array costs 0.5 ms. An import of 1,000 messages takes 1,660 ms with
-- the ledger and 1,400 ms without.
create or replace function private.enter_loop(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = ''
set enable_seqscan = 'off' set plan_cache_mode = 'force_generic_plan' as $$
declare
  v_actor constant text := nullif(private.actor_name(), 'system');
begin
  insert into public.loop_issues (issue_id)
  select i.id from unnest(p_issue_ids) as u (id) join public.issues as i on i.id = u.id where not i.is_test
  -- One order, so that two that enter the same issues wait and don't deadlock.
  order by i.id
  on conflict on constraint loop_issues_pkey do nothing;
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference, reporter_key)
  select i.id, l.generation, h.hop, h.at, private.non_blank(h.actor), h.reference, h.reporter_key
  from unnest(p_issue_ids) as u (id)
  join public.issues as i on i.id = u.id and not i.is_test
  join public.loop_issues as l on l.issue_id = u.id
  cross join lateral (
    select 'reported' as hop, coalesce(c.posted_at, c.created_at) as at, c.author_name as actor,
      c.message_id as reference,
      private.reporter_key(c.raw_data, c.author_email, c.author_name, c.message_id) as reporter_key
    from public.circle_issues as c where c.mapped_to_issue_id = i.id
    union all
    select 'reported', e.created_at, null, e.id::text, private.visitor_key(e.id, e.conversation_id)
    from support.escalations as e where e.issue_id = i.id
    union all
    select 'reported', i.created_at, i.submitted_by, '',
      private.reporter_key(null, null, i.submitted_by, i.id::text)
    where not exists (select from public.circle_issues as c where c.mapped_to_issue_id = i.id)
      and not exists (select from support.escalations as e where e.issue_id = i.id)
    union all
    select 'triaged', i.created_at, v_actor, '', null
    union all
    select 'resolved', i.resolved_at, i.resolved_by, '', null where i.resolved_at is not null
  ) as h
  -- What is known from an earlier generation is not reported again.
  where h.hop = 'resolved' or not exists (
    select from public.loop_events as e
    where e.issue_id = i.id and e.hop = h.hop and e.reference = h.reference
  )
  order by i.id, array_position('{reported,triaged}', h.hop), h.at, h.reference collate "C"
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
end;
$$;
comment on function private.enter_loop is
  'Puts issues that are not tests into the loop, with what is known of them: reported by their messages and '
  'escalations, or by themselves, with an empty reference, where there are none; triaged when they were '
  'created; resolved. Again it adds what is missing.';

create or replace function private.record_report(
  p_issue_id uuid, p_at timestamptz, p_actor text, p_reference text, p_reporter_key uuid
) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference, reporter_key)
  select l.issue_id, l.generation, 'reported', p_at, private.non_blank(p_actor), p_reference, p_reporter_key
  from public.loop_issues as l
  join public.issues as i on i.id = l.issue_id and not i.is_test
  where l.issue_id = p_issue_id and not exists (
    select from public.loop_events as e
    where e.issue_id = p_issue_id and e.hop = 'reported' and e.reference = p_reference
  )
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
  -- Who comes back to an issue that was resolved meanwhile. Whoever moves reporters answers them.
  if not found and current_setting('app.import', true) is distinct from 'on' then
    perform private.answer_late_reports(array(
      select e from public.loop_events as e
      where e.issue_id = p_issue_id and e.hop = 'reported' and e.reference = p_reference
      order by e.id limit 1
    ));
  end if;
end;
$$;
comment on function private.record_report is
  'Records another report of an issue. One that the ledger has already is only answered, where the issue is '
  'resolved and its reporter was not told.';

-- While the issue is being inserted it is not in the loop: its own trigger records what is mapped to it.
create or replace function private.record_message_report() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_report(
    new.mapped_to_issue_id, coalesce(new.posted_at, new.created_at), new.author_name, new.message_id,
    private.reporter_key(new.raw_data, new.author_email, new.author_name, new.message_id)
  );
  return null;
end;
$$;
comment on function private.record_message_report is
  'After trigger of messages that get an issue: another reporter of the issue.';

create or replace function private.record_escalation_report() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_report(
    new.issue_id, new.created_at, null, new.id::text, private.visitor_key(new.id, new.conversation_id)
  );
  return null;
end;
$$;
comment on function private.record_escalation_report is
  'After trigger of escalations that get an issue: another reporter of the issue.';

-- An import inserts the message before its issue.
create trigger _360_record_message_report after insert on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.record_message_report();
create trigger _370_record_message_report after update on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and old.mapped_to_issue_id is distinct from new.mapped_to_issue_id
  )
  execute function private.record_message_report();
create trigger _360_record_escalation_report after insert on support.escalations
  for each row when (new.issue_id is not null) execute function private.record_escalation_report();
create trigger _370_record_escalation_report after update on support.escalations
  for each row when (new.issue_id is not null and old.issue_id is distinct from new.issue_id)
  execute function private.record_escalation_report();
