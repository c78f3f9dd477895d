-- Links that a GitHub token verified are unverified with the token; pull requests without a link are pruned.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(7);
\ir ../helpers/personas.psql

create function pg_temp.verify_by_token() returns void language sql as $$
  update public.task_pull_requests set verified_at = now(), verified_by = 'token', verify_after = null,
    verified_until = now() + interval '2 days'
$$;
create function pg_temp.seen() returns text language sql as $$
  select pg_temp.as_persona('stranger', 'select count(*) from public.pull_requests')
$$;
create function pg_temp.set_token(p_id uuid) returns void language sql as $$
  select public.set_github_token(
    user_id => '00000000-0000-4000-8000-00000000000a', id => p_id,
    sealed => 'v1.k1.AAECAwQFBgcICQoL.' || repeat('x', 24), metadata => '{"login": "octo"}'
  )
$$;

insert into public.tasks (user_id, pr_url)
values ('00000000-0000-4000-8000-00000000000a', 'https://github.com/acme/shop/pull/7');
update public.pull_requests set is_private = true;
select pg_temp.set_token('50000000-0000-4000-8000-000000000001');
select pg_temp.verify_by_token();
select is(pg_temp.seen(), '1', 'visible while the token that verified it exists');

update private.secrets set checked_at = now();
select is(pg_temp.seen(), '1', 'and when the token is checked again');
select pg_temp.set_token('50000000-0000-4000-8000-000000000002');
select is(pg_temp.seen(), '0', 'not after another one replaced it, until that one has verified it');
select pg_temp.verify_by_token();
update private.secrets set invalid_at = now();
select is(pg_temp.seen(), '0', 'nor after GitHub rejected it');
select pg_temp.verify_by_token();
update public.users set github_token = null where id = '00000000-0000-4000-8000-00000000000a';
select is(pg_temp.seen(), '0', 'nor after it was removed');

alter table public.pull_requests disable trigger user;
update public.pull_requests set updated_at = now() - interval '90 days';
alter table public.pull_requests enable trigger user;
select is(private.prune_pull_requests(), 0, 'one with a link stays');
delete from public.tasks;
select is(private.prune_pull_requests(), 1, 'one without a link is deleted');

select * from finish();
rollback;
