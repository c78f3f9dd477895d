-- The minute's sweep, and the end of what is done.

create or replace function private.run_deliveries() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.run_digests();
  perform private.send_support_replies();
  perform private.end_deliveries(
    array(
      select q.delivery_id from private.delivery_queue as q
      where q.is_cancelled and q.sent_at is null and q.next_attempt_at <= clock_timestamp()
      for update skip locked
    ),
    'cancelled', 'Cancelled while it was about to be sent.'
  );
  return exists (
    select from private.delivery_queue as q where q.next_attempt_at <= clock_timestamp()
  ) and private.request_deliver();
end;
$$;
comment on function private.run_deliveries is
  'Sends digests and replies to support that are due, and calls the edge function deliver where something '
  'else is. Returns whether it did. For the scheduler.';

-- The oldest ids are the oldest deliveries, so no index by time is needed. What stays is passed over: who has
-- not been told of a fix is found by the rows that wait for a person. Those end with the generation of their
-- issue, so that there are up to two for each reporter.
create or replace function private.prune_deliveries(p_batch integer default 50000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.delivery_retention_days from public.loop_settings as s)
  );
  v_after bigint;
  v_last bigint := 0::bigint;
  v_created_at timestamptz;
  v_count integer := 0;
begin
  loop
    v_after := v_last;
    select max(f.id), max(f.created_at) into v_last, v_created_at
    from (
      select p.id, p.created_at from public.deliveries as p where p.id > v_after order by p.id limit p_batch
    ) as f;
    exit when v_last is null;
    -- no join: without statistics of the table its plan would be quadratic
    delete from public.deliveries as d
    where d.ctid = any (array(
      select o.ctid from public.deliveries as o
      where o.id > v_after and o.id <= v_last and o.created_at < v_before and o.status <> 'pending'
        and (o.status in ('delivered', 'cancelled') or o.channel in ('webhook', 'slack'))
      for update skip locked
    ));
    get diagnostics v_count = row_count;
    exit when v_count > 0 or v_created_at >= v_before;
  end loop;
  return v_count;
end;
$$;
comment on function private.prune_deliveries is
  'Deletes those of the oldest deliveries that are older than loop_settings.delivery_retention_days, except '
  'what is pending and the drafts and dead letters of replies, up to p_batch, and returns how many. '
  'For the scheduler.';
