-- The ledger is what deliveries are made from, in the transaction that writes it.

create or replace function private.enqueue_loop_events() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_resolved public.loop_events[];
  v_reopened public.loop_events[];
  v_reported public.loop_events[];
  v_recent public.loop_events[];
begin
  select array_agg(row(n.*)::public.loop_events) filter (where n.hop = 'resolved'),
    array_agg(row(n.*)::public.loop_events) filter (where n.hop = 'reopened'),
    array_agg(row(n.*)::public.loop_events) filter (where n.hop = 'reported')
  into v_resolved, v_reopened, v_reported
  from new_events as n where n.hop in ('resolved', 'reopened', 'reported');
  if v_reopened is not null then
    perform private.cancel_outdated_replies(v_reopened);
    perform private.enqueue_corrections(array(select e.issue_id from unnest(v_reopened) as e));
  end if;
  if v_resolved is not null then
    perform private.cancel_outdated_replies(v_resolved);
    perform private.enqueue_replies(v_resolved);
  end if;
  if v_reported is not null then
    perform private.answer_late_reports(v_reported);
  end if;
  if not exists (select from public.webhook_endpoints as e where e.is_active) then
    return null;
  end if;
  -- what was imported from years ago is history
  select array_agg(row(n.*)::public.loop_events) into v_recent from new_events as n
  where n.at > now() - make_interval(
      hours => (select s.notification_age_hours from public.loop_settings as s)
    )
    and (
      exists (select from public.webhook_endpoints as e where e.is_active and n.hop = any (e.events))
      or exists (select from public.notification_rules as r where r.is_active and r.event = n.hop)
    );
  if v_recent is not null then
    perform private.enqueue_notifications(v_recent);
  end if;
  return null;
end;
$$;
comment on function private.enqueue_loop_events is
  'After-insert trigger of the ledger: replies to reporters, and notifications of events that are not older '
  'than loop_settings.notification_age_hours.';

-- Not for issues that are older than the loop: see backfill_loop().
create trigger _200_enqueue_loop_events after insert on public.loop_events
  referencing new table as new_events for each statement
  when (current_setting('app.loop_backfill', true) is distinct from 'on')
  execute function private.enqueue_loop_events();
