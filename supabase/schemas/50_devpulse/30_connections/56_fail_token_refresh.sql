-- Ends a refresh that has failed: for now, or for good.

create or replace function private.fail_token_refresh(
  p_connection_id uuid, p_secret_id uuid, p_fencing_token bigint, p_rejection text,
  p_is_uncertain boolean, p_retry_after integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_refresh private.token_refreshes;
  v_reason text;
begin
  perform from public.platform_connections as c
  where c.id = p_connection_id and c.access_token = 'secret:' || p_secret_id for no key update;
  if not found then
    return jsonb_build_object('outcome', 'superseded');
  end if;
  update private.token_refreshes as r
  set lease_expires_at = null, is_uncertain = r.is_uncertain or p_is_uncertain,
    attempts_count = r.attempts_count + 1,
    next_attempt_at = clock_timestamp() + greatest(
      private.backoff(r.attempts_count + 1, interval '5 seconds', interval '15 minutes'),
      make_interval(secs => least(greatest(p_retry_after, 0), 3600)::double precision)
    )
  where r.connection_id = p_connection_id and r.secret_id = p_secret_id
    and r.fencing_token = p_fencing_token and r.lease_expires_at is not null
  returning * into v_refresh;
  if not found then
    return jsonb_build_object('outcome', 'superseded');
  end if;
  if p_rejection is null then
    return jsonb_build_object('outcome', 'later', 'until', v_refresh.next_attempt_at);
  end if;
  v_reason := case
    when p_rejection = 'refresh_rejected' and v_refresh.is_uncertain then 'refresh_interrupted'
    else p_rejection
  end;
  perform private.require_connection_again(p_connection_id, v_reason);
  return jsonb_build_object('outcome', 'ended', 'reason', v_reason);
end;
$$;
grant execute on function private.fail_token_refresh to service_role;

create or replace function public.fail_token_refresh(
  connection_id uuid, secret_id uuid, fencing_token bigint, rejection text default null,
  is_uncertain boolean default false, retry_after integer default 0
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_token_refresh(
    fail_token_refresh.connection_id, fail_token_refresh.secret_id, fail_token_refresh.fencing_token,
    fail_token_refresh.rejection, fail_token_refresh.is_uncertain, fail_token_refresh.retry_after
  );
end;
comment on function public.fail_token_refresh is
  'Ends a lease without tokens. rejection: why the refresh token is of no use, refresh_rejected or '
  'secret_unreadable: the connection is reauth_required with this reason, or refresh_interrupted where an '
  'earlier exchange may have succeeded unseen. Without one, it is tried again, after retry_after seconds at '
  'the earliest; is_uncertain: the provider may have done it. Returns {outcome, until, reason}: later, '
  'ended, or superseded when the lease or the secret is no longer the caller''s. Service role only.';
grant execute on function public.fail_token_refresh to service_role;
