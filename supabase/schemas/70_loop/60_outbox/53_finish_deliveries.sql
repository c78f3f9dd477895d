-- Several deliveries have arrived: one transaction for all of them.

create or replace function private.finish_deliveries(
  p_ids bigint[], p_fencing_tokens bigint[], p_references text[]
) returns bigint[]
language plpgsql volatile security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan' set enable_seqscan = 'off' as $$
declare
  v_ids bigint[];
  v_has_answers boolean;
  v_has_endpoints boolean;
begin
  with ended as (
    delete from private.delivery_queue as q
    using unnest(p_ids, p_fencing_tokens, p_references) as f (id, fencing_token, reference)
    where q.delivery_id = f.id and q.fencing_token = f.fencing_token and q.is_leased
    returning q.delivery_id, q.attempts_count, f.reference
  ),
  finished as (
    update public.deliveries as d set
      status = 'delivered', delivered_at = clock_timestamp(), attempts_count = e.attempts_count,
      reference = left(e.reference, 2000), last_error = null
    from ended as e where d.id = e.delivery_id
    returning d.id, d.kind, d.endpoint_id
  )
  select array_agg(f.id), bool_or(f.kind = 'fixed'), bool_or(f.endpoint_id is not null)
  into v_ids, v_has_answers, v_has_endpoints
  from finished as f;
  if v_has_answers then
    perform private.record_answers(v_ids);
  end if;
  if v_has_endpoints and exists (
    select from public.webhook_endpoints as e where e.failing_since is not null or e.rests_until is not null
  ) then
    update public.webhook_endpoints as e set failing_since = null, rests_until = null
    where (e.failing_since is not null or e.rests_until is not null) and e.id in (
      select d.endpoint_id from public.deliveries as d where d.id = any (v_ids)
    );
  end if;
  return coalesce(v_ids, '{}');
end;
$$;
grant execute on function private.finish_deliveries to service_role;

create or replace function public.finish_deliveries(
  ids bigint[], fencing_tokens bigint[], delivered_as text[] default null
) returns bigint[]
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_deliveries(
    finish_deliveries.ids, finish_deliveries.fencing_tokens, finish_deliveries.delivered_as
  );
end;
comment on function public.finish_deliveries is
  'finish_delivery for several: ids and fencing_tokens in the same order, with what each was delivered as. '
  'Returns the ids that it finished; those whose token is not the current one are left out. '
  'Service role only.';
grant execute on function public.finish_deliveries to service_role;
