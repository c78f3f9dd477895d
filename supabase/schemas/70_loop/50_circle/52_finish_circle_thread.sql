-- The replies of a thread were read: which of those known before were not among them.

create or replace function private.finish_circle_thread(
  p_read_id bigint, p_fencing_token bigint, p_parent_id bigint, p_replies_state text,
  p_began_at timestamptz, p_from_id bigint
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_circle_read(p_read_id, p_fencing_token);
  update private.circle_seen_messages as m
  set read_replies_state = p_replies_state, replies_read_at = now(), replies_at = greatest(m.replies_at, (
    select max(r.posted_at) from private.circle_seen_messages as r
    where r.read_id = p_read_id and r.parent_id = p_parent_id
  ))
  where m.read_id = p_read_id and m.source_id = p_parent_id and m.parent_id is null;
  return coalesce((
    select jsonb_agg(d.message_id order by d.source_id)
    from (
      select m.message_id, m.source_id from private.circle_seen_messages as m
      where m.read_id = p_read_id and m.parent_id = p_parent_id
        and m.source_id >= coalesce(p_from_id, 0) and m.seen_at < p_began_at
      order by m.source_id limit 100
    ) as d
  ), '[]'::jsonb);
end;
$$;
grant execute on function private.finish_circle_thread to service_role;

create or replace function public.finish_circle_thread(
  read_id bigint, fencing_token bigint, parent_id bigint, replies_state text, began_at timestamptz,
  from_id bigint default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_circle_thread(
    finish_circle_thread.read_id, finish_circle_thread.fencing_token, finish_circle_thread.parent_id,
    finish_circle_thread.replies_state, finish_circle_thread.began_at, finish_circle_thread.from_id
  );
end;
comment on function public.finish_circle_thread is
  'Records that the replies of a thread were read, from the id from_id on, beginning at began_at, when it '
  'was in this replies_state. Returns the message_ids of up to 100 replies that were known before and not '
  'among them: removed, if Circle does not have them. Service role only. Errors: '
  'loop_circle_lease_expired (410).';
grant execute on function public.finish_circle_thread to service_role;
