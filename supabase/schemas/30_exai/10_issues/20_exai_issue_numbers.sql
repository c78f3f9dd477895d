-- The first trigger of an insert: gives a new issue its number, and completes an upsert with the stored
-- values.

-- An upsert fires this trigger too, and updates with the row that it returns. So for an existing row, nulls
-- are replaced with the stored values here: any other default would overwrite them.
create or replace function private.complete_exai_issue_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.exai_issues;
begin
  select * into v_old from public.exai_issues as i where i.id = new.id for update;
  if found then
    new.issue_number := coalesce(nullif(new.issue_number, 0), v_old.issue_number);
    new.description := coalesce(new.description, v_old.description);
    new.severity := coalesce(new.severity, v_old.severity);
    new.category := coalesce(new.category, v_old.category);
    new.status := coalesce(new.status, v_old.status);
    new.affected_components := coalesce(new.affected_components, v_old.affected_components);
    new.related_issues := coalesce(new.related_issues, v_old.related_issues);
    new.blocks_issues := coalesce(new.blocks_issues, v_old.blocks_issues);
    new.blocked_by_issues := coalesce(new.blocked_by_issues, v_old.blocked_by_issues);
    new.discovery_date := coalesce(new.discovery_date, v_old.discovery_date);
    new.fix_date := coalesce(new.fix_date, v_old.fix_date);
    new.verification_date := coalesce(new.verification_date, v_old.verification_date);
    new.created_by := coalesce(private.non_blank(new.created_by), v_old.created_by);
  elsif new.issue_number <> 0 and (private.is_trusted_caller() or private.is_exai_import()) then
    perform private.advance_sequence('public.exai_issues_issue_number_seq', new.issue_number);
  else
    new.issue_number := nextval('public.exai_issues_issue_number_seq')::integer;
  end if;
  return new;
end;
$$;
comment on function private.complete_exai_issue_upsert is
  'The first before-insert trigger of exai_issues: assigns a number to a new issue; in an upsert, replaces '
  'nulls with the stored values.';

-- Clients of the API cannot set it: import_exai_issues does, while it runs.
create or replace function private.is_exai_import() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(current_setting('app.exai_import', true), '') = 'on';
end;
$$;
comment on function private.is_exai_import is
  'Whether rows are written by import_exai_issues, whose document contains their numbers, authors and times.';

create trigger _060_complete_exai_issue_upsert before insert on public.exai_issues
  for each row execute function private.complete_exai_issue_upsert();
