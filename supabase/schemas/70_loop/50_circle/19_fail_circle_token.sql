-- Records that no token could be made.

create or replace function private.fail_circle_token(p_fencing_token bigint, p_error text) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz;
begin
  -- a refresh that failed is followed by minting one, immediately
  update private.circle_tokens as t set
    lease_expires_at = null, failures_count = t.failures_count + 1, error = left(p_error, 200),
    next_attempt_at = case
      when p_error = 'refresh_rejected' then null
      else clock_timestamp() + private.backoff(t.failures_count + 1, interval '10 seconds', interval '1 hour')
    end
  where t.fencing_token = p_fencing_token and t.lease_expires_at is not null
  returning coalesce(t.next_attempt_at, clock_timestamp()) into v_until;
  return v_until;
end;
$$;
grant execute on function private.fail_circle_token to service_role;

create or replace function public.fail_circle_token(fencing_token bigint, error text) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_circle_token(fail_circle_token.fencing_token, fail_circle_token.error);
end;
comment on function public.fail_circle_token is
  'Ends the lease of begin_circle_token without a token, and returns from when on another can be made: '
  'immediately after refresh_rejected, else after a wait that grows to an hour. Null where the lease is '
  'another''s by then. Service role only.';
grant execute on function public.fail_circle_token to service_role;
