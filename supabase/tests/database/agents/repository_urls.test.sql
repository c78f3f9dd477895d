-- A repository's URL can't contain credentials, since everything that lists projects and tasks reads it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(367);
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

-- Their neighbours: inside of other text, and what only looks like them.
insert into url values
  ('git::https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('git::https://s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('http://https://s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://https:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('"https://me:s3cret@git.example/acme/app"', 'agents_repo_url_invalid'),
  ('''https://s3cret@git.example/acme/app''', 'agents_repo_url_invalid'),
  ('`https://me:s3cret@git.example/acme/app`', 'agents_repo_url_invalid'),
  ('<https://me:s3cret@git.example/acme/app>', 'agents_repo_url_invalid'),
  ('(https://me:s3cret@git.example/acme/app)', 'agents_repo_url_invalid'),
  ('(https:/s3cret@git.example/acme/app)', 'agents_repo_url_invalid'),
  ('[shop](https://me:s3cret@git.example/acme/app)', 'agents_repo_url_invalid'),
  ('{"url":"https://me:s3cret@git.example/acme/app"}', 'agents_repo_url_invalid'),
  ('{"url":"https:\/\/me:s3cret@git.example\/acme\/app"}', 'agents_repo_url_invalid'),
  ('view-source:https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('view-source:https:/s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('url=https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('url = https://s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('origin https://me:s3cret@git.example/acme/app (fetch)', 'agents_repo_url_invalid'),
  ('git clone https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('git clone "https://s3cret@git.example/acme/app"', 'agents_repo_url_invalid'),
  ('git clone -b main https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https//me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https:https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('x@https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('x@https:/s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://@https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://example.org/redirect?url=https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://example.org/#https://s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://proxy.example/https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('"//s3cret@git.example/acme/app"', 'agents_repo_url_invalid'),
  ('https://me:s3/cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://me:s3?cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://me:s3#cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://s3cret:@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://s3cret:x-oauth-basic@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://me:s3@cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://me:s3cret@[::1]:8443/acme/app', 'agents_repo_url_invalid'),
  ('svn+https://me:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('ssh+https://s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('git::ssh://git:s3cret@git.example/acme/app', 'agents_repo_url_invalid'),
  ('"ssh://git:s3cret@git.example/acme/app"', 'agents_repo_url_invalid'),
  ('https://me:s3cret&#64;git.example/acme/app', 'agents_repo_url_invalid'),
  ('https:&#47;&#x2F;s3cret&commat;git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://me:s3cret\u0040git.example/acme/app', 'agents_repo_url_invalid'),
  ('https://git.example/acme/app?pat=s3cret', 'agents_repo_url_invalid'),
  ('https://git.example/acme/app?x=1&amp;access_token=s3cret', 'agents_repo_url_invalid'),
  ('https://git.example/acme/app?auth=https://git.example', 'agents_repo_url_invalid'),
  ('https://huggingface.co/acme/hf_abcdefghijklmnopqrstuvwxyz', 'agents_repo_url_invalid'),
  ('https://git.example/dop_v1_0123456789abcdef/app', 'agents_repo_url_invalid'),
  ('https://git.example/acme/sk-ant-api03-abcdefghijklmnop', 'agents_repo_url_invalid'),
  ('https://git.example/acme/sk-proj-abcdefghijklmnopqrst', 'agents_repo_url_invalid'),
  ('https://git.example/acme/pypi-AgEIcHlwaS5vcmcabcdefgh', 'agents_repo_url_invalid'),
  ('https://git.example/acme/AIzaSyA0123456789abcdefghijklmnopqrstuv', 'agents_repo_url_invalid'),
  ('https://git.example/acme/hvs.CAESIabcdefghijklmnopqrstuv', 'agents_repo_url_invalid'),
  ('https://git.example/acme/sk_live_0123456789abcdef', 'agents_repo_url_invalid'),
  ('https://git.example/acme/BBDC-MzA2Nzk4ODc5NTQ1OkK7abcd', 'agents_repo_url_invalid'),
  ('https://git.example/acme/ya29.a0AfH6SMBabcdefghijkl', 'agents_repo_url_invalid'),
  ('https://git.example/acme/GOCSPX-abcdefghijklmnopqrstuv', 'agents_repo_url_invalid'),
  ('https://git.example/acme/SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrst', 'agents_repo_url_invalid'),
  ('https://git.example/acme/' || repeat('a1', 38) || 'AZDO4abc', 'agents_repo_url_invalid'),
  ('https://git.example/acme/glsa_abcdefghijklmnopqrst', 'agents_repo_url_invalid'),
  ('https://git.example/acme/lin_api_abcdefghijklmnopqrst', 'agents_repo_url_invalid'),
  ('https://git.example/acme/whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'agents_repo_url_invalid'),
  ('https://git.example/fli_abcdefghijklmnop/app', 'agents_repo_url_invalid'),
  ('https://git.example/acme/app -H "Authorization: Bearer s3cret"', 'agents_repo_url_invalid'),
  ('git -c http.extraHeader="AUTHORIZATION: basic czM=" clone git.example/a/b', 'agents_repo_url_invalid'),
  ('https://git.example/acme/app PRIVATE-TOKEN: s3cret', 'agents_repo_url_invalid'),
  ('https://gitlab.example/acme/sg.tools', 'accepted'),
  ('https://gitlab.example/acme/ya29', 'accepted'),
  ('https://gitlab.example/authorization/private-token', 'accepted'),
  ('https://gitlab.example/@acme/app', 'accepted'),
  ('https://gitlab.example:8443/@acme/app', 'accepted'),
  ('http://127.0.0.1:3000/@acme/app.git', 'accepted'),
  ('https://[::1]:8443/@acme/app', 'accepted'),
  ('https://gitlab.example/acme/@scope/app', 'accepted'),
  ('https://gitlab.example/acme/app/@v1', 'accepted'),
  ('https://gitlab.example/acme/app@v1.2', 'accepted'),
  ('https://gitlab.example/acme/app.git@main', 'accepted'),
  ('https://gitlab.example/acme/app?ref=v1@2', 'accepted'),
  ('https://gitlab.example/acme/app#ana@example.org', 'accepted'),
  ('https://gitlab.example/acme/app/-/tree/feature/a@b', 'accepted'),
  ('https://gitlab.example/a:b@c/app', 'accepted'),
  ('git+https://gitlab.example/acme/app.git@main', 'accepted'),
  ('git::https://gitlab.example/acme/app', 'accepted'),
  ('git::ssh://git@gitlab.example/acme/app', 'accepted'),
  ('ssh://git@gitlab.example/acme/app.git', 'accepted'),
  ('ssh://git@gitlab.example:2222/acme/app.git', 'accepted'),
  ('SSH://git@gitlab.example/acme/app', 'accepted'),
  ('ssh://git@[::1]:2222/acme/app', 'accepted'),
  ('ssh://gitlab.example/acme/app', 'accepted'),
  ('ssh://deploy-bot@gitlab.example/srv/git/app.git', 'accepted'),
  ('ssh://git@gitlab.example/~ana/app.git', 'accepted'),
  ('ssh+git://git@gitlab.example/acme/app', 'accepted'),
  ('git@gitlab.example:acme/app.git', 'accepted'),
  ('git@gitlab.example:/srv/git/app.git', 'accepted'),
  ('git@gitlab.example:/srv/app@v1.git', 'accepted'),
  ('git@gitlab.example:acme/@scope/app', 'accepted'),
  ('git@[::1]:acme/app', 'accepted'),
  ('git@ssh.dev.azure.com:v3/acme/shop/app', 'accepted'),
  ('org-12345@github.com:acme/app.git', 'accepted'),
  ('gitlab.example:acme/app.git', 'accepted'),
  ('gitlab.example/acme/app', 'accepted'),
  ('//gitlab.example/acme/app', 'accepted'),
  ('"https://gitlab.example/acme/app"', 'accepted'),
  ('<https://gitlab.example/@acme/app>', 'accepted'),
  ('https://https://gitlab.example/@acme/app', 'accepted'),
  ('https://example.org/redirect?url=https://gitlab.example/@acme/app', 'accepted'),
  ('https://dev.azure.com/acme/shop/_git/app', 'accepted'),
  ('https://gitlab.example/acme/sk-learn', 'accepted'),
  ('https://gitlab.example/acme/task-runner-for-everybody-and-more', 'accepted'),
  ('https://gitlab.example/acme/pypi-mirror', 'accepted'),
  ('https://gitlab.example/hf_team/app', 'accepted'),
  ('https://gitlab.example/acme/tokens?tab=readme', 'accepted'),
  ('https://git.example/gitweb?p=app.git', 'accepted'),
  ('https://gitlab.example/~acme/app', 'accepted'),
  ('file:///srv/git/app@v1.git', 'accepted'),
  ('C:\repos\app@v1', 'accepted'),
  ('../app.git', 'accepted');

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
