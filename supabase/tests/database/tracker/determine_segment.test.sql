-- Segments by whole words: auth before code before tool, else misc.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(15);

\ir ../helpers/word_rules.psql

select is(determine_segment('Login loop', 'after the update'), 'auth', 'a word of the title');
select is(determine_segment('Help', 'I get an ERROR'), 'code', 'a word of the description, in any case');
select is(determine_segment('Which plugin?', null), 'tool', 'a null description');
select is(determine_segment('Hello', 'everybody'), 'misc', 'no matching word');
select is(determine_segment(null, null), 'misc', 'no text at all');
select is(determine_segment('error when I sign in', ''), 'auth', 'auth comes before code');
select is(determine_segment('cursor crash', ''), 'code', 'code comes before tool');
select is(determine_segment('The author tokenized decoded tools', ''), 'misc', 'parts of words don''t count');
select is(determine_segment('(api)', ''), 'code', 'punctuation ends a word');
select is(determine_segment('sign' || e'\n' || 'in', ''), 'auth', 'two words may be on two lines');
select is_empty(
  $$ select w.segment, w.word from (values
      ('auth', 'auth'), ('auth', 'login'), ('auth', 'account'), ('auth', 'password'), ('auth', 'credential'),
      ('auth', 'sign in'), ('auth', 'signin'), ('auth', 'oauth'), ('auth', 'jwt'), ('auth', 'token'),
      ('auth', 'refresh token'), ('auth', 'authentication'), ('auth', 'signup'), ('auth', 'sign up'),
      ('code', 'code'), ('code', 'error'), ('code', 'bug'), ('code', 'exception'), ('code', 'null'),
      ('code', 'undefined'), ('code', 'runtime'), ('code', 'syntax'), ('code', 'function'),
      ('code', 'variable'),
      ('code', 'method'), ('code', 'class'), ('code', 'object'), ('code', 'property'), ('code', 'api'),
      ('code', 'endpoint'), ('code', 'crash'), ('code', 'timeout'),
      ('tool', 'tool'), ('tool', 'cursor'), ('tool', 'editor'), ('tool', 'environment'),
      ('tool', 'development'),
      ('tool', 'ide'), ('tool', 'extension'), ('tool', 'plugin'), ('tool', 'vscode'), ('tool', 'taskmaster'),
      ('tool', '10xcoder'), ('tool', 'pipeline'), ('tool', 'integration'), ('tool', 'cli'),
      ('tool', 'command line')
    ) as w (segment, word)
    where determine_segment('about the ' || w.word || ', please', null) <> w.segment $$,
  'every word of the lists determines its segment'
);
select is(
  determine_segment(repeat('author ', 150000), 'and a plugin'), 'tool', 'a megabyte is searched to its end'
);

-- Words, parts of words, punctuation and whitespace in any order, compared with the lists as expressions.
create temp table pieces as select array[
  'auth', 'author', 'Login', 'sign', 'in', 'up', 'SIGN IN', 'refresh', 'token', 'tokens', 'code', 'decode',
  'Error', 'errors', 'api', 'apis', 'bug', 'tool', 'tools', 'vs', 'vscode', 'cli', 'client', 'command',
  'line', '10xcoder', 'x10xcoder', 'hello', 'you', ' ', '  ', e'\n', e'\t', '_', '-', '.', '(', ')', '@', '1',
  'é', '€', ','
] as words;
create temp table texts as
select n, (
  select string_agg(
    p.words[1 + abs(hashint8(n * 100 + m)::bigint) % cardinality(p.words)]
      || case when m % 3 = 0 then '' else ' ' end, '' order by m
  )
  from pieces as p cross join generate_series(1, 1 + n % 6) as m
) as text
from generate_series(1, 4000) as n;
select is_empty(
  $$ select t.text, determine_segment(t.text, null)
     from texts as t
     where determine_segment(t.text, null) <> case
       when t.text ~* ('\y(auth|login|account|password|credential|sign\s+in|signin|oauth|jwt|token'
         || '|refresh\s+token|authentication|signup|sign\s+up)\y') then 'auth'
       when t.text ~* ('\y(code|error|bug|exception|null|undefined|runtime|syntax|function|variable|method'
         || '|class|object|property|api|endpoint|crash|timeout)\y') then 'code'
       when t.text ~* ('\y(tool|cursor|editor|environment|development|ide|extension|plugin|vs\s+code|vscode'
         || '|taskmaster|10xcoder|pipeline|integration|cli|command\s+line)\y') then 'tool'
       else 'misc'
     end $$,
  'generated texts get the segment of a regular expression over the lists'
);
select set_eq(
  'select determine_segment(text, null) from texts', array['auth', 'code', 'tool', 'misc'],
  'and each segment occurs among them'
);
select is_empty(
  $$ select t.text, e.words from texts as t
     cross join lateral (
       select array_agg(r.words order by r.words) as words from public.segment_rules as r
       where t.text ~* ('\y' || replace(r.words, ' ', '\s+') || '\y')
     ) as e
     where t.n <= 500 and e.words is distinct from (
       select array_agg(f.words order by f.words) from private.find_segment_rules(t.text, null) as f
     ) $$,
  'find_segment_rules returns exactly the rules whose words occur'
);

select * from finish();
rollback;
