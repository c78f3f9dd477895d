-- Text with structure as a list of tokens: what HTML and the trees of an editor have in common.

create type private.rich_token as (
  tag text,
  text text,
  address text,
  number integer
);
comment on type private.rich_token is
  'A piece of text (tag is null), or a tag of HTML, with / before it where it closes: a with its address, '
  'img and file with text and address, embed with an address, pre with the language as text, ol with the '
  'number of its first item.';

-- Addresses in another document's terms lead nowhere here, and data: is the content itself.
create or replace function private.parse_address(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_address constant text := btrim(regexp_replace(p_text, '[\t\n\r]', '', 'g'), U&' <>\00A0');
begin
  return case
    when v_address ~ '^//.' then v_address
    when v_address ~* '^(javascript|vbscript|data|blob|about|cid):' then null
    when v_address ~* '^[a-z][a-z0-9+.-]*:.' then v_address
  end;
end;
$$;
comment on function private.parse_address is
  'An absolute address, of any scheme that leads somewhere; null for relative ones, scripts and data.';

-- Markdown takes balanced brackets as they are.
create or replace function private.format_label(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_text ~ '^[^][]*(\[[^][]*\][^][]*)*$' then p_text
    else regexp_replace(p_text, '([][])', '\\\1', 'g')
  end;
end;
$$;
comment on function private.format_label is 'A text as the label of a link of Markdown.';

create or replace function private.format_address(p_address text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_address ~ '^[^\s()<>]*(\([^\s()<>]*\)[^\s()<>]*)*$' then p_address
    else '<' || replace(replace(p_address, '<', '%3C'), '>', '%3E') || '>'
  end;
end;
$$;
comment on function private.format_address is 'An address as the target of a link of Markdown.';

create or replace function private.is_label_address(p_label text, p_address text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return p_address in (p_label, p_label || '/', 'mailto:' || p_label, 'tel:' || p_label);
end;
$$;
comment on function private.is_label_address is 'Whether the text of a link is its address.';

create or replace function private.format_link(p_tag text, p_text text, p_address text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := nullif(btrim(regexp_replace(p_text, '\s+', ' ', 'g')), '');
begin
  return case
    when p_address is null or p_tag = 'file' and v_text = p_address then v_text
    when p_tag = 'img' then concat(
      '![', private.format_label(v_text), '](', private.format_address(p_address), ')'
    )
    when p_tag = 'file' and v_text is not null then concat(
      '[', private.format_label(v_text), '](', private.format_address(p_address), ')'
    )
    else p_address
  end;
end;
$$;
comment on function private.format_link is
  'An img, file or embed as Markdown: its text, its address, or both; null where it has neither.';
