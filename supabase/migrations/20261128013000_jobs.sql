-- supabase/schemas/90_jobs, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 90_jobs/00_platform.sql
-- What keeps the platform's own tables small, on a schedule. A job of the same name is replaced, so this can
-- run again.

select cron.schedule('platform-prune-cron-runs', '47 3 * * *', $$select private.prune_cron_runs()$$);

-- 90_jobs/05_inbox.sql
-- What the inbox does on a schedule. A job of the same name is replaced, so this can run again.

-- As postgres, without the timeout of a request: what was too much for one is processed here. One job per
-- source: a run that fails, is canceled or takes long holds up no other source.
select cron.schedule('inbox-process-circle', '* * * * *', $$select private.run_inbox_events('circle')$$);
select cron.schedule('inbox-process-github', '* * * * *', $$select private.run_inbox_events('github')$$);
select cron.schedule('inbox-prune-events', '37 3 * * *', $$select private.prune_inbox_events()$$);

-- 90_jobs/07_providers.sql
-- What keeps the ledger of providers' calls small. A job of the same name is replaced, so this can run again.

select cron.schedule('providers-prune-spending', '27 4 * * *', $$select private.prune_provider_spending()$$);

-- 90_jobs/10_tracker.sql
-- What the tracker does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('tracker-count-issues', '* * * * *', $$select private.run_issue_counts()$$);
-- Calls the model only where an admin has given it a budget.
select cron.schedule('tracker-assist-triage', '*/5 * * * *', $$select private.request_triage_assist()$$);
select cron.schedule(
  'tracker-cleanup-test-data', '17 3 * * *', $$select public.cleanup_legacy_test_data()$$
);
select cron.schedule('tracker-learn-triage', '27 3 * * *', $$select private.run_triage_learning()$$);
select cron.schedule('tracker-refresh-terms', '4-59/10 * * * *', $$select private.refresh_issue_terms()$$);

-- 90_jobs/20_agents.sql
-- What the agents do on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('agents-sweep-github', '*/15 * * * *', $$select private.request_github_sweep()$$);
select cron.schedule(
  'agents-prune-pull-requests', '57 3 * * *',
  $$select private.prune_pull_requests(), private.prune_github_repositories()$$
);
select cron.schedule('agents-reclaim-tasks', '* * * * *', $$select private.reclaim_expired_tasks()$$);
select cron.schedule('agents-count-metric-weeks', '*/10 * * * *', $$select private.count_metric_weeks()$$);
select cron.schedule('agents-fold-stored-bytes', '* * * * *', $$select private.fold_stored_bytes()$$);
select cron.schedule(
  'agents-prune-attempts', '7 4 * * *',
  $$select private.prune_task_attempts(), private.prune_worker_tokens()$$
);
-- A transaction for each hundred: what they lock, deliveries wait for.
select cron.schedule(
  'agents-link-tasks', '* * * * *',
  $$do 'begin for i in 1..200 loop exit when private.link_some_waiting_tasks() = 0; commit; end loop; end'$$
);
select cron.schedule('agents-hide-links', '*/10 * * * *', $$select private.hide_unconfirmed_links()$$);

-- 90_jobs/30_devpulse.sql
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

-- 90_jobs/40_support.sql
-- What support does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule(
  'support-raise-escalations', '* * * * *',
  $$select private.release_lost_escalations(), private.raise_waiting_escalations()$$
);
select cron.schedule('support-count-days', '*/10 * * * *', $$select private.run_support_metrics()$$);
-- A transaction for each thousand: what they lock, visitors wait for.
select cron.schedule(
  'support-retention', '9 4 * * *',
  $$do 'begin for i in 1..999 loop exit when private.run_support_retention() = 0; commit; end loop; end'$$
);
select cron.schedule(
  'support-prune-visitor-counts', '11 0,12 * * *', $$select private.prune_visitor_counts()$$
);
select cron.schedule('support-count-answer-terms', '* * * * *', $$select private.refresh_answer_terms()$$);

-- 90_jobs/50_loop.sql
-- What the loop does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('loop-run-service-levels', '* * * * *', $$select private.run_service_levels()$$);
select cron.schedule('loop-sync-working-spans', '53 0 * * *', $$select private.sync_working_spans()$$);
select cron.schedule('loop-deliver', '* * * * *', $$select private.run_deliveries()$$);
select cron.schedule(
  'loop-prune-deliveries', '33 4 * * *',
  $$do 'begin for i in 1..100 loop exit when private.prune_deliveries() = 0; commit; end loop; end'$$
);
select cron.schedule('loop-sync-circle', '* * * * *', $$select private.request_circle_sync()$$);
select cron.schedule('loop-prune-circle-sync', '23 4 * * *', $$select private.prune_circle_sync()$$);
select cron.schedule('loop-run-ship-gate', '* * * * *', $$select private.run_ship_gate()$$);
select cron.schedule('loop-run-close-rule', '4-59/10 * * * *', $$select private.run_close_rule()$$);
select cron.schedule('loop-count-funnel', '*/10 * * * *', $$select private.run_loop_funnel()$$);
select cron.schedule('loop-count-costs', '3-59/10 * * * *', $$select private.run_loop_costs()$$);
select cron.schedule('loop-count-attainment', '6-59/10 * * * *', $$select private.run_service_attainment()$$);
select cron.schedule(
  'loop-prune-silent-fixes', '8-59/10 * * * *', $$select private.prune_silent_fixes()$$
);
-- Before the pull requests that have no link then.
select cron.schedule(
  'loop-prune-pull-request-links', '51 3 * * *', $$select private.prune_pull_request_links()$$
);
select cron.schedule('loop-count-flow', '9-59/10 * * * *', $$select private.run_loop_flow()$$);
