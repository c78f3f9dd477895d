-- How likely a text is an issue, and the rules behind that.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(21);

\ir ../helpers/personas.psql
\ir ../helpers/word_rules.psql

truncate public.segment_rules;
insert into public.segment_rules (words, segment, priority, weight, is_enabled) values
  ('crash', 'code', 20, 0.6, true), ('error', 'code', 20, 0.5, true), ('sign in', 'auth', 10, 0.4, true),
  ('token', 'auth', 10, 0.3, true), ('refresh token', 'auth', 10, 0.4, true),
  ('tool', 'tool', 30, 0, true), ('off', 'tool', 30, 0.9, false), ('outage', 'misc', 40, 1, true),
  ('can''t', 'misc', 40, 0.2, true);

select is(private.issue_likelihood('Hello', 'everybody'), 0::double precision, '0 without a matching rule');
select is(private.issue_likelihood(null, null), 0::double precision, '0 without a text');
select is(private.issue_likelihood('A crash', null), 0.6::double precision, 'one rule: its weight');
select is(private.issue_likelihood(null, 'CRASH'), 0.6::double precision, 'also in the body, in any case');
select is(
  private.issue_likelihood('crash', 'error'), 0.8::double precision,
  'two rules: 1 minus the product of (1 - weight)'
);
select ok(
  private.issue_likelihood('crash', 'error') >= (select triage_threshold from public.tracker_settings),
  'which reaches the threshold exactly'
);
select is(
  private.issue_likelihood('error error', 'crash, error'), 0.8::double precision, 'a rule counts once'
);
select is(
  private.issue_likelihood('refresh  token', null), 0.58::double precision,
  'a rule whose words are part of anothers counts too'
);
select is(private.issue_likelihood('crashes', 'mirrors'), 0::double precision, 'whole words only');
select is(private.issue_likelihood(e'sign\r\n in', null), 0.4::double precision, 'also across a line break');
select is(
  private.issue_likelihood('I can' || U&'\2019' || 't', null), 0.2::double precision, 'with either apostrophe'
);
select is(private.issue_likelihood('off', null), 0::double precision, 'a disabled rule is ignored');
select is(
  private.issue_likelihood('outage', 'crash'), 1::double precision,
  'a weight of 1 makes the likelihood 1'
);
select is(
  private.issue_likelihood(repeat('a ', 500) || 'crash', repeat('a ', 5000) || 'error'), 0::double precision,
  'words beyond the first 1,000 and 10,000 characters are ignored'
);
select is(
  private.issue_likelihood(repeat('a ', 497) || 'crash ', repeat('a ', 4997) || 'error '),
  0.8::double precision, 'words just before that count'
);

-- explain_triage

select results_eq(
  $$ select words, segment, weight, priority, reason
    from explain_triage('Refresh token', 'error in a tool, off') where weight is not null $$,
  $$ values
    ('refresh token', 'auth', 0.4::double precision, 10::smallint, 'a rule of the team: "refresh token"'),
    ('token', 'auth', 0.3, 10::smallint, 'a rule of the team: "token"'),
    ('error', 'code', 0.5, 20::smallint, 'a rule of the team: "error"'),
    ('tool', 'tool', 0, 30::smallint, 'a rule of the team: "tool"') $$,
  'the matching rules, by priority'
);
select is_empty(
  $$ select * from explain_triage('Hello', null) where weight is not null $$, 'none without a match'
);
select is_empty(
  $$ select t.title
     from unnest(array['crash', 'crash error', 'my token', 'can''t sign in', 'sign in error token'])
       as t (title)
     where private.issue_likelihood(t.title, null) is distinct from (
       select round((1 - exp(sum(ln(1 - e.weight))))::numeric, 6)::double precision
       from explain_triage(t.title, null) as e where e.weight is not null
     ) $$,
  'the likelihood is computed from these weights'
);
select is(
  pg_temp.as_persona('viewer', $$ select words from explain_triage('A crash', null) limit 1 $$), 'crash',
  'a viewer may call it'
);
select is(
  pg_temp.as_persona('stranger', $$ select words from explain_triage('A crash', null) $$),
  'PT403 team_role_required', 'a stranger may not'
);
select matches(
  pg_temp.as_persona('agent', $$ select private.issue_likelihood('a', 'b') $$), '^42501 ',
  'clients can''t call issue_likelihood'
);

select * from finish();
rollback;
