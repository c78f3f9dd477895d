-- Erases a visitor everywhere.

-- Also one that was merged into another issue, to which the escalation has moved.
create or replace function private.list_escalated_issues(p_conversation_ids uuid[])
returns table (o_issue_id uuid, o_is_as_made boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select i.id, bool_or(i.description = e.original_request)
  from support.escalations as e
  cross join lateral (
    select coalesce(
      (
        select m.source_issue_id from public.issue_merges as m
        where m.into_issue_id = e.issue_id and e.id = any (m.escalation_ids)
      ), e.issue_id
    ) as id
  ) as o
  join public.issues as i on i.id = o.id
  where e.conversation_id = any (p_conversation_ids) and e.is_issue_created
  group by i.id;
end;
$$;
comment on function private.list_escalated_issues is
  'The issues that were made from escalations of these conversations, and whether each is as it was made.';

-- What the team has made of the words is the team's; what is as the escalation made it is erased.
create or replace function private.erase_escalated_issues(p_conversation_ids uuid[])
returns table (o_erased integer, o_edited integer)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_made constant uuid[] := array(
    select l.o_issue_id from private.list_escalated_issues(p_conversation_ids) as l where l.o_is_as_made
  );
begin
  perform private.erase_dispatches(p_conversation_ids), private.erase_promotions(v_made);
  return query
  with made as (
    select l.o_issue_id as id, l.o_is_as_made as is_as_made
    from private.list_escalated_issues(p_conversation_ids) as l
  ),
  erased as (
    update public.issues as i set title = 'Erased support request', description = ''
    from made as m where i.id = m.id and m.is_as_made
    returning i.id
  )
  select (select count(*)::integer from erased),
    (select count(*)::integer from made as m where not m.is_as_made);
  -- last, as everybody locks them, and with what was written until the issues were locked
  perform private.erase_deliveries(v_made);
end;
$$;
comment on function private.erase_escalated_issues is
  'Erases title and description of the issues that were made from escalations of these conversations and not '
  'edited since, with what was told of them and what engineering issues and tasks copied, and counts them, '
  'and the others.';

-- Escalations are locked before their conversations, as everywhere. What is deleted takes its messages,
-- answers and ratings with it.
create or replace function private.erase_conversations(
  p_conversation_ids uuid[], p_user_id uuid, p_subject_id uuid, p_requested_by text
) returns support.erasures
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_receipt support.erasures;
  v_issues record;
begin
  perform from support.escalations as e where e.conversation_id = any (p_conversation_ids) order by e.id
  for update;
  perform from support.conversations as c where c.id = any (p_conversation_ids) order by c.id for update;
  select * into v_issues from private.erase_escalated_issues(p_conversation_ids);
  insert into support.erasures as r (
    subject_digest, requested_by, requested_by_user_id, conversations_count, messages_count,
    escalations_count, issues_count, edited_issues_count
  )
  select encode(sha256(convert_to(p_subject_id::text, 'UTF8')), 'hex'), p_requested_by,
    case p_requested_by when 'team' then auth.uid() end,
    (select count(*) from support.conversations as c where c.id = any (p_conversation_ids)),
    (select count(*) from support.messages as m where m.conversation_id = any (p_conversation_ids)),
    (select count(*) from support.escalations as e where e.conversation_id = any (p_conversation_ids)),
    v_issues.o_erased, v_issues.o_edited
  returning r.* into v_receipt;
  delete from support.conversations as c where c.id = any (p_conversation_ids);
  delete from support.users as u where u.id = p_user_id;
  return v_receipt;
end;
$$;
comment on function private.erase_conversations is
  'Deletes conversations and, where given, a visitor''s row, and returns the receipt.';

create or replace function private.load_erasure(p_subject_id uuid) returns support.erasures
language plpgsql stable security definer set search_path = '' as $$
declare
  v_receipt support.erasures;
begin
  select * into v_receipt from support.erasures as r
  where r.subject_digest = encode(sha256(convert_to(p_subject_id::text, 'UTF8')), 'hex')
  order by r.created_at desc limit 1;
  return v_receipt;
end;
$$;
comment on function private.load_erasure is
  'The last receipt for a user or a conversation; nulls without one.';

create or replace function private.erase_visitor(p_user_id uuid, p_requested_by text)
returns support.erasures
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.erase_conversations(
    array(select c.id from support.conversations as c where c.user_id = p_user_id), p_user_id, p_user_id,
    p_requested_by
  );
end;
$$;
comment on function private.erase_visitor is
  'Erases a visitor with all conversations, and returns the receipt.';

create or replace function private.forget_user(p_user_id uuid, p_conversation_id uuid)
returns support.erasures
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_visitor_id constant uuid := private.visitor_id();
  v_by text := case when private.is_trusted_caller() then 'server' else 'team' end;
  v_subject_id constant uuid := coalesce(p_conversation_id, p_user_id, v_visitor_id);
  v_receipt support.erasures;
begin
  if v_subject_id is null or p_conversation_id is null and v_subject_id = v_visitor_id
    or exists (
      select from support.conversations as c where c.id = p_conversation_id and c.user_id = v_visitor_id
    )
  then
    if v_visitor_id is null then
      raise exception using
        errcode = 'PT401', message = 'sign_in_required', detail = 'Nobody is signed in, and no id was given.',
        hint = 'Sign in as the visitor, or as an admin with user_id or conversation_id.';
    end if;
    v_by := 'visitor';
  else
    perform private.require_team_role('admin');
  end if;
  if p_conversation_id is null then
    if v_by = 'visitor' or exists (select from support.users as u where u.id = v_subject_id) then
      return private.erase_visitor(v_subject_id, v_by);
    end if;
  elsif exists (select from support.conversations as c where c.id = p_conversation_id) then
    return private.erase_conversations(array[p_conversation_id], null, p_conversation_id, v_by);
  end if;
  v_receipt := private.load_erasure(v_subject_id);
  if v_receipt.id is null then
    raise exception using
      errcode = 'PT404', message = 'support_user_unknown',
      detail = 'There is no visitor or conversation with this id, and none was erased.',
      hint = 'Use the id of a row in users or conversations.';
  end if;
  return v_receipt;
end;
$$;
grant execute on function private.forget_user to authenticated, service_role;

create or replace function support.forget_user(user_id uuid default null, conversation_id uuid default null)
returns support.erasures
language sql volatile security invoker set search_path = ''
begin atomic
  select private.forget_user(forget_user.user_id, forget_user.conversation_id);
end;
comment on function support.forget_user is
  'Erases the caller as a visitor, with contact, conversations, messages, escalations and ratings, or one '
  'conversation of theirs; admins and servers anybody, by user_id or conversation_id. Returns the receipt; '
  'called again for what is erased already, the last one. The account itself stays: Auth deletes it. Errors: '
  'sign_in_required (401), team_role_required (403), support_user_unknown (404).';
grant execute on function support.forget_user to authenticated, service_role;

create or replace function private.erase_deleted_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (tg_op = 'DELETE' or old.deleted_at is null and new.deleted_at is not null)
    and exists (select from support.users as u where u.id = old.id)
  then
    perform private.erase_visitor(old.id, 'account');
  end if;
  return null;
end;
$$;
comment on function private.erase_deleted_account is
  'After trigger of auth.users: erases the visitor whose account is deleted, softly or not.';

-- Names no column, see _110_sync_changed_account; each sign-in fires it.
create trigger _150_erase_deleted_visitor after update on auth.users
  for each row when (old *<> new) execute function private.erase_deleted_account();
create trigger _150_erase_removed_visitor after delete on auth.users
  for each row execute function private.erase_deleted_account();
