-- supabase/schemas/00_platform, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 00_platform/10_privileges.sql
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

-- 00_platform/20_private.sql
-- The schema behind the API: helpers, security-definer bodies, trigger functions, operational tables.

create schema if not exists private;
comment on schema private is
  'Never exposed and without USAGE for any API role: reached through wrappers, policies, defaults '
  'and triggers only.';

-- 00_platform/30_extensions.sql
-- The extensions that the jobs and the search need.

create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_trgm with schema extensions;

-- 00_platform/40_timestamps.sql
-- One way to keep time columns, and one way to keep keys.

-- created_at may be given on insert (imports, backfills) and never changes after that. updated_at is the
-- database's: it moves forward whenever something else in the row changed, and only then.
create or replace function private.set_timestamps() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    new.created_at := coalesce(new.created_at, now());
    new.updated_at := now();
    return new;
  end if;
  new.created_at := old.created_at;
  new.updated_at := old.updated_at;
  if new is distinct from old then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  end if;
  return new;
end;
$$;
comment on function private.set_timestamps is
  'Before trigger, the last of its table: created_at is settable on insert only, updated_at is monotonic.';

create or replace function private.set_created_at() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.created_at := case when tg_op = 'INSERT' then coalesce(new.created_at, now()) else old.created_at end;
  return new;
end;
$$;
comment on function private.set_created_at is
  'Before trigger for tables without updated_at: created_at is settable on insert only.';

-- PostgREST's upsert sets every column that it was sent, the key too, so clients hold UPDATE on keys. A
-- trigger with `when (old.key is distinct from new.key)` calls this and the key stays what it is.
create or replace function private.reject_key_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'key_change_forbidden',
    detail = format('The key of %I.%I can''t be changed.', tg_table_schema, tg_table_name),
    hint = 'Insert a new row and delete the old one.';
end;
$$;
comment on function private.reject_key_change is
  'Before trigger. Errors: key_change_forbidden (422), always.';

-- 00_platform/50_texts.sql
-- One answer to the question when a text says nothing.

-- Spaces of other scripts and characters without a width count too. Check constraints repeat the list as a
-- class, since a role that writes may call nothing here. In plpgsql, because a function of language sql is
-- planned anew in each statement that calls it, and this one is called several times for each row.
create or replace function private.non_blank(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return nullif(
    btrim(
      p_text,
      E' \t\n\r\f\x0b\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008'
        '\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
    ),
    ''
  );
end;
$$;
comment on function private.non_blank is
  'The text without the blanks around it; null for none and for one that is blank.';
