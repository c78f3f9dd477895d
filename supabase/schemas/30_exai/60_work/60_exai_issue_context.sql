-- Everything that an assistant needs to continue with an engineering issue, in one document of bounded size.

create or replace function private.load_exai_context_issue(p_issue public.exai_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_issue jsonb := to_jsonb(p_issue)
    - '{
      related_issues, blocks_issues, blocked_by_issues, created_by_user_id, claimed_by_user_id, claim_minutes
    }'::text[];
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
      'claimed_by', left(p_issue.claimed_by, 300),
      'affected_components',
      to_jsonb(array_remove((p_issue.affected_components)[:100], null)),
      'completed_steps', c.completed_count, 'total_steps', c.step_count, 'skipped_steps', c.skipped_count,
      'is_ready', c.is_ready, 'is_blocked', c.is_blocked, 'active_children_count', c.active_children_count,
      'duplicate_of', private.find_exai_original(p_issue.id),
      'is_to_be_closed', c.is_active and c.originals_count > 0 and c.active_originals_count = 0
    )
    from private.exai_issue_counts as c
    where c.issue_id = p_issue.id
  );
end;
$$;
comment on function private.load_exai_context_issue is
  'The issue itself for exai_issue_context, with texts cut after 8,000 characters.';

create or replace function private.load_exai_context_relations(
  p_issue_id uuid, p_skip integer, p_limit integer
) returns jsonb
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
      offset p_skip limit least(p_limit, 100)
    ) as r
  );
end;
$$;
comment on function private.load_exai_context_relations is
  'Up to 100 relations of an issue, those to active issues first.';

create or replace function private.load_exai_context_conversations(
  p_issue public.exai_issues, p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
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
      having p_since is null or max(m.mentioned_at) >= p_since
      order by last_at desc, 1
      offset p_skip limit least(p_limit, 50)
    ) as c
  );
end;
$$;
comment on function private.load_exai_context_conversations is
  'Up to 50 conversations of an issue, the latest, each with its roles.';

create or replace function private.describe_cut_text(p_text text, p_limit integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if length(p_text) > p_limit then
    return jsonb_build_object('text_length', length(p_text));
  end if;
  return '{}'::jsonb;
end;
$$;
comment on function private.describe_cut_text is 'The length of a text that is cut after p_limit characters.';

create or replace function private.load_exai_context_steps(
  p_issue_id uuid, p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'step_number', s.step_number, 'description', left(s.description, s.text_limit), 'status', s.status,
        'conversation_id', s.conversation_id, 'completed_at', s.completed_at
      ) || private.describe_cut_text(s.description, s.text_limit)
      order by s.step_number
    ), '[]')
    from (
      select c.*, case when p_limit = 1 then 40000 else 1000 end as text_limit
      from public.exai_issue_checklist as c
      where c.issue_id = p_issue_id and (p_since is null or c.updated_at >= p_since)
      order by c.status in ('complete', 'skipped'), c.step_number
      offset p_skip limit least(p_limit, 200)
    ) as s
  );
end;
$$;
comment on function private.load_exai_context_steps is
  'Up to 200 steps of an issue, those that are not done first, then in the order of their numbers.';

create or replace function private.load_exai_context_updates(
  p_issue_id uuid, p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'update_type', u.update_type, 'content', left(u.content, u.text_limit), 'created_by', u.created_by,
        'conversation_id', u.conversation_id, 'created_at', u.created_at
      ) || private.describe_cut_text(u.content, u.text_limit)
      order by u.created_at, u.id
    ), '[]')
    from (
      select c.*, case when p_limit = 1 then 40000 else 4000 end as text_limit
      from public.exai_issue_updates as c
      where c.issue_id = p_issue_id and (p_since is null or c.created_at >= p_since)
      order by c.created_at desc, c.id desc
      offset p_skip limit least(p_limit, 200)
    ) as u
  );
end;
$$;
comment on function private.load_exai_context_updates is 'Up to 200 updates of an issue, the newest.';

create or replace function private.load_exai_context_texts(
  p_issue public.exai_issues, p_sections text[], p_skip integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select jsonb_object_agg(t.key, substr(t.value, p_skip + 1, 40000))
    from jsonb_each_text(to_jsonb(p_issue)) as t
    where t.key = any (p_sections)
  );
end;
$$;
comment on function private.load_exai_context_texts is
  'The texts of an issue that are named, each up to 40,000 characters after those that are skipped.';

