-- Connections by OAuth that are under way, from a page's request to the connection that its user completes.

-- What proves something (the ticket, the state, the code) is stored as its SHA-256, the PKCE verifier as the
-- challenge, and the tokens sealed: nobody who reads this table can continue a flow.
create table private.oauth_flows (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  platform text not null,
  scope text not null,
  return_to text not null,
  ticket_hash bytea not null,
  state_hash bytea,
  challenge bytea,
  claimed_by uuid,
  code_hash bytea,
  secret_id uuid,
  sealed text,
  account jsonb,
  completed_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint oauth_flows_pkey primary key (id),
  constraint oauth_flows_ticket_hash_key unique (ticket_hash),
  constraint oauth_flows_state_hash_key unique (state_hash),
  constraint oauth_flows_code_hash_key unique (code_hash),
  constraint oauth_flows_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint oauth_flows_platform_is_known check (platform in ('github', 'youtube')),
  constraint oauth_flows_scope_is_known check (scope in ('public', 'private')),
  constraint oauth_flows_hashes_are_sha256 check (
    octet_length(ticket_hash) = 32 and octet_length(state_hash) = 32 and octet_length(challenge) = 32
    and octet_length(code_hash) = 32
  ),
  constraint oauth_flows_state_has_a_challenge check ((state_hash is null) = (challenge is null))
);
create index oauth_flows_user_id_idx on private.oauth_flows (user_id, created_at);
create index oauth_flows_expires_at_idx on private.oauth_flows (expires_at);
comment on table private.oauth_flows is
  'One row per flow: oauth-start creates it, oauth-callback adds what the provider granted, its user '
  'completes it. Each step has ten minutes.';
comment on column private.oauth_flows.scope is
  'What the user agrees to share: public, or private for private repositories too.';
comment on column private.oauth_flows.ticket_hash is 'Of the ticket in the URL that opens the flow, once.';
comment on column private.oauth_flows.state_hash is 'Of the state that the provider returns, once.';
comment on column private.oauth_flows.challenge is
  'The PKCE challenge: the SHA-256 of the verifier, which is in a cookie of the browser that '
  'opened the flow.';
comment on column private.oauth_flows.claimed_by is
  'The attempt that has used the state, whatever its result: a repeated call of the same attempt gets '
  'the same result.';
comment on column private.oauth_flows.code_hash is
  'Of the connection code with which the user who started the flow completes it.';
comment on column private.oauth_flows.sealed is
  'The tokens, sealed for secret_id, the kind of the platform and user_id; null until the provider granted '
  'them and after the flow is completed.';
comment on column private.oauth_flows.account is
  'platform_user_id, platform_username, token_expires_at, has_refresh_token and metadata, of whoever agreed '
  'at the provider.';

create trigger _010_reject_unsealed_secret before insert or update on private.oauth_flows
  for each row when (new.sealed is not null) execute function private.reject_unsealed_secret();

-- No policy, no grant: for operators and for functions, which run as the owner.
alter table private.oauth_flows enable row level security;

create or replace function private.prune_oauth_flows() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from private.oauth_flows as f where f.expires_at < now();
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_oauth_flows is
  'Deletes flows that have expired, with the tokens that nobody asked for. Returns how many.';
