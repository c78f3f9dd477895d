-- Who left the team closes nothing: what they linked by hand or by a task counts in the team's repositories,
-- where who merges decides, and elsewhere only what was merged before.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(39);

delete from public.tasks;
delete from public.projects;
-- A public repository that is not the loop's, whose pull requests are stored.
insert into public.projects (id, user_id, repo_url, repo_owner, repo_name, name) values
  (-1, '00000000-0000-4000-8000-00000000000a', 'https://github.com/mallory/toy', 'mallory', 'toy', 'Toy');
create function pg_temp.toy(p_number integer, p_minutes integer, p_more jsonb default '{}') returns void
language sql as $$
  select public.ingest_github_delivery(gen_random_uuid(), 'pull_request', encode(convert_to(
    jsonb_build_object('action', 'edited', 'number', p_number, 'pull_request',
      pg_temp.pull(p_number, pg_temp.ago(p_minutes), pg_temp.worded('x') || jsonb_build_object(
        'html_url', 'https://github.com/mallory/toy/pull/' || p_number, 'head', '{
          "ref": "fix", "sha": "abc", "repo": {"full_name": "mallory/toy"}
        }'::jsonb, 'base', '{
          "ref": "main", "sha": "def", "repo": {"full_name": "mallory/toy", "private": false}
        }'::jsonb
      ) || p_more),
      'repository', '{"name": "toy", "full_name": "mallory/toy", "owner": {"login": "mallory"}}'::jsonb
    )::text, 'UTF8'
  ), 'base64'))
$$;
create function pg_temp.link_toy(p_persona text, p_name text, p_number integer) returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select concat_ws('' '', intent, linked_by) from public.link_pull_request(%s, %L)',
    pg_temp.number_of(p_name), 'https://github.com/mallory/toy/pull/' || p_number
  ))
$$;
create function pg_temp.outcome(p_name text) returns text language sql as $$
  select pg_temp.status_of(p_name) || ': ' || pg_temp.links_of(p_name)
$$;
create function pg_temp.rejoin() returns void language sql as $$
  insert into public.team_members (user_id, role) values ('00000000-0000-4000-8000-00000000000e', 'agent')
  on conflict (user_id) do update set role = 'agent'
$$;
create function pg_temp.leave() returns void language sql as $$
  delete from public.team_members where user_id = '00000000-0000-4000-8000-00000000000e'
$$;

-- By hand

select pg_temp.engineer('a', 'a1');
select pg_temp.toy(1, 40);
select is(pg_temp.link_toy('second', 'a', 1), 'closes second', 'an agent links a public pull request');
select pg_temp.leave();
select pg_temp.toy(1, 30, pg_temp.merged_ago(30));
select is(pg_temp.outcome('a'), 'open: #1 mentions person merged', 'merged after that, it closes nothing');
select is(pg_temp.status_of('a1'), 'waiting_for_help', 'and resolves nothing');
select pg_temp.rejoin();
select pg_temp.toy(1, 29, pg_temp.merged_ago(30));
select is(pg_temp.status_of('a'), 'open', 'also when they come back');
select is(pg_temp.link_toy('agent', 'a', 1), 'closes Agnes Agent', 'another agent decides');
select is(pg_temp.status_of('a1'), 'resolved Fixloop', 'and it is fixed');

select pg_temp.engineer('b', 'b1');
select pg_temp.toy(2, 40);
select pg_temp.link_toy('second', 'b', 2);
update public.team_members set role = 'viewer' where user_id = '00000000-0000-4000-8000-00000000000e';
select pg_temp.toy(2, 30, pg_temp.merged_ago(30));
select is(pg_temp.outcome('b'), 'open: #2 mentions person merged', 'nor after they lost the role');
select pg_temp.rejoin();

