-- What devpulse does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('devpulse-prune-oauth-flows', '*/5 * * * *', $$select private.prune_oauth_flows()$$);
-- A transaction for each batch of days, so that what was built is seen, and nobody waits for the rest.
select cron.schedule(
  'devpulse-run-snapshots', '* * * * *',
  $$do 'begin for i in 1..50 loop exit when private.run_snapshots() = 0; commit; end loop; end'$$
);
select cron.schedule(
  'devpulse-read-tracker', '*/10 * * * *', $$select private.run_tracker_readings()$$
);
select cron.schedule('devpulse-prune-snapshots', '7 4 * * *', $$select private.prune_snapshots()$$);
select cron.schedule('devpulse-sync-platforms', '* * * * *', $$select private.run_platform_sync()$$);
select cron.schedule(
  'devpulse-prune-sync', '17 4 * * *',
  $$select private.prune_metric_readings(), private.prune_sync_runs(), private.prune_watched_repositories()$$
);
select cron.schedule('devpulse-prune-removed', '19 4 * * *', $$select private.prune_removed_resources()$$);
