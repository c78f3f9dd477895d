-- What GitHub's webhook delivered: stored byte for byte, worked on once, and again until that succeeds.

-- Small, and asked before a delivery writes anything: most deliveries of a busy organisation are about
-- repositories that nobody works on here.
create table private.github_repositories (
  repo_owner text not null,
  repo_name text not null,
  constraint github_repositories_pkey primary key (repo_owner, repo_name)
);
comment on table private.github_repositories is
  'The repositories that projects and tasks have named, in lower case.';
alter table private.github_repositories enable row level security;

create or replace function private.register_repository(p_owner text, p_name text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_owner is null or p_name is null or exists (
    select from private.github_repositories as r where r.repo_owner = p_owner and r.repo_name = p_name
  ) then
    return;
  end if;
  insert into private.github_repositories (repo_owner, repo_name) values (p_owner, p_name)
  on conflict on constraint github_repositories_pkey do nothing;
end;
$$;
comment on function private.register_repository is 'Notes a repository, given in lower case.';

create or replace function private.register_task_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.register_repository(r.o_owner, r.o_name)
  from private.parse_repository_url(new.repo_url) as r;
  return null;
end;
$$;
comment on function private.register_task_repository is 'After-row trigger of tasks.';
create trigger _520_register_repository after insert on public.tasks
  for each row when (new.repo_url is not null) execute function private.register_task_repository();
create trigger _530_register_repository after update on public.tasks
  for each row when (old.repo_url is distinct from new.repo_url)
  execute function private.register_task_repository();

create or replace function private.register_project_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.register_repository(lower(new.repo_owner), lower(new.repo_name));
  perform private.register_repository(r.o_owner, r.o_name)
  from private.parse_repository_url(new.repo_url) as r;
  return null;
end;
$$;
comment on function private.register_project_repository is 'After-row trigger of projects.';
create trigger _520_register_repository after insert or update on public.projects
  for each row execute function private.register_project_repository();

create or replace function private.is_known_repository(p_owner text, p_name text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from private.github_repositories as r where r.repo_owner = p_owner and r.repo_name = p_name
  );
end;
$$;
comment on function private.is_known_repository is
  'Whether a project or a task has named this repository, given in lower case.';

create table private.github_deliveries (
  id uuid not null,
  event text not null,
  action text,
  body bytea not null,
  digest bytea not null generated always as (sha256(body)) stored,
  status text not null default 'received',
  error text,
  attempts_count integer not null default 0,
  received_at timestamptz not null default clock_timestamp(),
  done_at timestamptz,
  next_attempt_at timestamptz,
  constraint github_deliveries_pkey primary key (id),
  constraint github_deliveries_digest_key unique (digest),
  constraint github_deliveries_status_is_known check (status in ('received', 'done', 'failed')),
  constraint github_deliveries_done_at_matches_status check ((done_at is not null) = (status = 'done')),
  constraint github_deliveries_done_needs_no_attempt check (status <> 'done' or next_attempt_at is null),
  constraint github_deliveries_body_is_bounded check (octet_length(body) <= 26214400)
);
comment on table private.github_deliveries is
  'Deliveries of GitHub''s webhook that could change a pull request. The signature covers the body and not '
  'the delivery''s id, so the same bytes are the same delivery whatever id they come with.';
comment on column private.github_deliveries.id is 'X-GitHub-Delivery: a redelivery has the same.';
comment on column private.github_deliveries.body is 'The JSON as it came, byte for byte.';
comment on column private.github_deliveries.status is
  'received: not worked on yet. done: what it says is in pull_requests. failed: working on it ended '
  'in an error.';
comment on column private.github_deliveries.next_attempt_at is
  'When the scheduler works on it again; null when it is done, can''t be read, or was tried too often.';

create index github_deliveries_next_attempt_at_idx on private.github_deliveries (next_attempt_at)
  where next_attempt_at is not null;
create index github_deliveries_done_at_idx on private.github_deliveries (done_at) where status = 'done';
alter table private.github_deliveries enable row level security;

create or replace function private.decode_github_body(p_body text) returns bytea
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_body bytea;
begin
  begin
    v_body := decode(p_body, 'base64');
  exception
    when invalid_parameter_value then
      v_body := null;
  end;
  if v_body is null then
    raise exception using
      errcode = 'PT422', message = 'inbox_body_invalid', detail = 'p_body has to be base64.',
      hint = 'Encode the body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > 26214400 then
    raise exception using
      errcode = 'PT413', message = 'inbox_body_too_large',
      detail = format('The body has %s bytes, 26214400 are allowed.', octet_length(v_body)),
      hint = 'GitHub sends no larger ones.';
  end if;
  return v_body;
end;
$$;
comment on function private.decode_github_body is
  'A body from base64. Errors: inbox_body_too_large (413), inbox_body_invalid (422).';

create or replace function private.parse_github_body(p_body bytea, out o_payload jsonb, out o_error text)
language plpgsql stable security invoker set search_path = '' as $$
begin
  o_payload := private.repair_json_escapes(convert_from(p_body, 'UTF8'))::jsonb;
exception
  when character_not_in_repertoire then
    o_error := 'inbox_encoding_invalid';
  when data_exception then
    o_error := 'inbox_json_invalid';
  when program_limit_exceeded or statement_too_complex then
    o_error := 'inbox_json_unsupported';
end;
$$;
comment on function private.parse_github_body is
  'The JSON in a body, or why there is none that can be stored: '
  'inbox_encoding_invalid, inbox_json_invalid, inbox_json_unsupported.';

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
  'Merges what the payload of a pull_request event says. Errors: '
  'agents_github_payload_invalid, agents_pull_request_invalid (422).';

-- The delivery is locked. An error, one of ours too, is kept with it and takes back what was begun.
create or replace function private.process_github_delivery(p_id uuid) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_delivery private.github_deliveries;
  v_read record;
  v_error text;
begin
  select * into v_delivery from private.github_deliveries as d where d.id = p_id;
  select * into v_read from private.parse_github_body(v_delivery.body);
  v_error := v_read.o_error;
  if v_error is null then
    begin
      perform private.apply_github_payload(v_read.o_payload);
    exception
      when data_exception or integrity_constraint_violation or cardinality_violation or feature_not_supported
        or syntax_error_or_access_rule_violation or plpgsql_error or program_limit_exceeded
        or insufficient_resources or transaction_rollback or object_not_in_prerequisite_state
        or with_check_option_violation or internal_error
        or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
      then
        get stacked diagnostics v_error = message_text;
        v_error := format('%s: %s', sqlstate, v_error);
    end;
  end if;
  update private.github_deliveries as d set
    status = case when v_error is null then 'done' else 'failed' end, error = left(v_error, 1000),
    attempts_count = d.attempts_count + 1, done_at = case when v_error is null then clock_timestamp() end,
    -- 1, 2, 4 … minutes up to 6 hours, and up to a fifth more, ten times in all
    next_attempt_at = case when v_error is not null and v_read.o_error is null and d.attempts_count < 9 then
      clock_timestamp()
        + least(interval '1 minute' * 2 ^ d.attempts_count, interval '6 hours') * (1 + random() / 5)
    end
  where d.id = p_id;
  return case when v_error is null then 'done' else 'failed' end;
end;
$$;
comment on function private.process_github_delivery is
  'Works on a stored delivery, notes how it went, and returns its status: done or failed.';

-- The row for a delivery, locked: made now, or there under the same id or with the same bytes.
create or replace function private.ensure_github_delivery(
  p_delivery_id uuid, p_event text, p_action text, p_body bytea, p_next_attempt_at timestamptz
) returns private.github_deliveries
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.github_deliveries;
  -- once, and not for each row that a plan looks at
  v_digest constant bytea := sha256(p_body);
begin
  insert into private.github_deliveries (id, event, action, body, next_attempt_at)
  values (p_delivery_id, left(p_event, 100), left(p_action, 100), p_body, p_next_attempt_at)
  on conflict do nothing
  returning * into v;
  if not found then
    select * into v from private.github_deliveries as d where d.id = p_delivery_id for update;
  end if;
  if not found then
    select * into v from private.github_deliveries as d where d.digest = v_digest for update;
  end if;
  return v;
end;
$$;
comment on function private.ensure_github_delivery is 'Stores a delivery once, and returns its row.';

-- It gives a lock up before its caller gives it up: the delivery then stands as failed, where otherwise its
-- row would be held by a call that nobody waits for any more.
create or replace function private.ingest_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1500ms' as $$
declare
  v_body constant bytea := private.decode_github_body(p_body);
  v_read record;
  v_delivery private.github_deliveries;
begin
  select * into v_read from private.parse_github_body(v_body);
  if p_event is distinct from 'pull_request' or v_read.o_error is null and private.is_known_repository(
    lower(v_read.o_payload #>> '{repository,owner,login}'), lower(v_read.o_payload #>> '{repository,name}')
  ) is not true then
    return jsonb_build_object('delivery_id', p_delivery_id, 'status', 'ignored'::text);
  end if;
  v_delivery := private.ensure_github_delivery(
    p_delivery_id, p_event, v_read.o_payload ->> 'action', v_body, null::timestamptz
  );
  return jsonb_build_object(
    'delivery_id', v_delivery.id,
    'status', case when v_delivery.status = 'done' then 'already_done'
      else private.process_github_delivery(v_delivery.id) end
  );
end;
$$;
grant execute on function private.ingest_github_delivery to service_role;

create or replace function public.ingest_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_github_delivery(
    p_delivery_id => ingest_github_delivery.p_delivery_id, p_event => ingest_github_delivery.p_event,
    p_body => ingest_github_delivery.p_body
  );
end;
comment on function public.ingest_github_delivery is
  'Stores a delivery of GitHub''s webhook, its JSON given as base64, and works on it, in one transaction. '
  'Returns {delivery_id, status}: done; already_done, without writing; failed, to be tried again by the '
  'clock or by a redelivery; ignored, without writing, where it is no pull_request event or nobody here '
  'works on the repository. Service role only. Errors: inbox_body_too_large '
  '(413), inbox_body_invalid (422).';
grant execute on function public.ingest_github_delivery to service_role;

create or replace function private.receive_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns text
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (private.ensure_github_delivery(
    p_delivery_id, p_event, null::text, private.decode_github_body(p_body),
    clock_timestamp() + interval '30 seconds'
  )).status;
end;
$$;
grant execute on function private.receive_github_delivery to service_role;

create or replace function public.receive_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_github_delivery(
    p_delivery_id => receive_github_delivery.p_delivery_id, p_event => receive_github_delivery.p_event,
    p_body => receive_github_delivery.p_body
  );
end;
comment on function public.receive_github_delivery is
  'Only stores a delivery of GitHub''s webhook, for when ingest_github_delivery failed; the scheduler works '
  'on it. Returns its status: received, done or failed. Service role only. Errors: inbox_body_too_large '
  '(413), inbox_body_invalid (422).';
grant execute on function public.receive_github_delivery to service_role;

create or replace function private.process_waiting_github_deliveries(batch integer default 50) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
  v_done_count integer := 0;
begin
  for v_id in
    select d.id from private.github_deliveries as d
    where d.next_attempt_at <= clock_timestamp()
    order by d.next_attempt_at
    limit process_waiting_github_deliveries.batch
    for update skip locked
  loop
    v_done_count := v_done_count + (private.process_github_delivery(v_id) = 'done')::integer;
  end loop;
  return v_done_count;
end;
$$;
comment on function private.process_waiting_github_deliveries is
  'Works on up to so many deliveries whose time has come, and returns how many succeeded. For the scheduler.';
