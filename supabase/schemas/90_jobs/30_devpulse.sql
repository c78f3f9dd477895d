-- What devpulse does on a schedule. A job of the same name is replaced, so this can run again.

select cron.schedule('devpulse-prune-oauth-flows', '*/5 * * * *', $$select private.prune_oauth_flows()$$);
