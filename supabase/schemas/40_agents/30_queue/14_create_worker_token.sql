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

create or replace function private.create_worker_token(
  p_name text, p_agents text[], p_expires_in_days integer, p_for_everybody boolean
) returns table (id uuid, token text)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := case when p_for_everybody is not true then auth.uid() end;
  v_agents constant text[] := private.normalize_agents(p_agents);
  v_name constant text := private.non_blank(p_name);
begin
  if p_for_everybody then
    perform private.require_team_role('admin');
  elsif v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A worker token belongs to an account.',
      hint = 'Sign in, or create one for everybody''s tasks: for_everybody.';
  end if;
  if v_name is null or char_length(v_name) > 200 or v_agents is null
    or p_expires_in_days not between 1 and 3650
  then
    raise exception using
      errcode = 'PT422', message = 'agents_worker_input_invalid',
      detail = 'A worker token has a name of up to 200 characters, one to 50 agents, and 1 to 3650 days.',
      hint = 'Leave expires_in_days out for one that does not expire.';
  end if;
  token := 'flw_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.worker_tokens as w (user_id, name, agents, expires_at)
  values (v_user_id, v_name, v_agents, clock_timestamp() + make_interval(days => p_expires_in_days))
  returning w.id into create_worker_token.id;
  insert into private.worker_token_hashes (hash, worker_token_id)
  values (sha256(convert_to(token, 'UTF8')), create_worker_token.id);
  return next;
end;
$$;
grant execute on function private.create_worker_token to authenticated, service_role;

create or replace function public.create_worker_token(
  name text, agents text[], expires_in_days integer default null, for_everybody boolean default false
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
  'claimed; with for_everybody, anybody''s tasks (admins and servers). The token is returned this once. '
  'Errors: sign_in_required (401), team_role_required (403), agents_worker_input_invalid (422).';
grant execute on function public.create_worker_token to authenticated, service_role;
