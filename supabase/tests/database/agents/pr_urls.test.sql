-- The forms in which people name a pull request: each is linked, or refused with what fits.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(72);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql

create function pg_temp.stored_url(p_url text, p_repo_url text default 'https://github.com/acme/books')
returns text language sql as $$
  select pg_temp.as_persona('stranger', format(
    'insert into public.tasks (repo_url, pr_url) values (%L, %L) returning pr_url', p_repo_url, p_url
  ))
$$;

select is(pg_temp.stored_url(u), 'https://github.com/acme/shop/pull/7', u) from unnest(array[
  'https://github.com/acme/shop/pull/7', 'github.com/acme/shop/pull/7', 'www.github.com/acme/shop/pull/7',
  'https://www.github.com/acme/shop/pull/7', 'HTTPS://GitHub.com/acme/shop/pull/7',
  'https://api.github.com/repos/acme/shop/pulls/7', 'api.github.com/repos/acme/shop/pulls/7/files',
  'acme/shop#7', ' acme/shop#7 ', 'acme/shop/pull/7', '<https://github.com/acme/shop/pull/7>',
  'https://github.com/acme/shop/pulls/7', 'https://github.com/acme/shop/pull/7.diff',
  'https://github.com/acme/shop/pull/007', 'https://github.com/acme/shop.git/pull/7',
  'https://m.github.com/acme/shop/pull/7', 'https://redirect.github.com/acme/shop/pull/7',
  E'https://github.com/acme/shop/pull/7\n', E'\tacme/shop#7\r\n', U&'\00a0acme/shop#7\FEFF',
  'https://github.com/acme/shop/pull/7.', '(acme/shop#7)', '"https://github.com/acme/shop/pull/7",',
  '[acme/shop#7](https://github.com/acme/shop/pull/7)', '[the fix [2]](github.com/acme/shop/pull/7).'
]) as u;
select is(pg_temp.stored_url('https://github.com/acme/shop/pull/7/files?w=1#x'),
  'https://github.com/acme/shop/pull/7/files?w=1#x', 'a part of its page');
select is(pg_temp.stored_url('http://github.com/acme/shop/pull/7'), 'http://github.com/acme/shop/pull/7',
  'a page stays as it is');
select is(pg_temp.stored_url('acme/shop#7', 'https://ghe.example.org/acme/books'),
  'https://ghe.example.org/acme/shop/pull/7', 'a short form is at the host of the repository');
select is(pg_temp.stored_url('https://ghe.example.org/api/v3/repos/acme/shop/pulls/7'),
  'https://ghe.example.org/acme/shop/pull/7', 'an API at another host');
select is(pg_temp.stored_url('https://gitlab.example/acme/app/-/merge_requests/7'),
  'https://gitlab.example/acme/app/-/merge_requests/7', 'another host''s page is stored');
select alike(pg_temp.stored_url(u), 'PT422 agents_pr_url_invalid%', u) from unnest(array[
  'https://github.com/acme/shop/issues/7', 'https://github.com/acme/shop',
  'https://github.com/acme/shop/pull/x', '#7', '7', 'pull request 7', 'javascript:alert(1)',
  'ftp://github.com/acme/shop/pull/7', 'https://gist.github.com/acme/shop/pull/7',
  'https://docs.github.com/acme/shop/pull/7', U&'https://github.com/acme/shop/pull/\0667',
  U&'acme/shop#1\0667',
  U&'https://github.com/acme/sh\00f6p/pull/7', U&'sh\00f6p/shop#7'
]) as u;

create temp table with_credentials (url text) on commit drop;
insert into with_credentials values
  ('https://ghp_s3cret@github.com/acme/shop/pull/7'),
  ('https://me:s3cret@github.com/acme/shop/pull/7'),
  ('http://s3cret@github.com/acme/shop/pull/7'),
  ('https:/s3cret@github.com/acme/shop/pull/7'),
  ('//s3cret@github.com/acme/shop/pull/7'),
  ('me:s3cret@github.com/acme/shop/pull/7'),
  ('s3cret@github.com/acme/shop/pull/7'),
  ('<https://me:s3cret@github.com/acme/shop/pull/7>'),
  ('https://me:s3cret%40github.com/acme/shop/pull/7'),
  ('https://x-access-token:ghs_s3cret@github.com/acme/shop/pull/7/files'),
  ('https://me:s3cret@api.github.com/repos/acme/shop/pulls/7'),
  ('https://me:s3cret@ghe.example.org/acme/shop/pull/7'),
  ('https://s3cret@gitlab.example/acme/app/-/merge_requests/7'),
  ('https://gitlab.example/acme/app/-/merge_requests/7?private_token=s3cret'),
  ('https://github.com/acme/shop/pull/7?access_token=s3cret'),
  ('https://github.com/acme/shop/pull/7#token=s3cret'),
  ('https://github.com/acme/ghp_s3cret/pull/7'),
  ('acme/ghp_s3cret#7'),
  ('https://me:s3/cret@github.com/acme/shop/pull/7');
create temp table answers on commit drop as
select url, pg_temp.stored_url(url) as answer from with_credentials;
select is(answer, 'PT422 agents_pr_url_invalid', url) from answers;
select is(pg_temp.stored_url(u), u, u) from unnest(array[
  'https://ghe.example.org:8443/acme/my_shop/pull/7', 'https://gitlab.example/@acme/app/-/merge_requests/7'
]) as u;

select is(
  (select count(*)
   from public.task_pull_requests as l
   join public.pull_requests as p on p.id = l.pull_request_id
   where p.repo_owner = 'acme' and p.repo_name = 'shop' and p.number = 7) >= 20, true,
  'the first twenty of a transaction are linked'
);
insert into public.tasks (user_id) values (pg_temp.id_of('stranger'));
select pg_temp.claim('a', 'service_role') is not null;
select alike(pg_temp.ask('service_role', 'select public.complete_task(@a, pr_url => ''7'')'),
  'PT422 agents_pr_url_invalid%', 'a worker is told, too');
select alike(pg_temp.ask('service_role', format('select public.complete_task(@a, pr_url => %L)', url)),
  'PT422 agents_pr_url_invalid%', 'by complete_task: ' || url) from with_credentials limit 3;
select is((select count(*) from public.tasks where pr_url ~ 's3cret'), 0::bigint, 'nothing of it is stored');
select isnt(pg_temp.ask('service_role', 'select public.complete_task(@a, pr_url => ''acme/shop#7'')'), null,
  'and sends what fits');

select * from finish();
rollback;
