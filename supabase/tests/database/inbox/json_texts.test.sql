-- JSON in a text: nothing of it is lost silently, and it is parsed in time proportional to its size.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(27);

\ir ../helpers/growth.psql

select is(private.parse_json_text(v.text)::text, v.json, v.text) from (values
  ('[1, /* a */ 2, /** b **/ 3]', '[1, 2, 3]'),
  (e'[1, // don\'t "quote"\n{"a": /* it\'s {one} */ 2, /* the last */}]', '[1, {"a": 2}]'),
  (e'{"a": "/* // \\" \'", \'b\': \'/*"\', /* a */} // the end', '{"a": "/* // \" ''", "b": "/*\""}'),
  ('{"a": 1, "b": /* 2}', null),
  ('{"a": 1} [so be it', '{"a": 1}')
) as v (text, json);
select is(private.parse_json_text(v.text), null, 'cut: ' || v.text)
from unnest(array[e'{"a": 1}\n{"a": 2', e'[{"a": [1]}]\n[{', e'{\'a\': 1} {\'b', '{"a": 1}, {']) as v (text);

select is(private.parse_json_text('[' || repeat(w, 10) || '"x"]'), null, 'not JSON: ' || w)
from unnest(array['/*', '"\"', '"''']) as t (w);
-- What costs most: what begins again and again, and never ends.
select pg_temp.is_linear(
  format('select private.parse_json_text(''['' || repeat(%L, %%1$s))', w), 2000, 'linear in its size: ' || w
) from unnest(array[
  '/*', '//', '/* */', '\"', '"\"', '''', '"''', ',', '[', '{}', ' True', ', ]', '} {', '```', '"a"/'
]) as t (w);

select * from finish();
rollback;
