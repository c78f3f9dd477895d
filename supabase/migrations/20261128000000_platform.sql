-- supabase/schemas/00_platform, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 00_platform/10_privileges.sql
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

-- 00_platform/20_private.sql
-- The schema behind the API: helpers, security definer bodies, trigger functions, operational tables.

create schema if not exists private;
comment on schema private is
  'Not exposed, and no API role has USAGE: reached only through wrappers, policies, defaults and triggers.';

-- 00_platform/30_extensions.sql
-- The extensions for scheduled jobs and for search.

create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_trgm with schema extensions;

-- 00_platform/40_timestamps.sql
-- The trigger functions that every table shares: for its timestamps and for its key.

-- Imports and backfills may set created_at on insert; it never changes after that. updated_at is always set
-- here: it increases when another column of the row changes, and only then.
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

-- PostgREST's upsert sets every column that the client sent, the key included, so clients have UPDATE on key
-- columns. A trigger with `when (old.key is distinct from new.key)` calls this function.
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
  'Before trigger that always raises key_change_forbidden (422).';

-- 00_platform/50_texts.sql
-- When a text counts as blank.

-- Spaces of other scripts and zero-width characters count as blank too. Check constraints repeat the list as
-- a regular expression, since the roles that write have no USAGE on this schema.
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
  'The text without leading and trailing blanks; null for null and for a blank text.';

-- 00_platform/60_sequences.sql
-- Numbers that are inserted explicitly, and the sequence that generates the next ones.

-- Nothing locks a sequence against nextval, and setval could move it back below a number that another session
-- has just been given. So the sequence advances by nextval; only across more than 1,000 numbers, which other
-- sessions won't use up between two statements, by setval.
create or replace function private.advance_sequence(p_sequence regclass, p_value bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last bigint := coalesce(pg_sequence_last_value(p_sequence), 0);
begin
  if p_value <= v_last then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('sequence ' || p_sequence::oid, 0));
  v_last := coalesce(pg_sequence_last_value(p_sequence), 0);
  if p_value - v_last > 1000 then
    v_last := setval(p_sequence, p_value);
  end if;
  while v_last < p_value loop
    v_last := nextval(p_sequence);
  end loop;
end;
$$;
comment on function private.advance_sequence is
  'Advances a sequence to at least this value, so that nextval does not return the value again.';

-- 00_platform/70_search_text.sql
-- How texts and queries are split into words for full-text search, the same in every system.

-- Estimates how many characters fit, until they do: two or three rounds.
create or replace function private.left_bytes(p_text text, p_max_bytes integer) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  while octet_length(v_text) > p_max_bytes loop
    v_text := left(v_text, (length(v_text)::bigint * p_max_bytes / octet_length(v_text))::integer);
  end loop;
  return v_text;
end;
$$;
comment on function private.left_bytes is
  'The beginning of a text: as many whole characters as fit into p_max_bytes.';

