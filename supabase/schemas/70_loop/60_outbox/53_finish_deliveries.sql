-- Several deliveries have arrived: one transaction for all of them.

create or replace function public.finish_deliveries(
  ids bigint[], fencing_tokens bigint[], delivered_as text[] default null
) returns bigint[]
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_deliveries(
    finish_deliveries.ids, finish_deliveries.fencing_tokens, finish_deliveries.delivered_as
  );
end;
comment on function public.finish_deliveries is
  'finish_delivery for several: ids and fencing_tokens in the same order, with what each was delivered as. '
  'Returns the ids that it finished; those whose token is not the current one are left out. '
  'Service role only.';
grant execute on function public.finish_deliveries to service_role;
