-- Builds the snapshots of past days again, when somebody asks for it.

create or replace function private.raise_range_error(p_from date, p_to date, p_max_days integer) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- days of other years do not fit the types that ranges are computed with
  if p_from is null or p_to is null or p_from > p_to or p_from < '0001-01-01' or p_to > '9999-12-31' then
    raise exception using
      errcode = 'PT422', message = 'devpulse_range_invalid',
      detail = format('%s to %s is not a range of days.', coalesce(p_from::text, 'null'),
        coalesce(p_to::text, 'null')),
      hint = 'Send from and to as dates of the years 1 to 9999, from not after to.';
  elsif p_to - p_from >= p_max_days then
    raise exception using
      errcode = 'PT422', message = 'devpulse_range_too_large',
      detail = format('%s to %s are more than %s days.', p_from, p_to, p_max_days),
      hint = 'Send several shorter ranges.';
  end if;
end;
$$;
comment on function private.raise_range_error is
  'Returns for a range of up to p_max_days days. Errors: devpulse_range_invalid, '
  'devpulse_range_too_large (422).';

-- The queue is everybody's, in the order of arrival.
create or replace function private.check_waiting_marks(p_user_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and (
    select count(*) from (
      select from private.snapshot_marks as m where m.user_id = p_user_id limit 366
    ) as w
  ) >= 366 then
    raise exception using
      errcode = 'PT429', message = 'devpulse_backfill_rate_limited',
      detail = '366 days of the caller are waiting to be built.', hint = 'Wait a minute.';
  end if;
end;
$$;
comment on function private.check_waiting_marks is
  'Returns where fewer than 366 days of the user wait. Errors: devpulse_backfill_rate_limited (429).';

create or replace function private.backfill_snapshots(p_from date, p_to date, p_user_id uuid)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_trusted constant boolean := private.is_trusted_caller();
  v_user_id constant uuid := coalesce(p_user_id, auth.uid());
  v_today date;
  v_count integer;
begin
  if v_user_id is null or not v_is_trusted and not private.is_person_account(auth.uid()) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'Whose snapshots to build is not known.',
      hint = 'Sign in, or send user_id from a server.';
  elsif not v_is_trusted and v_user_id <> auth.uid() then
    raise exception using
      errcode = 'PT403', message = 'devpulse_backfill_forbidden',
      detail = 'Users build their own snapshots only.', hint = 'Leave user_id out.';
  end if;
  perform private.raise_range_error(p_from, p_to, case when v_is_trusted then 3700 else 366 end);
  select private.local_day(p.timezone, now()) into v_today from public.profiles as p where p.id = v_user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = format('No account has the id %s.', v_user_id), hint = 'Send the id of an account.';
  end if;
  perform private.check_waiting_marks(v_user_id);
  insert into private.snapshot_marks (user_id, day)
  select v_user_id, d.day::date
  from public.devpulse_settings as t
  cross join lateral generate_series(
    greatest(p_from, v_today - t.snapshot_retention_days)::timestamp, least(p_to, v_today)::timestamp,
    interval '1 day'
  ) as d (day)
  where not exists (
    select from private.snapshot_marks as m where m.user_id = v_user_id and m.day = d.day::date
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
grant execute on function private.backfill_snapshots to authenticated, service_role;

-- The names are the API's JSON keys. Both are reserved words, which have no other form in SQL than quoted.
create or replace function public.backfill_snapshots("from" date, "to" date, user_id uuid default null)
returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.backfill_snapshots(
    backfill_snapshots."from", backfill_snapshots."to", backfill_snapshots.user_id
  );
end;
comment on function public.backfill_snapshots is
  'Has the snapshots of these days, up to 366 and up to today, built again from what was read, within a '
  'minute or two; returns how many days were added to the queue. Of the caller; servers name a user, and up '
  'to 3,700 days. Errors: sign_in_required (401), devpulse_backfill_forbidden (403), devpulse_user_unknown '
  '(404), devpulse_range_invalid, devpulse_range_too_large (422), devpulse_backfill_rate_limited (429).';
grant execute on function public.backfill_snapshots to authenticated, service_role;
