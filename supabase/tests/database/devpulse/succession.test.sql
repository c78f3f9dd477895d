-- A workspace always has an owner, who can sign in where one of its members can.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(37);
\ir ../helpers/workspaces.psql

create function pg_temp.end_softly(p_name text) returns void language sql as $$
  update auth.users set deleted_at = now() where id = pg_temp.id(p_name)
$$;
create function pg_temp.end_hard(p_name text) returns void language sql as $$
  delete from auth.users where id = pg_temp.id(p_name)
$$;
create function pg_temp.after(p_members text, p_end text, p_name text) returns text language plpgsql as $$
declare
  v_members text;
begin
  begin
    perform pg_temp.make_workspace('acme', p_members);
    execute format('select pg_temp.%I(%L)', p_end, p_name);
    raise exception using errcode = 'TT000', message = coalesce(pg_temp.members('acme'), 'gone');
  exception when sqlstate 'TT000' then
    v_members := sqlerrm;
  end;
  return v_members;
end;
$$;

-- To whom ownership passes

select is(pg_temp.after(m, e, 'olga'), w, format('%s, %s', m, e))
from (values ('end_hard'), ('end_softly')) as e (e)
cross join (values
  ('olga', 'gone'),
  ('olga owen:owner adam:admin', 'owen of owen:owner adam:admin'),
  ('olga mary:member anna:admin adam:admin', 'anna of anna:owner adam:admin mary:member'),
  ('olga mike:member mary:member', 'mike of mike:owner mary:member')
) as v (m, w);
select is(pg_temp.after(m, 'ban', 'olga'), w, format('%s, banned', m))
from (values
  ('olga', 'olga of olga:owner'),
  ('olga owen:owner adam:admin', 'owen of olga:owner owen:owner adam:admin'),
  ('olga mary:member anna:admin adam:admin', 'anna of anna:owner olga:owner adam:admin mary:member'),
  ('olga mike:member mary:member', 'mike of mike:owner olga:owner mary:member')
) as v (m, w);
select is(pg_temp.after('olga owen:owner adam:admin', e, 'owen'), w, 'another owner, ' || e)
from (values
  ('end_hard', 'olga of olga:owner adam:admin'), ('end_softly', 'olga of olga:owner adam:admin'),
  ('ban', 'olga of olga:owner owen:owner adam:admin')) as v (e, w);
select is(pg_temp.after('olga adam:admin mary:member', e, 'mary'), w, 'a member, ' || e)
from (values
  ('end_hard', 'olga of olga:owner adam:admin'), ('end_softly', 'olga of olga:owner adam:admin'),
  ('ban', 'olga of olga:owner adam:admin mary:member')) as v (e, w);

-- Who can't sign in is passed over

select pg_temp.make_workspace('acme', 'olga owen:owner adam:admin anna:admin mary:member');
select pg_temp.ban('owen'), pg_temp.ban('adam');
select is(pg_temp.members('acme'), 'olga of olga:owner owen:owner adam:admin anna:admin mary:member',
  'while the owner can sign in, nothing passes');
select pg_temp.end_hard('olga');
select is(pg_temp.members('acme'), 'anna of anna:owner owen:owner adam:admin mary:member',
  'neither the banned owner nor the banned admin');
select pg_temp.ban('anna'), pg_temp.ban('mary');
select is(pg_temp.members('acme'), 'mary of anna:owner mary:owner owen:owner adam:admin',
  'the last one who could sign in, and then nobody can');
select pg_temp.ban('adam', now() - interval '1 second');
select is(pg_temp.members('acme'), 'adam of adam:owner anna:owner mary:owner owen:owner',
  'who can sign in again first');
select pg_temp.ban('owen', null);
select is(pg_temp.members('acme'), 'adam of adam:owner anna:owner mary:owner owen:owner',
  'a ban that ends later changes nothing');

-- Everybody at once: the successors are deleted too

delete from auth.users where id in (select id from person where name in ('adam', 'anna', 'mary', 'owen'));
select is(pg_temp.workspace('acme'), null, 'a workspace without members goes');
select is((select count(*) from public.profiles where id in (select id from person)), 2::bigint,
  'and so did the profiles');

-- Several workspaces, each with its own successor; a server that deletes the profile alone

select pg_temp.make_workspace('one', 'mike sten:member'), pg_temp.make_workspace('two', 'sten mike:admin'),
  pg_temp.make_workspace('three', 'mike');
select is(pg_temp.by('service_role', format('delete from public.profiles where id = %L', pg_temp.id('mike'))),
  '1', 'a server deletes a profile');
select is(array[pg_temp.members('one'), pg_temp.members('two'), pg_temp.members('three')],
  array['sten of sten:owner', 'sten of sten:owner', null], 'and all three have their owner');

-- Operators and servers

select is(pg_temp.by('service_role', format($$ delete from public.workspace_members where user_id = %L $$,
  pg_temp.id('sten'))), 'PT409 devpulse_workspace_owner_required',
  'a server does not remove the last owner');
select is(pg_temp.by('service_role', format($$ update public.workspace_members set role = 'member'
  where user_id = %L $$, pg_temp.id('sten'))), 'PT409 devpulse_workspace_owner_required', 'nor demotes them');
create function pg_temp.add(p_name text, p_more text default '') returns text language sql as $$
  select pg_temp.by('service_role', format(
    'insert into public.workspace_members (workspace_id, user_id, role) values (%L, %L, ''member'') %s',
    pg_temp.workspace('two'), pg_temp.id(p_name), p_more
  ))
$$;
select is(pg_temp.add('olga'), 'PT404 devpulse_user_unknown',
  'a server adds nobody whose account is deleted');
insert into auth.users (id, email, is_anonymous) values (pg_temp.id('mary'), 'mary@example.com', true);
select is(pg_temp.add('mary'), 'PT404 devpulse_user_unknown', 'or anonymous');
update auth.users set is_anonymous = false, banned_until = 'infinity' where id = pg_temp.id('mary');
select is(pg_temp.add('mary'), 'PT404 devpulse_user_unknown', 'or banned');
select pg_temp.ban('sten'), pg_temp.ban('mary', null);
select is(pg_temp.add('mary'), '1', 'a server adds somebody to a workspace whose owner is banned');
select is(pg_temp.members('two'), 'mary of mary:owner sten:owner', 'who owns it from then on');
select is(pg_temp.add('sten', 'on conflict (workspace_id, user_id) do update set role = excluded.role'), '1',
  'an upsert of a banned member');
select is(pg_temp.members('two'), 'mary of mary:owner sten:member', 'changes the role');
select pg_temp.ban('sten', null);
delete from public.workspace_members where workspace_id = pg_temp.workspace('one');
select is(pg_temp.workspace('one'), null, 'an operator may, and the workspace goes');

select * from finish();
rollback;
