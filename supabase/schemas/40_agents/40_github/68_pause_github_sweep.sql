-- GitHub's rate limits rest a token, or pause the sweep.

-- A limit that came with somebody's token is that token's: whoever uses theirs up elsewhere would otherwise
-- stop the sweep of everybody. It is taken for the address's once the tokens of two GitHub accounts are
-- limited at the same time, until one of the two may be used again.
create or replace function private.rest_github_token(p_secret_id uuid, p_until timestamptz)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_account text;
begin
  update private.secrets as s set rests_until = greatest(s.rests_until, p_until)
  where s.id = p_secret_id and s.kind = 'github_token'
  returning coalesce(lower(s.metadata ->> 'login'), s.id::text) into v_account;
  return (
    select least(p_until, max(o.rests_until)) from private.secrets as o
    where o.rests_until > clock_timestamp() and o.kind = 'github_token'
      and coalesce(lower(o.metadata ->> 'login'), o.id::text) <> v_account
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
  update private.github_sweep as g set paused_until = greatest(g.paused_until, v_until)
  where g.id and v_until is not null;
  return (select g.paused_until from private.github_sweep as g where g.paused_until > now());
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
