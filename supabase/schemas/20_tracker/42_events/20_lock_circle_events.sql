-- Several events in one transaction lock what they are about as one payload does: in one order.

-- A body that can't be parsed is reported when its event is processed.
create or replace function private.circle_ids_of_body(p_body bytea)
returns table (message_id text, is_reply boolean)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
begin
  v_items := private.circle_items((private.parse_inbox_body(p_body)).value);
  return query
    select (i.root).message_id, false from unnest(v_items) as i
    union all
    select r.message_id, true from unnest(v_items) as i cross join lateral unnest(i.replies) as r;
exception
  when data_exception or program_limit_exceeded or syntax_error_or_access_rule_violation or plpgsql_error then
    return;
end;
$$;
comment on function private.circle_ids_of_body is
  'The ids of the messages and replies in a raw body, null for elements without one. It raises nothing.';

create or replace function private.lock_circle_events(p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root_ids text[];
  v_reply_ids text[];
begin
  select
    coalesce(array_agg(distinct i.message_id) filter (where not i.is_reply), '{}'),
    coalesce(array_agg(distinct i.message_id) filter (where i.is_reply), '{}')
  into v_root_ids, v_reply_ids
  from private.inbox_events as e
  cross join lateral private.circle_ids_of_body(e.body) as i
  where e.id = any (p_event_ids) and i.message_id is not null;
  perform private.lock_circle_messages(v_root_ids, v_reply_ids);
end;
$$;
comment on function private.lock_circle_events is
  'Locks the messages and replies in these events, which are locked already, and then their issues.';
