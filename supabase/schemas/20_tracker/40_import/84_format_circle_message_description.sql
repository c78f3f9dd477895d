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
