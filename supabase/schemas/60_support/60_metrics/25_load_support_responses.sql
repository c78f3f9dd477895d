-- All response times again, from the messages, for a million of them at once.

-- What a visitor writes between two answers has the number of the answers before it, and so has the answer
-- that follows: a window instead of searches for each message.
create or replace function private.load_support_responses() returns setof private.support_responses
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with numbered as (
    select m.id, m.conversation_id, m.role, m.created_at, m.position,
      count(*) filter (where m.role <> 'user') over w
        - case when m.role = 'user' then 0 else 1 end as answers_before,
      count(*) filter (where m.role = 'assistant') over w as assistant_number
    from support.messages as m
    where m.role in ('user', 'assistant', 'agent')
    window w as (partition by m.conversation_id order by m.position rows unbounded preceding)
  ),
  asked as (
    select distinct on (n.conversation_id, n.answers_before) n.conversation_id, n.answers_before,
      n.created_at
    from numbered as n
    where n.role = 'user'
    order by n.conversation_id, n.answers_before, n.position
  )
  select n.id, private.support_day(n.created_at),
    case n.role when 'agent' then 'person' else 'assistant' end,
    case n.role when 'agent' then e.since is not null else n.assistant_number = 1 end,
    greatest(extract(epoch from n.created_at - least(a.created_at, e.since)), 0)::real
  from numbered as n
  left join asked as a on a.conversation_id = n.conversation_id and a.answers_before = n.answers_before
  left join lateral (
    select case when o.created_at < n.created_at then o.created_at else n.created_at end as since
    from support.escalations as o
    where n.role = 'agent' and o.conversation_id = n.conversation_id and o.first_answered_at = n.created_at
    limit 1
  ) as e on true
  where n.role <> 'user' and (a.created_at is not null or e.since < n.created_at);
end;
$$;
comment on function private.load_support_responses is
  'The rows of support_responses for all messages, counted from the messages.';
