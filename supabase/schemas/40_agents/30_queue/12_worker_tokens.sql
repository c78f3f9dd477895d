-- The credentials of workers that are not servers: for named agents, revocable, valid for the queue alone.

create table public.worker_tokens (
  id uuid not null default gen_random_uuid(),
  user_id uuid,
  created_by uuid,
  name text not null,
  agents text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '90 days',
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint worker_tokens_pkey primary key (id),
  constraint worker_tokens_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint worker_tokens_created_by_fkey
    foreign key (created_by) references public.users (id) on delete cascade,
  constraint worker_tokens_created_by_is_the_user_or_a_server
    check (created_by is null or user_id is not null and created_by = user_id),
  constraint worker_tokens_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint worker_tokens_agents_are_named check (cardinality(agents) between 1 and 50)
);
comment on table public.worker_tokens is
  'One row per worker token, without the token itself. Created by create_worker_token, ended by '
  'revoke_worker_token. Users see their own; admins of the team also those for everybody''s tasks.';
comment on column public.worker_tokens.user_id is 'Whose tasks it claims; null for everybody''s.';
comment on column public.worker_tokens.created_by is
  'The account that created it: its user. Null for a server or an operator, who alone create tokens '
  'for everybody''s tasks.';
comment on column public.worker_tokens.agents is 'The agents whose tasks it claims.';
comment on column public.worker_tokens.expires_at is 'From then on it is rejected.';
comment on column public.worker_tokens.revoked_at is 'Since when it is rejected; null while it is valid.';
comment on column public.worker_tokens.last_used_at is 'When it was last used, within ten minutes.';
create index worker_tokens_user_id_idx on public.worker_tokens (user_id);
create index worker_tokens_created_by_idx on public.worker_tokens (created_by);

create trigger _900_set_created_at before insert or update on public.worker_tokens
  for each row execute function private.set_created_at();

alter table public.worker_tokens enable row level security;
create policy worker_tokens_select_own on public.worker_tokens
  for select to authenticated
  using (user_id = (select auth.uid()) or user_id is null and (select private.has_team_role('admin')));
grant select on public.worker_tokens to authenticated, service_role;

create table private.worker_token_hashes (
  hash bytea not null,
  worker_token_id uuid not null,
  constraint worker_token_hashes_pkey primary key (hash),
  constraint worker_token_hashes_worker_token_id_key unique (worker_token_id),
  constraint worker_token_hashes_worker_token_id_fkey foreign key (worker_token_id)
    references public.worker_tokens (id) on delete cascade,
  constraint worker_token_hashes_hash_is_sha256 check (octet_length(hash) = 32)
);
comment on table private.worker_token_hashes is
  'The SHA-256 of each worker token: of 32 random bytes, so that it needs no salt and nobody can guess it.';
alter table private.worker_token_hashes enable row level security;
