-- Who filed an issue or wrote an update: the name may be sent, the account is set by the database.

create or replace function private.set_exai_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.created_by := coalesce(private.non_blank(new.created_by), old.created_by, private.actor_name());
  if tg_op = 'UPDATE' then
    if new.created_by_user_id is distinct from old.created_by_user_id then
      new.created_by_user_id := private.resolve_account_change(old.created_by_user_id,
        new.created_by_user_id);
    end if;
  elsif private.is_exai_import() then
    new.created_by_user_id := null;
  elsif not private.is_trusted_caller() then
    -- A token can outlive its account.
    new.created_by_user_id := (select u.id from auth.users as u where u.id = auth.uid());
  end if;
  return new;
end;
$$;
comment on function private.set_exai_author is
  'Before trigger of exai_issues and exai_issue_updates: sets the author''s account, and the name where '
  'none was sent.';

create trigger _400_set_exai_author before insert on public.exai_issues
  for each row execute function private.set_exai_author();
create trigger _410_set_exai_author before update on public.exai_issues
  for each row when (
    (old.created_by, old.created_by_user_id) is distinct from (new.created_by, new.created_by_user_id)
  )
  execute function private.set_exai_author();
