-- Endpoints and their secrets, and the texts of replies: what is valid, who sees and who changes it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(68);

\ir ../helpers/personas.psql

create function pg_temp.create_endpoint(p_url text, p_events text, p_kind text default 'webhook') returns text
language sql as $$
  select format(
    'select (public.create_webhook_endpoint(%L, %L, %L, gen_random_uuid(), %L, %L, %L)).name',
    '0b000000-0000-4000-8000-000000000001', 'Ours', p_url,
    'v1.k1.' || repeat('a', 16) || '.' || repeat('b', 40), p_kind, p_events
  )
$$;
create function pg_temp.rotate(p_hours integer, p_url text default null) returns text language sql as $$
  select format(
    'select public.rotate_webhook_secret(%L, gen_random_uuid(), %L, %L, %L)',
    '0b000000-0000-4000-8000-000000000001', 'v1.k1.' || repeat('c', 16) || '.' || repeat('d', 40), p_hours,
    p_url
  )
$$;

-- Values

select is(private.is_endpoint_url(u.url), u.is_valid, format('%s: %s', u.url, u.is_valid))
from (values
  ('https://example.org', true), ('https://example.org:8443/hook?a=b', true),
  ('https://[2606:4700::1]/', true),
  ('http://localhost:3000/hook', true), ('http://127.0.0.1:3000', true), ('http://[::1]:3000/', true),
  ('http://example.org', false), ('https://user:secret@example.org/', false), ('ftp://example.org', false),
  ('https://', false), ('https://exa mple.org', false), ('http://localhost.example.org', false),
  ('http://127.0.0.1@example.org/', false), (null, false),
  ('https://example.org.', true), ('https://xn--bcher-kva.example?a', true), ('https://[2606:4700::1', false),
  ('https://[', false), ('https://:443/', false), ('https://a..b/', false), ('https://-a.example/', false),
  ('https://example.org:0/', false), ('https://example.org:99999/', false),
  ('https://example.org:65535', true), ('https://%31%32%37.0.0.1/', false),
  ('https://example.org\@127.0.0.1/', false), ('https://[fe80::1%25eth0]/', false)
) as u (url, is_valid);
select is(
  (
    select string_agg(h[1], ' ')
    from regexp_matches(
      (
        select pg_get_constraintdef(c.oid) from pg_constraint as c
        where c.conname = 'loop_events_hop_is_known'
      ),
      '''([a-z]+)''', 'g'
    ) as h
    where not private.is_notification_event(h[1])
  ),
  null, 'each hop of the ledger is an event'
);

-- Creation, by persona

select is(
  pg_temp.as_persona(p.name, pg_temp.create_endpoint('https://example.org/hook', '{resolved}')),
  p.outcome, p.name || ': ' || p.outcome
)
from (values
  ('anon', '42501 permission denied for function create_webhook_endpoint'),
  ('stranger', 'PT403 team_role_required'), ('viewer', 'PT403 team_role_required'),
  ('agent', 'PT403 team_role_required'), ('admin', 'Ours')
) as p (name, outcome);
select is(
  pg_temp.as_persona('admin', pg_temp.create_endpoint('https://example.org/hook', '{resolved}')),
  'PT409 loop_webhook_endpoint_conflict',
  'repeated, it does not create another, nor answer with a lost secret'
);
delete from public.webhook_endpoints;
select is(
  pg_temp.as_persona('admin', pg_temp.create_endpoint(e.url, e.events, e.kind)),
  'PT422 loop_webhook_endpoint_invalid', e.name
)
from (values
  ('http is refused', 'http://example.org', '{}', 'webhook'),
  ('an event that does not exist is refused', 'https://example.org', '{closed}', 'webhook'),
  ('a null among the events is refused', 'https://example.org', '{null}', 'webhook'),
  ('another kind is refused', 'https://example.org', '{}', 'email')
) as e (name, url, events, kind);
update public.loop_settings set webhook_endpoints_limit = 0;
select is(
  pg_temp.as_persona('admin', pg_temp.create_endpoint('https://example.org', '{}')),
  'PT409 loop_webhook_endpoints_limit_reached', 'their number is limited'
);
update public.loop_settings set webhook_endpoints_limit = 50;
select pg_temp.as_persona('admin', pg_temp.create_endpoint('https://example.org', '{resolved}'));

