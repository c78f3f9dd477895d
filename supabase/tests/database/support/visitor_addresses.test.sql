-- Which address a visitor has: the one that the trusted proxy wrote, and never what the visitor wrote.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(37);

select is(private.parse_ip_address(t), a, format('%s: %s', coalesce(t, 'null'), coalesce(a, 'nothing')))
from (values
  ('192.0.2.1', '192.0.2.1'), (' 192.0.2.1 ', '192.0.2.1'), ('192.0.2.1:4711', '192.0.2.1'),
  ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'), ('2001:DB8:1:2::ffff', '2001:db8:1:2::/64'),
  ('[2001:db8:1:2::1]:443', '2001:db8:1:2::/64'), ('[2001:db8:1:2::1]', '2001:db8:1:2::/64'),
  ('2001:db8:1:3::1', '2001:db8:1:3::/64'), ('::1', '::/64'), ('::ffff:192.0.2.1', '192.0.2.1'),
  ('::ffff:c000:201', '192.0.2.1'), ('fe80::1%eth0', null), ('192.0.2.256', null), ('192.0.2', null),
  ('192.0.2.0/24', null), ('unknown', null), ('', null), ('192.0.2.1, 198.51.100.1', null),
  ('0x7f.1', null), (repeat('1', 100), null), (null, null)
) as s (t, a);

-- The hop that the trusted proxies wrote

create function pg_temp.address(p_headers jsonb, p_header text, p_proxies integer) returns text
language sql as 'select private.find_visitor_address(p_headers, p_header, p_proxies)';

select is(pg_temp.address('{"x-forwarded-for": "198.51.100.7"}', null, 1), '198.51.100.7',
  'one proxy, one hop');
select is(pg_temp.address('{"x-forwarded-for": "1.1.1.1, 2.2.2.2,198.51.100.7"}', null, 1), '198.51.100.7',
  'what the caller wrote is to its left, and does not count');
select is(pg_temp.address('{"x-forwarded-for": "1.1.1.1, 198.51.100.7, 10.0.0.1"}', null, 2), '198.51.100.7',
  'two proxies');
select is(pg_temp.address('{"x-forwarded-for": "198.51.100.7"}', null, 2), null,
  'a request that did not pass all of them has no address');
select is(pg_temp.address('{"x-forwarded-for": "198.51.100.7, rubbish"}', null, 1), null,
  'where a hop is unreadable, no other is read');
select is(pg_temp.address('{"x-real-ip": "198.51.100.7", "forwarded": "for=198.51.100.7"}', null, 1), null,
  'no other header is read');
select is(
  pg_temp.address('{"cf-connecting-ip": "2001:db8::1", "x-forwarded-for": "1.1.1.1"}', 'cf-connecting-ip', 1),
  '2001:db8::/64', 'a header of the operator''s choice'
);
select is(pg_temp.address('{"x-forwarded-for": "1.1.1.1"}', 'cf-connecting-ip', 1), null,
  'and where it is absent no other');
select is(pg_temp.address(null, null, 1), null, 'no headers');
select is(pg_temp.address('{"x-forwarded-for": ""}', null, 1), null, 'an empty header');

-- What is stored

create function pg_temp.hash(p_address text, p_day date default current_date) returns bytea language sql as $$
  select private.visitor_address_hash(jsonb_build_object('x-forwarded-for', p_address), p_day)
$$;

select is(pg_temp.hash('2001:db8::1'), pg_temp.hash('2001:db8::ffff'), 'one hash for a /64');
select isnt(pg_temp.hash('192.0.2.1'), pg_temp.hash('192.0.2.2'), 'another for another address');
select isnt(pg_temp.hash('192.0.2.1'), pg_temp.hash('192.0.2.1', current_date + 1), 'another on another day');
select is(pg_temp.hash('rubbish'), pg_temp.hash('other rubbish'), 'one for all who have no readable address');
select is(octet_length(pg_temp.hash('192.0.2.1')), 16, 'of 16 bytes');
select set_config('request.headers', '{"x-forwarded-for": "192.0.2.1"}', true);
select is(private.visitor_address_hash(null, current_date), pg_temp.hash('192.0.2.1'),
  'without headers, those of the request');

select * from finish();
rollback;
