-- The issue of a message: created by an import, brought up to date by later ones.

create or replace function private.create_imported_issue(
  p_message public.circle_issues, p_issue_id uuid, p_segment text, p_import_source text, p_imported_by text,
  p_is_automatic boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
begin
  insert into public.issues (id, title, description, status, segment, submitted_by, tags)
  values (
    p_issue_id, v_title, v_description, 'waiting_for_help', p_segment, p_message.author_name,
    array[p_segment, 'circle']
  );
  insert into private.circle_imports (circle_issue_id, issue_id, title, description, segment, submitted_by)
  values (p_message.id, p_issue_id, v_title, v_description, p_segment, p_message.author_name)
  on conflict on constraint circle_imports_pkey do update set
    issue_id = excluded.issue_id, title = excluded.title, description = excluded.description,
    segment = excluded.segment, submitted_by = excluded.submitted_by, imported_at = clock_timestamp();
  insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, is_automatic)
  values (p_message.id, p_issue_id, p_imported_by, p_import_source, p_is_automatic);
end;
$$;
comment on function private.create_imported_issue is
  'Creates the issue of a message, records what it wrote in circle_imports and logs the import.';

-- The issue may have been merged, edited or deleted since: only columns that still hold what an import wrote
-- are updated.
create or replace function private.refresh_imported_issue(p_message public.circle_issues, p_segment text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
  v_last private.circle_imports;
begin
  -- The issue first: an import of this message has locked it before it comes here.
  perform from public.issues as i where i.id = p_message.mapped_to_issue_id for no key update;
  select * into v_last from private.circle_imports as m
  where m.circle_issue_id = p_message.id and m.issue_id = p_message.mapped_to_issue_id
  for update;
  if not found or (v_last.title, v_last.description, v_last.segment, v_last.submitted_by)
    is not distinct from (v_title, v_description, p_segment, p_message.author_name)
  then
    return;
  end if;
  perform set_config('app.import', 'on', true);
  update public.issues as i set
    title = case when i.title = v_last.title then v_title else i.title end,
    description = case when i.description = v_last.description then v_description else i.description end,
    segment = case when i.segment = v_last.segment then p_segment else i.segment end,
    submitted_by = case when i.submitted_by = v_last.submitted_by then p_message.author_name
      else i.submitted_by end,
    tags = case when i.segment = v_last.segment then array_replace(i.tags, i.segment, p_segment)
      else i.tags end
  where i.id = p_message.mapped_to_issue_id;
  perform set_config('app.import', 'off', true);
  update private.circle_imports as m set
    title = v_title, description = v_description, segment = p_segment,
    submitted_by = p_message.author_name, imported_at = clock_timestamp()
  where m.circle_issue_id = p_message.id;
end;
$$;
comment on function private.refresh_imported_issue is
  'Updates an imported issue from its message, except where a team member changed it.';

create or replace function private.refresh_other_messages(p_circle_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  if p_circle_issue_ids = '{}' then
    return;
  end if;
  for v_message in
    select c.* from public.circle_issues as c
    where c.id = any (p_circle_issue_ids) and c.mapped_to_issue_id is not null
    order by c.message_id collate "C"
  loop
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end loop;
end;
$$;
comment on function private.refresh_other_messages is
  'Updates the issues of messages that have lost a reply, or whose reply has changed.';

-- For when the last element about a message is rejected, after others that were not.
create or replace function private.refresh_after_rejection(p_message_id text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  select * into v_message from public.circle_issues as c
  where c.message_id = p_message_id and c.mapped_to_issue_id is not null;
  if found then
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end if;
exception
  when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded then
    -- The rejection is reported already; the issue stays as it was.
    null;
end;
$$;
comment on function private.refresh_after_rejection is
  'Updates the issue of a message from what was stored of it before an element was rejected.';
