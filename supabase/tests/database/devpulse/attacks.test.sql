-- What somebody with an account may try on others, through values, upserts, views and jobs.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(47);
\ir ../helpers/workspaces.psql
delete from private.snapshot_marks;

select pg_temp.make_workspace('acme', 'olga adam:admin mary:member'), pg_temp.make_workspace('lab', 'sten');
insert into public.team_members (user_id, role) values (pg_temp.id('mary'), 'viewer');
create function pg_temp.tracker_goal(p_by text, p_user text, p_workspace text) returns text
language sql as $$
  select pg_temp.by(p_by, format(
    'insert into public.goals (user_id, workspace_id, platform, goal_type, target_value, unit, start_date)
     values (%L, %L, ''all'', ''tracker_open_issues'', 1, ''count'', ''2026-01-01'')',
    pg_temp.id(p_user), pg_temp.workspace(p_workspace)
  ))
$$;

-- Whether somebody is in the team is not revealed

select is(pg_temp.tracker_goal('sten', p, null),
  '42501 new row violates row-level security policy for table "goals"', 'a goal for ' || p)
from unnest(array['mary', 'adam']) as p;
select is(pg_temp.tracker_goal('sten', 'sten', null), 'PT422 devpulse_goal_type_invalid', 'or for oneself');

-- A goal that its user may not have any more keeps nobody in a workspace, and no account alive

select is(pg_temp.tracker_goal('mary', 'mary', 'acme'), '1',
  'a member of the team has a goal of the tracker');
delete from public.team_members where user_id = pg_temp.id('mary');
create function pg_temp.leave(p_by text, p_statement text) returns text language plpgsql as $$
begin
  begin
    raise exception using errcode = 'TT000', message = pg_temp.by(p_by, p_statement);
  exception when sqlstate 'TT000' then
    return sqlerrm;
  end;
end;
$$;
select is(pg_temp.leave(b, s), '1', w)
from (values
  ('olga', format('delete from public.workspace_members where user_id = %L', pg_temp.id('mary')), 'removed'),
  ('mary', 'delete from public.workspace_members where user_id = auth.uid()', 'left'),
  ('olga', 'delete from public.workspaces where slug = ''acme''', 'with its workspace'),
  ('mary', 'update public.goals set workspace_id = null where true', 'taken out by its user'),
  ('service_role', format('delete from public.profiles where id = %L', pg_temp.id('mary')), 'deleted')
) as v (b, s, w);
select lives_ok(format('update auth.users set deleted_at = now() where id = %L', pg_temp.id('mary')),
  'softly deleted');

-- Values with which the arithmetic of a job, or of somebody else's list, would fail

select is(pg_temp.by('adam', format($$ insert into public.goals (
  workspace_id, platform, goal_type, target_value, unit, start_date, end_date
) values (%L, 'github', %L, %s, 'count', %L, %L) $$, pg_temp.workspace('acme'), m, t, s, e)), w,
  format('%s %s %s %s', m, t, s, e))
from (values
  ('stars', '1', '2026-01-01', 'infinity', 'PT422 devpulse_goal_invalid'),
  ('stars', '1', '-infinity', null, 'PT422 devpulse_goal_invalid'),
  ('stars', '1', '2026-01-01', '5874897-12-31', 'PT422 devpulse_goal_invalid'),
  ('commits', '1', '4713-01-01 BC', '2026-01-01', 'PT422 devpulse_goal_invalid'),
  ('stars', '''NaN''', '2026-01-01', null, 'PT422 devpulse_goal_invalid'),
  ('stars', '''Infinity''', '2026-01-01', null, 'PT422 devpulse_goal_invalid'),
  ('stars', '1e16', '2026-01-01', null, 'PT422 devpulse_goal_invalid'),
  ('stars', '-1e16', '2026-01-01', null, 'PT422 devpulse_goal_invalid'),
  ('stars', '0.00000000001', '2026-01-01', null, 'PT422 devpulse_goal_invalid'),
  ('stars', '1e15', '1900-01-01', '2999-12-31', '1'), ('commits', '-1e15', '2999-12-31', '2999-12-31', '1'),
  ('commits', '0.1', '1900-01-01', '2999-12-31', '1')
) as v (m, t, s, e, w);
select is(pg_temp.by('adam', 'update public.goals set end_date = ''infinity'' where true'),
  'PT422 devpulse_goal_invalid', 'by an update');
select is(pg_temp.by('olga', 'select count(*) from public.goal_progress where status is not null'), '3',
  'the others read their list');
select lives_ok($$ select private.run_snapshots() $$, 'and the job counts');

-- The queue of days is everybody's

create function pg_temp.backfill(p_by text, p_from date) returns text language sql as $$
  select pg_temp.by(p_by, format('select public.backfill_snapshots(%L, %L)', p_from, p_from + 365))
