-- Deletes processed events and old records of cron jobs, so that neither table grows without limit.

-- Events that need no further work. Events that failed or could not be read are kept for people to look at.
create index circle_events_done_processed_at_idx
  on private.circle_events (processed_at) where status in ('processed', 'hint');

create or replace function private.prune_tracker_history(p_batch integer default 100000) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_events_count integer;
  v_runs_count integer;
begin
  -- An event that is being processed again right now is deleted on a later night.
  delete from private.circle_events as e
  where e.id in (
    select o.id
    from private.circle_events as o
    where o.status in ('processed', 'hint')
      and o.processed_at < now() - make_interval(
        days => (select s.event_retention_days from public.tracker_settings as s)
      )
    order by o.processed_at
    limit p_batch
    for update skip locked
  );
  get diagnostics v_events_count = row_count;
  delete from cron.job_run_details as d
  where d.runid in (
    select o.runid
    from cron.job_run_details as o
    where coalesce(o.end_time, o.start_time) < now() - interval '7 days'
    order by o.runid
    limit p_batch
  );
  get diagnostics v_runs_count = row_count;
  return jsonb_build_object('circle_events', v_events_count, 'cron_runs', v_runs_count);
end;
$$;
comment on function private.prune_tracker_history is
  'Deletes events that were processed more than event_retention_days ago and records of cron jobs older than '
  '7 days, up to p_batch of each, and returns their numbers: {circle_events, cron_runs}. The next call '
  'deletes what is left. For pg_cron.';
