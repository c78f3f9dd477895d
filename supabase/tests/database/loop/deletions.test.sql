-- Something is deleted in the middle of the way: whoever is left is told once, and the ledger is whole.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(53);

delete from public.tasks;
update public.loop_settings set ship_gate = 'person', reply_mode = 'automatic';
create temp table claimed (id bigint, fencing_token bigint) on commit drop;

-- One step of the way of two issues that one engineering issue fixes.
create function pg_temp.step(p_step text, p_name text, p_pull integer) returns void language plpgsql as $$
declare
  v_task_id bigint;
begin
  case p_step
    when 'reported' then
      perform pg_temp.report(p_name || n, '1 hour') from unnest(array['a', 'b']) as n;
      insert into public.circle_issues (message_id, author_name, posted_at, mapped_to_issue_id)
      select 'post_' || p_pull * 10 + n, 'Ana', now() - interval '1 hour', pg_temp.id_of(p_name || v)
      from unnest(array['a', 'b']) with ordinality as t (v, n);
    when 'promoted' then
      perform pg_temp.engineer(p_name);
      insert into public.issue_links (issue_id, exai_issue_id)
      select m.id, pg_temp.id_of(p_name) from made as m join public.issues as i on i.id = m.id
      where m.name in (p_name || 'a', p_name || 'b');
    when 'dispatched' then
      insert into public.tasks (user_id) values ('00000000-0000-4000-8000-00000000000c')
      returning id into v_task_id;
      insert into made values (p_name || ' task', gen_random_uuid(), v_task_id);
      insert into public.exai_issue_tasks (task_id, exai_issue_id)
      select v_task_id, x.id from public.exai_issues as x where x.id = pg_temp.id_of(p_name);
    when 'started' then
      update public.tasks set status = 'running' where id = pg_temp.number_of(p_name || ' task');
    when 'opened' then
      update public.tasks set pr_url = 'https://github.com/acme/shop/pull/' || p_pull
      where id = pg_temp.number_of(p_name || ' task');
      perform pg_temp.send(p_pull, 40, pg_temp.fixes(p_name));
    when 'merged' then
      perform pg_temp.send(p_pull, 30, pg_temp.fixes(p_name), pg_temp.merged_ago(30));
    when 'shipped' then
      perform public.ship_issue(x.issue_number) from public.exai_issues as x
      where x.id = pg_temp.id_of(p_name);
    when 'claimed' then
      insert into claimed select c.id, c.fencing_token from public.claim_deliveries('circle', 50) as c;
    else
      -- one whose issue is deleted meanwhile has no lease any more
      perform public.finish_delivery(c.id, c.fencing_token) from claimed as c
      where exists (select from public.deliveries as d where d.id = c.id);
      delete from claimed;
  end case;
end;
$$;
-- The way with one row deleted after a step: who was told how often, and the hops of the second issue.
create function pg_temp.way(p_pull integer, p_after text, p_what text) returns text language plpgsql as $$
declare
  v_name constant text := p_what || ' ' || p_after || ' ';
  v_step text;
begin
  foreach v_step in array
    '{reported,promoted,dispatched,started,opened,merged,shipped,claimed,told}'::text[]
  loop
    perform pg_temp.step(v_step, v_name, p_pull);
    if v_step = p_after then
      case p_what
        when 'issue' then delete from public.issues where id = pg_temp.id_of(v_name || 'a');
        when 'message' then delete from public.circle_issues where message_id = 'post_' || p_pull * 10 + 1;
        when 'engineering issue' then delete from public.exai_issues where id = pg_temp.id_of(v_name);
        else delete from public.tasks where id = pg_temp.number_of(v_name || 'task');
      end case;
    end if;
  end loop;
  perform private.run_ship_gate(), private.run_service_levels();
  return (
    select concat_ws(' ', count(*) filter (where d.issue_id = pg_temp.id_of(v_name || 'b')),
      count(*) filter (where d.status <> 'delivered'))
    from public.deliveries as d
    where d.issue_id in (pg_temp.id_of(v_name || 'a'), pg_temp.id_of(v_name || 'b'))
  ) || coalesce((
    select ': ' || string_agg(e.hop || case when e.n > 1 then ' ' || e.n else '' end, ' ' order by e.first)
    from (
      select v.hop, count(*) as n, min(v.id) as first from public.loop_events as v
      where v.issue_id = pg_temp.id_of(v_name || 'b') and (v.hop, v.reference) <> ('reported', '')
      group by v.hop
    ) as e
  ), '');
