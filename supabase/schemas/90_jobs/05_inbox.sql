-- What the inbox does on a schedule. A job of the same name is replaced, so this can run again.

-- As postgres, without the timeout of a request: what was too much for one is processed here. One job per
-- source: a run that fails, is canceled or takes long holds up no other source.
select cron.schedule('inbox-process-circle', '* * * * *', $$select private.run_inbox_events('circle')$$);
select cron.schedule('inbox-process-github', '* * * * *', $$select private.run_inbox_events('github')$$);
select cron.schedule('inbox-prune-events', '37 3 * * *', $$select private.prune_inbox_events()$$);
