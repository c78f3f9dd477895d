-- supabase/schemas/20_tracker, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 20_tracker/10_issues/10_issues.sql
-- The issues: what somebody asked for or reported, and its current status.

create table public.issues (
  id uuid not null default gen_random_uuid(),
  seq_id integer not null default 0,
  title text not null,
  description text not null default '',
  status text not null default 'waiting_for_help',
  -- Null, which a trigger replaces. As a default it makes the column optional in generated types.
  segment text not null default nullif('', ''),
  submitted_by text not null default private.actor_name(),
  submitted_by_user_id uuid,
  assigned_to text,
  assigned_to_user_id uuid,
  tags text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  resolved_by text,
  resolved_by_user_id uuid,
  resolved_at timestamptz,
  archived_at timestamptz,
  ready_for_delivery boolean,
  is_test boolean not null default false,
  constraint issues_pkey primary key (id),
  constraint issues_seq_id_key unique (seq_id),
  constraint issues_submitted_by_user_id_fkey foreign key (submitted_by_user_id)
    references auth.users (id) on delete set null,
  constraint issues_assigned_to_user_id_fkey foreign key (assigned_to_user_id)
    references auth.users (id) on delete set null,
  constraint issues_resolved_by_user_id_fkey foreign key (resolved_by_user_id)
    references auth.users (id) on delete set null,
  constraint issues_seq_id_is_positive check (seq_id > 0),
  constraint issues_title_is_not_blank
    check (title ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint issues_created_at_is_finite check (isfinite(created_at)),
  constraint issues_status_is_known
    check (status in ('waiting_for_help', 'in_progress', 'resolved', 'blocked', 'archived')),
  constraint issues_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  -- An archived issue that was resolved keeps resolved_at and resolved_by.
  constraint issues_resolved_at_matches_status check (
    case status
      when 'resolved' then resolved_at is not null
      when 'archived' then true
      else resolved_at is null
    end
  ),
  constraint issues_resolved_by_matches_resolved_at check ((resolved_by is null) = (resolved_at is null)),
  constraint issues_archived_at_matches_status check ((archived_at is not null) = (status = 'archived'))
);
-- A trigger assigns the numbers. A default would use up a number for each upsert of an existing row, and
-- would give way to any number that a client sends.
create sequence public.issues_seq_id_seq as integer owned by public.issues.seq_id;

comment on table public.issues is
  'Tracked issues. Null in a column that is not nullable is treated as if the column were left out. Errors '
  'on write: tracker_status_invalid, tracker_segment_invalid, tracker_assignee_invalid (422), '
  'team_role_required (403).';
comment on column public.issues.seq_id is
  'The number by which people refer to the issue: unique, assigned by the database. Only servers may set it.';
comment on column public.issues.status is
  'waiting_for_help, in_progress, blocked, resolved or archived. Every change is allowed, and logged '
  'in issue_status_logs.';
comment on column public.issues.segment is
  'auth, code, tool or misc. Null or left out on insert: determine_segment() sets it.';
comment on column public.issues.submitted_by is
  'Display name of the person who asked, for example a community member.';
comment on column public.issues.submitted_by_user_id is
  'The account that created the issue, set by the database; null for a server or an import.';
comment on column public.issues.assigned_to is 'Display name of the assignee.';
comment on column public.issues.assigned_to_user_id is
  'The team member with the name in assigned_to. Setting one of the two columns sets the other; if they '
  'contradict each other, this one wins. Null when no member, or more than one, has the name.';
comment on column public.issues.tags is
  'Sorted, without duplicates. issue_tags has the same tags as rows: write either one.';
comment on column public.issues.resolved_by is
  'Display name of the person who resolved it: as sent with the change, else the caller. '
  'Cleared on reopening.';
comment on column public.issues.resolved_by_user_id is 'The account that resolved it, set by the database.';
comment on column public.issues.resolved_at is
  'When it was resolved, set by the database. Cleared on reopening.';
comment on column public.issues.archived_at is
  'When it was archived; not null exactly while the status is archived.';
comment on column public.issues.ready_for_delivery is
  'Whether the fix may be delivered; null when undecided.';
comment on column public.issues.is_test is
  'Test data, which cleanup_legacy_test_data() deletes after some days. Agents may create a test issue; only '
  'admins and servers may mark an existing issue as one.';

create index issues_submitted_by_user_id_idx on public.issues (submitted_by_user_id);
create index issues_assigned_to_user_id_idx on public.issues (assigned_to_user_id);
create index issues_resolved_by_user_id_idx on public.issues (resolved_by_user_id);
-- The lists that people open: the newest, those of one status, those of one assignee, open ones by age.
create index issues_created_at_idx on public.issues (created_at);
create index issues_status_created_at_idx on public.issues (status, created_at);
create index issues_assigned_to_created_at_idx on public.issues (assigned_to, created_at)
  where assigned_to is not null;
-- With the id, so that they are counted without reading them.
create index issues_open_created_at_idx on public.issues (created_at) include (id)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test;
-- The caller's own open ones. No import and no new issue without an assignee writes it.
create index issues_open_assigned_to_user_id_created_at_idx on public.issues (assigned_to_user_id, created_at)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test
    and assigned_to_user_id is not null;
-- Titles that contain the typed text: for search_issues, since under row security the API's own `ilike` can't
-- reach it.
create index issues_title_idx on public.issues using gin (title extensions.gin_trgm_ops);
create index issues_test_created_at_idx on public.issues (created_at) where is_test;

create trigger _000_require_agent before insert or update on public.issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');

alter table public.issues enable row level security;
create policy issues_select_viewer on public.issues
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy issues_insert_agent on public.issues
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy issues_update_agent on public.issues
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy issues_delete_admin on public.issues
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.issues to authenticated;
grant insert (
  id, seq_id, title, description, status, segment, submitted_by, submitted_by_user_id,
  assigned_to, assigned_to_user_id, tags, created_at, updated_at, resolved_by, resolved_by_user_id,
  resolved_at, archived_at, ready_for_delivery, is_test
) on public.issues to authenticated;
grant update (
  id, seq_id, title, description, status, segment, submitted_by, submitted_by_user_id,
  assigned_to, assigned_to_user_id, tags, created_at, updated_at, resolved_by, resolved_by_user_id,
  resolved_at, archived_at, ready_for_delivery, is_test
) on public.issues to authenticated;
grant select, insert, update, delete on public.issues to service_role;

-- 20_tracker/10_issues/20_issue_numbers.sql
-- The first trigger of an insert: gives a new issue its number, and completes an upsert with the stored
-- values.

-- PostgREST's upsert is `insert … on conflict (id) do update set <each column sent> = excluded.…`, and
-- `excluded` is the row as before-insert triggers left it. For an existing row they must not fill in a value
-- that would then overwrite the stored one, and null in a not-null column would fail before the conflict is
-- detected: so null becomes the stored value. The row is locked as the update will lock it, which keeps that
-- value current until the update runs.
create or replace function private.complete_issue_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.issues;
begin
  select * into v_old from public.issues as i where i.id = new.id for update;
  if found then
    new.seq_id := coalesce(nullif(new.seq_id, 0), v_old.seq_id);
    new.status := coalesce(new.status, v_old.status);
    new.is_test := coalesce(new.is_test, v_old.is_test);
    new.description := coalesce(new.description, v_old.description);
    new.segment := coalesce(new.segment, v_old.segment);
    new.tags := coalesce(new.tags, v_old.tags);
    new.submitted_by := coalesce(private.non_blank(new.submitted_by), v_old.submitted_by);
    new.resolved_by := coalesce(private.non_blank(new.resolved_by), v_old.resolved_by);
  elsif private.is_trusted_caller() and new.seq_id <> 0 then
    perform private.advance_sequence('public.issues_seq_id_seq', new.seq_id);
  else
    new.seq_id := nextval('public.issues_seq_id_seq')::integer;
  end if;
  return new;
end;
$$;
comment on function private.complete_issue_upsert is
  'First before-insert trigger: assigns the number of a new issue; for an upsert of an existing one, '
  'replaces nulls with the stored values.';

create trigger _010_complete_issue_upsert before insert on public.issues
  for each row execute function private.complete_issue_upsert();
create trigger _050_reject_key_change before update on public.issues
  for each row when (old.id is distinct from new.id or old.seq_id is distinct from new.seq_id)
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.issues
  for each row execute function private.set_timestamps();

-- 20_tracker/10_issues/30_issue_values.sql
-- The values of an issue: defaults for null, allowed statuses and segments, sorted tags, who may set is_test.

create or replace function private.sorted_tags(p_tags text[]) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_tag text;
  v_last text := '';
  v_is_sorted boolean := array_ndims(p_tags) = 1 and array_lower(p_tags, 1) = 1;
begin
  if coalesce(p_tags, '{}') = '{}' then
    return '{}'::text[];
  end if;
  foreach v_tag in array p_tags loop
    v_is_sorted := v_is_sorted and v_tag > v_last collate "C" and private.non_blank(v_tag) = v_tag;
    exit when v_is_sorted is not true;
    v_last := v_tag;
  end loop;
  if v_is_sorted then
    return p_tags;
  end if;
  return (
    select coalesce(array_agg(distinct v.tag collate "C" order by v.tag collate "C"), '{}')
    from unnest(p_tags) as t (tag)
    cross join lateral private.non_blank(t.tag) as v (tag)
    where v.tag is not null
  );
end;
$$;
comment on function private.sorted_tags is 'The tags trimmed and sorted, without blanks and duplicates.';

create or replace function private.check_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['waiting_for_help', 'in_progress', 'resolved', 'blocked', 'archived'];
  v_segments constant text[] := array['auth', 'code', 'tool', 'misc'];
begin
  new.description := coalesce(new.description, old.description, '');
  new.status := coalesce(new.status, old.status, 'waiting_for_help');
  new.is_test := coalesce(new.is_test, old.is_test, false);
  new.tags := private.sorted_tags(coalesce(new.tags, old.tags));
  new.segment := coalesce(
    new.segment, old.segment, private.determine_segment(new.title, new.description)
  );
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'tracker_status_invalid',
      detail = format('%L is not a valid status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  if new.segment <> all (v_segments) then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_invalid',
      detail = format('%L is not a valid segment.', new.segment),
      hint = 'Use one of: ' || array_to_string(v_segments, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_issue is
  'Before trigger: fills in what was left out or null, sorts the tags, checks status and segment. Errors: '
  'tracker_status_invalid, tracker_segment_invalid (422).';

-- A nightly job deletes old test issues, so marking an existing issue as one is for admins to decide.
create or replace function private.check_test_flag() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  return new;
end;
$$;
comment on function private.check_test_flag is
  'Before-update trigger for issues that become test data. Errors: team_role_required (403).';

create trigger _100_check_issue before insert on public.issues
  for each row execute function private.check_issue();
create trigger _110_check_issue before update on public.issues
  for each row when (
    old.status is distinct from new.status or old.segment is distinct from new.segment
    or old.tags is distinct from new.tags or new.description is null or new.is_test is null
  )
  execute function private.check_issue();
create trigger _120_check_test_flag before update on public.issues
  for each row when (new.is_test and not old.is_test) execute function private.check_test_flag();

-- 20_tracker/10_issues/40_issue_resolution.sql
-- When and by whom an issue was resolved or archived.

-- Clients send resolved_at, resolved_by and archived_at themselves, but the status decides what is stored.
-- Only a trusted caller's insert may set times in the past.
create or replace function private.sync_issue_resolution() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_imported constant boolean := tg_op = 'INSERT' and private.is_trusted_caller();
begin
  if new.status = 'archived' then
    new.archived_at := coalesce(
      old.archived_at, case when v_imported then new.archived_at end, clock_timestamp()
    );
  else
    new.archived_at := null;
  end if;
  if new.status = 'resolved'
    or new.status = 'archived' and (old.resolved_at is not null or v_imported and new.resolved_at is not null)
  then
    new.resolved_by_user_id := case
      when old.resolved_at is not null
        then private.resolve_account_change(old.resolved_by_user_id, new.resolved_by_user_id)
      when private.is_trusted_caller() then new.resolved_by_user_id
      else auth.uid()
    end;
    new.resolved_at := coalesce(
      old.resolved_at, case when v_imported then new.resolved_at end, clock_timestamp()
    );
    new.resolved_by := coalesce(private.non_blank(new.resolved_by), old.resolved_by, private.actor_name());
  else
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_user_id := null;
  end if;
  return new;
end;
$$;
comment on function private.sync_issue_resolution is
  'Before trigger: derives resolved_at, resolved_by and archived_at from the status, whatever '
  'the client sent.';

create trigger _200_sync_issue_resolution before insert on public.issues
  for each row execute function private.sync_issue_resolution();
create trigger _210_sync_issue_resolution before update on public.issues
  for each row when (
    (old.status, old.resolved_at, old.resolved_by, old.resolved_by_user_id, old.archived_at)
    is distinct from (new.status, new.resolved_at, new.resolved_by, new.resolved_by_user_id, new.archived_at)
  )
  execute function private.sync_issue_resolution();

-- 20_tracker/10_issues/50_issue_people.sql
-- The people of an issue: display names next to the accounts that they belong to.

create or replace function private.set_issue_people() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_assigned_to constant text := private.non_blank(new.assigned_to);
  v_text_changed constant boolean := v_assigned_to is distinct from old.assigned_to;
begin
  new.assigned_to := v_assigned_to;
  new.submitted_by := coalesce(private.non_blank(new.submitted_by), old.submitted_by, private.actor_name());
  if tg_op = 'UPDATE' then
    new.submitted_by_user_id := private.resolve_account_change(
      old.submitted_by_user_id, new.submitted_by_user_id
    );
  elsif not private.is_trusted_caller() then
    new.submitted_by_user_id := auth.uid();
  end if;

  if new.assigned_to_user_id is distinct from old.assigned_to_user_id then
    if new.assigned_to_user_id is not null then
      -- If name and account contradict each other, the account wins: it can't be mistyped.
      new.assigned_to := private.member_name(new.assigned_to_user_id);
      if new.assigned_to is null then
        raise exception using
          errcode = 'PT422', message = 'tracker_assignee_invalid',
          detail = 'assigned_to_user_id is not the account of a team member.',
          hint = 'Choose a team member, or give only a name in assigned_to.';
      end if;
    elsif not v_text_changed
      and exists (select from auth.users as u where u.id = old.assigned_to_user_id)
    then
      new.assigned_to := null;
    end if;
  elsif v_text_changed then
    new.assigned_to_user_id := (
      select case when count(*) = 1 then min(m.user_id::text)::uuid end
      from public.team_members as m
      where private.member_name(m.user_id) = new.assigned_to
    );
  end if;
  return new;
end;
$$;
comment on function private.set_issue_people is
  'Before trigger: sets who created the issue, and makes assigned_to and its account agree. Errors: '
  'tracker_assignee_invalid (422).';

create trigger _300_set_issue_people before insert on public.issues
  for each row execute function private.set_issue_people();
create trigger _310_set_issue_people before update on public.issues
  for each row when (
    (old.submitted_by, old.submitted_by_user_id, old.assigned_to, old.assigned_to_user_id)
    is distinct from (new.submitted_by, new.submitted_by_user_id, new.assigned_to, new.assigned_to_user_id)
  )
  execute function private.set_issue_people();

-- 20_tracker/10_issues/60_comments.sql
-- The team's conversation about an issue.

create table public.comments (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  author_name text not null default private.actor_name(),
  author_user_id uuid,
  body text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint comments_pkey primary key (id),
  constraint comments_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint comments_author_user_id_fkey foreign key (author_user_id)
    references auth.users (id) on delete set null,
  constraint comments_body_is_not_blank
    check (body ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint comments_created_at_is_finite check (isfinite(created_at))
);
comment on table public.comments is
  'Comments on issues. Agents write them; only the author or an admin may change or delete one.';
comment on column public.comments.author_name is 'Display name of the author; the caller''s when left out.';
comment on column public.comments.author_user_id is
  'The author''s account, set by the database; null for a server or an import.';

-- The first entry for an issue is its latest comment.
create index comments_issue_id_created_at_id_idx on public.comments (issue_id, created_at desc, id desc);
create index comments_author_user_id_idx on public.comments (author_user_id);
create index comments_created_at_idx on public.comments (created_at);

create or replace function private.set_comment_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_name text;
begin
  if tg_op = 'INSERT' then
    -- An upsert of an existing comment without a name keeps the stored name (see complete_issue_upsert).
    select c.author_name into v_stored_name from public.comments as c where c.id = new.id for update;
  end if;
  new.author_name := coalesce(
    private.non_blank(new.author_name), old.author_name, v_stored_name, private.actor_name()
  );
  if tg_op = 'UPDATE' then
    if new.author_user_id is distinct from old.author_user_id then
      new.author_user_id := private.resolve_account_change(old.author_user_id, new.author_user_id);
    end if;
  elsif not private.is_trusted_caller() then
    new.author_user_id := auth.uid();
  end if;
  return new;
end;
$$;
comment on function private.set_comment_author is
  'Before trigger: sets the author''s account, and the name when it was left out.';

create trigger _000_require_agent before insert or update or delete on public.comments
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _050_reject_key_change before update on public.comments
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.reject_key_change();
create trigger _200_set_comment_author before insert or update on public.comments
  for each row execute function private.set_comment_author();
create trigger _900_set_timestamps before insert or update on public.comments
  for each row execute function private.set_timestamps();

alter table public.comments enable row level security;
create policy comments_select_viewer on public.comments
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy comments_insert_agent on public.comments
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy comments_update_author on public.comments
  for update to authenticated
  using (
    (select private.has_team_role('agent'))
    and (author_user_id = (select auth.uid()) or (select private.has_team_role('admin')))
  )
  with check ((select private.has_team_role('agent')));
create policy comments_delete_author on public.comments
  for delete to authenticated
  using (
    (select private.has_team_role('agent'))
    and (author_user_id = (select auth.uid()) or (select private.has_team_role('admin')))
  );

grant select, delete on public.comments to authenticated;
grant insert (id, issue_id, author_name, author_user_id, body, created_at, updated_at)
  on public.comments to authenticated;
grant update (id, issue_id, author_name, author_user_id, body, created_at, updated_at)
  on public.comments to authenticated;
grant select, insert, update, delete on public.comments to service_role;

-- 20_tracker/10_issues/70_issue_status_logs.sql
-- Every change of an issue's status and who made it, written only by a trigger.

create table public.issue_status_logs (
  id uuid not null default gen_random_uuid(),
  issue_id uuid not null,
  old_status text,
  new_status text not null,
  changed_by text,
  changed_by_user_id uuid,
  changed_at timestamptz not null default clock_timestamp(),
  constraint issue_status_logs_pkey primary key (id),
  constraint issue_status_logs_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete cascade,
  constraint issue_status_logs_changed_by_user_id_fkey foreign key (changed_by_user_id)
    references auth.users (id) on delete set null,
  constraint issue_status_logs_old_status_differs check (old_status is distinct from new_status)
);
comment on table public.issue_status_logs is
  'One row per change of status, whatever client made it, bulk updates included. Read-only for clients; a '
  'trigger writes it.';
comment on column public.issue_status_logs.old_status is 'Null in the row for the creation of the issue.';
comment on column public.issue_status_logs.changed_by is
  'Display name of the person who changed it: of the signed-in account, else the setting '
  'app.actor, else "system".';
comment on column public.issue_status_logs.changed_by_user_id is
  'The account that changed it; null for a server or an import.';

create index issue_status_logs_issue_id_changed_at_idx
  on public.issue_status_logs (issue_id, changed_at desc);
create index issue_status_logs_changed_by_user_id_idx on public.issue_status_logs (changed_by_user_id);
create index issue_status_logs_changed_at_idx on public.issue_status_logs (changed_at);

create or replace function private.log_issue_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id uuid := auth.uid();
begin
  -- A token can outlive its account; the change is logged without one then.
  if v_user_id is not null and not exists (select from auth.users as u where u.id = v_user_id) then
    v_user_id := null;
  end if;
  insert into public.issue_status_logs (issue_id, old_status, new_status, changed_by, changed_by_user_id)
  values (new.id, old.status, new.status, private.actor_name(), v_user_id);
  return null;
end;
$$;
comment on function private.log_issue_status is
  'After trigger of issues: the only writer of issue_status_logs.';

create trigger _100_log_issue_status after insert on public.issues
  for each row execute function private.log_issue_status();
create trigger _110_log_issue_status after update on public.issues
  for each row when (old.status is distinct from new.status) execute function private.log_issue_status();

alter table public.issue_status_logs enable row level security;
create policy issue_status_logs_select_viewer on public.issue_status_logs
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.issue_status_logs to authenticated, service_role;

-- 20_tracker/10_issues/80_tags.sql
-- Tags: the list of all tags, and the locks that keep issues.tags and the rows of issue_tags in step.
--
-- issues.tags (an array) and issue_tags (rows) hold the same tags. The trigger of each writes only the
-- difference to the other, so that the other's trigger finds nothing left to do.
--
-- Lock order: first the issue, then tags and rows of issue_tags. An insert into issue_tags locks the issue
-- first, as an update of the array does. A delete can't do that: PostgreSQL locks the deleted row before any
-- trigger runs. So deletes of issue_tags, tags and issues are serialized by one advisory lock, and a
-- statement that holds the lock of an issue never waits for a row or tag of it that another transaction is
-- deleting: it skips them, and that transaction completes the change. Statements that write the tags of one
-- issue, and such deletes, therefore don't deadlock. A transaction that writes the tags of several issues
-- still can, with one that writes them in another order or with a delete that affects several of them:
-- PostgreSQL aborts one with 40P01, and it can be retried.

create table public.tags (
  name text not null,
  created_at timestamptz not null default now(),
  constraint tags_pkey primary key (name),
  constraint tags_name_is_trimmed check (name = btrim(name)),
  constraint tags_name_is_not_blank
    check (name ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint tags_name_is_short check (length(name) <= 200)
);
comment on table public.tags is 'All tags. Adding a new tag to an issue creates its row.';

-- Between `on conflict do nothing` and the insert of the referencing row, another session may delete the tag.
create or replace function private.ensure_tags(p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_locked_count integer;
begin
  loop
    perform from public.tags as t where t.name = any (p_names)
    order by t.name collate "C"
    for key share;
    get diagnostics v_locked_count = row_count;
    exit when v_locked_count = cardinality(p_names);
    insert into public.tags (name)
    select u.name from unnest(p_names) as u (name) order by u.name collate "C"
    on conflict on constraint tags_pkey do nothing;
  end loop;
end;
$$;
comment on function private.ensure_tags is
  'Creates the tags that don''t exist and locks all of them, given once each, against deletion.';

create or replace function private.lock_issue_deletes() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.lock_issue_deletes is
  'Before-statement trigger: serializes deletes of issue_tags, tags and issues.';

create trigger _000_require_agent before insert or update on public.tags
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.tags
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _010_lock_issue_deletes before delete on public.tags
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
create trigger _050_reject_key_change before update on public.tags
  for each row when (old.name is distinct from new.name) execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.tags
  for each row execute function private.set_created_at();
create trigger _010_lock_issue_deletes before delete on public.issues
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();

alter table public.tags enable row level security;
create policy tags_select_viewer on public.tags
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tags_insert_agent on public.tags
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy tags_update_agent on public.tags
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy tags_delete_admin on public.tags
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.tags to authenticated;
grant insert (name, created_at), update (name, created_at) on public.tags to authenticated;
grant select, insert, update, delete on public.tags to service_role;

-- 20_tracker/10_issues/82_issue_tags.sql
-- The tags of an issue as rows. A change of the rows updates the array issues.tags.

create table public.issue_tags (
  issue_id uuid not null,
  tag_name text not null,
  constraint issue_tags_pkey primary key (issue_id, tag_name),
  constraint issue_tags_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint issue_tags_tag_name_fkey foreign key (tag_name) references public.tags (name) on delete cascade
);
comment on table public.issue_tags is 'The tags of each issue, as in issues.tags: write either one.';

create index issue_tags_tag_name_idx on public.issue_tags (tag_name);

create or replace function private.lock_tagged_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    perform from public.issues as i where i.id = old.issue_id for no key update;
    return old;
  end if;
  perform from public.issues as i where i.id = new.issue_id for no key update;
  new.tag_name := coalesce(private.non_blank(new.tag_name), '');
  perform private.ensure_tags(array[new.tag_name]);
  return new;
end;
$$;
comment on function private.lock_tagged_issue is
  'Before trigger of issue_tags: locks the issue, then creates the tag if it is new.';

create or replace function private.sync_tag_row_to_array() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    update public.issues as i set tags = private.sorted_tags(i.tags || new.tag_name)
    where i.id = new.issue_id and new.tag_name <> all (i.tags);
  elsif tg_op = 'DELETE' then
    update public.issues as i set tags = array_remove(i.tags, old.tag_name)
    where i.id = old.issue_id and old.tag_name = any (i.tags);
  else
    update public.issues as i set tags = '{}' where i.tags <> '{}';
  end if;
  return null;
end;
$$;
comment on function private.sync_tag_row_to_array is
  'After trigger of issue_tags, for truncate too: updates issues.tags.';

create trigger _000_require_agent before insert or update or delete on public.issue_tags
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _010_lock_issue_deletes before delete on public.issue_tags
  for each statement when (pg_trigger_depth() = 0) execute function private.lock_issue_deletes();
-- Rows that a trigger inserts come from the array; their issue and tags are locked already.
create trigger _020_lock_tagged_issue before insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.lock_tagged_issue();
create trigger _030_lock_tagged_issue before delete on public.issue_tags
  for each row execute function private.lock_tagged_issue();
create trigger _050_reject_key_change before update on public.issue_tags
  for each row when ((old.issue_id, old.tag_name) is distinct from (new.issue_id, new.tag_name))
  execute function private.reject_key_change();
create trigger _200_sync_tag_row_to_array after insert on public.issue_tags
  for each row when (pg_trigger_depth() = 0) execute function private.sync_tag_row_to_array();
create trigger _210_sync_tag_row_to_array after delete on public.issue_tags
  for each row execute function private.sync_tag_row_to_array();
create trigger _220_sync_tag_row_to_array after truncate on public.issue_tags
  for each statement execute function private.sync_tag_row_to_array();

alter table public.issue_tags enable row level security;
create policy issue_tags_select_viewer on public.issue_tags
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy issue_tags_insert_agent on public.issue_tags
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy issue_tags_update_agent on public.issue_tags
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy issue_tags_delete_agent on public.issue_tags
  for delete to authenticated using ((select private.has_team_role('agent')));

grant select, delete on public.issue_tags to authenticated;
grant insert (issue_id, tag_name), update (issue_id, tag_name) on public.issue_tags to authenticated;
grant select, insert, update, delete on public.issue_tags to service_role;

-- 20_tracker/10_issues/84_issue_tag_array.sql
-- The tags of an issue as the array issues.tags. A change of the array updates the rows of issue_tags.

create or replace function private.sync_new_tag_array_to_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row_count integer;
begin
  insert into public.issue_tags (issue_id, tag_name)
  select new.id, t.name from public.tags as t where t.name = any (new.tags)
  order by t.name collate "C"
  for key share
  on conflict on constraint issue_tags_pkey do nothing;
  get diagnostics v_row_count = row_count;
  if v_row_count < cardinality(new.tags) then
    perform private.ensure_tags(new.tags);
    insert into public.issue_tags (issue_id, tag_name)
    select new.id, u.name from unnest(new.tags) as u (name)
    on conflict on constraint issue_tags_pkey do nothing;
  end if;
  return null;
end;
$$;
comment on function private.sync_new_tag_array_to_rows is
  'After-insert trigger of issues with tags: inserts their rows into issue_tags, and new tags.';

-- The row is read again, because a statement that writes both the array and the rows may have changed it
-- since this trigger was queued. A tag whose row another transaction is deleting stays in the array: that
-- transaction removes it, or rolls back and the tag stays.
create or replace function private.sync_changed_tag_array_to_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_tags text[];
  v_new text[];
  v_deleting text[];
begin
  select i.tags into v_tags from public.issues as i where i.id = new.id;
  if not found then
    return null;
  end if;
  delete from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name in (
    select l.tag_name from public.issue_tags as l
    where l.issue_id = new.id and l.tag_name = any (old.tags) and l.tag_name <> all (v_tags)
    for update skip locked
  );
  v_new := array(
    select u.name from unnest(v_tags) as u (name)
    where not exists (
      select from public.issue_tags as t where t.issue_id = new.id and t.tag_name = u.name
    )
    order by u.name collate "C"
  );
  perform private.ensure_tags(v_new);
  insert into public.issue_tags (issue_id, tag_name) select new.id, u.name from unnest(v_new) as u (name)
  on conflict on constraint issue_tags_pkey do nothing;
  select array_agg(t.tag_name) into v_deleting
  from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name <> all (v_tags);
  if v_deleting is not null then
    update public.issues as i set tags = private.sorted_tags(i.tags || v_deleting) where i.id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_changed_tag_array_to_rows is
  'After-update trigger of issues whose tags changed: deletes and inserts rows of issue_tags, and '
  'inserts new tags.';

create trigger _200_sync_new_tag_array_to_rows after insert on public.issues
  for each row when (new.tags <> '{}') execute function private.sync_new_tag_array_to_rows();
create trigger _210_sync_changed_tag_array_to_rows after update on public.issues
  for each row when (old.tags is distinct from new.tags)
  execute function private.sync_changed_tag_array_to_rows();

-- 20_tracker/10_issues/90_user_sessions.sql
-- The profile that a signed-in team member uses, and when the member was last active.

create table public.user_sessions (
  id uuid not null default gen_random_uuid(),
  user_id uuid default auth.uid(),
  profile_name text not null default private.actor_name(),
  profile_role text default private.team_role(),
  created_at timestamptz not null default now(),
  last_active timestamptz not null default now(),
  constraint user_sessions_pkey primary key (id),
  constraint user_sessions_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
comment on table public.user_sessions is
  'Sessions of team members. Members read and write their own; admins read all.';
comment on column public.user_sessions.user_id is
  'The account; null for sessions that a server inserted without one.';
comment on column public.user_sessions.profile_role is
  'The role shown with the profile. It grants nothing: rights come from team_members.';

create index user_sessions_user_id_idx on public.user_sessions (user_id);

create trigger _000_require_viewer before insert or update on public.user_sessions
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('viewer');
create trigger _000_require_admin before delete on public.user_sessions
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.user_sessions
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.user_sessions
  for each row execute function private.set_created_at();

alter table public.user_sessions enable row level security;
create policy user_sessions_select_own on public.user_sessions
  for select to authenticated using (
    (select private.has_team_role('viewer'))
    and (user_id = (select auth.uid()) or (select private.has_team_role('admin')))
  );
create policy user_sessions_insert_own on public.user_sessions
  for insert to authenticated
  with check ((select private.has_team_role('viewer')) and user_id = (select auth.uid()));
create policy user_sessions_update_own on public.user_sessions
  for update to authenticated
  using ((select private.has_team_role('viewer')) and user_id = (select auth.uid()))
  with check ((select private.has_team_role('viewer')) and user_id = (select auth.uid()));
create policy user_sessions_delete_admin on public.user_sessions
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.user_sessions to authenticated;
grant insert (id, user_id, profile_name, profile_role, created_at, last_active)
  on public.user_sessions to authenticated;
grant update (id, user_id, profile_name, profile_role, created_at, last_active)
  on public.user_sessions to authenticated;
grant select, insert, update, delete on public.user_sessions to service_role;

-- 20_tracker/10_issues/92_touch_user_session.sql
-- Records that a team member is active, and the profile in use.

create or replace function private.touch_user_session(p_profile_name text, p_profile_role text)
returns public.user_sessions
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_session public.user_sessions;
begin
  perform private.require_team_role('viewer');
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A session belongs to an account.',
      hint = 'Call with the token of a signed-in team member.';
  end if;
  -- Two browser tabs that open concurrently: the second waits here, then finds the session of the first.
  perform pg_advisory_xact_lock(hashtextextended('public.user_sessions ' || v_user_id, 0));
  update public.user_sessions as s
  set last_active = clock_timestamp(),
    profile_name = coalesce(private.non_blank(p_profile_name), s.profile_name),
    profile_role = coalesce(private.non_blank(p_profile_role), s.profile_role)
  where s.id = (
    select l.id from public.user_sessions as l
    where l.user_id = v_user_id and l.last_active > clock_timestamp() - interval '30 minutes'
    order by l.last_active desc, l.id
    limit 1
  )
  returning * into v_session;
  if not found then
    insert into public.user_sessions (user_id, profile_name, profile_role, created_at, last_active)
    values (
      v_user_id, coalesce(private.non_blank(p_profile_name), private.actor_name()),
      coalesce(private.non_blank(p_profile_role), private.team_role()), clock_timestamp(), clock_timestamp()
    )
    returning * into v_session;
  end if;
  return v_session;
end;
$$;
grant execute on function private.touch_user_session to authenticated, service_role;

create or replace function public.touch_user_session(
  profile_name text default null, profile_role text default null
) returns public.user_sessions
language sql volatile security invoker set search_path = ''
begin atomic
  select private.touch_user_session(touch_user_session.profile_name, touch_user_session.profile_role);
end;
comment on function public.touch_user_session is
  'Updates the caller''s session if it was active within the last 30 minutes, else starts a new one. Without '
  'profile_name or profile_role the session keeps its own; a new one takes those of the team. Concurrent '
  'calls are safe. Team members. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.touch_user_session to authenticated, service_role;

-- 20_tracker/20_triage/10_tracker_settings.sql
-- The settings of the tracker, changed by admins.

create table public.tracker_settings (
  id boolean not null default true,
  triage_threshold double precision not null default 0.8,
  triage_precision double precision,
  event_retention_days integer not null default 90,
  assist_daily_calls integer not null default 0,
  assist_daily_characters integer not null default 1000000,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tracker_settings_pkey primary key (id),
  constraint tracker_settings_is_one_row check (id),
  constraint tracker_settings_triage_threshold_is_a_share
    check (triage_threshold > 0 and triage_threshold <= 1),
  constraint tracker_settings_triage_precision_is_a_share
    check (triage_precision > 0 and triage_precision <= 1),
  -- At most a hundred years: larger intervals could leave the range of timestamps.
  constraint tracker_settings_event_retention_days_is_bounded
    check (event_retention_days between 1 and 36500),
  constraint tracker_settings_assist_daily_calls_is_bounded
    check (assist_daily_calls between 0 and 100000),
  constraint tracker_settings_assist_daily_characters_is_bounded
    check (assist_daily_characters between 0 and 400000000)
);
comment on table public.tracker_settings is
  'The settings of the tracker: exactly one row, never inserted or deleted by clients. Team members read it, '
  'admins change it.';
comment on column public.tracker_settings.id is 'Always true.';
comment on column public.tracker_settings.triage_threshold is
  'The lowest likelihood, above 0 and up to 1, at which triage makes a message an issue on its own.';
comment on column public.tracker_settings.triage_precision is
  'The share of what triage makes issues on its own that should be issues, above 0 and up to 1: sets '
  'triage_threshold, again every night. Null leaves the threshold as it is.';
comment on column public.tracker_settings.event_retention_days is
  'For how many days the raw body of a webhook call is kept after it was processed. Bodies that could not be '
  'processed are kept.';
comment on column public.tracker_settings.assist_daily_calls is
  'How many requests triage-assist may send to the model per day, in UTC; 0, the default, turns it off.';
comment on column public.tracker_settings.assist_daily_characters is
  'How many characters of messages these requests may contain together per day.';

create trigger _000_require_admin before update on public.tracker_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on public.tracker_settings
  for each row execute function private.set_timestamps();

alter table public.tracker_settings enable row level security;
create policy tracker_settings_select_viewer on public.tracker_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tracker_settings_update_admin on public.tracker_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.tracker_settings to authenticated;
grant update (
  id, triage_threshold, triage_precision, event_retention_days, assist_daily_calls, assist_daily_characters,
  created_at, updated_at
) on public.tracker_settings to authenticated;
grant select, update on public.tracker_settings to service_role;

insert into public.tracker_settings default values;

-- 20_tracker/20_triage/12_triage_text.sql
-- A message as triage reads it: words in lower case and signs that mean something, separated by blanks.

-- Letters as people type them: accents, widths and kinds of quotes don't matter. The marks that Japanese and
-- Korean letters are made of stay. Most texts are ASCII and need none of this.
create or replace function private.plain_letters(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if octet_length(v_text) = length(v_text) then
    return v_text;
  end if;
  v_text := replace(translate(
    v_text, U&'\2018\2019\02BC\201C\201D\201E\00AB\00BB\300C\300D'
      || U&'\2013\2014\00A0\2192\3001\3002\00BF\00A1\2022',
    E'\'\'\'"""""""-- > .  *'
  ), U&'\2026', '...');
  if octet_length(v_text) = length(v_text) then
    return v_text;
  end if;
  v_text := normalize(regexp_replace(
    normalize(v_text, nfkd), '[\u0300-\u036f\u0640\u064b-\u065f\u200b-\u200f\ufe0f]+', '', 'g'
  ), nfc);
  v_text := regexp_replace(v_text, '([\u2190-\u2bff\U0001f000-\U0001faff])', ' \1 ', 'g');
  if strpos(v_text, U&'\0627\0644') > 0 then
    v_text := regexp_replace(v_text, '\m\u0627\u0644(?=\w{2})', '', 'g');
  end if;
  return v_text;
end;
$$;
comment on function private.plain_letters is
  'A text without accents, typographic signs and the Arabic article, with blanks around each emoji.';

-- Addresses, code and logs count as what they are, not as what is in them. Each step looks for its sign
-- first, which costs a tenth of a regular expression.
create or replace function private.mark_parts(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if strpos(v_text, E'\n') > 0 then
    v_text := regexp_replace(v_text, '\n[ \t]+(at|File) [^\n]*', E'\n xtrace ', 'g');
    v_text := regexp_replace(v_text, '\n[ \t]*([-*]|[[:digit:]]+[.)]) ', E'\n xlist ', 'g');
    v_text := replace(v_text, E'\n>', E'\n xcite ');
  end if;
  if left(v_text, 2) = '> ' then
    v_text := 'xcite ' || substr(v_text, 3);
  end if;
  if strpos(v_text, '`') > 0 then
    v_text := replace(replace(v_text, '```', ' xfence '), '`', ' xcode ');
  end if;
  if strpos(v_text, '@') > 0 then
    v_text := regexp_replace(v_text, '[\w.+-]+@[\w-]+\.[\w.-]+', ' xmail ', 'g');
    v_text := regexp_replace(v_text, '(^|\s)@\w+', ' xat ', 'g');
  end if;
  if strpos(v_text, '://') > 0 or strpos(v_text, 'www.') > 0 then
    v_text := regexp_replace(v_text, '(https?://|www\.)\S+', ' xurl ', 'g');
  end if;
  if v_text ~ '[^\s.]\.[a-z]' then
    v_text := regexp_replace(
      v_text, '\m[\w.-]+\.(com|org|net|io|dev|example|app)\M(/\S*)?', ' xurl ', 'g'
    );
    v_text := regexp_replace(
      v_text,
      '\.([tj]sx?|json|py|ya?ml|md|css|html?|csv|pdf|env|sh|go|rs|sql|php|toml|xlsx?|zip|png|jpe?g)\M',
      ' xfile ', 'g'
    );
  end if;
  if strpos(v_text, '_') > 0 or v_text ~ '[a-z][A-Z]|\(\)' then
    v_text := regexp_replace(v_text, '([a-z])(?=[A-Z])', '\1 xname ', 'g');
    v_text := replace(replace(v_text, '_', ' xname '), '()', ' xname ');
  end if;
  return replace(v_text, '...', ' xdots ');
end;
$$;
comment on function private.mark_parts is
  'A text whose addresses, names of code, files, lists, quotes and lines of a stack trace are words that '
  'begin with an x.';

create or replace function private.mark_numbers(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if v_text !~ '[[:digit:]]' then
    return v_text;
  end if;
  v_text := regexp_replace(v_text, '\m[45][[:digit:]][[:digit:]]\M', 'xhttp', 'g');
  v_text := regexp_replace(v_text, '[[:digit:]]+', '0', 'g');
  v_text := replace(replace(v_text, '0:0', ' xtime '), '0,0', '0');
  v_text := replace(replace(v_text, '0.0.0', ' xversion '), '0.0', '0');
  v_text := replace(replace(v_text, '0%', ' xpercent '), '0 %', ' xpercent ');
  if v_text ~ '[$\u20ac\u00a3]' then
    v_text := regexp_replace(v_text, '[$\u20ac\u00a3] ?0|0 ?[$\u20ac\u00a3]', ' xmoney ', 'g');
  end if;
  return v_text;
end;
$$;
comment on function private.mark_numbers is
  'A text in which a number is 0, and a time, version, share, amount of money or HTTP error what it is.';

-- Scripts without blanks between words have pairs and triples of characters instead.
create or replace function private.split_scripts(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_pattern constant text := '[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+';
begin
  if octet_length(p_text) = length(p_text) or p_text !~ v_pattern then
    return p_text;
  end if;
  return concat_ws(' ', regexp_replace(p_text, v_pattern, ' ', 'g'), (
    select string_agg(substr(m.match[1], start, size), ' ' order by m.number, start, size)
    from regexp_matches(p_text, v_pattern, 'g') with ordinality as m (match, number)
    cross join lateral generate_series(1, length(m.match[1]) - 1) as start
    cross join lateral generate_series(2, least(3, length(m.match[1]) - start + 1)) as size
  ));
end;
$$;
comment on function private.split_scripts is
  'A text with the pairs and triples of characters of its Thai, Japanese, Chinese and Korean parts at its '
  'end instead of those parts.';

-- The first 300 characters of a title and 2,000 of a body: people describe a problem at the beginning; logs
-- and quotes follow. A title that the import made of the body's first words is not counted twice.
create or replace function private.triage_words(p_title text, p_body text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := left(p_body, 2000);
begin
  if p_title is not null and p_title <> private.circle_title(null, v_text) then
    v_text := concat_ws(E'\n', left(p_title, 300), v_text);
  end if;
  v_text := private.plain_letters(coalesce(v_text, ''));
  v_text := lower(private.mark_parts(v_text));
  v_text := private.mark_numbers(replace(v_text, '''', ''));
  if strpos(v_text, ':') > 0 then
    v_text := replace(replace(replace(v_text, ':(', ' xsad '), ':)', ' xglad '), ':', ' : ');
  end if;
  v_text := replace(replace(replace(v_text, '?', ' ? '), '!', ' ! '), '"', ' xquote ');
  v_text := translate(v_text, E'.\n,;()[]{}<>/\\|=+*&^%$#@~-`\t\r', '..                         ');
  v_text := regexp_replace(v_text, '[ .]*\.[ .]*', ' . ', 'g');
  v_text := btrim(private.split_scripts(v_text), ' .');
  return string_to_array(regexp_replace(v_text, '  +', ' ', 'g'), ' ');
end;
$$;
comment on function private.triage_words is
  'The words of a text as triage reads it, and . ? ! : as words of their own, in their order.';

-- 20_tracker/20_triage/14_triage_features.sql
-- What triage sees in a message: words, pairs of words, its first words, its length.

-- One truth for training and judging: scripts/triage/train.ts asks this function too. Words are cut to seven
-- letters, which finds the forms of a word in every language, at no cost. Characters beyond U+0E00, which are
-- emoji and scripts without blanks, make no pairs.
create or replace function private.triage_features(p_title text, p_body text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_words constant text[] := private.triage_words(p_title, p_body);
  v_features text[] := array[
    '(length ' || width_bucket(cardinality(v_words) + 1, array[2, 4, 8, 16, 32, 64, 128, 256, 512])::text
      || ')'
  ];
  v_before text := '^';
  v_word text;
begin
  if array_position(v_words, '?') is null then
    v_features := array_append(v_features, '(no question)');
  end if;
  if p_body <> '' and strpos(p_body, rtrim(p_title, '.')) <> 1 then
    v_features := array_append(v_features, '(title)');
  end if;
  foreach v_word in array v_words[1:3] loop
    v_features := array_append(v_features, '^' || left(v_word, 7));
  end loop;
  foreach v_word in array v_words loop
    v_word := left(v_word, 7);
    if v_word <> '.' then
      v_features := array_append(v_features, v_word);
    end if;
    if v_word < U&'\0E00' collate "C" then
      v_features := array_append(v_features, v_before || ' ' || v_word);
      v_before := v_word;
    end if;
  end loop;
  return array_append(v_features, v_before || ' $');
end;
$$;
comment on function private.triage_features is
  'The features of a text, as often as they occur: words, pairs of neighbours with ^ and $ for its two ends, '
  'its first three words with a ^, characters of scripts without blanks, and in parentheses what holds of '
  'all of it.';

-- 20_tracker/20_triage/16_triage_weights.sql
-- What each feature of a text says for or against an issue, and for each segment.

create table public.triage_weights (
  feature text collate "C" not null,
  issue double precision not null default 0,
  auth double precision not null default 0,
  code double precision not null default 0,
  tool double precision not null default 0,
  misc double precision not null default 0,
  shipped double precision[],
  constraint triage_weights_pkey primary key (feature),
  constraint triage_weights_feature_is_short check (length(feature) between 1 and 40)
);
comment on table public.triage_weights is
  'The weights of the triage, trained by scripts/triage/train.ts and changed every night by what the team '
  'decided: one row per feature of a text, as triage_features() finds them. The team reads them.';
comment on column public.triage_weights.feature is
  'A word, two words that follow each other, with ^ for the begin and $ for the end of a text, a word with '
  '^ for one of the first three, or in parentheses what holds of a whole text, or what a model said of it. '
  'Words are cut to seven letters.';
comment on column public.triage_weights.issue is
  'How much it speaks for an issue; against one below 0. The likelihood''s logit is that of (constant) plus '
  'the sum over a text, divided by the root of how many features it has, plus that of the model''s opinion '
  '(assist issue) or (assist not).';
comment on column public.triage_weights.auth is
  'How much it speaks for the segment auth. The segment with the largest sum over a text''s words wins.';

comment on column public.triage_weights.shipped is
  'The five weights as delivered; null for a feature that was learned from the team alone.';

alter table public.triage_weights enable row level security;
create policy triage_weights_select_viewer on public.triage_weights
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on public.triage_weights to authenticated, service_role;

create table private.triage_bins (
  bin smallint not null,
  issues double precision not null,
  texts double precision not null,
  constraint triage_bins_pkey primary key (bin),
  constraint triage_bins_bin_is_a_fiftieth check (bin between 0 and 49)
);
comment on table private.triage_bins is
  'Of the labelled texts that were held out in training: how many had a likelihood in each fiftieth, and how '
  'many of those are issues. The shared texts count more. For thresholds.';
alter table private.triage_bins enable row level security;

-- 20_tracker/20_triage/18_default_triage_weights.sql
-- The weights of a new installation, by `npm run triage:train`. Don't edit: train again.
-- Trained from sources with the digest c9e2cc6c7e97f728.

insert into public.triage_weights (feature, issue, auth, code, tool, misc) values
  ('!', -5.14, 0.11, -0.39, -0.67, 0.94),
  ('! !', 1.25, 0, 0, 0, 0),
  ('! $', -5.11, 0, 0, 0, 0),
  ('! ?', 1.44, 0, 0, 0, 0),
  ('(constant)', -0.31, -0.41, -0.21, 0.07, 0.55),
  ('(length 1)', -1.92, 0, 0, 0, 0),
  ('(length 2)', -0.24, 0, 0, 0, 0),
  ('(length 3)', -3.14, 0, 0, 0, 0),
  ('(length 4)', -0.32, 0, 0, 0, 0),
  ('(length 5)', 1.47, 0, 0, 0, 0),
  ('(length 6)', 3.36, 0, 0, 0, 0),
  ('(length 7)', -4.11, 0, 0, 0, 0),
  ('(length 8)', -0.62, 0, 0, 0, 0),
  ('(no question)', -3.72, 0, 0, 0, 0),
  ('(title)', -0.42, 0, 0, 0, 0),
  ('. $', -3.38, 0, 0, 0, 0),
  ('. .', -2.34, 0, 0, 0, 0),
  ('. 0', 0.8, 0, 0, 0, 0),
  ('. ?', 2.01, 0, 0, 0, 0),
  ('. a', -3.67, 0, 0, 0, 0),
  ('. all', 0.78, 0, 0, 0, 0),
  ('. and', -2.35, 0, 0, 0, 0),
  ('. any', 1.03, 0, 0, 0, 0),
  ('. anyone', -0.84, 0, 0, 0, 0),
  ('. as', -1.09, 0, 0, 0, 0),
  ('. ask', -1.35, 0, 0, 0, 0),
  ('. beautif', 1.41, 0, 0, 0, 0),
  ('. best', -1.71, 0, 0, 0, 0),
  ('. bug', 0.8, 0, 0, 0, 0),
  ('. but', -0.73, 0, 0, 0, 0),
  ('. can', 2.48, 0, 0, 0, 0),
  ('. comigo', -1.8, 0, 0, 0, 0),
  ('. could', 1.38, 0, 0, 0, 0),
  ('. dann', -1.48, 0, 0, 0, 0),
  ('. der', 1.18, 0, 0, 0, 0),
  ('. die', -1.68, 0, 0, 0, 0),
  ('. error', 1.27, 0, 0, 0, 0),
  ('. every', 1.25, 0, 0, 0, 0),
  ('. everyth', -1.14, 0, 0, 0, 0),
  ('. for', -1.6, 0, 0, 0, 0),
  ('. from', -0.87, 0, 0, 0, 0),
  ('. g', -1.11, 0, 0, 0, 0),
  ('. git', -1.04, 0, 0, 0, 0),
  ('. happy', -1.12, 0, 0, 0, 0),
  ('. help', 1.08, 0, 0, 0, 0),
  ('. here', -1.24, 0, 0, 0, 0),
  ('. how', 1.32, 0, 0, 0, 0),
  ('. i', 1.3, 0, 0, 0, 0),
  ('. if', 1.27, 0, 0, 0, 0),
  ('. il', 1.41, 0, 0, 0, 0),
  ('. im', -0.45, 0, 0, 0, 0),
  ('. in', 1.99, 0, 0, 0, 0),
  ('. is', 4.07, 0, 0, 0, 0),
  ('. it', 1.5, 0, 0, 0, 0),
  ('. its', 1.6, 0, 0, 0, 0),
  ('. ive', 0.61, 0, 0, 0, 0),
  ('. la', -1.08, 0, 0, 0, 0),
  ('. le', -1.61, 0, 0, 0, 0),
  ('. lo', -1.16, 0, 0, 0, 0),
  ('. log', 1.02, 0, 0, 0, 0),
  ('. me', -2.61, 0, 0, 0, 0),
  ('. mine', 1.33, 0, 0, 0, 0),
  ('. my', 2.41, 0, 0, 0, 0),
  ('. no', -1.22, 0, 0, 0, 0),
  ('. nobody', -0.73, 0, 0, 0, 0),
  ('. not', 0.54, 0, 0, 0, 0),
  ('. nothing', -1.92, 0, 0, 0, 0),
  ('. now', 0.85, 0, 0, 0, 0),
  ('. o', -0.54, 0, 0, 0, 0),
  ('. only', 0.78, 0, 0, 0, 0),
  ('. please', 2.03, 0, 0, 0, 0),
  ('. por', -1.42, 0, 0, 0, 0),
  ('. put', -1.6, 0, 0, 0, 0),
  ('. questio', -0.97, 0, 0, 0, 0),
  ('. si', -1.39, 0, 0, 0, 0),
  ('. since', 0.94, 0, 0, 0, 0),
  ('. somebod', -2.15, 0, 0, 0, 0),
  ('. sorry', -1.59, 0, 0, 0, 0),
  ('. take', 1.46, 0, 0, 0, 0),
  ('. thanks', -1.26, 0, 0, 0, 0),
  ('. the', -3.04, 0, 0, 0, 0),
  ('. then', -0.81, 0, 0, 0, 0),
  ('. they', -3, 0, 0, 0, 0),
  ('. three', -1.02, 0, 0, 0, 0),
  ('. tried', 1.35, 0, 0, 0, 0),
  ('. two', -0.43, 0, 0, 0, 0),
  ('. was', -0.91, 0, 0, 0, 0),
  ('. weve', 0.6, 0, 0, 0, 0),
  ('. what', 2.41, 0, 0, 0, 0),
  ('. where', 1.46, 0, 0, 0, 0),
  ('. which', 2.06, 0, 0, 0, 0),
  ('. why', 0.8, 0, 0, 0, 0),
  ('. write', -1.01, 0, 0, 0, 0),
  ('. xhttp', 1.8, 0, 0, 0, 0),
  ('. xlist', 0.5, 0, 0, 0, 0),
  ('. xquote', -0.36, 0, 0, 0, 0),
  ('. xtime', 0.77, 0, 0, 0, 0),
  ('. you', -0.88, 0, 0, 0, 0),
  ('. your', -1.01, 0, 0, 0, 0),
  ('0', 3.48, -1.13, 1.16, -2.4, 2.36),
  ('0 $', 1.94, 0, 0, 0, 0),
  ('0 .', 1.46, 0, 0, 0, 0),
  ('0 0', 0.41, 0, 0, 0, 0),
  ('0 0t', 1.23, 0, 0, 0, 0),
  ('0 :', 0.98, 0, 0, 0, 0),
  ('0 ?', 1.41, 0, 0, 0, 0),
  ('0 am', 1.17, 0, 0, 0, 0),
  ('0 and', 2.53, 0, 0, 0, 0),
  ('0 day', -1.57, 0, 0, 0, 0),
  ('0 days', -0.6, 0, 0, 0, 0),
  ('0 e', 1.16, 0, 0, 0, 0),
  ('0 euros', -1.68, 0, 0, 0, 0),
  ('0 files', 1.39, 0, 0, 0, 0),
  ('0 h', -1.53, 0, 0, 0, 0),
  ('0 hour', -2.04, 0, 0, 0, 0),
  ('0 in', 1.68, 0, 0, 0, 0),
  ('0 into', -1.67, 0, 0, 0, 0),
  ('0 k', -1.34, 0, 0, 0, 0),
  ('0 min', -0.89, 0, 0, 0, 0),
  ('0 minutes', 1.45, 0, 0, 0, 0),
  ('0 of', 0.78, 0, 0, 0, 0),
  ('0 on', 1.3, 0, 0, 0, 0),
  ('0 people', -0.69, 0, 0, 0, 0),
  ('0 reached', -1.53, 0, 0, 0, 0),
  ('0 s', 1.1, 0, 0, 0, 0),
  ('0 seconds', 1.36, 0, 0, 0, 0),
  ('0 that', -1.98, 0, 0, 0, 0),
  ('0 the', 1, 0, 0, 0, 0),
  ('0 times', 2.16, 0, 0, 0, 0),
  ('0 to', -1.41, 0, 0, 0, 0),
  ('0 too', -1.84, 0, 0, 0, 0),
  ('0 wont', -1.41, 0, 0, 0, 0),
  ('0 xcode', 0.82, 0, 0, 0, 0),
  ('0 xdots', 1.18, 0, 0, 0, 0),
  ('0 xhttp', -1.25, 0, 0, 0, 0),
  ('0 xquote', 1.26, 0, 0, 0, 0),
  ('0 years', -2.1, 0, 0, 0, 0),
  ('0fa', 6.46, 7.61, -3.25, -1.37, -2.99),
  ('0pm', 0, 0.55, -0.28, -0.86, 0.59),
  ('0rd', 0.94, -0.06, -0.51, 0.47, 0.09),
  ('0s', 0, -0.01, 1.13, -1.11, -0.01),
  ('0st', 1.55, -0.06, -0.97, 0.84, 0.2),
  ('0t', 1.23, 0, 0, 0, 0),
  ('0t xtime', 1.23, 0, 0, 0, 0),
  ('0th', -0.5, 0.59, -1.92, 1.06, 0.26),
  ('0th $', -1.27, 0, 0, 0, 0),
  ('0th .', 1.1, 0, 0, 0, 0),
  ('0x', 2.49, -0.21, -0.49, 1.1, -0.4),
  ('0x0', 1.26, -0.08, 0.68, -1.02, 0.41),
  ('0z', 1.23, 0, 0, 0, 0),
  (':', -5.07, -2.68, 2.43, 0.44, -0.18),
  (': $', 2.11, 0, 0, 0, 0),
  (': .', 1.32, 0, 0, 0, 0),
  (': 0z', 1.23, 0, 0, 0, 0),
  (': a', 0.58, 0, 0, 0, 0),
  (': after', 1.23, 0, 0, 0, 0),
  (': do', 0.93, 0, 0, 0, 0),
  (': its', -1.37, 0, 0, 0, 0),
  (': le', 1.78, 0, 0, 0, 0),
  (': me', 1.46, 0, 0, 0, 0),
  (': my', 2.52, 0, 0, 0, 0),
  (': the', 0.71, 0, 0, 0, 0),
  (': what', -1.44, 0, 0, 0, 0),
  (': write', -1.46, 0, 0, 0, 0),
  (': xquote', -1.13, 0, 0, 0, 0),
  ('?', -0.68, -0.34, -0.34, 1.66, -0.98),
  ('? !', 1.07, 0, 0, 0, 0),
  ('? $', 1.86, 0, 0, 0, 0),
  ('? 0', -1.75, 0, 0, 0, 0),
  ('? ?', 4.04, 0, 0, 0, 0),
  ('? asking', -1.85, 0, 0, 0, 0),
  ('? id', -1.59, 0, 0, 0, 0),
  ('? ill', -1.42, 0, 0, 0, 0),
  ('? it', 1.79, 0, 0, 0, 0),
  ('? je', 0.85, 0, 0, 0, 0),
  ('? la', 1.39, 0, 0, 0, 0),
  ('? my', 1.15, 0, 0, 0, 0),
  ('? on', -1.32, 0, 0, 0, 0),
  ('? one', 1.2, 0, 0, 0, 0),
  ('? que', -1.69, 0, 0, 0, 0),
  ('? the', 2.44, 0, 0, 0, 0),
  ('? then', -1.2, 0, 0, 0, 0),
  ('? we', 1.74, 0, 0, 0, 0),
  ('? xquote', -6.78, 0, 0, 0, 0),
  ('? yes', -1.17, 0, 0, 0, 0),
  ('^ $', 1.02, 0, 0, 0, 0),
  ('^ 0', -0.57, 0, 0, 0, 0),
  ('^ :', -3.35, 0, 0, 0, 0),
  ('^ ?', -1.77, 0, 0, 0, 0),
  ('^ a', 0.76, 0, 0, 0, 0),
  ('^ after', 1.23, 0, 0, 0, 0),
  ('^ ah', -1.01, 0, 0, 0, 0),
  ('^ ai', -1.98, 0, 0, 0, 0),
  ('^ alguem', -1.71, 0, 0, 0, 0),
  ('^ any', 1.9, 0, 0, 0, 0),
  ('^ anyone', 2.12, 0, 0, 0, 0),
  ('^ api', -1.61, 0, 0, 0, 0),
  ('^ app', 2.28, 0, 0, 0, 0),
  ('^ are', -1.17, 0, 0, 0, 0),
  ('^ been', 1.07, 0, 0, 0, 0),
  ('^ bhai', 1.05, 0, 0, 0, 0),
  ('^ bonjour', 1.64, 0, 0, 0, 0),
  ('^ broken', 2.52, 0, 0, 0, 0),
  ('^ bug', 0.81, 0, 0, 0, 0),
  ('^ cant', 1.66, 0, 0, 0, 0),
  ('^ certifi', 1.21, 0, 0, 0, 0),
  ('^ changel', -1, 0, 0, 0, 0),
  ('^ could', 0.65, 0, 0, 0, 0),
  ('^ de', -1.24, 0, 0, 0, 0),
  ('^ dear', 0.77, 0, 0, 0, 0),
  ('^ does', -2.21, 0, 0, 0, 0),
  ('^ dont', -1.39, 0, 0, 0, 0),
  ('^ el', 0.88, 0, 0, 0, 0),
  ('^ erreur', 1.15, 0, 0, 0, 0),
  ('^ error', -0.97, 0, 0, 0, 0),
  ('^ everyth', 1.94, 0, 0, 0, 0),
  ('^ for', -2.57, 0, 0, 0, 0),
  ('^ getting', 0.8, 0, 0, 0, 0),
  ('^ git', 1.14, 0, 0, 0, 0),
  ('^ got', 3.92, 0, 0, 0, 0),
  ('^ help', 2.46, 0, 0, 0, 0),
  ('^ hi', 1.09, 0, 0, 0, 0),
  ('^ i', -0.61, 0, 0, 0, 0),
  ('^ id', -0.83, 0, 0, 0, 0),
  ('^ if', -3.81, 0, 0, 0, 0),
  ('^ im', -1, 0, 0, 0, 0),
  ('^ in', -2.09, 0, 0, 0, 0),
  ('^ is', 1.21, 0, 0, 0, 0),
  ('^ it', 2.27, 0, 0, 0, 0),
  ('^ its', -1.79, 0, 0, 0, 0),
  ('^ ive', -1.23, 0, 0, 0, 0),
  ('^ java', -1.51, 0, 0, 0, 0),
  ('^ just', -1.02, 0, 0, 0, 0),
  ('^ la', 0.98, 0, 0, 0, 0),
  ('^ login', 2.62, 0, 0, 0, 0),
  ('^ lol', -1.19, 0, 0, 0, 0),
  ('^ lost', -1.94, 0, 0, 0, 0),
  ('^ mcp', 0.87, 0, 0, 0, 0),
  ('^ me', 1.48, 0, 0, 0, 0),
  ('^ memory', 1.62, 0, 0, 0, 0),
  ('^ mon', 1.35, 0, 0, 0, 0),
  ('^ my', -1, 0, 0, 0, 0),
  ('^ nao', 0.89, 0, 0, 0, 0),
  ('^ new', -0.73, 0, 0, 0, 0),
  ('^ no', 0.93, 0, 0, 0, 0),
  ('^ not', -3.45, 0, 0, 0, 0),
  ('^ npm', 1.38, 0, 0, 0, 0),
  ('^ o', 2.39, 0, 0, 0, 0),
  ('^ oh', -1.53, 0, 0, 0, 0),
  ('^ ok', -1.58, 0, 0, 0, 0),
  ('^ on', -2.43, 0, 0, 0, 0),
  ('^ ours', 1.94, 0, 0, 0, 0),
  ('^ please', -1.66, 0, 0, 0, 0),
  ('^ problem', 2.2, 0, 0, 0, 0),
  ('^ qual', -1.25, 0, 0, 0, 0),
  ('^ que', -1.83, 0, 0, 0, 0),
  ('^ questio', 1.47, 0, 0, 0, 0),
  ('^ read', -1.2, 0, 0, 0, 0),
  ('^ reading', -1.58, 0, 0, 0, 0),
  ('^ recordi', -3.11, 0, 0, 0, 0),
  ('^ refund', -0.88, 0, 0, 0, 0),
  ('^ same', 2.3, 0, 0, 0, 0),
  ('^ se', -1.82, 0, 0, 0, 0),
  ('^ so', 1.39, 0, 0, 0, 0),
  ('^ somebod', 2.5, 0, 0, 0, 0),
  ('^ sorry', 1.11, 0, 0, 0, 0),
  ('^ still', 1.7, 0, 0, 0, 0),
  ('^ streami', 1.49, 0, 0, 0, 0),
  ('^ tags', -1.91, 0, 0, 0, 0),
  ('^ tax', 1.39, 0, 0, 0, 0),
  ('^ thanks', 0.79, 0, 0, 0, 0),
  ('^ thats', -0.98, 0, 0, 0, 0),
  ('^ the', 3.31, 0, 0, 0, 0),
  ('^ this', -1.01, 0, 0, 0, 0),
  ('^ tip', -1.19, 0, 0, 0, 0),
  ('^ two', 1.4, 0, 0, 0, 0),
  ('^ wann', 1.69, 0, 0, 0, 0),
  ('^ was', -1.9, 0, 0, 0, 0),
  ('^ we', -1.95, 0, 0, 0, 0),
  ('^ weekly', -1.39, 0, 0, 0, 0),
  ('^ what', -0.64, 0, 0, 0, 0),
  ('^ which', -1.25, 0, 0, 0, 0),
  ('^ why', -1.25, 0, 0, 0, 0),
  ('^ wie', 1.21, 0, 0, 0, 0),
  ('^ wir', -1.42, 0, 0, 0, 0),
  ('^ xat', -4.26, 0, 0, 0, 0),
  ('^ xcite', -1.31, 0, 0, 0, 0),
  ('^ xcode', 1, 0, 0, 0, 0),
  ('^ xhttp', 3.4, 0, 0, 0, 0),
  ('^ xquote', -1.54, 0, 0, 0, 0),
  ('^ ya', -1.04, 0, 0, 0, 0),
  ('^ yes', -1.87, 0, 0, 0, 0),
  ('^ your', 2.32, 0, 0, 0, 0),
  ('^ youve', 1.26, 0, 0, 0, 0),
  ('^ اي', -1.46, 0, 0, 0, 0),
  ('^ تطبيق', 1.59, 0, 0, 0, 0),
  ('^ في', -1.4, 0, 0, 0, 0),
  ('^ لا', -2.02, 0, 0, 0, 0),
  ('^.', -1.85, 0, 0, 0, 0),
  ('^0', -1.89, 0, 0, 0, 0),
  ('^:', 0.61, 0, 0, 0, 0),
  ('^?', 1.21, 0, 0, 0, 0),
  ('^a', -0.72, 0, 0, 0, 0),
  ('^aa', -1.93, 0, 0, 0, 0),
  ('^about', 1.02, 0, 0, 0, 0),
  ('^access', 1.86, 0, 0, 0, 0),
  ('^account', 2.95, 0, 0, 0, 0),
  ('^add', 2.39, 0, 0, 0, 0),
  ('^address', 2.95, 0, 0, 0, 0),
  ('^admin', 1.69, 0, 0, 0, 0),
  ('^after', 5.23, 0, 0, 0, 0),
  ('^again', 4.81, 0, 0, 0, 0),
  ('^agent', 7.33, 0, 0, 0, 0),
  ('^ah', -1.01, 0, 0, 0, 0),
  ('^ai', -0.98, 0, 0, 0, 0),
  ('^airtabl', 6.37, 0, 0, 0, 0),
  ('^ajuda', 5.19, 0, 0, 0, 0),
  ('^alguem', 1.61, 0, 0, 0, 0),
  ('^alguien', -1.31, 0, 0, 0, 0),
  ('^an', -0.58, 0, 0, 0, 0),
  ('^and', -2.5, 0, 0, 0, 0),
  ('^any', 1.79, 0, 0, 0, 0),
  ('^anybody', -3.76, 0, 0, 0, 0),
  ('^anyone', -1.77, 0, 0, 0, 0),
  ('^app', 8.44, 0, 0, 0, 0),
  ('^aqui', 2.81, 0, 0, 0, 0),
  ('^are', -2.27, 0, 0, 0, 0),
  ('^as', -0.74, 0, 0, 0, 0),
  ('^asked', -1.28, 0, 0, 0, 0),
  ('^assista', 11.18, 0, 0, 0, 0),
  ('^at', 1.7, 0, 0, 0, 0),
  ('^auch', 1.58, 0, 0, 0, 0),
  ('^audio', 2.73, 0, 0, 0, 0),
  ('^automat', 4.31, 0, 0, 0, 0),
  ('^ayuda', 5.07, 0, 0, 0, 0),
  ('^baar', 3.66, 0, 0, 0, 0),
  ('^back', -1.84, 0, 0, 0, 0),
  ('^been', 1.85, 0, 0, 0, 0),
  ('^bei', 0.89, 0, 0, 0, 0),
  ('^bhai', -0.79, 0, 0, 0, 0),
  ('^bitte', 1.74, 0, 0, 0, 0),
  ('^boa', 1.3, 0, 0, 0, 0),
  ('^bonjour', 2.53, 0, 0, 0, 0),
  ('^bot', 5.38, 0, 0, 0, 0),
  ('^boton', 5.86, 0, 0, 0, 0),
  ('^bought', 8.5, 0, 0, 0, 0),
  ('^breaks', 9.27, 0, 0, 0, 0),
  ('^broke', 7.14, 0, 0, 0, 0),
  ('^broken', 11.49, 0, 0, 0, 0),
  ('^browser', 4.5, 0, 0, 0, 0),
  ('^bug', 9.43, 0, 0, 0, 0),
  ('^button', 5.59, 0, 0, 0, 0),
  ('^by', 1.02, 0, 0, 0, 0),
  ('^c', 5.71, 0, 0, 0, 0),
  ('^calenda', 11.07, 0, 0, 0, 0),
  ('^call', 4.47, 0, 0, 0, 0),
  ('^can', -0.84, 0, 0, 0, 0),
  ('^cancell', 8.36, 0, 0, 0, 0),
  ('^cant', 1.24, 0, 0, 0, 0),
  ('^captcha', -1.25, 0, 0, 0, 0),
  ('^caption', 2.59, 0, 0, 0, 0),
  ('^card', 9.75, 0, 0, 0, 0),
  ('^ce', -1, 0, 0, 0, 0),
  ('^certifi', 3.08, 0, 0, 0, 0),
  ('^changel', -2.16, 0, 0, 0, 0),
  ('^charged', 9.96, 0, 0, 0, 0),
  ('^chat', 5.61, 0, 0, 0, 0),
  ('^chatbot', 6.05, 0, 0, 0, 0),
  ('^class', 8.03, 0, 0, 0, 0),
  ('^claude', 6.39, 0, 0, 0, 0),
  ('^click', 1.62, 0, 0, 0, 0),
  ('^code', 3.36, 0, 0, 0, 0),
  ('^coffee', -1.46, 0, 0, 0, 0),
  ('^comment', 5.1, 0, 0, 0, 0),
  ('^como', 2.09, 0, 0, 0, 0),
  ('^compile', 4.66, 0, 0, 0, 0),
  ('^confirm', -3.65, 0, 0, 0, 0),
  ('^consult', 2.14, 0, 0, 0, 0),
  ('^contras', 3.95, 0, 0, 0, 0),
  ('^copilot', 5.14, 0, 0, 0, 0),
  ('^cors', 5.83, 0, 0, 0, 0),
  ('^could', 0.68, 0, 0, 0, 0),
  ('^count', 1.56, 0, 0, 0, 0),
  ('^coupon', 9.29, 0, 0, 0, 0),
  ('^course', 2.32, 0, 0, 0, 0),
  ('^crash', 8.2, 0, 0, 0, 0),
  ('^crashed', 8.25, 0, 0, 0, 0),
  ('^crashes', 9.7, 0, 0, 0, 0),
  ('^css', 7.81, 0, 0, 0, 0),
  ('^csv', 8.87, 0, 0, 0, 0),
  ('^cursor', 5.27, 0, 0, 0, 0),
  ('^da', -2.65, 0, 0, 0, 0),
  ('^danke', -3.14, 0, 0, 0, 0),
  ('^dark', 6.41, 0, 0, 0, 0),
  ('^das', 1.05, 0, 0, 0, 0),
  ('^date', 6.76, 0, 0, 0, 0),
  ('^de', -1.47, 0, 0, 0, 0),
  ('^dear', 0.78, 0, 0, 0, 0),
  ('^decimal', 2.55, 0, 0, 0, 0),
  ('^deja', 3.69, 0, 0, 0, 0),
  ('^deploy', 3.24, 0, 0, 0, 0),
  ('^der', -0.72, 0, 0, 0, 0),
  ('^develop', -1.45, 0, 0, 0, 0),
  ('^did', -1.68, 0, 0, 0, 0),
  ('^didnt', -1.94, 0, 0, 0, 0),
  ('^die', -1.69, 0, 0, 0, 0),
  ('^discord', 7.34, 0, 0, 0, 0),
  ('^discoun', 10.12, 0, 0, 0, 0),
  ('^do', 1.61, 0, 0, 0, 0),
  ('^docker', 4.86, 0, 0, 0, 0),
  ('^dont', -6.53, 0, 0, 0, 0),
  ('^downloa', 8.7, 0, 0, 0, 0),
  ('^drive', 6.27, 0, 0, 0, 0),
  ('^du', 1.37, 0, 0, 0, 0),
  ('^e', -2.3, 0, 0, 0, 0),
  ('^editor', 7.92, 0, 0, 0, 0),
  ('^ein', 1.73, 0, 0, 0, 0),
  ('^el', 1.75, 0, 0, 0, 0),
  ('^else', -1.72, 0, 0, 0, 0),
  ('^embeddi', 2.34, 0, 0, 0, 0),
  ('^empty', -1.15, 0, 0, 0, 0),
  ('^encodin', 2.16, 0, 0, 0, 0),
  ('^erreur', 9.58, 0, 0, 0, 0),
  ('^erro', 6.56, 0, 0, 0, 0),
  ('^error', 8.32, 0, 0, 0, 0),
  ('^eslint', 4.37, 0, 0, 0, 0),
  ('^est', 0.66, 0, 0, 0, 0),
  ('^esta', -0.9, 0, 0, 0, 0),
  ('^eu', -2.26, 0, 0, 0, 0),
  ('^euch', 2.05, 0, 0, 0, 0),
  ('^event', 4.28, 0, 0, 0, 0),
  ('^every', 3.23, 0, 0, 0, 0),
  ('^everybo', -1.58, 0, 0, 0, 0),
  ('^everyon', -2.82, 0, 0, 0, 0),
  ('^everyth', 3.1, 0, 0, 0, 0),
  ('^export', 13.54, 0, 0, 0, 0),
  ('^express', 4.97, 0, 0, 0, 0),
  ('^extensi', 1.7, 0, 0, 0, 0),
  ('^failed', 9.02, 0, 0, 0, 0),
  ('^fails', 8.75, 0, 0, 0, 0),
  ('^failure', 8.77, 0, 0, 0, 0),
  ('^feed', 5.11, 0, 0, 0, 0),
  ('^fehler', 8.35, 0, 0, 0, 0),
  ('^filter', 3.4, 0, 0, 0, 0),
  ('^fine', -1.41, 0, 0, 0, 0),
  ('^fix', 0.99, 0, 0, 0, 0),
  ('^fixed', -2.3, 0, 0, 0, 0),
  ('^flutter', 4.14, 0, 0, 0, 0),
  ('^folks', -2.04, 0, 0, 0, 0),
  ('^for', -0.53, 0, 0, 0, 0),
  ('^force', 1.23, 0, 0, 0, 0),
  ('^forgot', 3.07, 0, 0, 0, 0),
  ('^form', 6.79, 0, 0, 0, 0),
  ('^found', -0.93, 0, 0, 0, 0),
  ('^free', 4.59, 0, 0, 0, 0),
  ('^friday', -5.45, 0, 0, 0, 0),
  ('^funcion', 1.56, 0, 0, 0, 0),
  ('^functio', 2.9, 0, 0, 0, 0),
  ('^gaya', -1.34, 0, 0, 0, 0),
  ('^get', 1.09, 0, 0, 0, 0),
  ('^getting', 0.89, 0, 0, 0, 0),
  ('^git', 6.45, 0, 0, 0, 0),
  ('^github', 5.25, 0, 0, 0, 0),
  ('^going', -1.77, 0, 0, 0, 0),
  ('^gone', -1.74, 0, 0, 0, 0),
  ('^good', -0.54, 0, 0, 0, 0),
  ('^google', 1.41, 0, 0, 0, 0),
  ('^got', 1.61, 0, 0, 0, 0),
  ('^gracias', -3.27, 0, 0, 0, 0),
  ('^great', 2.22, 0, 0, 0, 0),
  ('^guess', -1.37, 0, 0, 0, 0),
  ('^guten', 1.23, 0, 0, 0, 0),
  ('^habe', 1.27, 0, 0, 0, 0),
  ('^had', -1.71, 0, 0, 0, 0),
  ('^haha', -4.19, 0, 0, 0, 0),
  ('^hallo', 1.14, 0, 0, 0, 0),
  ('^happens', 1.31, 0, 0, 0, 0),
  ('^has', 2.06, 0, 0, 0, 0),
  ('^hello', 0.86, 0, 0, 0, 0),
  ('^help', 7.12, 0, 0, 0, 0),
  ('^hi', 3.79, 0, 0, 0, 0),
  ('^hilfe', 4.28, 0, 0, 0, 0),
  ('^hiring', -1.73, 0, 0, 0, 0),
  ('^homewor', 3.89, 0, 0, 0, 0),
  ('^how', 0.35, 0, 0, 0, 0),
  ('^hoy', -5.46, 0, 0, 0, 0),
  ('^i', -4.85, 0, 0, 0, 0),
  ('^ich', -3.76, 0, 0, 0, 0),
  ('^id', -0.72, 0, 0, 0, 0),
  ('^if', -2.46, 0, 0, 0, 0),
  ('^igual', 1.92, 0, 0, 0, 0),
  ('^ihr', 4.11, 0, 0, 0, 0),
  ('^image', 13.91, 0, 0, 0, 0),
  ('^images', 9.36, 0, 0, 0, 0),
  ('^import', 12.69, 0, 0, 0, 0),
  ('^in', 3.35, 0, 0, 0, 0),
  ('^install', 1.35, 0, 0, 0, 0),
  ('^integra', 4.26, 0, 0, 0, 0),
  ('^invite', 1.83, 0, 0, 0, 0),
  ('^invoice', 9.29, 0, 0, 0, 0),
  ('^is', 2.25, 0, 0, 0, 0),
  ('^isnt', -4.12, 0, 0, 0, 0),
  ('^it', -3.84, 0, 0, 0, 0),
  ('^its', -3.46, 0, 0, 0, 0),
  ('^ive', -3.62, 0, 0, 0, 0),
  ('^ja', -1.61, 0, 0, 0, 0),
  ('^jai', -1.72, 0, 0, 0, 0),
  ('^jamais', -3.18, 0, 0, 0, 0),
  ('^java', 3.44, 0, 0, 0, 0),
  ('^je', -3.83, 0, 0, 0, 0),
  ('^ji', -1.01, 0, 0, 0, 0),
  ('^join', 2.85, 0, 0, 0, 0),
  ('^json', 2.12, 0, 0, 0, 0),
  ('^just', -3.96, 0, 0, 0, 0),
  ('^ka', -0.81, 0, 0, 0, 0),
  ('^kal', -2.85, 0, 0, 0, 0),
  ('^kann', 1.3, 0, 0, 0, 0),
  ('^ke', -0.84, 0, 0, 0, 0),
  ('^kein', -3.81, 0, 0, 0, 0),
  ('^kicked', 3.37, 0, 0, 0, 0),
  ('^kindly', 2.14, 0, 0, 0, 0),
  ('^know', 1.58, 0, 0, 0, 0),
  ('^koi', -3.5, 0, 0, 0, 0),
  ('^la', -0.74, 0, 0, 0, 0),
  ('^last', -1.64, 0, 0, 0, 0),
  ('^le', 1.15, 0, 0, 0, 0),
  ('^les', -1.73, 0, 0, 0, 0),
  ('^lesson', 1.63, 0, 0, 0, 0),
  ('^let', 1.46, 0, 0, 0, 0),
  ('^limit', 8.9, 0, 0, 0, 0),
  ('^line', -1, 0, 0, 0, 0),
  ('^link', 10.74, 0, 0, 0, 0),
  ('^list', 1.72, 0, 0, 0, 0),
  ('^live', 2.99, 0, 0, 0, 0),
  ('^locked', 4.63, 0, 0, 0, 0),
  ('^log', 3.63, 0, 0, 0, 0),
  ('^logged', 4.58, 0, 0, 0, 0),
  ('^login', 7.32, 0, 0, 0, 0),
  ('^lol', -4.99, 0, 0, 0, 0),
  ('^loop', 3.37, 0, 0, 0, 0),
  ('^los', -1.3, 0, 0, 0, 0),
  ('^lost', -3.13, 0, 0, 0, 0),
  ('^love', 1.2, 0, 0, 0, 0),
  ('^loved', 1.85, 0, 0, 0, 0),
  ('^lovely', 1.43, 0, 0, 0, 0),
  ('^ma', -3.18, 0, 0, 0, 0),
  ('^mail', 4.37, 0, 0, 0, 0),
  ('^main', -1.56, 0, 0, 0, 0),
  ('^mais', -1.36, 0, 0, 0, 0),
  ('^make', 5.69, 0, 0, 0, 0),
  ('^mal', -1.34, 0, 0, 0, 0),
  ('^manana', -5.28, 0, 0, 0, 0),
  ('^many', 1.51, 0, 0, 0, 0),
  ('^mcp', 7.92, 0, 0, 0, 0),
  ('^me', 1.9, 0, 0, 0, 0),
  ('^means', -1.52, 0, 0, 0, 0),
  ('^mein', -2.23, 0, 0, 0, 0),
  ('^meine', -2.21, 0, 0, 0, 0),
  ('^member', 1.67, 0, 0, 0, 0),
  ('^memory', 1.62, 0, 0, 0, 0),
  ('^mera', -3.04, 0, 0, 0, 0),
  ('^merci', -3.19, 0, 0, 0, 0),
  ('^mere', -2.71, 0, 0, 0, 0),
  ('^merge', 5.43, 0, 0, 0, 0),
  ('^meu', -4.53, 0, 0, 0, 0),
  ('^mi', -2.04, 0, 0, 0, 0),
  ('^migrati', 7.18, 0, 0, 0, 0),
  ('^mine', -3.27, 0, 0, 0, 0),
  ('^minha', -2.44, 0, 0, 0, 0),
  ('^mir', -2.01, 0, 0, 0, 0),
  ('^mobile', 5.56, 0, 0, 0, 0),
  ('^mode', 5.3, 0, 0, 0, 0),
  ('^model', 6.5, 0, 0, 0, 0),
  ('^models', 6.19, 0, 0, 0, 0),
  ('^module', 5.07, 0, 0, 0, 0),
  ('^monday', -4.19, 0, 0, 0, 0),
  ('^morgen', -4.98, 0, 0, 0, 0),
  ('^moth', -1.45, 0, 0, 0, 0),
  ('^moved', -1.77, 0, 0, 0, 0),
  ('^muito', 1.78, 0, 0, 0, 0),
  ('^must', 1.9, 0, 0, 0, 0),
  ('^my', -1.91, 0, 0, 0, 0),
  ('^n0n', 6.05, 0, 0, 0, 0),
  ('^nahi', -2.68, 0, 0, 0, 0),
  ('^nai', -2.95, 0, 0, 0, 0),
  ('^nao', -1.56, 0, 0, 0, 0),
  ('^neither', -1.92, 0, 0, 0, 0),
  ('^never', -2.5, 0, 0, 0, 0),
  ('^new', -1.8, 0, 0, 0, 0),
  ('^newbie', 2.89, 0, 0, 0, 0),
  ('^newslet', 10.65, 0, 0, 0, 0),
  ('^next', -1.54, 0, 0, 0, 0),
  ('^nicht', -2.93, 0, 0, 0, 0),
  ('^no', -4.39, 0, 0, 0, 0),
  ('^nobody', -3.03, 0, 0, 0, 0),
  ('^node', 8.83, 0, 0, 0, 0),
  ('^nos', -2.91, 0, 0, 0, 0),
  ('^not', -5.31, 0, 0, 0, 0),
  ('^nothing', -0.91, 0, 0, 0, 0),
  ('^notion', 6.82, 0, 0, 0, 0),
  ('^npm', 6.5, 0, 0, 0, 0),
  ('^null', 4.69, 0, 0, 0, 0),
  ('^numpy', 4.99, 0, 0, 0, 0),
  ('^nunca', -2.75, 0, 0, 0, 0),
  ('^o', 3.99, 0, 0, 0, 0),
  ('^obrigad', -3.23, 0, 0, 0, 0),
  ('^obs', 1.49, 0, 0, 0, 0),
  ('^off', -1.63, 0, 0, 0, 0),
  ('^oh', -1.53, 0, 0, 0, 0),
  ('^ok', -1.29, 0, 0, 0, 0),
  ('^ola', 1.37, 0, 0, 0, 0),
  ('^on', -1.29, 0, 0, 0, 0),
  ('^one', 0.65, 0, 0, 0, 0),
  ('^ontem', 2.47, 0, 0, 0, 0),
  ('^opinion', -1.5, 0, 0, 0, 0),
  ('^option', 1.3, 0, 0, 0, 0),
  ('^order', 9.74, 0, 0, 0, 0),
  ('^os', 1.47, 0, 0, 0, 0),
  ('^our', -3.73, 0, 0, 0, 0),
  ('^ours', 1.94, 0, 0, 0, 0),
  ('^out', -0.63, 0, 0, 0, 0),
  ('^page', 5.71, 0, 0, 0, 0),
  ('^paid', 9.61, 0, 0, 0, 0),
  ('^pandas', 5, 0, 0, 0, 0),
  ('^pas', -3.07, 0, 0, 0, 0),
  ('^passwor', 3.53, 0, 0, 0, 0),
  ('^pay', 9.16, 0, 0, 0, 0),
  ('^payment', 8.54, 0, 0, 0, 0),
  ('^pdf', 9.72, 0, 0, 0, 0),
  ('^pessoal', -1.41, 0, 0, 0, 0),
  ('^phone', 5.8, 0, 0, 0, 0),
  ('^photo', 4.62, 0, 0, 0, 0),
  ('^plan', 3.18, 0, 0, 0, 0),
  ('^pls', 2.75, 0, 0, 0, 0),
  ('^plugin', 2.24, 0, 0, 0, 0),
  ('^poll', -1.44, 0, 0, 0, 0),
  ('^pool', -1.42, 0, 0, 0, 0),
  ('^post', 3.03, 0, 0, 0, 0),
  ('^postmor', -1.82, 0, 0, 0, 0),
  ('^posts', 5.56, 0, 0, 0, 0),
  ('^pour', -2.94, 0, 0, 0, 0),
  ('^pourquo', 1.38, 0, 0, 0, 0),
  ('^price', 8.78, 0, 0, 0, 0),
  ('^print', 1.08, 0, 0, 0, 0),
  ('^printer', 5.69, 0, 0, 0, 0),
  ('^problem', 14.23, 0, 0, 0, 0),
  ('^product', 2.03, 0, 0, 0, 0),
  ('^program', 1.88, 0, 0, 0, 0),
  ('^psa', -2.28, 0, 0, 0, 0),
  ('^push', 1.42, 0, 0, 0, 0),
  ('^python', 5.17, 0, 0, 0, 0),
  ('^qual', -1.79, 0, 0, 0, 0),
  ('^que', -0.96, 0, 0, 0, 0),
  ('^query', 2.18, 0, 0, 0, 0),
  ('^questio', 3.22, 0, 0, 0, 0),
  ('^quiz', 3.15, 0, 0, 0, 0),
  ('^quota', 9.16, 0, 0, 0, 0),
  ('^rails', 5.04, 0, 0, 0, 0),
  ('^rate', 6.15, 0, 0, 0, 0),
  ('^react', 5.2, 0, 0, 0, 0),
  ('^read', -1.1, 0, 0, 0, 0),
  ('^reading', -2.11, 0, 0, 0, 0),
  ('^recomme', -2.57, 0, 0, 0, 0),
  ('^recordi', 0.84, 0, 0, 0, 0),
  ('^recursi', 1.42, 0, 0, 0, 0),
  ('^refund', 7.72, 0, 0, 0, 0),
  ('^refunds', 7.51, 0, 0, 0, 0),
  ('^regex', 2.55, 0, 0, 0, 0),
  ('^release', -1.44, 0, 0, 0, 0),
  ('^remembe', -3, 0, 0, 0, 0),
  ('^reminde', -5.47, 0, 0, 0, 0),
  ('^removed', 2.85, 0, 0, 0, 0),
  ('^renewal', 9.04, 0, 0, 0, 0),
  ('^replay', 3.32, 0, 0, 0, 0),
  ('^report', 4.98, 0, 0, 0, 0),
  ('^request', 4.03, 0, 0, 0, 0),
  ('^reset', 4.01, 0, 0, 0, 0),
  ('^resolve', -1.21, 0, 0, 0, 0),
  ('^restart', -1.33, 0, 0, 0, 0),
  ('^review', 1.54, 0, 0, 0, 0),
  ('^rien', -3.01, 0, 0, 0, 0),
  ('^room', 5.25, 0, 0, 0, 0),
  ('^rules', -5.14, 0, 0, 0, 0),
  ('^run', 3.72, 0, 0, 0, 0),
  ('^runs', 4.1, 0, 0, 0, 0),
  ('^rust', 4.1, 0, 0, 0, 0),
  ('^saber', -1.41, 0, 0, 0, 0),
  ('^sabko', -1.63, 0, 0, 0, 0),
  ('^safety', -1.71, 0, 0, 0, 0),
  ('^sale', -1.35, 0, 0, 0, 0),
  ('^same', 2.38, 0, 0, 0, 0),
  ('^say', -1, 0, 0, 0, 0),
  ('^says', 0.7, 0, 0, 0, 0),
  ('^scenari', 3.99, 0, 0, 0, 0),
  ('^schedul', 6.46, 0, 0, 0, 0),
  ('^script', 2.47, 0, 0, 0, 0),
  ('^se', 1.83, 0, 0, 0, 0),
  ('^search', 4.71, 0, 0, 0, 0),
  ('^seat', 5.56, 0, 0, 0, 0),
  ('^see', -1.07, 0, 0, 0, 0),
  ('^segfaul', 7.88, 0, 0, 0, 0),
  ('^sem', -2.46, 0, 0, 0, 0),
  ('^server', 3.25, 0, 0, 0, 0),
  ('^session', 2.66, 0, 0, 0, 0),
  ('^set', 0.98, 0, 0, 0, 0),
  ('^setting', 1.16, 0, 0, 0, 0),
  ('^sheet', 7.4, 0, 0, 0, 0),
  ('^sheets', 6.43, 0, 0, 0, 0),
  ('^sign', 0.9, 0, 0, 0, 0),
  ('^since', 4.7, 0, 0, 0, 0),
  ('^slack', 6.5, 0, 0, 0, 0),
  ('^slides', 2.76, 0, 0, 0, 0),
  ('^socorro', 5.42, 0, 0, 0, 0),
  ('^solved', -1.91, 0, 0, 0, 0),
  ('^some', -1.35, 0, 0, 0, 0),
  ('^somebod', 1.89, 0, 0, 0, 0),
  ('^someone', -0.81, 0, 0, 0, 0),
  ('^sou', 1.36, 0, 0, 0, 0),
  ('^sound', 4.54, 0, 0, 0, 0),
  ('^spring', 5, 0, 0, 0, 0),
  ('^sql', 5.03, 0, 0, 0, 0),
  ('^sqlite', 4.16, 0, 0, 0, 0),
  ('^sso', 2.17, 0, 0, 0, 0),
  ('^start', 4.54, 0, 0, 0, 0),
  ('^state', 2.24, 0, 0, 0, 0),
  ('^step', 3.72, 0, 0, 0, 0),
  ('^still', 4.77, 0, 0, 0, 0),
  ('^stop', 1.37, 0, 0, 0, 0),
  ('^stopped', -1.81, 0, 0, 0, 0),
  ('^streami', 1.49, 0, 0, 0, 0),
  ('^strict', -1.53, 0, 0, 0, 0),
  ('^stuck', 1.82, 0, 0, 0, 0),
  ('^subtitl', 2.79, 0, 0, 0, 0),
  ('^suche', 4.22, 0, 0, 0, 0),
  ('^sunday', -5.1, 0, 0, 0, 0),
  ('^super', 2.54, 0, 0, 0, 0),
  ('^swift', 5.17, 0, 0, 0, 0),
  ('^sync', 4.02, 0, 0, 0, 0),
  ('^table', 2.87, 0, 0, 0, 0),
  ('^tags', -1.91, 0, 0, 0, 0),
  ('^take', -1.18, 0, 0, 0, 0),
  ('^tambem', 1.28, 0, 0, 0, 0),
  ('^tax', 8.71, 0, 0, 0, 0),
  ('^team', 2.11, 0, 0, 0, 0),
  ('^tengo', 1.95, 0, 0, 0, 0),
  ('^terrafo', 5.32, 0, 0, 0, 0),
  ('^tests', 2.29, 0, 0, 0, 0),
  ('^thank', -3.25, 0, 0, 0, 0),
  ('^thanks', -2.5, 0, 0, 0, 0),
  ('^that', -0.92, 0, 0, 0, 0),
  ('^thats', -1.28, 0, 0, 0, 0),
  ('^the', -0.22, 0, 0, 0, 0),
  ('^thought', -1.35, 0, 0, 0, 0),
  ('^thread', 1.57, 0, 0, 0, 0),
  ('^three', 0.6, 0, 0, 0, 0),
  ('^ticket', 4.41, 0, 0, 0, 0),
  ('^time', -3.02, 0, 0, 0, 0),
  ('^tip', -3.51, 0, 0, 0, 0),
  ('^to', -1.36, 0, 0, 0, 0),
  ('^today', -5.95, 0, 0, 0, 0),
  ('^token', 2.2, 0, 0, 0, 0),
  ('^told', 1.11, 0, 0, 0, 0),
  ('^tonight', -5.11, 0, 0, 0, 0),
  ('^too', 1.87, 0, 0, 0, 0),
  ('^transcr', 7.81, 0, 0, 0, 0),
  ('^turma', -1.65, 0, 0, 0, 0),
  ('^two', 1.21, 0, 0, 0, 0),
  ('^typo', 2.12, 0, 0, 0, 0),
  ('^uma', 1.08, 0, 0, 0, 0),
  ('^undo', 1.75, 0, 0, 0, 0),
  ('^unser', -3.39, 0, 0, 0, 0),
  ('^unsubsc', 1.55, 0, 0, 0, 0),
  ('^update', 3.37, 0, 0, 0, 0),
  ('^upgrade', 1.47, 0, 0, 0, 0),
  ('^use', -1.12, 0, 0, 0, 0),
  ('^version', -2.57, 0, 0, 0, 0),
  ('^video', 2.93, 0, 0, 0, 0),
  ('^vient', -1.56, 0, 0, 0, 0),
  ('^voice', 7.06, 0, 0, 0, 0),
  ('^vous', 3.18, 0, 0, 0, 0),
  ('^waiting', 1.39, 0, 0, 0, 0),
  ('^was', -0.51, 0, 0, 0, 0),
  ('^way', -0.87, 0, 0, 0, 0),
  ('^we', -5.47, 0, 0, 0, 0),
  ('^webhook', 4.63, 0, 0, 0, 0),
  ('^weeks', -1.4, 0, 0, 0, 0),
  ('^wenn', 2.12, 0, 0, 0, 0),
  ('^wer', -1.21, 0, 0, 0, 0),
  ('^were', -3.47, 0, 0, 0, 0),
  ('^weve', -2.88, 0, 0, 0, 0),
  ('^what', -1.91, 0, 0, 0, 0),
  ('^whats', -1.59, 0, 0, 0, 0),
  ('^when', 0.69, 0, 0, 0, 0),
  ('^which', -1.79, 0, 0, 0, 0),
  ('^who', -0.89, 0, 0, 0, 0),
  ('^why', 2.37, 0, 0, 0, 0),
  ('^widget', 1.9, 0, 0, 0, 0),
  ('^wie', 0.94, 0, 0, 0, 0),
  ('^wins', -1.37, 0, 0, 0, 0),
  ('^wir', -3.66, 0, 0, 0, 0),
  ('^wish', 1.95, 0, 0, 0, 0),
  ('^without', -3.41, 0, 0, 0, 0),
  ('^workflo', 1.85, 0, 0, 0, 0),
  ('^worksho', -1.71, 0, 0, 0, 0),
  ('^wrong', -1.11, 0, 0, 0, 0),
  ('^xat', -4.26, 0, 0, 0, 0),
  ('^xcite', -1.31, 0, 0, 0, 0),
  ('^xcode', 1.78, 0, 0, 0, 0),
  ('^xdots', -1.15, 0, 0, 0, 0),
  ('^xhttp', 2.93, 0, 0, 0, 0),
  ('^xname', 1.05, 0, 0, 0, 0),
  ('^xquote', -2.09, 0, 0, 0, 0),
  ('^xsad', 1.66, 0, 0, 0, 0),
  ('^xversio', -1.36, 0, 0, 0, 0),
  ('^ye', -1.07, 0, 0, 0, 0),
  ('^yes', -1.98, 0, 0, 0, 0),
  ('^yo', -1.57, 0, 0, 0, 0),
  ('^you', -1.88, 0, 0, 0, 0),
  ('^your', 2.15, 0, 0, 0, 0),
  ('^youre', 1.5, 0, 0, 0, 0),
  ('^youve', 2.36, 0, 0, 0, 0),
  ('^zoom', 5.27, 0, 0, 0, 0),
  ('^اشتراك', 9.62, 0, 0, 0, 0),
  ('^اول', -1.78, 0, 0, 0, 0),
  ('^اي', -1.46, 0, 0, 0, 0),
  ('^بث', 5.04, 0, 0, 0, 0),
  ('^تسجيل', 4.15, 0, 0, 0, 0),
  ('^تطبيق', 6.71, 0, 0, 0, 0),
  ('^حد', 2.47, 0, 0, 0, 0),
  ('^خصم', 9.1, 0, 0, 0, 0),
  ('^درس', 3.12, 0, 0, 0, 0),
  ('^رابط', 5.67, 0, 0, 0, 0),
  ('^رسايل', 1.49, 0, 0, 0, 0),
  ('^زر', 6.4, 0, 0, 0, 0),
  ('^سلام', 1.7, 0, 0, 0, 0),
  ('^طلعت', 2.62, 0, 0, 0, 0),
  ('^عندي', -2.94, 0, 0, 0, 0),
  ('^في', -1.01, 0, 0, 0, 0),
  ('^فيديو', 3.32, 0, 0, 0, 0),
  ('^كل', 2.96, 0, 0, 0, 0),
  ('^كيف', 1.65, 0, 0, 0, 0),
  ('^لا', -1.79, 0, 0, 0, 0),
  ('^لما', 1.64, 0, 0, 0, 0),
  ('^ما', -3.94, 0, 0, 0, 0),
  ('^مكتوب', 2.05, 0, 0, 0, 0),
  ('^ملف', 12.98, 0, 0, 0, 0),
  ('^نموذج', 5.28, 0, 0, 0, 0),
  ('^ورشة', -1.47, 0, 0, 0, 0),
  ('^ولا', -1.94, 0, 0, 0, 0),
  ('^يا', -1.17, 0, 0, 0, 0),
  ('^يوجد', 1.65, 0, 0, 0, 0),
  ('^يوم', -5.22, 0, 0, 0, 0),
  ('^エラー', 7.65, 0, 0, 0, 0),
  ('^保存', 1.71, 0, 0, 0, 0),
  ('^昨日', 2.5, 0, 0, 0, 0),
  ('^登录', 5.19, 0, 0, 0, 0),
  ('^認証', -1.42, 0, 0, 0, 0),
  ('^谢谢', -3.19, 0, 0, 0, 0),
  ('^🎉', -0.93, 0, 0, 0, 0),
  ('^👍', -2.05, 0, 0, 0, 0),
  ('^👏', -1.13, 0, 0, 0, 0),
  ('a', -2.65, 0.46, -0.77, 0.81, -0.5),
  ('a 0', -2.31, 0, 0, 0, 0),
  ('a :', -1.29, 0, 0, 0, 0),
  ('a backup', -1.47, 0, 0, 0, 0),
  ('a book', 1.37, 0, 0, 0, 0),
  ('a bug', 0.44, 0, 0, 0, 0),
  ('a button', 1.58, 0, 0, 0, 0),
  ('a chaque', 1.16, 0, 0, 0, 0),
  ('a code', 1.17, 0, 0, 0, 0),
  ('a column', -1.52, 0, 0, 0, 0),
  ('a custome', -0.85, 0, 0, 0, 0),
  ('a dark', 1.12, 0, 0, 0, 0),
  ('a day', -0.48, 0, 0, 0, 0),
  ('a entrar', -1.21, 0, 0, 0, 0),
  ('a file', 1.96, 0, 0, 0, 0),
  ('a la', -0.67, 0, 0, 0, 0),
  ('a lesson', 0.94, 0, 0, 0, 0),
  ('a list', 0.66, 0, 0, 0, 0),
  ('a little', -0.73, 0, 0, 0, 0),
  ('a login', 1.26, 0, 0, 0, 0),
  ('a mail', -0.89, 0, 0, 0, 0),
  ('a mano', 1.95, 0, 0, 0, 0),
  ('a mesma', 2.47, 0, 0, 0, 0),
  ('a minha', 3.55, 0, 0, 0, 0),
  ('a month', -0.54, 0, 0, 0, 0),
  ('a name', 1.1, 0, 0, 0, 0),
  ('a picture', -1.1, 0, 0, 0, 0),
  ('a questio', 0.97, 0, 0, 0, 0),
  ('a school', -1.22, 0, 0, 0, 0),
  ('a single', -1.38, 0, 0, 0, 0),
  ('a string', -1.85, 0, 0, 0, 0),
  ('a t', 6.85, 0, 0, 0, 0),
  ('a time', 1.16, 0, 0, 0, 0),
  ('a una', 1.23, 0, 0, 0, 0),
  ('a way', 1.69, 0, 0, 0, 0),
  ('a xquote', 1.83, 0, 0, 0, 0),
  ('a year', -1.52, 0, 0, 0, 0),
  ('a0', 0, -0.18, -0.45, 0.67, -0.03),
  ('aa', -1.48, 0.53, -0.17, -0.26, -0.1),
  ('aaj', -7.93, 0.86, -0.54, -0.26, -0.06),
  ('aap', -8.85, 1.24, -1.22, -0.51, 0.48),
  ('aapka', -9.6, 1.58, -1.16, -1.31, 0.89),
  ('aapko', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('ab', -2.44, 0.43, -0.13, -0.32, 0.02),
  ('aber', 0, 0.82, -0.33, -0.34, -0.16),
  ('abfrage', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('abgebuc', 3.04, -1.01, -3.52, -3.46, 7.98),
  ('abgestu', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('abhi', 0.99, 2.67, -0.87, 0.7, -2.5),
  ('ablauf', 4.05, -4.21, -0.42, 10, -5.38),
  ('abo', 3.04, -1, -3.48, -3.44, 7.93),
  ('abonnem', 3.77, -0.73, -3.56, -3.5, 7.8),
  ('about', -2.56, -0.39, -0.01, 0.39, 0.01),
  ('about a', 0.91, 0, 0, 0, 0),
  ('about an', 1.4, 0, 0, 0, 0),
  ('about the', 0.59, 0, 0, 0, 0),
  ('above', 0, -0.01, -0.49, 0.91, -0.42),
  ('abre', 1.28, -0.23, 0.81, -0.84, 0.26),
  ('abrir', 0, -0.03, 1.44, -0.8, -0.61),
  ('absturz', -6.39, -1.67, 3.91, -0.88, -1.36),
  ('acceder', 0, 7.26, -0.62, -3.1, -3.54),
  ('accept', 1.01, 0.3, -0.22, -0.51, 0.43),
  ('acces', 3.92, 9.45, -3.02, -3.46, -2.98),
  ('acceso', 3.93, 9.72, -3.15, -3.39, -3.18),
  ('access', 3.49, 8.65, -3.94, -2.39, -2.32),
  ('accessi', 2.86, -0.55, -1.88, 0.1, 2.33),
  ('accha', -6.66, 0, 0, 0, 0),
  ('account', 2.04, 6.72, -2.83, 0.63, -4.51),
  ('account .', 0.81, 0, 0, 0, 0),
  ('account ?', -1.55, 0, 0, 0, 0),
  ('account its', 1.4, 0, 0, 0, 0),
  ('acessar', 0, 7.26, -0.62, -3.1, -3.54),
  ('acesso', 2.86, 9.3, -2.98, -3.39, -2.92),
  ('acontec', 1.57, 0, 0, 0, 0),
  ('active', 0, 0.18, 0.1, -0.73, 0.45),
  ('actuali', 0, 2.7, -0.75, 0.75, -2.7),
  ('add', 3.18, -2.74, 0.35, 2.51, -0.12),
  ('add ?', -1.7, 0, 0, 0, 0),
  ('add a', 1.42, 0, 0, 0, 0),
  ('add karo', 4.24, 0, 0, 0, 0),
  ('add xname', 1.45, 0, 0, 0, 0),
  ('added', 0, -0.3, 1.08, -0.58, -0.21),
  ('address', 3.85, 6.3, -2.1, -0.62, -3.59),
  ('adds', 1.21, -0.6, -0.3, 0.68, 0.22),
  ('adhesio', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('adjunto', 0, -6.89, 1.22, 2.56, 3.11),
  ('admin', 4.59, 9.7, -3.7, -2.64, -3.36),
  ('adminis', 1.64, 0.87, -0.27, -0.12, -0.49),
  ('adore', -6.25, 0, 0, 0, 0),
  ('adorei', -6.25, 0, 0, 0, 0),
  ('adresse', 3.97, 6.45, -1.96, -0.78, -3.71),
  ('ads', -1.36, 0, 0, 0, 0),
  ('afraid of', -0.88, 0, 0, 0, 0),
  ('after', 0.72, 3.61, -0.68, 0.69, -3.62),
  ('after 0', 0.68, 0, 0, 0, 0),
  ('afterwa', 0.68, -0.05, 0.71, -0.5, -0.16),
  ('again', 0.81, 4.43, -1.49, -1.87, -1.08),
  ('again $', -1.57, 0, 0, 0, 0),
  ('again .', -0.87, 0, 0, 0, 0),
  ('again and', -0.67, 0, 0, 0, 0),
  ('again in', 1.62, 0, 0, 0, 0),
  ('again on', 1.52, 0, 0, 0, 0),
  ('against', -1.52, -0.1, 0.88, -0.77, -0.01),
  ('age', -1.27, 0, 0, 0, 0),
  ('agenda', -1.24, -2.2, -0.62, -0.31, 3.13),
  ('agent', 3, -2.37, 0.16, 6.29, -4.08),
  ('agent .', -2.05, 0, 0, 0, 0),
  ('agente', 0.98, 0, 0, 0, 0),
  ('agents', 1.68, -0.33, -0.92, 4.8, -3.55),
  ('ago', 0.63, 1.37, 0.26, -0.69, -0.94),
  ('agradec', -8.61, 0, 0, 0, 0),
  ('agradez', -7.95, 0, 0, 0, 0),
  ('agua', -1.64, 0, 0, 0, 0),
  ('ah', -1.01, 0, 0, 0, 0),
  ('ai', -0.77, -0.76, -0.61, 1.8, -0.42),
  ('aide', 2.05, 0, 0, 0, 0),
  ('aider', 2.51, 0, 0, 0, 0),
  ('aimerai', 4.24, 0, 0, 0, 0),
  ('ainda', 0, 3.32, -1.01, 0.44, -2.74),
  ('aint', 3.32, 0, 0, 0, 0),
  ('airtabl', 3.26, -0.35, -1.15, 4.95, -3.45),
  ('ajuda', 2.97, 0, 0, 0, 0),
  ('ajudar', 2.51, 0, 0, 0, 0),
  ('ajuste', 0, -1.78, -1.27, 5.45, -2.4),
  ('ajustes', 0, -1.78, -1.27, 5.45, -2.4),
  ('al', 0.66, 0.33, 1.34, -0.94, -0.73),
  ('alguien', -1.38, 0, 0, 0, 0),
  ('alguien sabe', 2.51, 0, 0, 0, 0),
  ('alguma', 0, 0.29, 0.33, 0.2, -0.82),
  ('alguna', -1.14, 0, 0, 0, 0),
  ('all', -0.46, 0, 0, 0, 0),
  ('all .', 0.91, 0, 0, 0, 0),
  ('all at', 1.24, 0, 0, 0, 0),
  ('all good', -4.77, 0, 0, 0, 0),
  ('all my', 1.37, 0, 0, 0, 0),
  ('all of', -0.64, 0, 0, 0, 0),
  ('all the', 2.6, 0, 0, 0, 0),
  ('allein', -1.31, 0, 0, 0, 0),
  ('allen', -1.75, 0, 0, 0, 0),
  ('allow', 7.65, 0.44, -0.98, 0.1, 0.43),
  ('alone', -1.83, 0, 0, 0, 0),
  ('alors', 1.28, 0, 0, 0, 0),
  ('already', 3.49, 1.95, 0.1, 0.8, -2.86),
  ('als', 1.07, 0, 0, 0, 0),
  ('also', 0.6, -0.24, 0.93, -0.6, -0.09),
  ('alterna', 1.87, 0, 0, 0, 0),
  ('althoug', 1.19, 0.09, 0.86, -0.71, -0.24),
  ('always', 0.44, 2.7, -0.3, 0.05, -2.46),
  ('am', 1.2, -0.24, -0.63, -0.02, 0.88),
  ('am ende', -1.35, 0, 0, 0, 0),
  ('am i', 2.22, 0, 0, 0, 0),
  ('amanha', -6.92, 0, 0, 0, 0),
  ('amazing', -6.32, 0, 0, 0, 0),
  ('amei', -6.25, 0, 0, 0, 0),
  ('an', -0.95, 0.22, -0.23, -0.02, 0.02),
  ('an agent', -2.03, 0, 0, 0, 0),
  ('an empty', -0.94, 0, 0, 0, 0),
  ('an error', 3.09, 0, 0, 0, 0),
  ('an hour', 0.82, 0, 0, 0, 0),
  ('anbindu', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('and', -3.47, 1.14, 2.39, -2.72, -0.81),
  ('and 0', 0.56, 0, 0, 0, 0),
  ('and a', -1.92, 0, 0, 0, 0),
  ('and for', 0.71, 0, 0, 0, 0),
  ('and got', -1.26, 0, 0, 0, 0),
  ('and has', 1.14, 0, 0, 0, 0),
  ('and i', 0.8, 0, 0, 0, 0),
  ('and im', 2.17, 0, 0, 0, 0),
  ('and it', -1.21, 0, 0, 0, 0),
  ('and its', 0.65, 0, 0, 0, 0),
  ('and my', 1.48, 0, 0, 0, 0),
  ('and no', -1.28, 0, 0, 0, 0),
  ('and not', -0.81, 0, 0, 0, 0),
  ('and now', 1.08, 0, 0, 0, 0),
  ('and on', 0.64, 0, 0, 0, 0),
  ('and start', -1.26, 0, 0, 0, 0),
  ('and the', -1.73, 0, 0, 0, 0),
  ('and then', 1.41, 0, 0, 0, 0),
  ('and theres', 1.09, 0, 0, 0, 0),
  ('and they', -1.07, 0, 0, 0, 0),
  ('android', 0, 0.19, -0.21, 0.38, -0.36),
  ('anexo', 0, -6.89, 1.19, 2.62, 3.08),
  ('angebot', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('angry', -2.74, 0, 0, 0, 0),
  ('angular', 3.29, -5.46, 9.32, -1.77, -2.09),
  ('anhang', 0, -6.89, 1.22, 2.56, 3.11),
  ('animati', 0, -0.12, -0.06, 1.12, -0.94),
  ('ankundi', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('anmelde', 0, 7.27, -0.63, -3.1, -3.54),
  ('anmeldu', 1.25, 7.55, -0.68, -3.2, -3.67),
  ('annonce', -2.1, -2.13, -0.73, -0.81, 3.68),
  ('announc', -1.76, -1.96, -0.6, -1, 3.56),
  ('annoyin', 0, 0.24, 1.46, -1.29, -0.4),
  ('annual', 0.8, 0.87, -0.07, -0.54, -0.26),
  ('annuler', 3.04, -1.07, -3.49, -3.45, 8.01),
  ('anos', -1.83, 0, 0, 0, 0),
  ('another', 0, -0.13, -0.39, 0.33, 0.19),
  ('ansicht', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('answer', -2.33, -0.36, -0.09, 0.17, 0.27),
  ('answer .', -0.89, 0, 0, 0, 0),
  ('answere', -1.39, 0, 0, 0, 0),
  ('answeri', -1.03, 0, 0, 0, 0),
  ('answers', 0, -0.7, 2.85, -1.87, -0.27),
  ('antes', -0.71, 0, 0, 0, 0),
  ('anuncio', -2.39, -2.08, -0.53, -0.82, 3.43),
  ('any', 1.69, -1.62, 0.63, -1.61, 2.6),
  ('any more', -4.79, 0, 0, 0, 0),
  ('anybody', -3.41, 0, 0, 0, 0),
  ('anyone', -2.99, 0, 0, 0, 0),
  ('anyone ?', 4.1, 0, 0, 0, 0),
  ('anyone want', -1.74, 0, 0, 0, 0),
  ('anythin', 0.95, 0.78, -0.21, 1.15, -1.73),
  ('anythin $', 1.02, 0, 0, 0, 0),
  ('anywher', 1.78, -0.63, -0.08, 1.03, -0.32),
  ('ao', 1.73, 0.09, 0.55, -0.47, -0.17),
  ('aparece', 0, 0.56, 0.15, -0.22, -0.49),
  ('api', 2.34, -2.95, 6.39, 2.61, -6.05),
  ('api .', -1.57, 0, 0, 0, 0),
  ('apne', 0, -0.14, -0.14, 0.76, -0.48),
  ('apologi', -1.95, 0, 0, 0, 0),
  ('apostil', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('app', 5.01, -0.32, -0.39, 1.89, -1.18),
  ('app .', -0.92, 0, 0, 0, 0),
  ('applica', 1.48, 0.52, 0.32, -0.01, -0.83),
  ('appreci', -8.61, 0, 0, 0, 0),
  ('approve', 1.38, 8.99, -2.8, -3.28, -2.91),
  ('approve .', -1.56, 0, 0, 0, 0),
  ('aprende', -1.36, 0, 0, 0, 0),
  ('apres', 0.99, -0.18, 1.06, -0.37, -0.52),
  ('april', 0.84, -0.43, 0.14, 0.59, -0.3),
  ('aqui', -2.98, 0, 0, 0, 0),
  ('archive', 0, -0.42, -0.52, -0.33, 1.27),
  ('archivo', 5.4, -9.89, 8.9, 3.32, -2.33),
  ('arduino', 3.29, -5.46, 9.4, -1.8, -2.14),
  ('are', 2.6, 0.78, 0.33, -0.78, -0.33),
  ('are all', 1.93, 0, 0, 0, 0),
  ('are broken', 1.21, 0, 0, 0, 0),
  ('are in', -1.91, 0, 0, 0, 0),
  ('are the', 1.05, 0, 0, 0, 0),
  ('are you', -1.23, 0, 0, 0, 0),
  ('arent', 1.11, 0, 0, 0, 0),
  ('argumen', 0.87, -0.23, 0.65, -0.27, -0.14),
  ('around', -1.64, 0, 0, 0, 0),
  ('around 0', -0.86, 0, 0, 0, 0),
  ('arquivo', 5.34, -9.88, 8.8, 3.4, -2.32),
  ('array', 3.2, -3.17, 7.69, 1.06, -5.58),
  ('arrays', 3.48, -3.02, 7.66, 0.81, -5.46),
  ('arregla', -5.47, -0.31, 2.98, -1.66, -1.02),
  ('arrive', -1.32, 0, 0, 0, 0),
  ('arrive pas', 4.63, 0, 0, 0, 0),
  ('arrives', 1.22, 0, 0, 0, 0),
  ('article', -1.89, -1.83, -0.18, -0.32, 2.33),
  ('articul', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('artigo', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('artikel', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('as', 0.2, 0.6, -0.56, 0.01, -0.05),
  ('as before', -1.25, 0, 0, 0, 0),
  ('as soon', 1.52, 0, 0, 0, 0),
  ('as well', 0.45, 0, 0, 0, 0),
  ('asap', 2.51, 0, 0, 0, 0),
  ('asi', -1.02, 0, 0, 0, 0),
  ('ask', -1.84, 0.55, -0.57, 0.25, -0.23),
  ('ask for', 0.91, 0, 0, 0, 0),
  ('ask me', -2.26, 0, 0, 0, 0),
  ('asked', -3.67, 0.89, 0.31, -0.23, -0.97),
  ('asked for', -0.5, 0, 0, 0, 0),
  ('asked me', -1.01, 0, 0, 0, 0),
  ('asked to', 1.2, 0, 0, 0, 0),
  ('asked whether', -1.02, 0, 0, 0, 0),
  ('asking', -2.17, -1.06, -0.44, 0.04, 1.46),
  ('asks', 1.51, -1.05, 0.25, 1.09, -0.29),
  ('asks for', 0.89, 0, 0, 0, 0),
  ('assert', 3.48, -3, 7.59, 0.84, -5.43),
  ('assigne', 1.9, 0, 0, 0, 0),
  ('assignm', 4.87, -2.43, -0.07, -3.34, 5.83),
  ('assinan', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('assinat', 3.62, -0.35, -3.56, -3.56, 7.46),
  ('assist', 2.51, 0, 0, 0, 0),
  ('assista', 6.56, 0, 0, 0, 0),
  ('astuce', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('async', 3.5, -3, 7.67, 0.75, -5.43),
  ('at', -0.52, -0.59, -0.54, 1.11, 0.02),
  ('at 0', -3.93, 0, 0, 0, 0),
  ('at a', 1.38, 0, 0, 0, 0),
  ('at all', 1.34, 0, 0, 0, 0),
  ('at last', -1.13, 0, 0, 0, 0),
  ('at least', 0.98, 0, 0, 0, 0),
  ('at once', 2.8, 0, 0, 0, 0),
  ('at the', -2.1, 0, 0, 0, 0),
  ('at xpercen', 1.63, 0, 0, 0, 0),
  ('atak', 4.39, 0, 0, 0, 0),
  ('ate', -1.06, -0.28, -0.53, -0.31, 1.12),
  ('atelier', -2.6, -2.02, -0.52, -0.81, 3.35),
  ('atka', 4.22, -0.63, -0.79, 0.68, 0.73),
  ('attache', 1.55, 0, 0, 0, 0),
  ('attachm', 0.92, -6.95, 1.1, 3.36, 2.49),
  ('attempt', 1.37, 1.48, -0.09, -0.42, -0.97),
  ('attribu', 1.11, 0, 0, 0, 0),
  ('atualiz', 1.16, 2.37, -0.06, 0.39, -2.7),
  ('au', 0, 0.26, -0.48, 0.77, -0.56),
  ('auch', 2.19, 0.05, -1.15, 0.83, 0.26),
  ('aucun', 2.98, 0.91, -0.31, -0.83, 0.23),
  ('aucune', 3.49, 0, 0, 0, 0),
  ('audio', 3.69, -2.41, -2.05, -2.54, 7),
  ('auf', 2.81, -0.75, -0.1, 0.87, -0.02),
  ('auf der', 1.51, 0, 0, 0, 0),
  ('aufgabe', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('aufzeic', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('aula', 3.45, -2.69, -1.8, -2.67, 7.16),
  ('aulas', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('aur', 0, 1.16, -0.38, -0.7, -0.08),
  ('aus', 0, -0.99, 0.56, 0.92, -0.5),
  ('auslose', 4.05, -4.21, -0.42, 10.02, -5.39),
  ('aussi', 2.59, -0.32, -0.8, -0.31, 1.43),
  ('autenti', 7.54, 7.35, -3.19, -1.27, -2.89),
  ('auth', 0, -0.2, 0.84, -0.56, -0.08),
  ('authent', 9.21, 7.1, -2.99, -0.78, -3.33),
  ('automac', 4.05, -4.37, -0.61, 10.41, -5.43),
  ('automat', 4.51, -4.65, -1.62, 12.08, -5.81),
  ('availab', 0, -0.27, -0.54, 0.87, -0.06),
  ('avatar', 5.85, -0.85, -2.38, 4.39, -1.16),
  ('avec', 1.35, -0.11, 0.52, 0.61, -1.02),
  ('awaaz', -1.88, 0, 0, 0, 0),
  ('await', 4.09, -3.02, 8.04, 0.43, -5.44),
  ('away', -1.04, 1.87, -0.81, -0.97, -0.08),
  ('away $', -1.02, 0, 0, 0, 0),
  ('awesome', -6.25, 0, 0, 0, 0),
  ('ayer', 1.54, 3.44, -0.89, 0.32, -2.86),
  ('ayuda', 1.68, 0, 0, 0, 0),
  ('ayudame', 2.51, 0, 0, 0, 0),
  ('ayudar', 2.51, 0, 0, 0, 0),
  ('b', -0.52, -0.26, 0.1, -0.4, 0.56),
  ('baad', 0, -0.05, -0.45, 0.73, -0.23),
  ('baar', 1.57, 3.08, -0.57, 0.16, -2.67),
  ('baby', 0, -1.5, 0.09, -0.22, 1.63),
  ('back', -2.35, 1.25, -0.86, 0.72, -1.11),
  ('back $', -2.39, 0, 0, 0, 0),
  ('back in', 1.03, 0, 0, 0, 0),
  ('backend', 3.15, -3, 7.37, 1.05, -5.43),
  ('backup', -0.8, 1.97, -0.89, -0.82, -0.26),
  ('backup codes', 1.62, 0, 0, 0, 0),
  ('bad', -1.43, 0.49, 0.33, -0.58, -0.24),
  ('badge', 5.36, -2.45, -1.65, -2.75, 6.85),
  ('badhiya', -6.25, 0, 0, 0, 0),
  ('bahut', -1.88, 0, 0, 0, 0),
  ('baixar', 0, -6.89, 1.22, 2.56, 3.11),
  ('balance', 0, -0.1, 1.03, -0.44, -0.5),
  ('ban', 1.19, 5.37, -1.45, -2.87, -1.04),
  ('banco', 2.3, -2.99, 7.58, 0.84, -5.43),
  ('band', 5.59, -1.03, -0.23, 0.58, 0.68),
  ('baneado', 0, 5.36, -1.72, -2.69, -0.96),
  ('banido', 0, 5.36, -1.72, -2.69, -0.96),
  ('bank', 1.81, -1.7, -2.82, -3.68, 8.2),
  ('banned', 0, 6.63, -2.33, -3.04, -1.26),
  ('banner', 0, -0.47, -0.08, -1.23, 1.77),
  ('banni', 0, 5.36, -1.72, -2.69, -0.96),
  ('bar', 0, -0.07, -0.66, 0.58, 0.15),
  ('base', 5.53, -3.12, 7.67, 1.22, -5.76),
  ('based in', -3.41, 0, 0, 0, 0),
  ('bash', 4.01, -5.66, 9.76, -1.91, -2.19),
  ('batao', 2.34, 0, 0, 0, 0),
  ('be', 0, -1.93, -0.25, -0.22, 2.39),
  ('be 0', -1.62, 0, 0, 0, 0),
  ('be at', -1.57, 0, 0, 0, 0),
  ('be great', 5.28, 0, 0, 0, 0),
  ('be one', 1.68, 0, 0, 0, 0),
  ('be that', -1.35, 0, 0, 0, 0),
  ('beautif', -4.47, 0, 0, 0, 0),
  ('because', -1.63, 1.56, -0.5, 0.05, -1.11),
  ('because of', 1.47, 0, 0, 0, 0),
  ('become', 1.62, 0, 0, 0, 0),
  ('bed', -0.95, 0, 0, 0, 0),
  ('been', 0, -0.19, -0.36, 0.64, -0.08),
  ('been doing', 1.76, 0, 0, 0, 0),
  ('before', 0.41, -0.9, -0.67, 1.36, 0.2),
  ('before .', -0.7, 0, 0, 0, 0),
  ('before you', -1.43, 0, 0, 0, 0),
  ('begeist', -6.25, 0, 0, 0, 0),
  ('begin', -1.96, 0, 0, 0, 0),
  ('beginne', 0, 0.52, 0.07, -0.51, -0.08),
  ('behind', 1.02, -0.26, 0.84, 0.01, -0.58),
  ('behind the', 0.92, 0, 0, 0, 0),
  ('behoben', -5.09, -0.31, 2.98, -1.66, -1.02),
  ('bei', 0, 0.35, -1, 0.85, -0.2),
  ('beim', -1.25, 0, 0, 0, 0),
  ('beitrag', 2.12, -0.88, -1.72, -0.34, 2.94),
  ('beitret', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('below', 1.01, 0, 0, 0, 0),
  ('bemvind', -2.89, 0, 0, 0, 0),
  ('benachr', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('bereich', 4.25, 9.63, -3.02, -3.58, -3.02),
  ('best', -9.8, 0, 0, 0, 0),
  ('bestati', 7.54, 7.61, -3.2, -1.39, -3.02),
  ('bestell', 2.85, -1.09, -3.45, -3.34, 7.88),
  ('beta', -1.23, 0, 0, 0, 0),
  ('better', -2.65, 0, 0, 0, 0),
  ('between', 0, -0.91, 0.24, 0.89, -0.22),
  ('bezahlt', 3.04, -1, -3.48, -3.44, 7.93),
  ('bhai', -1.24, 0, 0, 0, 0),
  ('bhi', 1.56, -0.39, -0.87, -0.4, 1.66),
  ('bien', 2.07, -0.44, 0.5, -0.26, 0.21),
  ('bienven', -3.6, 0, 0, 0, 0),
  ('big', -2.35, -0.47, 0.09, -0.16, 0.55),
  ('bigger', 1.03, 0, 0, 0, 0),
  ('biggest', -1.21, 0, 0, 0, 0),
  ('bill', 3.19, -1.2, -3.52, -4.06, 8.78),
  ('billed', 3.13, -1.05, -3.49, -3.44, 7.98),
  ('billet', 0, -1.72, -2.42, 0.56, 3.58),
  ('billing', 0, -0.67, -3.5, -3.36, 7.53),
  ('bin', -0.68, 0.26, 0.65, -0.29, -0.61),
  ('bina', -1.49, 0.87, -0.59, 1.25, -1.54),
  ('birthda', 0, 2, -0.24, -0.82, -0.94),
  ('bit', -0.53, 0, 0, 0, 0),
  ('bitte', 6.54, 0, 0, 0, 0),
  ('black', 5.59, -0.2, -0.99, 0.15, 1.04),
  ('blanca', 4.39, 0, 0, 0, 0),
  ('blanche', 4.39, 0, 0, 0, 0),
  ('blanco', 6.02, -0.94, -1.42, 0.86, 1.5),
  ('blanco $', 1.63, 0, 0, 0, 0),
  ('blank', 4.49, -0.42, -1.78, 1.76, 0.44),
  ('bleibt', 5.07, -0.73, -1.3, 1.67, 0.36),
  ('blind', 1.45, 0, 0, 0, 0),
  ('block', 0, 5.14, -1.81, -1.7, -1.63),
  ('blocked', 0, 0.1, -0.73, 0.24, 0.4),
  ('bloque', 5.87, 4.68, -2.04, -2.41, -0.23),
  ('bloquea', 0, 5.54, -1.79, -2.77, -0.98),
  ('bloquee', 4.39, 0, 0, 0, 0),
  ('blue', 0, -0.39, -0.16, 0.99, -0.44),
  ('boa', -2.46, 0, 0, 0, 0),
  ('board', 4.04, -0.88, -1.52, 4.83, -2.43),
  ('boards', 3.86, 0.07, -1.44, 4.84, -3.47),
  ('body', 0.65, 0, 0, 0, 0),
  ('boleto', 3.04, -1.12, -3.66, -3.54, 8.32),
  ('bom', -2.73, 0, 0, 0, 0),
  ('bonjour', -1.04, 0, 0, 0, 0),
  ('bonsoir', -2.72, 0, 0, 0, 0),
  ('book', 1.21, 0.24, 0.31, 0.16, -0.71),
  ('booking', 0, -0.41, -0.64, 1.5, -0.46),
  ('boolean', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('boost', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('boss', -1.56, 0, 0, 0, 0),
  ('bot', 2.09, -4.8, 0.54, 10.01, -5.74),
  ('botao', 2.81, -0.22, -1.78, 0.32, 1.69),
  ('both', 0.5, 0.11, -0.44, 0.03, 0.29),
  ('both $', 1.25, 0, 0, 0, 0),
  ('boton', 2.61, -1.01, -1.52, 0.17, 2.36),
  ('bots', 3.85, -3.37, -0.58, 9.44, -5.48),
  ('boucle', 3.48, -3.03, 7.72, 0.79, -5.48),
  ('bought', 2.94, 1.78, -3.99, -5.2, 7.41),
  ('bounces', 4.39, 0, 0, 0, 0),
  ('bouton', 4.03, -0.85, -1.48, 0.6, 1.74),
  ('box', 2.98, 1.75, -1.34, 1.28, -1.7),
  ('branch', 3.06, -3.33, 8.49, 0.36, -5.52),
  ('branco', 4.39, 0, 0, 0, 0),
  ('bravo', -6.32, 0, 0, 0, 0),
  ('break', -6.47, -1.47, 4.25, -0.96, -1.82),
  ('breakpo', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('breaks', -3.65, -2.18, 6.14, -1.79, -2.17),
  ('brett', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('bricht', 4.39, 0, 0, 0, 0),
  ('brillia', -6.25, 0, 0, 0, 0),
  ('bring', -2.21, 0, 0, 0, 0),
  ('bring the', -1.33, 0, 0, 0, 0),
  ('brings', -0.89, 0, 0, 0, 0),
  ('broke', -8.68, -1.75, 3.89, -0.78, -1.37),
  ('broke the', -1.07, 0, 0, 0, 0),
  ('broken', -3.77, -2.68, 3.83, -0.96, -0.18),
  ('brother', -0.73, 0, 0, 0, 0),
  ('browser', 0, -0.56, 1.2, 3.29, -3.93),
  ('bucle', 3.48, -3.02, 7.9, 0.63, -5.51),
  ('buenas', -3.17, 0, 0, 0, 0),
  ('buenisi', -6.25, 0, 0, 0, 0),
  ('buenos', -2.87, 0, 0, 0, 0),
  ('bug', -4.48, -0.02, 3.63, -2.01, -1.6),
  ('bug $', 1.69, 0, 0, 0, 0),
  ('bug :', 4.33, 0, 0, 0, 0),
  ('bug ?', 0.93, 0, 0, 0, 0),
  ('bug in', 0.99, 0, 0, 0, 0),
  ('bug or', 1.25, 0, 0, 0, 0),
  ('bug that', -1.19, 0, 0, 0, 0),
  ('buggy', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('bugs', -9.69, -1.67, 3.91, -0.88, -1.36),
  ('bugs in', -1.08, 0, 0, 0, 0),
  ('build', 0, -3.36, 7.68, 1.52, -5.84),
  ('builder', 0, -0.03, -0.54, 0.64, -0.07),
  ('buildin', -0.99, 0, 0, 0, 0),
  ('builds', -1.19, 0, 0, 0, 0),
  ('built', -1.92, 0, 0, 0, 0),
  ('built a', -1.08, 0, 0, 0, 0),
  ('bundle', 0, 1.05, -0.05, 0, -1),
  ('bursary', 0, -0.02, -0.08, -1.09, 1.19),
  ('busca', 2.03, -0.57, -1.41, -0.32, 2.31),
  ('buscado', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('buscamo', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('busqued', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('but', 3.15, -0.04, 1.36, -0.54, -0.78),
  ('but ive', -1.43, 0, 0, 0, 0),
  ('but not', -1.31, 0, 0, 0, 0),
  ('button', 4.41, 1.23, -2.84, -0.1, 1.71),
  ('buy', -0.75, 0.26, -0.13, -0.98, 0.86),
  ('by', -0.85, -0.23, 0.05, 1.62, -1.44),
  ('by a', 1.05, 0, 0, 0, 0),
  ('by day', -1.24, 0, 0, 0, 0),
  ('by default', -1.48, 0, 0, 0, 0),
  ('by the', -0.94, 0, 0, 0, 0),
  ('c', 4.33, -5.63, 8.59, -3.02, 0.06),
  ('ca', -0.59, -1.46, 0.97, 0.85, -0.37),
  ('cache', 3.37, -3.03, 7.62, 0.89, -5.49),
  ('cada', 2.51, 2.7, -1.03, 1.26, -2.92),
  ('cada vez', 1.34, 0, 0, 0, 0),
  ('cadastr', 4, 6.38, -1.96, -0.62, -3.8),
  ('cade', 7.61, 1, -1.22, 0.93, -0.71),
  ('cae', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('cake', -2.76, 0, 0, 0, 0),
  ('calenda', 3.88, -2.22, -4.52, 5.11, 1.63),
  ('calendl', 3.2, -0.51, -1.18, 5.25, -3.56),
  ('calendr', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('call', 0, -2.78, -0.49, 0.11, 3.16),
  ('callbac', 3.86, -2.49, 7.55, 0.52, -5.58),
  ('called', -0.75, -0.21, -1.48, 0.96, 0.73),
  ('called xquote', 0.86, 0, 0, 0, 0),
  ('calls', 0.69, -0.25, 1.22, -0.72, -0.25),
  ('came', -1, -2.02, -0.46, -0.43, 2.91),
  ('camera', 2.69, -0.58, 2.87, -0.95, -1.34),
  ('campo', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('can', 9.31, -0.32, -0.77, 1.55, -0.47),
  ('can a', -1.39, 0, 0, 0, 0),
  ('can anyone', -2.1, 0, 0, 0, 0),
  ('can be', 0.81, 0, 0, 0, 0),
  ('can confirm', -1.33, 0, 0, 0, 0),
  ('can do', -1.37, 0, 0, 0, 0),
  ('can help', 0.87, 0, 0, 0, 0),
  ('can i', 2.28, 0, 0, 0, 0),
  ('can see', 0.92, 0, 0, 0, 0),
  ('can the', 1.83, 0, 0, 0, 0),
  ('cancel', 2.47, -1.18, -4.02, -4.09, 9.29),
  ('cancela', 3.04, -1.04, -3.49, -3.46, 7.99),
  ('cancell', 2.88, -0.91, -3.49, -3.45, 7.86),
  ('cannot', 4.29, 0.66, 2.4, -3.09, 0.03),
  ('cant', 9.16, 1.57, -0.41, -1.81, 0.65),
  ('cant be', 1.48, 0, 0, 0, 0),
  ('cant get', 4.76, 0, 0, 0, 0),
  ('cant see', 1.29, 0, 0, 0, 0),
  ('cant turn', 1.41, 0, 0, 0, 0),
  ('canva', 3.35, -0.38, -1.39, 5.79, -4.03),
  ('captcha', 7.86, 7.97, -3.35, -1.62, -3),
  ('caption', 5.73, -2.39, -1.96, -2.37, 6.72),
  ('caption are', 1.26, 0, 0, 0, 0),
  ('card', 6.06, -0.76, -3.85, -4.22, 8.83),
  ('careful', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('carpeta', 0, -6.9, 0.97, 2.93, 3),
  ('cartao', 3.04, -1.02, -3.49, -3.45, 7.95),
  ('carte', 3.04, -1, -3.48, -3.44, 7.93),
  ('casca', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('case', -1.82, -0.47, 0.52, 0.2, -0.25),
  ('casse', -5.84, -1.74, 3.83, -1.08, -1.01),
  ('cat', 0, -0.2, 0.95, -0.28, -0.47),
  ('cause', -0.97, 0, 0, 0, 0),
  ('ce', -0.71, 0.23, 0.07, -0.37, 0.07),
  ('ce soir', -6.16, 0, 0, 0, 0),
  ('celle', 0, -0.47, -0.31, -0.46, 1.23),
  ('cenario', 4.05, -4.24, -0.43, 10.14, -5.47),
  ('cent', 0.94, 0.03, 0.86, -0.43, -0.46),
  ('cerrad', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('cert', 0, -0.22, -0.29, -0.76, 1.27),
  ('certifi', 3.24, -3.2, -2.37, -3.53, 9.1),
  ('certo', -2.79, 0, 0, 0, 0),
  ('cest', -1.67, 0, 0, 0, 0),
  ('cest bon', -4.94, 0, 0, 0, 0),
  ('cetait', -5.4, -0.31, 2.98, -1.66, -1.02),
  ('cette', -1.3, 0, 0, 0, 0),
  ('chahiye', 2.23, -0.98, 0.81, 0.11, 0.05),
  ('chahiye ?', -1.41, 0, 0, 0, 0),
  ('chal', -0.97, 0, 0, 0, 0),
  ('challen', -1.76, 0, 0, 0, 0),
  ('champ', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('chance', 7.38, 0.63, -0.99, -0.09, 0.45),
  ('change', -0.48, 1.33, -0.2, 0.35, -1.49),
  ('change and', 1.17, 0, 0, 0, 0),
  ('changed', 0, 0.37, -0.78, 0.03, 0.38),
  ('changel', -3.49, -2.02, -0.52, -0.81, 3.35),
  ('changes', 0.81, 0.67, 0.35, -0.56, -0.46),
  ('chapitr', 4.5, -2.45, -1.1, -2.94, 6.49),
  ('chapter', 2.51, -1.28, -1.63, -2.66, 5.57),
  ('chaque', 2.83, 2, 0.5, 0.32, -2.82),
  ('charact', 1.55, 0.67, -0.95, 0.38, -0.1),
  ('charge', 2.71, -1.07, -3.5, -3.52, 8.1),
  ('chargeb', 3.04, -1, -3.48, -3.44, 7.93),
  ('charged', 4.18, -1.63, -3.53, -3.5, 8.66),
  ('charges', 3.04, -1, -3.48, -3.44, 7.93),
  ('chart', 0, -0.09, -0.79, 1.01, -0.13),
  ('chat', 2.05, -0.4, -1.12, 4.17, -2.65),
  ('chatbot', 3.52, -0.7, -0.8, 5.46, -3.96),
  ('chatgpt', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('cheap', 1.49, 0, 0, 0, 0),
  ('check', -4.41, -1.01, -0.27, 1.68, -0.4),
  ('checker', 0, -0.81, 2.48, -0.49, -1.18),
  ('checkou', 3.9, -0.86, -2.74, -4.34, 7.94),
  ('chega', 0, -0.31, 0.44, -0.86, 0.72),
  ('chez', 2.32, 0.69, 0.35, -0.29, -0.74),
  ('chez moi', 1.7, 0, 0, 0, 0),
  ('child', 0, -0.2, -0.16, -0.42, 0.78),
  ('childre', -1.69, 0, 0, 0, 0),
  ('childre $', -1.51, 0, 0, 0, 0),
  ('choir', 0, 1.19, -0.18, -0.45, -0.55),
  ('chouett', -6.25, 0, 0, 0, 0),
  ('chrome', 4.8, -0.36, -1.11, 5.15, -3.68),
  ('chulo', -6.25, 0, 0, 0, 0),
  ('chunk', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('ci', 0, -1.25, 1.73, -0.43, -0.05),
  ('cierra', 0.98, -0.14, 0.6, -0.64, 0.17),
  ('circle', 1.02, -1.15, -0.08, 1.37, -0.15),
  ('clase', 3.55, -2.38, -1.32, -2.67, 6.37),
  ('class', 9.3, -3.83, 2, -2.1, 3.93),
  ('claude', 2.35, -1.06, -1.25, 5.79, -3.48),
  ('clave', -2.27, 4.13, -1.86, -0.92, -1.35),
  ('clean', -1.14, 0, 0, 0, 0),
  ('clear the', -4.06, 0, 0, 0, 0),
  ('cleared', -3.94, -0.58, 3.44, -1.75, -1.1),
  ('cli', 0.98, -0.17, -0.96, 1.35, -0.22),
  ('click', 0.64, 0.42, -0.88, 0.1, 0.36),
  ('clickin', 0, 0.3, -0.73, 0.73, -0.29),
  ('client', 3.63, -3.19, 6.05, 2.64, -5.5),
  ('cliente', 0.72, -0.49, -0.18, 1.19, -0.52),
  ('clients', 0, -0.38, -0.42, 1.24, -0.44),
  ('close', 0, 1.56, -0.07, -1.31, -0.17),
  ('closed', 0.93, 0.52, 0.51, -0.27, -0.76),
  ('closes', 0, -0.12, -0.44, -0.33, 0.89),
  ('club', 0.66, 0.43, -0.29, 0.46, -0.61),
  ('clubs', 0, -0.3, -0.18, -0.8, 1.29),
  ('cms', 0, 0, -1.2, 1.22, -0.01),
  ('cnt', 3.32, 0, 0, 0, 0),
  ('co', -0.82, 0, 0, 0, 0),
  ('cobrado', 3.04, -1, -3.48, -3.44, 7.93),
  ('cobranc', 3.04, -1.08, -3.51, -3.46, 8.05),
  ('cobrara', 3.04, -1, -3.48, -3.44, 7.93),
  ('cobraro', 3.04, -1.13, -3.5, -3.49, 8.11),
  ('cobro', 3.04, -1, -3.48, -3.44, 7.93),
  ('code', 3.96, 2.17, 4.82, -1, -5.98),
  ('code $', -1.16, 0, 0, 0, 0),
  ('code .', -2.22, 0, 0, 0, 0),
  ('code ?', -1.23, 0, 0, 0, 0),
  ('codes', 0, 2.06, -1.62, -0.09, -0.35),
  ('codes :', 1.37, 0, 0, 0, 0),
  ('codigo', 11.61, 4.89, 3.97, -0.88, -7.98),
  ('coffee', -3.25, 0, 0, 0, 0),
  ('cohort', 3.91, 7.95, -2.98, -3.54, -1.42),
  ('coisa', 0.95, 0, 0, 0, 0),
  ('colgada', 4.39, 0, 0, 0, 0),
  ('colleag', 0, -0.67, 0.38, 0.79, -0.49),
  ('collect', -1.17, 0, 0, 0, 0),
  ('collect the', -1.28, 0, 0, 0, 0),
  ('college', 0, -0.5, -0.06, -0.13, 0.68),
  ('colonne', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('colour', 1.14, -0.52, -0.2, 0.05, 0.67),
  ('column', 2.07, -3.11, 7.63, 1.38, -5.9),
  ('columna', 3.48, -3.01, 7.69, 0.79, -5.47),
  ('columns', 1.11, -0.05, -0.27, -0.73, 1.05),
  ('coluna', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('com', 0.55, -0.97, 0.39, -0.24, 0.81),
  ('com a', 0.96, 0, 0, 0, 0),
  ('com o', -1.3, 0, 0, 0, 0),
  ('combien', 0, -0.76, 1.38, -0.14, -0.48),
  ('come', 0.65, -0.67, 1.27, -0.37, -0.23),
  ('come back', 0.9, 0, 0, 0, 0),
  ('come in', 1, 0, 0, 0, 0),
  ('comenta', 0, -0.68, -1.72, -0.32, 2.72),
  ('comes', -0.61, 0.26, 0.32, -0.62, 0.05),
  ('comes from', -1.19, 0, 0, 0, 0),
  ('coming', 1.25, 1.47, -0.5, -0.73, -0.24),
  ('comma', 0.8, -0.02, 0.62, -0.58, -0.03),
  ('command', 2.63, -1.28, -3.42, -2.99, 7.69),
  ('comment', 7.02, -0.55, 2.87, 0.34, -2.66),
  ('comment je', -1.58, 0, 0, 0, 0),
  ('commit', 2.75, -3.02, 7.76, 0.69, -5.43),
  ('commits', 0, -0.45, 0.77, -0.15, -0.17),
  ('committ', 0, -0.22, 1.18, -0.66, -0.3),
  ('communi', -0.96, 0.17, -0.93, 0.41, 0.35),
  ('como', 11.16, 0.29, 3.25, 0.02, -3.56),
  ('company', 0.84, 0.58, -1.06, 1.44, -0.95),
  ('compare', -0.67, 0, 0, 0, 0),
  ('compart', 1.29, 0, 0, 0, 0),
  ('compila', 0, -0.51, 0.94, -0.18, -0.25),
  ('compile', 1.12, -2.34, 5.82, -0.3, -3.18),
  ('complai', -1.93, -0.25, 0.52, -0.43, 0.17),
  ('complet', -2.02, 0, 0, 0, 0),
  ('compone', 3.58, -3.01, 8.43, 0.15, -5.57),
  ('compose', 0, -0.26, -1.38, 1.77, -0.13),
  ('compra', 3.04, -1, -3.48, -3.44, 7.93),
  ('compte', 4.43, 6.75, -2, -0.89, -3.86),
  ('computa', 0, -0.19, -0.45, 0.23, 0.41),
  ('compute', 0, -0.44, 0.21, 0.35, -0.12),
  ('con', 1.55, -0.18, -0.48, -0.42, 1.08),
  ('con el', -1.04, 0, 0, 0, 0),
  ('con la', 0.9, 0, 0, 0, 0),
  ('con las', 2.44, 0, 0, 0, 0),
  ('conditi', 1.05, 0, 0, 0, 0),
  ('conecta', 4.28, -2.4, -4.3, 7.82, -1.12),
  ('conexao', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('conexio', 3.65, -2.32, -4.14, 7.42, -0.96),
  ('confere', -3.53, -1.22, -0.17, 1.44, -0.05),
  ('config', 0, -1.84, -1.54, 5.79, -2.41),
  ('configu', 0, -1.78, -1.22, 5.41, -2.41),
  ('confirm', 5.19, 7.11, -3.44, -0.34, -3.33),
  ('conflic', 3.58, -3.1, 7.66, 0.99, -5.56),
  ('congela', 4.39, 0, 0, 0, 0),
  ('congrat', -7.44, 0, 0, 0, 0),
  ('connect', 4.09, 2.79, -3.76, 6.21, -5.23),
  ('connect $', 1.32, 0, 0, 0, 0),
  ('connexi', 4.45, 5.05, -4.91, 4.34, -4.49),
  ('consegu', -3.92, 0.11, 2.87, -1.57, -1.41),
  ('conseil', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('consejo', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('consigo', 1.71, 0, 0, 0, 0),
  ('console', 0, -0.26, 1.46, -0.55, -0.66),
  ('console .', 0.98, 0, 0, 0, 0),
  ('consult', 3.91, -3.02, 7.83, 0.69, -5.49),
  ('conta', 2.82, 6.62, -2, -0.84, -3.79),
  ('contact', 0, -1.07, -1.19, 1.76, 0.5),
  ('contain', 5.18, -2.23, 6.32, 1.42, -5.5),
  ('content', 0, 0.19, 0.22, -0.54, 0.14),
  ('context', 4.05, -0.6, -0.93, 5.1, -3.56),
  ('continu', 3.36, 1.59, 0.27, -0.53, -1.33),
  ('contras', -4.11, 3.87, -1.81, -1.84, -0.22),
  ('control', -1.36, -0.13, 0.62, -0.4, -0.09),
  ('convers', 0, -0.22, -0.29, 0.69, -0.19),
  ('convite', 3.92, 9.26, -2.98, -3.36, -2.92),
  ('convoca', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('cookie', 0, -0.48, 0.35, -0.85, 0.98),
  ('cool', -6.46, 0, 0, 0, 0),
  ('copilot', 2.07, -0.28, -1.26, 5.32, -3.78),
  ('copy', -0.87, 0, 0, 0, 0),
  ('correct', -1.77, -0.2, -0.46, -0.56, 1.22),
  ('correo', 4.44, 6.35, -2.34, 0.19, -4.2),
  ('corrige', -5.7, -0.31, 2.98, -1.66, -1.02),
  ('corrigi', -1.51, 0, 0, 0, 0),
  ('corrupt', 4.39, 0, 0, 0, 0),
  ('cors', 1.76, -2.14, 3.19, 1.04, -2.09),
  ('cortado', 4.39, 0, 0, 0, 0),
  ('costs', -1.35, 0, 0, 0, 0),
  ('coucou', -2.89, 0, 0, 0, 0),
  ('could', 7.99, 0.88, -0.94, 0.02, 0.04),
  ('could be', -1.28, 0, 0, 0, 0),
  ('could not', 1.18, 0, 0, 0, 0),
  ('couldnt', 4.64, 0, 0, 0, 0),
  ('count', 2.62, 0.66, 1.17, 0.1, -1.93),
  ('counter', 0.91, 0, 0, 0, 0),
  ('counts', 0, 0.02, -0.18, -0.53, 0.69),
  ('coupe', 2.44, 0, 0, 0, 0),
  ('coupe la', -1.95, 0, 0, 0, 0),
  ('coupon', 3.52, -1.03, -3.94, -3.48, 8.45),
  ('cours', 4.52, -2.42, -1.69, -2.97, 7.07),
  ('course', 3.23, -2.42, -2.24, -2.97, 7.63),
  ('course in', -1.15, 0, 0, 0, 0),
  ('courses', 2.46, -1.91, -2.19, -2.65, 6.76),
  ('cousin', 0, 0.05, -0.63, 0.62, -0.05),
  ('crash', -8.1, -1.91, 4.46, -1.09, -1.46),
  ('crashed', -6.6, -2.1, 3.32, -0.89, -0.32),
  ('crashes', -5.12, -1.45, 5.72, -1.89, -2.38),
  ('crashes .', 1.92, 0, 0, 0, 0),
  ('crashin', -5.84, -1.69, 4.34, -1.14, -1.51),
  ('create', -1.03, 0, 0, 0, 0),
  ('created', 0, 1.23, -0.03, -0.94, -0.26),
  ('creates', 0, -0.2, -0.38, 1.14, -0.56),
  ('credits', 4.11, -1.26, -4.73, 7.19, -1.2),
  ('cried', -1.96, 0, 0, 0, 0),
  ('crm', 3.32, -0.38, -1.1, 4.99, -3.51),
  ('crown', 0, -0.75, -0.35, 1.33, -0.23),
  ('crypto', 0, -0.29, -0.05, -0.71, 1.05),
  ('css', 7.95, -8.47, 17.18, -1.14, -7.57),
  ('csv', 0, -7.07, 2.15, 2.19, 2.73),
  ('cual', 0, -0.76, 1.38, -0.14, -0.48),
  ('cuales', 0, -0.81, 1.32, -0.19, -0.33),
  ('cuando', 0, -0.75, 1.06, 0.08, -0.39),
  ('cuanta', 0, -0.76, 1.38, -0.14, -0.48),
  ('cuenta', 3.29, 6.94, -2.17, -0.97, -3.8),
  ('curl', 0.97, 0, 0, 0, 0),
  ('curricu', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('curso', 3.56, -1.91, -1.91, -3.01, 6.82),
  ('cursor', 2.15, -0.57, -1.25, 5.33, -3.51),
  ('custom', 0, -0.53, -0.38, 1.32, -0.41),
  ('custome', -1.16, -0.9, 0.11, 0.84, -0.05),
  ('custome and', -1.1, 0, 0, 0, 0),
  ('cut', 4.84, 0, 0, 0, 0),
  ('d', 1.02, -0.35, 0.41, -0.5, 0.44),
  ('da', 2.15, 0.66, -0.27, -0.58, 0.19),
  ('da erro', -4.59, 0, 0, 0, 0),
  ('da pra', 7.28, 0, 0, 0, 0),
  ('da turma', -1.85, 0, 0, 0, 0),
  ('da uma', -3.98, 0, 0, 0, 0),
  ('daccuei', 0, 0.77, 0.31, -0.37, -0.71),
  ('dados', 2.59, -3, 7.61, 0.82, -5.43),
  ('dalo', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('dank', -8.31, 0, 0, 0, 0),
  ('danke', -8.69, 0, 0, 0, 0),
  ('dankesc', -8.61, 0, 0, 0, 0),
  ('dann', -1.82, 0, 0, 0, 0),
  ('dans', 1.61, -0.19, -0.7, 0.33, 0.55),
  ('dans la', 0.91, 0, 0, 0, 0),
  ('dark', 1.1, -1.3, -2.07, -0.44, 3.81),
  ('dark mode', -1.32, 0, 0, 0, 0),
  ('dart', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('das', 1.63, 0.14, 0.58, -1.24, 0.52),
  ('dashboa', 0, -1.8, -1.31, 5.44, -2.33),
  ('dass', -0.65, -0.33, 0.04, -0.3, 0.58),
  ('data', 0.59, -2.1, -2.93, 0.9, 4.12),
  ('databas', 2.41, -3.04, 7.66, 0.92, -5.53),
  ('date', 5, -4.91, 4.95, 1.44, -1.47),
  ('datei', 5.34, -9.89, 8.85, 3.37, -2.33),
  ('dateien', 0, -6.89, 1.22, 2.56, 3.11),
  ('datenba', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('datos', 2.13, -2.72, 7.43, 0.74, -5.45),
  ('daughte', 0, 0.98, -0.2, -0.13, -0.66),
  ('day', -3.23, -0.41, 1.06, 0.03, -0.67),
  ('day challen', -1.57, 0, 0, 0, 0),
  ('days', -0.48, 1.93, -1.63, 0.35, -0.64),
  ('dazu', 0, -0.38, -0.69, 0.25, 0.82),
  ('db', 0, -0.14, 1.35, -1.14, -0.07),
  ('de', 0.65, -0.49, -0.1, 1.84, -1.24),
  ('de 0', -2.75, 0, 0, 0, 0),
  ('de la', 2.53, 0, 0, 0, 0),
  ('de mi', -1.12, 0, 0, 0, 0),
  ('de novo', 0.91, 0, 0, 0, 0),
  ('de passe', -2.96, 0, 0, 0, 0),
  ('deactiv', 0, 5.5, -1.76, -2.75, -0.98),
  ('dead', 4.24, -0.58, -0.76, 0.2, 1.13),
  ('deadloc', 0, -2.12, 3.62, 0.56, -2.06),
  ('deal', -1.01, 0, 0, 0, 0),
  ('deal with', -1.17, 0, 0, 0, 0),
  ('dear', 0.7, -0.29, -0.44, 1.21, -0.48),
  ('debit', 0, -0.25, -0.23, -1.12, 1.6),
  ('debug', -1.94, 0, 0, 0, 0),
  ('debugge', 3.48, -3, 8.91, -0.48, -5.43),
  ('debuggi', -1.83, 0, 0, 0, 0),
  ('decimal', 3.94, -3, 8.13, 0.3, -5.43),
  ('declenc', 4.05, -4.21, -0.42, 10, -5.38),
  ('decline', 1.81, 0, 0, 0, 0),
  ('decline .', 1.9, 0, 0, 0, 0),
  ('deconne', 0, 7.43, -0.65, -3.12, -3.65),
  ('def', 1.81, -0.05, 0.68, -0.34, -0.3),
  ('default', -1.74, 0, 0, 0, 0),
  ('default $', -1.35, 0, 0, 0, 0),
  ('defekt', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('dein', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('deine', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('deja', 1.73, 2.79, -0.72, 0.65, -2.72),
  ('dekho', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('del', 0.65, 0.2, -0.1, -0.95, 0.85),
  ('dela', 1.13, 0.86, -0.24, -0.55, -0.06),
  ('delete', -0.46, -0.67, 0.46, 0.23, -0.02),
  ('deleted', 1.33, 0.89, -0.13, 0.08, -0.84),
  ('delight', -5.86, 0, 0, 0, 0),
  ('dem', 0.99, 0.01, 0, 0.61, -0.62),
  ('demain', -7.03, 0, 0, 0, 0),
  ('demais', -6.25, 0, 0, 0, 0),
  ('demo', -1.03, 0, 0, 0, 0),
  ('den', -0.43, -0.05, -0.77, 1.05, -0.23),
  ('denkt', -6.92, 0, 0, 0, 0),
  ('dentro', -1.38, 0, 0, 0, 0),
  ('denvoi', 0, -0.76, -0.12, 0.94, -0.06),
  ('depende', 3.03, -3.04, 8.04, 0.45, -5.45),
  ('deploy', 4.86, -3.44, 8.1, 1.02, -5.67),
  ('deploye', 3.46, -2.99, 7.58, 0.84, -5.43),
  ('depois', 0, 0.52, 0.07, -0.35, -0.23),
  ('depois que', 1.25, 0, 0, 0, 0),
  ('depuis', 3.07, 2.46, -0.84, 1.42, -3.03),
  ('der', 3.14, -1.23, -0.57, 1.76, 0.04),
  ('des', -0.63, 0.76, -0.5, 0.29, -0.55),
  ('desapar', 4.39, 0, 0, 0, 0),
  ('descarg', 0, -6.89, 1.22, 2.56, 3.11),
  ('desde', 2.86, 4.04, -0.83, -0.16, -3.06),
  ('desde el', 1.4, 0, 0, 0, 0),
  ('design', -3.22, 0, 0, 0, 0),
  ('desktop', 0.89, 0.09, -1.31, 2.03, -0.81),
  ('despera', 2.51, 0, 0, 0, 0),
  ('despues', 1.08, 0, 0, 0, 0),
  ('deu certo', -4.94, 0, 0, 0, 0),
  ('deu erro', -5.84, 0, 0, 0, 0),
  ('deux', 1.17, -0.27, 0.71, -0.8, 0.36),
  ('deuxiem', 0, -0.01, -0.96, -0.14, 1.11),
  ('devant', 0, -0.74, -0.15, 0.91, -0.02),
  ('develop', -2.12, 0, 0, 0, 0),
  ('device', 2.21, 1.03, 0.07, -0.43, -0.67),
  ('dhanyav', -9.16, 0, 0, 0, 0),
  ('dhyan', -1.81, 0, 0, 0, 0),
  ('dia', 1.42, 0.17, -0.34, 0.37, -0.2),
  ('diapo', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('diaposi', 4.25, -2.41, -1.76, -2.75, 6.92),
  ('dias', -0.66, 0, 0, 0, 0),
  ('dica', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('dice', 1.15, -0.51, 0.01, -0.06, 0.56),
  ('dice que', 1.36, 0, 0, 0, 0),
  ('dich', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('dict', 3.48, -3, 7.59, 0.84, -5.43),
  ('diction', 3.04, -3, 7.63, 0.8, -5.43),
  ('did', -2.53, 0.3, 1.13, -0.19, -1.23),
  ('did i', -0.77, 0, 0, 0, 0),
  ('did the', -1.09, 0, 0, 0, 0),
  ('did you', -0.54, 0, 0, 0, 0),
  ('didnt', 3.18, -0.31, -0.67, -0.01, 0.99),
  ('die', 2.53, 0.22, 0.28, 0.46, -0.96),
  ('differe', 0.76, 0.47, -0.41, -0.97, 0.91),
  ('differe between', 1.36, 0, 0, 0, 0),
  ('digest', 3.14, -0.62, -1.67, -0.42, 2.71),
  ('dikh', 1.36, 0.07, -0.97, 0.43, 0.47),
  ('dikkat', -6.45, -1.67, 3.91, -0.88, -1.36),
  ('din', 0.93, 0, 0, 0, 0),
  ('dir', -7.85, 1.52, -0.42, -1.55, 0.44),
  ('direct', 0, 0.81, -0.33, -1.4, 0.92),
  ('directo', -1.07, 0.79, 0.15, -0.71, -0.23),
  ('disable', 2.55, 3.2, -3.25, 3.44, -3.39),
  ('disappe', 4.31, -0.68, -0.68, 0.56, 0.8),
  ('discord', 4.23, -0.18, 0.1, 3.7, -3.63),
  ('discoun', -1.44, -1.44, -3.65, -2.79, 7.88),
  ('discuss', -1.26, 0, 0, 0, 0),
  ('disk', -2.2, 0, 0, 0, 0),
  ('dispara', 4.55, -4.22, -0.55, 10.19, -5.42),
  ('disparu', 4.39, 0, 0, 0, 0),
  ('disponi', -2.84, -2.13, -0.07, -0.96, 3.16),
  ('div', 3.29, -3, 7.86, 0.6, -5.46),
  ('dix', 1.77, 0, 0, 0, 0),
  ('diya', -0.66, 0.99, -0.2, -0.59, -0.21),
  ('django', 3.33, -5.55, 9.79, -2.1, -2.13),
  ('dm', -2.15, 0, 0, 0, 0),
  ('dm me', -5.39, 0, 0, 0, 0),
  ('dns', 0, -1.81, -0.67, 4.92, -2.43),
  ('dnt', 3.32, 0, 0, 0, 0),
  ('do', 2.49, -1.68, 0.73, 0.82, 0.13),
  ('do $', 0.91, 0, 0, 0, 0),
  ('do i', 5.9, 0, 0, 0, 0),
  ('do it', -2.16, 0, 0, 0, 0),
  ('do you', 0.41, 0, 0, 0, 0),
  ('docker', 2.95, -5.72, 7.78, 0.27, -2.33),
  ('docs', -1.16, -0.64, -0.14, 1.49, -0.72),
  ('docs say', 1.36, 0, 0, 0, 0),
  ('documen', 0, -0.16, 0.77, 0.04, -0.66),
  ('does', 4.17, 0.28, -0.18, 0.42, -0.52),
  ('does .', 1.37, 0, 0, 0, 0),
  ('does it', -1.3, 0, 0, 0, 0),
  ('does not', 2.44, 0, 0, 0, 0),
  ('does that', -0.79, 0, 0, 0, 0),
  ('does the', 1.04, 0, 0, 0, 0),
  ('doesnt', 6.65, 0.52, -1.28, 0.96, -0.2),
  ('dog', -1.05, 0, 0, 0, 0),
  ('doing', 3.01, -0.2, 0.53, 0.31, -0.63),
  ('dois', -0.79, 0.61, 0.3, -0.51, -0.41),
  ('domain', 0, -1.49, -1.48, 5.61, -2.64),
  ('domaine', 0, -1.78, -1.27, 5.45, -2.4),
  ('domains', 1.02, -1.64, -1.32, 5.36, -2.4),
  ('dominio', 0, -1.78, -1.27, 5.45, -2.4),
  ('donde', 7.98, 1.3, -1.56, 1.7, -1.44),
  ('done', -1.38, -0.19, 0.26, 0.98, -1.05),
  ('dont', 1.39, 0.93, 0.89, -2.52, 0.69),
  ('dont forget', -6.92, 0, 0, 0, 0),
  ('dont have', 1.12, 0, 0, 0, 0),
  ('dont own', 1.3, 0, 0, 0, 0),
  ('dont want', 0.92, 0, 0, 0, 0),
  ('door', 0, 0.64, -0.28, -0.17, -0.19),
  ('doppelt', 4.39, 0, 0, 0, 0),
  ('dos', -0.81, 0.18, -0.44, -0.51, 0.78),
  ('dossier', 2.77, -6.91, 1.15, 2.67, 3.09),
  ('dosto', -2.89, 0, 0, 0, 0),
  ('dot', 0, 0.16, -1.16, 1, -0.01),
  ('double', 4.12, -0.82, -0.51, 0.34, 0.99),
  ('doubles', 4.44, 0, 0, 0, 0),
  ('down', -0.93, -0.09, 0.48, -0.65, 0.27),
  ('downgra', 2.03, -0.79, -3.46, 2.91, 1.34),
  ('downloa', 0, -6.93, 0.02, 3.02, 3.89),
  ('drag', 2.01, -0.45, -0.42, 0.93, -0.06),
  ('drawing', -1.01, 0, 0, 0, 0),
  ('dreht', 4.39, 0, 0, 0, 0),
  ('drei', 0, 1.1, -0.15, -0.4, -0.55),
  ('dringen', 2.51, 0, 0, 0, 0),
  ('drive', 4.06, -0.88, -1.06, 5.47, -3.53),
  ('droits', 3.92, 9.33, -3, -3.4, -2.92),
  ('drop', -0.74, 0, 0, 0, 0),
  ('dropbox', 3.2, -0.29, -1.15, 4.91, -3.47),
  ('dropped', 0, -0.03, -0.08, 1.27, -1.16),
  ('dry', -1.2, 0, 0, 0, 0),
  ('du', -8.43, 1.53, -0.91, -1.82, 1.2),
  ('duas', 1.41, 0, 0, 0, 0),
  ('due', 1.22, 0, 0, 0, 0),
  ('dun', -1.28, 0, 0, 0, 0),
  ('duplica', 3.37, -0.81, -0.23, 0.4, 0.64),
  ('dutch', 2.37, -0.31, -0.55, -0.02, 0.88),
  ('duvida', 0, 0.41, 0.62, -0.45, -0.58),
  ('e', -0.71, 1.6, -0.81, -0.36, -0.43),
  ('e .', -1.11, 0, 0, 0, 0),
  ('e continu', 1.28, 0, 0, 0, 0),
  ('e mail', -0.73, 0, 0, 0, 0),
  ('e na', 2.18, 0, 0, 0, 0),
  ('e o', -1.9, 0, 0, 0, 0),
  ('e que', -1.55, 0, 0, 0, 0),
  ('e so', -1.24, 0, 0, 0, 0),
  ('each', 3.24, -1.23, 0.63, 1.67, -1.07),
  ('each time', 1.91, 0, 0, 0, 0),
  ('early', 0, -1.1, -0.06, 0.31, 0.85),
  ('earn', -4.86, 0.18, -1.02, 1.22, -0.38),
  ('edit', 0, 0.08, -0.53, 0.63, -0.18),
  ('editor', 4.48, -2.16, -0.9, 8.6, -5.55),
  ('effect', 2.02, -0.32, 1.18, -0.45, -0.4),
  ('ein', 0, 0.17, 0.08, 0.5, -0.75),
  ('eine', 0.81, -0.09, 0.54, 0.58, -1.03),
  ('einen', 2.18, 0.49, 0.39, -0.2, -0.67),
  ('einfach', 0, -0.22, 1.46, -0.28, -0.96),
  ('eingelo', 0, 7.09, -0.64, -3.11, -3.34),
  ('einladu', 0, 7.62, -3.52, -4.21, 0.12),
  ('einlogg', 0, 7.26, -0.62, -3.1, -3.54),
  ('einmal', 2.09, -0.58, -0.07, 0.31, 0.34),
  ('einrich', 0, -1.78, -1.27, 5.45, -2.4),
  ('einstel', 0, -1.78, -1.27, 5.45, -2.4),
  ('either', 0, -0.09, -1.4, 0.99, 0.5),
  ('ejecter', 0, 5.41, -1.72, -2.71, -0.97),
  ('ejercic', 4.25, -2.4, -1.36, -2.7, 6.45),
  ('ek', 0, -0.59, -0.35, 0.5, 0.43),
  ('el', 1.4, 0.47, -0.95, -0.03, 0.5),
  ('el mismo', 0.98, 0, 0, 0, 0),
  ('element', 2.25, -0.03, -0.56, 0.67, -0.09),
  ('eleven', 0, 0.89, -0.31, -0.41, -0.17),
  ('elle', 1.95, 0, 0, 0, 0),
  ('else', -0.77, 0.19, -0.63, 1.16, -0.72),
  ('elses', 1.58, 0, 0, 0, 0),
  ('em', 1.84, 0.34, 0.1, -0.78, 0.34),
  ('em branco', 4.39, 0, 0, 0, 0),
  ('email', 3.52, 6.7, -1.43, -1.36, -3.91),
  ('embed', 0, -0.35, -1.47, 3.45, -1.62),
  ('embedde', 1, -0.29, -0.19, 1.92, -1.44),
  ('embeddi', 3.73, -3.05, 7.29, 1.22, -5.46),
  ('emoji', 2.3, -0.54, -1.54, -0.21, 2.29),
  ('empfehl', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('empty', 3.97, -0.36, -1.65, 1.9, 0.11),
  ('en', 2.8, -1.26, 0.68, -0.68, 1.27),
  ('en blanco', 1.44, 0, 0, 0, 0),
  ('en la', -1.33, 0, 0, 0, 0),
  ('enable', 0, -1.98, -1.63, 6.11, -2.49),
  ('encanta', -9.66, 0, 0, 0, 0),
  ('encanto', -6.25, 0, 0, 0, 0),
  ('enchant', -3.41, 0, 0, 0, 0),
  ('encodin', 3.49, -3.22, 7.98, 0.85, -5.6),
  ('encontr', -1.95, -2.11, -0.28, -1.13, 3.52),
  ('encore', 1.59, 3.62, -0.89, 0.41, -3.14),
  ('end', -0.99, -0.18, -0.24, 0.05, 0.38),
  ('ende', -1.35, 0, 0, 0, 0),
  ('ended', 0, 1.1, -0.11, -0.36, -0.63),
  ('endless', 4.98, -1.05, 0.46, -0.03, 0.61),
  ('endpoin', 3.68, -3.01, 8.1, 0.38, -5.47),
  ('ends', 1.76, -0.25, 0.59, 0.24, -0.58),
  ('ends in', 0.92, 0, 0, 0, 0),
  ('enginee', -1.1, 0, 0, 0, 0),
  ('enhorab', -6.25, 0, 0, 0, 0),
  ('enjoyed', -6.25, 0, 0, 0, 0),
  ('enlace', 3.01, -0.24, -1.77, -0.41, 2.41),
  ('enough', -0.87, -0.03, 0.73, -0.47, -0.22),
  ('enough $', -1.28, 0, 0, 0, 0),
  ('enregis', 4.46, -2.42, -1.63, -1.51, 5.56),
  ('entao', -1.21, 0, 0, 0, 0),
  ('enter', 0, 0.61, -0.07, 0.03, -0.57),
  ('enterpr', 0, -1.28, -3.48, 4.37, 0.38),
  ('entfern', 0, 5.36, -1.72, -2.69, -0.96),
  ('entrada', 1.39, -1.8, -2.44, 0.47, 3.77),
  ('entrar', 1.94, 7.93, -0.74, -3.33, -3.86),
  ('entry', 0.85, 0, 0, 0, 0),
  ('env', 4.92, -3.2, 7.99, 0.64, -5.43),
  ('episode', -2.06, -2.03, -0.5, -0.94, 3.47),
  ('er', 2.97, 0, 0, 0, 0),
  ('era', -1.58, 0, 0, 0, 0),
  ('era a', -4.94, 0, 0, 0, 0),
  ('era mi', -4.94, 0, 0, 0, 0),
  ('era o', -3.88, 0, 0, 0, 0),
  ('eresolv', 1.44, 0, 0, 0, 0),
  ('erinner', -6.92, 0, 0, 0, 0),
  ('erledig', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('errada', 4.39, 0, 0, 0, 0),
  ('errado', 5.34, -0.98, -0.96, 0.42, 1.51),
  ('erreur', -3.53, -2.2, 4.4, -1.22, -0.98),
  ('erro', -6.36, -1.69, 4.02, -0.94, -1.39),
  ('error', -4.37, -0.86, 3.32, -0.58, -1.89),
  ('error .', 0.76, 0, 0, 0, 0),
  ('error 0', -1.97, 0, 0, 0, 0),
  ('error :', 3.9, 0, 0, 0, 0),
  ('error in', 1.96, 0, 0, 0, 0),
  ('error message', -2.31, 0, 0, 0, 0),
  ('error xhttp', -0.88, 0, 0, 0, 0),
  ('error xquote', 3.09, 0, 0, 0, 0),
  ('errores', -1.2, 0, 0, 0, 0),
  ('errors', -9.33, -1.95, 3.55, -0.23, -1.38),
  ('erros', -1.42, 0, 0, 0, 0),
  ('erst', -1.53, 0, 0, 0, 0),
  ('erstatt', 3.04, -1, -3.48, -3.44, 7.93),
  ('ersten', -1.45, 0, 0, 0, 0),
  ('erweite', 0, -1.78, -1.27, 5.45, -2.4),
  ('es', -2.53, -0.73, -1.19, 1.04, 0.89),
  ('esc', 1.13, -0.1, -0.45, 1.21, -0.66),
  ('escenar', 5.1, -4.78, -0.47, 10.86, -5.62),
  ('escribi', -1.11, 0, 0, 0, 0),
  ('escrito', 1.06, 0, 0, 0, 0),
  ('eslint', 2.71, -5.47, 9.77, -2.07, -2.23),
  ('espace', 3.18, 8.59, -3.03, -2.64, -2.91),
  ('espacio', 4.7, 9.06, -3, -3.07, -2.99),
  ('espaco', 3.19, 9.3, -2.98, -3.39, -2.92),
  ('espana', 0, -0.41, -0.22, -0.46, 1.09),
  ('esperar', 0, 0.37, -0.16, 0.5, -0.71),
  ('essaie', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('essayez', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('est', 0, -0.5, -0.48, -0.36, 1.34),
  ('est il', 7.35, 0, 0, 0, 0),
  ('esta', -2.43, -0.39, 0.15, -0.07, 0.31),
  ('estaria bien', 4.24, 0, 0, 0, 0),
  ('este', -0.98, 0, 0, 0, 0),
  ('estou', -1.12, 0, 0, 0, 0),
  ('estranh', 1.43, 0, 0, 0, 0),
  ('estupen', -6.25, 0, 0, 0, 0),
  ('et', 1.41, 0.21, 0.28, -0.04, -0.44),
  ('etait', 2.19, 0, 0, 0, 0),
  ('etapa', 4.05, -4.21, -0.42, 10, -5.38),
  ('etape', 4.05, -4.21, -0.42, 10, -5.38),
  ('etiquet', 1.08, 0, 0, 0, 0),
  ('etwas', 0, -0.46, -0.06, 0.78, -0.26),
  ('eu', 2.8, 1.44, -1.11, -0.97, 0.64),
  ('euch', -8.39, 1.76, -1.41, -0.8, 0.44),
  ('euer', -10.35, 1.7, -1.07, -1.27, 0.64),
  ('eure', -9.04, 1.76, -1.09, -1.3, 0.64),
  ('euro', -0.95, 0, 0, 0, 0),
  ('euros', 0.91, -1.11, -3.49, -3.43, 8.03),
  ('euros $', -1.41, 0, 0, 0, 0),
  ('evaluat', -1.88, 0, 0, 0, 0),
  ('even', -0.65, -1.35, -0.13, 0.87, 0.6),
  ('eveneme', 0, -1.72, -2.42, 0.56, 3.58),
  ('evening', -3.4, 0, 0, 0, 0),
  ('evening .', 0.65, 0, 0, 0, 0),
  ('event', 1, -2.05, -2.16, 0.75, 3.47),
  ('evento', 0, -1.72, -2.42, 0.56, 3.58),
  ('events', 0.83, -2.2, -2.81, 0.95, 4.06),
  ('ever', -4.21, -0.44, -1.3, 1.96, -0.22),
  ('ever .', -2.02, 0, 0, 0, 0),
  ('every', 2.86, 1.8, -0.17, 1.82, -3.45),
  ('every friday', -1.23, 0, 0, 0, 0),
  ('every monday', 1.59, 0, 0, 0, 0),
  ('every time', 1.06, 0, 0, 0, 0),
  ('everybo', 1.04, 0, 0, 0, 0),
  ('everyon', -3.23, 0, 0, 0, 0),
  ('everyth', 0.64, 0.95, 2.37, -1.27, -2.06),
  ('everyth is', -2.03, 0, 0, 0, 0),
  ('exactly', 0, -0.63, 0.53, 0.18, -0.08),
  ('exam', 2.54, -2.23, -1.38, -2.81, 6.42),
  ('example', 0, 0.63, -0.45, 0.04, -0.23),
  ('exceede', 0.82, 0, 0, 0, 0),
  ('excel', 3.06, -0.29, 0.4, 3.42, -3.54),
  ('excelen', -6.25, 0, 0, 0, 0),
  ('excelle', -6.25, 0, 0, 0, 0),
  ('except', 1.28, -0.61, -0.58, 0.47, 0.73),
  ('excepti', -3, -3.89, 7.52, -0.2, -3.43),
  ('excited to', -3.41, 0, 0, 0, 0),
  ('exclu', 0, 5.58, -1.74, -2.77, -1.07),
  ('executi', 4.38, -4.21, -0.4, 9.99, -5.39),
  ('exercic', 4.81, -2.26, -1.15, -2.89, 6.3),
  ('exercis', 6.02, -3.25, 0.1, -3.03, 6.18),
  ('exercis 0', 1.98, 0, 0, 0, 0),
  ('exist', 0, -0.04, 0.87, -0.71, -0.12),
  ('existe', 1.13, 0, 0, 0, 0),
  ('existed', 1.5, 0, 0, 0, 0),
  ('exists', -0.95, -0.09, 0.73, -0.51, -0.13),
  ('expecte', 1.3, -0.62, 1.98, -0.54, -0.82),
  ('expired', 0, 2.35, -0.68, -0.62, -1.05),
  ('explain', -1.69, 0, 0, 0, 0),
  ('export', 3.14, -9.19, -3.23, 10.07, 2.35),
  ('exporta', 3.93, -2.33, -4.28, 7.59, -0.98),
  ('exporte', 3.61, -2.31, -4.29, 7.68, -1.09),
  ('exporti', 3.93, -2.33, -4.32, 7.91, -1.25),
  ('express', 3, -5.49, 9.43, -1.84, -2.09),
  ('expulsa', 0, 5.36, -1.72, -2.69, -0.96),
  ('expulso', 0, 5.36, -1.72, -2.69, -0.96),
  ('extensa', 0, -1.81, -1.38, 5.6, -2.41),
  ('extensi', 0, -1.99, -1.55, 6.02, -2.48),
  ('eyes', 0, -0.34, 0.33, -0.54, 0.55),
  ('faco', 1.03, 0.54, -0.5, 0.32, -0.36),
  ('factor', 1.35, 0.35, 1.34, -0.54, -1.15),
  ('factura', 3.29, -1.03, -3.52, -3.49, 8.05),
  ('facture', 3.68, -1.53, -3.35, -2.77, 7.65),
  ('fail', -7.16, -1.65, 4.67, -1.58, -1.44),
  ('failed', -2.83, -2.98, 2.47, 2.16, -1.64),
  ('failing', -5.61, -1.69, 4.6, -1.49, -1.42),
  ('fails', -4.26, -1.71, 4.08, -0.8, -1.57),
  ('failure', -5.86, -1.73, 4.07, -0.97, -1.37),
  ('fair', -1.39, 0, 0, 0, 0),
  ('fais', -1.92, 0, 0, 0, 0),
  ('fait', 1.48, -0.37, 0, 1.31, -0.94),
  ('fala', -2.89, 0, 0, 0, 0),
  ('falha', -4.6, -1.81, 4.32, -1.04, -1.47),
  ('falla', -5.84, -1.69, 3.82, -0.74, -1.4),
  ('falland', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('fallo', -7, -1.42, 3.74, -0.94, -1.38),
  ('falsch', 4.39, -0.68, -1.02, 0.64, 1.07),
  ('false', 0, -0.39, 1.25, -0.72, -0.14),
  ('falta', 4.72, -0.39, -0.82, 0.59, 0.62),
  ('familia', -0.87, 0, 0, 0, 0),
  ('fande', 4.24, 0, 0, 0, 0),
  ('fantast', -6.25, 0, 0, 0, 0),
  ('far', -0.74, 1.24, -0.33, -0.28, -0.63),
  ('fast', -2.01, 0, 0, 0, 0),
  ('fastapi', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('fatal', 0, -0.14, -0.6, 1.06, -0.31),
  ('fatura', 3.12, -1.11, -3.53, -3.49, 8.13),
  ('fault', -1.98, 0, 0, 0, 0),
  ('fausse', 4.39, 0, 0, 0, 0),
  ('faut', 0, -0.19, 0.72, -0.12, -0.41),
  ('faux', 4.39, 0, 0, 0, 0),
  ('favor', 6.49, 0, 0, 0, 0),
  ('feature request', 4.24, 0, 0, 0, 0),
  ('feb', 0, -0.22, -0.29, -0.76, 1.27),
  ('februar', 1.24, -0.4, -0.41, -0.26, 1.06),
  ('fecha', 2.13, -1.72, -0.99, -0.1, 2.81),
  ('fee', 2.54, -1.11, -3.48, -3.44, 8.03),
  ('feed', 2.94, -0.76, -2.01, 0.77, 2.01),
  ('feel', -1.16, 0, 0, 0, 0),
  ('feels', -0.94, 0, 0, 0, 0),
  ('feels like', -1.15, 0, 0, 0, 0),
  ('fehlen', 4.39, 0, 0, 0, 0),
  ('fehler', -6.21, -1.67, 3.24, -0.63, -0.95),
  ('fehlges', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('fehlt', 4.39, 0, 0, 0, 0),
  ('feld', 3.2, -0.35, -0.88, 4.72, -3.48),
  ('felicid', -6.25, 0, 0, 0, 0),
  ('felicit', -6.25, 0, 0, 0, 0),
  ('ferme', 1.78, 0, 0, 0, 0),
  ('fetch', 0, -0.36, 1.26, -0.79, -0.11),
  ('fewer', -1.9, 0, 0, 0, 0),
  ('fica', 0, 1.06, -0.17, -0.57, -0.32),
  ('fica carrega', 4.39, 0, 0, 0, 0),
  ('fichero', 3.48, -3, 7.58, 0.85, -5.43),
  ('fichier', 5.34, -9.88, 8.8, 3.4, -2.32),
  ('ficou', -1.21, 0, 0, 0, 0),
  ('field', 3.29, -0.94, -0.67, 5.26, -3.65),
  ('fields', 2.65, -0.4, -1.17, 5.06, -3.49),
  ('figee', 4.39, 0, 0, 0, 0),
  ('figma', 3.2, -0.33, -1.39, 5.2, -3.48),
  ('figured', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('fil', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('fila', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('filas', 1.15, 0, 0, 0, 0),
  ('file', 2.06, -7.39, 3.21, 1.16, 3.02),
  ('file .', -2.08, 0, 0, 0, 0),
  ('file is', -0.71, 0, 0, 0, 0),
  ('files', 1.82, -7.14, 2.58, 1.36, 3.2),
  ('filter', 3.65, -4.28, -0.14, 9.84, -5.42),
  ('final', -1.34, 0, 0, 0, 0),
  ('finally', -9.18, 0, 0, 0, 0),
  ('find', 0, -0.99, 0.7, 0.12, 0.17),
  ('find the', -1.47, 0, 0, 0, 0),
  ('fine', -0.49, 0.59, -0.78, 0.22, -0.03),
  ('finishe', 0, -0.13, -0.42, -0.12, 0.67),
  ('firebas', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('firefox', 2.7, 0.05, -0.91, 4.66, -3.8),
  ('first', -1.45, 0.55, 0.99, -0.21, -1.32),
  ('first of', 1.41, 0, 0, 0, 0),
  ('fit', -1.58, 0, 0, 0, 0),
  ('five', -0.67, -0.06, -0.26, 0.29, 0.04),
  ('fix', -2.89, -0.81, 0.44, 0.04, 0.33),
  ('fix for', 1, 0, 0, 0, 0),
  ('fix it', 1.3, 0, 0, 0, 0),
  ('fix my', -0.97, 0, 0, 0, 0),
  ('fix that', 1.24, 0, 0, 0, 0),
  ('fixed', -9.02, -0.48, 4.67, -2.95, -1.25),
  ('fixed in', -1.33, 0, 0, 0, 0),
  ('fixes', -1.65, 0, 0, 0, 0),
  ('fixing', -0.85, 0, 0, 0, 0),
  ('fiz', 0, -0.23, 0.92, -0.38, -0.31),
  ('flag', 0.8, -0.13, -0.67, 0.94, -0.15),
  ('flask', 3.75, -5.51, 9.61, -1.94, -2.16),
  ('flat', 0, 0.13, -0.7, -0.16, 0.73),
  ('flexbox', 3.48, -3.04, 7.89, 0.6, -5.46),
  ('float', 3.48, -3.04, 7.81, 0.66, -5.43),
  ('flow', 3.07, -4.56, -1.19, 11.26, -5.51),
  ('flows', 3.96, -4.6, -0.5, 10.56, -5.46),
  ('flujo', 4.55, -4.31, -0.6, 10.38, -5.47),
  ('flutter', 2.59, -5.49, 9.68, -1.87, -2.32),
  ('flux', 5.48, -4.32, -0.61, 10.41, -5.48),
  ('fluxo', 4.05, -4.21, -0.45, 10.06, -5.41),
  ('focus', -1.64, 0, 0, 0, 0),
  ('foi', -2.91, 0, 0, 0, 0),
  ('fois', 1.72, -0.58, 1.23, -0.72, 0.06),
  ('folder', 2.5, -6.75, 1.58, 2.71, 2.46),
  ('folders', 1.65, -6.94, 0.95, 2.92, 3.07),
  ('folie', 4.25, -2.39, -1.86, -2.69, 6.94),
  ('folien', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('folks', -2.01, 0, 0, 0, 0),
  ('follow', 0, -0.26, -0.56, 0.92, -0.1),
  ('followe', -4.16, -0.08, -1.12, 2.05, -0.85),
  ('followi', 0, 0.2, 0.75, -0.74, -0.2),
  ('fonctio', 3.48, -3, 7.67, 0.77, -5.43),
  ('fonctio pas', 4.63, 0, 0, 0, 0),
  ('font', 2.4, -0.83, -1.76, -0.41, 2.99),
  ('footer', 0, -1.52, 0.21, 0.74, 0.56),
  ('for', 0.51, -0.79, 0.55, -0.12, 0.36),
  ('for 0', 2, 0, 0, 0, 0),
  ('for a', -1.22, 0, 0, 0, 0),
  ('for everyth', 0.84, 0, 0, 0, 0),
  ('for it', -1.16, 0, 0, 0, 0),
  ('for me', -1.98, 0, 0, 0, 0),
  ('for my', 0.94, 0, 0, 0, 0),
  ('for our', 1.02, 0, 0, 0, 0),
  ('for the', -1.54, 0, 0, 0, 0),
  ('for their', 1.41, 0, 0, 0, 0),
  ('for this', -0.83, 0, 0, 0, 0),
  ('for two', 1.02, 0, 0, 0, 0),
  ('for us', 1.29, 0, 0, 0, 0),
  ('for xquote', 2.51, 0, 0, 0, 0),
  ('for you', -0.86, 0, 0, 0, 0),
  ('fora', 0, 0.72, -0.02, 0.07, -0.76),
  ('force', 2.26, -0.48, 1.25, -0.46, -0.32),
  ('forfait', 0, -0.82, -3.43, 3.75, 0.5),
  ('forgot', -2.91, 4.87, -1.75, -1.9, -1.22),
  ('forgott', -2.24, 0, 0, 0, 0),
  ('form', 2.31, 0.42, -1.92, 5.07, -3.57),
  ('forma', 7.77, 0, 0, 0, 0),
  ('formora', 0, -0.05, -0.99, 1.17, -0.14),
  ('forms', 2.66, -0.28, -1.07, 4.8, -3.45),
  ('formula', 2.93, -0.68, -0.88, 5.27, -3.71),
  ('forty', 1.04, 0, 0, 0, 0),
  ('forward', -0.85, -0.23, -0.56, 0.8, -0.01),
  ('found', -1.18, -0.04, 0.4, -1.16, 0.8),
  ('found it', -4.82, 0, 0, 0, 0),
  ('found out', -1.19, 0, 0, 0, 0),
  ('found the', -1.55, 0, 0, 0, 0),
  ('found xquote', 1.21, 0, 0, 0, 0),
  ('four', -0.42, 0.92, -0.36, -0.99, 0.44),
  ('frame', -0.95, 0, 0, 0, 0),
  ('free', -3.4, 0.58, -5.14, 5.38, -0.82),
  ('freeze', 4.39, 0, 0, 0, 0),
  ('freezes', 3.05, 0, 0, 0, 0),
  ('freisch', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('fresh', 1.42, -0.53, -0.01, 0.67, -0.13),
  ('freue mich', -3.41, 0, 0, 0, 0),
  ('friday', -6.43, 0.79, -0.08, -1.29, 0.58),
  ('fridays', -2.45, 0, 0, 0, 0),
  ('fridge', -1.25, 0, 0, 0, 0),
  ('fridge $', -1.14, 0, 0, 0, 0),
  ('from', -1.2, 0.18, 1.9, 0.15, -2.23),
  ('from 0', -0.57, 0, 0, 0, 0),
  ('from a', 0.99, 0, 0, 0, 0),
  ('from me', 1.5, 0, 0, 0, 0),
  ('from our', -0.83, 0, 0, 0, 0),
  ('from the', -0.56, 0, 0, 0, 0),
  ('from there', -1.45, 0, 0, 0, 0),
  ('from you', 1.54, 0, 0, 0, 0),
  ('front', 0, 0.43, 0.82, -0.89, -0.37),
  ('fronten', 3.49, -3, 7.64, 0.79, -5.43),
  ('frozen', 4.5, 0, 0, 0, 0),
  ('full', 0.74, 0.04, 1.03, -1.08, 0.01),
  ('fun', -7.25, 0, 0, 0, 0),
  ('funcao', 4.78, -3.05, 7.98, 0.64, -5.57),
  ('funcion', -0.83, -3.63, 9.55, 0.39, -6.31),
  ('functio', 4.53, -3.22, 9.3, -0.33, -5.74),
  ('functio .', -1.23, 0, 0, 0, 0),
  ('funktio', 3.22, -3.17, 7.71, 1.05, -5.59),
  ('funny', -2.28, 0, 0, 0, 0),
  ('fur', 0, 0.29, -0.77, 1, -0.52),
  ('fyi', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('g', -1.8, -0.1, 0.67, -0.38, -0.18),
  ('g .', -1.11, 0, 0, 0, 0),
  ('gajab', -6.25, 0, 0, 0, 0),
  ('galat', 5.13, -0.49, -0.71, 0.4, 0.8),
  ('game', -1.6, 0, 0, 0, 0),
  ('gana', -5.01, 0.18, -1.05, 1.24, -0.38),
  ('ganhe', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('garbled', 4.39, 0, 0, 0, 0),
  ('gatilho', 4.05, -4.21, -0.47, 10.06, -5.38),
  ('gave', 0.59, -0.23, -0.27, 0.69, -0.19),
  ('gave me', 0.86, 0, 0, 0, 0),
  ('gaya', -1.43, 0, 0, 0, 0),
  ('gayab', 4.39, 0, 0, 0, 0),
  ('gaye', 1.21, 0, 0, 0, 0),
  ('gb', 1.74, -7.05, 1.93, 2.79, 2.33),
  ('gefreut', -6.25, 0, 0, 0, 0),
  ('geht nicht', 3.34, 0, 0, 0, 0),
  ('geht wieder', -4.94, 0, 0, 0, 0),
  ('geklapp', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('geld', 3.04, -1.23, -3.53, -3.5, 8.26),
  ('gelost', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('gemini', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('generat', 0, -0.32, 0.26, -0.89, 0.94),
  ('genial', -6.25, 0, 0, 0, 0),
  ('gente', -0.98, 0, 0, 0, 0),
  ('german', 1.12, 0, 0, 0, 0),
  ('gern', -1.11, 0, 0, 0, 0),
  ('gerne', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('gesperr', 0, 5.36, -1.72, -2.69, -0.96),
  ('gestern', 0, 2.82, -0.81, 0.72, -2.73),
  ('get', 1.68, 0.38, -0.49, 1.17, -1.06),
  ('gets', 1.42, -0.34, -0.64, 1.7, -0.72),
  ('getting', 2.62, -0.57, 0.66, -0.6, 0.52),
  ('gibt es', 7.69, 0, 0, 0, 0),
  ('gift', 0, -0.02, -0.15, -0.4, 0.57),
  ('git', 2.89, -5.88, 9.19, -0.6, -2.71),
  ('github', 3.68, -4.84, 9.1, -1.61, -2.64),
  ('give', -0.87, 0.07, -0.46, 0.59, -0.21),
  ('given', 0, 0.09, -0.37, 0.48, -0.19),
  ('gives', 3.34, -1.01, -0.72, 0.59, 1.15),
  ('gives 0', 1.15, 0, 0, 0, 0),
  ('gives me', 0.81, 0, 0, 0, 0),
  ('glad', -6.82, 0, 0, 0, 0),
  ('gleich', 1.99, 0, 0, 0, 0),
  ('gleiche', 1.6, 0.59, -0.7, 0.43, -0.32),
  ('glitch', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('gluckwu', -6.25, 0, 0, 0, 0),
  ('gmail', 3.45, 0.03, -1.12, 4.87, -3.79),
  ('go', 0.27, 0.18, 0.34, 0.12, -0.64),
  ('go ?', -1.13, 0, 0, 0, 0),
  ('go in', 1.44, 0, 0, 0, 0),
  ('go on', 1.55, 0, 0, 0, 0),
  ('godot', 3.15, -5.49, 10.04, -2.43, -2.12),
  ('goes', 2.75, 0.12, 0.84, -0.47, -0.49),
  ('going', -2.38, -0.01, -0.62, 0.15, 0.48),
  ('going to', -1.42, 0, 0, 0, 0),
  ('golang', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('gone', 1.84, -0.31, -1.41, -0.08, 1.81),
  ('gone $', -1.26, 0, 0, 0, 0),
  ('gone since', -1.56, 0, 0, 0, 0),
  ('good', -3.42, 0.47, -0.82, -0.16, 0.52),
  ('google', 2.42, 0.51, -1.38, 1.22, -0.35),
  ('gorgeou', -6.25, 0, 0, 0, 0),
  ('gostari', 4.24, 0, 0, 0, 0),
  ('gostava', 2.13, 0, 0, 0, 0),
  ('gostava de', 2.13, 0, 0, 0, 0),
  ('got', 1.73, 1.81, -0.75, -1.19, 0.12),
  ('got 0', -1.65, 0, 0, 0, 0),
  ('got a', 1.45, 0, 0, 0, 0),
  ('got it', -1.27, 0, 0, 0, 0),
  ('got the', -0.63, 0, 0, 0, 0),
  ('gpt', 3.2, -0.29, -1.69, 5.43, -3.45),
  ('grabaci', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('gracias', -9.8, 0, 0, 0, 0),
  ('gracias a', -1.02, 0, 0, 0, 0),
  ('graphql', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('gratefu', -8.19, 0, 0, 0, 0),
  ('gratis', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('gratuit', -3.15, -0.66, -4.48, 5.13, 0.01),
  ('gravaca', 4.25, -2.46, -1.61, -3.02, 7.1),
  ('great', -5.61, 0, 0, 0, 0),
  ('green', 2.14, -1.25, 0.28, 1.02, -0.05),
  ('greetin', -2.89, 0, 0, 0, 0),
  ('grey', 7.73, -0.64, -1.57, 2.3, -0.08),
  ('grey box', 1.51, 0, 0, 0, 0),
  ('greyed', 4.46, -0.75, -1.19, 1.08, 0.87),
  ('group', 4.17, 10.02, -2.91, -4.33, -2.77),
  ('group me', -1.38, 0, 0, 0, 0),
  ('groupe', 3.67, 8.75, -3.07, -2.51, -3.16),
  ('gruezi', -2.71, 0, 0, 0, 0),
  ('grupo', 3.15, 9.64, -3.07, -3.51, -3.05),
  ('gruppe', 3.92, 9.27, -2.99, -3.36, -2.91),
  ('gruss', -2.89, 0, 0, 0, 0),
  ('grusse', -2.89, 0, 0, 0, 0),
  ('guess', -0.95, 0, 0, 0, 0),
  ('guest', -1.07, 0, 0, 0, 0),
  ('gustari', 4.24, 0, 0, 0, 0),
  ('guten', -2.55, 0, 0, 0, 0),
  ('gutsche', 3.18, -0.97, -3.54, -3.5, 8.01),
  ('guys', -1.62, 0, 0, 0, 0),
  ('gyi', 1.43, -0.06, -0.2, -0.65, 0.9),
  ('h', 1.09, -0.7, 0, -1.18, 1.88),
  ('h .', -1.24, 0, 0, 0, 0),
  ('h 0', 1.55, 0, 0, 0, 0),
  ('h a', -1.31, 0, 0, 0, 0),
  ('ha', -0.91, -0.32, -0.03, 0.76, -0.42),
  ('haan', -1.85, 0, 0, 0, 0),
  ('hab', 0.98, 0.88, -0.35, 0.29, -0.82),
  ('habe ich', -1.09, 0, 0, 0, 0),
  ('habit', 0, -0.15, -0.61, 0.82, -0.06),
  ('hacked', 0, 5.67, -1.94, -2.71, -1.02),
  ('had', -5.78, -0.51, -0.46, -1.49, 2.46),
  ('had a', -0.95, 0, 0, 0, 0),
  ('had an', -0.92, 0, 0, 0, 0),
  ('had one', 1.25, 0, 0, 0, 0),
  ('had that', -1.17, 0, 0, 0, 0),
  ('had the', -0.94, 0, 0, 0, 0),
  ('had to', -1.35, 0, 0, 0, 0),
  ('hafte', -1.16, 0, 0, 0, 0),
  ('haha', -4.63, 0, 0, 0, 0),
  ('hahaha', -3.37, 0, 0, 0, 0),
  ('hai', -1.51, 0.14, -0.47, 0.4, -0.07),
  ('hai $', -0.45, 0, 0, 0, 0),
  ('hai .', 2.47, 0, 0, 0, 0),
  ('hain', 0, 0.36, -0.55, 0.49, -0.29),
  ('hain .', -1.2, 0, 0, 0, 0),
  ('half', 1.8, -1.21, -0.13, 0.96, 0.38),
  ('half of', -2.19, 0, 0, 0, 0),
  ('hallo', -2.63, 0, 0, 0, 0),
  ('hamara', 2.73, 2.12, -0.61, -1.51, 0),
  ('hamare', 2.51, 2.15, -0.62, -1.53, 0),
  ('hands', 0, -0.49, -0.06, 0.1, 0.45),
  ('handsha', 0, -0.1, -0.73, 1.44, -0.61),
  ('handy', 2.03, 1.15, -0.86, 0.2, -0.49),
  ('hang', 4.4, -0.76, -0.85, 0.83, 0.78),
  ('hangs', 3.43, -0.81, -0.42, 0.52, 0.71),
  ('hangt', 4.39, 0, 0, 0, 0),
  ('happen', -1.11, 0, 0, 0, 0),
  ('happene', -1.6, 0, 0, 0, 0),
  ('happene .', -1.32, 0, 0, 0, 0),
  ('happens', 1.9, 0, 0, 0, 0),
  ('happy', -8.24, 0, 0, 0, 0),
  ('happy to', -8.48, 0, 0, 0, 0),
  ('harborh', 0, -0.02, -0.56, 0.99, -0.4),
  ('hard', -1.29, 0, 0, 0, 0),
  ('has', 1.52, 0.06, -0.28, 1.13, -0.91),
  ('has a', -1.02, 0, 0, 0, 0),
  ('has been', 2.64, 0, 0, 0, 0),
  ('has to', -2.45, 0, 0, 0, 0),
  ('hasnt', 3.24, 0.9, -0.26, -1.01, 0.37),
  ('hast', -1.01, 0, 0, 0, 0),
  ('hast du', -1.01, 0, 0, 0, 0),
  ('hat', -1.84, 0, 0, 0, 0),
  ('hat sich', -4.94, 0, 0, 0, 0),
  ('hates', 0, -0.48, -0.28, -1.15, 1.91),
  ('hatte', -1.45, 0, 0, 0, 0),
  ('have', 2.06, -0.8, -1.26, 0.97, 1.09),
  ('have 0', 1.41, 0, 0, 0, 0),
  ('have a', -4.34, 0, 0, 0, 0),
  ('have the', 0.66, 0, 0, 0, 0),
  ('have to', 1.95, 0, 0, 0, 0),
  ('have you', -4.47, 0, 0, 0, 0),
  ('havent', 2.05, 0.78, -0.2, -2.06, 1.48),
  ('havent seen', -1.63, 0, 0, 0, 0),
  ('having', 0, 0.86, -0.24, -0.51, -0.1),
  ('hay', 8.1, 0.79, -1.08, -1.08, 1.37),
  ('he', 0, -0.09, 0.59, -0.65, 0.15),
  ('head', 1.79, -0.2, 0.77, -0.39, -0.18),
  ('header', 4.75, -3.05, 6.47, 2.11, -5.54),
  ('header is', 1.35, 0, 0, 0, 0),
  ('headles', 0, -0.02, 0.9, -0.82, -0.06),
  ('heap', 1.3, 0, 0, 0, 0),
  ('heard', 1.38, 0, 0, 0, 0),
  ('hehe', -3.37, 0, 0, 0, 0),
  ('height', -1.04, 0, 0, 0, 0),
  ('helfen', 2.76, 0, 0, 0, 0),
  ('hello', -2.04, 0, 0, 0, 0),
  ('helm', 0, -0.04, -1.35, 1.42, -0.02),
  ('help', 2.34, 0, 0, 0, 0),
  ('help $', 1.49, 0, 0, 0, 0),
  ('help koi', 2.51, 0, 0, 0, 0),
  ('help me', 1.47, 0, 0, 0, 0),
  ('helped', -1.95, 0, 0, 0, 0),
  ('her', 0, 0.34, -0.23, -0.62, 0.51),
  ('here', -0.87, -0.56, -0.48, 1.55, -0.51),
  ('here for', -1.15, 0, 0, 0, 0),
  ('here to', -1.25, 0, 0, 0, 0),
  ('heres', -0.71, 0, 0, 0, 0),
  ('herunte', 0, -6.89, 1.22, 2.56, 3.11),
  ('herzlic', -6.41, 0, 0, 0, 0),
  ('hes', 0.81, 0.8, -0.75, 0.26, -0.31),
  ('heure', 0, -1.07, -2.48, 0.45, 3.1),
  ('heute', -7.69, 0, 0, 0, 0),
  ('hey', -3.45, 0, 0, 0, 0),
  ('hi', -0.6, 0, 0, 0, 0),
  ('hi nahi', 1.29, 0, 0, 0, 0),
  ('hide', 2.59, -0.55, 1.1, -0.54, -0.01),
  ('hier', 0, 2.65, -0.89, 1.05, -2.81),
  ('highlig', -2.42, -2.02, -0.52, -0.81, 3.35),
  ('hike', 0, -0.19, -0.49, -0.7, 1.39),
  ('hilft', 1.38, 0, 0, 0, 0),
  ('hilo', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('him', 0, -1.81, -0.21, 0.51, 1.5),
  ('hindi', 1.17, 0, 0, 0, 0),
  ('hint', -4.21, -1.25, -0.27, 1.67, -0.15),
  ('hiring', -3.03, -2.02, -0.52, -0.81, 3.35),
  ('his', 0, 1.1, 0.24, -0.57, -0.77),
  ('hiya', -2.89, 0, 0, 0, 0),
  ('ho', -3.21, -0.25, 3.45, -2.15, -1.06),
  ('ho ?', -1.2, 0, 0, 0, 0),
  ('ho gaya', -4.91, 0, 0, 0, 0),
  ('ho gya', -4.94, 0, 0, 0, 0),
  ('ho jata', 1.02, 0, 0, 0, 0),
  ('ho sakta', 7.23, 0, 0, 0, 0),
  ('hochlad', 0, -6.89, 1.22, 2.56, 3.11),
  ('hoja', 3.2, -0.39, -1.24, 5.28, -3.65),
  ('hoje', -6.69, 0, 0, 0, 0),
  ('hola', -3.17, 0, 0, 0, 0),
  ('holiday', -1.29, 0, 0, 0, 0),
  ('home', 1.09, -0.61, -0.29, 0.86, 0.04),
  ('homewor', 3.49, -3.21, 1.17, -3.16, 5.19),
  ('hona', 4.24, 0, 0, 0, 0),
  ('hoodie', 1.16, 0, 0, 0, 0),
  ('hook', 3.34, -3, 6.38, 2.06, -5.44),
  ('hookwel', 0, -0.9, -0.48, 1.44, -0.06),
  ('hoon', -3.41, 0, 0, 0, 0),
  ('hora', 1.19, -1.77, -1.67, -0.12, 3.56),
  ('horaire', 0, -1.81, -2.55, 0.91, 3.46),
  ('horario', 1.71, -1.61, -2.43, 0.36, 3.68),
  ('horas', 2.18, -0.2, -0.17, -0.46, 0.83),
  ('host', 0, 0.66, -0.5, 0.77, -0.93),
  ('hosted', 0, -0.34, -0.53, 1.44, -0.57),
  ('hosting', -2.14, -2.26, -1.1, 0.16, 3.2),
  ('hot', -1.04, 0, 0, 0, 0),
  ('hot take', -1.84, 0, 0, 0, 0),
  ('hota', 0, -0.35, 0.04, 0.68, -0.37),
  ('hour', -1.3, 0.31, 0.37, 0.46, -1.14),
  ('hour then', 2.61, 0, 0, 0, 0),
  ('hours', 0, -0.68, -0.67, 0.54, 0.81),
  ('hours and', -1.41, 0, 0, 0, 0),
  ('how', 3.39, -2.48, 4.39, 1.51, -3.41),
  ('how can', -2.16, 0, 0, 0, 0),
  ('how do', 1.87, 0, 0, 0, 0),
  ('how to', 1.9, 0, 0, 0, 0),
  ('how we', -1.2, 0, 0, 0, 0),
  ('how would', 1.66, 0, 0, 0, 0),
  ('howdy', -2.89, 0, 0, 0, 0),
  ('hoy', -6.74, 0, 0, 0, 0),
  ('html', 3.14, -5.47, 9.98, -2.13, -2.38),
  ('http', 0, -0.12, -0.55, 0.73, -0.06),
  ('hu', 0.69, 0.51, 0.43, -0.97, 0.02),
  ('hub', 0, 0.21, -1.47, 1.41, -0.15),
  ('hubspot', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('hum', 2.73, 2.12, -0.61, -1.51, 0),
  ('i', 5.93, 2.65, -0.66, -0.39, -1.61),
  ('i am', 0.83, 0, 0, 0, 0),
  ('i can', 1.02, 0, 0, 0, 0),
  ('i cant', 1.89, 0, 0, 0, 0),
  ('i could', -1.07, 0, 0, 0, 0),
  ('i do', 0.65, 0, 0, 0, 0),
  ('i dont', 1.87, 0, 0, 0, 0),
  ('i find', 1.17, 0, 0, 0, 0),
  ('i get', 1.11, 0, 0, 0, 0),
  ('i go', 1.12, 0, 0, 0, 0),
  ('i had', -1.96, 0, 0, 0, 0),
  ('i have', 2.82, 0, 0, 0, 0),
  ('i just', -1.03, 0, 0, 0, 0),
  ('i know', 1.35, 0, 0, 0, 0),
  ('i laughed', -1.47, 0, 0, 0, 0),
  ('i made', -3.95, 0, 0, 0, 0),
  ('i need', 1.37, 0, 0, 0, 0),
  ('i put', 1.83, 0, 0, 0, 0),
  ('i read', 1.27, 0, 0, 0, 0),
  ('i registe', 1.56, 0, 0, 0, 0),
  ('i said', -1.4, 0, 0, 0, 0),
  ('i see', 0.65, 0, 0, 0, 0),
  ('i stopped', -1.37, 0, 0, 0, 0),
  ('i think', -1.36, 0, 0, 0, 0),
  ('i used', -1.56, 0, 0, 0, 0),
  ('i work', -3.41, 0, 0, 0, 0),
  ('i write', 0.86, 0, 0, 0, 0),
  ('i wrote', -4.68, 0, 0, 0, 0),
  ('ich', 3.24, 2.89, 0.93, -2.11, -1.71),
  ('ich $', -1.13, 0, 0, 0, 0),
  ('ich bin', -4.41, 0, 0, 0, 0),
  ('icon', 1.49, 0.38, -0.66, 0.03, 0.25),
  ('id', 5.22, 5.84, -1.78, -1.89, -2.17),
  ('id been', -1.28, 0, 0, 0, 0),
  ('id like', 2.31, 0, 0, 0, 0),
  ('id love', 0.91, 0, 0, 0, 0),
  ('idea', 1.89, -1.47, 1.2, 0.47, -0.2),
  ('ideas', 1.28, -0.24, 1.82, -0.49, -1.09),
  ('identif', 1.81, 7.19, -0.98, -2.95, -3.25),
  ('identit', 3.97, 6.82, -1.95, -0.77, -4.1),
  ('idle', 0, -0.06, 0.68, -0.22, -0.4),
  ('if', 0.45, -2.67, 2.11, 0.43, 0.13),
  ('if i', 0.68, 0, 0, 0, 0),
  ('if somethi', -1.87, 0, 0, 0, 0),
  ('if that', 1.21, 0, 0, 0, 0),
  ('if the', -0.9, 0, 0, 0, 0),
  ('if you', -1.45, 0, 0, 0, 0),
  ('ignored', 4.77, -0.75, -1.08, 1.2, 0.63),
  ('ignores', 4.75, -0.78, -1.07, 1.26, 0.59),
  ('ihr', -7.56, 1.4, -0.36, -2.11, 1.07),
  ('il', 2.04, -0.13, -0.67, 1.2, -0.4),
  ('il passe', 1.39, 0, 0, 0, 0),
  ('ill', -1.57, 2.28, -0.63, -1.59, -0.06),
  ('ils', -1.7, 0, 0, 0, 0),
  ('im', 4.58, 2.79, -0.99, -1.6, -0.2),
  ('im 0', -1.21, 0, 0, 0, 0),
  ('im a', -1.82, 0, 0, 0, 0),
  ('im from', -3.41, 0, 0, 0, 0),
  ('im in', 1.31, 0, 0, 0, 0),
  ('im looking', 1.38, 0, 0, 0, 0),
  ('im writing', 1.38, 0, 0, 0, 0),
  ('image', 5.31, -7.71, -0.54, 3.4, 4.85),
  ('images', 3, -7.05, 0.56, 1.68, 4.8),
  ('images in', 1.66, 0, 0, 0, 0),
  ('immer', 0, 2.7, 0.39, -0.29, -2.8),
  ('import', 8.27, -7.61, 4.36, 11.87, -8.62),
  ('importa', 3.93, -2.32, -3.94, 7.23, -0.96),
  ('importe', 4.14, -2.49, -4.88, 8.63, -1.26),
  ('importi', 4.11, -2.31, -4.28, 7.55, -0.97),
  ('impossi', 8.07, 2.5, -1.03, -1.65, 0.18),
  ('impress', -5.56, 0, 0, 0, 0),
  ('in', 0.1, -0.78, -0.11, 0.16, 0.74),
  ('in $', -1.07, 0, 0, 0, 0),
  ('in .', 1.27, 0, 0, 0, 0),
  ('in 0', -2.35, 0, 0, 0, 0),
  ('in ?', 1.68, 0, 0, 0, 0),
  ('in a', -0.94, 0, 0, 0, 0),
  ('in about', 1.62, 0, 0, 0, 0),
  ('in again', 1.2, 0, 0, 0, 0),
  ('in between', -1.65, 0, 0, 0, 0),
  ('in der', 1.83, 0, 0, 0, 0),
  ('in die', -1.04, 0, 0, 0, 0),
  ('in june', 1.07, 0, 0, 0, 0),
  ('in memory', -2.19, 0, 0, 0, 0),
  ('in my', -0.39, 0, 0, 0, 0),
  ('in one', -1.98, 0, 0, 0, 0),
  ('in our', -1.07, 0, 0, 0, 0),
  ('in preview', 1.6, 0, 0, 0, 0),
  ('in the', -1.17, 0, 0, 0, 0),
  ('in two', -1.89, 0, 0, 0, 0),
  ('in week', 1.05, 0, 0, 0, 0),
  ('in with', 0.73, 0, 0, 0, 0),
  ('inbox', -1.7, 0, 0, 0, 0),
  ('include', -1.89, 0, 0, 0, 0),
  ('includi', 0, 0.95, -0.11, -0.68, -0.16),
  ('increib', -6.25, 0, 0, 0, 0),
  ('incrive', -6.25, 0, 0, 0, 0),
  ('index', 2.13, -3.33, 7.09, 1.85, -5.61),
  ('indexer', 0, -2.11, 3.57, 0.59, -2.05),
  ('indice', 2.56, 0, 0, 0, 0),
  ('ines', -1.09, 0, 0, 0, 0),
  ('info', 0, -0.45, 0.34, -0.33, 0.45),
  ('ingresa', 0, 7.26, -0.62, -3.1, -3.54),
  ('ingress', 0, -1.72, -2.42, 0.56, 3.58),
  ('iniciar', 0, 7.27, -0.62, -3.1, -3.54),
  ('input', 1.47, -0.17, 1.26, -0.51, -0.58),
  ('ins', -1.27, 0, 0, 0, 0),
  ('insert', 0, -0.17, 1.12, -0.19, -0.76),
  ('inside', 0, -0.08, 0.82, -0.2, -0.54),
  ('inside $', -1.57, 0, 0, 0, 0),
  ('inspiri', -6.25, 0, 0, 0, 0),
  ('instala', 1.73, -2.15, -1.4, 5.98, -2.43),
  ('install', 0, -2.25, -0.16, 4.93, -2.53),
  ('instead', -2.86, -1.65, 1.17, 0.64, -0.16),
  ('instruc', 3.89, -2.42, -1.81, -1.92, 6.14),
  ('integer', 3.32, -3, 7.65, 0.81, -5.46),
  ('integra', 3.77, -2.88, -4.98, 8.98, -1.12),
  ('interes', -0.72, 0, 0, 0, 0),
  ('into', -0.83, -0.85, 1.6, 1.81, -2.55),
  ('into 0', -1.4, 0, 0, 0, 0),
  ('introdu', -3.03, 0, 0, 0, 0),
  ('invalid', 2.11, 1.64, -0.54, -0.73, -0.38),
  ('inventa', -1.17, 0, 0, 0, 0),
  ('invitac', 3.92, 9.57, -3, -3.49, -3.08),
  ('invitat', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('invite', 4.99, 10.6, -3.39, -4.56, -2.65),
  ('invited', 4.04, 9.25, -2.98, -3.36, -2.91),
  ('invoice', 3.27, -0.91, -3.75, -2.94, 7.61),
  ('ios', 1.56, -0.49, 0.37, 0.67, -0.55),
  ('ipad', 3.2, 0.96, -1.09, 4.13, -3.99),
  ('is', -0.09, -1.34, 2, 0.34, -1),
  ('is .', -0.96, 0, 0, 0, 0),
  ('is 0', 0.62, 0, 0, 0, 0),
  ('is about', 1.61, 0, 0, 0, 0),
  ('is anyone', 1.19, 0, 0, 0, 0),
  ('is back', -1.82, 0, 0, 0, 0),
  ('is broken', 1.29, 0, 0, 0, 0),
  ('is down', 1.27, 0, 0, 0, 0),
  ('is empty', 0.9, 0, 0, 0, 0),
  ('is fixed', -1.38, 0, 0, 0, 0),
  ('is from', 0.81, 0, 0, 0, 0),
  ('is gone', -2.04, 0, 0, 0, 0),
  ('is it', -0.55, 0, 0, 0, 0),
  ('is just', 1.91, 0, 0, 0, 0),
  ('is my', 1.06, 0, 0, 0, 0),
  ('is not', 1.32, 0, 0, 0, 0),
  ('is on', -1.95, 0, 0, 0, 0),
  ('is one', -0.98, 0, 0, 0, 0),
  ('is open', -0.98, 0, 0, 0, 0),
  ('is out', -0.81, 0, 0, 0, 0),
  ('is require', -1.47, 0, 0, 0, 0),
  ('is still', -0.83, 0, 0, 0, 0),
  ('is that', 1.5, 0, 0, 0, 0),
  ('is the', 0.53, 0, 0, 0, 0),
  ('is there', 3.65, 0, 0, 0, 0),
  ('is up', -1.72, 0, 0, 0, 0),
  ('is what', -0.85, 0, 0, 0, 0),
  ('is your', -1.14, 0, 0, 0, 0),
  ('isnt', 3.69, 1.3, 0.92, -2.08, -0.15),
  ('isnt a', 0.85, 0, 0, 0, 0),
  ('isnt there', 1.65, 0, 0, 0, 0),
  ('issue', 1.19, -0.48, -0.11, 0.85, -0.26),
  ('issues', -1.5, 0, 0, 0, 0),
  ('ist', -2.25, 0.04, 1.04, -0.78, -0.29),
  ('ist bei', 1.47, 0, 0, 0, 0),
  ('it', -1.42, 1.3, 0.18, -0.12, -1.36),
  ('it $', -0.31, 0, 0, 0, 0),
  ('it .', -3.85, 0, 0, 0, 0),
  ('it :', -1, 0, 0, 0, 0),
  ('it ?', 0.98, 0, 0, 0, 0),
  ('it a', -1.66, 0, 0, 0, 0),
  ('it again', -0.68, 0, 0, 0, 0),
  ('it all', -1, 0, 0, 0, 0),
  ('it and', 1.44, 0, 0, 0, 0),
  ('it back', 1.02, 0, 0, 0, 0),
  ('it comes', -1.75, 0, 0, 0, 0),
  ('it compile', -1.8, 0, 0, 0, 0),
  ('it does', 1.09, 0, 0, 0, 0),
  ('it for', -1.24, 0, 0, 0, 0),
  ('it has', -0.54, 0, 0, 0, 0),
  ('it here', -1.34, 0, 0, 0, 0),
  ('it is', 1.65, 0, 0, 0, 0),
  ('it on', -0.84, 0, 0, 0, 0),
  ('it out', 1.71, 0, 0, 0, 0),
  ('it says', 1.5, 0, 0, 0, 0),
  ('it should', -0.9, 0, 0, 0, 0),
  ('it the', -1.29, 0, 0, 0, 0),
  ('it thinks', 3.57, 0, 0, 0, 0),
  ('it to', -1.23, 0, 0, 0, 0),
  ('it was', -2.08, 0, 0, 0, 0),
  ('it worked', 1.4, 0, 0, 0, 0),
  ('it would', 1.58, 0, 0, 0, 0),
  ('it xquote', -0.85, 0, 0, 0, 0),
  ('item', 1.64, -0.14, 0.93, -0.61, -0.18),
  ('items', 0.82, -0.24, -0.98, 0.96, 0.26),
  ('iterate', 0, -0.46, 1.37, -0.16, -0.75),
  ('iterato', 3.85, -4.21, -0.54, 10.13, -5.38),
  ('its', -3.47, 1.44, -1.23, 0.7, -0.91),
  ('its 0', 1.51, 0, 0, 0, 0),
  ('its a', 1.86, 0, 0, 0, 0),
  ('its not', 0.92, 0, 0, 0, 0),
  ('its own', -1.22, 0, 0, 0, 0),
  ('itself', -1.14, -0.74, 0.66, 0.34, -0.26),
  ('iva', 3.04, -1, -3.48, -3.44, 7.93),
  ('ive', 2.24, 2.64, -2.43, -0.9, 0.69),
  ('ive asked', 1.02, 0, 0, 0, 0),
  ('ive been', -0.6, 0, 0, 0, 0),
  ('ive looked', 0.93, 0, 0, 0, 0),
  ('ive no', 1.01, 0, 0, 0, 0),
  ('ive tried', 1.11, 0, 0, 0, 0),
  ('ja', -0.51, -0.36, 0.82, -0.03, -0.43),
  ('jai', 4.24, 2.02, 0.27, -2.47, 0.17),
  ('jai une', 0.89, 0, 0, 0, 0),
  ('jaimera', 4.24, -1.13, 0.05, 1.29, -0.21),
  ('jaja', -3.37, 0, 0, 0, 0),
  ('jajaja', -3.37, 0, 0, 0, 0),
  ('jamais', 3.17, 1.01, 0.26, -1.51, 0.24),
  ('january', -1.05, -1.09, -0.36, 0.41, 1.05),
  ('jata', 1.58, 0, 0.57, 0.2, -0.77),
  ('jata hai', 1.2, 0, 0, 0, 0),
  ('java', 0, -5.47, 9.62, -1.86, -2.29),
  ('javascr', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('je', 2.02, 2.43, -1.36, -1.75, 0.68),
  ('je narrive', 1.45, 0, 0, 0, 0),
  ('je ne', 0.87, 0, 0, 0, 0),
  ('je suis', -4.14, 0, 0, 0, 0),
  ('jedes', 0, 2.52, -0.84, 0.38, -2.06),
  ('jeito', 7.23, 0, 0, 0, 0),
  ('jeje', -3.37, 0, 0, 0, 0),
  ('jemand', -1.83, 0, 0, 0, 0),
  ('jemand eine', 2.51, 0, 0, 0, 0),
  ('jen', 1.35, 0, 0, 0, 0),
  ('jest', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('jo', 0, -0.59, -0.28, -0.41, 1.28),
  ('job', -3.17, -0.15, 0.7, -0.82, 0.28),
  ('jod', 4.02, -2.02, -4.28, 7.38, -1.08),
  ('join', 8.36, 7.97, 3.72, -3.13, -8.56),
  ('joined', -3.22, 0, 0, 0, 0),
  ('jour', 0.95, -0.71, 0.11, 0.43, 0.17),
  ('jquery', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('js', 0, -0.09, 0.89, -0.34, -0.46),
  ('json', 4.18, -3.26, 6.99, 1.76, -5.49),
  ('json .', 0.84, 0, 0, 0, 0),
  ('jump', -1.37, 0, 0, 0, 0),
  ('june', 0.65, 0, 0, 0, 0),
  ('just', -6.98, 0.14, -1.24, 0.29, 0.81),
  ('just me', -1.27, 0, 0, 0, 0),
  ('just slow', -1.71, 0, 0, 0, 0),
  ('juste', 1.79, -0.68, 0.6, -0.45, 0.53),
  ('k', -2.23, 0, 0, 0, 0),
  ('k xname', -1.97, 0, 0, 0, 0),
  ('ka', 0, 1.05, -0.35, -1.15, 0.45),
  ('kab', 1.18, -1.06, 0.95, -0.3, 0.41),
  ('kab tak', 1.41, 0, 0, 0, 0),
  ('kaha', 7.95, 0.98, -0.98, 1.39, -1.4),
  ('kahan', 7.47, 0.91, -1.29, 1.61, -1.24),
  ('kaisa', 5.06, -0.89, 3.6, 1.44, -4.15),
  ('kaise', 6.71, -0.96, 3.47, 1.85, -4.35),
  ('kal', -6.39, 3.06, -1.13, 0.47, -2.41),
  ('kalende', 5.99, -2.05, -3.59, 5, 0.64),
  ('kamaal', -6.25, 0, 0, 0, 0),
  ('kamaye', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('kann', 7.25, 0.72, -0.06, -1.07, 0.4),
  ('kapitel', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('kaputt', -3.85, -1.92, 3.48, 0.28, -1.83),
  ('kar', -1.53, 0, 0, 0, 0),
  ('kar lo', -3.98, 0, 0, 0, 0),
  ('kare', -1.98, 0, 0, 0, 0),
  ('karlo', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('karo', -5.31, -1.21, 0.08, 1.27, -0.15),
  ('karta', 0, 1.06, -0.15, -0.52, -0.4),
  ('karu', 1.92, 0, 0, 0, 0),
  ('kaun', -2.43, -0.76, 1.38, -0.14, -0.48),
  ('kaunsa', -0.99, 0, 0, 0, 0),
  ('ke', 0, 0.23, -0.49, 1.17, -0.91),
  ('ke baad', 0.85, 0, 0, 0, 0),
  ('keep', 0.51, 0.54, 0.42, -0.74, -0.22),
  ('keeps', 5.26, -1.07, -1.68, 1.4, 1.35),
  ('kein', 2.11, 0, 0, 0, 0),
  ('keine', 1.31, 0.57, -0.33, -1.26, 1.02),
  ('keinem', 3.32, 0, 0, 0, 0),
  ('keinen', 3.32, 0, 0, 0, 0),
  ('keiner', 3.32, 0, 0, 0, 0),
  ('kennwor', 0, 5.39, -1.91, -1.97, -1.51),
  ('kept', -1.29, 0, 0, 0, 0),
  ('kept .', -1.57, 0, 0, 0, 0),
  ('key', 1.59, 0.35, -1.98, 1.71, -0.08),
  ('keyboar', 2.12, 0.68, -1.72, 4.44, -3.4),
  ('keyerro', 0, -2.11, 3.57, 0.59, -2.05),
  ('keys', 1.19, 0, 0, 0, 0),
  ('khali', 4.47, -0.44, -1.67, 1.68, 0.43),
  ('khata', 3.97, 6.39, -1.94, -0.74, -3.7),
  ('khud', -1.23, 0, 0, 0, 0),
  ('khul', 0, 7.27, -0.62, -3.1, -3.54),
  ('ki', -0.96, -0.4, -0.22, 0.46, 0.16),
  ('kicked', 2.28, 5.92, -1.01, -3.72, -1.18),
  ('kidhar', 7.61, 1.89, -1.44, 1, -1.44),
  ('kind', 1.3, 0, 0, 0, 0),
  ('kindly', 7.11, 0, 0, 0, 0),
  ('kitna', 0, -0.76, 1.38, -0.14, -0.48),
  ('kitne', 0, -0.76, 1.38, -0.14, -0.48),
  ('kiya', 1.29, -0.18, -0.2, 0.55, -0.17),
  ('kkk', -3.37, 0, 0, 0, 0),
  ('kkkk', -3.37, 0, 0, 0, 0),
  ('klappt', -4.62, -0.19, 2.89, -1.67, -1.02),
  ('klappt nicht', 4.63, 0, 0, 0, 0),
  ('klasse', -6.25, 0, 0, 0, 0),
  ('klick', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('knopf', 3.5, -0.44, -1.74, 0.54, 1.65),
  ('know', -3.04, -0.17, -1.29, 1.33, 0.14),
  ('know $', -1.33, 0, 0, 0, 0),
  ('know .', -0.91, 0, 0, 0, 0),
  ('know what', 0.95, 0, 0, 0, 0),
  ('knowled', 3.57, -0.32, -1.67, 5.49, -3.5),
  ('knows', 0, -0.27, 0.41, -0.74, 0.61),
  ('knows the', -1.73, 0, 0, 0, 0),
  ('ko', -0.9, 0, 0, 0, 0),
  ('koi', -0.93, 0, 0, 0, 0),
  ('komme aus', -3.41, 0, 0, 0, 0),
  ('komme nicht', 4.63, 0, 0, 0, 0),
  ('kommen', 1.17, 0.53, 1, -0.72, -0.81),
  ('komment', 2.65, -0.76, -1.9, -0.39, 3.04),
  ('kommt', 1.63, -0.37, -0.56, -0.41, 1.34),
  ('kommt nicht', 4.39, 0, 0, 0, 0),
  ('konfigu', 0, -1.78, -1.27, 5.45, -2.4),
  ('konnt', 1.93, -0.39, -0.03, -0.39, 0.81),
  ('konnte', 7.23, 0, 0, 0, 0),
  ('konnten', 0, -0.03, -0.1, -0.67, 0.8),
  ('konsa', 0, -0.76, 1.38, -0.14, -0.48),
  ('konting', 0, -0.82, -3.43, 3.75, 0.5),
  ('konto', 3.55, 6.9, -2.17, -0.89, -3.84),
  ('kostenl', -2.81, -0.47, -4.51, 5.23, -0.25),
  ('kotlin', 3.29, -5.46, 9.33, -1.78, -2.1),
  ('kripya', 8.2, 0, 0, 0, 0),
  ('kuberne', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('kuch', 1.35, 0.31, -0.79, 2.32, -1.84),
  ('kudos', -8.61, 0, 0, 0, 0),
  ('kundige', 3.04, -1.1, -3.49, -3.61, 8.2),
  ('kurs', 4.7, -2.56, -1.69, -2.86, 7.11),
  ('kya', 0, -1.3, 2.02, -0.68, -0.04),
  ('kya ?', 1.01, 0, 0, 0, 0),
  ('kyon', 0, -0.84, 3.12, -2.48, 0.21),
  ('kyu', 0, -0.84, 3.12, -2.49, 0.21),
  ('kyun', 0, -0.84, 3.12, -2.48, 0.21),
  ('la', -0.2, -0.39, 1.06, -0.35, -0.32),
  ('la base', 1.08, 0, 0, 0, 0),
  ('la page', 1.2, 0, 0, 0, 0),
  ('lach', -3.37, 0, 0, 0, 0),
  ('laco', 3.48, -3.04, 7.79, 0.68, -5.44),
  ('ladies', 0, -0.28, -0.42, 0.84, -0.14),
  ('lag', -1.02, 0, 0, 0, 0),
  ('lag an', -4.94, 0, 0, 0, 0),
  ('lag es', -1.55, 0, 0, 0, 0),
  ('laggy', 4.39, 0, 0, 0, 0),
  ('lags', 4.39, 0, 0, 0, 0),
  ('laide', 1.15, 0, 0, 0, 0),
  ('land', 1.02, 0, 0, 0, 0),
  ('langsam', 4.39, 0, 0, 0, 0),
  ('languag', -1.96, -0.38, -0.18, 0.83, -0.27),
  ('lapero', -1.44, 0, 0, 0, 0),
  ('lappli', 2.31, 0.7, 0.34, -0.33, -0.72),
  ('laptop', 0, 1.53, 0.04, -1.15, -0.42),
  ('laravel', 3.43, -5.47, 9.35, -1.78, -2.1),
  ('larkfor', 0, -0.03, -0.08, 1.27, -1.16),
  ('las', 3.53, 0.1, -0.56, 1.04, -0.58),
  ('lasst sich', 4.63, 0, 0, 0, 0),
  ('last', -1.55, 1.57, -0.05, -1.55, 0.02),
  ('last $', -1.15, 0, 0, 0, 0),
  ('later', 1.14, -0.64, 0.63, -0.4, 0.41),
  ('lauft wieder', -4.94, 0, 0, 0, 0),
  ('laughed', -1.6, 0, 0, 0, 0),
  ('launch', -2.69, -2.02, -0.39, -0.95, 3.35),
  ('launche', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('launchi', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('layout', 0, -0.34, 1.2, -0.45, -0.41),
  ('le', 1.3, 0.05, -1, 1.79, -0.85),
  ('le bouton', 1.36, 0, 0, 0, 0),
  ('le code', 2.15, 0, 0, 0, 0),
  ('le monde', -1.27, 0, 0, 0, 0),
  ('lead', 1.21, 1.21, -0.26, -0.47, -0.48),
  ('leads', 1.08, -1.58, -0.14, 0.01, 1.71),
  ('learned', -2.61, 0, 0, 0, 0),
  ('learnin', -0.93, 0, 0, 0, 0),
  ('least', 0.98, -0.05, -0.55, 0.3, 0.3),
  ('leave', 1.5, 1.23, -1.98, 0.59, 0.16),
  ('leccion', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('lecon', 4.25, -2.38, -1.58, -2.68, 6.65),
  ('lecture', 4.59, -2.37, -1.61, -2.66, 6.63),
  ('leer', 3.88, -0.67, -0.85, 0.82, 0.7),
  ('left', 1.15, -0.43, 1.01, -1.91, 1.32),
  ('legal', -6, 0, 0, 0, 0),
  ('legenda', 5.43, -2.46, -1.68, -2.78, 6.92),
  ('lektion', 4.63, -2.63, -0.54, -2.75, 5.92),
  ('lembret', -6.92, 0, 0, 0, 0),
  ('lena', -1.17, 0, 0, 0, 0),
  ('length', 0.88, 0, 0, 0, 0),
  ('lent', 4.39, 0, 0, 0, 0),
  ('lento', 3.86, 0, 0, 0, 0),
  ('les', -0.74, 0, 0, 0, 0),
  ('lesson', 2.38, -3.05, -1.49, -3.92, 8.45),
  ('lesson on', -1.52, 0, 0, 0, 0),
  ('lessons', 3.93, -2.76, -1.76, -3.02, 7.54),
  ('let', 5.32, 2.03, -0.53, -2.2, 0.7),
  ('let me', -2.88, 0, 0, 0, 0),
  ('let the', -1.12, 0, 0, 0, 0),
  ('lets', 0.72, -0.12, 1.1, -0.19, -0.8),
  ('letter', 0, -0.13, 0.52, -0.41, 0.01),
  ('letters', -2.3, 0, 0, 0, 0),
  ('lexerci', 0, -0.05, -0.83, -0.19, 1.07),
  ('liberar', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('library', -1.21, 0, 0, 0, 0),
  ('lie', -1.95, 0, 0, 0, 0),
  ('liebe', -3.52, 0, 0, 0, 0),
  ('lien', 3.03, 0.25, -1.87, -0.69, 2.31),
  ('lifetim', 0, 0.9, -0.41, -0.42, -0.07),
  ('light', 0, -0.77, -0.08, -0.17, 1.01),
  ('ligne', 3.65, -3.03, 7.72, 0.79, -5.47),
  ('like', 0.7, -0.59, 0.19, 1.31, -0.92),
  ('like that', -1.58, 0, 0, 0, 0),
  ('like to', 1.71, 0, 0, 0, 0),
  ('limit', 4.62, -1.28, -3.68, 8.15, -3.19),
  ('limite', 2.24, -0.65, -3.39, 4.16, -0.12),
  ('limited', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('limits', 1.83, -0.84, -3.9, 4.25, 0.49),
  ('limpa', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('line', -0.97, 0.27, 2.87, -1.84, -1.3),
  ('lines', 0, -0.14, -0.08, 0.46, -0.25),
  ('linha', 2.97, -3, 7.57, 0.87, -5.44),
  ('link', 8.08, -0.08, -5.96, 1.74, 4.31),
  ('linked', -0.89, 0, 0, 0, 0),
  ('links', 4.58, -2.15, -1.68, 0.02, 3.81),
  ('links in', 1.44, 0, 0, 0, 0),
  ('lint', 0, -2.11, 3.57, 0.59, -2.05),
  ('linter', 0, -2.11, 3.57, 0.59, -2.05),
  ('linux', 2.56, -0.28, -1.19, 4.95, -3.48),
  ('lisbon', 1.58, -0.45, -0.38, -0.33, 1.16),
  ('list', 2.02, -3.64, 5.4, 1.64, -3.4),
  ('list $', 0.89, 0, 0, 0, 0),
  ('list of', 0.73, 0, 0, 0, 0),
  ('lista', 1.92, 0, 0, 0, 0),
  ('lista de', 1.61, 0, 0, 0, 0),
  ('listen', -1.42, 0, 0, 0, 0),
  ('listene', 1.24, 0, 0, 0, 0),
  ('little', -0.97, 0.42, -0.01, -0.71, 0.31),
  ('live', 0, -1.23, -2.22, 1.49, 1.96),
  ('live in', -2.54, 0, 0, 0, 0),
  ('lives', 1.17, 0, 0, 0, 0),
  ('livestr', -2.46, -2.05, -0.53, -0.83, 3.42),
  ('llama', 3.28, -0.28, -1.01, 4.74, -3.45),
  ('llego', -1.24, 0, 0, 0, 0),
  ('llego el', -1.24, 0, 0, 0, 0),
  ('llm', 1, 0, 0, 0, 0),
  ('lm', 0, 1.05, -0.23, 0.22, -1.03),
  ('lmao', -3.37, 0, 0, 0, 0),
  ('lo', -0.73, -0.21, -0.02, 0.31, -0.08),
  ('lo que', -0.97, 0, 0, 0, 0),
  ('load', 1.54, 0.04, 0.54, -0.43, -0.15),
  ('loan', -1.66, 0, 0, 0, 0),
  ('local', 0.96, -0.41, 0.65, 0.76, -1),
  ('localho', 3.49, -3.01, 7.8, 0.64, -5.43),
  ('locally', 1.06, 0, 0, 0, 0),
  ('lock', 0.79, 0.73, -0.01, -0.4, -0.32),
  ('locked', 3.95, 7.82, -2.71, -3.78, -1.34),
  ('lockout', 0, 5.36, -1.72, -2.69, -0.96),
  ('log', 0.55, 7.56, 0.91, -3.81, -4.66),
  ('log in', 1.31, 0, 0, 0, 0),
  ('log of', -1.42, 0, 0, 0, 0),
  ('logar', 0, 7.26, -0.62, -3.1, -3.54),
  ('logged', 1.1, 7.82, -0.4, -3.47, -3.95),
  ('logging', 0, 7.17, -0.75, -2.88, -3.55),
  ('login', -2.16, 10.38, -1.66, -5.28, -3.44),
  ('login loop', -1.29, 0, 0, 0, 0),
  ('login page', -3.13, 0, 0, 0, 0),
  ('login with', 1.18, 0, 0, 0, 0),
  ('logo', -1.67, 0, 0, 0, 0),
  ('logout', 0, 7.26, -0.62, -3.1, -3.54),
  ('logs', 0, -0.17, -0.38, 0.62, -0.06),
  ('logueo', 0, 7.26, -0.62, -3.1, -3.54),
  ('lol', -3.68, 0, 0, 0, 0),
  ('lolol', -3.37, 0, 0, 0, 0),
  ('long', 1.52, -0.4, -0.9, 1.59, -0.29),
  ('look', -6.55, -1.38, 0.45, 0.93, 0),
  ('look at', -0.64, 0, 0, 0, 0),
  ('looked', 0, -0.54, -0.35, 1.25, -0.37),
  ('looking', 0.81, -0.09, -0.55, 1.24, -0.59),
  ('looking at', 1.35, 0, 0, 0, 0),
  ('looks', -1.51, -0.67, 1.71, -0.39, -0.65),
  ('looks like', -0.99, 0, 0, 0, 0),
  ('loop', 5.54, -3.21, 8.86, 0.31, -5.96),
  ('loop in', -1.29, 0, 0, 0, 0),
  ('loop over', 1.12, 0, 0, 0, 0),
  ('loops', -1.01, 0, 0, 0, 0),
  ('los', -3.01, 0.42, -0.07, -0.32, -0.03),
  ('losche', -3.39, -0.99, 0.2, 1.04, -0.25),
  ('lost', 2.48, -1.35, -1.77, 1.45, 1.67),
  ('lot', 0, -0.5, 0.62, -1, 0.88),
  ('lot of', -1.16, 0, 0, 0, 0),
  ('lottie', 0, -0.12, -0.06, 1.12, -0.94),
  ('love', -6.49, 0, 0, 0, 0),
  ('love a', 1.4, 0, 0, 0, 0),
  ('love to', 5.08, 0, 0, 0, 0),
  ('loved', -5.8, 0, 0, 0, 0),
  ('lovely', -5.57, 0, 0, 0, 0),
  ('loving', -6.25, 0, 0, 0, 0),
  ('luck', 0, 0.53, -1.05, 0.96, -0.44),
  ('lugar', 1.04, 0, 0, 0, 0),
  ('lunch', 0, -0.66, 0.56, 0.29, -0.19),
  ('m', 0, -0.33, 0.08, -0.55, 0.81),
  ('m0', 1.37, 0, 0, 0, 0),
  ('ma', 4.04, 2.02, -0.67, -2.18, 0.83),
  ('mac', 3.96, 0.17, 0.1, 2.23, -2.5),
  ('machine', -1.23, -0.09, 0.64, -0.4, -0.15),
  ('madad', 2.69, 0, 0, 0, 0),
  ('made', -6.86, 0.08, -1.53, 1.39, 0.06),
  ('magic link', 7.54, 0, 0, 0, 0),
  ('magnifi', -6.25, 0, 0, 0, 0),
  ('mai', 2.49, 2.35, -0.65, -1.58, -0.12),
  ('maider', 2.51, 0, 0, 0, 0),
  ('mail', 3.12, 5.1, -3.02, 0.72, -2.79),
  ('mail .', -2.94, 0, 0, 0, 0),
  ('mailadr', 3.97, 6.39, -1.94, -0.74, -3.7),
  ('mailbox', 0, 0.7, -0.17, -0.12, -0.41),
  ('mailchi', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('mails', 1.2, -1.54, -0.35, 2.2, -0.3),
  ('mails for', 1.42, 0, 0, 0, 0),
  ('main', 2.15, 1.08, 0.08, -1.13, -0.03),
  ('maine', 3.74, 2.34, -0.66, -1.71, 0.03),
  ('maintai', -0.97, 0, 0, 0, 0),
  ('mainten', -1.69, -2.1, 0.34, -1.5, 3.26),
  ('mais', -1.84, 0.1, -0.22, 0.6, -0.48),
  ('make', 1.69, -0.12, 0.85, 3.28, -4),
  ('make sure', -3.98, 0, 0, 0, 0),
  ('mal', 2.32, -0.17, -0.79, 0.22, 0.73),
  ('man', -1.44, -0.01, -1.22, 0.86, 0.37),
  ('manager', -1.25, 0, 0, 0, 0),
  ('manana', -7.47, 0, 0, 0, 0),
  ('manera', 7.23, 0, 0, 0, 0),
  ('mano', 0.71, -0.04, -0.18, 0.53, -0.31),
  ('manque', 4.39, -0.67, -1.7, 0.53, 1.84),
  ('manteni', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('manuten', -2.39, -1.73, -0.57, -0.9, 3.2),
  ('many', 0.84, 0.87, -0.01, 0.19, -1.05),
  ('map', -0.73, 0, 0, 0, 0),
  ('mapper', 4.05, -4.21, -1.43, 11.03, -5.39),
  ('mapping', 0, -0.54, 1.09, 0.09, -0.64),
  ('maravil', -6.25, 0, 0, 0, 0),
  ('march', 1.82, 0.43, 0.13, -0.64, 0.08),
  ('march $', 1.54, 0, 0, 0, 0),
  ('marche mainten', -4.94, 0, 0, 0, 0),
  ('marche pas', 4.63, 0, 0, 0, 0),
  ('martes', -1.38, 0, 0, 0, 0),
  ('mas', -2.09, 0.18, 0.75, -0.66, -0.27),
  ('mas o', 1.39, 0, 0, 0, 0),
  ('massa', -6.25, 0, 0, 0, 0),
  ('mast', -6.31, 0, 0, 0, 0),
  ('masterc', -1.48, 0, 0, 0, 0),
  ('mat', 2.13, 0, 0, 0, 0),
  ('match', 1.98, -0.24, 1.06, -0.76, -0.06),
  ('matter', 0.75, -0.34, -0.3, 1.02, -0.38),
  ('mauvais', 5, 0, 0, 0, 0),
  ('may', 5.18, 0.6, -0.99, -1.31, 1.71),
  ('maybe', 1.05, -0.5, 1.16, 0.08, -0.74),
  ('maza', -6.25, 0, 0, 0, 0),
  ('mb', 1.83, -6.93, 1.67, 2.52, 2.74),
  ('mcp', 4.41, -0.44, -3.8, 7.92, -3.67),
  ('mdr', -3.37, 0, 0, 0, 0),
  ('me', 3.53, 2.21, -0.68, -2.08, 0.55),
  ('me 0', -1.52, 0, 0, 0, 0),
  ('me a', -1.96, 0, 0, 0, 0),
  ('me chamo', -3.41, 0, 0, 0, 0),
  ('me connect', 1.33, 0, 0, 0, 0),
  ('me da', 1.84, 0, 0, 0, 0),
  ('me for', 0.73, 0, 0, 0, 0),
  ('me llamo', -3.41, 0, 0, 0, 0),
  ('me the', -1.02, 0, 0, 0, 0),
  ('me too', 1.31, 0, 0, 0, 0),
  ('me when', -1.2, 0, 0, 0, 0),
  ('mean', -1.31, 0, 0, 0, 0),
  ('means', -2.17, 0, 0, 0, 0),
  ('meant', -2.04, 0, 0, 0, 0),
  ('meet', 0, -1.72, -2.42, 0.56, 3.58),
  ('meeting', 1.48, -1.96, -2.73, 0.98, 3.71),
  ('meetup', -1.47, -2.23, -0.73, -0.89, 3.85),
  ('mega', -6.25, 0, 0, 0, 0),
  ('mehr', -0.78, 0, 0, 0, 0),
  ('mein', 3.72, 2.41, -0.05, -2.35, -0.02),
  ('meine', 2.97, 1.89, -0.12, -1.78, 0.01),
  ('meinem', 2.73, 1.96, -0.94, -0.86, -0.17),
  ('meinen', 2.79, 2, -0.29, -1.64, -0.07),
  ('meiner', 1.71, 2.42, -0.4, -1.66, -0.36),
  ('melhor', -2.52, 0, 0, 0, 0),
  ('member', 3.89, 9.16, -3.35, -3.36, -2.45),
  ('members', 2.23, 11.33, -2.66, -3.27, -5.4),
  ('membre', 3.92, 9.49, -3.07, -3.46, -2.96),
  ('membres', 3.92, 9.39, -3.01, -3.45, -2.94),
  ('membro', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('meme', 0.8, -0.03, -0.52, 0.55, -0.01),
  ('memory', -1.3, -0.08, 1.51, -0.72, -0.72),
  ('mention', 0.75, 0.19, -0.5, 0.54, -0.23),
  ('mentor', 0, -0.75, -0.59, -0.18, 1.51),
  ('menu', 0.86, 0.89, -0.6, 0.93, -1.22),
  ('mera', 1.33, 2.23, -0.38, -1.74, -0.11),
  ('merci', -8.78, 0, 0, 0, 0),
  ('merci de', 7.19, 0, 0, 0, 0),
  ('mercis', -8.61, 0, 0, 0, 0),
  ('mere', 3.42, 2.84, -1.24, -2.06, 0.46),
  ('merge', 7.94, 2.51, 7.13, -0.42, -9.22),
  ('meri', 2.13, 1.71, -0.76, -1.28, 0.32),
  ('mes', 5.34, 1.89, 0.08, -1.21, -0.76),
  ('mesma', 3.02, 0, 0, 0, 0),
  ('mesmo', 2.56, 0.65, -1.03, 0.07, 0.31),
  ('message', -2.99, -0.82, 0.32, -0.43, 0.93),
  ('method', 2.85, -3, 7.84, 0.59, -5.43),
  ('meu', 0, 1.86, -0.57, -1.29, 0),
  ('meus', 2.73, 2.12, -0.61, -1.51, 0),
  ('mfa', 7.54, 7.34, -3.19, -1.27, -2.89),
  ('mi', 3.14, 1.88, -0.83, -1.73, 0.68),
  ('mich', 3.93, 2.97, -0.7, -1.99, -0.29),
  ('middle', 0.69, -0.21, -0.27, 0.54, -0.06),
  ('midnigh', -0.84, 0, 0, 0, 0),
  ('miembro', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('migrate', 3.04, -2.32, -4, 7.27, -0.95),
  ('migrati', 9.67, -5.36, 4.04, 7.8, -6.48),
  ('mil', -1.24, 0, 0, 0, 0),
  ('mim', 2.73, 2.12, -0.61, -1.51, 0),
  ('min', -1.14, 0.01, 0.31, 0.16, -0.49),
  ('mind', -0.65, 0, 0, 0, 0),
  ('mine', 1.26, 1.9, 0.14, 0.12, -2.16),
  ('mine $', -1.12, 0, 0, 0, 0),
  ('minha', 5.95, 3.29, -1.01, -1.84, -0.43),
  ('minhas', 2.66, 2.09, -0.64, -1.38, -0.07),
  ('minute', -1.63, 0, 0, 0, 0),
  ('minute me', -1.15, 0, 0, 0, 0),
  ('minuten', 1.12, 1.05, -0.48, -0.24, -0.33),
  ('minutes', 1.45, 0.69, -1.88, -0.27, 1.46),
  ('minuto', -1.56, 0, 0, 0, 0),
  ('mir', 3.6, 0.62, -0.05, -1.38, 0.82),
  ('mir auch', 1.58, 0, 0, 0, 0),
  ('mira', -3.98, -1.17, 0.3, 1.02, -0.16),
  ('mis', 5.54, 3.46, -1.14, -2.03, -0.29),
  ('mise', 1.61, 2.21, -0.79, 1.27, -2.69),
  ('mismo', 0, 0.6, -0.32, -0.04, -0.23),
  ('miss', 0, 0.07, 0.48, -0.64, 0.09),
  ('missing', 8.81, -1.67, 1.37, 0.4, -0.1),
  ('mistake', -1.3, 0.08, -0.76, -0.3, 0.98),
  ('mit', 2, -0.74, -0.26, 1.59, -0.6),
  ('mitglie', 3.61, 9.36, -2.88, -3.48, -3),
  ('mobile', 3.8, 0.57, -1.62, -0.68, 1.73),
  ('mock', 3.48, -3, 7.7, 0.73, -5.43),
  ('mode', 0.98, -0.46, -1.87, 1.99, 0.34),
  ('mode ?', -2.19, 0, 0, 0, 0),
  ('model', 2.79, -0.47, 0.17, 4.14, -3.84),
  ('modele', 1.35, -2.38, -1.23, 6.32, -2.71),
  ('modelo', 1.74, -2.01, -1.06, 5.43, -2.35),
  ('models', 2.11, -0.28, -1.06, 4.79, -3.45),
  ('moderat', 3.27, 9.41, -3.2, -4.1, -2.1),
  ('modul', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('module', 7.89, -7.01, 5.73, -0.69, 1.96),
  ('modulo', 3.55, -2.19, -1.85, -2.03, 6.07),
  ('moglich', 7.54, 0.05, -0.94, -0.72, 1.61),
  ('moi', 6.41, 2.08, -1.32, -1.93, 1.17),
  ('moin', -2.89, 0, 0, 0, 0),
  ('mois', 1.96, 2.21, -0.64, -1.55, -0.01),
  ('moitie', -1.97, 0, 0, 0, 0),
  ('molaria', 4.24, 0, 0, 0, 0),
  ('moment', -1.95, -0.38, -0.02, -0.03, 0.43),
  ('mon', 3.8, 1.39, 1.21, -1.58, -1.01),
  ('monday', -7, 0.49, -1.49, 1.18, -0.18),
  ('monde', -2.77, 0, 0, 0, 0),
  ('money', -1.05, -1.01, 1.16, -0.49, 0.34),
  ('mongodb', 3.29, -5.52, 9.39, -1.77, -2.11),
  ('monorep', 0, -0.05, -0.55, 0.71, -0.11),
  ('month', -2, -0.19, -1.23, 0.55, 0.86),
  ('month .', 0.68, 0, 0, 0, 0),
  ('month and', -1.3, 0, 0, 0, 0),
  ('monthly', -0.89, 0, 0, 0, 0),
  ('months', 0, -0.64, 0.32, -0.55, 0.87),
  ('months .', -1.29, 0, 0, 0, 0),
  ('more', -4.66, -0.85, 1.18, 0.4, -0.74),
  ('more $', -1.67, 0, 0, 0, 0),
  ('more for', -1.49, 0, 0, 0, 0),
  ('more than', 0.59, 0, 0, 0, 0),
  ('morgen', -7.66, 0, 0, 0, 0),
  ('morning', -2.68, 0, 0, 0, 0),
  ('morning .', 1.46, 0, 0, 0, 0),
  ('most', -1.58, 0, 0, 0, 0),
  ('most of', 1.37, 0, 0, 0, 0),
  ('mot', -3.44, 4.59, -1.74, -1.65, -1.19),
  ('moth', -1.45, 0, 0, 0, 0),
  ('mother', 0.9, -0.31, -0.69, -0.57, 1.57),
  ('move', 1.32, -0.82, -0.56, 0.37, 1.01),
  ('moved', -1.5, 0.81, -0.28, 0.18, -0.71),
  ('moved the', -1.16, 0, 0, 0, 0),
  ('moved to', 1.07, 0, 0, 0, 0),
  ('moving', 0, -0.92, -0.09, 1.16, -0.15),
  ('moyen', 7.34, 0.51, -1.34, -0.68, 1.51),
  ('ms', 0.61, -0.18, 1.69, -1.31, -0.19),
  ('much', 0, -0.56, -0.06, 0, 0.62),
  ('muitos', 1.46, 0, 0, 0, 0),
  ('mujhe', 2.01, 2.19, -0.6, -1.54, -0.05),
  ('mujhse', 2.73, 2.12, -0.61, -1.51, 0),
  ('mundo', -2.77, 0, 0, 0, 0),
  ('music', 1.47, -0.47, -0.43, -1.19, 2.08),
  ('musst', -4.05, -1.15, -0.15, 1.44, -0.14),
  ('must', 0.97, 0.52, -1.18, 0.69, -0.03),
  ('mute', 0, 0.79, -0.65, 0.01, -0.16),
  ('mwst', 3.04, -1, -3.48, -3.44, 7.93),
  ('my', 4.1, 1.96, 0.31, -2.2, -0.07),
  ('my account', 1.76, 0, 0, 0, 0),
  ('my bank', -1.62, 0, 0, 0, 0),
  ('my code', -1.31, 0, 0, 0, 0),
  ('my fault', -5.65, 0, 0, 0, 0),
  ('my first', -1.62, 0, 0, 0, 0),
  ('my functio', 1.23, 0, 0, 0, 0),
  ('my login', -2.04, 0, 0, 0, 0),
  ('my mistake', -4.94, 0, 0, 0, 0),
  ('my own', -0.76, 0, 0, 0, 0),
  ('my photos', 1.56, 0, 0, 0, 0),
  ('my profile', 0.9, 0, 0, 0, 0),
  ('my pupils', 0.99, 0, 0, 0, 0),
  ('my whole', 1.69, 0, 0, 0, 0),
  ('myself', -1.3, 0, 0, 0, 0),
  ('mysql', 3.08, -5.46, 9.43, -1.87, -2.1),
  ('n0n', 2.22, -0.3, -1.82, 5.58, -3.46),
  ('na', -0.31, 0.53, 0.14, -0.38, -0.29),
  ('na ?', -1.16, 0, 0, 0, 0),
  ('nach', 0, 0.18, 0.14, 0.31, -0.63),
  ('nach dem', 1.55, 0, 0, 0, 0),
  ('nachste', -1.36, 0, 0, 0, 0),
  ('nada', 1.95, 0.58, -0.82, 3.05, -2.82),
  ('nada $', 0.8, 0, 0, 0, 0),
  ('nada .', 1.29, 0, 0, 0, 0),
  ('nadie', 0, 0.99, -0.6, 1.23, -1.61),
  ('nahi', 4.25, 0.63, -0.27, -0.44, 0.09),
  ('nahi aa', 4.77, 0, 0, 0, 0),
  ('nahi chal', 4.63, 0, 0, 0, 0),
  ('nahi dikh', 4.39, 0, 0, 0, 0),
  ('nahi ho', 5.58, 0, 0, 0, 0),
  ('nahin', 3.32, 0, 0, 0, 0),
  ('nai', 3.45, 1.04, -0.5, -0.63, 0.08),
  ('namaska', -2.89, 0, 0, 0, 0),
  ('namaste', -3.11, 0, 0, 0, 0),
  ('name', 0.98, 0.05, 1.21, -2.43, 1.17),
  ('name $', 1.56, 0, 0, 0, 0),
  ('name and', 1.05, 0, 0, 0, 0),
  ('name is', -1.16, 0, 0, 0, 0),
  ('names', 0, -0.6, 0.26, 0.48, -0.14),
  ('nan', 0, -2.11, 3.57, 0.59, -2.05),
  ('nao', 5.96, 0.07, -0.91, 0.11, 0.73),
  ('nao abre', 4.63, 0, 0, 0, 0),
  ('nao aparece', 4.63, 0, 0, 0, 0),
  ('nao chega', 4.63, 0, 0, 0, 0),
  ('nao consigo', 6.39, 0, 0, 0, 0),
  ('nao da', 4.63, 0, 0, 0, 0),
  ('nao e', -1.9, 0, 0, 0, 0),
  ('nao funcion', 4.37, 0, 0, 0, 0),
  ('nao precisa', -1.55, 0, 0, 0, 0),
  ('narrive', 4.77, 1.08, -0.05, -1.21, 0.17),
  ('narrive pas', 1.45, 0, 0, 0, 0),
  ('native', -1.14, 0, 0, 0, 0),
  ('navigat', 0.89, 0, 0, 0, 0),
  ('naya', -5.78, 0, 0, 0, 0),
  ('ne', 1.23, -0.81, 0.4, 1.3, -0.9),
  ('near', 0, -0.16, 1.07, -0.16, -0.75),
  ('nearly', -1.14, 0, 0, 0, 0),
  ('need', 2.41, -0.26, -0.5, 2.22, -1.46),
  ('need a', 1.18, 0, 0, 0, 0),
  ('need an', -1.44, 0, 0, 0, 0),
  ('needed', -3.08, 0, 0, 0, 0),
  ('needs', -0.61, -0.02, -0.54, 0.32, 0.23),
  ('neither', 3.03, 2.34, -1.49, 0.86, -1.7),
  ('nem', 2.11, 0, 0, 0, 0),
  ('nenhum', 3.11, 0.54, -0.28, -0.94, 0.68),
  ('nenhuma', 4, 0, 0, 0, 0),
  ('nest', -1.86, 0, 0, 0, 0),
  ('nest pas', -1.45, 0, 0, 0, 0),
  ('nested', 1.04, 0, 0, 0, 0),
  ('network', -1.01, 0, 0, 0, 0),
  ('neu hier', -3.41, 0, 0, 0, 0),
  ('neuen', 1.45, 0, 0, 0, 0),
  ('never', -1.17, 0.29, 0.1, -0.3, -0.09),
  ('never arrives', 4.73, 0, 0, 0, 0),
  ('never heard', 1.38, 0, 0, 0, 0),
  ('never mind', -5.51, 0, 0, 0, 0),
  ('never shows', 4.51, 0, 0, 0, 0),
  ('new', -1.04, 0.92, -0.09, -0.71, -0.13),
  ('new members', 1.09, 0, 0, 0, 0),
  ('new one', -0.85, 0, 0, 0, 0),
  ('newbie', -1.39, 0, 0, 0, 0),
  ('newslet', 5.16, -2.48, -3.55, 3.36, 2.67),
  ('next', -0.45, -0.5, 0.04, -0.84, 1.3),
  ('next to', -1.09, 0, 0, 0, 0),
  ('next week', -2.52, 0, 0, 0, 0),
  ('next xfile', 3.29, 0, 0, 0, 0),
  ('nextjs', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('nginx', 0, -0.21, 0.98, -0.59, -0.18),
  ('nhi', 3.45, 1.05, -0.41, -1.8, 1.16),
  ('nhi ho', 4.63, 0, 0, 0, 0),
  ('nice', -6.29, 0, 0, 0, 0),
  ('nice to', -3.49, 0, 0, 0, 0),
  ('nicht', 3.99, 1.19, -0.33, -0.73, -0.13),
  ('nicht .', -1.2, 0, 0, 0, 0),
  ('nichts', 1.32, 0.29, -0.62, 1.52, -1.19),
  ('nie', 2.53, 0, 0, 0, 0),
  ('niemand', 0, 0.87, -0.59, 1.25, -1.54),
  ('night', -4.32, 0, 0, 0, 0),
  ('nil', 0, -0.07, -1.24, 1.35, -0.04),
  ('nimm', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('nimmer', 3.32, 1.37, -0.34, -1.18, 0.16),
  ('nine', -0.49, 0.88, -0.88, -0.01, 0.01),
  ('ninguem', 0, 0.57, -0.61, 1.03, -1),
  ('ningun', 3.32, 0, 0, 0, 0),
  ('ninguna', 3.26, 1.02, -0.27, -1.04, 0.29),
  ('nirgend', 0, 1.1, -0.63, 1.19, -1.66),
  ('no', 1.93, 1.5, -0.83, -0.62, -0.05),
  ('no .', -0.92, 0, 0, 0, 0),
  ('no aparece', 4.63, 0, 0, 0, 0),
  ('no bug', -0.92, 0, 0, 0, 0),
  ('no carga', 4.63, 0, 0, 0, 0),
  ('no code', -2.47, 0, 0, 0, 0),
  ('no deja', 4.63, 0, 0, 0, 0),
  ('no encuent', 1.15, 0, 0, 0, 0),
  ('no error', 1.93, 0, 0, 0, 0),
  ('no funcion', 4.25, 0, 0, 0, 0),
  ('no idea', 1.12, 0, 0, 0, 0),
  ('no llega', 4.63, 0, 0, 0, 0),
  ('no longer', -5.33, 0, 0, 0, 0),
  ('no me', 7.12, 0, 0, 0, 0),
  ('no one', 0.97, 0, 0, 0, 0),
  ('no puedo', 4.63, 0, 0, 0, 0),
  ('no questio', -1.18, 0, 0, 0, 0),
  ('no regrets', -1.39, 0, 0, 0, 0),
  ('no sound', 1.59, 0, 0, 0, 0),
  ('no such', 1.17, 0, 0, 0, 0),
  ('no te', -1.44, 0, 0, 0, 0),
  ('nobody', -0.37, 2.35, -0.42, 0.3, -2.22),
  ('noch', 0, 2.77, -1.25, 0.92, -2.44),
  ('node', 7.72, -10.17, 8.03, 9.94, -7.79),
  ('nodes', 4.05, -4.29, 0.25, 9.51, -5.47),
  ('noite', 1.41, 1.01, -0.25, -0.37, -0.39),
  ('nome', 0, 0.79, -0.34, -0.67, 0.22),
  ('none', 2.23, 0.68, -0.74, 2.64, -2.58),
  ('normal', 1.24, -0.21, 0.73, -0.25, -0.27),
  ('nos', 1.08, 1.98, -0.8, -1.67, 0.48),
  ('nosotro', 1.85, 2.23, -0.62, -1.54, -0.07),
  ('nossa', 2.73, 2.18, -0.62, -1.55, -0.01),
  ('nosso', 2.73, 2.12, -0.61, -1.51, 0),
  ('not', 4.16, 1.6, 0.29, -0.28, -1.6),
  ('not a', -1.27, 0, 0, 0, 0),
  ('not in', -1.04, 0, 0, 0, 0),
  ('not the', -1.28, 0, 0, 0, 0),
  ('nota', -1.53, 0, 0, 0, 0),
  ('nota fiscal', 3.04, 0, 0, 0, 0),
  ('note', -2.84, -0.15, -0.25, 0.9, -0.5),
  ('notes', -0.73, -0.19, -0.48, -0.51, 1.18),
  ('notewri', 0, -0.67, -0.57, 1.7, -0.47),
  ('nothing', 3.21, 0.65, -0.7, 1.18, -1.13),
  ('nothing in', 1.03, 0, 0, 0, 0),
  ('noticed', -1.05, 0, 0, 0, 0),
  ('notific', 4.1, -1.09, -1.82, 0.27, 2.64),
  ('notion', 5.56, -0.39, -1.59, 5.63, -3.65),
  ('notre', 2.4, 2.54, -0.72, -1.6, -0.23),
  ('nous', 2.33, 2.32, -0.77, -1.46, -0.09),
  ('nouveau', -3.55, 0, 0, 0, 0),
  ('nouvell', -3.43, 0, 0, 0, 0),
  ('novo', -1.2, 0, 0, 0, 0),
  ('novo por', -3.41, 0, 0, 0, 0),
  ('now', 0.92, 1.01, -0.33, -0.15, -0.54),
  ('now $', -1.3, 0, 0, 0, 0),
  ('now .', -1.18, 0, 0, 0, 0),
  ('now ?', -1.82, 0, 0, 0, 0),
  ('now and', 1.46, 0, 0, 0, 0),
  ('now the', 0.71, 0, 0, 0, 0),
  ('nowhere', 1.53, 1.2, -0.87, 1.57, -1.9),
  ('npm', 4.59, -5.51, 9.95, -2.27, -2.17),
  ('nuestra', 2.73, 2.23, -0.62, -1.54, -0.07),
  ('nuestro', 2.69, 2.42, -0.68, -1.61, -0.14),
  ('nuevo', -1.21, 0, 0, 0, 0),
  ('nuevo por', -3.41, 0, 0, 0, 0),
  ('null', 0, -2.51, 4.48, 0.23, -2.21),
  ('nullpoi', 0, -2.11, 3.57, 0.59, -2.05),
  ('number', -0.96, 0.23, 0.63, -1.07, 0.21),
  ('number in', -0.96, 0, 0, 0, 0),
  ('numbers', 0, -0.32, 0.95, -0.47, -0.16),
  ('numero', 1.59, 0, 0, 0, 0),
  ('numpy', 3.6, -5.5, 9.58, -1.86, -2.22),
  ('nunca', 0.65, 1.57, -0.65, -1.15, 0.22),
  ('nur', 3.92, 0.94, -0.77, 0.07, -0.25),
  ('nvm', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('o', 1.94, 0.73, 0.43, -0.68, -0.48),
  ('o que', -2.85, 0, 0, 0, 0),
  ('o0', 0, -0.27, 1.58, -1.13, -0.18),
  ('ob', 0, 0.42, -0.63, -0.44, 0.65),
  ('obg', -8.61, 0, 0, 0, 0),
  ('object', 3.55, -3.18, 7.36, 1.39, -5.57),
  ('obrigad', -9.2, 0, 0, 0, 0),
  ('obs', 1.57, -0.31, -0.18, 0.89, -0.4),
  ('obvious', -0.81, 0, 0, 0, 0),
  ('october', 0, -1.36, 0.03, -0.19, 1.53),
  ('oder', 1.15, 0.55, -0.5, -0.46, 0.42),
  ('of', -0.72, -1.86, 2.47, -1.12, 0.51),
  ('of .', 1.06, 0, 0, 0, 0),
  ('of 0', 1.17, 0, 0, 0, 0),
  ('of a', 0.39, 0, 0, 0, 0),
  ('of code', -1.71, 0, 0, 0, 0),
  ('of it', 1.88, 0, 0, 0, 0),
  ('of mine', -1.46, 0, 0, 0, 0),
  ('of my', -0.61, 0, 0, 0, 0),
  ('of our', 0.94, 0, 0, 0, 0),
  ('of saturda', 2.08, 0, 0, 0, 0),
  ('of ten', 1.48, 0, 0, 0, 0),
  ('of that', -2.13, 0, 0, 0, 0),
  ('of the', 6.52, 0, 0, 0, 0),
  ('of them', 1.33, 0, 0, 0, 0),
  ('of this', -1.4, 0, 0, 0, 0),
  ('of us', 1.26, 0, 0, 0, 0),
  ('of xquote', -0.65, 0, 0, 0, 0),
  ('of yesterd', -1.43, 0, 0, 0, 0),
  ('of you', -1.62, 0, 0, 0, 0),
  ('of your', -1.51, 0, 0, 0, 0),
  ('oferta', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('off', 2.5, -0.61, 0.56, -0.61, 0.65),
  ('off by', 2.27, 0, 0, 0, 0),
  ('off the', 2.12, 0, 0, 0, 0),
  ('offer', -3.05, 0.03, -1.26, 1.15, 0.08),
  ('offers', 0, 1.28, -0.15, -0.94, -0.19),
  ('office', -1.1, 0, 0, 0, 0),
  ('offline mode', 1.44, 0, 0, 0, 0),
  ('offre', -3, -0.63, -4.48, 4.99, 0.12),
  ('oficina', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('oh', -1.24, 0, 0, 0, 0),
  ('ohne', 1.1, 0.94, 0.83, -0.04, -1.73),
  ('oi', -2.93, 0, 0, 0, 0),
  ('ok', 2.11, 0.1, 1.52, -0.08, -1.54),
  ('ok $', -1.08, 0, 0, 0, 0),
  ('ok .', 2.61, 0, 0, 0, 0),
  ('ola', -2.48, 0, 0, 0, 0),
  ('old', 1.03, 2.23, -1.36, -1, 0.13),
  ('old one', 0.92, 0, 0, 0, 0),
  ('older', -0.71, 0, 0, 0, 0),
  ('ollama', 3.32, -0.28, -1.11, 4.84, -3.45),
  ('omg', -3.37, 0, 0, 0, 0),
  ('on', 1.02, 0.34, -0.64, 0.37, -0.07),
  ('on $', 2.03, 0, 0, 0, 0),
  ('on .', 0.56, 0, 0, 0, 0),
  ('on 0', 0.56, 0, 0, 0, 0),
  ('on ?', -0.92, 0, 0, 0, 0),
  ('on a', -1.26, 0, 0, 0, 0),
  ('on each', 1.36, 0, 0, 0, 0),
  ('on every', 1.92, 0, 0, 0, 0),
  ('on friday', 1.64, 0, 0, 0, 0),
  ('on fridays', -2.45, 0, 0, 0, 0),
  ('on it', 1.38, 0, 0, 0, 0),
  ('on my', -0.83, 0, 0, 0, 0),
  ('on our', 1.14, 0, 0, 0, 0),
  ('on that', -1.71, 0, 0, 0, 0),
  ('on the', 1.08, 0, 0, 0, 0),
  ('on thursda', -0.94, 0, 0, 0, 0),
  ('on top', 1.96, 0, 0, 0, 0),
  ('on your', 1.32, 0, 0, 0, 0),
  ('once', -0.55, 0.32, 0.23, 0.27, -0.82),
  ('once .', 1.81, 0, 0, 0, 0),
  ('onde', 7.24, 1.45, -1.69, 1.57, -1.33),
  ('one', -1.08, 1.45, -1.04, 1.94, -2.34),
  ('one .', 1.23, 0, 0, 0, 0),
  ('one is', 1.5, 0, 0, 0, 0),
  ('one of', -0.5, 0, 0, 0, 0),
  ('one that', -1.01, 0, 0, 0, 0),
  ('ones', 0, -1.01, -0.01, 0.85, 0.17),
  ('only', 1.23, 0.49, -0.23, 0.92, -1.18),
  ('only on', 1.3, 0, 0, 0, 0),
  ('ontem', 0.94, 4.08, -1.18, -0.15, -2.75),
  ('ontem ?', -1.66, 0, 0, 0, 0),
  ('opcao', 0, -1.02, -1.49, 5.15, -2.64),
  ('opcion', 0, -1.78, -1.27, 5.45, -2.4),
  ('open', -3.43, -1.29, 0.41, 0.97, -0.09),
  ('opened', -1.48, 0, 0, 0, 0),
  ('opens', 0.77, 0.65, 0.95, -0.98, -0.63),
  ('operati', 4.53, -4.18, -0.4, 9.99, -5.41),
  ('opinion', 0, 1.39, -0.53, -0.2, -0.66),
  ('opinion :', -1.41, 0, 0, 0, 0),
  ('option', 7.83, -0.51, -2.52, 4.52, -1.49),
  ('optiona', -1.74, 0, 0, 0, 0),
  ('or', -0.51, -2.25, 1.56, 2.09, -1.4),
  ('or a', 0.92, 0, 0, 0, 0),
  ('or am', 1.13, 0, 0, 0, 0),
  ('or do', 1.15, 0, 0, 0, 0),
  ('or the', -0.95, 0, 0, 0, 0),
  ('order', 4.86, -1.23, -2.61, -2.42, 6.26),
  ('order .', 1.11, 0, 0, 0, 0),
  ('orders', 0, -0.53, 0.41, 0.29, -0.16),
  ('ordner', 5.34, -9.89, 8.55, 3.68, -2.35),
  ('organis', -0.89, 0.98, -0.36, -0.12, -0.5),
  ('os', -5.61, 1.29, -0.65, -0.29, -0.35),
  ('oshaugh', 0, 1.66, -0.5, -0.5, -0.66),
  ('other', 0.39, 0.12, -0.56, 0.65, -0.21),
  ('others', -1.59, -0.05, 0.5, -0.58, 0.13),
  ('otimo', -6.25, 0, 0, 0, 0),
  ('otp', 7.99, 7.61, -3.26, -1.31, -3.04),
  ('otra', -1.29, 0, 0, 0, 0),
  ('otro', 1.34, 0, 0, 0, 0),
  ('ou', 8.26, 0.04, -0.94, 1.4, -0.5),
  ('oublie', -2.14, 0, 0, 0, 0),
  ('our', 5.12, 0.74, -1.11, 0.51, -0.15),
  ('ours', 1.93, -0.26, -1.2, 2.11, -0.65),
  ('out', 1.48, -0.25, 1.63, -1.2, -0.18),
  ('out $', 1, 0, 0, 0, 0),
  ('out .', 0.84, 0, 0, 0, 0),
  ('out of', 1.2, 0, 0, 0, 0),
  ('outlook', 3.31, -0.09, -1.19, 5.22, -3.94),
  ('output', -1.05, -0.56, 1.45, -0.38, -0.51),
  ('outside', 0, 1.29, 0.44, -1.45, -0.28),
  ('over', -2.26, -0.58, 0.53, 0.09, -0.04),
  ('over the', -0.71, 0, 0, 0, 0),
  ('overflo', 2.14, -2.21, 4.31, 0.04, -2.14),
  ('own', -0.78, -0.11, -0.46, 0.07, 0.5),
  ('own fault', -1.02, 0, 0, 0, 0),
  ('owner', 3.93, 8.98, -2.46, -3.44, -3.09),
  ('owns', 0, 1.18, -0.17, -0.89, -0.11),
  ('paas', 0, -0.63, -0.05, -0.07, 0.75),
  ('pack', 0, -0.33, -0.4, -0.36, 1.09),
  ('package', 2.62, -3, 7.68, 0.77, -5.46),
  ('padlock', 3.65, 10.09, -2.98, -3.38, -3.73),
  ('pagamen', 3.16, -1.05, -3.5, -3.31, 7.86),
  ('page', 3.92, -0.33, -2.95, -1.27, 4.56),
  ('page $', -1.21, 0, 0, 0, 0),
  ('page .', -1.08, 0, 0, 0, 0),
  ('page and', 1.32, 0, 0, 0, 0),
  ('page is', 1.18, 0, 0, 0, 0),
  ('page with', 1.45, 0, 0, 0, 0),
  ('pages', 3.71, -0.98, -2.41, 0.92, 2.46),
  ('pagesmi', 0, -0.65, -0.21, 1.22, -0.37),
  ('pagina', 3.06, -0.69, -1.6, -0.07, 2.36),
  ('pago', 2.61, -1.13, -3.53, -3.18, 7.84),
  ('paid', 2.78, 0.58, -4.22, -3.81, 7.46),
  ('paid communi', -1.97, 0, 0, 0, 0),
  ('paid for', 1.47, 0, 0, 0, 0),
  ('paiemen', 3.5, -0.16, -3.63, -3.58, 7.38),
  ('paisa', 3.1, -1.07, -3.49, -3.44, 8),
  ('paise', 3.04, -1, -3.48, -3.44, 7.93),
  ('pandas', 3.62, -5.46, 9.52, -1.95, -2.11),
  ('panel', 0, -0.06, -1.24, 1.88, -0.58),
  ('panic', 1.43, -2.14, 3.68, 0.52, -2.06),
  ('paper', -0.63, 0, 0, 0, 0),
  ('paper .', -0.91, 0, 0, 0, 0),
  ('par', 1.06, -0.33, 0.54, -0.83, 0.62),
  ('para', -1.03, -0.19, -1.26, 1.85, -0.4),
  ('para a', 1.16, 0, 0, 0, 0),
  ('para que', -1.68, 0, 0, 0, 0),
  ('paraben', -6.25, 0, 0, 0, 0),
  ('paramet', 1.93, -0.78, -0.79, 4.18, -2.61),
  ('parents', 1.41, 1.11, -0.4, -0.33, -0.38),
  ('parfait', -6.25, 0, 0, 0, 0),
  ('parou', 4.39, 0, 0, 0, 0),
  ('parse', 2.52, -3.12, 8.22, 0.35, -5.45),
  ('parser', 3.13, -3.06, 7.83, 0.66, -5.44),
  ('part', 1.46, 0.07, -0.68, -1.03, 1.64),
  ('partie', 0, -0.01, -0.96, -0.14, 1.11),
  ('partner', -1.05, 0, 0, 0, 0),
  ('partner for', -1.61, 0, 0, 0, 0),
  ('party', -1.18, 0, 0, 0, 0),
  ('pas', 1.81, 1.02, -0.4, -0.88, 0.27),
  ('pas a', 1.06, 0, 0, 0, 0),
  ('paso', 3.64, -4.25, -0.49, 10.21, -5.46),
  ('pass', -2.27, 0, 0, 0, 0),
  ('passa', 2.16, 0, 0, 0, 0),
  ('passcod', -2.69, 4.59, -1.74, -1.65, -1.19),
  ('passe', 4.55, 0.13, -0.83, 0.35, 0.35),
  ('passed', 0, 1.05, -0.32, -0.53, -0.2),
  ('passes', 0, -0.02, 0.64, -0.56, -0.06),
  ('passkey', 7.77, 7.93, -3.27, -1.75, -2.91),
  ('passo', 4.05, -4.21, -0.42, 10, -5.38),
  ('passphr', -2.69, 4.59, -1.74, -1.65, -1.19),
  ('passpor', 2.1, 0, 0, 0, 0),
  ('passwor', -5.82, 5.21, -1.72, -1.79, -1.69),
  ('past', 1.01, 0, 0, 0, 0),
  ('pasta', 0, -6.89, 1.25, 2.54, 3.1),
  ('paste', -1.04, 0, 0, 0, 0),
  ('paste the', -1.13, 0, 0, 0, 0),
  ('path', 0, -0.24, -0.44, 0.77, -0.09),
  ('patienc', -1.95, 0, 0, 0, 0),
  ('pause', 0, -0.51, -0.32, -0.6, 1.43),
  ('paused', 0, -0.02, -0.58, 0.66, -0.07),
  ('pay', 1.46, -1.05, -2.56, -3.7, 7.32),
  ('pay for', -1.03, 0, 0, 0, 0),
  ('paying', -1.25, -0.1, -0.15, -1.06, 1.31),
  ('payload', 3.03, -3, 8.28, 0.17, -5.44),
  ('payment', 2.45, -1.52, -3.63, -2.53, 7.69),
  ('paypal', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('pdf', 4.61, -7.33, 0.56, 3.23, 3.55),
  ('pdfs', 0, -0.06, -0.61, 0.75, -0.09),
  ('pe', 1.41, 0.46, -0.59, -0.09, 0.22),
  ('pehla', -1.35, 0, 0, 0, 0),
  ('pehle', -1.55, 0, 0, 0, 0),
  ('pending', 0, 1.21, -0.15, -0.43, -0.64),
  ('people', -2.28, 0.76, -0.61, 0.7, -0.86),
  ('people can', 1.24, 0, 0, 0, 0),
  ('people who', -1.8, 0, 0, 0, 0),
  ('per', 0, -0.63, -0.04, 1.27, -0.6),
  ('perdi', 4.83, -0.7, -0.8, 0.61, 0.88),
  ('perfect', -6.11, 0, 0, 0, 0),
  ('perfeit', -6.25, 0, 0, 0, 0),
  ('perfil', 4.26, 6.9, -2.07, -0.9, -3.92),
  ('pergunt', -0.92, -0.42, 0.22, -0.55, 0.74),
  ('permiso', 3.89, 9.54, -3.04, -3.45, -3.05),
  ('permiss', 2.13, 7.81, -2.42, -1.99, -3.41),
  ('pero', 0, -0.09, -0.49, 0.97, -0.39),
  ('person', -0.73, 2.6, -0.92, -1.09, -0.59),
  ('person who', -0.79, 0, 0, 0, 0),
  ('persona', 1.33, -0.08, -0.4, 0.87, -0.39),
  ('personn', 0.82, 1.06, -0.75, 1.47, -1.77),
  ('pessoal', -1.66, 0, 0, 0, 0),
  ('peu', -1.01, 0, 0, 0, 0),
  ('peut', 0, 0.49, -0.35, -0.59, 0.45),
  ('peut on', 7.23, 0, 0, 0, 0),
  ('peux', -1.17, 0, 0, 0, 0),
  ('pfv', 7.19, 0, 0, 0, 0),
  ('phir', 0, 2.75, -0.79, 0.53, -2.48),
  ('phone', 3.89, 3.06, -1.09, 1.52, -3.5),
  ('phone $', 1.2, 0, 0, 0, 0),
  ('phones', 0, 0.71, 0, -0.21, -0.5),
  ('photo', 2.21, -0.14, -1.17, -1.55, 2.87),
  ('photos', 2.8, 0.34, -0.74, 0.7, -0.3),
  ('php', 2.96, -5.49, 9.57, -1.95, -2.14),
  ('picker', 0, -0.09, -0.79, 0.89, -0.01),
  ('picture', 3.2, -1.32, -1.17, 0.19, 2.3),
  ('picture of', -0.75, 0, 0, 0, 0),
  ('ping', -1.93, 0, 0, 0, 0),
  ('pinned', -2.29, 0, 0, 0, 0),
  ('pip', 2.84, -5.46, 9.36, -1.81, -2.1),
  ('pix', 3.04, -1, -3.48, -3.44, 7.93),
  ('place', -1.36, 0.05, -0.1, -0.39, 0.44),
  ('place $', -1.24, 0, 0, 0, 0),
  ('places', -1.39, 0, 0, 0, 0),
  ('plain', -1.67, -0.03, 0.87, -0.62, -0.22),
  ('plain text', -2.46, 0, 0, 0, 0),
  ('plan', 3.05, -1.07, -5.1, 4.68, 1.49),
  ('plan .', -1.28, 0, 0, 0, 0),
  ('planilh', 6.52, -0.55, -1.23, 5.42, -3.65),
  ('plano', 0, -1.04, -3.45, 4.51, -0.02),
  ('plans', 0, -1.14, -3.13, 3.94, 0.33),
  ('plantag', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('plante', -6.17, -1.68, 3.9, -0.81, -1.42),
  ('plantil', 0, -1.78, -1.27, 5.45, -2.4),
  ('play', 0, -0.16, 0.65, 0.39, -0.87),
  ('playbac', 4.25, -2.37, -1.59, -2.77, 6.73),
  ('player', 5.12, -2.89, -1.25, -3.09, 7.24),
  ('plays', 0, -0.13, -0.09, 1.17, -0.96),
  ('playwri', 3.29, -5.46, 9.44, -1.89, -2.1),
  ('please', 9.22, 0, 0, 0, 0),
  ('please dont', -1.31, 0, 0, 0, 0),
  ('plotzli', 4.39, 0, 0, 0, 0),
  ('pls', 9.09, 0, 0, 0, 0),
  ('plss', 7.19, 0, 0, 0, 0),
  ('plug', 0, -0.34, -0.66, 1.06, -0.06),
  ('plugin', 1.24, -2.7, -1.44, 6.94, -2.81),
  ('plugins', 0, -1.78, -1.27, 5.45, -2.4),
  ('plus', -3.51, -0.61, -0.39, 1.08, -0.08),
  ('plz', 7.19, 0, 0, 0, 0),
  ('plzz', 7.19, 0, 0, 0, 0),
  ('pnpm', 3.29, -5.46, 9.39, -1.81, -2.12),
  ('podcast', -2.06, -2.03, -0.5, -0.94, 3.47),
  ('podeis', 7.43, 0.98, -0.85, -0.75, 0.62),
  ('podem', 6.45, 0.4, -0.98, -0.64, 1.22),
  ('poder', 1.46, 0, 0, 0, 0),
  ('point', 0, -0.58, -0.33, 1.2, -0.3),
  ('pointer', 2.85, -3.03, 7.74, 0.74, -5.45),
  ('policy', -2.09, 0, 0, 0, 0),
  ('polite', 0, -1.06, -0.58, -0.02, 1.67),
  ('poll', -1.35, 0, 0, 0, 0),
  ('polling', 0, -0.18, -0.37, 0.94, -0.39),
  ('pool', 0, -0.06, 1.19, -0.72, -0.41),
  ('pop', -1.22, 0, 0, 0, 0),
  ('popcorn', -1.38, 0, 0, 0, 0),
  ('popcorn $', -1.38, 0, 0, 0, 0),
  ('por', -2.15, -0.38, 0.11, -0.7, 0.98),
  ('por favor', 6.15, 0, 0, 0, 0),
  ('por la', -1.06, 0, 0, 0, 0),
  ('por que', 1.56, 0, 0, 0, 0),
  ('porfa', 7.19, 0, 0, 0, 0),
  ('porfi', 7.19, 0, 0, 0, 0),
  ('porque', 0, -0.89, 3.2, -2.46, 0.15),
  ('port', 0, -0.73, -0.76, 1.51, -0.03),
  ('portugu', 2.22, 0, 0, 0, 0),
  ('posible', 7.28, 0.51, -0.69, -0.62, 0.8),
  ('positio', 1.65, 0, 0, 0, 0),
  ('possibi', 7.23, 0, 0, 0, 0),
  ('possibl', 6.99, -0.31, -0.88, 1.76, -0.57),
  ('possive', 7.23, 0, 0, 0, 0),
  ('posso', 7.23, 0, 0, 0, 0),
  ('post', -0.74, -1.24, -2.39, 0.37, 3.26),
  ('post .', 1.18, 0, 0, 0, 0),
  ('postgre', 3.53, -5.86, 9.1, -0.92, -2.31),
  ('postmor', -3.11, -2.02, -0.52, -0.81, 3.35),
  ('posts', 4.02, -0.68, -2.88, 0.17, 3.39),
  ('pour', -1.4, 0.37, -0.34, -0.85, 0.82),
  ('pour moi', -1.9, 0, 0, 0, 0),
  ('pourquo', 0, -0.83, 3.24, -2.54, 0.12),
  ('pourrai', 7.96, 0.42, -0.61, -0.72, 0.91),
  ('pourrie', 2.34, 0, 0, 0, 0),
  ('power', -1.38, 0, 0, 0, 0),
  ('pra', 0, 0.65, -0.54, -0.61, 0.5),
  ('prazer', -3.41, 0, 0, 0, 0),
  ('precio', 3.04, -1, -3.48, -3.44, 7.93),
  ('precisa', -0.93, 1.18, -0.21, -0.26, -0.7),
  ('preciso', 1.63, 0, 0, 0, 0),
  ('preco', 3.04, -1, -3.48, -3.44, 7.93),
  ('pregunt', -0.96, 0, 0, 0, 0),
  ('preis', 3.04, -1, -3.48, -3.44, 7.93),
  ('preleve', 3.04, -1.08, -3.49, -3.44, 8.02),
  ('press', 0, -0.16, -0.44, 1.09, -0.49),
  ('prettie', -1.15, 0, 0, 0, 0),
  ('preview', 1.52, -0.14, 0.01, 1.08, -0.95),
  ('previou', 0, 0.47, 0.4, -0.69, -0.19),
  ('price', 2.15, -1.26, -4.46, -1.93, 7.66),
  ('pricing', 2.05, -1, -3.5, -3.4, 7.9),
  ('prima', -6.25, 0, 0, 0, 0),
  ('primary', -1.55, 0, 0, 0, 0),
  ('primeir', -1.05, 0, 0, 0, 0),
  ('primera', -1.4, 0, 0, 0, 0),
  ('primera vez', -1.12, 0, 0, 0, 0),
  ('print', -0.63, -0.39, 1.43, 0.4, -1.44),
  ('printed', 1.17, 0.95, -0.5, -0.92, 0.47),
  ('printer', 2.67, -0.39, -0.84, 5.11, -3.88),
  ('prisma', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('private', 4.62, 9.3, -4.21, -2.97, -2.11),
  ('prix', 2.8, -1.05, -3.49, -3.57, 8.11),
  ('pro', 0, -1.36, -3.66, 4.83, 0.18),
  ('probad', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('probier', -3.98, -1.16, -0.1, 1.41, -0.15),
  ('problem', -6.98, -0.75, 3.79, -0.81, -2.23),
  ('problem :', 2.94, 0, 0, 0, 0),
  ('problem with', -1.48, 0, 0, 0, 0),
  ('process', 0, -0.15, 1.28, -0.92, -0.21),
  ('product', 0, -3.08, 8.13, 0.6, -5.64),
  ('profe', -1.2, 0, 0, 0, 0),
  ('profil', 3.97, 7.04, -2.01, -0.85, -4.18),
  ('profile', 6.16, 7.88, -2.01, -1.96, -3.91),
  ('profite', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('program', 2.59, -3.44, 7.97, 0.94, -5.48),
  ('progres', 4.25, -2.49, -1.82, -3.04, 7.35),
  ('project', -0.59, -0.27, -0.08, 0.57, -0.21),
  ('promise', 3.44, -3.15, 7.81, 0.31, -4.98),
  ('promo', 4.43, -2, -3.76, -3.59, 9.35),
  ('promoca', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('prompt', 3.83, -3.24, 8.78, 0.04, -5.58),
  ('prompts', 0, -0.07, -0.62, 1.08, -0.39),
  ('propert', -0.66, 0, 0, 0, 0),
  ('props', -5.13, 0, 0, 0, 0),
  ('proud', -7.18, 0, 0, 0, 0),
  ('provide', 1.28, -0.1, -0.7, 1.03, -0.23),
  ('proxy', 0, -0.63, -0.23, 1.48, -0.62),
  ('prueba', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('pruf', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('psa', -4.31, -1.15, -0.15, 1.44, -0.14),
  ('ptdr', -3.37, 0, 0, 0, 0),
  ('public', 0, 0.53, -0.12, 0.12, -0.53),
  ('publica', 0, -2.48, -2.17, -1.21, 5.86),
  ('publiqu', -1.86, 0, 0, 0, 0),
  ('publish', -2, -2.22, -1.66, 0.92, 2.96),
  ('puede', 1.18, -0.12, -0.26, -0.35, 0.73),
  ('puedo', 5.66, 0.62, -0.69, -0.66, 0.73),
  ('puis', -1.81, 0, 0, 0, 0),
  ('puis je', 7.23, 0, 0, 0, 0),
  ('pull', 3.49, -3.27, 7.1, 1.71, -5.55),
  ('pupils', 1.39, 0.49, -0.46, 0.12, -0.16),
  ('purana', 0, 0.9, -0.46, -0.17, -0.28),
  ('purchas', 4.09, 0.21, -3.56, -3.06, 6.41),
  ('push', 1.53, -0.48, 2.01, -1.1, -0.44),
  ('pushed', 0, -0.46, 0.82, -0.28, -0.07),
  ('put', -1.3, -0.65, 0.15, 0.53, -0.03),
  ('put a', -2.4, 0, 0, 0, 0),
  ('put in', 1.38, 0, 0, 0, 0),
  ('puts', 1.22, -0.29, 0.77, -0.44, -0.04),
  ('pwd', -2.69, 4.59, -1.74, -1.65, -1.19),
  ('px', 0, -0.8, -0.05, -0.16, 1.01),
  ('pytest', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('python', 4.42, -5.62, 11.11, -2.81, -2.68),
  ('pytorch', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('qqn', 0, 0.07, -0.28, 0.69, -0.48),
  ('qr', -0.81, 0.02, -1.32, 1.27, 0.04),
  ('quais', 0, -0.76, 1.38, -0.14, -0.48),
  ('qual', -1.65, -0.37, 1.32, 0.15, -1.1),
  ('quand', 1.17, -1.05, 1.6, -0.25, -0.3),
  ('quando', -1.21, -1.41, 3.09, -0.67, -1.02),
  ('quando a', -1.04, 0, 0, 0, 0),
  ('quanto', 0, -0.76, 1.38, -0.14, -0.48),
  ('que', -4.34, -0.39, 2.17, -0.95, -0.82),
  ('que jai', -1.29, 0, 0, 0, 0),
  ('que la', -0.92, 0, 0, 0, 0),
  ('que me', -0.89, 0, 0, 0, 0),
  ('que no', -2.15, 0, 0, 0, 0),
  ('quebrad', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('quel', -1.54, -0.76, 1.38, -0.14, -0.48),
  ('quelle', -1.52, -0.79, 1.34, -0.06, -0.49),
  ('quelles', 0, -0.76, 1.38, -0.14, -0.48),
  ('quellte', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('quelquu', 1.44, 0, 0, 0, 0),
  ('quels', 0, -0.76, 1.38, -0.14, -0.48),
  ('quem', -4.94, -0.76, 1.41, -0.17, -0.48),
  ('queremo', 1.41, 0, 0, 0, 0),
  ('queria', 4.96, -0.92, 0.36, 0.66, -0.11),
  ('queries', 3.44, -3, 7.67, 0.76, -5.43),
  ('quero', 0.97, 0, 0, 0, 0),
  ('query', 2.63, -3.22, 8.13, 0.58, -5.49),
  ('questio', -4.7, 0.77, -0.45, -0.87, 0.55),
  ('questio .', -2.32, 0, 0, 0, 0),
  ('questio :', 0.92, 0, 0, 0, 0),
  ('questio about', 0.84, 0, 0, 0, 0),
  ('questio by', -1.35, 0, 0, 0, 0),
  ('qui', -0.8, -0.38, 1.54, -0.19, -0.97),
  ('quick', 0, 0.4, -0.93, 0.81, -0.29),
  ('quien', -1.68, -0.53, 1.27, -0.26, -0.48),
  ('quil', 1.17, -0.23, -0.87, 0.01, 1.08),
  ('quiz', 5.77, -2.88, -2.32, -1.91, 7.12),
  ('quoi', -2.32, -0.97, 2.03, 0.05, -1.11),
  ('quota', 4.7, -1.47, -4.69, 9.35, -3.2),
  ('raat', -0.78, 0, 0, 0, 0),
  ('rabatt', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('rag', 3.55, -3.03, 7.83, 0.63, -5.44),
  ('raha', 0.49, 0.93, -0.06, -0.62, -0.26),
  ('raha hai', 0.87, 0, 0, 0, 0),
  ('rahe', -1.26, 0, 0, 0, 0),
  ('rahi', 1.43, -0.12, -0.75, 1.05, -0.19),
  ('rahi hai', 1.81, 0, 0, 0, 0),
  ('rails', 3.6, -5.47, 9.64, -2, -2.17),
  ('raise', -1.35, 0, 0, 0, 0),
  ('random', 1.38, -0.08, 1, -0.67, -0.25),
  ('range', 1.81, -0.21, 1.85, -0.55, -1.1),
  ('rappel', -6.92, 0, 0, 0, 0),
  ('rate', 1.7, -0.4, -1.09, 5.16, -3.67),
  ('rather', 1.24, -1.12, 0.1, 0.43, 0.6),
  ('ratlos', 2.51, 0, 0, 0, 0),
  ('rausgew', 0, 5.36, -1.72, -2.69, -0.96),
  ('ravi', -3.41, 0, 0, 0, 0),
  ('ravie', -3.41, 0, 0, 0, 0),
  ('re', 0, 0.85, -0.23, -0.29, -0.33),
  ('reached', -1.99, 0, 0, 0, 0),
  ('react', 4.42, -5.21, 9.42, -2.03, -2.18),
  ('read', -1.24, 0.42, 0.4, -2, 1.17),
  ('read the', -0.84, 0, 0, 0, 0),
  ('reader', 2.76, -0.66, -1.37, -0.3, 2.33),
  ('reading', -1.33, -0.1, 0.08, -0.69, 0.71),
  ('reads', -0.86, -0.27, -0.73, 1.72, -0.72),
  ('real', -2.01, 0, 0, 0, 0),
  ('really', 0, -0.39, 0.69, -0.3, -0.01),
  ('reason', -1.29, 0.25, 0.57, -0.47, -0.34),
  ('rebase', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('recap', -2.47, -2.02, -0.52, -0.81, 3.35),
  ('receipt', 4.82, -1.06, -3.46, -3.82, 8.33),
  ('receive', 0, 0.28, -0.1, -0.51, 0.33),
  ('recherc', 3.76, -0.67, -1.75, -0.32, 2.74),
  ('rechnun', 3.25, -1.08, -3.85, -3.23, 8.16),
  ('rechte', 3.92, 9.27, -2.99, -3.36, -2.91),
  ('recipe', 3.8, -4.48, -1.3, 8.2, -2.42),
  ('recomen', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('recomie', -3.98, -1.18, -0.24, 1.58, -0.17),
  ('recomme', -5.06, -1.29, -0.22, 1.36, 0.16),
  ('reconne', 4.72, -2.53, -4.07, 7.58, -0.99),
  ('record', 0.88, -0.32, -0.68, 4.46, -3.46),
  ('recorda', -6.92, 0, 0, 0, 0),
  ('recorde', -0.7, 0, 0, 0, 0),
  ('recordi', 4.17, -3.27, -2.08, -1.86, 7.2),
  ('records', 3.36, -0.78, -1.07, 5.43, -3.57),
  ('recover', -1.94, 0, 0, 0, 0),
  ('recruto', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('recu', 0, 0.78, -0.02, -0.12, -0.64),
  ('recuper', -2.15, 0, 0, 0, 0),
  ('recursi', 3.1, -3.02, 7.63, 0.98, -5.59),
  ('red', 1.91, -0.56, 0.42, 0.22, -0.08),
  ('redesig', 0, 0.52, -0.21, -0.82, 0.51),
  ('redirec', 1.18, 0, 0, 0, 0),
  ('redis', 3.23, -5.46, 8.99, -1.43, -2.1),
  ('reecrit', 1.39, 0, 0, 0, 0),
  ('reembol', 3.09, -1.05, -3.49, -3.46, 8),
  ('refresh', -1.64, 0, 0, 0, 0),
  ('refund', 1.88, -1.84, -3.53, -3.78, 9.15),
  ('refund .', 1.38, 0, 0, 0, 0),
  ('refund policy', -1.77, 0, 0, 0, 0),
  ('refunds', 2.08, -1.12, -3.49, -3.45, 8.07),
  ('refuse', 2.34, 0, 0, 0, 0),
  ('refuses', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('regarde', -3.59, -1.17, -0.02, 1.37, -0.18),
  ('regex', 2.92, -3.14, 8.67, 0.09, -5.63),
  ('region', 0, -0.67, -0.24, 0.48, 0.44),
  ('registe', 2.18, 0.12, 0.19, -0.75, 0.44),
  ('registe for', 1.84, 0, 0, 0, 0),
  ('registr', 0.96, 0.96, -0.18, -0.29, -0.49),
  ('reglage', 1.31, -1.69, -1.36, 5.76, -2.7),
  ('regle', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('regrets', -1.44, 0, 0, 0, 0),
  ('reinsta', 0, -0.31, -0.18, 0.96, -0.48),
  ('rejoind', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('relay', 1.62, 0.02, -0.68, 1.29, -0.64),
  ('relaybo', 0, -0.11, -0.66, 0.93, -0.17),
  ('release', -2.9, -2.13, 0.4, -0.98, 2.71),
  ('releasi', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('relier', 3.93, -2.39, -4.34, 7.73, -0.99),
  ('relog', 0, 7.26, -0.62, -3.1, -3.54),
  ('remarch', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('rembour', 2.49, -1.11, -3.5, -3.47, 8.07),
  ('remembe', -2.87, 1.36, -0.52, -0.33, -0.5),
  ('remembe the', 1.88, 0, 0, 0, 0),
  ('remerci', -8.61, 0, 0, 0, 0),
  ('reminde', -5.44, -0.46, -0.68, 0.11, 1.02),
  ('remote', -1.19, -0.05, -0.83, 0.9, -0.02),
  ('remove', 1.99, 0.26, -0.06, -1.56, 1.36),
  ('removed', 3.18, 4.49, -2.14, -2.78, 0.43),
  ('removed .', 1.84, 0, 0, 0, 0),
  ('render', 3.47, -3, 7.88, 0.56, -5.44),
  ('renew', 3.04, -1, -3.48, -3.44, 7.93),
  ('renewal', 3.27, -1.08, -3.5, -3.58, 8.16),
  ('renvoie', 0, 0.77, 0.31, -0.37, -0.71),
  ('repeate', 1.19, 0, 0, 0, 0),
  ('repite', 4.39, 0, 0, 0, 0),
  ('replace', -1.25, -0.03, 0.1, 0.47, -0.55),
  ('replay', 4.69, -2.38, -1.72, -2.7, 6.8),
  ('repo', 3.33, -3.23, 8.17, 0.51, -5.45),
  ('report', 1.9, -0.72, -0.03, -0.67, 1.42),
  ('reports', -0.98, 0, 0, 0, 0),
  ('request', 7.68, 4.57, 5.72, -2.53, -7.75),
  ('requete', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('resched', 0, -1.72, -2.42, 0.56, 3.58),
  ('reset', -1.68, 5.94, -2.13, -1.88, -1.93),
  ('resilie', 3.04, -1, -3.48, -3.44, 7.93),
  ('resolu', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('resolve', -3.86, -0.47, 3.76, -2.22, -1.07),
  ('resolvi', -5.11, -0.31, 2.98, -1.66, -1.02),
  ('resourc', 0.98, -0.69, -0.28, 0.8, 0.18),
  ('respond', 0, -0.48, 0.91, -0.13, -0.31),
  ('respond a', -1.13, 0, 0, 0, 0),
  ('respons', 4.33, -3.11, 7.11, 0.63, -4.63),
  ('restart', -4.58, -1.59, -1.04, 3.11, -0.48),
  ('restore', -4.37, 5.02, 1.22, -4.25, -1.99),
  ('resuelt', -5.14, -0.33, 2.89, -1.52, -1.04),
  ('return', 1.16, -0.05, 0.9, -0.46, -0.39),
  ('returns', 2.84, -0.23, 0.82, -0.24, -0.36),
  ('reuniao', 0, -1.72, -2.42, 0.56, 3.58),
  ('reunion', 1.17, -1.74, -2.43, 0.55, 3.61),
  ('review', 1.71, 0.31, -0.71, -0.38, 0.78),
  ('reviewi', 0, 0.93, 0.25, -0.44, -0.74),
  ('revisa', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('rewrite', 0, -0.01, 0.83, -0.75, -0.06),
  ('rewritt', -1.43, 0, 0, 0, 0),
  ('rha', 2.33, 0.55, 0.08, -1.09, 0.46),
  ('richtig', 2.33, 0, 0, 0, 0),
  ('rien', 0.94, 0.82, -0.6, 2.76, -2.97),
  ('right', 0.35, -0.3, 0.83, -0.62, 0.09),
  ('rofl', -3.37, 0, 0, 0, 0),
  ('role', 4.28, 9.59, -2.92, -3.62, -3.05),
  ('roles', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('rolle', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('room', 0, -0.83, -2.46, -0.83, 4.12),
  ('rooms', -1.88, 0, 0, 0, 0),
  ('rota', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('roto', -5.84, -1.69, 3.77, -0.99, -1.09),
  ('round', -1.2, -0.15, -0.36, -0.62, 1.12),
  ('router', 4.1, -4.53, 0.68, 9.3, -5.45),
  ('row', 4.53, -3.03, 7.38, 0.51, -4.85),
  ('rows', 4.67, -3.11, 7.08, 1.49, -5.45),
  ('rsrs', -3.37, 0, 0, 0, 0),
  ('rsvp', 0, -3.59, -2.96, -0.27, 6.82),
  ('ruby', 3.29, -5.46, 9.32, -1.76, -2.1),
  ('ruckelt', 4.39, 0, 0, 0, 0),
  ('ruk', 5.16, -0.66, -0.67, 0.58, 0.75),
  ('rules', -7.16, 0, 0, 0, 0),
  ('run', 1.92, -4.81, 3.63, 7.06, -5.88),
  ('running', 0, -0.58, 0.22, -0.14, 0.49),
  ('runs', 5.77, -3.38, 0.75, 8.92, -6.28),
  ('runs at', 2.01, 0, 0, 0, 0),
  ('rural', 0, -0.12, -0.26, -0.54, 0.92),
  ('rust', 1.75, -5.53, 9.72, -1.95, -2.24),
  ('s', 1.18, -0.44, 0.49, -0.38, 0.33),
  ('saal', -1.39, 0, 0, 0, 0),
  ('sab', -3.56, 0, 0, 0, 0),
  ('saber', -1.41, 0, 0, 0, 0),
  ('sabhi', -2.46, 0, 0, 0, 0),
  ('sabko', -1.83, 0, 0, 0, 0),
  ('safari', 4.2, 0.1, -0.09, 3.8, -3.81),
  ('safety', -1.04, 0.95, -0.13, -0.67, -0.15),
  ('sagen', -2.53, 0, 0, 0, 0),
  ('sagen $', -1.85, 0, 0, 0, 0),
  ('sahi ho', -4.94, 0, 0, 0, 0),
  ('said', -3, 0.35, -0.13, -0.32, 0.1),
  ('sakta', 7.25, 0, 0, 0, 0),
  ('sakte', 7.18, 0.61, -0.89, -0.57, 0.85),
  ('sakti', 7.23, 0, 0, 0, 0),
  ('sale', -1.31, -0.12, -0.59, 1.26, -0.55),
  ('sales', 0, -0.34, -0.35, 0.55, 0.15),
  ('salta', 2.31, 0, 0, 0, 0),
  ('saludos', -2.89, 0, 0, 0, 0),
  ('salut', -2.72, 0, 0, 0, 0),
  ('same', 3.48, -0.17, 0.16, 0.05, -0.04),
  ('same error', -1.61, 0, 0, 0, 0),
  ('same here', 1.97, 0, 0, 0, 0),
  ('same thing', 0.76, 0, 0, 0, 0),
  ('same time', -2.17, 0, 0, 0, 0),
  ('samedi', -1.17, 0, 0, 0, 0),
  ('sample', 0, -0.03, 0.74, -0.89, 0.18),
  ('sans', 1.67, 0.76, -0.13, 1.13, -1.76),
  ('sat', 0, -0.66, -0.5, -0.27, 1.43),
  ('satisfy', -1.34, 0, 0, 0, 0),
  ('saturda', -4.96, -0.29, -0.44, -0.39, 1.12),
  ('save', 1.59, -0.94, 0.62, 1.16, -0.84),
  ('saved', 0, -0.32, -0.67, -0.01, 0.99),
  ('saves', -1.05, 0, 0, 0, 0),
  ('sawal', -1.56, 0, 0, 0, 0),
  ('say', -2.36, -0.4, -1.35, 2.17, -0.42),
  ('say xquote', -1.05, 0, 0, 0, 0),
  ('says', 8.96, 1.72, -1.95, -1.2, 1.42),
  ('says 0', 1.51, 0, 0, 0, 0),
  ('says i', -1.58, 0, 0, 0, 0),
  ('says its', 1.13, 0, 0, 0, 0),
  ('says my', 0.85, 0, 0, 0, 0),
  ('says the', 1.11, 0, 0, 0, 0),
  ('says xquote', 2.03, 0, 0, 0, 0),
  ('scam', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('scanner', 3.2, -0.09, -1.07, 4.61, -3.45),
  ('scenari', 3.86, -4.27, -0.56, 10.27, -5.44),
  ('schau mal', -3.98, 0, 0, 0, 0),
  ('schedul', 2.76, -7.98, -3.32, 9.87, 1.43),
  ('schema', 3.36, -3, 7.98, 0.45, -5.43),
  ('schleif', 3.48, -3.03, 7.66, 0.82, -5.46),
  ('schluss', -1.28, 0, 0, 0, 0),
  ('schnell', -1.51, 0, 0, 0, 0),
  ('schon', -6.87, 0, 0, 0, 0),
  ('school', 0, 1.6, 0.14, -0.19, -1.55),
  ('school and', -1.54, 0, 0, 0, 0),
  ('schools', -1.52, 0, 0, 0, 0),
  ('schrift', 3.48, -0.99, -0.55, -0.68, 2.22),
  ('schritt', 4.05, -4.21, -0.42, 10, -5.38),
  ('screen', 2.93, -0.77, -1.49, -0.08, 2.34),
  ('screens', 0.68, -0.46, 1.19, -0.86, 0.13),
  ('script', 3.43, -2.88, 9.4, -0.66, -5.87),
  ('scroll', 1.28, -0.95, -0.85, -0.56, 2.37),
  ('se', 0.88, -0.45, 0.26, 0.47, -0.28),
  ('se corta', 4.39, 0, 0, 0, 0),
  ('se puede', 8.15, 0, 0, 0, 0),
  ('se queda', 4.39, 0, 0, 0, 0),
  ('seance', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('search', 0.73, -1.03, -1.63, -0.6, 3.27),
  ('seat', 4.91, 7.04, -5.48, -3.18, 1.62),
  ('seats', 1.96, -1.01, -3.45, 3.02, 1.45),
  ('second', 0, -0.62, 0.87, 1.21, -1.46),
  ('seconds', 1.08, -0.03, 1.33, -0.72, -0.58),
  ('secours', 2.51, 0, 0, 0, 0),
  ('secret', 0, -0.11, -2.22, 2.37, -0.05),
  ('securit', 0, 0.87, -0.1, -0.6, -0.16),
  ('see', 2.02, 1.61, -0.09, 0.67, -2.2),
  ('see the', -0.7, 0, 0, 0, 0),
  ('seem', 1.21, 0, 0, 0, 0),
  ('seem to', 1.37, 0, 0, 0, 0),
  ('seems', 0, 0.98, -0.39, 0.1, -0.68),
  ('seen', -2.56, 0, 0, 0, 0),
  ('segfaul', 0, -2.78, 5.03, 0.03, -2.29),
  ('segundo', 1.69, -0.35, 0.71, -0.69, 0.34),
  ('seit', 1.53, 2.96, -0.99, 0.37, -2.33),
  ('seite', 4.14, -0.69, -1.48, -0.2, 2.38),
  ('selbst schuld', -4.94, 0, 0, 0, 0),
  ('select', 1.61, -0.28, 0.99, 0, -0.71),
  ('selecto', 3.5, -3, 7.6, 0.83, -5.43),
  ('self', 1.8, -0.57, -1.27, 2.44, -0.6),
  ('sem', 1.47, 0.25, -0.22, 1.3, -1.32),
  ('semaine', -0.75, -0.44, -0.24, -0.32, 1.01),
  ('semana', -2.34, 0, 0, 0, 0),
  ('sempre', 0, 2.97, -1.13, 1.09, -2.93),
  ('send', -2.11, -0.88, 0.29, 1.49, -0.91),
  ('send me', -1.19, 0, 0, 0, 0),
  ('sending', 0, -1.37, -0.06, -0.33, 1.76),
  ('senha', -2.69, 4.29, -1.77, -1.87, -0.65),
  ('senhas', -1.56, 0, 0, 0, 0),
  ('sent', 0, -0.77, 0.42, 0.58, -0.23),
  ('sent the', 1.9, 0, 0, 0, 0),
  ('sepa', 0, -0.1, -0.15, -1.06, 1.31),
  ('separat', 0, -0.13, 0.83, -0.79, 0.1),
  ('serait bien', 4.24, 0, 0, 0, 0),
  ('seria bom', 4.24, 0, 0, 0, 0),
  ('seria genial', 4.24, 0, 0, 0, 0),
  ('seria legal', 4.24, 0, 0, 0, 0),
  ('series', 0, -0.32, -0.19, -1.25, 1.76),
  ('serious', -0.9, 0, 0, 0, 0),
  ('server', 2.58, -3.32, 7.01, 1.98, -5.67),
  ('servers', -0.93, 0, 0, 0, 0),
  ('serveur', 2.1, -3.01, 7.51, 0.97, -5.48),
  ('service', -0.69, -0.08, 0.89, -0.7, -0.1),
  ('servido', 4.4, -3.02, 7.55, 1.01, -5.54),
  ('servus', -2.89, 0, 0, 0, 0),
  ('sesion', -1.39, 5.37, -1.46, -4.01, 0.1),
  ('sessao', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('session', -3.18, 4.66, -1.47, -4.23, 1.04),
  ('set', 0, -2.48, -0.61, 5.85, -2.76),
  ('set the', -1.53, 0, 0, 0, 0),
  ('setting', 1.01, -1.91, -1.82, 7.04, -3.31),
  ('setup', 1.17, -1.83, -1.47, 5.82, -2.52),
  ('seu', -9.07, 1.7, -1.07, -1.27, 0.64),
  ('seven', 0, -0.49, -0.26, 0.9, -0.15),
  ('shame', -1.77, 0, 0, 0, 0),
  ('shandar', -6.25, 0, 0, 0, 0),
  ('share', 0, -0.44, -0.14, 0.84, -0.26),
  ('sharing', -5.37, 0.18, -1.05, 1.24, -0.38),
  ('she', -1.65, 0.53, 0.63, -0.97, -0.19),
  ('sheet', 2.17, -0.94, -2.24, 4.6, -1.43),
  ('sheetfo', 0, -0.28, -0.8, 1.58, -0.5),
  ('sheets', 3.1, -0.29, -1.2, 4.95, -3.46),
  ('shell', 0, -0.2, 1.22, -0.72, -0.3),
  ('shes', 1.58, -0.39, -0.5, 1.1, -0.21),
  ('shift', -1.09, 0, 0, 0, 0),
  ('ship', -1.41, 0, 0, 0, 0),
  ('shipped', -1.25, 0, 0, 0, 0),
  ('shop', 0, -0.61, -0.37, 0.65, 0.33),
  ('shopify', 3.2, -0.28, -1.11, 4.85, -3.46),
  ('short', -1.19, 0, 0, 0, 0),
  ('shortcu', 0, -0.58, -0.37, 1.16, -0.21),
  ('should', 1.07, -0.38, 1.26, 0.11, -0.99),
  ('should be', -0.65, 0, 0, 0, 0),
  ('should i', 0.84, 0, 0, 0, 0),
  ('should only', 1.49, 0, 0, 0, 0),
  ('shoutou', -8.61, 0, 0, 0, 0),
  ('show', -4.22, 0, 0, 0, 0),
  ('shown', 0, -0.69, -0.19, 0.83, 0.05),
  ('shows', 4, -0.22, 0.7, 2.36, -2.84),
  ('shows the', 0.91, 0, 0, 0, 0),
  ('shukriy', -9.37, 0, 0, 0, 0),
  ('shuts', 0, 0.3, 0.86, -0.76, -0.4),
  ('si', -2.67, 1.01, -0.23, 0.12, -0.89),
  ('sich', 0, -0.3, 0.86, -0.68, 0.11),
  ('side', -1.51, 0, 0, 0, 0),
  ('sidebar', 2.38, -0.38, -0.05, 0.75, -0.31),
  ('sie', 0, 0.12, -0.45, -0.19, 0.52),
  ('siempre', 0, 2.5, -0.33, 0.8, -2.97),
  ('sign', -0.43, 2.43, -0.36, -0.68, -1.39),
  ('sign up', -1.51, 0, 0, 0, 0),
  ('signal', 0, -0.07, 0.86, -0.76, -0.04),
  ('signale', -1.31, 0, 0, 0, 0),
  ('signatu', 0, -0.03, 0.67, -0.62, -0.01),
  ('signed', 1.83, 6.72, -0.89, -2.13, -3.69),
  ('signed in', 1.81, 0, 0, 0, 0),
  ('signin', 0, 7.26, -0.62, -3.1, -3.54),
  ('signs', -1.42, 0, 0, 0, 0),
  ('sigue', 0, 2.61, -0.61, 0.27, -2.27),
  ('sil', 7.21, 0, 0, 0, 0),
  ('silentl', 4.39, 0, 0, 0, 0),
  ('simple', 0, -0.24, -0.53, -0.9, 1.67),
  ('simply isnt', 1.4, 0, 0, 0, 0),
  ('sin', 0, 1.15, -0.53, 1.13, -1.75),
  ('since', 3.65, 1.21, -0.75, 0.76, -1.23),
  ('since $', -2.92, 0, 0, 0, 0),
  ('since the', 2.47, 0, 0, 0, 0),
  ('since this', 1.24, 0, 0, 0, 0),
  ('sincron', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('sind', -1.07, 0, 0, 0, 0),
  ('single', -0.63, 0, 0, 0, 0),
  ('site', 2.71, -0.78, 0.82, 1.14, -1.18),
  ('sits', 0, -0.32, -0.59, 0.33, 0.58),
  ('six', -0.79, 0.2, -0.5, 0.14, 0.16),
  ('size', 3.97, -6.96, 1.23, 2.34, 3.4),
  ('skips', 3.89, -0.73, -0.49, 0.5, 0.73),
  ('slack', 3.31, -0.32, -1.16, 4.99, -3.51),
  ('sleep', -0.66, 0, 0, 0, 0),
  ('slept', -1.76, 0, 0, 0, 0),
  ('slide', 4.39, -2.54, -0.55, -2.8, 5.89),
  ('slides', 5.16, -2.5, -1.7, -2.79, 6.99),
  ('slow', 0.96, -0.82, -0.8, 0.51, 1.12),
  ('slug', 0, -1.16, -0.63, 2.07, -0.28),
  ('small', -1.23, -0.15, 0.54, -1.3, 0.92),
  ('sms', 9.57, 7.08, -3.49, -0.64, -2.96),
  ('smtp', 0, -0.04, -1.35, 1.42, -0.02),
  ('snow', 1.52, -0.6, -0.32, 0.06, 0.86),
  ('so', -0.82, -1.02, -0.12, 0.76, 0.38),
  ('so each', -1.56, 0, 0, 0, 0),
  ('so i', 1.03, 0, 0, 0, 0),
  ('so no', 1.41, 0, 0, 0, 0),
  ('so that', 0.52, 0, 0, 0, 0),
  ('so whos', -1.45, 0, 0, 0, 0),
  ('sobre', 0, -0.26, 0.89, -0.52, -0.11),
  ('socorro', 3.27, 0, 0, 0, 0),
  ('softwar', -1.34, 0, 0, 0, 0),
  ('sold', 0, -0.77, -0.06, -0.26, 1.09),
  ('solid', -6.25, 0, 0, 0, 0),
  ('soll', 1.45, -0.07, 0.05, -0.49, 0.51),
  ('solo', 1.58, -0.15, -0.56, 0.47, 0.24),
  ('solucio', -5.45, -0.31, 2.98, -1.66, -1.02),
  ('solve', -5.09, -0.31, 2.98, -1.66, -1.02),
  ('solved', -7.42, -0.31, 2.98, -1.66, -1.02),
  ('solved my', -1.53, 0, 0, 0, 0),
  ('some', 4, -0.48, 0.6, 0.08, -0.19),
  ('somebod', -2.54, 0, 0, 0, 0),
  ('somebod has', -1.47, 0, 0, 0, 0),
  ('somehow', 0, -0.19, -0.33, 1.53, -1.02),
  ('someone', 0.66, 0, 0, 0, 0),
  ('somethi', 0.54, -0.47, 0.19, 1.14, -0.86),
  ('somethi ?', 1.02, 0, 0, 0, 0),
  ('somewhe', 0.8, -0.48, -0.47, -0.19, 1.15),
  ('somewhe in', 0.99, 0, 0, 0, 0),
  ('son', 2.41, -1.95, -1.83, -2.69, 6.47),
  ('soon', 1.67, -0.51, 0.07, 0.64, -0.2),
  ('soon as', 1.52, 0, 0, 0, 0),
  ('soporte', -1.25, 0, 0, 0, 0),
  ('sorry', -1.04, -0.32, 1.88, 0.45, -2.01),
  ('sorry for', -0.81, 0, 0, 0, 0),
  ('sort', 0, -0.43, 0.68, 0.02, -0.27),
  ('sorted', -4.72, -0.31, 2.72, -1.37, -1.03),
  ('sortie', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('sou', -4.49, 0, 0, 0, 0),
  ('souci', 0, 0.82, -0.22, -0.01, -0.6),
  ('sound', 6.09, -2.49, -1.48, -2.74, 6.71),
  ('sounds', -1.47, 0, 0, 0, 0),
  ('source', -0.54, -0.18, 0.53, 0.07, -0.42),
  ('souvre', 2.83, 0, 0, 0, 0),
  ('soy', -2.93, 0, 0, 0, 0),
  ('sozinho', 2.44, 0, 0, 0, 0),
  ('sozinho e', 2.16, 0, 0, 0, 0),
  ('space', 5.19, 8.34, -0.88, -3.84, -3.63),
  ('spalte', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('spam', 4.43, -0.27, -1.74, -0.48, 2.49),
  ('spass', -6.25, 0, 0, 0, 0),
  ('speak', -1.05, 0, 0, 0, 0),
  ('special', 0.82, 0.8, 0.1, -0.81, -0.08),
  ('sperre', 0, 5.36, -1.67, -2.72, -0.96),
  ('spinner', 5.11, 0, 0, 0, 0),
  ('spinnin', 4.48, 1.85, -1.34, -0.78, 0.27),
  ('spinnt', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('spitze', -6.25, 0, 0, 0, 0),
  ('spreads', 2.54, -0.28, -1.07, 4.94, -3.59),
  ('spring', 3.09, -5.85, 7.99, -1.33, -0.8),
  ('sql', 4.35, -5.59, 10.11, -2.17, -2.35),
  ('sqlite', 2.79, -5.47, 9.6, -1.95, -2.19),
  ('sso', 3.37, 7.03, -2.21, -0.62, -4.2),
  ('stack', 0, -0.37, 1.93, -0.64, -0.92),
  ('stack trace', 1.84, 0, 0, 0, 0),
  ('stacktr', 0, -2.11, 3.57, 0.59, -2.05),
  ('stalls', 4.39, -0.72, -0.96, 0.34, 1.34),
  ('stand', -0.91, 0, 0, 0, 0),
  ('stars', 2.01, -1.1, 0.21, -0.07, 0.96),
  ('start', 1.65, -1.12, -1.71, 0.36, 2.47),
  ('start $', 1.93, 0, 0, 0, 0),
  ('start with', -1.28, 0, 0, 0, 0),
  ('started', 0, 0.23, -0.03, 0.49, -0.7),
  ('starter', 0, -0.03, 0.03, -0.46, 0.46),
  ('starts', 0.91, -1.86, -3.54, 2.02, 3.37),
  ('state', 3.73, -2.31, 7.83, -0.28, -5.24),
  ('stateme', 0, -0.17, 0.77, -0.93, 0.34),
  ('status', 0, 0.05, 0.58, -0.48, -0.16),
  ('stay', 0, 1.15, -0.65, -0.31, -0.19),
  ('stays', 0.79, 0, 0, 0, 0),
  ('steht', 2.34, 0.27, 0.11, -0.61, 0.23),
  ('stelle', -2.39, -2.11, -0.29, -0.92, 3.31),
  ('step', 4.52, -2.22, -0.66, 8.22, -5.35),
  ('step .', 0.87, 0, 0, 0, 0),
  ('step 0', -0.8, 0, 0, 0, 0),
  ('steps', 2.19, -4.45, -0.61, 10.23, -5.17),
  ('steuer', 3.04, -1, -3.48, -3.44, 7.93),
  ('still', 3.1, 5.15, 0.31, -1.12, -4.34),
  ('still there', -1.29, 0, 0, 0, 0),
  ('stock', 0, -0.33, -0.41, 0.8, -0.07),
  ('stop', 1.95, -1.08, 1.54, -1.36, 0.9),
  ('stopped', 3.74, -0.8, -0.88, 0.36, 1.32),
  ('stops', 3.9, 0.09, -1.02, 0.07, 0.85),
  ('store', 0, 0.89, 0.07, -0.24, -0.72),
  ('stp', 7.19, 0, 0, 0, 0),
  ('streak', 0, -0.17, -0.87, 0.49, 0.55),
  ('stream', 0, 0.56, -0.21, -0.55, 0.21),
  ('streami', 1.07, -0.3, 0.85, -0.44, -0.11),
  ('street', 1.51, 0, 0, 0, 0),
  ('strict', -0.92, -0.04, 1.47, -1.4, -0.03),
  ('strict mode', -1.35, 0, 0, 0, 0),
  ('string', 1.12, -3.06, 7.98, 0.54, -5.46),
  ('strings', 5.03, -3.22, 8.01, 0.46, -5.26),
  ('stripe', 3.96, -0.47, -0.73, 4.68, -3.48),
  ('stuck', 8.46, -0.34, -0.98, 1.9, -0.58),
  ('stuck at', 1.32, 0, 0, 0, 0),
  ('student', -1.02, 1.65, -0.52, -0.82, -0.31),
  ('studio', 0.75, 0.06, -0.45, 0.64, -0.26),
  ('sturzt', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('sua', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('subah', 1.81, 2.82, -0.93, 0.58, -2.47),
  ('subir', 0, -6.94, 1.16, 2.38, 3.4),
  ('subject', 0, -0.13, -0.16, 1.04, -0.75),
  ('submit', 0, -0.85, 0.82, 0.07, -0.04),
  ('subscri', 1.99, -1.2, -2.98, -3.42, 7.6),
  ('subtitl', 4.31, -2.46, -1.75, -2.28, 6.49),
  ('subtitu', 4.25, -2.4, -1.79, -2.68, 6.87),
  ('success', -2.18, 0, 0, 0, 0),
  ('such', 2.82, 0.23, 0.53, 0, -0.76),
  ('such a', 1.52, 0, 0, 0, 0),
  ('suche', 1.61, -0.77, -1.76, 0.35, 2.19),
  ('suddenl', 4.39, 0, 0, 0, 0),
  ('suffit', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('sugeren', 4.24, 0, 0, 0, 0),
  ('sugesta', 4.24, 0, 0, 0, 0),
  ('suggest', 0.96, -2.24, -0.49, 2.29, 0.43),
  ('suite', 2.23, -0.36, 0.87, -0.27, -0.24),
  ('sum', 0, -0.18, 1.23, -0.24, -0.8),
  ('sumiram', 4.39, 0, 0, 0, 0),
  ('sumiu', 5.29, -0.7, -0.79, 0.77, 0.71),
  ('summary', 0, -1.03, -0.33, 1.49, -0.13),
  ('sunday', -8.57, 1.17, -0.48, 0.13, -0.82),
  ('sundays', 0, -0.44, -0.03, -0.41, 0.88),
  ('supabas', 3.3, -5.46, 9.11, -1.55, -2.1),
  ('super', -4.54, 0, 0, 0, 0),
  ('superb', -6.25, 0, 0, 0, 0),
  ('support', -2.09, -0.65, -0.4, -0.83, 1.87),
  ('support team', 1.72, 0, 0, 0, 0),
  ('sur', 0, 0.4, 0.07, -0.51, 0.03),
  ('sur la', 0.94, 0, 0, 0, 0),
  ('sur les', -1.82, 0, 0, 0, 0),
  ('sure', 0, 0.15, 0.75, -0.16, -0.73),
  ('suscrip', 3.04, -1.13, -3.5, -3.49, 8.11),
  ('suspend', 2.51, 5.36, -1.77, -2.83, -0.76),
  ('suspens', 0, 5.36, -1.72, -2.69, -0.96),
  ('suspici', -1.82, 0, 0, 0, 0),
  ('svelte', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('svp', 7.58, 0, 0, 0, 0),
  ('swift', 3.68, -5.51, 9.93, -2.29, -2.12),
  ('switch', 0, -1, -1.99, 4.84, -1.85),
  ('switche', 0, 1.22, 0.52, -0.86, -0.88),
  ('sync', 4.28, -2.59, -4.52, 8.57, -1.45),
  ('synced', 3.93, -2.31, -4.28, 7.53, -0.94),
  ('synchro', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('syncing', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('syntax', 0, -0.22, 1.31, -0.33, -0.75),
  ('syntaxe', 0, -2.11, 3.57, 0.59, -2.05),
  ('system', 0.93, 0, 0, 0, 0),
  ('t il', 7.23, 0, 0, 0, 0),
  ('ta', -7.19, 2.41, -1.49, -1.27, 0.34),
  ('tab', -0.78, -0.01, -0.37, 0.63, -0.25),
  ('tabela', 3.2, -0.41, -1.12, 5.03, -3.51),
  ('tabelle', 6.91, -3.29, 6.01, 6.18, -8.89),
  ('tabla', 4.25, -0.47, -1.16, 4.95, -3.31),
  ('table', 4.56, -3.29, 5.94, 1.43, -4.08),
  ('tableau', 7.23, -3.37, 5.92, 6.37, -8.92),
  ('tablet', 4.05, 0.39, -1.56, 4.98, -3.81),
  ('tableur', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('tabs', -0.96, 0, 0, 0, 0),
  ('tach', -2.89, 0, 0, 0, 0),
  ('tag', 0, -0.54, 0.94, 0.25, -0.66),
  ('tagen', -1.06, 0, 0, 0, 0),
  ('tags', -1.38, -0.07, -0.57, 1.28, -0.65),
  ('tailwin', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('take', 0.79, -1.15, 0.57, -1.91, 2.5),
  ('take it', 1.27, 0, 0, 0, 0),
  ('taken', 0, 0.75, 0.13, -0.33, -0.55),
  ('takes', 1.73, -0.11, -0.51, 0.44, 0.18),
  ('takes it', 1.72, 0, 0, 0, 0),
  ('talk', -2.7, 0, 0, 0, 0),
  ('talks', -1.15, 0, 0, 0, 0),
  ('taller', -2.45, -2.1, -0.55, -0.89, 3.54),
  ('tambem', 1.03, -0.63, -0.14, -0.36, 1.13),
  ('tambem $', 2.94, 0, 0, 0, 0),
  ('tampoco', 3.32, 0, 0, 0, 0),
  ('tarea', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('tarif', 2.34, -1.02, -3.58, 3.8, 0.8),
  ('tarjeta', 3.04, -1, -3.48, -3.44, 7.93),
  ('task', 0, -0.16, 1.15, -0.97, -0.03),
  ('tasks', 0, -0.51, -0.45, 1.45, -0.49),
  ('tax', 4.09, -1.78, -3.5, -3.22, 8.5),
  ('te', -1.95, 0, 0, 0, 0),
  ('tea', -1.36, 0, 0, 0, 0),
  ('teach', 0, 0.75, -0.14, -0.15, -0.47),
  ('teacher', 1.83, 1.13, -0.36, 0.24, -1.01),
  ('team', 1.28, 0.63, -0.32, -0.6, 0.28),
  ('teams', 3.08, -0.28, -1.07, 4.8, -3.45),
  ('tears', -1.08, 0, 0, 0, 0),
  ('telecha', 0, -6.89, 1.22, 2.56, 3.11),
  ('telegra', 2.51, -0.28, -1.48, 5.26, -3.5),
  ('tell', -2.64, -0.13, 0.49, 0.31, -0.67),
  ('tell us', -1.3, 0, 0, 0, 0),
  ('tell you', -1.01, 0, 0, 0, 0),
  ('tem', 6.16, 0.67, -0.93, -1.1, 1.36),
  ('templat', -0.7, -2.16, -1.37, 5.06, -1.52),
  ('ten', 1.27, -0.91, 1.33, 0.08, -0.5),
  ('tengo', 2.57, -0.12, 0.95, -0.6, -0.22),
  ('tenho', 0, -0.55, -0.37, 1.11, -0.19),
  ('tenta', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('tente', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('ter', 1.69, 0, 0, 0, 0),
  ('tera', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('termin', 0, -3.73, -2.94, -0.25, 6.93),
  ('termina', -1.13, -0.64, 1.65, -0.43, -0.58),
  ('terrafo', 3.04, -5.48, 9.05, -1.08, -2.49),
  ('tes', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('test', 1.58, 1.36, 0.8, -1.18, -0.98),
  ('teste', 1.63, 0, 0, 0, 0),
  ('tests', 5.96, -3.61, 9.03, 0.3, -5.72),
  ('teu', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('text', 0, -0.37, -0.46, -0.21, 1.04),
  ('text $', 1.98, 0, 0, 0, 0),
  ('text is', 1.27, 0, 0, 0, 0),
  ('tha', -1.07, 0.81, -0.11, -0.34, -0.36),
  ('than', -2.61, -1.51, 2.72, 0.16, -1.37),
  ('than 0', 1.32, 0, 0, 0, 0),
  ('than a', 1.08, 0, 0, 0, 0),
  ('than the', -0.79, 0, 0, 0, 0),
  ('thank', -9.21, 0, 0, 0, 0),
  ('thank you', -0.6, 0, 0, 0, 0),
  ('thanks', -8.79, 0, 0, 0, 0),
  ('thanks for', 1.21, 0, 0, 0, 0),
  ('thanks to', -1.89, 0, 0, 0, 0),
  ('thanku', -8.61, 0, 0, 0, 0),
  ('thankyo', -8.61, 0, 0, 0, 0),
  ('that', -3.03, 0.24, -0.06, -0.22, 0.04),
  ('that $', -1.03, 0, 0, 0, 0),
  ('that .', 1.48, 0, 0, 0, 0),
  ('that ?', 3.22, 0, 0, 0, 0),
  ('that a', 1.24, 0, 0, 0, 0),
  ('that error', -1.67, 0, 0, 0, 0),
  ('that for', 1.85, 0, 0, 0, 0),
  ('that i', 0.95, 0, 0, 0, 0),
  ('that isnt', -0.91, 0, 0, 0, 0),
  ('that one', -1.71, 0, 0, 0, 0),
  ('that says', 1.35, 0, 0, 0, 0),
  ('that too', 1.83, 0, 0, 0, 0),
  ('that we', -1.1, 0, 0, 0, 0),
  ('thats', -1.5, -1.4, 0.24, 0.97, 0.2),
  ('thats not', 1.26, 0, 0, 0, 0),
  ('thats what', -0.79, 0, 0, 0, 0),
  ('the', 0.27, -0.7, -1.29, -0.3, 2.29),
  ('the 0', -3.21, 0, 0, 0, 0),
  ('the 0st', 1.55, 0, 0, 0, 0),
  ('the agent', 0.83, 0, 0, 0, 0),
  ('the ai', 1.25, 0, 0, 0, 0),
  ('the app', 2.13, 0, 0, 0, 0),
  ('the automat', 1.13, 0, 0, 0, 0),
  ('the best', -1.52, 0, 0, 0, 0),
  ('the biggest', -1.21, 0, 0, 0, 0),
  ('the billing', -2.24, 0, 0, 0, 0),
  ('the browser', 0.57, 0, 0, 0, 0),
  ('the bug', -1.74, 0, 0, 0, 0),
  ('the button', 0.86, 0, 0, 0, 0),
  ('the calenda', -0.95, 0, 0, 0, 0),
  ('the caption', 1.37, 0, 0, 0, 0),
  ('the chat', -0.63, 0, 0, 0, 0),
  ('the class', -1.26, 0, 0, 0, 0),
  ('the cli', 1.16, 0, 0, 0, 0),
  ('the collect', 1.19, 0, 0, 0, 0),
  ('the contain', 1.62, 0, 0, 0, 0),
  ('the course', -1.58, 0, 0, 0, 0),
  ('the differe', 1.42, 0, 0, 0, 0),
  ('the docs', -0.92, 0, 0, 0, 0),
  ('the embed', -1.23, 0, 0, 0, 0),
  ('the embedde', 1.13, 0, 0, 0, 0),
  ('the end', -1.39, 0, 0, 0, 0),
  ('the error', -2.97, 0, 0, 0, 0),
  ('the evening', -0.95, 0, 0, 0, 0),
  ('the event', -0.74, 0, 0, 0, 0),
  ('the exam', -1.16, 0, 0, 0, 0),
  ('the file', -1.83, 0, 0, 0, 0),
  ('the first', 0.96, 0, 0, 0, 0),
  ('the fix', -2.16, 0, 0, 0, 0),
  ('the flow', -1.29, 0, 0, 0, 0),
  ('the free', 1.53, 0, 0, 0, 0),
  ('the group', 1.52, 0, 0, 0, 0),
  ('the help', -0.99, 0, 0, 0, 0),
  ('the importe', 0.92, 0, 0, 0, 0),
  ('the index', -1.67, 0, 0, 0, 0),
  ('the integra', 1.36, 0, 0, 0, 0),
  ('the json', -1.52, 0, 0, 0, 0),
  ('the last', 0.62, 0, 0, 0, 0),
  ('the library', -1.88, 0, 0, 0, 0),
  ('the link', -0.92, 0, 0, 0, 0),
  ('the live', 1.32, 0, 0, 0, 0),
  ('the login', -2.79, 0, 0, 0, 0),
  ('the mail', -0.5, 0, 0, 0, 0),
  ('the mobile', 1.12, 0, 0, 0, 0),
  ('the money', -1.1, 0, 0, 0, 0),
  ('the most', -1.01, 0, 0, 0, 0),
  ('the new', -2.5, 0, 0, 0, 0),
  ('the next', 1.57, 0, 0, 0, 0),
  ('the office', -1.49, 0, 0, 0, 0),
  ('the old', 0.85, 0, 0, 0, 0),
  ('the one', -1.64, 0, 0, 0, 0),
  ('the ones', 0.86, 0, 0, 0, 0),
  ('the organis', -0.93, 0, 0, 0, 0),
  ('the other', 2.39, 0, 0, 0, 0),
  ('the page', -0.97, 0, 0, 0, 0),
  ('the parents', 1.36, 0, 0, 0, 0),
  ('the person', -0.76, 0, 0, 0, 0),
  ('the phone', 0.76, 0, 0, 0, 0),
  ('the pinned', -1.38, 0, 0, 0, 0),
  ('the problem', -2.41, 0, 0, 0, 0),
  ('the project', 1.03, 0, 0, 0, 0),
  ('the record', -1.12, 0, 0, 0, 0),
  ('the recordi', 1.22, 0, 0, 0, 0),
  ('the report', 1.43, 0, 0, 0, 0),
  ('the right', 1.42, 0, 0, 0, 0),
  ('the same', 1.17, 0, 0, 0, 0),
  ('the search', -1.12, 0, 0, 0, 0),
  ('the second', 1.14, 0, 0, 0, 0),
  ('the sheet', 1.26, 0, 0, 0, 0),
  ('the shop', 1.15, 0, 0, 0, 0),
  ('the site', 1.03, 0, 0, 0, 0),
  ('the snow', 1.52, 0, 0, 0, 0),
  ('the step', 1.34, 0, 0, 0, 0),
  ('the street', 1.94, 0, 0, 0, 0),
  ('the text', 1.56, 0, 0, 0, 0),
  ('the thing', 1.48, 0, 0, 0, 0),
  ('the time', -0.87, 0, 0, 0, 0),
  ('the tool', -1.46, 0, 0, 0, 0),
  ('the update', -1.35, 0, 0, 0, 0),
  ('the way', -1.84, 0, 0, 0, 0),
  ('the webhook', 1.29, 0, 0, 0, 0),
  ('the weekend', 1.01, 0, 0, 0, 0),
  ('the whole', 0.43, 0, 0, 0, 0),
  ('the wrong', -1.25, 0, 0, 0, 0),
  ('the xquote', 1.23, 0, 0, 0, 0),
  ('the yellow', -1.52, 0, 0, 0, 0),
  ('theek', -3.24, -0.45, 2.82, -1.78, -0.59),
  ('their', -0.5, 0, 0, 0, 0),
  ('them', -1.46, 0.5, 0.08, -0.13, -0.45),
  ('them .', -0.6, 0, 0, 0, 0),
  ('them and', -0.92, 0, 0, 0, 0),
  ('them in', -1.16, 0, 0, 0, 0),
  ('them or', -1.55, 0, 0, 0, 0),
  ('theme', 4.11, -2.81, -2.85, 3.84, 1.81),
  ('then', -2.04, -1.31, 2.61, -0.74, -0.55),
  ('then xquote', 0.95, 0, 0, 0, 0),
  ('there', 0.58, 0.25, -1.18, 1.97, -1.04),
  ('there $', -1.01, 0, 0, 0, 0),
  ('there .', -1.14, 0, 0, 0, 0),
  ('there a', 1.6, 0, 0, 0, 0),
  ('there an', 1.52, 0, 0, 0, 0),
  ('there is', 2.22, 0, 0, 0, 0),
  ('theres', 1.76, 0.25, -0.94, -0.38, 1.06),
  ('theres a', 1.4, 0, 0, 0, 0),
  ('theres nothing', 0.78, 0, 0, 0, 0),
  ('these', 1.07, -0.18, -1.3, 0.87, 0.6),
  ('they', -0.51, -0.26, 1.41, -1.38, 0.23),
  ('theyre', -1.23, 0.3, 0.57, -0.14, -0.72),
  ('thi', -1.04, 0, 0, 0, 0),
  ('thing', 2.99, -0.24, -0.75, 0.67, 0.31),
  ('things', 0.4, -0.57, -0.17, 1.59, -0.85),
  ('think', -2.19, -0.86, 0.36, -0.12, 0.62),
  ('thinks', 3.52, 0.95, -0.27, -0.27, -0.4),
  ('third', 0, 0.01, 1.33, -1.21, -0.13),
  ('this', -3.13, 1.5, -0.4, -0.85, -0.26),
  ('this ?', 0.97, 0, 0, 0, 0),
  ('this device', 2.21, 0, 0, 0, 0),
  ('this for', -1.22, 0, 0, 0, 0),
  ('this month', -0.98, 0, 0, 0, 0),
  ('those', 0.66, -0.23, 0.62, -0.65, 0.25),
  ('though', 0.93, 0.47, 0.29, -0.27, -0.49),
  ('thought', -1.86, 0, 0, 0, 0),
  ('thread', -2.6, -3.16, 4.99, 1.24, -3.07),
  ('three', 0.47, 0.9, -1.04, -0.22, 0.37),
  ('three people', -1.37, 0, 0, 0, 0),
  ('three weeks', -1.2, 0, 0, 0, 0),
  ('through', 2.29, 0.2, 3.3, -1.83, -1.67),
  ('through the', 1.09, 0, 0, 0, 0),
  ('thursda', -1, -0.28, -0.33, -1.04, 1.65),
  ('thx', -8.25, 0, 0, 0, 0),
  ('tick', 0.91, 0.92, 0.21, -1.11, -0.02),
  ('ticket', 0, -2.27, -2.86, -0.16, 5.29),
  ('tickets', 2.3, -2.36, -3.05, 1.51, 3.9),
  ('ticks', 0, -0.05, -0.49, -0.54, 1.08),
  ('tidebas', 0, -0.06, -0.97, 1.16, -0.13),
  ('tienes', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('tier', 2.96, -1.01, -3.73, 4.53, 0.21),
  ('till', -0.96, -0.06, 0.8, 0.05, -0.79),
  ('time', -0.68, -1.47, 2.08, -0.35, -0.26),
  ('time $', 1.6, 0, 0, 0, 0),
  ('time .', 0.66, 0, 0, 0, 0),
  ('timeout', 2.64, -0.31, -0.57, 0.36, 0.52),
  ('times', 2.33, 0.53, 0.19, -0.03, -0.7),
  ('times .', -1.37, 0, 0, 0, 0),
  ('timesta', 4.32, -3.05, 7.46, 0.8, -5.21),
  ('timezon', 4.68, -4.71, 5.19, 1.37, -1.85),
  ('timing', 0, -1.72, -2.82, 0.96, 3.58),
  ('tiny', -1.06, 0, 0, 0, 0),
  ('tip', -4.92, -1.31, -0.24, 1.3, 0.26),
  ('tip :', -1.19, 0, 0, 0, 0),
  ('tipp', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('tips', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('title', 0, -0.24, -0.98, 0.17, 1.05),
  ('titres', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('to', 0.16, -0.41, -1.69, 2.41, -0.31),
  ('to 0', -0.46, 0, 0, 0, 0),
  ('to a', 2.49, 0, 0, 0, 0),
  ('to be', 1.65, 0, 0, 0, 0),
  ('to get', 1.4, 0, 0, 0, 0),
  ('to have', 1, 0, 0, 0, 0),
  ('to know', 1.03, 0, 0, 0, 0),
  ('to learn', -0.87, 0, 0, 0, 0),
  ('to leave', 1.26, 0, 0, 0, 0),
  ('to let', 1.81, 0, 0, 0, 0),
  ('to log', 1.14, 0, 0, 0, 0),
  ('to move', 1.36, 0, 0, 0, 0),
  ('to my', 1.13, 0, 0, 0, 0),
  ('to say', -0.56, 0, 0, 0, 0),
  ('to see', -2.59, 0, 0, 0, 0),
  ('to that', 1.53, 0, 0, 0, 0),
  ('to the', -3.28, 0, 0, 0, 0),
  ('to write', -1.26, 0, 0, 0, 0),
  ('to xquote', 1.42, 0, 0, 0, 0),
  ('to your', -1.15, 0, 0, 0, 0),
  ('toda', 2.15, 0, 0, 0, 0),
  ('todavia', 0, 3.02, -0.78, 0.47, -2.71),
  ('today', -9.5, -0.48, 0.41, 0.33, -0.26),
  ('today :', -0.74, 0, 0, 0, 0),
  ('todays', 1.33, 0, 0, 0, 0),
  ('todo', 1.57, -0.63, 0.96, 0.2, -0.53),
  ('todo $', 2.27, 0, 0, 0, 0),
  ('todo mundo', -2.13, 0, 0, 0, 0),
  ('todos', -2.34, 0, 0, 0, 0),
  ('togethe', 0.71, 0.72, -0.35, -0.76, 0.39),
  ('toggle', 0, -1.82, -1.3, 5.52, -2.4),
  ('toi', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('token', 2.8, -2.26, 7.11, 0.69, -5.54),
  ('tokens', 3.06, -0.35, -0.38, 4.21, -3.48),
  ('told', 0, 0.48, 0.55, -0.72, -0.31),
  ('toll', -6.25, 0, 0, 0, 0),
  ('tomorro', -7.51, 0, 0, 0, 0),
  ('ton', -3.63, -0.77, -2.67, -4, 7.45),
  ('tonight', -8, -0.86, -0.34, -1.01, 2.21),
  ('too', 1.31, -0.84, -0.6, 2.07, -0.63),
  ('too $', 1.08, 0, 0, 0, 0),
  ('too many', 1.35, 0, 0, 0, 0),
  ('took', -1.33, -0.78, -0.09, -0.32, 1.19),
  ('took 0', 1.34, 0, 0, 0, 0),
  ('tool', -4.52, -1.2, 0.06, 1.67, -0.53),
  ('tool .', -2.01, 0, 0, 0, 0),
  ('tools', 0.75, -0.75, -1.57, 3.73, -1.41),
  ('tools :', 1.38, 0, 0, 0, 0),
  ('top', -4.4, 0, 0, 0, 0),
  ('top of', 2.04, 0, 0, 0, 0),
  ('total', 1.21, -0.45, 2.78, -1.68, -0.65),
  ('totals', 0, -0.06, 1.46, -0.52, -0.88),
  ('touch', 0, -0.33, 0.27, 0.68, -0.62),
  ('toujour', 2.03, 3.11, -0.89, 0.78, -3.01),
  ('tourne', 4.39, 0, 0, 0, 0),
  ('tous', -2.29, 0, 0, 0, 0),
  ('tout', -1.33, -0.56, 0.6, 0.33, -0.36),
  ('tout le', -1.27, 0, 0, 0, 0),
  ('toute', 0, -0.03, -1.06, 0.05, 1.04),
  ('trace', 0, -0.35, 2.01, -0.76, -0.9),
  ('traceba', 0, -2.11, 3.61, 0.55, -2.05),
  ('transac', 0, -0.17, 0.74, -0.38, -0.19),
  ('transcr', 4.37, -2.88, -2.97, 2.39, 3.46),
  ('transfe', 1.23, 1.41, -0.21, -1, -0.2),
  ('transla', 2.36, -0.53, -1.62, -0.17, 2.32),
  ('travada', 4.39, 0, 0, 0, 0),
  ('travado', 4.39, 0, 0, 0, 0),
  ('travou', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('treffen', 0, -1.72, -2.42, 0.56, 3.58),
  ('trello', 3.2, -0.28, -1.09, 4.82, -3.45),
  ('tres', 3.03, -0.1, -0.43, -0.85, 1.38),
  ('trial', 3.27, 0.3, -3.49, -3.77, 6.96),
  ('tried', 4.3, 1.76, -1.09, 0.65, -1.32),
  ('trigger', 4.93, -4.32, -1.05, 10.93, -5.55),
  ('trois', 1.59, -0.26, -0.28, 0.62, -0.09),
  ('trouve', 1.08, 0, 0, 0, 0),
  ('true', -2.46, 0, 0, 0, 0),
  ('try', 0, 0.88, -0.15, 0.37, -1.1),
  ('try karo', -3.98, 0, 0, 0, 0),
  ('trying', 0, 0.29, -0.68, 0.83, -0.44),
  ('tu', -9.26, 1.75, -1.26, -0.78, 0.28),
  ('tudo', 0, 0.59, 0.82, -0.62, -0.79),
  ('tudo certo', -1.71, 0, 0, 0, 0),
  ('tuesday', 1.12, -0.67, -0.14, -0.7, 1.51),
  ('tum', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('tumhara', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('turma', -1.57, 0, 0, 0, 0),
  ('turn', 1.33, -1.01, -1.23, 1.16, 1.07),
  ('turn off', 1.74, 0, 0, 0, 0),
  ('turned', 0, -0.34, -0.16, 0.67, -0.17),
  ('turned out', -5.11, 0, 0, 0, 0),
  ('turns', 0, -0.43, 1.36, -0.84, -0.1),
  ('tus', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('tutoria', -0.81, -0.78, 0.1, 0.93, -0.24),
  ('tva', 3.04, -1.01, -3.49, -3.44, 7.94),
  ('twice', 5.99, -1.44, -0.2, 0.75, 0.89),
  ('two', -0.57, 0, 0.34, -1.12, 0.79),
  ('two minutes', -1.5, 0, 0, 0, 0),
  ('two of', 1.35, 0, 0, 0, 0),
  ('two people', 1.05, 0, 0, 0, 0),
  ('ty', -8.61, 0, 0, 0, 0),
  ('type', 1.55, -1.12, 3.01, -1.35, -0.54),
  ('type xquote', -1.88, 0, 0, 0, 0),
  ('typed', 2.05, 0.19, 1.95, -0.81, -1.33),
  ('typeerr', 0, -2.11, 3.57, 0.59, -2.05),
  ('typefor', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('typescr', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('typo', 3.41, -2.37, -1.58, -2.66, 6.6),
  ('tysm', -8.61, 0, 0, 0, 0),
  ('u', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('uber', -0.83, 0, 0, 0, 0),
  ('ubung', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('uhrzeit', 0, -1.72, -2.42, 0.56, 3.58),
  ('uid', 0, -0.5, 0.8, -0.46, 0.16),
  ('um', -0.38, -0.87, 0.52, 0.36, -0.02),
  ('uma', 0, 0.53, 0.23, -1.54, 0.78),
  ('un', -3.16, 0.28, -0.34, 0.87, -0.81),
  ('un peu', -1.04, 0, 0, 0, 0),
  ('una', 0, -0.26, 0.1, -0.42, 0.59),
  ('unable', 3.85, 1.35, -0.36, -0.53, -0.46),
  ('unban', 0, 6.01, -1.93, -2.93, -1.15),
  ('uncaugh', 1.71, -2.11, 3.59, 0.57, -2.05),
  ('und', 0, -0.5, 0.61, 0.63, -0.74),
  ('undefin', 1.01, -2.13, 3.68, 0.52, -2.07),
  ('under', 0, 1.18, -1.04, -0.65, 0.52),
  ('under the', 1.59, 0, 0, 0, 0),
  ('underst', 0, -0.2, 0.53, -0.14, -0.19),
  ('undo', 2.02, -1.21, -0.39, 2.68, -1.08),
  ('undoes', 1.51, -1.15, -0.1, 1.63, -0.38),
  ('une', -0.47, -0.38, 1.61, -1.16, -0.07),
  ('une erreur', 1.5, 0, 0, 0, 0),
  ('une fois', 0.98, 0, 0, 0, 0),
  ('unhandl', 0, -2.16, 4.12, 0.22, -2.18),
  ('unirme', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('unit test', 4.23, 0, 0, 0, 0),
  ('unity', 3.58, -5.47, 9.44, -1.78, -2.18),
  ('unknown', 0, -0.03, -1.1, 1.2, -0.06),
  ('unlimit', 0, -0.82, -3.43, 3.75, 0.5),
  ('unreach', 4.39, 0, 0, 0, 0),
  ('uns', 3.37, 2.73, -0.92, -1.28, -0.53),
  ('unser', 2.66, 2.32, -0.92, -1.26, -0.14),
  ('unsere', 3.53, 2.39, -1, -1.27, -0.12),
  ('unsubsc', 1.33, -0.86, -0.11, -0.25, 1.23),
  ('unterti', 4.25, -2.41, -1.64, -2.71, 6.76),
  ('until', -2.85, 1.03, -0.03, -0.11, -0.9),
  ('up', -0.9, 0.88, 0.12, 0.76, -1.77),
  ('up $', -0.93, 0, 0, 0, 0),
  ('up in', 1.03, 0, 0, 0, 0),
  ('up sheet', -1.42, 0, 0, 0, 0),
  ('update', 2.48, 1.43, -1.54, 0.5, -0.4),
  ('update .', 1.21, 0, 0, 0, 0),
  ('upgrade', 0.58, -0.54, -2.17, 2.13, 0.59),
  ('upload', 2.39, -7.31, 0.8, 3.31, 3.19),
  ('uploade', 0, 0.39, -0.12, 0.28, -0.55),
  ('uploadi', 0, -6.89, 1.23, 2.56, 3.11),
  ('uploads', 2.3, -6.9, 0.85, 3.14, 2.91),
  ('ur', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('urgent', 2.7, 0, 0, 0, 0),
  ('url', -0.62, -0.51, 0.97, -0.12, -0.34),
  ('url $', -1.4, 0, 0, 0, 0),
  ('us', 0.27, 2.74, -1.47, -2.09, 0.82),
  ('use', -3.54, -1.59, 1.44, 1.67, -1.52),
  ('use the', -0.8, 0, 0, 0, 0),
  ('use xname', 1.73, 0, 0, 0, 0),
  ('used', -0.49, -0.28, -0.3, 0.54, 0.04),
  ('user', 2.55, -0.19, 1.88, -1.14, -0.55),
  ('user .', -1.08, 0, 0, 0, 0),
  ('usernam', 4.02, 6.2, -1.57, -0.8, -3.84),
  ('users', 0, 0.25, 1.67, -1.45, -0.47),
  ('uses', 1.98, -0.55, -0.22, 1.1, -0.33),
  ('using', 0, 1.23, 0.14, -0.79, -0.58),
  ('usted', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('ustedes', -8.23, 1.93, -1.31, -1.21, 0.6),
  ('usuario', 3.97, 6.54, -1.96, -0.78, -3.8),
  ('utc', 0, 0.51, -0.08, 0.08, -0.51),
  ('utf', 3.02, -3.1, 7.78, 0.83, -5.51),
  ('v0', 0, -0.41, 0.5, 0, -0.09),
  ('vacancy', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('vacia', 4.39, 0, 0, 0, 0),
  ('vacio', 4.57, 0, 0, 0, 0),
  ('vaga', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('vagas', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('vais', -1.4, 0, 0, 0, 0),
  ('valeu', -8.66, 0, 0, 0, 0),
  ('valid', 0, -0.29, -0.95, 0.71, 0.53),
  ('validat', 0, -0.06, -1.66, 1.76, -0.04),
  ('value', 0, -0.12, 0.56, -0.13, -0.31),
  ('valueer', 0, -2.11, 3.57, 0.59, -2.05),
  ('values', -1.29, -0.17, 1.06, -0.11, -0.78),
  ('vanishe', 5.81, -1.45, -1.19, 0.62, 2.02),
  ('variabl', 3.47, -3.38, 7.42, 1.54, -5.58),
  ('variant', 0, -0.17, -1.07, 1.64, -0.4),
  ('variave', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('vat', 3.9, -1.12, -3.45, -3.36, 7.93),
  ('vazia', 4.39, 0, 0, 0, 0),
  ('vazio', 4.7, -0.69, -0.73, 0.77, 0.66),
  ('vc', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('vcs', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('veces', 1.82, 0, 0, 0, 0),
  ('vector', 4.47, -3.05, 7.4, 1.25, -5.6),
  ('vem', -1.15, 0, 0, 0, 0),
  ('venue', 0, -2.06, -2.45, 0.42, 4.1),
  ('ver', 2, 0.38, 0.33, -0.64, -0.08),
  ('veranst', 0, -1.72, -2.42, 0.56, 3.58),
  ('verbind', 3.93, -2.43, -4.27, 7.91, -1.22),
  ('verbund', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('vercel', 0, 0, -1.11, 1.13, -0.01),
  ('verific', 8, 7.73, -3.36, -1.39, -2.99),
  ('verifie', -4.61, -1.26, -0.21, 1.67, -0.2),
  ('verifiz', 7.54, 7.34, -3.19, -1.27, -2.89),
  ('verify', 7.59, 7.94, -2.5, -1.87, -3.57),
  ('veroffe', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('verschw', 4.98, 0, 0, 0, 0),
  ('version', 0, -1.27, 0.24, 0.73, 0.3),
  ('version 0', -1.15, 0, 0, 0, 0),
  ('version de', 1.49, 0, 0, 0, 0),
  ('version of', -0.84, 0, 0, 0, 0),
  ('versteh', 0, -0.32, 1.08, 0.08, -0.85),
  ('versuch', -3.98, -1.23, 0.03, 1.37, -0.17),
  ('vez', -1.56, -0.31, 0.08, 0.64, -0.4),
  ('vide', 3.96, -0.66, -1.05, 0.98, 0.73),
  ('video', 6.34, -2.93, -1.84, -1.78, 6.55),
  ('videos', 4.68, -2.38, -1.62, -2.55, 6.55),
  ('vielen', -8.61, 0, 0, 0, 0),
  ('vient', -1.56, 0, 0, 0, 0),
  ('view', 2.56, -0.23, -0.84, 3.62, -2.55),
  ('views', 2.69, -0.28, -1.07, 4.8, -3.45),
  ('vincula', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('vista', 3.2, -0.3, -1.07, 4.79, -3.42),
  ('vite', 2.83, -5.54, 9.21, -1.56, -2.11),
  ('vlw', -8.61, 0, 0, 0, 0),
  ('voce', -9.1, 1.7, -1.07, -1.27, 0.64),
  ('voces', -10.11, 1.57, -1.12, -1.22, 0.77),
  ('voice', 2.84, -0.53, -1.27, 5.32, -3.52),
  ('voici', -1.84, 0, 0, 0, 0),
  ('volta', 1.36, 0, 0, 0, 0),
  ('vom', 1.39, -0.08, -0.19, 0.63, -0.36),
  ('von', -1.08, -0.58, 0.04, 0.06, 0.49),
  ('vorlage', 0, -1.78, -1.27, 5.45, -2.4),
  ('vorschl', 4.24, 0, 0, 0, 0),
  ('vos', -10.01, 1.7, -1.07, -1.27, 0.64),
  ('vosotro', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('votre', -8.39, 2.05, -1.14, -1.39, 0.48),
  ('voucher', 2.95, -1.06, -3.49, -3.45, 8.01),
  ('vous', -8.17, 1.76, -1.27, -1.45, 0.96),
  ('vpn', 3.18, 0.16, -1.65, 5.04, -3.55),
  ('vs', 0, -0.81, 0.31, 0.78, -0.27),
  ('vscode', 3.2, -0.28, -1.17, 4.9, -3.45),
  ('vue', 6.56, -5.79, 7.99, 2.65, -4.85),
  ('vuestro', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('wait', -1.25, -0.68, -0.21, 0.28, 0.6),
  ('waiting', 1.48, 1.12, -2.07, -0.79, 1.74),
  ('waiting for', 0.95, 0, 0, 0, 0),
  ('wall of', -1.48, 0, 0, 0, 0),
  ('wallet', 1.17, 0, 0, 0, 0),
  ('wann', 0, -0.91, 1.55, -0.57, -0.07),
  ('want', -1.17, 0.83, 0.35, -0.4, -0.78),
  ('want my', -2.15, 0, 0, 0, 0),
  ('want to', -0.58, 0, 0, 0, 0),
  ('wanted', -1.63, 0.08, 0.06, 0.97, -1.12),
  ('wants', 1.6, 0.13, -0.56, 0.46, -0.03),
  ('wants a', 1.18, 0, 0, 0, 0),
  ('war', 0, -0.19, -0.54, 0.21, 0.52),
  ('ware schon', 4.24, 0, 0, 0, 0),
  ('wartung', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('warum', 0, -0.21, 3.11, -3.02, 0.12),
  ('was', -3.29, -0.21, 0.53, -2.03, 1.72),
  ('was a', -1.64, 0, 0, 0, 0),
  ('was charged', 1.16, 0, 0, 0, 0),
  ('was i', 1.39, 0, 0, 0, 0),
  ('was removed', 2.37, 0, 0, 0, 0),
  ('was that', -1.14, 0, 0, 0, 0),
  ('was the', -3.44, 0, 0, 0, 0),
  ('was three', 1.76, 0, 0, 0, 0),
  ('was told', 1.18, 0, 0, 0, 0),
  ('was wrong', -1.37, 0, 0, 0, 0),
  ('was xquote', -0.98, 0, 0, 0, 0),
  ('wasnt', 2.01, 0, 0, 0, 0),
  ('watch', 1.04, 1.14, -0.4, -0.64, -0.1),
  ('waterco', 0, 1.1, -0.01, -0.05, -1.04),
  ('way', 4.94, 0.03, 0.79, -2.45, 1.63),
  ('way $', -2.21, 0, 0, 0, 0),
  ('way to', 3.77, 0, 0, 0, 0),
  ('we', -0.68, 2.39, -0.44, -2.12, 0.17),
  ('we have', 1.36, 0, 0, 0, 0),
  ('we use', 1.35, 0, 0, 0, 0),
  ('web', 0, -0.48, -1, 1.78, -0.31),
  ('webflow', 3.2, -0.28, -1.11, 4.85, -3.45),
  ('webhook', 4.97, -4.56, 0.06, 11.27, -6.77),
  ('webinar', -1.33, -2.26, -0.58, -0.92, 3.76),
  ('webpack', 3.29, -5.46, 9.31, -1.76, -2.09),
  ('website', -1.31, -0.03, -0.48, 0.44, 0.07),
  ('websock', 0, -0.18, -0.33, 0.88, -0.37),
  ('wednesd', 0, -0.14, 0.87, -0.15, -0.58),
  ('week', -2.71, -0.9, -0.32, -0.77, 1.99),
  ('week .', -1.21, 0, 0, 0, 0),
  ('week 0', 1.1, 0, 0, 0, 0),
  ('week :', -0.85, 0, 0, 0, 0),
  ('week ?', -1.73, 0, 0, 0, 0),
  ('weekend', 0, 3.07, -1.69, 1.4, -2.78),
  ('weekly', 0, -0.72, -0.09, -0.22, 1.04),
  ('weeks', -0.69, -0.23, -0.03, 0.54, -0.28),
  ('weg', 4.74, -0.97, -0.57, 0.69, 0.84),
  ('weird', 0, -0.06, 0.84, -0.71, -0.07),
  ('weiss', 4.39, 0, 0, 0, 0),
  ('weiterh', 2.51, 0, 0, 0, 0),
  ('welche', -2.07, -0.76, 1.38, -0.14, -0.48),
  ('welcher', 0, -0.76, 1.38, -0.14, -0.48),
  ('welches', 0, -0.83, 1.87, -0.23, -0.81),
  ('welcome', -2.83, 0, 0, 0, 0),
  ('well', 0.6, -1.94, -0.53, 0.5, 1.97),
  ('wenn', 2.81, 0, 0, 0, 0),
  ('went', -2.67, 0.54, 0.15, -0.4, -0.3),
  ('went from', -1.3, 0, 0, 0, 0),
  ('wer', -2.35, -0.64, 1.15, -0.07, -0.44),
  ('were', 0, 2.12, -0.91, -1.42, 0.21),
  ('weshalb', 0, -0.84, 3.12, -2.48, 0.21),
  ('weve', 0.34, 1.93, -0.73, -2.28, 1.08),
  ('what', -1.24, -0.62, 2.19, -0.24, -1.33),
  ('what do', 2.18, 0, 0, 0, 0),
  ('what does', -1.51, 0, 0, 0, 0),
  ('what happens', 1.21, 0, 0, 0, 0),
  ('what i', 0.48, 0, 0, 0, 0),
  ('what it', -1.12, 0, 0, 0, 0),
  ('what ive', 0.98, 0, 0, 0, 0),
  ('what the', 2.24, 0, 0, 0, 0),
  ('whateve', 0.99, 0, 0, 0, 0),
  ('whats', -2.68, -1.77, 0.34, 1.47, -0.03),
  ('whats the', 2.64, 0, 0, 0, 0),
  ('whats xname', -2.21, 0, 0, 0, 0),
  ('whatsap', 3.46, -0.32, -1.14, 4.93, -3.46),
  ('when', 0.94, -2.09, 2.64, 2.21, -2.76),
  ('when i', 3.54, 0, 0, 0, 0),
  ('when it', -1.44, 0, 0, 0, 0),
  ('when the', -1.93, 0, 0, 0, 0),
  ('when you', -1.39, 0, 0, 0, 0),
  ('where', 5.99, -0.54, -0.68, 1.88, -0.66),
  ('where do', 0.72, 0, 0, 0, 0),
  ('where does', 1.29, 0, 0, 0, 0),
  ('where it', -3.31, 0, 0, 0, 0),
  ('where the', -1.77, 0, 0, 0, 0),
  ('wheres', 8.12, 1.79, -1.46, 1.32, -1.65),
  ('whether', -2.37, 0, 0, 0, 0),
  ('which', 0.9, 0.01, -0.24, 0.75, -0.53),
  ('which is', 1.23, 0, 0, 0, 0),
  ('which one', 0.73, 0, 0, 0, 0),
  ('while', 0, -0.03, 1, -0.76, -0.2),
  ('white', 6.2, -0.77, -1.3, 0.76, 1.3),
  ('who', -5.32, 0.6, 0.84, -1.7, 0.27),
  ('who can', 1.45, 0, 0, 0, 0),
  ('who else', -1.65, 0, 0, 0, 0),
  ('who has', -1.85, 0, 0, 0, 0),
  ('whoever', -0.7, 0, 0, 0, 0),
  ('whole', 2.43, 0.09, -0.31, -0.4, 0.63),
  ('whos', -2.41, 0.64, -0.07, -0.19, -0.38),
  ('whose', -2.33, -0.89, 1.57, -0.19, -0.48),
  ('why', -0.51, -1.87, 3.74, -2.8, 0.92),
  ('why ?', 1.52, 0, 0, 0, 0),
  ('why does', 1.13, 0, 0, 0, 0),
  ('why i', -2.26, 0, 0, 0, 0),
  ('widget', 1.73, -2.12, -2.23, 7.04, -2.69),
  ('width', -1.15, 0, 0, 0, 0),
  ('wie', 4.5, -1.56, 3.34, 2.62, -4.4),
  ('wie immer', -1.62, 0, 0, 0, 0),
  ('wieder', -1.17, 0, 0, 0, 0),
  ('wieso', 0, -0.95, 3.45, -2.53, 0.03),
  ('wife', 0, -0.91, -0.56, -0.55, 2.02),
  ('wifi', 3.04, -0.1, -0.91, 4.49, -3.48),
  ('will', -2.34, 0.79, 0.06, -0.81, -0.04),
  ('will be', -0.85, 0, 0, 0, 0),
  ('willkom', -2.89, 0, 0, 0, 0),
  ('window', -0.8, 1.22, -0.38, -0.44, -0.41),
  ('windows', 3.18, 3.19, -1.26, 3.29, -5.22),
  ('wins', -0.96, -0.07, 0.73, -0.59, -0.08),
  ('wir', 1.66, 1.59, -0.96, -0.19, -0.44),
  ('wish', 5.36, -0.95, -0.13, 0.54, 0.54),
  ('with', -2.26, -1.15, 1.4, 0.38, -0.63),
  ('with 0', 1.33, 0, 0, 0, 0),
  ('with an', -1.25, 0, 0, 0, 0),
  ('with it', -1.48, 0, 0, 0, 0),
  ('with my', 0.74, 0, 0, 0, 0),
  ('with the', 1.45, 0, 0, 0, 0),
  ('with this', -1.56, 0, 0, 0, 0),
  ('with xquote', -0.65, 0, 0, 0, 0),
  ('with you', 1.1, 0, 0, 0, 0),
  ('with your', -1.09, 0, 0, 0, 0),
  ('within', -1.66, 0, 0, 0, 0),
  ('without', 1.22, 0.84, -0.95, 1.47, -1.36),
  ('without a', -2.03, 0, 0, 0, 0),
  ('without the', 0.57, 0, 0, 0, 0),
  ('wizard', 0, -1.82, -1.32, 5.56, -2.41),
  ('wo', 5.48, 1.59, -1.44, 0.94, -1.09),
  ('wochene', 0, 2.52, -0.96, 0.24, -1.81),
  ('wohin', 7.61, 1.09, -1.19, 1.3, -1.2),
  ('wonderf', -5.67, 0, 0, 0, 0),
  ('wont', 5.36, 2.73, -1.96, -2.14, 1.38),
  ('wont go', -1.39, 0, 0, 0, 0),
  ('woran', 0, -0.76, 1.38, -0.14, -0.48),
  ('wordpre', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('work', -0.39, 0.36, -0.01, 0.05, -0.4),
  ('workboo', 4.53, -2.61, -1.68, -3.07, 7.36),
  ('worked', 0, 0.7, -0.57, 0.27, -0.4),
  ('workflo', 2.04, -4.49, -1.67, 11.67, -5.5),
  ('working', -0.82, 0, 0, 0, 0),
  ('works', -1.24, -0.78, 0.6, 0.22, -0.04),
  ('works now', -5.02, 0, 0, 0, 0),
  ('worksho', -3.16, -2.1, -0.64, -0.95, 3.7),
  ('workspa', 0.55, -0.01, -0.92, 1.78, -0.86),
  ('worth', -2.52, 0, 0, 0, 0),
  ('would', 3.96, -1.96, -0.99, 1.3, 1.65),
  ('would be', 6.52, 0, 0, 0, 0),
  ('would i', 0.6, 0, 0, 0, 0),
  ('would love', 1.05, 0, 0, 0, 0),
  ('would you', 0.67, 0, 0, 0, 0),
  ('wouldnt', 3.34, 0.78, -0.38, -0.22, -0.18),
  ('wow', -6.53, 0, 0, 0, 0),
  ('write', -3.26, -0.86, 1.91, -0.82, -0.23),
  ('writing', 1.03, -0.45, -0.96, 0.08, 1.32),
  ('written', -1.51, 0.19, 0.11, -0.72, 0.42),
  ('written by', -1.28, 0, 0, 0, 0),
  ('wrong', 3.5, -0.68, 0.77, 1.02, -1.11),
  ('wrote', -1.58, 0, 0, 0, 0),
  ('wsl0', 0, -0.49, -0.51, 1.56, -0.56),
  ('wunsch', 4.24, 0, 0, 0, 0),
  ('wunsche', 4.24, 0, 0, 0, 0),
  ('wurde', 3.22, 0, 0, 0, 0),
  ('x', 1.16, -0.19, 2.09, -1.25, -0.64),
  ('xat', -3.89, 0.63, 0.34, -0.65, -0.32),
  ('xcite', -1.31, 1.23, -0.03, -0.67, -0.54),
  ('xcode', 2.58, -1.77, 3.44, 0.79, -2.46),
  ('xcode git', -1.23, 0, 0, 0, 0),
  ('xdots', 0, -0.19, 1.88, -0.81, -0.88),
  ('xdots $', 1.1, 0, 0, 0, 0),
  ('xdots i', -1.81, 0, 0, 0, 0),
  ('xfence', 1.14, -0.09, -0.33, 0.51, -0.09),
  ('xfile', 2.29, -0.33, 1.5, -0.76, -0.41),
  ('xhttp', 2.62, -1.55, 3.76, -2.36, 0.15),
  ('xhttp $', 1.54, 0, 0, 0, 0),
  ('xhttp .', 0.79, 0, 0, 0, 0),
  ('xhttp on', 1.64, 0, 0, 0, 0),
  ('xlist', 0.5, 0, 0, 0, 0),
  ('xmail', -2.55, 0, 0, 0, 0),
  ('xmail $', -0.8, 0, 0, 0, 0),
  ('xmoney', 0, -0.51, 0.27, -0.28, 0.53),
  ('xname', 5.37, -2.04, 7.74, -1.26, -4.44),
  ('xname app', -2.21, 0, 0, 0, 0),
  ('xname effect', 1.94, 0, 0, 0, 0),
  ('xname error', 1.59, 0, 0, 0, 0),
  ('xname item', 1.44, 0, 0, 0, 0),
  ('xname os', 1.38, 0, 0, 0, 0),
  ('xpercen', -2.98, -0.74, 0.15, 0.81, -0.22),
  ('xquote', 4.09, 1.16, -3.11, 1.67, 0.29),
  ('xquote $', -0.72, 0, 0, 0, 0),
  ('xquote .', 2.5, 0, 0, 0, 0),
  ('xquote 0', 0.81, 0, 0, 0, 0),
  ('xquote ?', 1.28, 0, 0, 0, 0),
  ('xquote and', 0.86, 0, 0, 0, 0),
  ('xquote fix', -1.45, 0, 0, 0, 0),
  ('xquote for', 0.62, 0, 0, 0, 0),
  ('xquote help', -1.84, 0, 0, 0, 0),
  ('xquote how', -1.18, 0, 0, 0, 0),
  ('xquote i', -0.8, 0, 0, 0, 0),
  ('xquote invalid', 1.22, 0, 0, 0, 0),
  ('xquote is', -0.47, 0, 0, 0, 0),
  ('xquote its', -1.46, 0, 0, 0, 0),
  ('xquote ka', 1.54, 0, 0, 0, 0),
  ('xquote mode', -1.43, 0, 0, 0, 0),
  ('xquote my', -1.25, 0, 0, 0, 0),
  ('xquote on', 1.24, 0, 0, 0, 0),
  ('xquote per', 1.38, 0, 0, 0, 0),
  ('xquote read', -1.66, 0, 0, 0, 0),
  ('xquote support', 1.72, 0, 0, 0, 0),
  ('xquote the', 0.94, 0, 0, 0, 0),
  ('xquote this', -0.71, 0, 0, 0, 0),
  ('xquote tu', 1.76, 0, 0, 0, 0),
  ('xquote what', -1.02, 0, 0, 0, 0),
  ('xquote where', -1.11, 0, 0, 0, 0),
  ('xquote xquote', 0.99, 0, 0, 0, 0),
  ('xquote you', 0.88, 0, 0, 0, 0),
  ('xquote your', 1.25, 0, 0, 0, 0),
  ('xsad', 2.29, -1.48, -0.64, -1.31, 3.43),
  ('xsad $', 2.23, 0, 0, 0, 0),
  ('xtime', 4.2, -0.19, -0.24, 0.03, 0.4),
  ('xtime :', 2.85, 0, 0, 0, 0),
  ('xurl', -2.47, 0.47, 0.87, -0.79, -0.55),
  ('xurl $', -2.83, 0, 0, 0, 0),
  ('xversio', 2.49, 0.14, -0.19, 0.76, -0.7),
  ('y', 1.94, 0.77, -0.72, -1.13, 1.07),
  ('y a', 7.71, 0, 0, 0, 0),
  ('y me', 1.85, 0, 0, 0, 0),
  ('y que', -1.24, 0, 0, 0, 0),
  ('y todo', 1.92, 0, 0, 0, 0),
  ('ya', 1.11, 0.78, 0.34, -0.2, -0.91),
  ('ya esta', -4.94, 0, 0, 0, 0),
  ('ya funcion', -4.94, 0, 0, 0, 0),
  ('ya no', 1.24, 0, 0, 0, 0),
  ('ya va', -4.94, 0, 0, 0, 0),
  ('yaad', -6.92, 0, 0, 0, 0),
  ('yarn', 3.09, -5.46, 9.26, -1.7, -2.1),
  ('ye', -1.18, 0.04, -0.36, 0.39, -0.07),
  ('year', -2.63, 1.13, -0.74, 0.09, -0.47),
  ('years', -4.84, -0.27, 0.46, -0.42, 0.23),
  ('years .', -1.17, 0, 0, 0, 0),
  ('yellow', -1.16, 0, 0, 0, 0),
  ('yes', -3.8, 0, 0, 0, 0),
  ('yesterd', -2.03, 2.98, -1.2, 1.36, -3.14),
  ('yesterd $', -1.63, 0, 0, 0, 0),
  ('yo', 2.61, 1.93, -0.96, -1.59, 0.62),
  ('you', -12.84, 1.49, -0.42, -2.19, 1.12),
  ('you $', 0.82, 0, 0, 0, 0),
  ('you .', 1.74, 0, 0, 0, 0),
  ('you ?', 1.19, 0, 0, 0, 0),
  ('you all', -0.88, 0, 0, 0, 0),
  ('you asked', -1.14, 0, 0, 0, 0),
  ('you can', -0.9, 0, 0, 0, 0),
  ('you cant', 1.24, 0, 0, 0, 0),
  ('you do', 0.63, 0, 0, 0, 0),
  ('you dont', -1.12, 0, 0, 0, 0),
  ('you fix', 1.17, 0, 0, 0, 0),
  ('you get', -1.96, 0, 0, 0, 0),
  ('you make', -1.26, 0, 0, 0, 0),
  ('you need', -2.67, 0, 0, 0, 0),
  ('you say', 1.07, 0, 0, 0, 0),
  ('you see', -0.93, 0, 0, 0, 0),
  ('you should', -4.15, 0, 0, 0, 0),
  ('you take', 1.27, 0, 0, 0, 0),
  ('you want', -1.02, 0, 0, 0, 0),
  ('youd', -1.78, 0, 0, 0, 0),
  ('youll', -9.63, 1.74, -1.08, -1.28, 0.62),
  ('your', -11.31, 3.1, -2.22, -1.04, 0.17),
  ('youre', -9.59, 2.29, -1.1, -1.49, 0.3),
  ('yours', -9.66, 1.48, -1.13, -1.44, 1.09),
  ('youtube', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('youve', -8.95, 1.38, -1.18, -1.43, 1.23),
  ('zabarda', -6.25, 0, 0, 0, 0),
  ('zahlung', 3.17, -1.03, -3.52, -3.46, 8.01),
  ('zap', 4.31, -4.21, -0.42, 10, -5.38),
  ('zapier', 3.12, -0.28, -1.09, 4.82, -3.45),
  ('zaps', 3.31, -4.21, -0.44, 10.03, -5.38),
  ('zeile', 3.48, -3, 7.6, 0.83, -5.43),
  ('zero', -2.18, 0.12, -1.05, 0.74, 0.19),
  ('zertifi', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('zip', 2.08, -6.91, 0.95, 2.56, 3.4),
  ('zoom', 2.61, -2.38, -2.58, 1.62, 3.34),
  ('zu', 0.81, -0.33, 0.4, -0.06, -0.01),
  ('zugang', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('zugriff', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('zum', -1.05, 0, 0, 0, 0),
  ('zwei', 0, 0.58, 0.09, -0.21, -0.46),
  ('zwische', 0, -0.24, 0.91, -0.27, -0.4),
  ('ابيض', 4.39, 0, 0, 0, 0),
  ('اتمتة', 4.05, -4.26, -0.47, 10.14, -5.41),
  ('اتمنى', 4.24, 0, 0, 0, 0),
  ('اجازة', -1.56, 0, 0, 0, 0),
  ('احدكم', 2.51, 0, 0, 0, 0),
  ('احسنت', -6.25, 0, 0, 0, 0),
  ('اختفت', 4.39, 0, 0, 0, 0),
  ('اختفى', 4.39, 0, 0, 0, 0),
  ('اخطاء', -1.62, 0, 0, 0, 0),
  ('ادارة', -1.68, 0, 0, 0, 0),
  ('ادخل', 0, 7.26, -0.62, -3.1, -3.54),
  ('ادري', 1.74, 0, 0, 0, 0),
  ('اربح', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('اربط', 3.93, -2.31, -4.42, 7.68, -0.95),
  ('ارجو', 8.2, 0, 0, 0, 0),
  ('ازاي', 5.06, -1.01, 3.28, 2.03, -4.29),
  ('استخدم', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('استرداد', 2.33, -1.04, -3.49, -3.45, 7.97),
  ('استعلام', 3.48, -3.03, 7.9, 0.6, -5.47),
  ('استمتعت', -6.25, 0, 0, 0, 0),
  ('استيراد', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('اسمي', -3.41, 0, 0, 0, 0),
  ('اشتراك', 3.85, -0.82, -3.49, -3.48, 7.8),
  ('اشتغل', -4.94, -0.31, 3.04, -1.7, -1.03),
  ('اشعار', 2.65, -0.63, -1.63, -0.21, 2.47),
  ('اشعارات', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('اشكر', -8.61, 0, 0, 0, 0),
  ('اشكركم', -8.61, 0, 0, 0, 0),
  ('اصدار', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('اضافة', 0, -1.69, -1.28, 5.39, -2.43),
  ('اعدادات', 1.87, -1.55, -1.44, 5.86, -2.87),
  ('اعلان', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('اعمل', -3.09, 0, 0, 0, 0),
  ('اقتراح', 4.24, 0, 0, 0, 0),
  ('امس', 0, 2.87, -0.74, 0.55, -2.68),
  ('امكانية', 7.23, 0, 0, 0, 0),
  ('ان', -2.51, 0, 0, 0, 0),
  ('انا', 2.26, 2.44, -0.52, -1.82, -0.11),
  ('انت', -8.71, 1.6, -1.09, -1.31, 0.8),
  ('انتم', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('انحلت', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('اهلا', -2.89, 0, 0, 0, 0),
  ('اول', -2.17, 0, 0, 0, 0),
  ('اي', -1.23, -0.11, -0.47, -0.03, 0.61),
  ('ايش', 0, -0.76, 1.38, -0.14, -0.48),
  ('ايميل', 3.97, 6.71, -2.01, -0.86, -3.84),
  ('اين', 8.3, 1.02, -1.34, 1.75, -1.43),
  ('ايه', -0.88, 0, 0, 0, 0),
  ('باسمي', 1.56, 0, 0, 0, 0),
  ('باسورد', -2.69, 4.59, -1.74, -1.65, -1.19),
  ('باقة', 0, -0.72, -3.44, 3.69, 0.47),
  ('بالجميع', -2.89, 0, 0, 0, 0),
  ('بانضمام', -3.41, 0, 0, 0, 0),
  ('بث', 2.71, -2.08, -2.17, 0.8, 3.45),
  ('بحث', 3.06, -0.66, -1.84, -0.33, 2.83),
  ('بدل', 1.21, 0, 0, 0, 0),
  ('بدون', 2.73, 0.63, -1, 0.75, -0.38),
  ('بريد', 5.08, 6.75, -2.12, -1.09, -3.53),
  ('بس', 0.86, -0.32, 0.53, -0.4, 0.19),
  ('بسيطة', -2.66, 0, 0, 0, 0),
  ('بطاقة', 3.04, -1, -3.48, -3.44, 7.93),
  ('بطيء', 4.39, 0, 0, 0, 0),
  ('بعد', 4.97, 3.62, -1.17, 0.95, -3.4),
  ('بيانات', 3.11, -3.01, 7.53, 0.91, -5.44),
  ('بيضاء', 4.39, 0, 0, 0, 0),
  ('تاكد', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('تاكيد', 7.54, 7.34, -3.19, -1.27, -2.89),
  ('تثبيت', 0, -1.78, -1.27, 5.45, -2.4),
  ('تحت', -1.47, 0, 0, 0, 0),
  ('تحقق', 7.54, 7.59, -3.23, -1.41, -2.95),
  ('تحميل', 0, -6.94, 1.1, 2.32, 3.52),
  ('تختفي', 4.39, 0, 0, 0, 0),
  ('تذكير', -6.92, 0, 0, 0, 0),
  ('ترجمة', 4.25, -2.54, -1.63, -2.31, 6.48),
  ('تسجيل', 6.16, -0.94, -1.76, -3.04, 5.75),
  ('تسلم', -8.61, 0, 0, 0, 0),
  ('تصدير', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('تطبيق', 3.74, -0.19, -0.58, -0.71, 1.48),
  ('تعليق', 0, -0.53, -1.62, -0.17, 2.32),
  ('تغيير', 1.97, 0, 0, 0, 0),
  ('تقبل', 2.64, 0, 0, 0, 0),
  ('تقويم', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('تم حل', -4.94, 0, 0, 0, 0),
  ('تمام', -4.57, -0.34, 3.17, -1.76, -1.07),
  ('تمرين', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('تمويل', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('توثيق', 2.67, 0, 0, 0, 0),
  ('توصيل', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('توقف', 4.39, 0, 0, 0, 0),
  ('توقيت', 0, -1.72, -2.42, 0.56, 3.58),
  ('جدول', 4.66, -0.42, -0.99, 4.96, -3.55),
  ('جديد', -2.12, 0, 0, 0, 0),
  ('جرب', -3.98, -1.27, -0.32, 1.95, -0.36),
  ('جربوا', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('جزيلا', -8.61, 0, 0, 0, 0),
  ('جملة', -2.43, 0, 0, 0, 0),
  ('جميع', -1.98, 0, 0, 0, 0),
  ('جميل', -6.25, 0, 0, 0, 0),
  ('جميلة', -6.25, 0, 0, 0, 0),
  ('حاجة', -1.09, 0, 0, 0, 0),
  ('حد', 1.24, 0.02, -3.46, 3.34, 0.11),
  ('حد يعرف', 2.51, 0, 0, 0, 0),
  ('حساب', 4.96, 7.05, -2.05, -1.08, -3.92),
  ('حسابي', 7.35, 8.99, -2.59, -2.46, -3.94),
  ('حظر', 0, 5.36, -1.72, -2.69, -0.96),
  ('حظري', 0, 5.36, -1.72, -2.69, -0.96),
  ('حل', 0, -0.42, -0.31, 1.59, -0.86),
  ('حلو', -6.25, 0, 0, 0, 0),
  ('حليت', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('حمد', -1.41, 0, 0, 0, 0),
  ('خادم', 3.48, -3.02, 7.33, 1.14, -5.45),
  ('خانة', 2.64, 0, 0, 0, 0),
  ('خصم', 3.33, -1.35, -3.69, -3.64, 8.67),
  ('خطا', -6.7, -1.62, 3.97, -0.89, -1.46),
  ('خطة', 0, -0.82, -3.43, 3.75, 0.5),
  ('خطوة', 4.05, -4.21, -0.42, 10, -5.38),
  ('دالة', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('دايما', 0, 2.87, -0.74, 0.55, -2.68),
  ('دخول', -1.57, 7.84, -0.72, -3.17, -3.95),
  ('درس', 4.64, -2.42, -1.78, -2.53, 6.74),
  ('دعم', -1.56, 0, 0, 0, 0),
  ('دعوة', 4.28, 9.37, -2.99, -3.43, -2.96),
  ('دفع', 1.38, -1, -3.48, -3.44, 7.93),
  ('دفعت', 3.04, -1, -3.48, -3.44, 7.93),
  ('دقايق', -2.11, 0, 0, 0, 0),
  ('دنيا', -1.82, 0, 0, 0, 0),
  ('دورة', 2.24, -2.27, -1.59, -2.71, 6.57),
  ('رابط', 2.53, -1.28, -1.8, 0.47, 2.61),
  ('رايع', -6.25, 0, 0, 0, 0),
  ('رايعة', -6.25, 0, 0, 0, 0),
  ('ربط', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('رجاء', 7.19, 0, 0, 0, 0),
  ('رسالة', 1.39, -1.03, -0.23, 0.43, 0.84),
  ('رسايل', 1.23, 0, 0, 0, 0),
  ('رفع', 0, -6.89, 1.22, 2.56, 3.11),
  ('رمز', 1.18, 0, 0, 0, 0),
  ('رمز تحقق', 7.54, 0, 0, 0, 0),
  ('زبطت', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('زر', 3.23, -0.89, -1.78, 0.76, 1.91),
  ('ساعة', 1.88, 0, 0, 0, 0),
  ('ساعدوني', 3.42, 0, 0, 0, 0),
  ('سعر', 3.04, -1, -3.48, -3.44, 7.93),
  ('سعيد', -9.66, 0, 0, 0, 0),
  ('سلام', -2.07, 0, 0, 0, 0),
  ('سير عمل', 4.05, 0, 0, 0, 0),
  ('سيرفر', 3.51, -3.04, 7.89, 0.66, -5.51),
  ('شغال', -1.61, 0, 0, 0, 0),
  ('شكرا', -9.5, 0, 0, 0, 0),
  ('شنو', 0, -0.76, 1.38, -0.14, -0.48),
  ('شهادة', 4.78, -2.42, -1.63, -2.73, 6.77),
  ('شوف', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('شي', 2.01, -0.34, -0.16, -0.48, 0.98),
  ('شي $', 1.61, 0, 0, 0, 0),
  ('شيء', 0, 0.87, -0.59, 1.25, -1.54),
  ('صباح', -3.42, 0, 0, 0, 0),
  ('صبح', -1.41, 0, 0, 0, 0),
  ('صف', 1.45, 0, 0, 0, 0),
  ('صفحة', 2.98, -0.73, -1.43, -0.15, 2.3),
  ('صلاحيات', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('صلاحية', 4.58, 9.43, -3.02, -3.46, -2.96),
  ('صوت', 2.28, -2.4, -1.6, -2.68, 6.68),
  ('صور', 1.66, -7.02, 1.07, 2.98, 2.97),
  ('صورة', 2.91, 0, 0, 0, 0),
  ('صيانة', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('ضبط', 0, -1.78, -1.27, 5.45, -2.4),
  ('طريقة', 1.57, 0, 0, 0, 0),
  ('طلبات', -1.58, 0, 0, 0, 0),
  ('طلعت', 2.62, 0, 0, 0, 0),
  ('طويلة', -1.58, 0, 0, 0, 0),
  ('عامل', 2.85, 0, 0, 0, 0),
  ('عربية', 1.79, -0.22, 1.32, -0.49, -0.61),
  ('عرض', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('عضو', 2.28, 9.33, -2.98, -3.42, -2.94),
  ('عضوية', 3.92, 9.46, -2.98, -3.39, -3.08),
  ('عطل', -5.48, -1.97, 3.63, -0.68, -0.98),
  ('على', 4.85, -0.94, 0.54, 1.09, -0.69),
  ('عليه', 0, -0.6, -0.3, -0.35, 1.25),
  ('عن', -2.48, 0, 0, 0, 0),
  ('عندنا', 3.23, 2.02, -0.79, -1.62, 0.39),
  ('عندي', 4.32, 2.07, -0.84, -0.95, -0.28),
  ('غاء', 3.04, -1.09, -3.5, -3.5, 8.09),
  ('غدا', -6.92, 0, 0, 0, 0),
  ('غير', 1.46, 1.24, -1.04, 1.28, -1.48),
  ('فاتورة', 4.49, -1.32, -3.62, -2.56, 7.5),
  ('فارغ', 4.39, 0, 0, 0, 0),
  ('فارغة', 4.39, 0, 0, 0, 0),
  ('فاضي،', 1.76, 0, 0, 0, 0),
  ('فضلك', 7.19, 0, 0, 0, 0),
  ('فضلكم', 7.19, 0, 0, 0, 0),
  ('فعالية', 0, -1.72, -2.42, 0.56, 3.58),
  ('فقط،', -1.5, 0, 0, 0, 0),
  ('فواتير', 2.8, 0, 0, 0, 0),
  ('في', 4.62, 0.34, -0.14, 0.06, -0.26),
  ('في اجازة', -2.22, 0, 0, 0, 0),
  ('في طريقة', 1.57, 0, 0, 0, 0),
  ('فيديو', 4.38, -2.41, -1.62, -2.71, 6.75),
  ('فيكم', -1.4, 0, 0, 0, 0),
  ('فين', 7.61, 0.86, -0.63, 1.13, -1.35),
  ('فيه', 0, -0.2, 0.34, -0.81, 0.67),
  ('قاعدة', 3.48, -3, 7.69, 0.74, -5.43),
  ('قالب', 0, -1.78, -1.27, 5.45, -2.4),
  ('قبل', 0.94, 0.37, 0.09, -0.46, 0.01),
  ('قرض', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('كثيرة', 2.22, 0, 0, 0, 0),
  ('كل', 2.95, 3.25, -0.5, 0.95, -3.7),
  ('كلمة سر', -2.69, 0, 0, 0, 0),
  ('كلمة مرور', -2.69, 0, 0, 0, 0),
  ('كم', 0, -0.76, 1.38, -0.14, -0.48),
  ('كمان', 2.21, -0.11, -0.35, -0.49, 0.94),
  ('كنت', -2.11, 0, 0, 0, 0),
  ('كود', 11.02, 4.05, 4.25, -0.56, -7.73),
  ('كيف', 7.01, -0.85, 4.28, 1.22, -4.65),
  ('لا', 2.36, 0.85, -0.75, 0.47, -0.57),
  ('لا استطيع', 5.79, 0, 0, 0, 0),
  ('لا تظهر', 4.63, 0, 0, 0, 0),
  ('لا تعليق', -1.73, 0, 0, 0, 0),
  ('لا يصل', 4.63, 0, 0, 0, 0),
  ('لا يظهر', 4.63, 0, 0, 0, 0),
  ('لا يعمل', 4.63, 0, 0, 0, 0),
  ('لازم', 0, -0.33, -0.26, 1.02, -0.42),
  ('لدي', 2.73, 2.12, -0.61, -1.51, 0),
  ('لديكم', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('لدينا', 2.73, 2.12, -0.61, -1.51, 0),
  ('لسه', -2.8, 0, 0, 0, 0),
  ('لقاء', -3.01, -3.86, -2.96, -0.36, 7.18),
  ('لكم', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('لم', 3.32, 0, 0, 0, 0),
  ('لما', 1.49, -0.01, 0.73, -0.43, -0.3),
  ('لماذا', 0, -0.84, 3.12, -2.48, 0.21),
  ('لن', 3.32, 0, 0, 0, 0),
  ('له', -1.78, 0, 0, 0, 0),
  ('له $', -1.36, 0, 0, 0, 0),
  ('له،', -1.68, 0, 0, 0, 0),
  ('لو', -2.52, 0, 0, 0, 0),
  ('لو سمحتم', 7.19, 0, 0, 0, 0),
  ('لي', 0, -0.78, 0.67, -0.5, 0.61),
  ('ليت', 4.24, 0, 0, 0, 0),
  ('ليس', 3.32, 0, 0, 0, 0),
  ('ليست', 3.32, 0, 0, 0, 0),
  ('ليش', 0, -0.73, 3.05, -2.5, 0.17),
  ('ليه', 0, -1.08, 3.67, -2.65, 0.07),
  ('ما', 4.51, 0.93, 0.57, -0.88, -0.61),
  ('ما يشتغل', 4.63, 0, 0, 0, 0),
  ('ماذا', 0, -0.76, 1.38, -0.14, -0.48),
  ('مافي', 3.32, 0, 0, 0, 0),
  ('مبارك', -6.25, 0, 0, 0, 0),
  ('مبروك', -6.25, 0, 0, 0, 0),
  ('مبلغ', 3.04, -1, -3.48, -3.44, 7.93),
  ('متغير', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('متى', 5.3, 0, 0, 0, 0),
  ('مجانا', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('مجانية', 0, -0.82, -3.43, 3.75, 0.5),
  ('مجموعة', 4.96, 8.63, -3.12, -3.57, -1.94),
  ('محظور', 0, 5.36, -1.72, -2.69, -0.96),
  ('مراجعة', 2.95, 0, 0, 0, 0),
  ('مرحبا', -4.13, 0, 0, 0, 0),
  ('مرفق', 0, -6.89, 1.22, 2.56, 3.11),
  ('مزامنة', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('مساء', -4.16, 0, 0, 0, 0),
  ('مساعد', 3.2, -0.43, -1.17, 5.08, -3.48),
  ('مساعدة', 2.51, 0, 0, 0, 0),
  ('مش', 4.13, 1.07, -0.48, -0.57, -0.03),
  ('مش شغال', 4.63, 0, 0, 0, 0),
  ('مشاكل', -1.38, 0, 0, 0, 0),
  ('مشروع', -1.64, 0, 0, 0, 0),
  ('مشكلة', -6.11, -1.27, 3.22, -1.32, -0.63),
  ('مشكور', -8.61, 0, 0, 0, 0),
  ('مصفوفة', 3.48, -3.04, 7.78, 0.71, -5.45),
  ('مع', 2.8, -0.29, 0.37, 0.35, -0.42),
  ('معطل', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('معلق', 4.39, 0, 0, 0, 0),
  ('معي', -1.25, 0, 0, 0, 0),
  ('مغلق', 0, 5.36, -1.72, -2.69, -0.96),
  ('مقال', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('مكتوب', 2.61, -0.71, -0.34, -0.33, 1.38),
  ('مكرر', 4.39, 0, 0, 0, 0),
  ('ملف', 5.61, -1, -0.69, 1.73, -0.04),
  ('ممتاز', -6.25, 0, 0, 0, 0),
  ('ممتازة', -6.25, 0, 0, 0, 0),
  ('ممكن', 9.61, 0.28, -0.99, -0.78, 1.49),
  ('من', 2.36, 3.12, -0.99, 0.91, -3.04),
  ('منذ', 1.81, 2.86, -0.76, 0.46, -2.55),
  ('منشور', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('مو', 1.72, 0, 0, 0, 0),
  ('موعد', 0, -1.84, -2.43, 0.45, 3.83),
  ('موقوف', 0, 5.36, -1.72, -2.69, -0.96),
  ('ناقص', 5.34, 0, 0, 0, 0),
  ('نتمنى', 4.24, 0, 0, 0, 0),
  ('نحن', 2.73, 2.12, -0.61, -1.51, 0),
  ('نص مشاكل', -1.38, 0, 0, 0, 0),
  ('نصيحة', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('نطاق', 0, -1.78, -1.27, 5.45, -2.4),
  ('نفس', 3.05, 0.05, -0.37, -0.37, 0.69),
  ('نموذج', 2.17, -0.33, -0.86, 4.65, -3.46),
  ('هذا', -1.76, 0, 0, 0, 0),
  ('هل', 0, -0.85, 1.56, 0.35, -1.06),
  ('هل يمكن', 7.23, 0, 0, 0, 0),
  ('هل يوجد', 1.65, 0, 0, 0, 0),
  ('ههه', -3.37, 0, 0, 0, 0),
  ('هههه', -3.37, 0, 0, 0, 0),
  ('واتساب', 1.76, -0.8, -0.45, 0.57, 0.68),
  ('واحد', 1.82, 0, 0, 0, 0),
  ('والله', -1.66, 0, 0, 0, 0),
  ('وانا', 3.14, 0, 0, 0, 0),
  ('ورشة', -3.03, -2.02, -0.52, -0.81, 3.35),
  ('وش', 1.07, -0.37, 0.69, 0.44, -0.76),
  ('وصول', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('وظيفة', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('وكيل', 3.2, -0.35, -1.09, 5.05, -3.61),
  ('ولا', 2.7, 0.32, -0.38, -0.54, 0.6),
  ('وين', 9.89, 1.62, -1.19, 0.85, -1.27),
  ('يا', -1.63, 0, 0, 0, 0),
  ('ياليت', 4.24, 0, 0, 0, 0),
  ('يخلص', -1.52, 0, 0, 0, 0),
  ('يرجى', 7.19, 0, 0, 0, 0),
  ('يستاهل', -1.67, 0, 0, 0, 0),
  ('يطلع', 2.1, -0.35, 0.65, -0.62, 0.31),
  ('يعطيك', -8.61, 0, 0, 0, 0),
  ('يعلق', 4.39, 0, 0, 0, 0),
  ('يقول', 0, -0.45, -0.65, 0.77, 0.33),
  ('يمكن', 6.79, 0, 0, 0, 0),
  ('يمكنني', 7.23, 0, 0, 0, 0),
  ('يوجد', 1.73, -0.22, -0.16, 0.8, -0.43),
  ('يوم', -6.59, 1.01, -0.87, -0.59, 0.46),
  ('يوم $', 1.37, 0, 0, 0, 0),
  ('✅', -1.58, 0, 0, 0, 0),
  ('あり', 0, -0.2, -0.37, -0.18, 0.75),
  ('ありが', -8.88, 0, 0, 0, 0),
  ('ありま', 0, -0.2, -0.37, -0.18, 0.75),
  ('ある', -1.4, 0, 0, 0, 0),
  ('いた', -1.44, 0, 0, 0, 0),
  ('いつ', 0, -0.89, 1.2, -0.13, -0.18),
  ('いつも', 1.37, 2.85, -0.75, 0.54, -2.64),
  ('いて', -2.57, -0.44, 0.06, 0.09, 0.29),
  ('いです', 0, -0.38, 0.17, -0.13, 0.34),
  ('いの', 1.57, 0.49, -0.24, -0.19, -0.05),
  ('いので', 1.34, 0, 0, 0, 0),
  ('いま', -0.64, -0.48, 0.45, 0.7, -0.67),
  ('います', -1.49, -0.25, -0.23, 0.81, -0.33),
  ('いませ', 1.05, 0, 0, 0, 0),
  ('いん', 1.36, 0, 0, 0, 0),
  ('いんで', 1.05, 0, 0, 0, 0),
  ('うち', 1.63, 0, 0, 0, 0),
  ('うに', 0.74, 0, 0, 0, 0),
  ('えて', -0.76, 0, 0, 0, 0),
  ('えてい', -1.02, 0, 0, 0, 0),
  ('えま', 1.09, 0, 0, 0, 0),
  ('える', -1.78, 0, 0, 0, 0),
  ('おすす', -3.98, -1.29, -0.24, 1.73, -0.2),
  ('おはよ', -2.89, 0, 0, 0, 0),
  ('お知ら', -2.89, -2.03, -0.54, -0.82, 3.39),
  ('お願い', 7.24, 0, 0, 0, 0),
  ('かっ', -1.34, 0, 0, 0, 0),
  ('かった', -0.93, 0, 0, 0, 0),
  ('から', 1.36, 2.98, -0.59, 0.27, -2.66),
  ('が全', 1.14, 0, 0, 0, 0),
  ('が出', -0.87, 0, 0, 0, 0),
  ('が空', 3.4, 0, 0, 0, 0),
  ('きま', -0.41, 0.19, -0.55, 0.59, -0.23),
  ('きまし', -0.87, 0, 0, 0, 0),
  ('きます', -0.9, 0, 0, 0, 0),
  ('きませ', 0, 0.45, -0.28, 0.15, -0.32),
  ('くだ', -1.32, 0, 0, 0, 0),
  ('くだ くださ', 7.19, 0, 0, 0, 0),
  ('くださ', -1.11, 0, 0, 0, 0),
  ('くださ ださ', 7.19, 0, 0, 0, 0),
  ('くな', -1.29, 0, 0, 0, 0),
  ('くない', -1.1, 0, 0, 0, 0),
  ('けど', 1.04, 0, 0, 0, 0),
  ('こんに', -2.89, 0, 0, 0, 0),
  ('ござ', -1.03, 0, 0, 0, 0),
  ('ござい', -1.03, 0, 0, 0, 0),
  ('さい', -0.91, 0, 0, 0, 0),
  ('され', 1.86, 0, 0, 0, 0),
  ('されて', 1.05, 0, 0, 0, 0),
  ('ざい', -1.03, 0, 0, 0, 0),
  ('ざいま', -1.03, 0, 0, 0, 0),
  ('しく', -0.93, 0, 0, 0, 0),
  ('した', -0.63, 1.04, -0.49, -0.59, 0.04),
  ('して', 1.41, 0, 0, 0, 0),
  ('してい', -1.03, 0, 0, 0, 0),
  ('しても', 1.67, 0, 0, 0, 0),
  ('しま', 0.87, 0, 0, 0, 0),
  ('しまい', 1.3, -0.05, 0.1, 0.4, -0.45),
  ('しまし', -1.57, 0, 0, 0, 0),
  ('します', -0.62, 0, 0, 0, 0),
  ('しませ', 1.23, 0, 0, 0, 0),
  ('じで', 1.69, 0, 0, 0, 0),
  ('じです', 2.28, 0, 0, 0, 0),
  ('じゃ', -0.88, 0, 0, 0, 0),
  ('じゃな', -1.03, 0, 0, 0, 0),
  ('すか', -1, -0.61, -0.23, 0.87, -0.03),
  ('すが', 1.74, 0.24, -0.26, -0.35, 0.38),
  ('すごい', -6.36, 0, 0, 0, 0),
  ('する', 0.64, -0.35, 1.02, -0.49, -0.18),
  ('すると', 1.38, -0.24, 0.8, -0.46, -0.1),
  ('ずに', 3.32, 0, 0, 0, 0),
  ('せん', 1.88, 0.57, -0.35, -0.11, -0.12),
  ('その', -2.88, 0, 0, 0, 0),
  ('そのま', -2.11, 0, 0, 0, 0),
  ('それ', -1.1, 0, 0, 0, 0),
  ('たいで', 4.49, -0.94, 0.24, 0.73, -0.03),
  ('たいの', 0.93, 0, 0, 0, 0),
  ('たの', 1.17, 0.65, -0.15, -0.3, -0.21),
  ('たら', -1.28, 0, 0, 0, 0),
  ('だけ', -0.65, 0.34, 0.33, -0.17, -0.5),
  ('だけで', -0.91, 0, 0, 0, 0),
  ('ださ', -1.11, 0, 0, 0, 0),
  ('ださ ださい', 7.19, 0, 0, 0, 0),
  ('ださい', -0.72, 0, 0, 0, 0),
  ('ださい さい', 7.19, 0, 0, 0, 0),
  ('だと', 1.22, 0, 0, 0, 0),
  ('った', -0.4, 0.46, -0.41, 0.47, -0.52),
  ('って', 0.6, 0.41, -0.23, -0.44, 0.25),
  ('てあ', 1.19, -0.22, -0.16, -0.42, 0.8),
  ('てあり', 1.12, -0.3, -0.15, -0.39, 0.83),
  ('てい', -0.94, 0.21, 0.64, -0.29, -0.56),
  ('ていま', 0, 0.01, 0.44, -0.09, -0.37),
  ('てし', 1.19, 0, 0, 0, 0),
  ('てしま', 1.19, 0, 0, 0, 0),
  ('てま', 0.69, 0, 0, 0, 0),
  ('ても', 0.84, -0.11, -0.43, 0.42, 0.12),
  ('てる', 0.77, 0, 0, 0, 0),
  ('でき', 0, 0.4, -0.5, 0.1, 0),
  ('できな', 4.77, 1.86, -0.84, -0.8, -0.21),
  ('できま', 2.04, 0.42, 1.84, -2.05, -0.22),
  ('でし', 0.75, 0, 0, 0, 0),
  ('でした', 0.58, 0, 0, 0, 0),
  ('でしょ', 7.49, 0.88, -0.83, -0.74, 0.69),
  ('です', -0.81, 0.17, -0.25, 0.35, -0.27),
  ('ですか', -0.66, 0, 0, 0, 0),
  ('ですが', 1.69, 0, 0, 0, 0),
  ('ではな', -1.2, 0, 0, 0, 0),
  ('でも', -1.55, 0, 0, 0, 0),
  ('と出', -1.06, 0, 0, 0, 0),
  ('どうし', 0, -0.76, 3.1, -2.52, 0.18),
  ('どうす', 4.97, -0.75, 3.54, 1.38, -4.17),
  ('どうや', 5.06, -0.89, 3.6, 1.44, -4.15),
  ('どこ', 8.83, 1.14, -1, 1.46, -1.61),
  ('どの', -1.84, -0.84, 1.3, 0.09, -0.56),
  ('どれ', 0, -0.76, 1.38, -0.14, -0.48),
  ('ない', 2.2, 0.96, -0.12, -1.18, 0.34),
  ('なおり', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('なく', 1.98, 1.06, -0.3, -1.04, 0.28),
  ('なぜ', 0, -0.9, 3.22, -2.51, 0.19),
  ('なっ', 1.31, 0, 0, 0, 0),
  ('なって', 1.14, 0, 0, 0, 0),
  ('なの', 1.38, -0.19, 0.55, -0.08, -0.27),
  ('なのに', 1.44, 0, 0, 0, 0),
  ('なんで', 0, -0.85, 3.15, -2.5, 0.2),
  ('にし', 0.73, 0, 0, 0, 0),
  ('にな', 2.45, 0, 0, 0, 0),
  ('になっ', 1.21, 0, 0, 0, 0),
  ('には', 0.74, 0.29, 0.4, -0.37, -0.33),
  ('ので', 1.63, 0.73, -0.28, -0.19, -0.26),
  ('のです', 0, 0.49, -0.09, -0.39, -0.01),
  ('のに', 1.67, -0.29, 0.56, 0.2, -0.48),
  ('のま', 1.46, 0, 0, 0, 0),
  ('のまま', 1.46, 0, 0, 0, 0),
  ('のリ', 1.76, 0, 0, 0, 0),
  ('はじめ', -3.14, 0, 0, 0, 0),
  ('はな', -1.07, 0, 0, 0, 0),
  ('はなく', -1.2, 0, 0, 0, 0),
  ('ほしい', 4.56, 0, 0, 0, 0),
  ('ほど', -1.72, 0, 0, 0, 0),
  ('まい', 1.3, -0.05, 0.1, 0.4, -0.45),
  ('まいま', 1.14, -0.21, 0.15, 0.46, -0.4),
  ('まし', -2.9, 0.6, -0.04, -0.51, -0.05),
  ('ました', -2.68, 0.6, -0.04, -0.51, -0.05),
  ('ます', 0, -0.32, -0.03, 0.27, 0.09),
  ('ますか', 6.89, 0.06, -0.95, -0.19, 1.09),
  ('ませ', 2.12, 0.89, -0.42, -0.21, -0.26),
  ('ません', 5.19, 1.44, -0.58, -1.07, 0.21),
  ('まだ', 1.32, 0, 0, 0, 0),
  ('まで', 2.33, -0.04, -0.24, 0.61, -0.33),
  ('まま', 1.46, 0, 0, 0, 0),
  ('みてく', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('みなさ', -10.3, 0, 0, 0, 0),
  ('めて', -2.06, 0, 0, 0, 0),
  ('も同', 1.57, 0, 0, 0, 0),
  ('も同じ', 1.57, 0, 0, 0, 0),
  ('ゃな', -1.03, 0, 0, 0, 0),
  ('ように', 0.74, 0, 0, 0, 0),
  ('よかっ', -6.56, 0, 0, 0, 0),
  ('よく', -1.25, 0, 0, 0, 0),
  ('よろし', -3.12, 0, 0, 0, 0),
  ('りま', 0, 0.06, -0.16, -0.56, 0.66),
  ('りまし', -0.79, 0, 0, 0, 0),
  ('ります', 1.92, 0.12, 0.17, -0.57, 0.29),
  ('ると', 0, -0.38, 1.13, -0.56, -0.19),
  ('るの', 0, -0.4, 0.51, 0.34, -0.46),
  ('るのに', -0.88, 0, 0, 0, 0),
  ('るよ', 0.98, 0, 0, 0, 0),
  ('るよう', 0.98, 0, 0, 0, 0),
  ('るんで', 1.17, 0, 0, 0, 0),
  ('れて', 1.66, 0, 0, 0, 0),
  ('れてい', 0.75, 0, 0, 0, 0),
  ('れな', -0.93, 0, 0, 0, 0),
  ('れま', 0.61, 0, 0, 0, 0),
  ('れませ', 4.85, 1.49, -0.86, -0.62, 0),
  ('れる', 1.02, 0, 0, 0, 0),
  ('わか', -1.08, 0, 0, 0, 0),
  ('をお', -1.54, 0, 0, 0, 0),
  ('を押', 0.98, 0, 0, 0, 0),
  ('んで', 1.69, 0.12, -0.01, 0.49, -0.6),
  ('んです', 2.26, 0, 0, 0, 0),
  ('アカウ', 4.15, 6.5, -2.06, -0.61, -3.84),
  ('アップ', 0, -6.89, 1.22, 2.56, 3.11),
  ('アプ', 1.36, 0, 0, 0, 0),
  ('アプリ', 1.36, 0, 0, 0, 0),
  ('イベン', 0, -1.76, -2.45, 0.51, 3.71),
  ('イン', 0, 0.78, -0.24, -0.24, -0.3),
  ('インス', 0, -1.78, -1.27, 5.45, -2.4),
  ('インポ', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('エクス', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('エラー', -6.13, -1.67, 3.54, -1.06, -0.81),
  ('エージ', 3.7, -0.43, -0.88, 4.97, -3.66),
  ('カレン', 3.15, -0.34, -1.11, 4.97, -3.52),
  ('クエリ', 3.48, -3.07, 7.7, 0.81, -5.44),
  ('グイ', 0, 0.69, -0.2, -0.21, -0.27),
  ('グイン', 0, 0.69, -0.2, -0.21, -0.27),
  ('グルー', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('コツ', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('コー', 0.74, 0.39, -0.43, -0.07, 0.11),
  ('コード', 11.58, 4.66, 3.98, -0.47, -8.16),
  ('サイン', 0, 7.26, -0.62, -3.1, -3.54),
  ('サーバ', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('シート', 3.51, -0.37, -1.13, 5.06, -3.56),
  ('ステッ', 4.05, -4.21, -0.42, 10, -5.38),
  ('ダウン', 0, -6.89, 1.22, 2.56, 3.11),
  ('テンプ', 0, -1.81, -1.29, 5.55, -2.45),
  ('データ', 3.48, -3.05, 7.46, 1.05, -5.45),
  ('トが', 1.03, -0.27, 0.29, 0.46, -0.48),
  ('トを', 1.13, 0, 0, 0, 0),
  ('バグ', -5.27, -1.43, 3.93, -0.94, -1.56),
  ('バー', -1.21, 0, 0, 0, 0),
  ('パスワ', -2.84, 4.83, -1.79, -1.77, -1.27),
  ('ファイ', 0, -6.91, 1.21, 2.55, 3.15),
  ('フォー', 3.2, -0.44, -1.17, 4.98, -3.36),
  ('ブラ', -1.28, 0, 0, 0, 0),
  ('プラグ', 0, -1.78, -1.27, 5.45, -2.4),
  ('プラン', 0, -0.73, -3.45, 3.71, 0.47),
  ('プリ', 1.36, 0, 0, 0, 0),
  ('ページ', 2.98, -0.65, -1.88, -0.13, 2.66),
  ('メアド', 3.97, 6.39, -1.94, -0.74, -3.7),
  ('メー', 0.98, 0, 0, 0, 0),
  ('メール', 0.91, 0, 0, 0, 0),
  ('ライ', 1.26, 0, 0, 0, 0),
  ('リマイ', -6.92, 0, 0, 0, 0),
  ('リリー', -2.39, -2.04, -0.43, -0.86, 3.33),
  ('リンク', 2.65, -0.6, -1.82, -0.24, 2.65),
  ('レッス', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('ログ', 0, 0.67, -0.11, -0.25, -0.31),
  ('ログイ', 0.81, 7.95, -0.82, -3.31, -3.81),
  ('ワーク', 4.39, -4.24, -0.47, 10.15, -5.44),
  ('ード', 0, 0.48, -0.11, -0.35, -0.02),
  ('ール', 1.64, 0.64, 0.13, -0.28, -0.49),
  ('一个', 2.19, -0.41, -0.02, 0.49, -0.06),
  ('一人', -0.97, 0, 0, 0, 0),
  ('一番', -1.04, 0, 0, 0, 0),
  ('一直', 3.4, 2.73, -0.79, 0.9, -2.84),
  ('上传', 2.22, -6.92, 1.11, 2.79, 3.02),
  ('上线', -2.6, -2.02, -0.45, -0.85, 3.33),
  ('上限', 1.61, -0.76, -3.48, 3.87, 0.38),
  ('下午', 1.76, 0, 0, 0, 0),
  ('下载', 3.41, -6.91, 1.14, 2.4, 3.38),
  ('不上', 2.34, 0, 0, 0, 0),
  ('不了', 5.04, 0.94, -0.28, -1.06, 0.4),
  ('不会', 1.06, 0, 0, 0, 0),
  ('不具合', -5.28, -1.64, 3.71, -0.78, -1.29),
  ('不到', 4.14, 0.95, -0.25, -0.81, 0.11),
  ('不能', 4.67, 0.61, -0.4, -0.97, 0.76),
  ('不行', 3.77, 0.79, -0.04, -1.06, 0.31),
  ('不错', -6.25, 0, 0, 0, 0),
  ('个月', -1.11, 0, 0, 0, 0),
  ('为什么', 0, -0.84, 3.12, -2.48, 0.21),
  ('为啥', 0, -0.85, 3.17, -2.51, 0.2),
  ('么时', 1.68, 0, 0, 0, 0),
  ('么时候', 1.68, 0, 0, 0, 0),
  ('之后', 0, 0.09, -0.12, 0.5, -0.48),
  ('也不', 1.24, 0, 0, 0, 0),
  ('也是', 6.86, -0.34, -0.4, -0.51, 1.25),
  ('也没', 0.9, 0, 0, 0, 0),
  ('乱码', 4.39, 0, 0, 0, 0),
  ('了一', -2.3, 0, 0, 0, 0),
  ('了吗', 1.63, 0, 0, 0, 0),
  ('了吧', -1.12, 0, 0, 0, 0),
  ('予定', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('二天', -1.99, 0, 0, 0, 0),
  ('什么', -1.33, -1.4, 4.26, -2.67, -0.18),
  ('什么时', 1.68, 0, 0, 0, 0),
  ('今夜', -6.92, 0, 0, 0, 0),
  ('今天', 0, 2.86, -0.72, 0.54, -2.68),
  ('今日', -7.3, 0, 0, 0, 0),
  ('今晚', -6.92, 0, 0, 0, 0),
  ('今朝', 0, 2.95, -0.75, 0.53, -2.72),
  ('付款', 3.04, -1, -3.48, -3.44, 7.93),
  ('代码', 3.9, -3.08, 7.67, 0.91, -5.5),
  ('以为', -1.37, 0, 0, 0, 0),
  ('以前', -1.14, 0, 0, 0, 0),
  ('价格', 3.04, -1, -3.48, -3.44, 7.93),
  ('任务', 1.86, 0, 0, 0, 0),
  ('优惠', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('会员', 5.89, 9.76, -3.05, -3.47, -3.24),
  ('会員', 3.88, 9.32, -2.99, -3.39, -2.94),
  ('会议', 0, -1.72, -2.42, 0.56, 3.58),
  ('何か', -1.39, -0.78, 1.47, -0.19, -0.5),
  ('何も', 1.49, 0, 0, 0, 0),
  ('作业', 5.01, -2.4, -1.48, -2.7, 6.58),
  ('你们', -10.05, 1.75, -1.1, -1.32, 0.66),
  ('你好', -2.89, 0, 0, 0, 0),
  ('你的', -8.81, 1.7, -1.07, -1.27, 0.64),
  ('保存', 0.79, -0.43, -0.01, 1.01, -0.57),
  ('修了証', 4.25, -2.41, -1.6, -2.7, 6.71),
  ('修好', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('個人', -2.82, 0, 0, 0, 0),
  ('僕の', 2.73, 2.12, -0.61, -1.51, 0),
  ('免费', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('免费版', 0, -0.82, -3.43, 3.75, 0.5),
  ('全部', 2.08, -0.13, 0.03, 0.59, -0.5),
  ('公告', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('公開', -2.88, -2.02, -0.52, -0.81, 3.35),
  ('兼职', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('写得', -1.64, 0, 0, 0, 0),
  ('冻结', 0, 5.36, -1.72, -2.69, -0.96),
  ('凍結', 0, 5.36, -1.72, -2.69, -0.96),
  ('几个', 0, -0.76, 1.43, -0.17, -0.49),
  ('出ない', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('出来', 1.78, 0, 0, 0, 0),
  ('出来な', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('出错', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('函数', 3.48, -3.01, 7.77, 0.7, -5.46),
  ('分で', -1.49, 0, 0, 0, 0),
  ('分钟', -1.33, 0, 0, 0, 0),
  ('刚加', -3.41, 0, 0, 0, 0),
  ('初めま', -2.89, 0, 0, 0, 0),
  ('到底是', 1.49, 0, 0, 0, 0),
  ('前で', 1.12, 0, 0, 0, 0),
  ('前端', 3.63, -3.03, 7.72, 0.77, -5.46),
  ('加入', 3.92, 9.35, -2.99, -3.39, -2.96),
  ('助かり', -8.55, 0, 0, 0, 0),
  ('助け', 2.31, 0, 0, 0, 0),
  ('助けて', 2.43, 0, 0, 0, 0),
  ('動か', -1.75, 0, 0, 0, 0),
  ('動かな', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('動画', 5.15, -2.57, -1.7, -2.78, 7.05),
  ('募集', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('卡住', 4.39, 0, 0, 0, 0),
  ('卡在', 5.56, -0.28, -0.82, 0.72, 0.39),
  ('厉害', -6.25, 0, 0, 0, 0),
  ('原因は', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('参加し', -3.41, 0, 0, 0, 0),
  ('参加で', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('参数', 1.21, 0, 0, 0, 0),
  ('发布', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('发票', 3.67, -1.16, -3.61, -3.08, 7.85),
  ('取消', 3.04, -1.04, -3.5, -3.47, 8),
  ('变慢', 4.39, 0, 0, 0, 0),
  ('变量', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('只有', 3.17, 0, 0, 0, 0),
  ('可以', 8.87, 0.41, -1, -0.36, 0.96),
  ('可以试', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('可是', 1.3, 0, 0, 0, 0),
  ('各位', -2.1, 0, 0, 0, 0),
  ('同じ', 1.77, 0, 0, 0, 0),
  ('同じで', 1.62, 0, 0, 0, 0),
  ('同事', 1.81, 0, 0, 0, 0),
  ('同期', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('同步', 3.93, -2.35, -4.31, 7.7, -1.04),
  ('后端', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('哈哈', -4.31, 0, 0, 0, 0),
  ('哈哈哈', -3.37, 0, 0, 0, 0),
  ('哪个', -1.9, -0.91, 1.18, 0.48, -0.75),
  ('哪儿', 7.61, 1.09, -1.19, 1.3, -1.2),
  ('哪里', 8.09, 1.55, -1.32, 1.12, -1.35),
  ('問題', -3.01, 0, 0, 0, 0),
  ('喜欢', -6.25, 0, 0, 0, 0),
  ('器人', 2.22, 0, 0, 0, 0),
  ('困って', 2.66, 0, 0, 0, 0),
  ('固まっ', 4.39, 0, 0, 0, 0),
  ('在哪', 8.14, 1.44, -1.4, 1.37, -1.41),
  ('坏了', 1.21, 0, 0, 0, 0),
  ('域名', 0, -1.78, -1.27, 5.45, -2.4),
  ('報錯', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('変数', 3.23, -2.99, 7.58, 0.84, -5.43),
  ('多久', 0, -0.76, 1.38, -0.14, -0.48),
  ('多谢', -8.61, 0, 0, 0, 0),
  ('大家', -7.87, 0, 0, 0, 0),
  ('大家也', 2.66, 0, 0, 0, 0),
  ('大家好', -2.98, 0, 0, 0, 0),
  ('天了', 2.56, 0.91, -0.23, -0.46, -0.21),
  ('太棒', -6.25, 0, 0, 0, 0),
  ('失败', -5.89, -1.71, 3.86, -0.69, -1.46),
  ('套餐', 0, -0.82, -3.43, 3.75, 0.5),
  ('好了', -5.53, -0.31, 2.98, -1.66, -1.02),
  ('如何', 5.06, -0.89, 3.6, 1.44, -4.15),
  ('嬉しい', -6.25, 0, 0, 0, 0),
  ('字幕', 4.25, -2.38, -1.59, -2.67, 6.65),
  ('安装', 0, -1.78, -1.27, 5.45, -2.4),
  ('客服', -1.23, 0, 0, 0, 0),
  ('家也', 2.66, 0, 0, 0, 0),
  ('密码', -2.44, 5, -1.81, -1.74, -1.45),
  ('对接', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('导入', 3.93, -2.31, -4.27, 7.56, -0.97),
  ('导出', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('封号', 0, 5.36, -1.72, -2.69, -0.96),
  ('小さ', -1.21, 0, 0, 0, 0),
  ('就报', 1.69, 0, 0, 0, 0),
  ('就能', -1.44, 0, 0, 0, 0),
  ('就行', -2.2, 0, 0, 0, 0),
  ('届かな', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('崩溃', -5.84, -1.67, 3.91, -0.88, -1.36),
  ('工作流', 4.05, -4.21, -0.42, 10, -5.38),
  ('已经', -3.97, 0.01, 2.77, -1.87, -0.91),
  ('希望', 4.24, 0, 0, 0, 0),
  ('帐号', 3.97, 6.39, -1.94, -0.74, -3.7),
  ('帖子', 2.65, -0.53, -1.62, -0.17, 2.32),
  ('帮忙', 6.76, 0, 0, 0, 0),
  ('应用', 3.48, 0, 0, 0, 0),
  ('底是', 1.49, 0, 0, 0, 0),
  ('建议', 0, -2.05, -0.13, 1.95, 0.22),
  ('开心', -6.25, 0, 0, 0, 0),
  ('异常', -5.84, -1.68, 3.98, -0.92, -1.38),
  ('引き落', 3.04, -1.05, -3.51, -3.46, 8.02),
  ('录播', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('很多', -2.56, 0, 0, 0, 0),
  ('很棒', -6.25, 0, 0, 0, 0),
  ('循环', 2.7, -3, 7.63, 0.81, -5.44),
  ('怎么', 6.79, -0.6, 3.62, 1.6, -4.62),
  ('总是', 0, 2.85, -0.75, 0.54, -2.64),
  ('恭喜', -6.25, 0, 0, 0, 0),
  ('意思', -1.87, 0, 0, 0, 0),
  ('感謝', -9, 0, 0, 0, 0),
  ('感谢', -9.38, 0, 0, 0, 0),
  ('我们', 2.46, 2.36, -0.74, -1.72, 0.1),
  ('我写', -2.53, 0, 0, 0, 0),
  ('我妈', -1.96, 0, 0, 0, 0),
  ('我是', -3.85, 0, 0, 0, 0),
  ('我的', 2.72, 2.06, -0.15, -1.72, -0.19),
  ('手机', 4.33, 6.76, -1.89, -1.03, -3.84),
  ('打不开', 5.87, 1.94, -0.83, -0.79, -0.32),
  ('打开', 2.68, 0, 0, 0, 0),
  ('扣了', 3.41, -0.8, -3.5, -3.47, 7.78),
  ('扣费', 3.04, -1, -3.48, -3.44, 7.93),
  ('找不到', 4.38, 1.66, -0.77, -0.74, -0.15),
  ('投稿', 1.17, -0.55, -1.63, -0.18, 2.36),
  ('报名', 0, -1.72, -2.42, 0.56, 3.58),
  ('报错', -5.1, -4.72, 11.62, 0.02, -6.91),
  ('招待', 4.47, 9.6, -3.09, -3.46, -3.05),
  ('招聘', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('拜托', 7.19, 0, 0, 0, 0),
  ('拡張', 0, -1.84, -1.31, 5.64, -2.48),
  ('按钮', 1.57, 0, 0, 0, 0),
  ('掉了', 1.44, 0, 0, 0, 0),
  ('接口', 4.06, -3.01, 7.66, 0.77, -5.43),
  ('接続', 3.77, -2.33, -4.17, 7.46, -0.96),
  ('提醒', -6.92, 0, 0, 0, 0),
  ('插件', 0, -1.78, -1.27, 5.45, -2.4),
  ('搜索', 3.02, -0.61, -1.66, -0.29, 2.57),
  ('搞定', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('支付', -1.48, 0, 0, 0, 0),
  ('支払', 3.04, -0.68, -3.56, -3.55, 7.79),
  ('收不到', 4.63, 1.65, -0.77, -0.74, -0.14),
  ('故障', -6.26, -1.67, 3.91, -0.88, -1.36),
  ('救命', 2.51, 0, 0, 0, 0),
  ('教えて', 7.42, 0, 0, 0, 0),
  ('教材', 4.61, -2.3, -1.66, -2.75, 6.71),
  ('数据库', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('数组', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('文件', 3.8, -6.96, 1.21, 2.46, 3.28),
  ('文字化', 4.39, 0, 0, 0, 0),
  ('新人', -2.89, 0, 0, 0, 0),
  ('新来', -3.41, 0, 0, 0, 0),
  ('方法', 5.43, -0.89, 3.4, 1.81, -4.32),
  ('无法', 3.32, 0, 0, 0, 0),
  ('日の', -1.17, 0, 0, 0, 0),
  ('日历', 3.2, -0.28, -1.07, 4.8, -3.45),
  ('日程', 0, -1.72, -2.42, 0.56, 3.58),
  ('早上', -2.39, 0, 0, 0, 0),
  ('时候', 2.29, 0, 0, 0, 0),
  ('时区', 0, -1.78, -2.49, 0.86, 3.41),
  ('时间', 2.54, -1.79, -2.11, 0.46, 3.45),
  ('明天', -6.92, 0, 0, 0, 0),
  ('明日', -7.46, 0, 0, 0, 0),
  ('昨天', 0, 2.9, -0.73, 0.52, -2.69),
  ('昨日', 0, 3.27, -0.83, 0.42, -2.86),
  ('是不是', 2.02, 0, 0, 0, 0),
  ('是什', -1.58, 0, 0, 0, 0),
  ('是什么', -1.58, 0, 0, 0, 0),
  ('時刻', 0, -1.72, -2.42, 0.56, 3.58),
  ('時間', 2.71, -1.78, -2, 0.35, 3.44),
  ('智能体', 3.43, -0.36, -1.16, 5.06, -3.54),
  ('更新', -2.47, -1.75, -0.5, -0.94, 3.19),
  ('最高', -6.25, 0, 0, 0, 0),
  ('月の', -1.2, 0, 0, 0, 0),
  ('有人', 3, 0, 0, 0, 0),
  ('有没', 8.15, 0.94, -1.01, -0.3, 0.37),
  ('有谁', 2.51, 0, 0, 0, 0),
  ('服务器', 3.77, -3.01, 7.66, 0.77, -5.43),
  ('本地', 1.78, 0, 0, 0, 0),
  ('机器', 1.51, 0, 0, 0, 0),
  ('机器人', 4.71, -0.46, -1.3, 5.08, -3.32),
  ('权限', 3.24, 9.53, -3.06, -3.51, -2.96),
  ('来的', 1.27, 0, 0, 0, 0),
  ('检查', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('検索', 3.32, -0.67, -1.76, 0.05, 2.38),
  ('楽しか', -6.25, 0, 0, 0, 0),
  ('模型', 2.35, -0.35, -1.16, 5.04, -3.54),
  ('模板', 0, -1.78, -1.27, 5.45, -2.4),
  ('権限', 4.03, 9.48, -3.03, -3.44, -3),
  ('欲しい', 4.24, 0, 0, 0, 0),
  ('止まっ', 4.39, 0, 0, 0, 0),
  ('正则', 3.48, -3.07, 7.77, 0.77, -5.46),
  ('正規表', 3.48, -3.04, 7.8, 0.74, -5.5),
  ('步骤', 4.05, -4.21, -0.42, 10, -5.38),
  ('毎回', 0, 2.74, -0.52, 0.57, -2.8),
  ('每天', 1.81, 0, 0, 0, 0),
  ('每次', 0, 2.87, -0.74, 0.55, -2.68),
  ('求助', 7.13, 0, 0, 0, 0),
  ('求大', 7.19, 0, 0, 0, 0),
  ('没反', 4.39, 0, 0, 0, 0),
  ('没有', 5.88, 1.04, -0.72, -0.19, -0.12),
  ('没法', 3.32, 0, 0, 0, 0),
  ('治りま', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('活动', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('流程', 4.84, -3.92, -0.51, 9.9, -5.47),
  ('消え', 1.02, 0, 0, 0, 0),
  ('消えて', 4.39, 0, 0, 0, 0),
  ('消失', 4.39, 0, 0, 0, 0),
  ('添付', 0, -6.89, 1.22, 2.56, 3.11),
  ('無料', -4.17, 0.14, -1.06, 1.23, -0.3),
  ('無料プ', 0, -0.82, -3.43, 3.75, 0.5),
  ('版本', -2.01, 0, 0, 0, 0),
  ('用不了', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('用了', 1.7, 0, 0, 0, 0),
  ('用量', -1.53, 0, 0, 0, 0),
  ('申しま', -3.41, 0, 0, 0, 0),
  ('画面', 1.18, 0, 0, 0, 0),
  ('番号', 1.39, 0, 0, 0, 0),
  ('登不上', 4.63, 1.59, -0.76, -0.72, -0.12),
  ('登录', 0, 7.97, -0.82, -3.43, -3.72),
  ('登陆', 0, 7.26, -0.62, -3.1, -3.54),
  ('白屏', 4.39, 0, 0, 0, 0),
  ('的是', -1.77, 0, 0, 0, 0),
  ('的茶', -1.63, 0, 0, 0, 0),
  ('的问', -2.01, 0, 0, 0, 0),
  ('的问题', -2.01, 0, 0, 0, 0),
  ('皆さん', -10.59, 0, 0, 0, 0),
  ('直りま', -4.94, -0.31, 2.98, -1.66, -1.02),
  ('直播', 0, -2.08, -0.62, -0.96, 3.66),
  ('看了', -1.14, 0, 0, 0, 0),
  ('真っ白', 4.39, 0, 0, 0, 0),
  ('知道', -1.25, 0, 0, 0, 0),
  ('短信', 7.54, 7.27, -3.2, -1.28, -2.8),
  ('確認メ', 7.54, 7.23, -3.26, -1.02, -2.95),
  ('禁言', 0, 5.36, -1.72, -2.69, -0.96),
  ('私の', 2.59, 2.1, -0.62, -1.53, 0.05),
  ('稼げ', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('空白', 4.39, 0, 0, 0, 0),
  ('第二', -1.61, 0, 0, 0, 0),
  ('第二天', -1.99, 0, 0, 0, 0),
  ('素晴ら', -6.25, 0, 0, 0, 0),
  ('结果', 1.96, 0, 0, 0, 0),
  ('续费', 3.53, -0.79, -3.52, -3.51, 7.82),
  ('群组', 3.92, 9.24, -2.97, -3.36, -2.91),
  ('能不', 8.58, 0.26, -0.97, -0.55, 1.26),
  ('能不能', 1.36, 0, 0, 0, 0),
  ('能加', 4.24, 0, 0, 0, 0),
  ('能否', 7.23, 0, 0, 0, 0),
  ('自分', 0, 2.12, -0.61, -1.51, 0),
  ('自动', 0, -0.2, -0.29, 0.87, -0.37),
  ('自动化', 4.05, -4.21, -0.42, 10, -5.38),
  ('自動化', 4.05, -4.21, -0.42, 10, -5.38),
  ('自己', -1.7, 0, 0, 0, 0),
  ('节点', 5.62, -4.31, -0.6, 10.42, -5.51),
  ('落ち', 1.07, 0, 0, 0, 0),
  ('表单', 3.2, -0.36, -1.19, 5.12, -3.57),
  ('表格', 4.28, -0.49, -1.3, 5.34, -3.55),
  ('被封', 0, 5.36, -1.72, -2.69, -0.96),
  ('要在', 1.23, 0, 0, 0, 0),
  ('要是', 4.24, 0, 0, 0, 0),
  ('视频', 5.82, -2.45, -1.69, -2.78, 6.92),
  ('解决', -4.21, -0.38, 3.28, -1.8, -1.11),
  ('解決', -5.04, -0.29, 2.87, -1.46, -1.12),
  ('解約', 3.04, -1.05, -3.51, -3.46, 8.02),
  ('触发', 4.05, -4.21, -0.42, 10, -5.38),
  ('設定', 2.85, -1.09, -1.06, 5.06, -2.9),
  ('試して', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('認証', 7.09, 7.78, -3.34, -1.42, -3.02),
  ('読ん', 1.03, 0, 0, 0, 0),
  ('読んで', 1.03, 0, 0, 0, 0),
  ('誰か', 2.51, 0, 0, 0, 0),
  ('課題', 4.59, -2.5, -1.27, -2.85, 6.61),
  ('請問', 1.41, 0, 0, 0, 0),
  ('請求', 3.56, -1.07, -3.52, -3.36, 7.95),
  ('講座', 4.86, -2.44, -1.67, -2.64, 6.76),
  ('记得', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('设置', 0, -1.56, -1.31, 5.28, -2.41),
  ('设计', -1.62, 0, 0, 0, 0),
  ('证书', 4.25, -2.38, -1.63, -2.68, 6.69),
  ('评论', 2.82, -0.64, -1.61, -0.25, 2.49),
  ('试试', -3.98, -1.15, -0.15, 1.44, -0.14),
  ('请问', 7.28, 0, 0, 0, 0),
  ('课件', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('课程', 5.78, -2.05, -1.8, -2.7, 6.55),
  ('谢谢', -8.75, 0, 0, 0, 0),
  ('账号', 3.87, 6.65, -1.99, -0.93, -3.72),
  ('贷款', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('跟不', 1.47, 0, 0, 0, 0),
  ('跟不上', 1.47, 0, 0, 0, 0),
  ('跟着', 1.6, 0, 0, 0, 0),
  ('踢出', 0, 5.36, -1.72, -2.69, -0.96),
  ('转圈', 4.39, 0, 0, 0, 0),
  ('辛苦', -8.61, 0, 0, 0, 0),
  ('返金', 2.19, -1.04, -3.5, -3.46, 8),
  ('还是', 1.24, 3.01, -0.78, 0.83, -3.07),
  ('还能', 1.51, 0, 0, 0, 0),
  ('这次', -2.29, 0, 0, 0, 0),
  ('进不去', 4.63, 1.7, -0.78, -0.75, -0.17),
  ('进入', 0, 7.26, -0.62, -3.1, -3.54),
  ('连接', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('退款', 1.06, -1.07, -3.5, -3.45, 8.01),
  ('通知', 1.36, -0.48, -1.71, -0.31, 2.5),
  ('連携', 4.02, -2.41, -4.37, 7.84, -1.07),
  ('進め', -2.09, 0, 0, 0, 0),
  ('遅い', 4.39, 0, 0, 0, 0),
  ('邀请', 4.03, 9.41, -3, -3.42, -2.99),
  ('還是', 2.08, 0, 0, 0, 0),
  ('那个', -1.65, 0, 0, 0, 0),
  ('邮箱', 4.61, 6.51, -1.97, -0.8, -3.75),
  ('部署', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('郵件', 2.8, 0, 0, 0, 0),
  ('都是', 1.39, 0, 0, 0, 0),
  ('配列', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('配置', 0, -1.78, -1.27, 5.45, -2.4),
  ('重い', 4.39, 0, 0, 0, 0),
  ('重复', 4.39, 0, 0, 0, 0),
  ('重置', -2.69, 4.64, -1.75, -1.68, -1.21),
  ('链接', 2.34, -0.43, -1.64, -0.2, 2.26),
  ('错了', 1.62, 0, 0, 0, 0),
  ('错误', -6.93, -1.67, 3.91, -0.88, -1.36),
  ('開かな', 4.63, 1.58, -0.77, -0.73, -0.07),
  ('開く', 1.51, 0, 0, 0, 0),
  ('開催', -2.39, -2.02, -0.52, -0.81, 3.35),
  ('開始', 1.53, 0, 0, 0, 0),
  ('開発', -1.93, 0, 0, 0, 0),
  ('関数', 3.48, -2.99, 7.58, 0.84, -5.43),
  ('问题', -2.53, 0, 0, 0, 0),
  ('附件', 0, -6.89, 1.22, 2.56, 3.11),
  ('限制', 1.51, -0.87, -3.37, 3.84, 0.4),
  ('限定', -4.39, 0.18, -1.05, 1.24, -0.38),
  ('集合', -1.4, 0, 0, 0, 0),
  ('集成', 3.93, -2.31, -4.26, 7.51, -0.94),
  ('面白い', -6.25, 0, 0, 0, 0),
  ('音声', 4.39, -2.42, -1.62, -2.43, 6.48),
  ('音频', 4.25, -2.37, -1.58, -2.66, 6.6),
  ('領収書', 3.04, -1.09, -3.52, -3.5, 8.11),
  ('页面', 2.07, -0.53, -1.74, 0.1, 2.18),
  ('项目', 1.27, 0, 0, 0, 0),
  ('额度', 0, -0.86, -3.44, 3.89, 0.42),
  ('验证', 7.96, 7.63, -3.28, -1.41, -2.94),
  ('验证码', 7.54, 7.34, -3.19, -1.27, -2.89),
  ('麻烦', 7.95, 0, 0, 0, 0),
  ('🎉', -1.65, 0, 0, 0, 0),
  ('👆', 0, -0.18, 1.82, -0.55, -1.09),
  ('👉', -1.9, 0, 0, 0, 0),
  ('👍', -2.21, 0, 0, 0, 0),
  ('👏', -1.41, 0, 0, 0, 0),
  ('👶', 0, -1.49, -0.01, -0.14, 1.63),
  ('😂', -3.9, 0, 0, 0, 0),
  ('😄', -3.67, 0, 0, 0, 0),
  ('😅', -1.06, 0, 0, 0, 0),
  ('😩', 3.28, -0.67, -0.16, 0.06, 0.77),
  ('😭', 0, 0.58, -0.25, 0.07, -0.41),
  ('🙃', -1.1, 0, 0, 0, 0),
  ('🙈', 0, -0.82, -0.45, 1.47, -0.21),
  ('🙏', 0, 0.98, -0.19, 0.67, -1.47);
update public.triage_weights set shipped = array[issue, auth, code, tool, misc];

insert into private.triage_bins (bin, issues, texts) values
  (0, 1, 543),
  (1, 4, 193),
  (2, 11, 170),
  (3, 11, 138),
  (4, 19, 130),
  (5, 10, 84),
  (6, 12, 86),
  (7, 14, 74),
  (8, 8, 64),
  (9, 8, 46),
  (10, 11, 55),
  (11, 17, 66),
  (12, 9, 59),
  (13, 7, 40),
  (14, 15, 65),
  (15, 13, 63),
  (16, 7, 31),
  (17, 21, 46),
  (18, 16, 48),
  (19, 15, 45),
  (20, 29, 59),
  (21, 11, 36),
  (22, 25, 59),
  (23, 16, 39),
  (24, 27, 45),
  (25, 22, 36),
  (26, 19, 44),
  (27, 36, 55),
  (28, 27, 45),
  (29, 38, 47),
  (30, 27, 55),
  (31, 35, 59),
  (32, 31, 48),
  (33, 31, 46),
  (34, 35, 51),
  (35, 33, 43),
  (36, 52, 62),
  (37, 46, 55),
  (38, 56, 73),
  (39, 52, 66),
  (40, 71, 84),
  (41, 54, 67),
  (42, 72, 93),
  (43, 56, 64),
  (44, 84, 98),
  (45, 116, 122),
  (46, 123, 138),
  (47, 153, 161),
  (48, 203, 210),
  (49, 384, 386);

-- 20_tracker/20_triage/20_segment_rules.sql
-- The words by which triage classifies messages: each suggests a segment, and how likely a message is an
-- issue.

create table public.segment_rules (
  id uuid not null default gen_random_uuid(),
  words text not null,
  segment text not null,
  priority smallint not null,
  weight double precision not null default 0,
  is_enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint segment_rules_pkey primary key (id),
  constraint segment_rules_words_key unique (words),
  constraint segment_rules_words_are_short check (length(words) <= 100),
  constraint segment_rules_words_are_lower_case check (words = lower(words)),
  constraint segment_rules_words_can_be_matched
    check (words ~ '^\w+([-.''/+#&@:]+\w+)*( \w+([-.''/+#&@:]+\w+)*)*$'),
  constraint segment_rules_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint segment_rules_weight_is_a_share check (weight between 0 and 1)
);
comment on table public.segment_rules is
  'Triage rules, matched as whole words, case-insensitively. Team members read them, admins write them. '
  'Errors on write: tracker_segment_rule_invalid, key_change_forbidden (422).';
comment on column public.segment_rules.words is
  'One or more words: stored in lower case, separated by single spaces; case and whitespace of the '
  'text don''t matter.';
comment on column public.segment_rules.segment is 'auth, code, tool or misc.';
comment on column public.segment_rules.priority is
  'If several rules match a text, the segment of the lowest priority wins; of equal priorities, auth before '
  'code before tool before misc.';
comment on column public.segment_rules.weight is
  'How likely a message with these words, and no others, is an issue: 0 to 1.';
comment on column public.segment_rules.is_enabled is 'Whether the rule is used.';

create trigger _000_require_admin before insert or update or delete on public.segment_rules
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');

alter table public.segment_rules enable row level security;
create policy segment_rules_select_viewer on public.segment_rules
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy segment_rules_insert_admin on public.segment_rules
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy segment_rules_update_admin on public.segment_rules
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy segment_rules_delete_admin on public.segment_rules
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.segment_rules to authenticated;
grant insert (id, words, segment, priority, weight, is_enabled, created_at, updated_at)
  on public.segment_rules to authenticated;
grant update (id, words, segment, priority, weight, is_enabled, created_at, updated_at)
  on public.segment_rules to authenticated;
grant select, insert, update, delete on public.segment_rules to service_role;

-- 20_tracker/20_triage/22_segment_rule_values.sql
-- The values of a rule: normalized words, defaults for null, and a clear error for what can't be matched.

-- A typographic apostrophe, as phones insert it, becomes the one of keyboards.
create or replace function private.normalize_words(p_words text) returns text
language sql immutable security invoker set search_path = '' as $$
  select replace(
    lower(regexp_replace(
      private.non_blank(p_words),
      '[\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+', ' ', 'g'
    )),
    U&'\2019', ''''
  )
$$;
comment on function private.normalize_words is
  'Words as rules store them: trimmed, in lower case, separated by single spaces; null for blank text.';

create or replace function private.segment_rule_error(
  p_rule public.segment_rules, out o_detail text, out o_hint text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_rule.words is null then
    o_detail := 'words contains no word.';
    o_hint := 'Give one or more words.';
  elsif length(p_rule.words) > 100 then
    o_detail := format('words has %s characters, 100 are allowed.', length(p_rule.words));
    o_hint := 'Give fewer words; use several rules instead.';
  elsif p_rule.words !~ '^\w.*\w$|^\w$' then
    o_detail := format(
      'words %L does not begin and end with a letter, a digit or an underscore.', p_rule.words
    );
    o_hint := 'Leave out punctuation around the words: whole words match next to any punctuation.';
  elsif p_rule.words !~ '^[-\w .''/+#&@:]+$' then
    o_detail := format('words %L contains a character that can''t be matched.', p_rule.words);
    o_hint := 'Use only letters, digits, underscores, spaces and - . '' / + # & @ :';
  elsif p_rule.words ~ '( [^\w ]|[^\w ] )' then
    o_detail := format('words %L has punctuation next to a space.', p_rule.words);
    o_hint := 'Begin and end each word with a letter, a digit or an underscore.';
  elsif p_rule.segment is null or p_rule.segment not in ('auth', 'code', 'tool', 'misc') then
    o_detail := format('The rule %L has the segment %L.', p_rule.words, p_rule.segment);
    o_hint := 'Use one of: auth, code, tool, misc.';
  elsif p_rule.priority is null then
    o_detail := format('The rule %L has no priority.', p_rule.words);
    o_hint := 'Give a number; if several rules match, the segment of the lowest priority wins.';
  elsif p_rule.weight not between 0 and 1 then
    o_detail := format('The rule %L has the weight %s.', p_rule.words, p_rule.weight);
    o_hint := 'Give 0 to 1: how likely a message with these words is an issue.';
  end if;
end;
$$;
comment on function private.segment_rule_error is
  'Detail and hint of the error in a rule; nulls for a valid one.';

-- In an upsert of an existing rule, found by its id or its words, null becomes the stored value (see
-- complete_issue_upsert). Changes of rules are serialized, so that value stays current until the update runs.
create or replace function private.check_segment_rule() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.segment_rules := old;
  v_error record;
begin
  new.words := private.normalize_words(new.words);
  if tg_op = 'INSERT' then
    select * into v_stored
    from public.segment_rules as r
    where r.id = new.id or r.words = new.words
    order by (r.id = new.id) desc
    limit 1;
  end if;
  new.words := coalesce(new.words, v_stored.words);
  new.segment := coalesce(new.segment, v_stored.segment);
  new.priority := coalesce(new.priority, v_stored.priority);
  new.weight := coalesce(new.weight, v_stored.weight, 0);
  new.is_enabled := coalesce(new.is_enabled, v_stored.is_enabled, true);
  v_error := private.segment_rule_error(new);
  if v_error.o_detail is not null then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_rule_invalid',
      detail = v_error.o_detail, hint = v_error.o_hint;
  end if;
  return new;
end;
$$;
comment on function private.check_segment_rule is
  'Before trigger: normalizes the words, fills in what was left out or null, checks the rule. Errors: '
  'tracker_segment_rule_invalid (422).';

-- Locks before the first row is written, so that a session that waits holds no row locks.
create or replace function private.lock_segment_rules() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.segment_rules', 0));
  return null;
end;
$$;
comment on function private.lock_segment_rules is
  'Before-statement trigger: serializes changes of the rules.';

create trigger _010_lock_segment_rules before insert or update or delete or truncate on public.segment_rules
  for each statement execute function private.lock_segment_rules();
create trigger _050_reject_key_change before update on public.segment_rules
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_check_segment_rule before insert or update on public.segment_rules
  for each row execute function private.check_segment_rule();
create trigger _900_set_timestamps before insert or update on public.segment_rules
  for each row execute function private.set_timestamps();

-- 20_tracker/20_triage/24_segment_patterns.sql
-- The enabled rules as regular expressions, rebuilt with each change of the rules.

-- A single row: whoever changes the rules updates it, so that two transactions that read different rules
-- can't both commit their patterns.
create table private.segment_patterns (
  id boolean not null default true,
  segments text[] not null default '{}',
  patterns text[] not null default '{}',
  constraint segment_patterns_pkey primary key (id),
  constraint segment_patterns_is_one_row check (id),
  constraint segment_patterns_has_a_segment_each check (cardinality(segments) = cardinality(patterns))
);
comment on table private.segment_patterns is
  'The enabled rules as regular expressions, one per priority and segment, in the order in which they are '
  'tried. Written by a trigger of segment_rules.';

alter table private.segment_patterns enable row level security;
insert into private.segment_patterns default values;

-- Whitespace in a rule matches any whitespace, an apostrophe also the typographic one.
create or replace function private.words_pattern(p_words text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return replace(
    replace(
      regexp_replace(p_words, '([-./+#&@:])', '\\\1', 'g'),
      ' ', '[\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+'
    ),
    '''', '[''\u2019]'
  );
end;
$$;
comment on function private.words_pattern is
  'The words of a rule as a regular expression, without the word boundaries around it.';

-- A rule's words begin and end with a word character, so `(^|\W)…(\W|$)` matches the same as `\y…\y`. A
-- session compiles each pattern once, at a cost that grows faster than its length, and caches about 30: hence
-- the two limits. A pattern that can't be compiled fails here, not in each later import.
create or replace function private.rebuild_segment_patterns() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_segments text[];
  v_patterns text[];
  v_length bigint;
begin
  select coalesce(array_agg(p.segment order by p.priority, p.position), '{}'),
    coalesce(array_agg(p.pattern order by p.priority, p.position), '{}'), max(p.length)
  into v_segments, v_patterns, v_length
  from (
    select r.priority, r.segment, sum(length(r.words)) as length,
      array_position(array['auth', 'code', 'tool', 'misc'], r.segment) as position,
      '(^|\W)(' || string_agg(private.words_pattern(r.words), '|' order by r.words collate "C") || ')(\W|$)'
        as pattern
    from public.segment_rules as r
    where r.is_enabled
    group by r.priority, r.segment
  ) as p;
  if v_length > 2000 or cardinality(v_patterns) > 20 then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_rule_invalid',
      detail = case when v_length > 2000
        then format('The words of one priority and segment have %s characters, 2000 are allowed.', v_length)
        else format('There are %s pairs of priority and segment, 20 are allowed.', cardinality(v_patterns))
      end,
      hint = case when v_length > 2000 then 'Disable or delete some rules, or give some another priority.'
        else 'Give more rules the same priority.'
      end;
  end if;
  perform from unnest(v_patterns) as u (pattern) where '' ~* u.pattern;
  update private.segment_patterns as p set segments = v_segments, patterns = v_patterns
  where p.id and (p.segments, p.patterns) is distinct from (v_segments, v_patterns);
  return null;
end;
$$;
comment on function private.rebuild_segment_patterns is
  'After-statement trigger of segment_rules, the only writer of segment_patterns. Errors: '
  'tracker_segment_rule_invalid (422).';

create trigger _200_rebuild_segment_patterns
  after insert or update or delete or truncate on public.segment_rules
  for each statement execute function private.rebuild_segment_patterns();

-- 20_tracker/20_triage/28_score_segments.sql
-- How much the words of a text speak for each segment.

create type private.segment_scores as (
  auth double precision, code double precision, tool double precision, misc double precision
);
comment on type private.segment_scores is 'How much a text speaks for each segment.';

create or replace function private.score_segments(p_title text, p_body text) returns private.segment_scores
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := private.triage_words(p_title, p_body);
  v_scale constant double precision := 1 / sqrt(greatest(1, cardinality(v_words)));
  v_whole constant text[] := private.opinion_features(p_title, p_body) || '{(constant)}';
  v_cut constant text[] := array(select left(u.word, 7) from unnest(v_words) as u (word));
  v private.segment_scores;
begin
  select
    coalesce(sum(w.auth * f.factor), 0), coalesce(sum(w.code * f.factor), 0),
    coalesce(sum(w.tool * f.factor), 0), coalesce(sum(w.misc * f.factor), 0)
  into v.auth, v.code, v.tool, v.misc
  from public.triage_weights as w
  cross join lateral (
    select case when w.feature = any (v_whole) then 1 else v_scale end as factor
  ) as f
  where w.feature = any (v_cut || v_whole);
  return v;
end;
$$;
comment on function private.score_segments is
  'How much a text speaks for each segment: the sum of its words'' weights.';

-- 20_tracker/20_triage/30_determine_segment.sql
-- The segment of a text, by the team's rules, else by the words in it.

create or replace function private.segment_of_rules(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_rules private.segment_patterns;
  v_text text;
begin
  select * into v_rules from private.segment_patterns;
  if v_rules.patterns <> '{}' then
    -- The whole text is searched: a pattern takes some 7 ms per megabyte.
    v_text := concat_ws(' ', p_title, p_description);
    for v_number in 1..cardinality(v_rules.patterns) loop
      if v_text ~* v_rules.patterns[v_number] then
        return v_rules.segments[v_number];
      end if;
    end loop;
  end if;
  return null;
end;
$$;
comment on function private.segment_of_rules is
  'The segment of the matching rule with the lowest priority; null where none matches.';

create or replace function private.determine_segment(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_segment constant text := private.segment_of_rules(p_title, p_description);
  v private.segment_scores;
begin
  if v_segment is not null then
    return v_segment;
  end if;
  v := private.score_segments(p_title, p_description);
  return case greatest(v.auth, v.code, v.tool, v.misc)
    when v.misc then 'misc' when v.auth then 'auth' when v.code then 'code' when v.tool then 'tool'
    else 'misc'
  end;
end;
$$;
grant execute on function private.determine_segment to authenticated, service_role;

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.determine_segment(determine_segment.p_title, determine_segment.p_description);
end;
comment on function public.determine_segment is
  'The segment of a text: that of the matching enabled segment_rule with the lowest priority, else the one '
  'that its words weigh most for. Never null.';
grant execute on function public.determine_segment to authenticated, service_role;

-- 20_tracker/20_triage/40_issue_likelihood.sql
-- How likely a text is an issue, by what its words weigh and by the team's rules.

-- strpos is the fast filter: a pattern is only tried where the rule's first word occurs.
create or replace function private.find_segment_rules(p_title text, p_body text)
returns setof public.segment_rules
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := replace(
    lower(concat_ws(' ', left(p_title, 1000), left(p_body, 10000))), U&'\2019', ''''
  );
begin
  return query
  select r.*
  from public.segment_rules as r
  where r.is_enabled
    and strpos(v_text, split_part(r.words, ' ', 1)) > 0
    and v_text ~ ('(^|\W)' || private.words_pattern(r.words) || '(\W|$)');
end;
$$;
comment on function private.find_segment_rules is
  'The enabled rules that match the first 1,000 characters of the title or the first 10,000 of the body.';

-- Rounded, so that the result does not depend on the order of a sum when it is compared to a threshold.
create or replace function private.issue_likelihood(p_title text, p_body text) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_features text[];
  v_whole text[];
  v_logit double precision;
  v_weight double precision;
  v_complement double precision;
begin
  if coalesce(p_title, '') !~ '\S' and coalesce(p_body, '') !~ '\S' then
    return 0::double precision;
  end if;
  v_features := private.triage_features(p_title, p_body);
  v_whole := private.opinion_features(p_title, p_body) || '{(constant)}';
  select sum(w.issue) / sqrt(cardinality(v_features)) into v_logit
  from public.triage_weights as w
  where w.feature = any (v_features);
  v_logit := coalesce(v_logit, 0)
    + coalesce((select sum(t.issue) from public.triage_weights as t where t.feature = any (v_whole)), 0);
  v_complement := 1 / (1 + exp(greatest(-50, least(50, v_logit))));
  if (select s.patterns <> '{}' from private.segment_patterns as s) then
    for v_weight in
      select r.weight from private.find_segment_rules(p_title, p_body) as r
    loop
      v_complement := v_complement * (1 - v_weight);
    end loop;
  end if;
  return round((1 - v_complement)::numeric, 6)::double precision;
end;
$$;
comment on function private.issue_likelihood is
  'How likely a text is an issue, 0 to 1: by what its features weigh in triage_weights, and on top by 1 '
  'minus the product of (1 - weight) over the matching rules; 0 for a blank text.';

-- 20_tracker/20_triage/50_explain_triage.sql
-- What speaks for and against an issue in a text, and for its segment, for people who tune the triage.

create type private.triage_reason as (
  words text,
  segment text,
  weight double precision,
  priority smallint,
  reason text,
  issue double precision,
  auth double precision,
  code double precision,
  tool double precision,
  misc double precision
);
comment on type private.triage_reason is 'A rule that matches a text, or a feature that it has.';

create or replace function private.describe_feature(p_feature text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_feature = '(constant)' then 'every text'
    when p_feature = '(assist issue)' then 'the model considers it an issue'
    when p_feature = '(assist not)' then 'the model does not consider it an issue'
    when p_feature like '(assist %' then format('the model''s segment: %s', substr(p_feature, 9, 4))
    when p_feature = '(title)' then 'it has a title'
    when p_feature = '(no question)' then 'it has no question mark'
    when p_feature like '(length %' then 'its length'
    when p_feature like '^ %' then format('it begins with "%s"', substr(p_feature, 3))
    when p_feature like '% $' then format('it ends with "%s"', left(p_feature, -2))
    when p_feature like '^%' then format('"%s" is among its first words', substr(p_feature, 2))
    when p_feature like '% %' then format('"%s" next to each other', p_feature)
    else format('"%s" in it', p_feature)
  end;
end;
$$;
comment on function private.describe_feature is
  'A feature of a text as a sentence. A word that begins with an x stands for a kind, as xurl for a link.';

create or replace function private.load_triage_reasons(p_title text, p_body text)
returns setof private.triage_reason
language plpgsql stable security definer set search_path = '' as $$
declare
  v_features constant text[] := private.triage_features(p_title, p_body);
  v_whole constant text[] := private.opinion_features(p_title, p_body) || '{(constant)}';
  v_words constant text[] := array(
    select left(u.word, 7) from unnest(private.triage_words(p_title, p_body)) as u (word)
  );
  v_scale constant double precision := 1 / sqrt(greatest(1, cardinality(v_features)));
  v_word_scale constant double precision := 1 / sqrt(greatest(1, cardinality(v_words)));
begin
  return query
  select r.words, r.segment, r.weight, r.priority, format('a rule of the team: "%s"', r.words),
    null::double precision, null::double precision, null::double precision, null::double precision,
    null::double precision
  from private.find_segment_rules(p_title, p_body) as r;
  return query
  select w.feature, null::text, null::double precision, null::smallint, private.describe_feature(w.feature),
    w.issue * f.factor, w.auth * f.word_factor, w.code * f.word_factor, w.tool * f.word_factor,
    w.misc * f.word_factor
  from public.triage_weights as w
  cross join lateral (
    select case when w.feature = any (v_whole) then 1 when w.feature = any (v_features) then v_scale
        else 0 end as factor,
      case when w.feature = any (v_whole) then 1 when w.feature = any (v_words) then v_word_scale
        else 0 end as word_factor
  ) as f
  where w.feature = any (v_features || v_words || v_whole);
end;
$$;
comment on function private.load_triage_reasons is
  'What a text is judged by: the rules that match it, and the features that it has, with what each adds.';

create or replace function private.explain_triage(p_title text, p_body text)
returns setof private.triage_reason
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select r.* from private.load_triage_reasons(p_title, p_body) as r
  order by r.priority nulls last, r.weight desc, abs(r.issue) desc, r.words collate "C";
end;
$$;
grant execute on function private.explain_triage to authenticated, service_role;

create or replace function public.explain_triage(title text, body text)
returns table (
  words text, segment text, weight double precision, priority smallint, reason text, issue double precision,
  auth double precision, code double precision, tool double precision, misc double precision
)
language sql stable security invoker set search_path = ''
begin atomic
  select
    e.words, e.segment, e.weight, e.priority, e.reason, e.issue, e.auth, e.code, e.tool, e.misc
  from private.explain_triage(explain_triage.title, explain_triage.body) as e;
end;
comment on function public.explain_triage is
  'Why a text is judged as it is. First the rules of the team that match it, by priority; then what its '
  'words add, the strongest first: reason describes what, issue is what it adds to the logit of the '
  'likelihood, auth, code, tool and misc what it adds for each segment. The likelihood is 1 - (1 - model) '
  'times the product of (1 - weight) over the rules, where model is 1 / (1 + exp(-sum(issue))). Viewers. '
  'Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.explain_triage to authenticated, service_role;

-- 20_tracker/20_triage/60_segment_corrections.sql
-- Corrections by people: texts that the rules classified wrongly, as examples for better rules.

create table public.segment_corrections (
  id uuid not null default gen_random_uuid(),
  issue_id uuid,
  title text not null,
  description text not null,
  old_segment text not null,
  new_segment text not null,
  corrected_by text not null,
  corrected_by_user_id uuid,
  corrected_at timestamptz not null default clock_timestamp(),
  constraint segment_corrections_pkey primary key (id),
  constraint segment_corrections_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete set null,
  constraint segment_corrections_corrected_by_user_id_fkey foreign key (corrected_by_user_id)
    references auth.users (id) on delete set null,
  constraint segment_corrections_title_is_bounded check (length(title) <= 20000),
  constraint segment_corrections_description_is_bounded check (length(description) <= 20000),
  constraint segment_corrections_old_segment_differs check (old_segment <> new_segment)
);
comment on table public.segment_corrections is
  'One row for each change of an issue''s segment by a person. The team reads it; only a trigger writes it, '
  'and rows are never deleted.';
comment on column public.segment_corrections.issue_id is 'The issue; null after its deletion.';
comment on column public.segment_corrections.title is
  'The issue''s title before the change, its first 20,000 characters.';
comment on column public.segment_corrections.description is
  'The issue''s description before the change, its first 20,000 characters.';
comment on column public.segment_corrections.old_segment is
  'The segment before, set by the rules or by a person.';
comment on column public.segment_corrections.corrected_by is 'Display name of the person who changed it.';
comment on column public.segment_corrections.corrected_by_user_id is
  'The account that changed it; null after its deletion.';

create index segment_corrections_issue_id_idx on public.segment_corrections (issue_id);
create index segment_corrections_corrected_by_user_id_idx
  on public.segment_corrections (corrected_by_user_id);

-- An import that runs for a signed-in person sets app.import: what it changes is not that person's decision.
create or replace function private.record_segment_correction() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if auth.uid() is null or current_setting('app.import', true) = 'on' then
    return null;
  end if;
  insert into public.segment_corrections (
    issue_id, title, description, old_segment, new_segment, corrected_by, corrected_by_user_id
  )
  values (
    new.id, left(old.title, 20000), left(old.description, 20000), old.segment, new.segment,
    private.actor_name(),
    -- A token can outlive its account; the correction is recorded without one then.
    (select u.id from auth.users as u where u.id = auth.uid())
  );
  return null;
end;
$$;
comment on function private.record_segment_correction is
  'After trigger of issues, the only writer of segment_corrections.';

-- Corrections of test data are not recorded.
create trigger _120_record_segment_correction after update on public.issues
  for each row when (old.segment is distinct from new.segment and not new.is_test)
  execute function private.record_segment_correction();

alter table public.segment_corrections enable row level security;
create policy segment_corrections_select_viewer on public.segment_corrections
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.segment_corrections to authenticated, service_role;

-- 20_tracker/30_circle/05_circle_ids.sql
-- Ids from Circle, of messages, replies, threads, rooms and spaces: one function reads them all, so that one
-- id has one spelling, and what a mistake in a workflow leaves in the place of an id is not taken for one.

create or replace function private.is_placeholder(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text constant text := lower(left(p_text, 300));
  v_bare constant text := btrim(v_text, E' "''`()<>[]{}=');
begin
  return
    -- Zero, and numbers below it; nothing but signs.
    v_text ~ '^\+?0+(\.0*)?$|^0{8}(-0{4}){3}-0{12}$|^[^[:alnum:]]*$'
    or v_text ~ '^[-\u2212]\s*([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$'
    -- Templates that nobody filled in: n8n, Make, Zapier, Liquid, JavaScript, Ruby, Power Automate, EJS, Go,
    -- and <id>, {message_id}, :id or the name alone, as headers of tables have it.
    or v_text ~ ('\{\{|\}\}|[$#@]\{|\{%|<%|%7b%7b|%24%7b|^=?\s*\$(json|node|input|items?|\()'
      || '|^%!|^<[^<>]*>$')
    or v_text ~ ('^[^[:alnum:]]*((your|the|parent|chat)[_. -]?)?'
      || '((message|post|comment|reply|thread|circle)[_. -]?)?id[^[:alnum:]]*$')
    -- Objects, as JavaScript and JSON write them.
    or v_text ~ '\[object\M|^[\[{]\s*["\[{]'
    or v_bare ~ '^([a-z]+[_:#])?(|undefined|null|nan|none|nil)$'
    or v_bare ~ '^(true|false|[-+]?inf(inity)?|#?n/a|nat|void 0)$'
    -- Several values put together, of which one was missing; errors of spreadsheets.
    or v_bare ~ ('^([a-z]+[_:#]|([0-9]+|undefined|null|nan)[-_:#,./| ]+)*(undefined|null|nan)+'
      || '([-_:#,./| ]+([0-9]+|undefined|null|nan))*$')
    or v_text ~ '^#(ref|value|name|error|num|div/0|null|spill|calc)[!?]?$';
end;
$$;
comment on function private.is_placeholder is
  'Whether a text stands in the place of a value that was missing: undefined, null, NaN, [object Object], a '
  'template, the name of the value, zero, a negative number and the like, in upper or lower case.';

create or replace function private.parse_id(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_id text := p_value #>> '{}';
begin
  if v_id ~ '^[1-9][0-9]*$' then
    return v_id;
  end if;
  case jsonb_typeof(p_value)
    when 'number' then
      -- jsonb has spelled out the exponent already.
      return substring(v_id from '^([1-9][0-9]*)\.0+$');
    when 'string' then
      v_id := private.non_blank(v_id);
      return case
        when v_id is null or private.is_placeholder(v_id) then null
        when v_id ~ '^[0-9]+\.0+$' then split_part(v_id, '.', 1)
        else v_id
      end;
    else
      return null;
  end case;
end;
$$;
comment on function private.parse_id is
  'An id as text. A number in any spelling, and a text of digits with or without .0, are the same id; any '
  'other text is one as it is, without blanks around it. Null for what cannot be an id: missing, blank, a '
  'placeholder, a number below 1 or with a fraction, and other types.';

create or replace function private.normalize_id() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant text := private.parse_id(to_jsonb(new) -> tg_argv[0]);
begin
  if v_id is null then
    raise exception using
      errcode = 'PT422', message = 'tracker_circle_id_invalid',
      detail = format('%s of %s is not an id.', tg_argv[0], tg_table_name),
      hint = 'Write the id that Circle gave it.';
  end if;
  new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], v_id));
  return new;
end;
$$;
comment on function private.normalize_id is
  'Before trigger, with the name of a column, which holds an id in the spelling of parse_id. Errors: '
  'tracker_circle_id_invalid (422).';

-- 20_tracker/30_circle/10_circle_spaces.sql
-- Which space of the Circle community a chat room belongs to; messages carry only the room's id.

create table public.circle_spaces (
  id integer generated by default as identity,
  space_id bigint,
  space_name text not null,
  chat_room_uuid text not null,
  space_member_id bigint,
  created_at timestamptz not null default now(),
  constraint circle_spaces_pkey primary key (id),
  constraint circle_spaces_chat_room_uuid_key unique (chat_room_uuid)
);
comment on table public.circle_spaces is
  'The community''s spaces by chat room. Admins edit it; messages of a room without a row are imported too.';
comment on column public.circle_spaces.space_id is 'The space''s id in Circle.';
comment on column public.circle_spaces.chat_room_uuid is
  'The id of the room, which chat messages carry.';
comment on column public.circle_spaces.space_member_id is
  'The id of our own membership in the space, in Circle.';

create trigger _000_require_admin before insert or update or delete on public.circle_spaces
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_normalize_id before insert or update on public.circle_spaces
  for each row when (new.chat_room_uuid !~ '^[1-9][0-9]*$')
  execute function private.normalize_id('chat_room_uuid');
create trigger _100_reject_key_change before update on public.circle_spaces
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _900_set_created_at before insert or update on public.circle_spaces
  for each row execute function private.set_created_at();

alter table public.circle_spaces enable row level security;
create policy circle_spaces_select_viewer on public.circle_spaces
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy circle_spaces_insert_admin on public.circle_spaces
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy circle_spaces_update_admin on public.circle_spaces
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy circle_spaces_delete_admin on public.circle_spaces
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.circle_spaces to authenticated;
grant insert (id, space_id, space_name, chat_room_uuid, space_member_id, created_at)
  on public.circle_spaces to authenticated;
grant update (id, space_id, space_name, chat_room_uuid, space_member_id, created_at)
  on public.circle_spaces to authenticated;
grant select, insert, update, delete on public.circle_spaces to service_role;

-- 20_tracker/30_circle/20_circle_issues.sql
-- Messages from the Circle community; those that are issues reference theirs.

create table public.circle_issues (
  id uuid not null default gen_random_uuid(),
  message_id text not null,
  thread_id text,
  title text not null default '',
  body text not null default '',
  author_name text not null default 'Unknown',
  author_email text,
  space_name text,
  space_id text,
  link text,
  is_thread boolean not null default false,
  is_triaged boolean not null default false,
  triage_confidence double precision not null default 0,
  raw_data jsonb not null default '{}',
  mapped_to_issue_id uuid,
  attachments jsonb not null default '[]',
  chat_room_uuid text,
  posted_at timestamptz,
  edited_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  segment text,
  sender_verdict double precision,
  triaged_by text,
  triaged_by_user_id uuid,
  triaged_at timestamptz,
  triage_notes text,
  field_versions jsonb not null default '{}',
  is_verdict_unreadable boolean not null default false,
  removed_at timestamptz,
  constraint circle_issues_pkey primary key (id),
  constraint circle_issues_message_id_key unique (message_id),
  -- Deferrable so that an import can write the message with its issue's id before the issue.
  constraint circle_issues_mapped_to_issue_id_fkey foreign key (mapped_to_issue_id)
    references public.issues (id) on delete set null deferrable initially immediate,
  constraint circle_issues_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_issues_mapped_is_triaged check (mapped_to_issue_id is null or is_triaged),
  constraint circle_issues_triage_confidence_is_a_share check (triage_confidence between 0 and 1),
  constraint circle_issues_attachments_is_array check (jsonb_typeof(attachments) = 'array'),
  constraint circle_issues_triaged_by_user_id_fkey foreign key (triaged_by_user_id)
    references auth.users (id) on delete set null,
  constraint circle_issues_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint circle_issues_sender_verdict_is_a_share check (sender_verdict between 0 and 1),
  constraint circle_issues_triaged_by_matches_triaged_at check ((triaged_by is null) = (triaged_at is null)),
  constraint circle_issues_field_versions_is_object check (jsonb_typeof(field_versions) = 'object')
);
comment on table public.circle_issues is
  'Messages from Circle, one row per message, whether or not they became an issue.';
comment on column public.circle_issues.message_id is
  'The message''s id in Circle, as text. Posts carry a prefix, since a chat message may have '
  'the same number.';
comment on column public.circle_issues.thread_id is
  'The thread''s id in Circle; null for a message outside a thread.';
comment on column public.circle_issues.is_triaged is
  'Whether it has been decided if this is an issue: always true where it has one.';
comment on column public.circle_issues.triage_confidence is
  'How sure that decision is, 0 to 1; before it is made, how likely the message is an issue.';
comment on column public.circle_issues.raw_data is 'The newest version of the message, as it was sent.';
comment on column public.circle_issues.mapped_to_issue_id is
  'The issue it became. Not unique: merged duplicates share one.';
comment on column public.circle_issues.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_issues.chat_room_uuid is
  'The chat room, by which circle_spaces fills in space_id and space_name where they are missing.';
comment on column public.circle_issues.posted_at is
  'When it was posted in Circle; null when the time is missing or not valid.';
comment on column public.circle_issues.edited_at is 'When it was last edited in Circle.';
comment on column public.circle_issues.segment is
  'The segment that its sender named; null where the words decide.';
comment on column public.circle_issues.sender_verdict is
  'How likely the message is an issue by its sender''s verdict, 0 to 1: 1 is a plain yes, 0 a plain no.';
comment on column public.circle_issues.is_verdict_unreadable is
  'Whether its sender gave a verdict that cannot be read: a person decides.';
comment on column public.circle_issues.removed_at is
  'When it was removed in Circle; where that time cannot be read, the time of its last edit or of its '
  'posting. Its issue stays.';
comment on column public.circle_issues.triaged_by is
  'Display name of the person who decided; later payloads do not change a person''s decision.';
comment on column public.circle_issues.triaged_by_user_id is 'The account that decided, if one did.';
comment on column public.circle_issues.triaged_at is 'When a person decided.';
comment on column public.circle_issues.triage_notes is 'What that person noted about it.';
comment on column public.circle_issues.field_versions is
  'Written by the import: for each field that is not of the newest version the version that it is from, in '
  'seconds since 1970, and null for a field that nobody sent and that was filled in.';

create index circle_issues_mapped_to_issue_id_idx on public.circle_issues (mapped_to_issue_id);
create index circle_issues_triaged_by_user_id_idx on public.circle_issues (triaged_by_user_id);
create index circle_issues_created_at_idx on public.circle_issues (created_at);
create index circle_issues_space_id_created_at_idx on public.circle_issues (space_id, created_at);
create index circle_issues_waiting_created_at_idx on public.circle_issues (created_at) where not is_triaged;
create index circle_issues_spaceless_chat_room_uuid_idx on public.circle_issues (chat_room_uuid)
  where space_id is null or space_name is null;

create or replace function private.fill_circle_space() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_space record;
begin
  select s.space_id::text as space_id, s.space_name into v_space
  from public.circle_spaces as s
  where s.chat_room_uuid = new.chat_room_uuid;
  if found then
    -- Marked as filled in, so that the space of any version of the message replaces it.
    if new.space_id is null and v_space.space_id is not null then
      new.space_id := v_space.space_id;
      new.field_versions := new.field_versions || '{"space_id": null}';
    end if;
    if new.space_name is null then
      new.space_name := v_space.space_name;
      new.field_versions := new.field_versions || '{"space_name": null}';
    end if;
  end if;
  return new;
end;
$$;
comment on function private.fill_circle_space is
  'Before trigger: the space of a known chat room, where the message has none.';

create or replace function private.fill_spaces_of_messages() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- What fill_circle_space() fills in; nothing else changes.
  update public.circle_issues as c set chat_room_uuid = c.chat_room_uuid
  where c.chat_room_uuid = new.chat_room_uuid and (c.space_id is null or c.space_name is null);
  return null;
end;
$$;
comment on function private.fill_spaces_of_messages is
  'After trigger of circle_spaces: messages that arrived before their room''s row get its space now.';

create or replace function private.triage_mapped_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.is_triaged := true;
  new.triage_confidence := coalesce(nullif(new.triage_confidence, 0), 1);
  return new;
end;
$$;
comment on function private.triage_mapped_message is
  'Before trigger of messages that have an issue: giving a message an issue decides that it is one.';

-- A person's decision carries their name whatever they write; an import writes no name. Whoever changes
-- whether a message is triaged, or as which issue, has decided, and cannot remove the name again.
create or replace function private.set_triager() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_decided constant boolean := tg_op = 'INSERT'
    or new.triaged_by is not null and new.triaged_by is distinct from old.triaged_by
    or new.is_triaged is distinct from old.is_triaged
    or new.mapped_to_issue_id is distinct from old.mapped_to_issue_id
      -- What the deletion of the issue does to its messages is not a decision.
      and (
        new.mapped_to_issue_id is not null
        or exists (select from public.issues as i where i.id = old.mapped_to_issue_id)
      );
begin
  if current_setting('app.import', true) = 'on' or private.is_trusted_caller() then
    if new.triaged_by is distinct from old.triaged_by
      and new.triaged_by_user_id is not distinct from old.triaged_by_user_id
    then
      new.triaged_by_user_id := null;
    end if;
  elsif v_is_decided then
    new.triaged_by := private.actor_name();
    new.triaged_by_user_id := auth.uid();
    new.triaged_at := clock_timestamp();
  else
    new.triaged_by := old.triaged_by;
    new.triaged_by_user_id := private.resolve_account_change(old.triaged_by_user_id, new.triaged_by_user_id);
    new.triaged_at := old.triaged_at;
  end if;
  new.triaged_at := case when new.triaged_by is not null then coalesce(new.triaged_at, clock_timestamp()) end;
  new.triaged_by_user_id := case when new.triaged_by is not null then new.triaged_by_user_id end;
  return new;
end;
$$;
comment on function private.set_triager is
  'Before trigger: a person''s decision is recorded under their name, with its time, over any client; a '
  'server''s under the name that it gives. An import, which sets app.import, records no name.';

create trigger _000_require_agent before insert or update on public.circle_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.circle_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_normalize_id before insert on public.circle_issues
  for each row when (new.message_id !~ '^[1-9][0-9]*$')
  execute function private.normalize_id('message_id');
create trigger _100_reject_key_change before update on public.circle_issues
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.reject_key_change();
create trigger _200_fill_circle_space before insert or update on public.circle_issues
  for each row when (new.chat_room_uuid is not null and (new.space_id is null or new.space_name is null))
  execute function private.fill_circle_space();
create trigger _300_triage_mapped_message before insert or update on public.circle_issues
  for each row when (new.mapped_to_issue_id is not null and new.is_triaged is not true)
  execute function private.triage_mapped_message();
create trigger _400_set_triager before insert on public.circle_issues
  for each row when (
    new.triaged_by is not null or new.is_triaged and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.set_triager();
create trigger _410_set_triager before update on public.circle_issues
  for each row when (
    (old.triaged_by, old.triaged_by_user_id, old.triaged_at, old.is_triaged, old.mapped_to_issue_id)
    is distinct from (
      new.triaged_by, new.triaged_by_user_id, new.triaged_at, new.is_triaged, new.mapped_to_issue_id
    )
  )
  execute function private.set_triager();
create trigger _900_set_timestamps before insert or update on public.circle_issues
  for each row execute function private.set_timestamps();

create trigger _500_fill_spaces_of_messages after insert or update on public.circle_spaces
  for each row execute function private.fill_spaces_of_messages();

alter table public.circle_issues enable row level security;
create policy circle_issues_select_viewer on public.circle_issues
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy circle_issues_insert_agent on public.circle_issues
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy circle_issues_update_agent on public.circle_issues
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy circle_issues_delete_admin on public.circle_issues
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.circle_issues to authenticated;
grant insert (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions, is_verdict_unreadable, removed_at
) on public.circle_issues to authenticated;
grant update (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions, is_verdict_unreadable, removed_at
) on public.circle_issues to authenticated;
grant select, insert, update, delete on public.circle_issues to service_role;

-- 20_tracker/30_circle/30_circle_replies.sql
-- The replies in a Circle thread, one row per reply, kept whatever later payloads leave out.

create table public.circle_replies (
  id uuid not null default gen_random_uuid(),
  message_id text not null,
  circle_issue_id uuid not null,
  reply_index integer,
  author_name text not null default 'Unknown',
  body text not null default '',
  attachments jsonb not null default '[]',
  link text,
  raw_data jsonb not null default '{}',
  posted_at timestamptz,
  edited_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  field_versions jsonb not null default '{}',
  removed_at timestamptz,
  constraint circle_replies_pkey primary key (id),
  constraint circle_replies_message_id_key unique (message_id),
  constraint circle_replies_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint circle_replies_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_replies_attachments_is_array check (jsonb_typeof(attachments) = 'array'),
  constraint circle_replies_field_versions_is_object check (jsonb_typeof(field_versions) = 'object')
);
comment on table public.circle_replies is 'Replies to messages from Circle.';
comment on column public.circle_replies.message_id is
  'The reply''s own id in Circle, as text; a comment''s carries a prefix.';
comment on column public.circle_replies.reply_index is
  'Its position in the payload that it was sent in, from 1; null where it came by itself.';
comment on column public.circle_replies.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_replies.raw_data is 'The newest version of the reply, as it was sent.';
comment on column public.circle_replies.posted_at is
  'When it was posted in Circle; null when the time is missing or not valid.';
comment on column public.circle_replies.edited_at is 'When it was last edited in Circle.';
comment on column public.circle_replies.removed_at is 'When it was removed in Circle, as in circle_issues.';
comment on column public.circle_replies.field_versions is 'Written by the import, as in circle_issues.';
comment on column public.circle_replies.created_at is
  'When it was posted, if that was known when it first arrived, else when it arrived.';

create index circle_replies_circle_issue_id_reply_index_idx
  on public.circle_replies (circle_issue_id, reply_index);

create trigger _000_require_agent before insert or update on public.circle_replies
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.circle_replies
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_normalize_id before insert on public.circle_replies
  for each row when (new.message_id !~ '^[1-9][0-9]*$')
  execute function private.normalize_id('message_id');
create trigger _100_reject_key_change before update on public.circle_replies
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.circle_replies
  for each row execute function private.set_timestamps();

alter table public.circle_replies enable row level security;
create policy circle_replies_select_viewer on public.circle_replies
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy circle_replies_insert_agent on public.circle_replies
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy circle_replies_update_agent on public.circle_replies
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy circle_replies_delete_admin on public.circle_replies
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.circle_replies to authenticated;
grant insert (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions, removed_at
) on public.circle_replies to authenticated;
grant update (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions, removed_at
) on public.circle_replies to authenticated;
grant select, insert, update, delete on public.circle_replies to service_role;

-- 20_tracker/30_circle/40_issue_import_logs.sql
-- Which message became which issue, when, by whom and from which source.

create table public.issue_import_logs (
  id uuid not null default gen_random_uuid(),
  circle_issue_id uuid not null,
  issue_id uuid,
  imported_by text not null default private.actor_name(),
  import_source text not null default 'manual',
  import_notes text,
  is_automatic boolean not null default false,
  imported_at timestamptz not null default clock_timestamp(),
  constraint issue_import_logs_pkey primary key (id),
  constraint issue_import_logs_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint issue_import_logs_issue_id_fkey foreign key (issue_id)
    references public.issues (id) on delete set null
);
comment on table public.issue_import_logs is
  'One row per import of a message as an issue. Rows are added, not changed.';
comment on column public.issue_import_logs.issue_id is 'The issue that was created; null once it is deleted.';
comment on column public.issue_import_logs.imported_by is
  'Display name of who imported it, or system. As sent by a server, else the caller''s.';
comment on column public.issue_import_logs.import_source is
  'Where it came from, for example n8n_webhook or manual.';
comment on column public.issue_import_logs.is_automatic is
  'Whether triage decided it; false for what a signed-in person imports.';

create index issue_import_logs_circle_issue_id_idx on public.issue_import_logs (circle_issue_id);
create index issue_import_logs_issue_id_idx on public.issue_import_logs (issue_id);
create index issue_import_logs_imported_at_idx on public.issue_import_logs (imported_at);

create or replace function private.set_importer() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() then
    new.imported_by := private.actor_name();
    new.imported_at := clock_timestamp();
    new.is_automatic := false;
  end if;
  return new;
end;
$$;
comment on function private.set_importer is
  'Before trigger: what a person logs carries their name and the current time, and is not automatic.';

create trigger _000_require_agent before insert on public.issue_import_logs
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _100_set_importer before insert on public.issue_import_logs
  for each row execute function private.set_importer();

alter table public.issue_import_logs enable row level security;
create policy issue_import_logs_select_viewer on public.issue_import_logs
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy issue_import_logs_insert_agent on public.issue_import_logs
  for insert to authenticated with check ((select private.has_team_role('agent')));

grant select on public.issue_import_logs to authenticated;
grant insert (
  id, circle_issue_id, issue_id, imported_by, import_source, import_notes, is_automatic, imported_at
) on public.issue_import_logs to authenticated;
grant select, insert, update, delete on public.issue_import_logs to service_role;

-- 20_tracker/30_circle/50_circle_imports.sql
-- What the last import wrote into an issue: where the issue still has the same value, the next import may
-- update it; where a team member has changed it, theirs stays.

create table private.circle_imports (
  circle_issue_id uuid not null,
  title text not null,
  description text not null,
  segment text not null,
  imported_at timestamptz not null default clock_timestamp(),
  submitted_by text,
  issue_id uuid,
  differs boolean not null default false,
  constraint circle_imports_pkey primary key (circle_issue_id),
  constraint circle_imports_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade
);
comment on table private.circle_imports is
  'One row per message that has been imported. A message with a row here and no issue had its issue removed '
  'by a person, and is not imported again automatically.';
comment on column private.circle_imports.issue_id is
  'The issue that it wrote, whether or not that still exists: no foreign key.';
comment on column private.circle_imports.differs is
  'Whether the issue has another title, description, segment or submitted_by, set by triggers here and of '
  'issues, so that issue_import_differences does not compare all texts.';

create index circle_imports_issue_id_idx on private.circle_imports (issue_id);
create index circle_imports_differing_imported_at_idx on private.circle_imports (imported_at) where differs;

create or replace function private.set_import_difference() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.differs := coalesce((
    select i.title <> new.title or i.description <> new.description or i.segment <> new.segment
      or i.submitted_by <> new.submitted_by
    from public.issues as i
    where i.id = new.issue_id
  ), false);
  return new;
end;
$$;
comment on function private.set_import_difference is
  'Before trigger of circle_imports: compares what the import wrote with the issue.';

create or replace function private.compare_issue_with_imports() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.circle_imports as m set differs = false where m.issue_id = new.id;
  return null;
end;
$$;
comment on function private.compare_issue_with_imports is
  'After-update trigger of issues whose texts, segment or submitter changed: has the trigger of '
  'circle_imports compare again. Not in an import, which sets app.import and writes circle_imports next.';

-- What an import inserts is what it wrote into its issue just before.
create trigger _200_set_import_difference before insert on private.circle_imports
  for each row when (current_setting('app.import', true) is distinct from 'on')
  execute function private.set_import_difference();
create trigger _210_set_import_difference before update on private.circle_imports
  for each row execute function private.set_import_difference();
create trigger _400_compare_issue_with_imports after update on public.issues
  for each row when (
    current_setting('app.import', true) is distinct from 'on' and (
      old.title is distinct from new.title or old.description is distinct from new.description
      or old.segment is distinct from new.segment or old.submitted_by is distinct from new.submitted_by
    )
  )
  execute function private.compare_issue_with_imports();

alter table private.circle_imports enable row level security;
-- The view that reads this runs with the caller's rights; no role has USAGE on the schema for more.
create policy circle_imports_select_viewer on private.circle_imports
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.circle_imports to authenticated, service_role;

-- 20_tracker/35_text/10_html_entities.sql
-- The named character references of HTML: &rsquo; and what it stands for.

-- Those of the first HTML are also valid without their semicolon.
create table private.html_entities (
  name text collate "C" not null,
  characters text not null,
  is_semicolon_optional boolean not null,
  constraint html_entities_pkey primary key (name),
  constraint html_entities_name_is_a_name check (name ~ '^[A-Za-z][A-Za-z0-9]*$')
);
comment on table private.html_entities is
  'The named character references of the WHATWG''s HTML standard, without & and semicolon, and what '
  'each stands for.';

alter table private.html_entities enable row level security;

-- Name and code points in hexadecimal; * marks those whose semicolon is optional.
insert into private.html_entities (name, characters, is_semicolon_optional)
select ltrim(split_part(e.entry, '=', 1), '*'),
  (
    select string_agg(chr(('x' || lpad(c.code, 8, '0'))::bit(32)::integer), '' order by c.number)
    from string_to_table(split_part(e.entry, '=', 2), '+') with ordinality as c (code, number)
  ),
  starts_with(e.entry, '*')
from regexp_split_to_table(btrim('
  *AElig=c6 *AMP=26 *Aacute=c1 Abreve=102 *Acirc=c2 Acy=410 Afr=1d504 *Agrave=c0 Alpha=391 Amacr=100 And=2a53
  Aogon=104 Aopf=1d538 ApplyFunction=2061 *Aring=c5 Ascr=1d49c Assign=2254 *Atilde=c3 *Auml=c4 Backslash=2216
  Barv=2ae7 Barwed=2306 Bcy=411 Because=2235 Bernoullis=212c Beta=392 Bfr=1d505 Bopf=1d539 Breve=2d8
  Bscr=212c Bumpeq=224e CHcy=427 *COPY=a9 Cacute=106 Cap=22d2 CapitalDifferentialD=2145 Cayleys=212d
  Ccaron=10c *Ccedil=c7 Ccirc=108 Cconint=2230 Cdot=10a Cedilla=b8 CenterDot=b7 Cfr=212d Chi=3a7
  CircleDot=2299 CircleMinus=2296 CirclePlus=2295 CircleTimes=2297 ClockwiseContourIntegral=2232
  CloseCurlyDoubleQuote=201d CloseCurlyQuote=2019 Colon=2237 Colone=2a74 Congruent=2261 Conint=222f
  ContourIntegral=222e Copf=2102 Coproduct=2210 CounterClockwiseContourIntegral=2233 Cross=2a2f Cscr=1d49e
  Cup=22d3 CupCap=224d DD=2145 DDotrahd=2911 DJcy=402 DScy=405 DZcy=40f Dagger=2021 Darr=21a1 Dashv=2ae4
  Dcaron=10e Dcy=414 Del=2207 Delta=394 Dfr=1d507 DiacriticalAcute=b4 DiacriticalDot=2d9
  DiacriticalDoubleAcute=2dd DiacriticalGrave=60 DiacriticalTilde=2dc Diamond=22c4 DifferentialD=2146
  Dopf=1d53b Dot=a8 DotDot=20dc DotEqual=2250 DoubleContourIntegral=222f DoubleDot=a8 DoubleDownArrow=21d3
  DoubleLeftArrow=21d0 DoubleLeftRightArrow=21d4 DoubleLeftTee=2ae4 DoubleLongLeftArrow=27f8
  DoubleLongLeftRightArrow=27fa DoubleLongRightArrow=27f9 DoubleRightArrow=21d2 DoubleRightTee=22a8
  DoubleUpArrow=21d1 DoubleUpDownArrow=21d5 DoubleVerticalBar=2225 DownArrow=2193 DownArrowBar=2913
  DownArrowUpArrow=21f5 DownBreve=311 DownLeftRightVector=2950 DownLeftTeeVector=295e DownLeftVector=21bd
  DownLeftVectorBar=2956 DownRightTeeVector=295f DownRightVector=21c1 DownRightVectorBar=2957 DownTee=22a4
  DownTeeArrow=21a7 Downarrow=21d3 Dscr=1d49f Dstrok=110 ENG=14a *ETH=d0 *Eacute=c9 Ecaron=11a *Ecirc=ca
  Ecy=42d Edot=116 Efr=1d508 *Egrave=c8 Element=2208 Emacr=112 EmptySmallSquare=25fb
  EmptyVerySmallSquare=25ab Eogon=118 Eopf=1d53c Epsilon=395 Equal=2a75 EqualTilde=2242 Equilibrium=21cc
  Escr=2130 Esim=2a73 Eta=397 *Euml=cb Exists=2203 ExponentialE=2147 Fcy=424 Ffr=1d509 FilledSmallSquare=25fc
  FilledVerySmallSquare=25aa Fopf=1d53d ForAll=2200 Fouriertrf=2131 Fscr=2131 GJcy=403 *GT=3e Gamma=393
  Gammad=3dc Gbreve=11e Gcedil=122 Gcirc=11c Gcy=413 Gdot=120 Gfr=1d50a Gg=22d9 Gopf=1d53e GreaterEqual=2265
  GreaterEqualLess=22db GreaterFullEqual=2267 GreaterGreater=2aa2 GreaterLess=2277 GreaterSlantEqual=2a7e
  GreaterTilde=2273 Gscr=1d4a2 Gt=226b HARDcy=42a Hacek=2c7 Hat=5e Hcirc=124 Hfr=210c HilbertSpace=210b
  Hopf=210d HorizontalLine=2500 Hscr=210b Hstrok=126 HumpDownHump=224e HumpEqual=224f IEcy=415 IJlig=132
  IOcy=401 *Iacute=cd *Icirc=ce Icy=418 Idot=130 Ifr=2111 *Igrave=cc Im=2111 Imacr=12a ImaginaryI=2148
  Implies=21d2 Int=222c Integral=222b Intersection=22c2 InvisibleComma=2063 InvisibleTimes=2062 Iogon=12e
  Iopf=1d540 Iota=399 Iscr=2110 Itilde=128 Iukcy=406 *Iuml=cf Jcirc=134 Jcy=419 Jfr=1d50d Jopf=1d541
  Jscr=1d4a5 Jsercy=408 Jukcy=404 KHcy=425 KJcy=40c Kappa=39a Kcedil=136 Kcy=41a Kfr=1d50e Kopf=1d542
  Kscr=1d4a6 LJcy=409 *LT=3c Lacute=139 Lambda=39b Lang=27ea Laplacetrf=2112 Larr=219e Lcaron=13d Lcedil=13b
  Lcy=41b LeftAngleBracket=27e8 LeftArrow=2190 LeftArrowBar=21e4 LeftArrowRightArrow=21c6 LeftCeiling=2308
  LeftDoubleBracket=27e6 LeftDownTeeVector=2961 LeftDownVector=21c3 LeftDownVectorBar=2959 LeftFloor=230a
  LeftRightArrow=2194 LeftRightVector=294e LeftTee=22a3 LeftTeeArrow=21a4 LeftTeeVector=295a
  LeftTriangle=22b2 LeftTriangleBar=29cf LeftTriangleEqual=22b4 LeftUpDownVector=2951 LeftUpTeeVector=2960
  LeftUpVector=21bf LeftUpVectorBar=2958 LeftVector=21bc LeftVectorBar=2952 Leftarrow=21d0
  Leftrightarrow=21d4 LessEqualGreater=22da LessFullEqual=2266 LessGreater=2276 LessLess=2aa1
  LessSlantEqual=2a7d LessTilde=2272 Lfr=1d50f Ll=22d8 Lleftarrow=21da Lmidot=13f LongLeftArrow=27f5
  LongLeftRightArrow=27f7 LongRightArrow=27f6 Longleftarrow=27f8 Longleftrightarrow=27fa Longrightarrow=27f9
  Lopf=1d543 LowerLeftArrow=2199 LowerRightArrow=2198 Lscr=2112 Lsh=21b0 Lstrok=141 Lt=226a Map=2905 Mcy=41c
  MediumSpace=205f Mellintrf=2133 Mfr=1d510 MinusPlus=2213 Mopf=1d544 Mscr=2133 Mu=39c NJcy=40a Nacute=143
  Ncaron=147 Ncedil=145 Ncy=41d NegativeMediumSpace=200b NegativeThickSpace=200b NegativeThinSpace=200b
  NegativeVeryThinSpace=200b NestedGreaterGreater=226b NestedLessLess=226a NewLine=a Nfr=1d511 NoBreak=2060
  NonBreakingSpace=a0 Nopf=2115 Not=2aec NotCongruent=2262 NotCupCap=226d NotDoubleVerticalBar=2226
  NotElement=2209 NotEqual=2260 NotEqualTilde=2242+338 NotExists=2204 NotGreater=226f NotGreaterEqual=2271
  NotGreaterFullEqual=2267+338 NotGreaterGreater=226b+338 NotGreaterLess=2279 NotGreaterSlantEqual=2a7e+338
  NotGreaterTilde=2275 NotHumpDownHump=224e+338 NotHumpEqual=224f+338 NotLeftTriangle=22ea
  NotLeftTriangleBar=29cf+338 NotLeftTriangleEqual=22ec NotLess=226e NotLessEqual=2270 NotLessGreater=2278
  NotLessLess=226a+338 NotLessSlantEqual=2a7d+338 NotLessTilde=2274 NotNestedGreaterGreater=2aa2+338
  NotNestedLessLess=2aa1+338 NotPrecedes=2280 NotPrecedesEqual=2aaf+338 NotPrecedesSlantEqual=22e0
  NotReverseElement=220c NotRightTriangle=22eb NotRightTriangleBar=29d0+338 NotRightTriangleEqual=22ed
  NotSquareSubset=228f+338 NotSquareSubsetEqual=22e2 NotSquareSuperset=2290+338 NotSquareSupersetEqual=22e3
  NotSubset=2282+20d2 NotSubsetEqual=2288 NotSucceeds=2281 NotSucceedsEqual=2ab0+338
  NotSucceedsSlantEqual=22e1 NotSucceedsTilde=227f+338 NotSuperset=2283+20d2 NotSupersetEqual=2289
  NotTilde=2241 NotTildeEqual=2244 NotTildeFullEqual=2247 NotTildeTilde=2249 NotVerticalBar=2224 Nscr=1d4a9
  *Ntilde=d1 Nu=39d OElig=152 *Oacute=d3 *Ocirc=d4 Ocy=41e Odblac=150 Ofr=1d512 *Ograve=d2 Omacr=14c
  Omega=3a9 Omicron=39f Oopf=1d546 OpenCurlyDoubleQuote=201c OpenCurlyQuote=2018 Or=2a54 Oscr=1d4aa
  *Oslash=d8 *Otilde=d5 Otimes=2a37 *Ouml=d6 OverBar=203e OverBrace=23de OverBracket=23b4
  OverParenthesis=23dc PartialD=2202 Pcy=41f Pfr=1d513 Phi=3a6 Pi=3a0 PlusMinus=b1 Poincareplane=210c
  Popf=2119 Pr=2abb Precedes=227a PrecedesEqual=2aaf PrecedesSlantEqual=227c PrecedesTilde=227e Prime=2033
  Product=220f Proportion=2237 Proportional=221d Pscr=1d4ab Psi=3a8 *QUOT=22 Qfr=1d514 Qopf=211a Qscr=1d4ac
  RBarr=2910 *REG=ae Racute=154 Rang=27eb Rarr=21a0 Rarrtl=2916 Rcaron=158 Rcedil=156 Rcy=420 Re=211c
  ReverseElement=220b ReverseEquilibrium=21cb ReverseUpEquilibrium=296f Rfr=211c Rho=3a1
  RightAngleBracket=27e9 RightArrow=2192 RightArrowBar=21e5 RightArrowLeftArrow=21c4 RightCeiling=2309
  RightDoubleBracket=27e7 RightDownTeeVector=295d RightDownVector=21c2 RightDownVectorBar=2955
  RightFloor=230b RightTee=22a2 RightTeeArrow=21a6 RightTeeVector=295b RightTriangle=22b3
  RightTriangleBar=29d0 RightTriangleEqual=22b5 RightUpDownVector=294f RightUpTeeVector=295c
  RightUpVector=21be RightUpVectorBar=2954 RightVector=21c0 RightVectorBar=2953 Rightarrow=21d2 Ropf=211d
  RoundImplies=2970 Rrightarrow=21db Rscr=211b Rsh=21b1 RuleDelayed=29f4 SHCHcy=429 SHcy=428 SOFTcy=42c
  Sacute=15a Sc=2abc Scaron=160 Scedil=15e Scirc=15c Scy=421 Sfr=1d516 ShortDownArrow=2193
  ShortLeftArrow=2190 ShortRightArrow=2192 ShortUpArrow=2191 Sigma=3a3 SmallCircle=2218 Sopf=1d54a Sqrt=221a
  Square=25a1 SquareIntersection=2293 SquareSubset=228f SquareSubsetEqual=2291 SquareSuperset=2290
  SquareSupersetEqual=2292 SquareUnion=2294 Sscr=1d4ae Star=22c6 Sub=22d0 Subset=22d0 SubsetEqual=2286
  Succeeds=227b SucceedsEqual=2ab0 SucceedsSlantEqual=227d SucceedsTilde=227f SuchThat=220b Sum=2211 Sup=22d1
  Superset=2283 SupersetEqual=2287 Supset=22d1 *THORN=de TRADE=2122 TSHcy=40b TScy=426 Tab=9 Tau=3a4
  Tcaron=164 Tcedil=162 Tcy=422 Tfr=1d517 Therefore=2234 Theta=398 ThickSpace=205f+200a ThinSpace=2009
  Tilde=223c TildeEqual=2243 TildeFullEqual=2245 TildeTilde=2248 Topf=1d54b TripleDot=20db Tscr=1d4af
  Tstrok=166 *Uacute=da Uarr=219f Uarrocir=2949 Ubrcy=40e Ubreve=16c *Ucirc=db Ucy=423 Udblac=170 Ufr=1d518
  *Ugrave=d9 Umacr=16a UnderBar=5f UnderBrace=23df UnderBracket=23b5 UnderParenthesis=23dd Union=22c3
  UnionPlus=228e Uogon=172 Uopf=1d54c UpArrow=2191 UpArrowBar=2912 UpArrowDownArrow=21c5 UpDownArrow=2195
  UpEquilibrium=296e UpTee=22a5 UpTeeArrow=21a5 Uparrow=21d1 Updownarrow=21d5 UpperLeftArrow=2196
  UpperRightArrow=2197 Upsi=3d2 Upsilon=3a5 Uring=16e Uscr=1d4b0 Utilde=168 *Uuml=dc VDash=22ab Vbar=2aeb
  Vcy=412 Vdash=22a9 Vdashl=2ae6 Vee=22c1 Verbar=2016 Vert=2016 VerticalBar=2223 VerticalLine=7c
  VerticalSeparator=2758 VerticalTilde=2240 VeryThinSpace=200a Vfr=1d519 Vopf=1d54d Vscr=1d4b1 Vvdash=22aa
  Wcirc=174 Wedge=22c0 Wfr=1d51a Wopf=1d54e Wscr=1d4b2 Xfr=1d51b Xi=39e Xopf=1d54f Xscr=1d4b3 YAcy=42f
  YIcy=407 YUcy=42e *Yacute=dd Ycirc=176 Ycy=42b Yfr=1d51c Yopf=1d550 Yscr=1d4b4 Yuml=178 ZHcy=416 Zacute=179
  Zcaron=17d Zcy=417 Zdot=17b ZeroWidthSpace=200b Zeta=396 Zfr=2128 Zopf=2124 Zscr=1d4b5 *aacute=e1
  abreve=103 ac=223e acE=223e+333 acd=223f *acirc=e2 *acute=b4 acy=430 *aelig=e6 af=2061 afr=1d51e *agrave=e0
  alefsym=2135 aleph=2135 alpha=3b1 amacr=101 amalg=2a3f *amp=26 and=2227 andand=2a55 andd=2a5c andslope=2a58
  andv=2a5a ang=2220 ange=29a4 angle=2220 angmsd=2221 angmsdaa=29a8 angmsdab=29a9 angmsdac=29aa angmsdad=29ab
  angmsdae=29ac angmsdaf=29ad angmsdag=29ae angmsdah=29af angrt=221f angrtvb=22be angrtvbd=299d angsph=2222
  angst=c5 angzarr=237c aogon=105 aopf=1d552 ap=2248 apE=2a70 apacir=2a6f ape=224a apid=224b apos=27
  approx=2248 approxeq=224a *aring=e5 ascr=1d4b6 ast=2a asymp=2248 asympeq=224d *atilde=e3 *auml=e4
  awconint=2233 awint=2a11 bNot=2aed backcong=224c backepsilon=3f6 backprime=2035 backsim=223d backsimeq=22cd
  barvee=22bd barwed=2305 barwedge=2305 bbrk=23b5 bbrktbrk=23b6 bcong=224c bcy=431 bdquo=201e becaus=2235
  because=2235 bemptyv=29b0 bepsi=3f6 bernou=212c beta=3b2 beth=2136 between=226c bfr=1d51f bigcap=22c2
  bigcirc=25ef bigcup=22c3 bigodot=2a00 bigoplus=2a01 bigotimes=2a02 bigsqcup=2a06 bigstar=2605
  bigtriangledown=25bd bigtriangleup=25b3 biguplus=2a04 bigvee=22c1 bigwedge=22c0 bkarow=290d
  blacklozenge=29eb blacksquare=25aa blacktriangle=25b4 blacktriangledown=25be blacktriangleleft=25c2
  blacktriangleright=25b8 blank=2423 blk12=2592 blk14=2591 blk34=2593 block=2588 bne=3d+20e5
  bnequiv=2261+20e5 bnot=2310 bopf=1d553 bot=22a5 bottom=22a5 bowtie=22c8 boxDL=2557 boxDR=2554 boxDl=2556
  boxDr=2553 boxH=2550 boxHD=2566 boxHU=2569 boxHd=2564 boxHu=2567 boxUL=255d boxUR=255a boxUl=255c
  boxUr=2559 boxV=2551 boxVH=256c boxVL=2563 boxVR=2560 boxVh=256b boxVl=2562 boxVr=255f boxbox=29c9
  boxdL=2555 boxdR=2552 boxdl=2510 boxdr=250c boxh=2500 boxhD=2565 boxhU=2568 boxhd=252c boxhu=2534
  boxminus=229f boxplus=229e boxtimes=22a0 boxuL=255b boxuR=2558 boxul=2518 boxur=2514 boxv=2502 boxvH=256a
  boxvL=2561 boxvR=255e boxvh=253c boxvl=2524 boxvr=251c bprime=2035 breve=2d8 *brvbar=a6 bscr=1d4b7
  bsemi=204f bsim=223d bsime=22cd bsol=5c bsolb=29c5 bsolhsub=27c8 bull=2022 bullet=2022 bump=224e bumpE=2aae
  bumpe=224f bumpeq=224f cacute=107 cap=2229 capand=2a44 capbrcup=2a49 capcap=2a4b capcup=2a47 capdot=2a40
  caps=2229+fe00 caret=2041 caron=2c7 ccaps=2a4d ccaron=10d *ccedil=e7 ccirc=109 ccups=2a4c ccupssm=2a50
  cdot=10b *cedil=b8 cemptyv=29b2 *cent=a2 centerdot=b7 cfr=1d520 chcy=447 check=2713 checkmark=2713 chi=3c7
  cir=25cb cirE=29c3 circ=2c6 circeq=2257 circlearrowleft=21ba circlearrowright=21bb circledR=ae
  circledS=24c8 circledast=229b circledcirc=229a circleddash=229d cire=2257 cirfnint=2a10 cirmid=2aef
  cirscir=29c2 clubs=2663 clubsuit=2663 colon=3a colone=2254 coloneq=2254 comma=2c commat=40 comp=2201
  compfn=2218 complement=2201 complexes=2102 cong=2245 congdot=2a6d conint=222e copf=1d554 coprod=2210
  *copy=a9 copysr=2117 crarr=21b5 cross=2717 cscr=1d4b8 csub=2acf csube=2ad1 csup=2ad0 csupe=2ad2 ctdot=22ef
  cudarrl=2938 cudarrr=2935 cuepr=22de cuesc=22df cularr=21b6 cularrp=293d cup=222a cupbrcap=2a48 cupcap=2a46
  cupcup=2a4a cupdot=228d cupor=2a45 cups=222a+fe00 curarr=21b7 curarrm=293c curlyeqprec=22de
  curlyeqsucc=22df curlyvee=22ce curlywedge=22cf *curren=a4 curvearrowleft=21b6 curvearrowright=21b7
  cuvee=22ce cuwed=22cf cwconint=2232 cwint=2231 cylcty=232d dArr=21d3 dHar=2965 dagger=2020 daleth=2138
  darr=2193 dash=2010 dashv=22a3 dbkarow=290f dblac=2dd dcaron=10f dcy=434 dd=2146 ddagger=2021 ddarr=21ca
  ddotseq=2a77 *deg=b0 delta=3b4 demptyv=29b1 dfisht=297f dfr=1d521 dharl=21c3 dharr=21c2 diam=22c4
  diamond=22c4 diamondsuit=2666 diams=2666 die=a8 digamma=3dd disin=22f2 div=f7 *divide=f7 divideontimes=22c7
  divonx=22c7 djcy=452 dlcorn=231e dlcrop=230d dollar=24 dopf=1d555 dot=2d9 doteq=2250 doteqdot=2251
  dotminus=2238 dotplus=2214 dotsquare=22a1 doublebarwedge=2306 downarrow=2193 downdownarrows=21ca
  downharpoonleft=21c3 downharpoonright=21c2 drbkarow=2910 drcorn=231f drcrop=230c dscr=1d4b9 dscy=455
  dsol=29f6 dstrok=111 dtdot=22f1 dtri=25bf dtrif=25be duarr=21f5 duhar=296f dwangle=29a6 dzcy=45f
  dzigrarr=27ff eDDot=2a77 eDot=2251 *eacute=e9 easter=2a6e ecaron=11b ecir=2256 *ecirc=ea ecolon=2255
  ecy=44d edot=117 ee=2147 efDot=2252 efr=1d522 eg=2a9a *egrave=e8 egs=2a96 egsdot=2a98 el=2a99 elinters=23e7
  ell=2113 els=2a95 elsdot=2a97 emacr=113 empty=2205 emptyset=2205 emptyv=2205 emsp=2003 emsp13=2004
  emsp14=2005 eng=14b ensp=2002 eogon=119 eopf=1d556 epar=22d5 eparsl=29e3 eplus=2a71 epsi=3b5 epsilon=3b5
  epsiv=3f5 eqcirc=2256 eqcolon=2255 eqsim=2242 eqslantgtr=2a96 eqslantless=2a95 equals=3d equest=225f
  equiv=2261 equivDD=2a78 eqvparsl=29e5 erDot=2253 erarr=2971 escr=212f esdot=2250 esim=2242 eta=3b7 *eth=f0
  *euml=eb euro=20ac excl=21 exist=2203 expectation=2130 exponentiale=2147 fallingdotseq=2252 fcy=444
  female=2640 ffilig=fb03 fflig=fb00 ffllig=fb04 ffr=1d523 filig=fb01 fjlig=66+6a flat=266d fllig=fb02
  fltns=25b1 fnof=192 fopf=1d557 forall=2200 fork=22d4 forkv=2ad9 fpartint=2a0d *frac12=bd frac13=2153
  *frac14=bc frac15=2155 frac16=2159 frac18=215b frac23=2154 frac25=2156 *frac34=be frac35=2157 frac38=215c
  frac45=2158 frac56=215a frac58=215d frac78=215e frasl=2044 frown=2322 fscr=1d4bb gE=2267 gEl=2a8c
  gacute=1f5 gamma=3b3 gammad=3dd gap=2a86 gbreve=11f gcirc=11d gcy=433 gdot=121 ge=2265 gel=22db geq=2265
  geqq=2267 geqslant=2a7e ges=2a7e gescc=2aa9 gesdot=2a80 gesdoto=2a82 gesdotol=2a84 gesl=22db+fe00
  gesles=2a94 gfr=1d524 gg=226b ggg=22d9 gimel=2137 gjcy=453 gl=2277 glE=2a92 gla=2aa5 glj=2aa4 gnE=2269
  gnap=2a8a gnapprox=2a8a gne=2a88 gneq=2a88 gneqq=2269 gnsim=22e7 gopf=1d558 grave=60 gscr=210a gsim=2273
  gsime=2a8e gsiml=2a90 *gt=3e gtcc=2aa7 gtcir=2a7a gtdot=22d7 gtlPar=2995 gtquest=2a7c gtrapprox=2a86
  gtrarr=2978 gtrdot=22d7 gtreqless=22db gtreqqless=2a8c gtrless=2277 gtrsim=2273 gvertneqq=2269+fe00
  gvnE=2269+fe00 hArr=21d4 hairsp=200a half=bd hamilt=210b hardcy=44a harr=2194 harrcir=2948 harrw=21ad
  hbar=210f hcirc=125 hearts=2665 heartsuit=2665 hellip=2026 hercon=22b9 hfr=1d525 hksearow=2925
  hkswarow=2926 hoarr=21ff homtht=223b hookleftarrow=21a9 hookrightarrow=21aa hopf=1d559 horbar=2015
  hscr=1d4bd hslash=210f hstrok=127 hybull=2043 hyphen=2010 *iacute=ed ic=2063 *icirc=ee icy=438 iecy=435
  *iexcl=a1 iff=21d4 ifr=1d526 *igrave=ec ii=2148 iiiint=2a0c iiint=222d iinfin=29dc iiota=2129 ijlig=133
  imacr=12b image=2111 imagline=2110 imagpart=2111 imath=131 imof=22b7 imped=1b5 in=2208 incare=2105
  infin=221e infintie=29dd inodot=131 int=222b intcal=22ba integers=2124 intercal=22ba intlarhk=2a17
  intprod=2a3c iocy=451 iogon=12f iopf=1d55a iota=3b9 iprod=2a3c *iquest=bf iscr=1d4be isin=2208 isinE=22f9
  isindot=22f5 isins=22f4 isinsv=22f3 isinv=2208 it=2062 itilde=129 iukcy=456 *iuml=ef jcirc=135 jcy=439
  jfr=1d527 jmath=237 jopf=1d55b jscr=1d4bf jsercy=458 jukcy=454 kappa=3ba kappav=3f0 kcedil=137 kcy=43a
  kfr=1d528 kgreen=138 khcy=445 kjcy=45c kopf=1d55c kscr=1d4c0 lAarr=21da lArr=21d0 lAtail=291b lBarr=290e
  lE=2266 lEg=2a8b lHar=2962 lacute=13a laemptyv=29b4 lagran=2112 lambda=3bb lang=27e8 langd=2991 langle=27e8
  lap=2a85 *laquo=ab larr=2190 larrb=21e4 larrbfs=291f larrfs=291d larrhk=21a9 larrlp=21ab larrpl=2939
  larrsim=2973 larrtl=21a2 lat=2aab latail=2919 late=2aad lates=2aad+fe00 lbarr=290c lbbrk=2772 lbrace=7b
  lbrack=5b lbrke=298b lbrksld=298f lbrkslu=298d lcaron=13e lcedil=13c lceil=2308 lcub=7b lcy=43b ldca=2936
  ldquo=201c ldquor=201e ldrdhar=2967 ldrushar=294b ldsh=21b2 le=2264 leftarrow=2190 leftarrowtail=21a2
  leftharpoondown=21bd leftharpoonup=21bc leftleftarrows=21c7 leftrightarrow=2194 leftrightarrows=21c6
  leftrightharpoons=21cb leftrightsquigarrow=21ad leftthreetimes=22cb leg=22da leq=2264 leqq=2266
  leqslant=2a7d les=2a7d lescc=2aa8 lesdot=2a7f lesdoto=2a81 lesdotor=2a83 lesg=22da+fe00 lesges=2a93
  lessapprox=2a85 lessdot=22d6 lesseqgtr=22da lesseqqgtr=2a8b lessgtr=2276 lesssim=2272 lfisht=297c
  lfloor=230a lfr=1d529 lg=2276 lgE=2a91 lhard=21bd lharu=21bc lharul=296a lhblk=2584 ljcy=459 ll=226a
  llarr=21c7 llcorner=231e llhard=296b lltri=25fa lmidot=140 lmoust=23b0 lmoustache=23b0 lnE=2268 lnap=2a89
  lnapprox=2a89 lne=2a87 lneq=2a87 lneqq=2268 lnsim=22e6 loang=27ec loarr=21fd lobrk=27e6 longleftarrow=27f5
  longleftrightarrow=27f7 longmapsto=27fc longrightarrow=27f6 looparrowleft=21ab looparrowright=21ac
  lopar=2985 lopf=1d55d loplus=2a2d lotimes=2a34 lowast=2217 lowbar=5f loz=25ca lozenge=25ca lozf=29eb
  lpar=28 lparlt=2993 lrarr=21c6 lrcorner=231f lrhar=21cb lrhard=296d lrm=200e lrtri=22bf lsaquo=2039
  lscr=1d4c1 lsh=21b0 lsim=2272 lsime=2a8d lsimg=2a8f lsqb=5b lsquo=2018 lsquor=201a lstrok=142 *lt=3c
  ltcc=2aa6 ltcir=2a79 ltdot=22d6 lthree=22cb ltimes=22c9 ltlarr=2976 ltquest=2a7b ltrPar=2996 ltri=25c3
  ltrie=22b4 ltrif=25c2 lurdshar=294a luruhar=2966 lvertneqq=2268+fe00 lvnE=2268+fe00 mDDot=223a *macr=af
  male=2642 malt=2720 maltese=2720 map=21a6 mapsto=21a6 mapstodown=21a7 mapstoleft=21a4 mapstoup=21a5
  marker=25ae mcomma=2a29 mcy=43c mdash=2014 measuredangle=2221 mfr=1d52a mho=2127 *micro=b5 mid=2223
  midast=2a midcir=2af0 *middot=b7 minus=2212 minusb=229f minusd=2238 minusdu=2a2a mlcp=2adb mldr=2026
  mnplus=2213 models=22a7 mopf=1d55e mp=2213 mscr=1d4c2 mstpos=223e mu=3bc multimap=22b8 mumap=22b8
  nGg=22d9+338 nGt=226b+20d2 nGtv=226b+338 nLeftarrow=21cd nLeftrightarrow=21ce nLl=22d8+338 nLt=226a+20d2
  nLtv=226a+338 nRightarrow=21cf nVDash=22af nVdash=22ae nabla=2207 nacute=144 nang=2220+20d2 nap=2249
  napE=2a70+338 napid=224b+338 napos=149 napprox=2249 natur=266e natural=266e naturals=2115 *nbsp=a0
  nbump=224e+338 nbumpe=224f+338 ncap=2a43 ncaron=148 ncedil=146 ncong=2247 ncongdot=2a6d+338 ncup=2a42
  ncy=43d ndash=2013 ne=2260 neArr=21d7 nearhk=2924 nearr=2197 nearrow=2197 nedot=2250+338 nequiv=2262
  nesear=2928 nesim=2242+338 nexist=2204 nexists=2204 nfr=1d52b ngE=2267+338 nge=2271 ngeq=2271
  ngeqq=2267+338 ngeqslant=2a7e+338 nges=2a7e+338 ngsim=2275 ngt=226f ngtr=226f nhArr=21ce nharr=21ae
  nhpar=2af2 ni=220b nis=22fc nisd=22fa niv=220b njcy=45a nlArr=21cd nlE=2266+338 nlarr=219a nldr=2025
  nle=2270 nleftarrow=219a nleftrightarrow=21ae nleq=2270 nleqq=2266+338 nleqslant=2a7d+338 nles=2a7d+338
  nless=226e nlsim=2274 nlt=226e nltri=22ea nltrie=22ec nmid=2224 nopf=1d55f *not=ac notin=2209
  notinE=22f9+338 notindot=22f5+338 notinva=2209 notinvb=22f7 notinvc=22f6 notni=220c notniva=220c
  notnivb=22fe notnivc=22fd npar=2226 nparallel=2226 nparsl=2afd+20e5 npart=2202+338 npolint=2a14 npr=2280
  nprcue=22e0 npre=2aaf+338 nprec=2280 npreceq=2aaf+338 nrArr=21cf nrarr=219b nrarrc=2933+338 nrarrw=219d+338
  nrightarrow=219b nrtri=22eb nrtrie=22ed nsc=2281 nsccue=22e1 nsce=2ab0+338 nscr=1d4c3 nshortmid=2224
  nshortparallel=2226 nsim=2241 nsime=2244 nsimeq=2244 nsmid=2224 nspar=2226 nsqsube=22e2 nsqsupe=22e3
  nsub=2284 nsubE=2ac5+338 nsube=2288 nsubset=2282+20d2 nsubseteq=2288 nsubseteqq=2ac5+338 nsucc=2281
  nsucceq=2ab0+338 nsup=2285 nsupE=2ac6+338 nsupe=2289 nsupset=2283+20d2 nsupseteq=2289 nsupseteqq=2ac6+338
  ntgl=2279 *ntilde=f1 ntlg=2278 ntriangleleft=22ea ntrianglelefteq=22ec ntriangleright=22eb
  ntrianglerighteq=22ed nu=3bd num=23 numero=2116 numsp=2007 nvDash=22ad nvHarr=2904 nvap=224d+20d2
  nvdash=22ac nvge=2265+20d2 nvgt=3e+20d2 nvinfin=29de nvlArr=2902 nvle=2264+20d2 nvlt=3c+20d2
  nvltrie=22b4+20d2 nvrArr=2903 nvrtrie=22b5+20d2 nvsim=223c+20d2 nwArr=21d6 nwarhk=2923 nwarr=2196
  nwarrow=2196 nwnear=2927 oS=24c8 *oacute=f3 oast=229b ocir=229a *ocirc=f4 ocy=43e odash=229d odblac=151
  odiv=2a38 odot=2299 odsold=29bc oelig=153 ofcir=29bf ofr=1d52c ogon=2db *ograve=f2 ogt=29c1 ohbar=29b5
  ohm=3a9 oint=222e olarr=21ba olcir=29be olcross=29bb oline=203e olt=29c0 omacr=14d omega=3c9 omicron=3bf
  omid=29b6 ominus=2296 oopf=1d560 opar=29b7 operp=29b9 oplus=2295 or=2228 orarr=21bb ord=2a5d order=2134
  orderof=2134 *ordf=aa *ordm=ba origof=22b6 oror=2a56 orslope=2a57 orv=2a5b oscr=2134 *oslash=f8 osol=2298
  *otilde=f5 otimes=2297 otimesas=2a36 *ouml=f6 ovbar=233d par=2225 *para=b6 parallel=2225 parsim=2af3
  parsl=2afd part=2202 pcy=43f percnt=25 period=2e permil=2030 perp=22a5 pertenk=2031 pfr=1d52d phi=3c6
  phiv=3d5 phmmat=2133 phone=260e pi=3c0 pitchfork=22d4 piv=3d6 planck=210f planckh=210e plankv=210f plus=2b
  plusacir=2a23 plusb=229e pluscir=2a22 plusdo=2214 plusdu=2a25 pluse=2a72 *plusmn=b1 plussim=2a26
  plustwo=2a27 pm=b1 pointint=2a15 popf=1d561 *pound=a3 pr=227a prE=2ab3 prap=2ab7 prcue=227c pre=2aaf
  prec=227a precapprox=2ab7 preccurlyeq=227c preceq=2aaf precnapprox=2ab9 precneqq=2ab5 precnsim=22e8
  precsim=227e prime=2032 primes=2119 prnE=2ab5 prnap=2ab9 prnsim=22e8 prod=220f profalar=232e profline=2312
  profsurf=2313 prop=221d propto=221d prsim=227e prurel=22b0 pscr=1d4c5 psi=3c8 puncsp=2008 qfr=1d52e
  qint=2a0c qopf=1d562 qprime=2057 qscr=1d4c6 quaternions=210d quatint=2a16 quest=3f questeq=225f *quot=22
  rAarr=21db rArr=21d2 rAtail=291c rBarr=290f rHar=2964 race=223d+331 racute=155 radic=221a raemptyv=29b3
  rang=27e9 rangd=2992 range=29a5 rangle=27e9 *raquo=bb rarr=2192 rarrap=2975 rarrb=21e5 rarrbfs=2920
  rarrc=2933 rarrfs=291e rarrhk=21aa rarrlp=21ac rarrpl=2945 rarrsim=2974 rarrtl=21a3 rarrw=219d ratail=291a
  ratio=2236 rationals=211a rbarr=290d rbbrk=2773 rbrace=7d rbrack=5d rbrke=298c rbrksld=298e rbrkslu=2990
  rcaron=159 rcedil=157 rceil=2309 rcub=7d rcy=440 rdca=2937 rdldhar=2969 rdquo=201d rdquor=201d rdsh=21b3
  real=211c realine=211b realpart=211c reals=211d rect=25ad *reg=ae rfisht=297d rfloor=230b rfr=1d52f
  rhard=21c1 rharu=21c0 rharul=296c rho=3c1 rhov=3f1 rightarrow=2192 rightarrowtail=21a3
  rightharpoondown=21c1 rightharpoonup=21c0 rightleftarrows=21c4 rightleftharpoons=21cc rightrightarrows=21c9
  rightsquigarrow=219d rightthreetimes=22cc ring=2da risingdotseq=2253 rlarr=21c4 rlhar=21cc rlm=200f
  rmoust=23b1 rmoustache=23b1 rnmid=2aee roang=27ed roarr=21fe robrk=27e7 ropar=2986 ropf=1d563 roplus=2a2e
  rotimes=2a35 rpar=29 rpargt=2994 rppolint=2a12 rrarr=21c9 rsaquo=203a rscr=1d4c7 rsh=21b1 rsqb=5d
  rsquo=2019 rsquor=2019 rthree=22cc rtimes=22ca rtri=25b9 rtrie=22b5 rtrif=25b8 rtriltri=29ce ruluhar=2968
  rx=211e sacute=15b sbquo=201a sc=227b scE=2ab4 scap=2ab8 scaron=161 sccue=227d sce=2ab0 scedil=15f
  scirc=15d scnE=2ab6 scnap=2aba scnsim=22e9 scpolint=2a13 scsim=227f scy=441 sdot=22c5 sdotb=22a1 sdote=2a66
  seArr=21d8 searhk=2925 searr=2198 searrow=2198 *sect=a7 semi=3b seswar=2929 setminus=2216 setmn=2216
  sext=2736 sfr=1d530 sfrown=2322 sharp=266f shchcy=449 shcy=448 shortmid=2223 shortparallel=2225 *shy=ad
  sigma=3c3 sigmaf=3c2 sigmav=3c2 sim=223c simdot=2a6a sime=2243 simeq=2243 simg=2a9e simgE=2aa0 siml=2a9d
  simlE=2a9f simne=2246 simplus=2a24 simrarr=2972 slarr=2190 smallsetminus=2216 smashp=2a33 smeparsl=29e4
  smid=2223 smile=2323 smt=2aaa smte=2aac smtes=2aac+fe00 softcy=44c sol=2f solb=29c4 solbar=233f sopf=1d564
  spades=2660 spadesuit=2660 spar=2225 sqcap=2293 sqcaps=2293+fe00 sqcup=2294 sqcups=2294+fe00 sqsub=228f
  sqsube=2291 sqsubset=228f sqsubseteq=2291 sqsup=2290 sqsupe=2292 sqsupset=2290 sqsupseteq=2292 squ=25a1
  square=25a1 squarf=25aa squf=25aa srarr=2192 sscr=1d4c8 ssetmn=2216 ssmile=2323 sstarf=22c6 star=2606
  starf=2605 straightepsilon=3f5 straightphi=3d5 strns=af sub=2282 subE=2ac5 subdot=2abd sube=2286
  subedot=2ac3 submult=2ac1 subnE=2acb subne=228a subplus=2abf subrarr=2979 subset=2282 subseteq=2286
  subseteqq=2ac5 subsetneq=228a subsetneqq=2acb subsim=2ac7 subsub=2ad5 subsup=2ad3 succ=227b succapprox=2ab8
  succcurlyeq=227d succeq=2ab0 succnapprox=2aba succneqq=2ab6 succnsim=22e9 succsim=227f sum=2211 sung=266a
  sup=2283 *sup1=b9 *sup2=b2 *sup3=b3 supE=2ac6 supdot=2abe supdsub=2ad8 supe=2287 supedot=2ac4 suphsol=27c9
  suphsub=2ad7 suplarr=297b supmult=2ac2 supnE=2acc supne=228b supplus=2ac0 supset=2283 supseteq=2287
  supseteqq=2ac6 supsetneq=228b supsetneqq=2acc supsim=2ac8 supsub=2ad4 supsup=2ad6 swArr=21d9 swarhk=2926
  swarr=2199 swarrow=2199 swnwar=292a *szlig=df target=2316 tau=3c4 tbrk=23b4 tcaron=165 tcedil=163 tcy=442
  tdot=20db telrec=2315 tfr=1d531 there4=2234 therefore=2234 theta=3b8 thetasym=3d1 thetav=3d1
  thickapprox=2248 thicksim=223c thinsp=2009 thkap=2248 thksim=223c *thorn=fe tilde=2dc *times=d7 timesb=22a0
  timesbar=2a31 timesd=2a30 tint=222d toea=2928 top=22a4 topbot=2336 topcir=2af1 topf=1d565 topfork=2ada
  tosa=2929 tprime=2034 trade=2122 triangle=25b5 triangledown=25bf triangleleft=25c3 trianglelefteq=22b4
  triangleq=225c triangleright=25b9 trianglerighteq=22b5 tridot=25ec trie=225c triminus=2a3a triplus=2a39
  trisb=29cd tritime=2a3b trpezium=23e2 tscr=1d4c9 tscy=446 tshcy=45b tstrok=167 twixt=226c
  twoheadleftarrow=219e twoheadrightarrow=21a0 uArr=21d1 uHar=2963 *uacute=fa uarr=2191 ubrcy=45e ubreve=16d
  *ucirc=fb ucy=443 udarr=21c5 udblac=171 udhar=296e ufisht=297e ufr=1d532 *ugrave=f9 uharl=21bf uharr=21be
  uhblk=2580 ulcorn=231c ulcorner=231c ulcrop=230f ultri=25f8 umacr=16b *uml=a8 uogon=173 uopf=1d566
  uparrow=2191 updownarrow=2195 upharpoonleft=21bf upharpoonright=21be uplus=228e upsi=3c5 upsih=3d2
  upsilon=3c5 upuparrows=21c8 urcorn=231d urcorner=231d urcrop=230e uring=16f urtri=25f9 uscr=1d4ca
  utdot=22f0 utilde=169 utri=25b5 utrif=25b4 uuarr=21c8 *uuml=fc uwangle=29a7 vArr=21d5 vBar=2ae8 vBarv=2ae9
  vDash=22a8 vangrt=299c varepsilon=3f5 varkappa=3f0 varnothing=2205 varphi=3d5 varpi=3d6 varpropto=221d
  varr=2195 varrho=3f1 varsigma=3c2 varsubsetneq=228a+fe00 varsubsetneqq=2acb+fe00 varsupsetneq=228b+fe00
  varsupsetneqq=2acc+fe00 vartheta=3d1 vartriangleleft=22b2 vartriangleright=22b3 vcy=432 vdash=22a2 vee=2228
  veebar=22bb veeeq=225a vellip=22ee verbar=7c vert=7c vfr=1d533 vltri=22b2 vnsub=2282+20d2 vnsup=2283+20d2
  vopf=1d567 vprop=221d vrtri=22b3 vscr=1d4cb vsubnE=2acb+fe00 vsubne=228a+fe00 vsupnE=2acc+fe00
  vsupne=228b+fe00 vzigzag=299a wcirc=175 wedbar=2a5f wedge=2227 wedgeq=2259 weierp=2118 wfr=1d534 wopf=1d568
  wp=2118 wr=2240 wreath=2240 wscr=1d4cc xcap=22c2 xcirc=25ef xcup=22c3 xdtri=25bd xfr=1d535 xhArr=27fa
  xharr=27f7 xi=3be xlArr=27f8 xlarr=27f5 xmap=27fc xnis=22fb xodot=2a00 xopf=1d569 xoplus=2a01 xotime=2a02
  xrArr=27f9 xrarr=27f6 xscr=1d4cd xsqcup=2a06 xuplus=2a04 xutri=25b3 xvee=22c1 xwedge=22c0 *yacute=fd
  yacy=44f ycirc=177 ycy=44b *yen=a5 yfr=1d536 yicy=457 yopf=1d56a yscr=1d4ce yucy=44e *yuml=ff zacute=17a
  zcaron=17e zcy=437 zdot=17c zeetrf=2128 zeta=3b6 zfr=1d537 zhcy=436 zigrarr=21dd zopf=1d56b zscr=1d4cf
  zwj=200d zwnj=200c
', E' \n'), '\s+') as e (entry);

-- 20_tracker/35_text/20_html_references.sql
-- Character references of HTML, decoded: named ones by the table, numeric ones by their number.

-- 128 to 159 mean what Windows-1252 has there; any other number without a character is U+FFFD.
create or replace function private.parse_numeric_reference(p_reference text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  c_windows constant text :=
    U&'\20AC\0081\201A\0192\201E\2026\2020\2021\02C6\2030\0160\2039\0152\008D\017D\008F'
    '\0090\2018\2019\201C\201D\2022\2013\2014\02DC\2122\0161\203A\0153\009D\017E\0178';
  v_is_hexadecimal constant boolean := lower(substr(p_reference, 3, 1)) = 'x';
  v_digits constant text := ltrim(substring(p_reference from '[0-9a-fA-F]+'), '0');
  v_code integer := 0;
begin
  if length(v_digits) between 1 and 7 then
    v_code := case when v_is_hexadecimal then ('x' || lpad(v_digits, 8, '0'))::bit(32)::integer
      else v_digits::integer end;
  end if;
  return case
    when v_code = 0 or v_code > 1114111 or v_code between 55296 and 57343 then U&'\FFFD'
    when v_code between 128 and 159 then substr(c_windows, v_code - 127, 1)
    else chr(v_code)
  end;
end;
$$;
comment on function private.parse_numeric_reference is
  'The character of &#8217; or &#x2019;, with or without its semicolon.';

-- In an address, &copy=1 is a parameter and not the sign: the standard's rule for attributes.
create or replace function private.parse_html_reference(p_reference text, p_is_attribute boolean) returns text
language plpgsql stable strict security definer set search_path = '' as $$
declare
  v_name constant text := rtrim(substr(p_reference, 2), ';=');
  v_entity private.html_entities;
begin
  if left(p_reference, 2) = '&#' then
    return private.parse_numeric_reference(p_reference);
  end if;
  if right(p_reference, 1) = ';' then
    select * into v_entity from private.html_entities as e where e.name = v_name;
    if found then
      return v_entity.characters;
    end if;
  end if;
  select * into v_entity
  from private.html_entities as e
  where e.is_semicolon_optional
    and e.name = any (array[
      left(v_name, 2), left(v_name, 3), left(v_name, 4), left(v_name, 5), left(v_name, 6)
    ])
  order by length(e.name) desc
  limit 1;
  if not found or p_is_attribute and '&' || v_entity.name <> p_reference then
    return p_reference;
  end if;
  return v_entity.characters || substr(p_reference, length(v_entity.name) + 2);
end;
$$;
comment on function private.parse_html_reference is
  'What a character reference stands for; unchanged where it is not a reference. It may end with the '
  'semicolon, or with the = that follows it.';

-- Each distinct reference is looked up once.
create or replace function private.decode_html(p_texts text[], p_is_attribute boolean) returns text[]
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  if strpos(array_to_string(p_texts, ''), '&') = 0 then
    return p_texts;
  end if;
  return array(
    with piece as materialized (
      select t.position, p.number, p.match[1] as text
      from unnest(p_texts) with ordinality as t (text, position)
      cross join lateral regexp_matches(
        t.text collate "C", '&(?:#[0-9]+;?|#x[0-9a-f]+;?|[a-z0-9]+[;=]?)|[^&]+|&', 'gi'
      ) with ordinality as p (match, number)
      where strpos(t.text, '&') > 0
    ), reference as materialized (
      select d.text, private.parse_html_reference(d.text, p_is_attribute) as characters
      from (select distinct p.text from piece as p where p.text ~ '^&.') as d
    ), decoded as (
      select p.position, string_agg(coalesce(r.characters, p.text), '' order by p.number) as text
      from piece as p
      left join reference as r on r.text = p.text
      group by p.position
    )
    select coalesce(d.text, t.text)
    from unnest(p_texts) with ordinality as t (text, position)
    left join decoded as d on d.position = t.position
    order by t.position
  );
end;
$$;
comment on function private.decode_html is
  'Texts of HTML with their character references decoded, as in text or as in attributes.';

-- 20_tracker/35_text/30_rich_tokens.sql
-- Text with structure as a list of tokens: what HTML and the trees of an editor have in common.

create type private.rich_token as (
  tag text,
  text text,
  address text,
  number integer
);
comment on type private.rich_token is
  'A piece of text (tag is null), or a tag of HTML, with / before it where it closes: a with its address, '
  'img and file with text and address, embed with an address, pre with the language as text, ol with the '
  'number of its first item.';

-- Addresses in another document's terms lead nowhere here, and data: is the content itself.
create or replace function private.parse_address(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_address constant text := btrim(regexp_replace(p_text, '[\t\n\r]', '', 'g'), U&' <>\00A0');
begin
  return case
    when v_address ~ '^//.' then v_address
    when v_address ~* '^(javascript|vbscript|data|blob|about|cid):' then null
    when v_address ~* '^[a-z][a-z0-9+.-]*:.' then v_address
  end;
end;
$$;
comment on function private.parse_address is
  'An absolute address, of any scheme that leads somewhere; null for relative ones, scripts and data.';

-- Markdown takes balanced brackets as they are.
create or replace function private.format_label(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_text ~ '^[^][]*(\[[^][]*\][^][]*)*$' then p_text
    else regexp_replace(p_text, '([][])', '\\\1', 'g')
  end;
end;
$$;
comment on function private.format_label is 'A text as the label of a link of Markdown.';

create or replace function private.format_address(p_address text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_address ~ '^[^\s()<>]*(\([^\s()<>]*\)[^\s()<>]*)*$' then p_address
    else '<' || replace(replace(p_address, '<', '%3C'), '>', '%3E') || '>'
  end;
end;
$$;
comment on function private.format_address is 'An address as the target of a link of Markdown.';

create or replace function private.is_label_address(p_label text, p_address text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return p_address in (p_label, p_label || '/', 'mailto:' || p_label, 'tel:' || p_label);
end;
$$;
comment on function private.is_label_address is 'Whether the text of a link is its address.';

create or replace function private.format_link(p_tag text, p_text text, p_address text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := nullif(btrim(regexp_replace(p_text, '\s+', ' ', 'g')), '');
begin
  return case
    when p_address is null or p_tag = 'file' and v_text = p_address then v_text
    when p_tag = 'img' then concat(
      '![', private.format_label(v_text), '](', private.format_address(p_address), ')'
    )
    when p_tag = 'file' and v_text is not null then concat(
      '[', private.format_label(v_text), '](', private.format_address(p_address), ')'
    )
    else p_address
  end;
end;
$$;
comment on function private.format_link is
  'An img, file or embed as Markdown: its text, its address, or both; null where it has neither.';

-- 20_tracker/35_text/40_rich_parts.sql
-- Where each token is: how deep in quotes, lists and code, and in which item of which list.

create type private.rich_part as (
  position bigint,
  tag text,
  text text,
  address text,
  number integer,
  quote_depth bigint,
  list_depth bigint,
  indent bigint,
  pre_depth bigint,
  code_depth bigint,
  hidden_depth bigint,
  item bigint,
  marker text
);
comment on type private.rich_part is
  'A token with its position from 1, how deep in quotes, lists, code and hidden elements it is, by how many '
  'columns lists indent it, and the position and the marker of the list item that it is in.';

-- A sum of what opens and closes, less the lowest it has been: closing what is not open changes nothing.
create or replace function private.parse_rich_depths(p_tokens private.rich_token[])
returns setof private.rich_part
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return query
  with step as (
    select t.position, t.tag, t.text, private.parse_address(t.address) as address, t.number,
      case t.tag when 'blockquote' then 1 when '/blockquote' then -1 else 0 end as quote,
      case t.tag when 'ul' then 1 when 'ol' then 1 when '/ul' then -1 when '/ol' then -1 else 0 end as list,
      case t.tag when 'ul' then 2 when 'ol' then 3 when '/ul' then -2 when '/ol' then -3 else 0 end as indent,
      case t.tag when 'pre' then 1 when '/pre' then -1 else 0 end as pre,
      case t.tag when 'code' then 1 when '/code' then -1 else 0 end as code,
      case t.tag when 'template' then 1 when '/template' then -1 else 0 end as hidden
    from unnest(p_tokens) with ordinality as t (tag, text, address, number, position)
  ), total as (
    select s.position, s.tag, s.text, s.address, s.number, sum(s.quote) over w as quote,
      sum(s.list) over w as list, sum(s.indent) over w as indent, sum(s.pre) over w as pre,
      sum(s.code) over w as code, sum(s.hidden) over w as hidden
    from step as s
    window w as (order by s.position)
  )
  select t.position, t.tag, t.text, t.address, t.number, t.quote - least(min(t.quote) over w, 0),
    t.list - least(min(t.list) over w, 0), t.indent - least(min(t.indent) over w, 0),
    t.pre - least(min(t.pre) over w, 0), t.code - least(min(t.code) over w, 0),
    t.hidden - least(min(t.hidden) over w, 0),
    null::bigint, null::text
  from total as t
  window w as (order by t.position);
end;
$$;
comment on function private.parse_rich_depths is
  'Tokens in their order with the depth of each; what opens counts itself.';

create or replace function private.parse_rich_parts(p_tokens private.rich_token[])
returns setof private.rich_part
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  if not exists (select from unnest(p_tokens) as t where t.tag = 'li') then
    return query select * from private.parse_rich_depths(p_tokens);
    return;
  end if;
  return query
  with part as (
    select p.*, max(p.position) filter (where p.tag in ('ul', 'ol')) over w as list_start,
      max(p.position) filter (where p.tag = 'li') over w as item_start,
      max(p.position) filter (where p.tag in ('ul', 'ol', '/li')) over w as item_end
    from private.parse_rich_depths(p_tokens) as p
    window w as (partition by p.list_depth order by p.position)
  ), numbered as (
    select p.*, max(p.tag) filter (where p.tag in ('ul', 'ol')) over w as list_tag,
      coalesce(max(p.number) filter (where p.tag = 'ol') over w, 1)::bigint
        + count(*) filter (where p.tag = 'li') over w - 1 as item_number
    from part as p
    window w as (partition by p.list_depth, p.list_start order by p.position)
  )
  select n.position, n.tag, n.text, n.address, n.number, n.quote_depth, n.list_depth, n.indent, n.pre_depth,
    n.code_depth, n.hidden_depth,
    case when n.item_start > coalesce(n.item_end, 0) then n.item_start end,
    case when n.list_tag = 'ol' then n.item_number || '. ' else '- ' end
  from numbered as n;
end;
$$;
comment on function private.parse_rich_parts is
  'Tokens with the depth of each and the list item that it is in.';

-- 20_tracker/35_text/50_rich_runs.sql
-- What becomes text, and what stands between one piece of it and the next.

create type private.rich_run as (
  position bigint,
  tag text,
  text text,
  starts_with_space boolean,
  ends_with_space boolean,
  quote_depth bigint,
  list_depth bigint,
  indent bigint,
  item bigint,
  marker text,
  pre bigint,
  language text,
  code bigint,
  link bigint,
  address text,
  is_escaped boolean,
  breaks bigint,
  spaces bigint,
  table_row bigint,
  cell bigint
);
comment on type private.rich_run is
  'A piece of text with the number of the code and the link that it is in, the table row and the cell in it; '
  'breaks and spaces count the line breaks and the blank texts from the beginning.';

create or replace function private.is_block_tag(p_tag text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return ltrim(p_tag, '/') in (
    'address', 'article', 'aside', 'blockquote', 'body', 'caption', 'center', 'dd', 'details', 'dialog',
    'dir', 'div', 'dl', 'dt', 'embed', 'fieldset', 'figcaption', 'figure', 'footer', 'form', 'h1', 'h2',
    'h3', 'h4', 'h5', 'h6', 'head', 'header', 'hgroup', 'hr', 'html', 'legend', 'li', 'main', 'menu', 'nav',
    'ol', 'optgroup', 'option', 'p', 'pre', 'search', 'section', 'select', 'summary', 'table', 'tbody',
    'textarea', 'tfoot', 'thead', 'title', 'tr', 'ul', 'xmp'
  );
end;
$$;
comment on function private.is_block_tag is 'Whether a tag begins a line, and ends one where it closes.';

-- In code, and in trees of an editor, white space counts; elsewhere in HTML, any of it is one space. A link
-- without any text shows its address. Called for each token, a function would take half of the time.
create or replace function private.parse_rich_texts(p_tokens private.rich_token[], p_is_html boolean)
returns setof private.rich_run
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  c_spaces constant text := E' \t\n\f\r\u00a0';
begin
  return query
  with part as materialized (
    select p.*,
      case
        when p.tag = 'hr' then '---'
        when p.tag in ('img', 'file', 'embed') then private.format_link(p.tag, p.text, p.address)
        when p.tag is not null then null
        when not p_is_html then p.text
        when p.pre_depth > 0 then replace(replace(p.text, E'\r\n', E'\n'), U&'\00A0', ' ')
        else btrim(regexp_replace(p.text, '[ \t\n\f\r\u00a0]+', ' ', 'g'), ' ')
      end as content,
      case when p.pre_depth > 0 then count(*) filter (where p.tag = 'pre') over w end as pre,
      case when p.code_depth > 0 and p.pre_depth = 0 then count(*) filter (where p.tag = 'code') over w end
        as code,
      count(*) filter (where p.tag in ('a', '/a')) over w as link,
      count(*) filter (where p.tag in ('table', 'tr', '/tr', '/table')) over w as table_row,
      count(*) filter (where p.tag in ('td', 'th')) over w as cell
    from private.parse_rich_parts(p_tokens) as p
    where p.hidden_depth = 0
    window w as (order by p.position)
  ), label as (
    select p.link, max(p.address) filter (where p.tag = 'a') as address,
      string_agg(case when p.tag = 'img' then coalesce(p.address, p.content) else p.content end, ''
        order by p.position) filter (where p.content <> '') as text
    from part as p
    where p.link > 0
    group by p.link
  ), link as materialized (
    select l.link, l.address, l.text is null as is_empty,
      private.format_label(l.text) <> l.text as is_escaped
    from label as l
    where l.address is not null and not coalesce(private.is_label_address(l.text, l.address), false)
  ), pre as materialized (
    select p.pre, max(p.text) filter (where p.tag = 'pre' and p.text <> '') as language
    from part as p where p.pre is not null group by p.pre having bool_or(p.content ~ '\S')
  )
  select p.position, p.tag, case
      when p.tag = 'a' and l.is_empty then l.address
      when p.pre is null or g.pre is not null then p.content
    end,
    p_is_html and p.tag is null and p.pre_depth = 0 and strpos(c_spaces, left(p.text, 1)) > 0,
    p_is_html and p.tag is null and p.pre_depth = 0 and strpos(c_spaces, right(p.text, 1)) > 0,
    p.quote_depth, p.list_depth, p.indent, p.item, p.marker, g.pre, g.language, p.code,
    case when not l.is_empty then p.link end, l.address, l.is_escaped, null::bigint,
    count(*) filter (where p.content = '') over w, p.table_row, p.cell
  from part as p
  left join link as l on l.link = p.link
  left join pre as g on g.pre = p.pre
  window w as (order by p.position);
end;
$$;
comment on function private.parse_rich_texts is
  'All visible tokens in their order, each with the text that it contributes.';

-- A br breaks a line; the beginning or end of a block breaks one that has text; an empty paragraph is an
-- empty line.
create or replace function private.parse_rich_runs(p_tokens private.rich_token[], p_is_html boolean)
returns setof private.rich_run
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return query
  with line as (
    select t.*, t.text <> '' as is_text, private.is_block_tag(t.tag) as is_block,
      lag(t.tag) over w as last_tag, lag(t.text <> '') over w as last_is_text
    from private.parse_rich_texts(p_tokens, p_is_html) as t
    where t.text <> '' or t.tag = 'br' or private.is_block_tag(t.tag)
    window w as (order by t.position)
  ), counted as (
    select l.*,
      sum(case
        when l.tag = 'br' then 1
        when l.tag = '/p' and l.last_tag = 'p' then 1
        when l.last_is_text and (l.is_block or l.is_text and private.is_block_tag(l.last_tag)) then 1
        else 0
      end) over (order by l.position) as break_count,
      l.cell - coalesce(max(l.cell) filter (where l.tag in ('table', 'tr', '/tr', '/table'))
        over (order by l.position), 0) as row_cell
    from line as l
  )
  select c.position, c.tag, c.text, c.starts_with_space, c.ends_with_space, c.quote_depth, c.list_depth,
    c.indent, c.item, c.marker, c.pre, c.language, c.code, c.link, c.address, c.is_escaped, c.break_count,
    c.spaces, c.table_row, c.row_cell
  from counted as c
  where c.is_text;
end;
$$;
comment on function private.parse_rich_runs is
  'The tokens that have text, in their order, with what stands between them.';

-- 20_tracker/35_text/60_format_rich_text.sql
-- Text with structure as Markdown: addresses, code blocks, lists, quotes and cells; all else as plain text.

-- Ten levels are enough for people; each line repeats its own.
create or replace function private.format_line_start(
  p_quote_depth bigint, p_indent bigint, p_marker text
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return repeat('> ', least(p_quote_depth, 10)::integer)
    || case
      when p_marker is null then repeat(' ', least(p_indent, 30)::integer)
      else repeat(' ', least(greatest(p_indent - case p_marker when '- ' then 2 else 3 end, 0), 30)::integer)
        || p_marker
    end;
end;
$$;
comment on function private.format_line_start is
  'What a line begins with: its quotes, its indentation, and the marker of the item that begins with it.';

create type private.rich_piece as (
  position bigint,
  text text,
  is_plain boolean,
  run private.rich_run,
  is_line_start boolean,
  breaks bigint,
  cells bigint,
  has_space boolean,
  common_quote_depth bigint,
  is_item_start boolean,
  is_pre_start boolean,
  is_pre_end boolean,
  is_link_start boolean,
  is_link_end boolean,
  is_code_start boolean,
  is_code_end boolean,
  tick_count integer
);
comment on type private.rich_piece is
  'A piece of text next to its neighbours: the line breaks, cells and space before it, what begins and ends '
  'with it, whether there is nothing but text, breaks and space, and the longest run of backticks '
  'in its code.';

create or replace function private.count_backticks(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  if strpos(p_text, '`') = 0 then
    return 0;
  end if;
  return (select max(length(t.match[1])) from regexp_matches(p_text, '(`+)', 'g') as t (match));
end;
$$;
comment on function private.count_backticks is 'The longest run of backticks in a text.';

create or replace function private.parse_rich_pieces(p_tokens private.rich_token[], p_is_html boolean)
returns setof private.rich_piece
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return query
  with run as (
    select r as run, r.position, r.text, lag(r.position) over w is null as is_first,
      coalesce(r.pre, r.code, r.link, r.item) is null and r.quote_depth = 0 and r.indent = 0
        and strpos(r.text, E'\n') = 0 as is_plain,
      r.breaks - coalesce(lag(r.breaks) over w, 0) as breaks,
      r.tag = 'hr' or lag(r.list_depth) over w > 0 and r.list_depth = 0
        or lag(r.quote_depth) over w > r.quote_depth as needs_empty_line,
      case when r.table_row = lag(r.table_row) over w then r.cell - lag(r.cell) over w end as row_cells,
      greatest(r.cell - 1, 0) as first_cells,
      r.starts_with_space or lag(r.ends_with_space) over w or r.spaces > lag(r.spaces) over w as has_space,
      least(r.quote_depth, lag(r.quote_depth) over w) as common_quote_depth,
      coalesce(lag(r.position) over w, 0) < r.item as is_item_start,
      r.pre is distinct from lag(r.pre) over w as is_pre_start,
      r.pre is distinct from lead(r.pre) over w as is_pre_end,
      r.link is distinct from lag(r.link) over w as is_link_start,
      r.link is distinct from lead(r.link) over w as is_link_end,
      r.code is distinct from lag(r.code) over w or r.breaks > lag(r.breaks) over w as is_code_start,
      r.code is distinct from lead(r.code) over w or r.breaks < lead(r.breaks) over w as is_code_end,
      max(case when r.pre is not null or r.code is not null then private.count_backticks(r.text) end)
        over (partition by r.pre, r.code, case when r.pre is null then r.breaks end) as tick_count
    from private.parse_rich_runs(p_tokens, p_is_html) as r
    window w as (order by r.position)
  ), line as (
    select r.*, case
        when r.is_first or r.row_cells > 0 then 0
        when r.needs_empty_line and r.breaks > 0 then greatest(r.breaks, 2)
        else r.breaks
      end as gap
    from run as r
  )
  select l.position, l.text,
    l.is_plain and coalesce(l.row_cells, l.first_cells) = 0,
    l.run, l.is_first or l.gap > 0, l.gap, coalesce(l.row_cells, l.first_cells), l.has_space,
    l.common_quote_depth, l.is_item_start, l.is_pre_start, l.is_pre_end, l.is_link_start, l.is_link_end,
    l.is_code_start, l.is_code_end, l.tick_count
  from line as l;
end;
$$;
comment on function private.parse_rich_pieces is
  'The tokens that have text, in their order, each next to its neighbours.';

create or replace function private.format_rich_piece(p_piece private.rich_piece) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  r constant private.rich_run := p_piece.run;
  v_next_line constant text := E'\n' || private.format_line_start(r.quote_depth, r.indent, null);
  v_fence constant text := repeat('`', greatest(p_piece.tick_count + 1, 3));
  v_ticks constant text := repeat('`', p_piece.tick_count + 1);
  v_pad constant text := case when p_piece.tick_count > 0 then ' ' else '' end;
  v_text text := r.text;
begin
  if r.pre is not null then
    v_text := case when p_piece.is_pre_start then regexp_replace(v_text, '^\n', '') else v_text end;
    v_text := case when p_piece.is_pre_end then rtrim(v_text, E' \n') else v_text end;
  elsif r.is_escaped and r.link is not null and r.tag is distinct from 'img' then
    v_text := regexp_replace(v_text, '([][])', '\\\1', 'g');
  end if;
  return concat(
    case
      when p_piece.breaks > 0 then
        repeat(E'\n' || rtrim(private.format_line_start(p_piece.common_quote_depth, 0, null)),
          p_piece.breaks::integer - 1) || E'\n'
      when not p_piece.is_line_start and p_piece.cells = 0 and p_piece.has_space then ' '
    end,
    case when p_piece.is_line_start then
      private.format_line_start(r.quote_depth, r.indent, case when p_piece.is_item_start then r.marker end)
    end,
    repeat(' | ', p_piece.cells::integer),
    case when r.pre is not null and p_piece.is_pre_start then
      v_fence || coalesce(r.language, '') || v_next_line end,
    case when r.link is not null and p_piece.is_link_start then '[' end,
    case when r.code is not null and p_piece.is_code_start then v_ticks || v_pad end,
    replace(v_text, E'\n', v_next_line),
    case when r.code is not null and p_piece.is_code_end then v_pad || v_ticks end,
    case when r.link is not null and p_piece.is_link_end then
      '](' || private.format_address(r.address) || ')' end,
    case when r.pre is not null and p_piece.is_pre_end then v_next_line || v_fence end
  );
end;
$$;
comment on function private.format_rich_piece is
  'A piece of text as Markdown, with what stands before it.';

create or replace function private.format_rich_text(p_tokens private.rich_token[], p_is_html boolean)
returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return (
    select btrim(string_agg(
      case
        when not p.is_plain then private.format_rich_piece(p)
        when p.breaks > 0 then repeat(E'\n', p.breaks::integer) || p.text
        when p.has_space then ' ' || p.text
        else p.text
      end, '' order by p.position
    ), E' \n\r\t')
    from private.parse_rich_pieces(p_tokens, p_is_html) as p
  );
end;
$$;
comment on function private.format_rich_text is
  'Tokens as text: one line per block, addresses, code blocks, lists and quotes as Markdown has them, cells '
  'separated by |. p_is_html: white space outside code is one space. Null without any text.';

-- 20_tracker/35_text/70_html_tokens.sql
-- HTML as tokens: split at each <, with small regular expressions for what is between two of them. One large
-- expression over the whole text took ten times as long.

create type private.html_token as (
  tag text,
  text text
);
comment on type private.html_token is
  'A tag, by its name in lower case, with / before it where it closes, and its source; or text.';

-- Quotes count only where a value begins.
create or replace function private.scan_html_attributes(p_text text, out o_end integer, out o_state text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_is constant text := '[^ \t\n\f\r/>=]+[ \t\n\f\r]*=[ \t\n\f\r]*';
  c_value constant text := '[^ \t\n\f\r>"''][^ \t\n\f\r>]*';
  c_attributes constant text := '^(?:[ \t\n\f\r/]+|[^ \t\n\f\r/>=]+|' || c_is || '(?:"[^"]*"|''[^'']*'')|'
    || c_is || c_value || '[ \t\n\f\r])*';
  c_end constant text := '(?:' || c_is || '(?:' || c_value || ')?)?>';
begin
  o_end := regexp_instr(p_text collate "C", c_attributes || c_end, 1, 1, 1) - 1;
  if o_end < 0 then
    o_state := left(substring(p_text collate "C" from c_attributes || c_is || '("[^"]*|''[^'']*)$'), 1);
    o_end := strpos(p_text, '>');
    o_state := coalesce(o_state, case o_end when 0 then 'tag' end);
  end if;
end;
$$;
comment on function private.scan_html_attributes is
  'Where a tag ends, given what follows its name or a value; else o_state: the quote that is open, or tag.';

create or replace function private.scan_html(p_state text, p_text text, out o_end integer, out o_state text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_state constant text := coalesce(p_state, case
    when p_text ~ '^/?[a-zA-Z]' then 'name' when starts_with(p_text, '!--') then 'comment'
    when starts_with(p_text, '![CDATA[') then 'cdata' when p_text ~ '^([!?]|/>)' then 'declaration'
  end);
  v_begin constant integer := case v_state
    when 'name' then length(substring(p_text from '^/?[^ \t\n\f\r/>]+'))
    when 'tag' then 0 when '"' then strpos(p_text, '"') when '''' then strpos(p_text, '''')
  end;
begin
  if v_begin = 0 and v_state <> 'tag' then
    o_state := v_state;
  elsif v_begin is not null then
    select s.o_end + v_begin, s.o_state into o_end, o_state
    from private.scan_html_attributes(substr(p_text, v_begin + 1)) as s;
  elsif v_state = 'comment' and p_state is null and p_text ~ '^!---?>' then
    o_end := strpos(p_text, '>');
  elsif v_state = 'comment' then
    o_end := regexp_instr(p_text, '--!?>', case when p_state is null then 4 else 1 end, 1, 1) - 1;
    o_state := case when o_end < 0 then 'comment' end;
  elsif v_state = 'cdata' then
    o_end := strpos(p_text, ']]>') + 2;
    o_state := case o_end when 2 then 'cdata' end;
  elsif v_state = 'declaration' then
    o_end := strpos(p_text, '>');
    o_state := case o_end when 0 then 'declaration' end;
  end if;
end;
$$;
comment on function private.scan_html is
  'Where what begins at a <, or goes on in this state, ends in the text up to the next <. o_state: what goes '
  'on beyond it, else null. o_end: null where it is text.';

create or replace function private.is_raw_tag(p_tag text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_tag in (
    'script', 'style', 'iframe', 'noembed', 'noframes', 'noscript', 'textarea', 'title', 'xmp'
  );
end;
$$;
comment on function private.is_raw_tag is
  'Whether the content of an element is text, whatever it looks like.';

create or replace function private.parse_raw_html(p_tag text, p_parts text[]) returns private.html_token
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := array_to_string(p_parts, '<');
begin
  return case
    when p_tag in ('textarea', 'title') then row(null, v_text)::private.html_token
    when p_tag = 'xmp' then row(null, replace(v_text, '&', '&amp;'))::private.html_token
    else row('!', null)::private.html_token
  end;
end;
$$;
comment on function private.parse_raw_html is
  'The content of an element whose content is text: a token of text, or ! where nobody sees it.';

-- A tag that is never closed is text, and so is what follows it, unless it looks like a tag.
create or replace function private.split_unclosed_html(p_state text, p_html text)
returns private.html_token[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_state = 'comment' then '{}'
    when p_state = 'cdata' then array[row(null, substr(p_html, 10))::private.html_token]
    else array(
      select row(
        lower(substring(t.match[1] from '^<(/?[a-zA-Z][^ \t\n\f\r/>]*)')), t.match[1]
      )::private.html_token
      from regexp_matches(p_html collate "C", '(</?[a-z][^<>]*>|[^<]+|<)', 'gi')
        with ordinality as t (match, number)
      order by t.number
    )
  end;
end;
$$;
comment on function private.split_unclosed_html is 'The tokens of what is never closed.';

create or replace function private.split_html(p_html text) returns private.html_token[]
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_rows constant text[] := string_to_array(p_html, '<');
  v_tokens private.html_token[] := array[row(null, v_rows[1])::private.html_token];
  v_parts text[] := '{}'::text[];
  v_raw text;
  v_state text;
  v_row text;
  v_end integer;
  v_head text;
  v_tag text;
begin
  foreach v_row in array v_rows[2:] loop
    if v_raw is not null and v_row !~* ('^/' || v_raw || '[ \t\n\f\r/>]') then
      v_parts := v_parts || v_row;
      continue;
    elsif v_raw is not null then
      v_tokens := v_tokens || private.parse_raw_html(v_raw, v_parts);
      v_parts := '{}';
      v_raw := null;
    end if;
    if v_state is null and v_row ~ '^/?[a-zA-Z][^>"'']*>' then
      v_end := strpos(v_row, '>');
    else
      select s.o_end, s.o_state into v_end, v_state from private.scan_html(v_state, v_row) as s;
    end if;
    if v_state is not null then
      v_parts := v_parts || v_row;
      continue;
    end if;
    v_head := case v_parts when '{}' then left(v_row, v_end)
      else array_to_string(v_parts || left(v_row, v_end), '<') end;
    v_parts := '{}';
    v_tag := lower(substring(v_head from '^/?[a-zA-Z][^ \t\n\f\r/>]*'));
    if v_tag is not null then
      v_tokens := v_tokens || row(v_tag, '<' || v_head)::private.html_token;
    elsif v_end is null or starts_with(v_head, '![CDATA[') then
      v_head := coalesce(substr(v_head, 9, length(v_head) - 11), '<');
      v_tokens := v_tokens || row(null, v_head)::private.html_token;
    end if;
    v_row := substr(v_row, coalesce(v_end, 0) + 1);
    if private.is_raw_tag(v_tag) then
      v_raw := v_tag;
      v_parts := array[v_row];
    elsif v_row <> '' then
      v_tokens := v_tokens || row(null, v_row)::private.html_token;
    end if;
  end loop;
  return v_tokens || case
    when v_raw is not null then array[private.parse_raw_html(v_raw, v_parts)]
    when v_state is not null then private.split_unclosed_html(v_state, '<' || array_to_string(v_parts, '<'))
  end;
end;
$$;
comment on function private.split_html is 'The tokens of HTML: its tags, its text, not its comments.';

create or replace function private.html_attribute_pattern() returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return '([^ \t\n\f\r/>=]+)'
    || '(?:[ \t\n\f\r]*=[ \t\n\f\r]*(?:"([^"]*)"|''([^'']*)''|([^ \t\n\f\r>"''][^ \t\n\f\r>]*)))?';
end;
$$;
comment on function private.html_attribute_pattern is 'Matches the next attribute of a tag: name and value.';

-- The first of two attributes of one name counts.
create or replace function private.parse_html_attributes(
  p_tokens private.html_token[], out o_position bigint, out o_attributes jsonb
) returns setof record
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_positions bigint[];
  v_names text[];
  v_values text[];
begin
  select array_agg(t.position order by t.position, a.number),
    array_agg(lower(a.match[1]) order by t.position, a.number),
    array_agg(coalesce(a.match[2], a.match[3], a.match[4], '') order by t.position, a.number)
  into v_positions, v_names, v_values
  from unnest(p_tokens) with ordinality as t (tag, text, position)
  cross join lateral regexp_matches(
    substr(t.text, length(t.tag) + 2) collate "C", private.html_attribute_pattern(), 'g'
  ) with ordinality as a (match, number)
  where t.tag in ('a', 'img', 'iframe', 'embed', 'object', 'video', 'audio', 'source', 'ol', 'pre', 'code',
      'action-text-attachment')
    and lower(a.match[1]) in (
      'href', 'src', 'data-src', 'srcset', 'alt', 'data', 'start', 'class', 'url', 'content-type', 'caption',
      'filename'
    );
  return query
  select a.position, jsonb_object_agg(a.name, a.value order by a.number desc)
  from unnest(v_positions, v_names, private.decode_html(v_values, true))
    with ordinality as a (position, name, value, number)
  group by a.position;
end;
$$;
comment on function private.parse_html_attributes is
  'The attributes of the tags whose attributes count, by the position of the tag.';

-- 20_tracker/35_text/80_parse_html.sql
-- HTML as text.

-- An attachment of a post is an image or a file; one that mentions a member has the name as its content.
create or replace function private.parse_html_token(
  p_tag text, p_attributes jsonb, p_next_class text
) returns private.rich_token
language plpgsql immutable security invoker set search_path = '' as $$
declare
  a constant jsonb := p_attributes;
  v private.rich_token;
begin
  v.tag := p_tag;
  case
    when p_tag = 'a' then
      v.address := a ->> 'href';
    when p_tag = 'img' then
      v.text := a ->> 'alt';
      v.address := coalesce(
        private.parse_address(a ->> 'src'), private.parse_address(a ->> 'data-src'),
        private.parse_address(substring(a ->> 'srcset' from '^\s*([^\s,]\S*[^\s,])'))
      );
    when p_tag in ('iframe', 'embed', 'object', 'video', 'audio', 'source') then
      v.tag := 'embed';
      v.address := coalesce(a ->> 'src', a ->> 'data');
    when p_tag = 'ol' then
      v.number := private.parse_integer(a ->> 'start');
    when p_tag = 'pre' then
      v.text := substring(coalesce(a ->> 'class', '') || ' ' || coalesce(p_next_class, '')
        from '(?:^|\s)lang(?:uage)?-([^\s`]+)');
    when p_tag = 'action-text-attachment' then
      v.tag := case when a ->> 'content-type' like 'image/%' then 'img' else 'file' end;
      v.text := coalesce(nullif(a ->> 'caption', ''), a ->> 'filename');
      v.address := coalesce(a ->> 'url', a ->> 'href');
    else null;
  end case;
  return v;
end;
$$;
comment on function private.parse_html_token is
  'A tag of HTML with what counts of its attributes; p_next_class: the class of the next one.';

create or replace function private.parse_html(p_html text) returns text
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_tokens private.html_token[];
begin
  if strpos(p_html, '<') = 0 and strpos(p_html, '&') = 0 then
    return p_html;
  end if;
  v_tokens := private.split_html(p_html);
  return private.format_rich_text(array(
    select case
      when a.o_attributes is null and t.tag is distinct from 'pre' then
        row(t.tag, d.text, null, null)::private.rich_token
      else private.parse_html_token(
        t.tag, a.o_attributes, lead(a.o_attributes ->> 'class') over (order by t.position)
      )
    end
    from unnest(v_tokens) with ordinality as t (tag, text, position)
    join unnest(private.decode_html(array(
      select case when t.tag is null then t.text end
      from unnest(v_tokens) with ordinality as t (tag, text, position) order by t.position
    ), false)) with ordinality as d (text, position) on d.position = t.position
    left join private.parse_html_attributes(v_tokens) as a on a.o_position = t.position
    order by t.position
  ), true);
end;
$$;
comment on function private.parse_html is
  'HTML as text: one line per block; links, images, code blocks, lists and quotes as in Markdown; table '
  'cells separated by |; character references decoded; no scripts, styles and comments. A text without < and '
  '& is returned unchanged.';

-- 20_tracker/35_text/90_rich_leaves.sql
-- The trees of the TipTap editor as text: rich_text_body of chat messages, tiptap_body of posts and comments.

create or replace function private.parse_embedded_json(p_value jsonb) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_value jsonb := p_value;
  v_text text;
begin
  -- A tree may be text in a text; any other text is not taken apart.
  for v_level in 1 .. 4 loop
    if jsonb_typeof(v_value) <> 'string' then
      return v_value;
    end if;
    v_text := private.repair_json_escapes(v_value #>> '{}');
    exit when v_text !~ '^\s*[[{"]' or not pg_input_is_valid(v_text, 'jsonb');
    v_value := v_text::jsonb;
  end loop;
  return case jsonb_typeof(v_value) when 'string' then p_value else v_value end;
end;
$$;
comment on function private.parse_embedded_json is
  'JSON that came as text of JSON, once or several times, parsed; all else as it came.';

create or replace function private.find_text(p_object jsonb, p_keys text[]) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_key text;
begin
  foreach v_key in array p_keys loop
    if private.parse_text(p_object -> v_key) is not null then
      return p_object ->> v_key;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.find_text is 'The first of an object''s values that is a text and not blank.';

-- A node names what it shows by sgid, an upload by signed_id.
create or replace function private.parse_rich_objects(p_wrapper jsonb) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_object_agg(k.id, e.value), '{}')
    from unnest(array[
      'inline_attachments', 'attachments', 'community_members', 'entities', 'group_mentions', 'polls'
    ]) as l (key)
    cross join lateral jsonb_array_elements(
      case jsonb_typeof(p_wrapper -> l.key) when 'array' then p_wrapper -> l.key else '[]' end
    ) as e (value)
    cross join lateral (values (e.value ->> 'sgid'), (e.value ->> 'signed_id'), (e.value ->> 'id')) as k (id)
    where k.id is not null
  ) || case jsonb_typeof(p_wrapper -> 'sgids_to_object_map')
    when 'object' then p_wrapper -> 'sgids_to_object_map' else '{}' end;
end;
$$;
comment on function private.parse_rich_objects is
  'What the nodes of a text refer to, by sgid, signed_id and id: members, files, embeds, posts, polls.';

create or replace function private.tag_of_node(p_type text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case lower(replace(p_type, '_', ''))
    when 'text' then 'text' when 'paragraph' then 'p' when 'heading' then 'h2'
    when 'blockquote' then 'blockquote' when 'bulletlist' then 'ul' when 'tasklist' then 'ul'
    when 'orderedlist' then 'ol' when 'listitem' then 'li' when 'taskitem' then 'li'
    when 'codeblock' then 'pre' when 'hardbreak' then 'br'
    when 'horizontalrule' then 'hr' when 'table' then 'table' when 'tablerow' then 'tr'
    when 'tablecell' then 'td' when 'tableheader' then 'td' when 'image' then 'img'
    when 'mention' then 'mention' when 'embed' then 'embed' when 'video' then 'embed'
    when 'audio' then 'embed' when 'youtube' then 'embed' when 'iframe' then 'embed' when 'poll' then 'poll'
    else 'div'
  end;
end;
$$;
comment on function private.tag_of_node is
  'The tag that a type of node corresponds to; div for what has none, such as doc, file and entity.';

create or replace function private.parse_rich_leaf(p_tag text, p_node jsonb, p_object jsonb)
returns private.rich_token
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_fallback constant text := coalesce(
    p_node ->> 'circle_ios_fallback_text', p_object ->> 'circle_ios_fallback_text'
  );
  v_sign constant text := coalesce(private.find_text(p_object, array['mentionSuggestionChar']), '@');
  v_address constant text := private.find_text(p_object, array[
    'src', 'url', 'href', 'original_url', 'embed_url', 'large_url', 'preview_url', 'cdn_url', 'image_url'
  ]);
begin
  return case p_tag
    when 'mention' then row(
      null, v_sign || ltrim(coalesce(
        private.find_text(p_object, array['label', 'name', 'display_name', 'title']), v_fallback,
        private.find_text(p_object, array['id']), '…'
      ), v_sign), null, null
    )::private.rich_token
    when 'img' then row(
      'img', private.find_text(p_object, array['alt', 'title', 'caption', 'filename', 'name']), v_address,
      null
    )::private.rich_token
    when 'embed' then row(
      'embed', null, coalesce(
        v_address, private.parse_html(private.find_text(p_object, array['embed_html', 'html']))
      ), null
    )::private.rich_token
    else row(
      'file', coalesce(
        private.find_text(p_object, array[
          'label', 'filename', 'emoji', 'name', 'title', 'question', 'text', 'value', 'latex'
        ]), v_fallback
      ), v_address, null
    )::private.rich_token
  end;
end;
$$;
comment on function private.parse_rich_leaf is
  'A node without content as a token. p_object: the node''s attributes, and what it refers to.';

-- 20_tracker/35_text/95_parse_rich_text.sql
-- The tree of a text, walked.

create or replace function private.parse_rich_poll(p_object jsonb) returns private.rich_token[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select row(t.tag, t.text, null, null)::private.rich_token
    from jsonb_array_elements(
      case jsonb_typeof(p_object -> 'options') when 'array' then p_object -> 'options' else '[]' end
    ) with ordinality as o (value, position)
    cross join lateral (values
      ('li', null),
      (null, coalesce(private.find_text(o.value, array['text', 'title', 'name', 'value']), o.value #>> '{}')),
      ('/li', null)
    ) as t (tag, text)
    order by o.position
  );
end;
$$;
comment on function private.parse_rich_poll is 'The options of a poll as items of a list.';

create or replace function private.find_rich_object(p_objects jsonb, p_attrs jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_object constant jsonb := p_objects -> private.find_text(
    p_attrs, array['sgid', 'signed_id', 'attachment_sgid', 'signedId', 'poll_id', 'id']
  );
begin
  return case jsonb_typeof(v_object) when 'object' then v_object else '{}' end || (
    select coalesce(jsonb_object_agg(a.key, a.value), '{}')
    from jsonb_each(p_attrs) as a (key, value)
    where a.value not in ('null', '""')
  );
end;
$$;
comment on function private.find_rich_object is
  'The attributes of a node, and those of the object that it refers to where it has none of its own.';

create or replace function private.texts_of_tree(p_tree jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- A path expression would fail on what is deeper than the stack.
  return (
    select string_agg(t.match[1]::jsonb #>> '{}', ' ' order by t.position)
    from regexp_matches(p_tree::text, '"(?:text|insert)": ("(?:[^"\\]|\\.)*")', 'g')
      with ordinality as t (match, position)
  );
end;
$$;
comment on function private.texts_of_tree is 'The texts in a tree of any editor, without its structure.';

-- Below the depth that is walked, texts are kept without their structure.
create or replace function private.parse_rich_node(
  p_node jsonb, p_tag text, p_objects jsonb, p_href text, p_is_link_start boolean, p_is_link_end boolean,
  p_is_deepest boolean
) returns private.rich_token[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_attrs constant jsonb := case jsonb_typeof(p_node -> 'attrs')
    when 'object' then p_node -> 'attrs' else '{}' end;
  v_is_code constant boolean := jsonb_path_exists(p_node, '$.marks[*] ? (@.type == "code")');
  v_text text := coalesce(
    private.parse_text(p_node -> 'text'), private.parse_text(private.parse_embedded_json(p_node -> 'content'))
  );
  v_object jsonb;
  v private.rich_token[];
begin
  if p_tag = 'text' then
    return case when p_is_link_start then array[row('a', null, p_href, null)::private.rich_token] end
      || case when v_is_code then array[row('code', null, null, null)::private.rich_token] end
      || row(
        null, case
          when jsonb_typeof(p_node) = 'string' then p_node #>> '{}'
          when jsonb_typeof(p_node -> 'text') in ('string', 'number', 'boolean') then p_node ->> 'text'
        end, null, null
      )::private.rich_token
      || case when v_is_code then array[row('/code', null, null, null)::private.rich_token] end
      || case when p_is_link_end then array[row('/a', null, null, null)::private.rich_token] end;
  end if;
  if p_tag in ('mention', 'img', 'embed', 'poll')
    or p_tag = 'div' and v_text is null and not p_node ? 'content'
  then
    v_object := private.find_rich_object(p_objects, v_attrs);
    v := array[private.parse_rich_leaf(p_tag, p_node, v_object)] || private.parse_rich_poll(v_object);
  else
    v := array[row(
      p_tag, case p_tag when 'pre' then substring(v_attrs ->> 'language' from '^[^\s`]+') end, null,
      case p_tag when 'ol' then private.parse_integer(coalesce(v_attrs ->> 'start', v_attrs ->> 'order')) end
    )::private.rich_token];
  end if;
  if p_is_deepest and v_text is null then
    v_text := private.texts_of_tree(p_node);
  end if;
  return v || case when v_text is not null then array[row(null, v_text, null, null)::private.rich_token] end;
end;
$$;
comment on function private.parse_rich_node is
  'The tokens that a node begins with, its content not included.';

create or replace function private.content_of_node(p_node jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_content constant jsonb := case jsonb_typeof(p_node)
    when 'array' then p_node when 'object' then private.parse_embedded_json(p_node -> 'content') end;
begin
  return case
    when p_depth >= 50 then '[]'
    when jsonb_typeof(v_content) = 'array' then v_content
    when jsonb_typeof(v_content) = 'object' then jsonb_build_array(v_content)
    else '[]'
  end;
end;
$$;
comment on function private.content_of_node is
  'The nodes in a node at this depth, as an array: of one node too; none below 50 levels.';

-- 50 levels are more than an editor makes, and bound what a tree of any depth costs. An image or file next to
-- the paragraphs is a line.
create or replace function private.parse_rich_tokens(p_doc jsonb, p_objects jsonb)
returns private.rich_token[]
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  return array(
    with recursive node as (
      select array[1] as path, p_doc as value, null::text as parent_tag
      union all
      select n.path || c.position::integer, c.value,
        case jsonb_typeof(n.value)
          when 'array' then n.parent_tag else private.tag_of_node(n.value ->> 'type') end
      from node as n
      cross join lateral jsonb_array_elements(private.content_of_node(n.value, cardinality(n.path)))
        with ordinality as c (value, position)
    ), linked as (
      select n.path, n.value, n.parent_tag,
        case jsonb_typeof(n.value)
          when 'string' then 'text' else private.tag_of_node(n.value ->> 'type') end as tag,
        jsonb_path_query_first(n.value, '$.marks[*] ? (@.type == "link").attrs.href') #>> '{}' as href
      from node as n
      where jsonb_typeof(n.value) in ('object', 'string')
    ), placed as (
      select l.*,
        (trim_array(lag(l.path) over w, 1), lag(l.href) over w)
          is distinct from (trim_array(l.path, 1), l.href) as is_link_start,
        (trim_array(lead(l.path) over w, 1), lead(l.href) over w)
          is distinct from (trim_array(l.path, 1), l.href) as is_link_end
      from linked as l
      window w as (order by l.path)
    ), token as (
      select p.path, t.position, t.tag, t.text, t.address, t.number
      from placed as p
      cross join lateral unnest(private.parse_rich_node(
        p.value, p.tag, p_objects, p.href, p.href is not null and p.is_link_start,
        p.href is not null and p.is_link_end, cardinality(p.path) = 50
      )) with ordinality as t (tag, text, address, number, position)
      union all
      select p.path || 2147483647, 0, '/' || p.tag, null, null, null
      from placed as p
      where p.tag in ('p', 'h2', 'blockquote', 'ul', 'ol', 'li', 'pre', 'table', 'tr', 'td', 'div')
        and (p.tag <> 'div' or p.parent_tag is null or p.parent_tag not in ('p', 'h2', 'td')
          or p.value ?| array['content', 'text'])
      union all
      select p.path, b.position, b.tag, null, null, null
      from placed as p
      cross join (values (0, 'div'), (100, '/div')) as b (position, tag)
      where cardinality(p.path) = 2 and p.tag = 'img'
        or p.tag = 'div' and p.parent_tag not in ('p', 'h2', 'td')
    )
    select row(t.tag, t.text, t.address, t.number)::private.rich_token
    from token as t
    order by t.path, t.position
  );
end;
$$;
comment on function private.parse_rich_tokens is 'The nodes of a tree as tokens, in the order of the text.';

create or replace function private.parse_rich_text(p_value jsonb) returns text
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_wrapper jsonb := '{}'::jsonb;
  v_doc jsonb := private.parse_embedded_json(p_value);
begin
  for v_level in 1 .. 4 loop
    exit when jsonb_typeof(v_doc) <> 'object' or v_doc ?| array['content', 'text']
      or not v_doc ?| array['body', 'doc', 'json'];
    v_wrapper := case when v_doc ? 'body' then v_doc else v_wrapper end;
    v_doc := private.parse_embedded_json(coalesce(v_doc -> 'body', v_doc -> 'doc', v_doc -> 'json'));
  end loop;
  return private.non_blank(case jsonb_typeof(v_doc)
    when 'object' then coalesce(
      private.format_rich_text(
        private.parse_rich_tokens(v_doc, private.parse_rich_objects(v_wrapper)), false
      ),
      -- a tree of another editor: its words
      case when not v_doc ?| array['content', 'type'] then private.texts_of_tree(v_doc) end
    )
    when 'array' then private.format_rich_text(private.parse_rich_tokens(
      jsonb_build_object('type', 'doc', 'content', v_doc), private.parse_rich_objects(v_wrapper)
    ), false)
    when 'string' then private.parse_html(v_doc #>> '{}')
  end);
end;
$$;
comment on function private.parse_rich_text is
  'A tree of TipTap, or what Circle wraps it in, as JSON or as text of JSON, as text: its paragraphs, links, '
  'mentions, images, embeds, files, code blocks and lists, in the form of parse_html. Null without any text.';

-- 20_tracker/40_import/08_circle_times.sql
-- Times as Circle, workflow tools and programs write them. Nothing here raises; what is not plainly a time is
-- null: not local forms, since 3/2/2026 is in March or in February, nor times of day without a zone.

create or replace function private.parse_iso_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  -- PostgreSQL itself would also take `now`, `infinity` and local formats.
  if p_text !~ ('^[0-9]{4}(-[0-9]{2}){2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?'
      || '\s*([Zz]|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?)?$')
    or not pg_input_is_valid(p_text, 'timestamptz')
  then
    return null;
  end if;
  if p_text ~ '([Zz]|UTC|GMT|:[0-9]{2}(\.[0-9]+)?\s*[+-][0-9]{2}(:?[0-9]{2})?)$' then
    return p_text::timestamptz;
  end if;
  return (p_text::timestamp) at time zone 'UTC';
end;
$$;
comment on function private.parse_iso_time is
  'A time of ISO 8601, in UTC where no zone is given; null for anything else.';

create or replace function private.parse_epoch(p_text text) returns timestamptz
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_number constant text := substring(p_text from '^([1-9][0-9]{9}([0-9]{3}){0,3}(\.[0-9]{1,20})?)$');
begin
  -- Ten digits are seconds of the years 2001 to 2286.
  return timestamptz '1970-01-01T00:00:00Z' + (
    round(v_number::numeric / 10::numeric ^ (length(split_part(v_number, '.', 1)) - 10), 6) || ' seconds'
  )::interval;
end;
$$;
comment on function private.parse_epoch is
  'A time as seconds since 1970, or as milli-, micro- or nanoseconds, told apart by their number of digits; '
  'null for anything else.';

-- Java and JavaScript add the zone's name, Go its abbreviation, Python writes a comma.
create or replace function private.spell_iso_time(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := upper(p_text);
begin
  v_text := regexp_replace(v_text, '(Z|[+-][0-9]{2}:?[0-9]{2}) ?(\[[^][]*\]|[A-Z]{3,5})$', '\1');
  v_text := regexp_replace(
    v_text, '^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})', '\1-\2-\3T\4:\5'
  );
  v_text := regexp_replace(v_text, '(T[0-9]{2}:[0-9]{2})([0-9]{2})', '\1:\2');
  return regexp_replace(v_text, '(:[0-9]{2})[.,]([0-9]{1,9})[0-9]*', '\1.\2');
end;
$$;
comment on function private.spell_iso_time is
  'A time in the basic form of ISO 8601, with a comma, more than nine decimals, or the name of its zone '
  'after the offset, as parse_iso_time reads it.';

create or replace function private.parse_mail_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_parts constant text[] := regexp_match(
    upper(p_text),
    '^(?:(?:MON|TUE|WED|THU|FRI|SAT|SUN)[A-Z]*,? )?'
      || '(?:([0-9]{1,2})[ -]([A-Z]{3})[ -]([0-9]{4})|([A-Z]{3}) ([0-9]{1,2}) ([0-9]{4})) '
      || '([0-9]{2}:[0-9]{2}(?::[0-9]{2})?) ?(?:(GMT|UTC|Z)|(?:GMT|UTC)?([+-][0-9]{2}:?[0-9]{2}))'
      || '(?: \(.*\))?$'
  );
  v_text constant text := coalesce(v_parts[3], v_parts[6]) || '-' || coalesce(v_parts[2], v_parts[4]) || '-'
    || coalesce(v_parts[1], v_parts[5]) || ' ' || v_parts[7] || coalesce(v_parts[9], ' UTC');
begin
  if pg_input_is_valid(v_text, 'timestamptz') then
    return v_text::timestamptz;
  end if;
  return null;
end;
$$;
comment on function private.parse_mail_time is
  'A time as mails and HTTP have it, or as JavaScript prints it, with its zone; null for anything else.';

create or replace function private.parse_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_text constant text := private.non_blank(p_text);
begin
  return coalesce(
    private.parse_iso_time(v_text),
    case when length(v_text) <= 100 then coalesce(
      private.parse_epoch(v_text), private.parse_iso_time(private.spell_iso_time(v_text)),
      private.parse_mail_time(v_text)
    ) end
  );
end;
$$;
comment on function private.parse_time is
  'A time of ISO 8601, in UTC where no zone is given, a number of seconds or parts of them since 1970, or a '
  'time of mails and JavaScript; null for anything else.';

-- 20_tracker/40_import/10_circle_values.sql
-- Values parsed from what Circle and n8n send: nothing here raises, what is not valid is null. All of it in
-- plpgsql, which keeps its plans; an import calls these some twenty times.

create or replace function private.parse_integer(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text constant text := private.non_blank(p_text);
begin
  return case when v_text ~ '^[0-9]{1,9}(\.0+)?$' then v_text::numeric::integer end;
end;
$$;
comment on function private.parse_integer is
  'A whole number from 0 to 999999999, with or without .0; null for anything else.';

create or replace function private.parse_boolean(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(private.non_blank(p_text))
    when 'true' then true when 'yes' then true when '1' then true when '1.0' then true
    when 't' then true when 'y' then true
    when 'false' then false when 'no' then false when '0' then false when '0.0' then false
    when 'f' then false when 'n' then false
  end;
end;
$$;
comment on function private.parse_boolean is
  'True or false as people and language models write it, else null.';

create or replace function private.parse_text(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when jsonb_typeof(p_value) in ('string', 'number', 'boolean')
      and private.non_blank(p_value #>> '{}') is not null then p_value #>> '{}'
  end;
end;
$$;
comment on function private.parse_text is 'A text that is not blank, as it came; else null.';

create or replace function private.circle_title(p_title text, p_body text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_body text := left(p_body, 1000);
begin
  if private.non_blank(p_title) is not null then
    return private.non_blank(p_title);
  end if;
  -- A title is one line without addresses; the rest of a body of a megabyte is not needed for it.
  if strpos(v_body, '](') > 0 then
    v_body := coalesce(private.non_blank(regexp_replace(
      v_body, '!?\[([^][]*)\]\((?:<[^<>\n]*>|(?:[^\s()<>]|\([^\s()<>]*\))*)\)', '\1', 'g'
    )), v_body);
  end if;
  v_body := private.non_blank(regexp_replace(v_body, '\s+', ' ', 'g'));
  return coalesce(
    case when length(v_body) > 50 then left(v_body, 50) || '...' else v_body end, 'Untitled message'
  );
end;
$$;
comment on function private.circle_title is
  'The given title, else the first 50 characters of the body, its links as their text, with ... where cut.';

create or replace function private.segment_of_type(p_type text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case translate(lower(private.non_blank(p_type)), '_-', '  ')
    when 'auth' then 'auth' when 'auth/login' then 'auth' when 'authentication' then 'auth'
    when 'login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code'
    when 'tool' then 'tool' when 'tools' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end;
end;
$$;
comment on function private.segment_of_type is
  'The segment that a type of Issue_Details means, upper or lower case; null for an unknown type.';

-- 20_tracker/40_import/12_parse_share.sql
-- A share of one, as people, workflows and language models write it.

create or replace function private.parse_share(p_value jsonb) returns double precision
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_value #>> '{}';
  v_share numeric;
begin
  if jsonb_typeof(p_value) not in ('number', 'string') or length(v_text) > 1000 then
    return null;
  end if;
  -- Full-width signs have a compatible form, those of Arabic and Persian have none.
  v_text := private.non_blank(translate(
    normalize(v_text, nfkc), U&'\066a\066b\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
      '\06f0\06f1\06f2\06f3\06f4\06f5\06f6\06f7\06f8\06f9', '%.01234567890123456789'
  ));
  if v_text ~ '%$' then
    v_share := private.parse_decimal(private.non_blank(left(v_text, -1))) / 100;
  elsif v_text ~ '^%' then
    v_share := private.parse_decimal(private.non_blank(substr(v_text, 2))) / 100;
  else
    v_share := private.parse_decimal(v_text);
  end if;
  -- Rounded, since double precision has no 1e-400.
  return case when v_share between 0 and 1 then round(v_share, 30)::double precision end;
end;
$$;
comment on function private.parse_share is
  'A share from 0 to 1: a number, or a number or a percentage as text, in digits of any width, of Arabic or '
  'Persian. Null for anything else: a number above 1 is a percentage only with its sign.';

create or replace function private.parse_decimal(p_text text) returns numeric
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_text ~ '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' then p_text::numeric
    -- A comma is the decimal one where it cannot separate thousands.
    when p_text ~ '^(0,[0-9]+|[0-9]+,[0-9]{1,2})$' then replace(p_text, ',', '.')::numeric
  end;
end;
$$;
comment on function private.parse_decimal is
  'A decimal number with point or comma, or with an exponent; null for anything else.';

-- 20_tracker/40_import/14_json_in_text.sql
-- JSON where a workflow tool or a language model has put it: in a wrapper.

create or replace function private.json_wrapper_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array[
    'json', 'body', 'output', 'text', 'content', 'message', 'data', 'result', 'response', 'payload', 'value',
    'items', 'records', 'array', 'list', 'results', 'arguments', 'choices', 'candidates', 'parts',
    'output_text', 'tool_calls', 'function_call', 'functionCall', 'function', 'args', 'input', 'parameters',
    'generations', 'generated_text', 'completion', 'answer', 'parsed', 'object', 'record', 'event', 'detail',
    'item', 'Records', 'Message', 'Body'
  ];
end;
$$;
comment on function private.json_wrapper_keys is
  'The keys under which workflow tools and language models wrap what they were asked for.';

create or replace function private.unwrap_object(p_value jsonb, p_keys text[], p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_part jsonb;
  v_object jsonb;
  v_key text;
begin
  if p_depth > 12 then
    return null;
  end if;
  case jsonb_typeof(p_value)
    when 'object' then
      if p_value ?| p_keys then
        return p_value;
      end if;
      foreach v_key in array private.json_wrapper_keys() loop
        v_object := private.unwrap_object(p_value -> v_key, p_keys, p_depth + 1);
        exit when v_object is not null;
      end loop;
    when 'array' then
      -- Of two that differ, none is the one that was meant.
      for v_part in select e.value from jsonb_array_elements(p_value) as e limit 20 loop
        v_part := private.unwrap_object(v_part, p_keys, p_depth + 1);
        if v_part <> v_object then
          return null;
        end if;
        v_object := coalesce(v_object, v_part);
      end loop;
    when 'string' then
      return private.unwrap_object(private.parse_json_text(p_value #>> '{}'), p_keys, p_depth + 1);
    else
      return null;
  end case;
  return v_object;
end;
$$;
comment on function private.unwrap_object is
  'The object with one of these keys, in a value, a wrapper or a text; null where there is none, or an array '
  'has several that differ.';

create or replace function private.is_blank(p_value jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_value is null or jsonb_typeof(p_value) in ('null', 'string')
    and private.non_blank(p_value #>> '{}') is null;
end;
$$;
comment on function private.is_blank is 'Whether a value is missing, null, or a blank text.';

create or replace function private.is_blank_list(p_value jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.is_blank(p_value) or p_value in ('[]', '{}');
end;
$$;
comment on function private.is_blank_list is
  'Whether a value is missing, or nothing, in the place of a list or an object.';

create or replace function private.unread_value(p_field text, p_value jsonb, p_reason text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  return jsonb_build_object(
    'field', p_field, 'reason', p_reason,
    'value', case when length(v_text) > 100 then to_jsonb(left(v_text, 100) || '…') else p_value end
  );
end;
$$;
comment on function private.unread_value is
  'What an answer says about a value that is present and cannot be read: {field, value, reason}, the value '
  'cut after 100 characters.';

-- 20_tracker/40_import/20_circle_shapes.sql
-- The shape of an element, told apart by its keys.

-- Envelopes whose keys came through a form, a table or a tool that spells keys in its own way: issue_details,
-- `Parent Message`. A thread of Circle's API has parent_message and replies too, but an id and a chat_room.
create or replace function private.spell_envelope_key(p_key text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_key !~* '^(parent.?message|issue.?details|replies|type)$' then null
    when p_key ~* '^p' then 'Parent_Message' when p_key ~* '^i' then 'Issue_Details'
    when p_key ~* '^r' then 'Replies' else 'Type'
  end;
end;
$$;
comment on function private.spell_envelope_key is
  'The key of an envelope that a key in any spelling stands for; null for another key.';

create or replace function private.spell_envelope_keys(p_element jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_names jsonb;
  v_is_envelope boolean;
begin
  if jsonb_typeof(p_element) <> 'object' then
    return p_element;
  end if;
  select jsonb_object_agg(k.key, n.name) into v_names
  from jsonb_object_keys(p_element) as k (key)
  cross join lateral (select private.spell_envelope_key(k.key) as name) as n
  where n.name is not null
  having bool_or(n.name <> k.key);
  if v_names is null then
    return p_element;
  end if;
  v_is_envelope := v_names - 'parent_message' @? '$.* ? (@ == "Parent_Message")'
    or v_names ? 'parent_message' and not p_element ?| array['id', 'chat_room']
      and v_names @? '$.* ? (@ == "Issue_Details" || @ == "Type")';
  return (
    select jsonb_object_agg(
      case when v_is_envelope or v_names ->> e.key = 'Issue_Details' then coalesce(v_names ->> e.key, e.key)
        else e.key end,
      e.value order by not private.is_blank(e.value), v_names ->> e.key = e.key
    )
    from jsonb_each(p_element) as e
  );
end;
$$;
comment on function private.spell_envelope_keys is
  'An element with the keys Type, Parent_Message, Replies and Issue_Details where it has them in another '
  'spelling; all else as it came.';

-- Circle's own webhook has ids alone; of others, {type, data} is a wrapper like any.
create or replace function private.is_hint_of_ids(p_data jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_typeof(p_data) = 'object' and not p_data ? 'Parent_Message' and not (
    jsonb_strip_nulls(p_data)
      ?| array['parent_message', 'parent_body', 'body', 'rich_text_body', 'tiptap_body']
    and private.circle_shape(p_data) not in ('hint', 'unrecognised')
  );
end;
$$;
comment on function private.is_hint_of_ids is
  'Whether the data of {type, data} only names what happened to what, without the content of a message.';

create or replace function private.circle_shape(p_element jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_element) is distinct from 'object' then
    return 'unrecognised';
  end if;
  return case
    when jsonb_typeof(p_element -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(p_element -> 'type') = 'string' and private.is_hint_of_ids(p_element -> 'data')
      then 'hint'
    when jsonb_typeof(p_element -> 'parent_message') = 'object' then 'chat_thread'
    when p_element ? 'parent_message_id'
      and (p_element ?| array['parent_body', 'parent_sender']
        or not p_element ? 'id' and jsonb_typeof(p_element -> 'replies') = 'array')
      then 'flat_thread'
    when jsonb_typeof(p_element #> '{message,content}') = 'object' then 'message_content'
    when not p_element ? 'id' then 'unrecognised'
    when p_element ?| array['chat_room_uuid', 'chat_room_participant_id'] then 'chat_message'
    when p_element #>> '{body,record_type}' = 'Comment' or p_element ?| array['post_id', 'post']
      then 'comment'
    when p_element #>> '{body,record_type}' = 'Post'
      or p_element ?| array['body_plain_text', 'display_title']
      or p_element ?& array['slug', 'space_id', 'name'] then 'post'
    else 'unrecognised'
  end;
end;
$$;
comment on function private.circle_shape is
  'envelope: n8n''s {Type, Parent_Message, …}. flat_thread, message_content: n8n''s older ones. '
  'chat_message, chat_thread, post, comment: records of Circle''s APIs. hint: Circle''s {type, data}, ids '
  'only. Else unrecognised.';

create or replace function private.source_of_shape(p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case when p_shape in ('envelope', 'flat_thread', 'message_content') then 'n8n_webhook'
    else 'circle_api' end;
end;
$$;
comment on function private.source_of_shape is
  'issue_import_logs.import_source of a shape: n8n_webhook for n8n''s, circle_api for records of the APIs.';

-- 20_tracker/40_import/22_circle_elements.sql
-- The elements of a payload, out of what workflow tools wrap them in.

create or replace function private.unwrap_circle_object(p_object jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_object constant jsonb := private.spell_envelope_keys(p_object);
  v_key text;
  v_inner jsonb;
begin
  if private.circle_shape(v_object) <> 'unrecognised' then
    return jsonb_build_array(v_object);
  elsif v_object ? 'Parent_Message' then
    v_inner := private.unwrap_object(v_object -> 'Parent_Message', array['message_id', 'reply_id', 'id'], 0);
    return case
      when v_inner is not null then jsonb_build_array(v_object || jsonb_build_object('Parent_Message',
        v_inner))
    end;
  end if;
  foreach v_key in array private.json_wrapper_keys() loop
    if p_object ? v_key then
      v_inner := private.unwrap_circle_elements(p_object -> v_key, p_depth + 1);
      exit when v_inner is not null;
    end if;
  end loop;
  return v_inner;
end;
$$;
comment on function private.unwrap_circle_object is
  'The elements in an object: itself where its shape is known, else what it wraps; null where that is '
  'nothing of a known shape.';

create or replace function private.unwrap_circle_elements(p_value jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_depth > 8 then
    return null;
  end if;
  case jsonb_typeof(p_value)
    when 'object' then
      return private.unwrap_circle_object(p_value, p_depth);
    when 'string' then
      return private.unwrap_circle_elements(private.parse_json_text(p_value #>> '{}'), p_depth + 1);
    when 'array' then
      -- What is beyond the limit of a payload is left out anyway. Without the offset, the planner would write
      -- the call twice, and 2^8 times in arrays of arrays.
      return (
        select case
          when bool_or(u.elements is not null) then jsonb_agg(f.value order by e.position, f.position)
        end
        from jsonb_array_elements(p_value) with ordinality as e (value, position)
        cross join lateral (
          select case when e.position <= 20000
            then private.unwrap_circle_elements(e.value, p_depth + 1) end as elements
          offset 0
        ) as u
        cross join lateral jsonb_array_elements(coalesce(u.elements, jsonb_build_array(e.value)))
          with ordinality as f (value, position)
      );
    else
      return null;
  end case;
end;
$$;
comment on function private.unwrap_circle_elements is
  'The elements in a value, as an array, those of no known shape next to others as they are; null where none '
  'has a known shape.';

create or replace function private.has_circle_wrappers(p_elements jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return exists (
    select
    from jsonb_array_elements(p_elements) as e (value)
    where case jsonb_typeof(e.value)
      when 'object' then jsonb_typeof(e.value -> 'Parent_Message') <> 'object'
        or e.value ?| private.json_wrapper_keys()
          and not e.value ?| array['id', 'Parent_Message', 'parent_message_id', 'parent_message']
      else jsonb_typeof(e.value) in ('string', 'array')
    end
  );
end;
$$;
comment on function private.has_circle_wrappers is
  'Whether an element of an array may be something that wraps others.';

-- Lists of the APIs come as pages: {records: […]}.
create or replace function private.circle_elements(p_payload jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_elements jsonb := p_payload;
begin
  if jsonb_typeof(p_payload -> 'records') = 'array' then
    v_elements := p_payload -> 'records';
  elsif jsonb_typeof(p_payload) is distinct from 'array' then
    return coalesce(private.unwrap_circle_elements(p_payload, 0), jsonb_build_array(p_payload));
  end if;
  if private.has_circle_wrappers(v_elements) then
    return coalesce(private.unwrap_circle_elements(v_elements, 0), v_elements);
  end if;
  return v_elements;
end;
$$;
comment on function private.circle_elements is
  'The elements of a payload, as an array: one element, an array of them, a page {records}, any of these in '
  'a wrapper or as text.';

-- 20_tracker/40_import/24_circle_reply_lists.sql
-- The replies in an element, whatever a workflow tool makes of a list.

create or replace function private.reply_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array['message_id', 'reply_id', 'id', 'body', 'reply_index'];
end;
$$;
comment on function private.reply_keys is 'The keys of which a reply has one at least.';

create or replace function private.unwrap_reply_object(p_value jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key text;
  v_parsed jsonb;
begin
  foreach v_key in array private.json_wrapper_keys() || array['Replies', 'replies'] loop
    v_parsed := p_value -> v_key;
    if jsonb_typeof(v_parsed) = 'string' and v_parsed #>> '{}' ~ '^\s*([[{"]|```)' then
      v_parsed := private.parse_json_text(v_parsed #>> '{}');
    end if;
    continue when jsonb_typeof(v_parsed) is distinct from 'object'
      and jsonb_typeof(v_parsed) is distinct from 'array';
    return private.unwrap_replies(v_parsed, p_depth + 1);
  end loop;
  -- A list whose indexes or ids have become keys.
  return case
    when not exists (
      select from jsonb_each(p_value) as m
      where m.key !~ '^[0-9]{1,6}$' and (m.value ?| private.reply_keys()) is not true
    ) then (
      select private.unwrap_replies(
        jsonb_agg(m.value order by substring(m.key from '[0-9]{1,30}')::numeric, m.key collate "C"),
        p_depth + 1
      )
      from jsonb_each(p_value) as m
    )
    else jsonb_build_array(p_value)
  end;
end;
$$;
comment on function private.unwrap_reply_object is
  'The replies in an object that is not one itself, as an array: in a wrapper, or keyed by index, '
  'id or name.';

create or replace function private.unwrap_replies(p_value jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parsed jsonb;
begin
  if private.is_blank_list(p_value) then
    return '[]'::jsonb;
  end if;
  case jsonb_typeof(p_value)
    when 'object' then
      if p_value ?| private.reply_keys() or p_depth > 8 then
        return jsonb_build_array(p_value);
      end if;
      return private.unwrap_reply_object(p_value, p_depth);
    when 'array' then
      if p_depth > 8 then
        return p_value;
      end if;
      return coalesce((
        select jsonb_agg(r.value order by e.position, r.position)
        from jsonb_array_elements(p_value) with ordinality as e (value, position)
        cross join lateral jsonb_array_elements(private.unwrap_replies(e.value, p_depth + 1))
          with ordinality as r (value, position)
      ), '[]');
    when 'string' then
      if lower(private.non_blank(p_value #>> '{}')) in ('null', 'undefined', 'none', 'nil') then
        return '[]'::jsonb;
      end if;
      v_parsed := private.parse_json_text(p_value #>> '{}');
      return case
        when v_parsed is null or p_depth > 8 then jsonb_build_array(p_value)
        else private.unwrap_replies(v_parsed, p_depth + 1)
      end;
    else
      return jsonb_build_array(p_value);
  end case;
end;
$$;
comment on function private.unwrap_replies is
  'The replies in a value, as an array: of an array, one object, JSON in a text, or any of these in a '
  'wrapper. What is not understood is an element as it is.';

-- Nearly every list is one already.
create or replace function private.list_of_replies(p_value jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_value is null or p_value = '[]' then
    return '[]'::jsonb;
  elsif jsonb_typeof(p_value) = 'array' and not exists (
    select from jsonb_array_elements(p_value) as e (value)
    where jsonb_typeof(e.value) <> 'object' or not e.value ?| array['message_id', 'reply_id', 'id', 'body']
  ) then
    return p_value;
  end if;
  return private.unwrap_replies(p_value, 0);
end;
$$;
comment on function private.list_of_replies is 'The replies in a value, as an array.';

create or replace function private.is_list_of_replies(p_value jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_list jsonb;
begin
  if p_value is null or jsonb_typeof(p_value) = 'array' then
    return true;
  end if;
  v_list := private.list_of_replies(p_value);
  return v_list = '[]' or v_list -> 0 <> p_value
    or jsonb_typeof(p_value) = 'object' and p_value ?| private.reply_keys();
end;
$$;
comment on function private.is_list_of_replies is
  'Whether a value can be understood as the replies to a message, of which there may be none.';

create or replace function private.reply_key(p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_shape when 'envelope' then 'Replies' else 'replies' end;
end;
$$;
comment on function private.reply_key is 'The key under which an element of this shape has its replies.';

create or replace function private.circle_element_size(p_element jsonb) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 1
    + case when p_element -> 'replies' <> '[]'
        then jsonb_array_length(private.list_of_replies(p_element -> 'replies')) else 0 end
    + case when p_element -> 'Replies' <> '[]'
        then jsonb_array_length(private.list_of_replies(p_element -> 'Replies')) else 0 end;
end;
$$;
comment on function private.circle_element_size is
  'What an element counts for in the limit of a payload: 1, and 1 for each of its replies.';

-- 20_tracker/40_import/26_circle_details.sql
-- What the sender of a message says about it in Issue_Details.

create type private.circle_details as (
  title text,
  segment text,
  verdict double precision,
  is_verdict_unreadable boolean,
  unread jsonb
);
comment on type private.circle_details is
  'Title, segment and verdict: how likely the message is an issue, null without a verdict. Whether there is '
  'a verdict that cannot be read, and what else cannot.';

-- A confidence under a key in another spelling is not a missing one.
create or replace function private.spell_detail_keys(p_details jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_object_agg(coalesce(c.name, d.key), d.value
      order by not private.is_blank(d.value), d.key = c.name)
    from jsonb_each(p_details) as d
    cross join lateral (
      select case regexp_replace(lower(d.key), '[^a-z]', '', 'g')
        when 'isissue' then 'is_issue' when 'issuetitle' then 'issue_title' when 'type' then 'type'
        when 'confidence' then 'confidence' when 'confidencescore' then 'confidence'
        when 'confidencelevel' then 'confidence'
      end as name
    ) as c
  );
end;
$$;
comment on function private.spell_detail_keys is
  'Issue_Details with their keys as we spell them, of isIssue, Confidence or confidence_score for example; '
  'of several with a value, one in our spelling counts.';

create or replace function private.parse_circle_details(p_details jsonb) returns private.circle_details
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_keys constant text[] := array[
    'is_issue', 'issue_title', 'confidence', 'reasoning', 'isIssue', 'issueTitle', 'Is_Issue', 'Issue_Title',
    'Confidence', 'IsIssue', 'IssueTitle', 'IS_ISSUE', 'ISSUE_TITLE', 'CONFIDENCE', 'is-issue', 'issue-title',
    'Is Issue', 'Issue Title', 'is issue', 'issue title', 'Is issue', 'Issue title', 'confidence_score',
    'confidenceScore', 'confidence_level', 'confidenceLevel', 'Reasoning'
  ];
  v_details jsonb := p_details;
  v private.circle_details;
  v_is_issue boolean;
  v_confidence double precision;
begin
  v.is_verdict_unreadable := false;
  if p_details is null then
    return v;
  elsif jsonb_typeof(p_details) <> 'object' or not p_details ?| c_keys then
    v_details := private.unwrap_object(p_details, c_keys, 0);
    if v_details is null and jsonb_typeof(p_details -> 'type') = 'string' then
      v_details := p_details;
    elsif v_details is null then
      v.is_verdict_unreadable := not private.is_blank_list(p_details);
      v.unread := case when v.is_verdict_unreadable then jsonb_build_array(
        private.unread_value('Issue_Details', p_details, 'is not an object with is_issue')
      ) end;
      return v;
    end if;
  end if;
  if v_details - array['is_issue', 'issue_title', 'type', 'confidence', 'reasoning'] <> '{}' then
    v_details := private.spell_detail_keys(v_details);
  end if;
  v.title := private.non_blank(private.parse_text(v_details -> 'issue_title'));
  v.segment := private.segment_of_type(v_details ->> 'type');
  v_is_issue := private.parse_boolean(v_details ->> 'is_issue');
  v_confidence := private.parse_share(v_details -> 'confidence');
  if v_is_issue is null and v_details ? 'is_issue' or v_confidence is null and v_details ? 'confidence'
    or v.segment is null and v_details ? 'type' or v.title is null and v_details ? 'issue_title'
  then
    v.unread := private.unread_details(v_details, v, v_is_issue, v_confidence);
    v.is_verdict_unreadable := coalesce(v.unread @?
      '$[*] ? (@.field == "is_issue" || @.field == "confidence")', false);
  end if;
  if not v.is_verdict_unreadable then
    -- A yes or no with a low confidence is uncertain, not the opposite: a person decides.
    v_confidence := greatest(coalesce(v_confidence, 1), 0.5);
    v.verdict := case when v_is_issue then v_confidence when not v_is_issue then 1 - v_confidence end;
  end if;
  return v;
end;
$$;
comment on function private.parse_circle_details is
  'Reads Issue_Details, which may be JSON in a text or in a wrapper. Without a confidence a verdict is '
  'plain, with one below 0.5 it is uncertain; where either of the two is present and cannot be read, the '
  'verdict cannot be read.';

create or replace function private.unread_details(
  p_details jsonb, p_parsed private.circle_details, p_is_issue boolean, p_confidence double precision
) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_agg(private.unread_value(f.field, p_details -> f.field, f.reason) order by f.position)
    from (
      values
        (1, 'is_issue', p_is_issue is null, 'is not true or false'),
        (2, 'confidence', p_confidence is null, 'is not a number from 0 to 1 or a percentage'),
        (3, 'type', p_parsed.segment is null, 'is not a known type; the words of the message decide'),
        (4, 'issue_title', p_parsed.title is null, 'is not text')
    ) as f (position, field, is_missing, reason)
    where f.is_missing
      and not private.is_blank(p_details -> f.field)
  );
end;
$$;
comment on function private.unread_details is
  'Which values of Issue_Details are present and cannot be read; null for none.';

-- 20_tracker/40_import/30_circle_snapshots.sql
-- What a payload says about one message or reply, whatever its shape, as one row of values.

create type private.circle_snapshot as (
  message_id text,
  thread_id text,
  title text,
  body text,
  author_name text,
  author_email text,
  link text,
  attachments jsonb,
  chat_room_uuid text,
  space_id text,
  space_name text,
  posted_at timestamptz,
  edited_at timestamptz,
  reply_index integer,
  is_thread boolean,
  segment text,
  sender_verdict double precision,
  raw_data jsonb,
  removed_at timestamptz,
  is_verdict_unreadable boolean,
  is_edit_undated boolean,
  unread jsonb
);
comment on type private.circle_snapshot is
  'A message or reply as one payload has it. Null: the payload does not contain it. is_edit_undated: it was '
  'edited at a time that cannot be read. unread: what else is present and cannot be read.';

create or replace function private.name_of_sender(p_sender jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_sender jsonb := private.parse_embedded_json(p_sender);
  v_name text;
begin
  if jsonb_typeof(v_sender) = 'array' and jsonb_array_length(v_sender) = 1 then
    v_sender := v_sender -> 0;
  end if;
  v_name := case jsonb_typeof(v_sender)
    when 'object' then v_sender ->> 'name' when 'array' then null else v_sender #>> '{}' end;
  -- what a template or JavaScript writes in place of a name
  return case when v_name !~ '^\s*(undefined|null|\[object .*|.*\{\{.*)\s*$' then v_name end;
end;
$$;
comment on function private.name_of_sender is
  'A sender''s name: of a text, or of an object that has one, which may be JSON in a text; null for none.';

create or replace function private.parse_attachments(p_value jsonb) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  case jsonb_typeof(p_value)
    when 'array' then
      return p_value;
    when 'object' then
      return jsonb_build_array(p_value);
    when 'string' then
      if private.non_blank(p_value #>> '{}') is null then
        return null;
      end if;
      return private.parse_attachments(coalesce(
        private.parse_json_text(p_value #>> '{}'), jsonb_build_array(p_value)
      ));
    else
      return null;
  end case;
end;
$$;
comment on function private.parse_attachments is
  'Attachments as an array: of an array, one object, one url, or JSON in a text; else null.';

-- Comments have removed_at, chat messages deleted_at.
create or replace function private.removal_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array['removed_at', 'deleted_at', 'is_removed', 'is_deleted', 'removed', 'deleted'];
end;
$$;
comment on function private.removal_keys is 'The keys that say whether, or when, a message was removed.';

create or replace function private.parse_removed_at(p_record jsonb, p_changed_at timestamptz)
returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_key text;
  v_text text;
  v_removed_at timestamptz;
  v_is_removed boolean := false;
begin
  if not p_record ?| private.removal_keys() then
    return null;
  end if;
  foreach v_key in array private.removal_keys() loop
    v_text := private.non_blank(p_record ->> v_key);
    v_removed_at := coalesce(v_removed_at, private.parse_time(v_text));
    -- in place of a time, anything but what stands for none
    v_is_removed := v_is_removed or coalesce(
      private.parse_boolean(v_text), v_key like '%\_at' and not private.is_placeholder(v_text), false
    );
  end loop;
  return case when v_is_removed or v_removed_at is not null
    then coalesce(v_removed_at, p_changed_at, 'epoch') end;
end;
$$;
comment on function private.parse_removed_at is
  'When a message or reply was removed in Circle; where that cannot be read, when it was changed last; null '
  'where it was not removed.';

create or replace function private.unread_values(p_record jsonb, p_path text, p_is_bodiless boolean)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_agg(private.unread_value(p_path || k.key, k.value, r.reason) order by k.key collate "C")
    from jsonb_each(p_record) as k
    cross join lateral (
      select case
        when private.is_blank(k.value) then null
        when k.key in (
          'created_at', 'sent_at', 'parent_created_at', 'published_at', 'edited_at', 'updated_at',
          'removed_at', 'deleted_at'
        ) and private.parse_time(k.value #>> '{}') is null then 'is not a time'
        when k.key in ('chat_thread_id', 'chat_room_uuid', 'space_id')
          and private.parse_id(k.value) is null then 'is not an id'
        when k.key in ('is_removed', 'is_deleted', 'removed', 'deleted')
          and private.parse_boolean(k.value #>> '{}') is null and private.parse_time(k.value #>> '{}') is null
          then 'is not true or false'
        when k.key in ('sender', 'parent_sender') and private.name_of_sender(k.value) is null
          then 'has no name'
        when k.key in ('replies_count', 'reply_index') and private.parse_integer(k.value #>> '{}') is null
          then 'is not a whole number'
        when k.key in ('attachments', 'parent_attachments') and private.parse_attachments(k.value) is null
          then 'is not a list'
        when k.key in ('body', 'parent_body') and p_is_bodiless and private.parse_text(k.value) is null
          and k.value ->> 'record_type' is null then 'is not text'
      end as reason
    ) as r
    where r.reason is not null
  );
end;
$$;
comment on function private.unread_values is
  'Which values of a message or reply are present and cannot be read, each with p_path before its name; '
  'null for none.';

-- The envelope's shapes differ in their keys: a single message has sender, body and attachments, the root of
-- a thread has parent_sender, parent_body and parent_attachments, and a reply's author stands under "replier
-- <n>". For a message outside a thread, n8n sends the message id as thread id. Records of chat name the id
-- `id`; the older flat threads have reply_id and sender_name.
create or replace function private.parse_author_name(p_message jsonb, p_reply_index text, p_sender jsonb)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_name text := private.non_blank(coalesce(
    p_message ->> ('replier ' || p_reply_index), private.name_of_sender(p_sender),
    p_message ->> 'sender_name'
  ));
begin
  if v_name is null then
    select private.non_blank(k.value) into v_name
    from jsonb_each_text(p_message) as k where k.key ~ '^replier( [0-9]+)?$' order by k.key limit 1;
  end if;
  return v_name;
end;
$$;
comment on function private.parse_author_name is
  'The name of a chat message''s author: of "replier <n>", of its sender, of sender_name.';

create or replace function private.is_undated_edit(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.non_blank(p_text) is not null and not private.is_placeholder(p_text);
end;
$$;
comment on function private.is_undated_edit is
  'Whether a text, which is not a time, stands where the time of an edit should, and not for a missing one.';

create or replace function private.complete_chat_message(
  p_snapshot private.circle_snapshot, p_message jsonb, p_path text
) returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot := p_snapshot;
begin
  v.posted_at := coalesce(
    v.posted_at, private.parse_time(p_message ->> 'sent_at'),
    private.parse_time(p_message ->> 'parent_created_at')
  );
  v.is_edit_undated := v.edited_at is null and private.is_undated_edit(p_message ->> 'edited_at');
  v.removed_at := private.parse_removed_at(p_message, coalesce(v.edited_at, v.posted_at));
  v.unread := private.unread_values(
    case when v.author_name is null then p_message else p_message - array['sender', 'parent_sender'] end,
    p_path, v.body is null
  );
  return v;
end;
$$;
comment on function private.complete_chat_message is
  'A chat message with what few have: another key for the time, an edit at a time that cannot be read, a '
  'removal, and what else cannot be read.';

create or replace function private.first_present(variadic p_values jsonb[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_value jsonb;
begin
  foreach v_value in array p_values loop
    if not private.is_blank(v_value) then
      return v_value;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.first_present is 'The first value that is not blank; null where all are.';

create or replace function private.parse_chat_message(p_message jsonb, p_path text)
returns private.circle_snapshot
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  m record;
  v_rich_text jsonb;
  v_sender jsonb;
  v private.circle_snapshot;
  v_replies_count integer;
begin
  v.raw_data := p_message;
  if jsonb_typeof(p_message) <> 'object' then
    return v;
  end if;
  -- One pass over the keys, where `->` would search for each.
  select * into m from jsonb_to_record(p_message) as r (
    message_id jsonb, reply_id jsonb, id jsonb, chat_thread_id jsonb, reply_index text, parent_sender jsonb,
    sender jsonb, author_email text, parent_body jsonb, body jsonb, parent_rich_text_body jsonb,
    rich_text_body jsonb, message_url text, chat_room_uuid jsonb, space_id jsonb, space_name text,
    parent_attachments jsonb, attachments jsonb, created_at text, edited_at text, replies_count text
  );
  v_rich_text := private.parse_embedded_json(coalesce(m.parent_rich_text_body, m.rich_text_body));
  v.message_id := private.parse_id(private.first_present(m.message_id, m.reply_id, m.id));
  v.thread_id := private.parse_id(m.chat_thread_id);
  v_sender := private.parse_embedded_json(coalesce(m.parent_sender, m.sender));
  v.author_name := private.parse_author_name(p_message, m.reply_index, v_sender);
  v.author_email := private.non_blank(coalesce(m.author_email, v_sender ->> 'email'));
  v.body := coalesce(
    private.parse_text(m.parent_body), private.parse_text(m.body), private.parse_rich_text(v_rich_text),
    private.parse_text(v_rich_text -> 'circle_ios_fallback_text')
  );
  v.link := private.non_blank(m.message_url);
  v.chat_room_uuid := private.parse_id(m.chat_room_uuid);
  v.space_id := private.parse_id(m.space_id);
  v.space_name := private.non_blank(m.space_name);
  v.attachments := private.parse_attachments(
    coalesce(m.parent_attachments, m.attachments, v_rich_text -> 'attachments')
  );
  v.posted_at := private.parse_time(m.created_at);
  v.edited_at := private.parse_time(m.edited_at);
  v.reply_index := private.parse_integer(m.reply_index);
  v_replies_count := private.parse_integer(m.replies_count);
  v.is_thread := coalesce(v_replies_count > 0, false);
  -- What is present and null by now may be unreadable, or blank.
  if v.posted_at is null
    or num_nulls(v.edited_at, v.reply_index, v_replies_count, v.thread_id, v.chat_room_uuid, v.space_id)
      > num_nulls(m.edited_at, m.reply_index, m.replies_count, m.chat_thread_id, m.chat_room_uuid, m.space_id)
    or v.body is null and coalesce(m.parent_body, m.body) is not null
    or v.author_name is null and coalesce(m.parent_sender, m.sender) is not null
    or v.attachments is null and coalesce(m.parent_attachments, m.attachments) is not null
    or p_message ?| private.removal_keys()
  then
    v := private.complete_chat_message(v, p_message, p_path);
  end if;
  v.thread_id := nullif(v.thread_id, v.message_id);
  return v;
end;
$$;
comment on function private.parse_chat_message is
  'The fields of a chat message or reply, of an envelope or of an API record. p_path comes before the names '
  'of what cannot be read.';

-- Chat messages, posts and comments have ids of their own in Circle, so posts and comments carry a prefix.
create or replace function private.parse_post_or_comment(p_record jsonb, p_prefix text, p_path text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_author constant jsonb := private.parse_embedded_json(coalesce(p_record -> 'author', p_record -> 'user'));
  v_rich_text constant jsonb := private.parse_embedded_json(p_record -> 'tiptap_body');
  v_html constant text := coalesce(
    p_record #>> '{body,body}', p_record #>> '{body,html}', private.parse_text(p_record -> 'body')
  );
begin
  v.raw_data := p_record;
  if jsonb_typeof(p_record) <> 'object' then
    return v;
  end if;
  v.message_id := p_prefix || private.parse_id(p_record -> 'id');
  v.title := case when p_prefix = 'post_' then
    coalesce(private.parse_text(p_record -> 'name'), private.parse_text(p_record -> 'display_title'))
  end;
  -- Circle's plain text has no addresses of links and images.
  v.body := coalesce(
    private.non_blank(private.parse_html(v_html)), private.parse_rich_text(v_rich_text),
    private.parse_text(p_record -> 'body_plain_text'), private.parse_text(p_record -> 'body_text'),
    private.parse_text(v_rich_text -> 'circle_ios_fallback_text')
  );
  v.author_name := private.non_blank(coalesce(v_author ->> 'name', p_record ->> 'user_name'));
  v.author_email := private.non_blank(coalesce(v_author ->> 'email', p_record ->> 'user_email'));
  v.link := private.non_blank(p_record ->> 'url');
  v.attachments := case
    when jsonb_typeof(v_rich_text -> 'attachments') = 'array' then v_rich_text -> 'attachments'
    when jsonb_typeof(p_record #> '{body,attachments}') = 'array' then p_record #> '{body,attachments}'
  end;
  v.space_id := coalesce(
    private.parse_id(p_record -> 'space_id'), private.parse_id(p_record #> '{space,id}')
  );
  v.space_name := private.non_blank(coalesce(p_record ->> 'space_name', p_record #>> '{space,name}'));
  v.posted_at := coalesce(
    private.parse_time(p_record ->> 'published_at'), private.parse_time(p_record ->> 'created_at')
  );
  v.edited_at := coalesce(
    private.parse_time(p_record #>> '{body,updated_at}'), private.parse_time(p_record ->> 'updated_at')
  );
  v.is_edit_undated := v.edited_at is null and (
    private.is_undated_edit(p_record #>> '{body,updated_at}')
    or private.is_undated_edit(p_record ->> 'updated_at')
  );
  v.removed_at := private.parse_removed_at(p_record, coalesce(v.edited_at, v.posted_at));
  v.unread := private.unread_values(p_record, p_path, v.body is null);
  return v;
end;
$$;
comment on function private.parse_post_or_comment is
  'The fields of a post or comment, of the Admin or the Headless API.';

-- 20_tracker/40_import/32_circle_roots.sql
-- The message at the root of an element, with what the envelope says about it.

-- A reply by itself says little about the message that it answers: enough for a row that is filled in later.
create or replace function private.parse_answered_message(p_element jsonb, p_shape text)
returns private.circle_snapshot
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
begin
  if p_shape = 'comment' then
    v.message_id := 'post_' || private.parse_id(
      coalesce(nullif(p_element -> 'post_id', 'null'), p_element #> '{post,id}')
    );
  else
    v.message_id := private.parse_id(p_element -> 'parent_message_id');
    v.thread_id := nullif(private.parse_id(p_element -> 'chat_thread_id'), v.message_id);
    v.chat_room_uuid := private.parse_id(p_element -> 'chat_room_uuid');
  end if;
  v.is_thread := true;
  return v;
end;
$$;
comment on function private.parse_answered_message is
  'What a reply that comes by itself, of this shape, says about the message that it answers.';

create or replace function private.parse_circle_message(p_element jsonb, p_shape text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
begin
  case p_shape
    when 'chat_thread' then
      v := private.parse_chat_message(p_element -> 'parent_message', '');
      v.thread_id := coalesce(v.thread_id, private.parse_id(p_element -> 'id'));
      v.space_id := coalesce(v.space_id, private.parse_id(p_element #> '{chat_room,embedded_space,id}'));
    when 'flat_thread' then
      v := private.parse_chat_message(
        p_element - array['id', 'message_id', 'created_at', 'edited_at']
          || jsonb_build_object(
            'message_id', p_element -> 'parent_message_id', 'edited_at', p_element -> 'parent_edited_at'
          ),
        ''
      );
    when 'message_content' then
      v := private.parse_chat_message(p_element || (p_element #> '{message,content}'), '');
    when 'post' then
      return private.parse_post_or_comment(p_element, 'post_', '');
    else
      return private.parse_chat_message(p_element, '');
  end case;
  return v;
end;
$$;
comment on function private.parse_circle_message is
  'The message at the root of an element of this shape, which is not an envelope.';

create or replace function private.parse_circle_root(
  p_element jsonb, p_shape text, p_has_replies boolean
) returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_details constant private.circle_details := private.parse_circle_details(coalesce(
    p_element -> 'Issue_Details', case when p_shape = 'message_content'
      then p_element #> '{message,content}' end
  ));
  v_type constant text := lower(private.non_blank(p_element ->> 'Type'));
  c_id_keys constant text[] := array['message_id', 'reply_id', 'id'];
  v_message jsonb := p_element -> 'Parent_Message';
begin
  if p_shape = 'envelope' then
    if not v_message ?| c_id_keys then
      v_message := coalesce(private.unwrap_object(v_message, c_id_keys, 0), v_message);
    end if;
    v := private.parse_chat_message(v_message, '');
  else
    v := private.parse_circle_message(p_element, p_shape);
  end if;
  v.thread_id := nullif(v.thread_id, v.message_id);
  v.is_thread := coalesce(v.is_thread, false) or p_shape in ('chat_thread', 'flat_thread')
    or coalesce(v_type = 'thread', false) or p_has_replies;
  v.title := coalesce(v_details.title, v.title);
  v.segment := v_details.segment;
  v.sender_verdict := v_details.verdict;
  v.is_verdict_unreadable := v_details.is_verdict_unreadable;
  if v_details.unread is not null then
    v.unread := coalesce(v.unread, '[]') || v_details.unread;
  end if;
  if v_type not in ('thread', 'single') and p_shape = 'envelope' then
    v.unread := coalesce(v.unread, '[]')
      || private.unread_value('Type', p_element -> 'Type', 'is neither single nor thread');
  end if;
  v.raw_data := p_element;
  return v;
end;
$$;
comment on function private.parse_circle_root is
  'What an element of this shape says about the message at its root, the sender''s verdict included.';

-- 20_tracker/40_import/34_reply_snapshots.sql
-- The replies of an element; one without an id is left out, and the answer names it.

create or replace function private.is_circle_id(p_message_id text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(length(p_message_id) <= 255, false);
end;
$$;
comment on function private.is_circle_id is 'Whether a parsed id can be that of a message or reply.';

create or replace function private.reject_reply(p_reply private.circle_snapshot, p_path text)
returns private.circle_snapshot
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_key text;
begin
  if jsonb_typeof(p_reply.raw_data) = 'object' then
    v_key := case
      when not private.is_blank(p_reply.raw_data -> 'message_id') then 'message_id'
      when not private.is_blank(p_reply.raw_data -> 'reply_id') then 'reply_id'
      when p_reply.raw_data ? 'id' then 'id'
      else 'message_id'
    end;
  end if;
  v.unread := jsonb_build_array(
    private.unread_value(
      case when v_key is null then rtrim(p_path, '.') else p_path || v_key end,
      case when v_key is null then p_reply.raw_data else p_reply.raw_data -> v_key end,
      'is not the id of a reply, which is left out'
    ) || '{"code": "tracker_reply_id_invalid"}'
  );
  return v;
end;
$$;
comment on function private.reject_reply is
  'In place of a reply without an id: what the answer says about it.';

create or replace function private.parse_circle_replies(p_replies jsonb, p_shape text, p_is_reply boolean)
returns private.circle_snapshot[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_key constant text := private.reply_key(p_shape);
begin
  if p_replies = '[]' then
    return '{}'::private.circle_snapshot[];
  end if;
  return array(
    select case when private.is_circle_id(r.message_id) then r else private.reject_reply(r, p.path) end
    from jsonb_array_elements(p_replies) with ordinality as e (value, position)
    cross join lateral (
      select case when p_is_reply and e.position = 1 then ''
        else format('%s[%s].', v_key, e.position - 1 - p_is_reply::integer) end as path
    ) as p
    cross join lateral private.parse_circle_reply(e.value, p_shape, p.path) as r
    order by r.message_id collate "C"
  );
end;
$$;
comment on function private.parse_circle_replies is
  'The replies of an element of this shape, in the order of their ids, which is the order of locks; those '
  'without one are last. p_is_reply: the first one is the element itself.';

create or replace function private.parse_circle_reply(p_reply jsonb, p_shape text, p_path text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_shape in ('comment', 'post') then
    return private.parse_post_or_comment(p_reply, 'comment_', p_path);
  end if;
  return private.parse_chat_message(p_reply, p_path);
end;
$$;
comment on function private.parse_circle_reply is 'One reply in an element of this shape.';

-- 20_tracker/40_import/40_circle_items.sql
-- A payload parsed once: each of its elements with the message at its root and its replies. Locks, imports
-- and errors all derive from this.

create type private.circle_item as (
  index integer,
  shape text,
  root private.circle_snapshot,
  replies private.circle_snapshot[],
  unread jsonb,
  error_code text,
  error_detail text,
  is_last boolean
);
comment on type private.circle_item is
  'One element of a payload: its index from 0, its shape, the message at its root, its replies in the order '
  'of their ids, what in it cannot be read, why it cannot be imported, and whether it is the last one '
  'about its message.';

create or replace function private.with_replies(
  p_item private.circle_item, p_replies private.circle_snapshot[]
) returns private.circle_item
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v private.circle_item := p_item;
begin
  if not exists (select from unnest(p_replies) as r where r.unread is not null) then
    v.replies := p_replies;
    return v;
  end if;
  v.unread := coalesce(v.unread, '[]') || (
    select jsonb_agg(u.value order by r.ordinality, u.position)
    from unnest(p_replies) with ordinality as r
    cross join lateral jsonb_array_elements(r.unread) with ordinality as u (value, position)
  );
  v.replies := array(select r from unnest(p_replies) as r where r.message_id is not null);
  return v;
end;
$$;
comment on function private.with_replies is
  'An item with its replies, of which those without an id are only named.';

create or replace function private.parse_circle_item(p_element jsonb, p_index integer)
returns private.circle_item
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_element constant jsonb := private.spell_envelope_keys(p_element);
  v private.circle_item;
  v_key text;
  v_is_reply boolean;
  v_replies jsonb;
begin
  v.index := p_index;
  v.shape := private.circle_shape(v_element);
  v.replies := '{}'::private.circle_snapshot[];
  v.is_last := true;
  if v.shape in ('hint', 'unrecognised') then
    return v;
  end if;
  v_key := private.reply_key(v.shape);
  v_is_reply := v.shape = 'comment'
    or v.shape = 'chat_message' and private.parse_id(v_element -> 'parent_message_id') is not null;
  if v_element -> v_key = '[]' then
    v_replies := '[]';
  elsif private.is_list_of_replies(v_element -> v_key) then
    v_replies := private.list_of_replies(v_element -> v_key);
  else
    v_replies := '[]';
    v.unread := jsonb_build_array(
      private.unread_value(v_key, v_element -> v_key, 'is not a list of replies')
        || '{"code": "tracker_replies_invalid"}'
    );
  end if;
  if v_is_reply then
    v.root := private.parse_answered_message(v_element, v.shape);
    v_replies := jsonb_build_array(v_element) || v_replies;
  else
    v.root := private.parse_circle_root(v_element, v.shape, v_replies <> '[]');
  end if;
  if not private.is_circle_id((v.root).message_id) then
    v.error_code := 'tracker_message_id_invalid';
    v.error_detail := private.describe_id_error(v_element, v.shape);
  end if;
  if (v.root).unread is not null then
    v.unread := (v.root).unread || coalesce(v.unread, '[]');
  end if;
  if v.shape = 'chat_message' and not v_is_reply and not private.is_blank(v_element -> 'parent_message_id')
    then
    v.unread := coalesce(v.unread, '[]')
      || private.unread_value('parent_message_id', v_element -> 'parent_message_id', 'is not an id');
  end if;
  if v_replies <> '[]' then
    return private.with_replies(v, private.parse_circle_replies(v_replies, v.shape, v_is_reply));
  end if;
  return v;
end;
$$;
comment on function private.parse_circle_item is
  'One element of a payload. It raises nothing: what is wrong with it stands in error_code, and what in it '
  'cannot be read in unread.';

create or replace function private.describe_id_error(p_element jsonb, p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_id constant jsonb := case p_shape
    when 'envelope' then coalesce(
      p_element #> '{Parent_Message,message_id}', p_element #> '{Parent_Message,reply_id}',
      p_element #> '{Parent_Message,id}'
    )
    when 'chat_thread' then p_element #> '{parent_message,id}'
    when 'flat_thread' then p_element -> 'parent_message_id'
    when 'message_content' then p_element #> '{message,content,message_id}'
    when 'comment' then coalesce(p_element -> 'post_id', p_element #> '{post,id}')
    else p_element -> 'id'
  end;
begin
  return concat(
    'A message needs an id, a number above 0 or text of 1 to 255 characters',
    ', not ' || left(v_id::text, 100), '.'
  );
end;
$$;
comment on function private.describe_id_error is
  'Says which value of an element should be the id of its message.';

-- 20000 is more than a body of 1 MB holds of real messages, and takes a few seconds: at 100 µs for a row of
-- nothing, 350000 elements of two bytes held the job that imports for minutes.
create or replace function private.count_circle_items(p_elements jsonb) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_limit constant integer := 20000;
begin
  return (
    select count(*)::integer
    from (
      select sum(private.circle_element_size(e.value)) over (order by e.position) as size
      from jsonb_array_elements(p_elements) with ordinality as e (value, position)
    ) as s
    where s.size <= c_limit
  );
end;
$$;
comment on function private.count_circle_items is
  'How many elements of a payload, from its first one, are within the limit of 20000 messages and replies.';

create or replace function private.circle_items(p_payload jsonb) returns private.circle_item[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_elements jsonb;
  v_count integer;
  v_taken integer;
  v_items private.circle_item[];
  v_rest private.circle_item;
begin
  -- What most payloads are.
  if jsonb_typeof(p_payload -> 'Parent_Message') = 'object' and private.circle_element_size(p_payload) < 100
  then
    return array[private.parse_circle_item(p_payload, 0)];
  end if;
  v_elements := private.circle_elements(p_payload);
  v_count := jsonb_array_length(v_elements);
  v_taken := private.count_circle_items(v_elements);
  v_items := array(
    select row(
      p.index, p.shape, p.root, p.replies, p.unread, p.error_code, p.error_detail,
      lead((p.root).message_id) over (order by (p.root).message_id collate "C", p.index)
        is distinct from (p.root).message_id
    )::private.circle_item
    from jsonb_array_elements(v_elements) with ordinality as e (value, position)
    cross join lateral private.parse_circle_item(e.value, e.position::integer - 1) as p
    where e.position <= v_taken
    order by (p.root).message_id collate "C", p.index
  );
  if v_taken < v_count then
    v_rest.index := v_taken;
    v_rest.shape := 'left_out';
    v_rest.replies := '{}'::private.circle_snapshot[];
    v_rest.error_code := 'tracker_items_limit_reached';
    v_rest.error_detail := format(
      '%s of %s elements are left out: up to 20000 messages and replies are imported of one payload.',
      v_count - v_taken, v_count
    );
    v_items := v_items || v_rest;
  end if;
  return v_items;
end;
$$;
comment on function private.circle_items is
  'The elements of a payload, each parsed once, in the order of their message ids, which is the order of '
  'locks. Where there are more than the limit, the last item stands for those that are left out.';

create or replace function private.raise_circle_item_error(p_item private.circle_item) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_item.error_code = 'tracker_items_limit_reached' then
    raise exception using
      errcode = 'PT422', message = 'tracker_items_limit_reached', detail = p_item.error_detail,
      hint = 'Send fewer messages at a time.';
  end if;
  raise exception using
    errcode = 'PT422', message = 'tracker_message_id_invalid', detail = p_item.error_detail,
    hint = 'Send the id that Circle gave the message.';
end;
$$;
comment on function private.raise_circle_item_error is
  'Raises why an element cannot be imported. Errors: tracker_message_id_invalid, '
  'tracker_items_limit_reached (422).';

-- 20_tracker/40_import/50_triage_circle_message.sql
-- Whether a message is an issue, and which segment it belongs to.

create type private.circle_triage as (
  likelihood double precision,
  is_sure boolean,
  is_triaged boolean,
  confidence double precision
);
comment on type private.circle_triage is
  'A message''s verdict: how likely it is an issue, whether that is sure enough to create one, and the two '
  'columns of circle_issues.';

-- A snapshot is judged by its own words alone, so that it doesn't matter what came before it. Once any of
-- them was sure, the message has an issue.
create or replace function private.triage_circle_message(
  p_verdict double precision, p_is_verdict_unreadable boolean, p_title text, p_body text
) returns private.circle_triage
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant double precision := (select s.triage_threshold from public.tracker_settings as s);
  v private.circle_triage;
begin
  v.likelihood := coalesce(p_verdict, private.issue_likelihood(p_title, p_body));
  if p_is_verdict_unreadable then
    v.is_sure := false;
    v.is_triaged := false;
    v.confidence := v.likelihood;
    return v;
  end if;
  v.is_sure := v.likelihood >= v_threshold;
  v.is_triaged := v.is_sure or coalesce(p_verdict + v_threshold <= 1, false);
  v.confidence := case when v.is_triaged and not v.is_sure then 1 - v.likelihood else v.likelihood end;
  return v;
end;
$$;
comment on function private.triage_circle_message is
  'Whether a message is an issue: by its sender''s verdict, else by its words. A verdict that cannot be read '
  'leaves it to a person. The threshold is tracker_settings.triage_threshold.';

create or replace function private.segment_of_message(p_message public.circle_issues) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(p_message.segment, private.determine_segment(p_message.title, p_message.body));
end;
$$;
comment on function private.segment_of_message is
  'The segment that the message''s sender named, else the one of its words.';

-- 20_tracker/40_import/60_circle_locks.sql
-- The locks of an import, taken before the first row is written.
--
-- Lock order, for everything that imports or deletes: event, the lock key of each message and reply, issues
-- by id, messages by message id, replies by message id, tags. Deleting an issue locks it and then reaches its
-- messages, so an import has to lock the issues that its messages have before the first message; and since it
-- learns which those are from the messages, imports of the same message are serialized before they look.

create or replace function private.lock_message_keys(p_message_ids text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_key integer;
  v_keys integer[];
begin
  -- 1024 keys for all messages, so that no payload uses up the lock table.
  if cardinality(p_message_ids) = 1 then
    v_keys := array[hashtext(p_message_ids[1]) & 1023];
  else
    v_keys := array(
      select distinct hashtext(u.message_id) & 1023 as key from unnest(p_message_ids) as u (message_id)
      where u.message_id is not null order by key
    );
  end if;
  foreach v_key in array v_keys loop
    perform pg_advisory_xact_lock(hashtext('public.circle_issues'), v_key);
  end loop;
end;
$$;
comment on function private.lock_message_keys is
  'Serializes transactions that have a message or reply in common, from here to their end: an advisory lock '
  'for each key, in the order of the keys.';

create or replace function private.lock_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  end if;
end;
$$;
comment on function private.lock_issues is
  'Locks issues, in the order of their ids, before any message is locked.';

-- A message that has one of the replies until now loses it, and its issue is written then. One message
-- without replies, which is what most payloads are, is looked up by itself: with `= any`, whose cost depends
-- on the array, the statement is planned again in each call, 200 µs.
create or replace function private.lock_circle_messages(p_root_ids text[], p_reply_ids text[])
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.lock_message_keys(p_root_ids || p_reply_ids);
  if cardinality(p_root_ids) = 1 and p_reply_ids = '{}' then
    select c.mapped_to_issue_id into v_issue_id
    from public.circle_issues as c where c.message_id = p_root_ids[1];
    if v_issue_id is not null then
      perform private.lock_issues(array[v_issue_id]);
    end if;
    return;
  end if;
  perform private.lock_issues(array(
    select c.mapped_to_issue_id from public.circle_issues as c
    where c.message_id = any (p_root_ids) and c.mapped_to_issue_id is not null
    union all
    select c.mapped_to_issue_id
    from public.circle_replies as r
    join public.circle_issues as c on c.id = r.circle_issue_id
    where r.message_id = any (p_reply_ids) and c.mapped_to_issue_id is not null
  ));
end;
$$;
comment on function private.lock_circle_messages is
  'Locks messages and replies by their keys, then the issues of these messages and of those that have these '
  'replies. Which issues these are is certain only once the keys are locked.';

create or replace function private.lock_circle_items(p_items private.circle_item[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if cardinality(p_items) = 1 and cardinality(p_items[1].replies) = 0 then
    perform private.lock_circle_messages(array[(p_items[1].root).message_id], '{}'::text[]);
    return;
  end if;
  perform private.lock_circle_messages(
    array(select (i.root).message_id from unnest(p_items) as i where (i.root).message_id is not null),
    array(
      select r.message_id from unnest(p_items) as i cross join lateral unnest(i.replies) as r
      where r.message_id is not null
    )
  );
end;
$$;
comment on function private.lock_circle_items is 'Locks what the items of a payload are about.';

-- 20_tracker/40_import/70_merge_circle_fields.sql
-- Snapshots of a message come in any order, any number of times, and in part. Each field is a
-- last-writer-wins register: it holds the value of the newest version that has one, and of several of one
-- version the greatest, so that the row is the same whatever order they came in. A version is the time of the
-- edit, else of the posting.

create or replace function private.circle_version(p_edited_at timestamptz, p_posted_at timestamptz)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- Before all times that a timestamptz can hold, and unlike -infinity a number in jsonb too.
  return coalesce(extract(epoch from coalesce(p_edited_at, p_posted_at)), -1e15);
end;
$$;
comment on function private.circle_version is
  'The version of a message, in seconds since 1970; one without any time is older than all others.';

-- An edit at a time that cannot be read is later than the posting, and earlier than an edit at a known time.
create or replace function private.snapshot_version(p_snapshot private.circle_snapshot) returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.circle_version(p_snapshot.edited_at, p_snapshot.posted_at)
    + case when p_snapshot.is_edit_undated then 0.0000001 else 0 end;
end;
$$;
comment on function private.snapshot_version is 'The version that a snapshot is of.';

-- A row has no column for the fact that it was edited at an unknown time, so its fields have their versions.
create or replace function private.undated_versions(p_fields jsonb, p_version numeric) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (select jsonb_object_agg(f.key, p_version) from jsonb_each(p_fields) as f where f.value <> 'null');
end;
$$;
comment on function private.undated_versions is
  'What field_versions of a new row is to hold where its first snapshot was edited at a time that '
  'cannot be read.';

-- The time zone is fixed, so that times compare as text in the same way in every session.
create or replace function private.merge_circle_fields(
  p_stored jsonb, p_versions jsonb, p_snapshot jsonb, p_version numeric, out o_values jsonb,
  out o_versions jsonb
)
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' as $$
declare
  v_stored_version constant numeric := private.circle_version(
    (p_stored ->> 'edited_at')::timestamptz, (p_stored ->> 'posted_at')::timestamptz
  );
  v_newest_version numeric;
  v_merged jsonb;
begin
  select coalesce(jsonb_object_agg(w.field, w.register), '{}') into v_merged
  from (
    select distinct on (r.field) r.field, jsonb_build_array(r.version, r.value) as register
    from (
      select
        s.key as field, s.value,
        -- A client may have written something else there.
        case when jsonb_typeof(p_versions -> s.key) = 'number' then (p_versions -> s.key)::numeric
          else v_stored_version end as version
      from jsonb_each(p_stored) as s
      where p_snapshot ? s.key and p_versions -> s.key is distinct from 'null'
      union all
      select n.key, n.value, p_version from jsonb_each(p_snapshot) as n
    ) as r
    where r.value <> 'null'
    order by r.field, r.version desc, (r.value #>> '{}') collate "C" desc
  ) as w;
  v_newest_version := private.circle_version(
    (v_merged #>> '{edited_at,1}')::timestamptz, (v_merged #>> '{posted_at,1}')::timestamptz
  );
  select
    jsonb_object_agg(k.field, v_merged -> k.field -> 1),
    coalesce(
      jsonb_object_agg(k.field, v_merged -> k.field -> 0) filter (
        where (v_merged -> k.field ->> 0)::numeric <> v_newest_version
          or not v_merged ? k.field
          and k.field in ('title', 'body', 'author_name', 'attachments', 'raw_data')
      ),
      '{}'
    )
  into o_values, o_versions
  from jsonb_object_keys(p_snapshot) as k (field);
end;
$$;
comment on function private.merge_circle_fields is
  'Merges a snapshot of a version into a stored row, both as {field: value}. Returns the values, null where '
  'nobody has sent one, and what field_versions is to hold.';

-- 20_tracker/40_import/72_message_identity.sql
-- Whether a snapshot is of another message than the row with its id. Ids get mixed up in workflows; a
-- different author and another posting time are the sign of it. The row that was first stays, so that no
-- payload that mixes them up overwrites it. Either of the two alone changes: people rename themselves, drafts
-- are published.

create or replace function private.person_of_record(p_raw jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_sender constant jsonb := coalesce(
    p_raw #> '{Parent_Message,sender}', p_raw #> '{parent_message,sender}', p_raw -> 'sender',
      p_raw -> 'author'
  );
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'member', coalesce(v_sender -> 'community_member_id', p_raw -> 'community_member_id'),
    'user', coalesce(p_raw #> '{user,id}', p_raw -> 'user_id'),
    'email', lower(coalesce(v_sender ->> 'email', p_raw #>> '{user,email}', p_raw ->> 'user_email'))
  ));
end;
$$;
comment on function private.person_of_record is
  'The ids that a record has of its author: in the community, as a user, the e-mail address.';

create or replace function private.normal_name(p_name text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return lower(regexp_replace(normalize(private.non_blank(p_name)), '\s+', ' ', 'g'));
end;
$$;
comment on function private.normal_name is
  'A name to compare with another one: in lower case, composed, with single blanks.';

create or replace function private.is_other_person(
  p_author_name text, p_posted_at timestamptz, p_raw jsonb, p_snapshot private.circle_snapshot
) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_stored jsonb;
  v_sent jsonb;
  v_key text;
begin
  -- A second, since some tools cut the milliseconds off.
  if p_posted_at is null or p_snapshot.posted_at is null
    or p_posted_at - p_snapshot.posted_at between interval '-1 second' and interval '1 second'
  then
    return false;
  end if;
  v_stored := private.person_of_record(p_raw);
  v_sent := private.person_of_record(p_snapshot.raw_data);
  foreach v_key in array array['member', 'user'] loop
    if v_stored ? v_key and v_sent ? v_key then
      return v_stored ->> v_key <> v_sent ->> v_key;
    end if;
  end loop;
  return coalesce(v_stored ->> 'email' <> v_sent ->> 'email', true) and coalesce(
    private.normal_name(nullif(p_author_name, 'Unknown')) <> private.normal_name(p_snapshot.author_name),
      false
  );
end;
$$;
comment on function private.is_other_person is
  'Whether a snapshot has both another author and another posting time than a row: by the ids that both have '
  'of the author, else by the name, unless the e-mail address is the same. What one of them leaves open '
  'is not different.';

-- 20_tracker/40_import/80_circle_messages.sql
-- The row of a message: inserted by its first snapshot, merged with each further one.

-- A verdict that cannot be read is a value of the register too, and the greatest one.
create or replace function private.message_fields(p_fields jsonb, p_is_verdict_unreadable boolean)
returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_fields
    - array['message_id', 'reply_index', 'is_thread', 'is_verdict_unreadable', 'is_edit_undated', 'unread']
    || case when p_is_verdict_unreadable then '{"sender_verdict": "unreadable"}' else '{}' end::jsonb;
end;
$$;
comment on function private.message_fields is 'The registers of a message, of its row or of a snapshot.';

create or replace function private.merge_circle_message(
  p_message public.circle_issues, p_root private.circle_snapshot
) returns public.circle_issues
language plpgsql stable security definer set search_path = '' as $$
declare
  v_merged record;
  v public.circle_issues;
begin
  v_merged := private.merge_circle_fields(
    private.message_fields(to_jsonb(p_message), p_message.is_verdict_unreadable), p_message.field_versions,
    private.message_fields(to_jsonb(p_root), p_root.is_verdict_unreadable), private.snapshot_version(p_root)
  );
  v := jsonb_populate_record(p_message, v_merged.o_values || case v_merged.o_values ->> 'sender_verdict'
    when 'unreadable' then '{"sender_verdict": null, "is_verdict_unreadable": true}'
    else '{"is_verdict_unreadable": false}' end::jsonb);
  v.field_versions := v_merged.o_versions;
  v.title := coalesce(v.title, private.circle_title(null, v.body));
  v.body := coalesce(v.body, '');
  v.author_name := coalesce(v.author_name, 'Unknown');
  v.attachments := coalesce(v.attachments, '[]');
  v.raw_data := coalesce(v.raw_data, '{}');
  v.is_thread := p_message.is_thread or coalesce(p_root.is_thread, false);
  -- What was filled in for a chat room stays as long as the message stays in it.
  if v.chat_room_uuid is not distinct from p_message.chat_room_uuid then
    if v.space_id is null and p_message.space_id is not null then
      v.space_id := p_message.space_id;
      v.field_versions := v.field_versions || '{"space_id": null}';
    end if;
    if v.space_name is null and p_message.space_name is not null then
      v.space_name := p_message.space_name;
      v.field_versions := v.field_versions || '{"space_name": null}';
    end if;
  end if;
  return v;
end;
$$;
comment on function private.merge_circle_message is
  'The row of a message with a snapshot merged into it; nothing is written.';

create or replace function private.insert_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage, p_issue_id uuid,
  out o_message public.circle_issues
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.circle_issues (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
    edited_at, removed_at, segment, sender_verdict, is_verdict_unreadable, field_versions
  )
  values (
    p_root.message_id, p_root.thread_id, private.circle_title(p_root.title, p_root.body),
    coalesce(p_root.body, ''), coalesce(p_root.author_name, 'Unknown'), p_root.author_email,
    p_root.space_name, p_root.space_id, p_root.link, coalesce(p_root.is_thread, false),
    p_triage.is_triaged, p_triage.confidence,
    coalesce(p_root.raw_data, '{}'), p_issue_id, coalesce(p_root.attachments, '[]'), p_root.chat_room_uuid,
    p_root.posted_at, p_root.edited_at, p_root.removed_at, p_root.segment, p_root.sender_verdict,
    coalesce(p_root.is_verdict_unreadable, false),
    case when p_root.is_edit_undated then private.undated_versions(
        private.message_fields(to_jsonb(p_root), p_root.is_verdict_unreadable),
        private.snapshot_version(p_root)
      ) else '{}' end
      || case when p_root.title is null then '{"title": null}' else '{}' end::jsonb
      || case when p_root.body is null then '{"body": null}' else '{}' end::jsonb
      || case when p_root.author_name is null then '{"author_name": null}' else '{}' end::jsonb
      || case when p_root.attachments is null then '{"attachments": null}' else '{}' end::jsonb
      || case when p_root.raw_data is null then '{"raw_data": null}' else '{}' end::jsonb
  )
  on conflict on constraint circle_issues_message_id_key do nothing
  returning * into o_message;
end;
$$;
comment on function private.insert_circle_message is
  'Inserts the first snapshot of a message and returns its row; null where the message exists already.';

-- A message whose issue a person deleted is not imported again, and one that a person returned to triage
-- waits for a person.
create or replace function private.has_been_imported(p_circle_issue_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from private.circle_imports as m where m.circle_issue_id = p_circle_issue_id);
end;
$$;
comment on function private.has_been_imported is 'Whether an issue was created of the message before.';

create or replace function private.raise_message_id_conflict(
  p_stored public.circle_issues, p_root private.circle_snapshot
) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'tracker_message_id_conflict',
    detail = format(
      'Message %s is by %s, posted at %s; this one is by %s, posted at %s.', p_stored.message_id,
      p_stored.author_name, p_stored.posted_at, p_root.author_name, p_root.posted_at
    ),
    hint = 'Send each message under the id that Circle gave it.';
end;
$$;
comment on function private.raise_message_id_conflict is
  'Raises that a snapshot is of another message than the row with its id. Errors: '
  'tracker_message_id_conflict (409).';

create or replace function private.update_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage,
  out o_message public.circle_issues, out o_is_stale boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_issues;
  v_merged private.circle_triage;
begin
  select * into v_stored from public.circle_issues as c where c.message_id = p_root.message_id for update;
  if private.is_other_person(v_stored.author_name, v_stored.posted_at, v_stored.raw_data, p_root) then
    perform private.raise_message_id_conflict(v_stored, p_root);
  end if;
  o_message := v_stored;
  o_is_stale := private.snapshot_version(p_root) < greatest(
    private.circle_version(v_stored.edited_at, v_stored.posted_at),
    case when jsonb_typeof(v_stored.field_versions -> 'raw_data') = 'number'
      then (v_stored.field_versions ->> 'raw_data')::numeric end
  );
  if v_stored.raw_data is distinct from p_root.raw_data then
    o_message := private.merge_circle_message(v_stored, p_root);
  end if;
  if v_stored.mapped_to_issue_id is not null then
    o_message.triage_confidence := case when p_triage.is_sure
      then greatest(v_stored.triage_confidence, p_triage.confidence) else v_stored.triage_confidence end;
  elsif v_stored.triaged_by is null and not private.has_been_imported(v_stored.id) then
    v_merged := private.triage_circle_message(
      o_message.sender_verdict, o_message.is_verdict_unreadable, o_message.title, o_message.body
    );
    o_message.is_triaged := p_triage.is_sure or v_merged.is_triaged and not v_merged.is_sure;
    o_message.triage_confidence := case when p_triage.is_sure then p_triage.confidence
      else v_merged.confidence end;
  elsif not v_stored.is_triaged then
    -- Returned to triage by a person, who decides, with what is known by now.
    v_merged := private.triage_circle_message(
      o_message.sender_verdict, o_message.is_verdict_unreadable, o_message.title, o_message.body
    );
    o_message.triage_confidence := v_merged.likelihood;
  end if;
  if o_message is not distinct from v_stored then
    return;
  end if;
  update public.circle_issues as c set
    thread_id = o_message.thread_id, title = o_message.title, body = o_message.body,
    author_name = o_message.author_name, author_email = o_message.author_email,
    space_name = o_message.space_name, space_id = o_message.space_id, link = o_message.link,
    is_thread = o_message.is_thread, is_triaged = o_message.is_triaged,
    triage_confidence = o_message.triage_confidence, raw_data = o_message.raw_data,
    attachments = o_message.attachments, chat_room_uuid = o_message.chat_room_uuid,
    posted_at = o_message.posted_at, edited_at = o_message.edited_at, removed_at = o_message.removed_at,
    segment = o_message.segment,
    sender_verdict = o_message.sender_verdict, is_verdict_unreadable = o_message.is_verdict_unreadable,
    field_versions = o_message.field_versions
  where c.id = v_stored.id
  returning * into o_message;
end;
$$;
comment on function private.update_circle_message is
  'Merges a snapshot into the existing message and decides on it again, unless a person has decided or it '
  'has an issue. o_is_stale: the stored version is newer. Errors: tracker_message_id_conflict (409).';

-- The message gets the issue's id before the issue exists, which saves writing the message twice.
create or replace function private.store_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage,
  out o_message public.circle_issues, out o_action text, out o_is_stale boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
  v_updated record;
begin
  if p_triage.is_sure then
    set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
    v_issue_id := gen_random_uuid();
  end if;
  o_is_stale := false;
  o_message := private.insert_circle_message(p_root, p_triage, v_issue_id);
  if o_message.id is not null then
    o_action := case when v_issue_id is null then 'stored' else 'created' end;
    return;
  end if;
  v_updated := private.update_circle_message(p_root, p_triage);
  o_message := v_updated.o_message;
  o_is_stale := v_updated.o_is_stale;
  o_action := case when o_message.mapped_to_issue_id is null then 'stored' else 'updated' end;
  if o_action = 'stored' and p_triage.is_sure and o_message.triaged_by is null
    and not private.has_been_imported(o_message.id)
  then
    o_action := 'created';
    update public.circle_issues as c set mapped_to_issue_id = v_issue_id where c.id = o_message.id
    returning * into o_message;
  end if;
end;
$$;
comment on function private.store_circle_message is
  'Stores a snapshot of a message. o_action is created where its issue is to be created now, with the id '
  'that mapped_to_issue_id holds already; updated where it has one, else stored.';

-- 20_tracker/40_import/82_store_circle_replies.sql
-- The rows of a message's replies. A reply that a payload leaves out stays.

create or replace function private.reply_fields(p_parent text, p_reply private.circle_snapshot) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_build_object(
    'parent', p_parent, 'author_name', p_reply.author_name, 'body', p_reply.body,
    'attachments', p_reply.attachments, 'link', p_reply.link, 'reply_index', p_reply.reply_index,
    'posted_at', p_reply.posted_at, 'edited_at', p_reply.edited_at, 'removed_at', p_reply.removed_at,
    'raw_data', p_reply.raw_data
  );
end;
$$;
comment on function private.reply_fields is 'The registers of a reply, of a snapshot.';

create or replace function private.merge_circle_reply(
  p_message public.circle_issues, p_reply private.circle_snapshot, out o_other uuid, out o_conflict jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_replies;
  v_parent public.circle_issues;
  v_merged record;
  v public.circle_replies;
begin
  select * into v_stored from public.circle_replies as r where r.message_id = p_reply.message_id for update;
  if v_stored.circle_issue_id = p_message.id and v_stored.raw_data = p_reply.raw_data then
    return;
  end if;
  if private.is_other_person(
    v_stored.author_name, v_stored.posted_at, v_stored.raw_data, p_reply
  ) then
    o_conflict := private.unread_value('Replies', to_jsonb(p_reply.message_id), format(
      'is the id of a reply by %s, posted at %s; this one, by %s, posted at %s, is left out',
      v_stored.author_name, v_stored.posted_at, p_reply.author_name, p_reply.posted_at
    )) || '{"code": "tracker_reply_id_conflict"}';
    return;
  end if;
  select * into v_parent from public.circle_issues as c where c.id = v_stored.circle_issue_id;
  v_merged := private.merge_circle_fields(
    to_jsonb(v_stored) || jsonb_build_object('parent', v_parent.message_id), v_stored.field_versions,
    private.reply_fields(p_message.message_id, p_reply), private.snapshot_version(p_reply)
  );
  v := jsonb_populate_record(v_stored, v_merged.o_values);
  update public.circle_replies as r set
    circle_issue_id = case v_merged.o_values ->> 'parent'
      when p_message.message_id then p_message.id else v_stored.circle_issue_id end,
    reply_index = v.reply_index, author_name = coalesce(v.author_name, 'Unknown'),
    body = coalesce(v.body, ''), attachments = coalesce(v.attachments, '[]'), link = v.link,
    raw_data = coalesce(v.raw_data, '{}'), posted_at = v.posted_at, edited_at = v.edited_at,
    removed_at = v.removed_at, field_versions = v_merged.o_versions
  where r.id = v_stored.id;
  o_other := nullif(v_parent.id, p_message.id);
end;
$$;
comment on function private.merge_circle_reply is
  'Merges a snapshot of a reply into its row. Returns the other message that had the reply before, whose '
  'issue has to be updated, null where the same message had it; and where the row is that of another reply, '
  'which stays as it is, what the answer says about it.';

create or replace function private.store_circle_replies(
  p_message public.circle_issues, p_replies private.circle_snapshot[], out o_others uuid[],
  out o_conflicts jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_merged record;
  v_conflicts jsonb[] := array[]::jsonb[];
begin
  o_others := '{}';
  foreach v in array p_replies loop
    insert into public.circle_replies (
      message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
      edited_at, removed_at, created_at, field_versions
    )
    values (
      v.message_id, p_message.id, v.reply_index, coalesce(v.author_name, 'Unknown'), coalesce(v.body, ''),
      coalesce(v.attachments, '[]'), v.link, v.raw_data, v.posted_at, v.edited_at,
      v.removed_at, coalesce(v.posted_at, now()),
      case when v.is_edit_undated then private.undated_versions(
          private.reply_fields(p_message.message_id, v), private.snapshot_version(v)
        ) else '{}' end
        || case when v.body is null then '{"body": null}' else '{}' end::jsonb
        || case when v.author_name is null then '{"author_name": null}' else '{}' end::jsonb
        || case when v.attachments is null then '{"attachments": null}' else '{}' end::jsonb
    )
    on conflict on constraint circle_replies_message_id_key do nothing;
    if not found then
      v_merged := private.merge_circle_reply(p_message, v);
      o_others := array_remove(o_others || v_merged.o_other, null);
      if v_merged.o_conflict is not null then
        v_conflicts := v_conflicts || v_merged.o_conflict;
      end if;
    end if;
  end loop;
  o_conflicts := case when v_conflicts <> '{}' then to_jsonb(v_conflicts) end;
end;
$$;
comment on function private.store_circle_replies is
  'Inserts or merges the replies of an item, which are in the order of their ids. Returns the other messages '
  'that had one of them before, and what the answer says about those whose id is that of another reply.';

-- 20_tracker/40_import/84_format_circle_message_description.sql
-- A message from Circle as text: the first description of its issue.

create or replace function private.quoted_lines(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return regexp_replace(regexp_replace(p_text, '\r\n?|\n', E'\n> ', 'g'), '\n> (?=\n|$)', E'\n>', 'g');
end;
$$;
comment on function private.quoted_lines is
  'Text whose lines after the first are quoted as Markdown does it.';

create or replace function private.attachment_lines(p_attachments jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_attachments = '[]' then
    return null;
  end if;
  return (
    select string_agg(
      'Attachment: ' || case jsonb_typeof(a.item)
        when 'object' then coalesce(
          nullif(concat_ws(' ', coalesce(a.item ->> 'name', a.item ->> 'filename'), a.item ->> 'url'), ''),
          a.item::text
        )
        else a.item #>> '{}'
      end,
      E'\n' order by a.position
    )
    from jsonb_array_elements(p_attachments) with ordinality as a (item, position)
  );
end;
$$;
comment on function private.attachment_lines is
  'One line per attachment, with its name and url; null for an empty array.';

create or replace function private.quoted_replies(p_circle_issue_id uuid) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(
      '> **' || regexp_replace(r.author_name, '\s+', ' ', 'g') || '**'
        || case when r.removed_at is null then '' else ' (removed)' end || ': ' || private.quoted_lines(
        concat_ws(E'\n', nullif(r.body, ''), private.attachment_lines(r.attachments))
      ),
      -- A payload of part of a thread numbers its replies from 1 again, so the time goes first.
      E'\n\n' order by r.posted_at, r.reply_index, r.message_id collate "C"
    )
    from public.circle_replies as r
    where r.circle_issue_id = p_circle_issue_id
  );
end;
$$;
comment on function private.quoted_replies is
  'The replies to a message as Markdown, in the order in which they were posted; null without replies.';

create or replace function private.format_circle_message(p_message public.circle_issues) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return concat_ws(
    E'\n\n',
    nullif(p_message.body, ''),
    case when p_message.is_thread then private.quoted_replies(p_message.id) end,
    private.attachment_lines(p_message.attachments),
    'Removed in Circle: ' || to_char(p_message.removed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
    case when p_message.link is not null then concat(
      E'---\nMessage ID: ', p_message.message_id, ' | Posted: ',
      to_char(
        coalesce(p_message.posted_at, p_message.created_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'
      ),
      E'\n', p_message.link
    ) end
  );
end;
$$;
comment on function private.format_circle_message is
  'A message as Markdown: body, quoted replies, attachments, whether it was removed, footer.';

-- Security definer so that the helpers need no grants; it checks the role that the policy of the table asks
-- for.
create or replace function private.format_circle_message_description(p_circle_issue_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  perform private.require_team_role('viewer');
  select * into v_message
  from public.circle_issues as c
  where c.id = p_circle_issue_id;
  if not found then
    return null;
  end if;
  return private.format_circle_message(v_message);
end;
$$;
grant execute on function private.format_circle_message_description to authenticated, service_role;

create or replace function public.format_circle_message_description(p_circle_issue_id uuid) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.format_circle_message_description(
    p_circle_issue_id => format_circle_message_description.p_circle_issue_id
  );
end;
comment on function public.format_circle_message_description is
  'A message as Markdown: body, quoted replies in order, attachments, when it was removed in Circle, and '
  'with a link a footer of message id, time (UTC) and link. Null when the message does not exist. Team. '
  'Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.format_circle_message_description to authenticated, service_role;

-- 20_tracker/40_import/86_imported_issues.sql
-- The issue of a message: created by an import, brought up to date by later ones.

create or replace function private.create_imported_issue(
  p_message public.circle_issues, p_issue_id uuid, p_segment text, p_import_source text, p_imported_by text,
  p_is_automatic boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
begin
  insert into public.issues (id, title, description, status, segment, submitted_by, tags)
  values (
    p_issue_id, v_title, v_description, 'waiting_for_help', p_segment, p_message.author_name,
    array[p_segment, 'circle']
  );
  insert into private.circle_imports (circle_issue_id, issue_id, title, description, segment, submitted_by)
  values (p_message.id, p_issue_id, v_title, v_description, p_segment, p_message.author_name)
  on conflict on constraint circle_imports_pkey do update set
    issue_id = excluded.issue_id, title = excluded.title, description = excluded.description,
    segment = excluded.segment, submitted_by = excluded.submitted_by, imported_at = clock_timestamp();
  insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, is_automatic)
  values (p_message.id, p_issue_id, p_imported_by, p_import_source, p_is_automatic);
end;
$$;
comment on function private.create_imported_issue is
  'Creates the issue of a message, records what it wrote in circle_imports and logs the import.';

-- The issue may have been merged, edited or deleted since: only columns that still hold what an import wrote
-- are updated.
create or replace function private.refresh_imported_issue(p_message public.circle_issues, p_segment text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
  v_last private.circle_imports;
begin
  -- The issue first: an import of this message has locked it before it comes here.
  perform from public.issues as i where i.id = p_message.mapped_to_issue_id for no key update;
  select * into v_last from private.circle_imports as m
  where m.circle_issue_id = p_message.id and m.issue_id = p_message.mapped_to_issue_id
  for update;
  if not found or (v_last.title, v_last.description, v_last.segment, v_last.submitted_by)
    is not distinct from (v_title, v_description, p_segment, p_message.author_name)
  then
    return;
  end if;
  perform set_config('app.import', 'on', true);
  update public.issues as i set
    title = case when i.title = v_last.title then v_title else i.title end,
    description = case when i.description = v_last.description then v_description else i.description end,
    segment = case when i.segment = v_last.segment then p_segment else i.segment end,
    submitted_by = case when i.submitted_by = v_last.submitted_by then p_message.author_name
      else i.submitted_by end,
    tags = case when i.segment = v_last.segment then array_replace(i.tags, i.segment, p_segment)
      else i.tags end
  where i.id = p_message.mapped_to_issue_id;
  perform set_config('app.import', 'off', true);
  update private.circle_imports as m set
    title = v_title, description = v_description, segment = p_segment,
    submitted_by = p_message.author_name, imported_at = clock_timestamp()
  where m.circle_issue_id = p_message.id;
end;
$$;
comment on function private.refresh_imported_issue is
  'Updates an imported issue from its message, except where a team member changed it.';

create or replace function private.refresh_other_messages(p_circle_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  if p_circle_issue_ids = '{}' then
    return;
  end if;
  for v_message in
    select c.* from public.circle_issues as c
    where c.id = any (p_circle_issue_ids) and c.mapped_to_issue_id is not null
    order by c.message_id collate "C"
  loop
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end loop;
end;
$$;
comment on function private.refresh_other_messages is
  'Updates the issues of messages that have lost a reply, or whose reply has changed.';

-- For when the last element about a message is rejected, after others that were not.
create or replace function private.refresh_after_rejection(p_message_id text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  select * into v_message from public.circle_issues as c
  where c.message_id = p_message_id and c.mapped_to_issue_id is not null;
  if found then
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end if;
exception
  when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded then
    -- The rejection is reported already; the issue stays as it was.
    null;
end;
$$;
comment on function private.refresh_after_rejection is
  'Updates the issue of a message from what was stored of it before an element was rejected.';

-- 20_tracker/40_import/88_import_items.sql
-- The import: locks what a payload's items are about, then imports one item after the other.

-- Of several items about one message the last one updates the issue: the description of a long thread is not
-- written again for each of its replies.
create or replace function private.import_circle_item(
  p_item private.circle_item, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root constant private.circle_snapshot := p_item.root;
  v_stored record;
  v_message public.circle_issues;
  v_segment text;
  v_replies record;
  v_unread jsonb := p_item.unread;
  v_replies_count integer := cardinality(p_item.replies);
begin
  if p_item.error_code is not null then
    perform private.raise_circle_item_error(p_item);
  end if;
  perform set_config('app.import', 'on', true);
  v_stored := private.store_circle_message(
    v_root, private.triage_circle_message(
      v_root.sender_verdict, v_root.is_verdict_unreadable, v_root.title, v_root.body
    )
  );
  v_message := v_stored.o_message;
  if v_replies_count > 0 then
    v_replies := private.store_circle_replies(v_message, p_item.replies);
    perform private.refresh_other_messages(v_replies.o_others);
    if v_replies.o_conflicts is not null then
      v_unread := coalesce(v_unread, '[]') || v_replies.o_conflicts;
      v_replies_count := v_replies_count - jsonb_array_length(v_replies.o_conflicts);
    end if;
  end if;
  if v_stored.o_action <> 'stored' then
    v_segment := private.segment_of_message(v_message);
  end if;
  if v_stored.o_action = 'created' then
    perform private.create_imported_issue(
      v_message, v_message.mapped_to_issue_id, v_segment, p_import_source, p_imported_by, true
    );
  elsif v_stored.o_action = 'updated' and p_item.is_last then
    perform private.refresh_imported_issue(v_message, v_segment);
  end if;
  perform set_config('app.import', 'off', true);
  return jsonb_build_object(
    'index', p_item.index,
    'circle_issue_id', v_message.id, 'message_id', v_message.message_id,
    'message_type', case when v_message.is_thread then 'thread' else 'single' end,
    'title', v_message.title, 'segment', v_segment, 'replies_processed', v_replies_count,
    'issue_id', v_message.mapped_to_issue_id, 'action', v_stored.o_action,
    'is_stale', v_stored.o_is_stale, 'is_triaged', v_message.is_triaged,
    'triage_confidence', v_message.triage_confidence
  ) || case when v_unread is null then '{}' else jsonb_build_object('unread', v_unread) end;
end;
$$;
comment on function private.import_circle_item is
  'Imports one item of a payload. What in it cannot be read stands in unread. Errors: '
  'tracker_message_id_conflict (409), tracker_message_id_invalid, tracker_items_limit_reached (422).';

create or replace function private.try_circle_item(
  p_item private.circle_item, p_import_source text, p_imported_by text, out o_imported jsonb,
  out o_error jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_state text;
  v_message text;
  v_detail text;
begin
  o_imported := private.import_circle_item(p_item, p_import_source, p_imported_by);
exception
  when sqlstate 'PT409' or sqlstate 'PT422' or data_exception or integrity_constraint_violation
    or program_limit_exceeded
    or statement_too_complex then
    get stacked diagnostics
      v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    o_error := jsonb_build_object(
      'index', p_item.index, 'message_id', left((p_item.root).message_id, 255),
      'code', case when v_state like 'PT%' then v_message else 'tracker_message_invalid' end,
      'message', case when v_state like 'PT%' then v_detail else v_message end
    );
    if p_item.is_last and (p_item.root).message_id is not null then
      perform private.refresh_after_rejection((p_item.root).message_id);
    end if;
end;
$$;
comment on function private.try_circle_item is
  'Imports one item of a payload, or returns why it is rejected, with nothing of it written: {index, '
  'message_id, code, message}.';

-- What is left out of a message that was imported is an error too, so that it is listed.
create or replace function private.errors_of_unread(p_imported jsonb) returns jsonb[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select jsonb_build_object(
      'index', p_imported -> 'index', 'message_id', p_imported -> 'message_id', 'code', u.value -> 'code',
      'message', format('%s %s.', u.value ->> 'field', u.value ->> 'reason'), 'field', u.value -> 'field',
      'value', u.value -> 'value'
    )
    from jsonb_array_elements(p_imported -> 'unread') as u
    where u.value ? 'code'
  );
end;
$$;
comment on function private.errors_of_unread is
  'The parts of an imported message that were left out, as errors: {index, message_id, code, '
  'message, field, value}.';

create or replace function private.sorted_by_index(p_items jsonb[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    (select jsonb_agg(i.item order by i.item -> 'index') from unnest(p_items) as i (item)), '[]'
  );
end;
$$;
comment on function private.sorted_by_index is 'An array of results in the order of what was sent.';

create or replace function private.import_items(
  p_items private.circle_item[], p_import_source text, p_imported_by text, p_is_atomic boolean,
  out o_imported jsonb, out o_errors jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_item private.circle_item;
  v_source text;
  v_tried record;
  v_imported jsonb[] := array[]::jsonb[];
  v_errors jsonb[] := array[]::jsonb[];
  v_error jsonb;
begin
  perform private.lock_circle_items(p_items);
  foreach v_item in array p_items loop
    continue when v_item.shape in ('hint', 'unrecognised');
    v_source := coalesce(p_import_source, private.source_of_shape(v_item.shape));
    if p_is_atomic then
      v_imported := v_imported || private.import_circle_item(v_item, v_source, p_imported_by);
      continue;
    end if;
    v_tried := private.try_circle_item(v_item, v_source, p_imported_by);
    if v_tried.o_error is null then
      v_imported := v_imported || v_tried.o_imported;
      if v_tried.o_imported ? 'unread' then
        foreach v_error in array private.errors_of_unread(v_tried.o_imported) loop
          v_errors := v_errors || v_error;
        end loop;
      end if;
    else
      v_errors := v_errors || v_tried.o_error;
    end if;
  end loop;
  if cardinality(p_items) = 1 then
    o_imported := to_jsonb(v_imported);
    o_errors := to_jsonb(v_errors);
  else
    o_imported := private.sorted_by_index(v_imported);
    o_errors := private.sorted_by_index(v_errors);
  end if;
end;
$$;
comment on function private.import_items is
  'Imports the items of a payload, all or nothing where p_is_atomic; otherwise a rejected one stops no '
  'other. Returns two arrays in the order in which the elements were sent: what was imported, and what was '
  'rejected with its reason. Where p_import_source is null, the shape decides.';

-- 20_tracker/40_import/90_process_circle_webhook.sql
-- The entry for messages: all of a payload or nothing.

-- What a person sends is recorded under their own name, whatever name they give.
create or replace function private.importer_name(p_imported_by text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return case
    when private.is_trusted_caller() then coalesce(nullif(btrim(p_imported_by), ''), 'system')
    else private.actor_name()
  end;
end;
$$;
comment on function private.importer_name is 'Who an import is by: as given by a server, else the caller.';

create or replace function private.process_circle_webhook(
  p_payload jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
  v_item private.circle_item;
  v_import record;
begin
  perform private.require_team_role('agent');
  v_items := private.circle_items(p_payload);
  foreach v_item in array v_items loop
    if v_item.shape in ('hint', 'unrecognised') then
      raise exception using
        errcode = 'PT422', message = 'tracker_payload_invalid',
        detail = 'An element is neither an envelope with Parent_Message nor a record of Circle''s API.',
        hint = 'Send {Type, Parent_Message, Replies, Issue_Details}, or call handle_circle_webhook.';
    elsif v_item.shape = 'left_out' then
      perform private.raise_circle_item_error(v_item);
    end if;
  end loop;
  v_import := private.import_items(
    v_items, coalesce(nullif(btrim(p_import_source), ''), 'n8n_webhook'),
    private.importer_name(p_imported_by), true
  );
  if jsonb_typeof(p_payload) <> 'array' and not p_payload ? 'records' and cardinality(v_items) = 1 then
    return (v_import.o_imported -> 0) - 'index';
  end if;
  return v_import.o_imported;
end;
$$;
grant execute on function private.process_circle_webhook to authenticated, service_role;

create or replace function public.process_circle_webhook(
  p_payload jsonb, p_import_source text default 'n8n_webhook', p_imported_by text default 'system'
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_webhook(
    p_payload => process_circle_webhook.p_payload, p_import_source => process_circle_webhook.p_import_source,
    p_imported_by => process_circle_webhook.p_imported_by
  );
end;
comment on function public.process_circle_webhook is
  'Imports one message with its replies, an envelope of n8n''s or a record of Circle''s API, and returns '
  '{circle_issue_id, message_id, message_type, title, segment, replies_processed, issue_id, action: '
  'created|updated|stored, is_stale: the stored version is newer, is_triaged, triage_confidence}, and where '
  'a part cannot be read, unread: [{field, value, reason, code where it is left out}]; an array or a page '
  '{records} all or nothing, with an array of these. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), tracker_message_id_conflict (409), tracker_payload_invalid, '
  'tracker_message_id_invalid, tracker_items_limit_reached (422).';
grant execute on function public.process_circle_webhook to authenticated, service_role;

-- 20_tracker/40_import/92_handle_circle_webhook.sql
-- The entry for whatever a webhook was sent: what can be imported is, and the rest is reported.

-- A payload of nothing but unknown shapes, or of hints, has an outcome of its own. Next to others, an unknown
-- one is an error, so that it is listed.
create or replace function private.errors_of_shapes(p_items private.circle_item[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_is_mixed constant boolean := exists (
    select from unnest(p_items) as i where i.shape not in ('unrecognised', 'left_out')
  );
begin
  return case when v_is_mixed then (
    select jsonb_agg(
      jsonb_build_object(
        'index', i.index, 'message_id', null, 'code', 'tracker_element_unsupported',
        'message', 'The element has no known shape.'
      )
      order by i.index
    )
    from unnest(p_items) as i
    where i.shape = 'unrecognised'
  ) end;
end;
$$;
comment on function private.errors_of_shapes is
  'The elements of no known shape, as errors, where a payload has others too; else null.';

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
  v_item private.circle_item;
  v_import record;
  v_errors jsonb;
  v_hint_count integer := 0;
  v_unrecognised_count integer := 0;
begin
  perform private.require_team_role('agent');
  v_items := private.circle_items(request);
  foreach v_item in array v_items loop
    v_hint_count := v_hint_count + (v_item.shape = 'hint')::integer;
    v_unrecognised_count := v_unrecognised_count + (v_item.shape = 'unrecognised')::integer;
  end loop;
  v_import := private.import_items(v_items, null, private.importer_name(null), false);
  v_errors := v_import.o_errors;
  if v_unrecognised_count > 0 and cardinality(v_items) > 1 then
    v_errors := private.sorted_by_index(array(
      select e.value from jsonb_array_elements(v_errors || coalesce(private.errors_of_shapes(v_items), '[]'))
        as e
    ));
  end if;
  return jsonb_build_object(
    'processed', jsonb_array_length(v_import.o_imported), 'hints', v_hint_count,
    'unrecognised', v_unrecognised_count, 'imported', v_import.o_imported, 'errors', v_errors
  );
end;
$$;
grant execute on function private.handle_circle_webhook to authenticated, service_role;

create or replace function public.handle_circle_webhook(request jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.handle_circle_webhook(request => handle_circle_webhook.request);
end;
comment on function public.handle_circle_webhook is
  'Imports what a webhook was sent, one object or an array, also as JSON in a text or in a wrapper: '
  '{processed, imported[], errors[], hints, unrecognised}. What can''t be imported is listed in errors as '
  '{index, message_id, code, message} and stops nothing else. Codes: tracker_message_id_invalid, '
  'tracker_message_id_conflict, tracker_message_invalid, tracker_element_unsupported, '
  'tracker_items_limit_reached, which counts the elements after the first 20000 messages and replies; and of '
  'parts of a message that was imported, with field and value, tracker_reply_id_invalid, '
  'tracker_reply_id_conflict and tracker_replies_invalid. What else of a message can''t be read stands in '
  'its unread: [{field, value, reason}]. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.handle_circle_webhook to authenticated, service_role;

-- 20_tracker/40_import/94_upsert_circle_issue.sql
-- Stores one message from Circle, for clients that have parsed it themselves.

create or replace function private.upsert_circle_issue(
  p_message_id text, p_thread_id text, p_title text, p_body text, p_author_name text, p_author_email text,
  p_space_name text, p_space_id text, p_link text, p_is_thread boolean, p_raw_data jsonb
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message_id text;
  v_title text;
  v_body text;
  v_author_name text;
  v_id uuid;
begin
  perform private.require_team_role('agent');
  v_message_id := private.parse_id(to_jsonb(p_message_id));
  v_title := nullif(btrim(p_title), '');
  v_body := case when p_body ~ '\S' then p_body end;
  v_author_name := nullif(btrim(p_author_name), '');
  if not private.is_circle_id(v_message_id) then
    raise exception using
      errcode = 'PT422', message = 'tracker_message_id_invalid',
      detail = format('A message needs an id of 1 to 255 characters, not %L.', left(p_message_id, 100)),
      hint = 'Send the id that Circle gave it.';
  end if;
  insert into public.circle_issues as c (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    raw_data
  )
  values (
    v_message_id, private.parse_id(to_jsonb(p_thread_id)), private.circle_title(v_title, v_body),
      coalesce(v_body, ''),
    coalesce(v_author_name, 'Unknown'), nullif(btrim(p_author_email), ''), nullif(btrim(p_space_name), ''),
    private.parse_id(to_jsonb(p_space_id)), nullif(btrim(p_link), ''), coalesce(p_is_thread, false),
    coalesce(p_raw_data, '{}')
  )
  on conflict on constraint circle_issues_message_id_key do update set
    thread_id = coalesce(excluded.thread_id, c.thread_id),
    title = coalesce(v_title, c.title),
    body = coalesce(v_body, c.body),
    author_name = coalesce(v_author_name, c.author_name),
    author_email = coalesce(excluded.author_email, c.author_email),
    space_name = coalesce(excluded.space_name, c.space_name),
    space_id = coalesce(excluded.space_id, c.space_id),
    link = coalesce(excluded.link, c.link),
    is_thread = coalesce(p_is_thread, c.is_thread),
    raw_data = coalesce(p_raw_data, c.raw_data)
  returning c.id into v_id;
  return v_id;
end;
$$;
grant execute on function private.upsert_circle_issue to authenticated, service_role;

create or replace function public.upsert_circle_issue(
  p_message_id text, p_thread_id text default null, p_title text default null, p_body text default null,
  p_author_name text default null, p_author_email text default null, p_space_name text default null,
  p_space_id text default null, p_link text default null, p_is_thread boolean default null,
  p_raw_data jsonb default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.upsert_circle_issue(
    p_message_id => upsert_circle_issue.p_message_id, p_thread_id => upsert_circle_issue.p_thread_id,
    p_title => upsert_circle_issue.p_title, p_body => upsert_circle_issue.p_body,
    p_author_name => upsert_circle_issue.p_author_name, p_author_email => upsert_circle_issue.p_author_email,
    p_space_name => upsert_circle_issue.p_space_name, p_space_id => upsert_circle_issue.p_space_id,
    p_link => upsert_circle_issue.p_link, p_is_thread => upsert_circle_issue.p_is_thread,
    p_raw_data => upsert_circle_issue.p_raw_data
  );
end;
comment on function public.upsert_circle_issue is
  'Stores or completes the message with this id and returns its row''s id; null, blank, and a thread or '
  'space that is not an id keep the current value. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), tracker_message_id_invalid (422).';
grant execute on function public.upsert_circle_issue to authenticated, service_role;

-- 20_tracker/42_events/10_circle_source.sql
-- Circle as a source of the inbox. It signs nothing and gives no delivery id: an event is its bytes.

insert into private.inbox_sources (source, max_body_bytes, retention_days)
values ('circle', 1048576, (select s.event_retention_days from public.tracker_settings as s));

create trigger _200_sync_inbox_retention after update on public.tracker_settings
  for each row when (old.event_retention_days is distinct from new.event_retention_days)
  execute function private.sync_inbox_retention('circle', 'event_retention_days');

create or replace function private.process_circle_payload(p_payload jsonb) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.inbox_outcome;
begin
  v.result := private.handle_circle_webhook(p_payload);
  if (v.result ->> 'hints')::integer > 0 then
    perform private.apply_circle_hints(p_payload);
  end if;
  v.error := v.result #>> '{errors,0,code}';
  v.status := case
    when v.error is not null then 'failed'
    when v.result #> '{imported,0}' is not null then 'processed'
    when (v.result ->> 'hints')::integer > 0 then 'hint'
    when (v.result ->> 'unrecognised')::integer > 0 then 'unrecognised'
    else 'processed'
  end;
  return v;
end;
$$;
comment on function private.process_circle_payload is
  'Imports the payload of an event from Circle. It failed where anything in it was refused. What a hint in '
  'it is about is read soon.';

create or replace function private.circle_answer(p_event private.inbox_events) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_build_object('event_id', p_event.id, 'status', p_event.status) || case
    when p_event.result ? 'imported' then p_event.result
    else '{"processed": 0, "imported": [], "errors": [], "hints": 0, "unrecognised": 0}'
  end;
end;
$$;
comment on function private.circle_answer is 'What a webhook is told about an event from Circle.';

-- 20_tracker/42_events/20_lock_circle_events.sql
-- Several events in one transaction lock what they are about as one payload does: in one order.

-- A body that can't be parsed is reported when its event is processed.
create or replace function private.circle_ids_of_body(p_body bytea)
returns table (message_id text, is_reply boolean)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
begin
  v_items := private.circle_items((private.parse_inbox_body(p_body)).value);
  return query
    select (i.root).message_id, false from unnest(v_items) as i
    union all
    select r.message_id, true from unnest(v_items) as i cross join lateral unnest(i.replies) as r;
exception
  when data_exception or program_limit_exceeded or syntax_error_or_access_rule_violation or plpgsql_error then
    return;
end;
$$;
comment on function private.circle_ids_of_body is
  'The ids of the messages and replies in a raw body, null for elements without one. It raises nothing.';

create or replace function private.lock_circle_events(p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root_ids text[];
  v_reply_ids text[];
begin
  select
    coalesce(array_agg(distinct i.message_id) filter (where not i.is_reply), '{}'),
    coalesce(array_agg(distinct i.message_id) filter (where i.is_reply), '{}')
  into v_root_ids, v_reply_ids
  from private.inbox_events as e
  cross join lateral private.circle_ids_of_body(e.body) as i
  where e.id = any (p_event_ids) and i.message_id is not null;
  perform private.lock_circle_messages(v_root_ids, v_reply_ids);
end;
$$;
comment on function private.lock_circle_events is
  'Locks the messages and replies in these events, which are locked already, and then their issues.';

-- 20_tracker/42_events/30_ingest_circle_event.sql
-- The way in for the webhook's function: stored and processed in one transaction.

create or replace function private.ingest_circle_event(p_body text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.circle_answer(private.ingest_inbox_event(
    'circle', private.decode_inbox_body('circle', p_body), null, null, null, false
  ));
end;
$$;
grant execute on function private.ingest_circle_event to service_role;

create or replace function public.ingest_circle_event(body text) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_circle_event(ingest_circle_event.body);
end;
comment on function public.ingest_circle_event is
  'Stores a raw request body, given as base64, and processes it, in one transaction; the same bytes again '
  'are the same event, which changes nothing once it is done. Returns what process_circle_event does. After '
  'an error nothing is stored: call receive_circle_event. Service role only. Errors: inbox_body_too_large '
  '(413), inbox_body_invalid (422).';
grant execute on function public.ingest_circle_event to service_role;

-- 20_tracker/42_events/40_receive_circle_event.sql
-- The way in for when storing and processing in one transaction failed.

create or replace function private.receive_circle_event(p_body text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (private.receive_inbox_event(
    'circle', private.decode_inbox_body('circle', p_body), null, null
  )).id;
end;
$$;
grant execute on function private.receive_circle_event to service_role;

create or replace function public.receive_circle_event(body text) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_circle_event(receive_circle_event.body);
end;
comment on function public.receive_circle_event is
  'Stores a raw request body, given as base64, and returns the event''s id; the same bytes again are the '
  'same event. The scheduler processes it. Service role only. Errors: inbox_body_too_large (413), '
  'inbox_body_invalid (422).';
grant execute on function public.receive_circle_event to service_role;

-- 20_tracker/42_events/50_process_circle_event.sql
-- One stored event, processed now.

create or replace function private.process_circle_event(p_event_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.circle_answer(private.process_inbox_event('circle', p_event_id, false));
end;
$$;
grant execute on function private.process_circle_event to service_role;

create or replace function public.process_circle_event(event_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_event(process_circle_event.event_id);
end;
comment on function public.process_circle_event is
  'Processes a stored event and records how it ended; again with the same result. Returns {event_id, status, '
  'processed, imported[], errors[], hints, unrecognised}; status is processed, failed, hint, unrecognised '
  'or unreadable. Service role only. Errors: inbox_event_unknown (404).';
grant execute on function public.process_circle_event to service_role;

-- 20_tracker/42_events/60_replay_circle_events.sql
-- All events of a period once more, for admins.

create or replace function private.replay_circle_events(
  p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  return private.replay_inbox_events('circle', p_from, p_to, p_limit);
end;
$$;
grant execute on function private.replay_circle_events to authenticated, service_role;

create or replace function public.replay_circle_events(
  received_from timestamptz, received_to timestamptz default now(), max_events integer default 1000
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.replay_circle_events(
    replay_circle_events.received_from, replay_circle_events.received_to, replay_circle_events.max_events
  );
end;
comment on function public.replay_circle_events is
  'Processes every event received from received_from up to received_to again, in the order in which they '
  'arrived, with the same result as before. Returns {replayed, next_from, <status>: count}; next_from is '
  'where to continue when there were more than max_events (at most 10000), else null. Admins and servers. '
  'Errors: sign_in_required (401), team_role_required (403), inbox_range_invalid (422).';
grant execute on function public.replay_circle_events to authenticated, service_role;

-- 20_tracker/42_events/70_failed_circle_events.sql
-- What could not be imported, for the team.

create view public.failed_circle_events with (security_invoker = true) as
select
  e.id, e.status, e.error, e.result -> 'errors' as errors, e.attempts_count as attempts, e.received_count,
  e.received_at, e.processed_at, e.next_attempt_at
from private.inbox_events as e
where e.source = 'circle' and e.status in ('failed', 'unreadable', 'unrecognised');
comment on view public.failed_circle_events is
  'Events from Circle that are not imported, or not all of them, with the reason. For the team.';
comment on column public.failed_circle_events.errors is
  'What was refused: an array of {index, message_id, code, message}, with field and value where it is a part '
  'of a message that was imported.';
comment on column public.failed_circle_events.next_attempt_at is
  'When it is tried again; null when it isn''t: replay_circle_events() does.';
grant select on public.failed_circle_events to authenticated, service_role;

-- 20_tracker/44_decisions/10_circle_triage_queue.sql
-- The messages that wait for a person's decision.

create view public.circle_triage_queue with (security_invoker = true) as
select
  c.id, c.message_id, c.title, c.body, c.author_name, c.author_email, c.space_id, c.space_name, c.link,
  c.is_thread, c.triage_confidence, c.sender_verdict, c.segment, c.triage_notes, c.posted_at, c.created_at,
  c.is_verdict_unreadable, c.removed_at
from public.circle_issues as c
-- Without those of which only a reply has arrived.
where not c.is_triaged
  and (c.body <> '' or c.attachments <> '[]' or c.field_versions -> 'raw_data' is distinct from 'null');
comment on view public.circle_triage_queue is
  'Messages for which triage was not sure enough whether they are issues, for a person to decide: '
  'import_circle_issue() or dismiss_circle_issue(). The most likely ones first is `order by '
  'triage_confidence desc`, the oldest first `order by created_at`.';
comment on column public.circle_triage_queue.triage_confidence is 'How likely it is an issue, 0 to 1.';
comment on column public.circle_triage_queue.segment is
  'The segment that its sender named; where null, determine_segment(title, body) returns one.';
comment on column public.circle_triage_queue.is_verdict_unreadable is
  'Whether it waits because its sender''s verdict cannot be read: raw_data of circle_issues has it.';
comment on column public.circle_triage_queue.removed_at is
  'When it was removed in Circle; null if it was not.';
grant select on public.circle_triage_queue to authenticated, service_role;

-- 20_tracker/44_decisions/20_lock_circle_issue.sql
-- The locks of a decision about a message, in the order of an import's.

create or replace function private.lock_circle_issue(p_circle_issue_id uuid, p_issue_id uuid default null)
returns public.circle_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  perform private.require_team_role('agent');
  -- The keys and then all issues that the call may write, by id: the order of all locks. The keys of the
  -- replies too: an import that moves one of them away writes the message's issue, whichever it has.
  perform private.lock_message_keys(array(
    select c.message_id from public.circle_issues as c where c.id = p_circle_issue_id
    union all
    select r.message_id from public.circle_replies as r where r.circle_issue_id = p_circle_issue_id
  ));
  perform from public.issues as i
  where i.id in (
    select c.mapped_to_issue_id from public.circle_issues as c where c.id = p_circle_issue_id
    union all
    select m.issue_id from private.circle_imports as m where m.circle_issue_id = p_circle_issue_id
    union all
    select p_issue_id
  )
  order by i.id
  for no key update;
  select * into v_message from public.circle_issues as c where c.id = p_circle_issue_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_circle_issue_unknown',
      detail = 'A message with this id does not exist.',
      hint = 'Use the id of a row in circle_issues.';
  end if;
  return v_message;
end;
$$;
comment on function private.lock_circle_issue is
  'Locks a message for a decision, with the issue that it has, the one that it had and the one that it is '
  'to get, and returns it. Errors: sign_in_required (401), team_role_required (403), '
  'tracker_circle_issue_unknown (404).';

-- 20_tracker/44_decisions/30_import_circle_issue.sql
-- A person decides that a message is an issue.

create or replace function private.load_former_issue(p_circle_issue_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select i.id from private.circle_imports as m join public.issues as i on i.id = m.issue_id
    where m.circle_issue_id = p_circle_issue_id
      and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id)
  );
end;
$$;
comment on function private.load_former_issue is
  'The issue that a locked message had before it was returned to triage; null where it was deleted or is '
  'that of another message by now.';

create or replace function private.import_circle_issue(
  p_circle_issue_id uuid, p_issue_id uuid, p_title text, p_segment text, p_notes text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues := private.lock_circle_issue(p_circle_issue_id, p_issue_id);
  v_former_id constant uuid := private.load_former_issue(p_circle_issue_id);
  v_issue_id constant uuid := coalesce(p_issue_id, v_former_id, gen_random_uuid());
begin
  if v_message.mapped_to_issue_id is not null then
    if p_issue_id is null or p_issue_id = v_message.mapped_to_issue_id then
      return v_message.mapped_to_issue_id;
    end if;
    raise exception using
      errcode = 'PT409', message = 'tracker_circle_issue_conflict',
      detail = 'The message has another issue already.',
      hint = 'Return it to triage with return_circle_issue first.';
  end if;
  if p_issue_id is not null then
    perform from public.issues as i where i.id = p_issue_id;
    if not found then
      raise exception using
        errcode = 'PT404', message = 'tracker_issue_unknown',
        detail = 'An issue with the id issue_id does not exist.',
        hint = 'Leave it out to create an issue.';
    end if;
  end if;
  set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
  update public.circle_issues as c set
    mapped_to_issue_id = v_issue_id, is_triaged = true, triage_confidence = 1,
    triaged_by = private.actor_name(), triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id
  returning * into v_message;
  if p_issue_id is not null or v_former_id is not null then
    insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, import_notes)
    values (p_circle_issue_id, v_issue_id, private.actor_name(), 'triage', p_notes);
    -- The message may have changed since it was returned to triage.
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  else
    perform private.create_imported_issue(
      v_message, v_issue_id, private.segment_of_message(v_message), 'triage', private.actor_name(), false
    );
  end if;
  update public.issues as i set
    title = coalesce(private.non_blank(p_title), i.title), segment = coalesce(p_segment, i.segment),
    tags = case when p_segment is null then i.tags else array_replace(i.tags, i.segment, p_segment) end,
    status = case when i.id = v_former_id and i.status = 'archived' then 'waiting_for_help' else i.status end
  where i.id = v_issue_id
    and (p_title is not null or p_segment is not null or i.id = v_former_id);
  return v_issue_id;
end;
$$;
grant execute on function private.import_circle_issue
  to authenticated, service_role;

create or replace function public.import_circle_issue(
  circle_issue_id uuid, issue_id uuid default null, title text default null, segment text default null,
  notes text default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.import_circle_issue(
    import_circle_issue.circle_issue_id, import_circle_issue.issue_id, import_circle_issue.title,
    import_circle_issue.segment, import_circle_issue.notes
  );
end;
comment on function public.import_circle_issue is
  'Decides that a message is an issue and returns the issue''s id: a new one, with title and segment where '
  'given; the one it had before it was returned to triage; or issue_id, of which it is a duplicate. Called '
  'again it returns the same. return_circle_issue() undoes it. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_circle_issue_unknown, tracker_issue_unknown (404), '
  'tracker_circle_issue_conflict (409), tracker_segment_invalid (422).';
grant execute on function public.import_circle_issue
  to authenticated, service_role;

-- 20_tracker/44_decisions/40_dismiss_circle_issue.sql
-- A person decides that a message is not an issue.

create or replace function private.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  if v_message.mapped_to_issue_id is not null then
    raise exception using
      errcode = 'PT409', message = 'tracker_circle_issue_conflict',
      detail = 'The message has an issue already.',
      hint = 'Return it to triage with return_circle_issue first, or archive the issue.';
  end if;
  if v_message.is_triaged and v_message.triaged_by is not null then
    update public.circle_issues as c set triage_notes = p_notes
    where c.id = p_circle_issue_id and private.non_blank(p_notes) is not null;
    return;
  end if;
  update public.circle_issues as c set
    is_triaged = true, triage_confidence = 1, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
end;
$$;
grant execute on function private.dismiss_circle_issue to authenticated, service_role;

create or replace function public.dismiss_circle_issue(circle_issue_id uuid, notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.dismiss_circle_issue(dismiss_circle_issue.circle_issue_id, dismiss_circle_issue.notes);
end;
comment on function public.dismiss_circle_issue is
  'Decides that a message is not an issue, whatever is imported later; it stays stored. Called again it '
  'changes nothing but the notes. return_circle_issue() undoes it. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), tracker_circle_issue_unknown (404), '
  'tracker_circle_issue_conflict (409).';
grant execute on function public.dismiss_circle_issue to authenticated, service_role;

-- 20_tracker/44_decisions/50_return_circle_issue.sql
-- A person takes a decision about a message back.

-- The issue is archived, not deleted: its comments stay, and importing the message again restores it.
create or replace function private.return_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  update public.circle_issues as c set
    mapped_to_issue_id = null, is_triaged = false, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_confidence = (
      private.triage_circle_message(c.sender_verdict, c.is_verdict_unreadable, c.title, c.body)
    ).likelihood,
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
  update public.issues as i set status = 'archived'
  where i.status <> 'archived' and i.id = v_message.mapped_to_issue_id
    and i.id = (select m.issue_id from private.circle_imports as m where m.circle_issue_id = v_message.id)
    and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id);
end;
$$;
grant execute on function private.return_circle_issue to authenticated, service_role;

create or replace function public.return_circle_issue(circle_issue_id uuid, notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.return_circle_issue(return_circle_issue.circle_issue_id, return_circle_issue.notes);
end;
comment on function public.return_circle_issue is
  'Returns a message to circle_triage_queue, whether it was imported or dismissed. The issue that an import '
  'created of it, and of no other message, is archived. From then on only a person decides. Agents and '
  'servers. Errors: sign_in_required (401), team_role_required (403), tracker_circle_issue_unknown (404).';
grant execute on function public.return_circle_issue to authenticated, service_role;

-- 20_tracker/44_decisions/60_issue_import_differences.sql
-- Where people and imports disagree.

create view public.issue_import_differences with (security_invoker = true) as
select
  i.id as issue_id, c.id as circle_issue_id, d.field, d.current_value, d.imported_value, m.imported_at
from private.circle_imports as m
join public.circle_issues as c on c.id = m.circle_issue_id
join public.issues as i on i.id = c.mapped_to_issue_id and i.id = m.issue_id
cross join lateral (
  values
    ('title', i.title, m.title), ('description', i.description, m.description),
    ('segment', i.segment, m.segment), ('submitted_by', i.submitted_by, m.submitted_by)
) as d (field, current_value, imported_value)
where m.differs and d.current_value <> d.imported_value;
comment on view public.issue_import_differences is
  'Where an issue differs from its message, because a team member changed it: the current value, and next to '
  'it the value that the last import would have written. Once the imported value is written into the issue, '
  'later imports update it again.';
comment on column public.issue_import_differences.field is 'title, description, segment or submitted_by.';
grant select on public.issue_import_differences to authenticated, service_role;

-- 20_tracker/46_learning/10_triage_decisions.sql
-- What people decided about messages, next to what triage had predicted: for its reliability, and to learn
-- from.

create table private.triage_decisions (
  circle_issue_id uuid not null,
  is_issue boolean not null,
  likelihood double precision not null,
  decided_at timestamptz not null default clock_timestamp(),
  constraint triage_decisions_pkey primary key (circle_issue_id),
  constraint triage_decisions_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint triage_decisions_likelihood_is_a_share check (likelihood between 0 and 1)
);
comment on table private.triage_decisions is
  'The last decision of a person about a message, one row per message: made an issue or dismissed, or '
  'returned after triage had made it an issue. Written by a trigger of circle_issues.';
comment on column private.triage_decisions.likelihood is
  'How likely an issue its words made it when the person decided.';

create index triage_decisions_decided_at_idx on private.triage_decisions (decided_at);
alter table private.triage_decisions enable row level security;

-- Returning what triage made an issue means that it isn't one; returning a person's decision takes it back.
create or replace function private.record_triage_decision() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not new.is_triaged and (old.mapped_to_issue_id is null or old.triaged_by is not null) then
    delete from private.triage_decisions as d where d.circle_issue_id = new.id;
    return null;
  end if;
  insert into private.triage_decisions as d (circle_issue_id, is_issue, likelihood)
  values (new.id, new.mapped_to_issue_id is not null, private.issue_likelihood(new.title, new.body))
  on conflict on constraint triage_decisions_pkey do update set
    is_issue = excluded.is_issue, likelihood = excluded.likelihood, decided_at = excluded.decided_at
  where d.is_issue is distinct from excluded.is_issue;
  return null;
end;
$$;
comment on function private.record_triage_decision is
  'After trigger of circle_issues, the only writer of triage_decisions.';

create trigger _110_record_triage_decision after update on public.circle_issues
  for each row when (new.triaged_by is not null and old.triaged_at is distinct from new.triaged_at)
  execute function private.record_triage_decision();

-- 20_tracker/46_learning/20_triage_reliability.sql
-- How often messages were issues, by the likelihood that triage had given them: from people's decisions.

create table public.triage_reliability (
  bin smallint not null,
  predicted double precision not null,
  observed double precision not null,
  count integer not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint triage_reliability_pkey primary key (bin),
  constraint triage_reliability_bin_is_a_tenth check (bin between 0 and 9)
);
comment on table public.triage_reliability is
  'How reliable the likelihoods of triage were, from the decisions of the team: one row per tenth of the '
  'likelihood in which there were any. Refreshed every night. Admins read it.';
comment on column public.triage_reliability.bin is '0 for likelihoods below 0.1, 9 for 0.9 and above.';
comment on column public.triage_reliability.predicted is 'The mean likelihood of the messages.';
comment on column public.triage_reliability.observed is 'The share of them that people made issues.';
comment on column public.triage_reliability.count is 'How many messages people decided about.';

create trigger _900_set_timestamps before insert or update on public.triage_reliability
  for each row execute function private.set_timestamps();

alter table public.triage_reliability enable row level security;
create policy triage_reliability_select_admin on public.triage_reliability
  for select to authenticated using ((select private.has_team_role('admin')));
grant select on public.triage_reliability to authenticated, service_role;

create or replace function private.refresh_triage_reliability() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from public.triage_reliability where bin is not null;
  insert into public.triage_reliability (bin, predicted, observed, count)
  select least(9, floor(d.likelihood * 10))::smallint as bin, avg(d.likelihood),
    avg(d.is_issue::integer)::double precision, count(*)::integer
  from private.triage_decisions as d
  group by 1;
end;
$$;
comment on function private.refresh_triage_reliability is
  'Computes triage_reliability from the decisions of the team.';

-- The delivered texts count as 200 decisions: the team's own ones outweigh them with time.
create or replace function private.threshold_for(p_precision double precision) returns double precision
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select min(c.bin) / 50.0::double precision
    from (
      select b.bin, sum(b.issues) over w as issues, sum(b.texts) over w as texts
      from (
        select t.bin, t.issues * 200 / s.texts + coalesce(d.issues, 0) as issues,
          t.texts * 200 / s.texts + coalesce(d.texts, 0) as texts
        from private.triage_bins as t
        cross join (select sum(a.texts) as texts from private.triage_bins as a) as s
        left join (
          select least(49, floor(e.likelihood * 50))::smallint as bin, count(*) filter (where e.is_issue)
            as issues, count(*) as texts
          from private.triage_decisions as e
          group by 1
        ) as d on d.bin = t.bin
      ) as b
      window w as (order by b.bin desc)
    ) as c
    where c.texts > 0 and c.issues >= p_precision * c.texts and c.bin >= 25
  ), 1::double precision);
end;
$$;
comment on function private.threshold_for is
  'The lowest threshold, in steps of 0.02 from 0.5, at which this share of what reaches it were issues: of '
  'the held-out texts of the training and the decisions of the team. 1 where no threshold does.';

create or replace function private.set_triage_threshold() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.triage_threshold := private.threshold_for(new.triage_precision);
  return new;
end;
$$;
comment on function private.set_triage_threshold is
  'Before trigger: the threshold for the wanted precision.';

create trigger _200_set_triage_threshold before insert or update on public.tracker_settings
  for each row when (new.triage_precision is not null)
  execute function private.set_triage_threshold();

-- 20_tracker/46_learning/30_learn_issues.sql
-- Learning from the team's decisions, with the delivered weights as what is believed before any of them.

-- The opinion of a model counts whole and is in many texts: it is learned more slowly than that.
create or replace function private.opinion_scale() returns double precision
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 0.25::double precision;
end;
$$;
comment on function private.opinion_scale is
  'The scale of the weight of a model''s opinion while it is learned.';

-- A text as the positions of its features in a list, and the scale of each weight in it.
create type private.triage_lessons as (
  features text[],
  positions integer[],
  ends integer[],
  scales double precision[],
  shares double precision[],
  bases double precision[]
);
comment on type private.triage_lessons is
  'Decisions to learn from: all features once; of one text after the other the positions of its features in '
  'that list with the scale of each weight, and for each text where its positions end, what was decided, and '
  'the logit by the delivered weights.';

-- The latest 1,000 decisions, oldest first. Features of a single text teach nothing about others.
create or replace function private.load_triage_lessons() returns private.triage_lessons
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.triage_lessons;
begin
  with decisions as materialized (
    select row_number() over (order by d.decided_at, d.circle_issue_id)::integer as number, d.is_issue,
      private.triage_features(c.title, c.body) as features,
      private.opinion_features(c.title, c.body) as opinions
    from (
      select e.* from private.triage_decisions as e order by e.decided_at desc limit 1000
    ) as d
    join public.circle_issues as c on c.id = d.circle_issue_id
  ), parts as materialized (
    select distinct d.number, u.feature, 1 / sqrt(greatest(1, cardinality(d.features))) as scale
    from decisions as d cross join unnest(d.features) as u (feature)
    union all
    select d.number, u.feature, private.opinion_scale()
    from decisions as d cross join unnest(d.opinions) as u (feature)
  ), numbered as materialized (
    select p.feature, row_number() over (order by p.feature collate "C")::integer as position
    from parts as p
    group by p.feature
    having count(*) > 1
  ), placed as materialized (
    select p.number, n.position, p.scale from parts as p join numbered as n on n.feature = p.feature
  ), texts as materialized (
    select d.number, d.is_issue::integer::double precision as share,
      (select count(*) from placed as p where p.number = d.number) as parts_count,
      coalesce((
        select sum(w.shipped[1]) from public.triage_weights as w where w.feature = any (d.features)
      ), 0) / sqrt(greatest(1, cardinality(d.features))) + coalesce((
        select sum(w.shipped[1]) from public.triage_weights as w
        where w.feature = any (d.opinions || '{(constant)}')
      ), 0) as base
    from decisions as d
  )
  select
    (select array_agg(n.feature order by n.position) from numbered as n),
    (select array_agg(p.position order by p.number, p.position) from placed as p),
    (select array_agg(e.last order by e.number) from (
      select t.number, sum(t.parts_count) over (order by t.number)::integer as last from texts as t
    ) as e),
    (select array_agg(p.scale order by p.number, p.position) from placed as p),
    (select array_agg(t.share order by t.number) from texts as t),
    (select array_agg(t.base order by t.number) from texts as t)
  into v.features, v.positions, v.ends, v.scales, v.shares, v.bases;
  return v;
end;
$$;
comment on function private.load_triage_lessons is 'The latest decisions of the team, to learn from.';

-- Logistic regression by stochastic gradient descent in a fixed order, on changes of the delivered weights
-- that a penalty pulls back to 0. In arrays: 1,000 decisions take about a second.
create or replace function private.learn_changes(p_lessons private.triage_lessons)
returns double precision[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_rounds constant integer := 12;
  c_penalty constant double precision := 0.4::double precision;
  v_texts constant integer := coalesce(cardinality(p_lessons.ends), 0);
  v_changes double precision[] := array_fill(
    0::double precision, array[coalesce(cardinality(p_lessons.features), 0)]
  );
  v_start integer;
  v_sum double precision;
  v_step double precision;
  v_keep double precision;
  v_position integer;
begin
  for v_round in 1..c_rounds loop
    v_start := 1;
    for v_text in 1..v_texts loop
      v_sum := 0::double precision;
      for v_at in v_start..p_lessons.ends[v_text] loop
        v_sum := v_sum + v_changes[p_lessons.positions[v_at]] * p_lessons.scales[v_at];
      end loop;
      v_step := (
        p_lessons.shares[v_text]
          - 1 / (1 + exp(-(p_lessons.bases[v_text] + v_sum)))
      ) * 2 / (1 + v_round / 3.0::double precision);
      v_keep := 1 - c_penalty / c_rounds;
      for v_at in v_start..p_lessons.ends[v_text] loop
        v_position := p_lessons.positions[v_at];
        v_changes[v_position] := v_changes[v_position] * v_keep + v_step * p_lessons.scales[v_at];
      end loop;
      v_start := p_lessons.ends[v_text] + 1;
    end loop;
  end loop;
  return v_changes;
end;
$$;
comment on function private.learn_changes is
  'How the weights of the features change by these decisions.';

-- 20_tracker/46_learning/40_learn_segments.sql
-- Learning segments from the team: from corrections, and from the segments of what people made issues.

-- The latest 500, oldest first; of each the words, cut as they are for judging, and the segment that a model
-- had named for the issue's message.
create or replace function private.learn_segments() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  c_penalty constant double precision := 0.03::double precision;
  v_count integer := 0;
  v_words text[];
  v_text record;
  v_scale double precision;
  v private.segment_scores;
  v_sum double precision;
begin
  for v_text in
    select c.title, c.description, c.new_segment as segment, array(
      select u.feature
      from public.circle_issues as m
      cross join unnest(private.opinion_features(m.title, m.body)) as u (feature)
      where m.mapped_to_issue_id = c.issue_id and u.feature not in ('(assist issue)', '(assist not)')
      limit 1
    ) as opinions
    from (select s.* from public.segment_corrections as s order by s.corrected_at desc limit 500) as c
    order by c.corrected_at, c.id
  loop
    v_words := array(
      select distinct left(u.word, 7) from unnest(private.triage_words(v_text.title, v_text.description))
        as u (word)
      where u.word ~ '\w\w'
    );
    v_scale := 1 / sqrt(greatest(1, cardinality(v_words)));
    v := private.score_segments(v_text.title, v_text.description);
    v.auth := exp(v.auth);
    v.code := exp(v.code);
    v.tool := exp(v.tool);
    v.misc := exp(v.misc);
    v_sum := v.auth + v.code + v.tool + v.misc;
    insert into public.triage_weights as w (feature, auth, code, tool, misc)
    select u.word,
      v_scale * ((v_text.segment = 'auth')::integer - v.auth / v_sum),
      v_scale * ((v_text.segment = 'code')::integer - v.code / v_sum),
      v_scale * ((v_text.segment = 'tool')::integer - v.tool / v_sum),
      v_scale * ((v_text.segment = 'misc')::integer - v.misc / v_sum)
    from unnest(v_words || v_text.opinions) as u (word)
    on conflict on constraint triage_weights_pkey do update set
      auth = w.auth + excluded.auth - c_penalty * (w.auth - coalesce(w.shipped[2], 0)),
      code = w.code + excluded.code - c_penalty * (w.code - coalesce(w.shipped[3], 0)),
      tool = w.tool + excluded.tool - c_penalty * (w.tool - coalesce(w.shipped[4], 0)),
      misc = w.misc + excluded.misc - c_penalty * (w.misc - coalesce(w.shipped[5], 0));
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.learn_segments is
  'Changes the weights of the segments by the latest corrections, one step each, and pulls each weight that '
  'changes back to the delivered one. Returns how many there were.';

-- 20_tracker/46_learning/50_run_triage_learning.sql
-- The nightly job: weights learned from the team, the reliability, the threshold for the wanted precision.

-- From the delivered weights each time, so that a decision that was taken back teaches nothing, and nobody's
-- mistake stays for longer than it stands.
create or replace function private.learn_triage() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_lessons private.triage_lessons;
  v_changes double precision[];
begin
  delete from public.triage_weights as w where w.shipped is null;
  update public.triage_weights as w set
    issue = w.shipped[1], auth = w.shipped[2], code = w.shipped[3], tool = w.shipped[4], misc = w.shipped[5]
  where array[w.issue, w.auth, w.code, w.tool, w.misc] <> w.shipped;
  perform private.learn_segments();
  v_lessons := private.load_triage_lessons();
  if cardinality(v_lessons.features) > 0 then
    v_changes := private.learn_changes(v_lessons);
    insert into public.triage_weights as w (feature, issue)
    select u.feature, round((
      u.change * case when u.feature like '(assist %' then private.opinion_scale() else 1 end
    )::numeric, 4)::double precision
    from unnest(v_lessons.features, v_changes) as u (feature, change)
    where abs(u.change) >= 0.01 and length(u.feature) <= 40
    on conflict on constraint triage_weights_pkey do update set issue = w.issue + excluded.issue;
  end if;
  return coalesce(cardinality(v_lessons.ends), 0);
end;
$$;
comment on function private.learn_triage is
  'Sets the weights to the delivered ones, changed by what the team decided and corrected; returns how many '
  'decisions there were. The delivered weights count as much as a few decisions per word.';

create or replace function private.run_triage_learning() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.learn_triage();
  perform private.refresh_triage_reliability();
  update public.tracker_settings as s set triage_precision = s.triage_precision
  where s.id and s.triage_precision is not null;
end;
$$;
comment on function private.run_triage_learning is
  'What the nightly job runs: learns, refreshes triage_reliability, and sets the threshold again where a '
  'precision is wanted.';

-- 20_tracker/48_assist/10_triage_questions.sql
-- What a model of the team's choice is asked about a message, and its opinion. Off by default.

-- The opinion belongs to the text that the model saw, so that an edit asks again, and an edit behind the part
-- that is sent doesn't.
create or replace function private.triage_question(p_title text, p_body text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_title constant text := private.non_blank(p_title);
  v_body constant text := left(coalesce(p_body, ''), 4000);
  v_start constant text := left(private.non_blank(left(v_body, 100)), 1);
begin
  if v_title is null then
    return v_body;
  end if;
  -- A made title begins as the body does, or with the text of a link; most others don't, which is quickly
  -- seen.
  if coalesce(v_start in (left(v_title, 1), '[', '!'), true)
    and v_title = private.circle_title(null, v_body)
  then
    return v_body;
  end if;
  return left(concat_ws(E'\n\n', left(v_title, 300), nullif(v_body, '')), 4000);
end;
$$;
comment on function private.triage_question is
  'The part of a message that the model sees: its title, where the import did not make it of the body''s '
  'first words, and its body, 4,000 characters together.';

create or replace function private.triage_question_version(p_question text) returns bytea
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return sha256(convert_to(p_question, 'UTF8'));
end;
$$;
comment on function private.triage_question_version is
  'The version of a message, for the model: its SHA-256.';

create table private.triage_questions (
  circle_issue_id uuid not null,
  version bytea not null,
  characters_count integer not null,
  asked_at timestamptz not null default now(),
  lease_expires_at timestamptz,
  fencing_token integer not null default 0,
  attempts_count integer not null default 0,
  failures_count integer not null default 0,
  next_attempt_at timestamptz default now(),
  is_issue boolean,
  confidence double precision,
  segment text,
  model text,
  answered_at timestamptz,
  constraint triage_questions_pkey primary key (circle_issue_id, version),
  constraint triage_questions_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint triage_questions_version_is_a_sha256 check (octet_length(version) = 32),
  constraint triage_questions_confidence_is_a_share check (confidence between 0 and 1),
  constraint triage_questions_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  constraint triage_questions_segment_is_of_an_issue check (segment is null or is_issue),
  constraint triage_questions_model_is_bounded check (length(model) <= 200),
  constraint triage_questions_answered_at_matches_the_answer check (
    (answered_at is null) = (is_issue is null) and (answered_at is null) = (confidence is null)
  )
);
comment on table private.triage_questions is
  'One row per version of a message that the model was asked about, with its opinion once it answered. '
  'Deleted with the message.';
comment on column private.triage_questions.version is 'triage_question_version() of the text that was sent.';
comment on column private.triage_questions.characters_count is 'How many characters were sent.';
comment on column private.triage_questions.asked_at is 'When it was leased last.';
comment on column private.triage_questions.lease_expires_at is
  'Until when a run of triage-assist has it; null where none has.';
comment on column private.triage_questions.fencing_token is 'How often it was leased.';
comment on column private.triage_questions.attempts_count is
  'Answers that could not be read: after three it is not asked again.';
comment on column private.triage_questions.failures_count is
  'Requests without an answer, and runs that ended without a word, which don''t count as attempts: after 20 '
  'it is not asked again.';
comment on column private.triage_questions.next_attempt_at is 'When it may be asked; null: not again.';
comment on column private.triage_questions.model is 'The model, as the endpoint names it.';

-- An opinion is looked up by the text alone.
create index triage_questions_version_idx on private.triage_questions (version)
  where answered_at is not null;

alter table private.triage_questions enable row level security;

-- Below a confidence of a half the model has no opinion. Signs in parentheses are in no text, so that none
-- can claim an opinion.
create or replace function private.opinion_features(p_title text, p_body text) returns text[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_opinion private.triage_questions;
begin
  -- most installations ask no model
  perform from private.triage_questions as q where q.answered_at is not null limit 1;
  if not found then
    return '{}'::text[];
  end if;
  select * into v_opinion from private.triage_questions as q
  where q.version = private.triage_question_version(private.triage_question(p_title, p_body))
    and q.answered_at is not null
  order by q.answered_at desc
  limit 1;
  if not found or v_opinion.confidence < 0.5 then
    return '{}'::text[];
  end if;
  return array_remove(array[
    case when v_opinion.is_issue then '(assist issue)' else '(assist not)' end,
    format('(assist %s)', v_opinion.segment)
  ], '(assist )');
end;
$$;
comment on function private.opinion_features is
  'The model''s opinion of a text, as features: (assist issue) or (assist not), and (assist auth) and so on '
  'for the segment. Empty without one.';

-- 20_tracker/48_assist/20_triage_assist_budget.sql
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

-- 20_tracker/48_assist/30_claim_triage_questions.sql
-- What the model is asked next: leased to a run of triage-assist, and counted, before it is sent.

-- Only where the words decide: a message with its sender's verdict, or of which an issue existed, waits for
-- a person. Of those that wait, the 2,000 newest are looked at, the newest first; a message that is edited
-- again and again is asked about five times a day.
create or replace function private.due_triage_questions(p_limit integer)
returns table (circle_issue_id uuid, question text, version bytea)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    with newest as (
      select c as message from public.circle_issues as c
      where not c.is_triaged order by c.created_at desc limit 2000
    ), asked as materialized (
      select
        n.message, private.triage_question((n.message).title, (n.message).body) as question
      from newest as n
      where private.is_open_to_opinions(n.message) and (n.message).removed_at is null
    ), versions as (
      select a.message, a.question, private.triage_question_version(a.question) as version from asked as a
    )
    select (v.message).id, v.question, v.version from versions as v
    left join private.triage_questions as q
      on q.circle_issue_id = (v.message).id and q.version = v.version
    where v.question ~ '\S' and (
      q.version is not null and q.answered_at is null and q.next_attempt_at <= now()
        and q.failures_count < 20
        and (q.lease_expires_at is null or q.lease_expires_at <= now())
      or q.version is null and (
        select count(*) from private.triage_questions as o
        where o.circle_issue_id = (v.message).id and o.asked_at > now() - interval '1 day'
      ) < 5
    )
    order by (v.message).created_at desc, (v.message).id
    limit p_limit;
end;
$$;
comment on function private.due_triage_questions is 'The messages that the model is to be asked about now.';

create or replace function private.is_open_to_opinions(p_message public.circle_issues) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return not p_message.is_triaged and p_message.mapped_to_issue_id is null and p_message.triaged_by is null
    and p_message.sender_verdict is null and not p_message.is_verdict_unreadable
    and not private.has_been_imported(p_message.id);
end;
$$;
comment on function private.is_open_to_opinions is
  'Whether a message waits because of its words alone: nobody decided about it, its sender has no verdict, '
  'and no issue was created of it before.';

create or replace function private.lease_triage_questions(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_today constant date := (now() at time zone 'UTC')::date;
  v_left record;
  v_due record;
  v_token integer;
  v_questions jsonb := '[]'::jsonb;
begin
  v_left := private.triage_assist_budget();
  for v_due in
    select d.* from private.due_triage_questions(least(p_limit, v_left.o_calls)) as d
  loop
    exit when length(v_due.question) > v_left.o_characters;
    -- one that is being deleted or decided about is left to the next run
    perform from public.circle_issues as c where c.id = v_due.circle_issue_id for key share skip locked;
    continue when not found;
    insert into private.triage_questions as q (
      circle_issue_id, version, characters_count, fencing_token, lease_expires_at
    )
    values (
      v_due.circle_issue_id, v_due.version, length(v_due.question), 1, now() + interval '10 minutes'
    )
    on conflict on constraint triage_questions_pkey do update set
      fencing_token = q.fencing_token + 1, lease_expires_at = excluded.lease_expires_at, asked_at = now(),
      failures_count = q.failures_count + (q.lease_expires_at is not null)::integer
    returning q.fencing_token into v_token;
    v_left.o_characters := v_left.o_characters - length(v_due.question);
    perform private.spend_triage_assist(v_today, 1, length(v_due.question));
    v_questions := v_questions || jsonb_build_object(
      'circle_issue_id', v_due.circle_issue_id, 'version', encode(v_due.version, 'hex'),
      'fencing_token', v_token, 'question', v_due.question
    );
  end loop;
  return v_questions;
end;
$$;
comment on function private.lease_triage_questions is
  'Leases up to p_limit messages for ten minutes, as many as are left of today''s budget, and counts them.';

create or replace function private.claim_triage_questions(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_paused_until constant timestamptz :=
    (select a.paused_until from private.triage_assist as a where a.paused_until > now());
begin
  if p_ticket is not null then
    perform private.use_function_ticket('triage-assist', p_ticket);
  end if;
  if v_paused_until is not null then
    return jsonb_build_object('paused_until', v_paused_until, 'questions', '[]'::jsonb);
  end if;
  -- serializes runs, so that each sees what the one before it has leased and spent
  perform pg_advisory_xact_lock(hashtextextended('private.claim_triage_questions', 0));
  return jsonb_build_object(
    'paused_until', null::timestamptz,
    'questions', private.lease_triage_questions(least(greatest(coalesce(p_batch_size, 20), 1), 100))
  );
end;
$$;
grant execute on function private.claim_triage_questions to service_role;

create or replace function public.claim_triage_questions(
  ticket text default null, batch_size integer default 20
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_triage_questions(claim_triage_questions.ticket, claim_triage_questions.batch_size);
end;
comment on function public.claim_triage_questions is
  'Leases to triage-assist what to ask the model, for ten minutes, within '
  'tracker_settings.assist_daily_calls and assist_daily_characters: {paused_until, questions: '
  '[{circle_issue_id, version, fencing_token, question}]}. record_triage_answer() ends each lease. A ticket '
  'can be used once; without one the caller has checked who asks. Service role only. Errors: '
  'function_ticket_invalid (401).';
grant execute on function public.claim_triage_questions to service_role;

create or replace function private.request_triage_assist() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or (select b.o_calls = 0 or b.o_characters = 0 from private.triage_assist_budget() as b)
    or exists (select from private.triage_assist as a where a.paused_until > now())
    or not exists (select from private.due_triage_questions(1))
  then
    return false;
  end if;
  perform net.http_post(
    url => v_url || '/triage-assist', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text,
      'x-fixloop-ticket', private.issue_function_ticket('triage-assist')
    ),
    timeout_milliseconds => 120000
  );
  return true;
end;
$$;
comment on function private.request_triage_assist is
  'Calls the edge function triage-assist if a message is due and today''s budget is not used up, and returns '
  'whether it did. Needs agent_settings.functions_url. For the scheduler.';

-- 20_tracker/48_assist/40_record_triage_answer.sql
-- What the model answered about a message: evidence, which can only add up to an issue, never dismiss one.

create or replace function private.end_triage_question(
  p_question private.triage_questions, p_outcome text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_attempts constant integer := p_question.attempts_count + (p_outcome = 'unreadable')::integer;
  v_failures constant integer := p_question.failures_count + (p_outcome = 'failed')::integer;
begin
  update private.triage_questions as q set
    lease_expires_at = null, attempts_count = v_attempts, failures_count = v_failures,
    next_attempt_at = case
      when p_outcome = 'not_asked' then now()
      when v_attempts < 3 then
        now() + private.backoff(v_attempts + v_failures, interval '15 minutes', interval '1 day')
    end
  where q.circle_issue_id = p_question.circle_issue_id and q.version = p_question.version;
  if p_outcome = 'not_asked' then
    perform private.spend_triage_assist(
      (p_question.asked_at at time zone 'UTC')::date, -1, -p_question.characters_count
    );
  end if;
end;
$$;
comment on function private.end_triage_question is
  'Ends the lease of a question without an answer: when it is asked again, and that it was not asked at all.';

create or replace function private.apply_triage_opinion(p_message public.circle_issues) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_triage constant private.circle_triage := private.triage_circle_message(
    p_message.sender_verdict, p_message.is_verdict_unreadable, p_message.title, p_message.body
  );
  v_issue_id constant uuid := gen_random_uuid();
  v_message public.circle_issues;
begin
  perform set_config('app.import', 'on', true);
  if v_triage.is_sure then
    set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
  end if;
  update public.circle_issues as c set
    triage_confidence = v_triage.likelihood, is_triaged = v_triage.is_sure,
    mapped_to_issue_id = case when v_triage.is_sure then v_issue_id end
  where c.id = p_message.id and (v_triage.is_sure or c.triage_confidence <> v_triage.likelihood)
  returning * into v_message;
  if v_triage.is_sure then
    perform private.create_imported_issue(
      v_message, v_issue_id, private.segment_of_message(v_message), 'triage_assist', 'system', true
    );
  end if;
  perform set_config('app.import', 'off', true);
  return case when v_triage.is_sure then 'imported' else 'stored' end;
end;
$$;
comment on function private.apply_triage_opinion is
  'Judges a locked message that waits again, now that there is an opinion: its likelihood changes, and an '
  'issue is created where that reaches the threshold.';

create or replace function private.record_triage_answer(
  p_circle_issue_id uuid, p_version bytea, p_fencing_token integer, p_outcome text, p_is_issue boolean,
  p_confidence double precision, p_segment text, p_model text
) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
  v_question constant text := private.triage_question(v_message.title, v_message.body);
  v_stored private.triage_questions;
begin
  select * into v_stored from private.triage_questions as q
  where q.circle_issue_id = p_circle_issue_id and q.version = p_version for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_triage_question_unknown',
      detail = 'Nothing was asked about this version of the message.',
      hint = 'Use what claim_triage_questions returned.';
  end if;
  if v_stored.answered_at is not null then
    return 'known';
  end if;
  if p_outcome in ('unreadable', 'failed', 'not_asked') then
    if v_stored.lease_expires_at is null or v_stored.fencing_token is distinct from p_fencing_token then
      return 'expired';
    end if;
    perform private.end_triage_question(v_stored, p_outcome);
    return p_outcome;
  end if;
  if p_outcome is distinct from 'answered' or p_is_issue is null or p_confidence is null then
    raise exception using
      errcode = 'PT422', message = 'tracker_triage_answer_invalid',
      detail = format('%L is not an outcome, or is_issue or confidence is missing.', p_outcome),
      hint = 'Use answered with is_issue and confidence, or unreadable, failed or not_asked.';
  end if;
  update private.triage_questions as q set
    is_issue = p_is_issue, confidence = p_confidence, segment = case when p_is_issue then p_segment end,
    model = left(p_model, 200), answered_at = now(), lease_expires_at = null, next_attempt_at = null
  where q.circle_issue_id = p_circle_issue_id and q.version = p_version;
  update private.triage_assist as a set pauses_count = 0 where a.pauses_count > 0;
  if not private.is_open_to_opinions(v_message) then
    return 'decided';
  elsif private.triage_question_version(v_question) <> p_version then
    return 'stale';
  end if;
  return private.apply_triage_opinion(v_message);
end;
$$;
grant execute on function private.record_triage_answer to service_role;

create or replace function public.record_triage_answer(
  circle_issue_id uuid, version text, fencing_token integer, outcome text, is_issue boolean default null,
  confidence double precision default null, segment text default null, model text default null
) returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_triage_answer(
    record_triage_answer.circle_issue_id, decode(record_triage_answer.version, 'hex'),
    record_triage_answer.fencing_token, record_triage_answer.outcome, record_triage_answer.is_issue,
    record_triage_answer.confidence, record_triage_answer.segment, record_triage_answer.model
  );
end;
comment on function public.record_triage_answer is
  'Records what became of a question of claim_triage_questions(). answered: the opinion of this version, '
  'once; a message that waits because of its words alone is judged again. unreadable: an answer that is not '
  'one, three times at most. failed: no answer, which does not count as an attempt. not_asked: nothing was '
  'sent, so nothing is counted. Returns imported, stored, decided (somebody decided meanwhile), stale (the '
  'text has changed), known (there is an opinion already), expired (another run has the lease), or the '
  'outcome. Service role only. Errors: tracker_circle_issue_unknown, tracker_triage_question_unknown (404), '
  'tracker_triage_answer_invalid (422).';
grant execute on function public.record_triage_answer to service_role;

-- 20_tracker/48_assist/50_assist_weights.sql
-- What an opinion of the model counts in a new installation.

-- Modest: an issue that its words make likely by 0.6 reaches the default threshold of 0.8; what they make
-- unlikely does not. Unlike a word's weight these are not divided by the length of a text.
insert into public.triage_weights (feature, issue, auth, code, tool, misc) values
  ('(assist auth)', 0, 1, 0, 0, 0),
  ('(assist code)', 0, 0, 1, 0, 0),
  ('(assist issue)', 1, 0, 0, 0, 0),
  ('(assist misc)', 0, 0, 0, 0, 1),
  ('(assist not)', -1, 0, 0, 0, 0),
  ('(assist tool)', 0, 0, 0, 1, 0);
update public.triage_weights set shipped = array[issue, auth, code, tool, misc]
where feature like '(assist %';

-- 20_tracker/50_search/10_issue_vectors.sql
-- What full-text search stores of an issue: its words, weighted by where they occur.
--
-- No text may be too long to be written, and a tsvector is limited to 1 MB. The vector of a text takes less
-- than five times the text's bytes, so at most 160,000 bytes of an issue are indexed: the beginnings of
-- title, tags, people and description, and the newest comments.

-- Most texts are plain: two calls less for them.
create or replace function private.search_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_analyzed record;
begin
  if octet_length(p_text) <= p_max_bytes and strpos(p_text, '://') = 0
    and (
      octet_length(p_text) = length(p_text) or p_text !~
        '[\u00aa\u00ba\u00c0-\u1fff\u2100-\u214f\u3000-\u9fff\uac00-\uffef\U00020000-\U0002ffff]'
    )
    and p_text !~ '[[:alnum:]](?:\+\+|#)|(?:^|[\s("''`\[,;:=])(?:--|\.)[[:alpha:]]'
  then
    return to_tsvector('pg_catalog.english', regexp_replace(p_text, '[/\\.:_@=&?#+~-]+', ' ', 'g'));
  end if;
  v_analyzed := private.analyze_text(p_text, p_max_bytes);
  if v_analyzed.o_terms is null then
    return to_tsvector('pg_catalog.english', private.split_words(v_analyzed.o_text));
  end if;
  return to_tsvector('pg_catalog.english', private.split_words(v_analyzed.o_text)) || v_analyzed.o_terms;
end;
$$;
comment on function private.search_vector is
  'The words of the first p_max_bytes bytes of a text, and the terms in it that are not words.';

create or replace function private.issue_vector(
  p_title tsvector, p_tags text[], p_people text, p_description text
) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(p_title, 'A')
    || setweight(private.search_vector(
      concat_ws(' ', private.left_bytes(array_to_string(p_tags, ' '), 10000), p_people), 20000
    ), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector is
  'The words of title (already a vector), tags, people and description, weighted A to C; without comments.';

-- An import writes the message and its replies before the issue, so a new issue has its people too. Replies
-- are the newest 100; the names of those before stand in the description.
create or replace function private.issue_people(p_issue_id uuid, p_submitted_by text, p_assigned_to text)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_people text := concat_ws(' ', nullif(p_submitted_by, 'system'), p_assigned_to);
  v_message record;
begin
  for v_message in
    select c.id, concat_ws(
      ' ', nullif(nullif(c.author_name, p_submitted_by), 'Unknown'), c.author_email, c.space_name
    ) as people
    from public.circle_issues as c
    where c.mapped_to_issue_id = p_issue_id
    order by c.created_at desc, c.id
    limit 100
  loop
    v_people := concat_ws(' ', v_people, v_message.people, (
      select string_agg(distinct nullif(n.author_name, 'Unknown'), ' ')
      from (
        select r.author_name from public.circle_replies as r
        where r.circle_issue_id = v_message.id
        order by r.created_at desc
        limit 100
      ) as n
    ));
  end loop;
  return v_people;
end;
$$;
comment on function private.issue_people is
  'Names and addresses of the people of an issue: submitter, assignee, senders and repliers of its messages; '
  'and their spaces.';

create or replace function private.comments_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select private.search_vector(string_agg(v.text, e'\n'), 50000)
    from (
      select b.text, sum(octet_length(b.text)) over (order by c.created_at desc, c.id desc) as running_bytes
      from public.comments as c
      cross join lateral (
        select concat_ws(e'\n', nullif(left(c.author_name, 200), 'system'), left(c.body, 10000)) as text
      ) as b
      where c.issue_id = p_issue_id
    ) as v
    where v.running_bytes <= 50000
  );
end;
$$;
comment on function private.comments_vector is
  'The words of an issue''s newest comments and the names of their authors, weight D; null without comments.';

create or replace function private.question_key(p_title tsvector) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key constant text := nullif(array_to_string(tsvector_to_array(p_title), ' '), '');
begin
  -- An index entry is limited to 2.7 kB.
  return case when octet_length(v_key) > 500 then md5(v_key) else v_key end;
end;
$$;
comment on function private.question_key is
  'A key that is equal for titles with the same words: the words sorted, or their md5 when long; '
  'null without words.';

-- 20_tracker/50_search/20_issue_search.sql
-- The table that search_issues searches: one row per issue, maintained by triggers of issues and comments.
--
-- Whoever writes a row here holds the lock of its issue, so these rows add no lock order of their own: an
-- insert of comments locks their issues, in the order of their ids, before it updates these rows. An update
-- or delete of a comment has locked the comment by then, while the deletion of an issue locks in the opposite
-- order: those two are serialized (share_issue_deletes_lock). Whoever changes a message or a reply has locked
-- that, and locks no issue after it: the row here is the last lock of every order.

create table private.issue_search (
  issue_id uuid not null,
  vector tsvector not null,
  vector_bytes integer not null,
  question_key text,
  created_at timestamptz not null,
  last_commenter text,
  last_comment_at timestamptz not null,
  comment_count bigint not null default 0,
  constraint issue_search_pkey primary key (issue_id),
  constraint issue_search_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade
);
comment on table private.issue_search is
  'The words of an issue: title with weight A, tags and people B, description C, comments D. Read by '
  'search_issues, similar_issues and the views issue_activity_log, open_issues and repeated_questions.';
comment on column private.issue_search.vector_bytes is
  'An upper bound of the size of vector. When a comment would raise it above 150,000, the row is rebuilt '
  'from the newest comments.';
comment on column private.issue_search.created_at is
  'Copy of the issue''s, which never changes: to read the newest matches of a common word in order.';
comment on column private.issue_search.last_commenter is
  'Author of the latest comment; null without comments.';
comment on column private.issue_search.last_comment_at is
  'Time of the latest comment, else of the issue: to read issues in the order of their latest activity.';
comment on column private.issue_search.question_key is
  'The distinct words of the title, sorted; their md5 when long. Null without words.';

-- Every search reads the list of what is not in the index yet: 4 MB, the default, take longer than the rest.
create index issue_search_vector_idx on private.issue_search using gin (vector)
  with (gin_pending_list_limit = 256);
create index issue_search_created_at_idx on private.issue_search (created_at);
create index issue_search_last_comment_at_idx on private.issue_search (last_comment_at desc, issue_id);
create index issue_search_comment_count_idx on private.issue_search (comment_count);
create index issue_search_question_key_idx on private.issue_search (question_key, issue_id);

-- Another after-insert trigger may have changed the issue already; the row that it led to is newer.
create or replace function private.index_new_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant tsvector := private.search_vector(new.title, 20000);
  v_vector constant tsvector := private.issue_vector(
    v_title, new.tags, private.issue_people(new.id, new.submitted_by, new.assigned_to), new.description
  );
begin
  insert into private.issue_search (
    issue_id, vector, vector_bytes, question_key, created_at, last_comment_at
  )
  values (
    new.id, v_vector, pg_column_size(v_vector), private.question_key(v_title), new.created_at, new.created_at
  )
  on conflict on constraint issue_search_pkey do nothing;
  return null;
end;
$$;
comment on function private.index_new_issue is
  'After-insert trigger of issues: inserts the row of a new issue.';

create or replace function private.index_issue(p_issue_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue record;
  v_last record;
  v_title tsvector;
  v_vector tsvector;
begin
  -- The row first: a message of the issue may be changed without the lock of the issue, and who locks the row
  -- second reads what the first has written.
  perform from private.issue_search as s where s.issue_id = p_issue_id for no key update;
  -- Read again: an earlier trigger may have changed the issue since the calling trigger was queued.
  select i.title, i.tags, i.description, i.submitted_by, i.assigned_to, i.created_at into v_issue
  from public.issues as i
  where i.id = p_issue_id;
  if not found then
    return;
  end if;
  v_title := private.search_vector(v_issue.title, 20000);
  v_vector := private.issue_vector(
    v_title, v_issue.tags, private.issue_people(p_issue_id, v_issue.submitted_by, v_issue.assigned_to),
    v_issue.description
  ) || coalesce(private.comments_vector(p_issue_id), '');
  select c.author_name, c.created_at into v_last
  from public.comments as c
  where c.issue_id = p_issue_id
  order by c.created_at desc, c.id desc
  limit 1;
  insert into private.issue_search as s (
    issue_id, vector, vector_bytes, question_key, created_at, last_commenter, last_comment_at, comment_count
  )
  values (
    p_issue_id, v_vector, pg_column_size(v_vector), private.question_key(v_title), v_issue.created_at,
    v_last.author_name, coalesce(v_last.created_at, v_issue.created_at),
    (select count(*) from public.comments as c where c.issue_id = p_issue_id)
  )
  on conflict on constraint issue_search_pkey do update set
    vector = excluded.vector, vector_bytes = excluded.vector_bytes, question_key = excluded.question_key,
    last_commenter = excluded.last_commenter, last_comment_at = excluded.last_comment_at;
end;
$$;
comment on function private.index_issue is
  'Rebuilds the row of an issue in issue_search, except for comment_count. The caller holds the lock '
  'of the issue, or of a message of the issue.';

create or replace function private.index_changed_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(new.id);
  return null;
end;
$$;
comment on function private.index_changed_issue is
  'After-update trigger of issues whose title, description, tags or people changed.';

create trigger _300_index_new_issue after insert on public.issues
  for each row execute function private.index_new_issue();
create trigger _310_index_changed_issue after update on public.issues
  for each row when (
    old.title is distinct from new.title or old.description is distinct from new.description
    or old.tags is distinct from new.tags or old.submitted_by is distinct from new.submitted_by
    or old.assigned_to is distinct from new.assigned_to
  )
  execute function private.index_changed_issue();

-- For the security_invoker views issue_activity_log and repeated_questions: their caller needs SELECT on the
-- table, but no USAGE on the schema. Without USAGE, clients can't query the table in any other way.
alter table private.issue_search enable row level security;
create policy issue_search_select_viewer on private.issue_search
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_search to authenticated, service_role;

-- 20_tracker/50_search/30_comment_search.sql
-- Updates issue_search when comments change, once per statement: the words, how many, and who commented last.

create or replace function private.count_comments(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set comment_count = (select count(*) from public.comments as c where c.issue_id = s.issue_id)
  where s.issue_id = any (p_issue_ids);
end;
$$;
comment on function private.count_comments is
  'Counts the comments of these issues again. Where comments are only added, they are added to the count: an '
  'issue may have thousands.';

-- Concurrent comments on one issue are serialized by its lock, so that none overwrites another's words.
create or replace function private.index_new_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_added record;
begin
  perform from public.issues as i
  where i.id in (select n.issue_id from new_comments as n)
  order by i.id
  for no key update;
  for v_added in
    select v.issue_id, case when max(v.running_bytes) <= 20000 then
      private.search_vector(string_agg(v.text, e'\n') filter (where v.running_bytes <= 20000), 20000)
    end as vector, count(*) as comment_count
    from (
      select n.issue_id, b.text,
        sum(octet_length(b.text) + 1) over (partition by n.issue_id order by n.id) as running_bytes
      from new_comments as n
      cross join lateral (
        select concat_ws(e'\n', nullif(left(n.author_name, 200), 'system'), n.body) as text
      ) as b
    ) as v
    group by v.issue_id
  loop
    update private.issue_search as s
    set vector = s.vector || v_added.vector,
      vector_bytes = s.vector_bytes + pg_column_size(v_added.vector),
      last_commenter = l.author_name, last_comment_at = l.created_at,
      comment_count = s.comment_count + v_added.comment_count
    from (
      select c.author_name, c.created_at
      from public.comments as c
      where c.issue_id = v_added.issue_id
      order by c.created_at desc, c.id desc
      limit 1
    ) as l
    where s.issue_id = v_added.issue_id and s.vector_bytes + pg_column_size(v_added.vector) <= 150000;
    if not found then
      perform private.index_issue(v_added.issue_id);
      perform private.count_comments(array[v_added.issue_id]);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.index_new_comments is
  'After-insert-statement trigger of comments: appends their words, or rebuilds the row when it is large.';

-- When an issue is deleted, its comments are deleted by cascade and the issue is not found here.
create or replace function private.index_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
    perform private.index_issue(u.id) from (select distinct unnest(p_issue_ids)) as u (id);
  end if;
end;
$$;
comment on function private.index_issues is 'Locks the issues and rebuilds their rows in issue_search.';

create or replace function private.index_edited_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issues(array(
    select o.issue_id from old_comments as o join new_comments as n on n.id = o.id
    where (n.body, n.author_name) is distinct from (o.body, o.author_name)
  ));
  return null;
end;
$$;
comment on function private.index_edited_comments is 'After-update-statement trigger of comments.';

create or replace function private.index_deleted_comments() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issues(array(select o.issue_id from old_comments as o));
  perform private.count_comments(array(select distinct o.issue_id from old_comments as o));
  return null;
end;
$$;
comment on function private.index_deleted_comments is 'After-delete-statement trigger of comments.';

create or replace function private.clear_comment_search() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set vector = ts_filter(s.vector, '{a,b,c}'), last_commenter = null, last_comment_at = s.created_at,
    comment_count = 0
  where s.last_commenter is not null;
  return null;
end;
$$;
comment on function private.clear_comment_search is 'After-truncate trigger of comments.';

create or replace function private.share_issue_deletes_lock() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.share_issue_deletes_lock is
  'Before-statement trigger: updates and deletes of comments may run concurrently, but not with '
  'deletes of issues.';

create trigger _010_share_issue_deletes_lock before update or delete on public.comments
  for each statement when (pg_trigger_depth() = 0) execute function private.share_issue_deletes_lock();
create trigger _300_index_new_comments after insert on public.comments
  referencing new table as new_comments
  for each statement execute function private.index_new_comments();
create trigger _310_index_edited_comments after update on public.comments
  referencing old table as old_comments new table as new_comments
  for each statement execute function private.index_edited_comments();
create trigger _320_index_deleted_comments after delete on public.comments
  referencing old table as old_comments
  for each statement execute function private.index_deleted_comments();
create trigger _330_clear_comment_search after truncate on public.comments
  for each statement execute function private.clear_comment_search();

-- 20_tracker/50_search/32_message_search.sql
-- Updates issue_search when the people of an issue's messages change: who sent them, who replied, in which
-- space.

create or replace function private.index_changed_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(u.id)
  from (
    select distinct v.id from unnest(array[old.mapped_to_issue_id, new.mapped_to_issue_id]) as v (id)
    where v.id is not null
    order by v.id
  ) as u;
  return null;
end;
$$;
comment on function private.index_changed_message is
  'After trigger of circle_issues: rebuilds the rows of the issues that a message has and had.';

-- A name that is in the row already costs one look: the import of a thread inserts its replies one by one,
-- and then writes the issue with all of them. The message is locked, so that it does not move to another
-- issue before the reply is there to be read.
create or replace function private.index_new_reply() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_name tsvector;
  v_issue_id uuid;
begin
  select s.issue_id into v_issue_id
  from public.circle_issues as c
  join private.issue_search as s on s.issue_id = c.mapped_to_issue_id
  where c.id = new.circle_issue_id
  for no key update of c;
  if not found then
    return null;
  end if;
  v_name := setweight(private.search_vector(left(new.author_name, 200), 1000), 'B');
  update private.issue_search as s
  set vector = s.vector || v_name, vector_bytes = s.vector_bytes + pg_column_size(v_name)
  where s.issue_id = v_issue_id and not s.vector @@ coalesce(
    (select string_agg(quote_literal(u.lexeme), ' & ') from unnest(v_name) as u), ''
  )::tsquery;
  return null;
end;
$$;
comment on function private.index_new_reply is
  'After-insert trigger of circle_replies: appends the author''s name to the row of the message''s issue.';

create or replace function private.index_changed_reply() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(u.id)
  from (
    select distinct c.mapped_to_issue_id as id from public.circle_issues as c
    where c.id in (old.circle_issue_id, new.circle_issue_id) and c.mapped_to_issue_id is not null
    order by 1
  ) as u;
  return null;
end;
$$;
comment on function private.index_changed_reply is
  'After trigger of circle_replies: rebuilds the rows of the issues of a reply that changed or is gone.';

-- An issue that an import is about to create has no row yet, and gets its people when it is inserted.
create trigger _310_index_new_message after insert on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.index_changed_message();
create trigger _320_index_changed_message after update on public.circle_issues
  for each row when (
    (old.mapped_to_issue_id, old.author_name, old.author_email, old.space_name)
    is distinct from (new.mapped_to_issue_id, new.author_name, new.author_email, new.space_name)
  )
  execute function private.index_changed_message();
create trigger _325_index_deleted_message after delete on public.circle_issues
  for each row when (old.mapped_to_issue_id is not null) execute function private.index_changed_message();
create trigger _300_index_new_reply after insert on public.circle_replies
  for each row when (new.author_name <> 'Unknown') execute function private.index_new_reply();
create trigger _310_index_changed_reply after update on public.circle_replies
  for each row when (
    (old.circle_issue_id, old.author_name) is distinct from (new.circle_issue_id, new.author_name)
  )
  execute function private.index_changed_reply();
create trigger _320_index_deleted_reply after delete on public.circle_replies
  for each row execute function private.index_changed_reply();

-- 20_tracker/50_search/35_issue_terms.sql
-- How rare each word is among the issues: what a word that a text and an issue share is worth as evidence.
--
-- A job counts the words of a sample. Until there is one, and while a database has few issues, the newest
-- issues are counted in the query itself, which takes some 20 ms.

create table private.issue_terms (
  term text collate "C" not null,
  share real not null,
  constraint issue_terms_pkey primary key (term)
);
comment on table private.issue_terms is
  'The words of a sample of the issues. A word without a row is rare.';
comment on column private.issue_terms.share is 'The share of the issues that have the word, 0 to 1.';

-- Compounds that contain a word: Kundenrechnungen for rechnungen.
create index issue_terms_term_idx on private.issue_terms using gin (term extensions.gin_trgm_ops);
alter table private.issue_terms enable row level security;

create table private.issue_term_counts (
  id boolean not null default true,
  issue_count bigint not null,
  sample_count bigint not null,
  counted_at timestamptz not null,
  constraint issue_term_counts_pkey primary key (id),
  constraint issue_term_counts_is_one_row check (id)
);
comment on table private.issue_term_counts is
  'When the words of issue_terms were counted, and among how many issues. One row, or none before '
  'the first count.';
alter table private.issue_term_counts enable row level security;

create or replace function private.refresh_issue_terms(p_is_forced boolean default false) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  c_sample constant integer := 50000;
  v_count bigint;
  v_sample bigint;
  v_from text := 'private.issue_search as s';
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.issue_terms', 0)) then
    return 0::bigint;
  end if;
  select count(*) into v_count from private.issue_search;
  if not p_is_forced and exists (
    select from private.issue_term_counts as c
    where c.counted_at > now() - interval '1 day'
      and v_count between c.issue_count * 0.8 and c.issue_count * 1.2
  ) then
    return 0::bigint;
  end if;
  if v_count > c_sample * 1.2 then
    v_from := format(
      '%s tablesample system (%s) repeatable (1)', v_from, round(100.0 * c_sample / v_count, 4)
    );
  end if;
  execute 'select count(*) from ' || v_from into v_sample;
  delete from private.issue_terms where true;
  insert into private.issue_terms (term, share)
  select t.word, t.ndoc::real / greatest(v_sample, 1)
  from ts_stat('select s.vector from ' || v_from) as t
  where octet_length(t.word) <= 200;
  insert into private.issue_term_counts as c (issue_count, sample_count, counted_at)
  values (v_count, v_sample, now())
  on conflict on constraint issue_term_counts_pkey do update set
    issue_count = excluded.issue_count, sample_count = excluded.sample_count,
    counted_at = excluded.counted_at;
  return v_sample;
end;
$$;
comment on function private.refresh_issue_terms is
  'Counts the words of up to some 50,000 issues, chosen at random, once a day and whenever the number of '
  'issues has changed by a fifth. Returns how many issues were read. For the scheduler.';

create or replace function private.newest_vectors() returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 'select s.vector from private.issue_search as s order by s.created_at desc limit 2000';
end;
$$;
comment on function private.newest_vectors is 'A query for the vectors of the newest issues, for ts_stat.';

-- A text of a thousand words has more rare ones than are needed, and many that no issue has.
create or replace function private.load_term_shares(p_words text[], p_others text[])
returns setof private.term_share
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from private.issue_term_counts as c where c.sample_count >= 1600) then
    return query
    select s.term, s.share, s.prefix_share
    from private.sample_term_shares(
      p_words || p_others, private.newest_vectors(),
      (select count(*) from (select from private.issue_search limit 2000) as n)
    ) as s;
    return;
  end if;
  return query
  with own as (
    select u.term, coalesce(t.share, 0)::real as share
    from unnest(p_words) as u (term)
    left join private.issue_terms as t on t.term = u.term
  ), chosen as (
    (select o.term, o.share from own as o where o.share > 0 order by o.share, o.term limit 40)
    union all
    (select o.term, o.share from own as o where o.share = 0 order by length(o.term) desc, o.term limit 20)
  )
  select c.term, c.share, least(coalesce(p.share, 0), 1)::real
  from chosen as c
  left join lateral (
    select sum(n.share) as share
    from (
      select i.share from private.issue_terms as i
      where i.term >= left(c.term, 5) and i.term < left(c.term, 5) || E'\U0010ffff'
      limit 500
    ) as n
    where length(c.term) > 5
  ) as p on true
  union all
  select t.term::text, t.share, 0::real
  from private.issue_terms as t
  where t.term = any (p_others);
end;
$$;
comment on function private.load_term_shares is
  'How rare words are among all issues, by the last count, or else among the newest 2,000; of p_words at '
  'least the 40 rarest and the 20 longest that no issue has, of p_others those that some issue has.';

create or replace function private.find_compounds(p_words text[]) returns setof text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_patterns constant text[] := array(
    select private.like_pattern(u.word) from unnest(p_words) as u (word)
    where u.word ~ '^[[:alpha:]]{5,}$'
    order by length(u.word) desc, u.word
    limit 3
  );
begin
  if v_patterns = '{}' then
    return;
  end if;
  return query
  (
    select t.term::text from unnest(v_patterns) as p (pattern)
    cross join lateral (
      select i.term, i.share from private.issue_terms as i
      where i.term like p.pattern
      order by i.share desc, i.term
      limit 20
    ) as t
  )
  union
  (
    select s.word from ts_stat(private.newest_vectors()) as s
    where s.word like any (v_patterns)
    order by s.ndoc desc, s.word
    limit 20
  );
end;
$$;
comment on function private.find_compounds is
  'Words that contain one of the three longest words: up to 20 for each of the last count, and up to 20 of '
  'the newest 2,000 issues.';

-- 20_tracker/50_search/40_find_issues.sql
-- Finds the ids of one page of issues: by number, by words, else by title.

create type private.issue_filter as (
  status text[],
  segment text[],
  assigned_to text,
  assigned_to_user_id uuid,
  tags text[],
  created_from timestamptz,
  created_to timestamptz,
  include_tests boolean,
  seq_id integer,
  not_seq_id integer,
  ids uuid[]
);
comment on type private.issue_filter is
  'The filters of a search. Null does not filter; tags are sorted; created_to is exclusive.';

-- One statement for every kind of search, planned for each call, so that filters that are null cost nothing.
-- The planner overestimates words without statistics and would read all issues, newest first, until enough
-- match. Unless p_reads_newest asks for that, `+ interval '0'` keeps it from using the index on created_at.
-- To start parallel workers takes longer than most searches.
create or replace function private.find_issues(
  p_words tsquery, p_phrase tsquery, p_title text, p_filter private.issue_filter, p_reads_newest boolean,
  p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0 as $$
begin
  return query
  with matching as (
    select i.id, t.created_at,
      -- 1: divided by 1 + the logarithm of the length
      (case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end
        + case when s.vector @@ p_phrase then 1 else 0 end)::real as rank
    from public.issues as i
    left join private.issue_search as s on s.issue_id = i.id
    cross join lateral (
      -- Both are equal; each is in the table whose index the search uses.
      select case when p_words is null then i.created_at else s.created_at end as created_at
    ) as t
    where (p_words is null or s.vector @@ p_words)
      and (p_title is null or i.title ilike p_title)
      and (p_filter.status is null or i.status = any (p_filter.status))
      and (p_filter.segment is null or i.segment = any (p_filter.segment))
      and (p_filter.assigned_to is null or i.assigned_to = p_filter.assigned_to)
      and (p_filter.assigned_to_user_id is null or i.assigned_to_user_id = p_filter.assigned_to_user_id)
      and (p_filter.tags is null or i.tags @> p_filter.tags)
      and (p_filter.ids is null or i.id = any (p_filter.ids))
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.created_to is null or t.created_at < p_filter.created_to)
      and (p_filter.include_tests or not i.is_test)
      and (p_filter.seq_id is null or i.seq_id = p_filter.seq_id)
      and (p_filter.not_seq_id is null or i.seq_id <> p_filter.not_seq_id)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc, i.id
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over () from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_issues is
  'One page of the issues that match words, title pattern and filters, best first, those with the phrase '
  'before others, with the number of matches, counted up to 2,000. A null argument does not filter.';

-- Ranking 100,000 issues takes a second. So if at least one in fifty of the newest 500 issues matches, the
-- newest 100,000 are read until 2,000 match. If fewer do, and for rarer words, the GIN index finds all.
create or replace function private.find_issues_by_words(
  p_words tsquery, p_phrase tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 10
    from (select s.vector from private.issue_search as s order by s.created_at desc limit 500) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := greatest(p_filter.created_from, (
      select s.created_at from private.issue_search as s order by s.created_at desc offset 100000 limit 1
    ));
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_issues(p_words, p_phrase, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000)
    or v_newest.created_from is not distinct from p_filter.created_from and v_count > 0
  then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_issues(
      p_words, p_phrase, null, p_filter, false, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_issues_by_words is
  'One page of the issues that contain the words, best first; of more than 2,000, the newest '
  '2,000 are ranked.';

-- Without three letters in a row the trigram index can't be used, and reading all titles takes seconds.
create or replace function private.find_issues_by_title(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_pattern constant text := private.like_pattern(left(p_typed, 200));
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := greatest(p_filter.created_from, (
      select i.created_at from public.issues as i order by i.created_at desc offset 20000 limit 1
    ));
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues(null, null, v_pattern, p_filter, v_reads_newest, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_issues_by_title is
  'One page of the issues whose title contains the typed text, newest first; of the newest 20,000 issues '
  'only, if the text has no three letters in a row.';

-- Reading the issues of a tag is faster than reading the newest ones until enough have it, unless it has
-- many. For tags that it has no statistics of, the planner would read the whole table.
create or replace function private.load_issues_of_rare_tag(p_tags text[]) returns uuid[]
language plpgsql stable security definer set search_path = '' set enable_seqscan = off as $$
declare
  v_tag text;
  v_ids uuid[];
  v_fewest uuid[];
begin
  foreach v_tag in array coalesce(p_tags, '{}') loop
    v_ids := array(select g.issue_id from public.issue_tags as g where g.tag_name = v_tag limit 5000);
    if cardinality(v_ids) < coalesce(cardinality(v_fewest), 5000) then
      v_fewest := v_ids;
    end if;
  end loop;
  return v_fewest;
end;
$$;
comment on function private.load_issues_of_rare_tag is
  'The issues of the tag with the fewest, if these are less than 5,000; else null.';

-- 20_tracker/50_search/42_weigh_terms.sql
-- What the words of a text are worth as evidence that an issue is about the same.

-- Other words for the same, as far as they are single words for search.
create or replace function private.find_synonyms(p_words tsvector) returns text[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select distinct l.lexeme
    from private.search_synonyms as s
    join private.search_synonyms as o on o.concept = s.concept
    cross join lateral (select btrim(o.query::text, '''') as lexeme) as l
    where p_words @@ s.query and numnode(o.query) = 1 and not p_words @@ o.query
  );
end;
$$;
comment on function private.find_synonyms is 'Other words, in several languages, for what words mean.';

-- Typed words are chosen, so that other words for the same come after them: these count little then.
create or replace function private.weigh_words(p_words tsvector, p_with_compounds boolean)
returns private.weighted_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := array(
    select u.lexeme from unnest(p_words) as u
    where octet_length(u.lexeme) between 2 and 200
  );
  v_shares private.term_share[];
  v_terms private.weighted_term[];
begin
  v_shares := array(
    select row(s.term, s.share, s.prefix_share)::private.term_share
    from private.load_term_shares(v_words, private.find_synonyms(p_words)) as s
  );
  v_terms := array(
    select row(
      w.query, w.title_query, w.weight, w.share, case when c.factor = 1 then w.word end
    )::private.weighted_term
    from (
      (
        select s.term, s.share, s.prefix_share, 1::real as factor from unnest(v_shares) as s
        where s.term = any (v_words)
        order by s.share = 0 and s.prefix_share = 0, s.share, s.prefix_share, s.term
        limit 40
      )
      union all
      (
        select s.term, s.share, 0::real, case when p_with_compounds then 0.1 else 0.5 end::real
        from unnest(v_shares) as s
        where s.share > 0 and s.term <> all (v_words)
        order by s.share, s.term
        limit 20
      )
    ) as c
    cross join lateral private.weigh_word(
      row(c.term, c.share, c.prefix_share)::private.term_share, c.factor
    ) as w
  );
  if p_with_compounds then
    v_terms := v_terms || array(
      select row(
        quote_literal(f.term)::tsquery, (quote_literal(f.term) || ':A')::tsquery, 5::real, 0::real,
        null
      )::private.weighted_term
      from private.find_compounds(array(
        select s.term from unnest(v_shares) as s where s.share = 0 and s.term = any (v_words)
      )) as f (term)
      where f.term <> all (v_words)
    );
  end if;
  return v_terms;
end;
$$;
comment on function private.weigh_words is
  'The terms of a text''s words: up to 40 of its own, the rarest, and up to 20 other words for the same. '
  'p_with_compounds: and for words that no issue has, those that contain them, as for typed words.';

-- 20_tracker/50_search/44_rank_issues.sql
-- Ranks issues by how much evidence they share with a text: BM25 over a bounded number of candidates.

create or replace function private.score_issues(p_ids uuid[], p_terms private.weighted_term[])
returns table (issue_id uuid, score real, term_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with issue as materialized (
    -- Concatenated, so that a compressed vector is expanded once and not once per term.
    select s.issue_id, s.vector || ''::tsvector as vector,
      length(s.vector)::real as word_count
    from private.issue_search as s
    where s.issue_id = any (p_ids)
  ), term as materialized (
    select t.query, t.title_query, t.weight from unnest(p_terms) as t
  )
  select i.issue_id, (
    sum(t.weight * case when i.vector @@ t.title_query then 1.3 else 1 end)
      / (0.7 + 0.3 * i.word_count / avg(i.word_count) over ())
  )::real, count(*)
  from issue as i
  join term as t on i.vector @@ t.query
  group by i.issue_id, i.word_count;
end;
$$;
comment on function private.score_issues is
  'The weights of the terms that these issues have, those in titles higher, in relation to the length; and '
  'the number of these terms.';

-- 20_tracker/50_search/46_find_hinted_issues.sql
-- Finds issues that have some of the typed words, for after those that have all.

-- Exact for few issues: what ANALYZE noted may be of other rows.
create or replace function private.estimate_issue_count() returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  select c.issue_count into v_count from private.issue_term_counts as c where c.sample_count >= 1600;
  if found then
    return v_count;
  end if;
  select count(*) into v_count from (select from private.issue_search limit 2000) as s;
  return case when v_count < 2000 then v_count else greatest(v_count, (
    select c.reltuples::bigint from pg_catalog.pg_class as c where c.oid = 'private.issue_search'::regclass
  )) end;
end;
$$;
comment on function private.estimate_issue_count is
  'About how many issues there are: as of the last count of their words, or as of the last ANALYZE.';

create or replace function private.weigh_typed_terms(p_typed text) returns private.weighted_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsvector := private.search_vector(private.hint_text(p_typed), 4000);
begin
  -- A phrase is as rare as nothing else that is known; its words count next to it.
  return private.weigh_words(v_words, true) || array(
    select row(p.query, p.query, 6::real, 0::real, null)::private.weighted_term
    from unnest(private.hint_phrases(p_typed, false)) as p (query)
  );
end;
$$;
comment on function private.weigh_typed_terms is
  'The terms of a typed query: words, their beginnings, other words for the same, identifiers and phrases; '
  'where no issue has a word, those that contain it.';

create or replace function private.find_hinted_issues(
  p_typed text, p_words tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_terms constant private.weighted_term[] := private.weigh_typed_terms(p_typed);
  v_condition constant tsquery := coalesce(private.search_gate(p_typed, false), '') && case
    when p_words is null then '' else !! p_words end;
  v_query tsquery;
  v_ids uuid[] := '{}'::uuid[];
begin
  foreach v_query in array private.candidate_queries(v_terms, private.estimate_issue_count(), 1000) loop
    exit when cardinality(v_ids) >= 1000;
    v_ids := v_ids || array(
      select f.issue_id
      from private.find_issues(v_query && v_condition, null, null, p_filter, false, 1000, 0) as f
    );
  end loop;
  return query
  select c.issue_id, (c.score / 1000000)::real
  from private.score_issues(v_ids, v_terms) as c
  join private.issue_search as s on s.issue_id = c.issue_id
  order by c.score desc, s.created_at desc, c.issue_id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_hinted_issues is
  'One page of some 1,000 issues that have some of the typed words and not all (p_words), by the rarity of '
  'these words. What is in quotes or excluded decides as in a search for all words.';

-- 20_tracker/50_search/48_find_typed_issues.sql
-- Finds the ids of one page of issues by what people type: by number, by all words, by some, else by title.

create or replace function private.typed_phrase(p_typed text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_phrase tsquery;
begin
  if private.plain_signs(p_typed) ~* '"|(^|\s)(-\S|or\s)' then
    return null;
  end if;
  v_phrase := private.term_query(left(p_typed, 300), false);
  return case when numnode(v_phrase) > 1 then v_phrase end;
end;
$$;
comment on function private.typed_phrase is
  'All typed words, one after the other; null for one word, and where quotes, minus or "or" say more.';

create or replace function private.find_issues_with_words(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.websearch_query(p_typed, false);
  v_is_one_term constant boolean := private.count_terms(p_typed) = 1;
  v_found bigint := 0::bigint;
  v_full_count bigint := 0::bigint;
begin
  if v_words is null then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues_by_words(v_words, private.typed_phrase(p_typed), p_filter, p_limit, p_offset) as f;
  get diagnostics v_found = row_count;
  if v_found = p_limit then
    return;
  end if;
  if v_found > 0 then
    v_full_count := p_offset + v_found;
  elsif p_offset > 0 then
    v_full_count := coalesce((
      select f.match_count from private.find_issues(v_words, null, null, p_filter, false, 1, 0) as f
    ), 0);
  end if;
  if v_full_count >= 2000 or v_full_count > 0 and v_is_one_term then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_hinted_issues(
    p_typed, v_words, p_filter, (p_limit - v_found)::integer, greatest(p_offset - v_full_count, 0)::integer
  ) as f;
end;
$$;
comment on function private.find_issues_with_words is
  'One page of the issues that have all typed words, then of those that have some; for a single term the '
  'latter only where no issue has it. More than 2,000 with all words are all that is listed.';

-- The issue with the typed number is the first result of the first page, and appears nowhere else.
create or replace function private.find_typed_issues(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_numbered uuid;
begin
  p_filter.ids := private.load_issues_of_rare_tag(p_filter.tags);
  p_filter.seq_id := substring(p_typed from '^#?([0-9]{1,9})$')::integer;
  if p_filter.seq_id is not null then
    select f.issue_id into v_numbered from private.find_issues(null, null, null, p_filter, false, 1, 0) as f;
    p_filter.not_seq_id := p_filter.seq_id;
    p_filter.seq_id := null;
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
    from private.find_issues(
      null, null, null, p_filter, p_filter.ids is null, p_limit, p_offset
    ) as f;
    return;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_with_words(p_typed, p_filter, p_limit, p_offset) as f;
  if found or v_numbered is not null or p_limit = 0 or p_offset > 0 and exists (
    select from private.find_issues_with_words(p_typed, p_filter, 1, 0)
  ) then
    return;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_by_title(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_issues is
  'One page of the issues that contain typed words; if no issue does, or the text has no words, of those '
  'whose title contains the text. Null: the newest.';

-- 20_tracker/50_search/50_search_issues.sql
-- Finds issues by what people type.

-- ts_headline parses the original text, in which words may be joined, so p_words includes the joined forms.
create or replace function private.issue_snippet(p_issue_id uuid, p_description text, p_words tsquery)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text text := left(p_description, 4000);
begin
  if p_words is null then
    return left(p_description, 200);
  end if;
  if private.search_vector(v_text, 16000) @@ p_words is not true then
    v_text := concat_ws(' … ', v_text, (
      select string_agg(left(c.body, 1000), ' … ')
      from (
        select n.body from public.comments as n
        where n.issue_id = p_issue_id
        order by n.created_at desc, n.id desc
        limit 5
      ) as c
    ));
  end if;
  return ts_headline(
    'pg_catalog.english', v_text, p_words,
    'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "'
  );
end;
$$;
comment on function private.issue_snippet is
  'The parts of an issue''s description, else of its newest comments, that contain the words, **marked**.';

create or replace function private.marked_query(p_typed text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_any tsquery;
begin
  select string_agg(quote_literal(u.lexeme), ' | ')::tsquery into v_any
  from unnest(private.search_vector(private.hint_text(p_typed), 4000)) as u
  where length(u.lexeme) > 1;
  return nullif(
    coalesce(private.websearch_query(p_typed, false), '')
      || websearch_to_tsquery('pg_catalog.english', coalesce(p_typed, '')) || coalesce(v_any, ''), ''
  );
end;
$$;
comment on function private.marked_query is
  'What to mark in the texts that are found: the typed words, joined ones as a whole. Null without words.';

create or replace function private.search_issues(
  p_query text, p_status text[], p_segment text[], p_assigned_to text, p_mine boolean, p_tags text[],
  p_created_from timestamptz, p_created_to timestamptz, p_include_tests boolean, p_limit integer,
  p_offset integer
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language plpgsql stable security definer set search_path = '' set client_min_messages = warning as $$
declare
  v_typed text;
  v_words tsquery;
  v_filter private.issue_filter;
begin
  perform private.require_team_role('viewer');
  v_typed := private.non_blank(left(p_query, 1000));
  v_words := private.marked_query(v_typed);
  v_filter.status := p_status;
  v_filter.segment := p_segment;
  v_filter.assigned_to := private.non_blank(p_assigned_to);
  if p_mine then
    -- A server has no account, so no issue is assigned to it.
    v_filter.assigned_to_user_id := coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
  end if;
  v_filter.tags := nullif(private.sorted_tags(p_tags), '{}');
  v_filter.created_from := p_created_from;
  v_filter.created_to := p_created_to;
  v_filter.include_tests := coalesce(p_include_tests, false);
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.submitted_by, i.assigned_to, i.tags, i.created_at,
    i.updated_at, f.rank, private.issue_snippet(i.id, i.description, v_words)
  from private.find_typed_issues(
    v_typed, v_filter, least(greatest(coalesce(p_limit, 20), 0), 100),
    least(greatest(coalesce(p_offset, 0), 0), 100000)
  ) with ordinality as f (issue_id, rank, number)
  join public.issues as i on i.id = f.issue_id
  order by f.number;
end;
$$;
grant execute on function private.search_issues to authenticated, service_role;

create or replace function public.search_issues(
  query text, status text[] default null, segment text[] default null, assigned_to text default null,
  mine boolean default false, tags text[] default null, created_from timestamptz default null,
  created_to timestamptz default null, include_tests boolean default false,
  max_results integer default 20, skip_results integer default 0
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.submitted_by, f.assigned_to, f.tags, f.created_at,
    f.updated_at, f.rank, f.snippet
  from private.search_issues(
    search_issues.query, search_issues.status, search_issues.segment, search_issues.assigned_to,
    search_issues.mine, search_issues.tags, search_issues.created_from, search_issues.created_to,
    search_issues.include_tests, search_issues.max_results, search_issues.skip_results
  ) as f;
end;
comment on function public.search_issues is
  'Finds issues, archived ones too, by the words of title, tags, description and comments, and by the names '
  'and addresses of their people. Issues with all words come first, in any order of the words, then those '
  'with some of them, by how rare these are; the last word is also a prefix. "words together" and -excluded '
  'decide what is listed at all; either or; #12 returns the issue with that number first. Where no issue '
  'contains a word, titles that contain the query as typed. A blank query lists the newest. status, segment: '
  'any of these; tags: all of these; mine: assigned to the caller; created_to is exclusive; max_results is '
  'at most 100. Best first, equals newest first; of more than 2,000 matches, the newest 2,000 are ranked. '
  'snippet is text as people sent it, with **marks**. Viewers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.search_issues to authenticated, service_role;

-- 20_tracker/50_search/70_similar_issues.sql
-- Finds existing issues that resemble one that is being written.

-- If every word is common, the newest issues that have one are looked at. Without statistics about the query,
-- the planner would read the table for a pair.
create or replace function private.find_similar_candidates(p_terms private.weighted_term[]) returns uuid[]
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set enable_seqscan = off as $$
declare
  v_queries constant tsquery[] := private.candidate_queries(p_terms, private.estimate_issue_count(), 700);
  v_ids uuid[];
begin
  if v_queries = '{}' then
    v_ids := array(
      select s.issue_id
      from (
        select n.issue_id, n.vector from private.issue_search as n order by n.created_at desc limit 2000
      ) as s
      where s.vector @@ any (array(select t.query from unnest(p_terms) as t))
      limit 500
    );
    return array(select i.id from public.issues as i where i.id = any (v_ids) and not i.is_test);
  end if;
  v_ids := array(
    (
      select s.issue_id from private.issue_search as s
      where s.vector @@ v_queries[1]
      -- `+ interval '0'`: see find_issues.
      order by s.created_at + interval '0' desc
      limit 1000
    )
    union
    select s.issue_id
    from unnest(v_queries[2:]) as p (query)
    cross join lateral (
      select n.issue_id from private.issue_search as n where n.vector @@ p.query limit 300
    ) as s
    limit 1200
  );
  return array(select i.id from public.issues as i where i.id = any (v_ids) and not i.is_test);
end;
$$;
comment on function private.find_similar_candidates is
  'Up to 1,200 issues that have the rarest terms, the newest 1,000, or two less rare words: those to rank.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_title text;
  v_limit constant integer := least(greatest(coalesce(p_limit, 5), 0), 50);
  v_words tsvector;
  v_terms private.weighted_term[];
begin
  perform private.require_team_role('viewer');
  v_title := left(private.non_blank(p_title), 1000);
  v_words := private.search_vector(concat_ws(e'\n', v_title, left(p_description, 20000)), 12000);
  v_terms := private.weigh_words(v_words, false);
  return query
  with scored as (
    select i.*, c.score, c.term_count,
      coalesce(extensions.similarity(i.title, v_title), 0)::real as title_similarity
    from private.score_issues(private.find_similar_candidates(v_terms), v_terms) as c
    join public.issues as i on i.id = c.issue_id
    order by c.score desc, i.created_at desc, i.id
    limit 50
  )
  select s.id, s.seq_id, s.title, s.status, s.segment, s.created_at, s.title_similarity
  from scored as s
  where s.score >= case when s.term_count > 1 then 0.15 else 0.35 end * (
    select max(m.score) from scored as m
  )
  order by s.score * (1 + 0.2 * s.title_similarity) desc, s.created_at desc, s.id
  limit v_limit;
end;
$$;
grant execute on function private.similar_issues to authenticated, service_role;

create or replace function public.similar_issues(
  title text, description text default '', max_results integer default 5
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.created_at, f.similarity
  from private.similar_issues(
    similar_issues.title, similar_issues.description, similar_issues.max_results
  ) as f;
end;
comment on function public.similar_issues is
  'Issues that resemble one that is being written, best first: by the rarity of the words of title and '
  'description that they share, in any form, and other words for the same in several languages; words in '
  'titles count more. similarity is that of the titles, 0 to 1. No test issues; max_results is at most 50. '
  'Viewers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.similar_issues to authenticated, service_role;

-- 20_tracker/55_counts/10_issue_changes.sql
-- The issues that the counts of the views don't contain as they are.
--
-- A write appends a row here and touches no count, so that writers never wait for each other. A job brings
-- the counts up to date every minute (run_issue_counts). Until then the views add what these issues change:
-- they are never out of date, and cost in proportion to the changes of the last minute.

create table private.issue_changes (
  id bigint not null generated always as identity,
  issue_id uuid not null,
  constraint issue_changes_pkey primary key (id)
);
comment on table private.issue_changes is
  'One row per write that may change what an issue is counted as. Deleted when the counts contain it.';
comment on column private.issue_changes.issue_id is
  'The issue, whether or not it still exists: no foreign key.';
alter table private.issue_changes enable row level security;

create or replace function private.note_issue_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.issue_changes (issue_id) values (coalesce(new.id, old.id));
  return null;
end;
$$;
comment on function private.note_issue_change is
  'After trigger of issues: appends the issue to issue_changes when something that is counted changed.';

create or replace function private.note_message_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.issue_changes (issue_id)
  select distinct u.id from unnest(array[old.mapped_to_issue_id, new.mapped_to_issue_id]) as u (id)
  where u.id is not null;
  return null;
end;
$$;
comment on function private.note_message_change is
  'After trigger of circle_issues: appends the issues of a message whose issue or space changed.';

create trigger _330_note_issue_change after insert on public.issues
  for each row when (not new.is_test) execute function private.note_issue_change();
create trigger _340_note_issue_change after update on public.issues
  for each row when (
    (old.status, old.segment, old.assigned_to is null, old.resolved_at, old.is_test, old.title)
    is distinct from
    (new.status, new.segment, new.assigned_to is null, new.resolved_at, new.is_test, new.title)
  )
  execute function private.note_issue_change();
create trigger _350_note_issue_change after delete on public.issues
  for each row when (not old.is_test) execute function private.note_issue_change();

-- A message that an import inserts with an issue is followed by that issue.
create trigger _330_note_message_change after insert on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.note_message_change();
create trigger _340_note_message_change after update on public.circle_issues
  for each row when (
    (old.mapped_to_issue_id, old.space_id, old.space_name)
    is distinct from (new.mapped_to_issue_id, new.space_id, new.space_name)
  )
  execute function private.note_message_change();
create trigger _350_note_message_change after delete on public.circle_issues
  for each row when (old.mapped_to_issue_id is not null) execute function private.note_message_change();

-- 20_tracker/55_counts/20_counted_issues.sql
-- What the counts contain: each issue as it was when it was last counted.

create table private.counted_issues (
  issue_id uuid not null,
  space_number bigint not null,
  space text not null,
  space_id text,
  space_name text,
  status text not null,
  segment text not null,
  is_open boolean not null,
  is_assigned boolean not null,
  created_at timestamptz not null,
  opened_week date not null,
  resolved_week date,
  hours double precision,
  question_key text,
  constraint counted_issues_pkey primary key (issue_id, space_number)
);
comment on table private.counted_issues is
  'One row per issue that is not a test, and space that its messages come from, as the counts contain it. '
  'Written by run_issue_counts() alone.';
comment on column private.counted_issues.space_number is
  '1 to the number of its spaces. What is not counted by space is counted by the rows with 1.';
comment on column private.counted_issues.space is
  '= and the space''s id, else its name; empty for an issue from elsewhere.';
comment on column private.counted_issues.hours is
  'From creation to resolution; null while it is not resolved.';

-- Percentiles of a space and of a week, the latest issue of a space, open issues by age, titles.
create index counted_issues_space_hours_idx on private.counted_issues (space, hours, issue_id)
  where hours is not null;
create index counted_issues_space_created_at_idx on private.counted_issues (space, created_at desc, issue_id);
create index counted_issues_week_hours_idx on private.counted_issues (segment, resolved_week, hours)
  where space_number = 1 and hours is not null;
create index counted_issues_open_created_at_idx on private.counted_issues (created_at)
  where space_number = 1 and is_open;
create index counted_issues_open_status_created_at_idx
  on private.counted_issues (status, segment, created_at) where space_number = 1 and is_open;
create index counted_issues_question_key_idx on private.counted_issues (question_key, created_at)
  where space_number = 1;
alter table private.counted_issues enable row level security;

create type private.issue_count_changes as (issue_ids uuid[], parts private.counted_issues[]);
comment on type private.issue_count_changes is
  'Issues that changed since they were counted, and the rows of counted_issues that they are to have.';

create or replace function private.load_issues_to_count(p_issue_ids uuid[])
returns setof private.counted_issues
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select i.id, coalesce(s.number, 1), coalesce(s.space, ''), s.space_id, s.space_name, i.status, i.segment,
    i.status in ('waiting_for_help', 'in_progress', 'blocked'), i.assigned_to is not null, i.created_at,
    date_trunc('week', i.created_at at time zone 'UTC')::date,
    date_trunc('week', i.resolved_at at time zone 'UTC')::date,
    case when i.resolved_at is not null
      then greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
    end,
    q.question_key
  from public.issues as i
  left join private.issue_search as q on q.issue_id = i.id
  left join lateral (
    select row_number() over (order by n.space collate "C") as number, n.space, n.space_id, n.space_name
    from (
      -- One row per space, however many messages of the issue come from it.
      select distinct on (k.space) k.space, c.space_id, c.space_name
      from public.circle_issues as c
      cross join lateral (select coalesce('=' || coalesce(c.space_id, c.space_name), '') as space) as k
      where c.mapped_to_issue_id = i.id
      order by k.space, c.created_at desc, c.id
    ) as n
  ) as s on true
  where not i.is_test and (p_issue_ids is null or i.id = any (p_issue_ids));
end;
$$;
comment on function private.load_issues_to_count is
  'The rows of counted_issues that these issues, or all where null, are to have.';

create or replace function private.load_issue_count_changes(p_issue_ids uuid[])
returns private.issue_count_changes
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.issue_count_changes;
begin
  v.issue_ids := p_issue_ids;
  v.parts := case when p_issue_ids = '{}' then '{}' else
    array(select f from private.load_issues_to_count(p_issue_ids) as f)
  end;
  return v;
end;
$$;
comment on function private.load_issue_count_changes is
  'These issues as they are, by one snapshot.';

create or replace function private.load_waiting_issue_changes() returns private.issue_count_changes
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.load_issue_count_changes(array(select distinct c.issue_id from private.issue_changes as c));
end;
$$;
comment on function private.load_waiting_issue_changes is 'What the counts don''t contain yet.';

create or replace function private.signed_parts(p_changes private.issue_count_changes)
returns table (sign integer, part private.counted_issues)
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_changes.issue_ids <> '{}' then
    return query
    select -1, c from private.counted_issues as c where c.issue_id = any (p_changes.issue_ids)
    union all
    select 1, u from unnest(p_changes.parts) as u;
  end if;
end;
$$;
comment on function private.signed_parts is
  'What to subtract from the counts (sign -1) and to add to them (1).';

-- The functions that views call run with their owner's rights, so they ask for what the policies ask for.
create or replace function private.may_read_counts() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_trusted_caller() or private.has_team_role('viewer');
end;
$$;
comment on function private.may_read_counts is 'Whether the caller may read issues.';

-- 20_tracker/55_counts/30_issue_age_counts.sql
-- The open issues by the day of their creation: for issue_status_ages.

create table private.issue_age_counts (
  created_on date not null,
  status text not null,
  segment text not null,
  issue_count bigint not null,
  unassigned_count bigint not null,
  constraint issue_age_counts_pkey primary key (created_on, status, segment)
);
comment on table private.issue_age_counts is 'The number of open issues by the day (UTC) of their creation.';
alter table private.issue_age_counts enable row level security;

create or replace function private.count_issue_ages() returns setof private.issue_age_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select (c.created_at at time zone 'UTC')::date, c.status, c.segment, count(*),
    count(*) filter (where not c.is_assigned)
  from private.counted_issues as c
  where c.space_number = 1 and c.is_open
  group by 1, 2, 3;
end;
$$;
comment on function private.count_issue_ages is 'issue_age_counts, counted from counted_issues.';

create or replace function private.add_to_issue_ages(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.issue_age_counts as a (created_on, status, segment, issue_count, unassigned_count)
  select ((s.part).created_at at time zone 'UTC')::date, (s.part).status, (s.part).segment, sum(s.sign),
    coalesce(sum(s.sign) filter (where not (s.part).is_assigned), 0)
  from private.signed_parts(p_changes) as s
  where (s.part).space_number = 1 and (s.part).is_open
  group by 1, 2, 3
  on conflict on constraint issue_age_counts_pkey do update set
    issue_count = a.issue_count + excluded.issue_count,
    unassigned_count = a.unassigned_count + excluded.unassigned_count;
  delete from private.issue_age_counts as a where a.issue_count = 0;
end;
$$;
comment on function private.add_to_issue_ages is 'Adds changes to issue_age_counts.';

create or replace function private.signed_open_parts(p_changes private.issue_count_changes)
returns table (sign integer, status text, segment text, created_at timestamptz, is_assigned boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.sign, (s.part).status, (s.part).segment, (s.part).created_at, (s.part).is_assigned
  from private.signed_parts(p_changes) as s
  where (s.part).space_number = 1 and (s.part).is_open;
end;
$$;
comment on function private.signed_open_parts is 'What changes about open issues.';

-- A day that begins in one age and ends in another is read issue by issue.
create or replace function private.sum_issue_ages(
  p_changes private.issue_count_changes, p_bounds timestamptz[]
) returns table (
  status text, segment text, age_number integer, issue_count bigint, unassigned_count bigint
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_split_days constant date[] := array(
    select distinct (u.at at time zone 'UTC')::date from unnest(p_bounds) as u (at) where isfinite(u.at)
  );
begin
  return query
  select p.status, p.segment, width_bucket(p.created_at, p_bounds), sum(p.issue_count)::bigint,
    sum(p.unassigned_count)::bigint
  from (
    select a.status, a.segment, a.created_on::timestamp at time zone 'UTC' as created_at, a.issue_count,
      a.unassigned_count
    from private.issue_age_counts as a
    where a.created_on <> all (v_split_days)
    union all
    select c.status, c.segment, c.created_at, 1, (not c.is_assigned)::integer
    from unnest(v_split_days) as d (day)
    join private.counted_issues as c on c.created_at >= d.day::timestamp at time zone 'UTC'
      and c.created_at < (d.day + 1)::timestamp at time zone 'UTC'
    where c.space_number = 1 and c.is_open
    union all
    select c.status, c.segment, c.created_at, c.sign, c.sign * (not c.is_assigned)::integer
    from private.signed_open_parts(p_changes) as c
  ) as p
  group by 1, 2, 3
  having sum(p.issue_count) > 0;
end;
$$;
comment on function private.sum_issue_ages is
  'The number of open issues by age, with changes added: 1 for those created from p_bounds[1] on, and so on.';

create or replace function private.load_issue_status_ages()
returns table (
  status text, segment text, age_bucket text, issue_count bigint, unassigned_count bigint,
  oldest_created_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_names constant text[] := array[
    'over 30 days', '7 to 30 days', '3 to 7 days', '1 to 3 days', 'under 1 day'
  ];
  -- Where each begins. An issue of exactly 30 days is over 30 days: the next one begins a microsecond later.
  v_bounds constant timestamptz[] := array[
    '-infinity', now() - interval '30 days' + interval '1 microsecond',
    now() - interval '7 days' + interval '1 microsecond',
    now() - interval '3 days' + interval '1 microsecond', now() - interval '1 day' + interval '1 microsecond'
  ];
  v_changes private.issue_count_changes;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_changes := private.load_waiting_issue_changes();
  return query
  select t.status, t.segment, v_names[t.age_number], t.issue_count, t.unassigned_count, least(
    (
      select c.created_at from private.counted_issues as c
      where c.space_number = 1 and c.is_open and c.status = t.status and c.segment = t.segment
        and c.created_at >= v_bounds[t.age_number]
        and c.created_at < coalesce(v_bounds[t.age_number + 1], 'infinity')
        and c.issue_id <> all (v_changes.issue_ids)
      order by c.created_at limit 1
    ),
    (
      select min(c.created_at) from private.signed_open_parts(v_changes) as c
      where c.sign = 1 and c.status = t.status and c.segment = t.segment
        and width_bucket(c.created_at, v_bounds) = t.age_number
    )
  )
  from private.sum_issue_ages(v_changes, v_bounds) as t;
end;
$$;
comment on function private.load_issue_status_ages is
  'What issue_status_ages contains; nothing for callers who may not read issues.';
grant execute on function private.load_issue_status_ages to authenticated, service_role;

-- 20_tracker/55_counts/40_issue_week_counts.sql
-- Issues opened and resolved by week: for issue_trends.

create table private.issue_week_counts (
  week date not null,
  segment text not null,
  opened_count bigint not null,
  resolved_count bigint not null,
  median_hours double precision,
  p90_hours double precision,
  constraint issue_week_counts_pkey primary key (week, segment)
);
comment on table private.issue_week_counts is
  'The number of issues opened and resolved in a week, which begins on Monday, UTC, and how long they took.';
alter table private.issue_week_counts enable row level security;

create or replace function private.count_issue_weeks() returns setof private.issue_week_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select e.week, e.segment, count(*) filter (where e.is_opening), count(e.hours),
    percentile_cont(0.5) within group (order by e.hours), percentile_cont(0.9) within group (order by e.hours)
  from (
    select c.opened_week as week, c.segment, true as is_opening, null::double precision as hours
    from private.counted_issues as c where c.space_number = 1
    union all
    select c.resolved_week, c.segment, false, c.hours
    from private.counted_issues as c where c.space_number = 1 and c.hours is not null
  ) as e
  group by e.week, e.segment;
end;
$$;
comment on function private.count_issue_weeks is 'issue_week_counts, counted from counted_issues.';

-- The percentiles of a week are computed again when an issue that was resolved in it changes.
create or replace function private.sum_issue_weeks(p_changes private.issue_count_changes)
returns setof private.issue_week_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  -- Without issues that are counted as before, such as those with another title.
  with changed as materialized (
    select sum(s.sign) as sign, (s.part).opened_week, (s.part).resolved_week, (s.part).segment, (s.part).hours
    from private.signed_parts(p_changes) as s
    where (s.part).space_number = 1
    group by (s.part).issue_id, (s.part).opened_week, (s.part).resolved_week, (s.part).segment, (s.part).hours
    having sum(s.sign) <> 0
  ),
  total as (
    select e.week, e.segment, sum(e.opened_count)::bigint as opened_count,
      sum(e.resolved_count)::bigint as resolved_count, max(e.median_hours) as median_hours,
      max(e.p90_hours) as p90_hours, bool_or(e.is_changed) as is_changed
    from (
      select w.*, false as is_changed from private.issue_week_counts as w
      union all
      select c.opened_week, c.segment, c.sign, 0, null, null, false from changed as c
      union all
      select c.resolved_week, c.segment, 0, c.sign, null, null, true
      from changed as c where c.hours is not null
    ) as e
    group by e.week, e.segment
    having sum(e.opened_count) > 0 or sum(e.resolved_count) > 0
  )
  select t.week, t.segment, t.opened_count, t.resolved_count,
    case when t.is_changed then p.hours[1] else t.median_hours end,
    case when t.is_changed then p.hours[2] else t.p90_hours end
  from total as t
  left join lateral (
    select percentile_cont(array[0.5, 0.9]) within group (order by h.hours) as hours
    from (
      select c.hours from private.counted_issues as c
      where t.is_changed and c.segment = t.segment and c.resolved_week = t.week and c.space_number = 1
        and c.hours is not null and c.issue_id <> all (p_changes.issue_ids)
      union all
      select u.hours from unnest(p_changes.parts) as u
      where t.is_changed and u.segment = t.segment and u.resolved_week = t.week and u.space_number = 1
    ) as h
  ) as p on true;
end;
$$;
comment on function private.sum_issue_weeks is 'issue_week_counts with changes added.';

create or replace function private.add_to_issue_weeks(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  merge into private.issue_week_counts as w
  using private.sum_issue_weeks(p_changes) as s on s.week = w.week and s.segment = w.segment
  when matched and row(w.*) is distinct from row(s.*) then update set
    opened_count = s.opened_count, resolved_count = s.resolved_count, median_hours = s.median_hours,
    p90_hours = s.p90_hours
  when not matched then insert values (
    s.week, s.segment, s.opened_count, s.resolved_count, s.median_hours, s.p90_hours
  )
  when not matched by source then delete;
end;
$$;
comment on function private.add_to_issue_weeks is 'Adds changes to issue_week_counts.';

create or replace function private.load_issue_trends()
returns table (
  week date, segment text, opened_count bigint, resolved_count bigint, median_hours numeric, p90_hours numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select s.week, s.segment, s.opened_count, s.resolved_count, round(s.median_hours::numeric, 2),
    round(s.p90_hours::numeric, 2)
  from private.sum_issue_weeks(private.load_waiting_issue_changes()) as s;
end;
$$;
comment on function private.load_issue_trends is
  'What issue_trends contains; nothing for callers who may not read issues.';
grant execute on function private.load_issue_trends to authenticated, service_role;

-- 20_tracker/55_counts/50_issue_space_counts.sql
-- Issues by space: for issues_by_space.
--
-- The percentiles are over all issues of a space, which may be a million. So the row of a space also holds
-- which issue was at the rank of each percentile: from there to the rank after some changes it is at most as
-- many steps through the index as there are changes.

create table private.issue_space_counts (
  space text not null,
  issue_count bigint not null,
  open_count bigint not null,
  resolved_count bigint not null,
  median_issue_id uuid,
  median_issue_hours double precision,
  p90_issue_id uuid,
  p90_issue_hours double precision,
  constraint issue_space_counts_pkey primary key (space)
);
comment on table private.issue_space_counts is 'The number of issues from a space, and how long they took.';
comment on column private.issue_space_counts.median_issue_id is
  'Of the resolved issues by hours and id, numbered from 0, the one with the number 0.5 * (resolved_count - '
  '1), rounded down.';
alter table private.issue_space_counts enable row level security;

create or replace function private.count_issue_spaces() returns setof private.issue_space_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select t.space, t.issue_count, t.open_count, t.resolved_count, m.issue_id, m.hours, p.issue_id, p.hours
  from (
    select c.space, count(*) as issue_count, count(*) filter (where c.is_open) as open_count,
      count(c.hours) as resolved_count
    from private.counted_issues as c
    group by c.space
  ) as t
  left join lateral (
    select c.issue_id, c.hours from private.counted_issues as c
    where c.space = t.space and c.hours is not null
    order by c.hours, c.issue_id offset floor(0.5 * greatest(t.resolved_count - 1, 0)) limit 1
  ) as m on t.resolved_count > 0
  left join lateral (
    select c.issue_id, c.hours from private.counted_issues as c
    where c.space = t.space and c.hours is not null
    order by c.hours, c.issue_id offset floor(0.9 * greatest(t.resolved_count - 1, 0)) limit 1
  ) as p on t.resolved_count > 0;
end;
$$;
comment on function private.count_issue_spaces is 'issue_space_counts, counted from counted_issues.';

-- The rank of a percentile moves by at most one for each issue that comes or goes, and so do the ranks of the
-- issues around it: as many on either side, and three more, contain the two that percentile_cont is between.
-- Planned once: with the numbers of rows in sight it would be planned for each space, 1 ms each.
create or replace function private.find_space_percentile(
  p_space text, p_fraction double precision, p_counted bigint, p_from_id uuid, p_from_hours double precision,
  p_removed_ids uuid[], p_removed_hours double precision[], p_added_ids uuid[],
  p_added_hours double precision[], out o_issue_id uuid, out o_issue_hours double precision,
  out o_hours double precision
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  v_changed constant integer := cardinality(p_removed_ids) + cardinality(p_added_ids);
  v_count constant bigint := p_counted - cardinality(p_removed_ids) + cardinality(p_added_ids);
  v_rank constant double precision := p_fraction * (v_count - 1);
  v_from_rank double precision;
begin
  if v_count = 0 then
    return;
  end if;
  v_from_rank := greatest(floor(p_fraction * (p_counted - 1)), 0) - (
    select count(*) from unnest(p_removed_hours, p_removed_ids) as r (hours, id)
    where (r.hours, r.id) < (p_from_hours, p_from_id)
  );
  select r.issue_id, r.hours, r.hours + (v_rank - floor(v_rank)) * (coalesce(r.next_hours, r.hours) - r.hours)
  into o_issue_id, o_issue_hours, o_hours
  from (
    select n.issue_id, n.hours, lead(n.hours) over w as next_hours,
      v_from_rank + row_number() over w - 1 - count(*) filter (where n.is_before) over () as rank
    from (
      (
        select c.issue_id, c.hours, true as is_before from private.counted_issues as c
        where c.space = p_space and c.hours is not null and (c.hours, c.issue_id) < (p_from_hours, p_from_id)
          and c.issue_id <> all (p_removed_ids)
        order by c.hours desc, c.issue_id desc limit v_changed + 3
      )
      union all
      (
        select c.issue_id, c.hours, false from private.counted_issues as c
        where c.space = p_space and c.hours is not null and (c.hours, c.issue_id) >= (p_from_hours, p_from_id)
          and c.issue_id <> all (p_removed_ids)
        order by c.hours, c.issue_id limit v_changed + 3
      )
      union all
      select a.id, a.hours, false from unnest(p_added_hours, p_added_ids) as a (hours, id)
    ) as n
    window w as (order by n.hours, n.issue_id)
  ) as r
  where r.rank = floor(v_rank);
end;
$$;
comment on function private.find_space_percentile is
  'The percentile of the hours of a space, as percentile_cont, after some issues came and went, and the '
  'issue at or below it. p_from_… is the one before that.';

create or replace function private.sum_issue_spaces(p_changes private.issue_count_changes)
returns table (
  counts private.issue_space_counts, median_hours double precision, p90_hours double precision
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with delta as (
    select (s.part).space, sum(s.sign) as issue_count,
      coalesce(sum(s.sign) filter (where (s.part).is_open), 0) as open_count,
      coalesce(sum(s.sign) filter (where (s.part).hours is not null), 0) as resolved_count,
      array_agg((s.part).issue_id) filter (where s.sign = -1 and (s.part).hours is not null) as removed_ids,
      array_agg((s.part).hours) filter (where s.sign = -1 and (s.part).hours is not null) as removed_hours,
      array_agg((s.part).issue_id) filter (where s.sign = 1 and (s.part).hours is not null) as added_ids,
      array_agg((s.part).hours) filter (where s.sign = 1 and (s.part).hours is not null) as added_hours
    from private.signed_parts(p_changes) as s
    group by (s.part).space
  )
  select (
    coalesce(c.space, d.space), v.issue_count, coalesce(c.open_count, 0) + coalesce(d.open_count, 0),
    coalesce(c.resolved_count, 0) + coalesce(d.resolved_count, 0), m.o_issue_id, m.o_issue_hours,
    p.o_issue_id, p.o_issue_hours
  )::private.issue_space_counts, m.o_hours, p.o_hours
  from private.issue_space_counts as c
  full join delta as d on d.space = c.space
  cross join lateral (
    select coalesce(c.issue_count, 0) + coalesce(d.issue_count, 0) as issue_count,
      coalesce(c.resolved_count, 0) as counted,
      coalesce(d.removed_ids, '{}') as removed_ids, coalesce(d.removed_hours, '{}') as removed_hours,
      coalesce(d.added_ids, '{}') as added_ids, coalesce(d.added_hours, '{}') as added_hours
  ) as v
  cross join lateral private.find_space_percentile(
    coalesce(c.space, d.space), 0.5, v.counted, c.median_issue_id, c.median_issue_hours, v.removed_ids,
    v.removed_hours, v.added_ids, v.added_hours
  ) as m
  cross join lateral private.find_space_percentile(
    coalesce(c.space, d.space), 0.9, v.counted, c.p90_issue_id, c.p90_issue_hours, v.removed_ids,
    v.removed_hours, v.added_ids, v.added_hours
  ) as p
  where v.issue_count > 0;
end;
$$;
comment on function private.sum_issue_spaces is 'issue_space_counts with changes added, and the percentiles.';

create or replace function private.add_to_issue_spaces(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  merge into private.issue_space_counts as c
  using (select (s.counts).* from private.sum_issue_spaces(p_changes) as s) as s on s.space = c.space
  when matched and row(c.*) is distinct from row(s.*) then update set
    issue_count = s.issue_count, open_count = s.open_count, resolved_count = s.resolved_count,
    median_issue_id = s.median_issue_id, median_issue_hours = s.median_issue_hours,
    p90_issue_id = s.p90_issue_id, p90_issue_hours = s.p90_issue_hours
  when not matched then insert values (
    s.space, s.issue_count, s.open_count, s.resolved_count, s.median_issue_id, s.median_issue_hours,
    s.p90_issue_id, s.p90_issue_hours
  )
  when not matched by source then delete;
end;
$$;
comment on function private.add_to_issue_spaces is 'Adds changes to issue_space_counts.';

create or replace function private.load_issues_by_space()
returns table (
  space_id text, space_name text, issue_count bigint, open_count bigint, resolved_count bigint,
  median_hours_to_resolve numeric, p90_hours_to_resolve numeric, last_issue_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_changes private.issue_count_changes;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_changes := private.load_waiting_issue_changes();
  return query
  select l.space_id, l.space_name, (s.counts).issue_count, (s.counts).open_count, (s.counts).resolved_count,
    round(s.median_hours::numeric, 2), round(s.p90_hours::numeric, 2), l.created_at
  from private.sum_issue_spaces(v_changes) as s
  cross join lateral (
    select n.space_id, n.space_name, n.created_at
    from (
      (
        select c.space_id, c.space_name, c.created_at, c.issue_id from private.counted_issues as c
        where c.space = (s.counts).space and c.issue_id <> all (v_changes.issue_ids)
        order by c.created_at desc, c.issue_id limit 1
      )
      union all
      select u.space_id, u.space_name, u.created_at, u.issue_id from unnest(v_changes.parts) as u
      where u.space = (s.counts).space
    ) as n
    order by n.created_at desc, n.issue_id
    limit 1
  ) as l;
end;
$$;
comment on function private.load_issues_by_space is
  'What issues_by_space contains; nothing for callers who may not read issues.';
grant execute on function private.load_issues_by_space to authenticated, service_role;

-- 20_tracker/55_counts/60_issue_question_counts.sql
-- Questions that were asked more than once: for repeated_questions.

create table private.issue_question_counts (
  question_key text not null,
  issue_count bigint not null,
  last_at timestamptz not null,
  constraint issue_question_counts_pkey primary key (question_key)
);
comment on table private.issue_question_counts is
  'The number of issues whose titles have the same words, where it is two or more.';
comment on column private.issue_question_counts.question_key is 'As in issue_search.';
comment on column private.issue_question_counts.last_at is 'When the newest of them was created.';
-- The most frequent first, of those the latest; the latest first.
create index issue_question_counts_issue_count_last_at_idx
  on private.issue_question_counts (issue_count, last_at);
create index issue_question_counts_last_at_idx on private.issue_question_counts (last_at);
alter table private.issue_question_counts enable row level security;
-- The view repeated_questions reads this with its caller's rights; no role has USAGE on the schema for more.
create policy issue_question_counts_select_viewer on private.issue_question_counts
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_question_counts to authenticated, service_role;

create or replace function private.count_issue_questions() returns setof private.issue_question_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select c.question_key, count(*), max(c.created_at)
  from private.counted_issues as c
  where c.space_number = 1 and c.question_key is not null
  group by c.question_key
  having count(*) > 1;
end;
$$;
comment on function private.count_issue_questions is 'issue_question_counts, counted from counted_issues.';

-- A question without a row was asked once at most.
create or replace function private.sum_issue_questions(p_changes private.issue_count_changes)
returns setof private.issue_question_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with delta as materialized (
    select (s.part).question_key, sum(s.sign)::bigint as issue_count,
      max((s.part).created_at) filter (where s.sign = 1) as last_at
    from private.signed_parts(p_changes) as s
    where (s.part).space_number = 1 and (s.part).question_key is not null
    group by 1
  )
  select d.question_key,
    d.issue_count + coalesce(q.issue_count, (
      select count(*) from private.counted_issues as c
      where c.question_key = d.question_key and c.space_number = 1
    )),
    greatest(d.last_at, (
      select c.created_at from private.counted_issues as c
      where c.question_key = d.question_key and c.space_number = 1
        and c.issue_id <> all (p_changes.issue_ids)
      order by c.created_at desc limit 1
    ))
  from delta as d
  left join private.issue_question_counts as q on q.question_key = d.question_key;
end;
$$;
comment on function private.sum_issue_questions is
  'The questions that changes affect, with the changes added: also those asked once, or no more.';

create or replace function private.add_to_issue_questions(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  merge into private.issue_question_counts as q
  using private.sum_issue_questions(p_changes) as s on s.question_key = q.question_key
  when matched and s.issue_count < 2 then delete
  when matched and row(q.*) is distinct from row(s.*)
    then update set issue_count = s.issue_count, last_at = s.last_at
  when not matched and s.issue_count > 1 then insert values (s.question_key, s.issue_count, s.last_at);
end;
$$;
comment on function private.add_to_issue_questions is 'Adds changes to issue_question_counts.';

create or replace function private.load_changed_questions() returns setof private.issue_question_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query select s.* from private.sum_issue_questions(private.load_waiting_issue_changes()) as s;
end;
$$;
comment on function private.load_changed_questions is
  'What issue_question_counts does not contain yet; nothing for callers who may not read issues.';
grant execute on function private.load_changed_questions to authenticated, service_role;

-- 20_tracker/55_counts/70_run_issue_counts.sql
-- The job that brings the counts up to date.

-- Changes are taken before the issues are read: what changes in between is appended again, and read as it is
-- then. All counts change by the same snapshot of these issues, in the transaction that takes the changes.
create or replace function private.run_issue_counts(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_changes private.issue_count_changes;
begin
  -- Two runs at the same time would add to the same counts.
  if not pg_try_advisory_xact_lock(hashtextextended('private.issue_changes', 0)) then
    return 0;
  end if;
  with taken as (
    delete from private.issue_changes as c
    where c.ctid = any (array(select o.ctid from private.issue_changes as o order by o.id limit p_batch))
    returning c.issue_id
  )
  select array_agg(distinct t.issue_id) into v_ids from taken as t;
  if v_ids is null then
    return 0;
  end if;
  v_changes := private.load_issue_count_changes(v_ids);
  perform private.add_to_issue_ages(v_changes);
  perform private.add_to_issue_weeks(v_changes);
  perform private.add_to_issue_spaces(v_changes);
  perform private.add_to_issue_questions(v_changes);
  delete from private.counted_issues as c where c.issue_id = any (v_ids);
  insert into private.counted_issues select u.* from unnest(v_changes.parts) as u;
  return cardinality(v_ids);
end;
$$;
comment on function private.run_issue_counts is
  'Adds up to p_batch changes, the oldest first, to the counts of the views and returns the number of issues '
  'that had changed. Blocks no writer. For the scheduler.';

-- 20_tracker/55_counts/80_verify_issue_counts.sql
-- Compares the counts with the issues, and counts everything again.

create or replace function private.verify_issue_counts()
returns table (name text, key text, stored jsonb, counted jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with stored (name, key, value) as (
    select 'counted_issues', format('%s %s', c.issue_id, c.space_number), to_jsonb(c)
    from private.counted_issues as c
    union all
    select 'issue_age_counts', format('%s %s %s', a.created_on, a.status, a.segment), to_jsonb(a)
    from private.issue_age_counts as a
    union all
    select 'issue_week_counts', format('%s %s', w.week, w.segment), to_jsonb(w)
    from private.issue_week_counts as w
    union all
    select 'issue_space_counts', s.space, to_jsonb(s) from private.issue_space_counts as s
    union all
    select 'issue_question_counts', q.question_key, to_jsonb(q) from private.issue_question_counts as q
  ),
  counted (name, key, value) as (
    select 'counted_issues', format('%s %s', c.issue_id, c.space_number), to_jsonb(c)
    from private.load_issues_to_count(null) as c
    union all
    select 'issue_age_counts', format('%s %s %s', a.created_on, a.status, a.segment), to_jsonb(a)
    from private.count_issue_ages() as a
    union all
    select 'issue_week_counts', format('%s %s', w.week, w.segment), to_jsonb(w)
    from private.count_issue_weeks() as w
    union all
    select 'issue_space_counts', s.space, to_jsonb(s) from private.count_issue_spaces() as s
    union all
    select 'issue_question_counts', q.question_key, to_jsonb(q) from private.count_issue_questions() as q
  )
  select coalesce(s.name, c.name), coalesce(s.key, c.key), s.value, c.value
  from stored as s
  full join counted as c on c.name = s.name and c.key = s.key
  where s.value is distinct from c.value and not (
    -- Issues that changed since they were counted differ, which the views take into account.
    coalesce(s.name, c.name) = 'counted_issues' and exists (
      select from private.issue_changes as w
      where w.issue_id = (coalesce(s.value, c.value) ->> 'issue_id')::uuid
    )
  );
end;
$$;
comment on function private.verify_issue_counts is
  'Counts everything again and returns the differences; no row means that all counts are correct. Reads all '
  'issues. For operators.';

create or replace function private.rebuild_issue_counts() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('private.issue_changes', 0));
  -- Appended by whoever writes from here on; the truncates wait for those who are writing.
  truncate private.issue_changes, private.counted_issues, private.issue_age_counts, private.issue_week_counts,
    private.issue_space_counts, private.issue_question_counts;
  insert into private.counted_issues select c.* from private.load_issues_to_count(null) as c;
  insert into private.issue_age_counts select a.* from private.count_issue_ages() as a;
  insert into private.issue_week_counts select w.* from private.count_issue_weeks() as w;
  insert into private.issue_space_counts select s.* from private.count_issue_spaces() as s;
  insert into private.issue_question_counts select q.* from private.count_issue_questions() as q;
end;
$$;
comment on function private.rebuild_issue_counts is
  'Counts all issues again, while nothing is written. For operators, after issues were loaded with '
  'triggers turned off.';

-- 20_tracker/60_views/10_issue_activity_log.sql
-- The current state of each issue and its latest comment.

-- issue_search stores the latest comment of each issue, so that the newest page does not read every comment.
create or replace view public.issue_activity_log with (security_invoker = true) as
select
  i.id,
  i.title as issue_title,
  i.segment,
  i.status,
  i.assigned_to,
  i.resolved_by,
  i.resolved_at,
  coalesce(s.last_commenter, i.submitted_by) as last_commenter,
  s.last_comment_at
from public.issues as i
join private.issue_search as s on s.issue_id = i.id;
comment on view public.issue_activity_log is 'One row per issue, for everyone who may read issues.';
comment on column public.issue_activity_log.last_commenter is
  'Author of the latest comment, else submitted_by.';
comment on column public.issue_activity_log.last_comment_at is
  'Time of the latest comment, else of the issue.';

grant select on public.issue_activity_log to authenticated, service_role;

-- 20_tracker/60_views/20_issues_by_space.sql
-- How many issues come from each space of the community, and how fast they are resolved.

create view public.issues_by_space with (security_invoker = true) as
select
  s.space_id, s.space_name, s.issue_count, s.open_count, s.resolved_count, s.median_hours_to_resolve,
  s.p90_hours_to_resolve, s.last_issue_at
from private.load_issues_by_space() as s;
comment on view public.issues_by_space is
  'One row per space of the Circle community, and one without a space for all other issues. An issue with '
  'messages in several spaces is counted in each. No test issues.';
comment on column public.issues_by_space.space_name is 'The name that the space had in its latest issue.';
comment on column public.issues_by_space.resolved_count is 'Resolved issues, including those archived later.';
comment on column public.issues_by_space.median_hours_to_resolve is
  'Median time from creation to resolution, in hours.';
comment on column public.issues_by_space.p90_hours_to_resolve is
  '90th percentile of the time from creation to resolution, in hours.';

grant select on public.issues_by_space to authenticated, service_role;

-- 20_tracker/60_views/30_open_issues.sql
-- The open issues, neither resolved nor archived, with their age.

create view public.open_issues with (security_invoker = true) as
select
  i.id,
  i.seq_id,
  i.title,
  i.status,
  i.segment,
  i.submitted_by,
  i.assigned_to,
  i.assigned_to_user_id,
  i.tags,
  i.ready_for_delivery,
  i.created_at,
  i.updated_at,
  now() - i.created_at as age,
  case
    when i.created_at > now() - interval '1 day' then 'under 1 day'
    when i.created_at > now() - interval '3 days' then '1 to 3 days'
    when i.created_at > now() - interval '7 days' then '3 to 7 days'
    when i.created_at > now() - interval '30 days' then '7 to 30 days'
    else 'over 30 days'
  end as age_bucket,
  -- Never null, and as a condition a comparison for which there is an index, unlike coalesce(…, false). As
  -- text, since the planner would take the issues without an assignee off its estimate a second time.
  i.assigned_to_user_id = (select auth.uid()) and i.assigned_to_user_id::text is not null
    and (select auth.uid()) is not null as is_mine,
  s.comment_count
from public.issues as i
join private.issue_search as s on s.issue_id = i.id
where i.status in ('waiting_for_help', 'in_progress', 'blocked') and not i.is_test;
comment on view public.open_issues is
  'Issues that are waiting for help, in progress or blocked. No test issues. Pages ordered by created_at '
  'or comment_count, ascending or descending, use an index, and so does `is_mine=eq.true`.';
comment on column public.open_issues.age is 'Time since its creation.';
comment on column public.open_issues.age_bucket is
  'under 1 day, 1 to 3 days, 3 to 7 days, 7 to 30 days or over 30 days.';
comment on column public.open_issues.is_mine is 'Whether it is assigned to the caller''s account.';

grant select on public.open_issues to authenticated, service_role;

-- 20_tracker/60_views/40_issue_status_ages.sql
-- The number of open issues by status, segment and age.

create view public.issue_status_ages with (security_invoker = true) as
select a.status, a.segment, a.age_bucket, a.issue_count, a.unassigned_count, a.oldest_created_at
from private.load_issue_status_ages() as a;
comment on view public.issue_status_ages is
  'Counts of open_issues. Combinations without issues have no row.';

grant select on public.issue_status_ages to authenticated, service_role;

-- 20_tracker/60_views/50_issue_trends.sql
-- How many issues are opened and resolved each week, and how long the resolved ones took.

create view public.issue_trends with (security_invoker = true) as
select t.week, t.segment, t.opened_count, t.resolved_count, t.median_hours, t.p90_hours
from private.load_issue_trends() as t;
comment on view public.issue_trends is
  'One row per week and segment with at least one opened or resolved issue. An issue that was reopened is '
  'counted in the week of its last resolution. No test issues.';
comment on column public.issue_trends.week is 'The Monday of the week, in UTC.';
comment on column public.issue_trends.median_hours is
  'Median time from creation to resolution of the issues resolved that week, in hours; null without any.';
comment on column public.issue_trends.p90_hours is '90th percentile of the same, in hours.';

grant select on public.issue_trends to authenticated, service_role;

-- 20_tracker/60_views/60_repeated_questions.sql
-- Questions that were asked more than once: issues whose titles have the same words.

-- The groups come from the counts, in the order that is asked for; the issues of a group are read when its
-- row is. A `with`, or a condition inside of the union, would keep that order from reaching the index.
create view public.repeated_questions with (security_invoker = true) as
select
  q.question_key,
  d.example_title,
  q.issue_count,
  d.people_count,
  d.resolved_count,
  d.first_at,
  q.last_at,
  d.issue_ids
from (
  select s.question_key, s.issue_count, s.last_at, false as is_changed from private.issue_question_counts as s
  union all
  select c.question_key, c.issue_count, c.last_at, true from private.load_changed_questions() as c
) as q
cross join lateral (
  select
    (array_agg(i.title order by i.created_at desc, i.id))[1] as example_title,
    count(distinct i.submitted_by) as people_count,
    count(i.resolved_at) as resolved_count,
    min(i.created_at) as first_at,
    array_agg(i.id order by i.created_at desc, i.id) as issue_ids
  from private.issue_search as s
  join public.issues as i on i.id = s.issue_id
  where s.question_key = q.question_key and not i.is_test
) as d
where q.issue_count > 1 and (
  q.is_changed
  or q.question_key <> all (array(select c.question_key from private.load_changed_questions() as c))
);
comment on view public.repeated_questions is
  'Groups of two or more issues whose titles have the same words, regardless of order, case, endings and '
  'punctuation. No test issues.';
comment on column public.repeated_questions.question_key is
  'The words of the title without stop words and endings, sorted; their md5 when long.';
comment on column public.repeated_questions.example_title is 'The title of the newest issue.';
comment on column public.repeated_questions.people_count is 'The number of distinct names in submitted_by.';
comment on column public.repeated_questions.resolved_count is
  'Resolved issues, including those archived later.';
comment on column public.repeated_questions.issue_ids is 'Newest first.';

grant select on public.repeated_questions to authenticated, service_role;

-- 20_tracker/70_retention/10_cleanup_legacy_test_data.sql
-- Deletes old test issues.

create or replace function private.cleanup_legacy_test_data(p_days_old integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- Bounded, because larger intervals could leave the range of timestamps.
  v_before constant timestamptz := now() - make_interval(days => least(greatest(p_days_old, 0), 36500));
  v_deleted_count integer;
begin
  perform private.require_team_role('admin');
  if p_days_old is null or p_days_old < 0 then
    raise exception using
      errcode = 'PT422', message = 'tracker_days_old_invalid', detail = 'days_old must be 0 or more.',
      hint = 'Leave it out for the default of 7 days.';
  end if;
  -- The lock that every delete of issues takes, then the issues in the order in which imports lock them.
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  perform from public.issues as i where i.is_test and i.created_at < v_before order by i.id for update;
  delete from public.issues as i where i.is_test and i.created_at < v_before;
  get diagnostics v_deleted_count = row_count;
  return v_deleted_count;
end;
$$;
grant execute on function private.cleanup_legacy_test_data to authenticated, service_role;

create or replace function public.cleanup_legacy_test_data(days_old integer default 7) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cleanup_legacy_test_data(cleanup_legacy_test_data.days_old);
end;
comment on function public.cleanup_legacy_test_data is
  'Deletes issues with is_test that are older than days_old days, with their comments and logs, and returns '
  'their number. Admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'tracker_days_old_invalid (422).';
grant execute on function public.cleanup_legacy_test_data to authenticated, service_role;

-- 20_tracker/90_realtime.sql
-- The tables whose changes clients can subscribe to; row level security decides who receives which row.

alter publication supabase_realtime add table public.issues, public.comments, public.circle_issues;
