-- What a monitor may be, whose connection and workspace it names, and how many a user may have.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(97);
\ir ../helpers/workspaces.psql

insert into public.platform_connections (
  id, user_id, platform, platform_user_id, platform_username, access_token
) select v.id::uuid, pg_temp.id(v.name), v.platform, v.platform_user_id, v.username, 'disconnected'
from (values
  ('00000000-0000-4000-8000-0000000000c1', 'olga', 'github', '583231', 'Olga'),
  ('00000000-0000-4000-8000-0000000000c2', 'olga', 'youtube', 'UCabcdefghijklmnopqrstuv', '@olga'),
  ('00000000-0000-4000-8000-0000000000c3', 'olga', 'devto', '42', 'olga'),
  ('00000000-0000-4000-8000-0000000000c4', 'mary', 'github', '583232', 'mary')
) as v (id, name, platform, platform_user_id, username);
select pg_temp.make_workspace('acme', 'olga mary:member'), pg_temp.make_workspace('lab', 'sten');

-- Inserts a monitor and returns what is stored.
create function pg_temp.monitor(
  p_by text, p_connection text, p_type text, p_resource text, p_more text default '', p_values text default ''
) returns text language sql as $$
  select pg_temp.by(p_by, format(
    'insert into public.monitors (platform_connection_id, monitor_type, platform_resource_id%s)
     values (%L, %L, %L%s) returning concat_ws(''|'', platform, monitor_type,
       coalesce(platform_resource_id, ''null''), is_active, sync_frequency)',
    p_more, '00000000-0000-4000-8000-0000000000' || p_connection, p_type, p_resource, p_values
  ))
$$;

-- What fits its platform

select is(pg_temp.monitor('olga', c, t, r), w, format('%s %s %s', c, t, r))
from (values
  ('c1', 'all', null, 'github|all|null|t|15'), ('c1', 'user', null, 'github|user|null|t|15'),
  ('c2', 'all', null, 'youtube|all|null|t|15'), ('c2', 'user', '', 'youtube|user|null|t|15'),
  ('c2', 'channel', null, 'youtube|channel|null|t|15'), ('c3', 'all', null, 'devto|all|null|t|15'),
  ('c3', 'user', 'olga', 'devto|user|olga|t|15'), ('c1', 'user', 'olga', 'github|user|olga|t|15'),
  ('c1', 'user', '583231', 'github|user|583231|t|15'),
  ('c2', 'channel', 'UCabcdefghijklmnopqrstuv', 'youtube|channel|UCabcdefghijklmnopqrstuv|t|15'),
  ('c1', 'repository', '1296269', 'github|repository|1296269|t|15'),
  ('c1', 'repository', ' octocat/Hello-World ', 'github|repository|octocat/Hello-World|t|15'),
  ('c1', 'repository', 'https://github.com/octocat/Hello-World',
    'github|repository|octocat/hello-world|t|15'),
  ('c1', 'repository', 'git@github.com:octocat/Hello-World.git', 'github|repository|octocat/hello-world|t|15')
) as v (c, t, r, w);
select is(pg_temp.monitor('olga', c, t, r), 'PT422 devpulse_monitor_invalid', format('not %s %s %s', c, t, r))
from (values
  ('c1', 'channel', null), ('c2', 'repository', '1'), ('c3', 'repository', '1'), ('c3', 'channel', null),
  ('c1', 'star', null), ('c1', null, null), ('c1', 'repository', null), ('c1', 'repository', ' '),
  ('c1', 'repository', '0'), ('c1', 'repository', '-1'), ('c1', 'repository', '12345678901234567890'),
  ('c1', 'repository', '1.0'), ('c1', 'repository', 'octocat'), ('c1', 'repository', 'a/b/c'),
  ('c1', 'repository', '../x'), ('c1', 'repository', 'a/..'), ('c1', 'repository', 'a b/c'),
  ('c1', 'repository', 'https://example.com/octocat/Hello-World'), ('c1', 'repository', repeat('x', 300)),
  ('c1', 'user', 'somebody'), ('c1', 'all', '1296269'), ('c2', 'channel', 'UCzzzzzzzzzzzzzzzzzzzzzz'),
  ('c2', 'channel', '@olga'), ('c2', 'channel', 'ucabcdefghijklmnopqrstuv'), ('c3', 'all', '43')
) as v (c, t, r);
select is(pg_temp.monitor('olga', 'c1', 'all', null, ', ' || k, ', ' || v), w, format('%s %s', k, v))
from (values
  ('platform', '''github''', 'github|all|null|t|15'), ('platform', 'null', 'github|all|null|t|15'),
  ('platform', '''youtube''', 'PT422 devpulse_monitor_invalid'),
  ('platform', '''gitlab''', 'PT422 devpulse_monitor_invalid'),
  ('sync_frequency', '1', 'github|all|null|t|1'), ('sync_frequency', '1440', 'github|all|null|t|1440'),
  ('sync_frequency', '0', 'PT422 devpulse_monitor_invalid'),
  ('sync_frequency', '1441', 'PT422 devpulse_monitor_invalid'),
  ('sync_frequency', 'null', 'github|all|null|t|15'), ('is_active', 'null', 'github|all|null|t|15'),
  ('id', 'null', 'github|all|null|t|15'), ('is_active', 'false', 'github|all|null|f|15')
) as v (k, v, w);

