-- Resources that a provider no longer lists: since when they don't count.

create or replace function private.mark_removed_resources() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day)
  select distinct r.user_id, d.day::date
  from (
    select c.user_id, p.timezone, min(least(o.removed_at, n.removed_at)) as removed_at
    from old_rows as o
    join new_rows as n on n.id = o.id
    join public.platform_connections as c on c.id = n.platform_connection_id
    join public.profiles as p on p.id = c.user_id
    where o.removed_at is distinct from n.removed_at
    group by c.user_id, p.timezone
  ) as r
  cross join lateral (select private.local_day(r.timezone, now()) as today) as t
  cross join lateral generate_series(
    greatest(private.local_day(r.timezone, r.removed_at), t.today - 366)::timestamp,
    greatest(t.today, private.local_day(r.timezone, r.removed_at))::timestamp, interval '1 day'
  ) as d (day);
  return null;
end;
$$;
comment on function private.mark_removed_resources is
  'After-update-statement trigger of repositories, videos and articles: marks the days from which one was '
  'removed, or is listed again.';

create trigger _600_mark_removed_resources after update on public.github_repositories
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_removed_resources();
create trigger _600_mark_removed_resources after update on public.youtube_videos
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_removed_resources();
create trigger _600_mark_removed_resources after update on public.devto_articles
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_removed_resources();
