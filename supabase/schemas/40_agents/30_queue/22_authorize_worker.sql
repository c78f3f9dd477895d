-- Who may use the queue: servers, and workers with a token.

-- An unknown, an expired and a revoked token get one answer, and so does one whose user has no right to it.
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
      hint = 'Create one with create_worker_token and send it as worker_token.';
  end if;
  select w.id, w.user_id, w.agents, w.last_used_at
  into authorize_worker.token_id, authorize_worker.user_id, authorize_worker.agents, v_last_used_at
  from private.worker_token_hashes as h
  join public.worker_tokens as w on w.id = h.worker_token_id
  where h.hash = sha256(convert_to(p_worker_token, 'UTF8')) and w.revoked_at is null
    and w.expires_at > clock_timestamp()
    and (w.user_id is null or private.is_person_account(w.user_id));
  if not found then
    raise exception using
      errcode = 'PT401', message = 'agents_worker_token_invalid',
      detail = 'The worker token is unknown, expired or revoked, or its user is banned, deleted or '
        'anonymous.',
      hint = 'Create another one.';
  end if;
  -- at most every ten minutes, and by one of the workers that share the token
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
  'The scope of a worker token: its id, whose tasks (null for everybody''s) and which agents. All nulls for '
  'a trusted caller without a token; one that sends a token is held to it. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401).';
