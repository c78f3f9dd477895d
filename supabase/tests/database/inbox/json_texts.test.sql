-- JSON in a text: nothing of it is lost silently, and it is parsed in time proportional to its size.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(63);

\ir ../helpers/growth.psql

select is(private.parse_json_text(v.text)::text, v.json, v.text) from (values
  ('[1, /* a */ 2, /** b **/ 3]', '[1, 2, 3]'),
  (e'[1, // don\'t "quote"\n{"a": /* it\'s {one} */ 2, /* the last */}]', '[1, {"a": 2}]'),
  (e'{"a": "/* // \\" \'", \'b\': \'/*"\', /* a */} // the end', '{"a": "/* // \" ''", "b": "/*\""}'),
  ('{"a": 1, "b": /* 2}', null),
  ('{"a": 1} [so be it', '{"a": 1}'),
  ('{a: 1, b_2: "c: d", $e: {f: [{g: true}]}}', '{"a": 1, "$e": {"f": [{"g": true}]}, "b_2": "c: d"}'),
  (e'{"a": , "b": {"c": }, "d": [1, 2], "e":\n}', '{"a": null, "b": {"c": null}, "d": [1, 2], "e": null}'),
  ('{"a": 007, "b": .5, "c": -.5, "d": +5, "e": [0, 0.5, 00]}',
    '{"a": "007", "b": 0.5, "c": -0.5, "d": 5, "e": [0, 0.5, "00"]}'),
  ('{"a": 1e200000, "b": -1.5E+99999, "c": 1e-99999, "d": 1e3}',
    '{"a": "1e200000", "b": "-1.5E+99999", "c": "1e-99999", "d": 1000}'),
  ('{\"a\": \"b \\\"c\\\" \\n\", \"d\": 1}', '{"a": "b \"c\" \n", "d": 1}'),
  (e'{\n  \\"a\\": 1\n}', '{"a": 1}'),
  ('{&quot;a&quot;: &quot;b &amp;lt; c&quot;}', '{"a": "b &lt; c"}'),
  ('<think>{"a": 1}</think> {"a": 2}', '{"a": 2}'),
  ('{"a": "</think>"}', '{"a": "</think>"}'),
  (e'[x] {y}\n~~~\n{"a": 1}\n~~~\n{z}', '{"a": 1}'),
  (e'[x]\n```\n{"a": 1}\n```\n```\n{"a": 2}\n```\n{z}', null)
) as v (text, json);
select is(private.parse_json_text(v.text), null, 'cut: ' || v.text)
from unnest(array[e'{"a": 1}\n{"a": 2', e'[{"a": [1]}]\n[{', e'{\'a\': 1} {\'b', '{"a": 1}, {',
  e'{a: 1}\n{b: 2', '{\"a\": 1, \"b']) as v (text);

select is(private.parse_json_text('[' || repeat(w, 10) || '"x"]'), null, 'not JSON: ' || w)
from unnest(array['/*', '"\"', '"''']) as t (w);
-- What costs most: what begins again and again, and never ends.
select pg_temp.is_linear(
  format('select private.parse_json_text(''['' || repeat(%L, %%1$s))', w), 8000, 'linear in its size: ' || w
) from unnest(array[
  '/*', '//', '/* */', '\"', '"\"', '''', '"''', ',', '[', '{}', ' True', ', ]', '} {', '```', '"a"/', '{a',
  ': ', '.5', '01', '9e9999', '</think>', '~~~', '{\"'
]) as t (w);

-- Forms

select is(private.parse_form(v.text)::text, v.fields, v.text) from (values
  ('payload=%7B%22a%22%3A+1%7D', '{"payload": "{\"a\": 1}"}'),
  ('a=1&b=%5B%22%C3%A9%F0%9F%98%80%22%5D&c', '{"a": "1", "b": "[\"é😀\"]"}'),
  ('a=%7B%FF%7D', '{"a": null}'), ('a=%7B%00%7D', '{"a": null}'), ('a=%7B%', '{"a": "{%"}'),
  ('a=1&b=2', null), ('a b=%7B', null), ('=%7B', null), ('x', null), ('', null)
) as v (text, fields);
select pg_temp.is_linear(
  format('select private.parse_form(''a=%%%%7B'' || repeat(%L, %%1$s))', w), 8000, 'linear in its size: ' || w
) from unnest(array['&a=1', '%%41', '%%', '=', 'x%%C3%%A9']) as t (w);

select * from finish();
rollback;
