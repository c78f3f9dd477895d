-- Exports all engineering issues as one document.

create or replace function private.export_exai_issues() returns jsonb
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
begin
  perform private.require_team_role('admin');
  return jsonb_build_object(
    'version', 1,
    'issues', (
      select coalesce(jsonb_agg(private.load_exai_issue_document(i) order by i.issue_number), '[]')
      from public.exai_issues as i
    ),
    'relations', (
      select coalesce(
        jsonb_agg(to_jsonb(e) order by f.issue_number, t.issue_number, e.kind collate "C"), '[]'
      )
      from public.exai_issue_relations as e
      join public.exai_issues as f on f.id = e.from_issue_id
      join public.exai_issues as t on t.id = e.to_issue_id
    )
  );
end;
$$;
grant execute on function private.export_exai_issues to authenticated, service_role;

create or replace function public.export_exai_issues() returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.export_exai_issues();
end;
comment on function public.export_exai_issues is
  'Exports all engineering issues as {version, issues[], relations[]}, in a fixed order and with times in '
  'UTC: after import_exai_issues into another database, an export returns the same bytes. Without accounts, '
  'claims and updated_at. Admins and servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.export_exai_issues to authenticated, service_role;
