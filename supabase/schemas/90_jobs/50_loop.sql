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
