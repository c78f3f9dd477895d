-- A hint of circle-webhook, {type, data: {ids}}, brings forward the read of what it is about.

create or replace function private.reads_of_hint(p_data jsonb) returns bigint[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_space_id constant text := private.parse_id(p_data -> 'space_id');
begin
  return array(
    select r.id from private.circle_reads as r
    left join public.circle_spaces as s on s.chat_room_uuid = r.chat_room_uuid
    where r.chat_room_uuid = private.parse_id(p_data -> 'chat_room_uuid')
      or s.space_id::text = v_space_id or r.post_space_id::text = v_space_id
      or r.kind = 'posts' and v_space_id is null and p_data ?| array['post_id', 'comment_id']
  );
end;
$$;
comment on function private.reads_of_hint is
  'What to read for a hint with chat_room_uuid, space_id, post_id or comment_id; nothing for one '
  'about members alone.';

create or replace function private.apply_circle_hints(p_payload jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update private.circle_reads as r set next_read_at = now()
  where r.id in (
    select o.id from private.circle_reads as o
    where o.id = any (array(
        select i from jsonb_array_elements(private.circle_elements(p_payload)) as e
        cross join lateral unnest(private.reads_of_hint(e.value -> 'data')) as i
        where private.circle_shape(e.value) = 'hint'
      ))
      and o.lease_expires_at is null and o.next_read_at > now() and o.attempts_count = 0
      -- of posts each read takes from the month's quota
      and (o.kind = 'room' or coalesce(o.read_at < now() - interval '10 minutes', true))
    for no key update skip locked
  );
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform private.request_circle_sync();
  end if;
  return v_count;
end;
$$;
comment on function private.apply_circle_hints is
  'Makes due what the hints in a payload are about, and has it read; posts at most every ten minutes. '
  'Returns how many reads.';
