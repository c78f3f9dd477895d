-- How much the model is asked per day, and until when it is not.

create table private.triage_assist_days (
  day date not null,
  calls_count integer not null default 0,
  characters_count bigint not null default 0,
  constraint triage_assist_days_pkey primary key (day),
  constraint triage_assist_days_counts_are_not_negative check (calls_count >= 0 and characters_count >= 0)
);
comment on table private.triage_assist_days is
  'Requests to the model, and the characters of messages in them, per day in UTC. A request is counted '
  'before it is sent.';
alter table private.triage_assist_days enable row level security;

create table private.triage_assist (
  id boolean not null default true,
  paused_until timestamptz,
  pauses_count integer not null default 0,
  constraint triage_assist_pkey primary key (id),
  constraint triage_assist_is_one_row check (id)
);
comment on table private.triage_assist is 'The one row of the state of triage-assist.';
comment on column private.triage_assist.paused_until is
  'Until when the model is not asked: its rate limit, or it rejects the key.';
comment on column private.triage_assist.pauses_count is 'Pauses since its last answer.';
alter table private.triage_assist enable row level security;
insert into private.triage_assist default values;

create or replace function private.triage_assist_budget(out o_calls integer, out o_characters bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  select
    greatest(s.assist_daily_calls - coalesce(d.calls_count, 0), 0),
    greatest(s.assist_daily_characters - coalesce(d.characters_count, 0::bigint), 0::bigint)
  into o_calls, o_characters
  from public.tracker_settings as s
  left join private.triage_assist_days as d on d.day = (now() at time zone 'UTC')::date;
end;
$$;
comment on function private.triage_assist_budget is 'The calls and characters that are left of today.';

create or replace function private.spend_triage_assist(p_day date, p_calls integer, p_characters integer)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.triage_assist_days as d (day, calls_count, characters_count)
  values (p_day, greatest(p_calls, 0), greatest(p_characters, 0))
  on conflict on constraint triage_assist_days_pkey do update set
    calls_count = greatest(d.calls_count + p_calls, 0),
    characters_count = greatest(d.characters_count + p_characters, 0::bigint);
end;
$$;
comment on function private.spend_triage_assist is
  'Counts calls and characters for a day; negative ones were not used after all.';

create or replace function private.pause_triage_assist(p_until timestamptz) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz;
begin
  update private.triage_assist as a set
    pauses_count = a.pauses_count + 1,
    paused_until = greatest(a.paused_until, least(
      coalesce(p_until, now() + private.backoff(a.pauses_count + 1, interval '1 minute', interval '6 hours')),
      now() + interval '1 day'
    ))
  where a.id
  returning a.paused_until into v_until;
  return v_until;
end;
$$;
grant execute on function private.pause_triage_assist to service_role;

create or replace function public.pause_triage_assist(until timestamptz default null) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_triage_assist(pause_triage_assist.until);
end;
comment on function public.pause_triage_assist is
  'Pauses triage-assist until then, at most for a day: the endpoint''s rate limit. Without a time for a '
  'minute, twice as long after each further pause without an answer in between, at most six hours. Returns '
  'until when it is paused. Service role only.';
grant execute on function public.pause_triage_assist to service_role;
