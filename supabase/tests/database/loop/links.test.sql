-- Links between issues and engineering issues, and what they do to the ledger.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(26);

\ir ../helpers/personas.psql

insert into public.issues (id, title, description) values
  ('10000000-0000-4000-8000-000000000001', 'Login fails', 'With a 500'),
  ('10000000-0000-4000-8000-000000000002', 'Login is broken', ''),
  ('10000000-0000-4000-8000-000000000003', 'Other', '');
insert into public.exai_issues (id, issue_number, title) values
  ('70000000-0000-4000-8000-000000000900', 900, 'Older');

create function pg_temp.promote(p_persona text, p_number integer, p_more text default '') returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select (promote_issue(''10000000-0000-4000-8000-00000000000%s''%s)).title', p_number, p_more
  ))
$$;
create function pg_temp.link(p_number integer, p_exai_number integer) returns text language sql as $$
  select pg_temp.as_persona('agent', format(
    'select (link_issue(''10000000-0000-4000-8000-00000000000%s'', %s)).linked_by', p_number, p_exai_number
  ))
$$;
create function pg_temp.unlink(p_number integer) returns text language sql as $$
  select pg_temp.as_persona('agent', format(
    'select unlink_issue(''10000000-0000-4000-8000-00000000000%s'')', p_number
  ))
$$;
create function pg_temp.promotions(p_number integer) returns text language sql as $$
  select string_agg(e.generation || ' ' || e.reference || coalesce(' ' || e.actor, ''), ', ' order by e.id)
  from public.loop_events as e
  where e.hop = 'promoted' and e.issue_id = ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;

-- Promoting

select is(pg_temp.promote('viewer', 1), 'PT403 team_role_required', 'a viewer may not promote');
select is(pg_temp.promote('stranger', 1), 'PT403 team_role_required', 'nor may a stranger');
select matches(pg_temp.promote('anon', 1), '^42501 ', 'nor somebody without an account');
select is(pg_temp.promote('agent', 9), 'PT404 tracker_issue_unknown', 'an issue that does not exist');
select is(
  pg_temp.promote('agent', 1, $$, severity := 'urgent' $$), 'PT422 exai_severity_invalid',
  'a severity that does not exist'
);
select is(pg_temp.promote('agent', 1), 'Login fails', 'an agent promotes');
select results_eq(
  $$ select e.title, e.description, e.severity, e.category, e.created_by, k.linked_by, k.linked_by_user_id
     from public.issue_links as k join public.exai_issues as e on e.id = k.exai_issue_id $$,
  $$ select 'Login fails', e'With a 500\n\nReported as issue #' || seq_id || '.', 'medium', 'other',
       'Agnes Agent', 'Agnes Agent', '00000000-0000-4000-8000-00000000000c'::uuid
     from public.issues where title = 'Login fails' $$,
  'what it says comes from the issue'
);
select is(
  pg_temp.promote('admin', 1, $$, 'Another title' $$), 'Login fails', 'promoted again it is the same'
);
select is((select count(*) from public.exai_issues), 2::bigint, 'and no other is created');
select is(
  pg_temp.promote('service_role', 2, $$, 'Title', 'high', 'security', 'Text' $$), 'Title',
  'a server promotes, with a title'
);
select results_eq(
  $$ select severity, category, description from public.exai_issues where title = 'Title' $$,
  $$ values ('high', 'security', 'Text') $$, 'severity, category and description'
);
select results_eq(
  $$ select e.reference, e.actor from public.loop_events as e where e.hop = 'promoted' order by e.id $$,
  $$ select 'EXAI-' || x.issue_number, case x.title when 'Title' then 'system' else 'Agnes Agent' end
     from public.exai_issues as x where x.issue_number <> 900 order by x.issue_number $$,
  'the ledger has both'
);

-- Linking

select is(pg_temp.link(3, 900), 'Agnes Agent', 'an agent links');
select is(pg_temp.link(3, 900), 'Agnes Agent', 'and again');
select is(pg_temp.link(1, 900), 'PT409 loop_link_conflict', 'an issue that is linked to another');
select is(pg_temp.link(3, 901), 'PT404 exai_issue_unknown', 'an engineering issue that does not exist');
select is(pg_temp.link(9, 900), 'PT404 tracker_issue_unknown', 'an issue that does not exist');
select is(
  pg_temp.as_persona('viewer', $$ select link_issue('10000000-0000-4000-8000-000000000003', 900) $$),
  'PT403 team_role_required', 'a viewer may not link'
);
select is(
  pg_temp.as_persona('viewer', $$ select unlink_issue('10000000-0000-4000-8000-000000000003') $$),
  'PT403 team_role_required', 'nor unlink'
);
select results_eq(
  $$ select pg_temp.unlink(n) from unnest(array[1, 1]) as n $$, $$ values ('true'), ('false') $$,
  'an agent unlinks, once'
);
select is(pg_temp.link(1, 900), 'Agnes Agent', 'and links it to the other');
select matches(
  pg_temp.promotions(1), '^1 EXAI-\d+ Agnes Agent, 1 EXAI-900 Agnes Agent$', 'both are in the ledger'
);
select pg_temp.unlink(1);
select pg_temp.link(1, 900);
select matches(pg_temp.promotions(1), '^[^,]*,[^,]*$', 'linked to the same again it has no other event');
update public.issues set status = 'resolved' where id = '10000000-0000-4000-8000-000000000001';
update public.issues set status = 'in_progress' where id = '10000000-0000-4000-8000-000000000001';
select pg_temp.unlink(1);
select pg_temp.link(1, 900);
select matches(pg_temp.promotions(1), ', 2 EXAI-900 Agnes Agent$', 'but in the next generation');

-- What ends with what

select is(
  pg_temp.as_persona('viewer', 'select count(*) from issue_links'), '3', 'viewers read the links'
);
delete from public.exai_issues where issue_number = 900;
select results_eq(
  $$ select (select count(*) from public.issue_links), (select count(*) from public.loop_events
     where reference = 'EXAI-900') $$, $$ values (1::bigint, 3::bigint) $$,
  'an engineering issue is deleted with its links; the ledger stays'
);

select * from finish();
rollback;
