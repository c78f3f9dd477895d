-- What a Supabase project's database looks like before its first migration: roles, schemas, default
-- privileges, timeouts. Runs as supabase_admin, once per cluster (roles) and once per database (the rest);
-- every statement can be run again.

do $$
declare
  -- what is stored of the superuser's own password, which the other roles share
  v_password constant text := (select rolpassword from pg_authid where rolname = current_user);
  v_role record;
begin
  for v_role in
    select *
    from (values
      ('postgres', 'login createdb createrole replication bypassrls', 'postgres'),
      ('anon', 'nologin inherit', null),
      ('authenticated', 'nologin inherit', null),
      ('service_role', 'nologin inherit bypassrls', null),
      ('authenticator', 'login noinherit', v_password),
      ('supabase_auth_admin', 'login noinherit createrole', v_password),
      ('supabase_storage_admin', 'login noinherit createrole', v_password),
      ('supabase_functions_admin', 'login noinherit createrole', v_password),
      ('supabase_replication_admin', 'login replication', v_password),
      ('supabase_read_only_user', 'login bypassrls', v_password),
      ('dashboard_user', 'nologin createdb createrole replication', null)
    ) as roles (name, options, password)
  loop
    if not exists (select from pg_roles where rolname = v_role.name) then
      execute format('create role %I %s password %L', v_role.name, v_role.options, v_role.password);
    end if;
  end loop;
end;
$$;

grant anon, authenticated, service_role to authenticator;
-- not of the roles that own schemas auth and storage
grant anon, authenticated, service_role, authenticator, pg_monitor, pg_read_all_data, pg_signal_backend,
  pg_create_subscription to postgres with admin option;
grant pg_read_all_data to supabase_read_only_user;

alter role supabase_admin set log_statement = 'none';
alter role supabase_auth_admin set log_statement = 'none';
alter role supabase_storage_admin set log_statement = 'none';
alter role supabase_admin set search_path = "$user", public, auth, extensions;
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_storage_admin set search_path = storage;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

do $$
begin
  execute format('alter database %I owner to postgres', current_database());
  execute format('grant all on database %I to supabase_auth_admin, supabase_storage_admin, dashboard_user',
    current_database());
end;
$$;

create schema if not exists extensions;
grant usage on schema extensions to anon, authenticated, service_role, dashboard_user;
grant all on schema extensions to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions
  grant all on tables to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions
  grant all on sequences to postgres with grant option;
alter default privileges for role supabase_admin in schema extensions
  grant all on routines to postgres with grant option;
create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_stat_statements with schema extensions;
do $$
begin
  -- PostgreSQL servers that are not the stack's own have no Vault to offer
  if exists (select from pg_available_extensions where name = 'supabase_vault') then
    create extension if not exists supabase_vault with schema extensions;
  end if;
end;
$$;

grant all on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;

-- the embedded auth server and platform-auth.sql fill it
create schema if not exists auth;
grant all on schema auth to supabase_auth_admin, dashboard_user;
grant usage on schema auth to postgres, anon, authenticated, service_role;

create schema if not exists storage;
grant all on schema storage to supabase_storage_admin;
grant usage on schema storage to anon, authenticated, service_role;
grant usage on schema storage to postgres with grant option;

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to postgres;
  end if;
end;
$$;

-- the CLI's history of migrations, which it keeps as postgres
create schema if not exists supabase_migrations authorization postgres;
