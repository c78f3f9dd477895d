-- Rejects edges that would make an issue wait for itself.
--
-- blocks and parent are checked as one graph: what blocks a parent also holds up its children, so a child
-- that blocks its own parent would never be ready. Writers of edges are serialized (lock_exai_graph), so the
-- check sees every edge.

-- Bidirectional search with a growing limit: up to 64 issues forward from the start, then backward from the
-- end, then 256 times as many. Most edges have an end with few issues behind it, and the search from that end
-- decides. The kinds are compared with or: a list would become an index condition, which is set up again for
-- each issue on the path and adds a third to the time.
create or replace function private.has_exai_path(p_start_id uuid, p_end_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit integer := 64;
  v_reached_ids uuid[];
begin
  loop
    v_reached_ids := array(
      with recursive reached (id) as (
        select p_start_id
        union
        select e.to_issue_id
        from reached as r
        join public.exai_issue_relations as e on e.from_issue_id = r.id
        where e.kind = 'blocks' or e.kind = 'parent'
      )
      select r.id from reached as r limit v_limit
    );
    exit when p_end_id = any (v_reached_ids) or cardinality(v_reached_ids) < v_limit;
    v_reached_ids := array(
      with recursive reached (id) as (
        select p_end_id
        union
        select e.from_issue_id
        from reached as r
        join public.exai_issue_relations as e on e.to_issue_id = r.id
        where e.kind = 'blocks' or e.kind = 'parent'
      )
      select r.id from reached as r limit v_limit
    );
    exit when p_start_id = any (v_reached_ids) or cardinality(v_reached_ids) < v_limit;
    v_limit := v_limit * 256;
  end loop;
  return p_start_id = any (v_reached_ids) and p_end_id = any (v_reached_ids);
end;
$$;
comment on function private.has_exai_path is
  'Whether a path of blocks and parent leads from one issue to the other, so that an edge back would '
  'close a cycle.';

-- Kahn's algorithm: removes issues without incoming edges until only the cycles, and what lies behind them,
-- are left. Linear in the size of the graph. Issues are numbered, because plpgsql has arrays and no maps:
-- v_ids is the id by number, v_targets the edges' targets ordered by source, v_first the source's first index
-- in v_targets.
create or replace function private.find_exai_cycles() returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_first integer[];
  v_targets integer[];
  v_in_counts integer[];
  v_queue integer[];
  v_queue_length integer;
  v_done_count integer := 0;
  v_target integer;
begin
  with edge as materialized (
    select distinct e.from_issue_id, e.to_issue_id
    from public.exai_issue_relations as e
    where e.kind in ('blocks', 'parent')
  ),
  node as materialized (
    select n.id, row_number() over (order by n.id)::integer as number
    from (select e.from_issue_id as id from edge as e union select e.to_issue_id from edge as e) as n
  ),
  arc as materialized (
    select f.number as source, t.number as target
    from edge as e join node as f on f.id = e.from_issue_id join node as t on t.id = e.to_issue_id
  ),
  degree as (
    select n.number, n.id, coalesce(o.out_count, 0) as out_count, coalesce(i.in_count, 0) as in_count
    from node as n
    left join (select a.source, count(*)::integer as out_count from arc as a group by 1) as o
      on o.source = n.number
    left join (select a.target, count(*)::integer as in_count from arc as a group by 1) as i
      on i.target = n.number
  )
  select array_agg(s.id order by s.number), array_agg(s.first order by s.number),
    (select array_agg(a.target order by a.source) from arc as a), array_agg(s.in_count order by s.number),
    array_agg(s.number order by s.number) filter (where s.in_count = 0)
  into v_ids, v_first, v_targets, v_in_counts, v_queue
  from (
    select d.*, (1 + sum(d.out_count) over (order by d.number) - d.out_count)::integer as first
    from degree as d
  ) as s;
  v_queue_length := coalesce(cardinality(v_queue), 0);
  v_first := v_first || (cardinality(v_targets) + 1);
  while v_done_count < v_queue_length loop
    v_done_count := v_done_count + 1;
    for v_at in v_first[v_queue[v_done_count]]..v_first[v_queue[v_done_count] + 1] - 1 loop
      v_target := v_targets[v_at];
      v_in_counts[v_target] := v_in_counts[v_target] - 1;
      if v_in_counts[v_target] = 0 then
        v_queue_length := v_queue_length + 1;
        v_queue[v_queue_length] := v_target;
      end if;
    end loop;
  end loop;
  return array(
    select v_ids[u.number] from unnest(v_in_counts) with ordinality as u (count, number) where u.count > 0
  );
end;
$$;
comment on function private.find_exai_cycles is
  'The issues on cycles of blocks and parent, and those behind them; empty for a valid graph.';

-- Up to 8 new edges are checked one by one. For more, one pass over the whole graph is cheaper.
create or replace function private.reject_exai_cycles() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_max_single constant integer := 8;
  v_suspect_ids uuid[];
  v_edge record;
begin
  if (select count(*) from new_edges as n where n.kind in ('blocks', 'parent')) > v_max_single then
    v_suspect_ids := private.find_exai_cycles();
    if v_suspect_ids = '{}' then
      return null;
    end if;
  end if;
  for v_edge in
    select n.from_issue_id, n.to_issue_id, n.kind
    from new_edges as n
    where n.kind in ('blocks', 'parent')
      and (
        v_suspect_ids is null
        or n.from_issue_id = any (v_suspect_ids) and n.to_issue_id = any (v_suspect_ids)
      )
    order by n.from_issue_id, n.to_issue_id
  loop
    if private.has_exai_path(v_edge.to_issue_id, v_edge.from_issue_id) then
      raise exception using
        errcode = 'PT409', message = 'exai_relation_cycle_conflict',
        detail = format(
          'Issue #%s %s issue #%s would close a cycle: #%1$s already waits for #%3$s.',
          (select i.issue_number from public.exai_issues as i where i.id = v_edge.from_issue_id),
          case v_edge.kind when 'blocks' then 'blocking' else 'being the parent of' end,
          (select i.issue_number from public.exai_issues as i where i.id = v_edge.to_issue_id)
        ),
        hint = 'Leave this edge out, or remove an edge of the path that leads back.';
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.reject_exai_cycles is
  'After-insert-statement trigger of exai_issue_relations. Errors: exai_relation_cycle_conflict (409).';

create trigger _100_reject_exai_cycles after insert on public.exai_issue_relations
  referencing new table as new_edges
  for each statement execute function private.reject_exai_cycles();
