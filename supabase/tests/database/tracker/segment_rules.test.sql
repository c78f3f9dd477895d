-- segment_rules: who writes them, which are valid, and that changes apply to the next text.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(49);

\ir ../helpers/personas.psql
\ir ../helpers/word_rules.psql

-- Defaults

select results_eq(
  $$ select r.segment, r.priority::integer, string_agg(r.words, ', ' order by r.words collate "C")
     from public.segment_rules as r group by 1, 2 order by 2 $$,
  $$ values
    ('auth', 10, 'account, auth, authentication, credential, jwt, login, oauth, password, refresh token, '
      || 'sign in, sign up, signin, signup, token'),
    ('code', 20, 'api, bug, class, code, crash, endpoint, error, exception, function, method, null, object, '
      || 'property, runtime, syntax, timeout, undefined, variable'),
    ('tool', 30, '10xcoder, cli, command line, cursor, development, editor, environment, extension, ide, '
      || 'integration, pipeline, plugin, taskmaster, tool, vs code, vscode') $$,
  'the words of the three segments'
);
select is_empty(
  $$ select r.words from public.segment_rules as r cross join public.tracker_settings as s
     where r.weight <= 0 or r.weight >= s.triage_threshold or not r.is_enabled $$,
  'each has a weight, and none reaches the threshold alone'
);

-- Valid and invalid rules

create function pg_temp.add(p_words text, p_persona text default 'admin') returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'insert into segment_rules (words, segment, priority) values (%L, ''tool'', 30) returning words', p_words
  ))
$$;
create function pg_temp.error_of(p_columns text, p_values text) returns text language plpgsql as $$
declare
  v_detail text;
  v_hint text;
begin
  execute format('insert into public.segment_rules (%s) values (%s)', p_columns, p_values);
  return null;
exception
  when sqlstate 'PT422' then
    get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    return concat_ws(' | ', sqlerrm, v_detail, v_hint);
end;
$$;

