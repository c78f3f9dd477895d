-- Replies that are not true any more, or not for whom they were made.

create or replace function private.load_reply_reporters(p_ids bigint[])
returns table (delivery_id bigint, reference text, issue_id uuid)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select d.id, r.reference, coalesce(c.mapped_to_issue_id, e.issue_id)
  from public.deliveries as d
  cross join lateral jsonb_array_elements_text(d.payload -> 'reporters') as r (reference)
  left join public.circle_issues as c on d.channel = 'circle' and c.message_id = r.reference
  left join support.escalations as e
    on e.id = case when d.channel = 'support' then r.reference::uuid end
  where d.id = any (p_ids) and d.kind in ('fixed', 'reopened');
end;
$$;
comment on function private.load_reply_reporters is
  'The reporters whom these replies are for, by the ids of their messages or escalations, each with the '
  'issue that they have now; null for none.';

-- The two sides look at each other: whoever reopens an issue cancels what waits, and whoever sends a reply
-- asks. So it does not matter which of them sees the other one first.
create or replace function private.is_reply_current(p_id bigint) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_delivery public.deliveries;
begin
  select d.* into v_delivery from public.deliveries as d where d.id = p_id;
  if v_delivery.kind not in ('fixed', 'reopened') then
    return true;
  end if;
  return exists (
    select from public.loop_issues as l
    where l.issue_id = v_delivery.issue_id and l.generation = v_delivery.generation
  ) and exists (
    select from private.load_reply_reporters(array[p_id]) as r
    join public.issues as i on i.id = r.issue_id
    where (v_delivery.kind = 'fixed') = (i.resolved_at is not null)
  );
end;
$$;
comment on function private.is_reply_current is
  'Whether what a delivery tells is true of an issue that one of its reporters has.';

create or replace function private.cancel_outdated_replies(p_events public.loop_events[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(
    select d.id from unnest(p_events) as e
    join public.deliveries as d on d.issue_id = e.issue_id
    where d.status in ('draft', 'pending', 'dead') and (
      e.hop = 'reopened' and d.kind = 'fixed' and d.generation < e.generation
      or e.hop = 'resolved' and d.kind = 'reopened' and d.generation <= e.generation
    )
    order by d.id
  );
begin
  if v_ids <> '{}' then
    perform private.cancel_deliveries(v_ids, 'The issue has changed since.');
  end if;
end;
$$;
comment on function private.cancel_outdated_replies is
  'Cancels replies that are not true any more: that a reopened issue is fixed, and that a resolved '
  'one is open.';

-- The key is given up: whoever comes back to the issue is told. By the reporters of what waits, each by its
-- key: an issue may have thousands.
create or replace function private.withdraw_replies(p_issue_id uuid, p_reference text default null)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_waiting constant bigint[] := array(
    select d.id from public.deliveries as d
    where d.issue_id = p_issue_id and d.kind in ('fixed', 'reopened')
      and d.status in ('draft', 'pending', 'dead')
      and (p_reference is null or d.payload -> 'reporters' ? p_reference)
  );
  v_ids constant bigint[] := array(
    select r.delivery_id from private.load_reply_reporters(v_waiting) as r
    group by r.delivery_id
    having bool_and(r.issue_id is distinct from p_issue_id)
    order by r.delivery_id
  );
begin
  if v_ids <> '{}' then
    perform private.cancel_deliveries(v_ids, 'Who reported it has another issue by now.');
    update public.deliveries as d set dedupe_key = format('%s:withdrawn:%s', d.dedupe_key, d.id)
    where d.id = any (v_ids) and d.status <> 'delivered';
  end if;
end;
$$;
comment on function private.withdraw_replies is
  'Cancels the replies of an issue that wait and whose reporters have been moved to another one: all, or '
  'those to a message or an escalation.';

create or replace function private.withdraw_reply_of_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.withdraw_replies(old.mapped_to_issue_id, old.message_id);
  return null;
end;
$$;
comment on function private.withdraw_reply_of_message is
  'After trigger of messages that lose their issue or get another: what waits for who wrote '
  'them is cancelled.';
-- A merge decides by itself: into an issue that is resolved, the replies of the duplicate go out.
create trigger _380_withdraw_reply_of_message after update on public.circle_issues
  for each row when (
    old.mapped_to_issue_id is not null and old.mapped_to_issue_id is distinct from new.mapped_to_issue_id
    and (new.mapped_to_issue_id is null or current_setting('app.import', true) is distinct from 'on')
  )
  execute function private.withdraw_reply_of_message();

create or replace function private.withdraw_reply_of_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.withdraw_replies(old.issue_id, old.id::text);
  return null;
end;
$$;
comment on function private.withdraw_reply_of_escalation is
  'After trigger of escalations that lose their issue: what waits for the visitor is cancelled.';
create trigger _380_withdraw_reply_of_escalation after update on support.escalations
  for each row when (old.issue_id is not null and new.issue_id is null)
  execute function private.withdraw_reply_of_escalation();
