-- Replies that were posted, and of which it is not known yet whether they have arrived, while whom they
-- answer gets another issue: they are the replies of that one, so that nobody is told twice.

create index delivery_queue_sent_idx on private.delivery_queue (delivery_id) where sent_at is not null;

-- A fix that has shipped resolves several issues. Several fixes ship with one deployment.
create or replace function private.is_same_fix(
  p_issue_id uuid, p_generation integer, p_other_id uuid, p_other_generation integer
) returns boolean
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return (
    select count(distinct e.hop) = 2
    from public.loop_events as e
    join public.loop_events as o
      on o.issue_id = p_other_id and o.generation = p_other_generation and o.hop = e.hop
      and o.reference = e.reference
    where e.issue_id = p_issue_id and e.generation = p_generation
      and (e.hop = 'fixed' or e.hop = 'shipped' and e.at = o.at)
  );
end;
$$;
comment on function private.is_same_fix is
  'Whether the same fix has resolved two issues, each in this generation.';

create or replace function private.adopt_sent_reply(p_delivery_id bigint, p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.deliveries as d set
    issue_id = p_issue_id, generation = l.generation, dedupe_key = k.key, event_id = (
      select e.id from public.loop_events as e
      where e.issue_id = p_issue_id and e.generation = l.generation and e.hop = 'resolved'
        and e.reference = ''
    )
  from public.loop_issues as l
  cross join lateral (
    select format('fixed:%s:%s:circle:%s', p_issue_id, l.generation, o.payload #>> '{reporters,0}') as key
    from public.deliveries as o where o.id = p_delivery_id
  ) as k
  where d.id = p_delivery_id and l.issue_id = p_issue_id
    and not exists (select from public.deliveries as o where o.dedupe_key = k.key);
  if found then
    update private.delivery_queue as q set is_cancelled = false where q.delivery_id = p_delivery_id;
  end if;
end;
$$;
comment on function private.adopt_sent_reply is
  'Makes a reply, whose row of the queue the caller has locked, the one of another issue, unless that has '
  'one in the same thread.';

create or replace function private.adopt_sent_replies(p_events public.loop_events[]) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_sent record;
begin
  for v_sent in
    select q.delivery_id, r.issue_id
    from private.delivery_queue as q
    join public.deliveries as d on d.id = q.delivery_id and d.kind = 'fixed'
    join public.circle_issues as c on c.message_id = d.payload #>> '{reporters,0}'
    join unnest(p_events) as r on r.issue_id = c.mapped_to_issue_id and r.issue_id <> d.issue_id
    where q.sent_at is not null and private.is_same_fix(r.issue_id, r.generation, d.issue_id, d.generation)
    order by q.delivery_id
    for update of q
  loop
    perform private.adopt_sent_reply(v_sent.delivery_id, v_sent.issue_id);
  end loop;
end;
$$;
comment on function private.adopt_sent_replies is
  'Makes those replies the ones of these resolved issues that were posted to their reporters, because of the '
  'same fix, as reporters of another issue.';
