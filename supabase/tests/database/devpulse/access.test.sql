-- Who reads and writes what on every table of devpulse: the person whose rows they are, the owner, an admin
-- and a member of the workspace, somebody who left it, a stranger, and a member who is banned but has a valid
-- token.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(60);
\ir ../helpers/workspaces.psql

-- mary's rows: shared ones are what her monitors in acme cover, the others are hers alone.
select pg_temp.make_workspace('acme', 'olga adam:admin mary:member anna:member mike:member owen:member'),
  pg_temp.make_workspace('lab', 'sten');
insert into public.platform_connections (
  id, user_id, platform, platform_user_id, platform_username, access_token
) select v.id::uuid, pg_temp.id('mary'), v.platform, v.account, 'mary', 'disconnected'
from (values
  ('00000000-0000-4000-8000-0000000000c1', 'github', '1'),
  ('00000000-0000-4000-8000-0000000000c2', 'youtube', 'UC1'),
  ('00000000-0000-4000-8000-0000000000c3', 'devto', '3')) as v (id, platform, account);
insert into public.monitors (user_id, workspace_id, platform_connection_id, platform, monitor_type,
  platform_resource_id, is_active)
select pg_temp.id('mary'), pg_temp.workspace(v.workspace), v.connection::uuid, v.platform, v.type, v.resource,
  v.is_active
from (values
  ('acme', '00000000-0000-4000-8000-0000000000c1', 'github', 'repository', '7', true),
  ('acme', '00000000-0000-4000-8000-0000000000c1', 'github', 'all', null, false),
  ('acme', '00000000-0000-4000-8000-0000000000c1', 'github', 'user', null, true),
  ('acme', '00000000-0000-4000-8000-0000000000c2', 'youtube', 'channel', null, true),
  (null, '00000000-0000-4000-8000-0000000000c3', 'devto', 'all', null, true)
) as v (workspace, connection, platform, type, resource, is_active);
insert into public.github_repositories (
  platform_connection_id, github_repo_id, name, full_name, html_url, created_at, updated_at
) select '00000000-0000-4000-8000-0000000000c1', n, 'x', 'x/x', 'https://github.com/x/x', now(), now()
from unnest(array[7, 8]) as n;
insert into public.github_contributions (platform_connection_id, date)
values ('00000000-0000-4000-8000-0000000000c1', '2026-01-01');
insert into public.youtube_videos (platform_connection_id, youtube_video_id, title, published_at)
values ('00000000-0000-4000-8000-0000000000c2', 'v', 'V', now());
insert into public.youtube_channel_stats (platform_connection_id, date)
values ('00000000-0000-4000-8000-0000000000c2', '2026-01-01');
insert into public.devto_articles (platform_connection_id, devto_article_id, title, url)
values ('00000000-0000-4000-8000-0000000000c3', 1, 'A', 'https://dev.to/a');
insert into public.analytics_snapshots (
  user_id, workspace_id, platform, snapshot_type, snapshot_date, metrics
) select pg_temp.id('mary'), w.id, 'github', 'daily', '2026-01-01', '{}'
from (values (pg_temp.workspace('acme')), (null)) as w (id);
insert into public.goals (user_id, workspace_id, platform, goal_type, target_value, unit, start_date)
select pg_temp.id('mary'), w.id, 'github', 'stars', 10, 'count', '2026-01-01'
from (values (pg_temp.workspace('acme')), (null)) as w (id);
insert into public.sync_runs (platform_connection_id, platform, ended_at, state)
values ('00000000-0000-4000-8000-0000000000c1', 'github', now(), 'succeeded');
select pg_temp.by('adam', format('select public.create_workspace_invitation(%L)', pg_temp.workspace('acme')));
delete from public.workspace_members where user_id = pg_temp.id('mike');
select pg_temp.ban('owen');

-- How many of these rows each reads, updates and deletes; x: nobody has the privilege, E: an error.
create temp table expected (name text, keeper text, selected text, updated text, deleted text) on commit drop;
insert into expected values
  --                          of                   mary olga adam anna mike sten owen
  ('profiles',               'id = %1$L',          '1 1 1 1 0 0 0', '1 0 0 0 0 0 E', 'x'),
  ('workspaces',             'id = %2$L',          '1 1 1 1 0 0 0', '0 1 1 0 0 0 E', '0 1 0 0 0 0 0'),
  ('workspace_members',      'workspace_id = %2$L', '5 5 5 5 0 0 0', '0 5 5 0 0 0 E', '1 E E 1 0 0 0'),
  ('workspace_invitations',  'workspace_id = %2$L', '0 1 1 0 0 0 0', 'x', 'x'),
  ('platform_connections',   'user_id = %1$L',     '3 0 0 0 0 0 0', '3 0 0 0 0 0 E', 'x'),
  ('monitors',               'user_id = %1$L',     '5 4 4 4 0 0 0', '5 0 0 0 0 0 E', '5 0 0 0 0 0 0'),
  ('github_repositories',    'true',               '2 1 1 1 0 0 0', 'x', 'x'),
  ('github_contributions',   'true',               '1 1 1 1 0 0 0', 'x', 'x'),
  ('youtube_videos',         'true',               '1 1 1 1 0 0 0', 'x', 'x'),
  ('youtube_channel_stats',  'true',               '1 1 1 1 0 0 0', 'x', 'x'),
  ('devto_articles',         'true',               '1 0 0 0 0 0 0', 'x', 'x'),
  ('analytics_snapshots',    'user_id = %1$L',     '2 1 1 1 0 0 0', 'x', 'x'),
  ('sync_runs',              'true',               '1 0 0 0 0 0 0', 'x', 'x'),
  ('goals',                  'user_id = %1$L',     '2 1 1 1 0 0 0', '2 0 0 0 0 0 E', '2 0 0 0 0 0 0');

