-- Tasks for lists: everything but the columns that may be large. Values out of them (the model, the number of
-- files) are left out too, since they could not be read without decompressing the column.

create view public.task_list with (security_invoker = true) as
select
  t.id, t.user_id, t.project_id, t.status, t.agent, t.repo_url, t.target_branch, t.pr_branch, t.container_id,
  t.commit_hash, t.pr_number, t.pr_url, t.created_at, t.updated_at, t.started_at, t.completed_at, t.priority,
  t.run_after, t.max_attempts, t.attempts_count, t.error_kind, t.stored_bytes,
  -- the length is stored next to the pointer to the text, which is not read
  octet_length(t.git_diff) as diff_bytes,
  octet_length(t.git_patch) as patch_bytes,
  octet_length(t.error) as error_bytes
from public.tasks as t;
comment on view public.task_list is
  'The tasks without git_diff, git_patch, changed_files, chat_messages, execution_metadata and error, and '
  'without reading these.';
comment on column public.task_list.diff_bytes is 'The size of git_diff; null for none.';
comment on column public.task_list.patch_bytes is 'The size of git_patch; null for none.';
comment on column public.task_list.error_bytes is 'The size of error; null for none.';
grant select on public.task_list to authenticated, service_role;
