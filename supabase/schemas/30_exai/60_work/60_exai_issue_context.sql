-- Everything that an assistant needs to continue with an engineering issue, in one document of bounded size.

create or replace function private.load_exai_context_issue(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_issue jsonb := to_jsonb(p_issue)
    - '{related_issues, blocks_issues, blocked_by_issues, created_by_user_id, claimed_by_user_id}'::text[];
  v_key text;
begin
  foreach v_key in array array[
    'title', 'description', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
  ] loop
    if length(v_issue ->> v_key) > 8000 then
      v_issue := v_issue || jsonb_build_object(v_key, left(v_issue ->> v_key, 8000));
    end if;
  end loop;
  return v_issue || (
    select jsonb_build_object(
      'affected_components',
      to_jsonb((p_issue.affected_components)[:100]),
      'completed_steps', c.completed_count, 'total_steps', c.step_count, 'skipped_steps', c.skipped_count,
      'is_ready', c.is_active and c.active_blockers_count = 0 and c.blocked_parents_count = 0,
      'is_blocked', c.active_blockers_count + c.blocked_parents_count > 0
    )
    from private.exai_issue_counts as c
    where c.issue_id = p_issue.id
  );
end;
$$;
comment on function private.load_exai_context_issue is
  'The issue itself for exai_issue_context, with texts cut after 8,000 characters.';

create or replace function private.load_exai_context_relations(p_issue_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'issue_number', r.issue_number, 'title', left(r.title, 300), 'status', r.status,
        'severity', r.severity, 'kind', r.kind, 'direction', r.direction
      )
      order by r.position, r.issue_number
    ), '[]')
    from (
      select i.issue_number, i.title, i.status, i.severity, e.kind, e.direction, row_number() over (
        order by private.is_active_exai_status(i.status) desc, e.kind, e.direction, i.issue_number
      ) as position
      from (
        select o.to_issue_id as id, o.kind, case o.kind when 'relates' then 'both' else 'to' end as direction
        from public.exai_issue_relations as o
        where o.from_issue_id = p_issue_id
        union all
        select n.from_issue_id, n.kind, case n.kind when 'relates' then 'both' else 'from' end
        from public.exai_issue_relations as n
        where n.to_issue_id = p_issue_id
      ) as e
      join public.exai_issues as i on i.id = e.id
      order by position
      limit 100
    ) as r
  );
end;
$$;
comment on function private.load_exai_context_relations is
  'Up to 100 relations of an issue, those to active issues first.';

create or replace function private.load_exai_context_conversations(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object('conversation_id', c.conversation_id, 'roles', c.roles, 'last_at', c.last_at)
      order by c.last_at, c.conversation_id collate "C"
    ), '[]')
    from (
      select left(m.conversation_id, 300) as conversation_id,
        jsonb_agg(distinct m.role) as roles, max(m.mentioned_at) as last_at
      from (
        select p_issue.conversation_id, 'discovered', p_issue.discovery_date
        union all
        select p_issue.fix_conversation_id, 'fixed', coalesce(p_issue.fix_date, p_issue.updated_at)
        union all
        select u.conversation_id, 'updated', u.created_at from public.exai_issue_updates as u
        where u.issue_id = p_issue.id
        union all
        select s.conversation_id, 'worked_on_step', s.updated_at from public.exai_issue_checklist as s
        where s.issue_id = p_issue.id
      ) as m (conversation_id, role, mentioned_at)
      where m.conversation_id is not null
      group by 1
      order by last_at desc, 1
      limit 50
    ) as c
  );
end;
$$;
comment on function private.load_exai_context_conversations is
  'The 50 latest conversations of an issue, each with its roles.';

