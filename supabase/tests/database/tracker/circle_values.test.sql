-- Reading single values out of what Circle sends: what can not be read is null.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(8);

select results_eq(
  $$ select private.parse_integer(v.text) from (values ('0'), ('12'), ('999999999'), ('1000000000'), ('-1'),
    ('1.5'),
      ('x'), ('')) as v (text) $$,
  $$ values (0), (12), (999999999), (null), (null), (null), (null), (null) $$, 'whole numbers that fit'
);
select results_eq(
  $$ select private.parse_boolean(v.text) from (values ('true'), (' Yes '), ('1'), ('FALSE'), ('no'), ('0'),
    ('maybe'),
      (''), (null)) as v (text) $$,
  $$ values (true), (true), (true), (false), (false), (false), (null), (null), (null) $$,
  'true and false as language models write them'
);
select is(private.circle_title(' Given ', 'Body'), 'Given', 'a title that is given');
select is(private.circle_title(null, e'two\n\n  lines'), 'two lines', 'a title is one line');
select is(private.circle_title(' ', null), 'Untitled message', 'and never nothing');
select is(
  private.circle_title(null, e'![](https://a.example/a_(1).png)\nSee [the log](https://a.example/x), [1] (2)'
    ' and [two](<https://a.example/a b>)'),
  'See the log, [1] (2) and two',
  'and has the text of a link in place of its address'
);
select is(
  private.circle_title(null, '![](https://a.example/x.png)'), '![](https://a.example/x.png)',
  'unless there is nothing else'
);

select results_eq(
  $$ select private.parse_integer(v.text), private.parse_time(v.text) from (values
      (U&'\00a05'), (U&'5\3000'), (U&'\200b5\feff'), (U&'\00a02026-03-02\2028'), (U&'\0665'), (U&'\ff15'),
      (U&'5.\0660'), (U&'\0662\0660\0662\0666-\0660\0663-\0660\0662')) as v (text) $$,
  $$ values (5, null), (5, null), (5, null), (null, '2026-03-02 00:00:00+00'::timestamptz), (null, null),
    (null, null), (null, null), (null, null) $$,
  'blanks of any width do not count, and digits of another script are not an error'
);

select * from finish();
rollback;
