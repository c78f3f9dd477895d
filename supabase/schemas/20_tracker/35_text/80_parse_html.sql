-- HTML as text.

-- An attachment of a post is an image or a file; one that mentions a member has the name as its content.
create or replace function private.parse_html_token(
  p_tag text, p_attributes jsonb, p_next_class text
) returns private.rich_token
language plpgsql immutable security invoker set search_path = '' as $$
declare
  a constant jsonb := p_attributes;
  v private.rich_token;
begin
  v.tag := p_tag;
  case
    when p_tag = 'a' then
      v.address := a ->> 'href';
    when p_tag = 'img' then
      v.text := a ->> 'alt';
      v.address := coalesce(
        private.parse_address(a ->> 'src'), private.parse_address(a ->> 'data-src'),
        private.parse_address(substring(a ->> 'srcset' from '^\s*([^\s,]\S*[^\s,])'))
      );
    when p_tag in ('iframe', 'embed', 'object', 'video', 'audio', 'source') then
      v.tag := 'embed';
      v.address := coalesce(a ->> 'src', a ->> 'data');
    when p_tag = 'ol' then
      v.number := private.parse_integer(a ->> 'start');
    when p_tag = 'pre' then
      v.text := substring(coalesce(a ->> 'class', '') || ' ' || coalesce(p_next_class, '')
        from '(?:^|\s)lang(?:uage)?-([^\s`]+)');
    when p_tag = 'action-text-attachment' then
      v.tag := case when a ->> 'content-type' like 'image/%' then 'img' else 'file' end;
      v.text := coalesce(nullif(a ->> 'caption', ''), a ->> 'filename');
      v.address := coalesce(a ->> 'url', a ->> 'href');
    else null;
  end case;
  return v;
end;
$$;
comment on function private.parse_html_token is
  'A tag of HTML with what counts of its attributes; p_next_class: the class of the next one.';

create or replace function private.parse_html(p_html text) returns text
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_tokens private.html_token[];
begin
  if strpos(p_html, '<') = 0 and strpos(p_html, '&') = 0 then
    return p_html;
  end if;
  v_tokens := private.split_html(p_html);
  return private.format_rich_text(array(
    select case
      when a.o_attributes is null and t.tag is distinct from 'pre' then
        row(t.tag, d.text, null, null)::private.rich_token
      else private.parse_html_token(
        t.tag, a.o_attributes, lead(a.o_attributes ->> 'class') over (order by t.position)
      )
    end
    from unnest(v_tokens) with ordinality as t (tag, text, position)
    join unnest(private.decode_html(array(
      select case when t.tag is null then t.text end
      from unnest(v_tokens) with ordinality as t (tag, text, position) order by t.position
    ), false)) with ordinality as d (text, position) on d.position = t.position
    left join private.parse_html_attributes(v_tokens) as a on a.o_position = t.position
    order by t.position
  ), true);
end;
$$;
comment on function private.parse_html is
  'HTML as text: one line per block; links, images, code blocks, lists and quotes as in Markdown; table '
  'cells separated by |; character references decoded; no scripts, styles and comments. A text without < and '
  '& is returned unchanged.';
