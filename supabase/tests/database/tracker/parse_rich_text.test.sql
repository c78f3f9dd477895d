-- The trees of TipTap as text, in each form in which Circle sends them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;

create temporary table example (number serial, name text, value jsonb, expected text);

create function pg_temp.paragraph(p_content jsonb) returns jsonb language sql as $$
  select jsonb_build_object('type', 'doc', 'content', jsonb_build_array(
    jsonb_build_object('type', 'paragraph', 'content', p_content)
  ))
$$;

-- Forms

insert into example (name, value, expected) values
  ('a document', '{"type": "doc", "content": [{"type": "paragraph", "content": [
    {"type": "text", "text": "One"}]}, {"type": "paragraph", "content": [{"type": "text", "text": "two"}]}]}',
    e'One\ntwo'),
  ('in its wrapper', '{"body": {"type": "doc", "content": [{"type": "paragraph", "content": [
    {"type": "text", "text": "One"}]}]}, "circle_ios_fallback_text": "no", "attachments": []}', 'One'),
  ('as text of JSON',
    to_jsonb(text '{"type": "doc", "content": [{"type": "text", "text": "One \u0000"}]}'), 'One �'),
  ('text of JSON in its wrapper', jsonb_build_object('body',
    '{"type": "doc", "content": [{"type": "text", "text": "One"}]}'), 'One'),
  ('a list of nodes', '[{"type": "text", "text": "One"}]', 'One'),
  ('text', '"a [b] {c}"', 'a [b] {c}'),
  ('HTML', '"<p>a</p><p>b &amp; c</p>"', e'a\nb & c'),
  ('nothing', '{"type": "doc", "content": []}', null),
  ('nothing to see', '{"type": "doc", "content": [{"type": "paragraph"}, {"type": "text", "text": " "}]}',
    null),
  ('no tree', '17', null),
  ('in the wrappers of exports',
    '{"json": {"doc": {"type": "doc", "content": [{"type": "text", "text": "One"}]}}}',
    'One'),
  ('content as text of JSON', jsonb_build_object('type', 'doc', 'content',
    '[{"type": "paragraph", "content": [{"type": "text", "text": "One"}]}]'), 'One'),
  ('the tree of another editor', '{"root": {"children": [{"children": [{"text": "One"}, {"text": "two"}]}]}}',
    'One two'),
  ('operations of another editor', '{"ops": [{"insert": "One"}, {"insert": "\"two\""}]}', 'One "two"'),
  ('null', 'null', null),
  ('other things',
    '{"body": {"type": "doc", "content": [null, 42, "text", {"text": "more"}, {"content": {}}]}}',
    e'text\nmore');

-- Nodes within a paragraph

