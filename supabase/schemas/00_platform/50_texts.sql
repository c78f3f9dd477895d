-- One answer to the question when a text says nothing.

-- Spaces of other scripts and characters without a width count too: `\s` alone knows few of them, or none,
-- depending on the locale. Check constraints repeat the class, since a role that writes may call nothing
-- here.
create or replace function private.presence(p_text text) returns text
language sql immutable security invoker set search_path = '' as $$
  select substring(
    presence.p_text from
    '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'
      || '(?:.*[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff])?'
  )
$$;
comment on function private.presence(text) is
  'The text without the blanks around it; null for none and for one that is blank.';
