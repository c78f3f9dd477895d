-- What links and tasks do to the ledger: promoted, dispatched, started.

create or replace function private.record_task_hops(p_exai_issue_id uuid, p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  insert into public.loop_events (issue_id, generation, hop, at, actor, reference)
  select l.issue_id, l.generation, h.hop, h.at, h.actor, x.task_id::text
  from public.exai_issue_tasks as x
  join public.tasks as t on t.id = x.task_id
  join public.exai_issues as e on e.id = x.exai_issue_id and e.status in ('open', 'in_progress')
  join public.loop_issues as l on l.issue_id = p_issue_id
  join public.issues as i on i.id = l.issue_id and not i.is_test
  cross join lateral (
    values ('dispatched', x.created_at, x.dispatched_by), ('started', t.started_at, null)
  ) as h (hop, at, actor)
  where x.exai_issue_id = p_exai_issue_id and h.at is not null and not exists (
    select from public.loop_events as o
    where o.issue_id = l.issue_id and o.hop = h.hop and o.reference = x.task_id::text
  )
  order by h.at
  on conflict on constraint loop_events_issue_id_generation_hop_reference_key do nothing;
end;
$$;
comment on function private.record_task_hops is
  'Records the tasks that an active engineering issue has, for an issue that is linked to it later.';

create or replace function private.record_promotion() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_loop_event(
    new.issue_id, 'promoted', clock_timestamp(), private.actor_name(),
    (select 'EXAI-' || e.issue_number from public.exai_issues as e where e.id = new.exai_issue_id)
  );
  perform private.record_task_hops(new.exai_issue_id, new.issue_id);
  return null;
end;
$$;
comment on function private.record_promotion is
  'After trigger of issue_links: the issue was promoted, and what has been done about its engineering issue '
  'happens to it too. A link that is removed stays in the ledger.';

create or replace function private.record_dispatch() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_loop_events(
    array(select k.issue_id from public.issue_links as k where k.exai_issue_id = new.exai_issue_id),
    'dispatched', new.created_at, new.dispatched_by, new.task_id::text
  );
  return null;
end;
$$;
comment on function private.record_dispatch is
  'After trigger of exai_issue_tasks: every issue that the engineering issue fixes was dispatched.';

-- A task without an engineering issue costs one lookup by key when it starts.
create or replace function private.record_task_start() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_exai_issue_id constant uuid := (
    select x.exai_issue_id
    from public.exai_issue_tasks as x
    join public.exai_issues as e on e.id = x.exai_issue_id and e.status in ('open', 'in_progress')
    where x.task_id = new.id
  );
begin
  if v_exai_issue_id is not null then
    perform private.record_loop_events(
      array(select k.issue_id from public.issue_links as k where k.exai_issue_id = v_exai_issue_id),
      'started', new.started_at, null, new.id::text
    );
  end if;
  return null;
end;
$$;
comment on function private.record_task_start is
  'After trigger of tasks that begin to run: recorded for every issue that their engineering issue fixes, '
  'while that is active.';

create trigger _340_record_promotion after insert on public.issue_links
  for each row execute function private.record_promotion();
create trigger _350_record_promotion after update on public.issue_links
  for each row when (
    (old.issue_id, old.exai_issue_id) is distinct from (new.issue_id, new.exai_issue_id)
  )
  execute function private.record_promotion();
create trigger _340_record_dispatch after insert on public.exai_issue_tasks
  for each row execute function private.record_dispatch();
create trigger _340_record_task_start after update of status on public.tasks
  for each row when (new.status = 'running' and old.status <> 'running')
  execute function private.record_task_start();
