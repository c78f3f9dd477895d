-- Anybody can open pull requests that name many engineering issues: what is stored of that is bounded.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(16);

select pg_temp.engineer('e' || n) from generate_series(1, 20) as n;
create function pg_temp.names(p_word text, p_from integer, p_to integer) returns text language sql as $$
  select string_agg(p_word || ' EXAI-' || pg_temp.number_of('e' || n), ', ' order by n desc)
  from generate_series(p_from, p_to) as n
$$;
create function pg_temp.links(p_number integer) returns text language sql as $$
  select concat_ws(
    ' ', count(*) filter (where intent = 'closes'), count(*) filter (where intent = 'mentions')
  )
  from public.exai_issue_pull_requests where number = p_number
$$;

-- Per pull request

select is(
  (select fork_links_limit from public.loop_settings), 10, 'a pull request from a fork has ten links'
);
select pg_temp.send(1, 60, pg_temp.names('see', 1, 20), pg_temp.fork());
select is(pg_temp.links(1), '0 10', 'of twenty names');
select pg_temp.send(
  1, 50, pg_temp.names('see', 1, 18) || ', ' || pg_temp.names('fixes', 19, 20), pg_temp.fork()
);
select is(pg_temp.links(1), '2 8', 'first those that it closes');
select is(
  pg_temp.as_persona('admin', 'update loop_settings set fork_links_limit = 3 where id returning 3'), '3',
  'an admin sets how many'
);
select pg_temp.send(1, 40, pg_temp.names('fixes', 1, 20), pg_temp.fork());
select is(pg_temp.links(1), '3 0', 'which applies with the next news');
select is(
  pg_temp.as_persona('admin', 'update loop_settings set fork_links_limit = 51 where id returning 1'),
  '23514 new row for relation "loop_settings" violates check constraint '
    '"loop_settings_fork_links_limit_is_bounded"', 'at most as many as are read'
);
select pg_temp.send(2, 40, pg_temp.names('fixes', 1, 20));
select is(pg_temp.links(2), '20 0', 'one of the team''s has all');
select pg_temp.send(2, 39, 'nothing');
select pg_temp.send(1, 30, pg_temp.names('fixes', 1, 20), pg_temp.fork() || pg_temp.merged_ago(30));
select is(pg_temp.links(1), '20 0', 'and so has one that a maintainer has merged');
select is(pg_temp.status_of('e20'), 'fixed', 'which fixes them');

-- What is old

update public.loop_settings set fork_links_limit = 10;
select pg_temp.engineer('x');
select pg_temp.send(n, 60, 'see EXAI-' || pg_temp.number_of('x'), pg_temp.fork())
from generate_series(3, 4) as n;
select pg_temp.send(5, 60, pg_temp.fixes('x'), pg_temp.fork());
select pg_temp.send(6, 50, pg_temp.fixes('x'), pg_temp.fork() || pg_temp.closed(pg_temp.ago(50)));
select pg_temp.send(7, 60, pg_temp.fixes('x'));
select pg_temp.send(8, 60, 'see EXAI-' || pg_temp.number_of('x'));
select pg_temp.send(9, 50, pg_temp.fixes('x'), pg_temp.closed(pg_temp.ago(50)));
select pg_temp.send(10, 50, 'see EXAI-' || pg_temp.number_of('x'), pg_temp.closed(pg_temp.ago(50)));
select pg_temp.send(11, 50, 'see EXAI-' || pg_temp.number_of('x'), pg_temp.fork() || pg_temp.merged_ago(50));
select pg_temp.send(12, 60, 'nothing', pg_temp.fork());
select public.link_pull_request(pg_temp.number_of('x'), 'https://github.com/acme/shop/pull/12', 'mentions');
create function pg_temp.stored() returns text language sql as $$
  select string_agg('#' || number, ' ' order by number) from public.exai_issue_pull_requests
  where exai_issue_id = pg_temp.id_of('x')
$$;
select is(private.prune_pull_request_links(), 0, 'what is new is not pruned');
alter table public.exai_issue_pull_requests disable trigger _900_set_timestamps;
update public.exai_issue_pull_requests set updated_at = now() - (
  select make_interval(days => delivery_retention_days + 1) from public.agent_settings
)
where number <> 4;
alter table public.exai_issue_pull_requests enable trigger _900_set_timestamps;
select is(private.prune_pull_request_links(2), 2, 'what is old is, some at a time');
select is(private.prune_pull_request_links(), 1, 'until none is left');
select is(
  pg_temp.stored(), '#4 #5 #7 #8 #9 #11 #12',
  'mentions from forks and what was closed; not what is open or decides, was merged, or a person linked'
);
select pg_temp.send(3, 10, 'see EXAI-' || pg_temp.number_of('x'), pg_temp.fork());
select is(pg_temp.stored(), '#3 #4 #5 #7 #8 #9 #11 #12', 'the next news brings one back');
select pg_temp.send(5, 10, pg_temp.fixes('x'), pg_temp.fork() || pg_temp.merged_ago(10));
select is(pg_temp.status_of('x'), 'open', 'one of the team''s holds the fix up');
select pg_temp.send(7, 5, pg_temp.fixes('x'), pg_temp.closed(pg_temp.ago(5)));
select is(pg_temp.status_of('x'), 'fixed', 'until it is closed');

select * from finish();
rollback;
