-- Which statements take the most time in the database.

-- pg_stat_statements replaces the constants of these statements by parameters. Of other statements, which may
-- contain a password, it does not: they are left out.
create or replace function private.slow_queries()
returns table (
  query text, calls_count bigint, total_seconds numeric, mean_milliseconds numeric, max_milliseconds numeric,
  rows_count bigint, cache_hit_rate numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.has_all_metrics() then
    return;
  end if;
  return query
  select left(s.query, 2000), s.calls, round((s.total_exec_time / 1000)::numeric, 3),
    round(s.mean_exec_time::numeric, 3), round(s.max_exec_time::numeric, 3), s.rows,
    round(s.shared_blks_hit::numeric / nullif(s.shared_blks_hit + s.shared_blks_read, 0), 4)
  from extensions.pg_stat_statements as s
  where s.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
    and s.query ~* '^\s*(select|insert|update|delete|merge|with)\M'
  order by s.total_exec_time desc
  limit 100;
exception
  -- The extension is not installed, or the server has not loaded its library.
  when undefined_table or object_not_in_prerequisite_state then
    return;
end;
$$;
comment on function private.slow_queries is 'Rows of public.slow_queries.';
grant execute on function private.slow_queries to authenticated, service_role;

create view public.slow_queries with (security_invoker = true) as
select * from private.slow_queries();
comment on view public.slow_queries is
  'The hundred statements that took the most time in total, counted by pg_stat_statements since its last '
  'reset. For admins of the team and servers; empty for everybody else, and where the extension '
  'is not loaded.';
comment on column public.slow_queries.query is
  'The statement, its constants as $1, $2 …; cut to 2000 characters.';
comment on column public.slow_queries.rows_count is 'Rows that all calls returned or changed.';
comment on column public.slow_queries.cache_hit_rate is
  'The share of pages found in shared buffers, 0 to 1.';
grant select on public.slow_queries to authenticated, service_role;
