-- The extensions that the jobs need.

create extension if not exists pg_cron with schema pg_catalog;
