-- What a visitor states about themselves. Nobody has confirmed it.

create or replace function private.parse_contact(
  p_name text, p_email text, p_phone text, out name text, out email text, out phone text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  name := private.non_blank(p_name);
  email := private.non_blank(p_email);
  phone := private.non_blank(p_phone);
  if char_length(name) > 255 or char_length(email) > 255 or char_length(phone) > 50
    or concat(name, email, phone) ~ '[\x01-\x1f\x7f]'
    or email !~ '^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$' or phone !~ '^[+0-9][0-9 ()./-]*$'
  then
    raise exception using
      errcode = 'PT422', message = 'support_contact_invalid',
      detail = 'A name has up to 255 characters; an e-mail address has the form name@example.com; a number '
        'has up to 50 digits, spaces and signs.',
      hint = 'Correct it, or leave it out.';
  end if;
end;
$$;
comment on function private.parse_contact is
  'Name, address and number as they are stored; null for what is blank. Errors: '
  'support_contact_invalid (422).';