-- Whose connection it is

delete from public.monitors;
select is(pg_temp.monitor('olga', c, 'all', null), 'PT404 devpulse_connection_unknown', w)
from (values ('c4', 'another''s connection'), ('c9', 'and one that does not exist')) as v (c, w);
select is(pg_temp.by('olga', format($$ insert into public.monitors (user_id, platform, platform_connection_id,
  monitor_type) values (%L, 'github', %L, 'all') $$, pg_temp.id('mary'),
  ('00000000-0000-4000-8000-0000000000' || c)::uuid)),
  '42501 new row violates row-level security policy for table "monitors"',
  'a monitor for another reveals nothing of connection ' || c)
from unnest(array['c1', 'c4', 'c9']) as c;
select is(pg_temp.by('service_role', format($$ insert into public.monitors (
  user_id, platform, platform_connection_id, monitor_type
) values (%L, 'github', '00000000-0000-4000-8000-0000000000c4', 'all') $$, pg_temp.id('olga'))),
  'PT404 devpulse_connection_unknown', 'a server is held to it, too');
insert into public.monitors (id, user_id, platform, platform_connection_id, monitor_type, is_active) values
  ('00000000-0000-4000-8000-0000000000d1', pg_temp.id('olga'), 'github',
    '00000000-0000-4000-8000-0000000000c1', 'all', true),
  ('00000000-0000-4000-8000-0000000000d4', pg_temp.id('mary'), 'github',
    '00000000-0000-4000-8000-0000000000c4', 'all', true);
select is(pg_temp.by('olga', format('update public.monitors set %s where id = %L', s,
  '00000000-0000-4000-8000-0000000000d1')), w, s)
