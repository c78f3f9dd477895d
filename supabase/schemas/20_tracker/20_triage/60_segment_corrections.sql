-- Corrections by people: texts that the rules classified wrongly, as examples for better rules.

create table public.segment_corrections (
  id uuid not null default gen_random_uuid(),
  issue_id uuid,
  title text not null,
  description text not null,
  old_segment text not null,
  new_segment text not null,
  corrected_by text not null,
  corrected_by_user_id uuid,
  corrected_at timestamptz not null default clock_timestamp(),
  constraint segment_corrections_pkey primary key (id),
  constraint segment_corrections_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete set null,
  constraint segment_corrections_corrected_by_user_id_fkey foreign key (corrected_by_user_id)
    references auth.users (id) on delete set null,
  constraint segment_corrections_title_is_bounded check (length(title) <= 20000),
  constraint segment_corrections_description_is_bounded check (length(description) <= 20000),
  constraint segment_corrections_old_segment_differs check (old_segment <> new_segment)
);
comment on table public.segment_corrections is
  'One row for each change of an issue''s segment by a person. The team reads it; only a trigger writes it, '
  'and rows are never deleted.';
comment on column public.segment_corrections.issue_id is 'The issue; null after its deletion.';
comment on column public.segment_corrections.title is
  'The issue''s title before the change, its first 20,000 characters.';
comment on column public.segment_corrections.description is
  'The issue''s description before the change, its first 20,000 characters.';
comment on column public.segment_corrections.old_segment is
  'The segment before, set by the rules or by a person.';
comment on column public.segment_corrections.corrected_by is 'Display name of the person who changed it.';
comment on column public.segment_corrections.corrected_by_user_id is
  'The account that changed it; null after its deletion.';

create index segment_corrections_issue_id_idx on public.segment_corrections (issue_id);
create index segment_corrections_corrected_by_user_id_idx
  on public.segment_corrections (corrected_by_user_id);

-- An import that runs for a signed-in person sets app.import: what it changes is not that person's decision.
create or replace function private.record_segment_correction() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if auth.uid() is null or current_setting('app.import', true) = 'on' then
    return null;
  end if;
  insert into public.segment_corrections (
    issue_id, title, description, old_segment, new_segment, corrected_by, corrected_by_user_id
  )
  values (
    new.id, left(old.title, 20000), left(old.description, 20000), old.segment, new.segment,
    private.actor_name(),
    -- A token can outlive its account; the correction is recorded without one then.
    (select u.id from auth.users as u where u.id = auth.uid())
  );
  return null;
end;
$$;
comment on function private.record_segment_correction is
  'After trigger of issues, the only writer of segment_corrections.';

-- Corrections of test data are not recorded.
create trigger _120_record_segment_correction after update on public.issues
  for each row when (old.segment is distinct from new.segment and not new.is_test)
  execute function private.record_segment_correction();

alter table public.segment_corrections enable row level security;
create policy segment_corrections_select_viewer on public.segment_corrections
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.segment_corrections to authenticated, service_role;
