-- The queue behind the outbox: one row per delivery that is pending, with its lease. Narrow, and by itself,
-- so that claiming and finishing write little.

-- One sequence for all deliveries, so that of two tokens the greater one is always the later one.
create sequence private.delivery_fencing_seq as bigint;

create table private.delivery_queue (
  delivery_id bigint not null,
  channel text not null,
  next_attempt_at timestamptz not null,
  fencing_token bigint not null default 0,
  attempts_count integer not null default 0,
  is_leased boolean not null default false,
  is_cancelled boolean not null default false,
  sent_at timestamptz,
  constraint delivery_queue_pkey primary key (delivery_id),
  constraint delivery_queue_delivery_id_fkey foreign key (delivery_id)
    references public.deliveries (id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
comment on table private.delivery_queue is
  'One row per pending delivery, deleted when it is delivered, dead or cancelled. Written by the functions '
  'of the outbox alone.';
comment on column private.delivery_queue.next_attempt_at is
  'When it may be claimed: of a leased one, when its lease runs out.';
comment on column private.delivery_queue.fencing_token is 'Of the last claim; 0 before the first.';
comment on column private.delivery_queue.is_cancelled is
  'Cancelled while it was under way: whoever has it may finish it; else it is not tried again.';
comment on column private.delivery_queue.sent_at is
  'When it was last about to be posted, for channels where only a later read shows that it arrived.';
create index delivery_queue_channel_next_attempt_at_idx
  on private.delivery_queue (channel, next_attempt_at);
alter table private.delivery_queue enable row level security;

create table private.delivery_attempts (
  id bigint not null generated always as identity,
  delivery_id bigint not null,
  fencing_token bigint not null,
  failed_at timestamptz not null default clock_timestamp(),
  status_code integer,
  error text not null,
  is_counted boolean not null,
  constraint delivery_attempts_pkey primary key (id),
  constraint delivery_attempts_delivery_id_fkey foreign key (delivery_id)
    references public.deliveries (id) on delete cascade
);
comment on table private.delivery_attempts is
  'One row per attempt that failed, the last 20 of each delivery, for operators.';
create index delivery_attempts_delivery_id_idx on private.delivery_attempts (delivery_id, id);
alter table private.delivery_attempts enable row level security;

create or replace function private.queue_deliveries(p_ids bigint[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.delivery_queue (delivery_id, channel, next_attempt_at)
  select d.id, d.channel, d.deliver_after
  from public.deliveries as d
  where d.id = any (p_ids) and d.status = 'pending'
  on conflict on constraint delivery_queue_pkey do nothing;
  perform private.request_deliver();
end;
$$;
comment on function private.queue_deliveries is
  'Queues those of these deliveries that are pending, and has them sent after the commit.';

create or replace function private.queue_new_deliveries() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select n.id from new_deliveries as n where n.status = 'pending');
begin
  if v_ids <> '{}' then
    perform private.queue_deliveries(v_ids);
  end if;
  return null;
end;
$$;
comment on function private.queue_new_deliveries is 'After-insert trigger: queues what is pending.';

create trigger _200_queue_new_deliveries after insert on public.deliveries
  referencing new table as new_deliveries for each statement
  execute function private.queue_new_deliveries();
