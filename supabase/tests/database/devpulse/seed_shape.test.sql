-- Every column, default, key and index that the schema document of devpulse names, and its example.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(74);
\ir ../helpers/workspaces.psql

-- Columns, as the document has them: name, type, not null, default

create temp table documented (name text, columns text) on commit drop;
insert into documented values
  ('profiles', $$
    id uuid not null, display_name text, avatar_url text, bio text, timezone text default 'UTC',
    created_at timestamptz not null default now(), updated_at timestamptz not null default now()
  $$),
  ('workspaces', $$
    id uuid not null default gen_random_uuid(), name text not null, slug text not null, description
    text, owner_id uuid not null, created_at timestamptz not null default now(), updated_at timestamptz
    not null default now()
  $$),
  ('workspace_members', $$
    workspace_id uuid not null, user_id uuid not null, role text not null default 'member', joined_at
    timestamptz not null default now()
  $$),
  ('platform_connections', $$
    id uuid not null default gen_random_uuid(), user_id uuid not null, platform text not null,
    platform_user_id text not null, platform_username text not null, access_token text not null,
    refresh_token text, token_expires_at timestamptz, is_active boolean not null default true,
    last_synced_at timestamptz, created_at timestamptz not null default now(), updated_at timestamptz
    not null default now()
  $$),
  ('monitors', $$
    id uuid not null default gen_random_uuid(), user_id uuid not null, workspace_id uuid, platform text
    not null, platform_connection_id uuid not null, monitor_type text not null, platform_resource_id
    text, is_active boolean not null default true, sync_frequency integer not null default 15,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now()
  $$),
  ('github_repositories', $$
    id uuid not null default gen_random_uuid(), platform_connection_id uuid not null, github_repo_id
    bigint not null, name text not null, full_name text not null, description text, language text,
    stars_count integer not null default 0, forks_count integer not null default 0, watchers_count
    integer not null default 0, open_issues_count integer not null default 0, is_private boolean not
    null default false, is_fork boolean not null default false, default_branch text not null default
    'main', html_url text not null, created_at timestamptz not null, updated_at timestamptz not null,
    synced_at timestamptz not null default now()
  $$),
  ('github_contributions', $$
    id uuid not null default gen_random_uuid(), platform_connection_id uuid not null, date date not
    null, commits_count integer not null default 0, pull_requests_count integer not null default 0,
    issues_count integer not null default 0, repositories_contributed_to integer not null default 0,
    created_at timestamptz not null default now()
  $$),
  ('youtube_videos', $$
    id uuid not null default gen_random_uuid(), platform_connection_id uuid not null, youtube_video_id
    text not null, title text not null, description text, thumbnail_url text, duration_seconds integer,
    view_count bigint not null default 0, like_count integer not null default 0, comment_count integer
    not null default 0, published_at timestamptz not null, synced_at timestamptz not null default now()
  $$),
  ('youtube_channel_stats', $$
    id uuid not null default gen_random_uuid(), platform_connection_id uuid not null, date date not
    null, subscriber_count bigint not null default 0, total_views bigint not null default 0, video_count
    integer not null default 0, created_at timestamptz not null default now()
  $$),
  ('devto_articles', $$
    id uuid not null default gen_random_uuid(), platform_connection_id uuid not null, devto_article_id
    integer not null, title text not null, description text, published_at timestamptz,
    reading_time_minutes integer, view_count integer not null default 0, reaction_count integer not null
    default 0, comment_count integer not null default 0, url text not null, tags text[], synced_at
    timestamptz not null default now()
  $$),
  ('analytics_snapshots', $$
    id uuid not null default gen_random_uuid(), user_id uuid not null, workspace_id uuid, platform text
    not null, snapshot_type text not null, snapshot_date date not null, metrics jsonb not null,
    created_at timestamptz not null default now()
  $$),
  ('goals', $$
    id uuid not null default gen_random_uuid(), user_id uuid not null, workspace_id uuid, platform text
    not null, goal_type text not null, target_value numeric not null, current_value numeric not null
    default 0, unit text not null, start_date date not null, end_date date, is_achieved boolean not null
    default false, achieved_at timestamptz, created_at timestamptz not null default now(), updated_at
    timestamptz not null default now()
  $$);
