-- What the status of an engineering issue makes of its fix, whoever sets it.

-- Not where a document is imported: it has the history of somewhere else.
create or replace function private.sync_exai_fix() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_rule constant boolean := current_setting('app.close_rule', true) is not distinct from 'on';
begin
  if private.is_exai_import() then
    return null;
  end if;
  if new.status in ('fixed', 'verified') then
    perform private.begin_exai_fix(new, old.status, v_is_rule);
  elsif private.is_active_exai_status(new.status) and not private.is_active_exai_status(old.status) then
    perform private.reopen_exai_fix(new.id, v_is_rule);
  elsif new.status = 'wont_fix' then
    update public.exai_issue_fixes as f set fixed_at = null, fixed_by = null, status_before = null
    where f.exai_issue_id = new.id and f.shipped_at is null;
  end if;
  return null;
end;
$$;
comment on function private.sync_exai_fix is
  'After-row trigger of engineering issues: a fix begins, waits for its gate or ends with the status.';

create or replace function private.begin_exai_fix(
  p_issue public.exai_issues, p_status_before text, p_is_rule boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_fixed_at constant timestamptz := case when p_is_rule then p_issue.fix_date else clock_timestamp() end;
  v_fixed_by constant text := case when p_is_rule then 'pull_requests' else 'person' end;
begin
  insert into public.exai_issue_fixes as f (exai_issue_id, fixed_at, fixed_by, status_before)
  values (p_issue.id, v_fixed_at, v_fixed_by, p_status_before)
  on conflict on constraint exai_issue_fixes_pkey do update set
    fixed_at = excluded.fixed_at, fixed_by = excluded.fixed_by, status_before = excluded.status_before
  where f.fixed_at is null;
  perform private.advance_exai_fix(p_issue.id);
end;
$$;
comment on function private.begin_exai_fix is
  'Records that a locked engineering issue is fixed, by its pull requests or by a person, and ships it where '
  'the gate lets it pass. Does nothing for one that is fixed already.';

-- The fix did not hold: whoever was told that it did is told so, and hears of the next one.
create or replace function private.reopen_exai_fix(p_exai_issue_id uuid, p_is_rule boolean) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids constant uuid[] := private.list_linked_issues(p_exai_issue_id);
  v_was_shipped constant boolean := exists (
    select from public.exai_issue_fixes as f
    where f.exai_issue_id = p_exai_issue_id and f.shipped_at is not null
  );
begin
  insert into public.exai_issue_fixes as f (exai_issue_id, reopened_at)
  values (p_exai_issue_id, case when not p_is_rule then clock_timestamp() end)
  on conflict on constraint exai_issue_fixes_pkey do update set
    fixed_at = null, fixed_by = null, status_before = null, shipped_at = null, shipped_by = null,
    shipped_by_user_id = null, version = null,
    reopened_at = coalesce(excluded.reopened_at, f.reopened_at);
  if v_was_shipped then
    perform from public.issues as i where i.id = any (v_issue_ids) order by i.id for no key update;
    update public.issues as i set status = 'in_progress'
    where i.id = any (v_issue_ids) and i.status = 'resolved' and i.resolved_by = 'Fixloop';
  end if;
end;
$$;
comment on function private.reopen_exai_fix is
  'Ends the fix of a locked engineering issue. Reopens the issues that it resolved, which begins their next '
  'generation; those that a person resolved stay resolved. What was merged until a person reopened it does '
  'not count any more.';

create trigger _360_sync_exai_fix after update on public.exai_issues
  for each row when (old.status <> new.status) execute function private.sync_exai_fix();
