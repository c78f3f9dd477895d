-- Issues are found by their people, and stay so when these change.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(22);

\ir ../helpers/personas.psql

insert into public.issues (id, seq_id, title, description, segment, submitted_by, assigned_to) values
  ('10000000-0000-4000-8000-000000000001', 201, 'Login loop', 'Safari', 'auth', 'Ana Ruiz', 'Bo Lindqvist'),
  ('10000000-0000-4000-8000-000000000002', 202, 'Crash', 'TypeError', 'code', 'Chidi Okafor', null);
insert into public.circle_issues (
  id, message_id, title, body, author_name, author_email, space_name, mapped_to_issue_id, is_triaged
) values (
  '20000000-0000-4000-8000-000000000001', '501', 'Login loop', 'Safari', 'Ana Ruiz',
  'ana.ruiz@club.example.org', 'Builders Lounge', '10000000-0000-4000-8000-000000000001', true
);
insert into public.circle_replies (message_id, circle_issue_id, author_name, body) values
  ('502', '20000000-0000-4000-8000-000000000001', 'Grażyna Wójcik', 'Same here');
insert into public.comments (id, issue_id, author_name, body) values
  ('30000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002', 'Dmitri Petrov', 'Known');

create function pg_temp.found(p_query text) returns text language sql as $$
  select string_agg(s.seq_id::text, ',') from public.search_issues(p_query) as s
$$;

select is(pg_temp.found('Ana Ruiz'), '201', 'the full name of the sender');
select is(pg_temp.found('ruiz safari'), '201', 'a surname with a word of the text');
select is(pg_temp.found('ana.ruiz@club.example.org'), '201', 'the address of the sender');
select is(pg_temp.found('"Builders Lounge"'), '201', 'the space');
select is(pg_temp.found('grazyna'), '201', 'who replied, without accents');
select is(pg_temp.found('lindqvist'), '201', 'the assignee');
select is(pg_temp.found('okafor'), '202', 'who submitted an issue without a message');
select is(pg_temp.found('petrov known'), '202', 'the author of a comment');
select is(pg_temp.found('system'), null, 'issues of nobody are not found by the word for it');

-- When people change

update public.issues set assigned_to = 'Esi Mensah' where seq_id = 201;
select is(pg_temp.found('mensah'), '201', 'a new assignee');
select is(pg_temp.found('lindqvist'), null, 'the one before is not found');
update public.issues set submitted_by = 'Ana Ruiz Ortega' where seq_id = 201;
select is(pg_temp.found('ortega'), '201', 'a new submitter');
update public.circle_issues set author_email = 'ana@other.example' where message_id = '501';
select is(pg_temp.found('ana@other.example'), '201', 'a new address');
select is(pg_temp.found('"club.example.org"'), null, 'the old address is not found');
update public.circle_issues set space_name = 'Front Porch' where message_id = '501';
select is(pg_temp.found('"front porch"'), '201', 'another space');
update public.circle_replies set author_name = 'Hanna Berg' where message_id = '502';
select is(pg_temp.found('hanna'), '201', 'a renamed replier');
insert into public.circle_replies (message_id, circle_issue_id, author_name, body) values
  ('503', '20000000-0000-4000-8000-000000000001', 'Ivo Novak', 'Me too');
select is(pg_temp.found('novak'), '201', 'another reply');
delete from public.circle_replies where message_id = '502';
select is(pg_temp.found('hanna'), null, 'a removed reply');
update public.comments set author_name = 'Kaito Mori' where author_name = 'Dmitri Petrov';
select is(pg_temp.found('mori'), '202', 'a renamed author');
update public.circle_issues set mapped_to_issue_id = '10000000-0000-4000-8000-000000000002'
where message_id = '501';
select is(pg_temp.found('novak'), '202', 'a message that moves to another issue takes its people along');
delete from public.circle_issues where message_id = '501';
select is(pg_temp.found('novak'), null, 'a deleted message has none');
select is(
  (
    select count(*) from private.issue_search as s join public.issues as i on i.id = s.issue_id
    where tsvector_to_array(s.vector) <> tsvector_to_array(
      private.issue_vector(
        private.search_vector(i.title, 20000), i.tags,
        private.issue_people(i.id, i.submitted_by, i.assigned_to), i.description
      ) || coalesce(private.comments_vector(i.id), '')
    )
  ),
  0::bigint, 'the rows equal rebuilt ones'
);

select * from finish();
rollback;
