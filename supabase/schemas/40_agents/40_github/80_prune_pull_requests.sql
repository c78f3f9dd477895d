-- Pull requests that no task is linked to any more.

create or replace function private.prune_pull_requests(p_batch_size integer default 10000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.pull_requests as p
  where p.id in (
    select o.id from public.pull_requests as o
    where o.updated_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s)
      )
      and not exists (select from public.task_pull_requests as l where l.pull_request_id = o.id)
    order by o.id
    limit p_batch_size
    for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_pull_requests is
  'Deletes up to p_batch_size pull requests without a link that were not updated for '
  'delivery_retention_days, and returns how many. For the scheduler.';
