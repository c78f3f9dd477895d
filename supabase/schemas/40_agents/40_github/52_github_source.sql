-- GitHub as a source of the inbox. The signature covers the body and not the delivery's id, so the same bytes
-- are the same delivery whatever id they come with.

-- What failed is not kept: the sweep asks GitHub for the same.
insert into private.inbox_sources (source, max_body_bytes, retention_days, batch_size, is_failed_kept)
values ('github', 26214400, (select s.delivery_retention_days from public.agent_settings as s), 50, false);

create trigger _200_sync_inbox_retention after update on public.agent_settings
  for each row when (old.delivery_retention_days is distinct from new.delivery_retention_days)
  execute function private.sync_inbox_retention('github', 'delivery_retention_days');

create or replace function private.apply_github_payload(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner constant text := p_payload #>> '{repository,owner,login}';
  v_name constant text := p_payload #>> '{repository,name}';
  v_github_id constant text := p_payload #>> '{repository,id}';
begin
  if v_owner is null or v_name is null or lower(v_owner || '/' || v_name)
      is distinct from lower(p_payload #>> '{pull_request,base,repo,full_name}')
    or v_github_id is distinct from p_payload #>> '{pull_request,base,repo,id}'
  then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The pull request is not of the repository that the delivery is about.',
      hint = 'Send the payload as GitHub does.';
  end if;
  perform private.record_reported_pull_request(
    private.sync_repository(
      v_github_id::bigint, v_owner, v_name,
      (private.parse_pull_request(p_payload -> 'pull_request')).provider_updated_at, false, null::bigint
    ), p_payload -> 'pull_request', null::timestamptz, null::text
  );
end;
$$;
comment on function private.apply_github_payload is
  'Merges the pull request in the payload of a pull_request event. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

-- GitHub's clock and ours differ by less. Whoever has the webhook's secret could otherwise date a version so
-- that no later one replaces it.
create or replace function private.is_dated_ahead(p_object jsonb) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    greatest(
      private.parse_github_time(p_object ->> 'updated_at'),
      private.parse_github_time(p_object ->> 'created_at'),
      private.parse_github_time(p_object ->> 'closed_at'),
      private.parse_github_time(p_object ->> 'merged_at')
    ) > clock_timestamp() + interval '5 minutes', false
  );
end;
$$;
comment on function private.is_dated_ahead is
  'Whether a time of a pull request, a repository or a deployment is more than five minutes ahead of our '
  'clock. Errors: agents_pull_request_invalid (422).';

create or replace function private.process_github_payload(p_payload jsonb) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- with a result: it is refused, and not processed later, when the time has come
  if private.is_dated_ahead(coalesce(
    p_payload -> 'pull_request', p_payload -> 'deployment_status',
    jsonb_build_object('updated_at', p_payload #> '{repository,updated_at}')
  )) or private.is_dated_ahead(p_payload -> 'deployment') then
    return row(
      'failed', '{}', 'PT422: agents_github_time_invalid: a time is more than five minutes ahead'
    )::private.inbox_outcome;
  end if;
  if p_payload ? 'pull_request' then
    perform private.apply_github_payload(p_payload);
  elsif p_payload ? 'deployment_status' then
    perform private.apply_github_deployment(p_payload);
  else
    perform private.apply_github_repository(p_payload);
  end if;
  return row('processed', '{}', null)::private.inbox_outcome;
end;
$$;
comment on function private.process_github_payload is
  'Processes the payload of a delivery; one that is dated more than five minutes ahead is refused. Errors: '
  'agents_github_payload_invalid, agents_pull_request_invalid (422).';

create or replace function private.github_delivery_status(p_status text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_status when 'processed' then 'done' when 'received' then 'received' else 'failed' end;
end;
$$;
comment on function private.github_delivery_status is
  'What a webhook is told about the status of a delivery: received, done or failed.';
