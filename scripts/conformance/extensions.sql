-- The extensions as Supabase leaves them to `postgres` after it created one; here the superuser creates them
-- beforehand, so that a migration's `create extension if not exists` finds it there. Runs as supabase_admin.

create extension pgtap with schema extensions;
create extension plpgsql_check with schema extensions;

create extension pg_cron with schema pg_catalog;
grant usage on schema cron to postgres with grant option;
grant all on all functions in schema cron to postgres with grant option;
alter default privileges in schema cron grant all on functions to postgres with grant option;
revoke all on cron.job from public, postgres;
grant select on cron.job to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
