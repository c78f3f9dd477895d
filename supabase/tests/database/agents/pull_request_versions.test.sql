-- What was said of a pull request, late, twice and in any order, ends as the same row.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
select plan(24);

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
select is(pg_temp.pull_state(1), 'merged Mend it', 'a merge may be the first that is heard of');
select is(
  (select merge_commit_sha from public.pull_requests where number = 1), 'merge', 'and has its commit'
);
select pg_temp.deliver(pg_temp.pull(1, pg_temp.at('00:00')), 'opened');
select is(pg_temp.pull_state(1), 'merged Mend it', 'an older delivery undoes nothing');

select pg_temp.deliver(pg_temp.pull(2, pg_temp.at('00:00')), 'opened');
select pg_temp.deliver(pg_temp.pull(2, pg_temp.at('01:00'), pg_temp.closed(pg_temp.at('01:00'))), 'closed');
select is(pg_temp.pull_state(2), 'closed Mend it', 'a newer one closes');
select is(pg_temp.next_check(2), null, 'and nothing is left to ask');
select pg_temp.deliver(pg_temp.pull(2, pg_temp.at('02:00'), '{"draft": true}'), 'reopened');
select is(pg_temp.pull_state(2), 'open draft Mend it', 'a newer one still opens again');
select is(pg_temp.next_check(2), interval '14 minutes', 'and then it is asked for by the clock');
select is(
  (select row(merged_at, closed_at, merge_commit_sha)::text from public.pull_requests where number = 2),
  '(,,)', 'without a trace of its end'
);

-- Within one second

select pg_temp.deliver(pg_temp.pull(3, pg_temp.at('00:00'), '{"title": "b"}'), 'opened');
select pg_temp.deliver(pg_temp.pull(3, pg_temp.at('00:00'), '{"title": "a"}'));
select pg_temp.deliver(pg_temp.pull(4, pg_temp.at('00:00'), '{"title": "a"}'));
select pg_temp.deliver(pg_temp.pull(4, pg_temp.at('00:00'), '{"title": "b"}'), 'opened');
select is(pg_temp.pull_state(3), pg_temp.pull_state(4), 'two deliveries end the same in either order');
select is(pg_temp.next_check(3), interval '0', 'and GitHub is asked which it is');
select is(pg_temp.next_check(4), interval '0', 'in either order');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), pg_temp.merged(pg_temp.at('00:00'))), 'closed');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "z"}'));
select is(pg_temp.pull_state(5), 'merged Mend it', 'a merge stands against an opening of the same second');
select is(pg_temp.next_check(5), interval '0', 'until GitHub is asked, closed or not');
set local timezone = 'Asia/Kathmandu';
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "zz"}'));
select is(pg_temp.pull_state(5), 'merged Mend it', 'in any time zone');
set local timezone = 'UTC';

-- Answers

select pg_temp.read_pull(
  pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "read"}'), '2026-03-01T11:00:00Z'
);
select is(pg_temp.pull_state(5), 'open read', 'an answer beats the deliveries of its second');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "zzz"}'));
select is(pg_temp.pull_state(5), 'open read', 'also one that comes after it');
select pg_temp.read_pull(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "old"}'), pg_temp.at('30:00'));
select is(pg_temp.pull_state(5), 'open read', 'and the answer to an earlier question');
select pg_temp.read_pull(pg_temp.pull(5, pg_temp.at('00:00'), '{"title": "again"}'), '2026-03-01T12:00:00Z');
select is(pg_temp.pull_state(5), 'open again', 'but not the answer to a later one');
select pg_temp.read_pull(
  pg_temp.pull(5, '2026-03-01T09:00:00Z', '{"title": "stale"}'), '2026-03-01T13:00:00Z'
);
select is(pg_temp.pull_state(5), 'open again', 'which may be stale itself');
select pg_temp.deliver(pg_temp.pull(5, pg_temp.at('00:01'), '{"title": "later"}'));
select is(pg_temp.pull_state(5), 'open later', 'a delivery of a later second counts again');
select is(
  (select row(c.etag, c.read_at)::text from private.pull_request_checks as c
   join public.pull_requests as p on p.id = c.pull_request_id where p.number = 5),
  '(,)', 'and what was read is no longer what stands there'
);
select pg_temp.read_pull(
  pg_temp.pull(6, pg_temp.at('00:00'), pg_temp.closed(pg_temp.at('00:00'))), pg_temp.at('00:01')
);
select is(
  pg_temp.next_check(6), interval '1 minute', 'what was read of a second that was not over is read again'
);
select pg_temp.read_pull(
  pg_temp.pull(6, pg_temp.at('00:00'), pg_temp.closed(pg_temp.at('00:00'))), pg_temp.at('00:02')
);
select is(pg_temp.next_check(6), null, 'once');

create temp table before_repeat on commit drop as
select updated_at from public.pull_requests where number = 6;
select pg_temp.read_pull(
  pg_temp.pull(6, pg_temp.at('00:00'), pg_temp.closed(pg_temp.at('00:00'))), pg_temp.at('30:00')
);
select is(
  (select updated_at from public.pull_requests where number = 6), (select updated_at from before_repeat),
  'reading the same again is no change of the row'
);

select * from finish();
rollback;
