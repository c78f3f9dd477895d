-- Calls platform-sync when something is due: from a job, and from sync_now.

create or replace function private.request_platform_sync() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
  v_due integer;
  v_calls integer;
begin
  if v_url is null then
    return 0;
  end if;
  select count(*)::integer into v_due
  from (select from private.sync_schedule as s where s.next_sync_at <= now() limit 1000) as d;
  -- one run of the function does 250 and more; a backlog gets four
  v_calls := case when v_due = 0 then 0 else least(1 + v_due / 250, 4) end;
  for i in 1..v_calls loop
    perform net.http_post(
      url => v_url || '/platform-sync', body => '{}'::jsonb, params => '{}'::jsonb,
      headers => jsonb_build_object(
        'content-type', 'application/json'::text,
        'x-fixloop-ticket', private.issue_function_ticket('platform-sync')
      ),
      timeout_milliseconds => 145000
    );
  end loop;
  return v_calls;
end;
$$;
comment on function private.request_platform_sync is
  'Calls the edge function platform-sync, one to four times, if a connection is due, and returns how many '
  'times. Needs agent_settings.functions_url.';

-- Counted now and then: the share of a project''s budget is the limit over their number.
create or replace function private.count_provider_users() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.provider_budgets as b set users_counted_at = now(), users_count = (
    select count(*)::integer from public.platform_connections as c
    where c.platform = b.provider and c.is_active and c.status = 'connected'
  )
  where b.scope = 'project' and b.period is not null
    and coalesce(b.users_counted_at <= now() - interval '10 minutes', true);
end;
$$;
comment on function private.count_provider_users is
  'Counts the users of budgets that are shared, every ten minutes.';

create or replace function private.run_platform_sync() returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.count_provider_users();
  return private.request_platform_sync();
end;
$$;
comment on function private.run_platform_sync is
  'Counts who shares budgets, and calls platform-sync if something is due. For the scheduler.';
