-- Who hears of what: rules that send the events of certain issues to an endpoint.

create table public.notification_rules (
  id uuid not null default gen_random_uuid(),
  endpoint_id uuid not null,
  event text not null,
  segment text,
  severity text,
  space_id text,
  assignee_user_id uuid,
  digest text not null default 'none',
  quiet_from time,
  quiet_until time,
  time_zone text not null default 'UTC',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint notification_rules_pkey primary key (id),
  constraint notification_rules_endpoint_id_fkey foreign key (endpoint_id)
    references public.webhook_endpoints (id) on delete cascade,
  constraint notification_rules_assignee_user_id_fkey foreign key (assignee_user_id)
    references auth.users (id) on delete cascade,
  constraint notification_rules_event_is_known check (private.is_notification_event(event)),
  constraint notification_rules_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint notification_rules_severity_is_known
    check (severity in ('critical', 'high', 'medium', 'low')),
  constraint notification_rules_digest_is_known check (digest in ('none', 'hourly', 'daily')),
  constraint notification_rules_quiet_hours_have_both_ends
    check ((quiet_from is null) = (quiet_until is null)),
  constraint notification_rules_space_id_is_not_too_long check (char_length(space_id) <= 255)
);
comment on table public.notification_rules is
  'One row per rule: an event is sent to the endpoint where everything that the rule names holds of its '
  'issue; what is null is not asked. Of several rules of an endpoint the one that sends first counts. '
  'Viewers read, admins write them. Errors on write: team_role_required (403), loop_time_zone_invalid, '
  'key_change_forbidden (422).';
comment on column public.notification_rules.event is 'A hop of loop_events, or endpoint_disabled.';
comment on column public.notification_rules.segment is 'The issue''s segment.';
comment on column public.notification_rules.severity is
  'The severity of the engineering issue that fixes it.';
comment on column public.notification_rules.space_id is 'A Circle space that one of its messages is from.';
comment on column public.notification_rules.assignee_user_id is 'The account that it is assigned to.';
comment on column public.notification_rules.digest is
  'none: each event by itself. hourly: together at the full hour of the time zone. daily: together '
  'at its 9:00.';
comment on column public.notification_rules.is_active is
  'False: it sends nothing, nor what it has put aside for a digest.';
comment on column public.notification_rules.quiet_from is
  'With quiet_until: between the two, in the time zone, nothing is sent; it waits.';

create index notification_rules_endpoint_id_idx on public.notification_rules (endpoint_id);
create index notification_rules_assignee_user_id_idx on public.notification_rules (assignee_user_id);

create or replace function private.check_rule_time_zone() returns trigger
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_time_zone(new.time_zone) then
    raise exception using
      errcode = 'PT422', message = 'loop_time_zone_invalid',
      detail = format('%L is not the name of a time zone.', left(new.time_zone, 100)),
      hint = 'Use a name such as Europe/Berlin.';
  end if;
  return new;
end;
$$;
comment on function private.check_rule_time_zone is
  'Before trigger: a time zone by its name. Errors: loop_time_zone_invalid (422).';

create trigger _000_require_admin before insert or update or delete on public.notification_rules
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.notification_rules
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_check_rule_time_zone before insert or update on public.notification_rules
  for each row when (new.time_zone is not null and new.time_zone <> 'UTC')
  execute function private.check_rule_time_zone();
create trigger _900_set_timestamps before insert or update on public.notification_rules
  for each row execute function private.set_timestamps();

alter table public.notification_rules enable row level security;
create policy notification_rules_select_viewer on public.notification_rules
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy notification_rules_insert_admin on public.notification_rules
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy notification_rules_update_admin on public.notification_rules
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy notification_rules_delete_admin on public.notification_rules
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.notification_rules to authenticated;
grant insert (
  id, endpoint_id, event, segment, severity, space_id, assignee_user_id, digest, quiet_from, quiet_until,
  time_zone, is_active, created_at, updated_at
) on public.notification_rules to authenticated;
grant update (
  id, endpoint_id, event, segment, severity, space_id, assignee_user_id, digest, quiet_from, quiet_until,
  time_zone, is_active, created_at, updated_at
) on public.notification_rules to authenticated;
grant select, insert, update, delete on public.notification_rules to service_role;

create table private.digest_entries (
  rule_id uuid not null,
  event_id bigint not null,
  due_at timestamptz not null,
  constraint digest_entries_pkey primary key (rule_id, event_id),
  constraint digest_entries_rule_id_fkey foreign key (rule_id)
    references public.notification_rules (id) on delete cascade
);
comment on table private.digest_entries is
  'Events that wait for the digest of their rule; deleted with it. No key to loop_events: an event whose '
  'issue was deleted is left out.';
create index digest_entries_due_at_idx on private.digest_entries (due_at);
alter table private.digest_entries enable row level security;
