-- Calls circle-sync when something is due: from a job, and for a hint.

create or replace function private.request_circle_sync() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null or private.circle_bot() is null
    or private.provider_paused_until('circle') is not null
    or not exists (select from private.circle_reads as r where r.next_read_at <= now())
  then
    return false;
  end if;
  perform net.http_post(
    url => v_url || '/circle-sync', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text,
      'x-fixloop-ticket', private.issue_function_ticket('circle-sync')
    ),
    timeout_milliseconds => 145000
  );
  return true;
end;
$$;
comment on function private.request_circle_sync is
  'Calls the edge function circle-sync if something of Circle is due and it may be asked, and returns '
  'whether it did. Needs agent_settings.functions_url, and a bot in circle_sync_settings.';
