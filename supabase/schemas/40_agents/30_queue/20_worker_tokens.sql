-- The credentials of workers that are no servers: for named agents, revocable, good for the queue alone.

create table public.worker_tokens (
  id uuid not null default gen_random_uuid(),
  user_id uuid,
  name text not null,
  agents text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint worker_tokens_pkey primary key (id),
  constraint worker_tokens_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint worker_tokens_name_says_something check (btrim(name) <> '' and char_length(name) <= 200),
  constraint worker_tokens_agents_are_named check (cardinality(agents) between 1 and 50)
);
comment on table public.worker_tokens is
  'One row a credential, without the credential. Made by create_worker_token, ended by revoke_worker_token. '
  'Users see their own; admins of the team also those for everybody''s tasks.';
comment on column public.worker_tokens.user_id is 'Whose tasks it claims; null for everybody''s.';
comment on column public.worker_tokens.agents is 'The agents whose tasks it claims.';
comment on column public.worker_tokens.expires_at is 'From then on it is refused; null for never.';
comment on column public.worker_tokens.revoked_at is 'Since when it is refused; null while it is good.';
comment on column public.worker_tokens.last_used_at is 'When it was last shown, give or take ten minutes.';
create index worker_tokens_user_id_idx on public.worker_tokens (user_id);

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
  'The SHA-256 of each credential: of 32 random bytes, so that it needs no salt and nobody can guess it.';
alter table private.worker_token_hashes enable row level security;

create or replace function private.agent_names(p_agents text[]) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select case when count(*) between 1 and 50 and max(char_length(n.name)) <= 100
      then array_agg(n.name order by n.name) end
    from (
      select distinct private.non_blank(a.agent) as name from unnest(p_agents) as a (agent)
    ) as n
    where n.name is not null
  );
end;
$$;
comment on function private.agent_names is
  'The names without blanks and repetitions; null when there is none, or more than 50, or one is too long.';

create or replace function private.create_worker_token(
  name text, agents text[], expires_in_days integer, for_everybody boolean
) returns table (id uuid, token text)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := case when for_everybody is not true then auth.uid() end;
  v_agents constant text[] := private.agent_names(agents);
  v_name constant text := private.non_blank(name);
begin
  if for_everybody then
    perform private.require_team_role('admin');
  elsif v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A worker token is an account''s.',
      hint = 'Sign in, or make one for everybody''s tasks: for_everybody.';
  end if;
  if v_name is null or char_length(v_name) > 200 or v_agents is null
    or expires_in_days not between 1 and 3650
  then
    raise exception using
      errcode = 'PT422', message = 'agents_worker_input_invalid',
      detail = 'A worker token has a name of up to 200 characters, one to 50 agents, and 1 to 3650 days.',
      hint = 'Leave expires_in_days out for one that does not expire.';
  end if;
  token := 'flw_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.worker_tokens as w (user_id, name, agents, expires_at)
  values (v_user_id, v_name, v_agents, clock_timestamp() + make_interval(days => expires_in_days))
  returning w.id into create_worker_token.id;
  insert into private.worker_token_hashes (hash, worker_token_id)
  values (sha256(convert_to(token, 'UTF8')), create_worker_token.id);
  return next;
end;
$$;
grant execute on function private.create_worker_token
  to authenticated, service_role;

create or replace function public.create_worker_token(
  name text, agents text[], expires_in_days integer default null, for_everybody boolean default false
) returns table (id uuid, token text)
language sql volatile security invoker set search_path = ''
begin atomic
  select c.id, c.token
  from private.create_worker_token(
    name => create_worker_token.name, agents => create_worker_token.agents,
    expires_in_days => create_worker_token.expires_in_days,
    for_everybody => create_worker_token.for_everybody
  ) as c;
end;
comment on function public.create_worker_token is
  'Makes a credential with which a worker claims the caller''s tasks for these agents, and finishes what it '
  'claimed; with for_everybody, anybody''s tasks (admins and servers). The token is shown this once. '
  'Errors: sign_in_required (401), team_role_required (403), agents_worker_input_invalid (422).';
grant execute on function public.create_worker_token
  to authenticated, service_role;

create or replace function private.revoke_worker_token(id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_revoked_at timestamptz;
begin
  update public.worker_tokens as w set revoked_at = coalesce(w.revoked_at, clock_timestamp())
  where w.id = revoke_worker_token.id
    and (
      w.user_id = auth.uid() or private.is_trusted_caller()
      or w.user_id is null and private.has_team_role('admin')
    )
  returning w.revoked_at into v_revoked_at;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_worker_token_unknown',
      detail = 'There is no worker token with this id.', hint = 'Use the id of a row in worker_tokens.';
  end if;
  return v_revoked_at;
end;
$$;
grant execute on function private.revoke_worker_token to authenticated, service_role;

create or replace function public.revoke_worker_token(id uuid) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.revoke_worker_token(id => revoke_worker_token.id);
end;
comment on function public.revoke_worker_token is
  'Ends a credential at once, also for the tasks that its worker holds: their leases run out. Says since '
  'when it is revoked. Its user, admins of the team for one for everybody, and servers. '
  'Errors: agents_worker_token_unknown (404).';
grant execute on function public.revoke_worker_token to authenticated, service_role;

-- Unknown, expired and revoked are one answer.
create or replace function private.authorize_worker(
  p_worker_token text, out token_id uuid, out user_id uuid, out agents text[]
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last_used_at timestamptz;
begin
  if p_worker_token is null then
    if private.is_trusted_caller() then
      return;
    end if;
    raise exception using
      errcode = 'PT401', message = 'agents_worker_token_required',
      detail = 'The queue is open to servers and to workers with a token.',
      hint = 'Make one with create_worker_token and send it as worker_token.';
  end if;
  select w.id, w.user_id, w.agents, w.last_used_at
  into authorize_worker.token_id, authorize_worker.user_id, authorize_worker.agents, v_last_used_at
  from private.worker_token_hashes as h
  join public.worker_tokens as w on w.id = h.worker_token_id
  where h.hash = sha256(convert_to(p_worker_token, 'UTF8')) and w.revoked_at is null
    and (w.expires_at is null or w.expires_at > clock_timestamp());
  if not found then
    raise exception using
      errcode = 'PT401', message = 'agents_worker_token_invalid',
      detail = 'The worker token is unknown, expired or revoked.', hint = 'Make a new one.';
  end if;
  if v_last_used_at is null or v_last_used_at < clock_timestamp() - interval '10 minutes' then
    update public.worker_tokens as w set last_used_at = clock_timestamp()
    where w.id = (
      select x.id from public.worker_tokens as x where x.id = authorize_worker.token_id
      for no key update skip locked
    );
  end if;
end;
$$;
comment on function private.authorize_worker is
  'Passes whoever may use the queue: trusted callers, for whom it returns nulls, and holders of a worker '
  'token, whose scope it returns. A trusted caller that shows a token is held to it. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401).';
