-- Times as Circle, workflow tools and programs write them; what is not plainly one is null, and no error.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(8);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

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
  $$ select t from unnest(array[
       '2026-03-02T09:14:05Z', '2026-03-02t09:14:05z', '2026-03-02 09:14:05 UTC', '2026-03-02 09:14:05 utc',
       '2026-03-02T10:14:05+01', '2026-03-02T09:14:05Z[UTC]', '2026-03-02T10:14:05+01:00[Europe/Berlin]',
       '2026-03-02 10:14:05 +0100 CET', '2026-03-02 09:14:05 +0000 UTC', '2026-03-02T09:14:05,000Z',
       '2026-03-02T09:14:05.000000000000Z', '20260302T091405Z', '20260302T101405+0100',
       '1772442845', '1772442845.0', '1772442845000', '1772442845000.0', '1772442845000000',
       '1772442845000000000', ' 1772442845 ',
       'Mon, 02 Mar 2026 09:14:05 GMT', 'Mon, 2 Mar 2026 10:14:05 +0100', '02 Mar 2026 09:14:05 UTC',
       'Monday, 02-Mar-2026 09:14:05 GMT',
       'Mon Mar 02 2026 10:14:05 GMT+0100 (Central European Standard Time)',
       'Mon Mar 02 2026 09:14:05 GMT+0000'
     ]) as t
     where private.parse_time(t) is distinct from '2026-03-02 09:14:05+00' $$,
  'one time in the spellings of programs: with the name of its zone, since 1970, of mails and JavaScript'
);
select results_eq(
  $$ select private.parse_time(t) from unnest(array['1772442845.123456', '1772442845123', '1772442845123.5',
       '1772442845123456', '1772442845123456789', '2026-03-02T09:14:05,123', '20260302T0914Z']) as t $$,
  $$ values ('2026-03-02 09:14:05.123456+00'::timestamptz), ('2026-03-02 09:14:05.123+00'),
    ('2026-03-02 09:14:05.1235+00'), ('2026-03-02 09:14:05.123456+00'), ('2026-03-02 09:14:05.123457+00'),
    ('2026-03-02 09:14:05.123+00'), ('2026-03-02 09:14:00+00') $$,
  'to the microsecond'
);
select is_empty(
  $$ select v.text, private.parse_time(v.text) from (values
      ('now'), ('infinity'), ('yesterday'), ('02.03.2026'), ('3/2/2026 9:14'), ('March 2, 2026 9:14 AM'),
      ('Mon, 02 Mar 2026 09:14:05'), ('Mon, 32 Mar 2026 09:14:05 GMT'), ('Mon, 02 Mrz 2026 09:14:05 GMT'),
      ('5'), ('0'), ('-1772442845'), ('177244284'), ('17724428450'), ('0772442845'), ('1772442845s'),
      ('99999999999999999999'), ('1e9'), (''), ('2026-02-30'), ('2026-13-01'), ('0000-01-01'),
      ('2026-03-02T25:00:00Z'), ('20260302'), ('20261302T091405Z'), ('2026-03-02T09:14:05+99:99'),
      ('2026-03-02T09:14:05 Mars/Base'), ('2026-03-02T09:14:05 [Europe/Berlin]'), ('[]'), ('{}'),
      (repeat('9', 1000)), (null)) as v (text)
     where private.parse_time(v.text) is not null $$,
  'nothing else, and no error'
);
set local timezone = 'Asia/Tokyo';
set local datestyle = 'SQL, YMD';
select is(
  private.parse_time('2026-03-02T09:14:05'), '2026-03-02 09:14:05+00', 'whatever the zone of the session'
);
select results_eq(
  $$ select distinct private.parse_time(t) from unnest(array['Mon, 02 Mar 2026 09:14:05 GMT',
    'Mon Mar 02 2026 10:14:05 GMT+0100 (CET)', '1772442845']) as t $$,
  $$ values ('2026-03-02T09:14:05Z'::timestamptz) $$, 'and its style of dates'
);
reset timezone;
reset datestyle;

-- In a payload: numbers too

create temp table answer as
select handle_circle_webhook(pg_temp.single('1', 'x', null,
  '{"created_at": 1772442845.12, "edited_at": 1772442999000}')) as r;
select is((select r #> '{imported,0}' ? 'unread' from answer), false, 'times that are numbers are read');
select results_eq(
  $$ select posted_at, edited_at from circle_issues where message_id = '1' $$,
  $$ values ('2026-03-02 09:14:05.12+00'::timestamptz, '2026-03-02 09:16:39+00'::timestamptz) $$,
  'each in its unit'
);

select * from finish();
rollback;
