-- The tree of a text, walked.

create or replace function private.parse_rich_poll(p_object jsonb) returns private.rich_token[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select row(t.tag, t.text, null, null)::private.rich_token
    from jsonb_array_elements(
      case jsonb_typeof(p_object -> 'options') when 'array' then p_object -> 'options' else '[]' end
    ) with ordinality as o (value, position)
    cross join lateral (values
      ('li', null),
      (null, coalesce(private.find_text(o.value, array['text', 'title', 'name', 'value']), o.value #>> '{}')),
      ('/li', null)
    ) as t (tag, text)
    order by o.position
  );
end;
$$;
comment on function private.parse_rich_poll is 'The options of a poll as items of a list.';

create or replace function private.find_rich_object(p_objects jsonb, p_attrs jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_object constant jsonb := p_objects -> private.find_text(
    p_attrs, array['sgid', 'signed_id', 'attachment_sgid', 'signedId', 'poll_id', 'id']
  );
begin
  return case jsonb_typeof(v_object) when 'object' then v_object else '{}' end || (
    select coalesce(jsonb_object_agg(a.key, a.value), '{}')
    from jsonb_each(p_attrs) as a (key, value)
    where a.value not in ('null', '""')
  );
end;
$$;
comment on function private.find_rich_object is
  'The attributes of a node, and those of the object that it refers to where it has none of its own.';

create or replace function private.texts_of_tree(p_tree jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- A path expression would fail on what is deeper than the stack.
  return (
    select string_agg(t.match[1]::jsonb #>> '{}', ' ' order by t.position)
    from regexp_matches(p_tree::text, '"(?:text|insert)": ("(?:[^"\\]|\\.)*")', 'g')
      with ordinality as t (match, position)
  );
end;
$$;
comment on function private.texts_of_tree is 'The texts in a tree of any editor, without its structure.';

-- Below the depth that is walked, texts are kept without their structure.
create or replace function private.parse_rich_node(
  p_node jsonb, p_tag text, p_objects jsonb, p_href text, p_is_link_start boolean, p_is_link_end boolean,
  p_is_deepest boolean
) returns private.rich_token[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_attrs constant jsonb := case jsonb_typeof(p_node -> 'attrs')
    when 'object' then p_node -> 'attrs' else '{}' end;
  v_is_code constant boolean := jsonb_path_exists(p_node, '$.marks[*] ? (@.type == "code")');
  v_text text := coalesce(
    private.parse_text(p_node -> 'text'), private.parse_text(private.parse_embedded_json(p_node -> 'content'))
  );
  v_object jsonb;
  v private.rich_token[];
begin
  if p_tag = 'text' then
    return case when p_is_link_start then array[row('a', null, p_href, null)::private.rich_token] end
      || case when v_is_code then array[row('code', null, null, null)::private.rich_token] end
      || row(
        null, case
          when jsonb_typeof(p_node) = 'string' then p_node #>> '{}'
          when jsonb_typeof(p_node -> 'text') in ('string', 'number', 'boolean') then p_node ->> 'text'
        end, null, null
      )::private.rich_token
      || case when v_is_code then array[row('/code', null, null, null)::private.rich_token] end
      || case when p_is_link_end then array[row('/a', null, null, null)::private.rich_token] end;
  end if;
  if p_tag in ('mention', 'img', 'embed', 'poll')
    or p_tag = 'div' and v_text is null and not p_node ? 'content'
  then
    v_object := private.find_rich_object(p_objects, v_attrs);
    v := array[private.parse_rich_leaf(p_tag, p_node, v_object)] || private.parse_rich_poll(v_object);
  else
    v := array[row(
      p_tag, case p_tag when 'pre' then substring(v_attrs ->> 'language' from '^[^\s`]+') end, null,
      case p_tag when 'ol' then private.parse_integer(coalesce(v_attrs ->> 'start', v_attrs ->> 'order')) end
    )::private.rich_token];
  end if;
  if p_is_deepest and v_text is null then
    v_text := private.texts_of_tree(p_node);
  end if;
  return v || case when v_text is not null then array[row(null, v_text, null, null)::private.rich_token] end;
end;
$$;
comment on function private.parse_rich_node is
  'The tokens that a node begins with, its content not included.';

create or replace function private.content_of_node(p_node jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_content constant jsonb := case jsonb_typeof(p_node)
    when 'array' then p_node when 'object' then private.parse_embedded_json(p_node -> 'content') end;
begin
  return case
    when p_depth >= 50 then '[]'
    when jsonb_typeof(v_content) = 'array' then v_content
    when jsonb_typeof(v_content) = 'object' then jsonb_build_array(v_content)
    else '[]'
  end;
end;
$$;
comment on function private.content_of_node is
  'The nodes in a node at this depth, as an array: of one node too; none below 50 levels.';

-- 50 levels are more than an editor makes, and bound what a tree of any depth costs. An image or file next to
-- the paragraphs is a line.
create or replace function private.parse_rich_tokens(p_doc jsonb, p_objects jsonb)
returns private.rich_token[]
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  return array(
    with recursive node as (
      select array[1] as path, p_doc as value, null::text as parent_tag
      union all
      select n.path || c.position::integer, c.value,
        case jsonb_typeof(n.value)
          when 'array' then n.parent_tag else private.tag_of_node(n.value ->> 'type') end
      from node as n
      cross join lateral jsonb_array_elements(private.content_of_node(n.value, cardinality(n.path)))
        with ordinality as c (value, position)
    ), linked as (
      select n.path, n.value, n.parent_tag,
        case jsonb_typeof(n.value)
          when 'string' then 'text' else private.tag_of_node(n.value ->> 'type') end as tag,
        jsonb_path_query_first(n.value, '$.marks[*] ? (@.type == "link").attrs.href') #>> '{}' as href
      from node as n
      where jsonb_typeof(n.value) in ('object', 'string')
    ), placed as (
      select l.*,
        (trim_array(lag(l.path) over w, 1), lag(l.href) over w)
          is distinct from (trim_array(l.path, 1), l.href) as is_link_start,
        (trim_array(lead(l.path) over w, 1), lead(l.href) over w)
          is distinct from (trim_array(l.path, 1), l.href) as is_link_end
      from linked as l
      window w as (order by l.path)
    ), token as (
      select p.path, t.position, t.tag, t.text, t.address, t.number
      from placed as p
      cross join lateral unnest(private.parse_rich_node(
        p.value, p.tag, p_objects, p.href, p.href is not null and p.is_link_start,
        p.href is not null and p.is_link_end, cardinality(p.path) = 50
      )) with ordinality as t (tag, text, address, number, position)
      union all
      select p.path || 2147483647, 0, '/' || p.tag, null, null, null
      from placed as p
      where p.tag in ('p', 'h2', 'blockquote', 'ul', 'ol', 'li', 'pre', 'table', 'tr', 'td', 'div')
        and (p.tag <> 'div' or p.parent_tag is null or p.parent_tag not in ('p', 'h2', 'td')
          or p.value ?| array['content', 'text'])
      union all
      select p.path, b.position, b.tag, null, null, null
      from placed as p
      cross join (values (0, 'div'), (100, '/div')) as b (position, tag)
      where cardinality(p.path) = 2 and p.tag = 'img'
        or p.tag = 'div' and p.parent_tag not in ('p', 'h2', 'td')
    )
    select row(t.tag, t.text, t.address, t.number)::private.rich_token
    from token as t
    order by t.path, t.position
  );
end;
$$;
comment on function private.parse_rich_tokens is 'The nodes of a tree as tokens, in the order of the text.';

create or replace function private.parse_rich_text(p_value jsonb) returns text
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_wrapper jsonb := '{}'::jsonb;
  v_doc jsonb := private.parse_embedded_json(p_value);
begin
  for v_level in 1 .. 4 loop
    exit when jsonb_typeof(v_doc) <> 'object' or v_doc ?| array['content', 'text']
      or not v_doc ?| array['body', 'doc', 'json'];
    v_wrapper := case when v_doc ? 'body' then v_doc else v_wrapper end;
    v_doc := private.parse_embedded_json(coalesce(v_doc -> 'body', v_doc -> 'doc', v_doc -> 'json'));
  end loop;
  return private.non_blank(case jsonb_typeof(v_doc)
    when 'object' then coalesce(
      private.format_rich_text(
        private.parse_rich_tokens(v_doc, private.parse_rich_objects(v_wrapper)), false
      ),
      -- a tree of another editor: its words
      case when not v_doc ?| array['content', 'type'] then private.texts_of_tree(v_doc) end
    )
    when 'array' then private.format_rich_text(private.parse_rich_tokens(
      jsonb_build_object('type', 'doc', 'content', v_doc), private.parse_rich_objects(v_wrapper)
    ), false)
    when 'string' then private.parse_html(v_doc #>> '{}')
  end);
end;
$$;
comment on function private.parse_rich_text is
  'A tree of TipTap, or what Circle wraps it in, as JSON or as text of JSON, as text: its paragraphs, links, '
  'mentions, images, embeds, files, code blocks and lists, in the form of parse_html. Null without any text.';
