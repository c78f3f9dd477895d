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