update documented set columns = btrim(regexp_replace(columns, '\s+', ' ', 'g'));

-- The first ones of a table, as many as the document has: others come after them. A default where the
-- document has none is left out of the comparison.
create function pg_temp.columns(p_table text, p_documented text[]) returns text language sql as $$
  select string_agg(
    format('%s %s', a.attname, replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone',
      'timestamptz'))
    || case when a.attnotnull then ' not null' else '' end
    || case when p_documented[a.attnum] ~ ' default ' then coalesce(
      ' default ' || regexp_replace(pg_get_expr(d.adbin, d.adrelid), '::text$', ''), ''
    ) else '' end, ', ' order by a.attnum
  )
  from pg_attribute as a
  left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = ('public.' || p_table)::regclass and a.attnum between 1 and cardinality(p_documented)
    and not a.attisdropped
$$;
select is(pg_temp.columns(name, string_to_array(columns, ', ')), columns, 'the columns of ' || name)
from documented;
select is((select sum(cardinality(string_to_array(columns, ', '))) from documented), 121::bigint,
  'all columns of the document');

-- Indexes, by the document's names. Those of what a provider numbers begin with the connection, and the one
-- of snapshots has the workspace (docs/deviations.md).

create temp table index_of (name text, index_name text, definition text) on commit drop;
insert into index_of values
  ('workspaces', 'workspaces_slug_idx', 'unique btree (slug)'),
  ('workspaces', 'workspaces_owner_id_idx', 'btree (owner_id)'),
  ('workspace_members', 'workspace_members_user_id_idx', 'btree (user_id)'),
  ('platform_connections', 'platform_connections_user_id_idx', 'btree (user_id)'),
  ('platform_connections', 'platform_connections_platform_idx', 'btree (platform)'),
  ('platform_connections', 'platform_connections_user_platform_idx', 'unique btree (user_id, platform)'),
  ('monitors', 'monitors_user_id_idx', 'btree (user_id)'),
  ('monitors', 'monitors_platform_idx', 'btree (platform)'),
  ('monitors', 'monitors_platform_connection_id_idx', 'btree (platform_connection_id)'),
  ('monitors', 'monitors_active_idx', 'btree (is_active) where (is_active = true)'),
  ('github_repositories', 'github_repositories_platform_connection_id_idx', 'btree (platform_connection_id)'),
  ('github_repositories', 'github_repositories_github_repo_id_idx',
    'unique btree (platform_connection_id, github_repo_id)'),
  ('github_repositories', 'github_repositories_full_name_idx', 'btree (full_name)'),
  ('github_contributions', 'github_contributions_platform_connection_id_idx',
    'btree (platform_connection_id)'),
  ('github_contributions', 'github_contributions_date_idx', 'btree (date)'),
  ('github_contributions', 'github_contributions_connection_date_idx',
    'unique btree (platform_connection_id, date)'),
  ('youtube_videos', 'youtube_videos_platform_connection_id_idx', 'btree (platform_connection_id)'),
  ('youtube_videos', 'youtube_videos_youtube_video_id_idx',
    'unique btree (platform_connection_id, youtube_video_id)'),
  ('youtube_videos', 'youtube_videos_published_at_idx', 'btree (published_at)'),
  ('youtube_channel_stats', 'youtube_channel_stats_platform_connection_id_idx',
    'btree (platform_connection_id)'),
  ('youtube_channel_stats', 'youtube_channel_stats_date_idx', 'btree (date)'),
  ('youtube_channel_stats', 'youtube_channel_stats_connection_date_idx',
    'unique btree (platform_connection_id, date)'),
  ('devto_articles', 'devto_articles_platform_connection_id_idx', 'btree (platform_connection_id)'),
  ('devto_articles', 'devto_articles_devto_article_id_idx',
    'unique btree (platform_connection_id, devto_article_id)'),
  ('devto_articles', 'devto_articles_published_at_idx', 'btree (published_at)'),
  ('devto_articles', 'devto_articles_tags_idx', 'gin (tags)'),
  ('analytics_snapshots', 'analytics_snapshots_user_id_idx', 'btree (user_id)'),
  ('analytics_snapshots', 'analytics_snapshots_workspace_id_idx', 'btree (workspace_id)'),
  ('analytics_snapshots', 'analytics_snapshots_platform_idx', 'btree (platform)'),
  ('analytics_snapshots', 'analytics_snapshots_date_idx', 'btree (snapshot_date)'),
  ('analytics_snapshots', 'analytics_snapshots_user_platform_date_idx',
    'unique btree (user_id, workspace_id, platform, snapshot_date, snapshot_type) nulls not distinct'),
  ('goals', 'goals_user_id_idx', 'btree (user_id)'),
  ('goals', 'goals_workspace_id_idx', 'btree (workspace_id)'),
  ('goals', 'goals_platform_idx', 'btree (platform)'),
  ('goals', 'goals_is_achieved_idx', 'btree (is_achieved)'),
  ('goals', 'goals_user_active_idx', 'btree (user_id, is_achieved) where (is_achieved = false)');
