-- What was told of issues whose words are erased with their visitor.

-- The queue first, as everybody locks them. A digest has the titles of several issues.
create or replace function private.erase_deliveries(p_issue_ids uuid[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_numbers constant integer[] := array(
    select i.seq_id from public.issues as i where i.id = any (p_issue_ids)
  );
  v_ids constant bigint[] := array(
    select d.id from public.deliveries as d where d.issue_id = any (p_issue_ids)
    union
    select d.id from public.deliveries as d
    cross join lateral jsonb_array_elements(d.payload #> '{data,events}') as e (event)
    where d.kind = 'digest' and (e.event ->> 'number')::integer = any (v_numbers)
  );
  v_count integer;
begin
  perform from private.delivery_queue as q where q.delivery_id = any (v_ids)
  order by q.delivery_id for update;
  delete from public.deliveries as d where d.id = any (v_ids);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.erase_deliveries is
  'Deletes the deliveries that contain titles of these issues, sent or not, and returns how many. That they '
  'were answered stays in the ledger.';
