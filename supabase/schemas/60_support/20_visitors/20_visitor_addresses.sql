-- Which address a visitor calls from, in a form that nobody can read.

-- Whoever has an IPv6 address has the /64 around it. An IPv4 address in IPv6 (::ffff:192.0.2.1) is the IPv4
-- address.
create or replace function private.parse_ip_address(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := btrim(p_text, E' \t');
  v_address inet;
begin
  v_text := coalesce(
    substring(v_text from '^\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?$'), substring(v_text from '^([0-9.]+):[0-9]+$'),
    v_text
  );
  if v_text !~ '^[0-9A-Fa-f:.]{2,45}$' then
    return null;
  end if;
  v_address := v_text::inet;
  if family(v_address) = 6 and v_address << '::ffff:0:0/96'::inet then
    v_address := '0.0.0.0'::inet + (v_address - '::ffff:0:0'::inet);
  end if;
  return case family(v_address)
    when 4 then host(v_address) else network(set_masklen(v_address, 64))::text end;
exception
  when invalid_text_representation then
    return null;
end;
$$;
comment on function private.parse_ip_address is
  'An IP address, with or without a port, as it counts for limits: IPv4 as it is, IPv6 as its /64; null for '
  'any other text.';

-- Each proxy appends the address that called it, so what the caller wrote is to the left of what the trusted
-- ones did.
create or replace function private.find_visitor_address(
  p_headers jsonb, p_address_header text, p_trusted_proxies_count integer
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_hops text[];
begin
  if p_address_header is not null then
    return private.parse_ip_address(p_headers ->> p_address_header);
  end if;
  v_hops := string_to_array(p_headers ->> 'x-forwarded-for', ',');
  return private.parse_ip_address(v_hops[cardinality(v_hops) + 1 - p_trusted_proxies_count]);
end;
$$;
comment on function private.find_visitor_address is
  'The address in a request''s headers that the trusted proxy wrote: the named header, else the hop of '
  'x-forwarded-for that is p_trusted_proxies_count from its end; null where there is none.';

create table private.visitor_address_keys (
  day date not null,
  key bytea not null default extensions.gen_random_bytes(32),
  constraint visitor_address_keys_pkey primary key (day)
);
comment on table private.visitor_address_keys is
  'The key of a day (UTC) under which addresses are hashed. With its deletion, the hashes of that day can''t '
  'be told from random bytes.';
alter table private.visitor_address_keys enable row level security;

create or replace function private.visitor_address_key(p_day date) returns bytea
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_key bytea := (select k.key from private.visitor_address_keys as k where k.day = p_day);
begin
  if v_key is null then
    insert into private.visitor_address_keys (day) values (p_day)
    on conflict on constraint visitor_address_keys_pkey do nothing;
    v_key := (select k.key from private.visitor_address_keys as k where k.day = p_day);
  end if;
  return v_key;
end;
$$;
comment on function private.visitor_address_key is 'The key of a day, which is made when it is first needed.';

-- Callers without a readable address share one count: it is not a way around the limits.
create or replace function private.visitor_address_hash(p_headers jsonb, p_day date) returns bytea
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings support.settings;
  v_address text;
begin
  select * into v_settings from support.settings as s where s.id;
  v_address := private.find_visitor_address(
    coalesce(p_headers, nullif(current_setting('request.headers', true), '')::jsonb),
    v_settings.address_header, v_settings.trusted_proxies_count
  );
  return substr(
    extensions.hmac(
      convert_to(coalesce(v_address, 'unknown'), 'UTF8'), private.visitor_address_key(p_day), 'sha256'
    ), 1, 16
  );
end;
$$;
comment on function private.visitor_address_hash is
  'The keyed hash of the address in these headers, or in those of the current request where they are null.';
