-- What the database keeps about an engineering issue whoever writes it: allowed values, dates, people.

-- See private.complete_issue_upsert: for an upsert of a row that is there, what was sent as null is as
-- stored.
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
    perform private.advance_exai_issue_number(new.issue_number);
  else
    new.issue_number := nextval('public.exai_issues_issue_number_seq')::integer;
  end if;
  return new;
end;
$$;
comment on function private.complete_exai_issue_upsert is
  'Before-insert trigger, the first: a number for a new issue; for an upsert, nulls as they are stored.';

-- See private.advance_issue_number.
create or replace function private.advance_exai_issue_number(p_number integer) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last bigint := coalesce(pg_sequence_last_value('public.exai_issues_issue_number_seq'), 0);
begin
  if p_number <= v_last then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('public.exai_issues.issue_number', 0));
  v_last := coalesce(pg_sequence_last_value('public.exai_issues_issue_number_seq'), 0);
  if p_number - v_last > 1000 then
    v_last := setval('public.exai_issues_issue_number_seq', p_number);
  end if;
  while v_last < p_number loop
    v_last := nextval('public.exai_issues_issue_number_seq');
  end loop;
end;
$$;
comment on function private.advance_exai_issue_number is
  'Moves the sequence of issue numbers to at least this number, so that it is not given out again.';

-- No client of the API can set it: import_exai_issues does, for as long as it runs.
create or replace function private.is_exai_import() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(current_setting('app.exai_import', true), '') = 'on';
end;
$$;
comment on function private.is_exai_import is
  'Whether rows come from a document that says who made them and when, and which number they have.';

create or replace function private.sorted_ids(p_ids uuid[]) returns uuid[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_ids = '{}' then
    return p_ids;
  end if;
  return array(select distinct u.id from unnest(p_ids) as u (id) where u.id is not null order by u.id);
end;
$$;
comment on function private.sorted_ids is 'Ids sorted, each once, without nulls.';

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
  new.affected_components := coalesce(new.affected_components, old.affected_components, '{}');
  new.related_issues := private.sorted_ids(coalesce(new.related_issues, old.related_issues, '{}'));
  new.blocks_issues := private.sorted_ids(coalesce(new.blocks_issues, old.blocks_issues, '{}'));
  new.blocked_by_issues := private.sorted_ids(coalesce(new.blocked_by_issues, old.blocked_by_issues, '{}'));
  new.discovery_date := coalesce(new.discovery_date, old.discovery_date, new.created_at, now());
  if new.severity <> all (v_severities) then
    raise exception using
      errcode = 'PT422', message = 'exai_severity_invalid',
      detail = format('%L is no severity.', new.severity),
      hint = 'Use one of: ' || array_to_string(v_severities, ', ') || '.';
  end if;
  if new.category <> all (v_categories) then
    raise exception using
      errcode = 'PT422', message = 'exai_category_invalid',
      detail = format('%L is no category.', new.category),
      hint = 'Use one of: ' || array_to_string(v_categories, ', ') || '.';
  end if;
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'exai_status_invalid', detail = format('%L is no status.', new.status),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  return new;
end;
$$;
comment on function private.check_exai_issue is
  'Before trigger: allowed values, sorted ids; null is as if left out. Errors: exai_severity_invalid, '
  'exai_category_invalid, exai_status_invalid (422).';

-- To reopen is to go from any other status to open or in_progress: what was said to be done is not, so its
-- dates go. What was tried (actual_fix, fix_conversation_id) stays.
create or replace function private.sync_exai_dates() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and new.status <> old.status then
    if new.status in ('open', 'in_progress') then
      if old.status not in ('open', 'in_progress') then
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
  if new.status not in ('open', 'in_progress') then
    new.claimed_by := null;
    new.claimed_by_user_id := null;
    new.claimed_at := null;
    new.claim_expires_at := null;
  end if;
  return new;
end;
$$;
comment on function private.sync_exai_dates is
  'Before trigger: fix_date and verification_date follow the status unless they are sent; who is done '
  'holds no claim.';

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
    -- A token may outlive its account.
    new.created_by_user_id := (select u.id from auth.users as u where u.id = auth.uid());
  end if;
  return new;
end;
$$;
comment on function private.set_exai_author is
  'Before trigger of exai_issues and exai_issue_updates: the author''s account is the database''s.';

-- Clients send whole rows back, claims too. Only the functions that claim run with another role than the
-- API's.
create or replace function private.guard_exai_claim() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.claimed_by := old.claimed_by;
    new.claimed_by_user_id := old.claimed_by_user_id;
    new.claimed_at := old.claimed_at;
    new.claim_expires_at := old.claim_expires_at;
  end if;
  return new;
end;
$$;
comment on function private.guard_exai_claim is
  'Before trigger: people claim by claim_exai_issue and next_exai_issue only; what else they write '
  'there is dropped.';

create trigger _010_complete_exai_issue_upsert before insert on public.exai_issues
  for each row execute function private.complete_exai_issue_upsert();
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
create trigger _150_guard_exai_claim before insert on public.exai_issues
  for each row when (
    coalesce(new.claimed_by, new.claimed_by_user_id::text) is not null
    or coalesce(new.claimed_at, new.claim_expires_at) is not null
  )
  execute function private.guard_exai_claim();
create trigger _160_guard_exai_claim before update on public.exai_issues
  for each row when (
    (old.claimed_by, old.claimed_by_user_id, old.claimed_at, old.claim_expires_at)
    is distinct from (new.claimed_by, new.claimed_by_user_id, new.claimed_at, new.claim_expires_at)
  )
  execute function private.guard_exai_claim();
create trigger _200_sync_exai_dates before insert on public.exai_issues
  for each row execute function private.sync_exai_dates();
create trigger _210_sync_exai_dates before update on public.exai_issues
  for each row when (
    (old.status, old.fix_date, old.verification_date, old.claimed_by)
    is distinct from (new.status, new.fix_date, new.verification_date, new.claimed_by)
  )
  execute function private.sync_exai_dates();
create trigger _300_set_exai_author before insert on public.exai_issues
  for each row execute function private.set_exai_author();
create trigger _310_set_exai_author before update on public.exai_issues
  for each row when (
    (old.created_by, old.created_by_user_id) is distinct from (new.created_by, new.created_by_user_id)
  )
  execute function private.set_exai_author();
create trigger _900_set_timestamps before insert or update on public.exai_issues
  for each row execute function private.set_timestamps();
