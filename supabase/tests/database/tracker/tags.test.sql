-- issues.tags and issue_tags contain the same tags, whichever is written.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(23);

\ir ../helpers/personas.psql

-- the tags of an issue, and whether array and rows differ, which no test may show
create function pg_temp.tags_of(p_title text) returns text language sql as $$
  select i.tags::text || case
    when i.tags = coalesce((
      select array_agg(t.tag_name order by t.tag_name collate "C") from public.issue_tags as t
        where t.issue_id = i.id
    ), '{}') then '' else ' but rows differ' end
  from public.issues as i where i.title = p_title
$$;
select pg_temp.as_persona('agent', $$ insert into issues (id, title, tags)
  values ('10000000-0000-4000-8000-000000000001', 'One', '{zoo, " ape ",zoo,"",ape}') returning id $$);

select is(pg_temp.tags_of('One'), '{ape,zoo}', 'tags given with an issue are trimmed, sorted and kept once');
select set_eq(
  $$ select name from public.tags $$, $$ values ('ape'), ('zoo') $$, 'a new tag is inserted into tags'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set tags = '{zoo,bee}' where title = 'One' returning tags $$),
  '{bee,zoo}', 'an update of the array replaces all tags'
);
select is(pg_temp.tags_of('One'), '{bee,zoo}', 'and the rows are updated');
select is(
  pg_temp.as_persona('agent', $$ insert into issue_tags (issue_id, tag_name)
    values ('10000000-0000-4000-8000-000000000001', ' cat ') returning tag_name $$),
  'cat', 'inserting a row adds a tag, also a new one'
);
select is(pg_temp.tags_of('One'), '{bee,cat,zoo}', 'and the array is updated');
select pg_temp.as_persona('agent', $$ delete from issue_tags where tag_name in ('bee', 'zoo')
  returning tag_name $$);
select is(pg_temp.tags_of('One'), '{cat}', 'deleting rows removes tags');
select is(
  pg_temp.as_persona('agent', $$ insert into issue_tags (issue_id, tag_name)
    values ('10000000-0000-4000-8000-000000000001', 'cat')
    on conflict (issue_id, tag_name) do update set issue_id = excluded.issue_id, tag_name = excluded.tag_name
    returning tag_name $$),
  'cat', 'an upsert of an existing row'
);
select is(pg_temp.tags_of('One'), '{cat}', 'changes nothing');
select is(
  pg_temp.as_persona('agent', $$ with a as (
      update issues set tags = '{cat,dog}' where title = 'One' returning id
    ), b as (
      insert into issue_tags (issue_id, tag_name) values ('10000000-0000-4000-8000-000000000001', 'eel')
        returning 1
    ) select count(*) from a, b $$),
  '1', 'both shapes in one statement'
);
select is(pg_temp.tags_of('One'), '{cat,dog,eel}', 'have both effects');
select is(
  pg_temp.as_persona('admin', $$ delete from tags where name = 'dog' returning name $$), 'dog',
  'an admin deletes a tag'
);
select is(pg_temp.tags_of('One'), '{cat,eel}', 'which removes it from all issues');
select is(
  pg_temp.as_persona('agent', $$ update issue_tags set tag_name = 'eel2' where tag_name = 'eel'
    returning tag_name $$),
  'PT422 key_change_forbidden', 'the key of a row can''t be changed'
);
select throws_ok($$ insert into public.tags (name) values (' ') $$, '23514', null, 'a blank tag is rejected');
truncate public.issue_tags;
select is(pg_temp.tags_of('One'), '{}', 'truncating the rows empties the arrays');
select throws_ok(
  $$ insert into public.issue_tags (issue_id, tag_name) values (gen_random_uuid(), 'fox') $$,
  '23503', null, 'an issue that does not exist can''t be tagged'
);
update public.issues set tags = '{gnu}' where title = 'One';
delete from public.issues where title = 'One';
select is_empty($$ select * from public.issue_tags $$, 'deleting an issue deletes its rows');

select throws_ok($$ insert into public.tags (name) values (e'\t' || U&'\00A0') $$, '23514', null,
  'a tag of invisible characters is blank');
insert into public.issues (title, tags) values ('Two', array[e'\tapple\n', U&'\00A0', e' \t']);
select is(pg_temp.tags_of('Two'), '{apple}', 'they are trimmed from tags too');
select throws_ok(
  $$ insert into public.issue_tags (issue_id, tag_name) select id, e'\t' from public.issues
    where title = 'Two' $$, '23514', null, 'and a row with only such characters is rejected'
);

select throws_ok(
  $$ update public.issues set tags = array[repeat('x', 201)] where title = 'Two' $$, '23514', null,
  'a tag has at most 200 characters'
);
select is(
  pg_temp.as_persona('agent', $$ update tags set name = 'pear' where name = 'apple' returning name $$),
  'PT422 key_change_forbidden', 'a tag can''t be renamed'
);

select * from finish();
rollback;
