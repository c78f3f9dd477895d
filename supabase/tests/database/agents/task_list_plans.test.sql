-- What lists of tasks and pull requests read does not depend on how many a user has.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(16);
\ir ../helpers/personas.psql
delete from public.tasks;
delete from public.pull_requests;

-- Ten thousand tasks of one user, as many of another, and for each a pull request.
alter table public.projects disable trigger user;
alter table public.tasks disable trigger user;
alter table public.pull_requests disable trigger user;
alter table public.task_pull_requests disable trigger user;
insert into public.projects (id, user_id, repo_url, repo_owner, repo_name, name)
values (-7, '00000000-0000-4000-8000-00000000000a', 'https://github.com/o/r', 'o', 'r', 'r');
insert into public.tasks (id, user_id, project_id, status, created_at, completed_at)
select n,
  case n % 2 when 0 then '00000000-0000-4000-8000-00000000000a'::uuid
    else '00000000-0000-4000-8000-00000000000e' end,
  case when n % 4 = 0 then -7 end,
  (case when n = 20 then 'pending' when n = 40 then 'running' when n % 1000 = 0 then 'failed'
    else 'completed' end)::public.task_status,
  timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + n * interval '1 minute'
from generate_series(1, 20000) as n;
insert into public.pull_requests (id, repository_id, repo_owner, repo_name, number, opened_at)
overriding system value
select n, private.ensure_repository('o', 'r'), 'o', 'r', n, timestamptz '2026-01-01' + n * interval '1 minute'
from generate_series(1, 20000) as n;
insert into public.task_pull_requests (
  task_id, pull_request_id, user_id, source, opened_at, verified_at, verified_by
)
select t.id, t.id, t.user_id, 'worker', t.created_at, t.created_at, 'worker' from public.tasks as t;
alter table public.projects enable trigger user;
alter table public.tasks enable trigger user;
alter table public.pull_requests enable trigger user;
alter table public.task_pull_requests enable trigger user;
analyze public.tasks, public.pull_requests, public.task_pull_requests;

create function pg_temp.buffers(p_query text) returns bigint language plpgsql as $$
declare
  v_plan json;
begin
  -- The second time, nothing of the catalog is read.
  for v_time in 1..2 loop
    execute 'explain (analyze, buffers, format json) ' || p_query into v_plan;
  end loop;
  return (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint
    + (v_plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end;
$$;

grant execute on function pg_temp.buffers to authenticated;

-- The whole table is more than 300 pages.
select cmp_ok(
  pg_temp.as_persona('stranger', format('select pg_temp.buffers(%L)', r.query))::bigint, '<', 250::bigint,
  r.name
)
from (values
  ('newest by time', 'select * from public.task_list order by created_at desc limit 50'),
  ('newest of a project', 'select * from public.task_list where project_id = -7
    order by created_at desc limit 50'),
  ('newest that failed', 'select * from public.task_list where status = ''failed''
    order by created_at desc limit 50'),
  ('pending', 'select * from public.task_list where status = ''pending'' order by created_at desc limit 50'),
  ('open', 'select * from public.task_list where status in (''pending'', ''running'')
    order by created_at desc limit 50'),
  ('cancelled, of which there is none', 'select * from public.task_list where status = ''cancelled''
    order by created_at desc limit 50'),
  ('those with a pull request', 'select id, target_branch, pr_branch, pr_number, pr_url, status
    from public.tasks where pr_number is not null order by pr_number desc limit 50'),
  ('newest links', 'select * from public.task_pull_requests order by opened_at desc limit 50'),
  ('newest pull requests', 'select * from public.list_pull_requests()')
) as r (name, query);

select is(
  pg_temp.as_persona('stranger', 'select string_agg(id::text, '','' order by created_at)
    from public.task_list where status in (''pending'', ''running'')'),
  '20,40', 'the partial index has both'
);

-- opened_at of links is the pull request's.
update public.pull_requests set opened_at = '2026-07-01' where id = 2;
select is(
  pg_temp.as_persona('stranger', 'select pull_request_id from public.task_pull_requests
    order by opened_at desc limit 1'),
  '2', 'a changed opened_at reaches the links'
);
delete from public.task_pull_requests where pull_request_id = 2;
insert into public.task_pull_requests (task_id, pull_request_id, user_id, source)
values (2, 2, '00000000-0000-4000-8000-00000000000a', 'owner');
select is(
  (select opened_at from public.task_pull_requests where pull_request_id = 2), '2026-07-01',
  'and a new link has it'
);

-- The newest pull requests, each once, in pages.
insert into public.task_pull_requests (task_id, pull_request_id, user_id, source, verified_at, verified_by)
values (4, 2, '00000000-0000-4000-8000-00000000000a', 'worker', now(), 'worker'),
  (6, 2, '00000000-0000-4000-8000-00000000000a', 'worker', now(), 'worker');
select is(
  pg_temp.as_persona('stranger', 'select string_agg(number::text, '','' order by n) from
    (select number, row_number() over () as n from public.list_pull_requests(max_results := 3)) as l'),
  '2,20000,19998', 'the newest, each once'
);
select is(
  pg_temp.as_persona('stranger', 'select string_agg(number::text, '','' order by n) from (
    select number, row_number() over () as n
    from public.list_pull_requests(''2026-01-01T01:00:00Z'')) as l'),
  (select string_agg(n::text, ',' order by n desc) from generate_series(4, 58, 2) as n), 'the next page'
);
update public.pull_requests set opened_at = '2026-06-30' where id in (19996, 19998, 20000);
select is(
  pg_temp.as_persona('stranger', 'with recursive page as (
      select p.number, p.opened_at, p.id, 1 as n from public.list_pull_requests(max_results := 1) as p
      union all
      select p.number, p.opened_at, p.id, n + 1 from page
      cross join lateral public.list_pull_requests(page.opened_at, page.id, 1) as p where n < 40
    )
    select string_agg(number::text, '','' order by n) from page'),
  pg_temp.as_persona('stranger', 'select string_agg(number::text, '','' order by n) from
    (select number, row_number() over () as n from public.list_pull_requests(max_results := 40)) as l'),
  'pages of one have each, also those that were opened in the same second'
);

-- What is due is found by time.
select cmp_ok(pg_temp.buffers('select private.prune_pull_requests()'), '<', 200::bigint,
  'when nothing is due, pruning reads nearly nothing');

select * from finish();
rollback;
