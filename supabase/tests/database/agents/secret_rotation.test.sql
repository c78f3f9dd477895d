-- Re-encrypting secrets with another master key, and the token that the holder of a lease gets.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
select plan(22);

create function pg_temp.sealed(p_key text, p_text text) returns text language sql as $$
  select format('v1.%s.AAECAwQFBgcICQoL.%s', p_key, rpad(p_text, 24, 'x'))
$$;
select public.set_github_token(
  format('00000000-0000-4000-8000-00000000000%s', p)::uuid,
  format('a0000000-0000-4000-8000-00000000000%s', p)::uuid, pg_temp.sealed('old', p)
) from unnest(array['c', 'a', 'd', 'b']) as p;

-- Lists

create function pg_temp.listed(p_key text, p_after text, p_size integer) returns text language sql as $$
  select string_agg(right(s.id::text, 1), '')
  from public.secrets_to_rotate(p_key, p_after::uuid, p_size) as s
$$;
select is(pg_temp.listed('new', null, 3), 'abc', 'a batch is in the order of ids');
select is(pg_temp.listed('new', 'a0000000-0000-4000-8000-00000000000c', 3), 'd', 'the next begins after it');
select is(pg_temp.listed('new', null, 0), 'a', 'a batch has at least one');
select is(pg_temp.listed('old', null, 3), null, 'a secret with this key is not listed');

-- Re-encryption

create function pg_temp.reseal(p_letter text, p_from text, p_to text) returns jsonb language sql as $$
  select jsonb_build_object(
    'id', 'a0000000-0000-4000-8000-00000000000' || p_letter, 'sealed', pg_temp.sealed(p_from, p_letter),
    'resealed', pg_temp.sealed(p_to, p_letter)
  )
$$;
select is(
  public.reseal_secrets(jsonb_build_array(
    pg_temp.reseal('a', 'old', 'new'), pg_temp.reseal('c', 'old', 'new')
  )), 2,
  'a batch is re-encrypted'
);
select is(pg_temp.listed('new', null, 9), 'bd', 'and no longer listed');
select is(
  public.reseal_secrets(jsonb_build_array(
    pg_temp.reseal('a', 'old', 'new'), pg_temp.reseal('b', 'older', 'new')
  )), 0,
  'a secret that has changed since it was listed stays as it is'
);
select throws_ok(
  $$ select public.reseal_secrets(jsonb_build_array(
    pg_temp.reseal('b', 'old', 'new') || '{"resealed": "ghp_plain"}')) $$,
  'PT422', 'agents_secret_invalid', 'a plain text is rejected'
);
select is(public.reseal_secrets('[]'), 0, 'an empty list is accepted');
select results_eq(
  'select * from public.secret_key_counts()',
  $$ values ('github_token', 'new', 2::bigint), ('github_token', 'old', 2::bigint) $$,
  'the keys in use are counted'
);
select is(
  (select github_token from public.users where id = '00000000-0000-4000-8000-00000000000a'),
  'secret:a0000000-0000-4000-8000-00000000000a', 'the handle is the same'
);

-- Reading

select is(
  pg_temp.as_persona('service_role',
    'select sealed from public.read_secret(''00000000-0000-4000-8000-00000000000a'', ''github_token'')'),
  pg_temp.sealed('new', 'a'), 'a server reads it sealed'
);
select is(
  pg_temp.as_persona('service_role', 'select count(*) from public.read_secret(
    ''00000000-0000-4000-8000-00000000000a'', ''other'')'),
  '0', 'none of another kind'
);
select matches(pg_temp.as_persona('admin', s), '^42501', 'users can''t: ' || s) from unnest(array[
  'select public.read_secret(''00000000-0000-4000-8000-00000000000a'', ''github_token'')',
  'select public.secrets_to_rotate(''x'')', 'select public.reseal_secrets(''[]'')',
  'select public.set_github_token(gen_random_uuid(), gen_random_uuid(), '''')',
  'select public.task_github_token(1, 1)'
]) as s;

-- For a lease

insert into public.tasks (id, user_id) values (-1, '00000000-0000-4000-8000-00000000000a'),
  (-2, '00000000-0000-4000-8000-00000000000e');
insert into public.task_attempts
  (task_id, fencing_token, user_id, attempt, worker, agent, lease_expires_at, ended_at, outcome) values
  (-1, 1, '00000000-0000-4000-8000-00000000000a', 1, 'w', 'claude', now() + '1 hour', now(), 'failed'),
  (-1, 2, '00000000-0000-4000-8000-00000000000a', 2, 'w', 'claude', now() + '1 hour', null, null),
  (-2, 3, '00000000-0000-4000-8000-00000000000e', 1, 'w', 'claude', now() + '1 hour', null, null);
select is(
  (select sealed from public.task_github_token(-1, 2)), pg_temp.sealed('new', 'a'),
  'the holder of a task gets its user''s token'
);
select throws_ok('select public.task_github_token(-1, 1)', 'PT409', 'agents_task_lease_expired',
  'an earlier holder does not');
select throws_ok(
  'select public.task_github_token(-2, 3)', 'PT404', 'agents_github_token_unknown', 'a user without a token'
);
update public.task_attempts set lease_expires_at = now() - interval '1 second' where fencing_token = 2;
select throws_ok(
  'select public.task_github_token(-1, 2)', 'PT409', 'agents_task_lease_expired',
    'nor after the lease has run out'
);

select * from finish();
rollback;
