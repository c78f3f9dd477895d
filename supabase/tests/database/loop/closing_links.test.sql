-- Links of pull requests by persons and tasks, and what strangers can't do with them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(77);

create function pg_temp.link_pull(p_persona text, p_name text, p_url text, p_intent text default 'closes')
returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select concat_ws('' '', intent, source, linked_by) from public.link_pull_request(%s, %L, %L)',
    pg_temp.number_of(p_name), p_url, p_intent
  ))
$$;
create function pg_temp.unlink_pull(p_persona text, p_name text, p_url text) returns text language sql as $$
  select pg_temp.as_persona(
    p_persona, format('select public.unlink_pull_request(%s, %L)', pg_temp.number_of(p_name), p_url)
  )
$$;
create function pg_temp.url(p_number integer) returns text language sql as $$
  select 'https://github.com/acme/shop/pull/' || p_number
$$;

-- Persons

select pg_temp.engineer('a', 'a1');
select is(pg_temp.link_pull(p, 'a', pg_temp.url(1)), e, p || ' links') from (values
  ('anon', '42501 permission denied for function link_pull_request'),
  ('stranger', 'PT403 team_role_required'), ('viewer', 'PT403 team_role_required'),
  ('agent', 'closes person Agnes Agent')
) as t (p, e);
select is(pg_temp.links_of('a'), '#1 closes person open', 'what GitHub has not reported counts as open');
select is(pg_temp.link_pull('agent', 'a', u, i), e, coalesce(u, 'null')) from (values
  ('https://example.com/acme/shop/pull/1', 'closes', 'PT422 loop_pull_request_invalid'),
  (null, 'closes', 'PT422 loop_pull_request_invalid'),
  ('https://github.com/acme/shop/pull/1', 'fixes', 'PT422 loop_intent_invalid'),
  ('https://github.com/acme/shop/pull/1', null, 'PT422 loop_intent_invalid'),
  ('https://github.com/mallory/secret/pull/1', 'closes', 'PT404 loop_pull_request_unknown')
) as t (u, i, e);
select is(
  pg_temp.as_persona(
    'agent', 'select public.link_pull_request(2000000000, ''https://github.com/acme/shop/pull/1'')'
  ),
  'PT404 exai_issue_unknown', 'an issue that does not exist'
);
select pg_temp.send(1, 30, 'no word of it', pg_temp.merged_ago(30));
select is(pg_temp.status_of('a1'), 'resolved Fixloop', 'its merge fixes and resolves');
select is(
  pg_temp.link_pull('agent', 'a', pg_temp.url(1), 'mentions'), 'mentions person Agnes Agent', 'changed'
);
select is(pg_temp.status_of('a1'), 'resolved Fixloop', 'what was told stays');

