-- What a visitor wrote is erased from the tasks that were dispatched because of it, too: from the context in
-- their first message, and from where an agent quotes it.

-- A short text is erased where it is the title or a whole value of the context: in a sentence it may be
-- somebody else's words.
create or replace function private.erase_quotes(p_text text, p_quotes text[]) returns text
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_erased constant text := 'Erased support request';
  v_head constant text := substring(p_text from '^Fix EXAI-[0-9]+: ');
  v_text text := p_text;
  v_quote text;
  v_json text;
begin
  foreach v_quote in array p_quotes loop
    v_json := to_jsonb(v_quote)::text;
    if v_head is not null and starts_with(substr(v_text, length(v_head) + 1), v_quote || E'\n') then
      v_text := v_head || v_erased || substr(v_text, length(v_head) + length(v_quote) + 1);
    end if;
    v_text := replace(v_text, ': ' || v_json, format(': "%s"', v_erased));
    if length(v_quote) >= 16 then
      v_text := replace(v_text, v_quote, v_erased);
      v_text := replace(v_text, substr(v_json, 2, length(v_json) - 2), v_erased);
    end if;
  end loop;
  return v_text;
end;
$$;
comment on function private.erase_quotes is
  'A text without these quotes, as they are and as JSON has them.';

-- As the issue, the engineering issue and its context have them: whole and cut.
create or replace function private.list_quotes(p_conversation_ids uuid[]) returns text[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select u.quote
    from support.escalations as e
    join private.list_escalated_issues(array[e.conversation_id]) as l on true
    join public.issues as i on i.id = l.o_issue_id
    cross join lateral (
      select private.non_blank(e.original_request) as request,
        format(E'\n\nReported as issue #%s.', i.seq_id) as origin,
        case when l.o_is_as_made then i.title end as title
    ) as m
    cross join lateral (
      values (m.request), (m.request || m.origin),
        (left(m.request || m.origin, 8000)), (left(m.request, 8000)),
        (private.non_blank(left(split_part(m.request, E'\n', 1), 120))), (m.title), (left(m.title, 300))
    ) as u (quote)
    where e.conversation_id = any (p_conversation_ids) and e.is_issue_created and u.quote is not null
    group by u.quote
    order by length(u.quote) desc, u.quote collate "C"
  );
end;
$$;
comment on function private.list_quotes is
  'What issues, and what was made from them, may contain of the escalations of these conversations, '
  'the longest first.';

create or replace function private.erase_dispatches(p_conversation_ids uuid[]) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_quotes constant text[] := private.list_quotes(p_conversation_ids);
  v_exai_issue_ids constant uuid[] := array(
    select p.o_exai_issue_id from private.list_promotions(array(
      select l.o_issue_id from private.list_escalated_issues(p_conversation_ids) as l
    )) as p
  );
  v_count integer := 0;
  v_task record;
  v_messages jsonb;
begin
  for v_task in
    select t.id, t.chat_messages from public.tasks as t
    where t.id in (
      select x.task_id from public.exai_issue_tasks as x
      where x.exai_issue_id = any (v_exai_issue_ids)
        -- the context of an issue has the titles of those that it is related to
        or exists (
          select from public.exai_issue_relations as r
          where r.from_issue_id = x.exai_issue_id and r.to_issue_id = any (v_exai_issue_ids)
            or r.to_issue_id = x.exai_issue_id and r.from_issue_id = any (v_exai_issue_ids)
        )
    )
    order by t.id
    for no key update
  loop
    v_messages := (
      select coalesce(jsonb_agg(
        case when jsonb_typeof(m.value -> 'content') = 'string' then jsonb_set(
          m.value, '{content}', to_jsonb(private.erase_quotes(m.value ->> 'content', v_quotes))
        ) else m.value end order by m.position
      ), '[]')
      from jsonb_array_elements(v_task.chat_messages) with ordinality as m (value, position)
    );
    if v_messages <> v_task.chat_messages then
      update public.tasks as t set chat_messages = v_messages where t.id = v_task.id;
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end;
$$;
comment on function private.erase_dispatches is
  'Erases what visitors wrote in these conversations from the messages of the tasks that dispatch_issue() '
  'created because of it, before the conversations and their issues are erased. A task that is running runs '
  'on. Returns how many tasks that is.';
