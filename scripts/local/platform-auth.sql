-- Hands the auth server's tables to the role that owns them on Supabase, with the privileges that postgres has there.
-- Runs as supabase_admin after the embedded auth server made its tables.

do $$
declare
  v_table regclass;
begin
  for v_table in
    select oid from pg_class where relnamespace = 'auth'::regnamespace and relkind = 'r'
  loop
    execute format('alter table %s owner to supabase_auth_admin', v_table);
  end loop;
  for v_table in
    select oid from pg_class where relnamespace = 'supabase_migrations'::regnamespace and relkind = 'r'
  loop
    execute format('alter table %s owner to postgres', v_table);
  end loop;
end;
$$;

grant all on all tables in schema auth to postgres, dashboard_user;
grant all on all sequences in schema auth to postgres, dashboard_user;
grant all on all routines in schema auth to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth
  grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth
  grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth
  grant all on routines to postgres, dashboard_user;
alter schema supabase_migrations owner to postgres;
