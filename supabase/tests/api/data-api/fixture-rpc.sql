-- Functions for the Data API's tests: every kind of argument, result and error.

create function public.echo_text(value text) returns text language sql immutable as $$ select value $$;
create function public.echo_int(value integer) returns integer language sql immutable as $$ select value $$;
create function public.echo_bigint(value bigint) returns bigint language sql immutable as $$ select value $$;
create function public.echo_numeric(value numeric) returns numeric
language sql immutable as $$ select value $$;
create function public.echo_double(value double precision) returns double precision
language sql immutable as $$ select value $$;
create function public.echo_bool(value boolean) returns boolean language sql immutable as $$ select value $$;
create function public.echo_uuid(value uuid) returns uuid language sql immutable as $$ select value $$;
create function public.echo_date(value date) returns date language sql immutable as $$ select value $$;
create function public.echo_timestamp(value timestamp) returns timestamp
language sql immutable as $$ select value $$;
create function public.echo_timestamptz(value timestamptz) returns timestamptz
language sql immutable as $$ select value $$;
create function public.echo_interval(value interval) returns interval
language sql immutable as $$ select value $$;
create function public.echo_bytea(value bytea) returns bytea language sql immutable as $$ select value $$;
create function public.echo_json(value json) returns json language sql immutable as $$ select value $$;
create function public.echo_jsonb(value jsonb) returns jsonb language sql immutable as $$ select value $$;
create function public.echo_text_array(value text[]) returns text[]
language sql immutable as $$ select value $$;
create function public.echo_int_array(value integer[]) returns integer[]
language sql immutable as $$ select value $$;
create function public.echo_jsonb_array(value jsonb[]) returns jsonb[]
language sql immutable as $$ select value $$;
create function public.echo_mood(value public.mood) returns public.mood
language sql immutable as $$ select value $$;
create function public.echo_point(value public.point2d) returns public.point2d
language sql immutable as $$ select value $$;
create function public.echo_points(value public.point2d[]) returns public.point2d[]
language sql immutable as $$ select value $$;
create function public.echo_email(value public.email) returns public.email
language sql immutable as $$ select value $$;
create function public.echo_range(value int4range) returns int4range
language sql immutable as $$ select value $$;
create function public.jsonb_kind(value jsonb) returns text
language sql immutable as $$ select jsonb_typeof(value) $$;
create function public.text_is_null(value text) returns boolean
language sql immutable as $$ select value is null $$;

create function public.add_them(a integer, b integer default 10) returns integer
language sql immutable as $$ select a + b $$;
create function public.no_arguments() returns text language sql stable as $$ select 'called'::text $$;
create function public.join_all(variadic words text[]) returns text
language sql immutable as $$ select array_to_string(words, '-') $$;
create function public.one_json(json) returns json
language sql immutable as $$ select json_build_object('got', $1) $$;
create function public.one_jsonb(jsonb) returns jsonb
language sql immutable as $$ select jsonb_build_object('got', $1) $$;
create function public.one_text(text) returns text language sql immutable as $$ select 'got ' || $1 $$;
create function public.one_bytea(bytea) returns integer language sql immutable as $$ select length($1) $$;
create function public.overloaded(a integer) returns text language sql immutable as $$ select 'one' $$;
create function public.overloaded(a integer, b integer) returns text
language sql immutable as $$ select 'two' $$;
create function public.ambiguous(a integer) returns text language sql immutable as $$ select 'integer' $$;
create function public.ambiguous(a text) returns text language sql immutable as $$ select 'text' $$;

create function public.list_numbers(upto integer) returns setof integer
language sql stable as $$ select generate_series(1, upto) $$;
create function public.list_projects() returns setof public.projects
language sql stable as $$ select * from public.projects $$;
create function public.one_project(id bigint) returns public.projects language sql stable as $$
  select * from public.projects p where p.id = one_project.id
$$;
create function public.as_table(upto integer) returns table (n integer, square integer)
language sql stable as $$
  select i, i * i from generate_series(1, upto) i
$$;
create function public.with_out(a integer, out doubled integer, out said text)
language sql immutable as $$ select a * 2, 'yes' $$;
create function public.one_out(a integer, out doubled integer) language sql immutable as $$ select a * 2 $$;
create function public.does_nothing() returns void language sql volatile as $$ select null $$;
create function public.returns_null() returns text language sql stable as $$ select null::text $$;
create function public.writes(name text) returns bigint language sql volatile as $$
  insert into public.clients (name) values (writes.name) returning id
$$;
create function public.writes_but_says_stable(name text) returns bigint language plpgsql stable as $$
begin
  execute format('insert into public.clients (name) values (%L)', name);
  return 1;
end;
$$;

create function public.raises(
  code text, message text default 'said', detail text default null, hint text default null
) returns void
language plpgsql volatile as $$
begin
  raise exception using errcode = raises.code, message = raises.message, detail = coalesce(raises.detail, ''),
    hint = coalesce(raises.hint, '');
end;
$$;
create function public.raises_plain() returns void
language plpgsql volatile as $$ begin raise exception 'plain'; end $$;
create function public.divides_by_zero() returns integer
language sql volatile as $$ select 1 / (random() * 0)::integer $$;
create function public.sleeps(seconds double precision) returns text language plpgsql volatile as $$
begin
  perform pg_sleep(seconds);
  return 'slept';
end;
$$;
create function public.sets_response(status text, headers text default null) returns text
language plpgsql volatile as $$
begin
  perform set_config('response.status', status, true);
  if headers is not null then
    perform set_config('response.headers', headers, true);
  end if;
  return 'body';
end;
$$;
create function public.who_am_i() returns jsonb language sql stable as $$
  select jsonb_build_object(
    'current_user', current_user, 'uid', auth.uid(), 'role', auth.role(), 'jwt', auth.jwt(),
    'email', auth.email(),
    'method', current_setting('request.method', true), 'path', current_setting('request.path', true),
    'header', current_setting('request.headers', true)::jsonb ->> 'x-test',
    'cookie', current_setting('request.cookies', true)::jsonb ->> 'flavour',
    'timeout', current_setting('statement_timeout'), 'lock_timeout', current_setting('lock_timeout'),
    'search_path', current_setting('search_path'), 'time_zone', current_setting('timezone')
  )
$$;
create function public.kept_from_anon() returns text language sql stable as $$ select 'secret' $$;
revoke all on function public.kept_from_anon() from public, anon;
create function public.touch_all() returns bigint language plpgsql volatile as $$
declare
  v_count bigint;
begin
  update public.projects set priority = priority;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
