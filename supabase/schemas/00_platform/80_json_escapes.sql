-- JSON text that PostgreSQL cannot store as jsonb, repaired.

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, are replaced by control characters, which
-- cannot occur in JSON, while the rest is repaired.
create or replace function private.repair_json_escapes(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if strpos(p_text, '\u') = 0 or p_text !~* '\\u(0000|d[89a-f])' or p_text ~ '[\u0001\u0002]' then
    return p_text;
  end if;
  return replace(replace(
    regexp_replace(
      regexp_replace(
        replace(p_text, '\\', chr(1)),
        '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
        chr(2) || '\1' || chr(2) || '\2', 'g'
      ),
      '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
    ),
    chr(2), '\u'
  ), chr(1), '\\');
end;
$$;
comment on function private.repair_json_escapes is
  'JSON text with \u0000 and lone surrogates replaced by \ufffd; all else as it was.';