from (values
  ('platform_connection_id = ''00000000-0000-4000-8000-0000000000c4''', 'PT404 devpulse_connection_unknown'),
  ('platform_connection_id = ''00000000-0000-4000-8000-0000000000c2''', 'PT422 devpulse_monitor_invalid'),
  ('platform_connection_id = ''00000000-0000-4000-8000-0000000000c2'', platform = ''youtube''', '1'),
  ('platform_connection_id = ''00000000-0000-4000-8000-0000000000c1'', platform = null', '1'),
  ('monitor_type = ''channel''', 'PT422 devpulse_monitor_invalid'),
  ('monitor_type = ''repository'', platform_resource_id = ''a/b''', '1'),
  ('platform_resource_id = null', 'PT422 devpulse_monitor_invalid'),
  ('monitor_type = ''all'', platform_resource_id = ''''', '1'),
  ('sync_frequency = 0', 'PT422 devpulse_monitor_invalid'), ('sync_frequency = null, is_active = null', '1'),
  ('is_active = false', '1'), ('is_active = true', '1'),
  ('user_id = gen_random_uuid()', 'PT422 key_change_forbidden')
) as v (s, w);

-- Upserts by id

create function pg_temp.upsert(p_by text, p_id text, p_connection text, p_active text) returns text
language sql as $$
  select pg_temp.by(p_by, format(
    'insert into public.monitors (id, user_id, platform, platform_connection_id, monitor_type, is_active,
       sync_frequency)
     values (%L, auth.uid(), ''github'', %L, ''all'', %s, null)
     on conflict (id) do update set id = excluded.id, user_id = excluded.user_id,
       platform = excluded.platform, platform_connection_id = excluded.platform_connection_id,
       monitor_type = excluded.monitor_type, is_active = excluded.is_active,
       sync_frequency = excluded.sync_frequency
     returning concat_ws(''|'', platform, is_active, sync_frequency)',
    ('00000000-0000-4000-8000-0000000000' || p_id)::uuid,
    ('00000000-0000-4000-8000-0000000000' || p_connection)::uuid, p_active
  ))
$$;
update public.monitors set sync_frequency = 60, is_active = false
where id = '00000000-0000-4000-8000-0000000000d1';
select is(pg_temp.upsert('olga', 'd1', 'c1', 'null'), 'github|f|60', 'null keeps the stored values');
select is(pg_temp.upsert('olga', 'd1', 'c1', 'true'), 'github|t|60', 'an inactive monitor comes back');
select is(pg_temp.upsert('olga', 'd2', 'c1', 'null'), 'github|t|15', 'a new one has the defaults');
select is(pg_temp.upsert('olga', 'd1', 'c4', 'true'), 'PT404 devpulse_connection_unknown',
  'nor with another''s connection');
select is(pg_temp.upsert('olga', 'd4', 'c1', 'true'),
  '42501 new row violates row-level security policy (USING expression) for table "monitors"',
  'another''s monitor');
select is(pg_temp.by('sten', $$ insert into public.monitors (
  id, user_id, platform, platform_connection_id, monitor_type
) values (
  '00000000-0000-4000-8000-0000000000d4', auth.uid(), 'github', '00000000-0000-4000-8000-0000000000c4', 'all'
) on conflict (id) do update set user_id = excluded.user_id $$), 'PT404 devpulse_connection_unknown',
  'nor takes it over');

-- Workspaces

select is(pg_temp.by('olga', format('update public.monitors set workspace_id = %L where id = %L', w,
  '00000000-0000-4000-8000-0000000000d1')), r, 'into ' || n)
from (values
  ('acme', pg_temp.workspace('acme'), '1'),
  ('lab', pg_temp.workspace('lab'), 'PT404 devpulse_workspace_unknown'),
  ('none', gen_random_uuid(), 'PT404 devpulse_workspace_unknown')) as v (n, w, r);
select is(pg_temp.monitor('olga', 'c1', 'all', null, ', workspace_id', format(', %L', w)), r,
  'new, into ' || n)
from (values
  ('acme', pg_temp.workspace('acme'), 'github|all|null|t|15'),
  ('lab', pg_temp.workspace('lab'), 'PT404 devpulse_workspace_unknown')) as v (n, w, r);
select is(pg_temp.by('mary', format('%s', s)), w, 'a member: ' || s)
from (values
  ('select count(*) from public.monitors', '3'),
  ('update public.monitors set is_active = false where user_id <> auth.uid()', '0'),
  ('delete from public.monitors where user_id <> auth.uid()', '0')) as v (s, w);
select is(pg_temp.by('service_role', format('update public.monitors set workspace_id = %L where id = %L',
  pg_temp.workspace('lab'), '00000000-0000-4000-8000-0000000000d1')), 'PT404 devpulse_workspace_unknown',
  'a server is held to it, too');
select is(pg_temp.by('olga', format($$ insert into public.monitors (
  user_id, workspace_id, platform, platform_connection_id, monitor_type
) values (
  %L, %L, 'github', '00000000-0000-4000-8000-0000000000c4', 'all'
) $$, pg_temp.id('mary'), pg_temp.workspace(s))),
  '42501 new row violates row-level security policy for table "monitors"',
  'a monitor for another reveals nothing of their workspaces: ' || s)
from unnest(array['acme', 'lab']) as s;
select is(pg_temp.by('olga', format($$ insert into public.goals (
  workspace_id, platform, goal_type, target_value, unit, start_date
) values (%L, 'github', 'stars', 1, 'count', '2026-01-01') $$, w)), r, 'a goal in ' || n)
from (values
  ('acme', pg_temp.workspace('acme'), '1'),
  ('lab', pg_temp.workspace('lab'), 'PT404 devpulse_workspace_unknown'),
  ('none', gen_random_uuid(), 'PT404 devpulse_workspace_unknown')) as v (n, w, r);

-- Limits

delete from public.monitors;
update public.devpulse_settings set monitors_per_user = 2, goals_per_user = 2;
select is(pg_temp.by('olga', $$ insert into public.monitors (platform_connection_id, monitor_type)
  select '00000000-0000-4000-8000-0000000000c1', 'all' from generate_series(1, 3) $$),
  'PT409 devpulse_monitors_limit_reached', 'three');
select is(pg_temp.upsert('olga', 'd1', 'c1', 'false'), 'github|f|15', 'one');
select is(pg_temp.upsert('olga', 'd2', 'c1', 'true'), 'github|t|15', 'two');
select is(pg_temp.upsert('olga', 'd1', 'c1', 'true'), 'github|t|15', 'at the limit, the first is back');
select is(pg_temp.upsert('olga', 'd3', 'c1', 'true'), 'PT409 devpulse_monitors_limit_reached', 'the third');
select is(pg_temp.upsert('mary', 'd3', 'c4', 'true'), 'github|t|15', 'another''s are not counted');
select is(pg_temp.by('olga', $$ insert into public.goals (platform, goal_type, target_value, unit, start_date)
  select 'github', 'stars', n, 'count', '2026-01-01' from generate_series(1, 3) as n $$),
  'PT409 devpulse_goals_limit_reached', 'three goals');

select * from finish();
rollback;
