-- For lists and searches there are indexes that can be used, so what they read does not depend on how many
-- issues there are.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);
\ir ../helpers/personas.psql

-- Eight thousand issues: one component in one of 397, another in every one.
alter table public.exai_issues disable trigger user;
insert into public.exai_issues (
  id, issue_number, title, description, severity, status, affected_components, file_path, created_at
)
select md5('i' || n)::uuid, n, 'Issue ' || md5(n::text) || case when n % 3 = 0 then ' frequent' else '' end,
  repeat('x', 100), (array['critical', 'high', 'medium', 'low'])[1 + n % 4],
  case when n % 2 = 0 then 'open' else 'closed' end,
  case when n % 397 = 0 then '{everywhere,rare}'::text[] else '{everywhere}' end,
  'src/part' || n % 50 || '/file_' || n || '.py', timestamptz '2026-01-01' + n * interval '1 minute'
from generate_series(1, 8000) as n;
insert into private.exai_issue_search (issue_id, vector, created_at)
select i.id, private.exai_issue_vector(i), i.created_at from public.exai_issues as i;
insert into private.exai_issue_counts (issue_id, issue_number, created_at, severity_rank, is_active)
select i.id, i.issue_number, i.created_at, private.rank_exai_severity(i.severity), i.status = 'open'
from public.exai_issues as i;
alter table public.exai_issues enable trigger user;
analyze public.exai_issues, private.exai_issue_search, private.exai_issue_counts;

-- The table is small: where an index can be used at all, it is.
set local enable_seqscan = off;
create function pg_temp.rows_scanned(p_query text) returns bigint language plpgsql as $$
declare
  v_before constant bigint := (
    select sum(seq_tup_read) from pg_stat_xact_user_tables
    where relname in ('exai_issues', 'exai_issue_search')
  );
begin
  execute 'select count(*) from (' || p_query || ') as q';
  return (
    select sum(seq_tup_read) - v_before from pg_stat_xact_user_tables
    where relname in ('exai_issues', 'exai_issue_search')
  );
end;
$$;
grant execute on function pg_temp.rows_scanned to authenticated;
select is(
  pg_temp.as_persona('viewer', format('select pg_temp.rows_scanned(%L)', r.query))::integer, r.expected,
  r.name
)
from (values
  ('a filter that the API can''t use an index for, to compare',
    'select * from public.exai_issues where affected_components @> ''{nowhere}''', 8000),
  ('newest 50', 'select * from public.exai_issues order by created_at desc limit 50', 0),
  ('a component nobody has', 'select * from public.list_active_exai_issues(component := ''nowhere'')', 0),
  ('a rare component', 'select * from public.list_active_exai_issues(component := ''rare'')', 0),
  ('a component that all have',
    'select * from public.list_active_exai_issues(component := ''everywhere'')', 0),
  ('active, a later page', 'select * from public.list_active_exai_issues(after_severity := ''medium'',
    after_issue_number := 4000)', 0),
  ('search: nothing', 'select * from public.search_exai_issues('''')', 0),
  ('search: a word that is nowhere', 'select * from public.search_exai_issues(''nowhere'')', 0),
  ('search: a rare word', format('select * from public.search_exai_issues(%L)', md5('77')), 0),
  ('search: a part of a title',
    format('select * from public.search_exai_issues(%L)', substr(md5('77'), 3, 12)), 0),
  ('search: a number', 'select * from public.search_exai_issues(''#77'')', 0),
  ('search: a file', 'select * from public.search_exai_issues('''', file := ''file_77.py'')', 0),
  ('search: a file that is nowhere',
    'select * from public.search_exai_issues('''', file := ''nowhere.py'')', 0),
  ('search: a component nobody has',
    'select * from public.search_exai_issues('''', component := ''nowhere'')', 0)
) as r (name, query, expected);

set local enable_seqscan = on;

-- And they find what they should.
create function pg_temp.numbers(p_call text) returns text language sql as $$
  select pg_temp.as_persona('viewer', format('select string_agg(issue_number::text, '','' order by position)
    from (select r.issue_number, row_number() over () as position from %s as r) as n', p_call))
$$;
select is(pg_temp.numbers('list_active_exai_issues(component := ''rare'', max_results := 3)'),
  '1588,3176,4764', 'the most severe first, then by number');
select is(
  pg_temp.numbers('list_active_exai_issues(component := ''rare'', after_severity := ''critical'',
    after_issue_number := 4764, max_results := 4)'),
  '6352,7940,794,2382', 'the next page goes on with the next severity'
);
select is(
  pg_temp.numbers('list_active_exai_issues(component := ''rare'', severity := ''{medium}'')'),
  '794,2382,3970,5558,7146', 'of one severity'
);
select is(pg_temp.numbers('list_active_exai_issues(component := ''Rare'')'), null, 'by its exact name');
select is(pg_temp.numbers('list_active_exai_issues(category := ''{security}'')'), null, 'of a category');
select is(
  pg_temp.as_persona('viewer', 'select count(*) from list_active_exai_issues(max_results := 5000)'), '1000',
  'at most a thousand'
);
select is(pg_temp.as_persona('stranger', 'select list_active_exai_issues()'), 'PT403 team_role_required',
  'people outside the team are rejected');
select is(pg_temp.numbers('search_exai_issues('''', max_results := 2)'), '8000,7999', 'the newest');
select is(
  pg_temp.numbers('search_exai_issues('''', file := ''src/part7/'', max_results := 2)'), '7957,7907',
  'of a folder'
);
select is(pg_temp.numbers('search_exai_issues('''', file := ''file_77.py'')'), '77', 'by the end of a path');
select is(pg_temp.numbers('search_exai_issues('''', file := ''ile_77.py'')'), null, 'not within a name');
select is(pg_temp.numbers('search_exai_issues(''e_77.p'')'), '77', 'a part of a path, as it was typed');
select is(
  pg_temp.as_persona('viewer', 'select count(*) from search_exai_issues(''frequent'', max_results := 50,
    skip_results := 2500)'), '50', 'pages go on beyond the 2,000 that are ranked'
);
select is(
  pg_temp.as_persona('viewer', 'select count(distinct issue_number) from (
    select issue_number from search_exai_issues(''#77'', max_results := 2)
    union all
    select issue_number from search_exai_issues(''#77'', max_results := 2, skip_results := 2)) as n'),
  pg_temp.as_persona('viewer', 'select count(*) from search_exai_issues(''#77'', max_results := 4)'),
  'an issue with the typed number is on the first page only'
);

select * from finish();
rollback;
