-- When an engineering issue is fixed by its pull requests, and what that does to the issues behind it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(63);

-- One pull request, from opened to merged

select pg_temp.engineer('a', 'a1', 'a2');
select is(
  pg_temp.send(1, 40, pg_temp.fixes('a')),
  'done', 'a delivery'
);
select is(pg_temp.links_of('a'), '#1 closes words open', 'its words make a link');
select is(pg_temp.status_of('a'), 'open', 'open, it fixes nothing');
select is(pg_temp.hops_of('a1'), 'reported triaged opened', 'the ledger has it');
select is(
  pg_temp.send(1, 30, pg_temp.fixes('a'), pg_temp.merged_ago(30)), 'done', 'it is merged'
);
select is(pg_temp.links_of('a'), '#1 closes words merged', 'the link shows it');
select is(pg_temp.status_of('a'), 'fixed', 'the engineering issue is fixed');
select is(pg_temp.fix_of('a'), 'pull_requests shipped by merge', 'and its fix shipped');
select is(
  (select fix_date from public.exai_issues where id = pg_temp.id_of('a')), pg_temp.ago(30)::timestamptz,
  'at the time of the merge'
);
select is(pg_temp.status_of('a1'), 'resolved Fixloop', 'its first issue is resolved');
select is(pg_temp.status_of('a2'), 'resolved Fixloop', 'its second issue is resolved');
select is(pg_temp.hops_of('a1'), 'reported triaged opened merged fixed shipped resolved', 'hop by hop');
select is(
  (
    select array_agg(concat_ws(' ', hop, at = pg_temp.ago(30)::timestamptz, reference) order by id)
    from public.loop_events where issue_id = pg_temp.id_of('a2') and hop in ('merged', 'fixed', 'shipped')
  ), array[
    'merged t https://github.com/Acme/Shop/pull/1', 'fixed t EXAI-' || pg_temp.number_of('a'),
    'shipped t EXAI-' || pg_temp.number_of('a')
  ], 'with times and references'
);
select is(
  (
    select array_agg(concat_ws(' ', created_by, content) order by created_at) from public.exai_issue_updates
    where issue_id = pg_temp.id_of('a')
  ), array['Fixloop open → fixed'], 'the history names the loop'
);
create temp table before on commit drop as select * from public.loop_events;
select is(
  pg_temp.send(1, 30, pg_temp.fixes('a'), pg_temp.merged_ago(30)), 'already_done', 'again'
);
select is(
  pg_temp.send(1, 40, pg_temp.fixes('a'), '{"a":1}'),
  'done', 'late'
);
select is((select count(*) from public.loop_events), (select count(*) from before), 'nothing happens twice');

-- Several pull requests

select pg_temp.engineer('b', 'b1');
select pg_temp.send(n, 40, pg_temp.fixes('b'))
from generate_series(2, 3) as n;
select pg_temp.send(4, 40, 'EXAI-' || pg_temp.number_of('b'));
select pg_temp.send(2, 30, pg_temp.fixes('b'), pg_temp.merged_ago(30));
select is(
  pg_temp.links_of('b'), '#2 closes words merged, #3 closes words open, #4 mentions words open',
  'one is merged, one is not, one only mentions it'
);
select is(pg_temp.status_of('b'), 'open', 'what is open holds it up');
select pg_temp.send(3, 25, pg_temp.fixes('b'), '{"draft": true}');
select is(pg_temp.status_of('b'), 'open', 'also as a draft');
select pg_temp.send(3, 20, pg_temp.fixes('b'), pg_temp.closed(pg_temp.ago(20)));
select is(pg_temp.status_of('b'), 'fixed', 'closed unmerged, it does not');
select is(
  (select fixed_at from public.exai_issue_fixes where exai_issue_id = pg_temp.id_of('b')),
  pg_temp.ago(20)::timestamptz, 'fixed since then'
);

-- What closes nothing

