-- Gives out everything about engineering issues, in one form and one order: the same data is the same bytes.
--
-- Left out is what belongs to this database and not to the issues: accounts, claims, updated_at, and the id
-- arrays, which the relations say.

create or replace function private.exai_issue_document(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return to_jsonb(p_issue) - '{
    related_issues, blocks_issues, blocked_by_issues, created_by_user_id, claimed_by, claimed_by_user_id,
    claimed_at, claim_expires_at, updated_at
  }'::text[] || jsonb_build_object(
    'steps', (
      select coalesce(jsonb_agg(to_jsonb(s) - '{issue_id, updated_at}'::text[] order by s.step_number), '[]')
      from public.exai_issue_checklist as s
      where s.issue_id = p_issue.id
    ),
    'updates', (
      select coalesce(
        jsonb_agg(
          to_jsonb(u) - '{issue_id, created_by_user_id, updated_at}'::text[] order by u.created_at, u.id
        ),
        '[]'
      )
      from public.exai_issue_updates as u
      where u.issue_id = p_issue.id
    )
  );
end;
$$;
comment on function private.exai_issue_document is
  'An issue with its steps and updates as import_exai_issues takes it.';

create or replace function private.export_exai_lines() returns setof text
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
begin
  perform private.require_team_role('admin');
  return query
  select jsonb_build_object('issue', private.exai_issue_document(i))::text
  from public.exai_issues as i
  order by i.issue_number;
  return query
  select jsonb_build_object('relation', to_jsonb(e))::text
  from public.exai_issue_relations as e
  join public.exai_issues as f on f.id = e.from_issue_id
  join public.exai_issues as t on t.id = e.to_issue_id
  order by f.issue_number, t.issue_number, e.kind collate "C";
end;
$$;
grant execute on function private.export_exai_lines to authenticated, service_role;

create or replace function public.export_exai_lines() returns setof text
language sql stable security invoker set search_path = ''
begin atomic
  select l.line from private.export_exai_lines() as l (line);
end;
comment on function public.export_exai_lines is
  'Everything, a JSON object a line: {"issue": …} for each issue by number, with its steps and updates, '
  'then {"relation": …} for each edge. import_exai_issues takes an array of these lines. Admins and '
  'servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.export_exai_lines to authenticated, service_role;

create or replace function private.export_exai_issues() returns jsonb
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
begin
  perform private.require_team_role('admin');
  return jsonb_build_object(
    'version', 1,
    'issues', (
      select coalesce(jsonb_agg(private.exai_issue_document(i) order by i.issue_number), '[]')
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
  'Everything about engineering issues as {version, issues[], relations[]}, in one order, times in UTC: '
  'what import_exai_issues takes, and the same bytes after it was taken in elsewhere. Without accounts, '
  'claims and updated_at. Admins and servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.export_exai_issues to authenticated, service_role;
