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