insert into example (name, value, expected)
select v.name, pg_temp.paragraph(v.content), v.expected
from (values
  ('white space is kept', '[{"type": "text", "text": "a  b\tc"}]'::jsonb, e'a  b\tc'),
  ('signs of HTML are text', '[{"type": "text", "text": "a < b &amp; <p>"}]', 'a < b &amp; <p>'),
  ('marks', '[{"type": "text", "text": "a ", "marks": [{"type": "bold"}, {"type": "italic"}]},
    {"type": "text", "text": "b", "marks": [{"type": "code"}]}]', 'a `b`'),
  ('a link', '[{"type": "text", "text": "See "},
    {"type": "text", "text": "the log", "marks": [{"type": "link",
    "attrs": {"href": "https://a.example/x", "target": "_blank"}}]}, {"type": "text", "text": "."}]',
    'See [the log](https://a.example/x).'),
  ('a link in parts', '[
    {"type": "text", "text": "the ", "marks": [{"type": "link", "attrs": {"href": "https://a.example"}}]},
    {"type": "text", "text": "log", "marks": [{"type": "bold"},
      {"type": "link", "attrs": {"href": "https://a.example"}}]},
    {"type": "text", "text": "two", "marks": [{"type": "link", "attrs": {"href": "https://b.example"}}]}]',
    '[the log](https://a.example)[two](https://b.example)'),
  ('an address', '[{"type": "text", "text": "https://a.example/x", "marks": [{"type": "link",
    "attrs": {"href": "https://a.example/x"}}]}]', 'https://a.example/x'),
  ('a script', '[{"type": "text", "text": "x", "marks": [
    {"type": "link", "attrs": {"href": "javascript:alert(1)"}}]}]', 'x'),
  ('a hard break', '[{"type": "text", "text": "a"}, {"type": "hardBreak"}, {"type": "text", "text": "b"}]',
    e'a\nb'),
  ('a mention with its text among the attributes',
    '[{"type": "mention", "attrs": {"sgid": "x", "circle_ios_fallback_text": "@Ana"}}]', '@Ana'),
  ('mentions', '[{"type": "mention", "attrs": {"sgid": "x"}, "circle_ios_fallback_text": "@John Doe"},
    {"type": "text", "text": " and "}, {"type": "mention", "attrs": {"id": "7", "label": "Ana"}},
    {"type": "mention", "attrs": {"sgid": "z"}},
    {"type": "mention", "attrs": {"id": "bugs", "mentionSuggestionChar": "#"}}]',
    '@John Doe and @Ana@…#bugs'),
  ('an image', '[{"type": "image", "attrs": {"src": "https://a.example/a.png", "alt": "The error"}}]',
    '![The error](https://a.example/a.png)')
) as v (name, content, expected);

-- Blocks

insert into example (name, value, expected) values
  ('code', '{"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a"}]},
    {"type": "codeBlock", "attrs": {"language": "js"}, "content": [
      {"type": "text", "text": "if (a) {\n  b();\n}"}]}]}',
    e'a\n```js\nif (a) {\n  b();\n}\n```'),
  ('lists', '{"type": "doc", "content": [{"type": "orderedList", "attrs": {"start": 2}, "content": [
    {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a"}]},
      {"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph", "content": [
        {"type": "text", "text": "b"}]}]}]}]},
    {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "c"}]}]}]},
    {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "d"}]}]}',
    e'2. a\n   - b\n3. c\n\nd'),
  ('a quote and a rule', '{"type": "doc", "content": [
    {"type": "blockquote", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a"}]}]},
    {"type": "horizontalRule"}, {"type": "paragraph"}, {"type": "paragraph", "content": [
    {"type": "text", "text": "b"}]}]}', e'> a\n\n---\n\nb'),
  ('a table', '{"type": "doc", "content": [{"type": "table", "content": [{"type": "tableRow", "content": [
    {"type": "tableHeader", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "a"}]}]},
    {"type": "tableCell", "content": [{"type": "paragraph", "content": [
      {"type": "text", "text": "b"}]}]}]}]}]}', 'a | b'),
  ('images and files side by side', '{"type": "doc", "content": [
    {"type": "image", "attrs": {"src": "https://a.example/a.png"}},
    {"type": "image", "attrs": {"src": "https://a.example/b.png"}},
    {"type": "file", "attrs": {"url": "https://a.example/c.txt", "filename": "c.txt"}}]}',
    e'![](https://a.example/a.png)\n![](https://a.example/b.png)\n[c.txt](https://a.example/c.txt)'),
  ('nodes of one''s own', '{"type": "doc", "content": [
    {"type": "callout", "content": [{"type": "text", "text": "a"}]},
    {"type": "cta", "attrs": {"label": "Open", "url": "https://a.example"}}, {"type": "x", "text": "b"}]}',
    e'a\n[Open](https://a.example)\nb');

-- What nodes refer to

