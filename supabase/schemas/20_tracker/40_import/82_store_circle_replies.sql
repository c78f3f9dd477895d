-- The rows of a message's replies. A reply that a payload leaves out stays.

create or replace function private.reply_fields(p_parent text, p_reply private.circle_snapshot) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_build_object(
    'parent', p_parent, 'author_name', p_reply.author_name, 'body', p_reply.body,
    'attachments', p_reply.attachments, 'link', p_reply.link, 'reply_index', p_reply.reply_index,
    'posted_at', p_reply.posted_at, 'edited_at', p_reply.edited_at, 'removed_at', p_reply.removed_at,
    'raw_data', p_reply.raw_data
  );
end;
$$;
comment on function private.reply_fields is 'The registers of a reply, of a snapshot.';

create or replace function private.merge_circle_reply(
  p_message public.circle_issues, p_reply private.circle_snapshot, out o_other uuid, out o_conflict jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_replies;
  v_parent public.circle_issues;
  v_merged record;
  v public.circle_replies;
begin
  select * into v_stored from public.circle_replies as r where r.message_id = p_reply.message_id for update;
  if v_stored.circle_issue_id = p_message.id and v_stored.raw_data = p_reply.raw_data then
    return;
  end if;
  if private.is_other_person(
    v_stored.author_name, v_stored.posted_at, v_stored.raw_data, p_reply
  ) then
    o_conflict := private.unread_value('Replies', to_jsonb(p_reply.message_id), format(
      'is the id of a reply by %s, posted at %s; this one, by %s, posted at %s, is left out',
      v_stored.author_name, v_stored.posted_at, p_reply.author_name, p_reply.posted_at
    )) || '{"code": "tracker_reply_id_conflict"}';
    return;
  end if;
  select * into v_parent from public.circle_issues as c where c.id = v_stored.circle_issue_id;
  v_merged := private.merge_circle_fields(
    to_jsonb(v_stored) || jsonb_build_object('parent', v_parent.message_id), v_stored.field_versions,
    private.reply_fields(p_message.message_id, p_reply), private.snapshot_version(p_reply)
  );
  v := jsonb_populate_record(v_stored, v_merged.o_values);
  update public.circle_replies as r set
    circle_issue_id = case v_merged.o_values ->> 'parent'
      when p_message.message_id then p_message.id else v_stored.circle_issue_id end,
    reply_index = v.reply_index, author_name = coalesce(v.author_name, 'Unknown'),
    body = coalesce(v.body, ''), attachments = coalesce(v.attachments, '[]'), link = v.link,
    raw_data = coalesce(v.raw_data, '{}'), posted_at = v.posted_at, edited_at = v.edited_at,
    removed_at = v.removed_at, field_versions = v_merged.o_versions
  where r.id = v_stored.id;
  o_other := nullif(v_parent.id, p_message.id);
end;
$$;
comment on function private.merge_circle_reply is
  'Merges a snapshot of a reply into its row. Returns the other message that had the reply before, whose '
  'issue has to be updated, null where the same message had it; and where the row is that of another reply, '
  'which stays as it is, what the answer says about it.';

create or replace function private.store_circle_replies(
  p_message public.circle_issues, p_replies private.circle_snapshot[], out o_others uuid[],
  out o_conflicts jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_merged record;
  v_conflicts jsonb[] := array[]::jsonb[];
begin
  o_others := '{}';
  foreach v in array p_replies loop
    insert into public.circle_replies (
      message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
      edited_at, removed_at, created_at, field_versions
    )
    values (
      v.message_id, p_message.id, v.reply_index, coalesce(v.author_name, 'Unknown'), coalesce(v.body, ''),
      coalesce(v.attachments, '[]'), v.link, v.raw_data, v.posted_at, v.edited_at,
      v.removed_at, coalesce(v.posted_at, now()),
      case when v.is_edit_undated then private.undated_versions(
          private.reply_fields(p_message.message_id, v), private.snapshot_version(v)
        ) else '{}' end
        || case when v.body is null then '{"body": null}' else '{}' end::jsonb
        || case when v.author_name is null then '{"author_name": null}' else '{}' end::jsonb
        || case when v.attachments is null then '{"attachments": null}' else '{}' end::jsonb
    )
    on conflict on constraint circle_replies_message_id_key do nothing;
    if not found then
      v_merged := private.merge_circle_reply(p_message, v);
      o_others := array_remove(o_others || v_merged.o_other, null);
      if v_merged.o_conflict is not null then
        v_conflicts := v_conflicts || v_merged.o_conflict;
      end if;
    end if;
  end loop;
  o_conflicts := case when v_conflicts <> '{}' then to_jsonb(v_conflicts) end;
end;
$$;
comment on function private.store_circle_replies is
  'Inserts or merges the replies of an item, which are in the order of their ids. Returns the other messages '
  'that had one of them before, and what the answer says about those whose id is that of another reply.';