create function pg_temp.outcomes(p_name text, p_keeper text, p_verb text) returns text language plpgsql as $$
declare
  v_filter constant text := format(p_keeper, pg_temp.id('mary'), pg_temp.workspace('acme'));
  -- a column that may be updated, or the first one
  v_column constant text := coalesce((
    select column_name from information_schema.column_privileges
    where table_name = p_name and grantee = 'authenticated' and privilege_type = 'UPDATE'
    order by column_name = 'updated_at' desc, column_name = 'joined_at' desc limit 1
  ), 'id');
  v_person text;
  v_answer text;
  v_answers text[] := '{}';
begin
  foreach v_person in array array['mary', 'olga', 'adam', 'anna', 'mike', 'sten', 'owen'] loop
    begin
      v_answer := pg_temp.by(v_person, case p_verb
        when 'select' then format('select count(*) from public.%I where %s', p_name, v_filter)
        when 'update' then format('update public.%1$I set %2$I = %2$I where %3$s', p_name, v_column, v_filter)
        else format('delete from public.%I where %s', p_name, v_filter)
      end);
      raise exception using errcode = 'TT000', message = v_answer;
    exception when sqlstate 'TT000' then
      v_answers := v_answers || case when sqlerrm ~ '^42501' then 'x' when sqlerrm ~ '^PT' then 'E'
        else sqlerrm end;
    end;
  end loop;
  return case when 'x' = all (v_answers) then 'x' else array_to_string(v_answers, ' ') end;
end;
$$;

select is(pg_temp.outcomes(name, keeper, 'select'), selected, 'who reads ' || name) from expected;
select is(pg_temp.outcomes(name, keeper, 'update'), updated, 'who updates ' || name) from expected;
select is(pg_temp.outcomes(name, keeper, 'delete'), deleted, 'who deletes ' || name) from expected;

-- A table that is one account's, a workspace's or a connection's has its row above.
select is_empty(
  $$ select distinct k.conrelid::regclass from pg_constraint as k
     where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.confrelid = any (array[
       'public.profiles'::regclass, 'public.workspaces'::regclass, 'public.platform_connections'::regclass,
       'public.monitors'::regclass
     ]) and not exists (select from expected as e where e.name = k.conrelid::regclass::text) $$,
  'every table is in the matrix'
);

-- What a monitor covers, and no more, while it is active

create function pg_temp.shares(p_set text) returns text language plpgsql as $$
begin
  begin
    execute 'update public.monitors set ' || p_set || ' where platform = ''github''';
    raise exception using errcode = 'TT000', message = pg_temp.by('anna', $s$ select concat_ws(' ',
      (select count(*) from public.github_repositories), (select count(*) from public.github_contributions)
    ) $s$);
  exception when sqlstate 'TT000' then
    return sqlerrm;
  end;
end;
$$;
select is(pg_temp.shares(s), w, s)
from (values
  ('is_active = false', '0 0'), ('is_active = (monitor_type = ''repository'')', '1 0'),
  ('is_active = (monitor_type = ''user'')', '0 1'), ('is_active = (monitor_type = ''all'')', '2 1'),
  ('workspace_id = null', '0 0'),
  ('monitor_type = ''repository'', platform_resource_id = ''x/x''', '0 0')) as v (s, w);

-- Embedding and joining across the two tables, in both directions, from any row

select is(pg_temp.by(p, $$
  select count(*) from public.workspaces as w join public.workspace_members as m on m.workspace_id = w.id
  join public.profiles as p on p.id = m.user_id join public.workspaces as o on o.owner_id = p.id
  join public.workspace_members as n on n.workspace_id = o.id
$$), c, 'no recursion and no more rows for ' || p)
from (values ('olga', '5'), ('anna', '5'), ('mike', '0'), ('sten', '1'), ('owen', '0')) as v (p, c);

-- Somebody who is in two workspaces does not connect them

insert into public.workspace_members values (pg_temp.workspace('lab'), pg_temp.id('anna'), 'admin');
select is(pg_temp.by('sten', format('select count(*) from public.%I where %s', name,
  format(keeper, pg_temp.id('mary'), pg_temp.workspace('acme')))), '0', 'sten sees nothing in ' || name)
from expected where name in ('profiles', 'workspaces', 'workspace_members', 'monitors', 'youtube_videos');
select is(pg_temp.by('anna', 'select count(*) from public.workspace_invitations'), '0',
  'an admin of one is not an admin of the other');

select * from finish();
rollback;
