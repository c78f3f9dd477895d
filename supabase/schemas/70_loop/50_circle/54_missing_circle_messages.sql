-- A window was read to its end: which of the messages known before were not among what Circle returned.

create or replace function private.missing_circle_messages(
  p_read_id bigint, p_fencing_token bigint, p_began_at timestamptz, p_posted_since timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_circle_read(p_read_id, p_fencing_token);
  return coalesce((
    select jsonb_agg(d.message_id order by d.source_id)
    from (
      select m.message_id, m.source_id from private.circle_seen_messages as m
      where m.read_id = p_read_id and m.parent_id is null and m.posted_at >= p_posted_since
        and m.seen_at < p_began_at
      order by m.source_id limit 20
    ) as d
  ), '[]'::jsonb);
end;
$$;
grant execute on function private.missing_circle_messages to service_role;

create or replace function public.missing_circle_messages(
  read_id bigint, fencing_token bigint, began_at timestamptz, posted_since timestamptz
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.missing_circle_messages(
    missing_circle_messages.read_id, missing_circle_messages.fencing_token,
    missing_circle_messages.began_at, missing_circle_messages.posted_since
  );
end;
comment on function public.missing_circle_messages is
  'The message_ids of up to 20 messages or posts, written at posted_since or later, that Circle has not '
  'returned since began_at: removed, if it does not have them. Service role only. Errors: '
  'loop_circle_lease_expired (410).';
grant execute on function public.missing_circle_messages to service_role;
