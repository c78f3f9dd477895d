-- GitHub's rate limits rest a token, or pause the sweep.

create or replace function private.pause_github_sweep(p_until timestamptz, p_secret_id uuid)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.pause_provider('github', least(p_until, now() + interval '1 day'), p_secret_id);
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
