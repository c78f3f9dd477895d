-- Who hears of an event: endpoints by kind of event, rules by issue, digests and quiet hours.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(44);

\ir ../helpers/personas.psql

create function pg_temp.endpoint(p_number integer) returns uuid language sql immutable as $$
  select ('0b000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.told(p_hop text) returns text language sql as $$
  select string_agg(right(d.endpoint_id::text, 1), ' ' order by d.endpoint_id)
  from public.deliveries as d where d.payload ->> 'type' = 'issue.' || p_hop
$$;
create function pg_temp.record(p_hop text, p_at timestamptz default now()) returns void language sql as $$
  select private.record_loop_event('10000000-0000-4000-8000-000000000001', p_hop, p_at, 'Ana', 'ref')
$$;

insert into public.issues (id, title, segment, assigned_to_user_id) values (
  '10000000-0000-4000-8000-000000000001', 'Login', 'auth', '00000000-0000-4000-8000-00000000000c'
);
insert into public.circle_issues (message_id, space_id, mapped_to_issue_id)
values ('201500290', '880011', '10000000-0000-4000-8000-000000000001');
insert into public.exai_issues (id, title, severity)
values ('70000000-0000-4000-8000-000000000001', 'Login', 'high');
insert into public.issue_links (issue_id, exai_issue_id)
values ('10000000-0000-4000-8000-000000000001', '70000000-0000-4000-8000-000000000001');
insert into public.webhook_endpoints (id, name, kind, url, events, is_active, disabled_at) values
  (pg_temp.endpoint(1), 'All merges', 'webhook', 'https://example.org/1', '{merged,shipped}', true, null),
  (pg_temp.endpoint(2), 'By rule', 'slack', 'https://hooks.slack.com', '{}', true, null),
  (pg_temp.endpoint(3), 'Off', 'webhook', 'https://example.org/3', '{merged}', false, now());

-- Endpoints

select pg_temp.record('merged');
select is(
  pg_temp.told('merged'), '1',
  'an endpoint that asks for a kind of event is told, one that is off is not'
);
select is(
  (select d.payload - 'timestamp' #- '{data,event_id}' from public.deliveries as d),
  jsonb_build_object('type', 'issue.merged', 'data', jsonb_build_object(
    'generation', 1, 'actor', 'Ana', 'reference', 'ref', 'issue', jsonb_build_object(
      'id', '10000000-0000-4000-8000-000000000001', 'title', 'Login', 'status', 'waiting_for_help',
      'segment', 'auth', 'assigned_to', 'Agnes Agent', 'link', null,
      'number', (select i.seq_id from public.issues as i)
    )
  )),
  'of what, where, by whom'
);
select pg_temp.record('merged');
select is(
  (select count(*)::integer from public.deliveries), 1, 'once'
);
select pg_temp.record('shipped', now() - interval '80 hours');
select is(pg_temp.told('shipped'), null, 'what is imported from long ago is told nobody');

-- Rules

create temp table rule (name text, sets text, expected text) on commit drop;
insert into rule values
  ('without conditions', 'event = ''opened''', '2'),
  ('of another event', 'event = ''fixed''', null),
  ('that is off', 'is_active = false', null),
  ('of the segment', 'segment = ''auth''', '2'),
  ('of another segment', 'segment = ''code''', null),
  ('of the severity', 'severity = ''high''', '2'),
  ('of another severity', 'severity = ''low''', null),
  ('of the space', 'space_id = ''880011''', '2'),
  ('of another space', 'space_id = ''880012''', null),
  ('of the assignee', 'assignee_user_id = ''00000000-0000-4000-8000-00000000000c''', '2'),
  ('of another assignee', 'assignee_user_id = ''00000000-0000-4000-8000-00000000000d''', null),
  ('of an endpoint that is off', format('endpoint_id = %L', pg_temp.endpoint(3)), null),
  ('of several things', 'segment = ''auth'', severity = ''high''', '2');
create function pg_temp.told_by_rule(p_sets text) returns text language plpgsql as $$
begin
  delete from public.notification_rules;
  delete from public.loop_events where hop = 'opened';
  delete from public.deliveries;
  insert into public.notification_rules (endpoint_id, event) values (pg_temp.endpoint(2), 'opened');
  execute 'update public.notification_rules set ' || p_sets;
  perform pg_temp.record('opened');
  return pg_temp.told('opened');
end;
$$;
select is(pg_temp.told_by_rule(r.sets), r.expected, 'a rule ' || r.name) from rule as r;
select is(
  pg_temp.as_persona(
    'admin', 'update public.notification_rules set time_zone = ''Mars'' returning time_zone'
  ),
  'PT422 loop_time_zone_invalid', 'a time zone exists'
);

-- Digests

select pg_temp.told_by_rule('digest = ''hourly'', severity = null');
select is((select count(*)::integer from public.deliveries), 0, 'an event of a digest is put aside');
select pg_temp.record('opened');
select private.record_loop_event('10000000-0000-4000-8000-000000000001', 'opened', now(), null, 'second');
select is(private.run_digests(), 0, 'until the hour is full');
update private.digest_entries set due_at = now();
select is(private.run_digests(), 1, 'then they go out');
select is(
  (
    select jsonb_build_array(
      d.kind, d.payload ->> 'type', d.payload #> '{data,count}',
      jsonb_array_length(d.payload #> '{data,events}')
    ) from public.deliveries as d
  ),
  '["digest", "loop.digest", 2, 2]', 'as one message'
);
select is(private.run_digests(), 0, 'once');
select is(
  (
    select octet_length(private.digest_payload(
      gen_random_uuid(), array(select e.id from public.loop_events as e)
    )::text)
  ) < 20000,
  true, 'that stays small'
);

-- Several rules of an endpoint

create function pg_temp.by_rules(p_rules text) returns text language plpgsql as $$
begin
  delete from public.notification_rules;
  delete from public.loop_events where hop = 'opened';
  delete from public.deliveries;
  execute format('insert into public.notification_rules (endpoint_id, event, digest, quiet_from, quiet_until)
    select %L::uuid, ''opened'', r.* from (values %s) as r', pg_temp.endpoint(2), p_rules);
  perform pg_temp.record('opened');
  return concat_ws(', ', pg_temp.told('opened'), (
    select string_agg(r.digest, ' ') from private.digest_entries as d
    join public.notification_rules as r on r.id = d.rule_id
  ));
end;
$$;
create function pg_temp.hours(p_hours numeric) returns time language sql as $$
  select (now() at time zone 'UTC' + p_hours * interval '1 hour')::time
$$;
-- From 8:00 to 9:00 both are sent at 9:00.
select pg_temp.by_rules($$ ('daily', null::time, null::time), ('hourly', null, null) $$);
select is(
  (
    select format('%s %s', count(*), count(*) filter (
      where d.due_at <= date_trunc('hour', clock_timestamp(), 'UTC') + interval '1 hour'
    )) from private.digest_entries as d
  ), '1 1', 'of two digests the event is in the one that is sent first'
);
select is(
  pg_temp.by_rules($$ ('hourly', null::time, null::time), ('none', null, null) $$), '2',
  'and in none where it is told immediately'
);
select is(
  pg_temp.by_rules(format(
    $$ ('none', %L::time, %L::time), ('hourly', null, null) $$, pg_temp.hours(-1), pg_temp.hours(8)
  )), 'hourly', 'but in one that comes before the quiet hours end'
);
update private.digest_entries set due_at = now();
update public.notification_rules set is_active = false;
select private.run_digests();
select is(
  (select count(*)::integer from public.deliveries), 0,
  'a rule that is off sends nothing that it has put aside'
);
select is((select count(*)::integer from private.digest_entries), 0, 'and keeps nothing');
select is(
  private.digest_due_at(d.digest, d.at::timestamptz, d.zone), d.due::timestamptz,
  format('%s in %s', d.digest, d.zone)
)
from (values
  ('hourly', '2026-03-02 10:10+00', 'UTC', '2026-03-02 11:00+00'),
  ('hourly', '2026-03-02 10:10+00', 'Asia/Kolkata', '2026-03-02 10:30+00'),
  ('hourly', '2026-10-25 00:10+00', 'Europe/Berlin', '2026-10-25 01:00+00'),
  ('daily', '2026-03-28 10:00+00', 'Europe/Berlin', '2026-03-29 07:00+00'),
  ('daily', '2026-10-24 10:00+00', 'Europe/Berlin', '2026-10-25 08:00+00'),
  ('daily', '2026-03-02 22:00+00', 'Pacific/Auckland', '2026-03-03 20:00+00')
) as d (digest, at, zone, due);

-- Quiet hours

select is(
  private.after_quiet_hours(q.at::timestamptz, q.start, q.until, 'Europe/Berlin'),
  q.expected::timestamptz, q.name
)
from (values
  (
    'in the night they end in the morning', '2026-03-02 23:30+01', time '22:00', time '07:00',
    '2026-03-03 07:00+01'
  ),
  ('after midnight on the same day', '2026-03-03 03:00+01', '22:00', '07:00', '2026-03-03 07:00+01'),
  ('outside of them nothing waits', '2026-03-03 12:00+01', '22:00', '07:00', '2026-03-03 12:00+01'),
  ('the hour that is left out in spring', '2026-03-29 01:30+01', '22:00', '02:30', '2026-03-29 03:30+02'),
  ('the hour that comes twice in autumn', '2026-10-25 02:10+02', '22:00', '02:30', '2026-10-25 02:30+01'),
  ('its second time', '2026-10-25 02:10+01', '22:00', '02:30', '2026-10-25 02:30+01'),
  ('until midnight', '2026-03-02 23:30+01', '22:00', '24:00', '2026-03-03 00:00+01'),
  ('of no length', '2026-03-02 23:30+01', '22:00', '22:00', '2026-03-02 23:30+01'),
  ('within a day', '2026-03-03 12:30+01', '12:00', '13:00', '2026-03-03 13:00+01')
) as q (name, at, start, until, expected);

select * from finish();
rollback;
