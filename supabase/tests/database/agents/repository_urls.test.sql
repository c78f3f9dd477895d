-- A repository's URL can't contain credentials, since everything that lists projects and tasks reads it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(15);
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
  ('ssh://git@github.com/acme/shop', 'accepted'),
  ('git@github.com:acme/shop.git', 'accepted'),
  ('https://github.com/acme/shop@2', 'accepted');

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
