-- When each connection is synced next. One call of a provider serves all monitors of a connection.

create table private.sync_schedule (
  connection_id uuid not null,
  sync_minutes integer,
  next_sync_at timestamptz,
  not_before timestamptz,
  lease_expires_at timestamptz,
  fencing_token bigint not null default 0,
  run_id bigint,
  started_at timestamptz,
  requested_at timestamptz,
  attempts_count integer not null default 0,
  delays_count integer not null default 0,
  readings_on date,
  suspect_at timestamptz,
  contributions_read_at timestamptz,
  cursor jsonb not null default '{}',
  constraint sync_schedule_pkey primary key (connection_id),
  constraint sync_schedule_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade,
  constraint sync_schedule_lease_has_a_run check ((lease_expires_at is null) = (run_id is null)),
  constraint sync_schedule_counts_are_not_negative check (attempts_count >= 0 and delays_count >= 0),
  constraint sync_schedule_cursor_is_a_small_object
    check (jsonb_typeof(cursor) = 'object' and pg_column_size(cursor) <= 8192)
);
-- The claim's one search, whatever the number of connections. It changes twice per run.
create index sync_schedule_next_sync_at_idx on private.sync_schedule (next_sync_at)
  where next_sync_at is not null;
comment on table private.sync_schedule is
  'One row per connection. It is synced when next_sync_at has come; null means not at all: paused, not '
  'connected, or without an active monitor.';
comment on column private.sync_schedule.sync_minutes is
  'The smallest sync_frequency of its active monitors; null for none.';
comment on column private.sync_schedule.next_sync_at is
  'During a lease, when somebody else may claim it.';
comment on column private.sync_schedule.not_before is
  'The provider''s limit, or our wait after a failure: until then nothing makes it due.';
comment on column private.sync_schedule.fencing_token is
  'Grows with each lease, and when the connection is paused or ends: a run that lost its '
  'lease writes nothing.';
comment on column private.sync_schedule.requested_at is
  'When it was asked for since the last run began: by sync_now, or because monitors changed.';
comment on column private.sync_schedule.attempts_count is
  'Failures in a row that the connection itself caused, and runs that never ended.';
comment on column private.sync_schedule.delays_count is
  'Failures in a row that it did not cause: its provider''s, or ours.';
comment on column private.sync_schedule.readings_on is
  'The day of which all readings are written: as long as nothing changes, they are not written again.';
comment on column private.sync_schedule.suspect_at is
  'When the provider''s list was last so much shorter than before that it was not believed.';
comment on column private.sync_schedule.contributions_read_at is
  'When the contributions of the last seven days were read.';
comment on column private.sync_schedule.cursor is 'What platform-sync stores for its next run.';
alter table private.sync_schedule enable row level security;

-- What is brought back or new is due immediately; a lower frequency counts from the last run on.
-- A connection that is being deleted is skipped: its deleter has it and waits for its monitors, whose writers
-- are here. A second update in one transaction would wait for it by its foreign key.
create or replace function private.schedule_connections(p_connection_ids uuid[], p_is_requested boolean)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.sync_schedule (connection_id)
  select c.id from public.platform_connections as c where c.id = any (p_connection_ids)
  order by c.id for key share skip locked
  on conflict on constraint sync_schedule_pkey do nothing;
  update private.sync_schedule as s set
    sync_minutes = d.sync_minutes,
    requested_at = case when d.is_syncable and p_is_requested then now() else s.requested_at end,
    next_sync_at = case
      when not d.is_syncable then null
      when s.lease_expires_at > now() then s.next_sync_at
      when p_is_requested or s.next_sync_at is null
        then greatest(now(), s.started_at + interval '1 minute', s.not_before)
      else greatest(
        least(s.next_sync_at, s.started_at + make_interval(mins => d.sync_minutes)), s.not_before
      ) end
  from (
    select c.id, m.sync_minutes,
      c.is_active and c.status = 'connected' and m.sync_minutes is not null as is_syncable
    from (
      select o.id, o.is_active, o.status from public.platform_connections as o
      where o.id = any (p_connection_ids) order by o.id for key share skip locked
    ) as c
    cross join lateral (
      select min(o.sync_frequency) as sync_minutes from public.monitors as o
      where o.platform_connection_id = c.id and o.is_active
    ) as m
  ) as d
  where s.connection_id = d.id;
end;
$$;
comment on function private.schedule_connections is
  'Brings the schedule of these connections in line with their state and monitors. p_is_requested: there is '
  'something new to read.';
