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
