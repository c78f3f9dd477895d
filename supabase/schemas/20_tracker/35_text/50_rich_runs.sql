-- What becomes text, and what stands between one piece of it and the next.

create type private.rich_run as (
  position bigint,
  tag text,
  text text,
  starts_with_space boolean,
  ends_with_space boolean,
  quote_depth bigint,
  list_depth bigint,
  indent bigint,
  item bigint,
  marker text,
  pre bigint,
  language text,
  code bigint,
  link bigint,
  address text,
  is_escaped boolean,
  breaks bigint,
  spaces bigint,
  table_row bigint,
  cell bigint
);
comment on type private.rich_run is
  'A piece of text with the number of the code and the link that it is in, the table row and the cell in it; '
  'breaks and spaces count the line breaks and the blank texts from the beginning.';

create or replace function private.is_block_tag(p_tag text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return ltrim(p_tag, '/') in (
    'address', 'article', 'aside', 'blockquote', 'body', 'caption', 'center', 'dd', 'details', 'dialog',
    'dir', 'div', 'dl', 'dt', 'embed', 'fieldset', 'figcaption', 'figure', 'footer', 'form', 'h1', 'h2',
    'h3', 'h4', 'h5', 'h6', 'head', 'header', 'hgroup', 'hr', 'html', 'legend', 'li', 'main', 'menu', 'nav',
    'ol', 'optgroup', 'option', 'p', 'pre', 'search', 'section', 'select', 'summary', 'table', 'tbody',
    'textarea', 'tfoot', 'thead', 'title', 'tr', 'ul', 'xmp'
  );
end;
$$;
comment on function private.is_block_tag is 'Whether a tag begins a line, and ends one where it closes.';

-- In code, and in trees of an editor, white space counts; elsewhere in HTML, any of it is one space. A link
-- without any text shows its address. Called for each token, a function would take half of the time.
create or replace function private.parse_rich_texts(p_tokens private.rich_token[], p_is_html boolean)
returns setof private.rich_run
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  c_spaces constant text := E' \t\n\f\r\u00a0';
begin
  return query
  with part as materialized (
    select p.*,
      case
        when p.tag = 'hr' then '---'
        when p.tag in ('img', 'file', 'embed') then private.format_link(p.tag, p.text, p.address)
        when p.tag is not null then null
        when not p_is_html then p.text
        when p.pre_depth > 0 then replace(replace(p.text, E'\r\n', E'\n'), U&'\00A0', ' ')
        else btrim(regexp_replace(p.text, '[ \t\n\f\r\u00a0]+', ' ', 'g'), ' ')
      end as content,
      case when p.pre_depth > 0 then count(*) filter (where p.tag = 'pre') over w end as pre,
      case when p.code_depth > 0 and p.pre_depth = 0 then count(*) filter (where p.tag = 'code') over w end
        as code,
      count(*) filter (where p.tag in ('a', '/a')) over w as link,
      count(*) filter (where p.tag in ('table', 'tr', '/tr', '/table')) over w as table_row,
      count(*) filter (where p.tag in ('td', 'th')) over w as cell
    from private.parse_rich_parts(p_tokens) as p
    where p.hidden_depth = 0
    window w as (order by p.position)
  ), label as (
    select p.link, max(p.address) filter (where p.tag = 'a') as address,
      string_agg(case when p.tag = 'img' then coalesce(p.address, p.content) else p.content end, ''
        order by p.position) filter (where p.content <> '') as text
    from part as p
    where p.link > 0
    group by p.link
  ), link as materialized (
    select l.link, l.address, l.text is null as is_empty,
      private.format_label(l.text) <> l.text as is_escaped
    from label as l
    where l.address is not null and not coalesce(private.is_label_address(l.text, l.address), false)
  ), pre as materialized (
    select p.pre, max(p.text) filter (where p.tag = 'pre' and p.text <> '') as language
    from part as p where p.pre is not null group by p.pre having bool_or(p.content ~ '\S')
  )
  select p.position, p.tag, case
      when p.tag = 'a' and l.is_empty then l.address
      when p.pre is null or g.pre is not null then p.content
    end,
    p_is_html and p.tag is null and p.pre_depth = 0 and strpos(c_spaces, left(p.text, 1)) > 0,
    p_is_html and p.tag is null and p.pre_depth = 0 and strpos(c_spaces, right(p.text, 1)) > 0,
    p.quote_depth, p.list_depth, p.indent, p.item, p.marker, g.pre, g.language, p.code,
    case when not l.is_empty then p.link end, l.address, l.is_escaped, null::bigint,
    count(*) filter (where p.content = '') over w, p.table_row, p.cell
  from part as p
  left join link as l on l.link = p.link
  left join pre as g on g.pre = p.pre
  window w as (order by p.position);
end;
$$;
comment on function private.parse_rich_texts is
  'All visible tokens in their order, each with the text that it contributes.';

-- A br breaks a line; the beginning or end of a block breaks one that has text; an empty paragraph is an
-- empty line.
create or replace function private.parse_rich_runs(p_tokens private.rich_token[], p_is_html boolean)
returns setof private.rich_run
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return query
  with line as (
    select t.*, t.text <> '' as is_text, private.is_block_tag(t.tag) as is_block,
      lag(t.tag) over w as last_tag, lag(t.text <> '') over w as last_is_text
    from private.parse_rich_texts(p_tokens, p_is_html) as t
    where t.text <> '' or t.tag = 'br' or private.is_block_tag(t.tag)
    window w as (order by t.position)
  ), counted as (
    select l.*,
      sum(case
        when l.tag = 'br' then 1
        when l.tag = '/p' and l.last_tag = 'p' then 1
        when l.last_is_text and (l.is_block or l.is_text and private.is_block_tag(l.last_tag)) then 1
        else 0
      end) over (order by l.position) as break_count,
      l.cell - coalesce(max(l.cell) filter (where l.tag in ('table', 'tr', '/tr', '/table'))
        over (order by l.position), 0) as row_cell
    from line as l
  )
  select c.position, c.tag, c.text, c.starts_with_space, c.ends_with_space, c.quote_depth, c.list_depth,
    c.indent, c.item, c.marker, c.pre, c.language, c.code, c.link, c.address, c.is_escaped, c.break_count,
    c.spaces, c.table_row, c.row_cell
  from counted as c
  where c.is_text;
end;
$$;
comment on function private.parse_rich_runs is
  'The tokens that have text, in their order, with what stands between them.';
