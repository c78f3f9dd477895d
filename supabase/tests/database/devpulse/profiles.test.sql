-- A profile is synced with its account, and cleared with it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(24);
\ir ../helpers/workspaces.psql

create function pg_temp.profile(p_name text) returns text language sql as $$
  select format('%s|%s|%s|%s', display_name, avatar_url, bio, timezone) from public.profiles
  where id = pg_temp.id(p_name)
$$;
create function pg_temp.metadata(p_name text, p_metadata jsonb) returns void language sql as $$
  update auth.users set raw_user_meta_data = p_metadata where id = pg_temp.id(p_name)
$$;

-- Created with the account, whatever the provider sends

select is((select count(*) from auth.users as u left join public.profiles as p using (id) where p.id is null),
  0::bigint, 'every account has a profile');
select is(pg_temp.profile('olga'), 'Olga|||UTC', 'with the provider''s name, and the document''s defaults');
create temp table odd on commit drop as select gen_random_uuid() as id, m.metadata
from unnest(array[null, 'null', '[]', '"x"', '7', '{"full_name": 7, "avatar_url": ["https://example.com"]}',
  '{"full_name": "\u200b", "avatar_url": "javascript:alert(1)"}', '{"picture": "data:text/html,x"}'
]) as m (metadata);
select lives_ok($$ insert into auth.users (id, raw_user_meta_data) select id, metadata::jsonb from odd $$,
  'no sign-up fails because of metadata');
select results_eq(
  $$ select count(*), count(p.display_name), count(p.avatar_url)
     from odd join public.profiles as p using (id) $$,
  $$ values (8::bigint, 0::bigint, 0::bigint) $$, 'what is not a name or an address is left out'
);

-- What changes at the provider is copied, what the person wrote stays

select pg_temp.metadata('olga', '{"name": "Olga", "avatar_url": "https://example.com/o.png"}');
select is(pg_temp.profile('olga'), 'Olga|https://example.com/o.png||UTC', 'a new picture');
select is(pg_temp.by('olga', $$ update public.profiles set display_name = 'O. B.', bio = 'Hi',
  timezone = 'Europe/Berlin' where id = auth.uid() returning updated_at > created_at $$), 'true', 'edits');
select pg_temp.metadata('olga', '{"name": "Olga", "avatar_url": "https://example.com/p.png"}');
select is(pg_temp.profile('olga'), 'O. B.|https://example.com/p.png|Hi|Europe/Berlin',
  'another picture leaves the name that the person wrote');
select pg_temp.metadata('olga', '{"name": "Olga Berg", "avatar_url": "javascript:x"}');
select is(pg_temp.profile('olga'), 'Olga Berg|https://example.com/p.png|Hi|Europe/Berlin',
  'another name replaces it');
select pg_temp.metadata('olga', null);
select is(pg_temp.profile('olga'), 'Olga Berg|https://example.com/p.png|Hi|Europe/Berlin',
  'what the provider removes stays');
create temp table before on commit drop as
select updated_at from public.profiles where id = pg_temp.id('olga');
update auth.users set last_sign_in_at = now(), email = 'o@example.com' where id = pg_temp.id('olga');
select is((select updated_at from public.profiles where id = pg_temp.id('olga')),
  (select updated_at from before), 'a sign-in changes no profile');
select is(
  (select count(*) from pg_trigger as t join pg_proc as f on f.oid = t.tgfoid
    where t.tgrelid = 'auth.users'::regclass and f.proname ~ 'profile'),
  2::bigint, 'one trigger for new and one for changed accounts'
);

-- Who sees and writes what

select pg_temp.make_workspace('acme', 'olga mary:member');
select is(pg_temp.by('mary', $$
  select string_agg(display_name, ',' order by display_name) from public.profiles
$$), 'Mary,Olga Berg', 'people see their own profile and those of the members of their workspaces');
select is(pg_temp.by('sten', 'select string_agg(display_name, '','') from public.profiles'), 'Sten',
  'and no other');
select is(pg_temp.by('mary', format($$ update public.profiles set bio = 'x' where id = %L $$,
  pg_temp.id('olga'))), '0', 'nobody writes another''s');
select is(pg_temp.by('mary', format($$ insert into public.profiles (id, bio) values (%L, 'x')
  on conflict (id) do update set id = excluded.id, bio = excluded.bio $$, pg_temp.id('olga'))),
  '42501 new row violates row-level security policy for table "profiles"', 'nor by an upsert');
select is(pg_temp.by('mary', $$ update public.profiles set id = gen_random_uuid() where id = auth.uid() $$),
  'PT422 key_change_forbidden', 'nor becomes another');
select is(pg_temp.by('mary', $$ insert into public.profiles (id, timezone) values (auth.uid(), 'Mars')
  on conflict (id) do update set timezone = excluded.timezone $$), 'PT422 devpulse_timezone_invalid',
  'a time zone is one');
select is(pg_temp.by('mary', $$ insert into public.profiles (id, timezone) values (auth.uid(), null)
  on conflict (id) do update set timezone = excluded.timezone returning timezone $$), 'UTC', 'null is UTC');

-- Banned: reads, writes nothing, and keeps everything

select pg_temp.ban('mary');
select is(pg_temp.by('mary', 'select string_agg(display_name, '','') from public.profiles'), 'Mary',
  'a banned person sees no fellows');
select is(pg_temp.by('mary', $$ update public.profiles set bio = 'x' where id = auth.uid() $$),
  'PT401 sign_in_required', 'and writes nothing');
select is(pg_temp.members('acme'), 'olga of olga:owner mary:member', 'and stays a member');

-- Softly deleted: cleared, for good

update auth.users set deleted_at = now() where id = pg_temp.id('olga');
select is(pg_temp.profile('olga'), '|||UTC', 'a soft deletion clears the profile');
select pg_temp.metadata('olga', '{"name": "Olga"}');
select is(pg_temp.profile('olga'), '|||UTC', 'and nothing comes back with later metadata');
delete from auth.users where id = pg_temp.id('olga');
select is(pg_temp.profile('olga'), null, 'a deleted account has none');

select * from finish();
rollback;
