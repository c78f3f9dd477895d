-- Versions of a pull request, late, twice and in any order, end as the same row.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
select plan(40);

insert into public.projects (user_id, repo_url, repo_owner, repo_name, name) values (
  '00000000-0000-4000-8000-00000000000a', 'https://github.com/acme/shop', 'acme', 'shop', 'Shop'
);
create function pg_temp.next_check(p_number integer) returns interval language sql as $$
  select c.next_attempt_at - now() from private.pull_request_checks as c
  join public.pull_requests as p on p.id = c.pull_request_id where p.number = p_number
$$;

-- Minutes and seconds after ten o'clock.
create function pg_temp.at(p_time text) returns text language sql as $$
  select '2026-03-01T10:' || p_time || 'Z'
$$;

-- Deliveries

select pg_temp.deliver(pg_temp.pull(1, pg_temp.at('05:00'), pg_temp.merged(pg_temp.at('05:00'))), 'closed');
select is(pg_temp.pull_state(1), 'merged Fix it', 'a merge may be the first version');
select is(
  (select merge_commit_sha from public.pull_requests where number = 1), 'merge', 'and has its commit'
);
select pg_temp.deliver(pg_temp.pull(1, pg_temp.at('00:00')), 'opened');
select is(pg_temp.pull_state(1), 'merged Fix it', 'an older delivery changes nothing');

select pg_temp.deliver(pg_temp.pull(2, pg_temp.at('00:00')), 'opened');
select pg_temp.deliver(pg_temp.pull(2, pg_temp.at('01:00'), pg_temp.closed(pg_temp.at('01:00'))), 'closed');
select is(pg_temp.pull_state(2), 'closed Fix it', 'a newer one closes');
select is(pg_temp.next_check(2), '00:14:00', 'which is confirmed once');
select pg_temp.deliver(pg_temp.pull(2, pg_temp.at('02:00'), '{"draft": true}'), 'reopened');
select is(pg_temp.pull_state(2), 'open draft Fix it', 'a newer one reopens it');
select is(pg_temp.next_check(2), interval '14 minutes', 'and the next request is scheduled');
select is(
  (select row(merged_at, closed_at, merge_commit_sha)::text from public.pull_requests where number = 2),
  '(,,)', 'and the columns of its end are null again'
);

-- Within one second

select pg_temp.deliver(pg_temp.pull(3, pg_temp.at('00:00'), '{"title": "b"}'), 'opened');
select pg_temp.deliver(pg_temp.pull(3, pg_temp.at('00:00'), '{"title": "a"}'));
select pg_temp.deliver(pg_temp.pull(4, pg_temp.at('00:00'), '{"title": "a"}'));
select pg_temp.deliver(pg_temp.pull(4, pg_temp.at('00:00'), '{"title": "b"}'), 'opened');
select is(pg_temp.pull_state(3), pg_temp.pull_state(4), 'two deliveries end the same in either order');
select is(pg_temp.next_check(3), interval '0', 'and GitHub is asked immediately');
select is(pg_temp.next_check(4), interval '0', 'in either order');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), pg_temp.merged(pg_temp.at('00:00'))), 'closed');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "z"}'));
select is(pg_temp.pull_state(5), 'merged Fix it', 'merged wins over open in the same second');
select is(pg_temp.next_check(5), interval '0', 'until GitHub is asked, also about a closed one');
set local timezone = 'Asia/Kathmandu';
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "zz"}'));
select is(pg_temp.pull_state(5), 'merged Fix it', 'in any time zone');
set local timezone = 'UTC';

-- Answers

select pg_temp.read_pull(
  pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "read"}'), '2026-03-01T11:00:00Z'
);
select is(pg_temp.pull_state(5), 'open read', 'an answer wins over the deliveries of its second');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "zzz"}'));
select is(pg_temp.pull_state(5), 'open read', 'also over a later one');
select pg_temp.read_pull(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "old"}'), pg_temp.at('30:00'));
select is(pg_temp.pull_state(5), 'open read', 'and over the answer to an earlier request');
select pg_temp.read_pull(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "again"}'), '2026-03-01T12:00:00Z');
select is(pg_temp.pull_state(5), 'open again', 'but not over the answer to a later one');
select pg_temp.read_pull(
  pg_temp.pull(5, '2026-03-01T09:00:00Z', '{"title": "stale"}'), '2026-03-01T13:00:00Z'
);
select is(pg_temp.pull_state(5), 'open again', 'which may be stale itself');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:01'), '{"title": "later"}'));
select is(pg_temp.pull_state(5), 'open later', 'a delivery of a later second wins');
select is(
  (select row(c.etag, c.read_at)::text from private.pull_request_checks as c
   join public.pull_requests as p on p.id = c.pull_request_id where p.number = 5),
  '(,)', 'and the ETag is cleared'
);
select pg_temp.read_pull(
  pg_temp.pull(6, pg_temp.at('00:00'), pg_temp.closed(pg_temp.at('00:00'))), pg_temp.at('00:01')
);
select is(
  pg_temp.next_check(6), interval '1 minute',
  'a version that was requested within its own second is requested again'
);
select pg_temp.read_pull(
  pg_temp.pull(6, pg_temp.at('00:00'), pg_temp.closed(pg_temp.at('00:00'))), pg_temp.at('00:02')
);
select is(pg_temp.next_check(6), null, 'once');

