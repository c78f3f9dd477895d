-- What a claim asks for.

create or replace function private.raise_worker_input_invalid(p_detail text) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_worker_input_invalid', detail = p_detail,
    hint = 'Correct the arguments; docs/agents-queue.md describes each of them.';
end;
$$;
comment on function private.raise_worker_input_invalid is
  'Errors: agents_worker_input_invalid (422), always.';

create or replace function private.check_lease_seconds(p_lease_seconds integer) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_max_seconds constant integer := (select s.max_lease_seconds from public.agent_settings as s where s.id);
begin
  if (p_lease_seconds between 5 and v_max_seconds) is not true then
    perform private.raise_worker_input_invalid(format('lease_seconds is from 5 to %s.', v_max_seconds));
  end if;
  return make_interval(secs => p_lease_seconds);
end;
$$;
comment on function private.check_lease_seconds is
  'The length of a lease, if it is an allowed one. Errors: agents_worker_input_invalid (422).';

create or replace function private.check_claim(
  p_worker text, p_agents text[], p_lease_seconds integer, p_allowed_agents text[]
) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if private.non_blank(p_worker) is null or octet_length(p_worker) > 200 then
    perform private.raise_worker_input_invalid('worker is the worker''s name, of 1 to 200 bytes.');
  end if;
  if coalesce(cardinality(p_agents), 0) not between 1 and 50 or array_position(p_agents, null) is not null
  then
    perform private.raise_worker_input_invalid('agents names 1 to 50 agents that the worker runs.');
  end if;
  if not p_agents <@ p_allowed_agents then
    raise exception using
      errcode = 'PT403', message = 'agents_worker_agents_forbidden',
      detail = format('The worker token is for: %s.', array_to_string(p_allowed_agents, ', ')),
      hint = 'Ask for those only, or create another token.';
  end if;
  return private.check_lease_seconds(p_lease_seconds);
end;
$$;
comment on function private.check_claim is
  'Checks the arguments of a claim and returns the length of its lease. p_allowed_agents: null for any. '
  'Errors: agents_worker_agents_forbidden (403), agents_worker_input_invalid (422).';

create or replace function private.check_claim_exceptions(p_users uuid[], p_projects bigint[]) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if coalesce(cardinality(p_users), 0) > 100 or coalesce(cardinality(p_projects), 0) > 100 then
    perform private.raise_worker_input_invalid('except_users and except_projects name up to 100 each.');
  end if;
end;
$$;
comment on function private.check_claim_exceptions is
  'Checks whose tasks a claim leaves to others. Errors: agents_worker_input_invalid (422).';

create or replace function private.load_claim(p_claim_key uuid, p_worker_token_id uuid)
returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_claim_key::text, 20261122));
  select a.* into v_attempt from public.task_attempts as a
  where a.claim_key = p_claim_key and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and a.worker_token_id is not distinct from p_worker_token_id
    and private.is_active_account(a.user_id)
  limit 1;
  return v_attempt;
end;
$$;
comment on function private.load_claim is
  'The lease that an earlier claim with this key got from the same caller, while it holds; else null. '
  'Serializes claims with the same key.';
