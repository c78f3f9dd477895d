-- When a text counts as blank, and patterns that contain a text.

-- Spaces of other scripts and zero-width characters count as blank too. Check constraints repeat the list as
-- a regular expression, since the roles that write have no USAGE on this schema.
create or replace function private.non_blank(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return nullif(
    btrim(
      p_text,
      E' \t\n\r\f\x0b\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008'
        '\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
    ),
    ''
  );
end;
$$;
comment on function private.non_blank is
  'The text without leading and trailing blanks; null for null and for a blank text.';

create or replace function private.like_pattern(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return '%' || regexp_replace(p_text, '([\\%_])', '\\\1', 'g') || '%';
end;
$$;
comment on function private.like_pattern is 'The pattern of like for texts that contain this text, as it is.';
