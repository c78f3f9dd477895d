-- The locks of an import, taken before the first row is written.
--
-- Lock order, for everything that imports or deletes: event, the lock key of each message and reply, issues
-- by id, messages by message id, replies by message id, tags. Deleting an issue locks it and then reaches its
-- messages, so an import has to lock the issues that its messages have before the first message; and since it
-- learns which those are from the messages, imports of the same message are serialized before they look.

create or replace function private.lock_message_keys(p_message_ids text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_key integer;
  v_keys integer[];
begin
  -- 1024 keys for all messages, so that no payload uses up the lock table.
  if cardinality(p_message_ids) = 1 then
    v_keys := array[hashtext(p_message_ids[1]) & 1023];
  else
    v_keys := array(
      select distinct hashtext(u.message_id) & 1023 as key from unnest(p_message_ids) as u (message_id)
      where u.message_id is not null order by key
    );
  end if;
  foreach v_key in array v_keys loop
    perform pg_advisory_xact_lock(hashtext('public.circle_issues'), v_key);
  end loop;
end;
$$;
comment on function private.lock_message_keys is
  'Serializes transactions that have a message or reply in common, from here to their end: an advisory lock '
  'for each key, in the order of the keys.';

create or replace function private.lock_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  end if;
end;
$$;
comment on function private.lock_issues is
  'Locks issues, in the order of their ids, before any message is locked.';

-- A message that has one of the replies until now loses it, and its issue is written then. One message
-- without replies, which is what most payloads are, is looked up by itself: with `= any`, whose cost depends
-- on the array, the statement is planned again in each call, 200 µs.
create or replace function private.lock_circle_messages(p_root_ids text[], p_reply_ids text[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.lock_message_keys(p_root_ids || p_reply_ids);
  if cardinality(p_root_ids) = 1 and p_reply_ids = '{}' then
    select c.mapped_to_issue_id into v_issue_id
    from public.circle_issues as c where c.message_id = p_root_ids[1];
    if v_issue_id is not null then
      perform private.lock_issues(array[v_issue_id]);
    end if;
    return;
  end if;
  perform private.lock_issues(array(
    select c.mapped_to_issue_id from public.circle_issues as c
    where c.message_id = any (p_root_ids) and c.mapped_to_issue_id is not null
    union all
    select c.mapped_to_issue_id
    from public.circle_replies as r
    join public.circle_issues as c on c.id = r.circle_issue_id
    where r.message_id = any (p_reply_ids) and c.mapped_to_issue_id is not null
  ));
end;
$$;
comment on function private.lock_circle_messages is
  'Locks messages and replies by their keys, then the issues of these messages and of those that have these '
  'replies. Which issues these are is certain only once the keys are locked.';

create or replace function private.lock_circle_items(p_items private.circle_item[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if cardinality(p_items) = 1 and cardinality(p_items[1].replies) = 0 then
    perform private.lock_circle_messages(array[(p_items[1].root).message_id], '{}'::text[]);
    return;
  end if;
  perform private.lock_circle_messages(
    array(select (i.root).message_id from unnest(p_items) as i where (i.root).message_id is not null),
    array(
      select r.message_id from unnest(p_items) as i cross join lateral unnest(i.replies) as r
      where r.message_id is not null
    )
  );
end;
$$;
comment on function private.lock_circle_items is 'Locks what the items of a payload are about.';
