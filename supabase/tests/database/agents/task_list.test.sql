-- Diffs of 10 MB work, and neither a list of tasks nor an update of another column reads them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);
\ir ../helpers/personas.psql

-- Text that can't be compressed away.
create temp table diff on commit drop as
select string_agg(md5(n::text), E'\n') as body from generate_series(1, 318000) as n;
insert into public.tasks (id, user_id, git_diff, git_patch)
select n, '00000000-0000-4000-8000-00000000000a', d.body, d.body from diff as d, generate_series(1, 3) as n;

select ok((select octet_length(body) > 10000000 from diff), 'a diff of 10 MB');
select is((select count(*) from public.tasks as t join diff as d on d.body = t.git_diff), 3::bigint,
  'comes back as it was stored');
select is(
  pg_temp.as_persona('stranger', 'select string_agg((diff_bytes, patch_bytes)::text, '''' order by id)
    from public.task_list'),
  (select repeat(format('(%1$s,%1$s)', octet_length(body)), 3) from diff), 'a list says how large it is'
);

create function pg_temp.buffers(p_statement text) returns bigint language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (analyze, buffers, format json) ' || p_statement into v_plan;
  return (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint;
end;
$$;
select ok(pg_temp.buffers('select sum(length(to_jsonb(t)::text)) from public.tasks as t') > 3000,
  'all columns drag it along');
select ok(pg_temp.buffers('select sum(length(to_jsonb(t)::text)) from public.task_list as t') < 500,
  'task_list does not');
select ok(pg_temp.buffers('update public.tasks set priority = 1') < 500,
  'an update of something else does not read it');
select ok(pg_temp.buffers('update public.tasks set status = ''running''') < 500,
  'nor does one of the status');
select ok(pg_temp.buffers('select public.append_task_message(1, ''user'', ''Hi'')') < 500,
  'nor does a message that is appended');
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute as a
   where a.attrelid = 'public.tasks'::regclass and a.attnum > 0 and not a.attisdropped and not exists (
     select from pg_attribute as l where l.attrelid = 'public.task_list'::regclass and l.attname = a.attname
   )),
  array['chat_messages', 'git_diff', 'git_patch'], 'what it leaves out is what may be large'
);

select * from finish();
rollback;
