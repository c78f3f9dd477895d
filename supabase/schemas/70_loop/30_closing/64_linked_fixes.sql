-- An issue that is linked to an engineering issue with a fix.

-- Reported before the fix shipped, it is fixed by it: whoever links it while the merge arrives gets the same
-- as a minute earlier. Reported later, or reopened since, it shows that the fix does not hold, and a person
-- decides.
create or replace function private.is_older_than_fix(p_issue_id uuid, p_shipped_at timestamptz)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return p_shipped_at is null or (
    select coalesce(
      max(e.at) filter (where e.hop = 'reopened' and e.generation = l.generation),
      least(min(e.at) filter (where e.hop = 'reported'), min(i.created_at))
    ) <= p_shipped_at
    from public.issues as i
    left join public.loop_issues as l on l.issue_id = i.id
    left join public.loop_events as e on e.issue_id = i.id
    where i.id = p_issue_id
  );
end;
$$;
comment on function private.is_older_than_fix is
  'Whether the current generation of an issue began before a fix shipped, or the fix has not.';

create or replace function private.apply_linked_fix(p_issue_id uuid, p_exai_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_fix public.exai_issue_fixes;
begin
  perform private.lock_exai_issues(array[p_exai_issue_id]);
  select * into v_fix from public.exai_issue_fixes as f where f.exai_issue_id = p_exai_issue_id;
  if private.is_older_than_fix(p_issue_id, v_fix.shipped_at) then
    perform private.record_pull_request_hops(p_exai_issue_id, array[p_issue_id]);
    if v_fix.fixed_at is not null then
      perform private.resolve_fixed_issues(p_exai_issue_id, array[p_issue_id]);
    end if;
  end if;
end;
$$;
comment on function private.apply_linked_fix is
  'What has happened to the engineering issue of an issue happens to the issue too, unless the issue was '
  'reported or reopened after its fix shipped.';

create or replace function private.apply_fix_to_linked_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.apply_linked_fix(new.issue_id, new.exai_issue_id);
  return null;
end;
$$;
comment on function private.apply_fix_to_linked_issue is
  'After-row trigger of issue_links: what has happened to the engineering issue happens to the issue too.';

create trigger _360_apply_fix after insert on public.issue_links
  for each row execute function private.apply_fix_to_linked_issue();
create trigger _370_apply_fix after update on public.issue_links
  for each row when (old.exai_issue_id <> new.exai_issue_id)
  execute function private.apply_fix_to_linked_issue();
