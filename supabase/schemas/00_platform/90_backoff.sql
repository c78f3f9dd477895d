-- The wait between attempts, the same for everything that is retried.

create or replace function private.backoff(p_attempt integer, p_base interval, p_cap interval)
returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- 2^20 seconds are twelve days. The exponent is bounded so that the interval does not overflow.
  return least(p_base * 2 ^ least(greatest(p_attempt - 1, 0), 20), p_cap) * (1 + random() / 5);
end;
$$;
comment on function private.backoff is
  'How long to wait after this failed attempt, counted from 1: p_base, twice as long after each further one, '
  'up to p_cap, and up to a fifth longer, so that what failed together is not retried together.';
