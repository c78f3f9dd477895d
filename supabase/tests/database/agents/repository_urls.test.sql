-- A repository's URL can't contain credentials, since everything that lists projects and tasks reads it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(127);
\ir ../helpers/personas.psql

-- All fields of the error of a statement.
create function pg_temp.said(p_statement text) returns text language plpgsql as $$
declare
  v_message text;
  v_detail text;
  v_hint text;
begin
  execute p_statement;
  return 'accepted';
exception
  when sqlstate 'PT422' then
    get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail,
      v_hint = pg_exception_hint;
    return concat_ws(' | ', v_message, v_detail, v_hint);
end;
$$;

create temp table url (text text, answer text) on commit drop;
insert into url values
  ('https://me:ghp_secret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https://ghp_secret@github.com/acme/shop', 'agents_repo_url_invalid'),
  (' HTTPS://ghp_secret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('ssh://git:ghp_secret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https:/s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https:s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https:s3cret@github.com:acme/shop', 'agents_repo_url_invalid'),
  ('https:///s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('//s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('///s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('/s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('me:s3cret@github.com:acme/shop', 'agents_repo_url_invalid'),
  ('x:s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('git://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('git+https://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('ftp://me:s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https:\\s3cret@github.com\acme\shop', 'agents_repo_url_invalid'),
  ('https://s3cret%40github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https://me%3As3cret%2540github.com/acme/shop', 'agents_repo_url_invalid'),
  ('%68ttps://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('https://github.com/acme/shop?access_token=s3cret', 'agents_repo_url_invalid'),
  ('https://github.com/acme/shop.git?x=1&private_token=s3cret', 'agents_repo_url_invalid'),
  ('https://github.com/acme/shop?ACCESS%5FTOKEN=s3cret', 'agents_repo_url_invalid'),
  ('https://github.com/acme/shop#token=s3cret', 'agents_repo_url_invalid'),
  ('https://github.com/acme/shop;api_key=s3cret', 'agents_repo_url_invalid'),
  (U&'https://github.com/acme/shop?pass\00adword=s3cret', 'agents_repo_url_invalid'),
  (U&'\feffhttps://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  (U&'\200bhttps://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  (U&'\00a0https://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  (U&'ht\0009tps://s3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  (U&'https://s3cret\ff20github.com/acme/shop', 'agents_repo_url_invalid'),
  (U&'https\ff1a\ff0f\ff0fs3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  (U&'\feffhttps://github.com/acme/shop?access_token=s3cret', 'agents_repo_url_invalid'),
  ('https://github.com/ghp_0123456789abcdefABCDEF0123456789abcd/shop', 'agents_repo_url_invalid'),
  ('https://github.com/acme/github_pat_11AAAAAAA0abcdefghijkl', 'agents_repo_url_invalid'),
  ('https://gitlab.example/acme/glpat-abcdefghij0123456789', 'agents_repo_url_invalid'),
  ('https://github.com/acme/shop/g%68o_0123456789abcdef', 'agents_repo_url_invalid'),
  ('https://bitbucket.org/acme/ATBBabcdefghij0123456789abcd', 'agents_repo_url_invalid'),
  ('https://github.com/AKIAIOSFODNN7EXAMPLE/shop', 'agents_repo_url_invalid'),
  ('https://github.com/acme/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'agents_repo_url_invalid'),
  ('ssh://ghp_secret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('ghp_secret@github.com:acme/shop', 'agents_repo_url_invalid'),
  ('ssh://0123456789abcdef0123456789abcdef01234567@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('0123456789abcdef@github.com:acme/shop', 'agents_repo_url_invalid'),
  ('ssh://git%3As3cret@github.com/acme/shop', 'agents_repo_url_invalid'),
  ('ssh://git@github.com/acme/shop', 'accepted'),
  ('git@github.com:acme/shop.git', 'accepted'),
  ('https://github.com/acme/shop@2', 'accepted'),
  ('https://github.com/acme/shop', 'accepted'),
  ('https://github.com/acme/shop.git', 'accepted'),
  ('http://127.0.0.1:3000/acme/shop.git', 'accepted'),
  ('https://git.example:8443/acme/my_shop', 'accepted'),
  ('acme@vs-ssh.example.com:v3/acme/shop', 'accepted'),
  ('git+ssh://git@github.com/acme/shop.git', 'accepted'),
  ('https://github.com/acme/global-notifications', 'accepted'),
  ('https://github.com/acme/ghp-import', 'accepted'),
  ('https://github.com/keyjournal/asia.pacific', 'accepted'),
  ('https://github.com/acme/x-access-token', 'accepted'),
  ('https://github.com/acme/shop?path=a', 'accepted'),
  ('/srv/git/shop.git', 'accepted'),
  ('https://gitlab.example/@acme/shop', 'accepted'),
  (U&'https://github.com/acme/m\00fcsli', 'accepted');

select is(split_part(pg_temp.said(format(
    $$ insert into public.projects (user_id, repo_url, repo_owner, repo_name, name)
       values ('00000000-0000-4000-8000-00000000000a', %L, 'acme', 'shop', 'Shop') $$, u.text
  )), ' | ', 1), u.answer, 'a project: ' || u.text)
from url as u;
select is(split_part(pg_temp.said(format(
    $$ insert into public.tasks (user_id, repo_url)
       values ('00000000-0000-4000-8000-00000000000a', %L) $$, u.text
  )), ' | ', 1), u.answer, 'a task: ' || u.text)
from url as u;
select unalike(
  pg_temp.said('update public.tasks set repo_url = ''https://ghp_secret@github.com/acme/shop'''),
  '%ghp_secret%', 'and the error does not contain it'
);

select * from finish();
rollback;
