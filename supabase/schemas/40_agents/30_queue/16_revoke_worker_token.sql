-- Ends a worker token.

create or replace function private.revoke_worker_token(p_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_revoked_at timestamptz;
begin
  update public.worker_tokens as w set revoked_at = coalesce(w.revoked_at, clock_timestamp())
  where w.id = p_id
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
  select private.revoke_worker_token(revoke_worker_token.id);
end;
comment on function public.revoke_worker_token is
  'Revokes a worker token immediately, also for the tasks that its worker holds: their leases run out. '
  'Returns since when it is revoked. For its user, for admins of the team if it is for everybody''s tasks, '
  'and for servers. Errors: agents_worker_token_unknown (404).';
grant execute on function public.revoke_worker_token to authenticated, service_role;
