-- The bot's token, or the task of making one, for one caller at a time.

create or replace function private.describe_circle_token(p_state text, p_token private.circle_tokens)
returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_build_object('state', p_state) || case
    when p_state = 'wait' then jsonb_build_object(
      'until', coalesce(
        greatest(p_token.lease_expires_at, p_token.next_attempt_at), clock_timestamp() + interval '1 minute'
      ),
      'is_running', coalesce(p_token.lease_expires_at > clock_timestamp(), false), 'error', p_token.error
    )
    else jsonb_build_object(
      'id', p_token.id, 'sealed', p_token.sealed, 'fencing_token', p_token.fencing_token,
      'bot', private.circle_bot(),
      'bot_member_id', (select s.bot_member_id from public.circle_sync_settings as s),
      'bot_email', (select s.bot_email from public.circle_sync_settings as s)
    )
  end;
end;
$$;
comment on function private.describe_circle_token is 'The answer of begin_circle_token.';

create or replace function private.lease_circle_token(p_token private.circle_tokens)
returns private.circle_tokens
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_usable constant boolean := p_token.bot = private.circle_bot()
    and p_token.refresh_expires_at > clock_timestamp() + interval '1 minute' and p_token.error is null;
  v_token private.circle_tokens;
begin
  update private.circle_tokens as t set
    lease_expires_at = clock_timestamp() + interval '30 seconds', fencing_token = t.fencing_token + 1
  where t.is_bot
  returning * into v_token;
  -- without a refresh token that is worth a try, a pair of tokens is minted
  if v_is_usable is not true then
    v_token.id := null;
    v_token.sealed := null;
  end if;
  return v_token;
end;
$$;
comment on function private.lease_circle_token is
  'Leases the making of a token for 30 seconds: with the sealed pair where its refresh token can be used.';

create or replace function private.begin_circle_token(p_rejected_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_bot constant text := private.circle_bot();
  v_token private.circle_tokens;
  v_is_valid boolean;
begin
  select * into v_token from private.circle_tokens as t for update;
  if v_bot is null then
    return jsonb_build_object('state', 'off');
  end if;
  if p_rejected_id = v_token.id and v_token.rejected_at is null then
    update private.circle_tokens as t set rejected_at = clock_timestamp() where t.is_bot
    returning * into v_token;
  end if;
  v_is_valid := v_token.bot = v_bot and v_token.rejected_at is null
    and v_token.access_expires_at > clock_timestamp() + interval '1 minute';
  if v_is_valid and v_token.access_expires_at > clock_timestamp() + interval '5 minutes' then
    return private.describe_circle_token('ready', v_token);
  elsif v_token.lease_expires_at > clock_timestamp() or v_token.next_attempt_at > clock_timestamp() then
    return private.describe_circle_token(case when v_is_valid then 'ready' else 'wait' end, v_token);
  end if;
  return private.describe_circle_token('make', private.lease_circle_token(v_token));
end;
$$;
grant execute on function private.begin_circle_token to service_role;

create or replace function public.begin_circle_token(rejected_id uuid default null) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_circle_token(begin_circle_token.rejected_id);
end;
comment on function public.begin_circle_token is
  'The bot''s access token. state: ready (id, sealed); make (fencing_token; id and sealed of a pair whose '
  'refresh token can be used, else null; bot, and bot_member_id or bot_email to mint one for: the caller has '
  'it for 30 seconds and ends with finish_circle_token or fail_circle_token); wait (until; is_running: '
  'somebody else makes one; error: why the last attempt failed); off (no bot is set). rejected_id: a token '
  'that Circle did not accept. Service role only.';
grant execute on function public.begin_circle_token to service_role;
