-- Exports all engineering issues as JSON lines, which a client can read with a cursor.

create or replace function private.export_exai_lines() returns setof text
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
begin
  perform private.require_team_role('admin');
  return query
  select jsonb_build_object('issue', private.load_exai_issue_document(i))::text
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
  'Exports all engineering issues as one JSON object per line: {"issue": …} for each issue by number, with '
  'its steps and updates, then {"relation": …} for each edge. import_exai_issues accepts an array of these '
  'lines. Admins and servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.export_exai_lines to authenticated, service_role;
