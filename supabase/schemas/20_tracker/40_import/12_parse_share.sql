-- A share of one, as people, workflows and language models write it.

create or replace function private.parse_share(p_value jsonb) returns double precision
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_value #>> '{}';
  v_share numeric;
begin
  if jsonb_typeof(p_value) not in ('number', 'string') or length(v_text) > 1000 then
    return null;
  end if;
  -- Full-width signs have a compatible form, those of Arabic and Persian have none.
  v_text := private.non_blank(translate(
    normalize(v_text, nfkc), U&'\066a\066b\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
      '\06f0\06f1\06f2\06f3\06f4\06f5\06f6\06f7\06f8\06f9', '%.01234567890123456789'
  ));
  if v_text ~ '%$' then
    v_share := private.parse_decimal(private.non_blank(left(v_text, -1))) / 100;
  elsif v_text ~ '^%' then
    v_share := private.parse_decimal(private.non_blank(substr(v_text, 2))) / 100;
  else
    v_share := private.parse_decimal(v_text);
  end if;
  -- Rounded, since double precision has no 1e-400.
  return case when v_share between 0 and 1 then round(v_share, 30)::double precision end;
end;
$$;
comment on function private.parse_share is
  'A share from 0 to 1: a number, or a number or a percentage as text, in digits of any width, of Arabic or '
  'Persian. Null for anything else: a number above 1 is a percentage only with its sign.';

create or replace function private.parse_decimal(p_text text) returns numeric
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_text ~ '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' then p_text::numeric
    -- A comma is the decimal one where it cannot separate thousands.
    when p_text ~ '^(0,[0-9]+|[0-9]+,[0-9]{1,2})$' then replace(p_text, ',', '.')::numeric
  end;
end;
$$;
comment on function private.parse_decimal is
  'A decimal number with point or comma, or with an exponent; null for anything else.';
