-- Takes back what the platform grants by default, so that every object grants what it means to and nothing
-- more.

alter default privileges for role postgres in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke all on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke all on functions from anon, authenticated, service_role;

-- EXECUTE for everybody is built into PostgreSQL; only the global form (no schema) takes it away.
alter default privileges for role postgres revoke execute on functions from public;

-- Whoever may make temporary objects can shadow a type such as `text` for the security-definer functions that
-- their session calls: pg_temp is looked through first even where search_path is empty.
do $$
begin
  execute format('revoke temporary on database %I from public', current_database());
end;
$$;