end;
$$;

select is(
  pg_temp.way(p::integer, s, 'issue'),
  '1 0: triaged reported promoted dispatched started opened merged fixed shipped resolved answered',
  'an issue is deleted after ' || s || ': the other one is told'
) from unnest('{reported,promoted,dispatched,started,opened,merged,shipped,claimed,told}'::text[])
  with ordinality as t (s, p);
select is(
  pg_temp.way(20 + p::integer, s, 'message'),
  '1 0: triaged reported promoted dispatched started opened merged fixed shipped resolved answered',
  'a message is deleted after ' || s || ': the other reporter is told'
) from unnest('{reported,promoted,dispatched,started,opened,merged,shipped,claimed,told}'::text[])
  with ordinality as t (s, p);
select is(
  pg_temp.way(40 + p::integer, s, 'task'),
  '1 0: triaged reported promoted dispatched started opened merged fixed shipped resolved answered',
  'a task is deleted after ' || s || ': all are told'
) from unnest('{started,opened,merged,shipped,claimed,told}'::text[]) with ordinality as t (s, p);
select is(
  pg_temp.way(60 + p::integer, s, 'engineering issue'), e,
  'the engineering issue is deleted after ' || s
) from (values
  (1, 'promoted', '0 0: triaged reported promoted'),
  (2, 'dispatched', '0 0: triaged reported promoted dispatched'),
  (3, 'started', '0 0: triaged reported promoted dispatched started'),
  (4, 'opened', '0 0: triaged reported promoted dispatched started opened'),
  (5, 'merged', '0 0: triaged reported promoted dispatched started opened merged fixed'),
  (6, 'shipped',
    '1 0: triaged reported promoted dispatched started opened merged fixed shipped resolved answered'),
  (7, 'claimed',
    '1 0: triaged reported promoted dispatched started opened merged fixed shipped resolved answered'),
  (8, 'told',
    '1 0: triaged reported promoted dispatched started opened merged fixed shipped resolved answered')
) as t (p, s, e);

-- Reopened while it waits for a deployment

update public.loop_settings set ship_gate = 'deployment';
create function pg_temp.deploy(p_minutes integer) returns void language sql as $$
  select public.ingest_github_delivery(gen_random_uuid(), 'deployment_status', encode(convert_to(
    jsonb_build_object(
      'action', 'created',
      'deployment_status', jsonb_build_object(
        'state', 'success', 'environment', 'production', 'created_at', pg_temp.ago(p_minutes)
      ),
      'deployment', jsonb_build_object('id', 1, 'created_at', pg_temp.ago(p_minutes), 'ref', 'main'),
      'repository', '{"id": 77, "name": "Shop", "full_name": "Acme/Shop", "owner": {"login": "Acme"}}'::jsonb
    )::text, 'UTF8'
  ), 'base64'))
