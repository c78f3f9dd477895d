-- Stores a page of the bot's threads: the rooms that they are in, and that their replies have changed.

create or replace function private.rooms_of_threads(p_threads jsonb)
returns table (chat_room_uuid text, space_id bigint, space_name text, space_slug text, host text)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return query
  select distinct on (r.uuid) r.uuid, r.space_id::bigint, coalesce(r.name, r.slug, r.uuid), r.slug, r.host
  from (
    select private.parse_id(e.value #> '{parent_message,chat_room_uuid}') as uuid,
      private.parse_id(e.value #> '{chat_room,embedded_space,id}') as space_id,
      left(private.non_blank(e.value #>> '{chat_room,name}'), 200) as name,
      substring(e.value #>> '{chat_room,embedded_space,slug}' from '^[A-Za-z0-9._~-]{1,200}$') as slug,
      substring(
        e.value #>> '{chat_room,embedded_space,host}' from '^[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?$'
      ) as host
    from jsonb_array_elements(p_threads) as e
  ) as r
  where r.uuid is not null and length(r.uuid) <= 255 and r.space_id ~ '^[0-9]{1,18}$'
  order by r.uuid;
end;
$$;
comment on function private.rooms_of_threads is
  'The rooms of spaces that threads are in, each once; not those of direct messages.';

-- What an operator has entered about a room stays.
create or replace function private.store_circle_rooms(p_threads jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
  select r.space_id, r.space_name, r.chat_room_uuid from private.rooms_of_threads(p_threads) as r
  on conflict on constraint circle_spaces_chat_room_uuid_key do nothing;
  get diagnostics v_count = row_count;
  update private.circle_reads as c set
    space_slug = coalesce(r.space_slug, c.space_slug), host = coalesce(r.host, c.host)
  from private.rooms_of_threads(p_threads) as r
  where c.chat_room_uuid = r.chat_room_uuid
    and (c.space_slug, c.host) is distinct from (
      coalesce(r.space_slug, c.space_slug), coalesce(r.host, c.host)
    );
  return v_count;
end;
$$;
comment on function private.store_circle_rooms is
  'Adds the rooms of threads to circle_spaces, and their addresses to circle_reads. Returns how many are '
  'known from now on.';

-- Threads outside the window too: a reply to an old message brings it back.
create or replace function private.roots_of_threads(p_threads jsonb)
returns table (read_id bigint, message private.circle_record)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select distinct on (c.id, p.message_id) c.id, p
  from jsonb_array_elements(p_threads) as e
  join private.circle_reads as c
    on c.chat_room_uuid = private.parse_id(e.value #> '{parent_message,chat_room_uuid}')
  cross join lateral private.parse_chat_record(c, e.value -> 'parent_message') as p
  where p.message_id is not null and p.parent_id is null
    and p.replies_at > now() - make_interval(
      hours => (select s.window_hours from public.circle_sync_settings as s)
    )
    and not private.is_circle_bot(p)
  order by c.id, p.message_id;
end;
$$;
comment on function private.roots_of_threads is
  'The messages that began threads with a reply in the window, by the read of their room.';

create or replace function private.mark_changed_threads(p_threads jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  perform private.ingest_circle_records(array(
    select (r.message).record from private.roots_of_threads(p_threads) as r
    where not exists (
      select from private.circle_seen_messages as m
      where m.read_id = r.read_id and m.message_id = (r.message).message_id
    )
  ));
  -- Circle leaves parts of these messages out: a read of the room imports them whole
  insert into private.circle_seen_messages as m (
    read_id, message_id, source_id, thread_id, digest, posted_at, replies_state, replies_at
  )
  select r.read_id, (r.message).message_id, (r.message).source_id, (r.message).thread_id, sha256(''),
    (r.message).posted_at,
    concat_ws(' ', (r.message).replies_count, (r.message).replies_at), (r.message).replies_at
  from private.roots_of_threads(p_threads) as r
  on conflict on constraint circle_seen_messages_pkey do update set
    replies_state = excluded.replies_state, replies_at = excluded.replies_at
  where m.replies_state is distinct from excluded.replies_state;
  get diagnostics v_count = row_count;
  -- a room that is just being read finds them itself
  update private.circle_reads as c set next_read_at = now()
  where c.id in (
    select o.id from private.circle_reads as o
    where o.id in (select r.read_id from private.roots_of_threads(p_threads) as r)
      and o.lease_expires_at is null and o.next_read_at > now() and o.attempts_count = 0
      and v_count > 0
    for no key update skip locked
  );
  return v_count;
end;
$$;
comment on function private.mark_changed_threads is
  'Has the replies of threads read whose number, or the time of the last one, has changed, and imports what '
  'began a thread where that is not known. Returns how many threads.';

create or replace function private.record_circle_threads(
  p_read_id bigint, p_fencing_token bigint, p_threads jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_rooms integer;
begin
  perform private.lock_circle_read(p_read_id, p_fencing_token);
  -- two statements: the second has to see what the first has changed
  v_rooms := private.store_circle_rooms(p_threads);
  return jsonb_build_object('rooms', v_rooms, 'threads', private.mark_changed_threads(p_threads));
end;
$$;
grant execute on function private.record_circle_threads to service_role;

create or replace function public.record_circle_threads(
  read_id bigint, fencing_token bigint, threads jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_circle_threads(
    record_circle_threads.read_id, record_circle_threads.fencing_token, record_circle_threads.threads
  );
end;
comment on function public.record_circle_threads is
  'Takes threads that the bot takes part in, as Circle lists them: {rooms: how many were added to '
  'circle_spaces, threads: how many have other replies than before and are read}. Service role only. Errors: '
  'loop_circle_lease_expired (410).';
grant execute on function public.record_circle_threads to service_role;
