-- Stores what a run has read: what has changed goes into the inbox, and so becomes messages and issues.

create or replace function private.ingest_circle_records(p_records jsonb[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- of 1 MB that an event may have
  c_event_bytes constant integer := 500000;
  v_batch jsonb;
  v_count integer := 0;
begin
  for v_batch in
    select jsonb_agg(s.record order by s.position)
    from (
      select r.record, r.position,
        (sum(octet_length(r.record::text)) over (order by r.position) - 1) / c_event_bytes as batch
      from unnest(p_records) with ordinality as r (record, position)
    ) as s
    group by s.batch order by s.batch
  loop
    perform private.ingest_inbox_event(
      'circle', convert_to(v_batch::text, 'UTF8'), row(v_batch, null)::private.inbox_payload, null,
      'circle_sync', true
    );
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.ingest_circle_records is
  'Puts records into the inbox, in events of half a megabyte, and imports them. What can''t be imported is '
  'an event that failed: it is tried again, or listed in failed_circle_events, and stops nothing. Returns '
  'how many events.';

create or replace function private.parse_circle_records(p_read private.circle_reads, p_records jsonb)
returns private.circle_record[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select distinct on (p.message_id) row(
      p.message_id, p.source_id, p.parent_id, p.thread_id, p.member_id, p.email, p.posted_at,
      p.replies_count, p.replies_at, p.digest, p.record
    )::private.circle_record
    from jsonb_array_elements(p_records) with ordinality as e (value, position)
    cross join lateral (
      select x.* from private.parse_chat_record(p_read, e.value) as x where p_read.kind = 'room'
      union all
      select x.* from private.parse_post_record(
        e.value, e.value #>> '{body,record_type}' = 'Comment' or e.value ?| array['post', 'post_id']
      ) as x
      where p_read.kind = 'posts'
    ) as p
    where p.message_id is not null
    order by p.message_id, e.position desc
  );
end;
$$;
comment on function private.parse_circle_records is
  'The records of a room, or of a space with posts, each once, in the order of their ids.';

create or replace function private.store_seen_messages(p_read_id bigint, p_records private.circle_record[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.circle_seen_messages as m (
    read_id, message_id, source_id, parent_id, thread_id, digest, posted_at, replies_state, replies_at
  )
  select p_read_id, r.message_id, r.source_id, r.parent_id, r.thread_id, r.digest, r.posted_at,
    case when r.parent_id is null then concat_ws(' ', r.replies_count, r.replies_at) end,
    case when r.parent_id is null then r.replies_at end
  from unnest(p_records) as r
  on conflict on constraint circle_seen_messages_pkey do update set
    parent_id = excluded.parent_id, thread_id = excluded.thread_id, digest = excluded.digest, seen_at = now(),
    replies_state = excluded.replies_state, replies_at = excluded.replies_at;
end;
$$;
comment on function private.store_seen_messages is 'Records what a read returned, as seen by now.';

create or replace function private.record_circle_messages(
  p_read_id bigint, p_fencing_token bigint, p_records jsonb, p_cursor jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_read constant private.circle_reads := private.lock_circle_read(p_read_id, p_fencing_token);
  v_all constant private.circle_record[] := private.parse_circle_records(v_read, p_records);
  v_people private.circle_record[];
  v_changed jsonb[];
begin
  v_people := array(select r from unnest(v_all) as r where not private.is_circle_bot(r));
  v_changed := array(
    select r.record from unnest(v_people) as r
    where not exists (
      select from private.circle_seen_messages as m
      where m.read_id = p_read_id and m.message_id = r.message_id and m.digest = r.digest
    )
    order by r.parent_id nulls first, r.source_id
  );
  perform private.ingest_circle_records(v_changed);
  perform private.store_seen_messages(p_read_id, v_people);
  perform private.store_circle_cursor(p_read_id, p_cursor);
  return jsonb_build_object(
    'changed', cardinality(v_changed), 'own', cardinality(v_all) - cardinality(v_people),
    'invalid', jsonb_array_length(p_records) - cardinality(v_all),
    'unknown_authors', (
      select count(*)::integer from unnest(v_people) as r
      where r.member_id is not null
        and not exists (select from private.circle_members as m where m.member_id = r.member_id)
    )
  );
end;
$$;
grant execute on function private.record_circle_messages to service_role;

create or replace function public.record_circle_messages(
  read_id bigint, fencing_token bigint, records jsonb, cursor jsonb default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_circle_messages(
    record_circle_messages.read_id, record_circle_messages.fencing_token, record_circle_messages.records,
    record_circle_messages.cursor
  );
end;
comment on function public.record_circle_messages is
  'Stores messages, replies, posts or comments that a run of circle-sync has read, and where it goes on, in '
  'one transaction: {changed: how many were imported, own: the bot''s, which are not, invalid: without an id '
  'or repeated, unknown_authors: of whom no list of participants has told the e-mail address}. Service role '
  'only. Errors: loop_circle_lease_expired (410).';
grant execute on function public.record_circle_messages to service_role;
