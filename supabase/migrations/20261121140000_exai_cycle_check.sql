-- Makes the check for circles of engineering issues walk less on long chains.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

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