insert into example (name, value, expected) values
  ('by sgid and signed_id', '{"body": {"type": "doc", "content": [{"type": "paragraph", "content": [
      {"type": "mention", "attrs": {"sgid": "m1"}}, {"type": "text", "text": " "},
      {"type": "mention", "attrs": {"sgid": "m2"}},
      {"type": "text", "text": " "}, {"type": "entity", "attrs": {"sgid": "e1"}}]},
      {"type": "image", "attrs": {"signed_id": "i1", "url": ""}}, {"type": "embed", "attrs": {"sgid": "v1"}},
      {"type": "embed", "attrs": {"sgid": "v2"}}, {"type": "file", "attrs": {"signed_id": "f1"}},
      {"type": "poll", "attrs": {"sgid": "p1"}}]},
    "sgids_to_object_map": {"m1": {"name": "Ana Ruiz"}, "v1": {"url": "https://v.example/1"},
      "v2": {"html": "<iframe src=\"https://v.example/2\"></iframe>"}},
    "community_members": [{"sgid": "m2", "name": "Lee"}], "group_mentions": null,
    "entities": [{"sgid": "e1", "name": "The post", "url": "https://c.example/p"}],
    "inline_attachments": [{"signed_id": "i1", "url": "https://a.example/i.png", "filename": "i.png"},
      {"signed_id": "f1", "url": "https://a.example/l.txt", "filename": "l.txt"}], "attachments": ["x"],
    "polls": [{"sgid": "p1", "question": "Which?", "options": [{"text": "A"}, "B"]}]}',
    e'@Ana Ruiz @Lee [The post](https://c.example/p)\n![i.png](https://a.example/i.png)\n'
      'https://v.example/1\n'
      'https://v.example/2\n[l.txt](https://a.example/l.txt)\nWhich?\n- A\n- B');

-- What editors don't write, and scripts do

insert into example (name, value, expected) values
  ('text without text', pg_temp.paragraph('[{"type": "text", "text": null}, {"type": "text"},
    {"type": "text", "text": ["a"]}, {"type": "text", "text": "b"}]'), 'b'),
  ('a number as text', pg_temp.paragraph('[{"type": "text", "text": 5}]'), '5'),
  ('one node in place of an array', '{"type": "doc", "content": {"type": "paragraph", "content":
    {"type": "text", "text": "One"}}}', 'One'),
  ('arrays in arrays', pg_temp.paragraph('[[{"type": "text", "text": "One "}], [[{"type": "text",
    "text": "two"}]]]'), 'One two'),
  ('text of text of JSON', to_jsonb(to_jsonb(
    '{"type": "doc", "content": [{"type": "text", "text": "One"}]}'::text)::text), 'One'),
  ('text in quotes', '"\"One\""', '"One"'),
  ('unknown nodes in a line', pg_temp.paragraph('[{"type": "text", "text": "a "}, {"type": "emoji",
    "attrs": {"name": "smile", "emoji": "🙂"}}, {"type": "text", "text": " b "}, {"type": "inlineMath",
    "attrs": {"latex": "x^2"}}, {"type": "text", "text": " c"}]'), 'a 🙂 b x^2 c'),
  ('unknown nodes next to lines', '{"type": "doc", "content": [{"type": "paragraph", "content": [
    {"type": "text", "text": "a"}]}, {"type": "callout", "attrs": {"title": "b"}}, {"type": "paragraph",
    "content": [{"type": "text", "text": "c"}]}]}', e'a\nb\nc');

select plan((select count(*)::integer + 3 from example));

select is(private.parse_rich_text(e.value), e.expected, e.name) from example as e order by e.number;

create function pg_temp.nested(p_depth integer) returns jsonb language sql as $$
  select (repeat('{"type": "blockquote", "content": [', p_depth) || '{"type": "text", "text": "deep"}'
    || repeat(']}', p_depth))::jsonb
$$;
select is(private.parse_rich_text(pg_temp.nested(1000)), repeat('> ', 10) || 'deep', 'depth loses no text');
select is(
  handle_circle_webhook(jsonb_build_object('Parent_Message', jsonb_build_object(
    'message_id', 1, 'rich_text_body', pg_temp.nested(6000)
  ))) ->> 'processed', '1', 'and never takes a message with it'
);
select ok(
  private.parse_rich_text(jsonb_build_object('type', 'doc', 'content', (
    select jsonb_agg('{"type": "text", "text": "x"}'::jsonb) from generate_series(1, 5000)
  ))) = repeat('x', 5000), 'nor does length'
);

select * from finish();
rollback;
