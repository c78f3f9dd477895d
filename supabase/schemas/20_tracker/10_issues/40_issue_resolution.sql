-- When and by whom an issue was resolved or archived.

-- Clients send resolved_at, resolved_by and archived_at themselves, but the status decides what is stored.
-- Only a trusted caller's insert may set times in the past.
create or replace function private.sync_issue_resolution() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_imported constant boolean := tg_op = 'INSERT' and private.is_trusted_caller();
begin
  if new.status = 'archived' then
    new.archived_at := coalesce(
      old.archived_at, case when v_imported then new.archived_at end, clock_timestamp()
    );
  else
    new.archived_at := null;
  end if;
  if new.status = 'resolved'
    or new.status = 'archived' and (old.resolved_at is not null or v_imported and new.resolved_at is not null)
  then
    new.resolved_by_user_id := case
      when old.resolved_at is not null
        then private.resolve_account_change(old.resolved_by_user_id, new.resolved_by_user_id)
      when private.is_trusted_caller() then new.resolved_by_user_id
      else auth.uid()
    end;
    new.resolved_at := coalesce(
      old.resolved_at, case when v_imported then new.resolved_at end, clock_timestamp()
    );
    new.resolved_by := coalesce(private.non_blank(new.resolved_by), old.resolved_by, private.actor_name());
  else
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_user_id := null;
  end if;
  return new;
end;
$$;
comment on function private.sync_issue_resolution is
  'Before trigger: derives resolved_at, resolved_by and archived_at from the status, whatever '
  'the client sent.';

create trigger _200_sync_issue_resolution before insert on public.issues
  for each row execute function private.sync_issue_resolution();
create trigger _210_sync_issue_resolution before update on public.issues
  for each row when (
    (old.status, old.resolved_at, old.resolved_by, old.resolved_by_user_id, old.archived_at)
    is distinct from (new.status, new.resolved_at, new.resolved_by, new.resolved_by_user_id, new.archived_at)
  )
  execute function private.sync_issue_resolution();
