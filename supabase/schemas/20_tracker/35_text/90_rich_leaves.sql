-- The trees of the TipTap editor as text: rich_text_body of chat messages, tiptap_body of posts and comments.

create or replace function private.parse_embedded_json(p_value jsonb) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_value jsonb := p_value;
  v_text text;
begin
  -- A tree may be text in a text; any other text is not taken apart.
  for v_level in 1 .. 4 loop
    if jsonb_typeof(v_value) <> 'string' then
      return v_value;
    end if;
    v_text := private.repair_json_escapes(v_value #>> '{}');
    exit when v_text !~ '^\s*[[{"]' or not pg_input_is_valid(v_text, 'jsonb');
    v_value := v_text::jsonb;
  end loop;
  return case jsonb_typeof(v_value) when 'string' then p_value else v_value end;
end;
$$;
comment on function private.parse_embedded_json is
  'JSON that came as text of JSON, once or several times, parsed; all else as it came.';

create or replace function private.find_text(p_object jsonb, p_keys text[]) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_key text;
begin
  foreach v_key in array p_keys loop
    if private.parse_text(p_object -> v_key) is not null then
      return p_object ->> v_key;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.find_text is 'The first of an object''s values that is a text and not blank.';

-- A node names what it shows by sgid, an upload by signed_id.
create or replace function private.parse_rich_objects(p_wrapper jsonb) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_object_agg(k.id, e.value), '{}')
    from unnest(array[
      'inline_attachments', 'attachments', 'community_members', 'entities', 'group_mentions', 'polls'
    ]) as l (key)
    cross join lateral jsonb_array_elements(
      case jsonb_typeof(p_wrapper -> l.key) when 'array' then p_wrapper -> l.key else '[]' end
    ) as e (value)
    cross join lateral (values (e.value ->> 'sgid'), (e.value ->> 'signed_id'), (e.value ->> 'id')) as k (id)
    where k.id is not null
  ) || case jsonb_typeof(p_wrapper -> 'sgids_to_object_map')
    when 'object' then p_wrapper -> 'sgids_to_object_map' else '{}' end;
end;
$$;
comment on function private.parse_rich_objects is
  'What the nodes of a text refer to, by sgid, signed_id and id: members, files, embeds, posts, polls.';

create or replace function private.tag_of_node(p_type text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case lower(replace(p_type, '_', ''))
    when 'text' then 'text' when 'paragraph' then 'p' when 'heading' then 'h2'
    when 'blockquote' then 'blockquote' when 'bulletlist' then 'ul' when 'tasklist' then 'ul'
    when 'orderedlist' then 'ol' when 'listitem' then 'li' when 'taskitem' then 'li'
    when 'codeblock' then 'pre' when 'hardbreak' then 'br'
    when 'horizontalrule' then 'hr' when 'table' then 'table' when 'tablerow' then 'tr'
    when 'tablecell' then 'td' when 'tableheader' then 'td' when 'image' then 'img'
    when 'mention' then 'mention' when 'embed' then 'embed' when 'video' then 'embed'
    when 'audio' then 'embed' when 'youtube' then 'embed' when 'iframe' then 'embed' when 'poll' then 'poll'
    else 'div'
  end;
end;
$$;
comment on function private.tag_of_node is
  'The tag that a type of node corresponds to; div for what has none, such as doc, file and entity.';

create or replace function private.parse_rich_leaf(p_tag text, p_node jsonb, p_object jsonb)
returns private.rich_token
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_fallback constant text := coalesce(
    p_node ->> 'circle_ios_fallback_text', p_object ->> 'circle_ios_fallback_text'
  );
  v_sign constant text := coalesce(private.find_text(p_object, array['mentionSuggestionChar']), '@');
  v_address constant text := private.find_text(p_object, array[
    'src', 'url', 'href', 'original_url', 'embed_url', 'large_url', 'preview_url', 'cdn_url', 'image_url'
  ]);
begin
  return case p_tag
    when 'mention' then row(
      null, v_sign || ltrim(coalesce(
        private.find_text(p_object, array['label', 'name', 'display_name', 'title']), v_fallback,
        private.find_text(p_object, array['id']), '…'
      ), v_sign), null, null
    )::private.rich_token
    when 'img' then row(
      'img', private.find_text(p_object, array['alt', 'title', 'caption', 'filename', 'name']), v_address,
      null
    )::private.rich_token
    when 'embed' then row(
      'embed', null, coalesce(
        v_address, private.parse_html(private.find_text(p_object, array['embed_html', 'html']))
      ), null
    )::private.rich_token
    else row(
      'file', coalesce(
        private.find_text(p_object, array[
          'label', 'filename', 'emoji', 'name', 'title', 'question', 'text', 'value', 'latex'
        ]), v_fallback
      ), v_address, null
    )::private.rich_token
  end;
end;
$$;
comment on function private.parse_rich_leaf is
  'A node without content as a token. p_object: the node''s attributes, and what it refers to.';
