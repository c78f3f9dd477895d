-- The extensions that the jobs and the search need.

create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_trgm with schema extensions;
