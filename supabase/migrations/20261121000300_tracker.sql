-- supabase/schemas/20_tracker, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 20_tracker/10_issues.sql
-- The issues themselves: what somebody asked for or reported, and how far it got.

create table public.issues (
  id uuid not null default gen_random_uuid(),
  seq_id integer not null default 0,
  title text not null,
  description text not null default '',
  status text not null default 'waiting_for_help',
  segment text not null,
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
  -- An archived issue keeps when and by whom it was resolved, if it was.
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
-- Numbers are given by a trigger, not by a default: a default would use up a number for each upsert of a row
-- that is there, and yield to whatever a client sends.
create sequence public.issues_seq_id_seq as integer owned by public.issues.seq_id;

comment on table public.issues is
  'Tracked issues. Null for a column that may not be null is as if it were left out. Errors on write: '
  'issue_status_unknown, issue_segment_unknown, assignee_not_in_team (422), team_role_required (403).';
comment on column public.issues.seq_id is
  'The number that people say: unique, counted up by the database. Only servers may bring one along.';
comment on column public.issues.status is
  'waiting_for_help, in_progress, blocked, resolved or archived. Any may follow any other; each change is '
  'logged.';
comment on column public.issues.segment is
  'auth, code, tool or misc. Sent as null or left out on insert: determine_segment() decides.';
comment on column public.issues.submitted_by is 'Display name of who asked, for example a community member.';
comment on column public.issues.submitted_by_user_id is
  'The account that filed the issue, set by the database; null when a server or an import did.';
comment on column public.issues.assigned_to is 'Display name of who works on it.';
comment on column public.issues.assigned_to_user_id is
  'The team member of that name. Setting one of the two sets the other, and where they disagree this one '
  'counts; null when no member has the name.';
comment on column public.issues.tags is
  'Sorted, without repeats. The same truth as issue_tags: write either.';
comment on column public.issues.resolved_by is
  'Display name of who resolved it: as sent with the change, else who made it. Cleared on reopening.';
comment on column public.issues.resolved_by_user_id is 'The account that resolved it, set by the database.';
comment on column public.issues.resolved_at is
  'When it was resolved, by the database''s clock. Cleared on reopening.';
comment on column public.issues.archived_at is 'When it was archived; set exactly while it is.';
comment on column public.issues.ready_for_delivery is
  'Whether the fix may go out; null when nobody has said.';
comment on column public.issues.is_test is
  'Test data, which cleanup_legacy_test_data() removes after a while. Agents may make an issue as such; only '
  'admins and servers turn one into it.';

create index issues_submitted_by_user_id_idx on public.issues (submitted_by_user_id);
create index issues_assigned_to_user_id_idx on public.issues (assigned_to_user_id);
create index issues_resolved_by_user_id_idx on public.issues (resolved_by_user_id);
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

-- 20_tracker/11_determine_segment.sql
-- Which of the four segments a text belongs to, by its words.

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql immutable security invoker set search_path = '' as $$
  -- Whole words; the first list that has one wins.
  select case
    when v.words ~ (
      '\y(auth|login|account|password|credential|sign\s+in|signin|oauth|jwt|token|refresh\s+token'
      || '|authentication|signup|sign\s+up)\y'
    ) then 'auth'
    when v.words ~ (
      '\y(code|error|bug|exception|null|undefined|runtime|syntax|function|variable|method|class|object'
      || '|property|api|endpoint|crash|timeout)\y'
    ) then 'code'
    when v.words ~ (
      '\y(tool|cursor|editor|environment|development|ide|extension|plugin|vs\s+code|vscode|taskmaster'
      || '|10xcoder|pipeline|integration|cli|command\s+line)\y'
    ) then 'tool'
    else 'misc'
  end
  from (
    select lower(concat_ws(' ', determine_segment.p_title, determine_segment.p_description)) as words
  ) as v
$$;
comment on function public.determine_segment(text, text) is
  'The segment of a text: auth, code or tool by the first whole word found, in this order, else misc. Never'
  ' null.';
grant execute on function public.determine_segment(text, text) to authenticated, service_role;

-- 20_tracker/12_issue_lifecycle.sql
-- What the database keeps about an issue whoever writes it: allowed values, resolution, people.

create or replace function private.sorted_tags(p_tags text[]) returns text[]
language sql immutable security invoker set search_path = '' as $$
  select coalesce(array_agg(distinct v.tag collate "C" order by v.tag collate "C"), '{}')
  from unnest(sorted_tags.p_tags) as t (tag)
  cross join lateral private.presence(t.tag) as v (tag)
  where v.tag is not null
$$;
comment on function private.sorted_tags(text[]) is 'Tags trimmed, sorted, each once, without blanks.';

-- PostgREST's upsert is `insert … on conflict (id) do update set <each column sent> = excluded.…`, and what
-- before-insert triggers make of a row is what `excluded` holds. So where the row is there already, they must
-- not fill in anything that would then be written over it: what was sent as null gets the value that is
-- there (null itself would fail as not-null before the conflict is seen). The row is locked as the update
-- will lock it, so that this value is still the one when the update comes.
create or replace function private.meet_stored_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.issues;
begin
  select * into v_old from public.issues as i where i.id = new.id for update;
  if found then
    new.seq_id := coalesce(nullif(new.seq_id, 0), v_old.seq_id);
    new.description := coalesce(new.description, v_old.description);
    new.segment := coalesce(new.segment, v_old.segment);
    new.tags := coalesce(new.tags, v_old.tags);
    new.submitted_by := coalesce(private.presence(new.submitted_by), v_old.submitted_by);
    new.resolved_by := coalesce(private.presence(new.resolved_by), v_old.resolved_by);
  elsif private.is_trusted_caller() and new.seq_id <> 0 then
    perform private.pass_issue_number(new.seq_id);
  else
    new.seq_id := nextval('public.issues_seq_id_seq')::integer;
  end if;
  return new;
end;
$$;
comment on function private.meet_stored_issue() is
  'Before-insert trigger, the first: a number for a new issue; for an upsert, nulls as they are stored.';

-- A sequence can't be locked against nextval, and setval may move it back behind a number that was given out
-- meanwhile. So it is moved by nextval, except over a distance that nobody else covers in that moment.
create or replace function private.pass_issue_number(p_number integer) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('public.issues.seq_id', 0));
  v_last := coalesce(pg_sequence_last_value('public.issues_seq_id_seq'), 0);
  if p_number - v_last > 1000 then
    v_last := setval('public.issues_seq_id_seq', p_number);
  end if;
  while v_last < p_number loop
    v_last := nextval('public.issues_seq_id_seq');
  end loop;
end;
$$;
comment on function private.pass_issue_number(integer) is
  'Moves the sequence of issue numbers to at least this number, so that it is not given out again.';

create or replace function private.check_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['waiting_for_help', 'in_progress', 'resolved', 'blocked', 'archived'];
  v_segments constant text[] := array['auth', 'code', 'tool', 'misc'];
