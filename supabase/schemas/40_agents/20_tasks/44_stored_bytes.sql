-- How many bytes the tasks of each user take.
--
-- A sum over a user's tasks reads all of them, and a counter row would be one that all writers of a user wait
-- for. So each change of tasks.stored_bytes is appended, and a job folds the changes into one row per user.
-- Small results change nothing, since tasks count in pages.

create table private.stored_bytes (
  user_id uuid not null,
  bytes bigint not null,
  constraint stored_bytes_pkey primary key (user_id),
  constraint stored_bytes_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade
);
comment on table private.stored_bytes is
  'The sum of tasks.stored_bytes of each user, without the changes that are not folded yet.';
alter table private.stored_bytes enable row level security;

-- No foreign key: the job leaves out users who are gone.
create table private.stored_bytes_changes (
  user_id uuid not null,
  recorded_in xid8 not null default pg_current_xact_id(),
  id bigint not null generated always as identity,
  bytes bigint not null,
  constraint stored_bytes_changes_pkey primary key (user_id, recorded_in, id)
);
comment on table private.stored_bytes_changes is 'Changes of stored_bytes that are not folded yet.';
comment on column private.stored_bytes_changes.recorded_in is
  'The transaction, which asks whether it made the sum grow.';
alter table private.stored_bytes_changes enable row level security;

create or replace function private.record_stored_bytes(p_user_id uuid, p_bytes bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.stored_bytes_changes (user_id, bytes) values (p_user_id, p_bytes);
  if p_bytes > 0 then
    perform set_config('app.stored_bytes', 'grown', true);
  end if;
end;
$$;
comment on function private.record_stored_bytes is 'Appends a change.';

create or replace function private.record_changed_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_stored_bytes(new.user_id, new.stored_bytes - old.stored_bytes);
  return null;
end;
$$;
comment on function private.record_changed_bytes is 'After-update row trigger of tasks.';

create or replace function private.record_inserted_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_stored_bytes(c.user_id, c.bytes)
  from (select t.user_id, sum(t.stored_bytes) as bytes from changed as t group by t.user_id) as c;
  return null;
end;
$$;
comment on function private.record_inserted_bytes is 'After-insert statement trigger of tasks.';

create or replace function private.record_deleted_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_stored_bytes(c.user_id, -c.bytes)
  from (select t.user_id, sum(t.stored_bytes) as bytes from changed as t group by t.user_id) as c;
  return null;
end;
$$;
comment on function private.record_deleted_bytes is 'After-delete statement trigger of tasks.';

create or replace function private.clear_stored_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  truncate private.stored_bytes, private.stored_bytes_changes;
  return null;
end;
$$;
comment on function private.clear_stored_bytes is 'After-truncate trigger of tasks.';

-- The columns are those of private.check_task_result, which sets stored_bytes.
create trigger _700_record_changed_bytes after update of git_diff, git_patch, changed_files, error,
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind,
  stored_bytes on public.tasks
  for each row when (old.stored_bytes <> new.stored_bytes)
  execute function private.record_changed_bytes();
create trigger _700_record_inserted_bytes after insert on public.tasks
  referencing new table as changed
  for each statement execute function private.record_inserted_bytes();
create trigger _710_record_deleted_bytes after delete on public.tasks
  referencing old table as changed
  for each statement execute function private.record_deleted_bytes();
create trigger _720_clear_stored_bytes after truncate on public.tasks
  for each statement execute function private.clear_stored_bytes();

create or replace function private.count_stored_bytes(p_user_id uuid) returns bigint
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return coalesce((select s.bytes from private.stored_bytes as s where s.user_id = p_user_id), 0) + coalesce(
    (select sum(c.bytes) from private.stored_bytes_changes as c where c.user_id = p_user_id), 0
  )::bigint;
end;
$$;
comment on function private.count_stored_bytes is
  'How many bytes the tasks of a user take, with what is not folded yet.';

-- What takes no more is let through at the limit, and costs a comparison.
create or replace function private.check_stored_bytes(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit bigint;
begin
  if current_setting('app.stored_bytes', true) is distinct from 'grown' then
    return;
  end if;
  v_limit := (select s.stored_bytes_per_user from public.agent_settings as s where s.id);
  if v_limit is null or (
    select sum(c.bytes) from private.stored_bytes_changes as c
    where c.user_id = p_user_id and c.recorded_in = pg_current_xact_id()
  ) > 0 is not true then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  perform private.require_storage(p_user_id, v_limit);
end;
$$;
comment on function private.check_stored_bytes is
  'For what makes the tasks of a user take more than before in this transaction: that they do not take more '
  'than the user may store. Errors: agents_stored_bytes_limit_reached (409).';

create or replace function private.require_storage(p_user_id uuid, p_limit bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_bytes constant bigint := private.count_stored_bytes(p_user_id);
begin
  if v_bytes > p_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_stored_bytes_limit_reached',
      detail = format('The tasks of this account would take %s bytes, and may take %s.', v_bytes, p_limit),
      hint = 'Delete tasks, or finish without diff, patch and message; an admin can raise '
        'agent_settings.stored_bytes_per_user.';
  end if;
end;
$$;
comment on function private.require_storage is
  'Errors: agents_stored_bytes_limit_reached (409), where the tasks of a user take more than this.';

create or replace function private.fold_stored_bytes(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with taken as (
    delete from private.stored_bytes_changes as c
    where c.ctid = any (array(
      select o.ctid from private.stored_bytes_changes as o limit p_batch for update skip locked
    ))
    returning c.user_id, c.bytes
  ), sums as (
    select t.user_id, sum(t.bytes) as bytes, count(*) as changes_count from taken as t group by t.user_id
  ), folded as (
    insert into private.stored_bytes as s (user_id, bytes)
    select n.user_id, n.bytes from sums as n join public.users as u on u.id = n.user_id
    order by n.user_id
    on conflict on constraint stored_bytes_pkey do update set bytes = s.bytes + excluded.bytes
  )
  select coalesce(sum(n.changes_count), 0)::integer into v_count from sums as n;
  return v_count;
end;
$$;
comment on function private.fold_stored_bytes is
  'Folds up to p_batch changes into the sums of their users, and returns how many. For the scheduler.';
