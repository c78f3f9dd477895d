-- One-time tickets with which the database calls edge functions.

-- Every role that can connect can read pg_net's requests, so none contains a secret that stays valid.
create table private.function_tickets (
  hash bytea not null,
  function_name text not null,
  expires_at timestamptz not null,
  constraint function_tickets_pkey primary key (hash),
  constraint function_tickets_hash_is_a_sha256 check (octet_length(hash) = 32)
);
comment on table private.function_tickets is
  'Calls of edge functions that the database has requested. A ticket is valid once, for one function, for '
  'five minutes; only its hash is stored.';
alter table private.function_tickets enable row level security;

create or replace function private.issue_function_ticket(p_function_name text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ticket constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  delete from private.function_tickets as t where t.expires_at < now();
  insert into private.function_tickets (hash, function_name, expires_at)
  values (sha256(convert_to(v_ticket, 'UTF8')), p_function_name, now() + interval '5 minutes');
  return v_ticket;
end;
$$;
comment on function private.issue_function_ticket is
  'A ticket for one call of an edge function. Deletes expired tickets.';

create or replace function private.use_function_ticket(p_function_name text, p_ticket text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.function_tickets as t
  where t.hash = sha256(convert_to(p_ticket, 'UTF8')) and t.function_name = p_function_name
    and t.expires_at >= now();
  if not found then
    raise exception using
      errcode = 'PT401', message = 'function_ticket_invalid',
      detail = 'The ticket is unknown, used, or more than five minutes old.',
      hint = 'Call with a secret key from a server.';
  end if;
end;
$$;
comment on function private.use_function_ticket is
  'Uses a ticket, once. Errors: function_ticket_invalid (401).';
