-- Times as Circle, workflow tools and programs write them. Nothing here raises; what is not plainly a time is
-- null: not local forms, since 3/2/2026 is in March or in February, nor times of day without a zone.

create or replace function private.parse_iso_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  -- PostgreSQL itself would also take `now`, `infinity` and local formats.
  if p_text !~ ('^[0-9]{4}(-[0-9]{2}){2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?'
      || '\s*([Zz]|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?)?$')
    or not pg_input_is_valid(p_text, 'timestamptz')
  then
    return null;
  end if;
  if p_text ~ '([Zz]|UTC|GMT|:[0-9]{2}(\.[0-9]+)?\s*[+-][0-9]{2}(:?[0-9]{2})?)$' then
    return p_text::timestamptz;
  end if;
  return (p_text::timestamp) at time zone 'UTC';
end;
$$;
comment on function private.parse_iso_time is
  'A time of ISO 8601, in UTC where no zone is given; null for anything else.';

create or replace function private.parse_epoch(p_text text) returns timestamptz
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_number constant text := substring(p_text from '^([1-9][0-9]{9}([0-9]{3}){0,3}(\.[0-9]{1,20})?)$');
begin
  -- Ten digits are seconds of the years 2001 to 2286.
  return timestamptz '1970-01-01T00:00:00Z' + (
    round(v_number::numeric / 10::numeric ^ (length(split_part(v_number, '.', 1)) - 10), 6) || ' seconds'
  )::interval;
end;
$$;
comment on function private.parse_epoch is
  'A time as seconds since 1970, or as milli-, micro- or nanoseconds, told apart by their number of digits; '
  'null for anything else.';

-- Java and JavaScript add the zone's name, Go its abbreviation, Python writes a comma.
create or replace function private.spell_iso_time(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := upper(p_text);
begin
  v_text := regexp_replace(v_text, '(Z|[+-][0-9]{2}:?[0-9]{2}) ?(\[[^][]*\]|[A-Z]{3,5})$', '\1');
  v_text := regexp_replace(
    v_text, '^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})', '\1-\2-\3T\4:\5'
  );
  v_text := regexp_replace(v_text, '(T[0-9]{2}:[0-9]{2})([0-9]{2})', '\1:\2');
  return regexp_replace(v_text, '(:[0-9]{2})[.,]([0-9]{1,9})[0-9]*', '\1.\2');
end;
$$;
comment on function private.spell_iso_time is
  'A time in the basic form of ISO 8601, with a comma, more than nine decimals, or the name of its zone '
  'after the offset, as parse_iso_time reads it.';

create or replace function private.parse_mail_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_parts constant text[] := regexp_match(
    upper(p_text),
    '^(?:(?:MON|TUE|WED|THU|FRI|SAT|SUN)[A-Z]*,? )?'
      || '(?:([0-9]{1,2})[ -]([A-Z]{3})[ -]([0-9]{4})|([A-Z]{3}) ([0-9]{1,2}) ([0-9]{4})) '
      || '([0-9]{2}:[0-9]{2}(?::[0-9]{2})?) ?(?:(GMT|UTC|Z)|(?:GMT|UTC)?([+-][0-9]{2}:?[0-9]{2}))'
      || '(?: \(.*\))?$'
  );
  v_text constant text := coalesce(v_parts[3], v_parts[6]) || '-' || coalesce(v_parts[2], v_parts[4]) || '-'
    || coalesce(v_parts[1], v_parts[5]) || ' ' || v_parts[7] || coalesce(v_parts[9], ' UTC');
begin
  if pg_input_is_valid(v_text, 'timestamptz') then
    return v_text::timestamptz;
  end if;
  return null;
end;
$$;
comment on function private.parse_mail_time is
  'A time as mails and HTTP have it, or as JavaScript prints it, with its zone; null for anything else.';

create or replace function private.parse_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_text constant text := private.non_blank(p_text);
begin
  return coalesce(
    private.parse_iso_time(v_text),
    case when length(v_text) <= 100 then coalesce(
      private.parse_epoch(v_text), private.parse_iso_time(private.spell_iso_time(v_text)),
      private.parse_mail_time(v_text)
    ) end
  );
end;
$$;
comment on function private.parse_time is
  'A time of ISO 8601, in UTC where no zone is given, a number of seconds or parts of them since 1970, or a '
  'time of mails and JavaScript; null for anything else.';
