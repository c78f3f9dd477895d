-- The job that computes targets and finds those whose time is over.

create or replace function private.claim_service_marks(p_batch integer) returns uuid[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_is_all boolean;
begin
  with taken as (
    delete from private.service_marks as m
    where m.ctid = any (array(select o.ctid from private.service_marks as o order by o.id limit p_batch))
    returning m.issue_id
  )
  select array_agg(distinct t.issue_id) filter (where t.issue_id is not null),
    coalesce(bool_or(t.issue_id is null), false)
  into v_ids, v_is_all from taken as t;
  if not v_is_all then
    return coalesce(v_ids, '{}');
  end if;
  return array(
    select u.id from unnest(v_ids) as u (id)
    union
    select t.issue_id from public.service_targets as t
    join public.loop_issues as l on l.issue_id = t.issue_id and l.generation = t.generation
    where t.met_at is null
    union
    -- a policy that begins in the past
    select i.id from public.issues as i
    where i.status in ('waiting_for_help', 'in_progress', 'blocked') and not i.is_test
      and i.created_at >= (select min(p.applies_from) from public.service_policies as p where p.is_active)
  );
end;
$$;
comment on function private.claim_service_marks is
  'Deletes up to p_batch marks, the oldest first, and returns their issues.';

-- Marks are taken before targets are computed: what changes in between is marked again.
create or replace function private.run_service_levels(p_batch integer default 10000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_count integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.service_marks', 0)) then
    return 0;
  end if;
  v_ids := private.claim_service_marks(p_batch);
  if v_ids <> '{}' then
    v_count := private.sync_service_targets(v_ids);
  end if;
  return v_count + private.record_service_breaches('breach', p_batch)
    + private.record_service_breaches('warning', p_batch);
end;
$$;
comment on function private.run_service_levels is
  'Computes the targets of the issues of up to p_batch marks, then records up to p_batch breaches and as '
  'many warnings; returns how many targets changed and how many were recorded. Blocks no writer. '
  'For the scheduler.';

create or replace function private.verify_service_targets()
returns table (issue_id uuid, generation integer, stage text, stored jsonb, computed jsonb)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_ids constant uuid[] := array(
    select t.issue_id from public.service_targets as t where t.met_at is null and t.cancelled_at is null
  );
begin
  return query
  select coalesce(s.issue_id, c.issue_id), coalesce(s.generation, c.generation), coalesce(s.stage, c.stage),
    s.value, c.value
  from (
    select t.issue_id, t.generation, t.stage, jsonb_build_array(t.started_at, t.warn_at, t.due_at) as value
    from public.service_targets as t
    where t.issue_id = any (v_ids) and t.met_at is null and t.cancelled_at is null
  ) as s
  full join (
    select t.issue_id, t.generation, t.stage, jsonb_build_array(t.started_at, t.warn_at, t.due_at) as value
    from private.load_service_targets(v_ids) as t where t.met_at is null
  ) as c on c.issue_id = s.issue_id and c.generation = s.generation and c.stage = s.stage
  where s.value is distinct from c.value and not exists (
    select from private.service_marks as m
    where m.issue_id = coalesce(s.issue_id, c.issue_id) or m.issue_id is null
  );
end;
$$;
comment on function private.verify_service_targets is
  'Computes all open targets again and returns the differences, except those of marked issues; no row means '
  'that all are correct. For operators.';
