-- What the tracker does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule(
  'tracker-cleanup-test-data', '17 3 * * *', $$select public.cleanup_legacy_test_data()$$
);
