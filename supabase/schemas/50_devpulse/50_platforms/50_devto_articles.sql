-- The articles of Dev.to connections, with their current numbers.

create table public.devto_articles (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  devto_article_id integer not null,
  title text not null,
  description text,
  published_at timestamptz,
  reading_time_minutes integer,
  view_count integer not null default 0,
  reaction_count integer not null default 0,
  comment_count integer not null default 0,
  url text not null,
  tags text[],
  synced_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint devto_articles_pkey primary key (id),
  -- not over devto_article_id alone, as in the seed: two users may watch the same article
  constraint devto_articles_devto_article_id_idx unique (platform_connection_id, devto_article_id),
  constraint devto_articles_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index devto_articles_platform_connection_id_idx on public.devto_articles (platform_connection_id);
create index devto_articles_published_at_idx on public.devto_articles (published_at);
create index devto_articles_tags_idx on public.devto_articles using gin (tags);
comment on table public.devto_articles is
  'One row per connection and article, written by platform-sync. Users see their own, and those that '
  'monitors of their workspaces cover.';
comment on column public.devto_articles.removed_at is
  'Since when Dev.to no longer lists it as published. It does not count from then on.';

alter table public.devto_articles enable row level security;
create policy devto_articles_select_own_and_workspace on public.devto_articles
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.devto_articles to authenticated;
grant select, insert, update, delete on public.devto_articles to service_role;
