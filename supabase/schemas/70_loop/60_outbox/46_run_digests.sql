-- Digests: what a rule has put aside goes out as one message.

create or replace function private.digest_payload(p_rule_id uuid, p_event_ids bigint[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'type', 'loop.digest'::text, 'timestamp', clock_timestamp(), 'data', jsonb_build_object(
        'rule_id', p_rule_id, 'count', max(e.total), 'events', jsonb_agg(jsonb_build_object(
          'event_id', e.id, 'type', 'issue.' || e.hop, 'at', e.at, 'number', e.seq_id, 'title', e.title
        ) order by e.id)
      )
    )
    from (
      select e.id, e.hop, e.at, i.seq_id, left(i.title, 80) as title, count(*) over () as total
      from public.loop_events as e join public.issues as i on i.id = e.issue_id
      where e.id = any (p_event_ids)
      order by e.id limit 30
    ) as e
    having count(*) > 0
  );
end;
$$;
comment on function private.digest_payload is
  'The digest of these events: how many, and the first 30, which is below 20 kB also where each character '
  'of a title takes six bytes; null for none.';

create or replace function private.run_digests() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_rule record;
  v_event_ids bigint[];
  v_count integer := 0;
begin
  for v_rule in
    select r.id, r.endpoint_id, w.kind, r.is_active and w.is_active as is_active
    from public.notification_rules as r join public.webhook_endpoints as w on w.id = r.endpoint_id
    where r.id in (select d.rule_id from private.digest_entries as d where d.due_at <= clock_timestamp())
    order by r.id
    for no key update of r skip locked
  loop
    with taken as (
      delete from private.digest_entries as d where d.rule_id = v_rule.id and d.due_at <= clock_timestamp()
      returning d.event_id
    )
    select array_agg(t.event_id) into v_event_ids from taken as t;
    insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, payload)
    select v_rule.kind, 'digest', v_rule.endpoint_id,
      format('digest:%s:%s', v_rule.id, (select max(t.id) from unnest(v_event_ids) as t (id))), p.payload
    from private.digest_payload(v_rule.id, v_event_ids) as p (payload)
    where p.payload is not null and v_rule.is_active
    on conflict on constraint deliveries_dedupe_key_key do nothing;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.run_digests is
  'Writes the digests that are due, and returns of how many rules. For the scheduler.';
