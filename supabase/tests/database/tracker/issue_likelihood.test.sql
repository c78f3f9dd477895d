-- How likely a text is an issue, and the rules that say so.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(21);

\ir ../helpers/personas.psql

truncate public.segment_rules;
insert into public.segment_rules (words, segment, priority, weight, is_enabled) values
  ('crash', 'code', 20, 0.6, true), ('error', 'code', 20, 0.5, true), ('sign in', 'auth', 10, 0.4, true),
  ('token', 'auth', 10, 0.3, true), ('refresh token', 'auth', 10, 0.4, true),
  ('tool', 'tool', 30, 0, true), ('off', 'tool', 30, 0.9, false), ('outage', 'misc', 40, 1, true),
  ('can''t', 'misc', 40, 0.2, true);

select is(private.issue_likelihood('Hello', 'everybody'), 0::double precision, 'no word, no likelihood');
select is(private.issue_likelihood(null, null), 0::double precision, 'nor without a text');
select is(private.issue_likelihood('A crash', null), 0.6::double precision, 'one word, its weight');
select is(private.issue_likelihood(null, 'CRASH'), 0.6::double precision, 'in the body, in any case');
select is(
  private.issue_likelihood('crash', 'error'), 0.8::double precision, 'two words leave the doubt of both'
);
select ok(
  private.issue_likelihood('crash', 'error') >= (select triage_threshold from public.tracker_settings),
  'which is exactly the threshold'
);
select is(
  private.issue_likelihood('error error', 'crash, error'), 0.8::double precision, 'a word counts once'
);
select is(
  private.issue_likelihood('refresh  token', null), 0.58::double precision, 'a rule within another counts too'
);
select is(private.issue_likelihood('crashes', 'mirrors'), 0::double precision, 'whole words only');
select is(private.issue_likelihood(e'sign\r\n in', null), 0.4::double precision, 'over the end of a line');
select is(
  private.issue_likelihood('I can' || U&'\2019' || 't', null), 0.2::double precision, 'with either apostrophe'
);
select is(private.issue_likelihood('off', null), 0::double precision, 'a disabled rule says nothing');
select is(private.issue_likelihood('outage', 'crash'), 1::double precision, 'a word may be enough');
select is(
  private.issue_likelihood(repeat('a ', 500) || 'crash', repeat('a ', 5000) || 'error'), 0::double precision,
  'what stands far down says nothing'
);
select is(
  private.issue_likelihood(repeat('a ', 497) || 'crash ', repeat('a ', 4997) || 'error '),
  0.8::double precision, 'what stands just before that does'
);

-- Why

select results_eq(
  $$ select * from explain_triage('Refresh token', 'error in a tool, off') $$,
  $$ values ('refresh token', 'auth', 0.4::double precision, 10::smallint),
    ('token', 'auth', 0.3, 10::smallint),
    ('error', 'code', 0.5, 20::smallint), ('tool', 'tool', 0, 30::smallint) $$,
  'the rules found, in the order in which they decide'
);
select is_empty($$ select * from explain_triage('Hello', null) $$, 'none for none');
select is_empty(
  $$ select t.title
     from unnest(array['crash', 'crash error', 'my token', 'can''t sign in', 'sign in error token'])
       as t (title)
     where private.issue_likelihood(t.title, null) is distinct from (
       select round((1 - exp(sum(ln(1 - e.weight))))::numeric, 6)::double precision
       from explain_triage(t.title, null) as e
     ) $$,
  'the likelihood follows from them'
);
select is(
  pg_temp.as_persona('viewer', $$ select words from explain_triage('A crash', null) $$), 'crash',
  'a viewer may ask why'
);
select is(
  pg_temp.as_persona('stranger', $$ select words from explain_triage('A crash', null) $$),
  'PT403 team_role_required', 'a stranger may not'
);
select matches(
  pg_temp.as_persona('agent', $$ select private.issue_likelihood('a', 'b') $$), '^42501 ',
  'the number itself is for the import'
);

select * from finish();
rollback;
