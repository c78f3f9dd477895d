-- The form in which issues are exported and imported. The same data is exported as the same bytes.
--
-- It leaves out what belongs to this database and not to the issues: accounts, claims, updated_at, and the id
-- arrays, which the relations contain.

create or replace function private.load_exai_issue_document(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return to_jsonb(p_issue) - '{
    related_issues, blocks_issues, blocked_by_issues, created_by_user_id, claimed_by, claimed_by_user_id,
    claimed_at, lease_expires_at, claim_minutes, updated_at
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
comment on function private.load_exai_issue_document is
  'An issue with its steps and updates, as import_exai_issues accepts it.';
