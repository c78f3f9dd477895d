-- A profile is synced with its account, and no sign-up fails because of the provider's metadata.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(30);
\ir ../helpers/personas.psql

create function pg_temp.sign_up(p_metadata jsonb) returns uuid
language plpgsql as $$
declare
  v_id constant uuid := gen_random_uuid();
begin
  insert into auth.users (id, email, raw_user_meta_data) values (v_id, null, p_metadata);
  return v_id;
end;
$$;
create function pg_temp.profile(p_id uuid) returns text language sql as $$
  select format('%s|%s|%s', full_name, avatar_url, github_username) from public.users where id = p_id
$$;

-- What providers send

select is(pg_temp.profile(pg_temp.sign_up(
  '{"full_name": "Ana Ruiz", "user_name": "ana", "avatar_url": "https://example.com/a.png"}'
)), 'Ana Ruiz|https://example.com/a.png|ana', 'GitHub''s profile');
select is(pg_temp.profile(pg_temp.sign_up(
  '{"name": " Ana ", "preferred_username": "ana", "picture": "http://example.com/a.png"}'
)), 'Ana|http://example.com/a.png|ana', 'the keys of other providers');
select is(pg_temp.profile(pg_temp.sign_up('{"full_name": "  ", "name": "Ana"}')),
  'Ana||', 'a blank text is ignored');
select is(pg_temp.profile(pg_temp.sign_up('{}')), '||', 'empty metadata');
select is(pg_temp.profile(pg_temp.sign_up(null)), '||', 'no metadata');

-- What no provider should send

select is(pg_temp.profile(pg_temp.sign_up(m.metadata::jsonb)), '||', 'metadata ' || m.metadata)
from unnest(array[
  'null', '[]', '"text"', '7', 'true', '{"full_name": 7, "avatar_url": true, "user_name": null}',
  '{"full_name": {"first": "Ana"}, "avatar_url": ["https://example.com"], "user_name": {}}',
  '{"full_name": "\u200b\ufeff\u00a0", "user_name": "\t\n"}',
  '{"avatar_url": "javascript:alert(1)"}', '{"avatar_url": "data:text/html,x"}',
  '{"avatar_url": "https://exa mple.com"}', '{"full_name": "", "name": "", "picture": ""}'
]) as m (metadata);
create temp table long_one on commit drop as
select pg_temp.sign_up(jsonb_build_object(
  'full_name', repeat('ä', 10000000), 'avatar_url', 'https://example.com/' || repeat('a', 100000),
  'user_name', repeat('🙂', 5000), 'other', repeat('x', 1000000)
)) as id;
select results_eq(
  $$ select char_length(full_name), char_length(avatar_url), char_length(github_username)
     from public.users join long_one using (id) $$,
  $$ values (200, 2048, 100) $$, 'names of 10 MB are cut'
);
create temp table odd_ones on commit drop as
select pg_temp.sign_up((
  select jsonb_object_agg(k, (array[
    'null', '0', '-1e300', 'true', '[]', '{}', '""', '" "', '"a"', '"https://x.yz"', '"\uffff"',
    to_json(repeat(chr(1 + (n * 7919) % 55000), 1 + n % 300))::text, '{"a": [{"b": null}]}'
  ])[1 + (n * 31 + length(k) * 17) % 13]::jsonb)
  from unnest(array['full_name', 'name', 'avatar_url', 'picture', 'user_name', 'preferred_username']) as k
)) as id
from generate_series(1, 500) as n;
select is((select count(*) from odd_ones join public.users using (id)), 500::bigint,
  'five hundred odd profiles: five hundred accounts');

-- What changes later

create temp table ana on commit drop as
select pg_temp.sign_up('{"full_name": "Ana Ruiz", "user_name": "ana"}') as id;
update public.users set full_name = 'Ana R.' where id = (select id from ana);
update auth.users set raw_user_meta_data = raw_user_meta_data || '{"user_name": "ana2"}'
where id = (select id from ana);
select is(pg_temp.profile((select id from ana)), 'Ana R.||ana2',
  'what the provider changed is copied, what the user wrote stays');
update auth.users set email = 'new@example.com', raw_user_meta_data = '7' where id = (select id from ana);
select is(pg_temp.profile((select id from ana)), 'Ana R.||ana2',
  'what the provider removes stays');
select is((select email from public.users where id = (select id from ana)), 'new@example.com',
  'the address is synced');
update auth.users set raw_user_meta_data = null, last_sign_in_at = now() where id = (select id from ana);
select is(pg_temp.profile((select id from ana)), 'Ana R.||ana2', 'without metadata too');

-- Who sees and writes what

select is(pg_temp.as_persona('stranger', $$ select string_agg(email, ',') from public.users $$),
  'stranger@example.com', 'a user sees their own profile');
select is(pg_temp.as_persona('admin', $$ select string_agg(email, ',') from public.users $$),
  'admin@example.com', 'so does an admin of the team');
select is(pg_temp.as_persona('stranger', $$
  update public.users set email = 'admin@example.com', full_name = 'Sten', max_running_tasks = 100,
    preferences = null, created_at = '2001-01-01', updated_at = '2001-01-01'
  where email = 'stranger@example.com'
  returning (email, full_name, max_running_tasks, preferences, created_at = now(), updated_at > now())::text
$$), '(stranger@example.com,Sten,,{},t,t)', 'a user can''t write address, limit and times');
select is(pg_temp.as_persona('stranger', $$
  insert into public.users (id, full_name, max_running_tasks)
  values ('00000000-0000-4000-8000-00000000000a', 'Sten S.', 100)
  on conflict (id) do update set id = excluded.id, full_name = excluded.full_name,
    max_running_tasks = excluded.max_running_tasks
  returning (email, full_name, max_running_tasks)::text
$$), '(stranger@example.com,"Sten S.",)', 'nor by an upsert');
select is(pg_temp.as_persona('stranger', $$
  insert into public.users (id, full_name) values ('00000000-0000-4000-8000-00000000000d', 'Mallory')
  on conflict (id) do update set full_name = excluded.full_name
$$), '42501 new row violates row-level security policy for table "users"',
  'nobody writes another user''s profile');
select is(pg_temp.as_persona('stranger', $$
  update public.users set id = '00000000-0000-4000-8000-0000000000ff' where true
$$), 'PT422 key_change_forbidden', 'nor becomes another account');
select is(pg_temp.as_persona('stranger', $$ delete from public.users where true $$),
  '42501 permission denied for table users', 'nobody deletes a profile: it is deleted with the account');

select * from finish();
rollback;
