-- Closes, archives and deletes conversations that nobody has written in for long.

create index conversations_closed_at_idx on support.conversations (closed_at)
  where status = 'closed' and archived_at is null;

create or replace function private.close_idle_conversations(p_batch integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.close_after_days from support.settings as s)
  );
  v_ids uuid[];
  v_count integer;
begin
  -- A person has answered, and the visitor has not come back. What waits for a person is never closed.
  with idle as (
    select e.id, e.conversation_id
    from support.escalations as e
    join support.conversations as c on c.id = e.conversation_id and c.status = 'with_human'
    where e.status = 'in_progress' and coalesce(c.last_message_at, c.created_at) < v_before and (
      select m.role <> 'user' from support.messages as m
      where m.conversation_id = c.id and m.role in ('user', 'agent') order by m.position desc limit 1
    )
    order by e.id
    limit p_batch
    for no key update of e skip locked
  ),
  resolved as (
    update support.escalations as e set status = 'resolved' from idle as i where e.id = i.id
    returning e.conversation_id
  )
  select array_agg(r.conversation_id) into v_ids from resolved as r;
  v_ids := coalesce(v_ids, '{}') || array(
    select c.id from support.conversations as c
    where c.status = 'active' and coalesce(c.last_message_at, c.created_at) < v_before
    order by c.id
    limit p_batch
    for no key update skip locked
  );
  update support.conversations as c set status = 'closed' where c.id = any (v_ids) and c.status = 'active';
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.close_idle_conversations is
  'Closes up to 2 * p_batch conversations without a message for close_after_days, and returns how many: '
  'those that the assistant answers, and those in which a person said the last word. For the scheduler.';

create or replace function private.archive_closed_conversations(p_batch integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update support.conversations as c set archived_at = clock_timestamp()
  where c.id = any (array(
    select o.id from support.conversations as o
    where o.status = 'closed' and o.archived_at is null and o.closed_at < now() - make_interval(
        days => (select s.archive_after_days from support.settings as s)
      )
    order by o.closed_at
    limit p_batch
    for no key update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.archive_closed_conversations is
  'Archives up to p_batch conversations that are closed for archive_after_days, and returns how many. '
  'For the scheduler.';

create or replace function private.delete_old_conversations(p_batch integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.retention_days from support.settings as s)
  );
  v_count integer;
  v_last timestamptz;
begin
  perform set_config('app.support_retention', 'on', true);
  with deleted as (
    delete from support.conversations as c
    where c.id = any (array(
      select o.id from support.conversations as o
      where o.created_at < v_before and coalesce(o.last_message_at, o.created_at) < v_before
      order by o.created_at
      limit p_batch
      for update skip locked
    ))
    returning coalesce(c.last_message_at, c.created_at) as last_at
  )
  select count(*)::integer, max(d.last_at) into v_count, v_last from deleted as d;
  update private.support_metrics_state as s set kept_before = private.support_day(v_last) + 1
  where s.kept_before <= private.support_day(v_last);
  delete from support.users as u
  where u.id = any (array(
    select o.id from support.users as o
    where o.updated_at < v_before
      and not exists (select from support.conversations as c where c.user_id = o.id)
    limit p_batch
    for update skip locked
  ));
  perform set_config('app.support_retention', '', true);
  return v_count;
end;
$$;
comment on function private.delete_old_conversations is
  'Deletes up to p_batch conversations without a message for retention_days, whatever their status, with '
  'their messages and escalations, and visitors of whom none is left; returns how many conversations. '
  'For the scheduler.';

create or replace function private.run_support_retention(p_batch integer default 1000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.close_idle_conversations(p_batch) + private.delete_old_conversations(p_batch)
    + private.archive_closed_conversations(p_batch);
end;
$$;
comment on function private.run_support_retention is
  'Closes, deletes and archives up to p_batch conversations each, and returns how many in all; 0 when '
  'nothing is left to do. For the scheduler.';
