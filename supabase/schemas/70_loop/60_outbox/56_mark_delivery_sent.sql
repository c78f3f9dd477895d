-- Just before a reply is posted where the response does not show whether it arrived.

create or replace function private.mark_delivery_sent(
  p_id bigint, p_fencing_token bigint, p_lease_seconds integer
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sent_at constant timestamptz := clock_timestamp();
  v_lease constant interval := make_interval(
    secs => least(greatest(coalesce(p_lease_seconds, 60), 5), 600)
  );
  v_is_cancelled boolean;
begin
  update private.delivery_queue as q set
    sent_at = v_sent_at, next_attempt_at = v_sent_at + v_lease
  where q.delivery_id = p_id and q.fencing_token = p_fencing_token and q.is_leased
    and q.next_attempt_at > v_sent_at
  returning q.is_cancelled into v_is_cancelled;
  if not found then
    perform private.raise_delivery_lease_expired(p_id);
  elsif v_is_cancelled or not private.is_reply_current(p_id) then
    perform private.end_deliveries(
      array[p_id], 'cancelled', case when v_is_cancelled then 'Cancelled while it was about to be sent.'
        else 'The issue has changed since.' end
    );
    return null;
  end if;
  return v_sent_at;
end;
$$;
grant execute on function private.mark_delivery_sent to service_role;

create or replace function public.mark_delivery_sent(
  id bigint, fencing_token bigint, lease_seconds integer default 60
) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.mark_delivery_sent(
    mark_delivery_sent.id, mark_delivery_sent.fencing_token, mark_delivery_sent.lease_seconds
  );
end;
comment on function public.mark_delivery_sent is
  'Notes that the delivery is about to be posted, renews its lease, and returns when: the next attempt waits '
  'until it had time to appear, and reads the thread before it posts again. Null where it was cancelled or '
  'is not true any more, which ends it: then nothing is posted, nor where the lease has run out. Service '
  'role only. Errors: loop_delivery_lease_expired (409).';
grant execute on function public.mark_delivery_sent to service_role;
