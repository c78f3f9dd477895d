-- Ships the fix of an engineering issue by a person's word, whatever the gate is.

create or replace function private.ship_issue(p_issue_number integer) returns public.exai_issue_fixes
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
  v_fix public.exai_issue_fixes;
begin
  perform private.require_team_role('agent');
  v_id := (select i.id from public.exai_issues as i where i.issue_number = p_issue_number);
  if v_id is null then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  perform private.lock_exai_issues(array[v_id]);
  perform private.ship_exai_fix(
    v_id, clock_timestamp(), private.actor_name(),
    (select u.id from auth.users as u where u.id = auth.uid()), null
  );
  select * into v_fix from public.exai_issue_fixes as f
  where f.exai_issue_id = v_id and f.shipped_at is not null;
  if not found then
    raise exception using
      errcode = 'PT422', message = 'loop_fix_required',
      detail = format('EXAI-%s is not fixed.', p_issue_number),
      hint = 'Merge a pull request that closes it, or set its status to fixed.';
  end if;
  return v_fix;
end;
$$;
grant execute on function private.ship_issue to authenticated, service_role;

create or replace function public.ship_issue(issue_number integer) returns public.exai_issue_fixes
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ship_issue(ship_issue.issue_number);
end;
comment on function public.ship_issue is
  'Lets the fix of an engineering issue pass the gate: it counts as shipped, and the issues that are '
  'linked to it resolve. Returns the fix; called again it returns the same. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), loop_fix_required (422).';
grant execute on function public.ship_issue to authenticated, service_role;
