-- The minute's sweep, and the end of what is done.

create or replace function private.run_deliveries() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.run_digests();
  perform private.send_support_replies();
  perform private.end_deliveries(
    array(
      select q.delivery_id from private.delivery_queue as q
      where q.is_cancelled and q.next_attempt_at <= clock_timestamp()
      for update skip locked
    ),
    'cancelled', 'Cancelled while it was being sent; whether it arrived is not known.'
  );
  return exists (
    select from private.delivery_queue as q where q.next_attempt_at <= clock_timestamp()
  ) and private.request_deliver();
end;
$$;
comment on function private.run_deliveries is
  'Sends digests and replies to support that are due, and calls the edge function deliver where something '
  'else is. Returns whether it did. For the scheduler.';

-- The oldest ids are the oldest deliveries, so no index by time is needed.
create or replace function private.prune_deliveries(p_batch integer default 50000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.deliveries as d
  where d.ctid = any (array(
    select o.ctid from (
      select p.id from public.deliveries as p order by p.id limit p_batch
    ) as f
    join public.deliveries as o on o.id = f.id
    where o.status <> 'pending' and o.created_at < now() - make_interval(
      days => (select s.delivery_retention_days from public.loop_settings as s)
    )
    for update of o skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_deliveries is
  'Deletes those of the p_batch oldest deliveries that are not pending and older than '
  'loop_settings.delivery_retention_days, and returns how many. For the scheduler.';
