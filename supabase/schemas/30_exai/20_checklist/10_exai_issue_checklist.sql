-- The checklist of an engineering issue: the numbered steps of its fix.

create table public.exai_issue_checklist (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  -- Null, which a trigger replaces. As a default it makes the column optional in generated types.
  step_number integer not null default nullif(0, 0),
  description text not null,
  status text not null default 'pending',
  conversation_id text,
  completed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint exai_issue_checklist_pkey primary key (id),
  -- Deferrable, so that one statement can shift the steps past each other.
  constraint exai_issue_checklist_issue_id_step_number_key unique (issue_id, step_number)
    deferrable initially immediate,
  constraint exai_issue_checklist_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_checklist_step_number_is_in_range check (step_number between 1 and 1000000),
  constraint exai_issue_checklist_description_is_not_blank
    check (description ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint exai_issue_checklist_status_is_known
    check (status in ('pending', 'in_progress', 'complete', 'skipped')),
  constraint exai_issue_checklist_completed_at_matches_status
    check ((completed_at is not null) = (status = 'complete')),
  constraint exai_issue_checklist_created_at_is_finite check (isfinite(created_at))
);
comment on table public.exai_issue_checklist is
  'The steps of engineering issues. Agents write and delete them. Errors on write: exai_step_status_invalid, '
  'key_change_forbidden (422).';
comment on column public.exai_issue_checklist.step_number is
  'Position of the step, counted from 1 and unique within the issue; gaps are allowed. Null or left out on '
  'insert: after the last step.';
comment on column public.exai_issue_checklist.status is 'pending, in_progress, complete or skipped.';
comment on column public.exai_issue_checklist.conversation_id is
  'Id of the conversation that did the step.';
comment on column public.exai_issue_checklist.completed_at is
  'When it was completed: the value that was sent, else the time at which the status became complete. '
  'Cleared by any other status.';

create or replace function private.check_exai_step() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['pending', 'in_progress', 'complete', 'skipped'];
  v_old public.exai_issue_checklist;
begin
  if tg_op = 'INSERT' and (
    new.status is null or new.step_number is null or new.status = 'complete' and new.completed_at is null
  ) then
    select * into v_old from public.exai_issue_checklist as c where c.id = new.id for update;
  end if;
  new.status := coalesce(new.status, old.status, v_old.status, 'pending');
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'exai_step_status_invalid',
      detail = format('%L is not a valid status of a step.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  new.completed_at := case when new.status = 'complete' then
    coalesce(new.completed_at, old.completed_at, v_old.completed_at, clock_timestamp())
  end;
  new.step_number := coalesce(new.step_number, old.step_number, v_old.step_number);
  if new.step_number is null then
    perform private.lock_exai_steps(new.issue_id);
    new.step_number := 1 + coalesce(
      (select max(c.step_number) from public.exai_issue_checklist as c where c.issue_id = new.issue_id), 0
    );
  end if;
  return new;
end;
$$;
comment on function private.check_exai_step is
  'Before trigger of exai_issue_checklist: checks the status, sets completed_at to match it, assigns a '
  'number, and replaces null with the stored value or the default. Errors: exai_step_status_invalid (422).';

-- An advisory lock and not a lock of the issue's row, so that only other writers of step numbers wait for it.
create or replace function private.lock_exai_steps(p_issue_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.exai_issue_checklist ' || p_issue_id, 0));
end;
$$;
comment on function private.lock_exai_steps is 'Locks the numbering of the steps of an issue.';

create trigger _000_require_agent before insert or update or delete on public.exai_issue_checklist
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _050_reject_key_change before update on public.exai_issue_checklist
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.reject_key_change();
create trigger _100_check_exai_step before insert on public.exai_issue_checklist
  for each row execute function private.check_exai_step();
create trigger _110_check_exai_step before update on public.exai_issue_checklist
  for each row when (
    (old.status, old.completed_at, old.step_number)
    is distinct from (new.status, new.completed_at, new.step_number)
  )
  execute function private.check_exai_step();
create trigger _900_set_timestamps before insert or update on public.exai_issue_checklist
  for each row execute function private.set_timestamps();

alter table public.exai_issue_checklist enable row level security;
create policy exai_issue_checklist_select_viewer on public.exai_issue_checklist
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issue_checklist_insert_agent on public.exai_issue_checklist
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issue_checklist_update_agent on public.exai_issue_checklist
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy exai_issue_checklist_delete_agent on public.exai_issue_checklist
  for delete to authenticated using ((select private.has_team_role('agent')));

grant select, delete on public.exai_issue_checklist to authenticated;
grant insert (
  id, issue_id, step_number, description, status, conversation_id, completed_at, created_at, updated_at
) on public.exai_issue_checklist to authenticated;
grant update (
  id, issue_id, step_number, description, status, conversation_id, completed_at, created_at, updated_at
) on public.exai_issue_checklist to authenticated;
grant select, insert, update, delete on public.exai_issue_checklist to service_role;
