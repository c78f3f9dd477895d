-- Members: who may change roles, remove and leave, and what ends with a membership.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(56);
\ir ../helpers/workspaces.psql

create function pg_temp.give(p_by text, p_name text, p_role text) returns text language sql as $$
  select pg_temp.by(p_by, format(
    'update public.workspace_members set role = %L where workspace_id = %L and user_id = %L', p_role,
    pg_temp.workspace('acme'), pg_temp.id(p_name)
  ))
$$;
create function pg_temp.remove(p_by text, p_name text) returns text language sql as $$
  select pg_temp.by(p_by, format(
    'delete from public.workspace_members where workspace_id = %L and user_id = %L',
    pg_temp.workspace('acme'), pg_temp.id(p_name)
  ))
$$;
-- What somebody gets, and taken back.
create function pg_temp.try(p_action text, p_by text, p_name text, p_role text default null) returns text
language plpgsql as $$
declare
  v_answer text;
begin
  begin
    v_answer := case p_action when 'give' then pg_temp.give(p_by, p_name, p_role)
      else pg_temp.remove(p_by, p_name) end;
    raise exception using errcode = 'TT000', message = v_answer;
  exception when sqlstate 'TT000' then
    return sqlerrm;
  end;
end;
$$;

select pg_temp.make_workspace('acme', 'olga owen:owner adam:admin anna:admin mary:member mike:member');
select pg_temp.make_workspace('other', 'sten');

-- Roles

select is(pg_temp.try('give', b, n, r), w, format('%s makes %s %s', b, n, r))
from (values
  ('olga', 'mary', 'admin', '1'), ('olga', 'mary', 'owner', '1'), ('olga', 'adam', 'member', '1'),
  ('olga', 'owen', 'admin', '1'), ('olga', 'olga', 'member', '1'),
  ('olga', 'mary', 'king', 'PT422 devpulse_workspace_role_invalid'),
  ('olga', 'mary', null, '1'),
  ('adam', 'mary', 'admin', 'PT403 devpulse_workspace_role_forbidden'),
  ('adam', 'adam', 'owner', 'PT403 devpulse_workspace_role_forbidden'),
  ('adam', 'anna', 'member', 'PT403 devpulse_workspace_role_forbidden'),
  ('adam', 'olga', 'member', 'PT403 devpulse_workspace_role_forbidden'),
  ('adam', 'adam', 'member', '1'), ('adam', 'mary', 'member', '1'),
  ('mary', 'mary', 'admin', '0'), ('mary', 'mike', 'admin', '0'), ('sten', 'mary', 'admin', '0')
) as v (b, n, r, w);
select is(pg_temp.by('olga', $$ update public.workspace_members set role = 'admin'
  where role = 'member' and workspace_id = (select id from public.workspaces where slug = 'acme') $$), '2',
  'several at once');
update public.workspace_members set role = 'member' where user_id in (pg_temp.id('mary'), pg_temp.id('mike'));
select is(pg_temp.by('mary', format($$ insert into public.workspace_members values (%L, %L, 'owner') $$,
  pg_temp.workspace('acme'), pg_temp.id('mary'))),
  '42501 permission denied for table workspace_members', 'nobody inserts a member');
select is(pg_temp.by('olga', format($$ update public.workspace_members set user_id = %L where user_id = %L $$,
  pg_temp.id('sten'), pg_temp.id('mary'))), 'PT422 key_change_forbidden', 'nor exchanges one');
select is(pg_temp.by('adam', $$ update public.workspace_members set joined_at = '1999-01-01'
  where user_id = auth.uid() returning joined_at > '2000-01-01' $$), 'true', 'nor dates one back');

-- Removing and leaving

select is(pg_temp.try('remove', b, n), w, format('%s removes %s', b, n))
from (values
  ('olga', 'owen', '1'), ('olga', 'adam', '1'), ('olga', 'mary', '1'), ('olga', 'olga', '1'),
  ('adam', 'mary', '1'), ('adam', 'adam', '1'), ('mary', 'mary', '1'),
  ('adam', 'anna', 'PT403 devpulse_workspace_role_forbidden'),
  ('adam', 'olga', 'PT403 devpulse_workspace_role_forbidden'),
  ('mary', 'mike', '0'), ('mary', 'olga', '0'), ('sten', 'mary', '0')
) as v (b, n, w);
select pg_temp.remove('olga', 'olga');
select is(pg_temp.members('acme'), 'owen of owen:owner adam:admin anna:admin mary:member mike:member',
  'ownership passes to the other owner');

-- The last owner who can sign in

select is(pg_temp.try('remove', 'owen', 'owen'), 'PT409 devpulse_workspace_owner_required', 'does not leave');
select is(pg_temp.try('give', 'owen', 'owen', 'admin'), 'PT409 devpulse_workspace_owner_required',
  'nor step down');