select pg_temp.engineer('c', 'c1');
select pg_temp.send(5, 30, pg_temp.fixes('c'), pg_temp.closed(pg_temp.ago(30)));
select is(pg_temp.status_of('c'), 'open', 'closed unmerged alone');
select pg_temp.send(6, 30, 'EXAI-' || pg_temp.number_of('c'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('c'), 'open', 'a mention that is merged');
select is(
  pg_temp.send(7, 30, 'Fixes EXAI-2000000000, fixes EXAI-0', pg_temp.merged_ago(30)), 'done',
  'issues that do not exist'
);
update public.exai_issues set status = 'wont_fix' where id = pg_temp.id_of('c');
select pg_temp.send(8, 30, pg_temp.fixes('c'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('c'), 'wont_fix', 'what is not planned stays so');
select is(pg_temp.status_of('c1'), 'waiting_for_help', 'and resolves nothing');

-- Edited words

select pg_temp.engineer('d', 'd1');
select pg_temp.send(9, 40, pg_temp.fixes('d'));
select pg_temp.send(9, 35, 'About EXAI-' || pg_temp.number_of('d'));
select is(pg_temp.links_of('d'), '#9 mentions words open', 'a closing word is removed');
select pg_temp.send(9, 34, 'Nothing');
select is(pg_temp.links_of('d'), '-', 'the name is removed');
select pg_temp.send(9, 40, pg_temp.fixes('d'), '{"a": 1}');
select is(pg_temp.links_of('d'), '-', 'an older version comes late');
select pg_temp.read_pull(
  pg_temp.pull(9, pg_temp.ago(33), pg_temp.worded(pg_temp.fixes('d'))), pg_temp.ago(1)
);
select is(pg_temp.links_of('d'), '#9 closes words open', 'the sweep reads the words too');

-- Reopened by a person

update public.exai_issues set status = 'open' where id = pg_temp.id_of('a');
select is(pg_temp.status_of('a1'), 'in_progress', 'its issues are taken up again');
select is(
  pg_temp.hops_of('a1'), 'reported triaged opened merged fixed shipped resolved | reopened',
  'in the next generation'
);
select pg_temp.send(1, 5, pg_temp.fixes('a'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('a'), 'open', 'what was merged before does not count');
select is(pg_temp.hops_of('a2') like '%| reopened', true, 'nor is it in the ledger again');
-- our clock is the transaction's: the next merge is later than the reopening
update public.exai_issue_fixes set reopened_at = now() - interval '4 minutes'
where exai_issue_id = pg_temp.id_of('a');
update public.issues set status = 'resolved', resolved_by = 'Maya' where id = pg_temp.id_of('a2');
select pg_temp.send(10, 2, pg_temp.fixes('a'), pg_temp.merged_ago(2));
select is(
  pg_temp.hops_of('a1'),
  'reported triaged opened merged fixed shipped resolved | reopened opened merged fixed shipped resolved',
  'the next fix resolves it again'
);
select is(pg_temp.status_of('a2'), 'resolved Maya', 'what a person has resolved stays theirs');
update public.exai_issues set status = 'in_progress' where id = pg_temp.id_of('a');
select is(pg_temp.status_of('a2'), 'resolved Maya', 'also when it is reopened');

-- Set by a person

select pg_temp.engineer('e', 'e1');
update public.exai_issues set status = 'closed' where id = pg_temp.id_of('e');
select is(pg_temp.status_of('e1'), 'waiting_for_help', 'closed resolves nothing');
update public.exai_issues set status = 'open' where id = pg_temp.id_of('e');
update public.exai_issues set status = 'verified' where id = pg_temp.id_of('e');
select is(pg_temp.fix_of('e'), 'person shipped by merge', 'verified is fixed');
select is(pg_temp.status_of('e1'), 'resolved Fixloop', 'and resolves');
update public.exai_issues set status = 'closed' where id = pg_temp.id_of('e');
select is(pg_temp.status_of('e1'), 'resolved Fixloop', 'closed after that changes nothing');

-- A merge undone

select pg_temp.engineer('f', 'f1');
select pg_temp.send(11, 30, pg_temp.fixes('f'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('f1'), 'resolved Fixloop', 'a merge');
select pg_temp.send(11, 20, pg_temp.fixes('f'));
select is(pg_temp.status_of('f'), 'open', 'it was not one: the engineering issue is not fixed');
select is(pg_temp.status_of('f1'), 'in_progress', 'nor is the issue');
select pg_temp.send(11, 10, pg_temp.fixes('f'), pg_temp.merged_ago(10));
select is(
  pg_temp.hops_of('f1'),
  'reported triaged opened merged fixed shipped resolved | reopened opened merged fixed shipped resolved',
  'until it is merged again'
);

-- Links of issues that come late

select pg_temp.report('f2');
select pg_temp.report('f3', '1 minute');
select pg_temp.link('f2', 'f');
select pg_temp.link('f3', 'f');
select is(pg_temp.status_of('f2'), 'resolved Fixloop', 'reported before the fix, it is resolved');
select is(pg_temp.hops_of('f2'), 'reported triaged opened merged fixed shipped resolved', 'with all hops');
select is(pg_temp.status_of('f3'), 'waiting_for_help', 'reported after the fix, it is not');
select is(pg_temp.hops_of('f3'), 'reported triaged', 'and has no hop of it');

-- Repositories of the loop

select pg_temp.engineer('g', 'g1');
select is(pg_temp.as_persona(p, 'delete from public.loop_repositories returning 1'), e, p || ' removes one')
from (values ('anon', '42501 permission denied for table loop_repositories'),
  ('stranger', 'PT403 team_role_required'), ('viewer', 'PT403 team_role_required'),
  ('agent', 'PT403 team_role_required')) as t (p, e);
select is(pg_temp.as_persona('admin', 'delete from public.loop_repositories returning 1'), '1', 'admin does');
select is(pg_temp.links_of('f'), '-', 'links that are from words end');
select is(pg_temp.status_of('f1'), 'resolved Fixloop', 'what was told stays');
select pg_temp.send(12, 2, pg_temp.fixes('g'), pg_temp.merged_ago(2));
select is(pg_temp.status_of('g'), 'open', 'in another repository words close nothing');
select is(
  pg_temp.as_persona(
    'admin', $q$ insert into public.loop_repositories (repo_owner, repo_name) values (' ACME', 'Shop ')
      returning concat_ws(' ', repo_owner, repo_name, added_by) $q$
  ), 'acme shop Adam Admin', 'admin adds it again'
);
select is(pg_temp.status_of('g'), 'fixed', 'which applies to what is stored');
select is(
  pg_temp.as_persona('admin', format(
    'insert into public.loop_repositories (repo_owner, repo_name) values (%L, %L)', o, n
  )), 'PT422 loop_repository_invalid', concat_ws('/', o, n)
) from (values ('a b', 'c'), ('', ''), ('acme', '..')) as t (o, n);

select * from finish();
rollback;
