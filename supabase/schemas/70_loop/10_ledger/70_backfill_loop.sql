-- Issues that are older than the loop. A call for 10,000 of them takes about a second.

create or replace function private.backfill_loop(p_limit integer default 10000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids constant uuid[] := array(
    select i.id from public.issues as i
    where not i.is_test and not exists (select from public.loop_issues as l where l.issue_id = i.id)
    limit p_limit
  );
begin
  -- Nobody is told of what has been known for long.
  perform set_config('app.loop_backfill', 'on', true);
  perform private.enter_loop(v_issue_ids);
  perform set_config('app.loop_backfill', 'off', true);
  return cardinality(v_issue_ids);
end;
$$;
comment on function private.backfill_loop is
  'Puts up to p_limit issues that are not in the loop into it, and returns how many. Called until it returns '
  '0, with a commit after each call. Sets app.loop_backfill meanwhile: nothing is delivered because of it.';
