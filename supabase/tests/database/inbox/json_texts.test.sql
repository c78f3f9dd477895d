-- JSON in a text: nothing of it is lost silently, and it is parsed in time proportional to its size.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(13);

select is(private.parse_json_text(v.text)::text, v.json, v.text) from (values
  ('[1, /* a */ 2, /** b **/ 3]', '[1, 2, 3]'),
  (e'[1, // don\'t "quote"\n{"a": /* it\'s {one} */ 2, /* the last */}]', '[1, {"a": 2}]'),
  (e'{"a": "/* // \\" \'", \'b\': \'/*"\', /* a */} // the end', '{"a": "/* // \" ''", "b": "/*\""}'),
  ('{"a": 1, "b": /* 2}', null),
  ('{"a": 1} [so be it', '{"a": 1}')
) as v (text, json);
select is(private.parse_json_text(v.text), null, 'cut: ' || v.text)
from unnest(array[e'{"a": 1}\n{"a": 2', e'[{"a": [1]}]\n[{', e'{\'a\': 1} {\'b', '{"a": 1}, {']) as v (text);

create function pg_temp.milliseconds(p_text text) returns double precision language plpgsql as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
begin
  perform private.parse_json_text(p_text);
  return extract(epoch from clock_timestamp() - v_started_at) * 1000;
end;
$$;
-- Medians of what costs most, the slowest of each size: what begins again and again, and never ends.
create function pg_temp.slowest(p_count integer) returns double precision language sql as $$
  select max(m.median) from (
    select percentile_cont(0.5) within group (order by pg_temp.milliseconds('[' || repeat(w, p_count) || ']'))
      as median
    from unnest(array[
        '/*', '//', '/* */', '\"', '"\"', '''', '"''', ',', '[', '{}', ' True', ', ]', '} {', '```', '"a"/'
      ]) as t (w),
      generate_series(1, 3)
    group by w
  ) as m
$$;
select is(private.parse_json_text('[' || repeat(w, 10) || '"x"]'), null, 'not JSON: ' || w)
from unnest(array['/*', '"\"', '"''']) as t (w);
select cmp_ok(
  pg_temp.slowest(8000) / pg_temp.slowest(4000), '<', 3.5::double precision, 'linear in its size'
);

select * from finish();
rollback;
