-- What people decide is recorded, makes triage_reliability, sets the threshold, and changes the weights.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(25);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.id_of(p_id text) returns uuid language sql stable as $$
  select id from public.circle_issues where message_id = p_id
$$;
create function pg_temp.decided(p_id text) returns text language sql stable as $$
  select concat_ws(' ', is_issue, likelihood = private.issue_likelihood(c.title, c.body))
  from private.triage_decisions as d join public.circle_issues as c on c.id = d.circle_issue_id
  where c.message_id = p_id
$$;
create function pg_temp.call(p_function text, p_id text, p_persona text default 'agent') returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format('select %s(%L::uuid)', p_function, pg_temp.id_of(p_id)))
$$;

-- Decisions

select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('901', 'wasps under the jetty', null), pg_temp.single('902', 'lamp out at pier two', null),
  pg_temp.single('903', 'x', '{"is_issue": true}'), pg_temp.single('904', 'y', '{"is_issue": false}')
));
select is_empty('select from private.triage_decisions', 'an import decides nothing for the team');
select isnt(pg_temp.call('import_circle_issue', '901'), null, 'a person makes one an issue');
select is(pg_temp.decided('901'), 't t', 'which is recorded, with what was predicted');
select pg_temp.call('dismiss_circle_issue', '902');
select is(pg_temp.decided('902'), 'f t', 'so is a dismissal');
select pg_temp.call('return_circle_issue', '902');
select is(pg_temp.decided('902'), null, 'a decision that is taken back is removed');
select pg_temp.call('return_circle_issue', '903');
select is(pg_temp.decided('903'), 'f t', 'what triage made an issue and a person returns is not one');
select pg_temp.call('import_circle_issue', '903');
select is(pg_temp.decided('903'), 't t', 'unless somebody makes it one');
update circle_issues set title = 'z' where message_id = '903';
select is(
  (select count(*) from private.triage_decisions), 2::bigint, 'other changes of a message don''t count'
);
select pg_temp.call('dismiss_circle_issue', '902');

-- Learning

create function pg_temp.likelihood(p_text text) returns double precision language sql stable as $$
  select private.issue_likelihood(null, p_text)
$$;
create temp table before as
select pg_temp.likelihood('wasps under the shed') as p, (select count(*) from triage_weights) as count,
  (select sum(issue) from triage_weights) as sum;
insert into public.circle_issues (message_id, title, body, is_triaged, triaged_by)
select 'many-' || n, 'wasps', 'wasps under berth number ' || chr(96 + n), true, 'Agnes'
from generate_series(1, 12) as n;
insert into private.triage_decisions (circle_issue_id, is_issue, likelihood)
select c.id, true, 0.1 from circle_issues as c where c.message_id like 'many-%';
select is(private.learn_triage(), 15, 'it learns from each decision');
select cmp_ok(
  pg_temp.likelihood('wasps under the shed'), '>', (select p + 0.2 from before),
  'texts like these are likelier'
);
select isnt_empty(
  $$ select from triage_weights where feature = 'wasps under' and issue > 0 and shipped is null $$,
  'a feature that is new has a weight'
);
create temp table once as select feature, issue from triage_weights;
select private.learn_triage();
select is_empty(
  $$ select from triage_weights as w join once as o using (feature) where w.issue <> o.issue $$,
  'to learn the same again changes nothing'
);
delete from private.triage_decisions where circle_issue_id is not null;
select is(private.learn_triage(), 0, 'without decisions');
select results_eq(
  $$ select count(*), round(sum(issue)::numeric, 6) from triage_weights $$,
  $$ select count, round(sum::numeric, 6) from before $$, 'the weights are the delivered ones'
);
select pg_temp.as_persona('agent', $$ insert into issues (title, description, segment)
  select 'bilge pump ' || n, 'on the blink', 'misc' from generate_series(1, 8) as n returning 1 $$);
select pg_temp.as_persona('agent', $$ update issues set segment = 'auth' where title like 'bilge pump%'
  returning 1 $$);
select private.learn_triage();
select is(determine_segment('bilge pump 9', 'on the blink'), 'auth', 'corrected segments are learned too');

-- Reliability

insert into private.triage_decisions (circle_issue_id, is_issue, likelihood)
select c.id, c.message_id < 'many-4', case when c.message_id < 'many-4' then 0.85 else 0.05 end
from circle_issues as c where c.message_id like 'many-%';
select private.run_triage_learning();
select results_eq(
  $$ select bin::integer, round(predicted::numeric, 2), observed, count from triage_reliability order by 1 $$,
  $$ values (0, 0.05, 0::double precision, 6), (8, 0.85, 1, 6) $$, 'a row per tenth that occurs'
);
select is(pg_temp.as_persona('admin', 'select count(*) from triage_reliability'), '2', 'admins read it');
select is(pg_temp.as_persona('agent', 'select count(*) from triage_reliability'), '0', 'agents do not');

-- The threshold as a wanted precision

create function pg_temp.want(p_precision text, p_persona text default 'admin') returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'update tracker_settings set triage_precision = %s where id returning triage_threshold', p_precision
  ))
$$;
select matches(pg_temp.want('0.95'), '^0\.[6-9]', 'an admin wants a precision, which sets the threshold');
select cmp_ok(pg_temp.want('0.9')::double precision, '<=', pg_temp.want('0.97')::double precision,
  'a higher one for a higher precision');
select is(pg_temp.want('1'), '1', 'certainty is never promised');
select is(pg_temp.want('null'), '1', 'without a wanted precision the threshold stays');
select is(
  pg_temp.as_persona('admin', 'update tracker_settings set triage_threshold = 0.7 where id
    returning triage_threshold'), '0.7', 'and can be set'
);
select matches(pg_temp.want('1.2'), '^23514 ', 'a precision is a share');
select is(pg_temp.want('0.5', 'agent'), 'PT403 team_role_required', 'agents don''t set it');

select * from finish();
rollback;
