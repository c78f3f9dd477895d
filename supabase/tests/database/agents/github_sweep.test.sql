-- What the sweep gets, in which order and with whose token, and how its answers are recorded.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
select plan(67);

create function pg_temp.give_token(p_persona_id text) returns void language sql as $$
  insert into private.secrets (id, user_id, kind, sealed) values (
    gen_random_uuid(), p_persona_id::uuid, 'github_token', 'v1.test.AAECAwQFBgcICQoL.' || repeat('x', 24)
  )
$$;
create function pg_temp.as_stranger(p_pr integer) returns text language sql as $$
  select pg_temp.as_persona('stranger', format(
    'insert into public.tasks (pr_url) values (''https://github.com/acme/shop/pull/%s'') returning id', p_pr
  ))
$$;
create function pg_temp.due() returns text language sql as $$
  select string_agg(p.number::text, ',' order by d.place)
  from private.due_pull_requests(100) with ordinality as d (id, place)
  join public.pull_requests as p on p.id = d.id
$$;
create function pg_temp.id_of(p_number integer) returns bigint language sql as $$
  select id from public.pull_requests where repo_owner = 'acme' and repo_name = 'shop' and number = p_number
$$;
-- A wait without its jitter, a fifth of it at most, where it is one of those that double; a day less up to
-- three hours is the next time of a link that a token verified.
create function pg_temp.wait_of(p_wait interval) returns text language sql as $$
  select coalesce(
    (
      select w::text from unnest(array['12 minutes', '24 minutes', '1 day']::interval[]) as w
      where p_wait between w and w * 1.2 and p_wait <> '14 minutes'
    ),
    case when p_wait between '21 hours' and '1 day' then 'daily' end, p_wait::text
  )
$$;
create function pg_temp.check_of(p_number integer) returns text language sql as $$
  select concat_ws(' ', pg_temp.wait_of(c.next_attempt_at - now()), c.attempts_count, c.etag)
  from private.pull_request_checks as c where c.pull_request_id = pg_temp.id_of(p_number)
$$;
create function pg_temp.link_of(p_number integer, p_user text) returns text language sql as $$
  select concat_ws(
    ' ', coalesce(l.verified_by, '-'), pg_temp.wait_of(l.verify_after - now()), l.verify_failures_count
  )
  from public.task_pull_requests as l
  where l.pull_request_id = pg_temp.id_of(p_number) and l.user_id = p_user::uuid
$$;
create function pg_temp.finish(p_number integer, p_user text, p_outcome text, p_pull jsonb default null)
returns void language sql as $$
  select public.finish_github_check(
    pg_temp.id_of(p_number), p_user::uuid, p_outcome, p_pull::text, 'W/"1"', '2026-03-01T12:00:00Z'
  )
$$;

-- Whose token is used

select pg_temp.as_stranger(1);
select is(pg_temp.due(), '1', 'what a task names is due, since it may be public');
select pg_temp.deliver(pg_temp.pull(1, '2026-03-01T10:00:00Z'));
update private.pull_request_checks set next_attempt_at = now() - interval '1 minute' where true;
select is(pg_temp.due(), null, 'a private one is not due without a token');
select pg_temp.give_token('00000000-0000-4000-8000-00000000000a');
select is(pg_temp.due(), '1', 'with one it is due');
update private.secrets set invalid_at = now() where true;
select is(pg_temp.due(), null, 'but not with one that GitHub rejects');
update private.secrets set invalid_at = null where true;

