-- A write that the caller's role does not allow is an error: each table whose policies ask for a team role
-- has the triggers that ask for it first (see 10_team/05_require_role_to_write.sql).

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(6);

\ir declarations.psql

-- The role without which a policy lets no row through: what it consists of, or the first part of its `and`.
create function pg_temp.required_role(p_expression text) returns text language sql as $$
  select (regexp_match(
    p_expression,
    '^\(?\( SELECT private\.has_team_role\(''(\w+)''::text\) AS has_team_role\)(?: AND .*\)|\)?)$'
  ))[1]
$$;

create temp view team_policy as
select p.schemaname as schema, p.tablename as name, p.policyname, lower(p.cmd) as event,
  coalesce(p.qual, p.with_check) as expression,
  pg_temp.required_role(coalesce(p.qual, p.with_check)) as role
from pg_policies as p
where p.schemaname in (select s.name from our_schema as s where s.name <> 'private')
  and p.cmd in ('INSERT', 'UPDATE', 'DELETE');

-- An upsert fires the triggers of UPDATE also where nothing is in conflict, so these ask for no more than an
-- insert needs. Row security refuses the upsert, with an error, where there is a conflict.
create temp view needed as
select p.schema, p.name, p.event,
  case when p.event = 'update' and private.team_role_rank(i.role) < private.team_role_rank(p.role)
    then i.role else p.role end as role
from team_policy as p
left join team_policy as i on (i.schema, i.name) = (p.schema, p.name) and i.event = 'insert'
where p.role is not null;

create temp view existing as
select n.nspname as schema, c.relname as name, t.oid, t.tgname, e.event,
  rtrim(encode(t.tgargs, 'escape'), '\0') as role
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid
join pg_namespace as n on n.oid = c.relnamespace
join (values (4, 'insert'), (16, 'update'), (8, 'delete')) as e (bit, event) on (t.tgtype & e.bit) <> 0
where t.tgfoid = 'private.require_role_to_write'::regproc and t.tgenabled = 'O';

select is(
  (
    select string_agg(
      format(
        E'\n  create trigger _000_require_%s before %s on %s.%s'
          '\n    for each statement when (current_user in (''anon'', ''authenticated''))'
          '\n    execute function private.require_role_to_write(%L);',
        r.role, r.events, r.schema, r.name, r.role
      ), '' order by r.schema, r.name, r.role
    )
    from (
      select n.schema, n.name, n.role, string_agg(
        n.event, ' or ' order by array_position(array['insert', 'update', 'delete'], n.event)
      ) as events
      from needed as n group by n.schema, n.name, n.role
      having not array_agg(n.event) <@ array(
        select e.event from existing as e
        where (e.schema, e.name, e.role) = (n.schema, n.name, n.role)
      )
    ) as r
  ),
  null, 'each table whose policies ask for a team role asks for it before a write'
);
select is_empty(
  $$ select e.schema, e.name, e.tgname, e.event, e.role from existing as e
     where not exists (
       select from needed as n where (n.schema, n.name, n.event, n.role) = (e.schema, e.name, e.event, e.role)
     ) $$,
  'no trigger asks for another role than its table''s policy'
);
select is_empty(
  $$ select pg_get_triggerdef(e.oid) from existing as e
     where pg_get_triggerdef(e.oid) !~ (
       '^CREATE TRIGGER _000_require_' || e.role || ' BEFORE [A-Z ]+ ON [a-z_.]+ FOR EACH STATEMENT WHEN '
         || '\(\(CURRENT_USER = ANY \(ARRAY\[''anon''::name, ''authenticated''::name\]\)\)\) EXECUTE '
     ) $$,
  'it fires before the statement, when the API''s roles run it'
);
select is_empty(
  $$ select e.oid::regprocedure from our_function as e
     where e.schema = 'private' and e.name = 'require_role_to_write' and not e.prosecdef $$,
  'its function needs no right of the caller'
);

-- A policy in which nothing asks for the role of every caller is one whose right depends on the row.
select is_empty(
  $$ select schema, name, policyname, expression from team_policy
     where role is null and expression ~ 'has_team_role' and expression !~ ' OR ' $$,
  'a policy that asks for a team role asks for it first: (select private.has_team_role(…)) and …'
);
select results_eq(
  $$ select pg_temp.required_role(e) from unnest(array[
       '( SELECT private.has_team_role(''admin''::text) AS has_team_role)',
       '(( SELECT private.has_team_role(''agent''::text) AS has_team_role) AND ((a = b) OR c))',
       '(( SELECT private.has_team_role(''agent''::text) AS has_team_role) OR (a = b))',
       '((( SELECT private.has_team_role(''agent''::text) AS has_team_role) AND (a = b)) OR c)',
       '((a = b) AND ( SELECT private.has_team_role(''agent''::text) AS has_team_role))'
     ]) with ordinality as u (e, n) order by n $$,
  $$ values ('admin'), ('agent'), (null), (null), (null) $$,
  'the pattern finds the role that is always needed, and no other'
);

select * from finish();
rollback;