-- Secrets

select is(
  pg_temp.as_persona('agent', pg_temp.rotate(24)), 'PT403 team_role_required', 'an agent does not rotate'
);
select matches(
  pg_temp.as_persona('admin', pg_temp.rotate(24)), '^\d{4}-',
  'an admin does, and learns when the old one ends'
);
select is(
  (
    select jsonb_array_length(e.secrets)
    from public.load_webhook_endpoints('{0b000000-0000-4000-8000-000000000001}') as e
  ),
  2, 'both sign until then'
);
select pg_temp.as_persona('admin', pg_temp.rotate(0));
select is(
  (
    select jsonb_array_length(e.secrets)
    from public.load_webhook_endpoints('{0b000000-0000-4000-8000-000000000001}') as e
  ),
  1, 'without overlap the new one signs alone, also instead of those before'
);
select pg_temp.as_persona('admin', pg_temp.rotate(720)) from generate_series(1, 15);
select is(
  (select count(*)::integer from private.webhook_secrets), 10, 'ten are kept at most'
);
select is(
  pg_temp.as_persona('admin', pg_temp.rotate(24, 'https://example.org')),
  'PT422 loop_webhook_rotation_invalid', 'the URL of a webhook is not its secret'
);
select is(
  (select count(*)::integer from public.secrets_to_rotate('k2')), 10,
  'their master key is rotated with the others'
);
select is(
  public.reseal_secrets((
    select jsonb_agg(jsonb_build_object(
      'id', s.id, 'sealed', s.sealed, 'resealed', replace(s.sealed, 'v1.k1.', 'v1.k2.')
    )) from public.secrets_to_rotate('k2') as s
  )),
  10, 'and resealed'
);

-- What clients write

select is(
  pg_temp.as_persona(
    'admin', 'update public.webhook_endpoints set is_active = false, disabled_reason = ''gone'',
      failing_since = now() returning disabled_reason'
  ),
  'person', 'an admin switches it off; why and since when is set by the database'
);
select is(
  (select (e.disabled_at is null)::text || e.failing_since from public.webhook_endpoints as e), null,
  'what only the database knows is not taken from them'
);
update public.webhook_endpoints set is_active = true;
select is(
  (select row(e.disabled_at, e.disabled_reason)::text from public.webhook_endpoints as e), '(,)',
  'and on again, as if nothing had been'
);
select is(
  pg_temp.as_persona('admin', 'update public.webhook_endpoints set kind = ''slack'' returning kind'),
  'PT422 key_change_forbidden', 'its kind stays'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*)::text from public.webhook_endpoints'), '0',
  'a viewer does not see where they are'
);

-- The URL of Slack is a secret

delete from public.webhook_endpoints;
select is(
  pg_temp.as_persona(
    'admin', pg_temp.create_endpoint('https://hooks.slack.com/services/T0/B0/x', '{}', 'slack')
  ),
  'PT422 loop_webhook_endpoint_invalid', 'the URL of Slack is not stored in plain'
);
select is(
  pg_temp.as_persona('admin', pg_temp.create_endpoint('https://hooks.slack.com', '{}', 'slack')), 'Ours',
  'its host is'
);
select is(
  pg_temp.as_persona('admin', format('update public.webhook_endpoints set url = %L returning url', u.url)),
  'PT422 loop_webhook_endpoint_invalid', 'neither where a client writes it there: ' || u.url
)
from (values
  ('https://hooks.slack.com/services/T0/B0/x'), ('HTTPS://hooks.slack.com/services/T0/B0/x'),
  ('hooks.slack.com/services/T0/B0/x'), (' https://hooks.slack.com/services/T0/B0/x')
) as u (url);

-- Templates

select is(private.is_reply_template(t.body), t.is_valid, t.body)
from (values
  ('{title} is fixed[ in {version}].', true), ('{reporter} asked', false), ('a { b', false),
  ('[a [b]]', false), ('a ] b', false), (' ', false), ('[Fixed in {version}]', false), ('{link}', false),
  ('{title}', true)
) as t (body, is_valid);
select is(
  pg_temp.as_persona('admin', 'update public.reply_templates set body = ''Hi {name}'' returning body'),
  'PT422 loop_template_invalid', 'a placeholder that nobody fills in is refused'
);

select * from finish();
rollback;