select is(pg_temp.by('owen', $$ delete from public.workspace_members where true $$),
  'PT409 devpulse_workspace_owner_required', 'nor with everybody');
select pg_temp.give('owen', 'adam', 'owner'), pg_temp.ban('adam');
select is(pg_temp.try('remove', 'owen', 'owen'), 'PT409 devpulse_workspace_owner_required',
  'a banned owner does not count');
select is(pg_temp.try('remove', 'owen', 'adam'), '1', 'and may be removed');
select is(pg_temp.try('give', 'adam', 'mary', 'owner'), 'PT401 sign_in_required', 'who changes nothing');
select is(pg_temp.try('remove', 'adam', n), '0', 'and removes nobody: ' || n)
from unnest(array['mary', 'adam']) as n;
select pg_temp.ban('adam', null);
select is(pg_temp.try('remove', 'owen', 'owen'), '1', 'after the ban');
select alike(pg_temp.by('owen', $$
  update public.workspace_members set role = 'admin' where role = 'owner'
$$), 'PT40_ devpulse_workspace_%', 'not all owners in one statement');
select is(pg_temp.members('acme'), 'owen of adam:owner owen:owner anna:admin mary:member mike:member',
  'nothing of it happened');

-- What ends with a membership

insert into public.platform_connections (
  id, user_id, platform, platform_user_id, platform_username, access_token
) select c.id, pg_temp.id(c.name), 'github', '1', c.name, 'disconnected'
from (values ('00000000-0000-4000-8000-0000000000c1'::uuid, 'mary'),
  ('00000000-0000-4000-8000-0000000000c2'::uuid, 'mike')) as c (id, name);
insert into public.monitors (user_id, workspace_id, platform, platform_connection_id, monitor_type)
select c.user_id, w.id, 'github', c.id, 'all'
from public.platform_connections as c cross join (values (pg_temp.workspace('acme')), (null)) as w (id);
insert into public.goals (user_id, workspace_id, platform, goal_type, target_value, unit, start_date)
select pg_temp.id(n), w.id, 'github', 'stars', 10, 'count', '2026-01-01'
from unnest(array['mary', 'mike']) as n cross join (values (pg_temp.workspace('acme')), (null)) as w (id);
insert into public.github_repositories (
  platform_connection_id, github_repo_id, name, full_name, html_url, created_at, updated_at
) select id, 7, 'x', 'x/x', 'https://github.com/x/x', now(), now() from public.platform_connections;
insert into public.analytics_snapshots (
  user_id, workspace_id, platform, snapshot_type, snapshot_date, metrics
) select pg_temp.id(n), w.id, 'github', 'daily', '2026-01-01', '{}'
from unnest(array['mary', 'mike']) as n cross join (values (pg_temp.workspace('acme')), (null)) as w (id);
create function pg_temp.sees(p_name text) returns text language sql as $$
  select pg_temp.by(p_name, $s$ select concat_ws(' ', (select count(*) from public.workspaces),
    (select count(*) from public.workspace_members), (select count(*) from public.profiles),
    (select count(*) from public.monitors), (select count(*) from public.github_repositories),
    (select count(*) from public.analytics_snapshots), (select count(*) from public.goals)) $s$)
$$;
select is(pg_temp.sees('mary'), '1 5 5 3 2 3 3', 'a member sees the workspace and what is in it');
select is(pg_temp.sees('mike'), '1 5 5 3 2 3 3', 'so does another');
select is(pg_temp.sees('sten'), '1 1 1 0 0 0 0', 'a member of another one only that');
select is(pg_temp.remove('adam', 'mary'), '1', 'mary is removed');
select is(pg_temp.sees('mary'), '0 0 1 2 1 1 2', 'and sees what is her own');
select is((select count(*) from public.monitors where user_id = pg_temp.id('mary') and workspace_id is null),
  2::bigint, 'her monitors are hers alone');
select is(pg_temp.sees('mike'), '1 4 4 2 1 3 2', 'the others see what was measured while she was a member');
select is(pg_temp.by('mary', format($$ update public.monitors set workspace_id = %L where true $$,
  pg_temp.workspace('acme'))), 'PT404 devpulse_workspace_unknown', 'she puts nothing back');
select pg_temp.ban('mike');
select is(pg_temp.sees('mike'), '0 0 1 2 1 1 2', 'a banned member sees what is his own');
select is(pg_temp.sees('owen'), '1 4 4 1 1 2 1', 'while the others still see what he shares');
select pg_temp.by('owen', $$ delete from public.workspaces where slug = 'acme' $$);
select is((select count(*) from public.monitors), 4::bigint, 'with the workspace, no monitor goes');
select is((select count(*) from public.monitors as m join public.goals as g using (user_id)
  where m.workspace_id is not null or g.workspace_id is not null), 0::bigint, 'nor a goal');

select * from finish();
rollback;