create or replace function private.describe_exai_context_cut(
  p_issue public.exai_issues, p_steps jsonb, p_updates jsonb, p_relations jsonb, p_conversations jsonb
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'texts', (
      select jsonb_agg(t.name order by t.name)
      from (
        values
          ('title', p_issue.title), ('description', p_issue.description), ('root_cause', p_issue.root_cause),
          ('impact_description', p_issue.impact_description), ('actual_fix', p_issue.actual_fix),
          ('recommended_fix', p_issue.recommended_fix)
      ) as t (name, text)
      where length(t.text) > 8000
    ),
    'affected_components', nullif(greatest(cardinality(p_issue.affected_components) - 100, 0), 0),
    'steps', (
      select nullif(c.step_count - jsonb_array_length(p_steps), 0)
      from private.exai_issue_counts as c where c.issue_id = p_issue.id
    ),
    'updates', (
      select nullif(count(*) - jsonb_array_length(p_updates), 0)
      from public.exai_issue_updates as u where u.issue_id = p_issue.id
    ),
    'relations', (
      select nullif(count(*) - jsonb_array_length(p_relations), 0)
      from public.exai_issue_relations as e where p_issue.id in (e.from_issue_id, e.to_issue_id)
    ),
    'conversations', case when jsonb_array_length(p_conversations) = 50 then 'the latest 50 only' end
  ));
end;
$$;
comment on function private.describe_exai_context_cut is
  'What exai_issue_context leaves out: names of cut texts, and numbers of omitted rows; {} if nothing.';

create or replace function private.exai_issue_context(p_issue_number integer) returns jsonb
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
declare
  v_issue public.exai_issues;
  v_steps jsonb;
  v_updates jsonb;
  v_relations jsonb;
  v_conversations jsonb;
begin
  perform private.require_team_role('viewer');
  select i.* into v_issue from public.exai_issues as i
  where i.issue_number = p_issue_number;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  select coalesce(jsonb_agg(jsonb_build_object(
    'step_number', s.step_number, 'description', left(s.description, 1000), 'status', s.status,
    'conversation_id', s.conversation_id, 'completed_at', s.completed_at
  ) order by s.step_number), '[]') into v_steps
  from (
    select c.* from public.exai_issue_checklist as c where c.issue_id = v_issue.id
    order by c.step_number limit 200
  ) as s;
  select coalesce(jsonb_agg(jsonb_build_object(
    'update_type', u.update_type, 'content', left(u.content, 4000), 'conversation_id', u.conversation_id,
    'created_by', u.created_by, 'created_at', u.created_at
  ) order by u.created_at, u.id), '[]') into v_updates
  from (
    select c.* from public.exai_issue_updates as c where c.issue_id = v_issue.id
    order by c.created_at desc, c.id desc limit 20
  ) as u;
  v_relations := private.load_exai_context_relations(v_issue.id);
  v_conversations := private.load_exai_context_conversations(v_issue);
  return jsonb_build_object(
    'issue', private.load_exai_context_issue(v_issue), 'steps', v_steps, 'updates', v_updates,
    'relations', v_relations, 'conversations', v_conversations,
    'location', case when v_issue.file_path is not null then jsonb_build_object(
      'file_path', v_issue.file_path, 'line_start', v_issue.line_start, 'line_end', v_issue.line_end
    ) end,
    'cut', private.describe_exai_context_cut(v_issue, v_steps, v_updates, v_relations, v_conversations)
  );
end;
$$;
grant execute on function private.exai_issue_context to authenticated, service_role;

create or replace function public.exai_issue_context(issue_number integer) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.exai_issue_context(exai_issue_context.issue_number);
end;
comment on function public.exai_issue_context is
  'Everything about an issue in one document: {issue, steps[], updates[], relations[], conversations[], '
  'location, cut}. A relation is {issue_number, title, status, severity, kind, direction}. direction is to '
  'if the edge starts at this issue (it blocks the other, is its parent, …), from if it ends here, and both '
  'for relates. Limits: 8,000 characters per text, 200 steps of 1,000 characters, the 20 newest updates of '
  '4,000 characters, oldest first, 100 relations, those to active issues first, 50 conversations, 100 '
  'components. cut lists what was left out: the names of texts, and the number of other parts. Viewers. '
  'Errors: sign_in_required (401), team_role_required (403), exai_issue_unknown (404).';
grant execute on function public.exai_issue_context to authenticated, service_role;