select pg_temp.engineer('c', 'c1');
select pg_temp.toy(3, 40);
select pg_temp.link_toy('second', 'c', 3);
update auth.users set banned_until = now() + interval '1 day' where email = 'second@example.com';
select pg_temp.toy(3, 35);
select is(pg_temp.outcome('c'), 'open: #3 closes person open', 'while they are banned it stays');
select pg_temp.toy(3, 30, pg_temp.merged_ago(30));
select is(pg_temp.outcome('c'), 'open: #3 mentions person merged', 'and merged then, it closes nothing');
select pg_temp.engineer('c2');
select pg_temp.toy(4, 40);
update auth.users set banned_until = null where email = 'second@example.com';
select pg_temp.link_toy('second', 'c2', 4);
update auth.users set banned_until = now() - interval '1 minute' where email = 'second@example.com';
select pg_temp.toy(4, 30, pg_temp.merged_ago(30));
select is(pg_temp.status_of('c2'), 'fixed', 'a ban that is over ends nothing');

select pg_temp.engineer('d', 'd1');
select pg_temp.toy(5, 40);
select pg_temp.link_toy('second', 'd', 5);
select pg_temp.leave();
select is(pg_temp.link_toy('agent', 'd', 5), 'closes Agnes Agent', 'linked again, it is who did that');
select pg_temp.toy(5, 30, pg_temp.merged_ago(30));
select is(pg_temp.status_of('d1'), 'resolved Fixloop', 'whose right counts');
select pg_temp.rejoin();

-- What was merged before

select pg_temp.engineer('e', 'e1');
select pg_temp.toy(6, 40);
update public.loop_settings set ship_gate = 'person';
select pg_temp.link_toy('second', 'e', 6);
select pg_temp.toy(6, 30, pg_temp.merged_ago(30));
select pg_temp.leave();
select pg_temp.toy(6, 20, pg_temp.merged_ago(30));
select is(pg_temp.outcome('e'), 'fixed: #6 closes person merged', 'what was merged before they left stays');
update public.loop_settings set ship_gate = 'merge';
select pg_temp.rejoin();

-- What is open holds nothing up

