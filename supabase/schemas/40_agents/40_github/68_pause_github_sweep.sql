-- GitHub's rate limits rest a token, or pause the sweep.

-- A limit that came with somebody's token is that token's: whoever uses theirs up elsewhere would otherwise
-- stop the sweep of everybody. It is taken for the address's once the tokens of two GitHub accounts are
-- limited at the same time, until one of the two may be used again.
create or replace function private.rest_github_token(p_secret_id uuid, p_until timestamptz)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_account constant text := private.load_secret_account(p_secret_id);
begin
  perform private.pause_provider('github', p_until, p_secret_id);
  return (
    select least(p_until, max(o.rests_until)) from private.secrets as o
    where o.rests_until > clock_timestamp() and o.kind = 'github_token'
      and private.load_secret_account(o.id) <> v_account
    having count(*) > 0
  );
end;
$$;
comment on function private.rest_github_token is
  'The sweep does not use this token until then. Returns until when all sweeps are to pause, because the '
  'token of another GitHub account rests too; else null.';

create or replace function private.pause_github_sweep(p_until timestamptz, p_secret_id uuid)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz := least(p_until, now() + interval '1 day');
begin
  if p_secret_id is not null then
    v_until := private.rest_github_token(p_secret_id, v_until);
  end if;
  if v_until is not null then
    perform private.pause_provider('github_sweep', v_until, null::uuid);
  end if;
  return private.provider_paused_until('github_sweep');
end;
$$;
grant execute on function private.pause_github_sweep to service_role;

create or replace function public.pause_github_sweep(until timestamptz, secret_id uuid default null)
returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_github_sweep(pause_github_sweep.until, pause_github_sweep.secret_id);
end;
comment on function public.pause_github_sweep is
  'Records that GitHub asks for no requests until then, at most for a day. With the secret_id of the token '
  'that was told so, that token rests, and all sweeps pause only when the token of another GitHub account '
  'rests too; without one (the request had no token) all sweeps pause. Returns until when they do, '
  'null for not. Service role only.';
grant execute on function public.pause_github_sweep to service_role;
