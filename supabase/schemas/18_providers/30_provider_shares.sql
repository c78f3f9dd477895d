-- Whether a budget has calls left for a user.

-- A provider's limit is its account's, whichever tokens and users of ours ask for it.
create or replace function private.load_secret_account(p_secret_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select coalesce(lower(s.metadata ->> 'login'), (
      select lower(case c.platform when 'github' then c.platform_username else c.platform_user_id end)
      from public.platform_connections as c
      where c.user_id = s.user_id and s.kind = c.platform || '_connection'
    ))
    from private.secrets as s where s.id = p_secret_id
  ), p_secret_id::text);
end;
$$;
comment on function private.load_secret_account is
  'The account at the provider that a secret belongs to, as far as it is known, else the secret''s id.';

create or replace function private.load_provider_caller(
  p_secret_id uuid, out o_user_id uuid, out o_account text, out o_rests_until timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  o_account := private.load_secret_account(p_secret_id);
  select s.user_id, s.rests_until into o_user_id, o_rests_until
  from private.secrets as s where s.id = p_secret_id;
end;
$$;
comment on function private.load_provider_caller is
  'Whose secret it is, its account at the provider, and until when that provider does not want to see it.';

-- A user who has had their share gets more while less than half is spent: what others may not need is not
-- wasted, and one user can't spend the other half. The last calls are for users who have had nothing yet.
create or replace function private.is_provider_share_left(
  p_budget private.provider_budgets, p_spending private.provider_spending, p_user_id uuid, p_calls integer
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit constant integer := greatest(p_budget.calls_limit - p_budget.calls_reserve, 0);
  v_share integer;
  v_spent integer;
  v_kept integer;
begin
  if p_budget.calls_limit is null then
    return true;
  elsif p_spending.spent_count + p_calls > v_limit then
    return false;
  elsif p_budget.scope <> 'project' or p_user_id is null or p_budget.users_count = 0 then
    return true;
  end if;
  v_share := v_limit / p_budget.users_count;
  v_spent := coalesce((
    select u.spent_count from private.provider_user_spending as u
    where u.user_id = p_user_id and u.provider = p_budget.provider
      and u.period_start = p_spending.period_start
  ), 0);
  if v_spent = 0 then
    return true;
  end if;
  v_kept := greatest(p_budget.users_count - p_spending.users_count, 0)
    * least(p_budget.guaranteed_calls, v_share);
  return p_spending.spent_count + p_calls + v_kept <= v_limit
    and (v_spent + p_calls <= v_share or p_spending.spent_count + p_calls <= v_limit / 2);
end;
$$;
comment on function private.is_provider_share_left is
  'Whether so many calls are left of a budget, and of a shared one for this user: the project''s limit over '
  'its active users, more while less than half of all is spent, and always something for who '
  'has had nothing.';

create or replace function private.provider_retry_at(
  p_budget private.provider_budgets, p_spending private.provider_spending, p_user_id uuid, p_calls integer
) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_longest constant interval := make_interval(secs => p_budget.max_wait_ms / 1000.0);
begin
  if not private.is_provider_share_left(p_budget, p_spending, p_user_id, p_calls) then
    return p_spending.period_end;
  elsif p_spending.next_call_at > clock_timestamp() + v_longest then
    return p_spending.next_call_at;
  end if;
  return null;
end;
$$;
comment on function private.provider_retry_at is
  'When a budget that has no calls left for this user may have some; null where it has.';
