-- The job that counts the funnel.

-- Everything is counted again each time: a merge that is undone, a person who is forgotten and a message that
-- is moved change any day, and percentiles of days don't add up to those of weeks.
create or replace function private.run_loop_funnel(p_is_forced boolean default false) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_count integer;
begin
  if not private.claim_report_run('loop_funnel', p_is_forced) then
    return 0;
  end if;
  delete from private.funnel_counts as c where c.dimension is not null;
  insert into private.funnel_counts overriding user value
  select c.* from private.count_loop_funnel(v_now - interval '28 days') as c;
  get diagnostics v_count = row_count;
  perform private.finish_report_run('loop_funnel', v_now);
  return v_count;
end;
$$;
comment on function private.run_loop_funnel is
  'Counts the funnel again, and returns the number of its rows; 0 while another run does, and, unless it is '
  'forced, before 20 times what the last one took is over. Blocks no writer. For the scheduler.';

create or replace function private.verify_loop_funnel()
returns table (is_stored boolean, counts jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with counted as materialized (
    select to_jsonb(c) - 'id' as counts
    from private.count_loop_funnel(private.report_counted_at('loop_funnel') - interval '28 days') as c
  ),
  stored as (
    select to_jsonb(s) - 'id' as counts from private.funnel_counts as s
  )
  (select true, s.counts from (table stored except all table counted) as s)
  union all
  (select false, c.counts from (table counted except all table stored) as c);
end;
$$;
comment on function private.verify_loop_funnel is
  'Counts the funnel again for the same four weeks and returns the differences: what is stored only, and '
  'what was counted only; no row means that all is as it was counted. For operators.';
