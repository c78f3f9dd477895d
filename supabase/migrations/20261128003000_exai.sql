-- supabase/schemas/30_exai, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 30_exai/10_issues/10_exai_issues.sql
-- Engineering issues: what is known about a fault, where it is, and in which conversations it was found and
-- fixed.

create table public.exai_issues (
  id uuid not null default gen_random_uuid(),
  issue_number integer not null default 0,
  title text not null,
  description text not null default '',
  severity text not null default 'medium',
  category text not null default 'other',
  status text not null default 'open',
  file_path text,
  line_start integer,
  line_end integer,
  affected_components text[] not null default '{}',
  conversation_id text,
  fix_conversation_id text,
  root_cause text,
  impact_description text,
  recommended_fix text,
  actual_fix text,
  related_issues uuid[] not null default '{}',
  blocks_issues uuid[] not null default '{}',
  blocked_by_issues uuid[] not null default '{}',
  discovery_date timestamptz not null default now(),
  fix_date timestamptz,
  verification_date timestamptz,
  created_by text not null default private.actor_name(),
  created_by_user_id uuid,
  claimed_by text,
  claimed_by_user_id uuid,
  claimed_at timestamptz,
  lease_expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  claim_minutes integer,
  constraint exai_issues_pkey primary key (id),
  constraint exai_issues_issue_number_key unique (issue_number),
  constraint exai_issues_created_by_user_id_fkey foreign key (created_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issues_claimed_by_user_id_fkey foreign key (claimed_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issues_issue_number_is_positive check (issue_number > 0),
  constraint exai_issues_title_is_not_blank
    check (title ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint exai_issues_severity_is_known check (severity in ('critical', 'high', 'medium', 'low')),
  constraint exai_issues_category_is_known check (
    category in ('timeout', 'architecture', 'configuration', 'performance', 'security', 'other')
  ),
  constraint exai_issues_status_is_known
    check (status in ('open', 'in_progress', 'fixed', 'verified', 'closed', 'wont_fix')),
  constraint exai_issues_line_start_is_positive check (line_start >= 1),
  constraint exai_issues_line_end_follows_line_start
    check (line_end is null or line_start is not null and line_end >= line_start),
  constraint exai_issues_created_at_is_finite check (isfinite(created_at)),
  constraint exai_issues_fixed_has_fix_date check (status <> 'fixed' or fix_date is not null),
  constraint exai_issues_verified_has_verification_date
    check (status <> 'verified' or verification_date is not null),
  constraint exai_issues_claim_minutes_are_in_range check (claim_minutes between 1 and 1440),
  constraint exai_issues_claim_is_whole check (
    (claimed_by is null) = (claimed_at is null) and (claimed_by is null) = (lease_expires_at is null)
  )
);
-- A trigger assigns the numbers: a default would consume one for each upsert of an existing row.
create sequence public.exai_issues_issue_number_seq as integer owned by public.exai_issues.issue_number;

comment on table public.exai_issues is
  'Engineering issues. Null in a column that is not nullable counts as left out: an insert takes the '
  'default, an update and an upsert keep the stored value. Errors on write: exai_severity_invalid, '
  'exai_category_invalid, exai_status_invalid, exai_related_issue_unknown, key_change_forbidden (422), '
  'exai_relation_cycle_conflict, exai_relation_limit_reached, exai_claim_conflict, '
  'exai_isolation_unsupported (409).';
comment on column public.exai_issues.issue_number is
  'The number that people use: unique, assigned by the database. Only servers and imports may choose one.';
comment on column public.exai_issues.severity is 'critical, high, medium or low.';
comment on column public.exai_issues.category is
  'timeout, architecture, configuration, performance, security or other.';
comment on column public.exai_issues.status is
  'open, in_progress, fixed, verified, closed or wont_fix. Any status may follow any other; each change '
  'writes an update of type status_change. An issue that is open or in_progress is active, and only active '
  'issues block others.';
comment on column public.exai_issues.file_path is 'Path of the affected file, as the project names it.';
comment on column public.exai_issues.line_start is 'First affected line, counted from 1.';
comment on column public.exai_issues.line_end is 'Last affected line, not before line_start.';
comment on column public.exai_issues.conversation_id is
  'Id of the conversation in which the issue was found; any text.';
comment on column public.exai_issues.fix_conversation_id is
  'Id of the conversation in which it was fixed; kept when the issue is reopened.';
comment on column public.exai_issues.related_issues is
  'Sorted ids: the same data as the edges of kind relates in exai_issue_relations. Write either one; '
  'both ends are updated.';
comment on column public.exai_issues.blocks_issues is
  'Sorted ids of the issues that wait for this one: its outgoing edges of kind blocks. Write either one.';
comment on column public.exai_issues.blocked_by_issues is
  'Sorted ids of the issues that this one waits for: its incoming edges of kind blocks. Write either one.';
comment on column public.exai_issues.fix_date is
  'When it was fixed: the value that was sent, else the time at which the status became fixed. '
  'Cleared on reopening.';
comment on column public.exai_issues.verification_date is
  'When the fix was verified: the value that was sent, else the time at which the status became verified. '
  'Cleared on reopening, and when a verified issue becomes fixed again.';
comment on column public.exai_issues.created_by is 'Display name of the person who filed it.';
comment on column public.exai_issues.created_by_user_id is
  'The account that filed it, set by the database; null if a server or an import filed it.';
comment on column public.exai_issues.claimed_by is
  'The holder of the claim: the id of a conversation, or a person''s display name. Written by '
  'claim_exai_issue and next_exai_issue; cleared when the claim is released or the issue is '
  'no longer active.';
comment on column public.exai_issues.claimed_by_user_id is
  'The account of the holder; null if a server claimed it.';
comment on column public.exai_issues.lease_expires_at is
  'When the claim ends. Each write of the holder to the issue, its steps, updates or relations extends it to '
  'claim_minutes from then. An expired claim keeps its columns but has no effect.';
comment on column public.exai_issues.claim_minutes is
  'For how long the claim lasts after a write of its holder; null counts as 30.';

-- The order in which active issues are listed.
create index exai_issues_active_idx on public.exai_issues (
  (case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end),
  issue_number
) where status in ('open', 'in_progress');
create index exai_issues_created_at_idx on public.exai_issues (created_at);
create index exai_issues_conversation_id_idx on public.exai_issues (conversation_id);
create index exai_issues_file_path_idx on public.exai_issues (file_path);
create index exai_issues_title_file_path_idx on public.exai_issues
  using gin (title extensions.gin_trgm_ops, file_path extensions.gin_trgm_ops);
create index exai_issues_affected_components_idx on public.exai_issues using gin (affected_components);
create index exai_issues_created_by_user_id_idx on public.exai_issues (created_by_user_id);
create index exai_issues_claimed_by_user_id_idx on public.exai_issues (claimed_by_user_id);

create trigger _000_require_agent before insert or update on public.exai_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.exai_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');

alter table public.exai_issues enable row level security;
create policy exai_issues_select_viewer on public.exai_issues
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issues_insert_agent on public.exai_issues
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issues_update_agent on public.exai_issues
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy exai_issues_delete_admin on public.exai_issues
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.exai_issues to authenticated;
grant insert (
  id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
  affected_components, conversation_id, fix_conversation_id, root_cause, impact_description, recommended_fix,
  actual_fix, related_issues, blocks_issues, blocked_by_issues, discovery_date, fix_date, verification_date,
  created_by, created_by_user_id, claimed_by, claimed_by_user_id, claimed_at, lease_expires_at, created_at,
  updated_at, claim_minutes
) on public.exai_issues to authenticated;
grant update (
  id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
  affected_components, conversation_id, fix_conversation_id, root_cause, impact_description, recommended_fix,
  actual_fix, related_issues, blocks_issues, blocked_by_issues, discovery_date, fix_date, verification_date,
  created_by, created_by_user_id, claimed_by, claimed_by_user_id, claimed_at, lease_expires_at, created_at,
  updated_at, claim_minutes
) on public.exai_issues to authenticated;
grant select, insert, update, delete on public.exai_issues to service_role;

-- 30_exai/10_issues/20_exai_issue_numbers.sql
-- The first trigger of an insert: gives a new issue its number, and completes an upsert with the stored
-- values.

-- An upsert fires this trigger too, and updates with the row that it returns. So for an existing row, nulls
-- are replaced with the stored values here: any other default would overwrite them.
create or replace function private.complete_exai_issue_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.exai_issues;
begin
  select * into v_old from public.exai_issues as i where i.id = new.id for update;
  if found then
    new.issue_number := coalesce(nullif(new.issue_number, 0), v_old.issue_number);
    new.description := coalesce(new.description, v_old.description);
    new.severity := coalesce(new.severity, v_old.severity);
    new.category := coalesce(new.category, v_old.category);
    new.status := coalesce(new.status, v_old.status);
    new.affected_components := coalesce(new.affected_components, v_old.affected_components);
    new.related_issues := coalesce(new.related_issues, v_old.related_issues);
    new.blocks_issues := coalesce(new.blocks_issues, v_old.blocks_issues);
    new.blocked_by_issues := coalesce(new.blocked_by_issues, v_old.blocked_by_issues);
    new.discovery_date := coalesce(new.discovery_date, v_old.discovery_date);
    new.fix_date := coalesce(new.fix_date, v_old.fix_date);
    new.verification_date := coalesce(new.verification_date, v_old.verification_date);
    new.created_by := coalesce(private.non_blank(new.created_by), v_old.created_by);
  elsif new.issue_number <> 0 and (private.is_trusted_caller() or private.is_exai_import()) then
    perform private.advance_sequence('public.exai_issues_issue_number_seq', new.issue_number);
  else
    new.issue_number := nextval('public.exai_issues_issue_number_seq')::integer;
  end if;
  return new;
end;
$$;
comment on function private.complete_exai_issue_upsert is
  'The first before-insert trigger of exai_issues: assigns a number to a new issue; in an upsert, replaces '
  'nulls with the stored values.';

-- Clients of the API cannot set it: import_exai_issues does, while it runs.
create or replace function private.is_exai_import() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(current_setting('app.exai_import', true), '') = 'on';
end;
$$;
comment on function private.is_exai_import is
  'Whether rows are written by import_exai_issues, whose document contains their numbers, authors and times.';

create trigger _060_complete_exai_issue_upsert before insert on public.exai_issues
  for each row execute function private.complete_exai_issue_upsert();

-- 30_exai/10_issues/30_exai_issue_values.sql
-- Which values an engineering issue may have, whoever writes it.

-- Indexes, views, the queries that use them, and trigger conditions repeat the list.
create or replace function private.is_active_exai_status(p_status text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_status in ('open', 'in_progress');
end;
$$;
comment on function private.is_active_exai_status is 'Whether an issue with this status is active.';

create or replace function private.sort_ids(p_ids uuid[]) returns uuid[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_ids = '{}' then
    return p_ids;
  end if;
  return array(select distinct u.id from unnest(p_ids) as u (id) where u.id is not null order by u.id);
end;
$$;
comment on function private.sort_ids is 'The ids sorted, without duplicates and nulls.';

create or replace function private.clean_components(p_names text[]) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if array_position(p_names, null) is null and '' <> all (p_names) then
    return p_names;
  end if;
  return array(
    select u.name from unnest(p_names) with ordinality as u (name, position)
    where u.name <> ''
    order by u.position
  );
end;
$$;
comment on function private.clean_components is 'Names of components, without nulls and empty ones.';

create or replace function private.check_exai_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_severities constant text[] := array['critical', 'high', 'medium', 'low'];
  v_categories constant text[] := array[
    'timeout', 'architecture', 'configuration', 'performance', 'security', 'other'
  ];
  v_statuses constant text[] := array['open', 'in_progress', 'fixed', 'verified', 'closed', 'wont_fix'];
begin
  new.description := coalesce(new.description, old.description, '');
  new.severity := coalesce(new.severity, old.severity, 'medium');
  new.category := coalesce(new.category, old.category, 'other');
  new.status := coalesce(new.status, old.status, 'open');
  new.file_path := private.non_blank(new.file_path);
  new.affected_components := private.clean_components(
    coalesce(new.affected_components, old.affected_components, '{}')
  );
  new.related_issues := private.sort_ids(coalesce(new.related_issues, old.related_issues, '{}'));
  new.blocks_issues := private.sort_ids(coalesce(new.blocks_issues, old.blocks_issues, '{}'));
  new.blocked_by_issues := private.sort_ids(coalesce(new.blocked_by_issues, old.blocked_by_issues, '{}'));
  new.discovery_date := coalesce(new.discovery_date, old.discovery_date, new.created_at, now());
  if new.severity <> all (v_severities) then
    raise exception using
      errcode = 'PT422', message = 'exai_severity_invalid',
      detail = format('%L is not a valid severity.', new.severity),
      hint = 'Use one of: ' || array_to_string(v_severities, ', ') || '.';
  end if;
  if new.category <> all (v_categories) then
    raise exception using
      errcode = 'PT422', message = 'exai_category_invalid',
      detail = format('%L is not a valid category.', new.category),
      hint = 'Use one of: ' || array_to_string(v_categories, ', ') || '.';
  end if;
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'exai_status_invalid',
      detail = format('%L is not a valid status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_exai_issue is
  'Before trigger of exai_issues: checks severity, category and status, sorts the id arrays, and replaces '
  'null with the stored value or the default. Errors: exai_severity_invalid, exai_category_invalid, '
  'exai_status_invalid (422).';

create trigger _050_reject_key_change before update on public.exai_issues
  for each row when (old.id is distinct from new.id or old.issue_number is distinct from new.issue_number)
  execute function private.reject_key_change();
create trigger _100_check_exai_issue before insert on public.exai_issues
  for each row execute function private.check_exai_issue();
create trigger _110_check_exai_issue before update on public.exai_issues
  for each row when (
    (
      old.description, old.severity, old.category, old.status, old.file_path, old.affected_components,
      old.related_issues, old.blocks_issues, old.blocked_by_issues, old.discovery_date
    ) is distinct from (
      new.description, new.severity, new.category, new.status, new.file_path, new.affected_components,
      new.related_issues, new.blocks_issues, new.blocked_by_issues, new.discovery_date
    )
  )
  execute function private.check_exai_issue();

-- 30_exai/10_issues/40_exai_issue_dates.sql
-- The dates of an issue: fix_date and verification_date follow the status.

-- Reopening is a change from any other status to open or in_progress. The issue is not fixed after all, so
-- its dates are cleared; what was tried (actual_fix, fix_conversation_id) stays.
create or replace function private.sync_exai_dates() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and new.status <> old.status then
    if private.is_active_exai_status(new.status) then
      if not private.is_active_exai_status(old.status) then
        new.fix_date := null;
        new.verification_date := null;
      end if;
    elsif new.status = 'fixed' and old.status = 'verified'
      and new.verification_date is not distinct from old.verification_date
    then
      new.verification_date := null;
    end if;
  end if;
  if new.status = 'fixed' then
    new.fix_date := coalesce(new.fix_date, old.fix_date, clock_timestamp());
  elsif new.status = 'verified' then
    new.verification_date := coalesce(new.verification_date, old.verification_date, clock_timestamp());
  end if;
  return new;
end;
$$;
comment on function private.sync_exai_dates is
  'Before trigger of exai_issues: fix_date and verification_date follow the status unless they are sent.';

create trigger _300_sync_exai_dates before insert on public.exai_issues
  for each row execute function private.sync_exai_dates();
create trigger _310_sync_exai_dates before update on public.exai_issues
  for each row when (
    (old.status, old.fix_date, old.verification_date)
    is distinct from (new.status, new.fix_date, new.verification_date)
  )
  execute function private.sync_exai_dates();
create trigger _900_set_timestamps before insert or update on public.exai_issues
  for each row execute function private.set_timestamps();

-- 30_exai/10_issues/50_exai_authors.sql
-- Who filed an issue or wrote an update: the name may be sent, the account is set by the database.

create or replace function private.set_exai_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.created_by := coalesce(private.non_blank(new.created_by), old.created_by, private.actor_name());
  if tg_op = 'UPDATE' then
    if new.created_by_user_id is distinct from old.created_by_user_id then
      new.created_by_user_id := private.resolve_account_change(old.created_by_user_id,
        new.created_by_user_id);
    end if;
  elsif private.is_exai_import() then
    new.created_by_user_id := null;
  elsif not private.is_trusted_caller() then
    -- A token can outlive its account.
    new.created_by_user_id := (select u.id from auth.users as u where u.id = auth.uid());
  end if;
  return new;
end;
$$;
comment on function private.set_exai_author is
  'Before trigger of exai_issues and exai_issue_updates: sets the author''s account, and the name where '
  'none was sent.';

create trigger _400_set_exai_author before insert on public.exai_issues
  for each row execute function private.set_exai_author();
create trigger _410_set_exai_author before update on public.exai_issues
  for each row when (
    (old.created_by, old.created_by_user_id) is distinct from (new.created_by, new.created_by_user_id)
  )
  execute function private.set_exai_author();

-- 30_exai/10_issues/60_exai_issue_updates.sql
-- The history of an engineering issue: comments, fixes, verifications, and each change of its status.

create table public.exai_issue_updates (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  update_type text not null default 'comment',
  content text not null,
  conversation_id text,
  created_by text not null default private.actor_name(),
  created_by_user_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default now(),
  constraint exai_issue_updates_pkey primary key (id),
  constraint exai_issue_updates_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_updates_created_by_user_id_fkey foreign key (created_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issue_updates_update_type_is_known check (
    update_type in ('comment', 'status_change', 'fix_applied', 'verification', 'conversation_link')
  ),
  constraint exai_issue_updates_content_is_not_blank
    check (content ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint exai_issue_updates_created_at_is_finite check (isfinite(created_at))
);
comment on table public.exai_issue_updates is
  'The history of engineering issues. Agents add entries; the author or an admin may change or delete one, '
  'only an admin if it is a status_change. Errors on write: exai_update_type_invalid, '
  'key_change_forbidden (422).';
comment on column public.exai_issue_updates.update_type is
  'comment, status_change, fix_applied, verification or conversation_link. The database writes an entry of '
  'type status_change for each change of an issue''s status.';
comment on column public.exai_issue_updates.content is
  'The text of the entry; for a change of status the old and the new one (open → fixed), and whose claim it '
  'ended, if that was somebody else''s (open → fixed, ends the claim of conversation-1).';
comment on column public.exai_issue_updates.conversation_id is
  'Id of the conversation in which it was written. For a change of status: the issue''s fix_conversation_id '
  'if the same statement set it, else the setting app.conversation_id, else the issue''s conversation_id.';
comment on column public.exai_issue_updates.created_by is 'Display name of the person who wrote it.';
comment on column public.exai_issue_updates.created_by_user_id is
  'The account that wrote it, set by the database; null if a server or an import wrote it.';

create index exai_issue_updates_issue_id_created_at_id_idx
  on public.exai_issue_updates (issue_id, created_at desc, id desc);
create index exai_issue_updates_created_at_idx on public.exai_issue_updates (created_at);
create index exai_issue_updates_created_by_user_id_idx on public.exai_issue_updates (created_by_user_id);

create or replace function private.check_exai_issue_update() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_types constant text[] := array[
    'comment', 'status_change', 'fix_applied', 'verification', 'conversation_link'
  ];
  v_old public.exai_issue_updates;
begin
  if tg_op = 'INSERT' and (new.update_type is null or private.non_blank(new.created_by) is null) then
    select * into v_old from public.exai_issue_updates as u where u.id = new.id for update;
    new.created_by := coalesce(private.non_blank(new.created_by), v_old.created_by);
  end if;
  new.update_type := coalesce(new.update_type, old.update_type, v_old.update_type, 'comment');
  if new.update_type <> all (v_types) then
    raise exception using
      errcode = 'PT422', message = 'exai_update_type_invalid',
      detail = format('%L is not a valid type of update.', new.update_type),
      hint = 'Use one of: ' || array_to_string(v_types, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_exai_issue_update is
  'Before trigger of exai_issue_updates: checks the type, and replaces null with the stored value or the '
  'default. Errors: exai_update_type_invalid (422).';

create or replace function private.log_exai_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id constant text := private.non_blank(current_setting('app.conversation_id', true));
begin
  insert into public.exai_issue_updates (issue_id, update_type, content, conversation_id)
  select n.id, 'status_change', format('%s → %s', o.status, n.status) || private.describe_ended_exai_claim(
    row(o.*)::public.exai_issues, row(n.*)::public.exai_issues
  ), coalesce(
    case when n.fix_conversation_id is distinct from o.fix_conversation_id then n.fix_conversation_id end,
    v_conversation_id, n.conversation_id
  )
  from old_issues as o
  join new_issues as n on n.id = o.id
  where n.status <> o.status
  order by n.issue_number;
  return null;
end;
$$;
comment on function private.log_exai_status is
  'After-update-statement trigger of exai_issues: writes an entry for each change of status.';

create trigger _000_require_agent before insert or update or delete on public.exai_issue_updates
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _050_reject_key_change before update on public.exai_issue_updates
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.reject_key_change();
create trigger _100_check_exai_issue_update before insert on public.exai_issue_updates
  for each row execute function private.check_exai_issue_update();
create trigger _110_check_exai_issue_update before update on public.exai_issue_updates
  for each row when (old.update_type is distinct from new.update_type)
  execute function private.check_exai_issue_update();
create trigger _400_set_exai_author before insert on public.exai_issue_updates
  for each row execute function private.set_exai_author();
create trigger _410_set_exai_author before update on public.exai_issue_updates
  for each row when (
    (old.created_by, old.created_by_user_id) is distinct from (new.created_by, new.created_by_user_id)
  )
  execute function private.set_exai_author();
create trigger _900_set_timestamps before insert or update on public.exai_issue_updates
  for each row execute function private.set_timestamps();
create trigger _100_log_exai_status after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.log_exai_status();

alter table public.exai_issue_updates enable row level security;
create policy exai_issue_updates_select_viewer on public.exai_issue_updates
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issue_updates_insert_agent on public.exai_issue_updates
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issue_updates_update_author on public.exai_issue_updates
  for update to authenticated
  using (
    (select private.has_team_role('agent'))
    and (
      created_by_user_id = (select auth.uid()) and update_type <> 'status_change'
      or (select private.has_team_role('admin'))
    )
  )
  with check ((select private.has_team_role('agent')));
create policy exai_issue_updates_delete_author on public.exai_issue_updates
  for delete to authenticated
  using (
    (select private.has_team_role('agent'))
    and (
      created_by_user_id = (select auth.uid()) and update_type <> 'status_change'
      or (select private.has_team_role('admin'))
    )
  );

grant select, delete on public.exai_issue_updates to authenticated;
grant insert (
  id, issue_id, update_type, content, conversation_id, created_by, created_by_user_id, created_at, updated_at
) on public.exai_issue_updates to authenticated;
grant update (
  id, issue_id, update_type, content, conversation_id, created_by, created_by_user_id, created_at, updated_at
) on public.exai_issue_updates to authenticated;
grant select, insert, update, delete on public.exai_issue_updates to service_role;

-- 30_exai/10_issues/65_link_exai_conversation.sql
-- What a conversation did, for the history of an issue, where no column has it.

-- Once per conversation and content: a repeated call records nothing. The caller has locked the issue, or the
-- graph.
create or replace function private.link_exai_conversation(
  p_issue_id uuid, p_conversation_id text, p_content text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.exai_issue_updates (issue_id, update_type, content, conversation_id)
  select p_issue_id, 'conversation_link', p_content, p_conversation_id
  where p_conversation_id is not null and not exists (
    select from public.exai_issue_updates as u
    where u.issue_id = p_issue_id and u.update_type = 'conversation_link' and u.content = p_content
      and u.conversation_id = p_conversation_id
  );
end;
$$;
comment on function private.link_exai_conversation is
  'Records in the history of an issue what a conversation did, for what has no column for it.';

-- 30_exai/10_issues/70_require_exai_issue.sql
-- The error for an engineering issue that does not exist, by id and by number.

create or replace function private.require_exai_issue(p_issue_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from public.exai_issues as i where i.id = p_issue_id) then
    raise exception using
      errcode = 'PT404', message = 'exai_issue_unknown',
      detail = format('There is no engineering issue %s.', coalesce(p_issue_id::text, 'without an id')),
      hint = 'Use the id of a row in exai_issues.';
  end if;
end;
$$;
comment on function private.require_exai_issue is
  'Does nothing if the issue exists. Errors: exai_issue_unknown (404).';

create or replace function private.raise_exai_issue_unknown(p_issue_number integer) returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT404', message = 'exai_issue_unknown',
    detail = format('There is no engineering issue #%s.', p_issue_number), hint = 'Use its issue_number.';
end;
$$;
comment on function private.raise_exai_issue_unknown is 'Errors: exai_issue_unknown (404), always.';

-- 30_exai/20_checklist/10_exai_issue_checklist.sql
-- The checklist of an engineering issue: the numbered steps of its fix.

create table public.exai_issue_checklist (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  -- Null, which a trigger replaces. As a default it makes the column optional in generated types.
  step_number integer not null default nullif(0, 0),
  description text not null,
  status text not null default 'pending',
  conversation_id text,
  completed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint exai_issue_checklist_pkey primary key (id),
  -- Deferrable, so that one statement can shift the steps past each other.
  constraint exai_issue_checklist_issue_id_step_number_key unique (issue_id, step_number)
    deferrable initially immediate,
  constraint exai_issue_checklist_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_checklist_step_number_is_in_range check (step_number between 1 and 1000000),
  constraint exai_issue_checklist_description_is_not_blank
    check (description ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint exai_issue_checklist_status_is_known
    check (status in ('pending', 'in_progress', 'complete', 'skipped')),
  constraint exai_issue_checklist_completed_at_matches_status
    check ((completed_at is not null) = (status = 'complete')),
  constraint exai_issue_checklist_created_at_is_finite check (isfinite(created_at))
);
comment on table public.exai_issue_checklist is
  'The steps of engineering issues. Agents write and delete them. Errors on write: exai_step_status_invalid, '
  'key_change_forbidden (422).';
comment on column public.exai_issue_checklist.step_number is
  'Position of the step, counted from 1 and unique within the issue; gaps are allowed. Null or left out on '
  'insert: after the last step.';
comment on column public.exai_issue_checklist.status is 'pending, in_progress, complete or skipped.';
comment on column public.exai_issue_checklist.conversation_id is
  'Id of the conversation that did the step.';
comment on column public.exai_issue_checklist.completed_at is
  'When it was completed: the value that was sent, else the time at which the status became complete. '
  'Cleared by any other status.';

create or replace function private.check_exai_step() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['pending', 'in_progress', 'complete', 'skipped'];
  v_old public.exai_issue_checklist;
begin
  if tg_op = 'INSERT' and (
    new.status is null or new.step_number is null or new.status = 'complete' and new.completed_at is null
  ) then
    select * into v_old from public.exai_issue_checklist as c where c.id = new.id for update;
  end if;
  new.status := coalesce(new.status, old.status, v_old.status, 'pending');
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'exai_step_status_invalid',
      detail = format('%L is not a valid status of a step.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  new.completed_at := case when new.status = 'complete' then
    coalesce(new.completed_at, old.completed_at, v_old.completed_at, clock_timestamp())
  end;
  new.step_number := coalesce(new.step_number, old.step_number, v_old.step_number);
  if new.step_number is null then
    perform private.lock_exai_steps(new.issue_id);
    new.step_number := 1 + coalesce(
      (select max(c.step_number) from public.exai_issue_checklist as c where c.issue_id = new.issue_id), 0
    );
  end if;
  return new;
end;
$$;
comment on function private.check_exai_step is
  'Before trigger of exai_issue_checklist: checks the status, sets completed_at to match it, assigns a '
  'number, and replaces null with the stored value or the default. Errors: exai_step_status_invalid (422).';

-- An advisory lock and not a lock of the issue's row, so that only other writers of step numbers wait for it.
create or replace function private.lock_exai_steps(p_issue_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.exai_issue_checklist ' || p_issue_id, 0));
end;
$$;
comment on function private.lock_exai_steps is 'Locks the numbering of the steps of an issue.';

create trigger _000_require_agent before insert or update or delete on public.exai_issue_checklist
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _050_reject_key_change before update on public.exai_issue_checklist
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.reject_key_change();
create trigger _100_check_exai_step before insert on public.exai_issue_checklist
  for each row execute function private.check_exai_step();
create trigger _110_check_exai_step before update on public.exai_issue_checklist
  for each row when (
    (old.status, old.completed_at, old.step_number)
    is distinct from (new.status, new.completed_at, new.step_number)
  )
  execute function private.check_exai_step();
create trigger _900_set_timestamps before insert or update on public.exai_issue_checklist
  for each row execute function private.set_timestamps();

alter table public.exai_issue_checklist enable row level security;
create policy exai_issue_checklist_select_viewer on public.exai_issue_checklist
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issue_checklist_insert_agent on public.exai_issue_checklist
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issue_checklist_update_agent on public.exai_issue_checklist
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy exai_issue_checklist_delete_agent on public.exai_issue_checklist
  for delete to authenticated using ((select private.has_team_role('agent')));

grant select, delete on public.exai_issue_checklist to authenticated;
grant insert (
  id, issue_id, step_number, description, status, conversation_id, completed_at, created_at, updated_at
) on public.exai_issue_checklist to authenticated;
grant update (
  id, issue_id, step_number, description, status, conversation_id, completed_at, created_at, updated_at
) on public.exai_issue_checklist to authenticated;
grant select, insert, update, delete on public.exai_issue_checklist to service_role;

-- 30_exai/20_checklist/20_insert_checklist_step.sql
-- Inserts a step between others; the following steps move up by one.

create or replace function private.insert_checklist_step(
  p_issue_id uuid, p_step_number integer, p_description text, p_status text, p_conversation_id text
) returns public.exai_issue_checklist
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_step public.exai_issue_checklist;
begin
  perform private.require_team_role('agent');
  perform private.require_exai_issue(p_issue_id);
  if p_step_number < 1 then
    raise exception using
      errcode = 'PT422', message = 'exai_step_number_invalid', detail = 'Steps are numbered from 1.',
      hint = 'Leave step_number out to add the step after the last one.';
  end if;
  perform private.lock_exai_steps(p_issue_id);
  -- Only the steps up to the next gap move.
  update public.exai_issue_checklist as c set step_number = c.step_number + 1
  where c.issue_id = p_issue_id and c.step_number >= p_step_number
    and (
      select count(*) from public.exai_issue_checklist as b
      where b.issue_id = p_issue_id and b.step_number between p_step_number and c.step_number
    ) = c.step_number - p_step_number + 1;
  insert into public.exai_issue_checklist (issue_id, step_number, description, status, conversation_id)
  values (p_issue_id, p_step_number, p_description, p_status, p_conversation_id)
  returning * into v_step;
  return v_step;
end;
$$;
grant execute on function private.insert_checklist_step to authenticated, service_role;

create or replace function public.insert_checklist_step(
  issue_id uuid, step_number integer default null, description text default null,
  status text default 'pending', conversation_id text default null
) returns public.exai_issue_checklist
language sql volatile security invoker set search_path = ''
begin atomic
  select private.insert_checklist_step(
    insert_checklist_step.issue_id, insert_checklist_step.step_number, insert_checklist_step.description,
    insert_checklist_step.status, insert_checklist_step.conversation_id
  );
end;
comment on function public.insert_checklist_step is
  'Inserts a step with this number; the steps from there up to the next gap move up by one. Without a number '
  'the step comes after the last one. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_issue_unknown (404), exai_step_number_invalid, '
  'exai_step_status_invalid (422).';
grant execute on function public.insert_checklist_step to authenticated, service_role;

-- 30_exai/20_checklist/30_move_checklist_step.sql
-- Moves a step to another position; the steps in between move by one.

create or replace function private.move_checklist_step(
  p_issue_id uuid, p_from_step_number integer, p_to_step_number integer
) returns setof public.exai_issue_checklist
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_to integer;
begin
  perform private.require_team_role('agent');
  perform private.require_exai_issue(p_issue_id);
  if p_to_step_number is null or p_to_step_number < 1 then
    raise exception using
      errcode = 'PT422', message = 'exai_step_number_invalid', detail = 'Steps are numbered from 1.',
      hint = 'Give the new number of the step in to_step_number.';
  end if;
  perform private.lock_exai_steps(p_issue_id);
  if not exists (
    select from public.exai_issue_checklist as c
    where c.issue_id = p_issue_id and c.step_number = p_from_step_number
  ) then
    raise exception using
      errcode = 'PT404', message = 'exai_step_unknown',
      detail = format('The issue has no step %s.', coalesce(p_from_step_number::text, 'without a number')),
      hint = 'Use the step_number of a row in exai_issue_checklist.';
  end if;
  v_to := least(
    p_to_step_number,
    (select max(c.step_number) from public.exai_issue_checklist as c where c.issue_id = p_issue_id)
  );
  update public.exai_issue_checklist as c set step_number = case
    when c.step_number = p_from_step_number then v_to
    when p_from_step_number < v_to then c.step_number - 1
    else c.step_number + 1
  end
  where c.issue_id = p_issue_id and v_to <> p_from_step_number
    and c.step_number between least(p_from_step_number, v_to) and greatest(p_from_step_number, v_to);
  return query
  select c.* from public.exai_issue_checklist as c where c.issue_id = p_issue_id order by c.step_number;
end;
$$;
grant execute on function private.move_checklist_step to authenticated, service_role;

create or replace function public.move_checklist_step(
  issue_id uuid, from_step_number integer, to_step_number integer
) returns setof public.exai_issue_checklist
language sql volatile security invoker set search_path = ''
begin atomic
  select m.id, m.issue_id, m.step_number, m.description, m.status, m.conversation_id, m.completed_at,
    m.created_at, m.updated_at
  from private.move_checklist_step(
    move_checklist_step.issue_id, move_checklist_step.from_step_number, move_checklist_step.to_step_number
  ) as m;
end;
comment on function public.move_checklist_step is
  'Gives the step from_step_number the number to_step_number, at most the highest existing one; the steps in '
  'between move by one. Returns all steps of the issue in their order. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown, exai_step_unknown (404), '
  'exai_step_number_invalid (422).';
grant execute on function public.move_checklist_step to authenticated, service_role;

-- 30_exai/30_relations/10_exai_graph_lock.sql
-- The graph lock: one transaction at a time writes relations, and none does while others update issues.
--
-- Locks are taken in this order: the graph, issues by id, their counts by id. Whatever writes edges or an id
-- array, or deletes an issue, takes the graph lock exclusively before its first row lock and keeps it until
-- its transaction ends; every other update of issues takes it in shared mode. So no edge is written while the
-- status of an issue changes, writers of edges are serialized, and none of them waits for rows of another. A
-- transaction of several statements that has updated an issue and then writes edges can still deadlock with
-- another one that does the same: PostgreSQL cancels one of the two with 40P01, and it can be sent again.

create or replace function private.lock_exai_graph() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception using
      errcode = 'PT409', message = 'exai_isolation_unsupported',
      detail = 'Above read committed, a transaction cannot check for cycles: it does not see the relations '
        'that others have committed since it began.',
      hint = 'Write relations and id arrays, and delete issues, in a transaction that is read committed.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('public.exai_issue_relations', 0));
end;
$$;
comment on function private.lock_exai_graph is
  'Takes the graph lock exclusively: waits for all who write relations or update issues. Errors: '
  'exai_isolation_unsupported (409).';

create or replace function private.lock_exai_graph_shared() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('public.exai_issue_relations', 0));
end;
$$;
comment on function private.lock_exai_graph_shared is
  'Takes the graph lock in shared mode: waits for those who write relations.';

create or replace function private.lock_exai_graph_for_statement() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph();
  return null;
end;
$$;
comment on function private.lock_exai_graph_for_statement is
  'Before-statement trigger of statements that write relations. Errors: exai_isolation_unsupported (409).';

create or replace function private.lock_exai_graph_shared_for_statement() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph_shared();
  return null;
end;
$$;
comment on function private.lock_exai_graph_shared_for_statement is
  'Before-statement trigger of updates of issues.';

-- A before-statement trigger of an insert cannot see whether the rows contain relations. Locking per row is
-- safe: nobody else waits for a row that is only now inserted.
create or replace function private.lock_exai_graph_for_row() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_exai_graph();
  return new;
end;
$$;
comment on function private.lock_exai_graph_for_row is
  'Before-insert trigger of issues that contain relations. Errors: exai_isolation_unsupported (409).';

create trigger _010_lock_exai_graph before update of related_issues, blocks_issues, blocked_by_issues
  on public.exai_issues
  for each statement execute function private.lock_exai_graph_for_statement();
create trigger _020_lock_exai_graph before delete on public.exai_issues
  for each statement execute function private.lock_exai_graph_for_statement();
create trigger _030_lock_exai_graph_shared before update on public.exai_issues
  for each statement execute function private.lock_exai_graph_shared_for_statement();
create trigger _040_lock_exai_graph before insert on public.exai_issues
  for each row when (
    new.related_issues <> '{}' or new.blocks_issues <> '{}' or new.blocked_by_issues <> '{}'
  )
  execute function private.lock_exai_graph_for_row();

-- 30_exai/30_relations/20_exai_issue_relations.sql
-- Relations between engineering issues, as edges. The id arrays of exai_issues hold the same data.

create table public.exai_issue_relations (
  from_issue_id uuid not null,
  to_issue_id uuid not null,
  kind text not null,
  created_at timestamptz not null default now(),
  constraint exai_issue_relations_pkey primary key (from_issue_id, to_issue_id, kind),
  constraint exai_issue_relations_from_issue_id_fkey foreign key (from_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_relations_to_issue_id_fkey foreign key (to_issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_relations_kind_is_known
    check (kind in ('blocks', 'relates', 'duplicates', 'parent', 'discovered_from')),
  constraint exai_issue_relations_ends_differ check (from_issue_id <> to_issue_id),
  constraint exai_issue_relations_relates_is_stored_once
    check (kind <> 'relates' or from_issue_id < to_issue_id)
);
comment on table public.exai_issue_relations is
  'Edges between engineering issues. The kinds blocks and relates are the same data as the id arrays of '
  'exai_issues: write either one. A parent is not ready while a child is unfinished; a duplicate is never '
  'ready, and what waits for it waits for the issue that it duplicates. Agents write and delete edges. '
  'Errors on write: exai_relation_kind_invalid, key_change_forbidden (422), exai_relation_cycle_conflict, '
  'exai_relation_limit_reached, exai_isolation_unsupported (409).';
comment on column public.exai_issue_relations.kind is
  'blocks: to waits for from. parent: from is the parent of to. duplicates: from is a duplicate of to. '
  'discovered_from: from was found while working on to. relates: symmetric, stored once with the lower '
  'id as from.';

create index exai_issue_relations_to_issue_id_kind_idx
  on public.exai_issue_relations (to_issue_id, kind, from_issue_id);
-- The search for cycles asks each issue on the path for these. Most have none, which a small index finds out
-- sooner.
create index exai_issue_relations_backward_idx
  on public.exai_issue_relations (to_issue_id, from_issue_id) where kind in ('parent', 'duplicates');

create or replace function private.require_exai_relation_kind(p_kind text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_kinds constant text[] := array['blocks', 'relates', 'duplicates', 'parent', 'discovered_from'];
begin
  if (p_kind = any (v_kinds)) is not true then
    raise exception using
      errcode = 'PT422', message = 'exai_relation_kind_invalid',
      detail = format('%L is not a valid kind of relation.', p_kind),
      hint = 'Use one of: ' || array_to_string(v_kinds, ', ') || '.';
  end if;
end;
$$;
comment on function private.require_exai_relation_kind is
  'Does nothing for a valid kind of relation. Errors: exai_relation_kind_invalid (422).';

create or replace function private.check_exai_relation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_from_issue_id constant uuid := new.from_issue_id;
begin
  perform private.require_exai_relation_kind(new.kind);
  if new.kind = 'relates' and new.to_issue_id < new.from_issue_id then
    new.from_issue_id := new.to_issue_id;
    new.to_issue_id := v_from_issue_id;
  end if;
  return new;
end;
$$;
comment on function private.check_exai_relation is
  'Before trigger of exai_issue_relations: checks the kind, and stores relates with the lower id as from. '
  'Errors: exai_relation_kind_invalid (422).';

create trigger _000_require_agent before insert or update or delete on public.exai_issue_relations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _010_lock_exai_graph before insert or update or delete or truncate
  on public.exai_issue_relations
  for each statement execute function private.lock_exai_graph_for_statement();
-- Before the keys are compared: relates in the other direction is the same edge.
create trigger _040_check_exai_relation before insert or update on public.exai_issue_relations
  for each row execute function private.check_exai_relation();
create trigger _050_reject_key_change before update on public.exai_issue_relations
  for each row when (
    (old.from_issue_id, old.to_issue_id, old.kind)
    is distinct from (new.from_issue_id, new.to_issue_id, new.kind)
  )
  execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.exai_issue_relations
  for each row execute function private.set_created_at();

alter table public.exai_issue_relations enable row level security;
create policy exai_issue_relations_select_viewer on public.exai_issue_relations
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issue_relations_insert_agent on public.exai_issue_relations
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issue_relations_update_agent on public.exai_issue_relations
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy exai_issue_relations_delete_agent on public.exai_issue_relations
  for delete to authenticated using ((select private.has_team_role('agent')));

grant select, delete on public.exai_issue_relations to authenticated;
grant insert (from_issue_id, to_issue_id, kind, created_at),
  update (from_issue_id, to_issue_id, kind, created_at) on public.exai_issue_relations to authenticated;
grant select, insert, update, delete on public.exai_issue_relations to service_role;

-- 30_exai/30_relations/30_exai_relation_cycles.sql
-- Rejects edges that would make an issue wait for itself.
--
-- What waits is not an issue but its start or its end. An issue starts before it ends. `a blocks b`: a ends
-- before b starts. `p parent c`: p starts before c starts, because what blocks a parent also holds up its
-- children; and c ends before p ends. `d duplicates o`: o ends before d ends. An edge is rejected if these
-- rules then contradict each other: a child that blocks its parent, a parent that blocks its child, two
-- issues that duplicate each other. Writers of edges are serialized (lock_exai_graph), so the check sees
-- every edge.

create or replace function private.raise_exai_relation_limit(p_max_limit integer) returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'exai_relation_limit_reached',
    detail = format(
      'Whether this edge would close a cycle can''t be decided: more than %s issues wait for the one end, '
        'and the other waits for as many.', p_max_limit
    ),
    hint = 'Remove edges between issues that are finished, and add this one again.';
end;
$$;
comment on function private.raise_exai_relation_limit is
  'Raises exai_relation_limit_reached (409): a search for a cycle reached its limit from both ends.';

-- Bidirectional search with a growing limit: up to 64 events forward from the first, then backward from the
-- last, then eight times as many. Most edges have an end with few issues behind it, and the search from that
-- end decides, in less than three times what it alone takes. Whoever reaches the start of an issue also
-- reaches its end, which therefore has no row of its own; backward it is the other way around. The kinds are
-- compared with or: a list would become an index condition, which is set up again for each issue on the path
-- and adds a third to the time.
create or replace function private.has_exai_path(
  p_first_id uuid, p_first_is_start boolean, p_last_id uuid, p_last_is_start boolean,
  p_max_limit integer default 32768
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit integer := 64;
  v_count integer;
  v_is_found boolean;
begin
  loop
    with recursive reached (id, is_start) as (
      select p_first_id, p_first_is_start
      union
      select n.id, n.is_start
      from reached as r
      cross join lateral (
        select e.to_issue_id, true
        from public.exai_issue_relations as e
        where e.from_issue_id = r.id and (e.kind = 'blocks' or r.is_start and e.kind = 'parent')
        union all
        select e.from_issue_id, false
        from public.exai_issue_relations as e
        where e.to_issue_id = r.id and (e.kind = 'parent' or e.kind = 'duplicates')
      ) as n (id, is_start)
    )
    select count(*)::integer,
      coalesce(bool_or(r.id = p_last_id and (r.is_start or not p_last_is_start)), false)
    into v_count, v_is_found
    from (select * from reached limit v_limit) as r;
    exit when v_is_found or v_count < v_limit;
    with recursive reached (id, is_end) as (
      select p_last_id, not p_last_is_start
      union
      select n.id, n.is_end
      from reached as r
      cross join lateral (
        select e.from_issue_id, e.kind = 'blocks'
        from public.exai_issue_relations as e
        where e.to_issue_id = r.id and (e.kind = 'blocks' or e.kind = 'parent')
        union all
        select e.to_issue_id, true
        from public.exai_issue_relations as e
        where r.is_end and e.from_issue_id = r.id and (e.kind = 'parent' or e.kind = 'duplicates')
      ) as n (id, is_end)
    )
    select count(*)::integer,
      coalesce(bool_or(r.id = p_first_id and (r.is_end or p_first_is_start)), false)
    into v_count, v_is_found
    from (select * from reached limit v_limit) as r;
    exit when v_is_found or v_count < v_limit;
    v_limit := v_limit * 8;
    if v_limit > p_max_limit then
      perform private.raise_exai_relation_limit(p_max_limit);
    end if;
  end loop;
  return v_is_found;
end;
$$;
comment on function private.has_exai_path is
  'Whether the start or end of one issue comes before the start or end of another, so that an edge back '
  'would close a cycle. Errors: exai_relation_limit_reached (409).';

-- The start of the nth issue is event 2n - 1, its end 2n: plpgsql has arrays and no maps.
create or replace function private.load_exai_graph(
  out o_ids uuid[], out o_sources integer[], out o_targets integer[]
)
language plpgsql stable security definer set search_path = '' as $$
begin
  with edge as materialized (
    select e.from_issue_id, e.to_issue_id, e.kind
    from public.exai_issue_relations as e
    where e.kind in ('blocks', 'parent', 'duplicates')
  ),
  node as materialized (
    select n.id, row_number() over (order by n.id)::integer as number
    from (select e.from_issue_id as id from edge as e union select e.to_issue_id from edge as e) as n
  ),
  arc as (
    select v.source, v.target
    from edge as e
    join node as f on f.id = e.from_issue_id
    join node as t on t.id = e.to_issue_id
    cross join lateral (
      values
        ('blocks', 2 * f.number, 2 * t.number - 1), ('parent', 2 * f.number - 1, 2 * t.number - 1),
        ('parent', 2 * t.number, 2 * f.number), ('duplicates', 2 * t.number, 2 * f.number)
    ) as v (kind, source, target)
    where v.kind = e.kind
    union all
    select 2 * n.number - 1, 2 * n.number from node as n
  )
  select (select array_agg(n.id order by n.number) from node as n),
    array_agg(a.source order by a.source), array_agg(a.target order by a.source)
  into o_ids, o_sources, o_targets
  from arc as a;
end;
$$;
comment on function private.load_exai_graph is
  'The issues that have edges, by number, and which events come before which, ordered by source.';

-- Kahn's algorithm: removes events without incoming arcs until only the cycles, and what lies behind them,
-- are left. Linear in the size of the graph.
create or replace function private.find_exai_cycles() returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_sources integer[];
  v_targets integer[];
  v_at integer;
  -- by event: the index of its first arc, and how many arcs lead to it
  v_first integer[];
  v_in_counts integer[];
  v_queue integer[];
  v_queue_length integer;
  v_done_count integer := 0;
  v_target integer;
begin
  select g.o_ids, g.o_sources, g.o_targets into v_ids, v_sources, v_targets
  from private.load_exai_graph() as g;
  select array_agg(o.first order by n.number), array_agg(coalesce(i.count, 0) order by n.number),
    array_agg(n.number order by n.number) filter (where i.count is null)
  into v_first, v_in_counts, v_queue
  from generate_series(1, 2 * cardinality(v_ids)) as n (number)
  left join (
    select u.source, min(u.index)::integer
    from unnest(v_sources) with ordinality as u (source, index) group by 1
  ) as o (number, first) using (number)
  left join (
    select u.target, count(*)::integer from unnest(v_targets) as u (target) group by 1
  ) as i (number, count) using (number);
  v_queue_length := coalesce(cardinality(v_queue), 0);
  while v_done_count < v_queue_length loop
    v_done_count := v_done_count + 1;
    v_at := v_first[v_queue[v_done_count]];
    while v_sources[v_at] = v_queue[v_done_count] loop
      v_target := v_targets[v_at];
      v_in_counts[v_target] := v_in_counts[v_target] - 1;
      if v_in_counts[v_target] = 0 then
        v_queue_length := v_queue_length + 1;
        v_queue[v_queue_length] := v_target;
      end if;
      v_at := v_at + 1;
    end loop;
  end loop;
  return array(
    select distinct v_ids[(u.number + 1) / 2]
    from unnest(v_in_counts) with ordinality as u (count, number)
    where u.count > 0
  );
end;
$$;
comment on function private.find_exai_cycles is
  'The issues on cycles of blocks, parent and duplicates, and those behind them; empty for a valid graph.';

create or replace function private.reject_exai_cycle(p_edge public.exai_issue_relations) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_from_id constant uuid := p_edge.from_issue_id;
  v_to_id constant uuid := p_edge.to_issue_id;
  v_from_number integer;
  v_to_number integer;
  -- which end waits for the other one already
  v_waiting_number integer;
begin
  select f.issue_number, t.issue_number into v_from_number, v_to_number
  from public.exai_issues as f cross join public.exai_issues as t
  where f.id = v_from_id and t.id = v_to_id;
  if p_edge.kind in ('blocks', 'parent')
    and private.has_exai_path(v_to_id, true, v_from_id, p_edge.kind = 'parent')
  then
    v_waiting_number := v_from_number;
  elsif p_edge.kind in ('parent', 'duplicates')
    and private.has_exai_path(v_from_id, false, v_to_id, false)
  then
    v_waiting_number := v_to_number;
  else
    return;
  end if;
  raise exception using
    errcode = 'PT409', message = 'exai_relation_cycle_conflict',
    detail = format(
      'Issue #%s %s issue #%s would close a cycle: #%s already waits for #%s.', v_from_number,
      case p_edge.kind
        when 'blocks' then 'blocking' when 'parent' then 'being the parent of' else 'duplicating'
      end,
      v_to_number, v_waiting_number, v_from_number + v_to_number - v_waiting_number
    ),
    hint = 'Leave this edge out, or remove an edge of the path that leads back.';
end;
$$;
comment on function private.reject_exai_cycle is
  'Rejects an edge if one of its ends already waits for the other. Errors: exai_relation_cycle_conflict, '
  'exai_relation_limit_reached (409).';

-- Up to 8 new edges are checked one by one. For more, one pass over the whole graph is cheaper.
create or replace function private.reject_exai_cycles() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_max_single constant integer := 8;
  v_suspect_ids uuid[];
begin
  if (select count(*) from new_edges as n where n.kind in ('blocks', 'parent', 'duplicates')) > v_max_single
  then
    v_suspect_ids := private.find_exai_cycles();
    if v_suspect_ids = '{}' then
      return null;
    end if;
  end if;
  perform private.reject_exai_cycle(n)
  from new_edges as n
  where n.kind in ('blocks', 'parent', 'duplicates')
    and (
      v_suspect_ids is null
      or n.from_issue_id = any (v_suspect_ids) and n.to_issue_id = any (v_suspect_ids)
    )
  order by n.from_issue_id, n.to_issue_id;
  return null;
end;
$$;
comment on function private.reject_exai_cycles is
  'After-insert-statement trigger of exai_issue_relations. Errors: exai_relation_cycle_conflict, '
  'exai_relation_limit_reached (409).';

create trigger _100_reject_exai_cycles after insert on public.exai_issue_relations
  referencing new table as new_edges
  for each statement execute function private.reject_exai_cycles();

-- 30_exai/30_relations/40_exai_relation_arrays.sql
-- Syncs the id arrays of exai_issues with the edges of kinds blocks and relates: one set of data in two
-- shapes.
--
-- The trigger of each shape writes only differences to the other one, whose trigger then finds none: so the
-- recursion ends.

-- exai_issue_relations → exai_issues
create or replace function private.sync_exai_arrays_of_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.exai_issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  update public.exai_issues as i
  set related_issues = s.related, blocks_issues = s.blocks, blocked_by_issues = s.blocked_by
  from (
    select u.id,
      array(
        select e.to_issue_id from public.exai_issue_relations as e
        where e.from_issue_id = u.id and e.kind = 'relates'
        union all
        select e.from_issue_id from public.exai_issue_relations as e
        where e.to_issue_id = u.id and e.kind = 'relates'
        order by 1
      ) as related,
      array(
        select e.to_issue_id from public.exai_issue_relations as e
        where e.from_issue_id = u.id and e.kind = 'blocks' order by 1
      ) as blocks,
      array(
        select e.from_issue_id from public.exai_issue_relations as e
        where e.to_issue_id = u.id and e.kind = 'blocks' order by 1
      ) as blocked_by
    from unnest(p_issue_ids) as u (id)
  ) as s
  where i.id = s.id
    and (i.related_issues, i.blocks_issues, i.blocked_by_issues)
      is distinct from (s.related, s.blocks, s.blocked_by);
end;
$$;
comment on function private.sync_exai_arrays_of_issues is
  'Sets the id arrays of these issues, which must be distinct, to what the edges contain.';

create or replace function private.sync_exai_edges_to_arrays() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(
    select c.from_issue_id from changed_edges as c where c.kind in ('blocks', 'relates')
    union
    select c.to_issue_id from changed_edges as c where c.kind in ('blocks', 'relates')
  );
  if v_issue_ids <> '{}' then
    perform private.sync_exai_arrays_of_issues(v_issue_ids);
  end if;
  return null;
end;
$$;
comment on function private.sync_exai_edges_to_arrays is
  'After-statement trigger of exai_issue_relations: updates the id arrays at both ends.';

-- exai_issues → exai_issue_relations
create or replace function private.expand_exai_arrays(
  p_issue_id uuid, p_related uuid[], p_blocks uuid[], p_blocked_by uuid[]
) returns table (from_issue_id uuid, to_issue_id uuid, kind text)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return query
  select least(p_issue_id, u.id), greatest(p_issue_id, u.id), 'relates' from unnest(p_related) as u (id)
  union all
  select p_issue_id, u.id, 'blocks' from unnest(p_blocks) as u (id)
  union all
  select u.id, p_issue_id, 'blocks' from unnest(p_blocked_by) as u (id);
end;
$$;
comment on function private.expand_exai_arrays is 'The edges that the id arrays of an issue stand for.';

create or replace function private.write_exai_edges(
  p_removed public.exai_issue_relations[], p_added public.exai_issue_relations[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_unknown_id uuid;
begin
  if exists (
    select from unnest(p_removed) as r
    join public.exai_issue_relations as e using (from_issue_id, to_issue_id, kind)
  ) then
    delete from public.exai_issue_relations as e using unnest(p_removed) as r
    where (e.from_issue_id, e.to_issue_id, e.kind) = (r.from_issue_id, r.to_issue_id, r.kind);
  end if;
  if not exists (
    select from unnest(p_added) as a
    where not exists (
      select from public.exai_issue_relations as e
      where (e.from_issue_id, e.to_issue_id, e.kind) = (a.from_issue_id, a.to_issue_id, a.kind)
    )
  ) then
    return;
  end if;
  select u.id into v_unknown_id
  from unnest(p_added) as a
  cross join lateral (values (a.from_issue_id), (a.to_issue_id)) as u (id)
  where not exists (select from public.exai_issues as i where i.id = u.id)
  order by u.id
  limit 1;
  if found then
    raise exception using
      errcode = 'PT422', message = 'exai_related_issue_unknown',
      detail = format('There is no engineering issue %s.', v_unknown_id),
      hint = 'Use the ids of rows in exai_issues.';
  end if;
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
  select a.from_issue_id, a.to_issue_id, a.kind from unnest(p_added) as a
  on conflict on constraint exai_issue_relations_pkey do nothing;
end;
$$;
comment on function private.write_exai_edges is
  'Removes and adds edges; skips those that are already removed or present. Errors: '
  'exai_related_issue_unknown (422).';

create or replace function private.sync_new_exai_arrays_to_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_added public.exai_issue_relations[];
begin
  select array_agg(distinct row(e.from_issue_id, e.to_issue_id, e.kind, null)::public.exai_issue_relations)
  into v_added
  from new_issues as n
  cross join lateral private.expand_exai_arrays(n.id, n.related_issues, n.blocks_issues, n.blocked_by_issues)
    as e
  where n.related_issues <> '{}' or n.blocks_issues <> '{}' or n.blocked_by_issues <> '{}';
  if v_added is not null then
    perform private.write_exai_edges('{}', v_added);
  end if;
  return null;
end;
$$;
comment on function private.sync_new_exai_arrays_to_edges is
  'After-insert-statement trigger of exai_issues: adds the edges that the id arrays contain. Errors: '
  'exai_related_issue_unknown (422).';

create or replace function private.sync_changed_exai_arrays_to_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_removed public.exai_issue_relations[];
  v_added public.exai_issue_relations[];
begin
  with changed as (
    select n.id, o.related_issues as old_related, o.blocks_issues as old_blocks,
      o.blocked_by_issues as old_blocked_by, n.related_issues, n.blocks_issues, n.blocked_by_issues
    from old_issues as o
    join new_issues as n on n.id = o.id
    where (o.related_issues, o.blocks_issues, o.blocked_by_issues)
      is distinct from (n.related_issues, n.blocks_issues, n.blocked_by_issues)
  ),
  edge as (
    select e.from_issue_id, e.to_issue_id, e.kind, bool_or(e.is_old) as is_old,
      bool_or(not e.is_old) as is_new
    from (
      select c.id, a.*, true as is_old from changed as c
      cross join lateral private.expand_exai_arrays(c.id, c.old_related, c.old_blocks, c.old_blocked_by) as a
      union all
      select c.id, a.*, false from changed as c
      cross join lateral private.expand_exai_arrays(
        c.id, c.related_issues, c.blocks_issues, c.blocked_by_issues
      ) as a
    ) as e
    group by e.id, e.from_issue_id, e.to_issue_id, e.kind
  )
  select
    array_agg(distinct row(e.from_issue_id, e.to_issue_id, e.kind, null)::public.exai_issue_relations)
      filter (where not e.is_new),
    array_agg(distinct row(e.from_issue_id, e.to_issue_id, e.kind, null)::public.exai_issue_relations)
      filter (where not e.is_old)
  into v_removed, v_added
  from edge as e;
  if coalesce(v_removed, v_added) is not null then
    perform private.write_exai_edges(v_removed, v_added);
  end if;
  return null;
end;
$$;
comment on function private.sync_changed_exai_arrays_to_edges is
  'After-update-statement trigger of exai_issues: writes the difference between the old and the new arrays '
  'as edges. Errors: exai_related_issue_unknown (422).';

-- A truncate has no transition table.
create or replace function private.clear_exai_arrays() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.exai_issues as i
  set related_issues = '{}', blocks_issues = '{}', blocked_by_issues = '{}'
  where i.related_issues <> '{}' or i.blocks_issues <> '{}' or i.blocked_by_issues <> '{}';
  return null;
end;
$$;
comment on function private.clear_exai_arrays is
  'After-truncate trigger of exai_issue_relations: empties all id arrays.';

create trigger _200_sync_exai_edges_to_arrays after insert on public.exai_issue_relations
  referencing new table as changed_edges
  for each statement execute function private.sync_exai_edges_to_arrays();
create trigger _210_sync_exai_edges_to_arrays after delete on public.exai_issue_relations
  referencing old table as changed_edges
  for each statement execute function private.sync_exai_edges_to_arrays();
create trigger _220_clear_exai_arrays after truncate on public.exai_issue_relations
  for each statement execute function private.clear_exai_arrays();
create trigger _200_sync_exai_arrays_to_edges after insert on public.exai_issues
  referencing new table as new_issues
  for each statement execute function private.sync_new_exai_arrays_to_edges();
create trigger _210_sync_exai_arrays_to_edges after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.sync_changed_exai_arrays_to_edges();

-- 30_exai/30_relations/50_relate_exai_issues.sql
-- Relates two engineering issues.

create or replace function private.link_exai_relation(
  p_from_issue_id uuid, p_to_issue_id uuid, p_conversation_id text, p_content text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_exai_conversation(
    f.id, private.non_blank(p_conversation_id), format(p_content, f.issue_number, t.issue_number)
  )
  from public.exai_issues as f cross join public.exai_issues as t
  where f.id = p_from_issue_id and t.id = p_to_issue_id;
end;
$$;
comment on function private.link_exai_relation is
  'Records in the history of the first issue what a conversation did to a relation. p_content is a format '
  'for the numbers of both issues.';

create or replace function private.relate_exai_issues(
  p_from_issue_id uuid, p_to_issue_id uuid, p_kind text, p_conversation_id text
) returns public.exai_issue_relations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_edge public.exai_issue_relations;
  v_is_swapped constant boolean := p_kind = 'relates' and p_to_issue_id < p_from_issue_id;
begin
  perform private.require_team_role('agent');
  perform private.lock_exai_graph();
  perform private.require_exai_issue(p_from_issue_id);
  perform private.require_exai_issue(p_to_issue_id);
  if p_from_issue_id = p_to_issue_id then
    raise exception using
      errcode = 'PT422', message = 'exai_relation_invalid',
      detail = 'An issue cannot be related to itself.',
      hint = 'Give two different issues.';
  end if;
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
  values (p_from_issue_id, p_to_issue_id, p_kind)
  on conflict on constraint exai_issue_relations_pkey do nothing;
  select e.* into v_edge from public.exai_issue_relations as e
  where e.from_issue_id = case when v_is_swapped then p_to_issue_id else p_from_issue_id end
    and e.to_issue_id = case when v_is_swapped then p_from_issue_id else p_to_issue_id end
    and e.kind = p_kind;
  perform private.link_exai_relation(
    p_from_issue_id, p_to_issue_id, p_conversation_id, format('Related: #%%s %s #%%s.', p_kind)
  );
  return v_edge;
end;
$$;
grant execute on function private.relate_exai_issues to authenticated, service_role;

create or replace function public.relate_exai_issues(
  from_issue_id uuid, to_issue_id uuid, kind text, conversation_id text default null
) returns public.exai_issue_relations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.relate_exai_issues(
    relate_exai_issues.from_issue_id, relate_exai_issues.to_issue_id, relate_exai_issues.kind,
    relate_exai_issues.conversation_id
  );
end;
comment on function public.relate_exai_issues is
  'Adds a relation: from_issue_id blocks, relates to, duplicates, is the parent of (parent), or was '
  'discovered_from to_issue_id. If the relation exists, nothing changes. A conversation is recorded in the '
  'history of from_issue_id. Returns the edge as it is stored. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_relation_cycle_conflict, '
  'exai_relation_limit_reached, exai_isolation_unsupported (409), exai_relation_kind_invalid, '
  'exai_relation_invalid (422).';
grant execute on function public.relate_exai_issues to authenticated, service_role;

-- 30_exai/30_relations/60_unrelate_exai_issues.sql
-- Removes a relation between two engineering issues.

create or replace function private.unrelate_exai_issues(
  p_from_issue_id uuid, p_to_issue_id uuid, p_kind text, p_conversation_id text
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  perform private.require_exai_issue(p_from_issue_id);
  perform private.require_exai_issue(p_to_issue_id);
  perform private.require_exai_relation_kind(p_kind);
  delete from public.exai_issue_relations as e
  where e.kind = p_kind
    and (
      e.from_issue_id = p_from_issue_id and e.to_issue_id = p_to_issue_id
      or p_kind = 'relates' and e.from_issue_id = p_to_issue_id and e.to_issue_id = p_from_issue_id
    );
  if not found then
    return false;
  end if;
  perform private.link_exai_relation(
    p_from_issue_id, p_to_issue_id, p_conversation_id, format('No longer: #%%s %s #%%s.', p_kind)
  );
  return true;
end;
$$;
grant execute on function private.unrelate_exai_issues to authenticated, service_role;

create or replace function public.unrelate_exai_issues(
  from_issue_id uuid, to_issue_id uuid, kind text, conversation_id text default null
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unrelate_exai_issues(
    unrelate_exai_issues.from_issue_id, unrelate_exai_issues.to_issue_id, unrelate_exai_issues.kind,
    unrelate_exai_issues.conversation_id
  );
end;
comment on function public.unrelate_exai_issues is
  'Removes a relation (relates in either direction) and returns whether it existed. A conversation is '
  'recorded in the history of from_issue_id. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_issue_unknown (404), exai_isolation_unsupported (409), '
  'exai_relation_kind_invalid (422).';
grant execute on function public.unrelate_exai_issues to authenticated, service_role;

-- 30_exai/40_progress/10_exai_issue_counts.sql
-- Counts per engineering issue: its steps, what it waits for, and what waits for it. They are updated with
-- each write, so that a read does not count.
--
-- An issue is unfinished while it is active. A duplicate is not work of its own: it is unfinished while an
-- issue that it duplicates is, whatever its own status. What waits for an issue (the issues that it blocks,
-- its parents, its duplicates) waits while it is unfinished.

create table private.exai_issue_counts (
  issue_id uuid not null,
  issue_number integer not null,
  created_at timestamptz not null,
  severity_rank smallint not null,
  is_active boolean not null,
  step_count integer not null default 0,
  completed_count integer not null default 0,
  skipped_count integer not null default 0,
  active_blockers_count integer not null default 0,
  blocked_parents_count integer not null default 0,
  unblocks_count integer not null default 0,
  active_children_count integer not null default 0,
  originals_count integer not null default 0,
  active_originals_count integer not null default 0,
  is_unfinished boolean not null generated always as (
    case when originals_count > 0 then active_originals_count > 0 else is_active end
  ) stored,
  is_work boolean not null generated always as (is_active and originals_count = 0) stored,
  is_blocked boolean not null generated always as (active_blockers_count + blocked_parents_count > 0) stored,
  is_ready boolean not null generated always as (
    is_active and originals_count + active_children_count + active_blockers_count + blocked_parents_count = 0
  ) stored,
  constraint exai_issue_counts_pkey primary key (issue_id),
  constraint exai_issue_counts_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_counts_steps_add_up check (
    completed_count >= 0 and skipped_count >= 0 and completed_count + skipped_count <= step_count
  ),
  constraint exai_issue_counts_are_not_negative check (
    active_blockers_count >= 0 and blocked_parents_count >= 0 and unblocks_count >= 0
    and active_children_count >= 0
  ),
  constraint exai_issue_counts_originals_add_up
    check (active_originals_count >= 0 and active_originals_count <= originals_count)
) with (fillfactor = 80);
comment on table private.exai_issue_counts is
  'One row per engineering issue, written only by triggers and read by exai_active_issues and '
  'exai_ready_issues. verify_exai_issue_counts() compares it with the tables.';
comment on column private.exai_issue_counts.severity_rank is '1 critical, 2 high, 3 medium, 4 low.';
comment on column private.exai_issue_counts.is_active is 'Whether the status is open or in_progress.';
comment on column private.exai_issue_counts.active_blockers_count is
  'Unfinished issues that block this one directly.';
comment on column private.exai_issue_counts.blocked_parents_count is
  'Parents that are blocked: by an unfinished issue, or because a parent of theirs is blocked.';
comment on column private.exai_issue_counts.unblocks_count is
  'Active issues, without duplicates, that this one or a duplicate of it blocks directly.';
comment on column private.exai_issue_counts.active_children_count is 'Unfinished issues whose parent it is.';
comment on column private.exai_issue_counts.originals_count is
  'Issues that it duplicates; it is a duplicate if there are any.';
comment on column private.exai_issue_counts.active_originals_count is
  'Unfinished issues that it duplicates.';
comment on column private.exai_issue_counts.is_unfinished is 'Whether what waits for it still waits.';
comment on column private.exai_issue_counts.is_work is 'Whether it is active and not a duplicate.';
comment on column private.exai_issue_counts.is_ready is 'Whether it is work that waits for nothing.';

-- The order of exai_ready_issues.
create index exai_issue_counts_ready_idx
  on private.exai_issue_counts (severity_rank, unblocks_count desc, created_at, issue_number)
  where is_ready;

alter table private.exai_issue_counts enable row level security;
create policy exai_issue_counts_select_viewer on private.exai_issue_counts
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.exai_issue_counts to authenticated, service_role;

create or replace function private.rank_exai_severity(p_severity text) returns smallint
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['critical', 'high', 'medium', 'low'], p_severity)::smallint;
end;
$$;
comment on function private.rank_exai_severity is '1 critical, 2 high, 3 medium, 4 low.';

create or replace function private.insert_exai_issue_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.exai_issue_counts (issue_id, issue_number, created_at, severity_rank, is_active)
  select n.id, n.issue_number, n.created_at, private.rank_exai_severity(n.severity),
    private.is_active_exai_status(n.status)
  from new_issues as n;
  return null;
end;
$$;
comment on function private.insert_exai_issue_counts is
  'After-insert-statement trigger of exai_issues: inserts their rows of counts.';

create trigger _110_insert_exai_issue_counts after insert on public.exai_issues
  referencing new table as new_issues
  for each statement execute function private.insert_exai_issue_counts();

-- 30_exai/40_progress/20_exai_step_counts.sql
-- Keeps the counts of steps up to date with each write of a step.

create or replace function private.add_exai_step_counts(
  p_issue_ids uuid[], p_signs integer[], p_statuses text[]
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from private.exai_issue_counts as c where c.issue_id = any (p_issue_ids)
  order by c.issue_id
  for no key update;
  update private.exai_issue_counts as c
  set step_count = c.step_count + d.steps, completed_count = c.completed_count + d.completed,
    skipped_count = c.skipped_count + d.skipped
  from (
    select u.issue_id, sum(u.sign)::integer as steps,
      coalesce(sum(u.sign) filter (where u.status = 'complete'), 0)::integer as completed,
      coalesce(sum(u.sign) filter (where u.status = 'skipped'), 0)::integer as skipped
    from unnest(p_issue_ids, p_signs, p_statuses) as u (issue_id, sign, status)
    group by u.issue_id
  ) as d
  where c.issue_id = d.issue_id and (d.steps, d.completed, d.skipped) <> (0, 0, 0);
end;
$$;
comment on function private.add_exai_step_counts is
  'Adds steps to the counts, or subtracts them: one step per element of the arrays, with its sign.';

create or replace function private.count_new_exai_steps() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_step_counts(array_agg(n.issue_id), array_agg(1), array_agg(n.status))
  from new_steps as n;
  return null;
end;
$$;
comment on function private.count_new_exai_steps is
  'After-insert-statement trigger of exai_issue_checklist: adds to the counts.';

create or replace function private.count_changed_exai_steps() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_step_counts(array_agg(u.issue_id), array_agg(u.sign), array_agg(u.status))
  from (
    select o.issue_id, s.sign, s.status
    from old_steps as o
    join new_steps as n on n.id = o.id
    cross join lateral (values (-1, o.status), (1, n.status)) as s (sign, status)
    where n.status <> o.status
  ) as u
  having count(*) > 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_steps is
  'After-update-statement trigger of exai_issue_checklist: moves steps between the counts.';

create or replace function private.count_deleted_exai_steps() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_step_counts(array_agg(o.issue_id), array_agg(-1), array_agg(o.status))
  from old_steps as o;
  return null;
end;
$$;
comment on function private.count_deleted_exai_steps is
  'After-delete-statement trigger of exai_issue_checklist: subtracts from the counts.';

create or replace function private.clear_exai_step_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_counts as c set step_count = 0, completed_count = 0, skipped_count = 0
  where c.step_count > 0;
  return null;
end;
$$;
comment on function private.clear_exai_step_counts is
  'After-truncate trigger of exai_issue_checklist: sets the counts to 0.';

create trigger _100_count_new_exai_steps after insert on public.exai_issue_checklist
  referencing new table as new_steps
  for each statement execute function private.count_new_exai_steps();
create trigger _110_count_changed_exai_steps after update on public.exai_issue_checklist
  referencing old table as old_steps new table as new_steps
  for each statement execute function private.count_changed_exai_steps();
create trigger _120_count_deleted_exai_steps after delete on public.exai_issue_checklist
  referencing old table as old_steps
  for each statement execute function private.count_deleted_exai_steps();
create trigger _130_clear_exai_step_counts after truncate on public.exai_issue_checklist
  for each statement execute function private.clear_exai_step_counts();

-- 30_exai/40_progress/30_add_exai_counts.sql
-- Adds to the counts of what waits for what, and passes changes on to the issues that they affect.
--
-- A change is a count of an issue, by its name without _count, and an amount. Status and severity count as
-- such: active is 1 or 0, severity the rank.

-- All locks at once and by id, before anything is written: two updates of statuses can reach the same issues
-- from different sides. `offset 0` keeps the planner from hashing all relations.
create or replace function private.lock_exai_counts(p_issue_ids uuid[], p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(
    with recursive affected (id, change) as (
      select u.id, case
        when u.name in ('active', 'originals', 'active_originals') then 'unfinished'
        when u.name in ('active_blockers', 'blocked_parents') then 'blocked'
        else u.name
      end
      from unnest(p_issue_ids, p_names) as u (id, name)
      union
      select n.id, n.change
      from affected as a
      cross join lateral (
        select e.to_issue_id, case e.kind when 'duplicates' then 'unblocks' else 'blocked' end
        from public.exai_issue_relations as e
        where e.from_issue_id = a.id and (
          a.change = 'unfinished' and e.kind = 'blocks' or a.change = 'blocked' and e.kind = 'parent'
          or a.change = 'unblocks' and e.kind = 'duplicates'
        )
        union all
        select e.from_issue_id, case e.kind
          when 'duplicates' then 'unfinished' when 'blocks' then 'unblocks' else 'active_children'
        end
        from public.exai_issue_relations as e
        where e.to_issue_id = a.id and a.change = 'unfinished'
          and (e.kind = 'blocks' or e.kind = 'parent' or e.kind = 'duplicates')
        offset 0
      ) as n (id, change)
      where a.change <> 'active_children'
    )
    select distinct a.id from affected as a
  );
  perform from private.exai_issue_counts as c where c.issue_id = any (v_issue_ids)
  order by c.issue_id
  for no key update;
end;
$$;
comment on function private.lock_exai_counts is
  'Locks, by id, the counts of these issues and of all that a change of the named counts can reach.';

create or replace function private.write_exai_counts(
  p_issue_ids uuid[], p_names text[], p_amounts integer[]
) returns table (issue_id uuid, unfinished integer, blocked integer, work integer, unblocks integer)
language plpgsql volatile security definer set search_path = '' as $$
begin
  return query
  with delta as (
    select u.id,
      coalesce(sum(u.amount) filter (where u.name = 'active'), 0)::integer as active,
      coalesce(sum(u.amount) filter (where u.name = 'severity'), 0)::integer as severity,
      coalesce(sum(u.amount) filter (where u.name = 'originals'), 0)::integer as originals,
      coalesce(sum(u.amount) filter (where u.name = 'active_originals'), 0)::integer as active_originals,
      coalesce(sum(u.amount) filter (where u.name = 'active_blockers'), 0)::integer as active_blockers,
      coalesce(sum(u.amount) filter (where u.name = 'blocked_parents'), 0)::integer as blocked_parents,
      coalesce(sum(u.amount) filter (where u.name = 'active_children'), 0)::integer as active_children,
      coalesce(sum(u.amount) filter (where u.name = 'unblocks'), 0)::integer as unblocks
    from unnest(p_issue_ids, p_names, p_amounts) as u (id, name, amount)
    group by u.id
  )
  update private.exai_issue_counts as c
  set is_active = (o.is_active::integer + d.active)::boolean,
    severity_rank = (o.severity_rank + d.severity)::smallint,
    originals_count = o.originals_count + d.originals,
    active_originals_count = o.active_originals_count + d.active_originals,
    active_blockers_count = o.active_blockers_count + d.active_blockers,
    blocked_parents_count = o.blocked_parents_count + d.blocked_parents,
    active_children_count = o.active_children_count + d.active_children,
    unblocks_count = o.unblocks_count + d.unblocks
  from delta as d
  join private.exai_issue_counts as o on o.issue_id = d.id
  where c.issue_id = d.id
  returning c.issue_id, c.is_unfinished::integer - o.is_unfinished::integer,
    c.is_blocked::integer - o.is_blocked::integer, c.is_work::integer - o.is_work::integer, d.unblocks;
end;
$$;
comment on function private.write_exai_counts is
  'Adds the amounts to the counts of these issues, which are locked. Returns for each issue whether it '
  'became unfinished, blocked, or work (1), or stopped being so (-1), and what was added to unblocks.';

-- Level by level. Relations have no cycles, so this ends.
create or replace function private.add_exai_counts(p_issue_ids uuid[], p_names text[], p_amounts integer[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[] := p_issue_ids;
  v_names text[] := p_names;
  v_amounts integer[] := p_amounts;
begin
  if p_issue_ids is null then
    return;
  end if;
  perform private.lock_exai_counts(p_issue_ids, p_names);
  while v_issue_ids is not null loop
    select array_agg(n.id), array_agg(n.name), array_agg(n.amount)
    into v_issue_ids, v_names, v_amounts
    from private.write_exai_counts(v_issue_ids, v_names, v_amounts) as w
    cross join lateral (
      select e.to_issue_id,
        case e.kind
          when 'blocks' then 'active_blockers' when 'parent' then 'blocked_parents' else 'unblocks'
        end,
        case e.kind when 'blocks' then w.unfinished when 'parent' then w.blocked else w.unblocks end
      from public.exai_issue_relations as e
      where e.from_issue_id = w.issue_id
        and (e.kind = 'blocks' or e.kind = 'parent' or e.kind = 'duplicates')
      union all
      select e.from_issue_id,
        case e.kind
          when 'blocks' then 'unblocks' when 'parent' then 'active_children' else 'active_originals'
        end,
        case e.kind when 'blocks' then w.work else w.unfinished end
      from public.exai_issue_relations as e
      where e.to_issue_id = w.issue_id
        and (e.kind = 'blocks' or e.kind = 'parent' or e.kind = 'duplicates')
      offset 0
    ) as n (id, name, amount)
    where (w.unfinished, w.blocked, w.work, w.unblocks) <> (0, 0, 0, 0) and n.amount <> 0;
  end loop;
end;
$$;
comment on function private.add_exai_counts is
  'Adds amounts to counts, one per element of the arrays, and to the counts of all issues that this affects.';

-- 30_exai/40_progress/40_exai_edge_counts.sql
-- Keeps the counts of what blocks what up to date with each edge that is written.

-- What an end is, is read from the counts and not from exai_issues: an update of the status that is not
-- counted yet will add its edges itself.
create or replace function private.count_new_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_counts(array_agg(u.id), array_agg(u.name), array_agg(u.amount))
  from new_edges as n
  join private.exai_issue_counts as f on f.issue_id = n.from_issue_id
  join private.exai_issue_counts as t on t.issue_id = n.to_issue_id
  cross join lateral (
    values
      ('blocks', n.to_issue_id, 'active_blockers', f.is_unfinished::integer),
      ('blocks', n.from_issue_id, 'unblocks', t.is_work::integer),
      ('parent', n.to_issue_id, 'blocked_parents', f.is_blocked::integer),
      ('parent', n.from_issue_id, 'active_children', t.is_unfinished::integer),
      ('duplicates', n.from_issue_id, 'originals', 1),
      ('duplicates', n.from_issue_id, 'active_originals', t.is_unfinished::integer),
      ('duplicates', n.to_issue_id, 'unblocks', f.unblocks_count)
  ) as u (kind, id, name, amount)
  where u.kind = n.kind and u.amount <> 0;
  return null;
end;
$$;
comment on function private.count_new_exai_edges is
  'After-insert-statement trigger of exai_issue_relations: adds to the counts.';

create or replace function private.count_exai_edges(p_issue_ids uuid[])
returns table (issue_id uuid, name text, counted integer, stored integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select c.issue_id, v.name, v.counted::integer, v.stored
  from private.exai_issue_counts as c
  cross join lateral (
    select count(*) filter (where e.kind = 'blocks' and f.is_unfinished) as blockers,
      count(*) filter (where e.kind = 'parent' and f.is_blocked) as parents,
      coalesce(sum(f.unblocks_count) filter (where e.kind = 'duplicates'), 0) as unblocks
    from public.exai_issue_relations as e
    join private.exai_issue_counts as f on f.issue_id = e.from_issue_id
    where e.to_issue_id = c.issue_id
  ) as i
  cross join lateral (
    select count(*) filter (where e.kind = 'blocks' and t.is_work) as unblocks,
      count(*) filter (where e.kind = 'parent' and t.is_unfinished) as children,
      count(*) filter (where e.kind = 'duplicates') as originals,
      count(*) filter (where e.kind = 'duplicates' and t.is_unfinished) as active_originals
    from public.exai_issue_relations as e
    join private.exai_issue_counts as t on t.issue_id = e.to_issue_id
    where e.from_issue_id = c.issue_id
  ) as o
  cross join lateral (
    values
      ('active_blockers', i.blockers, c.active_blockers_count),
      ('blocked_parents', i.parents, c.blocked_parents_count),
      ('active_children', o.children, c.active_children_count),
      ('originals', o.originals, c.originals_count),
      ('active_originals', o.active_originals, c.active_originals_count),
      ('unblocks', o.unblocks + i.unblocks, c.unblocks_count)
  ) as v (name, counted, stored)
  where c.issue_id = any (p_issue_ids);
end;
$$;
comment on function private.count_exai_edges is
  'Counts the edges of these issues, with the stored counts of the other ends, next to what is stored.';

-- The ends are counted again: a deleted edge cannot be subtracted, since one of its ends may be deleted as
-- well.
create or replace function private.count_deleted_exai_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_counts(
    array_agg(n.issue_id), array_agg(n.name), array_agg(n.counted - n.stored)
  )
  from private.count_exai_edges(array(
    select u.id
    from old_edges as o
    cross join lateral (values (o.from_issue_id), (o.to_issue_id)) as u (id)
    where o.kind in ('blocks', 'parent', 'duplicates')
  )) as n
  where n.counted <> n.stored;
  return null;
end;
$$;
comment on function private.count_deleted_exai_edges is
  'After-delete-statement trigger of exai_issue_relations: counts the edges of both ends again.';

create or replace function private.clear_exai_edge_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_counts as c
  set active_blockers_count = 0, blocked_parents_count = 0, unblocks_count = 0, active_children_count = 0,
    originals_count = 0, active_originals_count = 0
  where c.active_blockers_count + c.blocked_parents_count + c.unblocks_count + c.active_children_count
    + c.originals_count > 0;
  return null;
end;
$$;
comment on function private.clear_exai_edge_counts is
  'After-truncate trigger of exai_issue_relations: sets the counts to 0.';

create trigger _110_count_new_exai_edges after insert on public.exai_issue_relations
  referencing new table as new_edges
  for each statement execute function private.count_new_exai_edges();
create trigger _120_count_deleted_exai_edges after delete on public.exai_issue_relations
  referencing old table as old_edges
  for each statement execute function private.count_deleted_exai_edges();
create trigger _130_clear_exai_edge_counts after truncate on public.exai_issue_relations
  for each statement execute function private.clear_exai_edge_counts();

-- 30_exai/40_progress/50_exai_status_counts.sql
-- Keeps the counts up to date when issues change their status or severity.

-- The statement has the graph lock in shared mode, so no edge is written meanwhile.
create or replace function private.count_changed_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_exai_counts(array_agg(n.id), array_agg(u.name), array_agg(u.amount))
  from new_issues as n
  join old_issues as o on o.id = n.id
  cross join lateral (
    values
      (
        'active',
        private.is_active_exai_status(n.status)::integer - private.is_active_exai_status(o.status)::integer
      ),
      ('severity', private.rank_exai_severity(n.severity) - private.rank_exai_severity(o.severity))
  ) as u (name, amount)
  where (n.status, n.severity) <> (o.status, o.severity) and u.amount <> 0;
  return null;
end;
$$;
comment on function private.count_changed_exai_issues is
  'After-update-statement trigger of exai_issues: updates the counts of the issues and of all that '
  'wait for them.';

create trigger _120_count_changed_exai_issues after update on public.exai_issues
  referencing old table as old_issues new table as new_issues
  for each statement execute function private.count_changed_exai_issues();

-- 30_exai/40_progress/60_verify_exai_issue_counts.sql
-- Compares the stored counts with what the tables contain.

create or replace function private.count_exai_waiting()
returns table (issue_id uuid, name text, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with recursive work (id) as (
    select i.id from public.exai_issues as i
    where i.status in ('open', 'in_progress') and not exists (
      select from public.exai_issue_relations as e where e.from_issue_id = i.id and e.kind = 'duplicates'
    )
  ),
  unfinished (id) as (
    select w.id from work as w
    union
    select e.from_issue_id
    from unfinished as u
    join public.exai_issue_relations as e on e.to_issue_id = u.id and e.kind = 'duplicates'
  ),
  blocked (id) as (
    select e.to_issue_id
    from unfinished as u
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'blocks'
    union
    select e.to_issue_id
    from blocked as b
    join public.exai_issue_relations as e on e.from_issue_id = b.id and e.kind = 'parent'
  ),
  unblocking (id, amount) as (
    select e.from_issue_id, count(*)
    from work as w
    join public.exai_issue_relations as e on e.to_issue_id = w.id and e.kind = 'blocks'
    group by 1
    union all
    select e.to_issue_id, u.amount
    from unblocking as u
    join public.exai_issue_relations as e on e.from_issue_id = u.id and e.kind = 'duplicates'
  )
  select p.id, p.name, sum(p.amount)::integer
  from (
    select u.id, 'unblocks' as name, u.amount from unblocking as u
    union all
    select v.id, v.name, 1
    from public.exai_issue_relations as e
    left join unfinished as f on f.id = e.from_issue_id
    left join unfinished as t on t.id = e.to_issue_id
    left join blocked as b on b.id = e.from_issue_id
    cross join lateral (
      values
        ('blocks', e.to_issue_id, 'active_blockers', f.id is not null),
        ('parent', e.to_issue_id, 'blocked_parents', b.id is not null),
        ('parent', e.from_issue_id, 'active_children', t.id is not null),
        ('duplicates', e.from_issue_id, 'originals', true),
        ('duplicates', e.from_issue_id, 'active_originals', t.id is not null)
    ) as v (kind, id, name, is_counted)
    where v.kind = e.kind and v.is_counted
  ) as p
  group by p.id, p.name;
end;
$$;
comment on function private.count_exai_waiting is
  'Counts from the statuses and relations of all issues what waits for what, without the counts that are 0.';

create or replace function private.count_exai_issues()
returns table (issue_id uuid, name text, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select w.issue_id, w.name, w.counted from private.count_exai_waiting() as w
  union all
  select s.issue_id, v.name, v.counted::integer
  from (
    select c.issue_id, count(*) as steps, count(*) filter (where c.status = 'complete') as completed,
      count(*) filter (where c.status = 'skipped') as skipped
    from public.exai_issue_checklist as c
    group by c.issue_id
  ) as s
  cross join lateral (
    values ('steps', s.steps), ('completed', s.completed), ('skipped', s.skipped)
  ) as v (name, counted)
  union all
  select i.id, v.name, v.counted
  from public.exai_issues as i
  cross join lateral (
    values
      ('is_active', private.is_active_exai_status(i.status)::integer),
      ('severity_rank', private.rank_exai_severity(i.severity)::integer)
  ) as v (name, counted);
end;
$$;
comment on function private.count_exai_issues is
  'Counts everything in exai_issue_counts again; counts of steps and relations that are 0 may be left out.';

create or replace function private.verify_exai_issue_counts()
returns table (issue_number integer, name text, stored integer, counted integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select i.issue_number, d.name, d.stored, d.counted
  from (
    select coalesce(s.issue_id, n.issue_id) as issue_id, coalesce(s.name, n.name) as name,
      coalesce(s.stored, 0) as stored, coalesce(n.counted, 0) as counted
    from (
      select c.issue_id, v.name, v.stored
      from private.exai_issue_counts as c
      cross join lateral (
        values
          ('steps', c.step_count), ('completed', c.completed_count), ('skipped', c.skipped_count),
          ('active_blockers', c.active_blockers_count), ('blocked_parents', c.blocked_parents_count),
          ('active_children', c.active_children_count), ('originals', c.originals_count),
          ('active_originals', c.active_originals_count), ('unblocks', c.unblocks_count),
          ('is_active', c.is_active::integer), ('severity_rank', c.severity_rank::integer)
      ) as v (name, stored)
    ) as s
    full join private.count_exai_issues() as n on n.issue_id = s.issue_id and n.name = s.name
  ) as d
  join public.exai_issues as i on i.id = d.issue_id
  where d.stored <> d.counted
  order by i.issue_number, d.name;
end;
$$;
comment on function private.verify_exai_issue_counts is
  'Counts everything in exai_issue_counts again and returns the differences; no row means that all counts '
  'are correct. For operators.';

-- 30_exai/40_progress/65_find_exai_original.sql
-- The issue that a duplicate stands for.

create or replace function private.find_exai_original(p_issue_id uuid) returns integer
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    with recursive original (id) as (
      select e.to_issue_id from public.exai_issue_relations as e
      where e.from_issue_id = p_issue_id and e.kind = 'duplicates'
      union
      select e.to_issue_id
      from original as o
      join public.exai_issue_relations as e on e.from_issue_id = o.id and e.kind = 'duplicates'
    )
    select c.issue_number
    from original as o
    join private.exai_issue_counts as c on c.issue_id = o.id
    where c.originals_count = 0
    order by c.is_active desc, c.issue_number
    limit 1
  );
end;
$$;
comment on function private.find_exai_original is
  'The number of the issue at the end of a chain of duplicates, an active one if there are several; null for '
  'an issue that duplicates none.';
grant execute on function private.find_exai_original to authenticated, service_role;

-- 30_exai/40_progress/70_exai_active_issues.sql
-- The view of active issues: open or in progress, with the progress of their steps and what they wait for.

create view public.exai_active_issues with (security_invoker = true) as
select
  i.*,
  c.completed_count as completed_steps,
  c.step_count as total_steps,
  case
    when c.step_count > c.skipped_count
      then round(100.0 * c.completed_count / (c.step_count - c.skipped_count))::integer
    else 0
  end as progress_percentage,
  c.skipped_count as skipped_steps,
  c.is_ready,
  c.active_blockers_count,
  c.blocked_parents_count,
  c.active_children_count,
  case when c.originals_count > 0 then private.find_exai_original(i.id) end as duplicate_of,
  c.originals_count > 0 and c.active_originals_count = 0 as is_to_be_closed
from public.exai_issues as i
join private.exai_issue_counts as c on c.issue_id = i.id
where i.status in ('open', 'in_progress');
comment on view public.exai_active_issues is
  'Engineering issues that are open or in_progress, with the progress of their steps, and why they '
  'are not ready.';
comment on column public.exai_active_issues.total_steps is 'All steps, including the skipped ones.';
comment on column public.exai_active_issues.progress_percentage is
  'completed_steps as a percentage of the steps that are not skipped, rounded to an integer; 0 if '
  'there are none.';
comment on column public.exai_active_issues.is_ready is
  'Whether it is in exai_ready_issues: it is not a duplicate, and waits for no blocker, parent or child.';
comment on column public.exai_active_issues.active_blockers_count is
  'Issues that block it and are unfinished: active, or duplicates of an unfinished issue.';
comment on column public.exai_active_issues.blocked_parents_count is
  'Parents that are blocked, or have a blocked ancestor.';
comment on column public.exai_active_issues.active_children_count is 'Children that are unfinished.';
comment on column public.exai_active_issues.duplicate_of is
  'The number of the issue that is to be fixed in its place; null if it is not a duplicate. In a chain of '
  'duplicates the last one, of several the active one with the lowest number.';
comment on column public.exai_active_issues.is_to_be_closed is
  'Whether it is a duplicate of issues that are all finished.';
grant select on public.exai_active_issues to authenticated, service_role;

-- 30_exai/40_progress/75_list_active_exai_issues.sql
-- Lists active engineering issues, the most severe first, also those of one component.
--
-- Under row security no caller can use the index on affected_components: the operator @> is not leakproof, so
-- a filter on the view reads all active issues until the page is full. As their owner, this function can.

-- A page of a component that one in 500 active issues affects is found soonest in the order of the list. The
-- planner overestimates components that it has no statistics of, and would read all active issues for them.
create or replace function private.load_exai_issues_of_rare_component(p_component text) returns uuid[]
language plpgsql stable security definer set search_path = '' set enable_seqscan = off as $$
begin
  if (
    select count(*) >= 4
    from (
      select i.affected_components from public.exai_issues as i
      where i.status in ('open', 'in_progress')
      order by
        case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end,
        i.issue_number
      limit 2000
    ) as n
    where n.affected_components @> array[p_component]
  ) then
    return null;
  end if;
  return array(select i.id from public.exai_issues as i where i.affected_components @> array[p_component]);
end;
$$;
comment on function private.load_exai_issues_of_rare_component is
  'The issues that affect this component, if few of the first 2,000 active ones do; else null.';

create or replace function private.list_active_exai_issues(
  p_component text, p_severity text[], p_category text[], p_after_severity text,
  p_after_issue_number integer, p_max_results integer
) returns setof public.exai_active_issues
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_after_rank constant smallint := private.rank_exai_severity(p_after_severity);
  v_ids uuid[];
begin
  perform private.require_team_role('viewer');
  if p_component is not null then
    v_ids := private.load_exai_issues_of_rare_component(p_component);
  end if;
  return query
  select i.*
  from public.exai_active_issues as i
  where (p_component is null or i.affected_components @> array[p_component])
    and (v_ids is null or i.id = any (v_ids))
    and (p_severity is null or i.severity = any (p_severity))
    and (p_category is null or i.category = any (p_category))
    and (
      v_after_rank is null or (
        case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end,
        i.issue_number
      ) > (v_after_rank, coalesce(p_after_issue_number, 0))
    )
  -- as exai_issues_active_idx has it, which is not to be read for a few ids
  order by
    case when v_ids is not null then private.rank_exai_severity(i.severity) else
      case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end
    end,
    i.issue_number
  limit least(greatest(coalesce(p_max_results, 20), 0), 1000);
end;
$$;
grant execute on function private.list_active_exai_issues to authenticated, service_role;

create or replace function public.list_active_exai_issues(
  component text default null, severity text[] default null, category text[] default null,
  after_severity text default null, after_issue_number integer default null,
  max_results integer default 20
) returns setof public.exai_active_issues
language sql stable security invoker set search_path = ''
begin atomic
  select i.*
  from private.list_active_exai_issues(
    list_active_exai_issues.component, list_active_exai_issues.severity, list_active_exai_issues.category,
    list_active_exai_issues.after_severity, list_active_exai_issues.after_issue_number,
    list_active_exai_issues.max_results
  ) as i;
end;
comment on function public.list_active_exai_issues is
  'Rows of exai_active_issues, the most severe first, then by number: those that affect this component, by '
  'its exact name, and have any of these severities and categories. Null does not filter. For the next page '
  'give severity and number of the last row; max_results is up to 1000. Viewers. Errors: sign_in_required '
  '(401), team_role_required (403).';
grant execute on function public.list_active_exai_issues to authenticated, service_role;

-- 30_exai/50_search/10_exai_issue_words.sql
-- The search vector of an engineering issue: its words, and the parts of its identifiers and paths.
--
-- A write must not fail because a text is long. A tsvector is limited to 1 MB and can be five times as large
-- as its text, so at most 90,000 bytes are indexed, and then the parts of up to 1,000 camel-case names per
-- text.

create or replace function private.exai_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_analyzed constant record := private.analyze_text(p_text, p_max_bytes);
  v_text constant text := v_analyzed.o_text;
  v_vector tsvector;
begin
  if v_text is null then
    return ''::tsvector;
  end if;
  v_vector := to_tsvector('pg_catalog.english', private.split_names(v_text))
    || coalesce(v_analyzed.o_terms, '');
  if v_text !~ '[[:lower:][:digit:]][[:upper:]]|[[:upper:]]{2}[[:lower:]]' then
    return v_vector;
  end if;
  return v_vector || to_tsvector('pg_catalog.english', (
    select string_agg(private.split_camel_case(n.name), ' ')
    from (
      select distinct w.name
      from regexp_split_to_table(v_text, '\W+') as w (name)
      where w.name ~ '[[:lower:][:digit:]][[:upper:]]|[[:upper:]]{2}[[:lower:]]'
      order by w.name
      limit 1000
    ) as n
  ));
end;
$$;
comment on function private.exai_vector is
  'The words of the first p_max_bytes bytes of a text, the parts of the camel-case names in them, and the '
  'terms that are not words.';

create or replace function private.exai_issue_vector(p_issue public.exai_issues) returns tsvector
language plpgsql immutable security definer set search_path = '' as $$
begin
  return setweight(private.exai_vector(p_issue.title, 8000), 'A')
    || setweight(
      private.exai_vector(
        concat_ws(' ', p_issue.file_path, array_to_string(p_issue.affected_components, ' ')), 8000
      ), 'B'
    )
    || setweight(
      private.exai_vector(
        nullif(concat_ws(
          e'\n', nullif(left(p_issue.description, 20000), ''), left(p_issue.root_cause, 20000),
          left(p_issue.impact_description, 20000), left(p_issue.recommended_fix, 20000),
          left(p_issue.actual_fix, 20000)
        ), ''), 44000
      ), 'C'
    );
end;
$$;
comment on function private.exai_issue_vector is 'The words of an issue, without its updates.';

create or replace function private.exai_updates_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select setweight(private.exai_vector(string_agg(v.content, e'\n'), 30000), 'D')
    from (
      select left(u.content, 10000) as content
      from public.exai_issue_updates as u
      where u.issue_id = p_issue_id
      order by u.created_at desc, u.id desc
      limit 100
    ) as v
  );
end;
$$;
comment on function private.exai_updates_vector is 'The words of the 100 newest updates of an issue.';

-- 30_exai/50_search/20_exai_issue_search.sql
-- What search_exai_issues searches: one row per engineering issue, maintained by triggers.
--
-- A writer locks the row first and then reads the texts, so that two concurrent updates of one issue don't
-- lose each other's words. An update that also locks counts locks them afterwards.

create table private.exai_issue_search (
  issue_id uuid not null,
  vector tsvector not null,
  created_at timestamptz not null,
  constraint exai_issue_search_pkey primary key (issue_id),
  constraint exai_issue_search_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade
);
comment on table private.exai_issue_search is
  'The words of an engineering issue, by weight: A title, B file and components, C description and analysis, '
  'D the newest updates.';
comment on column private.exai_issue_search.created_at is
  'The issue''s, which never changes: words that are common are searched for from the newest on.';

create index exai_issue_search_vector_idx on private.exai_issue_search using gin (vector)
  with (gin_pending_list_limit = 256);
create index exai_issue_search_created_at_idx on private.exai_issue_search (created_at);

alter table private.exai_issue_search enable row level security;

create or replace function private.index_exai_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from private.exai_issue_search as s where s.issue_id = any (p_issue_ids)
  order by s.issue_id
  for no key update;
  update private.exai_issue_search as s
  set vector = private.exai_issue_vector(i) || private.exai_updates_vector(i.id)
  from public.exai_issues as i
  where i.id = s.issue_id and s.issue_id = any (p_issue_ids);
end;
$$;
comment on function private.index_exai_issues is 'Builds the search vectors of these issues again.';

create or replace function private.index_new_exai_issues() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.exai_issue_search (issue_id, vector, created_at)
  select i.id, private.exai_issue_vector(i), i.created_at
  from new_issues as n
  join public.exai_issues as i on i.id = n.id;
  return null;
end;
$$;
comment on function private.index_new_exai_issues is
  'After-insert-statement trigger of exai_issues: inserts the search vectors.';

create or replace function private.index_changed_exai_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_exai_issues(array[new.id]);
  return null;
end;
$$;
comment on function private.index_changed_exai_issue is
  'After-update trigger of issues whose texts changed: updates the search vector.';

create or replace function private.index_exai_updates() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_ids uuid[];
begin
  v_issue_ids := array(select distinct c.issue_id from changed_updates as c);
  if v_issue_ids <> '{}' then
    perform private.index_exai_issues(v_issue_ids);
  end if;
  return null;
end;
$$;
comment on function private.index_exai_updates is
  'After-statement trigger of exai_issue_updates: updates the search vectors of their issues.';

create or replace function private.clear_exai_updates_search() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.exai_issue_search as s set vector = ts_filter(s.vector, '{a,b,c}')
  where s.vector <> ts_filter(s.vector, '{a,b,c}');
  return null;
end;
$$;
comment on function private.clear_exai_updates_search is
  'After-truncate trigger of exai_issue_updates: removes the words of updates from all search vectors.';

create trigger _300_index_new_exai_issues after insert on public.exai_issues
  referencing new table as new_issues
  for each statement execute function private.index_new_exai_issues();
create trigger _310_index_changed_exai_issue after update on public.exai_issues
  for each row when (
    (
      old.title, old.description, old.file_path, old.affected_components, old.root_cause,
      old.impact_description, old.recommended_fix, old.actual_fix
    ) is distinct from (
      new.title, new.description, new.file_path, new.affected_components, new.root_cause,
      new.impact_description, new.recommended_fix, new.actual_fix
    )
  )
  execute function private.index_changed_exai_issue();
create trigger _300_index_exai_updates after insert on public.exai_issue_updates
  referencing new table as changed_updates
  for each statement execute function private.index_exai_updates();
create trigger _310_index_exai_updates after update on public.exai_issue_updates
  referencing new table as changed_updates
  for each statement execute function private.index_exai_updates();
create trigger _320_index_exai_updates after delete on public.exai_issue_updates
  referencing old table as changed_updates
  for each statement execute function private.index_exai_updates();
create trigger _330_clear_exai_updates_search after truncate on public.exai_issue_updates
  for each statement execute function private.clear_exai_updates_search();

-- 30_exai/50_search/25_find_exai_issues.sql
-- Finds the ids of one page of engineering issues: by number, by words, else by title and path.

create type private.exai_issue_filter as (
  severity text[],
  status text[],
  category text[],
  component text,
  file text,
  created_from timestamptz,
  issue_number integer,
  not_issue_number integer
);
comment on type private.exai_issue_filter is 'The filters of a search. Null does not filter.';

-- One statement for every kind of search, planned for each call, so that filters that are null cost nothing.
-- The planner overestimates words without statistics, and parts of paths, and would read all issues, newest
-- first, until enough match. Unless p_reads_newest asks for that, `+ interval '0'` keeps it from using an
-- index on created_at. To start parallel workers takes longer than most searches.
create or replace function private.find_exai_issues(
  p_words tsquery, p_pattern text, p_filter private.exai_issue_filter, p_reads_newest boolean,
  p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0 as $$
declare
  -- What every path that p_filter.file stands for contains, for the trigram index.
  v_path constant text := private.like_pattern(rtrim(p_filter.file, '/'));
begin
  return query
  with matching as (
    select i.id, t.created_at, i.issue_number,
      -- 1: the rank is divided by 1 + the logarithm of the length
      case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end::real
        as rank
    from public.exai_issues as i
    left join private.exai_issue_search as s on s.issue_id = i.id
    cross join lateral (
      -- Both are equal; each is in the table whose index the search uses.
      select case when p_words is null then i.created_at else s.created_at end as created_at
    ) as t
    where (p_words is null or s.vector @@ p_words)
      and (p_pattern is null or i.title ilike p_pattern or i.file_path ilike p_pattern)
      and (p_filter.severity is null or i.severity = any (p_filter.severity))
      and (p_filter.status is null or i.status = any (p_filter.status))
      and (p_filter.category is null or i.category = any (p_filter.category))
      and (p_filter.component is null or i.affected_components @> array[p_filter.component])
      and (
        p_filter.file is null or i.file_path like v_path and (
          i.file_path = p_filter.file
          or right(i.file_path, length(p_filter.file) + 1) = '/' || p_filter.file
          or starts_with(i.file_path, rtrim(p_filter.file, '/') || '/')
        )
      )
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.issue_number is null or i.issue_number = p_filter.issue_number)
      and (p_filter.not_issue_number is null or i.issue_number <> p_filter.not_issue_number)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc,
      i.issue_number
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over ()
  from matching as m
  order by m.rank desc, m.created_at desc, m.issue_number
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_exai_issues is
  'One page of the issues that match words, pattern of title or path, and filters, best first, with the '
  'number of matches, counted up to 2,000. A null argument does not filter.';

-- Ranking all issues with a common word takes seconds at a million. So if at least one in fifty of the newest
-- 500 issues has the words, the newest 100,000 are read until 2,000 match. If fewer do, and for rarer words,
-- the GIN index finds all.
create or replace function private.find_exai_issues_by_words(
  p_words tsquery, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.exai_issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 10
    from (select s.vector from private.exai_issue_search as s order by s.created_at desc limit 500) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := (
      select s.created_at from private.exai_issue_search as s
      order by s.created_at desc offset 100000 limit 1
    );
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_exai_issues(p_words, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000)
    or v_newest.created_from is not distinct from p_filter.created_from and v_count > 0
  then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_exai_issues(
      p_words, null, p_filter, false, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_exai_issues_by_words is
  'One page of the issues that contain the words, best first; of more than 2,000, the newest '
  '2,000 are ranked.';

-- Without three letters in a row the trigram index can't be used, and reading all titles takes seconds.
create or replace function private.find_exai_issues_by_text(
  p_typed text, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := (
      select i.created_at from public.exai_issues as i order by i.created_at desc offset 20000 limit 1
    );
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues(
    null, private.like_pattern(left(p_typed, 200)), p_filter, v_reads_newest, p_limit, p_offset
  ) as f;
end;
$$;
comment on function private.find_exai_issues_by_text is
  'One page of the issues whose title or path contains the typed text, newest first; of the newest 20,000 '
  'issues only, if the text has no three letters in a row.';

create or replace function private.is_common_exai_filter(p_filter private.exai_issue_filter) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_path constant text := private.like_pattern(rtrim(p_filter.file, '/'));
begin
  if p_filter.component is null and (p_filter.file is null or p_filter.file !~ '[[:alnum:]]{3}') then
    return true;
  end if;
  return (
    select count(*) >= 40
    from (
      select i.file_path, i.affected_components from public.exai_issues as i
      order by i.created_at desc limit 2000
    ) as n
    where (v_path is null or n.file_path like v_path)
      and (p_filter.component is null or n.affected_components @> array[p_filter.component])
  );
end;
$$;
comment on function private.is_common_exai_filter is
  'Whether a page of the issues of this file or folder and component is found soonest from the newest on: '
  'one in fifty of the newest 2,000 is one of them, or no index can be used.';

-- 30_exai/50_search/28_find_typed_exai_issues.sql
-- Finds engineering issues by what people type: by number, by all words, by some, else by title and path.

create or replace function private.weigh_exai_terms(p_typed text) returns private.weighted_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := tsvector_to_array(private.exai_vector(private.hint_text(p_typed), 4000));
begin
  return array(
    select row(w.query, w.title_query, w.weight, w.share, w.word)::private.weighted_term
    from private.sample_term_shares(
      v_words, 'select s.vector from private.exai_issue_search as s order by s.created_at desc limit 2000',
      (select count(*) from (select from private.exai_issue_search limit 2000) as n)
    ) as s
    cross join lateral private.weigh_word(s, 1::real) as w
    where octet_length(s.term) between 2 and 200
  ) || array(
    select row(p.query, p.query, 6::real, 0::real, null)::private.weighted_term
    from unnest(private.hint_phrases(p_typed, true)) as p (query)
  );
end;
$$;
comment on function private.weigh_exai_terms is
  'The terms of a typed query, weighted by how rare they are among the newest 2,000 issues.';

create or replace function private.find_hinted_exai_issues(
  p_typed text, p_words tsquery, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_terms constant private.weighted_term[] := private.weigh_exai_terms(p_typed);
  v_condition constant tsquery := coalesce(private.search_gate(p_typed, true), '') && case
    when p_words is null then '' else !! p_words end;
  v_count bigint;
  v_query tsquery;
  v_ids uuid[] := '{}'::uuid[];
begin
  select count(*) into v_count from (select from private.exai_issue_search limit 2000) as n;
  if v_count = 2000 then
    select greatest(v_count, c.reltuples::bigint) into v_count from pg_catalog.pg_class as c
    where c.oid = 'private.exai_issue_search'::regclass;
  end if;
  foreach v_query in array private.candidate_queries(v_terms, v_count, 1000) loop
    exit when cardinality(v_ids) >= 1000;
    v_ids := v_ids || array(
      select f.issue_id
      from private.find_exai_issues(v_query && v_condition, null, p_filter, false, 1000, 0) as f
    );
  end loop;
  return query
  select c.issue_id, (c.score / 1000000)::real
  from (
    select s.issue_id, s.created_at,
      sum(t.weight * case when s.vector @@ t.title_query then 1.3 else 1 end) as score
    from private.exai_issue_search as s
    join unnest(v_terms) as t on s.vector @@ t.query
    where s.issue_id = any (v_ids)
    group by s.issue_id
  ) as c
  order by c.score desc, c.created_at desc, c.issue_id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_hinted_exai_issues is
  'One page of some 1,000 issues that have some of the typed words and not all (p_words), by the rarity of '
  'these words. What is in quotes or excluded decides as in a search for all words.';

create or replace function private.find_exai_issues_with_words(
  p_typed text, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.websearch_query(p_typed, true);
  v_is_one_term constant boolean := private.count_terms(p_typed) = 1;
  v_found bigint := 0::bigint;
  v_full_count bigint := 0::bigint;
begin
  if v_words is null then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues_by_words(v_words, p_filter, p_limit, p_offset) as f;
  get diagnostics v_found = row_count;
  if v_found = p_limit then
    return;
  end if;
  if v_found > 0 then
    v_full_count := p_offset + v_found;
  elsif p_offset > 0 then
    v_full_count := coalesce((
      select f.match_count from private.find_exai_issues(v_words, null, p_filter, false, 1, 0) as f
    ), 0);
  end if;
  if v_full_count >= 2000 or v_full_count > 0 and v_is_one_term then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_hinted_exai_issues(
    p_typed, v_words, p_filter, (p_limit - v_found)::integer, greatest(p_offset - v_full_count, 0)::integer
  ) as f;
end;
$$;
comment on function private.find_exai_issues_with_words is
  'One page of the issues that have all typed words, then of those that have some; for a single term the '
  'latter only where no issue has it. More than 2,000 with all words are all that is listed.';

-- The issue with the typed number is the first result of the first page, and appears nowhere else.
create or replace function private.find_typed_exai_issues(
  p_typed text, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer rows 20 set search_path = '' as $$
declare
  v_numbered uuid;
begin
  p_filter.issue_number := substring(
    lower(p_typed) from '^(?:#|exai[- ]#?|exai://issues/)?([0-9]{1,9})$'
  )::integer;
  if p_filter.issue_number is not null then
    select f.issue_id into v_numbered from private.find_exai_issues(null, null, p_filter, false, 1, 0) as f;
    p_filter.not_issue_number := p_filter.issue_number;
    p_filter.issue_number := null;
  end if;
  if v_numbered is not null then
    if p_offset = 0 and p_limit > 0 then
      return query select v_numbered, 100::real;
      p_limit := p_limit - 1;
    end if;
    p_offset := greatest(p_offset - 1, 0);
  end if;
  if p_typed is null then
    return query
    select f.issue_id, f.rank
    from private.find_exai_issues(
      null, null, p_filter, private.is_common_exai_filter(p_filter), p_limit, p_offset
    ) as f;
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues_with_words(p_typed, p_filter, p_limit, p_offset) as f;
  if found or v_numbered is not null or p_limit = 0 or p_offset > 0 and exists (
    select from private.find_exai_issues_with_words(p_typed, p_filter, 1, 0)
  ) then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues_by_text(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_exai_issues is
  'One page of the issues that contain typed words; if no issue does, or the text has no words, of those '
  'whose title or path contains the text. Null: the newest.';

-- 30_exai/50_search/30_search_exai_issues.sql
-- Full-text search over engineering issues: words, identifiers, paths.

create or replace function private.search_exai_issues(
  p_query text, p_severity text[], p_status text[], p_category text[], p_component text, p_file text,
  p_max_results integer, p_skip_results integer
) returns table (
  id uuid, issue_number integer, title text, severity text, category text, status text, file_path text,
  line_start integer, line_end integer, affected_components text[], conversation_id text,
  fix_conversation_id text, created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language plpgsql stable security definer set search_path = '' set client_min_messages = warning as $$
declare
  v_query text;
  v_marked tsquery;
  v_filter private.exai_issue_filter;
begin
  perform private.require_team_role('viewer');
  v_query := private.non_blank(left(p_query, 1000));
  v_marked := private.websearch_query(v_query, true) || websearch_to_tsquery('pg_catalog.english', v_query);
  v_filter.severity := p_severity;
  v_filter.status := p_status;
  v_filter.category := p_category;
  v_filter.component := private.non_blank(p_component);
  v_filter.file := private.non_blank(p_file);
  return query
  select i.id, i.issue_number, i.title, i.severity, i.category, i.status, i.file_path, i.line_start,
    i.line_end, i.affected_components, i.conversation_id, i.fix_conversation_id, i.created_at, i.updated_at,
    f.rank,
    ts_headline(
      'pg_catalog.english', t.text, coalesce(v_marked, ''),
      'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "'
    )
  from private.find_typed_exai_issues(
    v_query, v_filter, least(greatest(coalesce(p_max_results, 20), 0), 100),
    least(greatest(coalesce(p_skip_results, 0), 0), 100000)
  ) with ordinality as f (issue_id, rank, position)
  join public.exai_issues as i on i.id = f.issue_id
  cross join lateral (
    select concat_ws(
      ' … ', left(i.description, 4000), left(i.root_cause, 2000), left(i.impact_description, 2000),
      left(i.recommended_fix, 2000), left(i.actual_fix, 2000)
    ) as text
  ) as t
  order by f.position;
end;
$$;
grant execute on function private.search_exai_issues to authenticated, service_role;

create or replace function public.search_exai_issues(
  query text, severity text[] default null, status text[] default null, category text[] default null,
  component text default null, file text default null, max_results integer default 20,
  skip_results integer default 0
) returns table (
  id uuid, issue_number integer, title text, severity text, category text, status text, file_path text,
  line_start integer, line_end integer, affected_components text[], conversation_id text,
  fix_conversation_id text, created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.issue_number, f.title, f.severity, f.category, f.status, f.file_path, f.line_start,
    f.line_end, f.affected_components, f.conversation_id, f.fix_conversation_id, f.created_at, f.updated_at,
    f.rank, f.snippet
  from private.search_exai_issues(
    search_exai_issues.query, search_exai_issues.severity, search_exai_issues.status,
    search_exai_issues.category, search_exai_issues.component, search_exai_issues.file,
    search_exai_issues.max_results, search_exai_issues.skip_results
  ) as f;
end;
comment on function public.search_exai_issues is
  'Full-text search over title, file, components, description, analysis and updates of engineering issues. '
  'Issues with all words come first, in any order of the words, then those with some of them, by how rare '
  'these are; identifiers and paths match as a whole or by their parts; "a phrase" and -excluded decide '
  'what is listed at all; this or that; the last word matches as a prefix; #12 or EXAI-12 lists the issue '
  'with that number first. If no issue contains a word, titles and paths that contain the query as typed. A '
  'blank query lists the newest issues. severity, status and category: any of these values; component: an '
  'exact name; file: a path, the end of one, or a folder. max_results up to 100. Best first, equal ranks '
  'newest first; of more than 2,000 matches, the newest 2,000 are ranked. snippet is text as it was written, '
  'with **marks**. Viewers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.search_exai_issues to authenticated, service_role;

-- 30_exai/60_work/10_exai_claims.sql
-- Claims: who works on an engineering issue, until lease_expires_at.
--
-- The holder of a claim is a conversation together with an account. The holder may claim again to extend it,
-- and extends it by working on the issue (12_renew_exai_claim.sql).

create or replace function private.check_exai_claim_minutes(p_minutes integer) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_minutes is null or p_minutes not between 1 and 1440 then
    raise exception using
      errcode = 'PT422', message = 'exai_claim_minutes_invalid',
      detail = 'A claim lasts for 1 to 1440 minutes.',
      hint = 'Leave minutes out for 30.';
  end if;
end;
$$;
comment on function private.check_exai_claim_minutes is
  'Checks the duration of a claim. Errors: exai_claim_minutes_invalid (422).';

create or replace function private.write_exai_claim(
  p_issue_id uuid, p_conversation_id text, p_minutes integer
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.exai_issues;
begin
  update public.exai_issues as i
  set claimed_by = coalesce(p_conversation_id, private.actor_name()),
    claimed_by_user_id = (select u.id from auth.users as u where u.id = auth.uid()),
    claimed_at = clock_timestamp(), claim_minutes = p_minutes,
    lease_expires_at = clock_timestamp() + make_interval(mins => p_minutes)
  where i.id = p_issue_id
  returning i.* into v_issue;
  delete from private.exai_lost_claims as l
  where l.issue_id = v_issue.id and l.claimed_by = v_issue.claimed_by
    and l.claimed_by_user_id is not distinct from v_issue.claimed_by_user_id;
  perform private.link_exai_conversation(v_issue.id, p_conversation_id, 'Claimed.');
  return v_issue;
end;
$$;
comment on function private.write_exai_claim is
  'Writes a claim to an issue, which the caller has locked, and records the conversation in its history.';

-- Clients send whole rows back, including the claim. The functions that claim run as another role than the
-- API's.
create or replace function private.guard_exai_claim() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.claimed_by := old.claimed_by;
    new.claimed_by_user_id := old.claimed_by_user_id;
    new.claimed_at := old.claimed_at;
    new.lease_expires_at := old.lease_expires_at;
    new.claim_minutes := old.claim_minutes;
  end if;
  return new;
end;
$$;
comment on function private.guard_exai_claim is
  'Before trigger of exai_issues: restores the columns of the claim when a person writes them. Only '
  'claim_exai_issue, next_exai_issue and release_exai_issue change them.';

create or replace function private.clear_exai_claim() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.claimed_by := null;
  new.claimed_by_user_id := null;
  new.claimed_at := null;
  new.lease_expires_at := null;
  new.claim_minutes := null;
  return new;
end;
$$;
comment on function private.clear_exai_claim is
  'Before trigger of exai_issues: clears the claim of an issue that is not active.';

create trigger _200_guard_exai_claim before insert on public.exai_issues
  for each row when (
    coalesce(new.claimed_by, new.claimed_by_user_id::text) is not null
    or coalesce(new.claimed_at, new.lease_expires_at) is not null or new.claim_minutes is not null
  )
  execute function private.guard_exai_claim();
create trigger _210_guard_exai_claim before update on public.exai_issues
  for each row when (
    (old.claimed_by, old.claimed_by_user_id, old.claimed_at, old.lease_expires_at, old.claim_minutes)
    is distinct from
    (new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.lease_expires_at, new.claim_minutes)
  )
  execute function private.guard_exai_claim();
create trigger _220_clear_exai_claim before insert or update on public.exai_issues
  for each row when (
    new.status not in ('open', 'in_progress')
    and num_nonnulls(
      new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.lease_expires_at, new.claim_minutes
    ) > 0
  )
  execute function private.clear_exai_claim();

-- 30_exai/60_work/12_renew_exai_claim.sql
-- Work renews a claim: each write of the holder to an issue, its steps, updates or relations extends it.
--
-- The row is written only when the claim gains at least a tenth of its duration: ten times per duration at
-- most, and after each write at least nine tenths are left. It is locked before the write locks anything else
-- of the issue, and after the graph, as in every other update of an issue.

create or replace function private.is_exai_claim_holder(p_issue public.exai_issues, p_conversation_id text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return p_issue.claimed_by is not null and p_issue.claimed_by_user_id is not distinct from auth.uid() and (
    p_issue.claimed_by = p_conversation_id
    or p_conversation_id is null and auth.uid() is not null
    or p_issue.claimed_by = private.actor_name()
  ) is true;
end;
$$;
comment on function private.is_exai_claim_holder is
  'Whether the caller holds the claim: the same account, and the conversation that claimed the issue, no '
  'conversation at all, or any if the person claimed it without one.';

create or replace function private.exai_conversation_of(p_old public.exai_issues, p_new public.exai_issues)
returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    case when p_new.fix_conversation_id is distinct from p_old.fix_conversation_id
      then private.non_blank(p_new.fix_conversation_id)
    end,
    private.non_blank(current_setting('app.conversation_id', true))
  );
end;
$$;
comment on function private.exai_conversation_of is
  'The conversation that updates an issue: its fix_conversation_id if the update sets it, else the setting '
  'app.conversation_id, else null.';

create or replace function private.next_exai_lease(p_lease_expires_at timestamptz, p_claim_minutes integer)
returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_duration constant interval := make_interval(mins => coalesce(p_claim_minutes, 30));
begin
  if p_lease_expires_at < clock_timestamp() + 0.9 * v_duration then
    return clock_timestamp() + v_duration;
  end if;
  return p_lease_expires_at;
end;
$$;
comment on function private.next_exai_lease is
  'When a claim ends after a write of its holder: unchanged if it would gain less than a tenth '
  'of its duration.';

create or replace function private.reject_lost_exai_claim(p_issue public.exai_issues, p_conversation_id text)
returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_issue.lease_expires_at > clock_timestamp()
    and private.has_lost_exai_claim(p_issue.id, p_conversation_id)
  then
    raise exception using
      errcode = 'PT409', message = 'exai_claim_conflict',
      detail = format(
        'You lost the claim on issue #%s, which %s has claimed until %s.', p_issue.issue_number,
        left(p_issue.claimed_by, 200),
        to_char(p_issue.lease_expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      ),
      hint = 'Leave the issue to them. What you found can still be added as an update.';
  end if;
end;
$$;
comment on function private.reject_lost_exai_claim is
  'Rejects a write by somebody who lost the claim, while another one holds it. Errors: '
  'exai_claim_conflict (409).';

create or replace function private.renew_exai_claim(
  p_issue_id uuid, p_conversation_id text, p_is_accepted boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.exai_issues;
begin
  select * into v_issue from public.exai_issues as i where i.id = p_issue_id and i.claimed_by is not null;
  if not found then
    return;
  end if;
  if not private.is_exai_claim_holder(v_issue, p_conversation_id) then
    if not p_is_accepted then
      perform private.reject_lost_exai_claim(v_issue, p_conversation_id);
    end if;
  elsif private.next_exai_lease(v_issue.lease_expires_at, v_issue.claim_minutes) > v_issue.lease_expires_at
  then
    update public.exai_issues as i
    set lease_expires_at = private.next_exai_lease(i.lease_expires_at, i.claim_minutes)
    where i.id = p_issue_id and i.claimed_by = v_issue.claimed_by
      and i.claimed_by_user_id is not distinct from v_issue.claimed_by_user_id;
  end if;
end;
$$;
comment on function private.renew_exai_claim is
  'Extends the claim on an issue if the caller holds it. Rejects those who lost it, unless p_is_accepted. '
  'Errors: exai_claim_conflict (409).';

-- 30_exai/60_work/14_exai_lost_claims.sql
-- Who lost a claim: another conversation claimed the issue after it had expired, or somebody else ended it.

create table private.exai_lost_claims (
  id bigint generated always as identity,
  issue_id uuid not null,
  claimed_by text not null,
  claimed_by_user_id uuid,
  lost_at timestamptz not null,
  constraint exai_lost_claims_pkey primary key (id),
  constraint exai_lost_claims_key unique nulls not distinct (issue_id, claimed_by, claimed_by_user_id),
  constraint exai_lost_claims_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_lost_claims_claimed_by_user_id_fkey foreign key (claimed_by_user_id)
    references auth.users (id) on delete cascade
);
comment on table private.exai_lost_claims is
  'The holders who lost a claim on an issue and have not claimed it again, the newest 20 of each issue.';

create index exai_lost_claims_claimed_by_user_id_idx on private.exai_lost_claims (claimed_by_user_id);

alter table private.exai_lost_claims enable row level security;

-- A holder who ends the claim has not lost it.
create or replace function private.record_lost_exai_claim() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.claimed_by is null and private.is_exai_claim_holder(old, private.exai_conversation_of(old, new)) then
    return null;
  end if;
  insert into private.exai_lost_claims as l (issue_id, claimed_by, claimed_by_user_id, lost_at)
  values (old.id, old.claimed_by, old.claimed_by_user_id, clock_timestamp())
  on conflict on constraint exai_lost_claims_key do update set lost_at = excluded.lost_at;
  delete from private.exai_lost_claims as l
  where l.issue_id = old.id and l.lost_at < (
    select n.lost_at from private.exai_lost_claims as n where n.issue_id = old.id
    order by n.lost_at desc offset 19 limit 1
  );
  return null;
end;
$$;
comment on function private.record_lost_exai_claim is
  'After trigger of exai_issues whose claim passed to another holder or ended: records who lost it.';

create trigger _130_record_lost_exai_claim after update on public.exai_issues
  for each row when (
    old.claimed_by is not null and old.claimed_at is distinct from new.claimed_at
    and (old.claimed_by, old.claimed_by_user_id) is distinct from (new.claimed_by, new.claimed_by_user_id)
  )
  execute function private.record_lost_exai_claim();

create or replace function private.has_lost_exai_claim(p_issue_id uuid, p_conversation_id text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from private.exai_lost_claims as l
    where l.issue_id = p_issue_id
      and l.claimed_by = coalesce(p_conversation_id, private.actor_name())
      and l.claimed_by_user_id is not distinct from auth.uid()
  );
end;
$$;
comment on function private.has_lost_exai_claim is
  'Whether the caller, in this conversation, lost a claim on the issue and has not claimed it again.';

create or replace function private.has_ended_exai_claim(p_old public.exai_issues, p_new public.exai_issues)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  return p_old.claimed_by is not null and p_new.claimed_by is null
    and p_old.lease_expires_at > clock_timestamp()
    and not private.is_exai_claim_holder(p_old, private.exai_conversation_of(p_old, p_new));
end;
$$;
comment on function private.has_ended_exai_claim is
  'Whether an update of an issue ended a claim of somebody else that had not expired.';

create or replace function private.describe_ended_exai_claim(
  p_old public.exai_issues, p_new public.exai_issues
) returns text
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.has_ended_exai_claim(p_old, p_new) then
    return format(', ends the claim of %s', left(p_old.claimed_by, 200));
  end if;
  return '';
end;
$$;
comment on function private.describe_ended_exai_claim is
  'For the history: whose claim an update of an issue ended, if it was somebody else''s.';

-- 30_exai/60_work/16_exai_claim_triggers.sql
-- Which writes renew a claim. Imports do not, nor what triggers write.

create or replace function private.renew_exai_claim_of_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id constant text := private.exai_conversation_of(old, new);
begin
  if private.is_exai_import() then
    return new;
  end if;
  if private.is_exai_claim_holder(old, v_conversation_id) then
    new.lease_expires_at := private.next_exai_lease(old.lease_expires_at, old.claim_minutes);
  elsif pg_trigger_depth() = 1 then
    perform private.reject_lost_exai_claim(old, v_conversation_id);
  end if;
  return new;
end;
$$;
comment on function private.renew_exai_claim_of_issue is
  'Before trigger of issues with a claim: extends it if the caller holds it, rejects those who lost it.';

create or replace function private.renew_exai_claim_of_step() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row constant record := coalesce(new, old);
  v_conversation_id text := private.non_blank(v_row.conversation_id);
begin
  if private.is_exai_import() then
    return v_row;
  end if;
  -- What a row had before is not the conversation that writes it, except when that sets the status.
  if tg_op = 'DELETE' then
    v_conversation_id := null;
  elsif tg_op = 'UPDATE' then
    if (new.conversation_id, new.status) is not distinct from (old.conversation_id, old.status) then
      v_conversation_id := null;
    end if;
  end if;
  perform private.renew_exai_claim(
    v_row.issue_id,
    coalesce(v_conversation_id, private.non_blank(current_setting('app.conversation_id', true))), false
  );
  return v_row;
end;
$$;
comment on function private.renew_exai_claim_of_step is
  'Before trigger of steps: extends the claim on their issue if the caller holds it. Who lost it may '
  'not write steps.';

create or replace function private.renew_exai_claim_of_update() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_exai_import() then
    perform private.renew_exai_claim(
      new.issue_id, coalesce(
        private.non_blank(new.conversation_id),
        private.non_blank(current_setting('app.conversation_id', true))
      ), true
    );
  end if;
  return new;
end;
$$;
comment on function private.renew_exai_claim_of_update is
  'Before trigger of updates: extends the claim on their issue if the caller holds it. Who lost it may '
  'still add updates.';

create or replace function private.renew_exai_claims_of_edges() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.is_exai_import() then
    return null;
  end if;
  perform private.renew_exai_claim(
    i.id, private.non_blank(current_setting('app.conversation_id', true)), true
  )
  from public.exai_issues as i
  where i.claimed_by is not null and i.id in (
    select u.id
    from changed_edges as c cross join lateral (values (c.from_issue_id), (c.to_issue_id)) as u (id)
  )
  order by i.id;
  return null;
end;
$$;
comment on function private.renew_exai_claims_of_edges is
  'After-statement trigger of exai_issue_relations: extends the claims on both ends that the caller holds.';

-- Not where the statement writes the claim itself. Before the claim of an issue that is no longer active is
-- cleared.
create trigger _215_renew_exai_claim before update on public.exai_issues
  for each row when (
    old.claimed_by is not null
    and (old.claimed_by, old.claimed_by_user_id, old.claimed_at, old.lease_expires_at, old.claim_minutes)
    is not distinct from
    (new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.lease_expires_at, new.claim_minutes)
  )
  execute function private.renew_exai_claim_of_issue();
create trigger _060_renew_exai_claim before insert or update or delete on public.exai_issue_checklist
  for each row when (pg_trigger_depth() = 0) execute function private.renew_exai_claim_of_step();
create trigger _060_renew_exai_claim before insert on public.exai_issue_updates
  for each row when (pg_trigger_depth() = 0) execute function private.renew_exai_claim_of_update();
create trigger _050_renew_exai_claims after insert on public.exai_issue_relations
  referencing new table as changed_edges
  for each statement execute function private.renew_exai_claims_of_edges();
create trigger _060_renew_exai_claims after delete on public.exai_issue_relations
  referencing old table as changed_edges
  for each statement execute function private.renew_exai_claims_of_edges();

-- 30_exai/60_work/20_claim_exai_issue.sql
-- Claims a given engineering issue.

create or replace function private.claim_exai_issue(
  p_issue_number integer, p_conversation_id text, p_minutes integer
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_claimed_by text;
  v_issue public.exai_issues;
begin
  perform private.require_team_role('agent');
  perform private.check_exai_claim_minutes(p_minutes);
  v_claimed_by := coalesce(private.non_blank(p_conversation_id), private.actor_name());
  perform private.lock_exai_graph_shared();
  select i.* into v_issue
  from public.exai_issues as i
  where i.issue_number = p_issue_number
  for no key update;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  if not private.is_active_exai_status(v_issue.status) then
    raise exception using
      errcode = 'PT409', message = 'exai_status_conflict',
      detail = format('Issue #%s is %s.', v_issue.issue_number, v_issue.status),
      hint = 'Reopen it first, or choose another issue.';
  end if;
  if exists (
    select from private.exai_issue_counts as c where c.issue_id = v_issue.id and c.active_originals_count > 0
  ) then
    raise exception using
      errcode = 'PT409', message = 'exai_duplicate_conflict',
      detail = format(
        'Issue #%s is a duplicate of #%s, which is not finished.', v_issue.issue_number,
        private.find_exai_original(v_issue.id)
      ),
      hint = 'Claim that issue instead.';
  end if;
  if v_issue.lease_expires_at > clock_timestamp()
    and (v_issue.claimed_by, v_issue.claimed_by_user_id) is distinct from (v_claimed_by, auth.uid())
  then
    raise exception using
      errcode = 'PT409', message = 'exai_claim_conflict',
      detail = format(
        'Issue #%s is claimed by %s until %s.', v_issue.issue_number, left(v_issue.claimed_by, 200),
        to_char(v_issue.lease_expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      ),
      hint = 'Choose another issue with next_exai_issue, or wait until then.';
  end if;
  return private.write_exai_claim(v_issue.id, private.non_blank(p_conversation_id), p_minutes);
end;
$$;
grant execute on function private.claim_exai_issue to authenticated, service_role;

create or replace function public.claim_exai_issue(
  issue_number integer, conversation_id text default null, minutes integer default 30
) returns public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_exai_issue(
    claim_exai_issue.issue_number, claim_exai_issue.conversation_id, claim_exai_issue.minutes
  );
end;
comment on function public.claim_exai_issue is
  'Claims an active issue for a conversation, or under the caller''s display name without one, for 1 to 1440 '
  'minutes. The holder claims again to extend the claim. The status does not change. Agents and servers. '
  'Errors: sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_claim_conflict, '
  'exai_duplicate_conflict, exai_status_conflict (409), exai_claim_minutes_invalid (422).';
grant execute on function public.claim_exai_issue to authenticated, service_role;

-- 30_exai/60_work/25_renew_exai_claims.sql
-- Says whose claim is on issues that the caller works on, and renews the caller's own.

create or replace function private.renew_exai_claims(p_issue_numbers integer[], p_conversation_id text)
returns table (
  issue_id uuid, issue_number integer, status text, claimed_by text, lease_expires_at timestamptz,
  lost_at timestamptz
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id text;
begin
  perform private.require_team_role('agent');
  v_conversation_id := private.non_blank(p_conversation_id);
  perform private.renew_exai_claim(i.id, v_conversation_id, true)
  from public.exai_issues as i
  where i.issue_number = any (p_issue_numbers) and i.claimed_by is not null
  order by i.id;
  return query
  select i.id, i.issue_number, case
      when c.is_live and private.is_exai_claim_holder(i, v_conversation_id) then 'held'
      when l.lost_at is not null then 'lost'
      when c.is_live then 'other'
      else 'none'
    end,
    case when c.is_live then left(i.claimed_by, 200) end, case when c.is_live then i.lease_expires_at end,
    l.lost_at
  from public.exai_issues as i
  cross join lateral (select coalesce(i.lease_expires_at > clock_timestamp(), false) as is_live) as c
  left join private.exai_lost_claims as l
    on l.issue_id = i.id and l.claimed_by = coalesce(v_conversation_id, private.actor_name())
    and l.claimed_by_user_id is not distinct from auth.uid()
  where i.issue_number = any (p_issue_numbers)
  order by i.issue_number;
end;
$$;
grant execute on function private.renew_exai_claims to authenticated, service_role;

create or replace function public.renew_exai_claims(
  issue_numbers integer[], conversation_id text default null
) returns table (
  issue_id uuid, issue_number integer, status text, claimed_by text, lease_expires_at timestamptz,
  lost_at timestamptz
)
language sql volatile security invoker set search_path = ''
begin atomic
  select r.issue_id, r.issue_number, r.status, r.claimed_by, r.lease_expires_at, r.lost_at
  from private.renew_exai_claims(renew_exai_claims.issue_numbers, renew_exai_claims.conversation_id) as r;
end;
comment on function public.renew_exai_claims is
  'Extends the claims that the caller, in this conversation, holds on these issues, and returns a row for '
  'each issue that exists. status is held; lost, if the caller had a claim that passed to somebody else or '
  'was ended by somebody else at lost_at; other, if somebody else holds a claim; or none. claimed_by and '
  'lease_expires_at are those of the claim, if it has not expired. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403).';
grant execute on function public.renew_exai_claims to authenticated, service_role;

-- 30_exai/60_work/30_release_exai_issue.sql
-- Releases the claim on an engineering issue before it expires.

create or replace function private.release_exai_issue(p_issue_number integer, p_conversation_id text)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.require_team_role('agent');
  update public.exai_issues as i
  set claimed_by = null, claimed_by_user_id = null, claimed_at = null, lease_expires_at = null,
    claim_minutes = null
  where i.issue_number = p_issue_number and i.claimed_by is not null
    and (
      i.claimed_by = coalesce(private.non_blank(p_conversation_id), private.actor_name())
        and i.claimed_by_user_id is not distinct from auth.uid()
      or private.is_trusted_caller() or private.has_team_role('admin')
    )
  returning i.id into v_issue_id;
  if found then
    perform private.link_exai_conversation(v_issue_id, private.non_blank(p_conversation_id), 'Released.');
    return true;
  end if;
  if not exists (select from public.exai_issues as i where i.issue_number = p_issue_number) then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  return false;
end;
$$;
grant execute on function private.release_exai_issue to authenticated, service_role;

create or replace function public.release_exai_issue(issue_number integer, conversation_id text default null)
returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_exai_issue(release_exai_issue.issue_number, release_exai_issue.conversation_id);
end;
comment on function public.release_exai_issue is
  'Releases the claim of this conversation and account, and returns whether there was one; admins and '
  'servers release any claim. Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'exai_issue_unknown (404).';
grant execute on function public.release_exai_issue to authenticated, service_role;

-- 30_exai/60_work/40_next_exai_issue.sql
-- Claims the first ready issue that has no claim.

create or replace function private.next_exai_issue(p_conversation_id text, p_minutes integer)
returns setof public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.require_team_role('agent');
  perform private.check_exai_claim_minutes(p_minutes);
  perform private.lock_exai_graph_shared();
  select i.id into v_issue_id
  from private.exai_issue_counts as c
  join public.exai_issues as i on i.id = c.issue_id
  where c.is_ready and i.status in ('open', 'in_progress')
    and (i.lease_expires_at is null or i.lease_expires_at <= clock_timestamp())
  order by c.severity_rank, c.unblocks_count desc, c.created_at, c.issue_number
  limit 1
  for no key update of i skip locked;
  if found then
    return next private.write_exai_claim(v_issue_id, private.non_blank(p_conversation_id), p_minutes);
  end if;
end;
$$;
grant execute on function private.next_exai_issue to authenticated, service_role;

create or replace function public.next_exai_issue(
  conversation_id text default null, minutes integer default 30
) returns setof public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select n.* from private.next_exai_issue(next_exai_issue.conversation_id, next_exai_issue.minutes) as n;
end;
comment on function public.next_exai_issue is
  'Claims the first issue of exai_ready_issues that has no claim, and returns it; without such an issue no '
  'row. Concurrent callers get different issues. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_claim_minutes_invalid (422).';
grant execute on function public.next_exai_issue to authenticated, service_role;

-- 30_exai/60_work/50_update_exai_issue.sql
-- Changes fields and status of an issue and records the conversation, all of it or nothing.

create or replace function private.check_exai_changes(p_changes jsonb) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_names constant text[] := array[
    'title', 'description', 'severity', 'category', 'status', 'affected_components', 'file_path',
    'line_start', 'line_end', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
  ];
  v_unknown text;
begin
  if jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}' then
    raise exception using
      errcode = 'PT422', message = 'exai_change_required', detail = 'No field to change was given.',
      hint = 'Give an object with at least one of: ' || array_to_string(v_names, ', ') || '.';
  end if;
  v_unknown := (
    select string_agg(k.name, ', ' order by k.name collate "C")
    from jsonb_object_keys(p_changes) as k (name) where k.name <> all (v_names)
  );
  if v_unknown is not null then
    raise exception using
      errcode = 'PT422', message = 'exai_change_invalid',
      detail = format('These fields cannot be changed: %s.', left(v_unknown, 1000)),
      hint = 'Use these: ' || array_to_string(v_names, ', ') || '.';
  end if;
end;
$$;
comment on function private.check_exai_changes is
  'Checks which fields are to be changed. Errors: exai_change_required, exai_change_invalid (422).';

create or replace function private.list_exai_fields(p_changes jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(f.name, ', ' order by f.position)
    from unnest(array[
      'title', 'description', 'severity', 'category', 'affected_components', 'file_path', 'line_start',
      'line_end', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
    ]) with ordinality as f (name, position)
    where p_changes ? f.name
  );
end;
$$;
comment on function private.list_exai_fields is
  'The names of the fields that are to be changed, for the history; null if there is only a status.';

create type private.exai_issue_change as (
  issue public.exai_issues,
  ended_claim jsonb
);
comment on type private.exai_issue_change is
  'An issue that was changed, and whose claim on it that ended if it was somebody else''s.';

create or replace function private.change_exai_issue(
  p_issue_number integer, p_changes jsonb, p_conversation_id text
) returns private.exai_issue_change
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant text := coalesce(current_setting('app.conversation_id', true), '');
  v_conversation_id text;
  v_old public.exai_issues;
  v_fields text;
  v_issue public.exai_issues;
  v_ended_claim jsonb;
begin
  perform private.require_team_role('agent');
  v_conversation_id := private.non_blank(p_conversation_id);
  perform private.check_exai_changes(p_changes);
  perform private.lock_exai_graph_shared();
  select i.* into v_old from public.exai_issues as i where i.issue_number = p_issue_number for no key update;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  v_fields := private.list_exai_fields(p_changes);
  if v_fields is not null then
    perform private.link_exai_conversation(v_old.id, v_conversation_id, format('Changed %s.', v_fields));
  end if;
  perform set_config('app.conversation_id', coalesce(v_conversation_id, v_before), true);
  update public.exai_issues as i
  set title = coalesce(n.title, i.title), description = n.description, severity = n.severity,
    category = n.category, status = n.status, affected_components = n.affected_components,
    file_path = n.file_path, line_start = n.line_start, line_end = n.line_end, root_cause = n.root_cause,
    impact_description = n.impact_description, recommended_fix = n.recommended_fix,
    actual_fix = n.actual_fix, fix_conversation_id = case
      when p_changes ->> 'status' = 'fixed' then coalesce(v_conversation_id, i.fix_conversation_id)
      else i.fix_conversation_id
    end
  from jsonb_populate_record(v_old, p_changes) as n
  where i.id = v_old.id
  returning i.* into v_issue;
  if private.has_ended_exai_claim(v_old, v_issue) then
    v_ended_claim := jsonb_build_object(
      'claimed_by', left(v_old.claimed_by, 200), 'lease_expires_at', v_old.lease_expires_at
    );
  end if;
  perform set_config('app.conversation_id', v_before, true);
  return row(v_issue, v_ended_claim)::private.exai_issue_change;
exception
  when data_exception then
    raise exception using
      errcode = 'PT422', message = 'exai_change_invalid', detail = sqlerrm || '.',
      hint = 'Give texts as strings, lines as whole numbers, and affected_components as an array of strings.';
end;
$$;
comment on function private.change_exai_issue is
  'Changes the given fields of an issue. Returns it, and whose claim that ended if it was somebody else''s. '
  'Errors: exai_change_invalid (422).';

create or replace function private.update_exai_issue(
  p_issue_number integer, p_changes jsonb, p_conversation_id text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (
    select jsonb_build_object('issue', to_jsonb(c.issue), 'ended_claim', c.ended_claim)
    from private.change_exai_issue(p_issue_number, p_changes, p_conversation_id) as c
  );
end;
$$;
grant execute on function private.update_exai_issue to authenticated, service_role;

create or replace function public.update_exai_issue(
  issue_number integer, changes jsonb, conversation_id text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.update_exai_issue(
    update_exai_issue.issue_number, update_exai_issue.changes, update_exai_issue.conversation_id
  );
end;
comment on function public.update_exai_issue is
  'Changes the given fields of an issue, among them the status, all of them or none; null clears a nullable '
  'field. Returns {issue, ended_claim}: ended_claim is {claimed_by, lease_expires_at} if the new status '
  'ended the claim of somebody else, otherwise null. The conversation is recorded in the history, and '
  'becomes fix_conversation_id if the status is fixed. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_issue_unknown (404), exai_claim_conflict (409), exai_change_required, '
  'exai_change_invalid, exai_severity_invalid, exai_category_invalid, exai_status_invalid (422).';
grant execute on function public.update_exai_issue to authenticated, service_role;

-- 30_exai/60_work/55_set_exai_issue_status.sql
-- Changes the status of an issue and records the conversation, in one call.

create or replace function private.set_exai_issue_status(
  p_issue_number integer, p_status text, p_conversation_id text
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (
    private.change_exai_issue(p_issue_number, jsonb_build_object('status', p_status), p_conversation_id)
  ).issue;
end;
$$;
grant execute on function private.set_exai_issue_status to authenticated, service_role;

create or replace function public.set_exai_issue_status(
  issue_number integer, status text, conversation_id text default null
) returns public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_exai_issue_status(
    set_exai_issue_status.issue_number, set_exai_issue_status.status, set_exai_issue_status.conversation_id
  );
end;
comment on function public.set_exai_issue_status is
  'Sets the status of an issue. The conversation is recorded in the update of type status_change, and '
  'becomes fix_conversation_id if the new status is fixed. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_claim_conflict (409), '
  'exai_status_invalid (422).';
grant execute on function public.set_exai_issue_status to authenticated, service_role;

-- 30_exai/60_work/60_exai_issue_context.sql
-- Everything that an assistant needs to continue with an engineering issue, in one document of bounded size.

create or replace function private.load_exai_context_issue(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_issue jsonb := to_jsonb(p_issue)
    - '{
      related_issues, blocks_issues, blocked_by_issues, created_by_user_id, claimed_by_user_id, claim_minutes
    }'::text[];
  v_key text;
begin
  foreach v_key in array array[
    'title', 'description', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
  ] loop
    if length(v_issue ->> v_key) > 8000 then
      v_issue := v_issue || jsonb_build_object(v_key, left(v_issue ->> v_key, 8000));
    end if;
  end loop;
  return v_issue || (
    select jsonb_build_object(
      'claimed_by', left(p_issue.claimed_by, 300),
      'affected_components',
      to_jsonb(array_remove((p_issue.affected_components)[:100], null)),
      'completed_steps', c.completed_count, 'total_steps', c.step_count, 'skipped_steps', c.skipped_count,
      'is_ready', c.is_ready, 'is_blocked', c.is_blocked, 'active_children_count', c.active_children_count,
      'duplicate_of', private.find_exai_original(p_issue.id),
      'is_to_be_closed', c.is_active and c.originals_count > 0 and c.active_originals_count = 0
    )
    from private.exai_issue_counts as c
    where c.issue_id = p_issue.id
  );
end;
$$;
comment on function private.load_exai_context_issue is
  'The issue itself for exai_issue_context, with texts cut after 8,000 characters.';

create or replace function private.load_exai_context_relations(
  p_issue_id uuid, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'issue_number', r.issue_number, 'title', left(r.title, 300), 'status', r.status,
        'severity', r.severity, 'kind', r.kind, 'direction', r.direction
      )
      order by r.position, r.issue_number
    ), '[]')
    from (
      select i.issue_number, i.title, i.status, i.severity, e.kind, e.direction, row_number() over (
        order by private.is_active_exai_status(i.status) desc, e.kind, e.direction, i.issue_number
      ) as position
      from (
        select o.to_issue_id as id, o.kind, case o.kind when 'relates' then 'both' else 'to' end as direction
        from public.exai_issue_relations as o
        where o.from_issue_id = p_issue_id
        union all
        select n.from_issue_id, n.kind, case n.kind when 'relates' then 'both' else 'from' end
        from public.exai_issue_relations as n
        where n.to_issue_id = p_issue_id
      ) as e
      join public.exai_issues as i on i.id = e.id
      order by position
      offset p_skip limit least(p_limit, 100)
    ) as r
  );
end;
$$;
comment on function private.load_exai_context_relations is
  'Up to 100 relations of an issue, those to active issues first.';

create or replace function private.load_exai_context_conversations(
  p_issue public.exai_issues, p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object('conversation_id', c.conversation_id, 'roles', c.roles, 'last_at', c.last_at)
      order by c.last_at, c.conversation_id collate "C"
    ), '[]')
    from (
      select left(m.conversation_id, 300) as conversation_id,
        jsonb_agg(distinct m.role) as roles, max(m.mentioned_at) as last_at
      from (
        select p_issue.conversation_id, 'discovered', p_issue.discovery_date
        union all
        select p_issue.fix_conversation_id, 'fixed', coalesce(p_issue.fix_date, p_issue.updated_at)
        union all
        select u.conversation_id, 'updated', u.created_at from public.exai_issue_updates as u
        where u.issue_id = p_issue.id
        union all
        select s.conversation_id, 'worked_on_step', s.updated_at from public.exai_issue_checklist as s
        where s.issue_id = p_issue.id
      ) as m (conversation_id, role, mentioned_at)
      where m.conversation_id is not null
      group by 1
      having p_since is null or max(m.mentioned_at) >= p_since
      order by last_at desc, 1
      offset p_skip limit least(p_limit, 50)
    ) as c
  );
end;
$$;
comment on function private.load_exai_context_conversations is
  'Up to 50 conversations of an issue, the latest, each with its roles.';

create or replace function private.describe_cut_text(p_text text, p_limit integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if length(p_text) > p_limit then
    return jsonb_build_object('text_length', length(p_text));
  end if;
  return '{}'::jsonb;
end;
$$;
comment on function private.describe_cut_text is 'The length of a text that is cut after p_limit characters.';

create or replace function private.load_exai_context_steps(
  p_issue_id uuid, p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'step_number', s.step_number, 'description', left(s.description, s.text_limit), 'status', s.status,
        'conversation_id', s.conversation_id, 'completed_at', s.completed_at
      ) || private.describe_cut_text(s.description, s.text_limit)
      order by s.step_number
    ), '[]')
    from (
      select c.*, case when p_limit = 1 then 40000 else 1000 end as text_limit
      from public.exai_issue_checklist as c
      where c.issue_id = p_issue_id and (p_since is null or c.updated_at >= p_since)
      order by c.status in ('complete', 'skipped'), c.step_number
      offset p_skip limit least(p_limit, 200)
    ) as s
  );
end;
$$;
comment on function private.load_exai_context_steps is
  'Up to 200 steps of an issue, those that are not done first, then in the order of their numbers.';

create or replace function private.load_exai_context_updates(
  p_issue_id uuid, p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'update_type', u.update_type, 'content', left(u.content, u.text_limit), 'created_by', u.created_by,
        'conversation_id', u.conversation_id, 'created_at', u.created_at
      ) || private.describe_cut_text(u.content, u.text_limit)
      order by u.created_at, u.id
    ), '[]')
    from (
      select c.*, case when p_limit = 1 then 40000 else 4000 end as text_limit
      from public.exai_issue_updates as c
      where c.issue_id = p_issue_id and (p_since is null or c.created_at >= p_since)
      order by c.created_at desc, c.id desc
      offset p_skip limit least(p_limit, 200)
    ) as u
  );
end;
$$;
comment on function private.load_exai_context_updates is 'Up to 200 updates of an issue, the newest.';

create or replace function private.load_exai_context_texts(
  p_issue public.exai_issues, p_sections text[], p_skip integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select jsonb_object_agg(t.key, substr(t.value, p_skip + 1, 40000))
    from jsonb_each_text(to_jsonb(p_issue)) as t
    where t.key = any (p_sections)
  );
end;
$$;
comment on function private.load_exai_context_texts is
  'The texts of an issue that are named, each up to 40,000 characters after those that are skipped.';

create or replace function private.describe_exai_context_cut(
  p_issue public.exai_issues, p_document jsonb, p_since timestamptz, p_skip integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'texts', (
      select jsonb_agg(t.key order by t.key)
      from jsonb_each_text(to_jsonb(p_issue)) as t
      where t.key in (
          'title', 'description', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
        )
        and length(t.value) > case
          when p_document -> 'texts' ? t.key then p_skip + 40000
          when p_document ? 'issue' then 8000
        end
    ),
    'affected_components', case when p_document ? 'issue' then
      nullif(greatest(cardinality(p_issue.affected_components) - 100, 0), 0)
    end,
    'steps', (
      select nullif(greatest(count(*) - p_skip - jsonb_array_length(p_document -> 'steps'), 0), 0)
      from public.exai_issue_checklist as c
      where c.issue_id = p_issue.id and (p_since is null or c.updated_at >= p_since)
    ),
    'updates', (
      select nullif(greatest(count(*) - p_skip - jsonb_array_length(p_document -> 'updates'), 0), 0)
      from public.exai_issue_updates as u
      where u.issue_id = p_issue.id and (p_since is null or u.created_at >= p_since)
    ),
    'relations', (
      select nullif(greatest(count(*) - p_skip - jsonb_array_length(p_document -> 'relations'), 0), 0)
      from public.exai_issue_relations as e where p_issue.id in (e.from_issue_id, e.to_issue_id)
    ),
    'conversations', case when jsonb_array_length(p_document -> 'conversations') = 50
      then 'the latest 50 only' end
  ));
end;
$$;
comment on function private.describe_exai_context_cut is
  'What exai_issue_context leaves out of its sections: names of cut texts, numbers of omitted rows.';

create or replace function private.exai_issue_context(
  p_issue_number integer, p_sections text[], p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
declare
  v_lists constant text[] := array['issue', 'steps', 'updates', 'relations', 'conversations'];
  v_texts constant text[] := array[
    'title', 'description', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
  ];
  v_sections constant text[] := coalesce(p_sections, v_lists);
  v_skip constant integer := least(greatest(coalesce(p_skip, 0), 0), 1000000000);
  v_limit constant integer := case when p_limit > 0 then p_limit end;
  v_issue public.exai_issues;
  v_document jsonb;
begin
  perform private.require_team_role('viewer');
  if not v_sections <@ (v_lists || v_texts) then
    raise exception using errcode = 'PT422', message = 'exai_section_unknown',
      detail = 'A section is not part of the context of an issue.',
      hint = format('Use: %s.', array_to_string(v_lists || v_texts, ', '));
  end if;
  select i.* into v_issue from public.exai_issues as i
  where i.issue_number = p_issue_number;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  v_document := jsonb_strip_nulls(jsonb_build_object(
    'texts', private.load_exai_context_texts(v_issue, array(
      select s.name from unnest(v_sections) as s (name) where s.name = any (v_texts)
    ), v_skip)
  )) || coalesce((
    select jsonb_object_agg(s.name, case s.name
      when 'issue' then private.load_exai_context_issue(v_issue)
      when 'steps' then
        private.load_exai_context_steps(v_issue.id, p_since, v_skip, coalesce(v_limit, 200))
      when 'updates' then
        private.load_exai_context_updates(v_issue.id, p_since, v_skip, coalesce(v_limit, 20))
      when 'relations' then
        private.load_exai_context_relations(v_issue.id, v_skip, coalesce(v_limit, 100))
      when 'conversations' then
        private.load_exai_context_conversations(v_issue, p_since, v_skip, coalesce(v_limit, 50))
    end)
    from unnest(v_sections) as s (name)
    where s.name = any (v_lists)
  ), '{}');
  if v_document ? 'issue' then
    v_document := v_document || jsonb_build_object('location', case when v_issue.file_path is not null then
      jsonb_build_object(
        'file_path', v_issue.file_path, 'line_start', v_issue.line_start, 'line_end', v_issue.line_end
      )
    end);
  end if;
  return v_document
    || jsonb_build_object('cut', private.describe_exai_context_cut(v_issue, v_document, p_since, v_skip));
end;
$$;
grant execute on function private.exai_issue_context to authenticated, service_role;

create or replace function public.exai_issue_context(
  issue_number integer, sections text[] default null, since timestamptz default null,
  skip_items integer default 0, max_items integer default null
) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.exai_issue_context(
    exai_issue_context.issue_number, exai_issue_context.sections, exai_issue_context.since,
    exai_issue_context.skip_items, exai_issue_context.max_items
  );
end;
comment on function public.exai_issue_context is
  'Everything about an issue in one document: {issue, steps[], updates[], relations[], conversations[], '
  'location, cut}. A relation is {issue_number, title, status, severity, kind, direction}. direction is to '
  'if the edge starts at this issue (it blocks the other, is its parent, …), from if it ends here, and both '
  'for relates. Limits: 8,000 characters per text, 200 steps of 1,000 characters, those that are not done '
  'first, the 20 newest updates of 4,000 characters, oldest first, 100 relations, those to active issues '
  'first, 50 conversations, 100 components. cut lists what was left out: the names of texts, and the number '
  'of other parts; a step or an update whose text is cut has text_length. sections: only these parts; also '
  'title, description, root_cause, impact_description, recommended_fix and actual_fix, which texts then '
  'contains with up to 40,000 characters each. since: only steps, updates and conversations that changed '
  'after it. skip_items leaves out the first rows of a part (the newest updates), and characters of a text; '
  'max_items is at most 200; with 1, a step or an update has up to 40,000 characters. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_section_unknown (422).';
grant execute on function public.exai_issue_context to authenticated, service_role;

-- 30_exai/70_exchange/10_load_exai_issue_document.sql
-- The form in which issues are exported and imported. The same data is exported as the same bytes.
--
-- It leaves out what belongs to this database and not to the issues: accounts, claims, updated_at, and the id
-- arrays, which the relations contain.

create or replace function private.load_exai_issue_document(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return to_jsonb(p_issue) - '{
    related_issues, blocks_issues, blocked_by_issues, created_by_user_id, claimed_by, claimed_by_user_id,
    claimed_at, lease_expires_at, claim_minutes, updated_at
  }'::text[] || jsonb_build_object(
    'steps', (
      select coalesce(jsonb_agg(to_jsonb(s) - '{issue_id, updated_at}'::text[] order by s.step_number), '[]')
      from public.exai_issue_checklist as s
      where s.issue_id = p_issue.id
    ),
    'updates', (
      select coalesce(
        jsonb_agg(
          to_jsonb(u) - '{issue_id, created_by_user_id, updated_at}'::text[] order by u.created_at, u.id
        ),
        '[]'
      )
      from public.exai_issue_updates as u
      where u.issue_id = p_issue.id
    )
  );
end;
$$;
comment on function private.load_exai_issue_document is
  'An issue with its steps and updates, as import_exai_issues accepts it.';

-- 30_exai/70_exchange/20_export_exai_issues.sql
-- Exports all engineering issues as one document.

create or replace function private.export_exai_issues() returns jsonb
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
begin
  perform private.require_team_role('admin');
  return jsonb_build_object(
    'version', 1,
    'issues', (
      select coalesce(jsonb_agg(private.load_exai_issue_document(i) order by i.issue_number), '[]')
      from public.exai_issues as i
    ),
    'relations', (
      select coalesce(
        jsonb_agg(to_jsonb(e) order by f.issue_number, t.issue_number, e.kind collate "C"), '[]'
      )
      from public.exai_issue_relations as e
      join public.exai_issues as f on f.id = e.from_issue_id
      join public.exai_issues as t on t.id = e.to_issue_id
    )
  );
end;
$$;
grant execute on function private.export_exai_issues to authenticated, service_role;

create or replace function public.export_exai_issues() returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.export_exai_issues();
end;
comment on function public.export_exai_issues is
  'Exports all engineering issues as {version, issues[], relations[]}, in a fixed order and with times in '
  'UTC: after import_exai_issues into another database, an export returns the same bytes. Without accounts, '
  'claims and updated_at. Admins and servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.export_exai_issues to authenticated, service_role;

-- 30_exai/70_exchange/30_export_exai_lines.sql
-- Exports all engineering issues as JSON lines, which a client can read with a cursor.

create or replace function private.export_exai_lines() returns setof text
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
begin
  perform private.require_team_role('admin');
  return query
  select jsonb_build_object('issue', private.load_exai_issue_document(i))::text
  from public.exai_issues as i
  order by i.issue_number;
  return query
  select jsonb_build_object('relation', to_jsonb(e))::text
  from public.exai_issue_relations as e
  join public.exai_issues as f on f.id = e.from_issue_id
  join public.exai_issues as t on t.id = e.to_issue_id
  order by f.issue_number, t.issue_number, e.kind collate "C";
end;
$$;
grant execute on function private.export_exai_lines to authenticated, service_role;

create or replace function public.export_exai_lines() returns setof text
language sql stable security invoker set search_path = ''
begin atomic
  select l.line from private.export_exai_lines() as l (line);
end;
comment on function public.export_exai_lines is
  'Exports all engineering issues as one JSON object per line: {"issue": …} for each issue by number, with '
  'its steps and updates, then {"relation": …} for each edge. import_exai_issues accepts an array of these '
  'lines. Admins and servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.export_exai_lines to authenticated, service_role;

-- 30_exai/70_exchange/40_exai_import_parts.sql
-- The parts of an import: parsing the document, rejecting conflicts, writing issues with their steps and
-- updates.

create or replace function private.parse_exai_import(p_document jsonb, p_key text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts jsonb := case jsonb_typeof(p_document)
    when 'array' then (
      select coalesce(jsonb_agg(l.line -> left(p_key, -1) order by l.position), '[]')
      from jsonb_array_elements(p_document) with ordinality as l (line, position)
      where l.line ? left(p_key, -1)
    )
    when 'object' then coalesce(p_document -> p_key, '[]')
  end;
begin
  if jsonb_typeof(v_parts) is distinct from 'array'
    or exists (select from jsonb_array_elements(v_parts) as e (item) where jsonb_typeof(e.item) <> 'object')
    or jsonb_typeof(p_document) = 'array' and exists (
      select from jsonb_array_elements(p_document) as l (line)
      where jsonb_typeof(l.line) <> 'object' or not l.line ?| array['issue', 'relation']
    )
  then
    raise exception using
      errcode = 'PT422', message = 'exai_import_invalid',
      detail = format('The document has no array of objects in %L.', p_key),
      hint = 'Send what export_exai_issues returned, or an array of the lines of export_exai_lines.';
  end if;
  return v_parts;
end;
$$;
comment on function private.parse_exai_import is
  'The issues or relations of a document, or of an array of lines. p_key is issues or relations. Errors: '
  'exai_import_invalid (422).';

create or replace function private.reject_exai_import_conflicts(p_issues jsonb) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_conflict record;
begin
  select d.issue_number, d.id as imported_id, i.id as stored_id, i.issue_number as stored_number
  into v_conflict
  from jsonb_to_recordset(p_issues) as d (id uuid, issue_number integer)
  join public.exai_issues as i
    on i.issue_number = d.issue_number and i.id <> d.id or i.id = d.id and i.issue_number <> d.issue_number
  order by d.issue_number
  limit 1;
  if found then
    raise exception using
      errcode = 'PT409', message = 'exai_import_conflict',
      detail = format(
        'Issue #%s of the document has the id %s; in this database, #%s has the id %s.',
        v_conflict.issue_number, v_conflict.imported_id, v_conflict.stored_number, v_conflict.stored_id
      ),
      hint = 'Import into a database without issues, or into the one that the document was exported from.';
  end if;
end;
$$;
comment on function private.reject_exai_import_conflicts is
  'Errors: exai_import_conflict (409), if a number belongs to another issue in this database.';

create or replace function private.import_exai_issue_rows(p_issues jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  insert into public.exai_issues as i (
    id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
    affected_components, conversation_id, fix_conversation_id, root_cause, impact_description,
    recommended_fix, actual_fix, discovery_date, fix_date, verification_date, created_by, created_at
  )
  select d.id, d.issue_number, d.title, d.description, d.severity, d.category, d.status, d.file_path,
    d.line_start, d.line_end, d.affected_components, d.conversation_id, d.fix_conversation_id, d.root_cause,
    d.impact_description, d.recommended_fix, d.actual_fix, d.discovery_date, d.fix_date, d.verification_date,
    d.created_by, d.created_at
  from jsonb_populate_recordset(null::public.exai_issues, p_issues) as d
  order by d.issue_number
  on conflict on constraint exai_issues_pkey do update set
    title = excluded.title, description = excluded.description, severity = excluded.severity,
    category = excluded.category, status = excluded.status, file_path = excluded.file_path,
    line_start = excluded.line_start, line_end = excluded.line_end,
    affected_components = excluded.affected_components, conversation_id = excluded.conversation_id,
    fix_conversation_id = excluded.fix_conversation_id, root_cause = excluded.root_cause,
    impact_description = excluded.impact_description, recommended_fix = excluded.recommended_fix,
    actual_fix = excluded.actual_fix, discovery_date = excluded.discovery_date, fix_date = excluded.fix_date,
    verification_date = excluded.verification_date, created_by = excluded.created_by
  where (
    i.title, i.description, i.severity, i.category, i.status, i.file_path, i.line_start, i.line_end,
    i.affected_components, i.conversation_id, i.fix_conversation_id, i.root_cause, i.impact_description,
    i.recommended_fix, i.actual_fix, i.discovery_date, i.fix_date, i.verification_date, i.created_by
  ) is distinct from (
    excluded.title, excluded.description, excluded.severity, excluded.category, excluded.status,
    excluded.file_path, excluded.line_start, excluded.line_end, excluded.affected_components,
    excluded.conversation_id, excluded.fix_conversation_id, excluded.root_cause, excluded.impact_description,
    excluded.recommended_fix, excluded.actual_fix, excluded.discovery_date, excluded.fix_date,
    excluded.verification_date, excluded.created_by
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.import_exai_issue_rows is
  'Inserts or updates issues without their steps and updates, and returns how many were written.';

create or replace function private.import_exai_issue_parts(p_issues jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.exai_issue_checklist as c (
    id, issue_id, step_number, description, status, conversation_id, completed_at, created_at
  )
  select s.id, d.id, s.step_number, s.description, s.status, s.conversation_id, s.completed_at, s.created_at
  from jsonb_to_recordset(p_issues) as d (id uuid, steps jsonb)
  cross join lateral jsonb_populate_recordset(null::public.exai_issue_checklist, d.steps) as s
  order by d.id, s.step_number
  on conflict on constraint exai_issue_checklist_pkey do update set
    issue_id = excluded.issue_id, step_number = excluded.step_number, description = excluded.description,
    status = excluded.status, conversation_id = excluded.conversation_id, completed_at = excluded.completed_at
  where (c.issue_id, c.step_number, c.description, c.status, c.conversation_id, c.completed_at)
    is distinct from (
      excluded.issue_id, excluded.step_number, excluded.description, excluded.status,
      excluded.conversation_id, excluded.completed_at
    );
  insert into public.exai_issue_updates as c (
    id, issue_id, update_type, content, conversation_id, created_by, created_at
  )
  select u.id, d.id, u.update_type, u.content, u.conversation_id, u.created_by, u.created_at
  from jsonb_to_recordset(p_issues) as d (id uuid, updates jsonb)
  cross join lateral jsonb_populate_recordset(null::public.exai_issue_updates, d.updates) as u
  order by d.id, u.created_at, u.id
  on conflict on constraint exai_issue_updates_pkey do update set
    issue_id = excluded.issue_id, update_type = excluded.update_type, content = excluded.content,
    conversation_id = excluded.conversation_id, created_by = excluded.created_by
  where (c.issue_id, c.update_type, c.content, c.conversation_id, c.created_by)
    is distinct from (
      excluded.issue_id, excluded.update_type, excluded.content, excluded.conversation_id, excluded.created_by
    );
end;
$$;
comment on function private.import_exai_issue_parts is 'Inserts or updates the steps and updates of issues.';

-- 30_exai/70_exchange/50_import_exai_issues.sql
-- Imports what export_exai_issues exported: all or nothing, and a repeated import changes nothing.

create or replace function private.import_exai_issues(p_document jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' set timezone = 'UTC' as $$
declare
  v_issues jsonb;
  v_relations jsonb;
  v_written_count integer;
  v_related_count integer;
  v_state text;
  v_message text;
  v_detail text;
begin
  perform private.require_team_role('admin');
  v_issues := private.parse_exai_import(p_document, 'issues');
  v_relations := private.parse_exai_import(p_document, 'relations');
  perform private.lock_exai_graph();
  perform private.reject_exai_import_conflicts(v_issues);
  perform set_config('app.exai_import', 'on', true);
  v_written_count := private.import_exai_issue_rows(v_issues);
  perform private.import_exai_issue_parts(v_issues);
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind, created_at)
  select r.from_issue_id, r.to_issue_id, r.kind, r.created_at
  from jsonb_populate_recordset(null::public.exai_issue_relations, v_relations) as r
  order by r.from_issue_id, r.to_issue_id, r.kind
  on conflict on constraint exai_issue_relations_pkey do nothing;
  get diagnostics v_related_count = row_count;
  perform set_config('app.exai_import', '', true);
  return jsonb_build_object(
    'issues', jsonb_array_length(v_issues), 'relations', jsonb_array_length(v_relations),
    'issues_written', v_written_count, 'relations_written', v_related_count
  );
exception
  when data_exception or integrity_constraint_violation then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text,
      v_detail = pg_exception_detail;
    if v_state in ('23505', '21000') then
      raise exception using
        errcode = 'PT409', message = 'exai_import_conflict',
        detail = concat_ws(' ', v_message || '.', v_detail),
        hint = 'Two parts have the same id or number: both of the document, or one of the document and a '
          'stored one.';
    end if;
    raise exception using
      errcode = 'PT422', message = 'exai_import_invalid', detail = concat_ws(' ', v_message || '.', v_detail),
      hint = 'Nothing was imported. Correct the document and send it again.';
end;
$$;
grant execute on function private.import_exai_issues to authenticated, service_role;

create or replace function public.import_exai_issues(document jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.import_exai_issues(import_exai_issues.document);
end;
comment on function public.import_exai_issues is
  'Imports a document of export_exai_issues, or an array of lines of export_exai_lines. Issues, steps and '
  'updates are inserted, or updated by their ids; relations are added; nothing is deleted. All or nothing, '
  'and a repeated import changes nothing. Returns {issues, relations, issues_written, relations_written}. '
  'Admins and servers. Errors: sign_in_required (401), team_role_required (403), exai_import_conflict, '
  'exai_relation_cycle_conflict, exai_relation_limit_reached, exai_isolation_unsupported (409), '
  'exai_import_invalid, key_change_forbidden (422), and the errors of writing an issue.';
grant execute on function public.import_exai_issues to authenticated, service_role;

-- 30_exai/90_realtime.sql
-- The tables whose changes clients receive over Realtime; row security decides who sees which row.

alter publication supabase_realtime
  add table public.exai_issues, public.exai_issue_updates, public.exai_issue_checklist;
