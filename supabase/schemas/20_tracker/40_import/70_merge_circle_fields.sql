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
