-- When a sum over resources is known: each of them was read, or its number has been hidden for long.

-- A number that was read in the 30 days before and not on the day is missing. After 30 days it is taken for
-- hidden, such as the comments of a video that allows none any more.
create or replace function private.is_reading_missing(
  p_scope private.count_scope, p_metric text, p_resource_ids text[]
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from unnest(p_resource_ids) as l (resource_id)
    where not exists (
      select from private.metric_readings as r
      where r.connection_id = p_scope.connection_id and r.day = p_scope.day and r.metric = p_metric
        and r.resource_id = l.resource_id
    )
    and exists (
      select from private.metric_readings as r
      where r.connection_id = p_scope.connection_id and r.metric = p_metric and r.resource_id = l.resource_id
        and r.day = any (array(select p_scope.day - n from generate_series(1, 30) as n))
    )
  );
end;
$$;
comment on function private.is_reading_missing is
  'Whether one of these resources, which count on the day, was not read on it, but in the 30 days before.';

create or replace function private.known_sum(
  p_scope private.count_scope, p_metric text, p_sum numeric, p_count bigint, p_resource_ids text[],
  p_list_length numeric
) returns numeric
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_count = 0 then
    -- an account that has nothing to read
    return case
      when p_list_length = 0 and p_resource_ids is null and p_scope.resource_ids is null then 0::numeric
    end;
  elsif p_count < cardinality(p_resource_ids)
    and private.is_reading_missing(p_scope, p_metric, p_resource_ids)
  then
    return null;
  end if;
  return p_sum;
end;
$$;
comment on function private.known_sum is
  'The sum of p_count readings of a day, or null where it is not known. p_resource_ids: what counts on the '
  'day; p_list_length: how many the account''s list had, if that was read.';
