-- supabase/schemas/90_jobs, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 90_jobs/10_tracker.sql
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

-- 90_jobs/20_agents.sql
-- What the agents do by the clock. A job of the same name is replaced, so this can run again.

select cron.schedule(
  'agents-process-github-deliveries', '* * * * *', $$select private.process_waiting_github_deliveries()$$
);
select cron.schedule('agents-sweep-github', '*/15 * * * *', $$select private.request_github_sweep()$$);
select cron.schedule(
  'agents-prune-github-deliveries', '47 3 * * *', $$select private.prune_github_deliveries()$$
);
select cron.schedule('agents-prune-pull-requests', '57 3 * * *', $$select private.prune_pull_requests()$$);
select cron.schedule('agents-reclaim-tasks', '* * * * *', $$select private.reclaim_expired_tasks()$$);
