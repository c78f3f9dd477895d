-- Segments by whole words: auth before code before tool, else misc.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(11);

select is(determine_segment('Login loop', 'after the update'), 'auth', 'a word of the title');
select is(determine_segment('Help', 'I get an ERROR'), 'code', 'a word of the description, in any case');
select is(determine_segment('Which plugin?', null), 'tool', 'a null is no text');
select is(determine_segment('Hello', 'everybody'), 'misc', 'no word of any list');
select is(determine_segment(null, null), 'misc', 'no text at all');
select is(determine_segment('error when I sign in', ''), 'auth', 'auth comes before code');
select is(determine_segment('cursor crash', ''), 'code', 'code comes before tool');
select is(determine_segment('The author tokenized decoded tools', ''), 'misc', 'parts of words don''t count');
select is(determine_segment('(api)', ''), 'code', 'punctuation ends a word');
select is(determine_segment('sign' || e'\n' || 'in', ''), 'auth', 'two words may stand on two lines');
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
  'every word of the lists decides'
);

select * from finish();
rollback;