create or replace function private.describe_exai_context_cut(
  p_issue public.exai_issues, p_document jsonb, p_since timestamptz, p_skip integer
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'texts', (
      select jsonb_agg(t.key order by t.key)
      from jsonb_each_text(to_jsonb(p_issue)) as t
      where t.key in (
          'title', 'description', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
        )
        and length(t.value) > case
          when p_document -> 'texts' ? t.key then p_skip + 40000
          when p_document ? 'issue' then 8000
        end
    ),
    'affected_components', case when p_document ? 'issue' then
      nullif(greatest(cardinality(p_issue.affected_components) - 100, 0), 0)
    end,
    'steps', (
      select nullif(greatest(count(*) - p_skip - jsonb_array_length(p_document -> 'steps'), 0), 0)
      from public.exai_issue_checklist as c
      where c.issue_id = p_issue.id and (p_since is null or c.updated_at >= p_since)
    ),
    'updates', (
      select nullif(greatest(count(*) - p_skip - jsonb_array_length(p_document -> 'updates'), 0), 0)
      from public.exai_issue_updates as u
      where u.issue_id = p_issue.id and (p_since is null or u.created_at >= p_since)
    ),
    'relations', (
      select nullif(greatest(count(*) - p_skip - jsonb_array_length(p_document -> 'relations'), 0), 0)
      from public.exai_issue_relations as e where p_issue.id in (e.from_issue_id, e.to_issue_id)
    ),
    'conversations', case when jsonb_array_length(p_document -> 'conversations') = 50
      then 'the latest 50 only' end
  ));
end;
$$;
comment on function private.describe_exai_context_cut is
  'What exai_issue_context leaves out of its sections: names of cut texts, numbers of omitted rows.';

create or replace function private.exai_issue_context(
  p_issue_number integer, p_sections text[], p_since timestamptz, p_skip integer, p_limit integer
) returns jsonb
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
declare
  v_lists constant text[] := array['issue', 'steps', 'updates', 'relations', 'conversations'];
  v_texts constant text[] := array[
    'title', 'description', 'root_cause', 'impact_description', 'recommended_fix', 'actual_fix'
  ];
  v_sections constant text[] := coalesce(p_sections, v_lists);
  v_skip constant integer := least(greatest(coalesce(p_skip, 0), 0), 1000000000);
  v_limit constant integer := case when p_limit > 0 then p_limit end;
  v_issue public.exai_issues;
  v_document jsonb;
begin
  perform private.require_team_role('viewer');
  if not v_sections <@ (v_lists || v_texts) then
    raise exception using errcode = 'PT422', message = 'exai_section_unknown',
      detail = 'A section is not part of the context of an issue.',
      hint = format('Use: %s.', array_to_string(v_lists || v_texts, ', '));
  end if;
  select i.* into v_issue from public.exai_issues as i
  where i.issue_number = p_issue_number;
  if not found then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  v_document := jsonb_strip_nulls(jsonb_build_object(
    'texts', private.load_exai_context_texts(v_issue, array(
      select s.name from unnest(v_sections) as s (name) where s.name = any (v_texts)
    ), v_skip)
  )) || coalesce((
    select jsonb_object_agg(s.name, case s.name
      when 'issue' then private.load_exai_context_issue(v_issue)
      when 'steps' then
        private.load_exai_context_steps(v_issue.id, p_since, v_skip, coalesce(v_limit, 200))
      when 'updates' then
        private.load_exai_context_updates(v_issue.id, p_since, v_skip, coalesce(v_limit, 20))
      when 'relations' then
        private.load_exai_context_relations(v_issue.id, v_skip, coalesce(v_limit, 100))
      when 'conversations' then
        private.load_exai_context_conversations(v_issue, p_since, v_skip, coalesce(v_limit, 50))
    end)
    from unnest(v_sections) as s (name)
    where s.name = any (v_lists)
  ), '{}');
  if v_document ? 'issue' then
    v_document := v_document || jsonb_build_object('location', case when v_issue.file_path is not null then
      jsonb_build_object(
        'file_path', v_issue.file_path, 'line_start', v_issue.line_start, 'line_end', v_issue.line_end
      )
    end);
  end if;
  return v_document
    || jsonb_build_object('cut', private.describe_exai_context_cut(v_issue, v_document, p_since, v_skip));
end;
$$;
grant execute on function private.exai_issue_context to authenticated, service_role;

create or replace function public.exai_issue_context(
  issue_number integer, sections text[] default null, since timestamptz default null,
  skip_items integer default 0, max_items integer default null
) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.exai_issue_context(
    exai_issue_context.issue_number, exai_issue_context.sections, exai_issue_context.since,
    exai_issue_context.skip_items, exai_issue_context.max_items
  );
end;
comment on function public.exai_issue_context is
  'Everything about an issue in one document: {issue, steps[], updates[], relations[], conversations[], '
  'location, cut}. A relation is {issue_number, title, status, severity, kind, direction}. direction is to '
  'if the edge starts at this issue (it blocks the other, is its parent, …), from if it ends here, and both '
  'for relates. Limits: 8,000 characters per text, 200 steps of 1,000 characters, those that are not done '
  'first, the 20 newest updates of 4,000 characters, oldest first, 100 relations, those to active issues '
  'first, 50 conversations, 100 components. cut lists what was left out: the names of texts, and the number '
  'of other parts; a step or an update whose text is cut has text_length. sections: only these parts; also '
  'title, description, root_cause, impact_description, recommended_fix and actual_fix, which texts then '
  'contains with up to 40,000 characters each. since: only steps, updates and conversations that changed '
  'after it. skip_items leaves out the first rows of a part (the newest updates), and characters of a text; '
  'max_items is at most 200; with 1, a step or an update has up to 40,000 characters. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_section_unknown (422).';
grant execute on function public.exai_issue_context to authenticated, service_role;
