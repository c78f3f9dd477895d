-- Lets go of what has been worked on and of what is only history, so that neither grows for ever.

-- What was done with nothing left to do. An event that failed or could not be read stays for a person.
create index circle_events_done_processed_at_idx
  on private.circle_events (processed_at) where status in ('processed', 'hint');

create or replace function private.prune_tracker_history(batch integer default 100000) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_events_count integer;
  v_runs_count integer;
begin
  -- One that is being worked on again just now is left for another night.
  delete from private.circle_events as e
  where e.id in (
    select o.id
    from private.circle_events as o
    where o.status in ('processed', 'hint')
      and o.processed_at < now() - make_interval(
        days => (select s.event_retention_days from public.tracker_settings as s)
      )
    order by o.processed_at
    limit prune_tracker_history.batch
    for update skip locked
  );
  get diagnostics v_events_count = row_count;
  delete from cron.job_run_details as d
  where d.runid in (
    select o.runid
    from cron.job_run_details as o
    where coalesce(o.end_time, o.start_time) < now() - interval '7 days'
    order by o.runid
    limit prune_tracker_history.batch
  );
  get diagnostics v_runs_count = row_count;
  return jsonb_build_object('circle_events', v_events_count, 'cron_runs', v_runs_count);
end;
$$;
comment on function private.prune_tracker_history is
  'Deletes events that were worked on longer ago than event_retention_days and records of cron jobs older '
  'than 7 days, up to so many of each, and returns how many: {circle_events, cron_runs}. What is left over '
  'goes with the next call. For the scheduler.';
