-- GitHub as a source of the inbox. The signature covers the body and not the delivery's id, so the same bytes
-- are the same delivery whatever id they come with.

insert into private.inbox_sources (source, max_body_bytes, retention_days, batch_size)
values ('github', 26214400, (select s.delivery_retention_days from public.agent_settings as s), 50);

create trigger _200_sync_inbox_retention after update on public.agent_settings
  for each row when (old.delivery_retention_days is distinct from new.delivery_retention_days)
  execute function private.sync_inbox_retention('github', 'delivery_retention_days');

create or replace function private.apply_github_payload(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner constant text := lower(p_payload #>> '{repository,owner,login}');
  v_name constant text := lower(p_payload #>> '{repository,name}');
begin
  if v_owner is null or v_name is null or v_owner || '/' || v_name
    is distinct from lower(p_payload #>> '{pull_request,base,repo,full_name}') then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The pull request is not of the repository that the delivery is about.',
      hint = 'Send the payload as GitHub does.';
  end if;
  perform private.record_pull_request(
    v_owner, v_name, private.parse_pull_request(p_payload -> 'pull_request'), null::timestamptz, null::text
  );
end;
$$;
comment on function private.apply_github_payload is
  'Merges the pull request in the payload of a pull_request event. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

create or replace function private.process_github_payload(p_payload jsonb) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.apply_github_payload(p_payload);
  return row('processed', '{}', null)::private.inbox_outcome;
end;
$$;
comment on function private.process_github_payload is
  'Processes the payload of a delivery. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

create or replace function private.github_delivery_status(p_status text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_status when 'processed' then 'done' when 'received' then 'received' else 'failed' end;
end;
$$;
comment on function private.github_delivery_status is
  'What a webhook is told about the status of a delivery: received, done or failed.';