$$;
select pg_temp.engineer('w', 'w1');
select pg_temp.send(90, 30, pg_temp.fixes('w'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('w'), 'fixed', 'a fix waits for its deployment');
update public.exai_issues set status = 'in_progress' where id = pg_temp.id_of('w');
select pg_temp.deploy(10);
select is(
  pg_temp.status_of('w') || ', ' || pg_temp.status_of('w1'), 'in_progress, waiting_for_help',
  'reopened by a person, the deployment ships nothing'
);
select is(
  (select generation from public.loop_issues where issue_id = pg_temp.id_of('w1')), 1,
  'nor does a generation begin, for nobody was told'
);
update public.exai_issue_fixes set reopened_at = now() - interval '9 minutes'
where exai_issue_id = pg_temp.id_of('w');
select pg_temp.send(91, 5, pg_temp.fixes('w'), pg_temp.merged_ago(5));
select is(pg_temp.fix_of('w'), 'pull_requests', 'the next fix waits for the next deployment');
select pg_temp.deploy(1);
select is(pg_temp.status_of('w1'), 'resolved Fixloop', 'which ships it');

-- An engineering issue that is closed, or not planned

select pg_temp.engineer('v', 'v1');
update public.exai_issues set status = 'closed' where id = pg_temp.id_of('v');
select pg_temp.report('v2', '1 hour');
select public.link_issue(pg_temp.id_of('v2'), pg_temp.number_of('v'));
select is(pg_temp.status_of('v2'), 'waiting_for_help', 'an issue that is linked to a closed one waits');
update public.loop_settings set ship_gate = 'merge';
update public.exai_issues set status = 'wont_fix' where id = pg_temp.id_of('v');
update public.exai_issues set status = 'fixed' where id = pg_temp.id_of('v');
select is(
  concat_ws(', ', pg_temp.status_of('v1'), pg_temp.status_of('v2')), 'resolved Fixloop, resolved Fixloop',
  'not planned and fixed after all, it resolves its issues'
);

-- The issue that others are merged into

create function pg_temp.couple(p_name text, p_message integer) returns void language plpgsql as $$
begin
  perform pg_temp.report(p_name || ' old', '3 hours'), pg_temp.report(p_name || ' new', '2 hours');
  insert into public.circle_issues (message_id, author_name, posted_at, mapped_to_issue_id) values
    ('post_' || p_message, 'Ana', now() - interval '2 hours', pg_temp.id_of(p_name || ' old')),
    ('post_' || p_message + 1, 'Bob', now() - interval '2 hours', pg_temp.id_of(p_name || ' new'));
  perform pg_temp.engineer(p_name);
  perform pg_temp.link(p_name || ' new', p_name);
  perform public.merge_issues(pg_temp.id_of(p_name || ' new'), pg_temp.id_of(p_name || ' old'));
end;
$$;
create function pg_temp.delete_old(p_name text) returns text language plpgsql as $$
begin
  delete from public.issues where id = pg_temp.id_of(p_name || ' old');
  return concat_ws(
    ' ', pg_temp.status_of(p_name || ' new'), (
      select string_agg(c.message_id, ' ') from public.circle_issues as c
      where c.mapped_to_issue_id = pg_temp.id_of(p_name || ' new')
    ), (
      select 'EXAI' from public.issue_links as l
      where (l.issue_id, l.exai_issue_id) = (pg_temp.id_of(p_name || ' new'), pg_temp.id_of(p_name))
    ), (
      select string_agg(d.status, ' ' order by d.id) from public.deliveries as d
      where d.issue_id = pg_temp.id_of(p_name || ' new')
    ), (
      select 'told ' || e.reference from public.loop_events as e
      where e.issue_id = pg_temp.id_of(p_name || ' new') and e.hop = 'answered'
    )
  );
end;
$$;
select pg_temp.couple('x', 1001);
select is(
  pg_temp.delete_old('x'), 'waiting_for_help post_1002 EXAI', 'is deleted: the duplicate gets all of it back'
);
select pg_temp.send(101, 30, pg_temp.fixes('x'), pg_temp.merged_ago(30));
select pg_temp.step('claimed', '', 0), pg_temp.step('told', '', 0);
select is(
  (select count(*)::integer from public.loop_events where hop = 'answered' and reference = 'post_1002'), 1,
  'and is answered by its fix'
);
select pg_temp.couple('y', 1003);
select pg_temp.send(102, 30, pg_temp.fixes('y'), pg_temp.merged_ago(30));
select is(
  pg_temp.delete_old('y'), 'resolved Fixloop post_1004 EXAI pending',
  'fixed and not told yet, the duplicate tells who reported it'
);
select pg_temp.couple('z', 1005);
select pg_temp.send(103, 30, pg_temp.fixes('z'), pg_temp.merged_ago(30));
select pg_temp.step('claimed', '', 0), pg_temp.step('told', '', 0);
select is(
  pg_temp.delete_old('z'), 'resolved Fixloop post_1006 EXAI told post_1006', 'told, nobody is told again'
);
select pg_temp.couple('p', 1013);
update public.issues set status = 'resolved' where id = pg_temp.id_of('p old');
update public.issues set status = 'archived' where id = pg_temp.id_of('p old');
select is(
  split_part(pg_temp.delete_old('p'), ' ', 1), 'resolved',
  'archived since it was resolved: the duplicate is resolved'
);
select pg_temp.couple('u', 1007);
delete from public.issues where id in (pg_temp.id_of('u old'), pg_temp.id_of('u new'));
select is(
  (
    select count(*)::integer from public.circle_issues
    where message_id in ('post_1007', 'post_1008') and mapped_to_issue_id is null
  ), 2, 'both are deleted at once'
);

-- The duplicate

create function pg_temp.resolved_couple(p_name text, p_message integer) returns void language plpgsql as $$
begin
  perform pg_temp.report(p_name || ' old', '3 hours'), pg_temp.report(p_name || ' new', '2 hours');
  insert into public.circle_issues (message_id, author_name, posted_at, mapped_to_issue_id) values
    ('post_' || p_message, 'Ana', now() - interval '2 hours', pg_temp.id_of(p_name || ' old')),
    ('post_' || p_message + 1, 'Bob', now() - interval '2 hours', pg_temp.id_of(p_name || ' new'));
  perform pg_temp.engineer(p_name);
  perform pg_temp.link(p_name || ' new', p_name), pg_temp.link(p_name || ' old', p_name);
  perform pg_temp.send(p_message, 30, pg_temp.fixes(p_name), pg_temp.merged_ago(30));
end;
$$;
create function pg_temp.replies(p_name text) returns text language sql as $$
  select string_agg((d.payload #>> '{reporters,0}') || ' ' || d.status, ', ' order by d.id)
  from public.deliveries as d where d.issue_id = pg_temp.id_of(p_name || ' old')
$$;
select pg_temp.resolved_couple('t', 1009);
select public.merge_issues(pg_temp.id_of('t new'), pg_temp.id_of('t old'));
delete from public.issues where id = pg_temp.id_of('t new');
select is(
  pg_temp.replies('t'), 'post_1009 pending, post_1010 pending',
  'a duplicate is deleted that was about to answer: the older issue does'
);
select pg_temp.resolved_couple('s', 1011);
select pg_temp.step('claimed', '', 0), pg_temp.step('told', '', 0);
select public.merge_issues(pg_temp.id_of('s new'), pg_temp.id_of('s old'));
delete from public.issues where id = pg_temp.id_of('s new');
select is(pg_temp.replies('s'), 'post_1011 delivered', 'one that has answered: nobody is told again');

-- The repository

select pg_temp.engineer('r', 'r1');
select pg_temp.send(110, 40, pg_temp.fixes('r'));
select pg_temp.send(111, 30, pg_temp.fixes('r'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('r'), 'open', 'an open pull request holds up a fix');
update private.pull_request_checks set
  etag = 'e', read_at = now() - interval '1 hour', next_attempt_at = null;
select is(
  public.ingest_github_delivery(gen_random_uuid(), 'repository', encode(convert_to(jsonb_build_object(
    'action', 'deleted', 'repository', jsonb_build_object(
      'id', 77, 'name', 'Shop', 'full_name', 'Acme/Shop', 'private', true, 'updated_at', pg_temp.ago(1),
      'owner', '{"login": "Acme"}'::jsonb
    )
  )::text, 'UTF8'), 'base64')) ->> 'status', 'done', 'its repository is deleted'
);
select is(pg_temp.links_of('r'), '#110 closes words closed, #111 closes words merged', 'so it is closed');
select is(pg_temp.status_of('r1'), 'resolved Fixloop', 'and holds up nothing');
create function pg_temp.check_pull(p_outcome text, p_answer text) returns void language sql as $$
  select public.finish_github_check(p.id, null, p_outcome, p_answer, 'e', now())
  from public.pull_requests as p where p.number = 110
$$;
select pg_temp.check_pull('unchanged', null);
select isnt(
  (select c.next_attempt_at from private.pull_request_checks as c
    join public.pull_requests as p on p.id = c.pull_request_id where p.number = 110), null,
  'GitHub is asked for it as it is now'
);
select pg_temp.check_pull(
  'read', pg_temp.pull(110, pg_temp.ago(40), pg_temp.worded(pg_temp.fixes('r')))::text
);
select is(
  pg_temp.links_of('r'), '#110 closes words open, #111 closes words merged',
  'where it is not gone after all, it is open'
);

select * from finish();
rollback;
