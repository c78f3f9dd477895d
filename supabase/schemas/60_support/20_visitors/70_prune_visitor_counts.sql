-- Counts of addresses end with their day, and so does what could be compared with an address.

create or replace function private.prune_visitor_counts(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_today constant date := (now() at time zone 'UTC')::date;
  v_count integer;
begin
  -- tomorrow's, so that the first visitors of a day do not wait for each other
  perform private.visitor_address_key(v_today + 1);
  delete from private.visitor_address_keys as k where k.day < v_today;
  delete from private.visitor_address_counts as c
  where c.ctid = any (array(
    select o.ctid from private.visitor_address_counts as o where o.day < v_today limit p_batch
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_visitor_counts is
  'Deletes the keys of past days and up to p_batch counts of their addresses, and returns how many counts. '
  'For the scheduler.';
