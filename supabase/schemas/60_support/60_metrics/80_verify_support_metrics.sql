-- Compares the stored figures with the messages, and counts everything again.

create or replace function private.verify_support_metrics()
returns table (name text, key text, stored jsonb, counted jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with days as (
    select d.day from private.support_days as d
    union select private.support_day(c.created_at) from support.conversations as c
    union select private.support_day(m.created_at) from support.messages as m
    union select private.support_day(e.created_at) from support.escalations as e
  ),
  stored (name, key, day, value) as (
    select 'support_responses', r.message_id::text, r.day, to_jsonb(r) from private.support_responses as r
    union all
    select 'support_days', d.day::text, d.day, to_jsonb(d) - 'counted_at' from private.support_days as d
    union all
    select 'support_day_responses', format('%s %s %s', r.day, r.responder, r.is_first), r.day, to_jsonb(r)
    from private.support_day_responses as r
  ),
  counted (name, key, day, value) as (
    select 'support_responses', r.message_id::text, r.day, to_jsonb(r)
    from private.load_support_responses() as r
    union all
    select 'support_days', d.day::text, d.day, to_jsonb(c) - 'counted_at'
    from days as d cross join lateral private.count_support_day(d.day) as c
    union all
    select 'support_day_responses', format('%s %s %s', r.day, r.responder, r.is_first), r.day, to_jsonb(r)
    from days as d cross join lateral private.count_support_responses(d.day) as r
  )
  select coalesce(s.name, c.name), coalesce(s.key, c.key), s.value, c.value
  from stored as s
  full join counted as c on c.name = s.name and c.key = s.key
  cross join private.support_metrics_state as t
  where s.value is distinct from c.value and coalesce(s.day, c.day) >= t.kept_before and not (
    -- what the job has not counted yet
    coalesce(s.name, c.name) <> 'support_responses' and (
      coalesce(s.day, c.day) >= private.support_day(t.counted_at - interval '2 hours')
      or exists (select from private.support_marks as k where k.day = coalesce(s.day, c.day))
    )
  );
end;
$$;
comment on function private.verify_support_metrics is
  'Counts everything again and returns the differences, except those of days that the job is to count; no '
  'row means that all figures are correct. Days of which retention has deleted conversations are left out. '
  'Reads all messages. For operators.';

create or replace function private.rebuild_support_metrics() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('private.support_days', 0));
  truncate private.support_responses, private.support_marks, private.support_days,
    private.support_day_responses;
  insert into private.support_responses select r.* from private.load_support_responses() as r;
  perform private.store_support_day(d.day)
  from (
    select private.support_day(c.created_at) as day from support.conversations as c
    union select private.support_day(m.created_at) from support.messages as m
    union select private.support_day(e.created_at) from support.escalations as e
  ) as d;
  update private.support_metrics_state as s set counted_at = now() where s.id;
end;
$$;
comment on function private.rebuild_support_metrics is
  'Counts all messages again, while nothing is written. For operators, after messages were loaded with '
  'triggers turned off.';
