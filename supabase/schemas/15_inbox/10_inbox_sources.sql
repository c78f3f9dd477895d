-- The outside services that send us raw events, one row per source. A system inserts the row of its own
-- source, and the dispatcher calls its function.

create table private.inbox_sources (
  source text not null,
  max_body_bytes integer not null,
  retention_days integer not null,
  max_attempts integer not null default 10,
  retry_base interval not null default interval '1 minute',
  retry_cap interval not null default interval '6 hours',
  batch_size integer not null default 20,
  is_failed_kept boolean not null default true,
  constraint inbox_sources_pkey primary key (source),
  constraint inbox_sources_source_is_snake_case check (source ~ '^[a-z][a-z0-9_]*$'),
  constraint inbox_sources_max_body_bytes_is_bounded check (max_body_bytes between 65536 and 26214400),
  constraint inbox_sources_retention_days_is_bounded check (retention_days between 1 and 36500),
  constraint inbox_sources_max_attempts_is_bounded check (max_attempts between 1 and 100),
  constraint inbox_sources_retry_base_is_positive check (retry_base > interval '0'),
  constraint inbox_sources_retry_cap_is_not_less_than_base check (retry_cap >= retry_base),
  constraint inbox_sources_batch_size_is_bounded check (batch_size between 1 and 1000)
);
comment on table private.inbox_sources is
  'What may come from each source of raw events, and for how long it is retried and kept.';
comment on column private.inbox_sources.max_body_bytes is 'The largest body that is stored.';
comment on column private.inbox_sources.retention_days is
  'For how many days an event is kept after it was processed. Set by the settings of the source''s system.';
comment on column private.inbox_sources.max_attempts is
  'How many attempts an event has before only a person processes it again.';
comment on column private.inbox_sources.retry_base is
  'The wait after the first failed attempt; twice as long after each further one.';
comment on column private.inbox_sources.retry_cap is 'The longest wait, before jitter.';
comment on column private.inbox_sources.batch_size is 'How many events one run of the job processes.';
comment on column private.inbox_sources.is_failed_kept is
  'Whether an event that failed is kept until a person has looked at it, else as long as the others: where '
  'the source can be asked for what it was about.';
alter table private.inbox_sources enable row level security;

create or replace function private.load_inbox_source(p_source text) returns private.inbox_sources
language plpgsql stable security definer set search_path = '' as $$
declare
  v_source private.inbox_sources;
begin
  select * into v_source from private.inbox_sources as s where s.source = p_source;
  assert found, format('%L is not a source of the inbox', p_source);
  return v_source;
end;
$$;
comment on function private.load_inbox_source is
  'Returns the row of a source. Only our own code names sources: an unknown one is an assert_failure.';

create or replace function private.sync_inbox_retention() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.inbox_sources as s set retention_days = (to_jsonb(new) ->> tg_argv[1])::integer
  where s.source = tg_argv[0];
  return null;
end;
$$;
comment on function private.sync_inbox_retention is
  'After-row trigger of a settings table, with a source and the name of the setting: the source''s '
  'retention_days is that setting.';