select is(
  (
    select case when i.indisunique then 'unique ' else '' end || m.amname || ' ('
      || (
        select string_agg(a.attname, ', ' order by k.number)
        from unnest(i.indkey::smallint[]) with ordinality as k (attnum, number)
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
      ) || ')' || case when i.indnullsnotdistinct then ' nulls not distinct' else '' end
      || coalesce(' where ' || pg_get_expr(i.indpred, i.indrelid), '')
    from pg_index as i
    join pg_class as c on c.oid = i.indexrelid
    join pg_am as m on m.oid = c.relam
    where c.relname = x.index_name and i.indrelid = ('public.' || x.name)::regclass
  ), x.definition, x.index_name
)
from index_of as x;

-- Keys

select is(
  (
    select string_agg(a.attname, ', ' order by k.number)
    from pg_constraint as c
    cross join lateral unnest(c.conkey) with ordinality as k (attnum, number)
    join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.attnum
    where c.conrelid = ('public.' || d.name)::regclass and c.contype = 'p'
  ), case d.name when 'workspace_members' then 'workspace_id, user_id' else 'id' end,
  'the primary key of ' || d.name
)
from documented as d;
select set_eq(
  $$ select c.conrelid::regclass || '.' || a.attname || ' ' || c.confrelid::regclass from pg_constraint as c
     join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
     join documented as d on c.conrelid = ('public.' || d.name)::regclass
     where c.contype = 'f' and cardinality(c.conkey) = 1 $$,
  $$ values ('profiles.id auth.users'), ('workspaces.owner_id profiles'),
    ('workspace_members.workspace_id workspaces'), ('workspace_members.user_id profiles'),
    ('platform_connections.user_id profiles'), ('monitors.user_id profiles'),
    ('monitors.workspace_id workspaces'), ('monitors.platform_connection_id platform_connections'),
    ('github_repositories.platform_connection_id platform_connections'),
    ('github_contributions.platform_connection_id platform_connections'),
    ('youtube_videos.platform_connection_id platform_connections'),
    ('youtube_channel_stats.platform_connection_id platform_connections'),
    ('devto_articles.platform_connection_id platform_connections'),
    ('analytics_snapshots.user_id profiles'), ('analytics_snapshots.workspace_id workspaces'),
    ('goals.user_id profiles'), ('goals.workspace_id workspaces') $$,
  'the document''s foreign keys, and no others'
);

-- A row of each with what the document has no default for, and the same row as an upsert by its unique key

