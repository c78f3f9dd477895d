-- A write that the caller's role does not allow is an error, also when there is no row for it to change.

-- Row security hides the rows of an update or delete that the caller may not do: no row changes, the API
-- answers 204, and clients report success. Each table whose policies ask for a team role asks for it first:
--
--   create trigger _000_require_agent before insert or update on public.issues
--     for each statement when (current_user in ('anon', 'authenticated'))
--     execute function private.require_role_to_write('agent');
--
-- The condition is evaluated as the role that runs the statement. In cascades of foreign keys and in security
-- definer functions that is the owner, while the caller's claims are still set; their writes pass. The
-- function is security definer because no API role has usage on the schema private.
create or replace function private.require_role_to_write() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role(tg_argv[0]);
  return null;
end;
$$;
comment on function private.require_role_to_write is
  'Before-statement trigger of team tables: requires the team role that the trigger names. Errors: '
  'sign_in_required (401), team_role_required (403).';
