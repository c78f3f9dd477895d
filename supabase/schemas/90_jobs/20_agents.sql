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
