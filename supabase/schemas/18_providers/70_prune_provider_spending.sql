-- What budgets spent in periods that have ended.

create or replace function private.prune_provider_spending() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
  v_users integer;
begin
  delete from private.provider_spending as s
  where s.scope = 'token' and s.period_end < now() - interval '1 day';
  get diagnostics v_count = row_count;
  delete from private.provider_user_spending as u where u.period_start < now() - interval '40 days';
  get diagnostics v_users = row_count;
  delete from private.provider_pauses as p where p.paused_until < now();
  return v_count + v_users;
end;
$$;
comment on function private.prune_provider_spending is
  'Deletes what accounts spent in hours that ended more than a day ago, and users in periods that began more '
  'than 40 days ago, and returns how many rows. For the scheduler.';
