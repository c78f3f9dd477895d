-- What a task may contain as its result: sizes, shapes and lengths.

-- One expression for nearly every write, since each expression adds to the cost of every completed task. The
-- sizes are known without decompressing a value.
create or replace function private.check_task_result() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (
    octet_length(new.git_diff) <= 52428800 and octet_length(new.git_patch) <= 52428800
    and octet_length(new.error) <= 1048576 and octet_length(new.pr_branch) <= 1000
    and octet_length(new.container_id) <= 1000 and octet_length(new.commit_hash) <= 200
    and octet_length(new.pr_url) <= 2048 and new.pr_number > 0
    and new.error_kind ~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
  ) is false or (
    pg_column_size(new.changed_files) <= 16777216 and pg_column_size(new.chat_messages) <= 16777216
    and pg_column_size(new.execution_metadata) <= 16777216 and jsonb_typeof(new.changed_files) = 'array'
    and jsonb_typeof(new.chat_messages) = 'array' and jsonb_typeof(new.execution_metadata) = 'object'
  ) is not true then
    new.changed_files := coalesce(new.changed_files, old.changed_files);
    new.chat_messages := coalesce(new.chat_messages, old.chat_messages);
    new.execution_metadata := coalesce(new.execution_metadata, old.execution_metadata);
    perform private.reject_task_result(new);
  end if;
  -- in pages: what a small result adds needs no count
  new.stored_bytes := 4096 * ((
    5119 + coalesce(octet_length(new.git_diff), 0) + coalesce(octet_length(new.git_patch), 0)
    + coalesce(octet_length(new.error), 0) + pg_column_size(new.changed_files)
    + pg_column_size(new.chat_messages) + pg_column_size(new.execution_metadata)
  ) / 4096);
  -- Whether a large column changes can't be known without decompressing it, so it is checked here, where one
  -- is written, and passed on to private.set_task_defaults as a null. The largest come last: an appended
  -- message is found before a diff would be read.
  if tg_op = 'UPDATE' and current_setting('app.task_queue', true) is distinct from 'on' and (
    old.chat_messages <> new.chat_messages or old.execution_metadata <> new.execution_metadata
    or old.changed_files <> new.changed_files or old.git_diff is distinct from new.git_diff
    or old.git_patch is distinct from new.git_patch
  ) then
    new.updated_at := null;
  end if;
  return new;
end;
$$;
comment on function private.check_task_result is
  'Before trigger of the result columns: sizes, shapes and lengths; null in a not-null column counts as left '
  'out. Sets stored_bytes. Errors: agents_task_result_too_large (413), agents_task_value_invalid (422).';

create or replace function private.reject_task_result(p_task public.tasks) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_rule constant text := case
    when jsonb_typeof(p_task.changed_files) <> 'array' then 'changed_files: an array'
    when jsonb_typeof(p_task.chat_messages) <> 'array' then 'chat_messages: an array'
    when jsonb_typeof(p_task.execution_metadata) <> 'object' then 'execution_metadata: an object'
    when octet_length(p_task.pr_branch) > 1000 then 'pr_branch: up to 1000 bytes'
    when octet_length(p_task.container_id) > 1000 then 'container_id: up to 1000 bytes'
    when octet_length(p_task.commit_hash) > 200 then 'commit_hash: up to 200 bytes'
    when octet_length(p_task.pr_url) > 2048 then 'pr_url: up to 2048 bytes'
    when p_task.pr_number <= 0 then 'pr_number: above 0'
    when p_task.error_kind !~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
      then 'error_kind: up to 100 lower-case letters, digits and _ . -'
  end;
begin
  if octet_length(p_task.git_diff) > 52428800 or octet_length(p_task.git_patch) > 52428800
    or pg_column_size(p_task.chat_messages) > 16777216 or pg_column_size(p_task.changed_files) > 16777216
    or pg_column_size(p_task.execution_metadata) > 16777216 or octet_length(p_task.error) > 1048576
  then
    raise exception using
      errcode = 'PT413', message = 'agents_task_result_too_large',
      detail = 'git_diff and git_patch hold up to 50 MB each, chat_messages, changed_files and '
        'execution_metadata 16 MB, error 1 MB.',
      hint = 'Store what is larger in a file and put its URL into execution_metadata.';
  end if;
  if v_rule is not null then
    raise exception using
      errcode = 'PT422', message = 'agents_task_value_invalid',
      detail = format('The value of %s is not valid.', split_part(v_rule, ':', 1)),
      hint = format('Valid is %s.', v_rule);
  end if;
end;
$$;
comment on function private.reject_task_result is
  'Raises the error for a result column that is not valid; none if all are. Errors: '
  'agents_task_result_too_large (413), agents_task_value_invalid (422).';

-- Fires for invalid messages only, so that valid ones cost no more than the trigger's condition. The
-- functions of the queue and append_task_message append objects to the existing array, and are not checked.
create or replace function private.reject_task_messages() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_task_value_invalid',
    detail = 'The value of chat_messages is not valid.',
    hint = 'Valid is chat_messages: an array of objects {role, content, timestamp}.';
end;
$$;
comment on function private.reject_task_messages is
  'Before trigger of messages that a client writes and that are not objects. Errors: '
  'agents_task_value_invalid (422), always.';

create trigger _130_check_task_result before insert or update of git_diff, git_patch, changed_files, error,
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind,
  stored_bytes on public.tasks
  for each row execute function private.check_task_result();
create trigger _140_reject_task_messages before insert or update of chat_messages on public.tasks
  for each row when (
    current_user in ('authenticated', 'service_role')
    and jsonb_path_exists(new.chat_messages, 'strict $[*] ? (@.type() != "object")')
  )
  execute function private.reject_task_messages();