select pg_temp.engineer('b', 'b1');
select pg_temp.send(2, 40, pg_temp.fixes('b'));
select is(
  pg_temp.link_pull('agent', 'b', pg_temp.url(2), 'mentions'), 'mentions person Agnes Agent', 'a person'
);
select pg_temp.send(2, 30, 'Closes EXAI-' || pg_temp.number_of('b'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('b'), 'open', 'outweighs words');
select is(pg_temp.unlink_pull(p, 'b', pg_temp.url(2)), e, p || ' unlinks') from (values
  ('anon', '42501 permission denied for function unlink_pull_request'),
  ('stranger', 'PT403 team_role_required'), ('viewer', 'PT403 team_role_required'), ('agent', 'true'),
  ('admin', 'false')
) as t (p, e);
select is(pg_temp.unlink_pull('agent', 'b', 'x'), 'false', 'what is not a URL is not linked');
select pg_temp.send(2, 20, pg_temp.fixes('b'), pg_temp.merged_ago(30));
select is(pg_temp.links_of('b'), '-', 'words do not link it again');
select is(pg_temp.link_pull('agent', 'b', pg_temp.url(2)), 'closes person Agnes Agent', 'a person does');
select is(pg_temp.status_of('b1'), 'resolved Fixloop', 'and merged, it fixes');
select is(
  pg_temp.as_persona(p, 'select count(*) from public.exai_issue_pull_requests'), e, p || ' reads links'
) from (values
  ('anon', '42501 permission denied for table exai_issue_pull_requests'), ('stranger', '0'), ('viewer', '2')
) as t (p, e);
select is(
  pg_temp.as_persona('admin', 'delete from public.exai_issue_pull_requests returning 1'),
  '42501 permission denied for table exai_issue_pull_requests', 'nobody writes them'
);

-- Tasks

create function pg_temp.dispatch(p_persona text, p_name text, p_url text) returns bigint
language plpgsql as $$
declare
  v_id constant bigint := pg_temp.as_persona(
    p_persona, 'insert into public.tasks default values returning id'
  );
begin
  insert into public.exai_issue_tasks (task_id, exai_issue_id) values (v_id, pg_temp.id_of(p_name));
  perform pg_temp.as_persona(
    p_persona, format('update public.tasks set pr_url = %L where id = %s returning id', p_url, v_id)
  );
  return v_id;
end;
$$;
select pg_temp.engineer('c', 'c1');
create temp table tasks_made (name text, id bigint) on commit drop;
insert into tasks_made select 'c', pg_temp.dispatch('agent', 'c', pg_temp.url(3));
select is(pg_temp.links_of('c'), '#3 closes task open', 'the pull request of its task closes it');
select pg_temp.send(3, 30, 'x', pg_temp.merged_ago(30));
select is(pg_temp.status_of('c1'), 'resolved Fixloop', 'merged, it resolves');
delete from public.tasks where id = (select id from tasks_made where name = 'c');
select is(pg_temp.links_of('c'), '#3 closes task merged', 'which outlives the task');

select pg_temp.engineer('d', 'd1');
insert into tasks_made select 'd', pg_temp.dispatch('agent', 'd', 'https://github.com/agnes/own/pull/1');
select is(pg_temp.links_of('d'), '-', 'not in another repository, by the word of its user alone');
update public.task_pull_requests set verified_by = 'worker', verified_at = now(), verify_after = null
where task_id = (select id from tasks_made where name = 'd');
select is(pg_temp.links_of('d'), '#1 closes task open', 'but by that of a trusted worker');
insert into tasks_made select 'd2', pg_temp.dispatch('agent', 'd', 'https://github.com/agnes/own/pull/2');
update public.task_pull_requests set verified_by = 'worker', verified_at = now(), verify_after = null
where task_id = (select id from tasks_made where name = 'd2');
delete from public.tasks where id in (select id from tasks_made where name = 'd2');
update public.pull_requests set state = 'closed', merged_at = now(), closed_at = now()
where (repo_owner, repo_name, number) = ('agnes', 'own', 2);
select private.sync_closing_pull_request(p.id) from public.pull_requests as p
where (p.repo_owner, p.repo_name, p.number) = ('agnes', 'own', 2);
select is(
  concat_ws(' ', pg_temp.status_of('d'), pg_temp.links_of('d')), 'open #1 closes task open',
  'and as long as there is the task: its user may have left the team when it is merged'
);
update public.tasks set pr_url = null where id = (select id from tasks_made where name = 'd');
select is(pg_temp.links_of('d'), '-', 'until the task names another one');
insert into tasks_made select 's', pg_temp.dispatch('stranger', 'd', pg_temp.url(3));
select is(pg_temp.links_of('d'), '-', 'a task of somebody outside the team closes nothing');
delete from public.team_members where user_id = '00000000-0000-4000-8000-00000000000e';
select pg_temp.dispatch('second', 'd', pg_temp.url(3));
select is(pg_temp.links_of('d'), '-', 'nor one of who has left it');

-- A stranger's pull requests in a public repository

select pg_temp.engineer('e', 'e1');
select pg_temp.send(
  5, 60, pg_temp.fixes('e'), pg_temp.fork() || jsonb_build_object('created_at', pg_temp.ago(60))
);
select pg_temp.send(6, 30, pg_temp.fixes('e'), pg_temp.merged_ago(30));
select is(pg_temp.links_of('e'), '#5 closes words open, #6 closes words merged', 'one from a fork is shown');
select is(pg_temp.status_of('e'), 'fixed', 'and holds up nothing');

select pg_temp.engineer('f', 'f1');
select pg_temp.send(7, 30, 'A typo', pg_temp.fork() || pg_temp.merged_ago(30));
select pg_temp.send(7, 20, pg_temp.fixes('f'), pg_temp.fork() || pg_temp.merged_ago(30));
select is(pg_temp.links_of('f'), '-', 'what is written into it after its merge does not count');
select pg_temp.send(8, 20, pg_temp.fixes('f'), pg_temp.fork() || pg_temp.merged_ago(30));
select is(pg_temp.links_of('f'), '#8 mentions words merged', 'seen only after its merge, it mentions');
select pg_temp.send(8, 30, pg_temp.fixes('f'), pg_temp.fork() || pg_temp.merged_ago(30));
select is(pg_temp.links_of('f'), '#8 closes words merged', 'until what was merged arrives');
select is(pg_temp.status_of('f'), 'fixed', 'which fixes it');

-- The seconds after a merge

create function pg_temp.send_after_merge(p_number integer, p_seconds integer, p_words text) returns text
language sql as $$
  select pg_temp.deliver(pg_temp.pull(
    p_number, to_char(
      (pg_temp.ago(30)::timestamptz + make_interval(secs => p_seconds)) at time zone 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ), pg_temp.worded(p_words, pg_temp.fork() || pg_temp.merged_ago(30))
  ))
$$;
select pg_temp.engineer('f3', 'f31');
select pg_temp.send_after_merge(23, 1, 'A typo');
select pg_temp.send_after_merge(23, 5, pg_temp.fixes('f3'));
select is(pg_temp.links_of('f3'), '-', 'nor what is written into it a few seconds later');
select pg_temp.engineer('f4', 'f41');
select pg_temp.send_after_merge(24, 5, 'A typo');
select pg_temp.send_after_merge(24, 1, pg_temp.fixes('f4'));
select is(pg_temp.links_of('f4'), '#24 closes words merged', 'in whatever order they arrive');

with issue as (insert into public.exai_issues (title) values ('Found later') returning id, issue_number)
insert into made select 'f2', i.id, i.issue_number from issue as i;
select pg_temp.send(21, 30, pg_temp.fixes('f2'), pg_temp.fork() || pg_temp.merged_ago(30));
select is(pg_temp.links_of('f2'), '-', 'nor does it close what is found later');
select pg_temp.send(22, 30, pg_temp.fixes('f2'), pg_temp.merged_ago(30));
select is(pg_temp.links_of('f2'), '#22 closes words merged', 'as one of the team''s does');

-- A repository that is not the loop's

insert into public.projects (user_id, repo_url, repo_owner, repo_name, name) values (
  '00000000-0000-4000-8000-00000000000a', 'https://github.com/mallory/secret', 'mallory', 'secret', 'Secret'
);
create function pg_temp.deliver_secret(p_pull jsonb, p_is_private boolean) returns text language sql as $$
  select public.ingest_github_delivery(gen_random_uuid(), 'pull_request', encode(convert_to(
    jsonb_build_object('action', 'opened', 'number', p_pull -> 'number', 'pull_request', p_pull
      || jsonb_build_object('base', jsonb_build_object('ref', 'main', 'repo', jsonb_build_object(
        'full_name', 'mallory/secret', 'private', p_is_private
      ))), 'repository', '{"name": "secret", "owner": {"login": "mallory"}}'::jsonb)::text, 'UTF8'
  ), 'base64')) ->> 'status'
$$;
select pg_temp.engineer('g', 'g1');
select is(
  pg_temp.deliver_secret(pg_temp.pull(9, pg_temp.ago(30), pg_temp.worded(
    pg_temp.fixes('g'), pg_temp.merged_ago(30) || '{"title": "My secret"}'
  )), true), 'done', 'a pull request in a repository of their own'
);
select is(pg_temp.links_of('g'), '-', 'closes nothing');
select is(
  pg_temp.link_pull('agent', 'g', 'https://github.com/mallory/secret/pull/' || n),
  'PT404 loop_pull_request_unknown', 'whether it exists is not told: ' || n
) from unnest(array[9, 10]) as n;
select is(
  (
    select count(*)::integer from information_schema.columns
    where table_schema = 'public' and table_name = 'exai_issue_pull_requests'
      and column_name in ('title', 'body', 'author_login', 'head_ref')
  ), 0, 'no link has its title'
);
select is(
  pg_temp.deliver_secret(pg_temp.pull(11, pg_temp.ago(30)), false), 'done', 'a public one'
);
select is(
  pg_temp.link_pull('agent', 'g', 'https://github.com/mallory/secret/pull/11'), 'closes person Agnes Agent',
  'is linked by a person'
);
select is(
  pg_temp.deliver_secret(pg_temp.pull(11, pg_temp.ago(20), pg_temp.merged_ago(20)), true), 'done',
  'once it is private'
);
select is(pg_temp.links_of('g'), '#11 closes person open', 'the team sees nothing more of it');

-- A webhook that never came

select pg_temp.engineer('h', 'h1');
select is(pg_temp.link_pull('agent', 'h', pg_temp.url(20)), 'closes person Agnes Agent', 'never delivered');
create temp table pull on commit drop as
select p.id from public.pull_requests as p where p.repo_owner = 'acme' and p.number = 20;
select is(
  (select count(*)::integer from private.due_pull_requests(1000) as d (id) join pull using (id)), 1,
  'it is due for the sweep'
);
create function pg_temp.readers() returns text language sql as $$
  select coalesce(string_agg(r ->> 'user_id', ','), '-') from jsonb_array_elements(
    private.load_pull_request_readers((select id from pull))
  ) as r
$$;
select is(pg_temp.readers(), '-', 'nobody has a token yet');
select public.set_github_token(
  '00000000-0000-4000-8000-00000000000c', '90000000-0000-4000-8000-000000000001',
  'v1.matrix.AAECAwQFBgcICQoL.AAECAwQFBgcICQoLDA0ODxAR'
);
select is(pg_temp.readers(), '00000000-0000-4000-8000-00000000000c', 'who linked it has one');
update public.team_members set role = 'viewer' where user_id = '00000000-0000-4000-8000-00000000000c';
select is(pg_temp.readers(), '-', 'which is not used once they are not an agent');
select public.finish_github_check(
  (select id from pull), null, 'read',
  pg_temp.pull(20, pg_temp.ago(30), pg_temp.worded('x', pg_temp.merged_ago(30)))::text, 'etag'
);
select is(pg_temp.status_of('h1'), 'resolved Fixloop', 'what the sweep reads resolves');

-- Pull requests of which nothing was delivered

update public.team_members set role = 'admin' where user_id = '00000000-0000-4000-8000-00000000000c';
create temp table repository on commit drop as
select r.repository_id as id from public.loop_repositories as r;
create function pg_temp.due() returns text language sql as $$
  select coalesce(string_agg(d.id::text, ','), '-') from private.due_loop_repositories(10) as d (id)
$$;
select is(pg_temp.due(), '-', 'a server has no token to list them with');
update public.loop_repositories set added_by_user_id = '00000000-0000-4000-8000-00000000000c';
select is(pg_temp.due(), (select id::text from repository), 'but whoever added the repository has one');
select is(
  (
    select array_agg(r - 'sealed' - 'secret_id' - 'repository_id')
    from jsonb_array_elements(private.lease_due_loop_repositories(10)) as r
  ), array['{
    "github_id": null, "repo_owner": "acme", "repo_name": "shop", "etag": null,
    "user_id": "00000000-0000-4000-8000-00000000000c"
  }'::jsonb], 'it is leased with it'
);
select is(pg_temp.due(), '-', 'to one sweep at a time');
select pg_temp.engineer('i', 'i1');
select is(
  public.record_loop_repository(
    (select id from repository), 'read', jsonb_build_array(
      pg_temp.pull(31, pg_temp.ago(30), pg_temp.worded('no name', pg_temp.merged_ago(30))),
      pg_temp.pull(30, pg_temp.ago(30), pg_temp.worded(pg_temp.fixes('i'), pg_temp.merged_ago(30)))
    )::text, '"1"', now()
  ), 1, 'those that name an engineering issue are stored'
);
select is(pg_temp.status_of('i1'), 'resolved Fixloop', 'and fix it');
select is(
  (
    select count(*)::integer from public.pull_requests where repo_owner = 'acme' and number in (30, 31)
  ), 1, 'the others are not'
);
select is(
  public.record_loop_repository((select id from repository), 'unchanged'), 0, 'nothing else has happened'
);
select is(
  (
    select concat_ws(' ', etag, next_attempt_at = now() + interval '14 minutes')
    from private.loop_repository_checks
  ), '"1" t', 'it is listed again later'
);
select public.record_loop_repository((select id from repository), 'not_seen');
select is(
  (select attempts_count from private.loop_repository_checks), 1, 'what the token does not see, ever later'
);
select throws_ok(
  format($q$ select public.record_loop_repository(%s, 'gone') $q$, (select id from repository)), 'PT422',
  'agents_github_outcome_invalid', 'an outcome is one of three'
);

-- Names and rows that turn out to be one

select is(
  (
    select private.sync_repository(770, 'Acme', 'Renamed', now(), true, r.repository_id) is not null
    from public.loop_repositories as r
  ), true, 'the repository is renamed'
);
select is(
  (select repo_owner || '/' || repo_name from public.loop_repositories), 'acme/renamed', 'the loop follows'
);
select is(
  (
    select private.prune_pull_requests() + private.prune_github_repositories() is not null
      and count(*) > 0 from public.exai_issue_pull_requests
  ), true, 'pull requests with a link are not pruned'
);

select * from finish();
rollback;
