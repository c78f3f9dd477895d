-- An agent has told the reporter by another way, by e-mail for example: the ledger has that they were
-- answered.

create or replace function private.confirm_delivery(p_id bigint, p_reference text) returns public.deliveries
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_delivery public.deliveries := private.lock_delivery(p_id);
begin
  if v_delivery.status = 'delivered' then
    return v_delivery;
  elsif v_delivery.status not in ('draft', 'dead') or v_delivery.endpoint_id is not null then
    perform private.raise_delivery_conflict(
      v_delivery.status, 'Only drafts and dead letters of replies are confirmed by a person.'
    );
  end if;
  update public.deliveries as d set
    status = 'delivered', delivered_at = clock_timestamp(), last_error = null,
    reference = left(coalesce(private.non_blank(p_reference), 'by hand'), 2000),
    approved_by = private.actor_name(), approved_by_user_id = auth.uid()
  where d.id = p_id
  returning d.* into v_delivery;
  if v_delivery.kind = 'fixed' then
    perform private.record_answers(array[p_id], v_delivery.approved_by);
  end if;
  return v_delivery;
end;
$$;
grant execute on function private.confirm_delivery to authenticated, service_role;

create or replace function public.confirm_delivery(id bigint, reference text default null)
returns public.deliveries
language sql volatile security invoker set search_path = ''
begin atomic
  select private.confirm_delivery(confirm_delivery.id, confirm_delivery.reference);
end;
comment on function public.confirm_delivery is
  'A person has told the reporter by another way, as what reference names: a draft or a dead letter of a '
  'reply is delivered, and the ledger records that they were answered. Returns it; repeated, the same. '
  'Agents and servers. Errors: sign_in_required (401), team_role_required (403), loop_delivery_unknown '
  '(404), loop_delivery_status_conflict (409).';
grant execute on function public.confirm_delivery to authenticated, service_role;
