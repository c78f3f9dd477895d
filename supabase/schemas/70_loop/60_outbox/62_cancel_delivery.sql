-- Takes deliveries back that have not arrived.

-- One that is under way, or was posted and not seen yet, may have arrived: whoever has its lease, or gets it
-- next, finishes it, and only another attempt is off.
create or replace function private.cancel_deliveries(p_ids bigint[], p_reason text) returns bigint[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_cancelled bigint[];
  v_others bigint[];
begin
  -- a statement of its own: those that follow see what was claimed while this one waited
  perform from private.delivery_queue as q where q.delivery_id = any (p_ids)
  order by q.delivery_id for update;
  update private.delivery_queue as q set is_cancelled = true
  where q.delivery_id = any (p_ids) and (q.is_leased or q.sent_at is not null);
  with ended as (
    delete from private.delivery_queue as q where q.delivery_id = any (p_ids) and not q.is_cancelled
    returning q.delivery_id, q.attempts_count
  ),
  cancelled as (
    update public.deliveries as d set
      status = 'cancelled', attempts_count = e.attempts_count, last_error = p_reason
    from ended as e where d.id = e.delivery_id and d.status = 'pending'
    returning d.id
  )
  select array_agg(c.id) into v_cancelled from cancelled as c;
  with cancelled as (
    update public.deliveries as d set status = 'cancelled', last_error = p_reason
    where d.id = any (p_ids) and d.status in ('draft', 'dead')
    returning d.id
  )
  select array_agg(c.id) into v_others from cancelled as c;
  return coalesce(v_cancelled, '{}') || coalesce(v_others, '{}');
end;
$$;
comment on function private.cancel_deliveries is
  'Cancels drafts, pending deliveries and dead letters, and returns their ids; of those that are under way '
  'it ends the further attempts.';

create or replace function private.cancel_delivery(p_id bigint) returns public.deliveries
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_delivery public.deliveries := private.lock_delivery(p_id);
begin
  if v_delivery.status = 'cancelled' then
    return v_delivery;
  elsif v_delivery.status not in ('draft', 'pending', 'dead') then
    perform private.raise_delivery_conflict(v_delivery.status, 'There is nothing left to cancel.');
  end if;
  -- no error where it is being sent: it would take the mark back that ends the further attempts
  perform private.cancel_deliveries(array[p_id], format('Cancelled by %s.', private.actor_name()));
  select d.* into v_delivery from public.deliveries as d where d.id = p_id;
  return v_delivery;
end;
$$;
grant execute on function private.cancel_delivery to authenticated, service_role;

create or replace function public.cancel_delivery(id bigint) returns public.deliveries
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cancel_delivery(cancel_delivery.id);
end;
comment on function public.cancel_delivery is
  'Cancels a draft, a pending delivery or a dead letter and returns it; repeated, the same. One that is '
  'being sent is returned as pending: it may arrive, and if it fails it is not tried again. Agents and '
  'servers. Errors: sign_in_required (401), team_role_required (403), loop_delivery_unknown (404), '
  'loop_delivery_status_conflict (409).';
grant execute on function public.cancel_delivery to authenticated, service_role;
