-- Which tasks are linked to which pull requests, and who sees them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
select plan(75);

-- URLs

select is(
  (select concat_ws('/', r.o_owner, r.o_name) from private.parse_repository_url(u) as r), e,
  coalesce(u, 'null')
) from (values
  ('https://github.com/User/Repo', 'user/repo'), ('https://github.com/user/repo.git', 'user/repo'),
  ('http://localhost:3000/user/repo/', ''), ('https://gitlab.example/user/repo', ''),
  ('https://www.github.com/user/repo', 'user/repo'), ('ssh://git@ssh.github.com:443/user/repo', 'user/repo'),
  ('https://github.com/user/..', ''), ('https://github.com/user/.', ''), ('https://github.com/../repo', ''),
  ('https://github.com/user/..git', ''), ('https://github.com.evil.example/user/repo', ''),
  ('https://github.com/ûser/repo', ''), ('https://GitHub.com/user/repo.GIT', 'user/repo'),
  ('git@github.com:user/re.po.git', 'user/re.po'),
  ('ssh://git@github.com:22/user/repo', 'user/repo'), ('https://token@github.com/user/repo', 'user/repo'),
  ('https://github.com/user', ''), ('https://github.com/user/repo/tree/main', ''), ('user/repo', ''),
  ('https://github.com/user/.git', ''), ('', ''), (null, ''),
  ('git+ssh://git@github.com/user/repo.git', 'user/repo'), ('git@github.com:/user/repo.git', 'user/repo'),
  ('https://github.com/user/repo//', 'user/repo'), (U&'https://github.com:\0664/user/repo', '')
) as t (u, e);
select is(
  (select concat_ws('/', r.o_owner, r.o_name, r.o_number) from private.parse_pull_request_url(u) as r), e,
  coalesce(u, 'null')
) from (values
  ('https://github.com/User/Repo/pull/12', 'user/repo/12'),
  ('https://github.com/user/repo/pull/12/files?w=1#x', 'user/repo/12'),
  ('https://ghe.example.org/user/repo/pull/12', ''), ('https://github.com/user/../pull/12', ''),
  ('https://github.com/user/repo/pull/0', ''), ('https://github.com/user/repo/pull/99999999999', ''),
  ('https://github.com/user/repo/issues/12', ''), ('https://github.com/user/repo/pull/12x', ''),
  ('javascript://github.com/user/repo/pull/1', ''), (null, '')
) as t (u, e);

-- What tasks name

create function pg_temp.new_task(p_persona text, p_columns text, p_values text) returns text
language sql as $$
  select pg_temp.as_persona(
    p_persona, format('insert into public.tasks (%s) values (%s) returning id', p_columns, p_values)
  )
$$;
create function pg_temp.links(p_task text) returns text language sql as $$
  select string_agg(
    concat_ws(' ', p.repo_owner || '/' || p.repo_name || '#' || p.number, l.source, l.verified_by), ', '
    order by p.number
  )
  from public.task_pull_requests as l join public.pull_requests as p on p.id = l.pull_request_id
  where l.task_id = p_task::bigint
$$;
create function pg_temp.seen(p_persona text) returns text language sql as $$
  select pg_temp.as_persona(
    p_persona,
    $q$ select coalesce(string_agg(number::text, ',' order by number), '-') from public.pull_requests $q$
  )
$$;
create temp table made (name text, id text) on commit drop;

