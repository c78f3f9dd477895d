-- What keeps the platform's own tables small, on a schedule. A job of the same name is replaced, so this can
-- run again.

select cron.schedule('platform-prune-cron-runs', '47 3 * * *', $$select private.prune_cron_runs()$$);
