-- Reading single values out of what Circle sends: what can not be read is null.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(11);

select results_eq(
  $$ select v.text, private.parse_time(v.text) from (values
      ('2026-03-02T09:14:05.120Z'), ('2026-03-02T09:14:05.120123+02:00'), ('2026-03-02 09:14:05+0200'),
      ('2026-03-02T09:14'), ('2026-03-02'), (' 2026-03-02T09:14:05Z ')) as v (text) $$,
  $$ values
    ('2026-03-02T09:14:05.120Z', '2026-03-02 09:14:05.12+00'::timestamptz),
    ('2026-03-02T09:14:05.120123+02:00', '2026-03-02 07:14:05.120123+00'),
    ('2026-03-02 09:14:05+0200', '2026-03-02 07:14:05+00'), ('2026-03-02T09:14', '2026-03-02 09:14:00+00'),
    ('2026-03-02', '2026-03-02 00:00:00+00'), (' 2026-03-02T09:14:05Z ', '2026-03-02 09:14:05+00') $$,
  'times of ISO 8601, in UTC where no zone is given'
);
select is_empty(
  $$ select v.text, private.parse_time(v.text) from (values
      ('now'), ('infinity'), ('yesterday'), ('02.03.2026'), ('1772442845'), (''), ('2026-02-30'),
      ('2026-13-01'),
      ('0000-01-01'), ('2026-03-02T25:00:00Z'), ('2026-03-02T09:14:05+99:99'),
      ('2026-03-02T09:14:05 Mars/Base'),
      (null)) as v (text)
     where private.parse_time(v.text) is not null $$,
  'nothing else, and no error'
);
set local timezone = 'Asia/Tokyo';
select is(
  private.parse_time('2026-03-02T09:14:05'), '2026-03-02 09:14:05+00', 'whatever the zone of the session'
);
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
