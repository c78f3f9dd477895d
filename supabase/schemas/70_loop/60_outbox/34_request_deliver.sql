-- Calls the edge function deliver: after the commit of what is to be sent, and from a job.

-- pg_net sends after the commit. Once per transaction; and not while three calls of the last ten seconds have
-- not begun yet, each of which will find what is due. What is missed is due at the next minute's call.
create or replace function private.request_deliver() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null or current_setting('app.deliver_requested', true) = 'on' or (
    select count(*) from private.function_tickets as t
    where t.function_name = 'deliver' and t.expires_at > clock_timestamp() + interval '290 seconds'
  ) >= 3 then
    return false;
  end if;
  perform set_config('app.deliver_requested', 'on', true);
  perform net.http_post(
    url => v_url || '/deliver', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text, 'x-fixloop-ticket', private.issue_function_ticket('deliver')
    ),
    timeout_milliseconds => 145000
  );
  return true;
end;
$$;
comment on function private.request_deliver is
  'Calls the edge function deliver after the commit, once per transaction, and returns whether it did. Needs '
  'agent_settings.functions_url.';
