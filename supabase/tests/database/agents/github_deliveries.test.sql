-- What GitHub delivers: stored once, processed once, and nothing written for repositories that nobody named.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
select plan(31);

create function pg_temp.body_for(
  p_number integer, p_at text default '2026-03-01T10:00:00Z', p_more jsonb default '{}'
) returns text language sql as $$
  select pg_temp.body(pg_temp.pull(p_number, p_at, p_more))
$$;
create function pg_temp.body_of(p_bytes bytea) returns text language sql as $$
  select encode(p_bytes, 'base64')
$$;
create function pg_temp.row_of(p_id uuid) returns text language sql as $$
  select concat_ws(' ', status, attempts_count, error, case when next_attempt_at is not null then 'again' end)
  from private.inbox_events where delivery_id = p_id::text
$$;

-- A repository that no project and no task names

select is(pg_temp.deliver(pg_temp.pull(1, '2026-03-01T10:00:00Z')), 'ignored', 'of no project and no task');
select is((select count(*) from private.inbox_events), 0::bigint, 'nothing is stored');
select is((select count(*) from public.pull_requests), 0::bigint, 'and no pull request made');

insert into public.projects (user_id, repo_url, repo_owner, repo_name, name) values (
  '00000000-0000-4000-8000-00000000000a', 'https://github.com/acme/shop', 'ACME', 'Shop', 'Shop'
);
select is(
  public.ingest_github_delivery(gen_random_uuid(), 'issues', pg_temp.body_for(1))
    ->> 'status', 'ignored', 'another event is ignored'
);
select is((select count(*) from private.inbox_events), 0::bigint, 'without a row');

-- Once

select is(
  public.ingest_github_delivery(
    '10000000-0000-4000-8000-000000000001', 'pull_request', pg_temp.body_for(1)
  ),
  '{"delivery_id": "10000000-0000-4000-8000-000000000001", "status": "done"}'::jsonb,
  'a known repository''s is processed, whatever the case of its name'
);
select is(
  (select row(
    repo_owner, repo_name, number, state, is_draft, merged_at, merge_commit_sha, head_ref, base_ref, title,
    author_login, html_url, is_private, is_from_fork, provider_updated_at
  )::text from public.pull_requests),
  row(
    'acme', 'shop', 1, 'open', false, null, null, 'fix', 'main', 'Fix it', 'maya',
    'https://github.com/Acme/Shop/pull/1', true, false, '2026-03-01T10:00:00Z'::timestamptz
  )::text, 'the row has its values; the commit of a merge that GitHub only tried is not one'
);
select is(pg_temp.row_of('10000000-0000-4000-8000-000000000001'), 'processed 1', 'and the delivery is done');
select is(
  public.ingest_github_delivery(
    '10000000-0000-4000-8000-000000000001', 'pull_request', pg_temp.body_for(1)
  ) ->> 'status', 'already_done', 'a redelivery of it is not processed again'
);
select is(
  public.ingest_github_delivery(
    gen_random_uuid(), 'pull_request', pg_temp.body_for(1)
  ),
  '{"delivery_id": "10000000-0000-4000-8000-000000000001", "status": "already_done"}'::jsonb,
  'nor are the same bytes under another id, which the signature doesn''t cover'
);
select is((select count(*) from private.inbox_events), 1::bigint, 'there is one row');
select is(
  public.ingest_github_delivery(
    '10000000-0000-4000-8000-000000000001', 'pull_request', pg_temp.body_for(2)
  ) ->> 'status', 'already_done', 'other bytes under the id of one that is done change nothing'
);
select is((select count(*) from public.pull_requests), 1::bigint, 'and make no row');

-- Failing

select is(
  public.ingest_github_delivery(
    '20000000-0000-4000-8000-000000000001', 'pull_request',
    pg_temp.body_for(3, 'no time', '{"title": "Third"}')
  ) ->> 'status', 'failed', 'one that cannot be processed has failed'
);
select matches(
  pg_temp.row_of('20000000-0000-4000-8000-000000000001'),
    '^failed 1 PT422: agents_pull_request_invalid again$',
  'it is recorded with its error, to be tried again'
);
select is((select count(*) from public.pull_requests where number = 3), 0::bigint, 'and left nothing behind');
select is(
  public.ingest_github_delivery(
    '20000000-0000-4000-8000-000000000001', 'pull_request',
    pg_temp.body_for(3, 'no time', '{"title": "Third"}')
  ) ->> 'status', 'failed', 'a redelivery of a failed one is processed again'
);
select matches(
  pg_temp.row_of('20000000-0000-4000-8000-000000000001'), '^failed 2 ', 'which is a second attempt'
);
update private.inbox_events set
  body = decode(pg_temp.body_for(3, '2026-03-01T10:00:00Z', '{"title": "Third"}'), 'base64'),
  next_attempt_at = now() - interval '1 second'
where delivery_id = '20000000-0000-4000-8000-000000000001';
select is(private.run_inbox_events('github'), 1, 'the job processes what waits');
select is(pg_temp.row_of('20000000-0000-4000-8000-000000000001'), 'processed 3', 'and it is done');
select is(pg_temp.pull_state(3), 'open Third', 'with its effect');
select is(private.run_inbox_events('github'), 0, 'then nothing waits');

select is(
  public.ingest_github_delivery(gen_random_uuid(), 'pull_request', pg_temp.body_of(b)) ->> 'status',
  'failed', w
) from (values
  ('\x7bff7d'::bytea, 'a body that is not UTF-8 is stored, and has failed'),
  (convert_to(repeat('[', 100000), 'UTF8'), 'and what is nested without end'),
  (convert_to('{"a" 1}', 'UTF8'), 'and what is not JSON')
) as t (b, w);
select is(
  (select count(*) from private.inbox_events where status = 'failed' and next_attempt_at is not null),
  0::bigint, 'none of which is tried again'
);

-- Texts that jsonb can't hold

select is(
  public.ingest_github_delivery(
    '30000000-0000-4000-8000-000000000001', 'pull_request', pg_temp.body_of(convert_to(replace(
      convert_from(decode(pg_temp.body_for(4), 'base64'), 'UTF8'),
      'Fix it', 'a\u0000b\ud800c'
    ), 'UTF8'))
  ) ->> 'status', 'done', 'a title with a NUL and half a surrogate pair is taken'
);
select is(pg_temp.pull_state(4), U&'open a\FFFDb\FFFDc', 'with a mark in their place');
select matches(
  (select convert_from(body, 'UTF8') from private.inbox_events
   where delivery_id = '30000000-0000-4000-8000-000000000001'),
  'a\\u0000b\\ud800c', 'while the bytes stay'
);

-- Only stored

select is(
  public.receive_github_delivery(
    '40000000-0000-4000-8000-000000000001', 'pull_request', pg_temp.body_for(5)
  ), 'received', 'what could not be processed is stored for the job'
);

-- Pruning

update private.inbox_events set processed_at = now() - interval '31 days'
where delivery_id = '10000000-0000-4000-8000-000000000001';
select is(
  private.prune_inbox_events() ->> 'github', '1', 'what was processed long ago is deleted, what failed stays'
);

select * from finish();
rollback;