insert into made select 'url', pg_temp.new_task(
  'stranger', 'pr_url', '''https://github.com/Acme/Shop/pull/7'''
);
select is(
  pg_temp.links((select id from made where name = 'url')), 'acme/shop#7 owner',
  'a URL is a link, not verified'
);
select is(pg_temp.seen('stranger'), '-', 'it does not show the pull request');
select is(
  pg_temp.as_persona('stranger', 'select source from public.task_pull_requests'), 'owner',
  'but the link itself'
);
select is(
  (select row(p.state, p.title, p.provider_updated_at, p.is_private, c.next_attempt_at = now())::text
   from public.pull_requests as p join private.pull_request_checks as c on c.pull_request_id = p.id),
  '(open,,,,t)', 'nothing is known of the pull request yet, and it is due for the sweep'
);
insert into made select 'number', pg_temp.new_task(
  'stranger', 'repo_url, pr_number', '''git@github.com:acme/shop.git'', 7'
);
select is(
  pg_temp.links((select id from made where name = 'number')), 'acme/shop#7 owner',
  'a number is in the task''s repository'
);
select is(
  pg_temp.links(pg_temp.new_task('stranger', 'pr_number', '7')), null,
  'without a repository it is not a link'
);
insert into public.projects (user_id, repo_url, repo_owner, repo_name, name) values (
  '00000000-0000-4000-8000-00000000000a', 'https://github.com/acme/shop', 'Acme', 'Shop', 'Shop'
);
select is(
  pg_temp.links(pg_temp.new_task(
    'stranger', 'project_id, pr_number', '(select max(id) from public.projects), 8'
  )),
  'acme/shop#8 owner', 'a project''s repository is the task''s'
);
select pg_temp.as_persona('stranger', format(
  'update public.tasks set pr_url = %L where id = %s returning id', 'https://github.com/acme/shop/pull/9',
  (select id from made where name = 'url')
));
select is(
  pg_temp.links((select id from made where name = 'url')), 'acme/shop#9 owner',
  'another URL is another link, and the old one is deleted'
);
select pg_temp.as_persona('stranger', format(
  'update public.tasks set pr_url = null where id = %s returning id', (select id from made where name = 'url')
));
select is(pg_temp.links((select id from made where name = 'url')), null, 'without a URL there is no link');

-- Branches

insert into made select 'branch', pg_temp.new_task(
  'stranger', 'repo_url, pr_branch, created_at', '''https://github.com/acme/shop'', ''fix'', ''2026-01-01'''
);
select pg_temp.deliver(pg_temp.pull(20, '2026-03-01T10:00:00Z'), 'opened');
select is(
  pg_temp.links((select id from made where name = 'branch')), 'acme/shop#20 branch',
  'a pull request that comes from the task''s branch is linked'
);
select is(
  pg_temp.as_persona('stranger', format(
    'select count(*) from public.task_pull_requests where task_id = %s',
    (select id from made where name = 'branch')
  )),
  '0', 'before it is verified, not even its existence is visible'
);
insert into made select 'branch later', pg_temp.new_task(
  'stranger', 'repo_url, pr_branch, created_at', '''https://github.com/acme/shop'', ''fix'', ''2026-01-01'''
);
select is(
  pg_temp.links((select id from made where name = 'branch later')), 'acme/shop#20 branch',
  'in either order'
);
select pg_temp.deliver(pg_temp.pull(21, '2026-03-01T10:00:00Z', jsonb_build_object(
  'head', '{"ref": "fix", "sha": "abc", "repo": {"full_name": "mallory/shop"}}'::jsonb
)), 'opened');
select is(
  pg_temp.links((select id from made where name = 'branch')), 'acme/shop#20 branch',
  'a branch of the same name in a fork is another branch'
);
select pg_temp.deliver(
  pg_temp.pull(22, '2025-03-01T10:00:00Z', pg_temp.closed('2025-03-01T10:00:00Z')), 'closed'
);
select is(
  pg_temp.links((select id from made where name = 'branch')), 'acme/shop#20 branch',
  'one that was closed before the task was created is not linked'
);
select is(
  pg_temp.links(pg_temp.new_task(
    'stranger', 'repo_url, pr_branch, pr_url',
    '''https://github.com/mine/own'', ''fix'', ''https://github.com/acme/shop/pull/30'''
  )),
  'acme/shop#30 owner', 'a branch is looked up in the task''s own repository, not in that of a URL'
);

-- Who may see: a trusted worker

create function pg_temp.complete(p_task text, p_set text, p_verify boolean) returns void
language plpgsql as $$
begin
  -- as complete_task does for a worker with a token for everybody
  perform set_config('role', 'anon', true);
  perform pg_temp.write(p_task, p_set);
  if p_verify then
    perform set_config('role', 'none', true);
    perform private.verify_task_pull_requests(p_task::bigint);
  end if;
  perform set_config('role', 'none', true);
end;
$$;
create function pg_temp.write(p_task text, p_set text) returns void language plpgsql security definer
set search_path = '' as $$
begin
  execute format('update public.tasks set %s where id = %s', p_set, p_task);
end;
$$;
grant execute on function pg_temp.write(text, text) to anon;

insert into made select 'worker', pg_temp.new_task('second', 'repo_url', '''https://github.com/acme/shop''');
select pg_temp.complete(
  (select id from made where name = 'worker'), 'pr_url = ''https://github.com/acme/shop/pull/20''', false
);
select is(
  pg_temp.links((select id from made where name = 'worker')), 'acme/shop#20 owner',
  'what a user''s own worker names is not verified'
);
select is(pg_temp.seen('second'), '-', 'and not visible');
select pg_temp.complete(
  (select id from made where name = 'worker'), 'pr_url = ''https://github.com/acme/shop/pull/21''', true
);
select is(
  pg_temp.links((select id from made where name = 'worker')), 'acme/shop#21 worker worker',
  'what a trusted worker names is verified'
);
select is(pg_temp.seen('second'), '21', 'and visible');
select is(pg_temp.seen('stranger'), '-', 'to the task''s user only');
select is(pg_temp.seen('admin'), '-', 'not to the team');

