-- Where each token is: how deep in quotes, lists and code, and in which item of which list.

create type private.rich_part as (
  position bigint,
  tag text,
  text text,
  address text,
  number integer,
  quote_depth bigint,
  list_depth bigint,
  indent bigint,
  pre_depth bigint,
  code_depth bigint,
  hidden_depth bigint,
  item bigint,
  marker text
);
comment on type private.rich_part is
  'A token with its position from 1, how deep in quotes, lists, code and hidden elements it is, by how many '
  'columns lists indent it, and the position and the marker of the list item that it is in.';

-- A sum of what opens and closes, less the lowest it has been: closing what is not open changes nothing.
create or replace function private.parse_rich_depths(p_tokens private.rich_token[])
returns setof private.rich_part
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return query
  with step as (
    select t.position, t.tag, t.text, private.parse_address(t.address) as address, t.number,
      case t.tag when 'blockquote' then 1 when '/blockquote' then -1 else 0 end as quote,
      case t.tag when 'ul' then 1 when 'ol' then 1 when '/ul' then -1 when '/ol' then -1 else 0 end as list,
      case t.tag when 'ul' then 2 when 'ol' then 3 when '/ul' then -2 when '/ol' then -3 else 0 end as indent,
      case t.tag when 'pre' then 1 when '/pre' then -1 else 0 end as pre,
      case t.tag when 'code' then 1 when '/code' then -1 else 0 end as code,
      case t.tag when 'template' then 1 when '/template' then -1 else 0 end as hidden
    from unnest(p_tokens) with ordinality as t (tag, text, address, number, position)
  ), total as (
    select s.position, s.tag, s.text, s.address, s.number, sum(s.quote) over w as quote,
      sum(s.list) over w as list, sum(s.indent) over w as indent, sum(s.pre) over w as pre,
      sum(s.code) over w as code, sum(s.hidden) over w as hidden
    from step as s
    window w as (order by s.position)
  )
  select t.position, t.tag, t.text, t.address, t.number, t.quote - least(min(t.quote) over w, 0),
    t.list - least(min(t.list) over w, 0), t.indent - least(min(t.indent) over w, 0),
    t.pre - least(min(t.pre) over w, 0), t.code - least(min(t.code) over w, 0),
    t.hidden - least(min(t.hidden) over w, 0),
    null::bigint, null::text
  from total as t
  window w as (order by t.position);
end;
$$;
comment on function private.parse_rich_depths is
  'Tokens in their order with the depth of each; what opens counts itself.';

create or replace function private.parse_rich_parts(p_tokens private.rich_token[])
returns setof private.rich_part
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  if not exists (select from unnest(p_tokens) as t where t.tag = 'li') then
    return query select * from private.parse_rich_depths(p_tokens);
    return;
  end if;
  return query
  with part as (
    select p.*, max(p.position) filter (where p.tag in ('ul', 'ol')) over w as list_start,
      max(p.position) filter (where p.tag = 'li') over w as item_start,
      max(p.position) filter (where p.tag in ('ul', 'ol', '/li')) over w as item_end
    from private.parse_rich_depths(p_tokens) as p
    window w as (partition by p.list_depth order by p.position)
  ), numbered as (
    select p.*, max(p.tag) filter (where p.tag in ('ul', 'ol')) over w as list_tag,
      coalesce(max(p.number) filter (where p.tag = 'ol') over w, 1)::bigint
        + count(*) filter (where p.tag = 'li') over w - 1 as item_number
    from part as p
    window w as (partition by p.list_depth, p.list_start order by p.position)
  )
  select n.position, n.tag, n.text, n.address, n.number, n.quote_depth, n.list_depth, n.indent, n.pre_depth,
    n.code_depth, n.hidden_depth,
    case when n.item_start > coalesce(n.item_end, 0) then n.item_start end,
    case when n.list_tag = 'ol' then n.item_number || '. ' else '- ' end
  from numbered as n;
end;
$$;
comment on function private.parse_rich_parts is
  'Tokens with the depth of each and the list item that it is in.';
