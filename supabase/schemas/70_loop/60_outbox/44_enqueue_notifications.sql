-- Events for endpoints: to those that ask for all of a kind, and to those that a rule names.

create or replace function private.event_payload(p_event public.loop_events) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'type', 'issue.' || p_event.hop, 'timestamp', p_event.at, 'data', jsonb_build_object(
        'event_id', p_event.id, 'generation', p_event.generation, 'actor', left(p_event.actor, 200),
        'reference', left(p_event.reference, 500), 'issue', jsonb_build_object(
          'id', i.id, 'number', i.seq_id, 'title', left(i.title, 500), 'status', i.status,
          'segment', i.segment, 'assigned_to', left(i.assigned_to, 200),
          'link', replace(s.issue_url, '{issue}', i.seq_id::text)
        )
      )
    )
    from public.issues as i cross join public.loop_settings as s
    where i.id = p_event.issue_id
  );
end;
$$;
comment on function private.event_payload is
  'What an endpoint is sent of an event: {type, timestamp, data}, a few kB at most.';

create or replace function private.matching_rules(p_events public.loop_events[])
returns table (event_id bigint, rule_id uuid, endpoint_id uuid)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select e.id, r.id, r.endpoint_id
  from unnest(p_events) as e
  join public.notification_rules as r on r.event = e.hop and r.is_active
  join public.webhook_endpoints as w on w.id = r.endpoint_id and w.is_active
  join public.issues as i on i.id = e.issue_id
  where (r.segment is null or i.segment = r.segment)
    and (r.assignee_user_id is null or i.assigned_to_user_id = r.assignee_user_id)
    and (
      r.severity is null or exists (
        select from public.issue_links as l join public.exai_issues as x on x.id = l.exai_issue_id
        where l.issue_id = e.issue_id and x.severity = r.severity
      )
    )
    and (
      r.space_id is null or exists (
        select from public.circle_issues as c
        where c.mapped_to_issue_id = e.issue_id and c.space_id = r.space_id
      )
    );
end;
$$;
comment on function private.matching_rules is 'Which rules send these events, and where.';

-- Of several ways to an endpoint the one by which it is told first.
create or replace function private.choose_notifications(p_events public.loop_events[])
returns table (event_id bigint, endpoint_id uuid, digest_rule_id uuid, deliver_after timestamptz)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  return query
  select distinct on (n.event_id, n.endpoint_id) n.event_id, n.endpoint_id, n.digest_rule_id, n.deliver_after
  from (
    select o.id as event_id, a.id as endpoint_id, null::uuid as digest_rule_id, v_now as deliver_after
    from unnest(p_events) as o join public.webhook_endpoints as a on o.hop = any (a.events)
    where a.is_active
    union all
    select m.event_id, m.endpoint_id, case when r.digest <> 'none' then r.id end, private.after_quiet_hours(
      private.digest_due_at(r.digest, v_now, r.time_zone), r.quiet_from, r.quiet_until, r.time_zone
    )
    from private.matching_rules(p_events) as m join public.notification_rules as r on r.id = m.rule_id
  ) as n
  order by n.event_id, n.endpoint_id, n.deliver_after, n.digest_rule_id nulls first;
end;
$$;
comment on function private.choose_notifications is
  'Which endpoints are told of these events, from when on, and with the digest of which rule; null '
  'for by itself.';

create or replace function private.enqueue_notifications(p_events public.loop_events[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  with chosen as materialized (
    select n.* from private.choose_notifications(p_events) as n
  ),
  put_aside as (
    insert into private.digest_entries (rule_id, event_id, due_at)
    select n.digest_rule_id, n.event_id, n.deliver_after
    from chosen as n where n.digest_rule_id is not null
    on conflict on constraint digest_entries_pkey do nothing
  )
  insert into public.deliveries (
    channel, kind, endpoint_id, issue_id, generation, event_id, dedupe_key, payload, deliver_after
  )
  select w.kind, 'event', w.id, e.issue_id, e.generation, e.id, format('event:%s:%s', e.id, w.id),
    private.event_payload(e), n.deliver_after
  from chosen as n
  join unnest(p_events) as e on e.id = n.event_id
  join public.webhook_endpoints as w on w.id = n.endpoint_id
  where n.digest_rule_id is null
  order by e.id, w.id
  on conflict on constraint deliveries_dedupe_key_key do nothing;
end;
$$;
comment on function private.enqueue_notifications is
  'Writes a delivery for each endpoint that is told of these events, and puts those of digests aside.';
