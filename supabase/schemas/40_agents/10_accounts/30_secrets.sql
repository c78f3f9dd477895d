-- Other people's secrets, such as their GitHub tokens: sealed by an edge function, with a key that the
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
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint secrets_pkey primary key (id),
  -- The profile and not the account, so that whoever writes a secret and whoever deletes the account lock the
  -- same row first.
  constraint secrets_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint secrets_user_id_kind_key unique (user_id, kind),
  constraint secrets_kind_is_known check (kind in ('github_token')),
  constraint secrets_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
);
comment on table private.secrets is
  'One secret of a kind for each user, as ciphertext that is bound to id, kind and user_id. The key is in '
  'the environment of the edge functions.';
comment on column private.secrets.id is
  'Given by whoever sealed it, and new with each new secret: it says which one it is, not only whose.';
comment on column private.secrets.sealed is 'v1.<key id>.<nonce>.<ciphertext>, see docs/secrets.md.';
comment on column private.secrets.key_id is 'The master key that it is sealed with.';
comment on column private.secrets.metadata is
  'What may be known about it: of a github_token login, scopes and expires_at.';
comment on column private.secrets.checked_at is 'When its provider last said whether it is valid.';
comment on column private.secrets.invalid_at is 'Since when the provider refuses it; null while it does not.';

-- A trigger and not a check constraint: a check's error, and so the server's log, repeats the whole row. It
-- is the first one, before anything else could fail over the same row.
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
    hint = 'Hand it to the edge function that seals it.';
end;
$$;
comment on function private.reject_unsealed_secret is
  'Before trigger, the first of its table. The error does not repeat the value. '
  'Errors: agents_secret_invalid (422).';

create trigger _010_reject_unsealed_secret before insert on private.secrets
  for each row execute function private.reject_unsealed_secret();
create trigger _020_reject_unsealed_secret before update on private.secrets
  for each row when (old.sealed is distinct from new.sealed)
  execute function private.reject_unsealed_secret();
create trigger _900_set_timestamps before insert or update on private.secrets
  for each row execute function private.set_timestamps();

-- No policy, no grant: nobody but the functions below, which run as the owner, and operators.
alter table private.secrets enable row level security;

create or replace function private.read_secret(p_user_id uuid, p_kind text)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb, invalid_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.id, s.user_id, s.kind, s.sealed, s.metadata, s.invalid_at from private.secrets as s
  where s.user_id = p_user_id and s.kind = p_kind;
end;
$$;
grant execute on function private.read_secret to service_role;

create or replace function public.read_secret(p_user_id uuid, p_kind text)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb, invalid_at timestamptz)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed, s.metadata, s.invalid_at
  from private.read_secret(p_user_id => read_secret.p_user_id, p_kind => read_secret.p_kind) as s;
end;
comment on function public.read_secret is 'A user''s secret, sealed; no row for none. Service role only.';
grant execute on function public.read_secret to service_role;

create or replace function private.mark_secret_checked(p_id uuid, p_is_valid boolean, p_metadata jsonb)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.secrets as s set
    checked_at = clock_timestamp(),
    invalid_at = case when not p_is_valid then coalesce(s.invalid_at, clock_timestamp()) end,
    metadata = s.metadata || coalesce(p_metadata, '{}')
  where s.id = p_id;
  return found;
end;
$$;
grant execute on function private.mark_secret_checked to service_role;

create or replace function public.mark_secret_checked(
  p_id uuid, p_is_valid boolean, p_metadata jsonb default null
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.mark_secret_checked(
    p_id => mark_secret_checked.p_id, p_is_valid => mark_secret_checked.p_is_valid,
    p_metadata => mark_secret_checked.p_metadata
  );
end;
comment on function public.mark_secret_checked is
  'Writes down what the provider said about a secret just now, and what else it told. False when the secret '
  'has been replaced or removed meanwhile. Service role only.';
grant execute on function public.mark_secret_checked to service_role;
