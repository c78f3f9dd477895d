-- Messages that Circle does not have any more: what is known of them goes into the inbox, marked as removed.

-- What was imported is kept with it: of two snapshots of one version, either may become raw_data.
create or replace function private.circle_removal(
  p_read private.circle_reads, p_seen private.circle_seen_messages, p_raw jsonb, p_posted_at timestamptz,
  p_edited_at timestamptz
) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  if private.circle_shape(p_raw) in ('chat_message', 'post', 'comment') then
    return p_raw || jsonb_build_object('deleted_at', now());
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'id', p_seen.source_id, 'created_at', coalesce(p_posted_at, p_seen.posted_at), 'deleted_at', now()
  ) || case
    when p_read.kind = 'room' then jsonb_build_object(
      'chat_room_uuid', p_read.chat_room_uuid, 'parent_message_id', p_seen.parent_id,
      'edited_at', p_edited_at
    )
    else jsonb_build_object(
      'post_id', p_seen.parent_id, 'body', jsonb_build_object(
        'record_type', case when p_seen.parent_id is null then 'Post' else 'Comment' end,
        'updated_at', p_edited_at
      )
    )
  end);
end;
$$;
comment on function private.circle_removal is
  'The record of a message that was found to be removed: what is known of its newest version, and when.';

create or replace function private.circle_removals(p_read private.circle_reads, p_message_ids text[])
returns jsonb[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select private.circle_removal(
      p_read, m, coalesce(i.raw_data, a.raw_data), coalesce(i.posted_at, a.posted_at),
      coalesce(i.edited_at, a.edited_at)
    )
    from private.circle_seen_messages as m
    left join public.circle_issues as i on i.message_id = m.message_id
    left join public.circle_replies as a on a.message_id = m.message_id
    where m.read_id = p_read.id and m.message_id = any (p_message_ids)
    order by m.source_id
  );
end;
$$;
comment on function private.circle_removals is 'A record per message of a read that was removed.';

create or replace function private.record_circle_removals(
  p_read_id bigint, p_fencing_token bigint, p_message_ids text[]
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_read constant private.circle_reads := private.lock_circle_read(p_read_id, p_fencing_token);
  v_removals constant jsonb[] := private.circle_removals(v_read, p_message_ids);
begin
  perform private.ingest_circle_records(v_removals);
  -- with its replies, which can't be read any more
  delete from private.circle_seen_messages as m
  using private.circle_seen_messages as r
  where r.read_id = p_read_id and r.message_id = any (p_message_ids) and m.read_id = p_read_id
    and (m.message_id = r.message_id or r.parent_id is null and m.parent_id = r.source_id);
  return cardinality(v_removals);
end;
$$;
grant execute on function private.record_circle_removals to service_role;

create or replace function public.record_circle_removals(
  read_id bigint, fencing_token bigint, message_ids text[]
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_circle_removals(
    record_circle_removals.read_id, record_circle_removals.fencing_token,
    record_circle_removals.message_ids
  );
end;
comment on function public.record_circle_removals is
  'Marks messages as removed that Circle answered 404 for, by circle_issues.removed_at or '
  'circle_replies.removed_at, and returns how many. Service role only. Errors: '
  'loop_circle_lease_expired (410).';
grant execute on function public.record_circle_removals to service_role;