begin
  new.description := coalesce(new.description, old.description, '');
  new.tags := private.sorted_tags(coalesce(new.tags, old.tags));
  new.segment := coalesce(
    new.segment, old.segment, public.determine_segment(new.title, new.description)
  );
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'issue_status_unknown', detail = format('%L is no status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  if new.segment <> all (v_segments) then
    raise exception using
      errcode = 'PT422', message = 'issue_segment_unknown', detail = format('%L is no segment.', new.segment),
      hint = 'Use one of: ' || array_to_string(v_segments, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_issue() is
  'Before trigger: allowed values, sorted tags, a segment; null is as if left out. Errors: '
  'issue_status_unknown, '
  'issue_segment_unknown (422).';

-- Clients send resolved_at, resolved_by and archived_at themselves; the status decides what becomes of them.
-- Only an operator's insert may bring the times of the past with it.
create or replace function private.keep_resolution() returns trigger
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
        then private.kept_account(old.resolved_by_user_id, new.resolved_by_user_id)
      when private.is_trusted_caller() then new.resolved_by_user_id
      else auth.uid()
    end;
    new.resolved_at := coalesce(
      old.resolved_at, case when v_imported then new.resolved_at end, clock_timestamp()
    );
    new.resolved_by := coalesce(private.presence(new.resolved_by), old.resolved_by, private.actor_name());
  else
    new.resolved_at := null;
    new.resolved_by := null;
    new.resolved_by_user_id := null;
  end if;
  return new;
end;
$$;
comment on function private.keep_resolution() is
  'Before trigger: resolved_at, resolved_by and archived_at follow the status, whatever the client sent.';

create or replace function private.keep_issue_people() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_assigned_to constant text := private.presence(new.assigned_to);
  v_text_changed constant boolean := v_assigned_to is distinct from old.assigned_to;
begin
  new.assigned_to := v_assigned_to;
  new.submitted_by := coalesce(private.presence(new.submitted_by), old.submitted_by, private.actor_name());
  if tg_op = 'UPDATE' then
    new.submitted_by_user_id := private.kept_account(old.submitted_by_user_id, new.submitted_by_user_id);
  elsif not private.is_trusted_caller() then
    new.submitted_by_user_id := auth.uid();
  end if;

  if new.assigned_to_user_id is distinct from old.assigned_to_user_id then
    if new.assigned_to_user_id is not null then
      -- Two that disagree: the account is the one that can't be mistyped.
      new.assigned_to := private.member_name(new.assigned_to_user_id);
      if new.assigned_to is null then
        raise exception using
          errcode = 'PT422', message = 'assignee_not_in_team',
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
comment on function private.keep_issue_people() is
  'Before trigger: who filed it is the database''s, assigned_to and its account agree. Errors: '
  'assignee_not_in_team (422).';

-- An issue that is test data is deleted some nights later, which is for admins to decide.
create or replace function private.guard_test_flag() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  return new;
end;
$$;
comment on function private.guard_test_flag() is
  'Before-update trigger of issues that become test data. Errors: team_role_required (403).';

create trigger _010_meet_stored_issue before insert on public.issues
  for each row execute function private.meet_stored_issue();
create trigger _050_refuse_key_change before update on public.issues
  for each row when (old.id is distinct from new.id or old.seq_id is distinct from new.seq_id)
  execute function private.refuse_key_change();
create trigger _100_check_issue before insert on public.issues
  for each row execute function private.check_issue();
create trigger _110_check_issue before update on public.issues
  for each row when (
    old.status is distinct from new.status or old.segment is distinct from new.segment
    or old.tags is distinct from new.tags or new.description is null
  )
  execute function private.check_issue();
create trigger _120_guard_test_flag before update on public.issues
  for each row when (new.is_test and not old.is_test) execute function private.guard_test_flag();
create trigger _200_keep_resolution before insert on public.issues
  for each row execute function private.keep_resolution();
create trigger _210_keep_resolution before update on public.issues
  for each row when (
    (old.status, old.resolved_at, old.resolved_by, old.resolved_by_user_id, old.archived_at)
    is distinct from (new.status, new.resolved_at, new.resolved_by, new.resolved_by_user_id, new.archived_at)
  )
  execute function private.keep_resolution();
create trigger _300_keep_issue_people before insert on public.issues
  for each row execute function private.keep_issue_people();
create trigger _310_keep_issue_people before update on public.issues
  for each row when (
    (old.submitted_by, old.submitted_by_user_id, old.assigned_to, old.assigned_to_user_id)
    is distinct from (new.submitted_by, new.submitted_by_user_id, new.assigned_to, new.assigned_to_user_id)
  )
  execute function private.keep_issue_people();
create trigger _900_keep_timestamps before insert or update on public.issues
  for each row execute function private.keep_timestamps();

-- 20_tracker/20_comments.sql
-- The conversation about an issue while it is worked on.

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
  'Comments on issues. Agents write; only its author or an admin changes or deletes a comment.';
comment on column public.comments.author_name is 'Display name of who wrote it; the caller''s when left out.';
comment on column public.comments.author_user_id is
  'The account that wrote it, set by the database; null when a server or an import did.';

-- The latest comment of an issue is the first entry of its range here.
create index comments_issue_id_created_at_id_idx on public.comments (issue_id, created_at desc, id desc);
create index comments_author_user_id_idx on public.comments (author_user_id);

create or replace function private.keep_comment_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_name text;
begin
  if tg_op = 'INSERT' then
    -- An upsert of a comment that is there: no name means the one that it has (see meet_stored_issue).
    select c.author_name into v_stored_name from public.comments as c where c.id = new.id for update;
  end if;
  new.author_name := coalesce(
    private.presence(new.author_name), old.author_name, v_stored_name, private.actor_name()
  );
  if tg_op = 'UPDATE' then
    if new.author_user_id is distinct from old.author_user_id then
      new.author_user_id := private.kept_account(old.author_user_id, new.author_user_id);
    end if;
  elsif not private.is_trusted_caller() then
    new.author_user_id := auth.uid();
  end if;
  return new;
end;
$$;
comment on function private.keep_comment_author() is
  'Before trigger: the author''s account is the database''s.';

create trigger _100_refuse_key_change before update on public.comments
  for each row when (old.id is distinct from new.id or old.issue_id is distinct from new.issue_id)
  execute function private.refuse_key_change();
create trigger _200_keep_comment_author before insert or update on public.comments
  for each row execute function private.keep_comment_author();
create trigger _900_keep_timestamps before insert or update on public.comments
  for each row execute function private.keep_timestamps();

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

-- 20_tracker/30_issue_status_logs.sql
-- Every change of an issue's status, with who made it: written by a trigger and by nothing else.

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
  'One row a change of status, over any client and in bulk too. Clients read it; a trigger writes it.';
comment on column public.issue_status_logs.old_status is 'Null in the row that the making of the issue left.';
comment on column public.issue_status_logs.changed_by is
  'Display name of who changed it: the signed-in account''s, else the setting app.actor, else system.';
comment on column public.issue_status_logs.changed_by_user_id is 'The account that changed it, if one did.';

create index issue_status_logs_issue_id_changed_at_idx
  on public.issue_status_logs (issue_id, changed_at desc);
create index issue_status_logs_changed_by_user_id_idx on public.issue_status_logs (changed_by_user_id);

create or replace function private.log_issue_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.issue_status_logs (issue_id, old_status, new_status, changed_by, changed_by_user_id)
  values (
    new.id, old.status, new.status, private.actor_name(),
    -- A token may outlive its account; the change still happened.
    (select u.id from auth.users as u where u.id = auth.uid())
  );
  return null;
end;
$$;
comment on function private.log_issue_status() is
  'After trigger of issues: the only writer of issue_status_logs.';

create trigger _100_log_issue_status after insert on public.issues
  for each row execute function private.log_issue_status();
create trigger _110_log_issue_status after update on public.issues
  for each row when (old.status is distinct from new.status) execute function private.log_issue_status();

alter table public.issue_status_logs enable row level security;
create policy issue_status_logs_select_viewer on public.issue_status_logs
  for select to authenticated using ((select private.has_team_role('viewer')));

grant select on public.issue_status_logs to authenticated, service_role;

-- 20_tracker/40_tags.sql
-- Tags, in two shapes that show one truth: the array in issues.tags and the rows of issue_tags.
--
-- Each shape's trigger writes only the difference to the other, so that the second one finds nothing left to
-- do. Statements that write one issue's tags, and deletes of rows, tags or an issue, don't deadlock with each
-- other: whoever inserts a row locks the issue first, as whoever writes the array does. A delete can't:
-- PostgreSQL locks its row before any trigger. So deletes of issue_tags, tags and issues take turns, and
-- whoever holds the issue never waits for a row or a tag of its own that is being deleted, but leaves it to
-- the one who deletes it. What can still meet in a deadlock is a statement, or transaction, that writes the
-- tags of several issues: with one that writes them in another order, or with a delete that reaches several
-- of them. PostgreSQL ends one of the two with 40P01, and it can be sent again.

create table public.tags (
  name text not null,
  created_at timestamptz not null default now(),
  constraint tags_pkey primary key (name),
  constraint tags_name_is_trimmed check (name = btrim(name)),
  constraint tags_name_is_not_blank
    check (name ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint tags_name_is_short check (length(name) <= 200)
);
comment on table public.tags is 'The tags there are. A new one makes its row by being put on an issue.';

create table public.issue_tags (
  issue_id uuid not null,
  tag_name text not null,
  constraint issue_tags_pkey primary key (issue_id, tag_name),
  constraint issue_tags_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint issue_tags_tag_name_fkey foreign key (tag_name) references public.tags (name) on delete cascade
);
comment on table public.issue_tags is
  'Which issue has which tag: the same truth as issues.tags, write either.';

create index issue_tags_tag_name_idx on public.issue_tags (tag_name);

-- Between `on conflict do nothing` and the row that refers to the tag, somebody may delete it.
create or replace function private.hold_tags(p_names text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_held_count integer;
begin
  loop
    insert into public.tags (name)
    select u.name from unnest(p_names) as u (name) order by u.name collate "C"
    on conflict on constraint tags_pkey do nothing;
    perform from public.tags as t where t.name = any (p_names)
    order by t.name collate "C"
    for key share;
    get diagnostics v_held_count = row_count;
    exit when v_held_count = cardinality(p_names);
  end loop;
end;
$$;
comment on function private.hold_tags(text[]) is
  'Makes those of the tags that are new and keeps all of them, given once each, from being deleted.';

-- issue_tags → issues.tags
create or replace function private.lock_tagged_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    perform from public.issues as i where i.id = old.issue_id for no key update;
    return old;
  end if;
  perform from public.issues as i where i.id = new.issue_id for no key update;
  new.tag_name := coalesce(private.presence(new.tag_name), '');
  perform private.hold_tags(array[new.tag_name]);
  return new;
end;
$$;
comment on function private.lock_tagged_issue() is
  'Before trigger: locks the issue, then makes the tag if it is new.';

create or replace function private.put_tag_row_into_array() returns trigger
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
comment on function private.put_tag_row_into_array() is
  'After trigger of issue_tags, truncate too: keeps issues.tags.';

create or replace function private.take_turn_to_delete() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  return null;
end;
$$;
comment on function private.take_turn_to_delete() is
  'Before-statement trigger: deletes of issue_tags, tags and issues take turns.';

-- issues.tags → issue_tags. The row is read again: a statement that writes both shapes has moved on by now.
-- A tag whose row somebody is deleting stays in the array until they have, or for good if they give up.
create or replace function private.put_tag_array_into_rows() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_tags text[];
  v_new text[];
  v_left text[];
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
  perform private.hold_tags(v_new);
  insert into public.issue_tags (issue_id, tag_name) select new.id, u.name from unnest(v_new) as u (name)
  on conflict on constraint issue_tags_pkey do nothing;
  select array_agg(t.tag_name) into v_left
  from public.issue_tags as t
  where t.issue_id = new.id and t.tag_name <> all (v_tags);
  if v_left is not null then
    update public.issues as i set tags = private.sorted_tags(i.tags || v_left) where i.id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.put_tag_array_into_rows() is
  'After trigger of issues: keeps issue_tags and tags.';

create trigger _100_refuse_key_change before update on public.tags
  for each row when (old.name is distinct from new.name) execute function private.refuse_key_change();
create trigger _150_take_turn_to_delete before delete on public.tags
  for each statement when (pg_trigger_depth() = 0) execute function private.take_turn_to_delete();
create trigger _900_keep_created_at before insert or update on public.tags
  for each row execute function private.keep_created_at();

create trigger _100_refuse_key_change before update on public.issue_tags
  for each row when ((old.issue_id, old.tag_name) is distinct from (new.issue_id, new.tag_name))
  execute function private.refuse_key_change();
create trigger _150_take_turn_to_delete before delete on public.issue_tags
  for each statement when (pg_trigger_depth() = 0) execute function private.take_turn_to_delete();
create trigger _150_take_turn_to_delete before delete on public.issues
  for each statement when (pg_trigger_depth() = 0) execute function private.take_turn_to_delete();
create trigger _200_lock_tagged_issue before insert or delete on public.issue_tags
  for each row execute function private.lock_tagged_issue();
create trigger _300_put_tag_row_into_array after insert or delete on public.issue_tags
  for each row execute function private.put_tag_row_into_array();
create trigger _310_put_tag_row_into_array after truncate on public.issue_tags
  for each statement execute function private.put_tag_row_into_array();
create trigger _200_put_tag_array_into_rows after insert on public.issues
  for each row when (new.tags <> '{}') execute function private.put_tag_array_into_rows();
create trigger _210_put_tag_array_into_rows after update on public.issues
  for each row when (old.tags is distinct from new.tags) execute function private.put_tag_array_into_rows();

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

grant select, delete on public.tags to authenticated;
grant insert (name, created_at), update (name, created_at) on public.tags to authenticated;
grant select, delete on public.issue_tags to authenticated;
grant insert (issue_id, tag_name), update (issue_id, tag_name) on public.issue_tags to authenticated;
grant select, insert, update, delete on public.tags, public.issue_tags to service_role;

-- 20_tracker/50_circle_spaces.sql
-- Where in the Circle community a chat room is; messages themselves name only the room.

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
  'The community''s spaces by chat room. Admins edit it; a room that is not here is no error.';
comment on column public.circle_spaces.space_id is 'The space''s id in Circle.';
comment on column public.circle_spaces.chat_room_uuid is
  'What chat messages carry to say where they are from.';
comment on column public.circle_spaces.space_member_id is
  'The id of our own membership in the space, in Circle.';

create trigger _100_refuse_key_change before update on public.circle_spaces
  for each row when (old.id is distinct from new.id) execute function private.refuse_key_change();
create trigger _900_keep_created_at before insert or update on public.circle_spaces
  for each row execute function private.keep_created_at();

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

-- 20_tracker/51_circle_issues.sql
-- Messages from the Circle community, as they came; those that are issues point to theirs.

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
  constraint circle_issues_pkey primary key (id),
  constraint circle_issues_message_id_key unique (message_id),
  constraint circle_issues_mapped_to_issue_id_fkey foreign key (mapped_to_issue_id)
    references public.issues (id) on delete set null,
  constraint circle_issues_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_issues_mapped_is_triaged check (mapped_to_issue_id is null or is_triaged),
  constraint circle_issues_triage_confidence_is_a_share check (triage_confidence between 0 and 1),
  constraint circle_issues_attachments_is_array check (jsonb_typeof(attachments) = 'array')
);
comment on table public.circle_issues is
  'Messages from Circle, one row a message, whether or not they became an issue.';
comment on column public.circle_issues.message_id is
  'The message''s id in Circle, as text. Posts and comments, whose ids are counted apart, carry a prefix.';
comment on column public.circle_issues.thread_id is
  'The thread''s id in Circle; null for a message outside a thread.';
comment on column public.circle_issues.is_triaged is
  'Whether it has been decided if this is an issue: always true where it has one.';
comment on column public.circle_issues.triage_confidence is
  'How sure that decision is, 0 to 1: 1 when the sender decided, 0 while nobody has.';
comment on column public.circle_issues.raw_data is 'The message as it was last sent.';
comment on column public.circle_issues.mapped_to_issue_id is
  'The issue it became. Not unique: merged duplicates share one.';
comment on column public.circle_issues.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_issues.chat_room_uuid is
  'The chat room, from which space_id and space_name are filled in by way of circle_spaces where they lack.';
comment on column public.circle_issues.posted_at is
  'When it was posted in Circle; null when that can''t be read.';
comment on column public.circle_issues.edited_at is 'When it was last edited in Circle.';

create index circle_issues_mapped_to_issue_id_idx on public.circle_issues (mapped_to_issue_id);

create or replace function private.fill_circle_space() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_space record;
begin
  select s.space_id::text as space_id, s.space_name into v_space
  from public.circle_spaces as s
  where s.chat_room_uuid = new.chat_room_uuid;
  if found then
    new.space_id := coalesce(new.space_id, v_space.space_id);
    new.space_name := coalesce(new.space_name, v_space.space_name);
  end if;
  return new;
end;
$$;
comment on function private.fill_circle_space() is
  'Before trigger: the space of a known chat room, where the message lacks it.';

create or replace function private.triage_mapped_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.is_triaged := true;
  new.triage_confidence := coalesce(nullif(new.triage_confidence, 0), 1);
  return new;
end;
$$;
comment on function private.triage_mapped_message() is
  'Before trigger of messages that have an issue: to give it one is to decide that it is one.';

create trigger _100_refuse_key_change before update on public.circle_issues
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.refuse_key_change();
create trigger _200_fill_circle_space before insert or update on public.circle_issues
  for each row when (new.chat_room_uuid is not null and (new.space_id is null or new.space_name is null))
  execute function private.fill_circle_space();
create trigger _300_triage_mapped_message before insert or update on public.circle_issues
  for each row when (new.mapped_to_issue_id is not null and new.is_triaged is not true)
  execute function private.triage_mapped_message();
create trigger _900_keep_timestamps before insert or update on public.circle_issues
  for each row execute function private.keep_timestamps();

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
  edited_at, created_at, updated_at
) on public.circle_issues to authenticated;
grant update (
  id, message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
  is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
  edited_at, created_at, updated_at
) on public.circle_issues to authenticated;
grant select, insert, update, delete on public.circle_issues to service_role;

-- 20_tracker/52_circle_replies.sql
-- The replies in a Circle thread, one row a reply, kept whatever later payloads leave out.

create table public.circle_replies (
  id uuid not null default gen_random_uuid(),
  message_id text not null,
  circle_issue_id uuid not null,
  reply_index integer not null,
  author_name text not null default 'Unknown',
  body text not null default '',
  attachments jsonb not null default '[]',
  link text,
  raw_data jsonb not null default '{}',
  posted_at timestamptz,
  edited_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint circle_replies_pkey primary key (id),
  constraint circle_replies_message_id_key unique (message_id),
  constraint circle_replies_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade,
  constraint circle_replies_message_id_is_present
    check (btrim(message_id) <> '' and length(message_id) <= 255),
  constraint circle_replies_attachments_is_array check (jsonb_typeof(attachments) = 'array')
);
comment on table public.circle_replies is 'Replies to messages from Circle.';
comment on column public.circle_replies.message_id is 'The reply''s own id in Circle, as text.';
comment on column public.circle_replies.reply_index is 'Its place in the thread, from 1.';
comment on column public.circle_replies.attachments is 'Array of urls, or of objects with a name and a url.';
comment on column public.circle_replies.raw_data is 'The reply as it was last sent.';
comment on column public.circle_replies.posted_at is
  'When it was posted in Circle; null when that can''t be read.';
comment on column public.circle_replies.edited_at is 'When it was last edited in Circle.';
comment on column public.circle_replies.created_at is
  'When it was posted, as far as known when it first arrived, else when it arrived.';

create index circle_replies_circle_issue_id_reply_index_idx
  on public.circle_replies (circle_issue_id, reply_index);

create trigger _100_refuse_key_change before update on public.circle_replies
  for each row when (old.id is distinct from new.id or old.message_id is distinct from new.message_id)
  execute function private.refuse_key_change();
create trigger _900_keep_timestamps before insert or update on public.circle_replies
  for each row execute function private.keep_timestamps();

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
  edited_at, created_at, updated_at
) on public.circle_replies to authenticated;
grant update (
  id, message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
  edited_at, created_at, updated_at
) on public.circle_replies to authenticated;
grant select, insert, update, delete on public.circle_replies to service_role;

-- 20_tracker/53_issue_import_logs.sql
-- Which message became which issue, when, by whom and by which way.

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
  'One row an import of a message as an issue. Rows are added, not changed.';
comment on column public.issue_import_logs.issue_id is 'The issue that was made; null once it is deleted.';
comment on column public.issue_import_logs.imported_by is
  'Display name of who imported it, or system. As sent by a server, else the caller''s.';
comment on column public.issue_import_logs.import_source is
  'The way it came, for example n8n_webhook or manual.';
comment on column public.issue_import_logs.is_automatic is
  'Whether no person decided it; false for what a signed-in person imports.';

create index issue_import_logs_circle_issue_id_idx on public.issue_import_logs (circle_issue_id);
create index issue_import_logs_issue_id_idx on public.issue_import_logs (issue_id);

create or replace function private.keep_importer() returns trigger
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
comment on function private.keep_importer() is
  'Before trigger: what a person logs stands under their name, at that time, and as not automatic.';

create trigger _100_keep_importer before insert on public.issue_import_logs
  for each row execute function private.keep_importer();

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

-- 20_tracker/54_circle_imports.sql
-- What the last import wrote into an issue: where the issue still says the same, the next import may update
-- it; where a team member has changed it, theirs stays.

create table private.circle_imports (
  circle_issue_id uuid not null,
  title text not null,
  description text not null,
  segment text not null,
  imported_at timestamptz not null default clock_timestamp(),
  constraint circle_imports_pkey primary key (circle_issue_id),
  constraint circle_imports_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade
);
comment on table private.circle_imports is
  'One row a message that has been imported. A message with a row here and no issue had its issue taken '
  'away by a '
  'person, and is not imported again.';

alter table private.circle_imports enable row level security;

-- 20_tracker/55_circle_events.sql
-- What came in from Circle, byte for byte: stored first, worked on after, and workable on again.

create table private.circle_events (
  id uuid not null default gen_random_uuid(),
  body bytea not null,
  digest bytea not null generated always as (sha256(body)) stored,
  status text not null default 'received',
  result jsonb,
  error text,
  attempts integer not null default 0,
  received_count integer not null default 1,
  received_at timestamptz not null default clock_timestamp(),
  last_received_at timestamptz not null default clock_timestamp(),
  processed_at timestamptz,
  constraint circle_events_pkey primary key (id),
  constraint circle_events_digest_key unique (digest),
  constraint circle_events_status_is_known
    check (status in ('received', 'processed', 'failed', 'unrecognised', 'hint', 'unreadable')),
  constraint circle_events_processed_at_matches_status check ((processed_at is null) = (status = 'received')),
  constraint circle_events_body_is_bounded check (octet_length(body) <= 1048576)
);
comment on table private.circle_events is
  'Raw request bodies from the Circle webhook. The same bytes are the same event.';
comment on column private.circle_events.status is
  'received: not worked on yet. processed: imported. failed: at least one message was refused, or ten '
  'attempts ended in an error. hint: ids only, nothing to import. unrecognised: no shape that we know. '
  'unreadable: no JSON that can be stored.';
comment on column private.circle_events.result is 'The answer of the handler at the last attempt.';
comment on column private.circle_events.error is 'Why it failed or could not be read.';

create index circle_events_waiting_attempts_received_at_idx
  on private.circle_events (attempts, received_at) where status = 'received';

alter table private.circle_events enable row level security;

-- 20_tracker/58_user_sessions.sql
-- Which profile a signed-in person works under, and when they were last seen.

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
  'Sessions of team members. Each sees and writes their own; admins see all.';
comment on column public.user_sessions.user_id is
  'The account; null for sessions that a server recorded without one.';
comment on column public.user_sessions.profile_role is
  'The role shown with the profile. It grants nothing: team_members does.';

create index user_sessions_user_id_idx on public.user_sessions (user_id);

create trigger _100_refuse_key_change before update on public.user_sessions
  for each row when (old.id is distinct from new.id) execute function private.refuse_key_change();
create trigger _900_keep_created_at before insert or update on public.user_sessions
  for each row execute function private.keep_created_at();

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

-- 20_tracker/60_issue_activity_log.sql
-- Where each issue stands and who said something about it last.

-- One index probe an issue (comments_issue_id_created_at_id_idx), so that a page costs a page, not the table.
create view public.issue_activity_log with (security_invoker = true) as
select
  i.id,
  i.title as issue_title,
  i.segment,
  i.status,
  i.assigned_to,
  i.resolved_by,
  i.resolved_at,
  coalesce(c.author_name, i.submitted_by) as last_commenter,
  coalesce(c.created_at, i.created_at) as last_comment_at
from public.issues as i
left join lateral (
  select l.author_name, l.created_at
  from public.comments as l
  where l.issue_id = i.id
  order by l.created_at desc, l.id desc
  limit 1
) as c on true;
comment on view public.issue_activity_log is 'One row an issue, for those who may read issues.';
comment on column public.issue_activity_log.last_commenter is
  'Author of the latest comment, else who submitted it.';
comment on column public.issue_activity_log.last_comment_at is
  'Time of the latest comment, else of the issue.';

grant select on public.issue_activity_log to authenticated, service_role;

-- 20_tracker/70_circle_values.sql
-- Reading values out of what Circle and n8n send: nothing here raises, what can't be read is null.

create or replace function private.parsed_time(p_text text) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- ISO 8601 only: PostgreSQL itself would also take `now`, `infinity` and local formats.
  if p_text !~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?\s*$' then
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
comment on function private.parsed_time(text) is
  'An ISO 8601 time, in UTC where no zone is given; null if it is none.';

create or replace function private.parsed_integer(p_text text) returns integer
language sql immutable security invoker set search_path = '' as $$
  select case when parsed_integer.p_text ~ '^\d{1,9}$' then parsed_integer.p_text::integer end
$$;
comment on function private.parsed_integer(text) is 'A whole number from 0 to 999999999; null if it is none.';

create or replace function private.parsed_boolean(p_text text) returns boolean
language sql immutable security invoker set search_path = '' as $$
  select case lower(btrim(parsed_boolean.p_text))
    when 'true' then true when 'yes' then true when '1' then true
    when 'false' then false when 'no' then false when '0' then false
  end
$$;
comment on function private.parsed_boolean(text) is
  'True or false as people and language models write it, else null.';

-- The envelope's shapes differ in their keys: a single message has sender, body and attachments, the root of
-- a thread has parent_sender, parent_body and parent_attachments, and a reply's author stands under "replier
-- <n>". For a message outside a thread, n8n sends the message id as thread id.
create or replace function private.read_circle_message(p_message jsonb)
returns table (
  message_id text, thread_id text, author_name text, author_email text, body text, link text,
  chat_room_uuid text, space_id text, space_name text, attachments jsonb,
  posted_at timestamptz, edited_at timestamptz, reply_index integer
)
language sql stable security invoker set search_path = '' as $$
  select
    v.message_id,
    nullif(nullif(btrim(v.m ->> 'chat_thread_id'), ''), v.message_id),
    nullif(btrim(coalesce(
      v.m ->> ('replier ' || (v.m ->> 'reply_index')),
      v.m ->> 'parent_sender',
      case jsonb_typeof(v.m -> 'sender') when 'object' then v.m #>> '{sender,name}' else v.m ->> 'sender' end,
      (select k.value from jsonb_each_text(v.m) as k where k.key ~ '^replier( \d+)?$' order by k.key limit 1)
    )), ''),
    nullif(btrim(coalesce(v.m ->> 'author_email', v.m #>> '{sender,email}')), ''),
    case when coalesce(v.m ->> 'parent_body', v.m ->> 'body') ~ '\S'
      then coalesce(v.m ->> 'parent_body', v.m ->> 'body') end,
    nullif(btrim(v.m ->> 'message_url'), ''),
    nullif(btrim(v.m ->> 'chat_room_uuid'), ''),
    nullif(btrim(v.m ->> 'space_id'), ''),
    nullif(btrim(v.m ->> 'space_name'), ''),
    case
      when jsonb_typeof(v.m -> 'parent_attachments') = 'array' then v.m -> 'parent_attachments'
      when jsonb_typeof(v.m -> 'attachments') = 'array' then v.m -> 'attachments'
    end,
    private.parsed_time(coalesce(v.m ->> 'created_at', v.m ->> 'parent_created_at')),
    private.parsed_time(v.m ->> 'edited_at'),
    private.parsed_integer(v.m ->> 'reply_index')
  from (
    select
      case when jsonb_typeof(read_circle_message.p_message) = 'object'
        then read_circle_message.p_message else '{}' end as m,
      case when jsonb_typeof(read_circle_message.p_message -> 'message_id') in ('number', 'string')
        then nullif(btrim(read_circle_message.p_message ->> 'message_id'), '') end as message_id
  ) as v
$$;
comment on function private.read_circle_message(jsonb) is
  'The fields of a message or reply of the n8n envelope; null for each that is missing, blank or unreadable.';

create or replace function private.circle_title(p_title text, p_body text) returns text
language sql immutable security invoker set search_path = '' as $$
  select coalesce(
    private.presence(circle_title.p_title),
    case when length(v.body) > 50 then left(v.body, 50) || '...' else v.body end,
    'Untitled message'
  )
  from (
    -- A title is one line; a body of a megabyte need not be searched for it.
    select private.presence(regexp_replace(left(circle_title.p_body, 1000), '\s+', ' ', 'g')) as body
  ) as v
$$;
comment on function private.circle_title(text, text) is
  'The given title, else the first 50 characters of the body with ... where cut.';

create or replace function private.segment_of_type(p_type text) returns text
language sql immutable security invoker set search_path = '' as $$
  select case lower(btrim(segment_of_type.p_type))
    when 'auth' then 'auth' when 'auth/login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code'
    when 'tool' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end
$$;
comment on function private.segment_of_type(text) is
  'The segment that a type of Issue_Details means, in any case; null for a type that we do not know.';

-- 20_tracker/71_upsert_circle_issue.sql
-- Stores one message from Circle, for clients that have taken it apart themselves.

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
      errcode = 'PT422', message = 'circle_message_id_invalid',
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
comment on function private.upsert_circle_issue(
  text, text, text, text, text, text, text, text, text, boolean, jsonb
) is 'Body of public.upsert_circle_issue.';
grant execute on function private.upsert_circle_issue(
  text, text, text, text, text, text, text, text, text, boolean, jsonb
) to authenticated, service_role;

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
comment on function public.upsert_circle_issue(
  text, text, text, text, text, text, text, text, text, boolean, jsonb
) is
  'Stores or completes the message with this id and returns its row''s id; null or blank keeps what is '
  'there. '
  'Agents and servers. Errors: not_signed_in (401), team_role_required (403), circle_message_id_invalid '
  '(422).';
grant execute on function public.upsert_circle_issue(
  text, text, text, text, text, text, text, text, text, boolean, jsonb
) to authenticated, service_role;

-- 20_tracker/72_format_circle_message_description.sql
-- A message from Circle as text: what an issue's description starts as.

create or replace function private.quoted_lines(p_text text) returns text
language sql immutable security invoker set search_path = '' as $$
  select regexp_replace(
    regexp_replace(quoted_lines.p_text, '\r\n?|\n', E'\n> ', 'g'), '\n> (?=\n|$)', E'\n>', 'g'
  )
$$;
comment on function private.quoted_lines(text) is
  'Text whose lines after the first are quoted as Markdown does it.';

create or replace function private.attachment_lines(p_attachments jsonb) returns text
language sql immutable security invoker set search_path = '' as $$
  select string_agg(
    'Attachment: ' || case jsonb_typeof(a.item)
      when 'object' then coalesce(
        nullif(concat_ws(' ', coalesce(a.item ->> 'name', a.item ->> 'filename'), a.item ->> 'url'), ''),
        a.item::text
      )
      else a.item #>> '{}'
    end,
    E'\n' order by a.place
  )
  from jsonb_array_elements(attachment_lines.p_attachments) with ordinality as a (item, place)
$$;
comment on function private.attachment_lines(jsonb) is
  'A line an attachment, with its name and url; null for none.';

create or replace function private.format_circle_message(p_message public.circle_issues) returns text
language sql stable security invoker set search_path = '' as $$
  select concat_ws(
    E'\n\n',
    nullif(format_circle_message.p_message.body, ''),
    (
      select string_agg(
        '> **' || regexp_replace(r.author_name, '\s+', ' ', 'g') || '**: '
          || private.quoted_lines(
            concat_ws(E'\n', nullif(r.body, ''), private.attachment_lines(r.attachments))
          ),
        E'\n\n' order by r.reply_index, r.message_id collate "C"
      )
      from public.circle_replies as r
      where r.circle_issue_id = format_circle_message.p_message.id
    ),
    private.attachment_lines(format_circle_message.p_message.attachments),
    case when format_circle_message.p_message.link is not null then concat(
      E'---\nMessage ID: ', format_circle_message.p_message.message_id, ' | Posted: ',
      to_char(
        coalesce(format_circle_message.p_message.posted_at, format_circle_message.p_message.created_at)
          at time zone 'UTC',
        'YYYY-MM-DD HH24:MI:SS'
      ),
      E'\n', format_circle_message.p_message.link
    ) end
  )
$$;
comment on function private.format_circle_message(public.circle_issues) is
  'Body of public.format_circle_message_description, for a row that is at hand.';

-- Security definer so that the helpers need no grants; what it may read is checked here as the policy has it.
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
comment on function private.format_circle_message_description(uuid) is
  'Body of public.format_circle_message_description.';
grant execute on function private.format_circle_message_description(uuid) to authenticated, service_role;

create or replace function public.format_circle_message_description(p_circle_issue_id uuid) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.format_circle_message_description(
    p_circle_issue_id => format_circle_message_description.p_circle_issue_id
  );
end;
comment on function public.format_circle_message_description(uuid) is
  'A message as Markdown: body, quoted replies in order, attachments, and with a link a footer of message '
  'id, time '
  '(UTC) and link. Null when there is no such message. Team. Errors: not_signed_in (401), '
  'team_role_required (403).';
grant execute on function public.format_circle_message_description(uuid) to authenticated, service_role;

-- 20_tracker/73_import_circle_message.sql
-- Turns one n8n envelope into a message, its replies, and an issue if it is one.
--
-- Lock order, for everything that imports or deletes: event, issues by id, messages by message id, replies
-- by message id, tags. Deleting an issue locks it and then reaches its messages, so an import locks the
-- issues that its messages have before the first message. The message's row is the lock of its import: ten
-- imports of the same message at once take turns from there on. The version of a message is its edit time,
-- else its posting time; one older than what we have changes no text.

create or replace function private.lock_issues_of_messages(p_payload jsonb) returns void
language sql volatile security definer set search_path = '' as $$
  select from public.issues as i
  where i.id in (
    select c.mapped_to_issue_id
    from jsonb_array_elements(
      case jsonb_typeof(lock_issues_of_messages.p_payload)
        when 'array' then lock_issues_of_messages.p_payload
        else jsonb_build_array(lock_issues_of_messages.p_payload)
      end
    ) as e (item)
    join public.circle_issues as c on c.message_id = btrim(e.item #>> '{Parent_Message,message_id}')
  )
  order by i.id
  for no key update
$$;
comment on function private.lock_issues_of_messages(jsonb) is
  'Locks the issues of all messages in a payload, in the order of their ids, before any message is locked.';

-- That it is a thread is news however old the text is; and a decision is one where there was none.
create or replace function private.take_late_circle_message(
  p_message_id text, p_thread_id text, p_is_thread boolean, p_is_issue boolean,
  out o_id uuid, out o_is_issue boolean
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  select case when not c.is_triaged then p_is_issue end into o_is_issue
  from public.circle_issues as c
  where c.message_id = p_message_id
  for update;
  update public.circle_issues as c set
    thread_id = coalesce(c.thread_id, p_thread_id), is_thread = c.is_thread or p_is_thread,
    is_triaged = c.is_triaged or o_is_issue is not null,
    triage_confidence = case when o_is_issue is null then c.triage_confidence else 1 end
  where c.message_id = p_message_id
  returning c.id into o_id;
end;
$$;
comment on function private.take_late_circle_message(text, text, boolean, boolean) is
  'What an older payload may still change; o_is_issue is its decision, null where one was made before.';

-- o_is_issue is the decision that counts.
create or replace function private.store_circle_message(
  p_envelope jsonb, p_title text, p_is_issue boolean,
  out o_id uuid, out o_is_stale boolean, out o_is_issue boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_new record;
  v_is_thread constant boolean := coalesce(lower(p_envelope ->> 'Type') = 'thread', false)
    or (p_envelope #> '{Replies,0}') is not null;
begin
  select * into v_new from private.read_circle_message(p_envelope -> 'Parent_Message');
  if v_new.message_id is null or length(v_new.message_id) > 255 then
    raise exception using
      errcode = 'PT422', message = 'circle_message_id_invalid',
      detail = 'Parent_Message.message_id has to be a number or text of 1 to 255 characters.',
      hint = 'Send the id that Circle gave the message.';
  end if;
  insert into public.circle_issues as c (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    is_triaged, triage_confidence, raw_data, attachments, chat_room_uuid, posted_at, edited_at
  )
  values (
    v_new.message_id, v_new.thread_id, private.circle_title(p_title, v_new.body), coalesce(v_new.body, ''),
    coalesce(v_new.author_name, 'Unknown'), v_new.author_email, v_new.space_name, v_new.space_id, v_new.link,
    v_is_thread, p_is_issue is not null, (p_is_issue is not null)::integer, p_envelope,
    coalesce(v_new.attachments, '[]'), v_new.chat_room_uuid, v_new.posted_at, v_new.edited_at
  )
  on conflict on constraint circle_issues_message_id_key do update set
    thread_id = coalesce(excluded.thread_id, c.thread_id),
    title = case when p_is_issue is null then c.title else excluded.title end,
    body = coalesce(v_new.body, c.body),
    author_name = coalesce(v_new.author_name, c.author_name),
    author_email = coalesce(excluded.author_email, c.author_email),
    space_name = coalesce(v_new.space_name, c.space_name),
    space_id = coalesce(v_new.space_id, c.space_id),
    link = coalesce(excluded.link, c.link),
    is_thread = c.is_thread or excluded.is_thread,
    is_triaged = c.is_triaged or excluded.is_triaged,
    triage_confidence = case when p_is_issue is null then c.triage_confidence else 1 end,
    raw_data = excluded.raw_data,
    attachments = coalesce(v_new.attachments, c.attachments),
    chat_room_uuid = coalesce(excluded.chat_room_uuid, c.chat_room_uuid),
    posted_at = coalesce(excluded.posted_at, c.posted_at),
    edited_at = coalesce(excluded.edited_at, c.edited_at)
  where coalesce(c.edited_at, c.posted_at) is null
    or coalesce(excluded.edited_at, excluded.posted_at) >= coalesce(c.edited_at, c.posted_at)
  returning c.id into o_id;
  o_is_stale := not found;
  o_is_issue := p_is_issue;
  if o_is_stale then
    select l.o_id, l.o_is_issue into o_id, o_is_issue
    from private.take_late_circle_message(v_new.message_id, v_new.thread_id, v_is_thread, p_is_issue) as l;
  end if;
end;
$$;
comment on function private.store_circle_message(jsonb, text, boolean) is
  'Stores the envelope''s message and locks its row; where what we have is newer, only the decision, if '
  'there was none. '
  'Errors: circle_message_id_invalid (422).';

create or replace function private.store_circle_replies(p_circle_issue_id uuid, p_replies jsonb)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_count integer;
begin
  if exists (
    select from jsonb_array_elements(p_replies) as e (reply)
    cross join lateral private.read_circle_message(e.reply) as m
    where m.message_id is null or length(m.message_id) > 255
  ) then
    raise exception using
      errcode = 'PT422', message = 'circle_reply_id_invalid',
      detail = 'Each reply needs a message_id, a number or text of 1 to 255 characters.',
      hint = 'Send the id that Circle gave the reply.';
  end if;
  insert into public.circle_replies as r (
    message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
    edited_at, created_at
  )
  -- Once a reply: the newest of those that one payload repeats.
  select distinct on (m.message_id collate "C")
    m.message_id, p_circle_issue_id, coalesce(m.reply_index, e.place::integer),
    coalesce(m.author_name, 'Unknown'), coalesce(m.body, ''), coalesce(m.attachments, '[]'), m.link, e.reply,
    m.posted_at, m.edited_at, coalesce(m.posted_at, now())
  from jsonb_array_elements(p_replies) with ordinality as e (reply, place)
  cross join lateral private.read_circle_message(e.reply) as m
  order by m.message_id collate "C", coalesce(m.edited_at, m.posted_at) desc nulls last, e.place desc
  on conflict on constraint circle_replies_message_id_key do update set
    reply_index = excluded.reply_index,
    author_name = coalesce(nullif(excluded.author_name, 'Unknown'), r.author_name),
    body = coalesce(nullif(excluded.body, ''), r.body),
    attachments = case
      when excluded.raw_data ? 'attachments' then excluded.attachments else r.attachments
    end,
    link = coalesce(excluded.link, r.link),
    raw_data = excluded.raw_data,
    posted_at = coalesce(excluded.posted_at, r.posted_at),
    edited_at = coalesce(excluded.edited_at, r.edited_at)
  where r.circle_issue_id = excluded.circle_issue_id and (
    coalesce(r.edited_at, r.posted_at) is null
    or coalesce(excluded.edited_at, excluded.posted_at) >= coalesce(r.edited_at, r.posted_at)
  );
  get diagnostics v_stored_count = row_count;
  return v_stored_count;
end;
$$;
comment on function private.store_circle_replies(uuid, jsonb) is
  'Stores replies by their message ids and returns how many; one that is missing from the payload stays, '
  'and one that is another message''s stays with it. '
  'Errors: circle_reply_id_invalid (422).';

-- The issue may have been merged, edited or deleted since: only what still says what an import wrote is
-- updated.
create or replace function private.refresh_imported_issue(
  p_message public.circle_issues, p_title text, p_segment text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_description constant text := private.format_circle_message(p_message);
  v_last private.circle_imports;
begin
  select * into v_last from private.circle_imports as m where m.circle_issue_id = p_message.id for update;
  if not found then
    return;
  end if;
  update public.issues as i set
    title = case when i.title = v_last.title then coalesce(p_title, i.title) else i.title end,
    description = case when i.description = v_last.description then v_description else i.description end,
    segment = case when i.segment = v_last.segment then coalesce(p_segment, i.segment) else i.segment end,
    tags = case when i.segment = v_last.segment and p_segment is not null
      then array_replace(i.tags, i.segment, p_segment) else i.tags end
  where i.id = p_message.mapped_to_issue_id
    and (v_last.title, v_last.description, v_last.segment)
    is distinct from (coalesce(p_title, v_last.title), v_description, coalesce(p_segment, v_last.segment));
  update private.circle_imports as m set
    title = coalesce(p_title, m.title), description = v_description, segment = coalesce(p_segment, m.segment),
    imported_at = clock_timestamp()
  where m.circle_issue_id = p_message.id;
end;
$$;
comment on function private.refresh_imported_issue(public.circle_issues, text, text) is
  'Brings an imported issue up to its message, except where a team member changed it.';

create or replace function private.create_imported_issue(
  p_message public.circle_issues, p_title text, p_segment text, p_import_source text, p_imported_by text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_description constant text := private.format_circle_message(p_message);
  v_issue_id uuid;
begin
  insert into public.issues (title, description, status, segment, submitted_by, tags)
  values (
    p_title, v_description, 'waiting_for_help', p_segment, p_message.author_name, array[p_segment, 'circle']
  )
  returning id into v_issue_id;
  update public.circle_issues as c set mapped_to_issue_id = v_issue_id where c.id = p_message.id;
  insert into private.circle_imports (circle_issue_id, title, description, segment)
  values (p_message.id, p_title, v_description, p_segment);
  insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, is_automatic)
  values (p_message.id, v_issue_id, p_imported_by, p_import_source, true);
  return v_issue_id;
end;
$$;
comment on function private.create_imported_issue(public.circle_issues, text, text, text, text) is
  'Makes the issue of a message, remembers what it wrote and logs the import.';

create or replace function private.import_circle_message(
  p_envelope jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_details constant jsonb := p_envelope -> 'Issue_Details';
  v_stored record;
  v_message public.circle_issues;
  v_title text;
  v_segment text;
  v_issue_id uuid;
  v_replies_count integer := 0;
  v_action text := 'stored';
begin
  if jsonb_typeof(p_envelope -> 'Replies') not in ('array', 'null') then
    raise exception using
      errcode = 'PT422', message = 'circle_replies_invalid', detail = 'Replies has to be an array.',
      hint = 'Send [] for a message without replies.';
  end if;
  select * into v_stored
  from private.store_circle_message(
    p_envelope, v_details ->> 'issue_title', private.parsed_boolean(v_details ->> 'is_issue')
  );
  select * into v_message from public.circle_issues as c where c.id = v_stored.o_id;
  if jsonb_typeof(p_envelope -> 'Replies') = 'array' then
    v_replies_count := private.store_circle_replies(v_message.id, p_envelope -> 'Replies');
  end if;
  if v_stored.o_is_issue then
    v_title := private.circle_title(v_details ->> 'issue_title', v_message.body);
    v_segment := coalesce(
      private.segment_of_type(v_details ->> 'type'), public.determine_segment(v_title, v_message.body)
    );
  end if;
  v_issue_id := v_message.mapped_to_issue_id;
  if v_issue_id is not null then
    perform private.refresh_imported_issue(
      v_message, case when not v_stored.o_is_stale then v_title end,
      case when not v_stored.o_is_stale then v_segment end
    );
    v_action := 'updated';
  elsif v_stored.o_is_issue and not exists (
    select from private.circle_imports as m where m.circle_issue_id = v_message.id
  ) then
    v_issue_id := private.create_imported_issue(
      v_message, v_title, v_segment, p_import_source, p_imported_by
    );
    v_action := 'created';
  end if;
  return jsonb_build_object(
    'circle_issue_id', v_message.id, 'message_id', v_message.message_id,
    'message_type', case when v_message.is_thread then 'thread' else 'single' end,
    'title', coalesce(v_title, v_message.title), 'segment', v_segment, 'replies_processed', v_replies_count,
    'issue_id', v_issue_id, 'action', v_action, 'is_stale', v_stored.o_is_stale
  );
end;
$$;
comment on function private.import_circle_message(jsonb, text, text) is
  'Imports one envelope. Errors: circle_message_id_invalid, circle_reply_id_invalid, circle_replies_invalid'
  ' (422).';

-- 20_tracker/74_handle_circle_webhook.sql
-- The ways in for Circle's payloads that are JSON already: one envelope, or whatever a webhook was sent.

create or replace function private.circle_shape(p_payload jsonb) returns text
language sql immutable security invoker set search_path = '' as $$
  select case
    when jsonb_typeof(circle_shape.p_payload -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(circle_shape.p_payload -> 'type') = 'string'
      and jsonb_typeof(circle_shape.p_payload -> 'data') = 'object' then 'hint'
    else 'unrecognised'
  end
$$;
comment on function private.circle_shape(jsonb) is
  'envelope: n8n''s {Type, Parent_Message, …}. hint: Circle''s {type, data}, ids only. Else unrecognised.';

-- What a person sends is written down under their own name, whatever name they give.
create or replace function private.importer_name(p_imported_by text) returns text
language sql stable security definer set search_path = '' as $$
  select case
    when private.is_trusted_caller() then coalesce(nullif(btrim(importer_name.p_imported_by), ''), 'system')
    else private.actor_name()
  end
$$;
comment on function private.importer_name(text) is
  'Who an import is by: as given by a server, else the caller.';

create or replace function private.process_circle_webhook(
  p_payload jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant text := coalesce(nullif(btrim(p_import_source), ''), 'n8n_webhook');
  v_by constant text := private.importer_name(p_imported_by);
  v_envelope jsonb;
  v_imported jsonb[] := array[]::jsonb[];
begin
  perform private.require_team_role('agent');
  perform private.lock_issues_of_messages(p_payload);
  for v_envelope in
    select e.item
    from jsonb_array_elements(
      case jsonb_typeof(p_payload) when 'array' then p_payload else jsonb_build_array(p_payload) end
    ) as e (item)
    order by e.item #>> '{Parent_Message,message_id}' collate "C"
  loop
    if private.circle_shape(v_envelope) is distinct from 'envelope' then
      raise exception using
        errcode = 'PT422', message = 'circle_payload_unrecognised',
        detail = 'This is no envelope with an object Parent_Message.',
        hint = 'Send {Type, Parent_Message, Replies, Issue_Details}, or call handle_circle_webhook.';
    end if;
    v_imported := v_imported || private.import_circle_message(v_envelope, v_source, v_by);
  end loop;
  return case jsonb_typeof(p_payload) when 'array' then to_jsonb(v_imported) else v_imported[1] end;
end;
$$;
comment on function private.process_circle_webhook(jsonb, text, text) is
  'Body of public.process_circle_webhook.';
grant execute on function private.process_circle_webhook(jsonb, text, text) to authenticated, service_role;

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
comment on function public.process_circle_webhook(jsonb, text, text) is
  'Imports one envelope and returns {circle_issue_id, message_id, message_type, title, segment, '
  'replies_processed, '
  'issue_id, action: created|updated|stored, is_stale: what we have is newer}; an array of envelopes all or '
  'nothing, with an array of these. Agents and servers. Errors: not_signed_in (401), team_role_required '
  '(403), circle_payload_unrecognised, '
  'circle_message_id_invalid, circle_reply_id_invalid, circle_replies_invalid (422).';
grant execute on function public.process_circle_webhook(jsonb, text, text) to authenticated, service_role;

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_by constant text := private.importer_name(null);
  v_item record;
  v_imported jsonb[] := array[]::jsonb[];
  v_errors jsonb[] := array[]::jsonb[];
  v_hint_count integer := 0;
  v_unrecognised_count integer := 0;
  v_state text;
  v_message text;
  v_detail text;
begin
  perform private.require_team_role('agent');
  perform private.lock_issues_of_messages(request);
  -- In the order of message ids, which is the order of their locks.
  for v_item in
    select e.item, e.place - 1 as index, private.circle_shape(e.item) as shape
    from jsonb_array_elements(
      case jsonb_typeof(request) when 'array' then request else jsonb_build_array(request) end
    ) with ordinality as e (item, place)
    order by e.item #>> '{Parent_Message,message_id}' collate "C", e.place
  loop
    v_hint_count := v_hint_count + (v_item.shape = 'hint')::integer;
    v_unrecognised_count := v_unrecognised_count + (v_item.shape = 'unrecognised')::integer;
    continue when v_item.shape <> 'envelope';
    begin
      v_imported := v_imported || (
        jsonb_build_object('index', v_item.index)
        || private.import_circle_message(v_item.item, 'n8n_webhook', v_by)
      );
    exception
      when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded
        or statement_too_complex then
        get stacked diagnostics
          v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
        v_errors := v_errors || jsonb_build_object(
          'index', v_item.index, 'message_id', v_item.item #> '{Parent_Message,message_id}',
          'code', case v_state when 'PT422' then v_message else 'circle_message_refused' end,
          'message', case v_state when 'PT422' then v_detail else v_message end
        );
    end;
  end loop;
  return jsonb_build_object(
    'processed', cardinality(v_imported), 'hints', v_hint_count, 'unrecognised', v_unrecognised_count,
    'imported', private.sorted_by_index(v_imported), 'errors', private.sorted_by_index(v_errors)
  );
end;
$$;
comment on function private.handle_circle_webhook(jsonb) is 'Body of public.handle_circle_webhook.';
grant execute on function private.handle_circle_webhook(jsonb) to authenticated, service_role;

create or replace function private.sorted_by_index(p_items jsonb[]) returns jsonb
language sql immutable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(i.item order by (i.item -> 'index')), '[]')
  from unnest(sorted_by_index.p_items) as i (item)
$$;
comment on function private.sorted_by_index(jsonb[]) is 'An array of results in the order of what was sent.';

create or replace function public.handle_circle_webhook(request jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.handle_circle_webhook(request => handle_circle_webhook.request);
end;
comment on function public.handle_circle_webhook(jsonb) is
  'Imports what a webhook was sent, one object or an array: {processed, imported[], errors[], hints, '
  'unrecognised}. '
  'A message that can''t be imported lands in errors as {index, message_id, code, message} and stops no '
  'other. '
  'Codes: circle_message_id_invalid, circle_reply_id_invalid, circle_replies_invalid, '
  'circle_message_refused. '
  'Agents and servers. Errors: not_signed_in (401), team_role_required (403).';
grant execute on function public.handle_circle_webhook(jsonb) to authenticated, service_role;

-- 20_tracker/75_circle_events.sql
-- Raw events from Circle: one call stores the bytes and commits, a second one works on them and can be
-- repeated.

create or replace function private.receive_circle_event(p_body text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_body bytea;
  v_id uuid;
begin
  begin
    v_body := decode(p_body, 'base64');
  exception
    when invalid_parameter_value then
      v_body := null;
  end;
  if v_body is null then
    raise exception using
      errcode = 'PT422', message = 'circle_event_not_base64', detail = 'p_body has to be base64.',
      hint = 'Encode the request body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > 1048576 then
    raise exception using
      errcode = 'PT413', message = 'circle_event_too_large',
      detail = format('The body has %s bytes, 1048576 are allowed.', octet_length(v_body)),
      hint = 'Send fewer messages at a time.';
  end if;
  insert into private.circle_events as e (body)
  values (v_body)
  on conflict on constraint circle_events_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning e.id into v_id;
  return v_id;
end;
$$;
comment on function private.receive_circle_event(text) is 'Body of public.receive_circle_event.';
grant execute on function private.receive_circle_event(text) to service_role;

create or replace function public.receive_circle_event(p_body text) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_circle_event(p_body => receive_circle_event.p_body);
end;
comment on function public.receive_circle_event(text) is
  'Stores a raw request body, given as base64, and returns the event''s id; the same bytes again are the '
  'same event. '
  'Service role only. Errors: circle_event_too_large (413), circle_event_not_base64 (422).';
grant execute on function public.receive_circle_event(text) to service_role;

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, step aside while the rest is replaced. The
-- control characters that stand in for them can't occur in JSON.
create or replace function private.mend_json_escapes(p_text text) returns text
language sql immutable security invoker set search_path = '' as $$
  select case
    when mend_json_escapes.p_text ~ '[\u0001\u0002]'
      or mend_json_escapes.p_text !~* '\\u(0000|d[89a-f])' then mend_json_escapes.p_text
    else replace(replace(
      regexp_replace(
        regexp_replace(
          replace(mend_json_escapes.p_text, '\\', chr(1)),
          '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
          chr(2) || '\1' || chr(2) || '\2', 'g'
        ),
        '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
      ),
      chr(2), '\u'
    ), chr(1), '\\')
  end
$$;
comment on function private.mend_json_escapes(text) is
  'JSON text with \u0000 and lone surrogates replaced by \ufffd; all else as it was.';

create or replace function private.read_circle_event(p_body bytea, out o_payload jsonb, out o_error text)
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- A byte order mark is no JSON, but senders write it.
  o_payload := private.mend_json_escapes(
    convert_from(
      case when substr(p_body, 1, 3) = '\xefbbbf'::bytea then substr(p_body, 4) else p_body end, 'UTF8'
    )
  )::jsonb;
exception
  when character_not_in_repertoire then
    o_error := 'not_utf8';
  when data_exception then
    o_error := 'not_json';
  when program_limit_exceeded or statement_too_complex then
    o_error := 'too_complex';
end;
$$;
comment on function private.read_circle_event(bytea) is
  'The JSON in a raw body, or why there is none that can be stored: not_utf8, not_json, too_complex.';

create or replace function private.process_circle_event(p_event_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.circle_events;
  v_read record;
  v_result jsonb;
  v_status text;
begin
  select * into v_event from private.circle_events as e where e.id = p_event_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'circle_event_not_found', detail = 'There is no event with this id.',
      hint = 'Use the id that receive_circle_event returned.';
  end if;
  select * into v_read from private.read_circle_event(v_event.body);
  if v_read.o_error is not null then
    v_status := 'unreadable';
    v_result := jsonb_build_object(
      'processed', 0, 'imported', '[]'::jsonb, 'errors', '[]'::jsonb, 'hints', 0, 'unrecognised', 0
    );
  else
    v_result := private.handle_circle_webhook(v_read.o_payload);
    v_status := case
      when jsonb_array_length(v_result -> 'errors') > 0 then 'failed'
      when jsonb_array_length(v_result -> 'imported') > 0 then 'processed'
      when (v_result ->> 'hints')::integer > 0 then 'hint'
      when (v_result ->> 'unrecognised')::integer > 0 then 'unrecognised'
      else 'processed'
    end;
  end if;
  update private.circle_events as e set
    status = v_status, result = v_result, attempts = e.attempts + 1, processed_at = clock_timestamp(),
    error = coalesce(v_read.o_error, v_result #>> '{errors,0,code}')
  where e.id = p_event_id;
  return jsonb_build_object('event_id', p_event_id, 'status', v_status) || v_result;
end;
$$;
comment on function private.process_circle_event(uuid) is 'Body of public.process_circle_event.';
grant execute on function private.process_circle_event(uuid) to service_role;

create or replace function public.process_circle_event(p_event_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_event(p_event_id => process_circle_event.p_event_id);
end;
comment on function public.process_circle_event(uuid) is
  'Works on a stored event and records how it went; again with the same result. Returns {event_id, status, '
  'processed, '
  'imported[], errors[], hints, unrecognised}; status is processed, failed, hint, unrecognised or '
  'unreadable. '
  'Service role only. Errors: circle_event_not_found (404).';
grant execute on function public.process_circle_event(uuid) to service_role;

-- 20_tracker/76_waiting_circle_events.sql
-- Second chances: an event that was stored and not worked on, because time ran out or two transactions met,
-- is worked on later.

create or replace function private.process_waiting_circle_events(batch integer default 20) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_max_attempts constant integer := 10;
  v_event record;
  v_error text;
  v_processed_count integer := 0;
begin
  -- Younger ones are with the request that brought them. The fewest attempts first, so that one that always
  -- fails holds up no other.
  for v_event in
    select e.id, e.attempts
    from private.circle_events as e
    where e.status = 'received' and e.received_at < clock_timestamp() - interval '30 seconds'
    order by e.attempts, e.received_at
    limit process_waiting_circle_events.batch
    for update skip locked
  loop
    begin
      perform private.process_circle_event(v_event.id);
      v_processed_count := v_processed_count + 1;
    exception
      when data_exception or integrity_constraint_violation or program_limit_exceeded
        or insufficient_resources or deadlock_detected or lock_not_available or serialization_failure
        or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
      then
        get stacked diagnostics v_error = message_text;
        update private.circle_events as e set
          attempts = e.attempts + 1, error = format('%s: %s', sqlstate, v_error),
          status = case when e.attempts + 1 < v_max_attempts then 'received' else 'failed' end,
          processed_at = case when e.attempts + 1 < v_max_attempts then null else clock_timestamp() end
        where e.id = v_event.id;
    end;
  end loop;
  return v_processed_count;
end;
$$;
comment on function private.process_waiting_circle_events(integer) is
  'Works on up to so many events that have waited for over 30 seconds and returns how many succeeded. One '
  'that fails is tried again by the next call, and is `failed` after ten attempts. For the scheduler.';

-- 20_tracker/80_cleanup_legacy_test_data.sql
-- Removes test issues that have had their time.

create or replace function private.cleanup_legacy_test_data(days_old integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- Bounded, so that no number runs out of the calendar.
  v_before constant timestamptz := now() - make_interval(days => least(greatest(days_old, 0), 36500));
  v_deleted_count integer;
begin
  perform private.require_team_role('admin');
  if days_old is null or days_old < 0 then
    raise exception using
      errcode = 'PT422', message = 'days_old_invalid', detail = 'days_old has to be 0 or more.',
      hint = 'Leave it out for 7 days.';
  end if;
  -- The turn that every delete of issues takes, then the issues in the order in which imports lock theirs.
  perform pg_advisory_xact_lock(hashtextextended('public.issue_tags', 0));
  perform from public.issues as i where i.is_test and i.created_at < v_before order by i.id for update;
  delete from public.issues as i where i.is_test and i.created_at < v_before;
  get diagnostics v_deleted_count = row_count;
  return v_deleted_count;
end;
$$;
comment on function private.cleanup_legacy_test_data(integer) is 'Body of public.cleanup_legacy_test_data.';
grant execute on function private.cleanup_legacy_test_data(integer) to authenticated, service_role;

create or replace function public.cleanup_legacy_test_data(days_old integer default 7) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cleanup_legacy_test_data(days_old => cleanup_legacy_test_data.days_old);
end;
comment on function public.cleanup_legacy_test_data(integer) is
  'Deletes issues with is_test that are older than so many days, with their comments and logs, and returns '
  'how many. '
  'Admins and servers. Errors: not_signed_in (401), team_role_required (403), days_old_invalid (422).';
grant execute on function public.cleanup_legacy_test_data(integer) to authenticated, service_role;
