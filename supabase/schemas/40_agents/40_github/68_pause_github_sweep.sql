-- GitHub's rate limit pauses the sweep.

create or replace function private.pause_github_sweep(p_until timestamptz) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz;
begin
  update private.github_sweep as g set
    paused_until = greatest(g.paused_until, least(p_until, now() + interval '1 day'))
  where g.id
  returning g.paused_until into v_until;
  return v_until;
end;
$$;
grant execute on function private.pause_github_sweep to service_role;

create or replace function public.pause_github_sweep(until timestamptz) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_github_sweep(pause_github_sweep.until);
end;
comment on function public.pause_github_sweep is
  'Pauses the sweep until then, at most for a day, because of GitHub''s rate limit. Returns until when it is '
  'paused. Service role only.';
grant execute on function public.pause_github_sweep to service_role;
