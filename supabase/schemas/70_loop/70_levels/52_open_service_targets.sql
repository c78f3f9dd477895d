-- The targets that are open, and how much of their time is used up.

create or replace function private.used_share(
  p_clock text, p_calendar_id uuid, p_target_seconds integer, p_due_at timestamptz
) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_calendar_id constant uuid :=
    case p_clock when 'business' then coalesce(p_calendar_id, private.default_calendar_id()) end;
begin
  if p_due_at is null then
    return null;
  end if;
  return 1 - (
    private.working_seconds(v_calendar_id, p_due_at) - private.working_seconds(v_calendar_id, now())
  ) / p_target_seconds;
end;
$$;
comment on function private.used_share is
  'The share of a target''s time that is used up: 0 at its beginning, 1 when it is due, more after that; '
  'null while it is paused. Without the clock business, all time counts.';
grant execute on function private.used_share to authenticated, service_role;

create view public.open_service_targets with (security_invoker = true) as
select
  t.issue_id, i.seq_id, i.title, i.status, i.segment, i.assigned_to, t.generation, t.stage, t.policy_id,
  p.name as policy_name, t.started_at, t.warn_at, t.due_at, t.due_at is null as is_paused,
  t.breached_at is not null as is_breached,
  private.used_share(p.clock, p.calendar_id, t.target_seconds, t.due_at) as used_share
from public.service_targets as t
join public.issues as i on i.id = t.issue_id and not i.is_test
left join public.service_policies as p on p.id = t.policy_id
where t.met_at is null and t.cancelled_at is null;
comment on view public.open_service_targets is
  'The targets that are neither met nor cancelled, with their issues. Pages ordered by due_at use an index.';
comment on column public.open_service_targets.used_share is
  'How much of the time is used up: 1 when it is due, more after that; null while it is paused.';
grant select on public.open_service_targets to authenticated, service_role;
