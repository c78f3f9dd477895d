-- Endpoints that somebody has to look at: the owner who has no other endpoint to be told by sees them here.

create or replace function private.load_endpoint_alerts()
returns table (
  endpoint_id uuid, name text, kind text, state text, reason text, since timestamptz, owner text,
  owner_user_id uuid
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select e.id, e.name, e.kind, case when e.is_active then 'failing' else 'off' end,
    coalesce(e.disabled_reason, 'failing'), coalesce(e.disabled_at, e.failing_since),
    private.member_name(e.created_by_user_id), e.created_by_user_id
  from public.webhook_endpoints as e
  where not e.is_active and e.disabled_reason in ('gone', 'failing')
    or e.is_active and e.failing_since < clock_timestamp() - interval '1 hour';
end;
$$;
comment on function private.load_endpoint_alerts is
  'What loop_endpoint_alerts contains; nothing for callers who may not read issues.';
grant execute on function private.load_endpoint_alerts to authenticated, service_role;

create view public.loop_endpoint_alerts with (security_invoker = true) as
select * from private.load_endpoint_alerts();
comment on view public.loop_endpoint_alerts is
  'Endpoints that the database has switched off, and those where nothing has come through for an hour, for '
  'the whole team: without their addresses, which admins see in webhook_endpoints.';
comment on column public.loop_endpoint_alerts.state is
  'off: nothing is sent until an admin switches it on again. failing: it is tried, for five days.';
comment on column public.loop_endpoint_alerts.reason is
  'gone: it answered 410. failing: no delivery comes through.';
comment on column public.loop_endpoint_alerts.since is 'Since when it is off, or fails.';
comment on column public.loop_endpoint_alerts.owner is
  'The display name of who created it; null where they are not in the team any more.';
grant select on public.loop_endpoint_alerts to authenticated, service_role;
