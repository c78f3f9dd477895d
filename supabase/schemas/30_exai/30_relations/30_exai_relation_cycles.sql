-- Refuses edges that would make an issue wait for itself.
--
-- blocks and parent are walked as one graph: what blocks a parent holds its children up too, so a child that
-- blocks its own parent would never be ready. Writers of edges take turns (lock_exai_graph), so none can miss
-- what another one has just written.

-- Both ways in turn, a little first and then far: most edges have an end that little leads on from, and that
-- end decides. The kinds stand with or: a list would become a condition of the index, which is made ready
-- anew for each issue on the way and adds a third to the time.
create or replace function private.exai_waits_for(p_from uuid, p_to uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_most integer := 64;
  v_reached_ids uuid[];
begin
  loop
    v_reached_ids := array(
      with recursive reached (id) as (
        select p_to
        union
        select e.to_issue_id
        from reached as r
        join public.exai_issue_relations as e on e.from_issue_id = r.id
        where e.kind = 'blocks' or e.kind = 'parent'
      )
      select r.id from reached as r limit v_most
    );
    exit when p_from = any (v_reached_ids) or cardinality(v_reached_ids) < v_most;
    v_reached_ids := array(
      with recursive reached (id) as (
        select p_from
        union
        select e.from_issue_id
        from reached as r
        join public.exai_issue_relations as e on e.to_issue_id = r.id
        where e.kind = 'blocks' or e.kind = 'parent'
      )
      select r.id from reached as r limit v_most
    );
    exit when p_to = any (v_reached_ids) or cardinality(v_reached_ids) < v_most;
    v_most := v_most * 256;
  end loop;
  return p_from = any (v_reached_ids) and p_to = any (v_reached_ids);
end;
$$;
comment on function private.exai_waits_for is
  'Whether a way of blocks and parent leads from p_to to p_from, so that an edge the other way '
  'closes a circle.';

-- Takes away what nothing leads to until only circles and what lies behind them are left; linear in the size
-- of the graph. Numbers instead of ids, since plpgsql has arrays and no maps.
create or replace function private.exai_issues_left_in_cycles() returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_ids uuid[];
  v_first integer[];
  v_to integer[];
  v_waits integer[];
  v_free integer[];
  v_free_count integer;
  v_done_count integer := 0;
  v_next integer;
begin
  with edge as materialized (
    select distinct e.from_issue_id, e.to_issue_id
    from public.exai_issue_relations as e
    where e.kind in ('blocks', 'parent')
  ),
  node as materialized (
    select n.id, row_number() over (order by n.id)::integer as place
    from (select e.from_issue_id as id from edge as e union select e.to_issue_id from edge as e) as n
  ),
  arc as materialized (
    select f.place as from_place, t.place as to_place
    from edge as e join node as f on f.id = e.from_issue_id join node as t on t.id = e.to_issue_id
  ),
  degree as (
    select n.place, n.id, coalesce(o.out_count, 0) as out_count, coalesce(i.in_count, 0) as in_count
    from node as n
    left join (select a.from_place, count(*)::integer as out_count from arc as a group by 1) as o
      on o.from_place = n.place
    left join (select a.to_place, count(*)::integer as in_count from arc as a group by 1) as i
      on i.to_place = n.place
  )
  select array_agg(s.id order by s.place), array_agg(s.first order by s.place),
    array_agg(s.in_count order by s.place), array_agg(s.place order by s.place) filter (where s.in_count = 0),
    (select array_agg(a.to_place order by a.from_place) from arc as a)
  into v_ids, v_first, v_waits, v_free, v_to
  from (
    select d.*, (1 + sum(d.out_count) over (order by d.place) - d.out_count)::integer as first
    from degree as d
  ) as s;
  v_free_count := coalesce(cardinality(v_free), 0);
  v_first := v_first || (cardinality(v_to) + 1);
  while v_done_count < v_free_count loop
    v_done_count := v_done_count + 1;
    for v_at in v_first[v_free[v_done_count]]..v_first[v_free[v_done_count] + 1] - 1 loop
      v_next := v_to[v_at];
      v_waits[v_next] := v_waits[v_next] - 1;
      if v_waits[v_next] = 0 then
        v_free_count := v_free_count + 1;
        v_free[v_free_count] := v_next;
      end if;
    end loop;
  end loop;
  return array(
    select v_ids[u.place] from unnest(v_waits) with ordinality as u (waits, place) where u.waits > 0
  );
end;
$$;
comment on function private.exai_issues_left_in_cycles is
  'The issues on circles of blocks and parent, and those behind them; none in a graph that is in order.';

-- A few edges are walked each by itself; of many the whole graph is looked at once.
create or replace function private.reject_exai_cycles() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_few constant integer := 8;
  v_left uuid[];
  v_edge record;
begin
  if (select count(*) from new_edges as n where n.kind in ('blocks', 'parent')) > v_few then
    v_left := private.exai_issues_left_in_cycles();
    if v_left = '{}' then
      return null;
    end if;
  end if;
  for v_edge in
    select n.from_issue_id, n.to_issue_id, n.kind
    from new_edges as n
    where n.kind in ('blocks', 'parent')
      and (v_left is null or n.from_issue_id = any (v_left) and n.to_issue_id = any (v_left))
    order by n.from_issue_id, n.to_issue_id
  loop
    if private.exai_waits_for(v_edge.from_issue_id, v_edge.to_issue_id) then
      raise exception using
        errcode = 'PT409', message = 'exai_relation_cycle_conflict',
        detail = format(
          'Issue #%s %s issue #%s would close a circle: #%1$s already waits for #%3$s.',
          (select i.issue_number from public.exai_issues as i where i.id = v_edge.from_issue_id),
          case v_edge.kind when 'blocks' then 'blocking' else 'being the parent of' end,
          (select i.issue_number from public.exai_issues as i where i.id = v_edge.to_issue_id)
        ),
        hint = 'Leave this edge out, or take away one of those that lead back.';
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
