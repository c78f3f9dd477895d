-- Which threads of a read have to be read: those with other replies than when they were last read, and from
-- time to time the others, for edits.

create or replace function private.due_circle_threads(
  p_read_id bigint, p_fencing_token bigint, p_hours integer, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_circle_read(p_read_id, p_fencing_token);
  return coalesce((
    select jsonb_agg(
      jsonb_build_object(
        'id', d.source_id, 'thread_id', d.thread_id, 'replies_state', d.replies_state, 'now', now()
      )
      order by d.is_unchanged, d.replies_read_at nulls first, d.source_id
    )
    from (
      select m.source_id, m.thread_id, m.replies_state, m.replies_read_at,
        m.replies_state is not distinct from m.read_replies_state as is_unchanged
      from private.circle_seen_messages as m
      where m.read_id = p_read_id and m.parent_id is null
        and (m.replies_state !~ '^0( |$)' or m.read_replies_state is not null)
        and (
          m.replies_state is distinct from m.read_replies_state
          or m.replies_read_at < now() - make_interval(hours => p_hours)
        )
      order by is_unchanged, m.replies_read_at nulls first, m.source_id
      limit least(greatest(p_limit, 1), 100)
    ) as d
  ), '[]'::jsonb);
end;
$$;
grant execute on function private.due_circle_threads to service_role;

create or replace function public.due_circle_threads(
  read_id bigint, fencing_token bigint, hours integer default 6, max_threads integer default 20
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.due_circle_threads(
    due_circle_threads.read_id, due_circle_threads.fencing_token, due_circle_threads.hours,
    due_circle_threads.max_threads
  );
end;
comment on function public.due_circle_threads is
  'Up to max_threads messages or posts of a read whose replies have changed since they were read, or were '
  'read more than so many hours ago: [{id, thread_id, replies_state, now}]. finish_circle_thread() ends '
  'each. Service role only. Errors: loop_circle_lease_expired (410).';
grant execute on function public.due_circle_threads to service_role;
