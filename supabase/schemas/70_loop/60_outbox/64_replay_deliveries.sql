-- Dead letters are tried again.

create or replace function private.replay_deliveries(
  p_ids bigint[], p_channel text, p_endpoint_id uuid, p_created_after timestamptz, p_limit integer
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids bigint[];
begin
  perform private.require_team_role('admin');
  v_ids := array(
    select d.id from public.deliveries as d
    left join public.webhook_endpoints as e on e.id = d.endpoint_id
    where d.status = 'dead'
      and (p_ids is null or d.id = any (p_ids))
      and (p_channel is null or d.channel = p_channel)
      and (p_endpoint_id is null or d.endpoint_id = p_endpoint_id)
      and (p_created_after is null or d.created_at >= p_created_after)
      and e.is_active is distinct from false
      and private.is_reply_current(d.id) and private.can_reach_reporters(d)
    order by d.id
    limit least(greatest(coalesce(p_limit, 1000), 1), 10000)
    for no key update of d skip locked
  );
  perform private.revive_deliveries(v_ids);
  return cardinality(v_ids);
end;
$$;
grant execute on function private.replay_deliveries to authenticated, service_role;

create or replace function public.replay_deliveries(
  ids bigint[] default null, channel text default null, endpoint_id uuid default null,
  created_after timestamptz default null, max_count integer default 1000
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.replay_deliveries(
    replay_deliveries.ids, replay_deliveries.channel, replay_deliveries.endpoint_id,
    replay_deliveries.created_after, replay_deliveries.max_count
  );
end;
comment on function public.replay_deliveries is
  'Has dead deliveries sent again, with ten attempts: those with these ids, of this channel, endpoint and '
  'time, the oldest max_count (up to 10,000) of them, and returns how many. Left out are those of an '
  'endpoint that is off and replies that are not true any more or that have no thread. One that nobody has '
  'approved where reply_mode wants it becomes a draft. Admins and servers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.replay_deliveries to authenticated, service_role;