-- The task's user names somebody else's, and a trusted worker finishes the task without naming any.
insert into made select 'planted', pg_temp.new_task(
  'stranger', 'pr_url', '''https://github.com/acme/shop/pull/21'''
);
update private.task_github_refs set number_named_in = '3'::xid8, head_named_in = '3'::xid8
where task_id = (select id::bigint from made where name = 'planted');
select pg_temp.complete((select id from made where name = 'planted'), 'commit_hash = ''abc''', true);
select is(
  pg_temp.links((select id from made where name = 'planted')), 'acme/shop#21 owner',
  'what the user named before is not verified when the worker completes the task'
);
select is(pg_temp.seen('stranger'), '-', 'and stays hidden');

-- A server that writes the task
update public.tasks set pr_branch = 'fix', pr_url = null
where id = (select id::bigint from made where name = 'worker');
select is(
  pg_temp.links((select id from made where name = 'worker')), 'acme/shop#20 branch worker',
  'what a server writes is verified, also a branch'
);
select is(pg_temp.seen('second'), '20', 'and visible');
select pg_temp.deliver(
  pg_temp.pull(23, '2026-11-01T10:00:00Z', '{"created_at": "2026-11-01T10:00:00Z"}'), 'opened'
);
select is(pg_temp.seen('second'), '20,23', 'also a pull request that is opened from the branch later');
select pg_temp.as_persona('second', format(
  'update public.tasks set pr_branch = ''other'' where id = %s returning id',
  (select id from made where name = 'worker')
));
select is(pg_temp.seen('second'), '-', 'until the user names another branch');

-- Of a repository that only the user's project names, which they can change while a worker holds the task

insert into made select 'project', pg_temp.new_task('second', 'agent', '''claude''');
insert into public.projects (user_id, repo_url, repo_owner, repo_name, name) values (
  '00000000-0000-4000-8000-00000000000e', 'https://github.com/acme/shop', 'Acme', 'Shop', 'Renamed'
);
update public.tasks set project_id = (select max(id) from public.projects)
where id = (select id::bigint from made where name = 'project');
select pg_temp.complete(
  (select id from made where name = 'project'), 'repo_url = null, pr_number = 20', true
);
select is(
  pg_temp.links((select id from made where name = 'project')), 'acme/shop#20 owner',
  'a trusted worker''s number is not verified'
);
update public.tasks set pr_number = null, pr_branch = 'fix'
where id = (select id::bigint from made where name = 'project');
select is(
  pg_temp.links((select id from made where name = 'project')), 'acme/shop#20 branch, acme/shop#23 branch',
  'nor is the branch that a server writes'
);
select is(pg_temp.seen('second'), '-', 'so it is not visible');
delete from public.tasks where id = (select id::bigint from made where name = 'project');

-- A public repository

select pg_temp.deliver(pg_temp.pull(20, '2026-03-01T11:00:00Z', pg_temp.public_base()));
select is(pg_temp.seen('stranger'), '20',
  'one in a public repository is visible to every user with a link to it');
select is(pg_temp.seen('second'), '-', 'and to nobody else');
select pg_temp.deliver(pg_temp.pull(20, '2026-03-01T12:00:00Z'));
select is(pg_temp.seen('stranger'), '-', 'until the repository becomes private');

-- Nobody writes

select matches(pg_temp.as_persona(p, s), '^42501', p || ': ' || s)
from unnest(array['stranger', 'service_role']) as p, unnest(array[
  'update public.task_pull_requests set verified_at = now(), verified_by = ''worker'' where true returning 1',
  'update public.pull_requests set is_private = false where true returning 1'
]) as s;

-- Many at once, planned for empty tables

delete from public.tasks;
delete from public.pull_requests;
analyze public.tasks, public.pull_requests, public.task_pull_requests, private.task_github_refs,
  private.pull_request_checks;
create temp table scanned on commit drop as
select sum(s.seq_tup_read) as rows_before from pg_stat_xact_all_tables as s
where s.schemaname in ('public', 'private');
insert into public.tasks (user_id, repo_url, pr_number, pr_branch)
select '00000000-0000-4000-8000-00000000000a', 'https://github.com/acme/bulk', n, 'bulk-' || n
from generate_series(1, 500) as n;
select private.link_some_waiting_tasks(1000);
select is((select count(*) from public.task_pull_requests), 500::bigint, 'each of many tasks gets its link');
select ok(
  (select sum(s.seq_tup_read) from pg_stat_xact_all_tables as s where s.schemaname in ('public', 'private'))
    - (select rows_before from scanned) < 5000,
  'without reading all of them for each'
);

select * from finish();
rollback;
