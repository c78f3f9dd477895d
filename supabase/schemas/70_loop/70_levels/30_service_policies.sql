-- What is promised: how long each stage of the way may take, by segment and severity.

create table public.service_policies (
  id uuid not null default gen_random_uuid(),
  name text not null,
  segment text,
  severity text,
  clock text not null default 'business',
  calendar_id uuid,
  triage_minutes integer,
  engineering_minutes integer,
  agent_minutes integer,
  review_minutes integer,
  answer_minutes integer,
  pauses_when_blocked boolean not null default true,
  is_active boolean not null default true,
  applies_from timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_policies_pkey primary key (id),
  constraint service_policies_segment_severity_key unique nulls not distinct (segment, severity),
  constraint service_policies_calendar_id_fkey foreign key (calendar_id)
    references public.service_calendars (id) on delete restrict,
  constraint service_policies_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint service_policies_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint service_policies_severity_is_known check (severity in ('critical', 'high', 'medium', 'low')),
  constraint service_policies_clock_is_known check (clock in ('business', 'wall')),
  constraint service_policies_triage_minutes_is_bounded check (triage_minutes between 1 and 100000),
  constraint service_policies_engineering_minutes_is_bounded
    check (engineering_minutes between 1 and 100000),
  constraint service_policies_agent_minutes_is_bounded check (agent_minutes between 1 and 100000),
  constraint service_policies_review_minutes_is_bounded check (review_minutes between 1 and 100000),
  constraint service_policies_answer_minutes_is_bounded check (answer_minutes between 1 and 100000),
  constraint service_policies_applies_from_is_finite check (isfinite(applies_from))
);
comment on table public.service_policies is
  'Service levels: of the active policies that match an issue and had begun when a stage did, the most '
  'specific one applies, with its severity before its segment. Null in a column that is not nullable counts '
  'as left out. Admins write them; open targets follow within a minute. Errors on write: team_role_required '
  '(403), key_change_forbidden (422).';
comment on column public.service_policies.segment is 'The segment of its issues; null for any.';
comment on column public.service_policies.severity is
  'The severity of the engineering issue; null for any, and for issues that have none.';
comment on column public.service_policies.clock is
  'business: the working time of the calendar counts. wall: all time does.';
comment on column public.service_policies.calendar_id is 'Null for the default calendar.';
comment on column public.service_policies.triage_minutes is
  'From the report of the first member to the issue. This and the other stages: null for no target.';
comment on column public.service_policies.engineering_minutes is
  'From the issue, or from its being reopened, to the engineering issue.';
comment on column public.service_policies.agent_minutes is
  'From the engineering issue to the first pull request.';
comment on column public.service_policies.review_minutes is
  'From the first pull request to the first merge.';
comment on column public.service_policies.answer_minutes is
  'From the fix, or the resolution, to the first answer to a reporter.';
comment on column public.service_policies.pauses_when_blocked is
  'Whether the time does not count during which the issue is blocked.';
comment on column public.service_policies.applies_from is
  'Stages that began earlier have no target of this policy. By default the creation of the policy.';

create index service_policies_calendar_id_idx on public.service_policies (calendar_id);

-- An insert of several rows through the API has null for what only some of them name.
create or replace function private.complete_service_policy() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.service_policies;
begin
  select p.* into v_stored from public.service_policies as p where p.id = new.id;
  new.clock := coalesce(new.clock, v_stored.clock, 'business');
  new.pauses_when_blocked := coalesce(new.pauses_when_blocked, v_stored.pauses_when_blocked, true);
  new.is_active := coalesce(new.is_active, v_stored.is_active, true);
  new.applies_from := coalesce(new.applies_from, v_stored.applies_from, now());
  return new;
end;
$$;
comment on function private.complete_service_policy is
  'Before trigger: null in a column that is not nullable keeps what is stored, or takes the default.';

create trigger _000_require_admin before insert or update or delete on public.service_policies
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.service_policies
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_complete_policy before insert or update on public.service_policies
  for each row execute function private.complete_service_policy();
create trigger _900_set_timestamps before insert or update on public.service_policies
  for each row execute function private.set_timestamps();

alter table public.service_policies enable row level security;
create policy service_policies_select_viewer on public.service_policies
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy service_policies_insert_admin on public.service_policies
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy service_policies_update_admin on public.service_policies
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy service_policies_delete_admin on public.service_policies
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.service_policies to authenticated;
grant insert (
  id, name, segment, severity, clock, calendar_id, triage_minutes, engineering_minutes, agent_minutes,
  review_minutes, answer_minutes, pauses_when_blocked, is_active, applies_from, created_at, updated_at
) on public.service_policies to authenticated;
grant update (
  id, name, segment, severity, clock, calendar_id, triage_minutes, engineering_minutes, agent_minutes,
  review_minutes, answer_minutes, pauses_when_blocked, is_active, applies_from, created_at, updated_at
) on public.service_policies to authenticated;
grant select, insert, update, delete on public.service_policies to service_role;