select is(
  pg_temp.add(e'  Two\t \n' || U&'\00A0' || 'Factor '), 'two factor',
  'words are trimmed and stored in lower case'
);
select is(
  pg_temp.add('Can' || U&'\2019' || 't save'), 'can''t save',
  'a typographic apostrophe becomes a plain one'
);
select is(pg_temp.add('x'), 'x', 'one letter is allowed');
select is(pg_temp.add('ci/cd'), 'ci/cd', 'punctuation within a word is allowed');
select is(pg_temp.add('a.b+c'), 'a.b+c', 'metacharacters of regular expressions are allowed');
select is(pg_temp.add('größe'), 'größe', 'letters outside ASCII are allowed');
select is(
  pg_temp.add(repeat('x', 100)), repeat('x', 100), '100 characters are allowed'
);
select is(
  pg_temp.error_of('words, segment, priority', $$ repeat('x', 101), 'tool', 1 $$),
  'tracker_segment_rule_invalid | words has 101 characters, 100 are allowed. | Give fewer words; use '
    || 'several rules instead.', '101 are too long'
);
select matches(
  pg_temp.error_of('words, segment, priority', format('%L, ''tool'', 1', e' \t')),
  '^tracker_segment_rule_invalid \| words contains no word\.', 'blank words'
);
select matches(
  pg_temp.error_of('segment, priority', $$ 'tool', 1 $$),
    '^tracker_segment_rule_invalid \| words contains no word\.',
  'no words'
);
select is_empty(
  $$ select w.words from unnest(array['c#', '.net', '(x', 'x)', '*', '-', 'a -']) as w (words)
     where pg_temp.error_of('words, segment, priority', format('%L, ''tool'', 1', w.words))
       !~ '^tracker_segment_rule_invalid \| words .+ does not begin and end with a letter, a digit' $$,
  'punctuation at the beginning or end'
);
select is_empty(
  $$ select w.words from unnest(array['a(b', 'a|b', 'a*b', 'a\b', 'a[b', 'a^b', 'a$b', 'a?b', 'a{1}b', 'a"b',
       'a,b', 'a' || chr(1) || 'b']) as w (words)
     where pg_temp.error_of('words, segment, priority', format('%L, ''tool'', 1', w.words))
       !~ '^tracker_segment_rule_invalid \| words .+ contains a character that can''t be matched' $$,
  'characters that can''t be matched safely'
);
select matches(
  pg_temp.error_of('words, segment, priority', $$ 'a - b', 'tool', 1 $$), 'has punctuation next to a space',
  'a word that is only punctuation'
);
select matches(
  pg_temp.error_of('words, segment, priority', $$ 'sso', 'billing', 1 $$),
  '^tracker_segment_rule_invalid \| The rule ''sso'' has the segment ''billing''\. \| Use one of: auth, '
    'code, tool',
  'an unknown segment'
);
select matches(
  pg_temp.error_of('words, priority', $$ 'sso', 1 $$), 'has the segment NULL', 'no segment'
);
select matches(
  pg_temp.error_of('words, segment', $$ 'sso', 'auth' $$), 'The rule ''sso'' has no priority', 'no priority'
);
select is_empty(
  $$ select w.weight from unnest(array['-0.01', '1.01', 'NaN', 'Infinity']) as w (weight)
     where pg_temp.error_of('words, segment, priority, weight', format('''sso'', ''auth'', 1, %L', w.weight))
       !~ 'The rule ''sso'' has the weight' $$,
  'a weight outside 0 to 1'
);
select is(
  pg_temp.as_persona('admin', $$ update segment_rules set words = '*' where words = 'x' returning words $$),
  'PT422 tracker_segment_rule_invalid', 'an update is checked too'
);
select is(
  pg_temp.as_persona('admin', $$ update segment_rules set words = ' Why ', segment = null, weight = null
    where words = 'x' returning words || segment || weight $$),
  'whytool0', 'null is treated as left out'
);
select is(
  pg_temp.as_persona('admin', $$ update segment_rules set id = gen_random_uuid() where words = 'why'
    returning words $$),
  'PT422 key_change_forbidden', 'the id of a rule can''t be changed'
);
select is(pg_temp.add('LOGIN'), '23505 duplicate key value violates unique constraint '
  || '"segment_rules_words_key"', 'the words of another rule are rejected');

-- PostgREST's upsert, by either key

select is(
  pg_temp.as_persona('admin', $$ insert into segment_rules (words, segment, priority, weight)
    values (' Sign  In', 'tool', 5, 0.9) on conflict (words) do update set words = excluded.words,
      segment = excluded.segment, priority = excluded.priority, weight = excluded.weight
    returning concat_ws('|', words, segment, priority, weight) $$),
  'sign in|tool|5|0.9', 'an upsert by words'
);
select is(
  pg_temp.as_persona('admin', $$ insert into segment_rules (words, segment, priority, weight, is_enabled)
    values ('SIGN IN', null, null, null, null) on conflict (words) do update set words = excluded.words,
      segment = excluded.segment, priority = excluded.priority, weight = excluded.weight,
      is_enabled = excluded.is_enabled
    returning concat_ws('|', words, segment, priority, weight, is_enabled) $$),
  'sign in|tool|5|0.9|t', 'null keeps the stored value'
);
select is(
  pg_temp.as_persona('admin', $$ insert into segment_rules (id, words, segment, priority, weight)
    select r.id, 'log in', null, null, 0.5 from segment_rules as r where r.words = 'login'
    on conflict (id) do update set words = excluded.words, segment = excluded.segment,
      priority = excluded.priority, weight = excluded.weight
    returning concat_ws('|', words, segment, priority, weight) $$),
  'log in|auth|10|0.5', 'an upsert by id'
);
select is(
  pg_temp.as_persona('admin', $$ insert into segment_rules (id, words, segment, priority)
    select r.id, 'password', 'auth', 10 from segment_rules as r where r.words = 'log in'
    on conflict (id) do update set words = excluded.words returning words $$),
  '23505 duplicate key value violates unique constraint "segment_rules_words_key"',
  'a rule can''t take the words of another'
);

-- Effect on determine_segment

select is(determine_segment('Sign in', 'error'), 'tool', 'the lowest priority wins');
select is(determine_segment('login', null), 'misc', 'words of a deleted rule no longer match');
select is(determine_segment('My LOG' || U&'\00A0\00A0' || 'IN?', null), 'auth', 'words of a new rule match');
select is(
  determine_segment('I can' || U&'\2019' || 't' || e'\n' || 'save', null), 'tool',
  'with both kinds of apostrophe'
);
select is(determine_segment('our CI/CD', null), 'tool', 'with punctuation in them');
select is(determine_segment('axb+c', null), 'misc', 'which is matched literally');
select is(determine_segment('die Größe', null), 'tool', 'in other alphabets');
update public.segment_rules set is_enabled = false where words = 'sign in';
select is(determine_segment('Sign in', 'error'), 'code', 'a disabled rule is ignored');
update public.segment_rules set priority = 20, is_enabled = true where words in ('sign in', 'password');
select is(determine_segment('sign in error', null), 'code', 'of equal priorities, code comes before tool');
select is(determine_segment('password error', null), 'auth', 'and auth before code');
insert into public.segment_rules (words, segment, priority) values ('newsletter', 'misc', 1);
select is(
  determine_segment('Newsletter password', null), 'misc',
  'a rule for misc can exclude a text from other segments'
);

-- After any change, the patterns give the same result as trying rule by rule.

-- Not where the capitals are those of other letters: ICU writes ß as SS.
create function pg_temp.in_capitals(p_text text) returns text language sql as $$
  select case when lower(upper(p_text)) = p_text then upper(p_text) else p_text end
$$;
create function pg_temp.disagreements() returns setof text language sql as $$
  select t.text
  from (
    select r.words || ' ' || coalesce(lead(r.words, n.distance) over (order by r.words), '') as text
    from public.segment_rules as r cross join (values (1), (7), (20)) as n (distance)
    group by r.words, n.distance
  ) as t
  where determine_segment(pg_temp.in_capitals(t.text), null) is distinct from coalesce((
    select r.segment from public.segment_rules as r
    where r.is_enabled and t.text ~ ('\y' || replace(r.words, '.', '\.') || '\y')
    order by r.priority, array_position(array['auth', 'code', 'tool', 'misc'], r.segment) limit 1
  ), 'misc')
$$;
delete from public.segment_rules where words in ('a.b+c', 'ci/cd', 'can''t save');
select is_empty('select pg_temp.disagreements()', 'the patterns match what the rules match');
delete from public.segment_rules where words < 'm';
update public.segment_rules set segment = 'code', priority = 7 where words > 's';
select is_empty('select pg_temp.disagreements()', 'also after bulk changes');
select isnt_empty(
  $$ select from public.segment_rules where determine_segment(words, null) = 'code' $$,
  'which changed results'
);
truncate public.segment_rules;
select is(determine_segment('password error', 'plugin'), 'misc', 'without rules, every text is misc');
insert into public.segment_rules (words, segment, priority)
  select 'word' || n, 'code', 20 from generate_series(1, 200) as n;
select is(determine_segment('word200', null), 'code', '200 rules of one priority and segment are allowed');
select throws_ok(
  $$ insert into public.segment_rules (words, segment, priority)
     select repeat('long', 20) || n, 'code', 20 from generate_series(1, 10) as n $$,
  'PT422', 'tracker_segment_rule_invalid', 'more than 2,000 characters per priority and segment are rejected'
);
select throws_ok(
  $$ update public.segment_rules set priority = substr(words, 5)::smallint where words < 'word3' $$,
  'PT422', 'tracker_segment_rule_invalid', 'so are more than 20 pairs of priority and segment'
);
select is(determine_segment('word200', null), 'code', 'the rules before stay in effect');

-- Access

select is(pg_temp.add('mine', 'agent'), 'PT403 team_role_required', 'an agent can''t insert rules');
select is(
  pg_temp.as_persona('agent', $$ update segment_rules set weight = 1 where true returning words $$),
  'PT403 team_role_required', 'or change them'
);
select is(pg_temp.as_persona('viewer', 'select count(*) from segment_rules'), '200', 'viewers read them');

select * from finish();
rollback;
