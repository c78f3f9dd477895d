-- The wait between attempts doubles up to its cap, and is never the same for all.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(7);

create temp table wait as
select n, private.backoff(n, interval '1 minute', interval '6 hours') as w
from generate_series(1, 30) as n cross join generate_series(1, 50);

select is_empty(
  $$ select n, w from wait
     where w not between interval '1 minute' * least(2 ^ (n - 1), 360)
       and interval '1 minute' * least(2 ^ (n - 1), 360) * 1.2 $$,
  'each wait is between its length and a fifth more'
);
select is_empty(
  'select n from wait group by n having count(distinct w) < 40', 'and they are spread'
);
select cmp_ok((select max(w) from wait), '<=', interval '6 hours' * 1.2, 'the cap holds for any attempt');
select cmp_ok(
  private.backoff(n, '1 minute', '1 hour'), '<=', interval '72 s',
  format('the attempt %s waits as the first one', coalesce(n::text, 'null'))
) from unnest(array[0, null]) as n;
select cmp_ok(
  private.backoff(2147483647, '1 day', '100 years'), '<=', interval '100 years' * 1.2,
  'numbers do not overflow'
);
select setseed(0.5);
create temp table seeded as select private.backoff(3, interval '10 s', interval '1 hour') as w;
select setseed(0.5);
select is(private.backoff(3, '10 s', '1 hour'), (select w from seeded), 'with a seed it is the same again');

select * from finish();
rollback;
