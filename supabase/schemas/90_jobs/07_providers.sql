-- What keeps the ledger of providers' calls small. A job of the same name is replaced, so this can run again.

select cron.schedule('providers-prune-spending', '27 4 * * *', $$select private.prune_provider_spending()$$);
