-- Stores what Dev.to answered about articles.

create or replace function private.upsert_devto_articles(
  p_connection_id uuid, p_articles jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.devto_articles as a (
    platform_connection_id, devto_article_id, title, description, published_at, reading_time_minutes,
    view_count, reaction_count, comment_count, url, tags, synced_at
  )
  select p_connection_id, n.devto_article_id, n.title, n.description, n.published_at, n.reading_time_minutes,
    coalesce(n.view_count, o.view_count, 0), coalesce(n.reaction_count, o.reaction_count, 0),
    coalesce(n.comment_count, o.comment_count, 0), n.url, n.tags, p_observed_at
  from jsonb_populate_recordset(null::public.devto_articles, p_articles) as n
  left join public.devto_articles as o
    on o.platform_connection_id = p_connection_id and o.devto_article_id = n.devto_article_id
  on conflict on constraint devto_articles_devto_article_id_idx do update set
    title = excluded.title, description = excluded.description, published_at = excluded.published_at,
    reading_time_minutes = excluded.reading_time_minutes, view_count = excluded.view_count,
    reaction_count = excluded.reaction_count, comment_count = excluded.comment_count, url = excluded.url,
    tags = excluded.tags, synced_at = excluded.synced_at, removed_at = null
  where a.removed_at is not null or a.synced_at <= excluded.synced_at - interval '1 hour' or (
    a.title, a.description, a.published_at, a.reading_time_minutes, a.view_count, a.reaction_count,
    a.comment_count, a.url, a.tags
  ) is distinct from (
    excluded.title, excluded.description, excluded.published_at, excluded.reading_time_minutes,
    excluded.view_count, excluded.reaction_count, excluded.comment_count, excluded.url, excluded.tags
  );
end;
$$;
comment on function private.upsert_devto_articles is
  'Stores articles as Dev.to sent them; null numbers keep the stored ones.';

create or replace function private.remove_devto_articles(
  p_schedule private.sync_schedule, p_listed bigint[], p_observed_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_current bigint;
  v_missing bigint;
  v_count integer;
begin
  if p_listed is null then
    return 0;
  end if;
  select count(*), count(*) filter (where not (a.devto_article_id = any (p_listed))) into v_current, v_missing
  from public.devto_articles as a
  where a.platform_connection_id = p_schedule.connection_id and a.removed_at is null;
  if private.is_list_suspect(p_schedule, v_current, v_missing) then
    return null;
  end if;
  update public.devto_articles as a set removed_at = p_observed_at
  where a.platform_connection_id = p_schedule.connection_id and a.removed_at is null
    and not (a.devto_article_id = any (p_listed));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.remove_devto_articles is
  'Marks articles that a complete list does not have, and returns how many; null when it is '
  'not believed yet.';
