-- Creates a worker token, which is returned this once.

create or replace function private.normalize_agents(p_agents text[]) returns text[]
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
comment on function private.normalize_agents is
  'The names without blank and repeated ones; null for none, for more than 50, or where one is longer '
  'than 100 characters.';

-- A token for everybody reads anybody's conversation, and what it reports is taken for a fact. A role in the
-- team gives no such right, and so no way to one.
create or replace function private.require_worker_token_maker(p_user_id uuid, p_for_everybody boolean)
returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_for_everybody and not private.is_trusted_caller() then
    raise exception using
      errcode = 'PT403', message = 'agents_worker_token_forbidden',
      detail = 'Only servers and operators create tokens for everybody''s tasks.',
      hint = 'Call with the secret key from a server, or leave for_everybody out.';
  end if;
  if not p_for_everybody and not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'A worker token belongs to an account that is not anonymous, banned or deleted.',
      hint = 'Sign in with an e-mail address; from a server, create one for everybody''s tasks: '
        'for_everybody.';
  end if;
end;
$$;
comment on function private.require_worker_token_maker is
  'Returns where this account, or for everybody''s tasks this caller, may create a worker token. Errors: '
  'sign_in_required (401), agents_worker_token_forbidden (403).';

-- Who creates and revokes in turns leaves no more ended ones than that either.
create or replace function private.limit_worker_tokens(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.worker_tokens_per_user from public.agent_settings as s where s.id);
begin
  if v_limit is null then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  delete from public.worker_tokens as w
  where w.id in (
    select o.id from public.worker_tokens as o
    where o.user_id = p_user_id and least(o.revoked_at, o.expires_at) <= clock_timestamp()
    order by o.created_at desc offset v_limit
  );
  if (
    select count(*) from public.worker_tokens as w
    where w.user_id = p_user_id and least(w.revoked_at, w.expires_at) > clock_timestamp()
  ) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_worker_tokens_limit_reached',
      detail = format('An account has up to %s valid worker tokens.', v_limit),
      hint = 'Revoke one with revoke_worker_token, or ask an admin to raise '
        'agent_settings.worker_tokens_per_user.';
  end if;
end;
$$;
comment on function private.limit_worker_tokens is
  'Returns where a user may have one more worker token, and deletes the oldest that ended. Errors: '
  'agents_worker_tokens_limit_reached (409).';

create or replace function private.create_worker_token(
  p_name text, p_agents text[], p_expires_in_days integer, p_for_everybody boolean
) returns table (id uuid, token text)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := case when p_for_everybody is not true then auth.uid() end;
  v_agents text[];
  v_name text;
begin
  perform private.require_worker_token_maker(v_user_id, coalesce(p_for_everybody, false));
  v_agents := private.normalize_agents(p_agents);
  v_name := private.non_blank(p_name);
  if v_name is null or char_length(v_name) > 200 or v_agents is null
    or p_expires_in_days not between 1 and 365
  then
    raise exception using
      errcode = 'PT422', message = 'agents_worker_input_invalid',
      detail = 'A worker token has a name of up to 200 characters, one to 50 agents, and 1 to 365 days.',
      hint = 'Leave expires_in_days out for one that is valid for 90 days.';
  end if;
  if v_user_id is not null then
    perform private.limit_worker_tokens(v_user_id);
  end if;
  token := 'flw_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.worker_tokens as w (user_id, created_by, name, agents, expires_at)
  values (
    v_user_id, v_user_id, v_name, v_agents,
    clock_timestamp() + make_interval(days => coalesce(p_expires_in_days, 90))
  )
  returning w.id into create_worker_token.id;
  insert into private.worker_token_hashes (hash, worker_token_id)
  values (sha256(convert_to(token, 'UTF8')), create_worker_token.id);
  return next;
end;
$$;
grant execute on function private.create_worker_token to authenticated, service_role;

create or replace function public.create_worker_token(
  name text, agents text[], expires_in_days integer default 90, for_everybody boolean default false
) returns table (id uuid, token text)
language sql volatile security invoker set search_path = ''
begin atomic
  select c.id, c.token
  from private.create_worker_token(
    create_worker_token.name, create_worker_token.agents, create_worker_token.expires_in_days,
    create_worker_token.for_everybody
  ) as c;
end;
comment on function public.create_worker_token is
  'Creates a token with which a worker claims the caller''s tasks for these agents, and finishes what it '
  'claimed; with for_everybody, anybody''s tasks (servers and operators only). It is valid for '
  'expires_in_days, 1 to 365, and returned this once. Errors: sign_in_required (401), '
  'agents_worker_token_forbidden (403), agents_worker_tokens_limit_reached (409), '
  'agents_worker_input_invalid (422).';
grant execute on function public.create_worker_token to authenticated, service_role;
