-- Goals: a number to reach, or to keep below, by a day.

create table public.goals (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null default auth.uid(),
  workspace_id uuid,
  platform text not null,
  goal_type text not null,
  target_value numeric not null,
  current_value numeric not null default 0,
  unit text not null,
  start_date date not null,
  end_date date,
  is_achieved boolean not null default false,
  achieved_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  direction text not null default 'reach',
  baseline_value numeric,
  metric text not null default nullif('', ''),
  constraint goals_pkey primary key (id),
  constraint goals_user_id_fkey foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint goals_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete set null,
  constraint goals_platform_is_known check (platform in ('github', 'youtube', 'devto', 'all')),
  constraint goals_goal_type_is_not_too_long check (char_length(goal_type) between 1 and 100),
  constraint goals_unit_is_not_too_long check (char_length(unit) between 1 and 50),
  constraint goals_direction_is_known check (direction in ('reach', 'keep_below')),
  constraint goals_end_is_not_before_start check (end_date >= start_date),
  constraint goals_keep_below_has_an_end check (direction <> 'keep_below' or end_date is not null),
  constraint goals_achieved_at_matches_is_achieved check (is_achieved = (achieved_at is not null))
);
create index goals_user_id_idx on public.goals (user_id);
create index goals_workspace_id_idx on public.goals (workspace_id);
create index goals_platform_idx on public.goals (platform);
create index goals_is_achieved_idx on public.goals (is_achieved);
create index goals_user_active_idx on public.goals (user_id, is_achieved) where is_achieved = false;
comment on table public.goals is
  'A number to reach or to keep below. Users write their own; members see those of their workspaces. '
  'current_value, is_achieved, achieved_at and baseline_value follow the snapshots: what clients write '
  'there is ignored. Errors on write: sign_in_required (401), devpulse_workspace_unknown (404), '
  'devpulse_goals_limit_reached (409), devpulse_goal_invalid, devpulse_goal_type_invalid, '
  'devpulse_goal_unit_invalid, key_change_forbidden (422).';
comment on column public.goals.platform is 'github, youtube, devto, or all for the sum over the platforms.';
comment on column public.goals.goal_type is
  'The metric: stars, subscribers, views, commits, …, or a metric''s name in analytics_snapshots.';
comment on column public.goals.target_value is 'In unit.';
comment on column public.goals.current_value is
  'In unit, set by the database: of a level, such as stars, the last known value up to end_date; of what '
  'happens per day, such as commits, the sum from start_date to end_date. 0 while nothing is known.';
comment on column public.goals.unit is
  'percentage: the change since the start in percent of baseline_value. Any other unit is a count.';
comment on column public.goals.end_date is 'The last day that counts; null for no end.';
comment on column public.goals.is_achieved is
  'Set by the database, once; a later fall does not undo it. A goal that is edited is counted again.';
comment on column public.goals.achieved_at is
  'When it was first seen to be achieved; for a day that was over by then, the last moment of that day in '
  'the user''s time zone.';
comment on column public.goals.direction is
  'reach, or keep_below: achieved when end_date has passed and no day, or of what happens per day no sum, '
  'was above the target. A gap on end_date is decided by the next day that was read, and a sum '
  'needs every day.';
comment on column public.goals.baseline_value is
  'Set by the database. Of a level: the last known value on or before start_date, else the first one after '
  'it. Of what happens per day: 0, and for a percentage the sum of as many days before start_date as the '
  'goal has. Null while nothing is known.';
comment on column public.goals.metric is 'The metric that goal_type names; set by the database.';

create trigger _000_require_active_account before insert or update on public.goals
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.goals
  for each row when ((old.id, old.user_id) is distinct from (new.id, new.user_id))
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.goals
  for each row execute function private.set_timestamps();

alter table public.goals enable row level security;
create policy goals_select_own_and_workspace on public.goals
  for select to authenticated using (
    user_id = (select auth.uid()) or workspace_id = any (array(select private.my_workspace_ids()))
  );
create policy goals_insert_own on public.goals
  for insert to authenticated with check (
    user_id = (select auth.uid())
    and (workspace_id is null or workspace_id = any (array(select private.my_workspace_ids())))
  );
create policy goals_update_own on public.goals
  for update to authenticated using (user_id = (select auth.uid())) with check (
    user_id = (select auth.uid())
    and (workspace_id is null or workspace_id = any (array(select private.my_workspace_ids())))
  );
create policy goals_delete_own on public.goals
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.goals to authenticated;
grant insert (
  id, user_id, workspace_id, platform, goal_type, target_value, current_value, unit, start_date, end_date,
  is_achieved, achieved_at, created_at, updated_at, direction, baseline_value, metric
) on public.goals to authenticated;
grant update (
  id, user_id, workspace_id, platform, goal_type, target_value, current_value, unit, start_date, end_date,
  is_achieved, achieved_at, created_at, updated_at, direction, baseline_value, metric
) on public.goals to authenticated;
grant select, insert, update, delete on public.goals to service_role;
