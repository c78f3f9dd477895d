-- Every change of an issue's status and who made it, written only by a trigger.

create table public.issue_status_logs (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  old_status text,
  new_status text not null,
  changed_by text,
  changed_by_user_id uuid,
  changed_at timestamptz not null default clock_timestamp(),
  constraint issue_status_logs_pkey primary key (id),
  constraint issue_status_logs_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint issue_status_logs_changed_by_user_id_fkey foreign key (changed_by_user_id)
    references auth.users (id) on delete set null,
  constraint issue_status_logs_old_status_differs check (old_status is distinct from new_status)
);
comment on table public.issue_status_logs is
  'One row per change of status, whatever client made it, bulk updates included. Read-only for clients; a '
  'trigger writes it.';
comment on column public.issue_status_logs.old_status is 'Null in the row for the creation of the issue.';
comment on column public.issue_status_logs.changed_by is
  'Display name of the person who changed it: of the signed-in account, else the setting '
  'app.actor, else "system".';
comment on column public.issue_status_logs.changed_by_user_id is
  'The account that changed it; null for a server or an import.';

create index issue_status_logs_issue_id_changed_at_idx
  on public.issue_status_logs (issue_id, changed_at desc);
create index issue_status_logs_changed_by_user_id_idx on public.issue_status_logs (changed_by_user_id);
create index issue_status_logs_changed_at_idx on public.issue_status_logs (changed_at);

create or replace function private.log_issue_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id uuid := auth.uid();
begin
  -- A token can outlive its account; the change is logged without one then.
  if v_user_id is not null and not exists (select from auth.users as u where u.id = v_user_id) then
    v_user_id := null;
  end if;
  insert into public.issue_status_logs (issue_id, old_status, new_status, changed_by, changed_by_user_id)
  values (new.id, old.status, new.status, private.actor_name(), v_user_id);
  return null;
end;
$$;
comment on function private.log_issue_status is
  'After trigger of issues: the only writer of issue_status_logs.';

create trigger _100_log_issue_status after insert on public.issues
  for each row execute function private.log_issue_status();
create trigger _110_log_issue_status after update on public.issues
  for each row when (old.status is distinct from new.status) execute function private.log_issue_status();

alter table public.issue_status_logs enable row level security;
create policy issue_status_logs_select_viewer on public.issue_status_logs
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.issue_status_logs to authenticated, service_role;