select is(
  (select public.begin_github_sweep() #- '{pull_requests,0,pull_request_id}'
    #- '{pull_requests,0,readers,0,secret_id}'),
  jsonb_build_object(
    'paused_until', null, 'projects', '[]'::jsonb, 'repositories', '[]'::jsonb, 'branches', '[]'::jsonb,
    'pull_requests', jsonb_build_array(jsonb_build_object(
      'github_id', null, 'repo_owner', 'acme', 'repo_name', 'shop', 'number', 1, 'is_private', true,
      'etag', null,
      'readers', jsonb_build_array(jsonb_build_object(
        'user_id', '00000000-0000-4000-8000-00000000000a', 'is_unverified', true,
        'sealed', 'v1.test.AAECAwQFBgcICQoL.' || repeat('x', 24)
      ))
    ))
  ), 'the sweep gets what it needs for its request'
);
select is(
  public.begin_github_sweep() -> 'pull_requests', '[]'::jsonb, 'a concurrent one does not'
);
select is(pg_temp.check_of(1), '00:10:00 0', 'for ten minutes');

-- Answers

select pg_temp.finish(1, '00000000-0000-4000-8000-00000000000a', 'read', pg_temp.pull(
  1, '2026-03-01T11:00:00Z', '{"title": "Read"}'
));
select is(pg_temp.pull_state(1), 'open Read', 'an answer becomes the row');
select is(
  pg_temp.check_of(1), '00:14:00 0 W/"1"', 'with its ETag, and the next attempt is in 14 minutes'
);
select is(
  pg_temp.link_of(1, '00000000-0000-4000-8000-00000000000a'), 'token daily 0',
  'and the user of the token may see it'
);
select is(
  pg_temp.as_persona('stranger', 'select title from public.pull_requests'), 'Read', 'and sees it'
);
select is(pg_temp.due(), null, 'nothing is due then');
update private.pull_request_checks set next_attempt_at = now() where true;
select is(pg_temp.due(), '1', 'until its time comes');
select pg_temp.finish(1, '00000000-0000-4000-8000-00000000000a', 'unchanged');
select is(pg_temp.check_of(1), '00:14:00 0 W/"1"', 'an unchanged one sets the next attempt');
select pg_temp.finish(1, '00000000-0000-4000-8000-00000000000a', 'not_seen');
select is(
  pg_temp.link_of(1, '00000000-0000-4000-8000-00000000000a'), '- 00:12:00 1',
  'a token that no longer finds it hides it again, and is tried later'
);
select is(pg_temp.as_persona('stranger', 'select count(*) from public.pull_requests'), '0', 'immediately');
select pg_temp.finish(1, '00000000-0000-4000-8000-00000000000a', 'not_seen');
select is(
  pg_temp.link_of(1, '00000000-0000-4000-8000-00000000000a'), '- 00:24:00 2', 'and later each time'
);
select pg_temp.finish(1, null, 'unseen');
select is(pg_temp.check_of(1), '00:12:00 1 W/"1"', 'where no token finds it, the next attempt is later');
update private.pull_request_checks set attempts_count = 20 where true;
select pg_temp.finish(1, null, 'unseen');
select is(pg_temp.check_of(1), '1 day 21 W/"1"', 'by at most a day and a fifth');
select pg_temp.finish(1, '00000000-0000-4000-8000-00000000000a', 'unchanged');
select is(pg_temp.check_of(1), '00:14:00 0 W/"1"', 'and as before after it is found');
select is(
  pg_temp.link_of(1, '00000000-0000-4000-8000-00000000000a'), 'token daily 0', 'like the link'
);
select pg_temp.finish(1, '00000000-0000-4000-8000-00000000000a', 'read', pg_temp.pull(
  1, '2026-03-01T11:30:00Z', pg_temp.merged('2026-03-01T11:30:00Z')
));
select is(pg_temp.pull_state(1), 'merged Fix it', 'a merge without a delivery');
select is(pg_temp.check_of(1), '0 W/"1"', 'is the last answer that is needed');

select throws_ok(
  $$ select pg_temp.finish(1, null, 'read', pg_temp.pull(2, '2026-03-01T11:00:00Z')) $$, 'PT422',
  'agents_github_answer_invalid', 'the answer has to be about the requested number'
);
select throws_ok(
  $$ select pg_temp.finish(1, null, 'read', '{"message": "Not Found"}') $$, 'PT422',
  'agents_pull_request_invalid', 'and be a pull request'
);
select throws_ok(
  $$ select pg_temp.finish(1, null, 'else') $$, 'PT422', 'agents_github_outcome_invalid',
    'an unknown outcome is rejected'
);
select throws_ok(
  $$ select public.finish_github_check(0, null, 'unseen') $$, 'PT404', 'agents_pull_request_unknown',
  'an unknown pull request is rejected'
);

-- A public one, read with no token

select pg_temp.as_persona('viewer',
  $q$ insert into public.tasks (pr_url) values ('https://github.com/acme/shop/pull/2') returning id $q$);
select pg_temp.finish(2, null, 'read', pg_temp.pull(2, '2026-03-01T11:00:00Z') || pg_temp.public_base());
select is(
  pg_temp.link_of(2, '00000000-0000-4000-8000-00000000000b'), 'public 0',
  'is visible to every user with a link to it'
);

-- Round robin

delete from public.tasks;
delete from public.pull_requests;
select pg_temp.give_token('00000000-0000-4000-8000-00000000000b');
select pg_temp.as_stranger(n) from generate_series(10, 20) as n;
select pg_temp.as_persona('viewer',
  $q$ insert into public.tasks (pr_url) values ('https://github.com/acme/shop/pull/30') returning id $q$);
update public.task_pull_requests
set verify_after = now() - (pull_request_id || ' seconds')::interval where true;
select ok(
  (select p.number from private.due_pull_requests(2) with ordinality as d (id, place)
   join public.pull_requests as p on p.id = d.id where p.number = 30) = 30,
  'a user who names many delays nobody else'
);
select is(
  (select jsonb_array_length(public.begin_github_sweep(null, 5) -> 'pull_requests')), 5,
  'batch_size limits a sweep'
);
select is((select count(*) from private.due_pull_requests(100)), 7::bigint, 'the rest stays due');

-- Branches

create function pg_temp.branches() returns text language sql as $$
  select string_agg(
    concat_ws(' ', b ->> 'repo_owner', b ->> 'repo_name', b ->> 'head_ref', b ->> 'user_id'), ','
  )
  from jsonb_array_elements(public.begin_github_sweep() -> 'branches') as b
$$;
delete from public.tasks;
select pg_temp.as_persona('stranger', $q$
  insert into public.tasks (repo_url, pr_branch, status, created_at)
  values ('https://github.com/acme/shop', 'fix', 'running', '2026-01-01') returning id
$q$);
select is(pg_temp.branches(), null, 'while a task runs, its branch is not looked up');
update public.tasks set status = 'completed' where true;
select is(
  pg_temp.branches(), 'acme shop fix 00000000-0000-4000-8000-00000000000a', 'after it is completed, it is'
);
select is(pg_temp.branches(), null, 'and not again immediately');
select is(
  (select next_attempt_at - now() from private.task_github_refs), interval '10 minutes',
  'but later, where nobody was asked'
);
select is((select attempts_count from private.task_github_refs), 0, 'which does not count');
select is(
  public.record_github_branch(t.id, t.user_id, '[]', now()), 0, 'an empty list records nothing'
) from public.tasks as t;
select is(
  (select next_attempt_at - now() between interval '12 minutes' and interval '14.4 minutes'
   from private.task_github_refs), true, 'but when to look again'
);
select is(
  public.record_github_branch(t.id, t.user_id, jsonb_build_array(
    pg_temp.pull(40, '2026-03-01T11:00:00Z'),
    pg_temp.pull(41, '2026-03-01T11:00:00Z', jsonb_build_object('head', '{"ref": "other"}'::jsonb))
  )::text, now()), 1, 'only those of the branch are recorded'
) from public.tasks as t;
select is(
  pg_temp.link_of(40, '00000000-0000-4000-8000-00000000000a'), 'token daily 0', 'they are linked and visible'
);
select is((select next_attempt_at from private.task_github_refs), null,
  'and the branch is not looked up again');
select is(
  public.record_github_branch(t.id, '00000000-0000-4000-8000-00000000000b', '[]', now()), 0,
  'not for somebody else''s task'
) from public.tasks as t;
update private.task_github_refs set next_attempt_at = now(), attempts_count = 12 where true;
delete from public.task_pull_requests where true;
select is(
  pg_temp.branches(), 'acme shop fix 00000000-0000-4000-8000-00000000000a', 'a last attempt after a week'
);
select public.record_github_branch(t.id, t.user_id, '[]', now()) from public.tasks as t;
select is((select next_attempt_at from private.task_github_refs), null, 'is the last');

-- Pauses

select is(
  public.pause_github_sweep(now() + interval '5 minutes'), now() + interval '5 minutes', 'a pause is stored'
);
select is(
  public.pause_github_sweep(now() + interval '1 minute'), now() + interval '5 minutes',
  'a shorter one does not shorten it'
);
select pg_temp.as_stranger(50);
select is(
  public.begin_github_sweep(),
  jsonb_build_object(
    'paused_until', now() + interval '5 minutes', 'projects', '[]'::jsonb, 'repositories', '[]'::jsonb,
    'pull_requests', '[]'::jsonb,
    'branches', '[]'::jsonb
  ), 'during it nothing is leased'
);
select is(
  public.pause_github_sweep(now() + interval '9 days'), now() + interval '1 day', 'it is at most a day'
);

-- Scheduled calls

select is(private.request_github_sweep(), false, 'without the URL of the functions there is no call');
update public.agent_settings set functions_url = 'http://127.0.0.1:1/functions/v1' where true;
select is(private.request_github_sweep(), false, 'nor during a pause');
delete from private.provider_pauses where true;
select is(private.request_github_sweep(), true, 'otherwise the function is called');
select is(
  (select row(method, url, timeout_milliseconds)::text from net.http_request_queue order by id desc limit 1),
  '(POST,http://127.0.0.1:1/functions/v1/github-sweep,120000)', 'at its URL'
);
create temp table ticket on commit drop as
select headers ->> 'x-fixloop-ticket' as ticket from net.http_request_queue order by id desc limit 1;
select is(
  (select count(*) from private.function_tickets as f join ticket as t
   on f.hash = sha256(convert_to(t.ticket, 'UTF8'))), 1::bigint, 'with a ticket, of which the hash is stored'
);
select is(
  (select count(*) from net.http_request_queue
   where headers::text || convert_from(body, 'UTF8') ~ 'sb_secret|v1\.'), 0::bigint,
  'and nothing else that is secret'
);
select lives_ok(
  format('select public.begin_github_sweep(%L)', (select ticket from ticket)), 'a ticket begins a sweep'
);
select throws_ok(
  format('select public.begin_github_sweep(%L)', (select ticket from ticket)), 'PT401',
  'function_ticket_invalid', 'once'
);
create temp table old_ticket on commit drop as
select private.issue_function_ticket('github-sweep') as ticket;
update private.function_tickets set expires_at = now() - interval '1 second' where true;
select throws_ok(
  format('select public.begin_github_sweep(%L)', (select ticket from old_ticket)), 'PT401',
  'function_ticket_invalid', 'for five minutes'
);
select throws_ok(
  $$ select public.begin_github_sweep('0123456789') $$, 'PT401', 'function_ticket_invalid',
  'not a made-up one'
);
select is(private.request_github_sweep(), false, 'where nothing is due, there is no call');

-- A token that rests

create function pg_temp.rest(p_name text, p_until interval) returns interval language sql as $$
  select public.pause_github_sweep(now() + p_until, (
    select s.id from private.secrets as s join auth.users as u on u.id = s.user_id
    where u.email = p_name || '@example.com'
  )) - now()
$$;
create function pg_temp.usable() returns text language sql as $$
  select coalesce(string_agg(split_part(u.email, '@', 1), ',' order by u.email), 'none')
  from private.usable_github_tokens as s join auth.users as u on u.id = s.user_id
$$;
delete from private.secrets where true;
delete from private.provider_pauses where true;
select public.set_github_token(u.id, gen_random_uuid(), 'v1.one.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
  jsonb_build_object('login', case when u.email ~ '^(stranger|viewer)' then 'Octo' else u.email end))
from auth.users as u where u.email ~ '^(stranger|viewer|agent|admin)@example.com';
select is(pg_temp.rest('stranger', '1 hour'), null, 'one user''s limit pauses nobody');
select is(pg_temp.usable(), 'admin,agent,viewer', 'that token rests');
select is(pg_temp.rest('viewer', '2 hours'), null, 'nor does another token of the same account at GitHub');
select is((public.begin_github_sweep() ->> 'paused_until'), null, 'the sweep goes on');
select is(pg_temp.rest('agent', '3 hours'), interval '2 hours',
  'two accounts do, until one of them may be used again');
update private.secrets set rests_until = now() - interval '1 second'
where rests_until < now() + interval '2.5 h';
delete from private.provider_pauses where true;
select is(pg_temp.usable(), 'admin,stranger,viewer', 'a time that has passed rests nothing');
select is(pg_temp.rest('admin', '9 days'), interval '3 hours', 'and pauses nobody');
select public.set_github_token((select id from auth.users where email = 'agent@example.com'),
  gen_random_uuid(), 'v1.one.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA');
select is(pg_temp.usable(), 'agent,stranger,viewer', 'another token of the user does not rest');

select * from finish();
rollback;
