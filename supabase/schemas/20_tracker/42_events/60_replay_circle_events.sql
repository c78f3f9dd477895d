-- All events of a period once more, for admins.

create or replace function private.replay_circle_events(
  p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  return private.replay_inbox_events('circle', p_from, p_to, p_limit);
end;
$$;
grant execute on function private.replay_circle_events to authenticated, service_role;

create or replace function public.replay_circle_events(
  received_from timestamptz, received_to timestamptz default now(), max_events integer default 1000
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.replay_circle_events(
    replay_circle_events.received_from, replay_circle_events.received_to, replay_circle_events.max_events
  );
end;
comment on function public.replay_circle_events is
  'Processes every event received from received_from up to received_to again, in the order in which they '
  'arrived, with the same result as before. Returns {replayed, next_from, <status>: count}; next_from is '
  'where to continue when there were more than max_events (at most 10000), else null. Admins and servers. '
  'Errors: sign_in_required (401), team_role_required (403), inbox_range_invalid (422).';
grant execute on function public.replay_circle_events to authenticated, service_role;
