-- What the tracker does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('tracker-count-issues', '* * * * *', $$select private.run_issue_counts()$$);
-- Calls the model only where an admin has given it a budget.
select cron.schedule('tracker-assist-triage', '*/5 * * * *', $$select private.request_triage_assist()$$);
select cron.schedule(
  'tracker-cleanup-test-data', '17 3 * * *', $$select public.cleanup_legacy_test_data()$$
);
select cron.schedule('tracker-learn-triage', '27 3 * * *', $$select private.run_triage_learning()$$);
select cron.schedule('tracker-refresh-terms', '4-59/10 * * * *', $$select private.refresh_issue_terms()$$);
