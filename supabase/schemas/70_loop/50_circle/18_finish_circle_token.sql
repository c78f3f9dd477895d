-- Stores a token that was made.

create or replace function private.finish_circle_token(p_fencing_token bigint, p_token jsonb) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.circle_tokens as t set
    id = (p_token ->> 'id')::uuid, sealed = p_token ->> 'sealed', bot = p_token ->> 'bot',
    member_id = coalesce(
      (p_token ->> 'member_id')::bigint, case when t.bot = p_token ->> 'bot' then t.member_id end
    ),
    access_expires_at = (p_token ->> 'access_expires_at')::timestamptz,
    refresh_expires_at = coalesce(
      (p_token ->> 'refresh_expires_at')::timestamptz, t.refresh_expires_at
    ),
    rejected_at = null, lease_expires_at = null, failures_count = 0, next_attempt_at = null, error = null
  where t.fencing_token = p_fencing_token and t.lease_expires_at is not null;
  return found;
end;
$$;
grant execute on function private.finish_circle_token to service_role;

create or replace function public.finish_circle_token(fencing_token bigint, token jsonb) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_circle_token(finish_circle_token.fencing_token, finish_circle_token.token);
end;
comment on function public.finish_circle_token is
  'Stores the bot''s tokens, {id, sealed, bot, member_id, access_expires_at, refresh_expires_at}, under the '
  'lease of begin_circle_token. False where the lease is another''s by then. Service role only. Errors: '
  'agents_secret_invalid (422).';
grant execute on function public.finish_circle_token to service_role;
