-- The parts of an import: parsing the document, rejecting conflicts, writing issues with their steps and
-- updates.

create or replace function private.parse_exai_import(p_document jsonb, p_key text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts jsonb := case jsonb_typeof(p_document)
    when 'array' then (
      select coalesce(jsonb_agg(l.line -> left(p_key, -1) order by l.position), '[]')
      from jsonb_array_elements(p_document) with ordinality as l (line, position)
      where l.line ? left(p_key, -1)
    )
    when 'object' then coalesce(p_document -> p_key, '[]')
  end;
begin
  if jsonb_typeof(v_parts) is distinct from 'array'
    or exists (select from jsonb_array_elements(v_parts) as e (item) where jsonb_typeof(e.item) <> 'object')
    or jsonb_typeof(p_document) = 'array' and exists (
      select from jsonb_array_elements(p_document) as l (line)
      where jsonb_typeof(l.line) <> 'object' or not l.line ?| array['issue', 'relation']
    )
  then
    raise exception using
      errcode = 'PT422', message = 'exai_import_invalid',
      detail = format('The document has no array of objects in %L.', p_key),
      hint = 'Send what export_exai_issues returned, or an array of the lines of export_exai_lines.';
  end if;
  return v_parts;
end;
$$;
comment on function private.parse_exai_import is
  'The issues or relations of a document, or of an array of lines. p_key is issues or relations. Errors: '
  'exai_import_invalid (422).';

create or replace function private.reject_exai_import_conflicts(p_issues jsonb) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_conflict record;
begin
  select d.issue_number, d.id as imported_id, i.id as stored_id, i.issue_number as stored_number
  into v_conflict
  from jsonb_to_recordset(p_issues) as d (id uuid, issue_number integer)
  join public.exai_issues as i
    on i.issue_number = d.issue_number and i.id <> d.id or i.id = d.id and i.issue_number <> d.issue_number
  order by d.issue_number
  limit 1;
  if found then
    raise exception using
      errcode = 'PT409', message = 'exai_import_conflict',
      detail = format(
        'Issue #%s of the document has the id %s; in this database, #%s has the id %s.',
        v_conflict.issue_number, v_conflict.imported_id, v_conflict.stored_number, v_conflict.stored_id
      ),
      hint = 'Import into a database without issues, or into the one that the document was exported from.';
  end if;
end;
$$;
comment on function private.reject_exai_import_conflicts is
  'Errors: exai_import_conflict (409), if a number belongs to another issue in this database.';

create or replace function private.import_exai_issue_rows(p_issues jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  insert into public.exai_issues as i (
    id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
    affected_components, conversation_id, fix_conversation_id, root_cause, impact_description,
    recommended_fix, actual_fix, discovery_date, fix_date, verification_date, created_by, created_at
  )
  select d.id, d.issue_number, d.title, d.description, d.severity, d.category, d.status, d.file_path,
    d.line_start, d.line_end, d.affected_components, d.conversation_id, d.fix_conversation_id, d.root_cause,
    d.impact_description, d.recommended_fix, d.actual_fix, d.discovery_date, d.fix_date, d.verification_date,
    d.created_by, d.created_at
  from jsonb_populate_recordset(null::public.exai_issues, p_issues) as d
  order by d.issue_number
  on conflict on constraint exai_issues_pkey do update set
    title = excluded.title, description = excluded.description, severity = excluded.severity,
    category = excluded.category, status = excluded.status, file_path = excluded.file_path,
    line_start = excluded.line_start, line_end = excluded.line_end,
    affected_components = excluded.affected_components, conversation_id = excluded.conversation_id,
    fix_conversation_id = excluded.fix_conversation_id, root_cause = excluded.root_cause,
    impact_description = excluded.impact_description, recommended_fix = excluded.recommended_fix,
    actual_fix = excluded.actual_fix, discovery_date = excluded.discovery_date, fix_date = excluded.fix_date,
    verification_date = excluded.verification_date, created_by = excluded.created_by
  where (
    i.title, i.description, i.severity, i.category, i.status, i.file_path, i.line_start, i.line_end,
    i.affected_components, i.conversation_id, i.fix_conversation_id, i.root_cause, i.impact_description,
    i.recommended_fix, i.actual_fix, i.discovery_date, i.fix_date, i.verification_date, i.created_by
  ) is distinct from (
    excluded.title, excluded.description, excluded.severity, excluded.category, excluded.status,
    excluded.file_path, excluded.line_start, excluded.line_end, excluded.affected_components,
    excluded.conversation_id, excluded.fix_conversation_id, excluded.root_cause, excluded.impact_description,
    excluded.recommended_fix, excluded.actual_fix, excluded.discovery_date, excluded.fix_date,
    excluded.verification_date, excluded.created_by
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.import_exai_issue_rows is
  'Inserts or updates issues without their steps and updates, and returns how many were written.';

create or replace function private.import_exai_issue_parts(p_issues jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.exai_issue_checklist as c (
    id, issue_id, step_number, description, status, conversation_id, completed_at, created_at
  )
  select s.id, d.id, s.step_number, s.description, s.status, s.conversation_id, s.completed_at, s.created_at
  from jsonb_to_recordset(p_issues) as d (id uuid, steps jsonb)
  cross join lateral jsonb_populate_recordset(null::public.exai_issue_checklist, d.steps) as s
  order by d.id, s.step_number
  on conflict on constraint exai_issue_checklist_pkey do update set
    issue_id = excluded.issue_id, step_number = excluded.step_number, description = excluded.description,
    status = excluded.status, conversation_id = excluded.conversation_id, completed_at = excluded.completed_at
  where (c.issue_id, c.step_number, c.description, c.status, c.conversation_id, c.completed_at)
    is distinct from (
      excluded.issue_id, excluded.step_number, excluded.description, excluded.status,
      excluded.conversation_id, excluded.completed_at
    );
  insert into public.exai_issue_updates as c (
    id, issue_id, update_type, content, conversation_id, created_by, created_at
  )
  select u.id, d.id, u.update_type, u.content, u.conversation_id, u.created_by, u.created_at
  from jsonb_to_recordset(p_issues) as d (id uuid, updates jsonb)
  cross join lateral jsonb_populate_recordset(null::public.exai_issue_updates, d.updates) as u
  order by d.id, u.created_at, u.id
  on conflict on constraint exai_issue_updates_pkey do update set
    issue_id = excluded.issue_id, update_type = excluded.update_type, content = excluded.content,
    conversation_id = excluded.conversation_id, created_by = excluded.created_by
  where (c.issue_id, c.update_type, c.content, c.conversation_id, c.created_by)
    is distinct from (
      excluded.issue_id, excluded.update_type, excluded.content, excluded.conversation_id, excluded.created_by
    );
end;
$$;
comment on function private.import_exai_issue_parts is 'Inserts or updates the steps and updates of issues.';
