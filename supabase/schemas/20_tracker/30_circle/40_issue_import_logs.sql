-- Which message became which issue, when, by whom and from which source.

create table public.issue_import_logs (
  id uuid not null default gen_random_uuid(),
  circle_issue_id uuid not null,
  issue_id uuid,
  imported_by text not null default private.actor_name(),
  import_source text not null default 'manual',
  import_notes text,
  is_automatic boolean not null default false,
  imported_at timestamptz not null default clock_timestamp(),
  constraint issue_import_logs_pkey primary key (id),
  constraint issue_import_logs_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint issue_import_logs_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete set null
);
comment on table public.issue_import_logs is
  'One row per import of a message as an issue. Rows are added, not changed.';
comment on column public.issue_import_logs.issue_id is 'The issue that was created; null once it is deleted.';
comment on column public.issue_import_logs.imported_by is
  'Display name of who imported it, or system. As sent by a server, else the caller''s.';
comment on column public.issue_import_logs.import_source is
  'Where it came from, for example n8n_webhook or manual.';
comment on column public.issue_import_logs.is_automatic is
  'Whether triage decided it; false for what a signed-in person imports.';

create index issue_import_logs_circle_issue_id_idx on public.issue_import_logs (circle_issue_id);
create index issue_import_logs_issue_id_idx on public.issue_import_logs (issue_id);
create index issue_import_logs_imported_at_idx on public.issue_import_logs (imported_at);

create or replace function private.set_importer() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() then
    new.imported_by := private.actor_name();
    new.imported_at := clock_timestamp();
    new.is_automatic := false;
  end if;
  return new;
end;
$$;
comment on function private.set_importer is
  'Before trigger: what a person logs carries their name and the current time, and is not automatic.';

create trigger _000_require_agent before insert on public.issue_import_logs
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _100_set_importer before insert on public.issue_import_logs
  for each row execute function private.set_importer();

alter table public.issue_import_logs enable row level security;
create policy issue_import_logs_select_viewer on public.issue_import_logs
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy issue_import_logs_insert_agent on public.issue_import_logs
  for insert to authenticated with check ((select private.has_team_role('agent')));

grant select on public.issue_import_logs to authenticated;
grant insert (
  id, circle_issue_id, issue_id, imported_by, import_source, import_notes, is_automatic, imported_at
) on public.issue_import_logs to authenticated;
grant select, insert, update, delete on public.issue_import_logs to service_role;
