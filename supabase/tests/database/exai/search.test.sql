-- search_exai_issues: words, identifiers, paths, filters.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(40);

\ir ../helpers/personas.psql

-- numbers that occur in no text below, also in an empty database
alter sequence public.exai_issues_issue_number_seq restart with 770001;
insert into exai_issues (
  title, severity, category, status, file_path, affected_components, description, root_cause,
  impact_description, recommended_fix, actual_fix, created_at
) values
  ('AsyncGLM Provider NO Timeout', 'critical', 'timeout', 'open', 'src/providers/async_glm.py', '{AsyncGLM}',
    'The client is made without one.', 'ZhipuAI gets no client', 'Conversations hang forever',
    'Use TimeoutConfig and max_retries=3', null, '2026-01-01'),
  ('Kimi waits 300s', 'high', 'performance', 'fixed', 'src/providers/async_kimi.py', '{AsyncKimi,pool}',
    '', null, null, null, 'Lowered DEFAULT_WAIT', '2026-01-02'),
  ('Hardcoded defaults', 'medium', 'configuration', 'open', 'config/base.toml', '{}',
    '', null, null, null, null, '2026-01-03');
insert into exai_issue_updates (issue_id, content)
select id, 'Seen again in the HTTPServer of tools/mcp-gateway.ts'
from exai_issues where title = 'Kimi waits 300s';
create function pg_temp.found(p_arguments text) returns text language sql as $$
  select pg_temp.as_persona('viewer', format('select string_agg(left(title, 4), '','' order by position)
    from search_exai_issues(%s) with ordinality as f (id, issue_number, title, severity, category, status,
      file_path, line_start, line_end, affected_components, conversation_id, fix_conversation_id, created_at,
      updated_at, rank, snippet, position)', p_arguments))
$$;
select is(pg_temp.found(quote_literal(r.query)), r.expected, r.query)
from (
  values
    ('src/providers/async_glm.py', 'Asyn'), ('async_glm.py', 'Asyn'), ('async_glm', 'Asyn'),
    ('AsyncGLM', 'Asyn'), ('asyncglm', 'Asyn'), ('glm', 'Asyn'), ('TimeoutConfig', 'Asyn'),
    ('timeout config', 'Asyn,Hard'),
    ('max_retries=3', 'Asyn'), ('max_retries', 'Asyn'), ('timeo', 'Asyn'), ('zhipuai', 'Asyn'),
    ('hang', 'Asyn'), ('default_wait', 'Kimi'), ('HTTPServer', 'Kimi'), ('server', 'Kimi'),
    ('tools/mcp-gateway.ts', 'Kimi'), ('providers -glm', 'Kimi'), ('kimi or hardcoded', 'Hard,Kimi'),
    ('"no timeout"', 'Asyn'), ('rdcod', 'Hard'), ('nothing like it', null)
) as r (query, expected);
select is(
  pg_temp.found((
    select quote_literal('#' || issue_number) from exai_issues where title = 'Hardcoded defaults'
  )),
  'Hard', 'a number'
);
select is(
  pg_temp.found((
    select quote_literal(p || issue_number) from exai_issues where title = 'Hardcoded defaults'
  )),
  'Hard', 'a number, written ' || p
)
from unnest(array['', 'EXAI-', 'exai-', 'EXAI #', ' exai ', 'exai://issues/']) as p;
select is(pg_temp.found(''''''), 'Hard,Kimi,Asyn', 'a blank query lists the newest first');
select is(pg_temp.found('null, severity => ''{critical,high}'', status => ''{open}'''), 'Asyn',
  'filters by severity and status');
select is(pg_temp.found('''providers'', category => ''{performance}'', component => ''pool'''), 'Kimi',
  'filters by category and component');
select is(pg_temp.found('null, file => ''src/providers'''), 'Kimi,Asyn', 'a folder');
select is(pg_temp.found('null, file => ''base.toml'', max_results => 1'), 'Hard', 'the end of a path');
update exai_issue_updates set content = 'Nothing more' where true;
select is(pg_temp.found('''HTTPServer'''), null, 'a word that was removed from an update is not found');
insert into exai_issues (title, description, root_cause, actual_fix)
select 'Long', string_agg(md5(n::text) || ' aB' || n, ' '), repeat('x', 300000), repeat('ü/ñ ', 100000)
from generate_series(1, 40000) as n;
select is(
  pg_temp.found(quote_literal(md5('3'))), 'Long',
    'a megabyte of distinct words is accepted, and its beginning is indexed'
);
select is(pg_temp.as_persona('stranger', $$ select search_exai_issues('x') $$), 'PT403 team_role_required',
  'people outside the team are rejected');

select lives_ok(
  format('select public.search_exai_issues(%L)', t),
  'a number in the digits of another script is a word: ' || t
)
from unnest(array[U&'\0663', U&'#\0663', U&'\ff13']) as t;

select * from finish();
rollback;
