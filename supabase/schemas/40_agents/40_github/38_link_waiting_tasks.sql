-- Links the tasks that large statements left: a few in each transaction, so that nobody waits for long.

create or replace function private.link_some_waiting_tasks(p_limit integer default 100) returns integer
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_ref private.task_github_refs;
  v_count integer := 0;
begin
  for v_ref in
    select r.* from private.task_github_refs as r where not r.is_linked
    order by r.task_id limit p_limit
    for no key update skip locked
  loop
    perform private.lock_github_head(v_ref.repository_id, v_ref.head_ref, true);
    perform private.link_task(v_ref, t.created_at) from public.tasks as t where t.id = v_ref.task_id;
    update private.task_github_refs as r set is_linked = true where r.task_id = v_ref.task_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.link_some_waiting_tasks is
  'Links up to p_limit tasks that wait for it, and returns how many. For the scheduler, which commits '
  'after each call.';
