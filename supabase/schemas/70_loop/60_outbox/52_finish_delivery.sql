-- A delivery has arrived.

create or replace function private.raise_delivery_lease_expired(p_id bigint) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'loop_delivery_lease_expired',
    detail = format('Delivery %s is not leased with this fencing token.', p_id),
    hint = 'Leave it: somebody else has it, or it has ended.';
end;
$$;
comment on function private.raise_delivery_lease_expired is
  'Errors: loop_delivery_lease_expired (409), always.';

-- A reply belongs to the generation that it was made for, also where the issue was reopened meanwhile.
create or replace function private.record_answers(p_ids bigint[], p_actor text default 'Fixloop') returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_answer record;
begin
  for v_answer in
    select d.issue_id, d.generation, d.delivered_at, r.reference
    from public.deliveries as d
    cross join lateral jsonb_array_elements_text(d.payload -> 'reporters') as r (reference)
    where d.id = any (p_ids) and d.kind = 'fixed'
    order by d.issue_id, d.id
  loop
    perform private.record_loop_event(
      v_answer.issue_id, 'answered', v_answer.delivered_at, p_actor, v_answer.reference, v_answer.generation
    );
  end loop;
  perform private.share_answers(array(
    select d.issue_id from public.deliveries as d
    where d.id = any (p_ids) and d.kind = 'fixed' and d.channel = 'support'
  ));
  perform private.correct_late_answers(p_ids);
end;
$$;
comment on function private.record_answers is
  'Records in the ledger that those who reported an issue were answered by these deliveries, and by whom, '
  'and corrects what is not true any more.';

create or replace function private.finish_delivery(p_id bigint, p_fencing_token bigint, p_reference text)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_attempts_count integer;
  v_kind text;
  v_endpoint_id uuid;
begin
  delete from private.delivery_queue as q
  where q.delivery_id = p_id and q.fencing_token = p_fencing_token and q.is_leased
  returning q.attempts_count into v_attempts_count;
  if not found then
    -- a repeated call
    if not exists (select from public.deliveries as d where d.id = p_id and d.status = 'delivered') then
      perform private.raise_delivery_lease_expired(p_id);
    end if;
    return;
  end if;
  update public.deliveries as d set
    status = 'delivered', delivered_at = clock_timestamp(), attempts_count = v_attempts_count,
    reference = left(p_reference, 2000), last_error = null
  where d.id = p_id
  returning d.kind, d.endpoint_id into v_kind, v_endpoint_id;
  if v_kind = 'fixed' then
    perform private.record_answers(array[p_id]);
  elsif v_endpoint_id is not null then
    update public.webhook_endpoints as e set failing_since = null, rests_until = null
    where e.id = v_endpoint_id and (e.failing_since is not null or e.rests_until is not null);
  end if;
end;
$$;
grant execute on function private.finish_delivery to service_role;

create or replace function public.finish_delivery(
  id bigint, fencing_token bigint, reference text default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_delivery(
    finish_delivery.id, finish_delivery.fencing_token, finish_delivery.reference
  );
end;
comment on function public.finish_delivery is
  'A leased delivery has arrived, as what reference names. The ledger records that those who reported the '
  'issue were answered. Repeated, nothing changes. Service role only. Errors: '
  'loop_delivery_lease_expired (409).';
grant execute on function public.finish_delivery to service_role;
