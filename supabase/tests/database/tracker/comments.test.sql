-- Comments: their authors, and who may change them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(11);

\ir ../helpers/personas.psql

insert into public.issues (id, title) values ('10000000-0000-4000-8000-000000000001', 'One');

select is(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
    values ('10000000-0000-4000-8000-000000000001', 'Mine')
      returning concat_ws('|', author_name, author_user_id) $$),
  'Agnes Agent|00000000-0000-4000-8000-00000000000c', 'without a name, the author is the caller'
);
select is(
  pg_temp.as_persona('second', $$ insert into comments (issue_id, author_name, body, author_user_id)
    values ('10000000-0000-4000-8000-000000000001', 'Ana Ruiz', 'For Ana',
      '00000000-0000-4000-8000-00000000000c')
    returning concat_ws('|', author_name, author_user_id) $$),
  'Ana Ruiz|00000000-0000-4000-8000-00000000000e', 'the account is the caller''s, whatever was sent'
);
select is(
  pg_temp.as_persona('agent', $$ with u as (update comments set body = 'Changed' where body = 'For Ana'
    returning 1)
    select count(*) from u $$),
  '0', 'an agent can''t change another''s comment'
);
select is(
  pg_temp.as_persona('agent', $$ with d as (delete from comments where body = 'For Ana' returning 1)
    select count(*) from d $$),
  '0', 'or delete it'
);
select is(
  pg_temp.as_persona('agent', $$ update comments set body = 'Mine, edited',
    author_user_id = '00000000-0000-4000-8000-00000000000d' where body = 'Mine' returning author_user_id $$),
  '00000000-0000-4000-8000-00000000000c', 'an author may edit, but not change the account'
);
select is(
  pg_temp.as_persona('admin', $$ update comments set body = 'Moderated' where body = 'For Ana'
    returning author_name $$),
  'Ana Ruiz', 'an admin may change any comment'
);
select matches(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
    values ('10000000-0000-4000-8000-000000000001', ' ') returning id $$),
  '^23514 .*comments_body_is_not_blank', 'a blank body is rejected'
);
select is(
  pg_temp.as_persona('agent', $$ update comments set issue_id = gen_random_uuid() where body like 'Mine%'
    returning id $$),
  'PT422 key_change_forbidden', 'a comment can''t be moved to another issue'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from comments'), '2', 'a viewer reads all comments'
);

select matches(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
    values ('10000000-0000-4000-8000-000000000001', e'\t\n' || U&'\00A0') returning id $$),
  '^23514 .*comments_body_is_not_blank', 'a body of invisible characters is blank'
);
select matches(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body, created_at)
    values ('10000000-0000-4000-8000-000000000001', 'x', 'infinity') returning id $$),
  '^23514 .*comments_created_at_is_finite', 'created_at must be finite'
);

select * from finish();
rollback;
