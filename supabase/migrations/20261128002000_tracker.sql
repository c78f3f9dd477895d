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
create index issues_assigned_to_status_idx on public.issues (assigned_to, status)
  where assigned_to is not null;
create index issues_open_created_at_idx on public.issues (created_at)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test;
-- Titles that contain the typed text.
create index issues_title_idx on public.issues using gin (title extensions.gin_trgm_ops);
create index issues_test_created_at_idx on public.issues (created_at) where is_test;

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
  event_retention_days integer not null default 90,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tracker_settings_pkey primary key (id),
  constraint tracker_settings_is_one_row check (id),
  constraint tracker_settings_triage_threshold_is_a_share
    check (triage_threshold > 0 and triage_threshold <= 1),
  -- At most a hundred years: larger intervals could leave the range of timestamps.
  constraint tracker_settings_event_retention_days_is_bounded
    check (event_retention_days between 1 and 36500)
);
comment on table public.tracker_settings is
  'The settings of the tracker: exactly one row, never inserted or deleted by clients. Team members read it, '
  'admins change it.';
comment on column public.tracker_settings.id is 'Always true.';
comment on column public.tracker_settings.triage_threshold is
  'The lowest likelihood, above 0 and up to 1, at which triage makes a message an issue on its own.';
comment on column public.tracker_settings.event_retention_days is
  'For how many days the raw body of a webhook call is kept after it was processed. Bodies that could not be '
  'processed are kept.';

create trigger _900_set_timestamps before insert or update on public.tracker_settings
  for each row execute function private.set_timestamps();

alter table public.tracker_settings enable row level security;
create policy tracker_settings_select_viewer on public.tracker_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tracker_settings_update_admin on public.tracker_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.tracker_settings to authenticated;
grant update (id, triage_threshold, event_retention_days, created_at, updated_at)
  on public.tracker_settings to authenticated;
grant select, update on public.tracker_settings to service_role;

insert into public.tracker_settings default values;

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

-- 20_tracker/20_triage/26_default_segment_rules.sql
-- The rules of a new installation.

-- Words for failures have high weights, words about signing in middle ones, words for tools low ones: two
-- high ones reach the default threshold of 0.8, one alone does not.
insert into public.segment_rules (segment, priority, words, weight) values
  ('auth', 10, 'auth', 0.4), ('auth', 10, 'login', 0.45), ('auth', 10, 'account', 0.3),
  ('auth', 10, 'password', 0.45), ('auth', 10, 'credential', 0.4), ('auth', 10, 'sign in', 0.45),
  ('auth', 10, 'signin', 0.45), ('auth', 10, 'oauth', 0.4), ('auth', 10, 'jwt', 0.4),
  ('auth', 10, 'token', 0.3), ('auth', 10, 'refresh token', 0.4), ('auth', 10, 'authentication', 0.4),
  ('auth', 10, 'signup', 0.4), ('auth', 10, 'sign up', 0.4),
  ('code', 20, 'code', 0.15), ('code', 20, 'error', 0.65), ('code', 20, 'bug', 0.7),
  ('code', 20, 'exception', 0.7), ('code', 20, 'null', 0.5), ('code', 20, 'undefined', 0.6),
  ('code', 20, 'runtime', 0.4), ('code', 20, 'syntax', 0.4), ('code', 20, 'function', 0.15),
  ('code', 20, 'variable', 0.15), ('code', 20, 'method', 0.1), ('code', 20, 'class', 0.1),
  ('code', 20, 'object', 0.1), ('code', 20, 'property', 0.1), ('code', 20, 'api', 0.2),
  ('code', 20, 'endpoint', 0.3), ('code', 20, 'crash', 0.7), ('code', 20, 'timeout', 0.6),
  ('tool', 30, 'tool', 0.1), ('tool', 30, 'cursor', 0.15), ('tool', 30, 'editor', 0.15),
  ('tool', 30, 'environment', 0.15), ('tool', 30, 'development', 0.1), ('tool', 30, 'ide', 0.15),
  ('tool', 30, 'extension', 0.2), ('tool', 30, 'plugin', 0.2), ('tool', 30, 'vs code', 0.15),
  ('tool', 30, 'vscode', 0.15), ('tool', 30, 'taskmaster', 0.15), ('tool', 30, '10xcoder', 0.15),
  ('tool', 30, 'pipeline', 0.2), ('tool', 30, 'integration', 0.2), ('tool', 30, 'cli', 0.15),
  ('tool', 30, 'command line', 0.15);

-- 20_tracker/20_triage/30_determine_segment.sql
-- The segment of a text, by the enabled rules.

-- The whole text is searched: a pattern takes some 7 ms per megabyte.
create or replace function private.determine_segment(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := concat_ws(' ', p_title, p_description);
  v_rules private.segment_patterns;
begin
  select * into v_rules from private.segment_patterns;
  for v_number in 1..cardinality(v_rules.patterns) loop
    if v_text ~* v_rules.patterns[v_number] then
      return v_rules.segments[v_number];
    end if;
  end loop;
  return 'misc';
end;
$$;
grant execute on function private.determine_segment to authenticated, service_role;

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.determine_segment(determine_segment.p_title, determine_segment.p_description);
end;
comment on function public.determine_segment is
  'The segment of a text: that of the matching enabled segment_rule with the lowest priority, else '
  'misc. Never null.';
grant execute on function public.determine_segment to authenticated, service_role;

-- 20_tracker/20_triage/40_issue_likelihood.sql
-- How likely a text is an issue, by the weights of the rules that match it.

-- People describe a problem at the beginning; logs and quotes follow, and a long text contains every word
-- anyway. strpos is the fast filter: a pattern is only tried where the rule's first word occurs.
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

-- Rounded, so that the result does not depend on the order of the factors when it is compared to a threshold.
create or replace function private.issue_likelihood(p_title text, p_body text) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_weight double precision;
  v_complement double precision := 1::double precision;
begin
  for v_weight in
    select r.weight from private.find_segment_rules(p_title, p_body) as r
  loop
    v_complement := v_complement * (1 - v_weight);
  end loop;
  return round((1 - v_complement)::numeric, 6)::double precision;
end;
$$;
comment on function private.issue_likelihood is
  'How likely a text is an issue, 0 to 1: 1 minus the product of (1 - weight) over the matching rules; 0 '
  'if none matches.';

-- 20_tracker/20_triage/50_explain_triage.sql
-- The rules that match a text, for people who tune them.

create or replace function private.explain_triage(p_title text, p_body text)
returns table (words text, segment text, weight double precision, priority smallint)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select r.words, r.segment, r.weight, r.priority
  from private.find_segment_rules(p_title, p_body) as r
  order by r.priority, r.weight desc, r.words collate "C";
end;
$$;
grant execute on function private.explain_triage to authenticated, service_role;

create or replace function public.explain_triage(title text, body text)
returns table (words text, segment text, weight double precision, priority smallint)
language sql stable security invoker set search_path = ''
begin atomic
  select e.words, e.segment, e.weight, e.priority
  from private.explain_triage(explain_triage.title, explain_triage.body) as e;
end;
comment on function public.explain_triage is
  'The rules that match a text, by priority. The likelihood that the text is an issue is 1 minus the product '
  'of (1 - weight) over them. Searches the first 1,000 characters of the title and the first 10,000 of the '
  'body. Viewers. Errors: sign_in_required (401), team_role_required (403).';
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
  triage_notes, field_versions
) on public.circle_issues to authenticated;
grant update (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at, segment, sender_verdict, triaged_by, triaged_by_user_id, triaged_at,
  triage_notes, field_versions
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
comment on column public.circle_replies.field_versions is 'Written by the import, as in circle_issues.';
comment on column public.circle_replies.created_at is
  'When it was posted, if that was known when it first arrived, else when it arrived.';

create index circle_replies_circle_issue_id_reply_index_idx
  on public.circle_replies (circle_issue_id, reply_index);

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
  edited_at, created_at, updated_at, field_versions
) on public.circle_replies to authenticated;
grant update (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at, field_versions
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
  constraint circle_imports_pkey primary key (circle_issue_id),
  constraint circle_imports_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade
);
comment on table private.circle_imports is
  'One row per message that has been imported. A message with a row here and no issue had its issue removed '
  'by a person, and is not imported again automatically.';
