-- The GitHub token that a worker of ours pushes with: the token of the task's user, while it holds the task.

create or replace function private.task_github_token(p_task_id bigint, p_fencing_token bigint)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id uuid;
begin
  select a.user_id into v_user_id from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token
    and a.ended_at is null and a.lease_expires_at > clock_timestamp();
  if not found then
    raise exception using
      errcode = 'PT409', message = 'agents_task_lease_expired',
      detail = 'No open lease of the task has this fencing token.',
      hint = 'Stop the agent and claim another task.';
  end if;
  return query
  select s.id, s.user_id, s.kind, s.sealed, s.metadata from private.secrets as s
  where s.user_id = v_user_id and s.kind = 'github_token' and private.is_person_account(v_user_id);
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_github_token_unknown',
      detail = 'The task''s user has not set a GitHub token, or is banned.',
      hint = 'Fail the task as not retryable; its user sets one with the edge function github-token.';
  end if;
end;
$$;
grant execute on function private.task_github_token to service_role;

create or replace function public.task_github_token(task_id bigint, fencing_token bigint)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed, s.metadata
  from private.task_github_token(task_github_token.task_id, task_github_token.fencing_token) as s;
end;
comment on function public.task_github_token is
  'The GitHub token, sealed, of the user whose task is held with this fencing token. Called by the edge '
  'function github-token, which opens it. Service role only. Errors: agents_github_token_unknown '
  '(404), agents_task_lease_expired (409).';
grant execute on function public.task_github_token to service_role;
