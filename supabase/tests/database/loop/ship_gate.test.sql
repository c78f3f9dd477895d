-- What a fix waits for before it counts as shipped.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(48);

create function pg_temp.gate(p_gate text) returns text language sql as $$
  update public.loop_settings set ship_gate = p_gate returning ship_gate
$$;
create function pg_temp.merge(p_number integer, p_name text, p_minutes integer) returns text
language sql as $$
  select pg_temp.send(p_number, p_minutes, pg_temp.fixes(p_name), pg_temp.merged_ago(p_minutes))
$$;
create function pg_temp.ship(p_persona text, p_name text) returns text language sql as $$
  select pg_temp.as_persona(
    p_persona, format('select shipped_by from public.ship_issue(%s)', pg_temp.number_of(p_name))
  )
$$;

-- A person

select pg_temp.gate('person');
select pg_temp.engineer('a', 'a1');
select pg_temp.engineer('b', 'b1');
select is(pg_temp.merge(1, 'a', 30), 'done', 'a merge');
select is(pg_temp.status_of('a'), 'fixed', 'the engineering issue is fixed');
select is(pg_temp.fix_of('a'), 'pull_requests', 'its fix waits');
select is(pg_temp.status_of('a1'), 'waiting_for_help', 'and so does its issue');
select is(pg_temp.hops_of('a1'), 'reported triaged opened merged fixed', 'whose ledger has the fix');
select is(private.run_ship_gate(), 0, 'no time lets it pass');
select is(pg_temp.ship(p, 'a'), e, p || ' ships it') from (values
  ('anon', '42501 permission denied for function ship_issue'), ('stranger', 'PT403 team_role_required'),
  ('viewer', 'PT403 team_role_required'), ('agent', 'Agnes Agent'), ('admin', 'Agnes Agent')
) as t (p, e);
select is(pg_temp.status_of('a1'), 'resolved Fixloop', 'which resolves its issue');
select is(
  pg_temp.hops_of('a1'), 'reported triaged opened merged fixed shipped resolved', 'once, however often'
);
select is(pg_temp.ship('agent', 'b'), 'PT422 loop_fix_required', 'what is not fixed does not ship');
select is(
  pg_temp.as_persona('agent', 'select public.ship_issue(2000000000)'), 'PT404 exai_issue_unknown',
  'nor what does not exist'
);
update auth.users set banned_until = now() + interval '1 day' where email = 'second@example.com';
select is(pg_temp.ship('second', 'a'), 'PT403 team_role_required', 'nor for who is banned');
select is(
  pg_temp.as_persona(p, 'select count(*) from public.exai_issue_fixes'), e, p || ' reads fixes'
) from (values
  ('anon', '42501 permission denied for table exai_issue_fixes'), ('stranger', '0'), ('viewer', '1')
) as t (p, e);

-- Taken back while it waits

select is(pg_temp.merge(2, 'b', 20), 'done', 'a merge that waits');
select pg_temp.send(2, 19, 'Nothing', pg_temp.merged_ago(20));
select is(pg_temp.status_of('b') || ' ' || pg_temp.fix_of('b'), 'open ', 'its words were wrong');
select pg_temp.send(2, 18, pg_temp.fixes('b'), pg_temp.merged_ago(20));
select is(pg_temp.status_of('b') || ' ' || pg_temp.fix_of('b'), 'fixed pull_requests', 'and are right again');
update public.exai_issues set status = 'wont_fix' where id = pg_temp.id_of('b');
select is(pg_temp.ship('agent', 'b'), 'PT422 loop_fix_required', 'what is not planned does not ship');

-- A delay

select pg_temp.gate('delay');
select pg_temp.engineer('c', 'c1');
select pg_temp.merge(3, 'c', 30);
select is(pg_temp.fix_of('c'), 'pull_requests', 'half an hour is not an hour');
update public.loop_settings set ship_delay_minutes = 31;
select is(private.run_ship_gate(), 0, 'nor 31 minutes');
update public.loop_settings set ship_delay_minutes = 30;
select is(pg_temp.fix_of('c'), 'pull_requests shipped by delay', 'a changed gate applies to what waits');
select is(pg_temp.status_of('c1'), 'resolved Fixloop', 'and resolves');
select is(
  (select shipped_at from public.exai_issue_fixes where exai_issue_id = pg_temp.id_of('c')),
  pg_temp.ago(0)::timestamptz, 'at the time that was due'
);

-- A deployment

