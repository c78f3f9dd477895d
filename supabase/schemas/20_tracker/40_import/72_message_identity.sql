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
