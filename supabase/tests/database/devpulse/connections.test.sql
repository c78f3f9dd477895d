-- A connection and its secret: stored together, ended together, and whose history it is.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/connections.psql
select plan(39);

create temp table made (name text, id uuid) on commit drop;
insert into made values ('ana', pg_temp.store('a', 'github', '1'));
create function pg_temp.made(p_name text) returns uuid language sql as $$
  select id from made where name = p_name
$$;

-- Stored

select is(
  pg_temp.state_of(pg_temp.made('ana')), 'connected secret:' || pg_temp.secret_id('1'),
  'a connection has the handle of its secret'
);
select is(
  pg_temp.as_persona('stranger', 'select access_token from public.platform_connections'),
  'secret:' || pg_temp.secret_id('1'), 'which its user sees'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from public.platform_connections'), '0', 'and nobody else'
);
select is(
  (select (kind, metadata ->> 'scopes')::text from private.secrets), '(github_connection,"[""read:user""]")',
  'the secret is of the platform''s kind'
);
select matches(pg_temp.as_persona('stranger', s), '^42501', 'a user can''t: ' || s) from unnest(array[
  'update public.platform_connections set access_token = ''x'' where true',
  'update public.platform_connections set status = ''connected'' where true',
  'update public.platform_connections set platform_user_id = ''x'' where true',
  'insert into public.platform_connections
    (user_id, platform, platform_user_id, platform_username, access_token)
    values (auth.uid(), ''devto'', ''1'', ''x'', ''plain'')',
  'delete from public.platform_connections where true'
]) as s;
select is(
  pg_temp.as_persona('stranger', 'update public.platform_connections set is_active = false where true
    returning is_active'), 'false', 'but may pause it'
);
select is(
  (select count(*) from private.usable_connections), 0::bigint, 'a paused connection is not synced'
);
update public.platform_connections set is_active = true where true;
select results_eq(
  'select id, secret_id, sealed from private.usable_connections',
  $$ select pg_temp.made('ana'), pg_temp.secret_id('1'), pg_temp.sealed('1') $$, 'an active one is'
);
update auth.users set banned_until = now() + interval '1 day' where id = pg_temp.account_id('a');
select is_empty('select from private.usable_connections', 'not while its user is banned');
update auth.users set banned_until = null where id = pg_temp.account_id('a');

-- Again, and with another account

insert into made values ('again', pg_temp.store('a', 'github', '2', '1', now() + interval '8 hours'));
select is(pg_temp.made('again'), pg_temp.made('ana'), 'the same account uses the row again');
select is(
  pg_temp.state_of(pg_temp.made('ana')),
  format('connected secret:%s secret:%1$s', pg_temp.secret_id('2')), 'with the new tokens'
);
select is((select count(*) from private.secrets), 1::bigint, 'the old ones are gone');
insert into made values ('other', pg_temp.store('a', 'github', '3', '2'));
select isnt(
  pg_temp.made('other'), pg_temp.made('ana'), 'another account, where nothing was read yet, is another row'
);
insert into private.metric_readings (connection_id, day, metric, value, observed_at)
values (pg_temp.made('other'), '2026-11-01', 'stars', 5, now());
select throws_ok(
  $$ select pg_temp.store('a', 'github', '4', '1') $$, 'PT422', 'devpulse_connection_account_conflict',
  'with a history, another account is refused'
);
select is(
  pg_temp.state_of(pg_temp.made('other')), 'connected secret:' || pg_temp.secret_id('3'),
  'and nothing has changed'
);
delete from private.metric_readings where true;
insert into public.monitors (user_id, platform, platform_connection_id, monitor_type)
values (pg_temp.account_id('a'), 'github', pg_temp.made('other'), 'all');
select throws_ok(
  $$ select pg_temp.store('a', 'github', '4', '1') $$, 'PT422', 'devpulse_connection_account_conflict',
  'with monitors too'
);
insert into public.analytics_snapshots (user_id, platform, snapshot_type, snapshot_date, metrics, gaps) values
  (pg_temp.account_id('a'), 'github', 'daily', '2026-11-01', '{"github": {"total_stars": 5}}', '{}'),
  (pg_temp.account_id('a'), 'devto', 'daily', '2026-11-01', '{"devto": {"total_views": 7}}', '{}'),
  (pg_temp.account_id('a'), 'all', 'daily', '2026-11-01',
    '{"github": {"total_stars": 5}, "devto": {"total_views": 7}}',
    '{github.total_forks,devto.total_comments}'),
  (pg_temp.account_id('b'), 'github', 'daily', '2026-11-01', '{"github": {"total_stars": 9}}', '{}');
insert into made values ('replaced', pg_temp.store('a', 'github', '4', '1', null, true));
select is_empty(
  'select from public.monitors', 'replaced on request, the other account''s monitors are deleted'
);
select is(
  pg_temp.state_of(pg_temp.made('replaced')), 'connected secret:' || pg_temp.secret_id('4'),
  'and the account is connected'
);
select results_eq(
  'select user_id, platform, metrics, gaps from public.analytics_snapshots order by 1, 2',
  $$ values
    (pg_temp.account_id('a'), 'all', '{"devto": {"total_views": 7}}'::jsonb,
      '{devto.total_comments}'::text[]),
    (pg_temp.account_id('a'), 'devto', '{"devto": {"total_views": 7}}', '{}'),
    (pg_temp.account_id('b'), 'github', '{"github": {"total_stars": 9}}', '{}') $$,
  'its numbers are deleted from the snapshots; others'' are as they were'
);

-- Ended

insert into made values ('devto', pg_temp.store('a', 'devto', '5'));
select is(
  pg_temp.as_persona('service_role',
    $$ select public.disconnect_platform('00000000-0000-4000-8000-00000000000a', 'devto')
      #>> '{erased,sealed}' $$),
  pg_temp.sealed('5'), 'disconnecting returns what was erased'
);
select is(
  pg_temp.state_of(pg_temp.made('devto')), 'disconnected disconnected_by_user disconnected', 'the row stays'
);
select is(
  pg_temp.as_persona('service_role',
    $$ select public.disconnect_platform('00000000-0000-4000-8000-00000000000a', 'devto') -> 'erased' $$),
  'null', 'repeated, there is nothing to erase'
);
select is(
  pg_temp.state_of(pg_temp.made('devto')), 'disconnected disconnected_by_user disconnected', 'and it stays so'
);
select is(
  pg_temp.as_persona('service_role',
    $$ select public.disconnect_platform('00000000-0000-4000-8000-00000000000b', 'devto')
      ->> 'connection' $$),
  null, 'without a connection there is none'
);
insert into made values ('devto again', pg_temp.store('a', 'devto', '6'));
select is(pg_temp.made('devto again'), pg_temp.made('devto'), 'connected again, the row is used again');
select is(
  pg_temp.state_of(pg_temp.made('devto')), 'connected secret:' || pg_temp.secret_id('6'), 'and has no reason'
);
delete from private.secrets where kind = 'devto_connection';
select is(
  pg_temp.state_of(pg_temp.made('devto')), 'disconnected secret_removed disconnected',
  'however its secret is deleted, the connection is disconnected'
);
select is(
  pg_temp.state_of(pg_temp.made('replaced')), 'connected secret:' || pg_temp.secret_id('4'), 'others are not'
);
insert into private.oauth_flows (user_id, platform, scope, return_to, ticket_hash, expires_at)
values (pg_temp.account_id('a'), 'github', 'public', 'x', sha256('x'), now());
insert into public.github_repositories
  (platform_connection_id, github_repo_id, name, full_name, html_url, created_at, updated_at)
select c.id, 7, 'diary', 'ana/diary', 'https://github.com/ana/diary', now(), now()
from public.platform_connections as c where c.user_id = pg_temp.account_id('a') and c.platform = 'github';
insert into public.youtube_videos (platform_connection_id, youtube_video_id, title, published_at)
select r.platform_connection_id, 'v', 'Ana at home', now() from public.github_repositories as r;
insert into public.devto_articles (platform_connection_id, devto_article_id, title, url)
select r.platform_connection_id, 1, 'By Ana', 'https://dev.to/ana/x' from public.github_repositories as r;
select lives_ok(
  $$ select private.end_account_connections(pg_temp.account_id('a')) $$, 'an account ends'
);
select is_empty('select from private.secrets', 'and no secret of it is left');
select is_empty('select from private.oauth_flows', 'no flow');
select results_eq(
  'select platform_user_id, platform_username, status, status_reason, access_token
   from public.platform_connections group by 1, 2, 3, 4, 5',
  $$ values ('deleted', 'deleted', 'disconnected', 'account_ended', 'disconnected') $$,
  'and nothing about who the user is there'
);
select is_empty(
  $$ select full_name from public.github_repositories union all select title from public.youtube_videos
     union all select url from public.devto_articles $$, 'nor of what it made'
);
select lives_ok($$ delete from auth.users where id = pg_temp.account_id('a') $$, 'a deletion of the account');
select is_empty(
  $$ select from public.platform_connections where user_id = pg_temp.account_id('a') $$,
  'deletes its connections'
);

select * from finish();
rollback;
