-- What the tracker does by the clock. A job of the same name is replaced, so this can run again.

select cron.schedule(
  'tracker-cleanup-test-data', '17 3 * * *', $$select public.cleanup_legacy_test_data()$$
);
