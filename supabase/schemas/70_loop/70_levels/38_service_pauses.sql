-- Pauses: time that counts for no target of an issue.

create table public.service_pauses (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  reason text not null,
  starts_at timestamptz not null default now(),
  ends_at timestamptz,
  paused_by text not null,
  paused_by_user_id uuid,
  resumed_by text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_pauses_pkey primary key (id),
  constraint service_pauses_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint service_pauses_paused_by_user_id_fkey foreign key (paused_by_user_id)
    references auth.users (id) on delete set null,
  constraint service_pauses_ends_at_follows_starts_at check (ends_at >= starts_at),
  constraint service_pauses_reason_is_not_blank check (btrim(reason) <> '' and char_length(reason) <= 1000)
);
comment on table public.service_pauses is
  'Who paused the service levels of an issue, when and why. Written by pause_service_levels() and '
  'resume_service_levels() alone, so that nobody pauses the past. The time during which an issue is blocked '
  'or archived is not in it: issue_status_logs has that. Viewers read it.';
comment on column public.service_pauses.ends_at is 'Null until it is resumed; may be in the future.';
comment on column public.service_pauses.paused_by is 'Display name of the person who paused it.';
comment on column public.service_pauses.resumed_by is
  'Display name of the person who ended it; null when it ends, or ended, at the time set with it.';

create index service_pauses_issue_id_starts_at_idx on public.service_pauses (issue_id, starts_at);
create index service_pauses_paused_by_user_id_idx on public.service_pauses (paused_by_user_id);

create trigger _900_set_timestamps before insert or update on public.service_pauses
  for each row execute function private.set_timestamps();

alter table public.service_pauses enable row level security;
create policy service_pauses_select_viewer on public.service_pauses
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.service_pauses to authenticated, service_role;

create or replace function private.load_service_pauses(
  p_issue_id uuid, p_pauses_when_blocked boolean, p_stage text
) returns tstzmultirange
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(
    (
      select range_agg(u.range)
      from (
        select tstzrange(p.starts_at, p.ends_at)
        from public.service_pauses as p where p.issue_id = p_issue_id
        union all
        select tstzrange(s.changed_at, s.until)
        from (
          select l.new_status, l.changed_at,
            lead(l.changed_at) over (order by l.changed_at, l.old_status is not null) as until
          from public.issue_status_logs as l where l.issue_id = p_issue_id
        ) as s
        where s.new_status = 'blocked' and p_pauses_when_blocked
          or s.new_status = 'archived' and p_stage <> 'answer'
      ) as u (range)
    ), '{}'
  );
end;
$$;
comment on function private.load_service_pauses is
  'The time that does not count for a stage of an issue: pauses, blocked if its policy has that, and '
  'archived, but for the answer, which is owed nevertheless.';
