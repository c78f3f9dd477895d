-- Revokes the privileges that the platform grants by default: every object states its own grants.

alter default privileges for role postgres in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke all on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke all on functions from anon, authenticated, service_role;

-- PUBLIC has EXECUTE on new functions by default; only the form without a schema can revoke that.
alter default privileges for role postgres revoke execute on functions from public;

-- A role that may create temporary objects could shadow a type such as `text` for the security definer
-- functions that it calls: pg_temp is searched first, also where search_path is empty.
do $$
begin
  execute format('revoke temporary on database %I from public', current_database());
end;
$$;
