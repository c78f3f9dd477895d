-- Stores the targets of issues, and tells the team of warnings and breaches.

create or replace function private.sync_service_targets(p_issue_ids uuid[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with wanted as materialized (
    select w.* from private.load_service_targets(p_issue_ids) as w
  ),
  cancelled as (
    update public.service_targets as t set cancelled_at = now()
    where t.issue_id = any (p_issue_ids) and t.met_at is null and t.cancelled_at is null and not exists (
      select from wanted as w
      where w.issue_id = t.issue_id and w.generation = t.generation and w.stage = t.stage
    )
    returning 1
  ),
  stored as (
    insert into public.service_targets as t (
      issue_id, generation, stage, policy_id, target_seconds, started_at, warn_at, due_at, met_at
    )
    select w.* from wanted as w
    on conflict on constraint service_targets_pkey do update set
      policy_id = excluded.policy_id, target_seconds = excluded.target_seconds,
      started_at = excluded.started_at, warn_at = excluded.warn_at, due_at = excluded.due_at,
      met_at = excluded.met_at, cancelled_at = null, breached_at = case
        when t.breached_at is not null and excluded.due_at < coalesce(excluded.met_at, now())
          then excluded.due_at
      end
    where (
      t.started_at, t.met_at, t.policy_id, t.target_seconds, t.warn_at, t.due_at, t.cancelled_at
    ) is distinct from (
      excluded.started_at, excluded.met_at, excluded.policy_id, excluded.target_seconds, excluded.warn_at,
      excluded.due_at, null::timestamptz
    )
    returning 1
  )
  select ((select count(*) from cancelled) + (select count(*) from stored))::integer into v_count;
  return v_count;
end;
$$;
comment on function private.sync_service_targets is
  'Computes the targets of issues again, and returns how many changed. For run_service_levels(), which is '
  'never run twice at once.';

-- Each minute, so without reading what was kept long ago.
create or replace function private.record_service_breaches(p_kind text, p_limit integer) returns integer
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_hop constant text := case p_kind when 'warning' then 'warned' else 'breached' end;
  v_count integer;
begin
  with late as (
    (
      select t.issue_id, t.generation, t.stage
      from public.service_targets as t
      join public.issues as i on i.id = t.issue_id and not i.is_test
      where p_kind = 'breach' and t.cancelled_at is null and t.breached_at is null
        and (t.met_at is null or t.due_at < t.met_at) and t.due_at < now()
      order by t.due_at limit p_limit
    )
    union all
    (
      select t.issue_id, t.generation, t.stage
      from public.service_targets as t
      join public.issues as i on i.id = t.issue_id and not i.is_test
      where p_kind = 'warning' and t.met_at is null and t.cancelled_at is null and t.warned_at is null
        and t.breached_at is null and t.warn_at <= now() and t.due_at > now()
      order by t.warn_at limit p_limit
    )
  ),
  changed as (
    update public.service_targets as t set
      warned_at = case p_kind when 'warning' then t.warn_at else t.warned_at end,
      breached_at = case p_kind when 'breach' then t.due_at end
    from late as l
    where t.issue_id = l.issue_id and t.generation = l.generation and t.stage = l.stage
    returning t.issue_id, t.generation, t.stage, case p_kind when 'warning' then t.warn_at else t.due_at end
      as at
  ),
  recorded as (
    insert into public.service_breaches (issue_id, generation, stage, kind, at)
    select c.issue_id, c.generation, c.stage, p_kind, c.at from changed as c
    on conflict on constraint service_breaches_pkey do nothing
    returning issue_id, generation, stage, at
  )
  select count(private.record_loop_event(r.issue_id, v_hop, r.at, null, r.stage, r.generation))::integer
  into v_count from recorded as r;
  return v_count;
end;
$$;
comment on function private.record_service_breaches is
  'Records up to p_limit targets whose time is over, or of which four fifths are (kind warning), in '
  'service_breaches and in the ledger, each once, and returns how many.';
