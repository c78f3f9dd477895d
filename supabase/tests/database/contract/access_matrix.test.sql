-- What each persona may do with each object of the API, tried for real with the statements that PostgREST
-- sends. yes: at least one row. none: no error and no row (row security hides it). no: permission denied.
-- Anything else is the error. What is expected is in <system>.psql; an exposed object without it fails.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(4);

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second-viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000f', 'newcomer@example.com');
update auth.users set email_confirmed_at = now() where email = 'newcomer@example.com';
insert into public.team_members (user_id, role) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin'),
  ('00000000-0000-4000-8000-00000000000e', 'viewer');
\ir declarations.psql
do $$
declare
  v_script text;
begin
  for v_script in select script from declared_example loop
    execute v_script;
  end loop;
end;
$$;

create temp table persona (name text, place int, role text, user_id text) on commit drop;
insert into persona values
  ('anon', 1, 'anon', null),
  ('stranger', 2, 'authenticated', '00000000-0000-4000-8000-00000000000a'),
  ('viewer', 3, 'authenticated', '00000000-0000-4000-8000-00000000000b'),
  ('agent', 4, 'authenticated', '00000000-0000-4000-8000-00000000000c'),
  ('admin', 5, 'authenticated', '00000000-0000-4000-8000-00000000000d'),
  ('service_role', 6, 'service_role', null);

create temp table expected (object text, verb text, outcome text) on commit drop;
insert into expected
select t.name, m[1], m[2]
from declared_table as t cross join lateral regexp_matches(t.access, '(\w+): ([^\n]+)', 'g') as m
union all
select v.name, 'select', v.outcome from declared_view as v
union all
select split_part(f.signature, '(', 1), 'call', f.outcome from declared_function as f;

-- Where the server has not loaded what counts statements, there are none.
update expected set outcome = replace(outcome, 'yes', 'none')
where object = 'slow_queries' and current_setting('shared_preload_libraries') !~ 'pg_stat_statements';

create function pg_temp.statement_for(p_object text, p_verb text) returns text language plpgsql as $$
declare
  v_fixture record;
  v_row json;
  v_columns text;
  v_sets text;
  v_object constant text := pg_temp.qualified(p_object);
begin
  if p_verb = 'call' then
    return (
      select coalesce(f.call, format('select %s()', v_object)) from declared_function as f
      where split_part(f.signature, '(', 1) = p_object
    );
  end if;
  select * into strict v_fixture from (
    select t.name, t.filter, t.key, t.new_row::json from declared_table as t
    union all
    select v.name, v.filter, null, null from declared_view as v
  ) as d
  where d.name = p_object;
  if p_verb in ('select', 'delete') then
    return case p_verb
      when 'select' then format('select * from %s where %s', v_object, v_fixture.filter)
      else format('delete from %s where %s returning *', v_object, v_fixture.filter)
    end;
  end if;
  v_row := v_fixture.new_row;
  if p_verb <> 'insert' then
    -- a client that read the whole row and sends it back
    execute format('select to_json(t) from %s as t where %s', v_object,
      v_fixture.filter) into strict v_row;
  end if;
  select string_agg(format('%I', k), ', '), string_agg(format('%1$I = %2$s.%1$I', k,
    case p_verb when 'upsert' then 'excluded' else 'body' end), ', ')
  into v_columns, v_sets from json_object_keys(v_row) as k;
  if p_verb = 'update' then
    return format(
      'update %1$s as t set %2$s from (select * from json_populate_record(null::%1$s, %3$L)) as body '
        || 'where t.%4$s returning t.*', v_object, v_sets, v_row, v_fixture.filter
    );
  end if;
  return format(
    'insert into %1$s as t (%2$s) select %2$s from json_populate_recordset(null::%1$s, %3$L) %4$s '
      || 'returning t.*', v_object, v_columns, json_build_array(v_row),
    case p_verb when 'upsert' then format('on conflict (%s) do update set %s', v_fixture.key, v_sets) end
  );
end;
$$;

-- Runs a statement as a persona and takes it back.
create function pg_temp.outcome(p_persona text, p_object text, p_verb text) returns text language plpgsql
  as $$
declare
  v_statement constant text := pg_temp.statement_for(p_object, p_verb);
  v_persona record;
  v_count bigint;
begin
  select * into strict v_persona from persona where name = p_persona;
  begin
    perform set_config(
      'request.jwt.claims', json_build_object('role', v_persona.role, 'sub', v_persona.user_id)::text, true
    );
    perform set_config('role', v_persona.role, true);
    execute v_statement;
    get diagnostics v_count = row_count;
    raise exception using errcode = 'TT000', message = case when v_count > 0 then 'yes' else 'none' end;
  exception
    when sqlstate 'TT000' then return sqlerrm;
    when insufficient_privilege then return 'no';
    when integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404'
      or sqlstate 'PT409' or sqlstate 'PT410' or sqlstate 'PT422' then return sqlstate;
  end;
end;
$$;

create temp table actual on commit drop as
select e.object, e.verb, p.name as persona, p.place, pg_temp.outcome(p.name, e.object, e.verb) as outcome
from expected as e cross join persona as p;

select results_eq(
  $$ select object, verb, persona, outcome from actual order by object, verb, place $$,
  $$ select e.object, e.verb, p.name, split_part(e.outcome, ' ', p.place)
     from expected as e cross join persona as p
     order by e.object, e.verb, p.place $$,
  'each persona may do what the matrix says, and no more'
);

-- The rows that differ, as they have to be when what happened is meant.
select is(
  (
    select string_agg(
      format(E'\n  %s %s: %s -- declared: %s', e.object, e.verb, a.outcome, e.outcome), '' order by e.object
    )
    from expected as e
    join (
      select object, verb, string_agg(outcome, ' ' order by place) as outcome
      from actual group by object, verb
    ) as a using (object, verb)
    where a.outcome is distinct from e.outcome
  ),
  null, 'no row of the matrix differs'
);

select is_empty(
  $$ select n.nspname, c.relname, v.verb
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     cross join lateral unnest(
       case when c.relkind in ('v', 'm') then array['select']
       else array['select', 'insert', 'upsert', 'update', 'delete'] end
     ) as v (verb)
     where n.nspname in ('public', 'support', 'graphql_public') and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
       and not exists (
         select from expected as e
         where pg_temp.qualified(e.object) = n.nspname || '.' || c.relname and e.verb = v.verb
       ) $$,
  'every exposed table and view has its rows in the matrix'
);

select is_empty(
  $$ select p.oid::regprocedure
     from pg_proc as p
     join pg_namespace as n on n.oid = p.pronamespace
     where n.nspname in ('public', 'support')
       and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
       and not exists (
         select from expected as e
         where pg_temp.qualified(e.object) = n.nspname || '.' || p.proname and e.verb = 'call'
       ) $$,
  'every exposed function has its row in the matrix'
);

select * from finish();
rollback;
