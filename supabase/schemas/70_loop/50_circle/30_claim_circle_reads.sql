-- Leases to circle-sync what is due.

create or replace function private.lease_circle_reads(p_limit integer) returns bigint[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings constant public.circle_sync_settings := private.load_circle_sync_settings();
  v_ids bigint[];
begin
  -- nobody to read as
  if private.circle_bot() is null then
    return '{}'::bigint[];
  end if;
  with due as (
    select r.id
    from private.circle_reads as r
    where r.next_read_at <= now()
      and (r.chat_room_uuid is null or r.chat_room_uuid <> all (v_settings.ignored_room_uuids))
    order by r.next_read_at, r.id
    limit p_limit
    for no key update skip locked
  ), leased as (
    update private.circle_reads as r set
      fencing_token = r.fencing_token + 1, attempts_count = r.attempts_count + 1,
      lease_expires_at = now() + interval '3 minutes',
      -- one that kills its function again and again is tried less and less often
      next_read_at = now() + interval '3 minutes' + case when r.attempts_count < 3 then interval '0'
        else private.backoff(r.attempts_count - 2, interval '5 minutes', interval '6 hours') end
    from due as d where r.id = d.id
    returning r.id
  )
  select array_agg(l.id) into v_ids from leased as l;
  return coalesce(v_ids, '{}'::bigint[]);
end;
$$;
comment on function private.lease_circle_reads is
  'Leases up to p_limit reads that are due for three minutes, the longest due first.';

create or replace function private.describe_circle_reads(p_ids bigint[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_settings constant public.circle_sync_settings := private.load_circle_sync_settings();
begin
  return jsonb_build_object(
    'now', now(), 'window_hours', v_settings.window_hours, 'first_read_hours', v_settings.first_read_hours,
    'window_minutes', v_settings.window_minutes, 'page_size', v_settings.page_size,
    'reads', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', r.id, 'fencing_token', r.fencing_token, 'kind', r.kind, 'chat_room_uuid', r.chat_room_uuid,
        'post_space_id', r.post_space_id, 'cursor', r.cursor
      ) order by r.id)
      from private.circle_reads as r where r.id = any (p_ids)
    ), '[]'::jsonb)
  );
end;
$$;
comment on function private.describe_circle_reads is 'What circle-sync needs for these reads.';

create or replace function private.claim_circle_reads(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids bigint[];
begin
  if p_ticket is not null then
    perform private.use_function_ticket('circle-sync', p_ticket);
  end if;
  -- two statements: the second has to see what the first has changed
  v_ids := private.lease_circle_reads(least(greatest(coalesce(p_batch_size, 4), 1), 50));
  return private.describe_circle_reads(v_ids);
end;
$$;
grant execute on function private.claim_circle_reads to service_role;

create or replace function public.claim_circle_reads(ticket text default null, batch_size integer default 4)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_circle_reads(claim_circle_reads.ticket, claim_circle_reads.batch_size);
end;
comment on function public.claim_circle_reads is
  'Leases to circle-sync what is due of Circle, for three minutes: {now, window_hours, first_read_hours, '
  'window_minutes, page_size, reads: [{id, fencing_token, kind: room, posts or threads, chat_room_uuid, '
  'post_space_id, cursor}]}. A ticket can be used once; without one the caller has checked who asks. Service '
  'role only. Errors: function_ticket_invalid (401).';
grant execute on function public.claim_circle_reads to service_role;
