-- Ends a run: how it ended, and when its room or space is read next.

-- The month's quota has to last: with less left than the usual pace needs, posts are read less often. A read
-- takes two calls, and a third for comments.
create or replace function private.post_read_interval() returns interval
language plpgsql stable security definer set search_path = '' as $$
declare
  v_reads constant integer := greatest(
    (select count(*)::integer from private.circle_reads as r where r.kind = 'posts'), 1
  );
  v_usual constant interval := make_interval(
    mins => (select s.post_minutes from public.circle_sync_settings as s)
  );
  v_end timestamptz;
  v_left integer;
begin
  select p.o_end, b.calls_limit - b.calls_reserve
    - case when s.period_end > clock_timestamp() then s.spent_count else 0 end
  into v_end, v_left
  from private.provider_budgets as b
  left join private.provider_spending as s on s.provider = b.provider and s.scope = b.scope
  cross join lateral private.begin_budget_period(b.period, clock_timestamp()) as p
  where b.provider = 'circle_admin' and b.scope = 'project' and b.period is not null;
  if v_left is null then
    return v_usual;
  elsif v_left <= 0 then
    return greatest(v_usual, v_end - clock_timestamp());
  end if;
  return greatest(v_usual, (v_end - clock_timestamp()) * (3.0 * v_reads / v_left));
end;
$$;
comment on function private.post_read_interval is
  'How long to wait between two reads of a space''s posts: post_minutes, or longer, so that what is left of '
  'the Admin API''s quota lasts to the end of the month.';

create or replace function private.next_circle_read_at(
  p_read private.circle_reads, p_state text, p_is_counted boolean, p_retry_at timestamptz
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  if p_state = 'more' then
    return v_now;
  elsif p_retry_at > v_now then
    return least(p_retry_at, v_now + interval '32 days');
  elsif p_state = 'failed' and p_is_counted then
    return v_now + private.backoff(p_read.attempts_count, interval '1 minute', interval '6 hours');
  elsif p_state <> 'done' then
    return v_now + interval '1 minute';
  end if;
  return v_now + case p_read.kind
    when 'room' then interval '50 seconds'
    when 'threads' then interval '5 minutes'
    else private.post_read_interval()
  end;
end;
$$;
comment on function private.next_circle_read_at is
  'When a read is due again: a room within a minute, the threads after five, posts as the quota allows.';

create or replace function private.finish_circle_read(
  p_read_id bigint, p_fencing_token bigint, p_result jsonb
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_read private.circle_reads;
  v_state constant text := coalesce(p_result ->> 'state', 'failed');
  v_is_counted constant boolean := coalesce((p_result ->> 'is_counted')::boolean, false);
begin
  select * into v_read from private.circle_reads as r
  where r.id = p_read_id and r.fencing_token = p_fencing_token and r.lease_expires_at is not null
  for no key update;
  if not found then
    return false;
  end if;
  update private.circle_reads as r set
    lease_expires_at = null,
    next_read_at = private.next_circle_read_at(
      v_read, v_state, v_is_counted, (p_result ->> 'retry_at')::timestamptz
    ),
    -- the claim has counted this run already
    attempts_count = case
      when v_state in ('done', 'more') then 0
      when v_state = 'failed' and v_is_counted then r.attempts_count
      else greatest(r.attempts_count - 1, 0)
    end,
    read_at = case when v_state in ('done', 'more') then clock_timestamp() else r.read_at end,
    error = case when v_state not in ('done', 'more') then left(p_result ->> 'error_code', 200) end
  where r.id = p_read_id;
  return true;
end;
$$;
grant execute on function private.finish_circle_read to service_role;

create or replace function public.finish_circle_read(read_id bigint, fencing_token bigint, result jsonb)
returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_circle_read(
    finish_circle_read.read_id, finish_circle_read.fencing_token, finish_circle_read.result
  );
end;
comment on function public.finish_circle_read is
  'Ends a run of circle-sync with {state: done, more (there is more to read), deferred or failed, '
  'error_code, is_counted (whether the room or the space caused the failure), retry_at (when Circle may be '
  'asked again)}, and schedules the next. False when the run has lost its lease. Service role only.';
grant execute on function public.finish_circle_read to service_role;
