-- The activity view: latest comment, else the issue itself, and fast for a page.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(5);

-- The tests' own data only, until the rollback.
delete from public.issues;
delete from public.circle_issues;
delete from public.circle_spaces;
delete from public.tags;
delete from public.user_sessions;
delete from public.team_members;
delete from private.circle_events;

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second@example.com');
insert into public.team_members (user_id, role, display_name) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer', 'Vera Viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent', 'Agnes Agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin', 'Adam Admin'),
  ('00000000-0000-4000-8000-00000000000e', 'agent', null);

-- Runs a statement as the API would for this person: its first value, or its SQLSTATE and message.
create function pg_temp.as_persona(p_persona text, p_statement text) returns text language plpgsql as $$
declare
  v_id constant text := case p_persona
    when 'stranger' then '00000000-0000-4000-8000-00000000000a'
    when 'viewer' then '00000000-0000-4000-8000-00000000000b'
    when 'agent' then '00000000-0000-4000-8000-00000000000c'
    when 'admin' then '00000000-0000-4000-8000-00000000000d'
    when 'second' then '00000000-0000-4000-8000-00000000000e'
  end;
  v_role constant text := case when v_id is null then p_persona else 'authenticated' end;
  v_value text;
begin
  perform set_config('request.jwt.claims', json_build_object('role', v_role, 'sub', v_id)::text, true);
  perform set_config('role', v_role, true);
  execute p_statement into v_value;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_value;
exception
  -- what else goes wrong is no answer that a test expects, and ends it
  when insufficient_privilege or integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403'
    or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

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
