-- What is deleted when its time has come: messages that left the window, members who left the community.

create or replace function private.prune_circle_sync(
  p_now timestamptz default now(), p_batch_size integer default 20000
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := p_now - interval '1 day' - make_interval(
    hours => (select s.window_hours from public.circle_sync_settings as s)
  );
  v_count integer;
  v_members integer;
begin
  delete from private.circle_seen_messages as m
  using (
    select o.read_id, o.message_id, o.source_id from private.circle_seen_messages as o
    where o.parent_id is null and greatest(o.posted_at, o.replies_at) < v_before
    limit p_batch_size
  ) as g
  where m.read_id = g.read_id and (m.message_id = g.message_id or m.parent_id = g.source_id);
  get diagnostics v_count = row_count;
  delete from private.circle_members as c where c.read_at < now() - interval '60 days';
  get diagnostics v_members = row_count;
  return v_count + v_members;
end;
$$;
comment on function private.prune_circle_sync is
  'Deletes what circle-sync has seen in threads whose last message is more than a day older than the window, '
  'up to p_batch_size threads, and members whom no list has had for 60 days. Returns how many rows. '
  'For the scheduler.';