-- src/app.ts:42 is found by itself, and by app.ts.
create or replace function private.split_words(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- translate() takes seven times as long, longer than to_tsvector itself.
  return regexp_replace(p_text, '[/\\.:_@=&?#+~-]+', ' ', 'g');
end;
$$;
comment on function private.split_words is
  'Splits paths, addresses, identifiers and compounds: the joining characters become spaces.';

-- src/providers/async_glm.py becomes the words src, providers, async, glm and py.
create or replace function private.split_names(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return translate(p_text, '/\.:_@-=&?#+~()[]{}<>', '                     ');
end;
$$;
comment on function private.split_names is
  'Splits paths, identifiers and calls in code: the joining characters and brackets become spaces.';

create or replace function private.split_camel_case(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return regexp_replace(
    regexp_replace(p_text, '([[:lower:]\d])([[:upper:]])', '\1 \2', 'g'),
    '([[:upper:]])([[:upper:]][[:lower:]])', '\1 \2', 'g'
  );
end;
$$;
comment on function private.split_camel_case is
  'Splits names at their capitals: TimeoutConfig becomes Timeout Config, GLMProvider GLM Provider.';

create or replace function private.term_query(p_term text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
begin
  if not p_is_code then
    return phraseto_tsquery('pg_catalog.english', private.split_words(p_term));
  end if;
  return phraseto_tsquery('pg_catalog.english', private.split_names(p_term))
    || phraseto_tsquery('pg_catalog.english', private.split_names(private.split_camel_case(p_term)));
end;
$$;
comment on function private.term_query is
  'The tsquery of one term: its words, one after the other. p_is_code: or the parts of its names.';

-- websearch_to_tsquery has the same syntax, but no prefixes, and it splits paths and names in its own way.
create or replace function private.websearch_query(p_query text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term record;
  v_words tsquery;
  v_all tsquery := ''::tsquery;
  v_any tsquery := ''::tsquery;
begin
  for v_term in
    select t.match[1] is not null as is_excluded, t.match[2] is not null as is_quoted,
      coalesce(t.match[2], t.match[3]) as text, t.number = count(*) over () as is_last
    from regexp_matches(left(p_query, 1000), '(-(?=[\w"]))?(?:"([^"]*)"?|([^\s"]+))', 'g')
      with ordinality as t (match, number)
    order by t.number
    limit case when p_is_code then 40 end
  loop
    if lower(v_term.text) = 'or' and not v_term.is_quoted and not v_term.is_excluded then
      v_any := v_any || v_all;
      v_all := ''::tsquery;
      continue;
    end if;
    v_words := private.term_query(v_term.text, p_is_code);
    if v_term.is_excluded then
      v_words := !! v_words;
    elsif v_term.is_last and not v_term.is_quoted and numnode(v_words) > 0
      and v_term.text ~ '^[[:alnum:]]{3,}$' and (p_is_code or v_term.text ~ '[[:alpha:]]')
    then
      -- The last word may be complete, or still being typed.
      v_words := v_words || to_tsquery('pg_catalog.simple', quote_literal(v_term.text) || ':*');
    end if;
    v_all := v_all && v_words;
  end loop;
  v_any := v_any || v_all;
  return case when numnode(v_any) > 0 then v_any end;
end;
$$;
comment on function private.websearch_query is
  'The tsquery of what people type: all words, in any order; "words together"; -excluded; either or; the '
  'last word also as a prefix. p_is_code: names also match by their parts, and a number is a prefix as well. '
  'Null when nothing is left but stop words and punctuation.';

-- 00_platform/80_json_escapes.sql
-- JSON text that PostgreSQL cannot store as jsonb, repaired.

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, are replaced by control characters, which
-- cannot occur in JSON, while the rest is repaired.
create or replace function private.repair_json_escapes(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if strpos(p_text, '\u') = 0 or p_text !~* '\\u(0000|d[89a-f])' or p_text ~ '[\u0001\u0002]' then
    return p_text;
  end if;
  return replace(replace(
    regexp_replace(
      regexp_replace(
        replace(p_text, '\\', chr(1)),
        '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
        chr(2) || '\1' || chr(2) || '\2', 'g'
      ),
      '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
    ),
    chr(2), '\u'
  ), chr(1), '\\');
end;
$$;
comment on function private.repair_json_escapes is
  'JSON text with \u0000 and lone surrogates replaced by \ufffd; all else as it was.';

-- 00_platform/90_backoff.sql
-- The wait between attempts, the same for everything that is retried.

create or replace function private.backoff(p_attempt integer, p_base interval, p_cap interval)
returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- 2^20 seconds are twelve days. The exponent is bounded so that the interval does not overflow.
  return least(p_base * 2 ^ least(greatest(p_attempt - 1, 0), 20), p_cap) * (1 + random() / 5);
end;
$$;
comment on function private.backoff is
  'How long to wait after this failed attempt, counted from 1: p_base, twice as long after each further one, '
  'up to p_cap, and up to a fifth longer, so that what failed together is not retried together.';

-- 00_platform/95_cron_runs.sql
-- Records of cron jobs, which pg_cron adds for each run and never deletes.

create or replace function private.prune_cron_runs(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from cron.job_run_details as d
  where d.runid in (
    select o.runid
    from cron.job_run_details as o
    where coalesce(o.end_time, o.start_time) < now() - interval '7 days'
    order by o.runid
    limit p_batch
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_cron_runs is
  'Deletes up to p_batch records of cron jobs that ran more than 7 days ago, the oldest first, and returns '
  'how many. For the scheduler.';
