-- What the database keeps about an issue whoever writes it: allowed values, resolution, people.

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
comment on function private.sorted_tags is 'Tags trimmed, sorted, each once, without blanks.';

-- PostgREST's upsert is `insert … on conflict (id) do update set <each column sent> = excluded.…`, and what
-- before-insert triggers make of a row is what `excluded` holds. So where the row is there already, they must
-- not fill in anything that would then be written over it: what was sent as null gets the value that is
-- there (null itself would fail as not-null before the conflict is seen). The row is locked as the update
-- will lock it, so that this value is still the one when the update comes.
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
  'Before-insert trigger, the first: a number for a new issue; for an upsert, nulls as they are stored.';

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
      errcode = 'PT422', message = 'tracker_status_invalid', detail = format('%L is no status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  if new.segment <> all (v_segments) then
    raise exception using
      errcode = 'PT422', message = 'tracker_segment_invalid',
      detail = format('%L is no segment.', new.segment),
      hint = 'Use one of: ' || array_to_string(v_segments, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_issue is
  'Before trigger: allowed values, sorted tags, a segment; null is as if left out. Errors: '
  'tracker_status_invalid, tracker_segment_invalid (422).';

-- Clients send resolved_at, resolved_by and archived_at themselves; the status decides what becomes of them.
-- Only an operator's insert may bring the times of the past with it.
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
  'Before trigger: resolved_at, resolved_by and archived_at follow the status, whatever the client sent.';

create or replace function private.set_issue_people() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_assigned_to constant text := private.non_blank(new.assigned_to);
  v_text_changed constant boolean := v_assigned_to is distinct from old.assigned_to;
begin
  new.assigned_to := v_assigned_to;
  new.submitted_by := coalesce(private.non_blank(new.submitted_by), old.submitted_by, private.actor_name());
  if tg_op = 'UPDATE' then
    new.submitted_by_user_id := private.resolve_account_change(old.submitted_by_user_id,
      new.submitted_by_user_id);
  elsif not private.is_trusted_caller() then
    new.submitted_by_user_id := auth.uid();
  end if;

  if new.assigned_to_user_id is distinct from old.assigned_to_user_id then
    if new.assigned_to_user_id is not null then
      -- Two that disagree: the account is the one that can't be mistyped.
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
  'Before trigger: who filed it is the database''s, assigned_to and its account agree. '
  'Errors: tracker_assignee_invalid (422).';

-- An issue that is test data is deleted some nights later, which is for admins to decide.
create or replace function private.guard_test_flag() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  return new;
end;
$$;
comment on function private.guard_test_flag is
  'Before-update trigger of issues that become test data. Errors: team_role_required (403).';

create trigger _010_complete_issue_upsert before insert on public.issues
  for each row execute function private.complete_issue_upsert();
create trigger _050_reject_key_change before update on public.issues
  for each row when (old.id is distinct from new.id or old.seq_id is distinct from new.seq_id)
  execute function private.reject_key_change();
create trigger _100_check_issue before insert on public.issues
  for each row execute function private.check_issue();
create trigger _110_check_issue before update on public.issues
  for each row when (
    old.status is distinct from new.status or old.segment is distinct from new.segment
    or old.tags is distinct from new.tags or new.description is null or new.is_test is null
  )
  execute function private.check_issue();
create trigger _120_guard_test_flag before update on public.issues
  for each row when (new.is_test and not old.is_test) execute function private.guard_test_flag();
create trigger _200_sync_issue_resolution before insert on public.issues
  for each row execute function private.sync_issue_resolution();
create trigger _210_sync_issue_resolution before update on public.issues
  for each row when (
    (old.status, old.resolved_at, old.resolved_by, old.resolved_by_user_id, old.archived_at)
    is distinct from (new.status, new.resolved_at, new.resolved_by, new.resolved_by_user_id, new.archived_at)
  )
  execute function private.sync_issue_resolution();
create trigger _300_set_issue_people before insert on public.issues
  for each row execute function private.set_issue_people();
create trigger _310_set_issue_people before update on public.issues
  for each row when (
    (old.submitted_by, old.submitted_by_user_id, old.assigned_to, old.assigned_to_user_id)
    is distinct from (new.submitted_by, new.submitted_by_user_id, new.assigned_to, new.assigned_to_user_id)
  )
  execute function private.set_issue_people();
create trigger _900_set_timestamps before insert or update on public.issues
  for each row execute function private.set_timestamps();
