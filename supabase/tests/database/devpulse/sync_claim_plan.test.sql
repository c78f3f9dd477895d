-- The claim's search is an index scan, however many connections there are.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(3);
\ir ../helpers/personas.psql
\ir ../helpers/sync.psql

delete from public.platform_connections where true;
create function pg_temp.add_connections(p_count integer) returns void language plpgsql as $$
begin
  insert into auth.users (id, email)
  select gen_random_uuid(), gen_random_uuid() || '@example.com' from generate_series(1, p_count);
  insert into public.platform_connections (user_id, platform, platform_user_id, platform_username,
    access_token)
  select p.id, 'devto', '1', 'user', 'disconnected' from public.profiles as p
  on conflict on constraint platform_connections_user_platform_idx do nothing;
  update private.sync_schedule set sync_minutes = 15, next_sync_at = now() + random() * interval '1 day'
  where next_sync_at is null;
  update private.sync_schedule set next_sync_at = now() - interval '1 minute' * position from (
    select s.connection_id, row_number() over () as position from private.sync_schedule as s limit 20
  ) as d where d.connection_id = sync_schedule.connection_id;
  analyze private.sync_schedule, public.platform_connections;
end;
$$;

-- What private.lease_due_connections() does.
create function pg_temp.explain() returns jsonb language plpgsql as $$
declare
  v_plan json;
begin
  execute $sql$
    explain (analyze, buffers, format json)
    select s.connection_id, s.next_sync_at
    from private.sync_schedule as s
    join public.platform_connections as c on c.id = s.connection_id
    where s.next_sync_at <= now()
    order by s.next_sync_at
    limit 20
    for update of s skip locked for key share of c skip locked
  $sql$ into v_plan;
  return v_plan::jsonb -> 0 -> 'Plan';
end;
$$;
create function pg_temp.buffers(p_plan jsonb) returns integer language sql as $$
  select (p_plan ->> 'Shared Hit Blocks')::integer + (p_plan ->> 'Shared Read Blocks')::integer
$$;

select pg_temp.add_connections(500);
create temp table few on commit drop as select pg_temp.explain() as plan;
select pg_temp.add_connections(4500);
create temp table many on commit drop as select pg_temp.explain() as plan;
select matches((select plan::text from many), 'sync_schedule_next_sync_at_idx',
  'it scans the index of what is due');
select doesnt_match((select plan::text from many), 'Seq Scan|Sort Key',
  'no table as a whole, and sorts nothing');
select cmp_ok(
  (select pg_temp.buffers(plan) from many), '<', 3 * (select pg_temp.buffers(plan) from few) + 100,
  'ten times as many connections cost about the same'
);

select * from finish();
rollback;
