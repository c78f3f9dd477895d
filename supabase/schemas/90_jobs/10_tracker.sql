-- What the tracker does by the clock. A job of the same name is replaced, so this can run again.

select cron.schedule(
  'tracker-cleanup-test-data', '17 3 * * *', $$select public.cleanup_legacy_test_data()$$
);

-- As postgres, without the time-out of a request: what was too much for one gets through here.
select cron.schedule(
  'tracker-process-circle-events', '* * * * *', $$select private.process_waiting_circle_events()$$
);

select cron.schedule(
  'tracker-prune-history', '37 3 * * *', $$select private.prune_tracker_history()$$
);
