-- What one account may have is counted under a lock of this account: its own writers wait for each other, and
-- for nobody else's. It is the last lock that a statement takes.

create or replace function private.lock_user_limits(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 20261129));
end;
$$;
comment on function private.lock_user_limits is
  'Serializes what is counted against a user''s limits, so that the later transaction counts what the '
  'earlier one committed.';
