-- What a visitor states about themselves. Nobody has confirmed it.

-- As people write it: (555) 010-9999, +44 (0)20 7946 0000 ext. 12, ٠٢٠ ٧٩٤٦.
create or replace function private.is_phone_number(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return p_text ~* (
    '^[+(]{0,2}[0-9٠-٩۰-۹०-९０-９][-0-9٠-٩۰-۹०-९０-９+()./ \u00a0\u2010-\u2015]*'
    '(?:[,;]? ?(?:x|ext\.?|extension|#) ?[0-9]{1,8})?$'
  );
end;
$$;
comment on function private.is_phone_number is
  'Whether it is a number with the signs that people write in it, and perhaps an extension.';

create or replace function private.parse_contact(
  p_name text, p_email text, p_phone text, out name text, out email text, out phone text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  name := private.non_blank(p_name);
  email := private.non_blank(p_email);
  -- address books add marks that nobody sees
  phone := private.non_blank(regexp_replace(p_phone, '[\u200e\u200f\u202a-\u202e\u2066-\u2069]', '', 'g'));
  if char_length(name) > 255 or char_length(email) > 255 or char_length(phone) > 50
    or concat(name, email, phone) ~ '[\x01-\x1f\x7f]'
    or email !~ '^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$' or not private.is_phone_number(phone)
  then
    raise exception using
      errcode = 'PT422', message = 'support_contact_invalid',
      detail = 'A name has up to 255 characters; an e-mail address has the form name@example.com; a number '
        'has up to 50 digits, spaces and signs, and perhaps an extension.',
      hint = 'Correct it, or leave it out.';
  end if;
end;
$$;
comment on function private.parse_contact is
  'Name, address and number as they are stored; null for what is blank. Errors: '
  'support_contact_invalid (422).';
