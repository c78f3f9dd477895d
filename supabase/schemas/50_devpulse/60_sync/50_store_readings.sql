-- Readings of a day, and which resources a provider's list no longer has.

-- The last observation of a day wins. The same value again writes nothing: with a sync every 15 minutes that
-- would be a hundred versions of each row.
create or replace function private.store_readings(
  p_connection_id uuid, p_observed_at timestamptz, p_metrics text[], p_resource_ids text[], p_values numeric[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_day constant date := private.local_sync_day(p_connection_id, p_observed_at);
begin
  insert into private.metric_readings as m (connection_id, day, metric, resource_id, value, observed_at)
  select p_connection_id, v_day, r.metric, r.resource_id, r.value, p_observed_at
  from unnest(p_metrics, p_resource_ids, p_values) as r (metric, resource_id, value)
  where r.value is not null
  on conflict on constraint metric_readings_pkey
  do update set value = excluded.value, observed_at = excluded.observed_at
  where m.observed_at <= excluded.observed_at and m.value <> excluded.value;
end;
$$;
comment on function private.store_readings is
  'Stores p_values[n], unless null, as the reading of p_metrics[n] of p_resource_ids[n] on the day of the '
  'observation, where the owner lives.';

-- A list that is empty, or has less than half of at least ten, is believed when it is read so twice in a row.
create or replace function private.is_list_suspect(
  p_schedule private.sync_schedule, p_current_count bigint, p_missing_count bigint
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_short constant boolean := p_missing_count > 0 and (
    p_missing_count = p_current_count or p_current_count >= 10 and p_missing_count * 2 > p_current_count
  );
begin
  update private.sync_schedule as s
  set suspect_at = case when v_is_short and s.suspect_at is null then clock_timestamp() end
  where s.connection_id = p_schedule.connection_id and (v_is_short or s.suspect_at is not null);
  return v_is_short and p_schedule.suspect_at is null;
end;
$$;
comment on function private.is_list_suspect is
  'Whether a complete list lacks so much of what there is that it is not believed yet.';

create or replace function private.observed_at(p_payload jsonb) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- a clock that is ahead of ours would shadow what is read later
  return least((p_payload ->> 'observed_at')::timestamptz, clock_timestamp());
end;
$$;
comment on function private.observed_at is 'When the provider was asked, at the latest now.';

create or replace function private.parse_ids(p_ids jsonb) returns bigint[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_ids) is distinct from 'array' then
    return null;
  end if;
  return array(select i.id::bigint from jsonb_array_elements_text(p_ids) as i (id));
end;
$$;
comment on function private.parse_ids is 'An array of numbers; null for anything else.';
