-- Text with structure as Markdown: addresses, code blocks, lists, quotes and cells; all else as plain text.

-- Ten levels are enough for people; each line repeats its own.
create or replace function private.format_line_start(
  p_quote_depth bigint, p_indent bigint, p_marker text
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return repeat('> ', least(p_quote_depth, 10)::integer)
    || case
      when p_marker is null then repeat(' ', least(p_indent, 30)::integer)
      else repeat(' ', least(greatest(p_indent - case p_marker when '- ' then 2 else 3 end, 0), 30)::integer)
        || p_marker
    end;
end;
$$;
comment on function private.format_line_start is
  'What a line begins with: its quotes, its indentation, and the marker of the item that begins with it.';

create type private.rich_piece as (
  position bigint,
  text text,
  is_plain boolean,
  run private.rich_run,
  is_line_start boolean,
  breaks bigint,
  cells bigint,
  has_space boolean,
  common_quote_depth bigint,
  is_item_start boolean,
  is_pre_start boolean,
  is_pre_end boolean,
  is_link_start boolean,
  is_link_end boolean,
  is_code_start boolean,
  is_code_end boolean,
  tick_count integer
);
comment on type private.rich_piece is
  'A piece of text next to its neighbours: the line breaks, cells and space before it, what begins and ends '
  'with it, whether there is nothing but text, breaks and space, and the longest run of backticks '
  'in its code.';

create or replace function private.count_backticks(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  if strpos(p_text, '`') = 0 then
    return 0;
  end if;
  return (select max(length(t.match[1])) from regexp_matches(p_text, '(`+)', 'g') as t (match));
end;
$$;
comment on function private.count_backticks is 'The longest run of backticks in a text.';

create or replace function private.parse_rich_pieces(p_tokens private.rich_token[], p_is_html boolean)
returns setof private.rich_piece
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return query
  with run as (
    select r as run, r.position, r.text, lag(r.position) over w is null as is_first,
      coalesce(r.pre, r.code, r.link, r.item) is null and r.quote_depth = 0 and r.indent = 0
        and strpos(r.text, E'\n') = 0 as is_plain,
      r.breaks - coalesce(lag(r.breaks) over w, 0) as breaks,
      r.tag = 'hr' or lag(r.list_depth) over w > 0 and r.list_depth = 0
        or lag(r.quote_depth) over w > r.quote_depth as needs_empty_line,
      case when r.table_row = lag(r.table_row) over w then r.cell - lag(r.cell) over w end as row_cells,
      greatest(r.cell - 1, 0) as first_cells,
      r.starts_with_space or lag(r.ends_with_space) over w or r.spaces > lag(r.spaces) over w as has_space,
      least(r.quote_depth, lag(r.quote_depth) over w) as common_quote_depth,
      coalesce(lag(r.position) over w, 0) < r.item as is_item_start,
      r.pre is distinct from lag(r.pre) over w as is_pre_start,
      r.pre is distinct from lead(r.pre) over w as is_pre_end,
      r.link is distinct from lag(r.link) over w as is_link_start,
      r.link is distinct from lead(r.link) over w as is_link_end,
      r.code is distinct from lag(r.code) over w or r.breaks > lag(r.breaks) over w as is_code_start,
      r.code is distinct from lead(r.code) over w or r.breaks < lead(r.breaks) over w as is_code_end,
      max(case when r.pre is not null or r.code is not null then private.count_backticks(r.text) end)
        over (partition by r.pre, r.code, case when r.pre is null then r.breaks end) as tick_count
    from private.parse_rich_runs(p_tokens, p_is_html) as r
    window w as (order by r.position)
  ), line as (
    select r.*, case
        when r.is_first or r.row_cells > 0 then 0
        when r.needs_empty_line and r.breaks > 0 then greatest(r.breaks, 2)
        else r.breaks
      end as gap
    from run as r
  )
  select l.position, l.text,
    l.is_plain and coalesce(l.row_cells, l.first_cells) = 0,
    l.run, l.is_first or l.gap > 0, l.gap, coalesce(l.row_cells, l.first_cells), l.has_space,
    l.common_quote_depth, l.is_item_start, l.is_pre_start, l.is_pre_end, l.is_link_start, l.is_link_end,
    l.is_code_start, l.is_code_end, l.tick_count
  from line as l;
end;
$$;
comment on function private.parse_rich_pieces is
  'The tokens that have text, in their order, each next to its neighbours.';

create or replace function private.format_rich_piece(p_piece private.rich_piece) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  r constant private.rich_run := p_piece.run;
  v_next_line constant text := E'\n' || private.format_line_start(r.quote_depth, r.indent, null);
  v_fence constant text := repeat('`', greatest(p_piece.tick_count + 1, 3));
  v_ticks constant text := repeat('`', p_piece.tick_count + 1);
  v_pad constant text := case when p_piece.tick_count > 0 then ' ' else '' end;
  v_text text := r.text;
begin
  if r.pre is not null then
    v_text := case when p_piece.is_pre_start then regexp_replace(v_text, '^\n', '') else v_text end;
    v_text := case when p_piece.is_pre_end then rtrim(v_text, E' \n') else v_text end;
  elsif r.is_escaped and r.link is not null and r.tag is distinct from 'img' then
    v_text := regexp_replace(v_text, '([][])', '\\\1', 'g');
  end if;
  return concat(
    case
      when p_piece.breaks > 0 then
        repeat(E'\n' || rtrim(private.format_line_start(p_piece.common_quote_depth, 0, null)),
          p_piece.breaks::integer - 1) || E'\n'
      when not p_piece.is_line_start and p_piece.cells = 0 and p_piece.has_space then ' '
    end,
    case when p_piece.is_line_start then
      private.format_line_start(r.quote_depth, r.indent, case when p_piece.is_item_start then r.marker end)
    end,
    repeat(' | ', p_piece.cells::integer),
    case when r.pre is not null and p_piece.is_pre_start then
      v_fence || coalesce(r.language, '') || v_next_line end,
    case when r.link is not null and p_piece.is_link_start then '[' end,
    case when r.code is not null and p_piece.is_code_start then v_ticks || v_pad end,
    replace(v_text, E'\n', v_next_line),
    case when r.code is not null and p_piece.is_code_end then v_pad || v_ticks end,
    case when r.link is not null and p_piece.is_link_end then
      '](' || private.format_address(r.address) || ')' end,
    case when r.pre is not null and p_piece.is_pre_end then v_next_line || v_fence end
  );
end;
$$;
comment on function private.format_rich_piece is
  'A piece of text as Markdown, with what stands before it.';

create or replace function private.format_rich_text(p_tokens private.rich_token[], p_is_html boolean)
returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return (
    select btrim(string_agg(
      case
        when not p.is_plain then private.format_rich_piece(p)
        when p.breaks > 0 then repeat(E'\n', p.breaks::integer) || p.text
        when p.has_space then ' ' || p.text
        else p.text
      end, '' order by p.position
    ), E' \n\r\t')
    from private.parse_rich_pieces(p_tokens, p_is_html) as p
  );
end;
$$;
comment on function private.format_rich_text is
  'Tokens as text: one line per block, addresses, code blocks, lists and quotes as Markdown has them, cells '
  'separated by |. p_is_html: white space outside code is one space. Null without any text.';
