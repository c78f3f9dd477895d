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
