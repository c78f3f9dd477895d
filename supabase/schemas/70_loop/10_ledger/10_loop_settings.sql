-- What is set for the loop: when a fix counts as shipped, and whether answers wait for a person.

create table public.loop_settings (
  id boolean not null default true,
  ship_gate text not null default 'merge',
  ship_delay_minutes integer not null default 60,
  ship_environment text not null default 'production',
  reply_mode text not null default 'draft',
  issue_url text,
  notification_age_hours integer not null default 72,
  delivery_retention_days integer not null default 90,
  webhook_endpoints_limit integer not null default 50,
  fork_links_limit integer not null default 10,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint loop_settings_pkey primary key (id),
  constraint loop_settings_is_one_row check (id),
  constraint loop_settings_ship_gate_is_known
    check (ship_gate in ('merge', 'person', 'delay', 'deployment')),
  -- At most a year.
  constraint loop_settings_ship_delay_minutes_is_bounded check (ship_delay_minutes between 0 and 525600),
  constraint loop_settings_ship_environment_is_a_name
    check (btrim(ship_environment) <> '' and char_length(ship_environment) <= 255),
  constraint loop_settings_reply_mode_is_known check (reply_mode in ('draft', 'automatic')),
  constraint loop_settings_issue_url_is_a_url
    check (issue_url ~ '^https?://[^\s]+$' and char_length(issue_url) <= 1000),
  constraint loop_settings_notification_age_hours_is_bounded
    check (notification_age_hours between 1 and 87600),
  constraint loop_settings_delivery_retention_days_is_bounded
    check (delivery_retention_days between 8 and 36500),
  constraint loop_settings_webhook_endpoints_limit_is_bounded
    check (webhook_endpoints_limit between 0 and 1000),
  constraint loop_settings_fork_links_limit_is_bounded check (fork_links_limit between 0 and 50)
);
comment on table public.loop_settings is
  'The settings of the loop: exactly one row, never inserted or deleted by clients. Team members read it, '
  'admins change it.';
comment on column public.loop_settings.id is 'Always true.';
comment on column public.loop_settings.ship_gate is
  'What a fix waits for before it counts as shipped and its issues resolve: merge, for nothing more than the '
  'merge; person, for ship_issue(); delay, for ship_delay_minutes; deployment, for a successful deployment '
  'to ship_environment.';
comment on column public.loop_settings.ship_delay_minutes is
  'With the gate delay: how many minutes after the merge.';
comment on column public.loop_settings.ship_environment is
  'With the gate deployment: the environment''s name at GitHub.';
comment on column public.loop_settings.reply_mode is
  'draft: an answer waits until an agent approves it. automatic: it is sent without.';
comment on column public.loop_settings.issue_url is
  'Where members read an issue, with {issue} for its number; null for nowhere, and replies have no link.';
comment on column public.loop_settings.notification_age_hours is
  'Events that happened before that are history: no endpoint is told, and replies wait for approval.';
comment on column public.loop_settings.delivery_retention_days is
  'How many days a delivery is kept that has arrived or ended; drafts and dead letters of replies stay.';
comment on column public.loop_settings.webhook_endpoints_limit is 'How many endpoints there may be.';
comment on column public.loop_settings.fork_links_limit is
  'How many engineering issues the words of a pull request from a fork are linked to before it is merged: '
  'anybody can open one that names many.';

create trigger _000_require_admin before update on public.loop_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on public.loop_settings
  for each row execute function private.set_timestamps();

alter table public.loop_settings enable row level security;
create policy loop_settings_select_viewer on public.loop_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy loop_settings_update_admin on public.loop_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.loop_settings to authenticated;
grant update (
  id, ship_gate, ship_delay_minutes, ship_environment, reply_mode, issue_url, notification_age_hours,
  delivery_retention_days, webhook_endpoints_limit, fork_links_limit, created_at, updated_at
) on public.loop_settings to authenticated;
grant select, update on public.loop_settings to service_role;

insert into public.loop_settings default values;