create function pg_temp.deploy(p_minutes integer, p_state text, p_environment text, p_more jsonb default '{}')
returns text language sql as $$
  select public.ingest_github_delivery(gen_random_uuid(), 'deployment_status', encode(convert_to((
    jsonb_build_object(
      'action', 'created',
      'deployment_status', jsonb_build_object(
        'state', p_state, 'environment', p_environment, 'created_at', pg_temp.ago(p_minutes - 1)
      ),
      'deployment', jsonb_build_object(
        'id', 1, 'created_at', pg_temp.ago(p_minutes), 'ref', 'v2.14.' || p_minutes
      ),
      'repository', '{"id": 77, "name": "Shop", "full_name": "Acme/Shop", "owner": {"login": "Acme"}}'::jsonb
    ) || p_more
  )::text, 'UTF8'), 'base64')) ->> 'status'
$$;
select pg_temp.gate('deployment');
select pg_temp.engineer('d', 'd1');
select pg_temp.merge(4, 'd', 30);
select is(pg_temp.deploy(40, 'success', 'production'), 'done', 'a deployment before the merge');
select is(pg_temp.fix_of('d'), 'pull_requests', 'ships nothing');
select is(pg_temp.deploy(20, 'failure', 'production'), 'done', 'nor one that failed');
select is(pg_temp.deploy(20, 'success', 'staging'), 'done', 'nor one to somewhere else');
select is(
  pg_temp.deploy(20, 'success', 'production', '{
    "repository": {"id": 78, "name": "Other", "full_name": "Acme/Other", "owner": {"login": "Acme"}}
  }'), 'ignored', 'nor one of another repository'
);
select is(pg_temp.deploy(-30, 'success', 'production'), 'refused', 'nor one that is dated ahead');
select is(pg_temp.fix_of('d'), 'pull_requests', 'it still waits');
select is(pg_temp.deploy(20, 'success', 'production'), 'done', 'a deployment after the merge');
select is(pg_temp.fix_of('d'), 'pull_requests shipped by deployment', 'ships it');
select is(
  (select at from public.loop_events where issue_id = pg_temp.id_of('d1') and hop = 'shipped'),
  pg_temp.ago(19)::timestamptz, 'when it succeeded'
);
select is(
  (select reference from public.loop_events where issue_id = pg_temp.id_of('d1') and hop = 'shipped'),
  'v2.14.20', 'in which version'
);
select pg_temp.engineer('e', 'e1');
select pg_temp.merge(5, 'e', 25);
select is(pg_temp.status_of('e1'), 'resolved Fixloop', 'a merge that arrives after its deployment');

-- Set by a person

select pg_temp.engineer('f', 'f1');
update public.exai_issues set status = 'fixed' where id = pg_temp.id_of('f');
select is(pg_temp.fix_of('f'), 'person', 'also waits');
select private.ensure_pull_request(private.ensure_repository('mallory', 'toy'), 1);
update public.pull_requests set is_private = false where repo_owner = 'mallory';
select public.link_pull_request(
  pg_temp.number_of('e'), 'https://github.com/mallory/toy/pull/1', 'mentions'
);
select is(
  pg_temp.deploy(-1, 'success', 'production', '{
    "repository": {"id": 79, "name": "toy", "full_name": "mallory/toy", "owner": {"login": "mallory"}}
  }'), 'done', 'a stranger deploys what an issue mentions'
);
select is(pg_temp.fix_of('f'), 'person', 'which ships nothing');
select pg_temp.deploy(-1, 'success', 'production');
select is(pg_temp.fix_of('f'), 'person shipped by deployment', 'as a deployment of the team does');

-- As others write it

select pg_temp.engineer('g', 'g1');
select pg_temp.merge(6, 'g', -2);
select is(pg_temp.fix_of('g'), 'pull_requests', 'a merge after the last deployment');
update public.loop_settings set ship_environment = 'PRODUCTION';
select is(
  pg_temp.deploy(-3, 'success', 'Production', jsonb_build_object('deployment', jsonb_build_object(
    'id', 1, 'created_at', pg_temp.ago(-3), 'ref', 'refs/tags/v2.15.0'
  ))), 'done', 'a deployment to the environment in another case'
);
select is(
  pg_temp.fix_of('g'), 'pull_requests shipped by deployment', 'ships it, as it is the same at GitHub'
);
select is(
  (select version from public.exai_issue_fixes where exai_issue_id = pg_temp.id_of('g')), 'v2.15.0',
  'and a tag may be a whole reference'
);

select * from finish();
rollback;
