-- The activity view: latest comment, else the issue itself, and fast for a page.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(5);

\ir ../helpers/personas.psql

insert into public.issues (id, title, submitted_by, created_at, assigned_to, segment) values
  ('10000000-0000-4000-8000-000000000001', 'Commented', 'Ana', '2026-01-01', 'Kim', 'code'),
  ('10000000-0000-4000-8000-000000000002', 'Silent', 'Lee', '2026-01-02', null, 'misc');
insert into public.comments (id, issue_id, author_name, body, created_at) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'First', 'x',
    '2026-01-03'),
  ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'Tied', 'x', '2026-01-04'),
  ('20000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', 'Last', 'x', '2026-01-04');

select results_eq(
  $$ select issue_title, segment, status, assigned_to, resolved_by, resolved_at, last_commenter,
    last_comment_at
     from public.issue_activity_log order by last_comment_at desc $$,
  $$ values
    ('Commented', 'code', 'waiting_for_help', 'Kim', null, null::timestamptz, 'Last',
      '2026-01-04'::timestamptz),
    ('Silent', 'misc', 'waiting_for_help', null, null, null::timestamptz, 'Lee',
      '2026-01-02'::timestamptz) $$,
  'the latest comment speaks for the issue; without one, who submitted it'
);
select columns_are(
  'public', 'issue_activity_log',
  array['id', 'issue_title', 'segment', 'status', 'assigned_to', 'resolved_by', 'resolved_at',
  'last_commenter',
    'last_comment_at'],
  'it has the columns it is known by'
);
select is(pg_temp.as_persona('stranger', 'select count(*) from issue_activity_log'), '0',
  'a stranger sees nothing');
select is(pg_temp.as_persona('viewer', 'select count(*) from issue_activity_log'), '2', 'a viewer sees all');

create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
  v_line text;
  v_plan text := '';
begin
  for v_line in execute 'explain ' || p_query loop
    v_plan := v_plan || v_line || e'\n';
  end loop;
  return v_plan;
end;
$$;
insert into public.issues (title) select 'Issue ' || n from generate_series(1, 300) as n;
insert into public.comments (issue_id, body) select id, 'x' from public.issues cross
  join generate_series(1, 10);
analyze public.issues;
analyze public.comments;
select matches(
  pg_temp.plan_of('select * from public.issue_activity_log limit 50'),
  'Index Scan using comments_issue_id_created_at_id_idx',
  'a page probes the index of comments, an issue at a time'
);

select * from finish();
rollback;
