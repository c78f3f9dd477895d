-- The job that counts the days.

create table private.support_metrics_state (
  id boolean not null default true,
  counted_at timestamptz not null default now(),
  kept_before date not null default '-infinity',
  constraint support_metrics_state_pkey primary key (id),
  constraint support_metrics_state_has_one_row check (id)
);
comment on table private.support_metrics_state is 'One row: what run_support_metrics() counts.';
comment on column private.support_metrics_state.counted_at is 'When it ran last.';
comment on column private.support_metrics_state.kept_before is
  'The figures of days before this one stay as they are: retention has deleted conversations of them.';
alter table private.support_metrics_state enable row level security;
insert into private.support_metrics_state default values;

create or replace function private.store_support_day(p_day date) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.support_days;
begin
  delete from private.support_day_responses as r where r.day = p_day;
  delete from private.support_days as d where d.day = p_day;
  v := private.count_support_day(p_day);
  if v.conversations_count + v.escalations_count + v.visitor_messages_count + v.assistant_messages_count
    + v.person_messages_count + v.helpful_count + v.unhelpful_count > 0
  then
    insert into private.support_days select v.*;
    insert into private.support_day_responses select r.* from private.count_support_responses(p_day) as r;
  end if;
end;
$$;
comment on function private.store_support_day is
  'Counts a day and stores its figures; none for a day without any.';

-- Marks are taken before the day is counted: what changes in between is marked again. A day is counted until
-- two hours after its end, when also what was written without a mark is committed.
create or replace function private.run_support_metrics(p_batch integer default 100) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_days date[];
  v_day date;
begin
  -- two runs at the same time would store the same days
  if not pg_try_advisory_xact_lock(hashtextextended('private.support_days', 0)) then
    return 0;
  end if;
  perform private.fold_support_errors();
  with chosen as (
    select distinct m.day from private.support_marks as m order by m.day desc limit p_batch
  ),
  taken as (
    delete from private.support_marks as m using chosen as c where m.day = c.day returning m.day
  )
  select array_agg(distinct d.day) into v_days
  from (
    select t.day from taken as t
    union
    select g.at::date
    from private.support_metrics_state as s
    cross join lateral generate_series(
      (private.support_day(s.counted_at - interval '2 hours'))::timestamp,
      private.support_day(now())::timestamp, interval '1 day'
    ) as g (at)
  ) as d
  where d.day >= (select s.kept_before from private.support_metrics_state as s);
  foreach v_day in array coalesce(v_days, '{}') loop
    perform private.store_support_day(v_day);
  end loop;
  update private.support_metrics_state as s set counted_at = now() where s.id;
  return coalesce(cardinality(v_days), 0);
end;
$$;
comment on function private.run_support_metrics is
  'Counts the current day, and up to p_batch others of which something changed, the newest first, and '
  'returns how many. Blocks no writer. For the scheduler.';