select pg_temp.engineer('f', 'f1');
select pg_temp.toy(7, 40, jsonb_build_object('created_at', pg_temp.ago(50)));
select pg_temp.link_toy('second', 'f', 7);
select pg_temp.send(17, 30, pg_temp.fixes('f'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('f'), 'open', 'an open pull request holds up a fix');
select pg_temp.leave();
select is(pg_temp.status_of('f1'), 'resolved Fixloop', 'until who linked it leaves');
select pg_temp.rejoin();

-- In the team's repositories, and of a server

select pg_temp.engineer('g', 'g1');
select pg_temp.as_persona('second', format(
  'select intent from public.link_pull_request(%s, %L)', pg_temp.number_of('g'),
  'https://github.com/acme/shop/pull/18'
));
select pg_temp.leave();
select pg_temp.send(18, 30, 'x', pg_temp.merged_ago(30));
select is(pg_temp.status_of('g1'), 'resolved Fixloop', 'in a repository of the team who merges decides');
select pg_temp.engineer('h', 'h1');
select pg_temp.toy(8, 40);
select is(pg_temp.link_toy('service_role', 'h', 8), 'closes system', 'a server links');
select pg_temp.toy(8, 30, pg_temp.merged_ago(30));
select is(pg_temp.status_of('h1'), 'resolved Fixloop', 'with nobody''s right');
select pg_temp.rejoin();

-- Tasks, the same

create function pg_temp.dispatch(p_name text, p_url text) returns bigint language plpgsql as $$
declare
  v_id constant bigint := pg_temp.as_persona(
    'second', 'insert into public.tasks default values returning id'
  );
begin
  insert into public.exai_issue_tasks (task_id, exai_issue_id) values (v_id, pg_temp.id_of(p_name));
  perform pg_temp.as_persona(
    'second', format('update public.tasks set pr_url = %L where id = %s returning id', p_url, v_id)
  );
  update public.task_pull_requests set verified_by = 'worker', verified_at = now(), verify_after = null
  where task_id = v_id;
  return v_id;
end;
$$;
create function pg_temp.toy_url(p_number integer) returns text language sql as $$
  select 'https://github.com/mallory/toy/pull/' || p_number
$$;
select pg_temp.engineer('i', 'i1');
select pg_temp.toy(9, 40);
select pg_temp.dispatch('i', pg_temp.toy_url(9));
select is(pg_temp.outcome('i'), 'open: #9 closes task open', 'a worker has named the pull request of a task');
select pg_temp.leave();
select pg_temp.toy(9, 30, pg_temp.merged_ago(30));
select is(pg_temp.outcome('i'), 'open: -', 'merged after its user left, it closes nothing');
select pg_temp.rejoin();

select pg_temp.engineer('j', 'j1');
select pg_temp.toy(10, 40);
update public.loop_settings set ship_gate = 'person';
select pg_temp.dispatch('j', pg_temp.toy_url(10));
select pg_temp.toy(10, 30, pg_temp.merged_ago(30));
select pg_temp.leave();
select pg_temp.toy(10, 20, pg_temp.merged_ago(30));
select is(pg_temp.outcome('j'), 'fixed: #10 closes task merged', 'what was merged before stays');
update public.loop_settings set ship_gate = 'merge';
select pg_temp.rejoin();

select pg_temp.engineer('k', 'k1');
select pg_temp.toy(11, 40);
select pg_temp.dispatch('k', pg_temp.toy_url(11));
select pg_temp.send(19, 30, pg_temp.fixes('k'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('k'), 'open', 'an open one holds up a fix');
select pg_temp.leave();
select is(pg_temp.status_of('k1'), 'resolved Fixloop', 'until its user leaves');
select pg_temp.rejoin();

select pg_temp.engineer('l', 'l1');
select pg_temp.dispatch('l', 'https://github.com/acme/shop/pull/20');
select pg_temp.leave();
select pg_temp.send(20, 30, 'x', pg_temp.merged_ago(30));
select is(pg_temp.status_of('l1'), 'resolved Fixloop', 'in a repository of the team who merges decides');
select pg_temp.rejoin();
select pg_temp.engineer('m', 'm1');
create temp table renamed on commit drop as
select pg_temp.dispatch('m', 'https://github.com/acme/shop/pull/21') as id;
select pg_temp.send(21, 30, 'x', pg_temp.merged_ago(30));
update public.tasks set pr_url = 'https://github.com/acme/shop/pull/22' where id = (select id from renamed);
select is(
  pg_temp.links_of('m'), '#22 closes task open', 'a task that names another one has nothing to do with it'
);

-- What was open holds nothing up, though nobody has news of it

create function pg_temp.hold(p_name text, p_toy integer, p_pull integer) returns void language sql as $$
  select pg_temp.toy(p_toy, 40);
  select pg_temp.link_toy('second', p_name, p_toy);
  select pg_temp.send(p_pull, 30, pg_temp.fixes(p_name), pg_temp.merged_ago(30));
  select private.run_close_rule();
$$;
select pg_temp.engineer('p', 'p1');
select pg_temp.hold('p', 13, 24);
select is(pg_temp.status_of('p1'), 'waiting_for_help', 'an open one that an agent linked holds up a fix');
update auth.users set banned_until = now() + interval '1 day' where email = 'second@example.com';
select private.run_close_rule();
select is(pg_temp.status_of('p1'), 'resolved Fixloop', 'until they are banned');
update auth.users set banned_until = null where email = 'second@example.com';
select pg_temp.engineer('q', 'q1');
select pg_temp.toy(14, 40);
create temp table ended on commit drop as select pg_temp.dispatch('q', pg_temp.toy_url(14)) as id;
select pg_temp.send(25, 30, pg_temp.fixes('q'), pg_temp.merged_ago(30));
select private.run_close_rule();
select is(pg_temp.status_of('q1'), 'waiting_for_help', 'one of a task holds up a fix');
delete from public.tasks where id = (select id from ended);
select private.run_close_rule();
select is(pg_temp.status_of('q1'), 'resolved Fixloop', 'until the task is deleted');
select pg_temp.engineer('s', 's1');
select pg_temp.hold('s', 15, 26);
select pg_temp.engineer('t', 't1');
select pg_temp.hold('t', 16, 27);
update public.pull_requests set is_private = true where repo_name = 'toy' and number = 16;
select private.run_close_rule();
select is(pg_temp.status_of('t1'), 'resolved Fixloop', 'nor once the team does not see it any more');
select pg_temp.engineer('u', 'u1');
select pg_temp.toy(17, 40);
select pg_temp.link_toy('second', 'u', 17);
select pg_temp.toy(17, 30, pg_temp.merged_ago(30) || jsonb_build_object('base', '{
  "ref": "main", "sha": "def", "repo": {"full_name": "mallory/toy", "private": true}
}'::jsonb));
select is(pg_temp.outcome('u'), 'open: #17 closes person open', 'what is merged out of sight fixes nothing');
select pg_temp.toy(17, 29, pg_temp.merged_ago(30));
select is(pg_temp.status_of('u1'), 'resolved Fixloop', 'until it can be seen');

-- An account that is deleted

select pg_temp.engineer('n', 'n1');
select pg_temp.toy(12, 40);
select pg_temp.link_toy('second', 'n', 12);
select pg_temp.engineer('o', 'o1');
select pg_temp.as_persona('second', format(
  'select intent from public.link_pull_request(%s, %L)', pg_temp.number_of('o'),
  'https://github.com/acme/shop/pull/23'
));
select pg_temp.engineer('v', 'v1');
select pg_temp.send(28, 40, 'x', pg_temp.public_base());
select pg_temp.as_persona('second', format(
  'select intent from public.link_pull_request(%s, %L)', pg_temp.number_of('v'),
  'https://github.com/acme/shop/pull/28'
));
select pg_temp.engineer('w', 'w1');
select pg_temp.send(29, 40, 'x', pg_temp.public_base());
select pg_temp.as_persona('service_role', format(
  'select intent from public.link_pull_request(%s, %L)', pg_temp.number_of('w'),
  'https://github.com/acme/shop/pull/29'
));
update auth.users set deleted_at = now() where email = 'second@example.com';
delete from auth.users where email = 'second@example.com';
select private.run_close_rule();
select is(pg_temp.status_of('s1'), 'resolved Fixloop', 'with the account its right is gone to hold up a fix');
select pg_temp.toy(12, 30, pg_temp.merged_ago(30));
select is(pg_temp.outcome('n'), 'open: #12 mentions person merged', 'and merged, it closes nothing');
select is(pg_temp.status_of('n1'), 'waiting_for_help', 'nor is anything resolved');
select pg_temp.send(23, 30, 'x', pg_temp.merged_ago(30));
select is(pg_temp.status_of('o1'), 'resolved Fixloop', 'but in a repository of the team');
update public.pull_requests set is_private = false where repo_name = 'shop' and number in (28, 29);
delete from public.loop_repositories;
select pg_temp.send(28, 30, 'x', pg_temp.merged_ago(30) || pg_temp.public_base());
select is(
  pg_temp.outcome('v'), 'open: #28 mentions person merged',
  'and not once that is a repository of the team no more'
);
select pg_temp.send(29, 30, 'x', pg_temp.merged_ago(30) || pg_temp.public_base());
select is(pg_temp.status_of('w1'), 'resolved Fixloop', 'where what a server has linked is fixed');
select is(
  (
    select count(*)::integer from (
      select from public.loop_events where hop = 'resolved' group by issue_id, generation having count(*) > 1
    ) as twice
  ), 0, 'each was resolved once'
);

select * from finish();
rollback;