$$;
delete from private.snapshot_marks;
select is(pg_temp.backfill('sten', '0001-01-01'), '0', 'no days of which nothing is kept');
select is(pg_temp.backfill('sten', '9000-01-01'), '0', 'nor of the future');
select is(pg_temp.backfill('sten', current_date - 800), '366', 'a year');
select is(pg_temp.backfill('sten', current_date - 1500), 'PT429 devpulse_backfill_rate_limited',
  'the next one after it is built');
select is(pg_temp.backfill('anna', current_date - 800), '366', 'which others don''t wait for');
delete from private.snapshot_marks;

-- Monitors: switched on and off, and with other repositories again and again

insert into public.platform_connections (
  id, user_id, platform, platform_user_id, platform_username, access_token
) values (
  '00000000-0000-4000-8000-0000000000c1', pg_temp.id('sten'), 'github', '1', 'sten', 'disconnected'
);
select pg_temp.by('sten', $$ insert into public.monitors (platform_connection_id, monitor_type, created_at)
  values ('00000000-0000-4000-8000-0000000000c1', 'all', now() - interval '3 days') $$);
select pg_temp.by('sten', $$ update public.monitors set is_active = not is_active where true $$)
from generate_series(1, 50);
select cmp_ok((select count(*) from private.snapshot_marks), '<=', 2::bigint,
  'a monitor that is switched fifty times marks its day once');
create function pg_temp.repositories(p_from integer, p_to integer) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('github_repo_id', n, 'name', 'r', 'full_name', 'o/r', 'html_url',
    'https://github.com/o/r', 'is_private', false, 'is_fork', false, 'default_branch', 'main', 'created_at',
    now(), 'updated_at', now()) order by n) from generate_series(p_from, p_to) as n
$$;
update public.devpulse_settings set resources_per_connection = 10;
create function pg_temp.store(p_from integer, p_to integer) returns integer language plpgsql as $$
declare
  v_repositories constant jsonb := private.limit_github_repositories(
    '00000000-0000-4000-8000-0000000000c1', pg_temp.repositories(p_from, p_to)
  );
begin
  perform private.upsert_github_repositories('00000000-0000-4000-8000-0000000000c1', v_repositories, now());
  perform private.store_sync_etags('00000000-0000-4000-8000-0000000000c1', jsonb_build_object('etags', (
    select jsonb_agg(jsonb_build_object('path', '/repositories/' || n, 'etag', 'x', 'resource_ids',
      jsonb_build_array(n), 'has_next', false)) from generate_series(p_from, p_to) as n
  )));
  return jsonb_array_length(v_repositories);
end;
$$;
select is(pg_temp.store(1, 15), 15, 'fifteen repositories');
select is(pg_temp.store(10, 30), 11, 'twenty is all that a connection has: those that it has, and five more');
select is(pg_temp.store(1, 20), 20, 'which are read again');
select is(pg_temp.store(31, 40), 0, 'and no other');
select is((select count(*) from private.sync_etags), 20::bigint, 'and as many addresses');
update public.github_repositories set synced_at = now() - interval '31 days' where github_repo_id <= 12;
update public.github_repositories set removed_at = now() where github_repo_id > 15;
select is(private.prune_watched_repositories(), 0, 'as long as it is watched, and for a month, all is kept');
update public.monitors set is_active = false where user_id = pg_temp.id('sten');
insert into public.monitors (user_id, platform, platform_connection_id, monitor_type, platform_resource_id)
values (pg_temp.id('sten'), 'github', '00000000-0000-4000-8000-0000000000c1', 'repository', '7');
select is(private.prune_watched_repositories(), 5,
  'then what is more than ten, read long ago and not watched');
select is((select count(*) from private.sync_etags), 15::bigint, 'with its addresses');

-- What an account leaves behind

select is(pg_temp.by('sten', 'select count(*) from public.monitors where is_active'), '1', 'a monitor');
update auth.users set deleted_at = now() where id = pg_temp.id('sten');
select is((select count(*) from public.monitors where user_id = pg_temp.id('sten') and is_active), 0::bigint,
  'of an account that is softly deleted, no monitor is active');
select is_empty(format('select from private.snapshot_state where user_id = %L', pg_temp.id('sten')),
  'and no day is closed');

-- An address that an app may make a link of

select is(pg_temp.by('olga', format($$ update public.profiles set avatar_url = %L where id = auth.uid()
  returning coalesce(avatar_url, 'null') $$, a)), w, 'a picture at ' || a)
from (values
  ('https://example.com/a.png', 'https://example.com/a.png'), (' ', 'null'),
  ('javascript:alert(1)', 'PT422 devpulse_avatar_url_invalid'),
  ('data:text/html,x', 'PT422 devpulse_avatar_url_invalid'),
  (E'https://x\njavascript:alert(1)', 'PT422 devpulse_avatar_url_invalid')) as v (a, w);

select * from finish();
rollback;