comment on column private.circle_imports.issue_id is
  'The issue that it wrote, whether or not that still exists: no foreign key.';

alter table private.circle_imports enable row level security;
-- The view that reads this runs with the caller's rights; no role has USAGE on the schema for more.
create policy circle_imports_select_viewer on private.circle_imports
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.circle_imports to authenticated, service_role;

-- 20_tracker/40_import/10_circle_values.sql
-- Values parsed from what Circle and n8n send: nothing here raises, what is not valid is null. All of it in
-- plpgsql, which keeps its plans; an import calls these some twenty times.

create or replace function private.parse_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  -- ISO 8601 only: PostgreSQL itself would also take `now`, `infinity` and local formats.
  if p_text !~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?\s*$'
  then
    return null;
  end if;
  if p_text ~ '(Z|:\d\d(\.\d+)?\s*[+-]\d\d(:?\d\d)?)\s*$' then
    return p_text::timestamptz;
  end if;
  return (p_text::timestamp) at time zone 'UTC';
exception
  when invalid_datetime_format or datetime_field_overflow or invalid_time_zone_displacement_value then
    return null;
end;
$$;
comment on function private.parse_time is
  'An ISO 8601 time, in UTC where no zone is given; null for anything else.';

create or replace function private.parse_integer(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when p_text ~ '^\d{1,9}$' then p_text::integer end;
end;
$$;
comment on function private.parse_integer is 'A whole number from 0 to 999999999; null for anything else.';

create or replace function private.parse_share(p_text text) returns double precision
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when p_text ~ '^\s*(0(\.\d{1,15})?|1(\.0{1,15})?)\s*$' then p_text::double precision end;
end;
$$;
comment on function private.parse_share is 'A decimal number from 0 to 1; null for anything else.';

create or replace function private.parse_boolean(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(btrim(p_text))
    when 'true' then true when 'yes' then true when '1' then true
    when 'false' then false when 'no' then false when '0' then false
  end;
end;
$$;
comment on function private.parse_boolean is
  'True or false as people and language models write it, else null.';

create or replace function private.parse_id(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when jsonb_typeof(p_value) in ('number', 'string') then private.non_blank(p_value #>> '{}') end;
end;
$$;
comment on function private.parse_id is 'An id as text, from a number or a text; else null.';

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
  v_body text;
begin
  if private.non_blank(p_title) is not null then
    return private.non_blank(p_title);
  end if;
  -- A title is one line; the rest of a body of a megabyte is not needed for it.
  v_body := private.non_blank(regexp_replace(left(p_body, 1000), '\s+', ' ', 'g'));
  return coalesce(
    case when length(v_body) > 50 then left(v_body, 50) || '...' else v_body end, 'Untitled message'
  );
end;
$$;
comment on function private.circle_title is
  'The given title, else the first 50 characters of the body with ... where cut.';

create or replace function private.segment_of_type(p_type text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(btrim(p_type))
    when 'auth' then 'auth' when 'auth/login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code'
    when 'tool' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end;
end;
$$;
comment on function private.segment_of_type is
  'The segment that a type of Issue_Details means, upper or lower case; null for an unknown type.';

-- Posts and comments come as HTML where the payload has no plain text of them.
create or replace function private.text_of_html(p_html text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_html;
begin
  if v_text is null or strpos(v_text, '<') = 0 and strpos(v_text, '&') = 0 then
    return v_text;
  end if;
  v_text := regexp_replace(v_text, '\s*(<br\s*/?>|</(p|div|li|h[1-6]|blockquote|pre|tr)>)\s*', E'\n', 'gi');
  v_text := regexp_replace(v_text, '<[a-z/!][^<>]*>', '', 'gi');
  v_text := replace(replace(replace(v_text, '&nbsp;', ' '), '&#39;', ''''), '&quot;', '"');
  v_text := replace(replace(replace(v_text, '&lt;', '<'), '&gt;', '>'), '&amp;', '&');
  return btrim(v_text, E' \n\r\t');
end;
$$;
comment on function private.text_of_html is
  'HTML as plain text: one line per block, without tags, the most common entities decoded.';

-- 20_tracker/40_import/20_circle_shapes.sql
-- What a payload contains: its elements, the shape of each, told apart by its keys, and the replies in it.

create or replace function private.circle_shape(p_element jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_element) is distinct from 'object' then
    return 'unrecognised';
  end if;
  return case
    when jsonb_typeof(p_element -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(p_element -> 'type') = 'string' and jsonb_typeof(p_element -> 'data') = 'object'
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

-- Lists of the APIs come as pages: {records: […]}.
create or replace function private.circle_elements(p_payload jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when jsonb_typeof(p_payload) = 'array' then p_payload
    when jsonb_typeof(p_payload -> 'records') = 'array' then p_payload -> 'records'
    else jsonb_build_array(p_payload)
  end;
end;
$$;
comment on function private.circle_elements is
  'The elements of a payload, which is one element, an array, or a page {records}, as an array.';

create or replace function private.circle_replies_of(p_element jsonb, p_shape text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_replies constant jsonb := p_element -> case p_shape when 'envelope' then 'Replies' else 'replies' end;
  v_is_reply constant boolean := p_shape = 'comment'
    or p_shape = 'chat_message' and private.parse_id(p_element -> 'parent_message_id') is not null;
begin
  return case when v_is_reply then jsonb_build_array(p_element) else '[]' end
    || case jsonb_typeof(v_replies) when 'array' then v_replies else '[]' end;
end;
$$;
comment on function private.circle_replies_of is
  'The replies in an element of this shape: an array, often empty. A comment, and a chat message that '
  'answers another one, is a reply itself.';

create or replace function private.circle_element_size(p_element jsonb) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 1
    + case jsonb_typeof(p_element -> 'replies')
        when 'array' then jsonb_array_length(p_element -> 'replies') else 0 end
    + case jsonb_typeof(p_element -> 'Replies')
        when 'array' then jsonb_array_length(p_element -> 'Replies') else 0 end;
end;
$$;
comment on function private.circle_element_size is
  'What an element counts for in the limit of a payload: 1, and 1 for each of its replies.';

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
  raw_data jsonb
);
comment on type private.circle_snapshot is
  'A message or reply as one payload has it. Null: the payload does not contain it.';

create or replace function private.name_of_sender(p_sender jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case jsonb_typeof(p_sender)
    when 'object' then p_sender ->> 'name' when 'array' then null else p_sender #>> '{}' end;
end;
$$;
comment on function private.name_of_sender is 'A sender''s name: of a text, or of an object that has one.';

-- The envelope's shapes differ in their keys: a single message has sender, body and attachments, the root of
-- a thread has parent_sender, parent_body and parent_attachments, and a reply's author stands under "replier
-- <n>". For a message outside a thread, n8n sends the message id as thread id. Records of chat name the id
-- `id`; the older flat threads have reply_id and sender_name.
create or replace function private.parse_chat_message(p_message jsonb) returns private.circle_snapshot
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  m record;
  v private.circle_snapshot;
begin
  if jsonb_typeof(p_message) <> 'object' then
    return v;
  end if;
  -- One pass over the keys, where `->` would search for each.
  select * into m from jsonb_to_record(p_message) as r (
    message_id jsonb, reply_id jsonb, id jsonb, chat_thread_id jsonb, reply_index text, parent_sender jsonb,
    sender jsonb, sender_name text, author_email text, parent_body jsonb, body jsonb, rich_text_body jsonb,
    message_url text, chat_room_uuid text, space_id jsonb, space_name text, parent_attachments jsonb,
    attachments jsonb, created_at text, sent_at text, parent_created_at text, edited_at text,
    replies_count text
  );
  v.message_id := private.parse_id(coalesce(m.message_id, m.reply_id, m.id));
  v.thread_id := nullif(private.parse_id(m.chat_thread_id), v.message_id);
  v.author_name := private.non_blank(coalesce(
    p_message ->> ('replier ' || m.reply_index),
    private.name_of_sender(coalesce(m.parent_sender, m.sender)), m.sender_name
  ));
  if v.author_name is null then
    select private.non_blank(k.value) into v.author_name
    from jsonb_each_text(p_message) as k where k.key ~ '^replier( \d+)?$' order by k.key limit 1;
  end if;
  v.author_email := private.non_blank(coalesce(m.author_email, m.sender ->> 'email'));
  v.body := coalesce(
    private.parse_text(m.parent_body), private.parse_text(m.body),
    private.parse_text(m.rich_text_body -> 'circle_ios_fallback_text')
  );
  v.link := private.non_blank(m.message_url);
  v.chat_room_uuid := private.non_blank(m.chat_room_uuid);
  v.space_id := private.parse_id(m.space_id);
  v.space_name := private.non_blank(m.space_name);
  v.attachments := coalesce(m.parent_attachments, m.attachments, m.rich_text_body -> 'attachments');
  if jsonb_typeof(v.attachments) <> 'array' then
    v.attachments := null;
  end if;
  v.posted_at := private.parse_time(coalesce(m.created_at, m.sent_at, m.parent_created_at));
  v.edited_at := private.parse_time(m.edited_at);
  v.reply_index := private.parse_integer(m.reply_index);
  v.is_thread := coalesce(private.parse_integer(m.replies_count) > 0, false);
  v.raw_data := p_message;
  return v;
end;
$$;
comment on function private.parse_chat_message is
  'The fields of a chat message or reply, of an envelope or of an API record.';

-- Chat messages, posts and comments have ids of their own in Circle, so posts and comments carry a prefix.
create or replace function private.parse_post_or_comment(p_record jsonb, p_prefix text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_author constant jsonb := coalesce(p_record -> 'author', p_record -> 'user');
  v_html constant text := coalesce(
    p_record #>> '{body,body}', p_record #>> '{body,html}', private.parse_text(p_record -> 'body')
  );
begin
  v.message_id := p_prefix || private.parse_id(p_record -> 'id');
  v.title := case when p_prefix = 'post_' then
    coalesce(private.parse_text(p_record -> 'name'), private.parse_text(p_record -> 'display_title'))
  end;
  v.body := coalesce(
    private.parse_text(p_record -> 'body_plain_text'), private.parse_text(p_record -> 'body_text'),
    private.parse_text(p_record #> '{tiptap_body,circle_ios_fallback_text}'),
    private.non_blank(private.text_of_html(v_html))
  );
  v.author_name := private.non_blank(coalesce(v_author ->> 'name', p_record ->> 'user_name'));
  v.author_email := private.non_blank(coalesce(v_author ->> 'email', p_record ->> 'user_email'));
  v.link := private.non_blank(p_record ->> 'url');
  v.attachments := case
    when jsonb_typeof(p_record #> '{tiptap_body,attachments}') = 'array'
      then p_record #> '{tiptap_body,attachments}'
    when jsonb_typeof(p_record #> '{body,attachments}') = 'array' then p_record #> '{body,attachments}'
  end;
  v.space_id := coalesce(
    private.parse_id(p_record -> 'space_id'), private.parse_id(p_record #> '{space,id}')
  );
  v.space_name := private.non_blank(coalesce(p_record ->> 'space_name', p_record #>> '{space,name}'));
  v.posted_at := private.parse_time(coalesce(p_record ->> 'published_at', p_record ->> 'created_at'));
  v.edited_at := private.parse_time(coalesce(p_record #>> '{body,updated_at}', p_record ->> 'updated_at'));
  v.raw_data := p_record;
  return v;
end;
$$;
comment on function private.parse_post_or_comment is
  'The fields of a post or comment, of the Admin or the Headless API.';

-- 20_tracker/40_import/40_circle_items.sql
-- A payload parsed once: each of its elements with the message at its root and its replies. Locks, imports
-- and errors all derive from this.

create type private.circle_item as (
  index integer,
  shape text,
  root private.circle_snapshot,
  replies private.circle_snapshot[],
  error_code text,
  error_detail text,
  is_last boolean
);
comment on type private.circle_item is
  'One element of a payload: its index from 0, its shape, the message at its root, its replies in the order '
  'of their ids, why it cannot be imported, and whether it is the last one about its message.';

-- A reply by itself says little about the message that it answers: enough for a row that is filled in later.
create or replace function private.parse_circle_root(
  p_element jsonb, p_shape text, p_has_replies boolean
) returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_details constant jsonb := coalesce(p_element -> 'Issue_Details', p_element #> '{message,content}');
  v_is_issue constant boolean := private.parse_boolean(v_details ->> 'is_issue');
  v_confidence constant double precision := coalesce(private.parse_share(v_details ->> 'confidence'), 1);
begin
  case p_shape
    when 'envelope' then
      v := private.parse_chat_message(p_element -> 'Parent_Message');
    when 'chat_thread' then
      v := private.parse_chat_message(p_element -> 'parent_message');
      v.thread_id := coalesce(v.thread_id, private.parse_id(p_element -> 'id'));
      v.space_id := coalesce(v.space_id, private.parse_id(p_element #> '{chat_room,embedded_space,id}'));
    when 'flat_thread' then
      v := private.parse_chat_message(p_element - array['id', 'message_id', 'created_at', 'edited_at']);
      v.message_id := private.parse_id(p_element -> 'parent_message_id');
      v.edited_at := private.parse_time(p_element ->> 'parent_edited_at');
    when 'message_content' then
      v := private.parse_chat_message(p_element || (p_element #> '{message,content}'));
    when 'post' then
      v := private.parse_post_or_comment(p_element, 'post_');
    when 'comment' then
      v.message_id := 'post_'
        || coalesce(private.parse_id(p_element -> 'post_id'), private.parse_id(p_element #> '{post,id}'));
      v.is_thread := true;
      return v;
    else
      v.message_id := private.parse_id(p_element -> 'parent_message_id');
      if v.message_id is not null then
        v.thread_id := nullif(private.parse_id(p_element -> 'chat_thread_id'), v.message_id);
        v.chat_room_uuid := private.non_blank(p_element ->> 'chat_room_uuid');
        v.is_thread := true;
        return v;
      end if;
      v := private.parse_chat_message(p_element);
  end case;
  v.thread_id := nullif(v.thread_id, v.message_id);
  v.is_thread := coalesce(v.is_thread, false) or p_shape in ('chat_thread', 'flat_thread')
    or coalesce(lower(p_element ->> 'Type') = 'thread', false)
    or p_has_replies;
  v.title := coalesce(private.non_blank(private.parse_text(v_details -> 'issue_title')), v.title);
  v.segment := private.segment_of_type(v_details ->> 'type');
  v.sender_verdict := case when v_is_issue then v_confidence when not v_is_issue then 1 - v_confidence end;
  v.raw_data := p_element;
  return v;
end;
$$;
comment on function private.parse_circle_root is
  'What an element of this shape says about the message at its root, the sender''s verdict included.';

create or replace function private.parse_circle_replies(p_replies jsonb, p_shape text)
returns private.circle_snapshot[]
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_replies = '[]' then
    return '{}'::private.circle_snapshot[];
  elsif p_shape in ('comment', 'post') then
    return array(
      select r
      from jsonb_array_elements(p_replies) as e (value)
      cross join lateral private.parse_post_or_comment(e.value, 'comment_') as r
      order by r.message_id collate "C"
    );
  end if;
  return array(
    select r
    from jsonb_array_elements(p_replies) as e (value)
    cross join lateral private.parse_chat_message(e.value) as r
    order by r.message_id collate "C"
  );
end;
$$;
comment on function private.parse_circle_replies is
  'The replies of an element of this shape, in the order of their ids, which is the order of locks.';

create or replace function private.is_circle_id(p_message_id text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(length(p_message_id) <= 255, false);
end;
$$;
comment on function private.is_circle_id is 'Whether a parsed id can be that of a message or reply.';

create or replace function private.parse_circle_item(p_element jsonb, p_index integer)
returns private.circle_item
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_item;
  v_replies jsonb;
  v_reply private.circle_snapshot;
begin
  v.index := p_index;
  v.shape := private.circle_shape(p_element);
  v.replies := '{}'::private.circle_snapshot[];
  v.is_last := true;
  if v.shape in ('hint', 'unrecognised') then
    return v;
  end if;
  v_replies := private.circle_replies_of(p_element, v.shape);
  v.root := private.parse_circle_root(p_element, v.shape, v_replies <> '[]');
  v.replies := private.parse_circle_replies(v_replies, v.shape);
  if v.shape = 'envelope' and jsonb_typeof(p_element -> 'Replies') not in ('array', 'null') then
    v.error_code := 'tracker_replies_invalid';
  elsif not private.is_circle_id((v.root).message_id) then
    v.error_code := 'tracker_message_id_invalid';
  else
    foreach v_reply in array v.replies loop
      if not private.is_circle_id(v_reply.message_id) then
        v.error_code := 'tracker_reply_id_invalid';
      end if;
    end loop;
  end if;
  return v;
end;
$$;
comment on function private.parse_circle_item is
  'One element of a payload. It raises nothing: what is wrong with it stands in error_code.';

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
  v_elements constant jsonb := private.circle_elements(p_payload);
  v_count constant integer := jsonb_array_length(v_elements);
  v_taken integer;
  v_items private.circle_item[];
  v_rest private.circle_item;
begin
  if v_count = 1 and private.circle_element_size(v_elements -> 0) < 100 then
    return array[private.parse_circle_item(v_elements -> 0, 0)];
  end if;
  v_taken := private.count_circle_items(v_elements);
  v_items := array(
    select row(
      p.index, p.shape, p.root, p.replies, p.error_code, p.error_detail,
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
  case p_item.error_code
    when 'tracker_replies_invalid' then
      raise exception using
        errcode = 'PT422', message = 'tracker_replies_invalid', detail = 'Replies has to be an array.',
        hint = 'Send [] for a message without replies.';
    when 'tracker_reply_id_invalid' then
      raise exception using
        errcode = 'PT422', message = 'tracker_reply_id_invalid',
        detail = 'Each reply needs an id, a number or text of 1 to 255 characters.',
        hint = 'Send the id that Circle gave the reply.';
    when 'tracker_items_limit_reached' then
      raise exception using
        errcode = 'PT422', message = 'tracker_items_limit_reached', detail = p_item.error_detail,
        hint = 'Send fewer messages at a time.';
    else
      raise exception using
        errcode = 'PT422', message = 'tracker_message_id_invalid',
        detail = 'A message needs an id, a number or text of 1 to 255 characters.',
        hint = 'Send the id that Circle gave the message.';
  end case;
end;
$$;
comment on function private.raise_circle_item_error is
  'Raises why an element cannot be imported. Errors: tracker_message_id_invalid, tracker_reply_id_invalid, '
  'tracker_replies_invalid, tracker_items_limit_reached (422).';

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
  p_verdict double precision, p_title text, p_body text
) returns private.circle_triage
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant double precision := (select s.triage_threshold from public.tracker_settings as s);
  v private.circle_triage;
begin
  v.likelihood := coalesce(p_verdict, private.issue_likelihood(p_title, p_body));
  v.is_sure := v.likelihood >= v_threshold;
  v.is_triaged := v.is_sure or coalesce(p_verdict + v_threshold <= 1, false);
  v.confidence := case when v.is_triaged and not v.is_sure then 1 - v.likelihood else v.likelihood end;
  return v;
end;
$$;
comment on function private.triage_circle_message is
  'Whether a message is an issue: by its sender''s verdict, else by its words. The threshold is '
  'tracker_settings.triage_threshold.';

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

-- The time zone is fixed, so that times compare as text in the same way in every session.
create or replace function private.merge_circle_fields(
  p_stored jsonb, p_versions jsonb, p_snapshot jsonb, out o_values jsonb, out o_versions jsonb
)
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' as $$
declare
  v_stored_version constant numeric := private.circle_version(
    (p_stored ->> 'edited_at')::timestamptz, (p_stored ->> 'posted_at')::timestamptz
  );
  v_snapshot_version constant numeric := private.circle_version(
    (p_snapshot ->> 'edited_at')::timestamptz, (p_snapshot ->> 'posted_at')::timestamptz
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
      select n.key, n.value, v_snapshot_version from jsonb_each(p_snapshot) as n
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
  'Merges a snapshot into a stored row, both as {field: value}. Returns the values, null where nobody has '
  'sent one, and what field_versions is to hold.';

-- 20_tracker/40_import/80_circle_messages.sql
-- The row of a message: inserted by its first snapshot, merged with each further one.

create or replace function private.merge_circle_message(
  p_message public.circle_issues, p_root private.circle_snapshot
) returns public.circle_issues
language plpgsql stable security definer set search_path = '' as $$
declare
  v_merged record;
  v public.circle_issues;
begin
  v_merged := private.merge_circle_fields(
    to_jsonb(p_message), p_message.field_versions,
    to_jsonb(p_root) - array['message_id', 'reply_index', 'is_thread']
  );
  v := jsonb_populate_record(p_message, v_merged.o_values);
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
    edited_at, segment, sender_verdict, field_versions
  )
  values (
    p_root.message_id, p_root.thread_id, private.circle_title(p_root.title, p_root.body),
    coalesce(p_root.body, ''), coalesce(p_root.author_name, 'Unknown'), p_root.author_email,
    p_root.space_name, p_root.space_id, p_root.link, coalesce(p_root.is_thread, false),
    p_triage.is_triaged, p_triage.confidence,
    coalesce(p_root.raw_data, '{}'), p_issue_id, coalesce(p_root.attachments, '[]'), p_root.chat_room_uuid,
    p_root.posted_at, p_root.edited_at, p_root.segment, p_root.sender_verdict,
    '{}'::jsonb
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
comment on function private.has_been_imported is
  'Whether an issue was created of the message before.';

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
  o_message := v_stored;
  o_is_stale := private.circle_version(p_root.edited_at, p_root.posted_at)
    < private.circle_version(v_stored.edited_at, v_stored.posted_at);
  if v_stored.raw_data is distinct from p_root.raw_data then
    o_message := private.merge_circle_message(v_stored, p_root);
  end if;
  if v_stored.mapped_to_issue_id is not null then
    o_message.triage_confidence := case when p_triage.is_sure
      then greatest(v_stored.triage_confidence, p_triage.confidence) else v_stored.triage_confidence end;
  elsif v_stored.triaged_by is null and not private.has_been_imported(v_stored.id) then
    v_merged := private.triage_circle_message(o_message.sender_verdict, o_message.title, o_message.body);
    o_message.is_triaged := p_triage.is_sure or v_merged.is_triaged and not v_merged.is_sure;
    o_message.triage_confidence := case when p_triage.is_sure then p_triage.confidence
      else v_merged.confidence end;
  elsif not v_stored.is_triaged then
    -- Returned to triage by a person, who decides, with what is known by now.
    v_merged := private.triage_circle_message(o_message.sender_verdict, o_message.title, o_message.body);
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
    posted_at = o_message.posted_at, edited_at = o_message.edited_at, segment = o_message.segment,
    sender_verdict = o_message.sender_verdict, field_versions = o_message.field_versions
  where c.id = v_stored.id
  returning * into o_message;
end;
$$;
comment on function private.update_circle_message is
  'Merges a snapshot into the existing message and decides on it again, unless a person has decided or it '
  'has an issue. o_is_stale: the stored version is newer.';

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

create or replace function private.merge_circle_reply(
  p_message public.circle_issues, p_reply private.circle_snapshot
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_replies;
  v_parent public.circle_issues;
  v_merged record;
  v public.circle_replies;
begin
  select * into v_stored from public.circle_replies as r where r.message_id = p_reply.message_id for update;
  if v_stored.circle_issue_id = p_message.id and v_stored.raw_data = p_reply.raw_data then
    return null;
  end if;
  select * into v_parent from public.circle_issues as c where c.id = v_stored.circle_issue_id;
  v_merged := private.merge_circle_fields(
    to_jsonb(v_stored) || jsonb_build_object('parent', v_parent.message_id), v_stored.field_versions,
    jsonb_build_object(
      'parent', p_message.message_id, 'author_name', p_reply.author_name, 'body', p_reply.body,
      'attachments', p_reply.attachments, 'link', p_reply.link, 'reply_index', p_reply.reply_index,
      'posted_at', p_reply.posted_at, 'edited_at', p_reply.edited_at, 'raw_data', p_reply.raw_data
    )
  );
  v := jsonb_populate_record(v_stored, v_merged.o_values);
  update public.circle_replies as r set
    circle_issue_id = case v_merged.o_values ->> 'parent'
      when p_message.message_id then p_message.id else v_stored.circle_issue_id end,
    reply_index = v.reply_index, author_name = coalesce(v.author_name, 'Unknown'),
    body = coalesce(v.body, ''), attachments = coalesce(v.attachments, '[]'), link = v.link,
    raw_data = coalesce(v.raw_data, '{}'), posted_at = v.posted_at, edited_at = v.edited_at,
    field_versions = v_merged.o_versions
  where r.id = v_stored.id;
  return nullif(v_parent.id, p_message.id);
end;
$$;
comment on function private.merge_circle_reply is
  'Merges a snapshot of a reply into its row. Returns the other message that had the reply before, whose '
  'issue has to be updated; null where the same message had it.';

create or replace function private.store_circle_replies(
  p_message public.circle_issues, p_replies private.circle_snapshot[], out o_others uuid[]
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.circle_snapshot;
begin
  o_others := '{}';
  foreach v in array p_replies loop
    insert into public.circle_replies (
      message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
      edited_at, created_at, field_versions
    )
    values (
      v.message_id, p_message.id, v.reply_index, coalesce(v.author_name, 'Unknown'), coalesce(v.body, ''),
      coalesce(v.attachments, '[]'), v.link, v.raw_data, v.posted_at, v.edited_at,
      coalesce(v.posted_at, now()),
      '{}'::jsonb
        || case when v.body is null then '{"body": null}' else '{}' end::jsonb
        || case when v.author_name is null then '{"author_name": null}' else '{}' end::jsonb
        || case when v.attachments is null then '{"attachments": null}' else '{}' end::jsonb
    )
    on conflict on constraint circle_replies_message_id_key do nothing;
    if not found then
      o_others := array_remove(o_others || private.merge_circle_reply(p_message, v), null);
    end if;
  end loop;
end;
$$;
comment on function private.store_circle_replies is
  'Inserts or merges the replies of an item, which are in the order of their ids. Returns the other messages '
  'that had one of them before.';

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
      '> **' || regexp_replace(r.author_name, '\s+', ' ', 'g') || '**: ' || private.quoted_lines(
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
  'A message as Markdown: body, quoted replies, attachments, footer.';

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
  'A message as Markdown: body, quoted replies in order, attachments, and with a link a footer of message '
  'id, time (UTC) and link. Null when the message does not exist. Team. Errors: sign_in_required '
  '(401), team_role_required (403).';
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
begin
  if p_item.error_code is not null then
    perform private.raise_circle_item_error(p_item);
  end if;
  perform set_config('app.import', 'on', true);
  v_stored := private.store_circle_message(
    v_root, private.triage_circle_message(v_root.sender_verdict, v_root.title, v_root.body)
  );
  v_message := v_stored.o_message;
  if cardinality(p_item.replies) > 0 then
    perform private.refresh_other_messages(private.store_circle_replies(v_message, p_item.replies));
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
    'title', v_message.title, 'segment', v_segment, 'replies_processed', cardinality(p_item.replies),
    'issue_id', v_message.mapped_to_issue_id, 'action', v_stored.o_action,
    'is_stale', v_stored.o_is_stale, 'is_triaged', v_message.is_triaged,
    'triage_confidence', v_message.triage_confidence
  );
end;
$$;
comment on function private.import_circle_item is
  'Imports one item of a payload. Errors: tracker_message_id_invalid, tracker_reply_id_invalid, '
  'tracker_replies_invalid, tracker_items_limit_reached (422).';

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
  when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded
    or statement_too_complex then
    get stacked diagnostics
      v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    o_error := jsonb_build_object(
      'index', p_item.index, 'message_id', left((p_item.root).message_id, 255),
      'code', case v_state when 'PT422' then v_message else 'tracker_message_invalid' end,
      'message', case v_state when 'PT422' then v_detail else v_message end
    );
    if p_item.is_last and (p_item.root).message_id is not null then
      perform private.refresh_after_rejection((p_item.root).message_id);
    end if;
end;
$$;
comment on function private.try_circle_item is
  'Imports one item of a payload, or returns why it is rejected, with nothing of it written: {index, '
  'message_id, code, message}.';

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
  if jsonb_typeof(p_payload) = 'object' and not p_payload ? 'records' then
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
  'created|updated|stored, is_stale: the stored version is newer, is_triaged, triage_confidence}; an array '
  'or a page {records} all or nothing, with an array of these. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_payload_invalid, tracker_message_id_invalid, '
  'tracker_reply_id_invalid, tracker_replies_invalid, tracker_items_limit_reached (422).';
grant execute on function public.process_circle_webhook to authenticated, service_role;

-- 20_tracker/40_import/92_handle_circle_webhook.sql
-- The entry for whatever a webhook was sent: what can be imported is, and the rest is reported.

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
  v_item private.circle_item;
  v_import record;
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
  return jsonb_build_object(
    'processed', jsonb_array_length(v_import.o_imported), 'hints', v_hint_count,
    'unrecognised', v_unrecognised_count, 'imported', v_import.o_imported, 'errors', v_import.o_errors
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
  'Imports what a webhook was sent, one object or an array: {processed, imported[], errors[], hints, '
  'unrecognised}. A message that can''t be imported is listed in errors as {index, message_id, code, '
  'message} and stops no other. Codes: tracker_message_id_invalid, tracker_reply_id_invalid, '
  'tracker_replies_invalid, tracker_message_invalid, tracker_items_limit_reached, which counts the elements '
  'after the first 20000 messages and replies. Agents and servers. Errors: sign_in_required (401), '
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
  v_message_id constant text := nullif(btrim(p_message_id), '');
  v_title constant text := nullif(btrim(p_title), '');
  v_body constant text := case when p_body ~ '\S' then p_body end;
  v_author_name constant text := nullif(btrim(p_author_name), '');
  v_id uuid;
begin
  perform private.require_team_role('agent');
  if v_message_id is null or length(v_message_id) > 255 then
    raise exception using
      errcode = 'PT422', message = 'tracker_message_id_invalid',
      detail = 'A message needs an id of 1 to 255 characters.', hint = 'Send the id that Circle gave it.';
  end if;
  insert into public.circle_issues as c (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    raw_data
  )
  values (
    v_message_id, nullif(btrim(p_thread_id), ''), private.circle_title(v_title, v_body), coalesce(v_body, ''),
    coalesce(v_author_name, 'Unknown'), nullif(btrim(p_author_email), ''), nullif(btrim(p_space_name), ''),
    nullif(btrim(p_space_id), ''), nullif(btrim(p_link), ''), coalesce(p_is_thread, false),
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
  'Stores or completes the message with this id and returns its row''s id; null or blank keeps the '
  'current value. Agents and servers. Errors: sign_in_required (401), team_role_required '
  '(403), tracker_message_id_invalid (422).';
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
comment on function private.process_circle_payload is 'Imports the payload of an event from Circle.';

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
  'The messages that were rejected: an array of {index, message_id, code, message}.';
comment on column public.failed_circle_events.next_attempt_at is
  'When it is tried again; null when it isn''t: replay_circle_events() does.';
grant select on public.failed_circle_events to authenticated, service_role;

-- 20_tracker/44_decisions/10_circle_triage_queue.sql
-- The messages that wait for a person's decision.

create view public.circle_triage_queue with (security_invoker = true) as
select
  c.id, c.message_id, c.title, c.body, c.author_name, c.author_email, c.space_id, c.space_name, c.link,
  c.is_thread, c.triage_confidence, c.sender_verdict, c.segment, c.triage_notes, c.posted_at, c.created_at
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
    triage_confidence = (private.triage_circle_message(c.sender_verdict, c.title, c.body)).likelihood,
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
where d.current_value <> d.imported_value;
comment on view public.issue_import_differences is
  'Where an issue differs from its message, because a team member changed it: the current value, and next to '
  'it the value that the last import would have written. Once the imported value is written into the issue, '
  'later imports update it again.';
comment on column public.issue_import_differences.field is 'title, description, segment or submitted_by.';
grant select on public.issue_import_differences to authenticated, service_role;

-- 20_tracker/50_search/10_issue_vectors.sql
-- What full-text search stores of an issue: its words, weighted by where they occur.
--
-- No text may be too long to be written, and a tsvector is limited to 1 MB. The vector of a text takes less
-- than four times the text's bytes, so at most 150,000 bytes of an issue are indexed: the beginnings of
-- title, tags and description, and the newest comments.

create or replace function private.search_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return to_tsvector('pg_catalog.english', private.split_words(private.left_bytes(p_text, p_max_bytes)));
end;
$$;
comment on function private.search_vector is 'The words of the first p_max_bytes bytes of a text.';

create or replace function private.issue_vector(p_title tsvector, p_tags text[], p_description text)
returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(p_title, 'A')
    || setweight(private.search_vector(array_to_string(p_tags, ' '), 10000), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector is
  'The words of title (already a vector), tags and description, weighted A to C; without comments.';

create or replace function private.comments_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select private.search_vector(string_agg(v.body, e'\n'), 50000)
    from (
      select b.body, sum(octet_length(b.body)) over (order by c.created_at desc, c.id desc) as running_bytes
      from public.comments as c
      cross join lateral (select left(c.body, 10000) as body) as b
      where c.issue_id = p_issue_id
    ) as v
    where v.running_bytes <= 50000
  );
end;
$$;
comment on function private.comments_vector is
  'The words of an issue''s newest comments, weight D; null without comments.';

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
-- order: those two are serialized (share_issue_deletes_lock).

create table private.issue_search (
  issue_id uuid not null,
  vector tsvector not null,
  vector_bytes integer not null,
  question_key text,
  created_at timestamptz not null,
  last_commenter text,
  last_comment_at timestamptz not null,
  constraint issue_search_pkey primary key (issue_id),
  constraint issue_search_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade
);
comment on table private.issue_search is
  'The words of an issue: title with weight A, tags B, description C, comments D. Read by search_issues, '
  'similar_issues and the views issue_activity_log and repeated_questions.';
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

create index issue_search_vector_idx on private.issue_search using gin (vector);
create index issue_search_created_at_idx on private.issue_search (created_at);
create index issue_search_last_comment_at_idx on private.issue_search (last_comment_at desc, issue_id);
create index issue_search_question_key_idx on private.issue_search (question_key, issue_id);

-- Another after-insert trigger may have changed the issue already; the row that it led to is newer.
create or replace function private.index_new_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant tsvector := private.search_vector(new.title, 20000);
  v_vector constant tsvector := private.issue_vector(v_title, new.tags, new.description);
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
  -- Read again: an earlier trigger may have changed the issue since the calling trigger was queued.
  select i.title, i.tags, i.description, i.created_at into v_issue
  from public.issues as i
  where i.id = p_issue_id;
  if not found then
    return;
  end if;
  v_title := private.search_vector(v_issue.title, 20000);
  v_vector := private.issue_vector(v_title, v_issue.tags, v_issue.description)
    || coalesce(private.comments_vector(p_issue_id), '');
  select c.author_name, c.created_at into v_last
  from public.comments as c
  where c.issue_id = p_issue_id
  order by c.created_at desc, c.id desc
  limit 1;
  insert into private.issue_search as s (
    issue_id, vector, vector_bytes, question_key, created_at, last_commenter, last_comment_at
  )
  values (
    p_issue_id, v_vector, pg_column_size(v_vector), private.question_key(v_title), v_issue.created_at,
    v_last.author_name, coalesce(v_last.created_at, v_issue.created_at)
  )
  on conflict on constraint issue_search_pkey do update set
    vector = excluded.vector, vector_bytes = excluded.vector_bytes, question_key = excluded.question_key,
    last_commenter = excluded.last_commenter, last_comment_at = excluded.last_comment_at;
end;
$$;
comment on function private.index_issue is
  'Rebuilds the row of an issue in issue_search. The caller holds the lock of the issue.';

create or replace function private.index_changed_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_issue(new.id);
  return null;
end;
$$;
comment on function private.index_changed_issue is
  'After-update trigger of issues whose title, description or tags changed.';

create trigger _300_index_new_issue after insert on public.issues
  for each row execute function private.index_new_issue();
create trigger _310_index_changed_issue after update on public.issues
  for each row when (
    old.title is distinct from new.title or old.description is distinct from new.description
    or old.tags is distinct from new.tags
  )
  execute function private.index_changed_issue();

-- For the security_invoker views issue_activity_log and repeated_questions: their caller needs SELECT on the
-- table, but no USAGE on the schema. Without USAGE, clients can't query the table in any other way.
alter table private.issue_search enable row level security;
create policy issue_search_select_viewer on private.issue_search
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.issue_search to authenticated, service_role;

-- 20_tracker/50_search/30_comment_search.sql
-- Updates issue_search when comments change, once per statement: the words, and who commented last.

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
      private.search_vector(string_agg(v.body, e'\n') filter (where v.running_bytes <= 20000), 20000)
    end as vector
    from (
      select n.issue_id, n.body,
        sum(octet_length(n.body) + 1) over (partition by n.issue_id order by n.id) as running_bytes
      from new_comments as n
    ) as v
    group by v.issue_id
  loop
    update private.issue_search as s
    set vector = s.vector || v_added.vector,
      vector_bytes = s.vector_bytes + pg_column_size(v_added.vector),
      last_commenter = l.author_name, last_comment_at = l.created_at
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
  return null;
end;
$$;
comment on function private.index_deleted_comments is 'After-delete-statement trigger of comments.';

create or replace function private.clear_comment_search() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.issue_search as s
  set vector = ts_filter(s.vector, '{a,b,c}'), last_commenter = null, last_comment_at = s.created_at
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
  not_seq_id integer
);
comment on type private.issue_filter is
  'The filters of a search. Null does not filter; tags are sorted; created_to is exclusive.';

-- One statement for every kind of search, planned for each call, so that filters that are null cost nothing.
-- The planner overestimates words without statistics and would read all issues, newest first, until enough
-- match. Unless p_reads_newest asks for that, `+ interval '0'` keeps it from using the index on created_at.
create or replace function private.find_issues(
  p_words tsquery, p_title text, p_filter private.issue_filter, p_reads_newest boolean, p_limit integer,
  p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with matching as (
    select i.id, t.created_at,
      -- 1: divided by 1 + the logarithm of the length
      case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end::real
        as rank
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
      and (p_filter.tags is null or i.tags @> p_filter.tags and i.id in (
        select g.issue_id from public.issue_tags as g where g.tag_name = p_filter.tags[1]
      ))
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.created_to is null or t.created_at < p_filter.created_to)
      and (p_filter.include_tests or not i.is_test)
      and (p_filter.seq_id is null or i.seq_id = p_filter.seq_id)
      and (p_filter.not_seq_id is null or i.seq_id <> p_filter.not_seq_id)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over () from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_issues is
  'One page of the issues that match words, title pattern and filters, best first, with the number of '
  'matches, counted up to 2,000. A null argument does not filter.';

-- Ranking 100,000 issues takes a second. So if at least one in fifty of the newest 2,000 issues matches, the
-- newest 100,000 are read until 2,000 match. If fewer do, and for rarer words, the GIN index finds all.
create or replace function private.find_issues_by_words(
  p_words tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 40
    from (select s.vector from private.issue_search as s order by s.created_at desc limit 2000) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := greatest(p_filter.created_from, (
      select s.created_at from private.issue_search as s order by s.created_at desc offset 100000 limit 1
    ));
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_issues(p_words, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000) then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_issues(
      p_words, null, p_filter, false, p_limit, p_offset
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
  v_pattern constant text := '%' || regexp_replace(left(p_typed, 200), '([\\%_])', '\\\1', 'g') || '%';
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := greatest(p_filter.created_from, (
      select i.created_at from public.issues as i order by i.created_at desc offset 20000 limit 1
    ));
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues(null, v_pattern, p_filter, v_reads_newest, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_issues_by_title is
  'One page of the issues whose title contains the typed text, newest first; of the newest 20,000 issues '
  'only, if the text has no three letters in a row.';

-- The issue with the typed number is the first result of the first page, and appears nowhere else.
create or replace function private.find_typed_issues(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.websearch_query(p_typed, false);
  v_numbered uuid;
begin
  p_filter.seq_id := substring(p_typed from '^#?(\d{1,9})$')::integer;
  if p_filter.seq_id is not null then
    select f.issue_id into v_numbered from private.find_issues(null, null, p_filter, false, 1, 0) as f;
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
    from private.find_issues(null, null, p_filter, true, p_limit, p_offset) as f;
    return;
  end if;
  if v_words is not null then
    return query
    select f.issue_id, f.rank from private.find_issues_by_words(v_words, p_filter, p_limit, p_offset) as f;
    if found or v_numbered is not null or p_offset > 0 and exists (
      select from private.find_issues_by_words(v_words, p_filter, 1, 0)
    ) then
      return;
    end if;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_by_title(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_issues is
  'One page of the issues that contain the typed words; if no issue does, or the text has no words, of those '
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
  if to_tsvector('pg_catalog.english', private.split_words(v_text)) @@ p_words is not true then
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
  v_typed constant text := private.non_blank(left(p_query, 1000));
  v_words constant tsquery := private.websearch_query(v_typed, false)
    || websearch_to_tsquery('pg_catalog.english', v_typed);
  v_filter private.issue_filter;
begin
  perform private.require_team_role('viewer');
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
  'Finds issues, archived ones too, by the words of title, tags, description and comments: all words, in any '
  'order; "words together"; -excluded; either or; the last word also as a prefix; #12 returns the issue with '
  'that number first. Where no issue contains the words, titles that contain the query as typed. A blank '
  'query lists the newest. status, segment: any of these; tags: all of these; mine: assigned to the caller; '
  'created_to is exclusive; max_results is at most 100. Best first, equals newest first; of more than 2,000 '
  'matches, the newest 2,000 are ranked. snippet is text as people sent it, with **marks**. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403).';
grant execute on function public.search_issues to authenticated, service_role;

-- 20_tracker/50_search/60_distinctive_words.sql
-- The words of a text that distinguish it most from other issues.

-- The frequency of a word comes from the statistics that ANALYZE collects about the vectors: the share of
-- rows for each of the thousand most common words; any other word is rare. A word in more than 2% of the
-- issues is little evidence, and with a million issues finds more than 20,000, each to be fetched and ranked:
-- such a word is not searched for if there are two rarer ones. Four words are enough to search for, and
-- sixteen to rank by.
create or replace function private.distinctive_words(p_title tsvector, p_description tsvector)
returns table (word text, is_searched boolean, is_common boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with known as (
    select u.word, bool_or(u.is_in_title) as is_in_title, coalesce(max(c.share), 0) as share
    from (
      select t.lexeme, true from unnest(p_title) as t
      union all
      select d.lexeme, false from unnest(p_description) as d
    ) as u (word, is_in_title)
    left join (
      select e.word, e.share
      from pg_catalog.pg_stats as s
      cross join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs)
        as e (word, share)
      where s.schemaname = 'private' and s.tablename = 'issue_search' and s.attname = 'vector'
    ) as c on c.word = u.word
    group by u.word
  )
  select p.word, p.number <= 4 and (p.share <= 0.02 or p.number <= 2), p.share > 0.02
  from (
    select k.word, k.share,
      row_number() over (order by k.share > 0.02, not k.is_in_title, k.share, k.word) as number
    from known as k
  ) as p
  where p.number <= 16
  order by p.number;
end;
$$;
comment on function private.distinctive_words is
  'Up to 16 words of a title and a description, and whether to search for them: rare ones before common '
  'ones, then those of the title, then the rarest first.';

create or replace function private.words_in_common(p_words text[], p_count integer) returns tsquery
language sql immutable security invoker set search_path = '' as $$
  with recursive word as (
    select u.word, u.number from unnest(p_words) with ordinality as u (word, number)
  ),
  choice as (
    select quote_literal(w.word) as words, w.number, 1 as word_count from word as w
    union all
    select c.words || ' & ' || quote_literal(w.word), w.number, c.word_count + 1
    from choice as c
    join word as w on w.number > c.number
    where c.word_count < p_count
  )
  select string_agg(c.words, ' | ')::tsquery from choice as c where c.word_count = p_count
$$;
comment on function private.words_in_common is
  'A query for issues with at least p_count of the words; null if there are fewer words.';

-- 20_tracker/50_search/70_similar_issues.sql
-- Finds existing issues that resemble one that is being written.

-- Trigram similarity only ranks: searching by it reads most of a million titles, which takes seconds.
create or replace function private.rank_similar_issues(
  p_candidates tsquery, p_words tsquery, p_title text, p_not_ids uuid[], p_created_from timestamptz,
  p_limit integer
) returns table (issue_id uuid, similarity real)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with candidate as (
    select i.id, s.created_at, ts_rank(s.vector, p_words, 1) as word_rank,
      coalesce(extensions.similarity(i.title, p_title), 0) as title_similarity
    from private.issue_search as s
    join public.issues as i on i.id = s.issue_id
    where s.vector @@ p_candidates and not i.is_test and s.issue_id <> all (p_not_ids)
      and (p_created_from is null or s.created_at >= p_created_from)
    -- `+ interval '0'`: see find_issues.
    order by s.created_at + interval '0' desc
    limit 500
  ),
  scored as (
    select c.id, c.created_at, c.title_similarity,
      -- Reciprocal rank fusion: the two ranks need no common scale.
      1.0 / (60 + rank() over (order by c.word_rank desc))
        + 1.0 / (60 + rank() over (order by c.title_similarity desc)) as score
    from candidate as c
  )
  select s.id, s.title_similarity from scored as s
  order by s.score desc, s.created_at desc, s.id
  limit p_limit;
end;
$$;
comment on function private.rank_similar_issues is
  'Of the newest 500 candidates, those that match the words and the title best.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_title constant text := left(private.non_blank(p_title), 1000);
  v_limit constant integer := least(greatest(coalesce(p_limit, 5), 0), 50);
  v_words text[];
  v_searched text[];
  v_is_common boolean;
  v_created_from timestamptz;
  v_ids uuid[] := '{}'::uuid[];
  v_similarities real[] := '{}'::real[];
begin
  perform private.require_team_role('viewer');
  select array_agg(w.word), array_agg(w.word) filter (where w.is_searched), bool_and(w.is_common)
  into v_words, v_searched, v_is_common
  from private.distinctive_words(
    private.search_vector(v_title, 4000), private.search_vector(p_description, 4000)
  ) as w;
  -- Few issues share three words, and those resemble most; some hundreds share two, thousands one. One word
  -- is tried last, and if it is common, only in the newest 5,000 issues.
  for v_count in reverse 3 .. 1 loop
    exit when cardinality(v_ids) >= v_limit or v_count = 1 and v_ids <> '{}';
    if v_count = 1 and v_is_common then
      select s.created_at into v_created_from from private.issue_search as s
      order by s.created_at desc offset 5000 limit 1;
    end if;
    select v_ids || coalesce(array_agg(f.issue_id), '{}'),
      v_similarities || coalesce(array_agg(f.similarity), '{}')
    into v_ids, v_similarities
    from private.rank_similar_issues(
      private.words_in_common(case when v_count > 1 then v_searched else v_searched[:1] end, v_count),
      private.words_in_common(v_words, 1), v_title, v_ids, v_created_from,
      v_limit - cardinality(v_ids)
    ) as f;
  end loop;
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.created_at, f.similarity
  from unnest(v_ids, v_similarities) with ordinality as f (issue_id, similarity, number)
  join public.issues as i on i.id = f.issue_id
  order by f.number;
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
  'Issues that resemble one that is being written, best first: those that share the most of the rarest words '
  'of title and description, ranked by these words and by how similar the titles are. similarity is that of '
  'the titles, 0 to 1. No test issues; max_results is at most 50. Viewers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.similar_issues to authenticated, service_role;

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
with source as (
  -- One row per issue and space, however many messages of the issue come from that space.
  select distinct on (c.mapped_to_issue_id, coalesce(c.space_id, c.space_name))
    c.mapped_to_issue_id as issue_id, coalesce(c.space_id, c.space_name) as space_key, c.space_id,
    c.space_name
  from public.circle_issues as c
  where c.mapped_to_issue_id is not null
  order by c.mapped_to_issue_id, coalesce(c.space_id, c.space_name), c.created_at desc
)
select
  (array_agg(s.space_id order by i.created_at desc, i.id))[1] as space_id,
  (array_agg(s.space_name order by i.created_at desc, i.id))[1] as space_name,
  count(*) as issue_count,
  count(*) filter (where i.status in ('waiting_for_help', 'in_progress', 'blocked')) as open_count,
  count(i.resolved_at) as resolved_count,
  round(percentile_cont(0.5) within group (order by h.hours)::numeric, 2) as median_hours_to_resolve,
  round(percentile_cont(0.9) within group (order by h.hours)::numeric, 2) as p90_hours_to_resolve,
  max(i.created_at) as last_issue_at
from public.issues as i
left join source as s on s.issue_id = i.id
cross join lateral (
  select case when i.resolved_at is not null
    then greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
  end as hours
) as h
where not i.is_test
group by s.space_key;
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
  coalesce(i.assigned_to_user_id = (select auth.uid()), false) as is_mine,
  (select count(*) from public.comments as c where c.issue_id = i.id) as comment_count
from public.issues as i
where i.status in ('waiting_for_help', 'in_progress', 'blocked') and not i.is_test;
comment on view public.open_issues is
  'Issues that are waiting for help, in progress or blocked. No test issues. Pages ordered by created_at, '
  'ascending or descending, use an index.';
comment on column public.open_issues.age is 'Time since its creation.';
comment on column public.open_issues.age_bucket is
  'under 1 day, 1 to 3 days, 3 to 7 days, 7 to 30 days or over 30 days.';
comment on column public.open_issues.is_mine is 'Whether it is assigned to the caller''s account.';

grant select on public.open_issues to authenticated, service_role;

-- 20_tracker/60_views/40_issue_status_ages.sql
-- The number of open issues by status, segment and age.

create view public.issue_status_ages with (security_invoker = true) as
select
  i.status,
  i.segment,
  i.age_bucket,
  count(*) as issue_count,
  count(*) filter (where i.assigned_to is null) as unassigned_count,
  min(i.created_at) as oldest_created_at
from public.open_issues as i
group by i.status, i.segment, i.age_bucket;
comment on view public.issue_status_ages is
  'Counts over open_issues. Combinations without issues have no row.';

grant select on public.issue_status_ages to authenticated, service_role;

-- 20_tracker/60_views/50_issue_trends.sql
-- How many issues are opened and resolved each week, and how long the resolved ones took.

create view public.issue_trends with (security_invoker = true) as
-- Counted separately, so that only resolved issues are sorted for the percentiles.
with counted as (
  select date_trunc('week', i.created_at at time zone 'UTC')::date as week, i.segment,
    count(*) as opened_count, 0::bigint as resolved_count,
    null::double precision as median_hours, null::double precision as p90_hours
  from public.issues as i
  where not i.is_test
  group by 1, 2
  union all
  select r.week, r.segment, 0, count(*), percentile_cont(0.5) within group (order by r.hours),
    percentile_cont(0.9) within group (order by r.hours)
  from (
    select date_trunc('week', i.resolved_at at time zone 'UTC')::date as week, i.segment,
      greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0) as hours
    from public.issues as i
    where not i.is_test and i.resolved_at is not null
  ) as r
  group by 1, 2
)
select
  c.week,
  c.segment,
  sum(c.opened_count)::bigint as opened_count,
  sum(c.resolved_count)::bigint as resolved_count,
  round(max(c.median_hours)::numeric, 2) as median_hours,
  round(max(c.p90_hours)::numeric, 2) as p90_hours
from counted as c
group by c.week, c.segment;
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

create view public.repeated_questions with (security_invoker = true) as
with repeated as (
  select s.question_key from private.issue_search as s
  where s.question_key is not null
  group by s.question_key
  having count(*) > 1
)
select
  s.question_key,
  (array_agg(i.title order by i.created_at desc, i.id))[1] as example_title,
  count(*) as issue_count,
  count(distinct i.submitted_by) as people_count,
  count(i.resolved_at) as resolved_count,
  min(i.created_at) as first_at,
  max(i.created_at) as last_at,
  array_agg(i.id order by i.created_at desc, i.id) as issue_ids
from repeated as r
join private.issue_search as s on s.question_key = r.question_key
join public.issues as i on i.id = s.issue_id
where not i.is_test
group by s.question_key
having count(*) > 1;
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
