-- Rejects edges that would make an issue wait for itself.
--
-- What waits is not an issue but its start or its end. An issue starts before it ends. `a blocks b`: a ends
-- before b starts. `p parent c`: p starts before c starts, because what blocks a parent also holds up its
-- children; and c ends before p ends. `d duplicates o`: o ends before d ends. An edge is rejected if these
-- rules then contradict each other: a child that blocks its parent, a parent that blocks its child, two
-- issues that duplicate each other. Writers of edges are serialized (lock_exai_graph), so the check sees
-- every edge.

create or replace function private.raise_exai_relation_limit(p_max_limit integer) returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'exai_relation_limit_reached',
    detail = format(
      'Whether this edge would close a cycle can''t be decided: more than %s issues wait for the one end, '
        'and the other waits for as many.', p_max_limit
    ),
    hint = 'Remove edges between issues that are finished, and add this one again.';
end;
$$;
comment on function private.raise_exai_relation_limit is
  'Raises exai_relation_limit_reached (409): a search for a cycle reached its limit from both ends.';

-- Bidirectional search with a growing limit: up to 64 events forward from the first, then backward from the
-- last, then eight times as many. Most edges have an end with few issues behind it, and the search from that
-- end decides, in less than three times what it alone takes. Whoever reaches the start of an issue also
-- reaches its end, which therefore has no row of its own; backward it is the other way around. The kinds are
-- compared with or: a list would become an index condition, which is set up again for each issue on the path
-- and adds a third to the time.
create or replace function private.has_exai_path(
  p_first_id uuid, p_first_is_start boolean, p_last_id uuid, p_last_is_start boolean,
  p_max_limit integer default 32768
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit integer := 64;
  v_count integer;
  v_is_found boolean;
begin
  loop
    with recursive reached (id, is_start) as (
      select p_first_id, p_first_is_start
      union
      select n.id, n.is_start
      from reached as r
      cross join lateral (
        select e.to_issue_id, true
        from public.exai_issue_relations as e
        where e.from_issue_id = r.id and (e.kind = 'blocks' or r.is_start and e.kind = 'parent')
        union all
        select e.from_issue_id, false
        from public.exai_issue_relations as e
        where e.to_issue_id = r.id and (e.kind = 'parent' or e.kind = 'duplicates')
      ) as n (id, is_start)
    )
    select count(*)::integer,
      coalesce(bool_or(r.id = p_last_id and (r.is_start or not p_last_is_start)), false)
    into v_count, v_is_found
    from (select * from reached limit v_limit) as r;
    exit when v_is_found or v_count < v_limit;
    with recursive reached (id, is_end) as (
      select p_last_id, not p_last_is_start
      union
      select n.id, n.is_end
      from reached as r
      cross join lateral (
        select e.from_issue_id, e.kind = 'blocks'
        from public.exai_issue_relations as e
        where e.to_issue_id = r.id and (e.kind = 'blocks' or e.kind = 'parent')
        union all
        select e.to_issue_id, true
        from public.exai_issue_relations as e
        where r.is_end and e.from_issue_id = r.id and (e.kind = 'parent' or e.kind = 'duplicates')
      ) as n (id, is_end)
    )
    select count(*)::integer,
      coalesce(bool_or(r.id = p_first_id and (r.is_end or p_first_is_start)), false)
    into v_count, v_is_found
    from (select * from reached limit v_limit) as r;
    exit when v_is_found or v_count < v_limit;
    v_limit := v_limit * 8;
    if v_limit > p_max_limit then
      perform private.raise_exai_relation_limit(p_max_limit);
    end if;
  end loop;
  return v_is_found;
end;
$$;
comment on function private.has_exai_path is
  'Whether the start or end of one issue comes before the start or end of another, so that an edge back '
  'would close a cycle. Errors: exai_relation_limit_reached (409).';

-- The start of the nth issue is event 2n - 1, its end 2n: plpgsql has arrays and no maps.
create or replace function private.load_exai_graph(
  out o_ids uuid[], out o_sources integer[], out o_targets integer[]
)
language plpgsql stable security definer set search_path = '' as $$
begin
  with edge as materialized (
    select e.from_issue_id, e.to_issue_id, e.kind
    from public.exai_issue_relations as e
    where e.kind in ('blocks', 'parent', 'duplicates')
  ),
  node as materialized (
    select n.id, row_number() over (order by n.id)::integer as number
    from (select e.from_issue_id as id from edge as e union select e.to_issue_id from edge as e) as n
  ),
  arc as (
    select v.source, v.target
    from edge as e
    join node as f on f.id = e.from_issue_id
    join node as t on t.id = e.to_issue_id
    cross join lateral (
      values
        ('blocks', 2 * f.number, 2 * t.number - 1), ('parent', 2 * f.number - 1, 2 * t.number - 1),
        ('parent', 2 * t.number, 2 * f.number), ('duplicates', 2 * t.number, 2 * f.number)
    ) as v (kind, source, target)
    where v.kind = e.kind
    union all
    select 2 * n.number - 1, 2 * n.number from node as n
  )
  select (select array_agg(n.id order by n.number) from node as n),
    array_agg(a.source order by a.source), array_agg(a.target order by a.source)
  into o_ids, o_sources, o_targets
  from arc as a;
end;
$$;
comment on function private.load_exai_graph is
  'The issues that have edges, by number, and which events come before which, ordered by source.';

-- Kahn's algorithm: removes events without incoming arcs until only the cycles, and what lies behind them,
-- are left. Linear in the size of the graph.
create or replace function private.find_exai_cycles() returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_sources integer[];
  v_targets integer[];
  v_at integer;
  -- by event: the index of its first arc, and how many arcs lead to it
  v_first integer[];
  v_in_counts integer[];
  v_queue integer[];
  v_queue_length integer;
  v_done_count integer := 0;
  v_target integer;
begin
  select g.o_ids, g.o_sources, g.o_targets into v_ids, v_sources, v_targets
  from private.load_exai_graph() as g;
  select array_agg(o.first order by n.number), array_agg(coalesce(i.count, 0) order by n.number),
    array_agg(n.number order by n.number) filter (where i.count is null)
  into v_first, v_in_counts, v_queue
  from generate_series(1, 2 * cardinality(v_ids)) as n (number)
  left join (
    select u.source, min(u.index)::integer
    from unnest(v_sources) with ordinality as u (source, index) group by 1
  ) as o (number, first) using (number)
  left join (
    select u.target, count(*)::integer from unnest(v_targets) as u (target) group by 1
  ) as i (number, count) using (number);
  v_queue_length := coalesce(cardinality(v_queue), 0);
  while v_done_count < v_queue_length loop
    v_done_count := v_done_count + 1;
    v_at := v_first[v_queue[v_done_count]];
    while v_sources[v_at] = v_queue[v_done_count] loop
      v_target := v_targets[v_at];
      v_in_counts[v_target] := v_in_counts[v_target] - 1;
      if v_in_counts[v_target] = 0 then
        v_queue_length := v_queue_length + 1;
        v_queue[v_queue_length] := v_target;
      end if;
      v_at := v_at + 1;
    end loop;
  end loop;
  return array(
    select distinct v_ids[(u.number + 1) / 2]
    from unnest(v_in_counts) with ordinality as u (count, number)
    where u.count > 0
  );
end;
$$;
comment on function private.find_exai_cycles is
  'The issues on cycles of blocks, parent and duplicates, and those behind them; empty for a valid graph.';

create or replace function private.reject_exai_cycle(p_edge public.exai_issue_relations) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_from_id constant uuid := p_edge.from_issue_id;
  v_to_id constant uuid := p_edge.to_issue_id;
  v_from_number integer;
  v_to_number integer;
  -- which end waits for the other one already
  v_waiting_number integer;
begin
  select f.issue_number, t.issue_number into v_from_number, v_to_number
  from public.exai_issues as f cross join public.exai_issues as t
  where f.id = v_from_id and t.id = v_to_id;
  if p_edge.kind in ('blocks', 'parent')
    and private.has_exai_path(v_to_id, true, v_from_id, p_edge.kind = 'parent')
  then
    v_waiting_number := v_from_number;
  elsif p_edge.kind in ('parent', 'duplicates')
    and private.has_exai_path(v_from_id, false, v_to_id, false)
  then
    v_waiting_number := v_to_number;
  else
    return;
  end if;
  raise exception using
    errcode = 'PT409', message = 'exai_relation_cycle_conflict',
    detail = format(
      'Issue #%s %s issue #%s would close a cycle: #%s already waits for #%s.', v_from_number,
      case p_edge.kind
        when 'blocks' then 'blocking' when 'parent' then 'being the parent of' else 'duplicating'
      end,
      v_to_number, v_waiting_number, v_from_number + v_to_number - v_waiting_number
    ),
    hint = 'Leave this edge out, or remove an edge of the path that leads back.';
end;
$$;
comment on function private.reject_exai_cycle is
  'Rejects an edge if one of its ends already waits for the other. Errors: exai_relation_cycle_conflict, '
  'exai_relation_limit_reached (409).';

-- Up to 8 new edges are checked one by one. For more, one pass over the whole graph is cheaper.
create or replace function private.reject_exai_cycles() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_max_single constant integer := 8;
  v_suspect_ids uuid[];
begin
  if (select count(*) from new_edges as n where n.kind in ('blocks', 'parent', 'duplicates')) > v_max_single
  then
    v_suspect_ids := private.find_exai_cycles();
    if v_suspect_ids = '{}' then
      return null;
    end if;
  end if;
  perform private.reject_exai_cycle(n)
  from new_edges as n
  where n.kind in ('blocks', 'parent', 'duplicates')
    and (
      v_suspect_ids is null
      or n.from_issue_id = any (v_suspect_ids) and n.to_issue_id = any (v_suspect_ids)
    )
  order by n.from_issue_id, n.to_issue_id;
  return null;
end;
$$;
comment on function private.reject_exai_cycles is
  'After-insert-statement trigger of exai_issue_relations. Errors: exai_relation_cycle_conflict, '
  'exai_relation_limit_reached (409).';

create trigger _100_reject_exai_cycles after insert on public.exai_issue_relations
  referencing new table as new_edges
  for each statement execute function private.reject_exai_cycles();
