-- Which values an engineering issue may have, whoever writes it.

-- Indexes, views, the queries that use them, and trigger conditions repeat the list.
create or replace function private.is_active_exai_status(p_status text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_status in ('open', 'in_progress');
end;
$$;
comment on function private.is_active_exai_status is 'Whether an issue with this status is active.';

create or replace function private.sort_ids(p_ids uuid[]) returns uuid[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_ids = '{}' then
    return p_ids;
  end if;
  return array(select distinct u.id from unnest(p_ids) as u (id) where u.id is not null order by u.id);
end;
$$;
comment on function private.sort_ids is 'The ids sorted, without duplicates and nulls.';

create or replace function private.clean_components(p_names text[]) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if array_position(p_names, null) is null and '' <> all (p_names) then
    return p_names;
  end if;
  return array(
    select u.name from unnest(p_names) with ordinality as u (name, position)
    where u.name <> ''
    order by u.position
  );
end;
$$;
comment on function private.clean_components is 'Names of components, without nulls and empty ones.';

create or replace function private.check_exai_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_severities constant text[] := array['critical', 'high', 'medium', 'low'];
  v_categories constant text[] := array[
    'timeout', 'architecture', 'configuration', 'performance', 'security', 'other'
  ];
  v_statuses constant text[] := array['open', 'in_progress', 'fixed', 'verified', 'closed', 'wont_fix'];
begin
  new.description := coalesce(new.description, old.description, '');
  new.severity := coalesce(new.severity, old.severity, 'medium');
  new.category := coalesce(new.category, old.category, 'other');
  new.status := coalesce(new.status, old.status, 'open');
  new.file_path := private.non_blank(new.file_path);
  new.affected_components := private.clean_components(
    coalesce(new.affected_components, old.affected_components, '{}')
  );
  new.related_issues := private.sort_ids(coalesce(new.related_issues, old.related_issues, '{}'));
  new.blocks_issues := private.sort_ids(coalesce(new.blocks_issues, old.blocks_issues, '{}'));
  new.blocked_by_issues := private.sort_ids(coalesce(new.blocked_by_issues, old.blocked_by_issues, '{}'));
  new.discovery_date := coalesce(new.discovery_date, old.discovery_date, new.created_at, now());
  if new.severity <> all (v_severities) then
    raise exception using
      errcode = 'PT422', message = 'exai_severity_invalid',
      detail = format('%L is not a valid severity.', new.severity),
      hint = 'Use one of: ' || array_to_string(v_severities, ', ') || '.';
  end if;
  if new.category <> all (v_categories) then
    raise exception using
      errcode = 'PT422', message = 'exai_category_invalid',
      detail = format('%L is not a valid category.', new.category),
      hint = 'Use one of: ' || array_to_string(v_categories, ', ') || '.';
  end if;
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'exai_status_invalid',
      detail = format('%L is not a valid status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_exai_issue is
  'Before trigger of exai_issues: checks severity, category and status, sorts the id arrays, and replaces '
  'null with the stored value or the default. Errors: exai_severity_invalid, exai_category_invalid, '
  'exai_status_invalid (422).';

create trigger _050_reject_key_change before update on public.exai_issues
  for each row when (old.id is distinct from new.id or old.issue_number is distinct from new.issue_number)
  execute function private.reject_key_change();
create trigger _100_check_exai_issue before insert on public.exai_issues
  for each row execute function private.check_exai_issue();
create trigger _110_check_exai_issue before update on public.exai_issues
  for each row when (
    (
      old.description, old.severity, old.category, old.status, old.file_path, old.affected_components,
      old.related_issues, old.blocks_issues, old.blocked_by_issues, old.discovery_date
    ) is distinct from (
      new.description, new.severity, new.category, new.status, new.file_path, new.affected_components,
      new.related_issues, new.blocks_issues, new.blocked_by_issues, new.discovery_date
    )
  )
  execute function private.check_exai_issue();
