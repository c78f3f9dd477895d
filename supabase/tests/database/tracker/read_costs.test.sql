-- What a list or view reads does not grow with the number of rows: pages read at ten times the size. What
-- grows with them reads ten times as many; deleted rows that are not yet vacuumed make any number larger.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(23);

\ir ../helpers/personas.psql

create temp table question (number integer generated always as identity, sql text, small bigint, large bigint)
on commit drop;
insert into question (sql) values
  ('select * from issues_by_space'),
  ('select * from issue_trends'),
  ('select * from issue_status_ages'),
  ('select * from repeated_questions order by issue_count desc, last_at desc limit 20'),
  ('select * from repeated_questions order by last_at desc limit 20'),
  ('select * from open_issues where is_mine = true order by created_at limit 20'),
  ('select * from open_issues order by created_at desc limit 20'),
  ('select * from open_issues order by comment_count desc limit 20'),
  ('select * from issue_import_differences limit 20'),
  ('select * from issue_import_differences order by imported_at desc limit 20'),
  ('select * from issue_activity_log order by last_comment_at desc limit 20'),
  ('select * from issues order by created_at desc limit 20'),
  ($$ select * from issues where status = 'waiting_for_help' order by created_at limit 20 $$),
  ($$ select * from issues where assigned_to = 'Agnes Agent' order by created_at desc limit 20 $$),
  ('select * from circle_issues order by created_at desc limit 20'),
  ($$ select * from circle_issues where space_id = '2' order by created_at desc limit 20 $$),
  ('select * from comments order by created_at desc limit 20'),
  ('select * from issue_status_logs order by changed_at desc limit 20'),
  ('select * from issue_import_logs order by imported_at desc limit 20'),
  ($$ select * from search_issues('wordone wordtwo') $$),
  ($$ select * from similar_issues('wordone wordtwo once') $$);

-- Issues with numbers from p_from on: half of them resolved, ten are similar, ten differ from their message.
create function pg_temp.load(p_from integer, p_to integer) returns void language plpgsql as $$
declare
  v_table text;
  v_tables constant text[] := array[
    'issues', 'circle_issues', 'comments', 'issue_tags', 'issue_import_logs', 'issue_status_logs'
  ];
begin
  foreach v_table in array v_tables loop
    execute format('alter table public.%I disable trigger user', v_table);
  end loop;
  insert into issues (
    id, seq_id, title, segment, status, submitted_by, created_at, resolved_at, resolved_by, assigned_to,
    assigned_to_user_id, tags
  )
  select md5('issue ' || n)::uuid, 1000 + n, format('Question %s', case when n <= 10 then 0 else n end),
    'misc', case when n % 2 = 0 then 'resolved' else 'waiting_for_help' end, 'Ana', now() - n * interval '1
    hour',
    case when n % 2 = 0 then now() end, case when n % 2 = 0 then 'Bo' end,
    case when n % 7 = 0 then 'Agnes Agent' end,
    case when n % 7 = 0 then '00000000-0000-4000-8000-00000000000c'::uuid end,
    case when n <= 10 then array['often', 'rare'] else array['often'] end
  from generate_series(p_from, p_to) as n;
  insert into issue_tags (issue_id, tag_name)
  select i.id, u.name from issues as i cross join unnest(i.tags) as u (name)
  where i.seq_id between 1000 + p_from and 1000 + p_to;
  insert into private.issue_search (
    issue_id, vector, vector_bytes, question_key, created_at, last_comment_at, comment_count
  )
  select i.id, to_tsvector('simple', case when i.seq_id % 3 = 0 then 'wordone wordtwo' else 'other' end), 50,
    private.question_key(to_tsvector('simple', i.title)), i.created_at, i.created_at, i.seq_id % 4
  from issues as i where i.seq_id between 1000 + p_from and 1000 + p_to;
  insert into comments (id, issue_id, author_name, body, created_at)
  select md5('comment ' || i.id)::uuid, i.id, 'Ana', 'A comment', i.created_at
  from issues as i where i.seq_id between 1000 + p_from and 1000 + p_to;
  insert into circle_issues (
    id, message_id, title, space_id, space_name, is_triaged, mapped_to_issue_id, created_at
  )
  select md5('message ' || i.id)::uuid, i.seq_id, i.title, i.seq_id % 5, 'Space', true, i.id, i.created_at
  from issues as i where i.seq_id between 1000 + p_from and 1000 + p_to;
  insert into issue_import_logs (circle_issue_id, issue_id, imported_at)
  select c.id, i.id, c.created_at from circle_issues as c join issues as i on i.id = c.mapped_to_issue_id
  where i.seq_id between 1000 + p_from and 1000 + p_to;
  insert into issue_status_logs (issue_id, new_status, changed_at)
  select i.id, 'waiting_for_help', i.created_at from issues as i
  where i.seq_id between 1000 + p_from and 1000 + p_to;
  insert into private.circle_imports (circle_issue_id, issue_id, title, description, segment, imported_at)
  select c.id, i.id, case when i.seq_id <= 1010 then 'Other' else i.title end, '', 'misc', c.created_at
  from circle_issues as c join issues as i on i.id = c.mapped_to_issue_id
  where i.seq_id between 1000 + p_from and 1000 + p_to;
  foreach v_table in array v_tables loop
    execute format('alter table public.%I enable trigger user', v_table);
    execute format('analyze public.%I', v_table);
  end loop;
  perform private.rebuild_issue_counts();
  analyze private.issue_search, private.circle_imports, private.counted_issues, private.issue_question_counts,
    private.issue_age_counts;
end;
$$;
-- The pages that a viewer's question reads, in memory or not, once its plan is made.
create function pg_temp.pages(p_sql text) returns bigint language plpgsql as $$
declare
  v_plan json;
begin
  perform set_config('request.jwt.claims', json_build_object(
    'role', 'authenticated', 'sub', '00000000-0000-4000-8000-00000000000c')::text, true);
  set local role authenticated;
  for v_time in 1 .. 2 loop
    execute 'explain (analyze, buffers, format json) ' || p_sql into v_plan;
  end loop;
  reset role;
  return (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint
    + (v_plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end;
$$;

insert into tags (name) values ('often'), ('rare');
select pg_temp.load(1, 1000);
update question set small = pg_temp.pages(sql);
select pg_temp.load(1001, 10000);
update question set large = pg_temp.pages(sql);

select is(
  (select count(*) from open_issues), 5000::bigint, 'there are ten times as many issues'
);
select is_empty('select * from private.verify_issue_counts()', 'all of them counted');
select cmp_ok(large, '<', 5 * greatest(small, 100), trim(sql)) from question order by number;

select * from finish();
rollback;
