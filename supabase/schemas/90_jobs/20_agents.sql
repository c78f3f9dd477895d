-- What the agents do on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('agents-sweep-github', '*/15 * * * *', $$select private.request_github_sweep()$$);
select cron.schedule('agents-prune-pull-requests', '57 3 * * *', $$select private.prune_pull_requests()$$);
select cron.schedule('agents-reclaim-tasks', '* * * * *', $$select private.reclaim_expired_tasks()$$);
