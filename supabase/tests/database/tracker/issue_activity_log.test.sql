-- issue_activity_log: the latest comment, else the issue itself; a page of it uses an index.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

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
  'the latest comment; without one, the issue itself'
);
select columns_are(
  'public', 'issue_activity_log',
  array['id', 'issue_title', 'segment', 'status', 'assigned_to', 'resolved_by', 'resolved_at',
  'last_commenter',
    'last_comment_at'],
  'it has the columns of the seed document'
);
select is(pg_temp.as_persona('stranger', 'select count(*) from issue_activity_log'), '0',
  'a stranger gets no rows');
select is(
  pg_temp.as_persona('viewer', 'select count(*) from issue_activity_log'), '2',
  'a viewer gets all rows'
);

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
analyze private.issue_search;
-- three hundred rows are sorted as fast as they are read in order: which it does must not hang on dead rows
set local enable_sort = off;
set local enable_seqscan = off;
select matches(
  pg_temp.plan_of('select * from public.issue_activity_log order by last_comment_at desc limit 50'),
  'Index Scan using issue_search_last_comment_at_idx',
  'the newest page is read from an index'
);
reset enable_sort;
reset enable_seqscan;
create temp view by_hand as
select i.id, coalesce(c.author_name, i.submitted_by) as last_commenter,
  coalesce(c.created_at, i.created_at) as last_comment_at
from public.issues as i
left join lateral (
  select l.author_name, l.created_at from public.comments as l where l.issue_id = i.id
  order by l.created_at desc, l.id desc limit 1
) as c on true;
create function pg_temp.differences() returns bigint language sql as $$
  select count(*) from by_hand as h full join public.issue_activity_log as l using (id)
  where (h.last_commenter, h.last_comment_at) is distinct from (l.last_commenter, l.last_comment_at)
$$;
select is(pg_temp.differences(), 0::bigint, 'several comments in one statement');
insert into public.comments (issue_id, body, author_name, created_at)
select id, 'old', 'Late', '2001-01-01' from public.issues;
insert into public.comments (issue_id, body, author_name, created_at)
select id, 'new', 'New', now() + interval '1 day' from public.issues where title ~ '1$';
select is(pg_temp.differences(), 0::bigint, 'a comment older than the latest, and a newer one');
update public.comments set author_name = 'Renamed' where author_name = 'New';
select is(pg_temp.differences(), 0::bigint, 'a renamed author');
delete from public.comments where author_name = 'Renamed' or body = 'x';
select is(pg_temp.differences(), 0::bigint, 'a deleted latest comment');
delete from public.comments where true;
select is(pg_temp.differences(), 0::bigint, 'all comments deleted');

select * from finish();
rollback;
