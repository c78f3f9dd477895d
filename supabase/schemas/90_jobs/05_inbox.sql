-- What the inbox does on a schedule. A job of the same name is replaced, so this can run again.

-- As postgres, without the timeout of a request: what was too much for one is processed here.
select cron.schedule('inbox-process-events', '* * * * *', $$select private.run_inbox_events()$$);
select cron.schedule('inbox-prune-events', '37 3 * * *', $$select private.prune_inbox_events()$$);
