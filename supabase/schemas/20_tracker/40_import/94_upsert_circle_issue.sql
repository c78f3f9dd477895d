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