select pg_temp.make_workspace('acme', 'olga mary:member');
create temp table statement (number serial, name text, statement text) on commit drop;
insert into statement (name, statement) values
  ('platform_connections', $$
    insert into public.platform_connections (
      id, user_id, platform, platform_user_id, platform_username, access_token
    ) select ('00000000-0000-4000-8000-0000000000c' || number)::uuid, id, 'github', '1', name, 'disconnected'
    from (values (1, 'olga'), (2, 'mary')) as v (number, person) join person on name = person
    on conflict (user_id, platform) do update set platform_username = excluded.platform_username
  $$),
  ('monitors', $$
    insert into public.monitors (user_id, workspace_id, platform, platform_connection_id, monitor_type)
    select c.user_id, pg_temp.workspace('acme'), c.platform, c.id, 'all' from public.platform_connections as c
  $$),
  ('github_repositories', $$
    insert into public.github_repositories (
      platform_connection_id, github_repo_id, name, full_name, html_url, created_at, updated_at
    ) select id, 1296269, 'Hello-World', 'octocat/Hello-World', 'https://github.com/octocat/Hello-World',
      '2011-01-26', '2011-01-26' from public.platform_connections
    on conflict (platform_connection_id, github_repo_id) do update set name = excluded.name
  $$),
  ('github_contributions', $$
    insert into public.github_contributions (platform_connection_id, date)
    select id, '2026-01-01' from public.platform_connections
    on conflict (platform_connection_id, date) do update set commits_count = excluded.commits_count
  $$),
  ('youtube_videos', $$
    insert into public.youtube_videos (platform_connection_id, youtube_video_id, title, published_at)
    select id, 'dQw4w9WgXcQ', 'Video', '2009-10-25' from public.platform_connections
    on conflict (platform_connection_id, youtube_video_id) do update set title = excluded.title
  $$),
  ('youtube_channel_stats', $$
    insert into public.youtube_channel_stats (platform_connection_id, date)
    select id, '2026-01-01' from public.platform_connections
    on conflict (platform_connection_id, date) do update set total_views = excluded.total_views
  $$),
  ('devto_articles', $$
    insert into public.devto_articles (platform_connection_id, devto_article_id, title, url)
    select id, 150589, 'Byte Sized', 'https://dev.to/x/byte-sized' from public.platform_connections
    on conflict (platform_connection_id, devto_article_id) do update set title = excluded.title
  $$),
  ('analytics_snapshots', $$
    insert into public.analytics_snapshots (user_id, platform, snapshot_type, snapshot_date, metrics)
    select user_id, 'all', 'daily', '2026-01-01', '{
      "github": {"total_stars": 1500, "total_forks": 200, "total_commits": 5000, "repositories_count": 25},
      "youtube": {"total_views": 100000, "total_subscribers": 5000, "total_videos": 50},
      "devto": {"total_views": 50000, "total_reactions": 2000, "total_articles": 30}
    }' from public.platform_connections
    on conflict (user_id, workspace_id, platform, snapshot_date, snapshot_type)
    do update set metrics = excluded.metrics
  $$),
  ('goals', $$
    insert into public.goals (user_id, platform, goal_type, target_value, unit, start_date)
    select user_id, 'github', 'stars', 1000, 'count', '2026-01-01' from public.platform_connections
  $$);
do $$
declare
  v_statement text;
begin
  for v_statement in select statement from statement order by number loop
    execute v_statement;
    if v_statement ~ 'on conflict' then
      execute v_statement;
    end if;
  end loop;
end;
$$;
create function pg_temp.row_count(p_table text) returns bigint language plpgsql as $$
declare
  v_count bigint;
begin
  execute format('select count(*) from public.%I', p_table) into v_count;
  return v_count;
end;
$$;
select is(pg_temp.row_count(name), 2::bigint, 'two users have the same in ' || name) from statement;
select is(
  (
    select row(
      is_private, is_fork, default_branch, stars_count, forks_count, watchers_count, open_issues_count
    )::text from public.github_repositories limit 1
  ), '(f,f,main,0,0,0,0)', 'with the document''s defaults'
);
select is(
  (select row(is_active, sync_frequency, platform_resource_id)::text from public.monitors limit 1), '(t,15,)',
  'of monitors too'
);
select is(
  (select row(current_value, is_achieved, achieved_at, end_date)::text from public.goals limit 1), '(0,f,,)',
  'and of goals'
);

select * from finish();
rollback;
