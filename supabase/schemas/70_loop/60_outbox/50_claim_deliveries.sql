-- Leases deliveries to the edge function deliver.

-- The plan has to be the same whatever the limit and however small the tables were: the rows by the index,
-- then each by its key. In one statement the limit's estimate makes it a join with the whole queue: 84 µs for
-- each of 50 in place of 16.
create or replace function private.claim_deliveries(
  p_channel text, p_max_count integer, p_lease_seconds integer
) returns table (
  id bigint, fencing_token bigint, attempt integer, kind text, endpoint_id uuid, issue_id uuid, body text,
  payload jsonb, created_at timestamptz, sent_at timestamptz
)
language plpgsql volatile security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan' set enable_seqscan = 'off' as $$
declare
  -- a variable, by which the index is searched; clock_timestamp() itself would be evaluated for each row
  v_now constant timestamptz := clock_timestamp();
  v_max constant integer := least(greatest(coalesce(p_max_count, 20), 1), 200);
  v_until constant timestamptz := v_now + make_interval(
    secs => least(greatest(coalesce(p_lease_seconds, 60), 5), 600)
  );
  v_ids constant bigint[] := array(
    select q.delivery_id from private.delivery_queue as q
    where q.channel = p_channel and q.next_attempt_at <= v_now
      -- of one that may have arrived it is looked up whether it has
      and (not q.is_cancelled or q.sent_at is not null)
    order by q.next_attempt_at
    limit v_max
    for update skip locked
  );
begin
  if v_ids = '{}' then
    return;
  end if;
  return query
  with leased as (
    update private.delivery_queue as q set
      fencing_token = nextval('private.delivery_fencing_seq'), is_leased = true, next_attempt_at = v_until,
      attempts_count = q.attempts_count + 1
    where q.delivery_id = any (v_ids)
    returning q.delivery_id, q.fencing_token, q.attempts_count, q.sent_at
  )
  select d.id, l.fencing_token, l.attempts_count, d.kind, d.endpoint_id, d.issue_id, d.body, d.payload,
    d.created_at, l.sent_at
  from leased as l join public.deliveries as d on d.id = l.delivery_id;
end;
$$;
grant execute on function private.claim_deliveries to service_role;

create or replace function public.claim_deliveries(
  channel text, max_count integer default 20, lease_seconds integer default 60
) returns table (
  id bigint, fencing_token bigint, attempt integer, kind text, endpoint_id uuid, issue_id uuid,
  body text, payload jsonb, created_at timestamptz, sent_at timestamptz
)
language sql volatile security invoker set search_path = ''
begin atomic
  select c.id, c.fencing_token, c.attempt, c.kind, c.endpoint_id, c.issue_id, c.body, c.payload,
    c.created_at, c.sent_at
  from private.claim_deliveries(
    claim_deliveries.channel, claim_deliveries.max_count, claim_deliveries.lease_seconds
  ) as c;
end;
comment on function public.claim_deliveries is
  'Leases up to max_count (1 to 200) deliveries of a channel that are due, for lease_seconds (5 to 600). A '
  'lease that runs out is claimed by somebody else, with a greater fencing_token. Service role only.';
grant execute on function public.claim_deliveries to service_role;
