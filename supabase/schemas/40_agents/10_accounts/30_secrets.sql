-- Users' secrets, such as their GitHub tokens: sealed (encrypted) by an edge function, with a key that the
-- database does not have.

create table private.secrets (
  id uuid not null,
  user_id uuid not null,
  kind text not null,
  sealed text not null,
  key_id text not null generated always as (split_part(sealed, '.', 2)) stored,
  metadata jsonb not null default '{}',
  checked_at timestamptz,
  invalid_at timestamptz,
  rests_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint secrets_pkey primary key (id),
  -- The profile and not the account, so that a transaction that writes a secret and one that deletes the
  -- account lock the same row first.
  constraint secrets_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint secrets_user_id_kind_key unique (user_id, kind),
  constraint secrets_kind_is_known
    check (kind in ('github_token', 'github_connection', 'youtube_connection', 'devto_connection')),
  constraint secrets_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
);
comment on table private.secrets is
  'One secret of each kind per user, as ciphertext that is bound to id, kind and user_id. The key is in the '
  'environment of the edge functions.';
comment on column private.secrets.id is
  'Set by the function that sealed it, another one for each new secret: it identifies the secret and not '
  'only its user.';
comment on column private.secrets.sealed is 'v1.<key id>.<nonce>.<ciphertext>, see docs/secrets.md.';
comment on column private.secrets.key_id is 'The master key that it is sealed with.';
comment on column private.secrets.metadata is
  'What is not secret about it: of a github_token login, scopes and expires_at; of a connection its scopes.';
comment on column private.secrets.checked_at is 'When its provider was last asked whether it is valid.';
comment on column private.secrets.invalid_at is 'Since when its provider rejects it; null while it is valid.';
comment on column private.secrets.rests_until is
  'Until when its provider asks for no requests with it, because of a rate limit.';

-- For whether several of them rest.
create index secrets_rests_until_idx on private.secrets (rests_until) where rests_until is not null;

-- A trigger and not a check constraint: a check's error, and so the server's log, contains the whole row. It
-- fires first, before anything else could fail with the same row.
create or replace function private.reject_unsealed_secret() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if length(new.sealed) <= 16384 and new.sealed
    ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{23,}$'
  then
    return new;
  end if;
  raise exception using
    errcode = 'PT422', message = 'agents_secret_invalid',
    detail = 'A secret is stored as v1.<key id>.<nonce>.<ciphertext> and in no other form.',
    hint = 'Send it to the edge function that seals it.';
end;
$$;
comment on function private.reject_unsealed_secret is
  'Before trigger, the first of its table. The error does not contain the value. Errors: '
  'agents_secret_invalid (422).';

create trigger _010_reject_unsealed_secret before insert on private.secrets
  for each row execute function private.reject_unsealed_secret();
create trigger _020_reject_unsealed_secret before update on private.secrets
  for each row when (old.sealed is distinct from new.sealed)
  execute function private.reject_unsealed_secret();
create trigger _900_set_timestamps before insert or update on private.secrets
  for each row execute function private.set_timestamps();

-- No policy, no grant: for operators and for functions, which run as the owner.
alter table private.secrets enable row level security;
