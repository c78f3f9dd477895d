-- The dates of an issue: fix_date and verification_date follow the status.

-- Reopening is a change from any other status to open or in_progress. The issue is not fixed after all, so
-- its dates are cleared; what was tried (actual_fix, fix_conversation_id) stays.
create or replace function private.sync_exai_dates() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and new.status <> old.status then
    if private.is_active_exai_status(new.status) then
      if not private.is_active_exai_status(old.status) then
        new.fix_date := null;
        new.verification_date := null;
      end if;
    elsif new.status = 'fixed' and old.status = 'verified'
      and new.verification_date is not distinct from old.verification_date
    then
      new.verification_date := null;
    end if;
  end if;
  if new.status = 'fixed' then
    new.fix_date := coalesce(new.fix_date, old.fix_date, clock_timestamp());
  elsif new.status = 'verified' then
    new.verification_date := coalesce(new.verification_date, old.verification_date, clock_timestamp());
  end if;
  return new;
end;
$$;
comment on function private.sync_exai_dates is
  'Before trigger of exai_issues: fix_date and verification_date follow the status unless they are sent.';

create trigger _300_sync_exai_dates before insert on public.exai_issues
  for each row execute function private.sync_exai_dates();
create trigger _310_sync_exai_dates before update on public.exai_issues
  for each row when (
    (old.status, old.fix_date, old.verification_date)
    is distinct from (new.status, new.fix_date, new.verification_date)
  )
  execute function private.sync_exai_dates();
create trigger _900_set_timestamps before insert or update on public.exai_issues
  for each row execute function private.set_timestamps();
