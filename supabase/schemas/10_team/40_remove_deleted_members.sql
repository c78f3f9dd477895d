-- A softly deleted account leaves the team, as one that is deleted does.

create or replace function private.remove_deleted_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if old.deleted_at is null and new.deleted_at is not null then
    delete from public.team_members as m where m.user_id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.remove_deleted_member is
  'After-update trigger of auth.users: removes a softly deleted account from the team.';

-- Names no column, see _110_sync_changed_account.
create trigger _120_remove_deleted_member after update on auth.users
  for each row when (old *<> new) execute function private.remove_deleted_member();
