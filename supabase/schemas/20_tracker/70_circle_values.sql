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
