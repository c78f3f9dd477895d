-- Who refreshes the token of a connection: one at a time, with a lease.

-- A refresh token may be valid once. Whoever exchanges it and is killed before the new one is stored has lost
-- both; the row remembers that, so that the connection can say so.
create table private.token_refreshes (
  connection_id uuid not null,
  secret_id uuid not null,
  fencing_token bigint not null,
  lease_expires_at timestamptz,
  is_uncertain boolean not null default false,
  attempts_count integer not null default 0,
  next_attempt_at timestamptz,
  constraint token_refreshes_pkey primary key (connection_id),
  constraint token_refreshes_connection_id_fkey
    foreign key (connection_id) references public.platform_connections (id) on delete cascade
);
comment on table private.token_refreshes is
  'The refresh of a connection''s token that runs, or the last one. Without a row for its present secret, a '
  'connection has had none.';
comment on column private.token_refreshes.secret_id is
  'The secret whose refresh token is exchanged; a row about another secret than the connection''s is over.';
comment on column private.token_refreshes.fencing_token is 'Higher with each lease of the connection.';
comment on column private.token_refreshes.lease_expires_at is 'Null when nobody refreshes it.';
comment on column private.token_refreshes.is_uncertain is
  'Whether an earlier exchange of this secret may have succeeded without its result being stored.';
comment on column private.token_refreshes.attempts_count is 'Failed attempts with this secret.';
comment on column private.token_refreshes.next_attempt_at is 'Before this time, nobody tries again.';
alter table private.token_refreshes enable row level security;

create or replace function private.describe_refresh(
  p_outcome text, p_connection public.platform_connections, p_secret private.secrets
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_build_object(
    'outcome', p_outcome, 'token_expires_at', p_connection.token_expires_at,
    'secret_id', p_secret.id, 'user_id', p_secret.user_id, 'platform', p_connection.platform,
    'sealed', p_secret.sealed
  );
end;
$$;
comment on function private.describe_refresh is
  'A connection''s sealed secret, with what the caller of begin_token_refresh is to do with it.';

create or replace function private.require_connection_again(p_connection_id uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.platform_connections as c set status = 'reauth_required', status_reason = p_reason
  where c.id = p_connection_id and c.status = 'connected';
  update private.secrets as s set invalid_at = coalesce(s.invalid_at, clock_timestamp())
  from public.platform_connections as c
  where c.id = p_connection_id and s.user_id = c.user_id and s.kind = c.platform || '_connection';
end;
$$;
comment on function private.require_connection_again is
  'Marks a connection that its user has to connect again, with the reason.';

-- The lease is longer than an exchange (10 s) and the call that stores its result (10 s) take together.
create or replace function private.lease_refresh(
  p_connection public.platform_connections, p_secret private.secrets
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last private.token_refreshes;
  v_answer jsonb;
begin
  select * into v_last from private.token_refreshes as r
  where r.connection_id = p_connection.id and r.secret_id = p_secret.id;
  v_answer := private.describe_refresh('refresh', p_connection, p_secret);
  if v_last.lease_expires_at > clock_timestamp() then
    return v_answer || jsonb_build_object('outcome', 'wait', 'until', v_last.lease_expires_at);
  end if;
  if v_last.next_attempt_at > clock_timestamp() then
    return v_answer || jsonb_build_object('outcome', 'later', 'until', v_last.next_attempt_at);
  end if;
  -- a lease that ran out without a result may have had one at the provider
  insert into private.token_refreshes as r (connection_id, secret_id, fencing_token, lease_expires_at)
  values (p_connection.id, p_secret.id, 1, clock_timestamp() + interval '30 seconds')
  on conflict on constraint token_refreshes_pkey do update set
    secret_id = excluded.secret_id, fencing_token = r.fencing_token + 1,
    lease_expires_at = excluded.lease_expires_at,
    is_uncertain = coalesce(v_last.is_uncertain or v_last.lease_expires_at is not null, false),
    attempts_count = coalesce(v_last.attempts_count, 0), next_attempt_at = null
  returning * into v_last;
  return v_answer || jsonb_build_object(
    'fencing_token', v_last.fencing_token, 'until', v_last.lease_expires_at
  );
end;
$$;
comment on function private.lease_refresh is
  'Leases the refresh of a connection whose row is locked, or says who waits: wait while somebody else '
  'refreshes, later after a failure.';