-- An answer wins over deliveries

select pg_temp.deliver(pg_temp.pull(7, pg_temp.at('05:00'), pg_temp.merged(pg_temp.at('05:00'))), 'closed');
select pg_temp.read_pull(pg_temp.pull(7, pg_temp.at('00:00'), '{"title": "read"}'), '2026-03-01T11:00:00Z');
select is(pg_temp.pull_state(7), 'open read', 'also over one with a later time, which may be forged');
select is(pg_temp.next_check(7), interval '14 minutes', 'and is believed: it was requested after that time');
select pg_temp.deliver(pg_temp.pull(8, pg_temp.at('05:00'), pg_temp.closed(pg_temp.at('05:00'))), 'closed');
select pg_temp.read_pull(pg_temp.pull(8, pg_temp.at('00:00'), '{"title": "late"}'), pg_temp.at('04:00'));
select is(pg_temp.pull_state(8), 'open late', 'one that was requested before it wins too');
select is(pg_temp.next_check(8), interval '0', 'and GitHub is asked again');
select pg_temp.deliver(pg_temp.pull(8, pg_temp.at('03:00'), pg_temp.closed(pg_temp.at('03:00'))), 'closed');
select is(pg_temp.next_check(8), interval '0', 'whatever is delivered until then');
select pg_temp.read_pull(
  pg_temp.pull(8, pg_temp.at('05:00'), pg_temp.closed(pg_temp.at('05:00'))), pg_temp.at('06:00')
);
select is(concat_ws(' ', pg_temp.pull_state(8), pg_temp.next_check(8)), 'closed Fix it', 'then it is done');

-- Times ahead of our clock

create function pg_temp.ahead(p_by interval) returns text language sql as $$
  select to_char((clock_timestamp() + p_by) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;
select pg_temp.deliver(pg_temp.pull(9, pg_temp.at('00:00')), 'opened');
select is(pg_temp.deliver(pg_temp.pull(9, t.updated, t.more)), 'refused', format('%s %s', t.updated, t.more))
from (values
  (pg_temp.ahead('6 minutes'), '{"title": "x"}'), (pg_temp.ahead('100 years'), '{"title": "x"}'),
  (pg_temp.at('01:00'), '{"created_at": "2999-01-01T00:00:00Z"}'),
  (pg_temp.at('01:00'), '{"state": "closed", "closed_at": "2999-01-01T00:00:00Z"}'),
  (pg_temp.at('01:00'), '{"state": "closed", "merged_at": "2999-01-01T02:00:00+02:00"}')
) as v (updated, more) cross join lateral (select v.updated, v.more::jsonb as more) as t;
select is(pg_temp.pull_state(9), 'open Fix it', 'and changes nothing');
select is((select count(*) from private.inbox_events where status = 'failed' and next_attempt_at is not null),
  0::bigint, 'nor later: it is not tried again');
select is(pg_temp.deliver(pg_temp.pull(9, pg_temp.ahead('4 minutes'),
  pg_temp.closed(pg_temp.at('01:00')) || '{"title": "soon"}')), 'done', 'clocks differ by minutes');
select is(pg_temp.next_check(9) between interval '4 minutes' and interval '6 minutes', true,
  'GitHub is asked then, also about a closed one');
select pg_temp.read_pull(pg_temp.pull(9, pg_temp.at('02:00'), '{"title": "truth"}'), pg_temp.ahead('0'));
select is(pg_temp.pull_state(9), 'open truth', 'and is believed before that');

create temp table before_repeat on commit drop as
select updated_at from public.pull_requests where number = 6;
select pg_temp.read_pull(
  pg_temp.pull(6, pg_temp.at('00:00'), pg_temp.closed(pg_temp.at('00:00'))), pg_temp.at('30:00')
);
select is(
  (select updated_at from public.pull_requests where number = 6), (select updated_at from before_repeat),
  'the same answer again does not change the row'
);

select * from finish();
rollback;
