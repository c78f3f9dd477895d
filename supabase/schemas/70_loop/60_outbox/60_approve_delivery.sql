-- An agent approves a draft, which is sent then.

create or replace function private.lock_delivery(p_id bigint) returns public.deliveries
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_delivery public.deliveries;
begin
  perform private.require_team_role('agent');
  -- the queue first, as those do that finish and fail it
  perform from private.delivery_queue as q where q.delivery_id = p_id for update;
  select d.* into v_delivery from public.deliveries as d where d.id = p_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'loop_delivery_unknown', detail = 'There is no delivery with this id.',
      hint = 'Use the id of a row in deliveries.';
  end if;
  return v_delivery;
end;
$$;
comment on function private.lock_delivery is
  'Locks a delivery for an agent. Errors: sign_in_required (401), team_role_required (403), '
  'loop_delivery_unknown (404).';

create or replace function private.raise_delivery_conflict(p_status text, p_hint text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'loop_delivery_status_conflict',
    detail = format('The delivery is %s.', p_status), hint = p_hint;
end;
$$;
comment on function private.raise_delivery_conflict is
  'Errors: loop_delivery_status_conflict (409), always.';

create or replace function private.approve_delivery(p_id bigint) returns public.deliveries
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_delivery public.deliveries := private.lock_delivery(p_id);
begin
  if v_delivery.status in ('pending', 'delivered') and v_delivery.approved_by is not null then
    return v_delivery;
  elsif v_delivery.status <> 'draft' then
    perform private.raise_delivery_conflict(v_delivery.status, 'Only a draft is approved.');
  end if;
  update public.deliveries as d set
    status = 'pending', deliver_after = clock_timestamp(), approved_by = private.actor_name(),
    approved_by_user_id = auth.uid()
  where d.id = p_id;
  perform private.refresh_reply_targets(array[p_id]);
  perform private.queue_deliveries(array[p_id]);
  select d.* into v_delivery from public.deliveries as d where d.id = p_id;
  return v_delivery;
end;
$$;
grant execute on function private.approve_delivery to authenticated, service_role;

create or replace function public.approve_delivery(id bigint) returns public.deliveries
language sql volatile security invoker set search_path = ''
begin atomic
  select private.approve_delivery(approve_delivery.id);
end;
comment on function public.approve_delivery is
  'Has a draft sent, as it is, and returns it; repeated, the same. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), loop_delivery_unknown (404), '
  'loop_delivery_status_conflict (409).';
grant execute on function public.approve_delivery to authenticated, service_role;
