-- Diffs of 10 MB are stored and returned, and neither a list of tasks nor an update of another column reads
-- them, or another column that may be large.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);
\ir ../helpers/personas.psql

-- Text that can't be compressed away.
create temp table diff on commit drop as
select string_agg(md5(n::text), E'\n') as body from generate_series(1, 318000) as n;
insert into public.tasks (id, user_id, git_diff, git_patch)
select 1, '00000000-0000-4000-8000-00000000000a', d.body, d.body from diff as d;

select ok((select octet_length(body) > 10000000 from diff), 'a diff of 10 MB');
select is((select count(*) from public.tasks as t join diff as d on d.body = t.git_diff), 1::bigint,
  'is returned as it was stored');
select is(
  pg_temp.as_persona('stranger', 'select string_agg((diff_bytes, patch_bytes)::text, '''' order by id)
    from public.task_list'),
  (select format('(%1$s,%1$s)', octet_length(body)) from diff), 'a list contains its size'
);

-- Pages that the statement used, found in shared buffers or not.
create function pg_temp.buffers(p_statement text) returns bigint language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (analyze, buffers, format json) ' || p_statement into v_plan;
  return (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint
    + (v_plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end;
$$;
create function pg_temp.buffers_of(p_relation regclass, p_columns text, p_id bigint) returns bigint
language sql as $$
  select pg_temp.buffers(format('select sum(length(%s)) from %s as t where id = %s', p_columns, p_relation,
    p_id))
$$;
-- One task for each column that may be large, with a large value in that column alone.
create temp table large_column on commit drop as
select row_number() over () + 3 as id, c.name, c.value
from (select left(body, 1000000) as body from diff) as d cross join lateral (values
  ('git_diff', d.body), ('git_patch', d.body), ('error', d.body),
  ('changed_files', jsonb_build_array(d.body)::text), ('chat_messages', jsonb_build_array(
    jsonb_build_object('role', 'user', 'content', d.body))::text),
  ('execution_metadata', jsonb_build_object('log', d.body)::text)
) as c (name, value);
insert into public.tasks (
  id, user_id, git_diff, git_patch, error, changed_files, chat_messages, execution_metadata
)
select
  c.id, '00000000-0000-4000-8000-00000000000a', case c.name when 'git_diff' then c.value end,
  case c.name when 'git_patch' then c.value end, case c.name when 'error' then c.value end,
  case c.name when 'changed_files' then c.value::jsonb else '[]' end,
  case c.name when 'chat_messages' then c.value::jsonb else '[]' end,
  case c.name when 'execution_metadata' then c.value::jsonb else '{}' end
from large_column as c;

-- More than the pages of the rows, of which a table that was used before has any number.
select cmp_ok(
  pg_temp.buffers('select sum(length(to_jsonb(t)::text)) from public.tasks as t where id < 4')
    - pg_temp.buffers('select sum(length(t.status::text)) from public.tasks as t where id < 4'), '>',
  (select octet_length(body) / 8192 from diff)::bigint, 'all columns include it'
);
select is_empty(
  $$ select c.name from large_column as c
     where pg_temp.buffers_of('public.tasks', 'to_jsonb(t)::text', c.id)
       < 10 * pg_temp.buffers_of('public.tasks', 't.status::text', c.id) $$,
  'and so does each column that may be large'
);
select is_empty(
  $$ select c.name from large_column as c
     where pg_temp.buffers_of('public.task_list', 'to_jsonb(t)::text', c.id)
       > 3 * pg_temp.buffers_of('public.tasks', 't.status::text', c.id) $$,
  'task_list reads none of them'
);
select cmp_ok(
  pg_temp.buffers('select sum(length(to_jsonb(t)::text)) from public.task_list as t'), '<',
  10 + pg_relation_size('public.tasks') / current_setting('block_size')::bigint,
  'the whole list is read with the pages of its rows'
);
delete from public.tasks where id > 3;

create temp table whole on commit drop as
select rows, pg_temp.buffers('select sum(length(to_jsonb(t)::text)) from public.tasks as t') - rows as buffers
from pg_temp.buffers('select sum(length(status::text)) from public.tasks') as rows;
select cmp_ok(10 * (pg_temp.buffers('update public.tasks set priority = 1') - rows), '<', buffers,
  'an update of something else does not read it') from whole;
select cmp_ok(10 * (pg_temp.buffers('update public.tasks set status = ''running''') - rows), '<', buffers,
  'nor does one of the status') from whole;
select cmp_ok(10 * pg_temp.buffers('select public.append_task_message(1, ''user'', ''Hi'')'), '<',
  (select buffers from whole), 'nor does an appended message');
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute as a
   where a.attrelid = 'public.tasks'::regclass and a.attnum > 0 and not a.attisdropped and not exists (
     select from pg_attribute as l where l.attrelid = 'public.task_list'::regclass and l.attname = a.attname
   )),
  array['changed_files', 'chat_messages', 'error', 'execution_metadata', 'git_diff', 'git_patch'],
  'what it leaves out is what may be large'
);
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute as a
   where a.attrelid = 'public.task_list'::regclass and a.atttypid in ('jsonb'::regtype, 'json'::regtype)),
  null, 'and it has no JSON column, which has no limit of its size'
);

select * from finish();
rollback;
