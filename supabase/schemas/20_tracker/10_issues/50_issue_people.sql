-- The people of an issue: display names next to the accounts that they belong to.

create or replace function private.set_issue_people() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_assigned_to constant text := private.non_blank(new.assigned_to);
  v_text_changed constant boolean := v_assigned_to is distinct from old.assigned_to;
begin
  new.assigned_to := v_assigned_to;
  new.submitted_by := coalesce(private.non_blank(new.submitted_by), old.submitted_by, private.actor_name());
  if tg_op = 'UPDATE' then
    new.submitted_by_user_id := private.resolve_account_change(
      old.submitted_by_user_id, new.submitted_by_user_id
    );
  elsif not private.is_trusted_caller() then
    new.submitted_by_user_id := auth.uid();
  end if;

  if new.assigned_to_user_id is distinct from old.assigned_to_user_id then
    if new.assigned_to_user_id is not null then
      -- If name and account contradict each other, the account wins: it can't be mistyped.
      new.assigned_to := private.member_name(new.assigned_to_user_id);
      if new.assigned_to is null then
        raise exception using
          errcode = 'PT422', message = 'tracker_assignee_invalid',
          detail = 'assigned_to_user_id is not the account of a team member.',
          hint = 'Choose a team member, or give only a name in assigned_to.';
      end if;
    elsif not v_text_changed
      and exists (select from auth.users as u where u.id = old.assigned_to_user_id)
    then
      new.assigned_to := null;
    end if;
  elsif v_text_changed then
    new.assigned_to_user_id := (
      select case when count(*) = 1 then min(m.user_id::text)::uuid end
      from public.team_members as m
      where private.member_name(m.user_id) = new.assigned_to
    );
  end if;
  return new;
end;
$$;
comment on function private.set_issue_people is
  'Before trigger: sets who created the issue, and makes assigned_to and its account agree. Errors: '
  'tracker_assignee_invalid (422).';

create trigger _300_set_issue_people before insert on public.issues
  for each row execute function private.set_issue_people();
create trigger _310_set_issue_people before update on public.issues
  for each row when (
    (old.submitted_by, old.submitted_by_user_id, old.assigned_to, old.assigned_to_user_id)
    is distinct from (new.submitted_by, new.submitted_by_user_id, new.assigned_to, new.assigned_to_user_id)
  )
  execute function private.set_issue_people();
