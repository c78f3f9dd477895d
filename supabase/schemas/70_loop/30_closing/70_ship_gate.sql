-- The gate between fixed and shipped, and what happens to the issues behind it.

create or replace function private.find_ship_time(p_fix public.exai_issue_fixes) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_settings public.loop_settings;
begin
  select * into v_settings from public.loop_settings as s where s.id;
  case v_settings.ship_gate
    when 'merge' then
      return p_fix.fixed_at;
    when 'delay' then
      return (
        select d.due_at
        from (
          select p_fix.fixed_at + make_interval(mins => v_settings.ship_delay_minutes) as due_at
        ) as d
        where d.due_at <= clock_timestamp()
      );
    when 'deployment' then
      return private.find_deployment_time(p_fix, v_settings.ship_environment);
    else
      return null;
  end case;
end;
$$;
comment on function private.find_ship_time is
  'When the gate of loop_settings let a fix pass; null while it does not.';

create or replace function private.resolve_fixed_issues(p_exai_issue_id uuid, p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_fix public.exai_issue_fixes;
  v_number integer;
begin
  select * into v_fix from public.exai_issue_fixes as f where f.exai_issue_id = p_exai_issue_id;
  v_number := (select i.issue_number from public.exai_issues as i where i.id = p_exai_issue_id);
  perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  perform private.record_loop_events(p_issue_ids, 'fixed', v_fix.fixed_at, null, 'EXAI-' || v_number);
  if v_fix.shipped_at is not null then
    perform private.record_loop_events(
      p_issue_ids, 'shipped', v_fix.shipped_at, null, coalesce(v_fix.version, 'EXAI-' || v_number)
    );
    update public.issues as i set status = 'resolved', resolved_by = 'Fixloop'
    where i.id = any (p_issue_ids) and i.status in ('waiting_for_help', 'in_progress', 'blocked');
  end if;
end;
$$;
comment on function private.resolve_fixed_issues is
  'Records for these issues that their engineering issue is fixed and, if so, shipped, which resolves those '
  'that are open. The caller has locked the engineering issue.';

create or replace function private.ship_exai_fix(
  p_exai_issue_id uuid, p_at timestamptz, p_by text, p_user_id uuid, p_version text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.exai_issue_fixes as f set
    shipped_at = p_at, shipped_by = p_by, shipped_by_user_id = p_user_id, version = p_version
  where f.exai_issue_id = p_exai_issue_id and f.fixed_at is not null and f.shipped_at is null;
  if found then
    perform private.resolve_fixed_issues(p_exai_issue_id, private.list_linked_issues(p_exai_issue_id));
  end if;
end;
$$;
comment on function private.ship_exai_fix is
  'Ships the fix of a locked engineering issue and resolves its issues, unless it is shipped or not fixed.';

create or replace function private.advance_exai_fix(p_exai_issue_id uuid) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_gate constant text := (select s.ship_gate from public.loop_settings as s where s.id);
  v_fix public.exai_issue_fixes;
  v_shipped_at timestamptz;
begin
  select * into v_fix from public.exai_issue_fixes as f
  where f.exai_issue_id = p_exai_issue_id and f.fixed_at is not null and f.shipped_at is null;
  if not found then
    return false;
  end if;
  v_shipped_at := private.find_ship_time(v_fix);
  if v_shipped_at is null then
    perform private.resolve_fixed_issues(p_exai_issue_id, private.list_linked_issues(p_exai_issue_id));
    return false;
  end if;
  perform private.ship_exai_fix(
    p_exai_issue_id, v_shipped_at, v_gate, null,
    case when v_gate = 'deployment' then private.find_deployed_version(p_exai_issue_id) end
  );
  return true;
end;
$$;
comment on function private.advance_exai_fix is
  'Ships the fix of a locked engineering issue if the gate lets it pass, and returns whether it did.';

create or replace function private.run_ship_gate(p_limit integer default 500) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
  v_count integer := 0;
begin
  if (select s.ship_gate from public.loop_settings as s where s.id) = 'person' then
    return 0;
  end if;
  for v_id in
    select f.exai_issue_id from public.exai_issue_fixes as f
    where f.shipped_at is null and f.fixed_at is not null and private.find_ship_time(f) is not null
    order by f.exai_issue_id
    limit p_limit
  loop
    perform private.lock_exai_issues(array[v_id]);
    if private.advance_exai_fix(v_id) then
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end;
$$;
comment on function private.run_ship_gate is
  'Ships up to p_limit fixes that the gate lets pass, and returns how many. For the scheduler, and after a '
  'change of the gate.';

create or replace function private.apply_changed_ship_gate() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.run_ship_gate();
  return null;
end;
$$;
comment on function private.apply_changed_ship_gate is
  'After-row trigger of the settings: what waits is let pass by the gate as it is set; what is more than one '
  'run ships, within minutes.';
create trigger _300_apply_changed_ship_gate after update on public.loop_settings
  for each row when (
    (old.ship_gate, old.ship_delay_minutes, old.ship_environment)
    is distinct from (new.ship_gate, new.ship_delay_minutes, new.ship_environment)
  )
  execute function private.apply_changed_ship_gate();
