-- Records of cron jobs, which pg_cron adds for each run and never deletes.

create or replace function private.prune_cron_runs(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from cron.job_run_details as d
  where d.runid in (
    select o.runid
    from cron.job_run_details as o
    where coalesce(o.end_time, o.start_time) < now() - interval '7 days'
    order by o.runid
    limit p_batch
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_cron_runs is
  'Deletes up to p_batch records of cron jobs that ran more than 7 days ago, the oldest first, and returns '
  'how many. For the scheduler.';
