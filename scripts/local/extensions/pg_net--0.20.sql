-- The SQL interface of pg_net: same queue, responses, functions and grants. The worker of the local stack
-- sends the requests.
create schema net;

create domain net.http_method as text check (value ilike 'get' or value ilike 'post' or value ilike 'delete');

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);

create unlogged table net._http_response (
  id bigint,
  status_code int,
  content_type text,
  headers jsonb,
  content text,
  timed_out bool,
  error_msg text,
  created timestamptz not null default now()
);
create index on net._http_response (created);

create function net._urlencode_string(string text) returns text
language sql immutable strict set search_path = '' as $$
  select coalesce(string_agg(
    case
      when c ~ '^[A-Za-z0-9_.~-]$' then c
      else regexp_replace(upper(encode(convert_to(c, 'UTF8'), 'hex')), '(..)', '%\1', 'g')
    end, '' order by i), '')
  from regexp_split_to_table(string, '') with ordinality as t(c, i)
$$;

create function net._with_params(url text, params jsonb) returns text
language sql immutable set search_path = '' as $$
  select url || coalesce(
    case when position('?' in url) > 0 then '&' else '?' end
      || string_agg(net._urlencode_string(key) || '=' || net._urlencode_string(value), '&'), '')
  from jsonb_each_text(params)
$$;

create function net.http_get(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000
) returns bigint
language sql volatile security invoker set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._with_params(url, params), headers, timeout_milliseconds)
  returning id
$$;

create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000
) returns bigint
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_id bigint;
  v_content_type text;
begin
  select value into v_content_type
  from jsonb_each_text(coalesce(http_post.headers, '{}')) where lower(key) = 'content-type' limit 1;
  if v_content_type is not null and split_part(v_content_type, ';', 1) <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('POST', net._with_params(http_post.url, http_post.params),
    case when v_content_type is null
      then jsonb_build_object('Content-Type', 'application/json') || coalesce(http_post.headers, '{}')
      else http_post.headers end,
    convert_to(http_post.body::text, 'UTF8'), http_post.timeout_milliseconds)
  returning id into v_id;
  return v_id;
end;
$$;

create function net.http_delete(
  url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000,
  body jsonb default null
) returns bigint
language sql volatile security invoker set search_path = '' as $$
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('DELETE', net._with_params(url, params), headers, convert_to(body::text, 'UTF8'),
    timeout_milliseconds)
  returning id
$$;

-- Every role may send requests, and read those of all others with their answers: nothing secret goes through
-- here. Without trigger, because the worker writes here as the superuser.
grant usage on schema net to public;
grant select, insert, update, delete on all tables in schema net to public;
grant all on all sequences in schema net to public;
