-- The raw history: what each resource's numbers were on each day that they were read.

create table private.metric_readings (
  connection_id uuid not null,
  day date not null,
  metric text not null,
  resource_id text not null default '',
  value numeric not null,
  observed_at timestamptz not null,
  constraint metric_readings_pkey primary key (connection_id, day, metric, resource_id),
  constraint metric_readings_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade,
  constraint metric_readings_metric_is_known check (
    metric in (
      'stars', 'forks', 'open_issues', 'views', 'likes', 'comments', 'reactions',
      'channel_subscribers', 'channel_views', 'channel_videos', 'repositories', 'articles'
    )
  )
);
comment on table private.metric_readings is
  'The last value of a resource''s metric on a day, in the user''s time zone. A day without a row was not '
  'read: that is a gap, never zero.';
comment on column private.metric_readings.resource_id is
  'The resource''s id at the platform (a repository''s, video''s or article''s), or an empty text for the '
  'account or channel itself.';
comment on column private.metric_readings.metric is
  'A level. repositories and articles: how many the account''s list had, without a resource_id, so that an '
  'empty one is known. What happened per day is in github_contributions.';
comment on column private.metric_readings.observed_at is
  'When the provider was asked; an older observation does not replace a newer one.';
alter table private.metric_readings enable row level security;
