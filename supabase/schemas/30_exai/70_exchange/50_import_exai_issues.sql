-- Imports what export_exai_issues exported: all or nothing, and a repeated import changes nothing.

create or replace function private.import_exai_issues(p_document jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set timezone = 'UTC' as $$
declare
  v_issues jsonb;
  v_relations jsonb;
  v_written_count integer;
  v_related_count integer;
  v_state text;
  v_message text;
  v_detail text;
begin
  perform private.require_team_role('admin');
  v_issues := private.parse_exai_import(p_document, 'issues');
  v_relations := private.parse_exai_import(p_document, 'relations');
  perform private.lock_exai_graph();
  perform private.reject_exai_import_conflicts(v_issues);
  perform set_config('app.exai_import', 'on', true);
  v_written_count := private.import_exai_issue_rows(v_issues);
  perform private.import_exai_issue_parts(v_issues);
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind, created_at)
  select r.from_issue_id, r.to_issue_id, r.kind, r.created_at
  from jsonb_populate_recordset(null::public.exai_issue_relations, v_relations) as r
  order by r.from_issue_id, r.to_issue_id, r.kind
  on conflict on constraint exai_issue_relations_pkey do nothing;
  get diagnostics v_related_count = row_count;
  perform set_config('app.exai_import', '', true);
  return jsonb_build_object(
    'issues', jsonb_array_length(v_issues), 'relations', jsonb_array_length(v_relations),
    'issues_written', v_written_count, 'relations_written', v_related_count
  );
exception
  when data_exception or integrity_constraint_violation then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text,
      v_detail = pg_exception_detail;
    if v_state in ('23505', '21000') then
      raise exception using
        errcode = 'PT409', message = 'exai_import_conflict',
        detail = concat_ws(' ', v_message || '.', v_detail),
        hint = 'Two parts have the same id or number: both of the document, or one of the document and a '
          'stored one.';
    end if;
    raise exception using
      errcode = 'PT422', message = 'exai_import_invalid', detail = concat_ws(' ', v_message || '.', v_detail),
      hint = 'Nothing was imported. Correct the document and send it again.';
end;
$$;
grant execute on function private.import_exai_issues to authenticated, service_role;

create or replace function public.import_exai_issues(document jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.import_exai_issues(import_exai_issues.document);
end;
comment on function public.import_exai_issues is
  'Imports a document of export_exai_issues, or an array of lines of export_exai_lines. Issues, steps and '
  'updates are inserted, or updated by their ids; relations are added; nothing is deleted. All or nothing, '
  'and a repeated import changes nothing. Returns {issues, relations, issues_written, relations_written}. '
  'Admins and servers. Errors: sign_in_required (401), team_role_required (403), exai_import_conflict, '
  'exai_relation_cycle_conflict, exai_relation_limit_reached, exai_isolation_unsupported (409), '
  'exai_import_invalid, key_change_forbidden (422), and the errors of writing an issue.';
grant execute on function public.import_exai_issues to authenticated, service_role;
